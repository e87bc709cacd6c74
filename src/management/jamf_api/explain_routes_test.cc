// Why a computer is in a group or isn't, which groups it is in, and how that came about.
#include "management/jamf_api/face_under_test.h"

namespace wardbridge::jamf_api {
namespace {

class ExplainRoutes : public Face {
 protected:
  static constexpr const char* kOurs = "/api/v1/wardbridge/";

  Answer explain(const std::string& computer, const std::string& group) {
    return get(kOurs + ("computers/" + text::percent_encode(computer)) + "/groups/" + text::percent_encode(group) +
               "/explain");
  }
  std::string create_mac() {
    credential_ = enroll();
    report("NOT_ENCRYPTED");
    return computer_;
  }
  void report(const std::string& filevault) {
    Answer told = send_as(credential_, "POST", "/api/v1/wardbridge/check-ins",
                          R"({"sections":{"operatingSystem":{"fileVault2Status":")" + filevault + R"("}}})");
    EXPECT_EQ(told.status, 200) << told.text;
  }
  static std::string encrypted() { return criterion("FileVault 2 Status", "is", "All Partitions Encrypted"); }
  static std::string recent(int priority = 0) {
    return criterion("Last Inventory Update", "less than x days ago", "2", priority);
  }

  std::string credential_;
};

TEST_F(ExplainRoutes, EveryCriterionSaysWhatWasMeasuredAndWhereThatCameFrom) {
  std::string group = create_group(
      "Safe", "[" + recent() + "," + criterion("FileVault 2 Status", "is", "All Partitions Encrypted", 1) + "]");
  std::string mac = create_mac();
  Time reported = now_;
  now_ += hours{3};
  Answer out = explain(mac, group);
  ASSERT_EQ(out.status, 200) << out.text;
  EXPECT_EQ(out.at("computer.name"), "Ann's Mac");
  EXPECT_EQ(out.at("group.name"), "Safe");
  EXPECT_EQ(out.at("stored"), "NOT_MEMBER");
  EXPECT_EQ(out.at("since"), "null") << "it never was in it";
  EXPECT_EQ(out.at("judged.member"), "false");
  EXPECT_EQ(out.at("overruledBy"), "null");
  EXPECT_EQ(out.at("criteria.kind"), "ALL_OF");
  EXPECT_EQ(out.at("criteria.met"), "false");
  EXPECT_EQ(out.at("criteria.parts.0.met"), "true");
  EXPECT_EQ(out.at("criteria.parts.0.validUntil"), to_iso8601(reported + days{2}));
  EXPECT_EQ(out.at("criteria.parts.0.source"), R"({"kind":"SERVER"})");
  EXPECT_EQ(out.at("criteria.parts.1.kind"), "CRITERION");
  EXPECT_EQ(out.at("criteria.parts.1.name"), "FileVault 2 Status");
  EXPECT_EQ(out.at("criteria.parts.1.searchType"), "is");
  EXPECT_EQ(out.at("criteria.parts.1.required"), "All Partitions Encrypted");
  EXPECT_EQ(out.at("criteria.parts.1.measured"), "No Partitions Encrypted");
  EXPECT_EQ(out.at("criteria.parts.1.met"), "false");
  EXPECT_EQ(out.at("criteria.parts.1.source.kind"), "INVENTORY");
  EXPECT_EQ(out.at("criteria.parts.1.source.section"), "OPERATING_SYSTEM");
  EXPECT_EQ(out.at("criteria.parts.1.source.reported"), "true");
  EXPECT_EQ(out.at("criteria.parts.1.source.asOf"), to_iso8601(reported));
  EXPECT_EQ(out.at("criteria.parts.1.source.ageSeconds"), "10800");
  EXPECT_EQ(out.at("nextStep"),
            "Meet `FileVault 2 Status` is `All Partitions Encrypted`: it is `No Partitions Encrypted`.");

  report("ALL_ENCRYPTED");
  Answer in = explain(mac, "safe");
  EXPECT_EQ(in.at("stored"), "MEMBER");
  EXPECT_EQ(in.at("since"), to_iso8601(now_));
  EXPECT_EQ(in.at("storedUntil"), to_iso8601(now_ + days{2}));
  EXPECT_EQ(in.at("judged.validUntil"), to_iso8601(now_ + days{2}));
  EXPECT_NE(in.at("nextStep").find("Last Inventory Update"), std::string::npos) << in.at("nextStep");

  now_ += days{2};
  Answer late = explain(mac, group);
  EXPECT_EQ(late.at("stored"), "UNKNOWN") << "nobody has looked since it ended";
  EXPECT_EQ(late.at("judged.member"), "false");
}

TEST_F(ExplainRoutes, ACriterionThatNobodyReportedSaysSo) {
  std::string group = create_group("Guarded", "[" + criterion("FileVault 2 Eligibility", "like", "Eligible") + "]");
  Answer out = explain(create_mac(), group);
  EXPECT_EQ(out.at("criteria.measured"), "null") << out.text;
  EXPECT_EQ(out.at("criteria.source.section"), "DISK_ENCRYPTION");
  EXPECT_EQ(out.at("criteria.source.reported"), "false");
  EXPECT_NE(out.at("nextStep").find("has to report it"), std::string::npos) << out.at("nextStep");
}

TEST_F(ExplainRoutes, TheTreeGoesOnIntoNamedGroups) {
  create_group("Inner", "[" + encrypted() + "]");
  create_group("Middle", "[" + criterion("Computer Group", "member of", "Inner") + "]");
  std::string outer = create_group("Outer", "[" + criterion("Computer Group", "member of", "Middle") + "," +
                                                criterion("Computer Group", "member of", "Inner", 1) + "]");
  Answer out = explain(create_mac(), outer);
  EXPECT_EQ(out.at("criteria.parts.0.source.kind"), "GROUP");
  EXPECT_EQ(out.at("criteria.parts.0.source.groupId"), out.at("namedGroups.0.group.id"));
  EXPECT_EQ(out.at("namedGroups.0.group.name"), "Middle");
  EXPECT_EQ(out.at("namedGroups.1.group.name"), "Inner");
  EXPECT_EQ(out.at("namedGroups.1.criteria.name"), "FileVault 2 Status");
  EXPECT_EQ(out.at("namedGroups.2"), "(absent)") << "each once";
  EXPECT_EQ(out.at("nextStep").substr(0, 27), "Meet `FileVault 2 Status` i") << "the root of it";
}

TEST_F(ExplainRoutes, ANamedGroupOfAKindThatTheCallerMayNotReadIsLeftOut) {
  std::string mac = create_mac();
  create_static_group("Loaners", {});
  std::string group = create_group("Lent", "[" + criterion("Computer Group", "member of", "Loaners") + "]");
  std::string path = kOurs + ("computers/" + mac + "/groups/" + group + "/explain");
  Answer some = send_as(client("a", {"Read Computers", "Read Smart Computer Groups"}), "GET", path);
  EXPECT_EQ(some.at("namedGroups"), "[]");
  EXPECT_EQ(some.at("namedGroupsNotShown"), "1");
  EXPECT_EQ(some.at("nextStep"), "Meet `Computer Group` member of `Loaners`: the computer has to join that group.");
  Answer all = get(path);
  EXPECT_EQ(all.at("namedGroups.0.group.smart"), "false");
  EXPECT_EQ(all.at("namedGroups.0.overruledBy"), "NOT_ASSIGNED");
  EXPECT_EQ(all.at("nextStep"), "Assign the computer to the static group `Loaners`.");

  std::string fixed = all.at("namedGroups.0.group.id");
  std::string path_of_fixed = kOurs + ("computers/" + mac + "/groups/" + fixed + "/explain");
  EXPECT_EQ(get(path_of_fixed).at("criteria"), "null");
  expect_error(send_as(client("b", {"Read Computers", "Read Smart Computer Groups"}), "GET", path_of_fixed), 403,
               "INVALID_PRIVILEGE");
  expect_error(send_as(client("c", {"Read Smart Computer Groups"}), "GET", path), 403, "INVALID_PRIVILEGE");
}

TEST_F(ExplainRoutes, AnUnmanagedComputerIsToldWhatItLacks) {
  std::string unmanaged = create_computer("Spare");
  Answer out = explain(unmanaged, create_group("Everyone"));
  EXPECT_EQ(out.at("overruledBy"), "UNMANAGED");
  EXPECT_EQ(out.at("criteria"), "null");
  EXPECT_NE(out.at("nextStep").find("Enrol"), std::string::npos);
}

TEST_F(ExplainRoutes, AComputerIsFoundByWhatPeopleCallIt) {
  std::string group = create_group("Everyone");
  std::string mac = create_mac();
  for (const char* called : {"Ann's Mac", "ANN'S MAC", "c02xk1abjgh5", kUdid}) {
    EXPECT_EQ(explain(called, group).at("computer.id"), mac) << called;
    EXPECT_EQ(get(kOurs + ("computers?called=" + text::percent_encode(called))).at("results.0.id"), mac) << called;
  }
  expect_error(explain("nobody", group), 404, "INVALID_ID");
  expect_error(explain(mac, "nothing"), 404, "INVALID_ID");
  expect_error(explain("4711", group), 404, "INVALID_ID");

  std::string twin = create_computer("Ann's Mac");
  expect_error(explain("Ann's Mac", group), 409, "AMBIGUOUS_COMPUTER");
  Answer both = get(kOurs + std::string("computers?called=Ann%27s%20Mac"));
  EXPECT_EQ(both.at("totalCount"), "2");
  EXPECT_EQ(both.at("results.1.id"), twin);
  EXPECT_EQ(both.at("results.1.managed"), "false");
  // A name that is somebody's id does not take that id over, and one that is a serial number is not taken for it.
  create_computer(mac);
  EXPECT_EQ(explain(mac, group).at("computer.id"), mac);
  create_computer("C02XK1ABJGH5");
  expect_error(explain("C02XK1ABJGH5", group), 409, "AMBIGUOUS_COMPUTER");
  expect_error(get(kOurs + std::string("computers")), 400, "INVALID_FIELD", "called");
}

TEST_F(ExplainRoutes, GroupsOfAComputerWithTheirTimesAndHistory) {
  std::string group = create_group("Encrypted", "[" + encrypted() + "]");
  create_group("Recent", "[" + recent() + "]");
  std::string mac = create_mac();
  now_ += hours{1};
  report("ALL_ENCRYPTED");
  Answer now = get(kOurs + ("computers/" + mac + "/groups"));
  EXPECT_EQ(now.at("totalCount"), "2");
  EXPECT_EQ(now.at("results.0.name"), "Encrypted");
  EXPECT_EQ(now.at("results.0.since"), to_iso8601(now_));
  EXPECT_EQ(now.at("results.0.validUntil"), "null") << "for as long as nothing changes";
  EXPECT_NE(now.at("results.1.validUntil"), "null");
  EXPECT_EQ(now.at("changes"), "(absent)");

  now_ += hours{1};
  report("NOT_ENCRYPTED");
  Answer page = get(kOurs + ("computers/" + mac + "/groups?changes=true&page-size=2"));
  EXPECT_EQ(page.at("changes.totalCount"), "3");
  EXPECT_EQ(page.at("changes.results.0.joined"), "false");
  EXPECT_EQ(page.at("changes.results.0.cause"), "inventory update");
  EXPECT_EQ(page.at("changes.results.2"), "(absent)");
  Answer next = get(kOurs + ("computers/" + mac + "/groups?changes=true&page-size=2&page=1"));
  EXPECT_EQ(next.at("changes.results.0.number"), "1");

  Answer of_group = get(kOurs + ("computer-groups/" + group + "/changes?page-size=1"));
  EXPECT_EQ(of_group.at("totalCount"), "2");
  EXPECT_EQ(of_group.at("results.0.computerName"), "Ann's Mac");
  EXPECT_EQ(of_group.at("results.0.joined"), "false");
  EXPECT_EQ(get(kOurs + ("computer-groups/" + group + "/changes?page-size=1&page=1")).at("results.0.joined"), "true");
  EXPECT_EQ(get(kOurs + std::string("computer-groups/encrypted/changes")).at("totalCount"), "2");
  expect_error(send_as(client("x", {"Read Computers", "Read Static Computer Groups"}), "GET",
                       kOurs + ("computer-groups/" + group + "/changes")),
               403, "INVALID_PRIVILEGE");
  EXPECT_EQ(remove("/api/v4/computers-inventory/" + mac).status, 204);
  EXPECT_EQ(get(kOurs + ("computer-groups/" + group + "/changes")).at("results.0.computerName"), "null");
}

}  // namespace
}  // namespace wardbridge::jamf_api
