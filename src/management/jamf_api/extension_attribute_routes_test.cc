#include "management/jamf_api/face_under_test.h"

namespace wardbridge::jamf_api {
namespace {

class ExtensionAttributeRoutes : public Face {};

TEST_F(ExtensionAttributeRoutes, AreKeptAndAreCriteria) {
  const std::string path = "/api/v1/computer-extension-attributes";
  Answer made = post(path, R"({"name":"Battery Cycles","dataType":"INTEGER"})");
  ASSERT_EQ(made.status, 201) << made.text;
  Answer shown_attribute = get(path + "/" + made.at("id"));
  EXPECT_EQ(shown_attribute.at("name"), "Battery Cycles");
  EXPECT_EQ(shown_attribute.at("dataType"), "INTEGER");
  EXPECT_EQ(shown_attribute.at("enabled"), "true");
  EXPECT_EQ(get(path).at("totalCount"), "1");

  std::string group = create_group("Worn out", "[" + criterion("Battery Cycles", "more than", "1000") + "]");
  expect_error(remove(path + "/" + made.at("id")), 422, "HAS_DEPENDENCIES");
  Answer renamed = put(path + "/" + made.at("id"), R"({"name":"Cycles","dataType":"INTEGER"})");
  EXPECT_EQ(renamed.status, 202) << renamed.text;
  EXPECT_EQ(get("/api/v3/computer-groups/smart-groups/" + group).at("criteria.0.name"), "Cycles");
  EXPECT_EQ(remove("/api/v3/computer-groups/smart-groups/" + group).status, 204);
  EXPECT_EQ(remove(path + "/" + made.at("id")).status, 204);
  expect_error(get(path + "/" + made.at("id")), 404, "INVALID_ID");
  expect_error(put(path + "/" + made.at("id"), R"({"name":"Cycles"})"), 404, "INVALID_ID");
}

TEST_F(ExtensionAttributeRoutes, ThatMakeNoSenseAreRefused) {
  const std::string path = "/api/v1/computer-extension-attributes";
  EXPECT_EQ(post(path, R"({"name":"Mine"})").status, 201);
  expect_error(post(path, R"({"name":"mine"})"), 409, "DUPLICATE_FIELD", "name");
  expect_error(post(path, R"({"name":"Computer Name"})"), 409, "DUPLICATE_FIELD", "name");
  expect_error(post(path, R"({"name":"A","dataType":"FLOAT"})"), 400, "INVALID_FIELD", "dataType");
  expect_error(post(path, R"({"name":"A","inputType":"POPUP"})"), 400, "INVALID_FIELD", "popupMenuChoices");
  expect_error(post(path, R"({"name":" "})"), 400, "INVALID_FIELD", "name");
  expect_error(post(path, R"({})"), 400, "INVALID_FIELD", "name");
  EXPECT_EQ(get(path).at("totalCount"), "1");
}

}  // namespace
}  // namespace wardbridge::jamf_api
