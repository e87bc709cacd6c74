#include "management/jamf_api/face_under_test.h"

namespace wardbridge::jamf_api {
namespace {

class GroupRoutes : public Face {
 protected:
  static std::string of(int version) { return "/api/v" + std::to_string(version) + "/computer-groups/smart-groups"; }
  static std::string named(const std::string& name, const std::string& criteria = "[]") {
    return R"({"name":")" + name + R"(","criteria":)" + criteria + "}";
  }
};

TEST_F(GroupRoutes, ACreatedGroupIsShownWithoutItsId) {
  for (int version : {2, 3}) {
    SCOPED_TRACE(version);
    std::string name = "Group " + std::to_string(version);
    Answer made = post(of(version), R"({"name":")" + name + R"(","description":"d","criteria":[)" +
                                        criterion("Computer Name", "is", "Ann's Mac") + "]}");
    ASSERT_EQ(made.status, 201) << made.text;
    EXPECT_EQ(made.at("href"), "https://jamf.example" + of(version) + "/" + made.at("id"));
    Answer group = get(of(version) + "/" + made.at("id"));
    EXPECT_EQ(group.status, 200);
    EXPECT_EQ(group.at("id"), "(absent)");
    EXPECT_EQ(group.at("name"), name);
    EXPECT_EQ(group.at("siteId"), "-1");
    EXPECT_EQ(group.at("criteria.0.name"), "Computer Name");
    EXPECT_EQ(group.at("criteria.0.andOr"), "and");
    EXPECT_EQ(group.at("criteria.0.openingParen"), "false");
    EXPECT_EQ(group.at("criteria.1"), "(absent)");
  }
}

TEST_F(GroupRoutes, ListsCountMembersAndMembershipIsNumbers) {
  std::string group = create_group("Ann's", "[" + criterion("Computer Name", "is", "Ann's Mac") + "]");
  create_group("Nobody's", "[" + criterion("Computer Name", "is", "No Mac") + "]");
  create_computer("Bob's Mac", "");
  std::string credential = enroll();

  Answer list = get(of(3) + "?page-size=1");
  EXPECT_EQ(list.at("totalCount"), "2");
  EXPECT_EQ(list.at("results.0.name"), "Ann's");
  EXPECT_EQ(list.at("results.0.membershipCount"), "1");
  EXPECT_EQ(list.at("results.1"), "(absent)");
  EXPECT_EQ(get(of(3) + "?page=1&page-size=1").at("results.0.membershipCount"), "0");
  Answer members = get("/api/v3/computer-groups/smart-group-membership/" + group);
  EXPECT_EQ(members.at("members"), "[" + computer_ + "]");
  Answer record = get("/api/v4/computers-inventory/" + computer_ + "?section=GROUP_MEMBERSHIPS");
  EXPECT_EQ(record.at("groupMemberships.0.groupId"), group);
  EXPECT_EQ(record.at("groupMemberships.0.smartGroup"), "true");
  EXPECT_EQ(get("/api/v1/computer-groups").at("1.name"), "Nobody's");
}

// JAMF: the Pro API refuses `has` on an extension attribute, which the Classic API takes.
TEST_F(GroupRoutes, HasOnAnExtensionAttributeIsRefused) {
  ASSERT_EQ(post("/api/v1/computer-extension-attributes", R"({"name":"Ward"})").status, 201);
  for (int version : {2, 3}) {
    Answer refused = post(of(version), named("Wards", "[" + criterion("Ward", "has", "North") + "]"));
    expect_error(refused, 400, "INVALID_FIELD", "criteria[0].searchType");
    EXPECT_NE(refused.at("errors.0.description").find("not valid over this API"), std::string::npos) << refused.text;
  }
  create_group("Wards", "[" + criterion("Ward", "is", "North") + "]");
}

TEST_F(GroupRoutes, WhatIsWrongWithAGroupIsToldOnSavingAndInTheLint) {
  create_group("Fine", "[" + criterion("Computer Name", "like", "lab") + "]");
  EXPECT_EQ(get("/api/v1/wardbridge/computer-groups/lint").at("totalCount"), "0");
  std::string impossible =
      "[" + criterion("Total RAM MB", "more than", "10") + "," + criterion("Total RAM MB", "less than", "5", 1) + "]";
  Answer made = post(of(3), named("Nobody", impossible));
  EXPECT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(made.at("wardbridgeWarnings.0.reason"), "contradiction");
  EXPECT_EQ(made.at("wardbridgeWarnings.0.where"), "criteria[1]");
  Answer lint = get("/api/v1/wardbridge/computer-groups/lint");
  EXPECT_EQ(lint.at("totalCount"), "1");
  EXPECT_EQ(lint.at("results.0.groupId"), made.at("id"));
  EXPECT_EQ(lint.at("results.0.groupName"), "Nobody");
  EXPECT_EQ(lint.at("results.0.reason"), "contradiction");
  EXPECT_NE(lint.at("results.0.message").find("no computer is in the group"), std::string::npos);
  expect_error(send_as(client("other", {"Read Computers"}), "GET", "/api/v1/wardbridge/computer-groups/lint"), 403,
               "INVALID_PRIVILEGE");
}

TEST_F(GroupRoutes, AWriteReplacesTheWholeGroup) {
  Answer made =
      post(of(3), R"({"name":"Old","description":"words","criteria":[)" + criterion("Computer Name", "is", "x") + "]}");
  Answer replaced = put(of(3) + "/" + made.at("id"), R"({"name":"New"})");
  EXPECT_EQ(replaced.status, 202) << replaced.text;
  for (const Answer& group : {replaced, get(of(2) + "/" + made.at("id"))}) {
    EXPECT_EQ(group.at("name"), "New");
    EXPECT_EQ(group.at("description"), "");
    EXPECT_EQ(group.at("criteria"), "[]");
  }
}

TEST_F(GroupRoutes, ANameIsTakenOnce) {
  std::string id = create_group("Taken");
  create_group("Other");
  expect_error(post(of(2), named("Taken")), 400, "DUPLICATE_FIELD", "name");
  expect_error(post(of(3), named("Taken")), 422, "DUPLICATE_FIELD", "name");
  expect_error(put(of(3) + "/" + id, named("Other")), 422, "DUPLICATE_FIELD", "name");
  EXPECT_EQ(put(of(3) + "/" + id, named("Taken")).status, 202) << "its own name";
}

TEST_F(GroupRoutes, CriteriaThatMeanNothingAreRefused) {
  struct Case {
    std::string criteria;
    const char* field;
  };
  std::string good = criterion("Computer Name", "is", "x");
  for (const Case& one : {
           Case{"[" + criterion("No Such Criterion", "is", "x") + "]", "criteria[0].name"},
           Case{"[" + good + "," + criterion("Computer Name", "resembles", "x", 1) + "]", "criteria[1].searchType"},
           Case{"[" + criterion("Computer Name", "is", "x", 1) + "]", "criteria[0].priority"},
           Case{"[" + good + "," + criterion("Computer Name", "is", "y", 2) + "]", "criteria[1].priority"},
           Case{R"([{"name":"Computer Name","priority":0,"andOr":"and","searchType":"is"}])", "criteria[0].value"},
           Case{R"([{"name":"Computer Name","priority":"0","andOr":"and","searchType":"is","value":"x"}])",
                "criteria[0].priority"},
           Case{R"({"0":)" + good + "}", "criteria"},
       }) {
    SCOPED_TRACE(one.criteria);
    for (int version : {2, 3}) {
      expect_error(post(of(version), named("Bad", one.criteria)), 400, "INVALID_FIELD", one.field);
    }
  }
  expect_error(post(of(3), R"({"criteria":[]})"), 400, "INVALID_FIELD", "name");
  expect_error(post(of(3), R"({"name":"x","siteId":"home"})"), 400, "INVALID_ID", "siteId");
  expect_error(post(of(3), named("Bad", "[1]")), 400, "INVALID_JSON");
  EXPECT_EQ(get(of(3)).at("totalCount"), "0");
}

TEST_F(GroupRoutes, AGroupThatOthersNameStays) {
  std::string inner = create_group("Inner", "[" + criterion("Computer Name", "is", "Ann's Mac") + "]");
  std::string outer = create_group("Outer", "[" + criterion("Computer Group", "member of", "Inner") + "]");
  enroll();
  EXPECT_EQ(get("/api/v2/computer-groups/smart-group-membership/" + outer).at("members"), "[" + computer_ + "]");
  expect_error(remove(of(2) + "/" + inner), 400, "HAS_DEPENDENCIES", "id");
  Answer refused = remove(of(3) + "/" + inner);
  expect_error(refused, 422, "HAS_DEPENDENCIES", "id");
  EXPECT_NE(refused.at("errors.0.description").find("`Outer`"), std::string::npos);
  expect_error(put(of(3) + "/" + inner, named("Inner", "[" + criterion("Computer Group", "member of", "Outer") + "]")),
               400, "INVALID_FIELD", "criteria");
  EXPECT_EQ(remove(of(3) + "/" + outer).status, 204);
  EXPECT_EQ(remove(of(3) + "/" + inner).status, 204);
  expect_error(get(of(3) + "/" + inner), 404, "INVALID_ID");
}

TEST_F(GroupRoutes, ThePlatformsIdNamesTheSameGroup) {
  std::string id = create_group("Named twice");
  auto group = store_->read([&](store::Transaction& tx) -> Result<groups::SmartComputerGroup> {
    return groups::find(tx, groups::GroupId{*text::parse_integer(id)}).value();
  });
  Answer found = get(of(3) + "/" + text::upper(group->platform_id));
  EXPECT_EQ(found.status, 200);
  EXPECT_EQ(found.at("name"), "Named twice");
  EXPECT_EQ(put(of(3) + "/" + group->platform_id, named("Renamed")).status, 202);
  EXPECT_EQ(get(of(3) + "/" + id).at("name"), "Renamed");
  expect_error(get(of(3) + "/" + std::string(kDevice)), 404, "INVALID_ID");
  expect_error(get(of(3) + "/four"), 400, "INVALID_ID", "id");
  EXPECT_EQ(remove(of(3) + "/" + group->platform_id).status, 204);
}

TEST_F(GroupRoutes, ListsAreSortedFilteredAndPaged) {
  for (const char* name : {"beta", "Alpha", "alpine", "Gamma"}) create_group(name);
  auto names = [&](const std::string& query) {
    Answer list = get(of(3) + query);
    EXPECT_EQ(list.status, 200) << list.text;
    std::string found = list.at("totalCount") + ":";
    for (int i = 0; list.at("results." + std::to_string(i)) != "(absent)"; ++i)
      found += " " + list.at("results." + std::to_string(i) + ".name");
    return found;
  };
  EXPECT_EQ(names(""), "4: beta Alpha alpine Gamma") << "by id";
  EXPECT_EQ(names("?sort=name:asc"), "4: Alpha alpine beta Gamma") << "case does not matter";
  EXPECT_EQ(names("?sort=siteId:asc&sort=name:desc"), "4: Gamma beta alpine Alpha") << "several keys";
  EXPECT_EQ(names("?sort=siteId,id:desc"), "4: Gamma alpine Alpha beta");
  EXPECT_EQ(names("?sort=name&page=1&page-size=3"), "4: Gamma");
  EXPECT_EQ(names("?page=9"), "4:") << "past the end";
  EXPECT_EQ(names("?filter=name==%22ALP*%22"), "2: Alpha alpine");
  EXPECT_EQ(names("?filter=name!=alp*;id%3E1"), "1: Gamma");
  EXPECT_EQ(names("?filter=id=in=(1,3),name==gamma"), "3: beta alpine Gamma");
  EXPECT_EQ(names("?filter=id=out=(1,3)"), "2: Alpha Gamma");
  EXPECT_EQ(names("?filter=id=ge=2;id=le=3;siteId==-1"), "2: Alpha alpine");
  EXPECT_EQ(names("?filter=(id%3C2,id=gt=3);name=lt=c"), "1: beta");
  EXPECT_EQ(names("?filter=id=in=(10,2)&sort=id"), "1: Alpha");
  expect_error(get(of(3) + "?sort=membershipCount"), 400, "INVALID_FIELD", "sort");
  expect_error(get(of(3) + "?filter=description==x"), 400, "INVALID_FIELD", "filter");
  expect_error(get(of(3) + "?filter=id==one"), 400, "INVALID_FIELD", "filter");
  expect_error(get(of(3) + "?filter=name"), 400, "INVALID_FIELD", "filter");
}

TEST_F(GroupRoutes, TheVersionsDifferInWhatTheyForgive) {
  std::string loose = R"([{"name":"Computer Name","priority":0,"searchType":"is","value":"a"},)"
                      R"({"name":"Computer Name","priority":1,"andOr":"AND/OR","searchType":"is","value":"b"},)"
                      R"({"name":"Computer Name","priority":2,"andOr":"Or","searchType":"is","value":"c"}])";
  expect_error(post(of(3), named("G", loose)), 400, "INVALID_FIELD", "criteria[0].andOr");
  Answer made = post(of(2), named("G", loose));
  ASSERT_EQ(made.status, 201) << made.text;
  Answer group = get(of(2) + "/" + made.at("id"));
  EXPECT_EQ(group.at("criteria.1.andOr"), "and");
  EXPECT_EQ(group.at("criteria.2.andOr"), "or");
  EXPECT_EQ(group.header("Deprecation"), "date=\"Thu, 28 May 2026 00:00:00 GMT\"");
  EXPECT_EQ(get(of(3) + "/" + made.at("id")).header("Deprecation"), "(absent)");
  std::string bad = R"([{"name":"Computer Name","priority":0,"andOr":"xor","searchType":"is","value":"a"}])";
  expect_error(post(of(3), named("H", bad)), 400, "INVALID_FIELD", "criteria[0].andOr");
}

TEST_F(GroupRoutes, APlatformCreationAnswersWithThePlatformsId) {
  Answer made = post(of(3) + "?platform=true", named("P"));
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_TRUE(text::is_guid(made.at("id")));
  EXPECT_EQ(made.at("href"), "https://jamf.example" + of(3) + "/" + made.at("id"));
  EXPECT_EQ(get(of(3) + "/" + made.at("id")).at("name"), "P");
  EXPECT_EQ(get("/api/v3/computer-groups/smart-group-membership/" + made.at("id")).at("members"), "[]");
}

TEST_F(GroupRoutes, ARefusedWriteAppliesNothing) {
  std::string id = create_group("Before", "[" + criterion("Computer Name", "is", "a") + "]");
  Answer refused = put(of(3) + "/" + id, R"({"name":"After","description":"d","siteId":"4","criteria":[)" +
                                             criterion("No Such Criterion", "is", "x") + "]}");
  expect_error(refused, 400, "INVALID_FIELD", "criteria[0].name");
  Answer group = get(of(3) + "/" + id);
  EXPECT_EQ(group.at("name"), "Before");
  EXPECT_EQ(group.at("siteId"), "-1");
  EXPECT_EQ(group.at("criteria.0.value"), "a");
}

TEST_F(GroupRoutes, AGroupIsRecalculatedAtOnce) {
  enroll();
  std::string first = computer_;
  enroll(kOtherUdid, "C02OTHER");
  std::string group = create_group("Named", "[" + criterion("Computer Name", "is", "Ann's Mac") + "]");
  EXPECT_EQ(get("/api/v3/computer-groups/smart-group-membership/" + group).at("members"), "[]")
      << "nobody has looked yet";
  Answer counted = post("/api/v1/smart-computer-groups/" + group + "/recalculate", "");
  EXPECT_EQ(counted.status, 200) << counted.text;
  EXPECT_EQ(counted.at("count"), "2");
  EXPECT_EQ(get("/api/v3/computer-groups/smart-group-membership/" + group).at("members"),
            "[" + first + "," + computer_ + "]");
  expect_error(post("/api/v1/smart-computer-groups/99/recalculate", ""), 404, "INVALID_ID");
  expect_error(post("/api/v1/smart-computer-groups/x/recalculate", ""), 400, "INVALID_ID", "id");
  std::string fixed = create_static_group("Static", {});
  expect_error(post("/api/v1/smart-computer-groups/" + fixed + "/recalculate", ""), 404, "INVALID_ID");
}

TEST_F(GroupRoutes, AComputersSmartGroupsAreRecalculatedAtOnce) {
  enroll();
  create_static_group("Static", {computer_});
  create_group("All");
  create_group("Nobody's", "[" + criterion("Computer Name", "is", "No Mac") + "]");
  Answer counted = post("/api/v1/computers/" + computer_ + "/recalculate-smart-groups", "");
  EXPECT_EQ(counted.status, 200) << counted.text;
  EXPECT_EQ(counted.at("count"), "1") << "static groups do not count";
  expect_error(post("/api/v1/computers/99/recalculate-smart-groups", ""), 404, "INVALID_ID");
}

}  // namespace
}  // namespace wardbridge::jamf_api
