#include "management/jamf_api/face_under_test.h"

namespace wardbridge::jamf_api {
namespace {

class StaticGroupRoutes : public Face {
 protected:
  static std::string of(int version) { return "/api/v" + std::to_string(version) + "/computer-groups/static-groups"; }
  static std::string with(const std::string& name, const std::string& assignments, const std::string& more = "") {
    return R"({"name":")" + name + R"(","assignments":)" + assignments + more + "}";
  }
  std::string managed(const std::string& name, const std::string& site = "-1") {
    std::string id = create_computer(name);
    EXPECT_EQ(
        patch("/api/v4/computers-inventory-detail/" + id, R"({"general":{"managed":true,"siteId":")" + site + R"("}})")
            .status,
        204);
    return id;
  }
  std::string members(const std::string& group) {
    Answer found = get("/JSSResource/computergroups/id/" + group);
    std::string ids;
    for (std::size_t at = 0; (at = found.text.find("<computer><id>", at)) != std::string::npos;) {
      at += 14;
      ids += (ids.empty() ? "" : ",") + found.text.substr(at, found.text.find('<', at) - at);
    }
    return ids;
  }
};

TEST_F(StaticGroupRoutes, ACreatedGroupIsShownWithoutItsMembers) {
  std::string mac = managed("Ann's Mac");
  for (int version : {2, 3}) {
    SCOPED_TRACE(version);
    std::string name = "Group " + std::to_string(version);
    Answer made = post(of(version), with(name, "[\"" + mac + "\"]", R"(,"description":"d")"));
    ASSERT_EQ(made.status, 201) << made.text;
    std::string id = made.at("id");
    EXPECT_EQ(made.at("href"), "https://jamf.example" + of(version) + "/" + id);
    Answer group = get(of(version) + "/" + id);
    EXPECT_EQ(group.status, 200);
    EXPECT_EQ(group.text, R"({"id":")" + id + R"(","name":")" + name + R"(","description":"d","siteId":"-1"})");
    EXPECT_EQ(group.header("Deprecation") != "(absent)", version == 2);
    EXPECT_EQ(members(id), mac) << "at once";
  }
  Answer record = get("/api/v4/computers-inventory/" + mac + "?section=GROUP_MEMBERSHIPS");
  EXPECT_EQ(record.at("groupMemberships.0.groupName"), "Group 2");
  EXPECT_EQ(record.at("groupMemberships.0.smartGroup"), "false");
}

TEST_F(StaticGroupRoutes, AWriteReplacesTheMembers) {
  std::string first = managed("a"), second = managed("b");
  std::string id = create_static_group("G", {first});
  Answer replaced = put(of(3) + "/" + id, with("H", "[\"" + second + "\"]"));
  EXPECT_EQ(replaced.status, 202) << replaced.text;
  EXPECT_EQ(replaced.at("name"), "H");
  EXPECT_EQ(replaced.at("id"), id);
  EXPECT_EQ(members(id), second);
  EXPECT_EQ(put(of(2) + "/" + id, with("H", "[]")).status, 202);
  EXPECT_EQ(members(id), "");
}

TEST_F(StaticGroupRoutes, ABodyWithoutAssignmentsIsRefused) {
  std::string mac = managed("a");
  std::string id = create_static_group("G", {mac});
  expect_error(post(of(3), R"({"name":"x"})"), 400, "INVALID_FIELD", "assignments");
  expect_error(put(of(3) + "/" + id, R"({"name":"x"})"), 400, "INVALID_FIELD", "assignments");
  expect_error(put(of(3) + "/" + id, R"({"name":"x","assignments":null})"), 400, "INVALID_FIELD", "assignments");
  expect_error(put(of(3) + "/" + id, R"({"name":"x","assignments":[1]})"), 400, "INVALID_FIELD", "assignments");
  EXPECT_EQ(get(of(3) + "/" + id).at("name"), "G");
  EXPECT_EQ(members(id), mac);
}

TEST_F(StaticGroupRoutes, ComputersThatDoNotFitAreRefusedAndNothingIsApplied) {
  std::string fits = managed("a", "4"), elsewhere = managed("b", "5"), unmanaged = create_computer("c");
  std::string id = create_static_group("G", {fits});
  for (const std::string& computer : {elsewhere, unmanaged, std::string("99"), std::string("Ann"), std::string("-1")}) {
    SCOPED_TRACE(computer);
    std::string assignments = "[\"" + fits + "\",\"" + computer + "\"]";
    for (int version : {2, 3}) {
      expect_error(post(of(version), with("New", assignments, R"(,"siteId":"4")")), 400, "INVALID_DEVICE",
                   "assignments");
      expect_error(put(of(version) + "/" + id, with("New", assignments, R"(,"siteId":"4")")), 400, "INVALID_DEVICE",
                   "assignments");
    }
  }
  EXPECT_EQ(get(of(3)).at("totalCount"), "1");
  EXPECT_EQ(get(of(3)).at("results.0.name"), "G");
  EXPECT_EQ(get(of(3)).at("results.0.siteId"), "-1");
  EXPECT_EQ(members(id), fits);
  EXPECT_EQ(put(of(3) + "/" + id, with("G", "[\"" + fits + "\"]", R"(,"siteId":"4")")).status, 202);
}

TEST_F(StaticGroupRoutes, ListsCountMembersAndAreFiltered) {
  std::string mac = managed("a");
  create_group("Smart");
  create_static_group("Beta", {mac});
  create_static_group("Alpha", {});
  Answer list = get(of(3) + "?sort=name:asc");
  EXPECT_EQ(list.at("totalCount"), "2");
  EXPECT_EQ(list.at("results.0.name"), "Alpha");
  EXPECT_EQ(list.at("results.0.count"), "0");
  EXPECT_EQ(list.at("results.1.count"), "1");
  EXPECT_EQ(get(of(2) + "?filter=name==beta").at("totalCount"), "1");
  EXPECT_EQ(get(of(3) + "?page=1&page-size=1").at("results.0.name"), "Alpha");
  expect_error(get(of(3) + "?filter=count%3E0"), 400, "INVALID_FIELD", "filter");
  EXPECT_EQ(remove("/api/v4/computers-inventory/" + mac).status, 204);
  EXPECT_EQ(get(of(3) + "?filter=name==beta").at("results.0.count"), "0") << "who is deleted leaves";
}

TEST_F(StaticGroupRoutes, NamesAreOneSpaceWithSmartGroups) {
  create_group("Smart");
  std::string id = create_static_group("Static", {});
  expect_error(post(of(2), with("smart", "[]")), 400, "DUPLICATE_FIELD", "name");
  expect_error(post(of(3), with("smart", "[]")), 422, "DUPLICATE_FIELD", "name");
  expect_error(put(of(3) + "/" + id, with("SMART", "[]")), 422, "DUPLICATE_FIELD", "name");
  expect_error(post("/api/v3/computer-groups/smart-groups", R"({"name":"static"})"), 422, "DUPLICATE_FIELD", "name");
}

TEST_F(StaticGroupRoutes, AGroupThatCriteriaNameStays) {
  std::string mac = managed("a");
  std::string id = create_static_group("Loaners", {mac});
  std::string outer = create_group("Outer", "[" + criterion("Computer Group", "member of", "loaners") + "]");
  EXPECT_EQ(post("/api/v1/smart-computer-groups/" + outer + "/recalculate", "").at("count"), "1");
  expect_error(remove(of(2) + "/" + id), 400, "HAS_DEPENDENCIES", "id");
  Answer refused = remove(of(3) + "/" + id);
  expect_error(refused, 422, "HAS_DEPENDENCIES", "id");
  EXPECT_NE(refused.at("errors.0.description").find("`Outer`"), std::string::npos);
  EXPECT_EQ(put(of(3) + "/" + id, with("Loaners", "[]")).status, 202);
  EXPECT_EQ(get("/api/v3/computer-groups/smart-group-membership/" + outer).at("members"), "[]") << "at once";
  EXPECT_EQ(remove("/api/v3/computer-groups/smart-groups/" + outer).status, 204);
  EXPECT_EQ(remove(of(3) + "/" + id).status, 204);
  expect_error(get(of(3) + "/" + id), 404, "INVALID_ID");
}

TEST_F(StaticGroupRoutes, ThePlatformsIdNamesTheSameGroupAndTheAnswerHasTheNumber) {
  Answer made = post(of(3) + "?platform=true", with("P", "[]"));
  ASSERT_TRUE(text::is_guid(made.at("id"))) << made.text;
  Answer found = get(of(3) + "/" + text::upper(made.at("id")));
  EXPECT_EQ(found.at("name"), "P");
  EXPECT_EQ(get(of(3) + "/" + found.at("id")).at("name"), "P");
  EXPECT_EQ(put(of(3) + "/" + made.at("id"), with("Q", "[]")).at("id"), found.at("id"));
  EXPECT_EQ(remove(of(3) + "/" + made.at("id")).status, 204);
  expect_error(get(of(3) + "/" + made.at("id")), 404, "INVALID_ID");
}

TEST_F(StaticGroupRoutes, TheKindsHaveRoutesAndPrivilegesOfTheirOwn) {
  std::string fixed = create_static_group("Static", {}), smart = create_group("Smart");
  expect_error(get(of(3) + "/" + smart), 404, "INVALID_ID");
  expect_error(remove(of(3) + "/" + smart), 404, "INVALID_ID");
  expect_error(get("/api/v3/computer-groups/smart-groups/" + fixed), 404, "INVALID_ID");
  expect_error(remove("/api/v3/computer-groups/smart-groups/" + fixed), 404, "INVALID_ID");
  std::string token = client("smart only", {"Create Smart Computer Groups", "Read Smart Computer Groups",
                                            "Update Smart Computer Groups", "Delete Smart Computer Groups"});
  expect_error(send_as(token, "GET", of(3)), 403, "INVALID_PRIVILEGE");
  expect_error(send_as(token, "POST", of(3), with("x", "[]")), 403, "INVALID_PRIVILEGE");
  expect_error(send_as(token, "PUT", of(3) + "/" + fixed, with("x", "[]")), 403, "INVALID_PRIVILEGE");
  expect_error(send_as(token, "DELETE", of(3) + "/" + fixed), 403, "INVALID_PRIVILEGE");
}

}  // namespace
}  // namespace wardbridge::jamf_api
