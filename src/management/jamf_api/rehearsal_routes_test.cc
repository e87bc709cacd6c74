// What an edit of a group would do, what judging groups costs, and which edits are still being carried out.
#include "management/jamf_api/face_under_test.h"

namespace wardbridge::jamf_api {
namespace {

class RehearsalRoutes : public Face {
 protected:
  static constexpr const char* kGroups = "/api/v1/wardbridge/computer-groups";

  Answer preview(const std::string& body, const std::string& query = "") {
    return post(kGroups + std::string("/preview") + query, body);
  }
  static std::string with(const std::string& criteria, const std::string& more = "") {
    return R"({"criteria":[)" + criteria + "]" + more + "}";
  }
  std::string managed(const std::string& name) {
    Answer made = post("/api/v4/computers-inventory",
                       R"({"general":{"name":")" + name + R"(","remoteManagement":{"managed":true}}})");
    EXPECT_EQ(made.status, 201) << made.text;
    return made.at("id");
  }
  void beat() {
    while (pipeline_->run_once(now_) == now_) {
    }
  }
};

TEST_F(RehearsalRoutes, CountsAndListsWhoWouldBeIn) {
  std::string one = managed("lab-1");
  std::string two = managed("lab-2");
  managed("office-1");
  create_computer("lab-3");  // unmanaged
  beat();
  std::string labs = criterion("Computer Name", "like", "lab");
  Answer all = preview(with(labs));
  ASSERT_EQ(all.status, 200) << all.text;
  EXPECT_EQ(all.at("count"), "2");
  EXPECT_EQ(all.at("first.0.id"), one);
  EXPECT_EQ(all.at("first.0.name"), "lab-1");
  EXPECT_EQ(all.at("first.1.id"), two);
  EXPECT_EQ(all.at("computersLookedAt"), "4");
  EXPECT_EQ(all.at("warnings"), "[]");
  EXPECT_EQ(all.at("joining"), "null") << "it is no edit";
  Answer short_list = preview(with(labs), "?size=1");
  EXPECT_EQ(short_list.at("count"), "2");
  EXPECT_EQ(short_list.at("first.0.id"), one);
  EXPECT_EQ(short_list.at("first.1"), "(absent)");
  EXPECT_EQ(preview(with(labs), "?size=0").at("first"), "[]");
  EXPECT_EQ(preview(with("")).at("count"), "3");
  EXPECT_EQ(preview(with(labs, R"(,"siteId":"9")")).at("count"), "0");
  EXPECT_EQ(get("/api/v3/computer-groups/smart-groups").at("totalCount"), "0") << "nothing was saved";
}

TEST_F(RehearsalRoutes, AnEditSaysWhoWouldJoinAndLeave) {
  managed("lab-1");
  std::string both = managed("lab-office");
  std::string office = managed("office-1");
  std::string group = create_group("Rooms", "[" + criterion("Computer Name", "like", "lab") + "]");
  beat();
  Answer edit = preview(with(criterion("Computer Name", "like", "office"), R"(,"id":")" + group + "\""));
  ASSERT_EQ(edit.status, 200) << edit.text;
  EXPECT_EQ(edit.at("count"), "2");
  EXPECT_EQ(edit.at("first.0.id"), both);
  EXPECT_EQ(edit.at("joining.count"), "1");
  EXPECT_EQ(edit.at("joining.first.0.id"), office);
  EXPECT_EQ(edit.at("leaving.count"), "1");
  EXPECT_EQ(edit.at("leaving.first.0.name"), "lab-1");
  Answer same = preview(with(criterion("Computer Name", "like", "lab"), R"(,"id":")" + group + "\""));
  EXPECT_EQ(same.at("joining.count") + same.at("leaving.count"), "00");
}

TEST_F(RehearsalRoutes, NamedGroupsCountAsStored) {
  std::string lab = managed("lab-1");
  managed("office-1");
  std::string inner = create_group("Labs", "[" + criterion("Computer Name", "like", "lab") + "]");
  beat();
  EXPECT_EQ(preview(with(criterion("Computer Group", "member of", "labs"))).at("first.0.id"), lab);
  EXPECT_EQ(preview(with(criterion("Computer Group", "not member of", inner))).at("count"), "1") << "by its number";
  expect_error(preview(with(criterion("Computer Group", "member of", "Labs"), R"(,"id":")" + inner + "\"")), 400,
               "INVALID_FIELD", "criteria");
}

TEST_F(RehearsalRoutes, ADeletedComputerIsNotCounted) {
  std::string mac = managed("lab-1");
  beat();
  EXPECT_EQ(preview(with("")).at("count"), "1");
  EXPECT_EQ(remove("/api/v4/computers-inventory/" + mac).status, 204);
  EXPECT_EQ(preview(with("")).at("count"), "0");
}

TEST_F(RehearsalRoutes, WhileTheFleetIsReadThereIsNoCount) {
  managed("lab-1");
  Answer early = preview(with(""));
  expect_error(early, 503, "FLEET_NOT_READ");
  EXPECT_EQ(early.header("Retry-After"), "5");
  beat();
  EXPECT_EQ(preview(with("")).at("count"), "1");
  // Another extension attribute means other columns, which are read anew.
  ASSERT_EQ(post("/api/v1/computer-extension-attributes", R"({"name":"Ward"})").status, 201);
  expect_error(preview(with("")), 503, "FLEET_NOT_READ");
}

TEST_F(RehearsalRoutes, BadListsAreRefusedAsOnSaving) {
  beat();
  expect_error(preview(with(criterion("Shoe Size", "is", "44"))), 400, "INVALID_FIELD", "criteria[0].name");
  expect_error(preview(with(criterion("Computer Group", "member of", "Nobody"))), 400, "INVALID_FIELD",
               "criteria[0].value");
  expect_error(preview(R"({"id":"4711","criteria":[]})"), 404, "INVALID_ID");
  expect_error(preview(R"({"id":"x","criteria":[]})"), 400, "INVALID_ID", "id");
  expect_error(preview("[]"), 400, "INVALID_JSON");
  Answer mixed =
      preview(with(criterion("Computer Name", "is", "a") + "," + criterion("Computer Name", "is", "b", 1) + "," +
                   R"({"name":"Computer Name","priority":2,"andOr":"or","searchType":"is","value":"c"})"));
  EXPECT_EQ(mixed.at("warnings.0.reason"), "mixed_and_or") << mixed.text;
  Answer nobody = preview(
      with(criterion("Total RAM MB", "more than", "10") + "," + criterion("Total RAM MB", "less than", "5", 1)));
  EXPECT_EQ(nobody.at("warnings.0.reason"), "contradiction") << nobody.text;
  EXPECT_EQ(nobody.at("warnings.0.where"), "criteria[1]");
  ASSERT_EQ(post("/api/v1/computer-extension-attributes", R"({"name":"Ward"})").status, 201);
  expect_error(preview(with(criterion("Ward", "has", "North"))), 400, "INVALID_FIELD", "criteria[0].searchType");
  std::string some = client("some", {"Read Smart Computer Groups"});
  expect_error(send_as(some, "POST", kGroups + std::string("/preview"), with("")), 403, "INVALID_PRIVILEGE");
}

TEST_F(RehearsalRoutes, TheListSaysWhichEditsAreStillBeingCarriedOut) {
  managed("lab-1");
  create_group("Labs", "[" + criterion("Computer Name", "like", "lab") + "]");
  create_static_group("Loaners", {});
  Answer before = get(kGroups + std::string("?sort=name"));
  EXPECT_EQ(before.at("totalCount"), "2");
  EXPECT_EQ(before.at("results.0.name"), "Labs");
  EXPECT_EQ(before.at("results.0.membershipCount"), "0");
  EXPECT_EQ(before.at("results.0.wardbridgeRecalculating"), "true");
  EXPECT_EQ(before.at("results.1.wardbridgeRecalculating"), "false");
  beat();
  Answer after = get(kGroups + std::string("?filter=smart==true"));
  EXPECT_EQ(after.at("totalCount"), "1");
  EXPECT_EQ(after.at("results.0.membershipCount"), "1");
  EXPECT_EQ(after.at("results.0.wardbridgeRecalculating"), "false");
  EXPECT_EQ(send_as(client("f", {"Read Static Computer Groups"}), "GET", kGroups).at("totalCount"), "1");
  expect_error(send_as(client("n", {"Read Computers"}), "GET", kGroups), 403, "INVALID_PRIVILEGE");
  EXPECT_EQ(get("/api/v3/computer-groups/smart-groups").at("results.0.wardbridgeRecalculating"), "(absent)");
}

TEST_F(RehearsalRoutes, EveryGroupShowsHowOftenItWasJudgedAndHowOftenItFlipped) {
  Answer nothing = get(kGroups + std::string("/cost"));
  EXPECT_EQ(nothing.at("since"), "null");
  create_group("Labs", "[" + criterion("Computer Name", "like", "lab") + "]");
  create_group("Offices", "[" + criterion("Computer Name", "like", "office") + "]");
  managed("lab-1");
  std::string two = managed("lab-2");
  ASSERT_EQ(patch("/api/v4/computers-inventory-detail/" + two, R"({"general":{"name":"office-2"}})").status, 204);
  Answer cost = get(kGroups + std::string("/cost?sort=flips:desc"));
  EXPECT_EQ(cost.at("totalCount"), "2");
  EXPECT_EQ(cost.at("since"), to_iso8601(now_));
  EXPECT_EQ(cost.at("results.0.name"), "Labs");
  EXPECT_EQ(cost.at("results.0.judgements"), "3") << cost.text;
  EXPECT_EQ(cost.at("results.0.timedJudgements"), "1") << "the first look";
  EXPECT_EQ(cost.at("results.0.criteria"), "1");
  EXPECT_EQ(cost.at("results.0.flips"), "3") << "two joined, one left";
  EXPECT_EQ(cost.at("results.1.flips"), "1");
  Answer dearest = get(kGroups + std::string("/cost"));
  EXPECT_GE(*text::parse_integer(dearest.at("results.0.totalMicroseconds")),
            *text::parse_integer(dearest.at("results.1.totalMicroseconds")));
  expect_error(send_as(client("n", {"Read Computers"}), "GET", kGroups + std::string("/cost")), 403,
               "INVALID_PRIVILEGE");
}

}  // namespace
}  // namespace wardbridge::jamf_api
