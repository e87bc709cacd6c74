#include "management/jamf_api/face_under_test.h"

namespace wardbridge::jamf_api {
namespace {

class InventoryRoutes : public Face {
 protected:
  static std::string of(int version) { return "/api/v" + std::to_string(version) + "/computers-inventory"; }
  std::string names(const std::string& query) {
    Answer page = get(of(4) + "?" + query);
    EXPECT_EQ(page.status, 200) << page.text;
    std::string all;
    for (int i = 0; page.at("results." + std::to_string(i)) != "(absent)"; ++i) {
      all += (i ? " " : "") + page.at("results." + std::to_string(i) + ".general.name");
    }
    return all + " of " + page.at("totalCount");
  }
};

TEST_F(InventoryRoutes, ACreatedComputerIsFoundInEveryVersion) {
  for (int version = 1; version <= 4; ++version) {
    SCOPED_TRACE(version);
    Answer made = post(of(version), R"({"general":{"name":"Ann's Mac","assetTag":"A-1"},"hardware":{"make":"Apple"}})");
    ASSERT_EQ(made.status, 201) << made.text;
    EXPECT_EQ(made.at("href"), "https://jamf.example" + of(version) + "/" + made.at("id"));
    Answer record = get(of(version) + "/" + made.at("id"));
    EXPECT_EQ(record.status, 200);
    EXPECT_EQ(record.at("general.name"), "Ann's Mac");
    EXPECT_EQ(record.at("general.assetTag"), "A-1");
    EXPECT_EQ(record.at("hardware"), "null") << "only general, unless more is asked for";
    Answer detail = get(of(version) + "-detail/" + made.at("id"));
    EXPECT_EQ(detail.at("hardware.make"), "Apple");
    EXPECT_EQ(detail.at("groupMemberships"), "[]");
    EXPECT_EQ(detail.at("plugins"), version == 1 ? "[]" : "(absent)");
  }
}

TEST_F(InventoryRoutes, OldVersionsSaySinceWhen) {
  std::string id = create_computer("Ann's Mac");
  EXPECT_EQ(get(of(1)).header("Deprecation"), "date=\"Mon, 30 Jun 2025 00:00:00 GMT\"");
  EXPECT_EQ(get(of(2) + "/" + id).header("Deprecation"), "date=\"Thu, 06 Nov 2025 00:00:00 GMT\"");
  EXPECT_EQ(get(of(3) + "-detail/" + id).header("Deprecation"), "date=\"Tue, 14 Jul 2026 00:00:00 GMT\"");
  EXPECT_EQ(get(of(4)).header("Deprecation"), "(absent)");
}

TEST_F(InventoryRoutes, ShowsTheSectionsAskedFor) {
  std::string id = create_computer("Ann's Mac", R"(,"hardware":{"make":"Apple"},"security":{"sipStatus":"ENABLED"})");
  for (const char* query : {"section=HARDWARE,SECURITY", "section=HARDWARE&section=SECURITY"}) {
    Answer record = get(of(4) + "/" + id + "?" + query);
    EXPECT_EQ(record.at("hardware.make"), "Apple");
    EXPECT_EQ(record.at("security.sipStatus"), "ENABLED");
    EXPECT_EQ(record.at("general"), "null");
    EXPECT_EQ(record.at("groupMemberships"), "null");
  }
  EXPECT_EQ(get(of(4) + "/" + id + "?section=GROUP_MEMBERSHIPS").at("groupMemberships"), "[]");
  for (const char* bad : {"NOSUCH", "hardware", "FONTS"}) {
    expect_error(get(of(4) + "?section=" + bad), 400, "INVALID_FIELD", "section");
  }
  EXPECT_EQ(get(of(1) + "?section=FONTS").status, 200);
}

TEST_F(InventoryRoutes, PagesSortsAndFilters) {
  for (const char* name : {"Mac b", "Mac c", "Mac a"}) create_computer(name);
  EXPECT_EQ(names(""), "Mac a Mac b Mac c of 3");
  EXPECT_EQ(names("page-size=2"), "Mac a Mac b of 3");
  EXPECT_EQ(names("page=1&page-size=2"), "Mac c of 3");
  EXPECT_EQ(names("page=9"), " of 3");
  EXPECT_EQ(names("page=x&page-size=0"), "Mac a of 3") << "no number counts as absent, sizes are at least 1";
  EXPECT_EQ(names("sort=general.name:desc"), "Mac c Mac b Mac a of 3");
  EXPECT_EQ(names("sort=id:asc"), "Mac b Mac c Mac a of 3");
  EXPECT_EQ(names("filter=general.name%3D%3D%22Mac%20b%22"), "Mac b of 1");
  EXPECT_EQ(names("filter=general.name%3D%3D%22*%20b%22,id%3E2&sort=id:asc"), "Mac b Mac a of 2");
  EXPECT_EQ(names("filter=id%3E1&page-size=1"), "Mac a of 2") << "the total counts what matches";
}

TEST_F(InventoryRoutes, RefusesFiltersAndSortsThatAreWrong) {
  Answer broken = get(of(4) + "?filter=general.name%3D%3D");
  expect_error(broken, 400, "INVALID_FIELD", "filter");
  EXPECT_NE(broken.at("errors.0.description").find("position"), std::string::npos) << broken.text;
  expect_error(get(of(4) + "?filter=(id%3D%3D1"), 400, "INVALID_FIELD", "filter");
  expect_error(get(of(4) + "?filter=general.nosuch%3D%3D1"), 400, "INVALID_FIELD", "filter");
  expect_error(get(of(4) + "?filter=id%3D%3Dabc"), 400, "INVALID_FIELD", "filter");
  expect_error(get(of(4) + "?sort=general.nosuch:asc"), 400, "INVALID_FIELD", "sort");
  expect_error(get(of(4) + "?filter=" + std::string(5000, 'a')), 400, "INVALID_FIELD", "filter");
}

TEST_F(InventoryRoutes, APatchAnswersByItsVersion) {
  std::string id = create_computer("Ann's Mac", R"(,"userAndLocation":{"username":"ann","room":"1"})");
  Answer first = patch(of(1) + "-detail/" + id, R"({"userAndLocation":{"room":"2"}})");
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.at("userAndLocation.room"), "2");
  EXPECT_EQ(first.at("userAndLocation.username"), "ann");
  for (int version = 2; version <= 4; ++version) {
    std::string room = "room " + std::to_string(version);
    Answer later =
        patch(of(version) + "-detail/" + id, R"({"userAndLocation":{"room":")" + room + R"(","username":null}})");
    EXPECT_EQ(later.status, 204);
    EXPECT_EQ(later.text, "");
    Answer record = get(of(version) + "/" + id + "?section=USER_AND_LOCATION");
    EXPECT_EQ(record.at("userAndLocation.room"), room);
    EXPECT_EQ(record.at("userAndLocation.username"), "null") << "null clears";
  }
  expect_error(patch(of(4) + "-detail/999", R"({"general":{"name":"x"}})"), 404, "INVALID_ID");
}

TEST_F(InventoryRoutes, ADeletedComputerIsGone) {
  std::string id = create_computer("Ann's Mac");
  EXPECT_EQ(remove(of(4) + "/" + id).status, 204);
  expect_error(get(of(4) + "/" + id), 404, "INVALID_ID");
  expect_error(remove(of(4) + "/" + id), 404, "INVALID_ID");
  EXPECT_EQ(names(""), " of 0");
  EXPECT_NE(create_computer("Another"), id) << "ids are never used again";
}

TEST_F(InventoryRoutes, AnIdIsAPositiveNumber) {
  for (const char* id : {"abc", "0", "-1", "1.5", "99999999999", "1%20"}) {
    SCOPED_TRACE(id);
    expect_error(get(of(4) + "/" + id), 400, "INVALID_ID", "id");
    expect_error(remove(of(4) + "/" + id), 400, "INVALID_ID", "id");
  }
  expect_error(get(of(4) + "/12345"), 404, "INVALID_ID");
}

TEST_F(InventoryRoutes, ABadBodyIsToldWhatIsWrongAndWhere) {
  Answer broken = post(of(4), "{\n  \"general\": {\n    \"name\": oops\n}}");
  expect_error(broken, 400, "INVALID_JSON");
  EXPECT_NE(broken.at("errors.0.description").find("line 3, column "), std::string::npos) << broken.text;

  expect_error(post(of(4), ""), 400, "INVALID_JSON");
  expect_error(post(of(4), "[]"), 400, "INVALID_JSON");
  expect_error(post(of(4), R"({"general":{"name":"a"},"general":{"name":"b"}})"), 400, "INVALID_JSON");
  expect_error(post(of(4), R"({"general":{"name":)" + std::string(1000, '[') + std::string(1000, ']') + "}}"), 400,
               "INVALID_JSON");
  expect_error(post(of(4), "{\"general\":{\"name\":\"\xff\"}}"), 400, "INVALID_JSON");
  expect_error(post(of(4), R"({"general":{"name":5}})"), 400, "INVALID_FIELD", "general.name");
  expect_error(post(of(4), R"({"general":"x"})"), 400, "INVALID_FIELD", "general");
  expect_error(post(of(4), R"({"storage":{"disks":[{},{"sizeMegabytes":"big"}]}})"), 400, "INVALID_FIELD",
               "storage.disks[1].sizeMegabytes");
  expect_error(post(of(4), R"({"hardware":{"coreCount":99999999999}})"), 400, "INVALID_FIELD", "hardware.coreCount");
  Answer unknown_word = post(of(4), R"({"security":{"sipStatus":"MAYBE"}})");
  expect_error(unknown_word, 400, "INVALID_FIELD", "security.sipStatus");
  EXPECT_NE(unknown_word.at("errors.0.description").find("ENABLED"), std::string::npos) << "names what it can be";
  expect_error(post(of(4), "{}"), 400, "INVALID_FIELD", "general.name");
  EXPECT_EQ(names(""), " of 0") << "nothing of all this was stored";
}

TEST_F(InventoryRoutes, OnlyJsonIsTaken) {
  for (const char* type : {"text/plain", "application/xml", "application/x-www-form-urlencoded"}) {
    Answer refused =
        send("POST", of(4), R"({"general":{"name":"x"}})", type, {{"Authorization", "Bearer " + almighty()}});
    expect_error(refused, 415, "UNSUPPORTED_MEDIA_TYPE");
  }
  EXPECT_EQ(send("POST", of(4), R"({"general":{"name":"x"}})", "application/json; charset=utf-8",
                 {{"Authorization", "Bearer " + almighty()}})
                .status,
            201);
}

TEST_F(InventoryRoutes, OneUdidIsOneComputer) {
  std::string body = std::string(R"({"udid":")") + kUdid + R"(","general":{"name":"x"}})";
  EXPECT_EQ(post(of(4), body).status, 201);
  EXPECT_EQ(post(of(4), text::replace_all(body, kUdid, text::lower(kUdid))).status, 409);
  EXPECT_EQ(names(""), "x of 1");
}

}  // namespace
}  // namespace wardbridge::jamf_api
