#include "management/jamf_api/face_under_test.h"

namespace wardbridge::jamf_api {
namespace {

class GroupListRoutes : public Face {
 protected:
  // By its name, over the list.
  std::string platform_id_of(const std::string& name) {
    return get("/api/v2/groups?filter=groupName==%22" + name + "%22").at("results.0.groupPlatformId");
  }
};

TEST_F(GroupListRoutes, TheWholeListIsABareArrayOfBothKinds) {
  create_group("Smart");
  create_static_group("Static", {});
  Answer list = get("/api/v1/computer-groups");
  EXPECT_EQ(list.text, R"([{"id":"1","name":"Smart","description":"","smartGroup":true},)"
                       R"({"id":"2","name":"Static","description":"","smartGroup":false}])");
  std::string token = client("half", {"Read Smart Computer Groups"});
  expect_error(send_as(token, "GET", "/api/v1/computer-groups"), 403, "INVALID_PRIVILEGE");
}

TEST_F(GroupListRoutes, ThePlatformsListHasBothKindsWithTheirCounts) {
  enroll();
  create_static_group("Beta", {computer_});
  create_group("alpha");
  for (const char* path : {"/api/v1/groups", "/api/v2/groups"}) {
    SCOPED_TRACE(path);
    Answer list = get(std::string(path) + "?sort=groupName:asc");
    EXPECT_EQ(list.at("totalCount"), "2");
    EXPECT_EQ(list.at("results.0.groupName"), "alpha");
    EXPECT_EQ(list.at("results.0.smart"), "true");
    EXPECT_EQ(list.at("results.1.groupJamfProId"), "1");
    EXPECT_EQ(list.at("results.1.groupType"), "COMPUTER");
    EXPECT_EQ(list.at("results.1.groupDescription"), "");
    EXPECT_EQ(list.at("results.1.smart"), "false");
    EXPECT_EQ(list.at("results.1.membershipCount"), "1");
    EXPECT_TRUE(text::is_guid(list.at("results.1.groupPlatformId")));
    EXPECT_EQ(list.header("Deprecation") != "(absent)", std::string_view(path) == "/api/v1/groups");
  }
  EXPECT_EQ(get("/api/v2/groups?filter=isSmart==false").at("results.0.groupName"), "Beta");
  EXPECT_EQ(get("/api/v2/groups?filter=isSmart!=false;groupType==computer").at("results.0.groupName"), "alpha");
  EXPECT_EQ(get("/api/v2/groups?filter=groupType==MOBILE").at("totalCount"), "0");
  EXPECT_EQ(get("/api/v2/groups?sort=isSmart:desc,groupName").at("results.0.groupName"), "alpha");
  expect_error(get("/api/v2/groups?filter=isSmart==maybe"), 400, "INVALID_FIELD", "filter");
  expect_error(get("/api/v2/groups?filter=isSmart%3Efalse"), 400, "INVALID_FIELD", "filter");
  expect_error(get("/api/v2/groups?sort=smart"), 400, "INVALID_FIELD", "sort");
}

TEST_F(GroupListRoutes, ACallerSeesTheKindsThatItMayRead) {
  create_group("Smart");
  create_static_group("Static", {});
  std::string fixed = platform_id_of("Static");
  std::string token =
      client("half", {"Read Smart Computer Groups", "Update Smart Computer Groups", "Delete Smart Computer Groups"});
  Answer list = send_as(token, "GET", "/api/v2/groups");
  EXPECT_EQ(list.at("totalCount"), "1");
  EXPECT_EQ(list.at("results.0.groupName"), "Smart");
  expect_error(send_as(token, "GET", "/api/v2/groups/" + fixed), 403, "INVALID_PRIVILEGE");
  expect_error(send_as(token, "PATCH", "/api/v2/groups/" + fixed, "{}"), 403, "INVALID_PRIVILEGE");
  expect_error(send_as(token, "DELETE", "/api/v2/groups/" + fixed), 403, "INVALID_PRIVILEGE");
  EXPECT_EQ(send_as(token, "DELETE", "/api/v2/groups/" + platform_id_of("Smart")).status, 204);
}

TEST_F(GroupListRoutes, APatchChangesWhatItNames) {
  create_group("Smart", "[" + criterion("Computer Name", "is", "a") + "]");
  create_static_group("Static", {});
  for (const std::string& name : {std::string("Smart"), std::string("Static")}) {
    SCOPED_TRACE(name);
    std::string path = "/api/v2/groups/" + platform_id_of(name);
    EXPECT_EQ(patch(path, R"({"groupDescription":"words"})").status, 204);
    EXPECT_EQ(get(path).at("groupDescription"), "words");
    EXPECT_EQ(get(path).at("groupName"), name);
    EXPECT_EQ(patch(path, R"({"groupName":"New )" + name + "\"}").status, 204);
    EXPECT_EQ(get(path).at("groupName"), "New " + name);
    EXPECT_EQ(get(path).at("groupDescription"), "words");
    EXPECT_EQ(patch(path, R"({"groupDescription":null})").status, 204);
    EXPECT_EQ(get(path).at("groupDescription"), "");
    expect_error(patch(path, R"({"groupName":" "})"), 400, "INVALID_FIELD", "name");
    expect_error(patch(path, R"({"groupName":null})"), 400, "INVALID_FIELD", "groupName");
    expect_error(patch(path, R"({"criteria":[]})"), 400, "INVALID_FIELD", "criteria");
  }
  EXPECT_EQ(get("/api/v3/computer-groups/smart-groups/1").at("criteria.0.value"), "a") << "criteria stay";
  expect_error(patch("/api/v2/groups/" + platform_id_of("New Smart"), R"({"groupName":"new static"})"), 422,
               "DUPLICATE_FIELD", "name");
}

TEST_F(GroupListRoutes, ThePlatformsRoutesKnowThePlatformsIdAlone) {
  std::string inner = create_static_group("Inner", {});
  create_group("Outer", "[" + criterion("Computer Group", "member of", "Inner") + "]");
  expect_error(get("/api/v2/groups/" + inner), 404, "INVALID_ID");
  expect_error(get("/api/v2/groups/" + std::string(kDevice)), 404, "INVALID_ID");
  expect_error(remove("/api/v2/groups/" + platform_id_of("Inner")), 422, "HAS_DEPENDENCIES", "id");
  EXPECT_EQ(remove("/api/v2/groups/" + platform_id_of("Outer")).status, 204);
  EXPECT_EQ(remove("/api/v2/groups/" + text::upper(platform_id_of("Inner"))).status, 204);
  EXPECT_EQ(get("/api/v2/groups").at("totalCount"), "0");
}

TEST_F(GroupListRoutes, ADevicesGroupsAreFoundByItsManagementId) {
  enroll();
  create_static_group("Static", {computer_});
  create_group("All");
  EXPECT_EQ(post("/api/v1/computers/" + computer_ + "/recalculate-smart-groups", "").at("count"), "1");
  std::string device = get("/api/v4/computers-inventory/" + computer_).at("general.managementId");
  for (const std::string& spelled : {device, text::upper(device)}) {
    Answer list = get("/api/v1/devices/" + spelled + "/groups");
    EXPECT_EQ(list.status, 200) << list.text;
    EXPECT_EQ(list.at("0.name"), "Static");
    EXPECT_EQ(list.at("0.id"), platform_id_of("Static"));
    EXPECT_EQ(list.at("1.name"), "All");
    EXPECT_EQ(list.at("2"), "(absent)");
  }
  expect_error(get("/api/v1/devices/" + std::string(kUser) + "/groups"), 404, "INVALID_ID");
  expect_error(get("/api/v1/devices/" + computer_ + "/groups"), 400, "INVALID_ID", "id");
}

}  // namespace
}  // namespace wardbridge::jamf_api
