#include "management/inventory/inventory.h"
#include "management/inventory/inventory_testing.h"

namespace wardbridge::inventory {
namespace {

class PatchTest : public StoreTest {
 protected:
  PatchTest() {
    id_ = create({.udid = "4C4C4544-0000-4000-8000-000000000001",
                  .sections = sections_of(R"({"general":{"name":"old","assetTag":"A-1","jamfBinaryVersion":"11.9"},
                      "hardware":{"model":"M","macAddress":"AA","extensionAttributes":[{"definitionId":"7","values":["x"]}]},
                      "purchasing":{"vendor":"V","poNumber":"1"},
                      "extensionAttributes":[{"definitionId":"7","name":"Shelf","values":["x"]}]})"),
                  .management_id = "m"});
  }
  Result<Patched> patched(std::string_view body, ComputerId id) {
    return write([&](store::Transaction& tx) { return patch(tx, id, object_of(body), kNow + hours{1}, kAdmin); });
  }
  Result<Patched> patched(std::string_view body) { return patched(body, id_); }
  ComputerId id_;
};

TEST_F(PatchTest, WritesWhatItNamesAndNothingElse) {
  auto result =
      patched(R"({"udid":"4C4C4544-0000-4000-8000-00000000000F","general":{"name":"new","barcode1":"B","managed":true},
      "purchasing":{"vendor":null,"leased":true,"lifeExpectancy":4},"userAndLocation":{"username":"ann","departmentId":3}})");
  ASSERT_TRUE(result.ok()) << result.failure().message;
  EXPECT_TRUE(result->management_changed);
  EXPECT_EQ(result->changed, (std::vector<Section>{Section::general, Section::purchasing, Section::user_and_location}));
  EXPECT_EQ(result->revision, 2);
  Computer computer = loaded(id_);
  EXPECT_EQ(computer.name, "new");
  EXPECT_TRUE(computer.managed);
  EXPECT_EQ(computer.udid, "4C4C4544-0000-4000-8000-00000000000F");
  EXPECT_EQ(computer.sections.at(Section::general),
            object_of(R"({"assetTag":"A-1","jamfBinaryVersion":"11.9","barcode1":"B"})"));
  EXPECT_EQ(computer.sections.at(Section::purchasing),
            object_of(R"({"vendor":null,"poNumber":"1","leased":true,"lifeExpectancy":4})"));
  EXPECT_EQ(computer.sections.at(Section::user_and_location), object_of(R"({"username":"ann","departmentId":"3"})"));
}

TEST_F(PatchTest, LeavesAnAuditRowWithOldAndNew) {
  ASSERT_TRUE(patched(R"({"general":{"assetTag":"A-2","managed":true,"siteId":"4"}})").ok());
  auto rows = audit_of(id_);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].entry.action, "update");
  EXPECT_EQ(rows[0].entry.time, kNow + hours{1});
  EXPECT_EQ(json::Value(rows[0].entry.details),
            object_of(R"({"general.assetTag":{"old":"A-1","new":"A-2"},"general.managed":{"old":false,"new":true},
                          "general.siteId":{"old":"-1","new":"4"}})"));
}

TEST_F(PatchTest, SayingWhatIsSoAlreadyChangesNothing) {
  auto result = patched(R"({"general":{"assetTag":"A-1","managed":false,"siteId":"-1"},
      "extensionAttributes":[{"definitionId":"7","values":["x"]}]})");
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(result->changed.empty());
  EXPECT_EQ(result->revision, 1);
  EXPECT_EQ(audit_of(id_).size(), 1u);
}

TEST_F(PatchTest, AnExtensionAttributeTellsTheSameInEveryPlace) {
  ASSERT_TRUE(patched(R"({"extensionAttributes":[{"definitionId":"7","values":["y"]}]})").ok());
  Computer computer = loaded(id_);
  EXPECT_EQ(computer.sections.at(Section::extension_attributes),
            json::parse(R"([{"definitionId":"7","name":"Shelf","values":["y"]}])").value());
  EXPECT_EQ(computer.sections.at(Section::hardware).at("extensionAttributes"),
            json::parse(R"([{"definitionId":"7","values":["y"]}])").value());

  ASSERT_TRUE(patched(R"({"userAndLocation":{"extensionAttributes":[{"definitionId":8,"values":["z"]}]}})").ok());
  computer = loaded(id_);
  EXPECT_EQ(computer.sections.at(Section::extension_attributes).get_array().size(), 2u);
  EXPECT_EQ(computer.sections.at(Section::user_and_location),
            object_of(R"({"extensionAttributes":[{"definitionId":"8","values":["z"]}]})"));
  EXPECT_FALSE(computer.sections.at(Section::general).get_object().contains("extensionAttributes"));
}

TEST_F(PatchTest, ASiteIsSetAndCleared) {
  ASSERT_TRUE(patched(R"({"general":{"siteId":"4"}})").ok());
  EXPECT_EQ(loaded(id_).sections.at(Section::general).at("site").at("id"), "4");
  ASSERT_TRUE(patched(R"({"general":{"siteId":"-1"}})").ok());
  EXPECT_EQ(loaded(id_).sections.at(Section::general).at("site"), object_of(R"({"id":"-1","name":"None"})"));
}

TEST_F(PatchTest, NamesTheMembersThatAreNotItsToWrite) {
  auto result = patched(
      R"({"hardware":{"model":"Faster","macAddress":"BB"},"applications":[],"operatingSystem":{"version":"1"}})");
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->without_place,
            (std::vector<std::string>{"applications", "hardware.model", "operatingSystem.version"}));
  EXPECT_EQ(loaded(id_).sections.at(Section::hardware).at("model"), "M");
  EXPECT_EQ(loaded(id_).sections.at(Section::hardware).at("macAddress"), "BB");
}

TEST_F(PatchTest, ARefusedBodyChangesNothing) {
  create({.udid = "4C4C4544-0000-4000-8000-000000000002", .sections = {}, .management_id = "m"});
  struct Case {
    const char* body;
    const char* reason;
  };
  for (const Case& wrong :
       {Case{R"({"general":{"assetTag":"Z","managed":"yes"}})", "bad_field_type"},
        Case{R"({"general":{"assetTag":"Z"},"purchasing":{"poDate":"soon"}})", "bad_field_type"},
        Case{R"({"general":{"assetTag":"Z"},"extensionAttributes":[{"values":["x"]}]})", "missing_field"},
        Case{R"({"udid":"4C4C4544-0000-4000-8000-000000000002","general":{"assetTag":"Z"}})", "duplicate_udid"}}) {
    auto result = patched(wrong.body);
    ASSERT_FALSE(result.ok()) << wrong.body;
    EXPECT_EQ(result.failure().reason, wrong.reason);
    EXPECT_EQ(loaded(id_).sections.at(Section::general).at("assetTag"), "A-1");
  }
  EXPECT_EQ(patched("{}", {77}).failure().reason, "no_computer");
  EXPECT_EQ(loaded(id_).revision, 1);
}

}  // namespace
}  // namespace wardbridge::inventory
