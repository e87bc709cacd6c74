#include "cli/explain.h"

#include <gmock/gmock.h>

#include "base/text.h"
#include "cli/scripted_transport_testing.h"
#include "cli/terminal.h"

namespace wardbridge::cli {
namespace {

using ::testing::HasSubstr;

constexpr const char* kOneComputer =
    R"({"totalCount":1,"results":[{"id":"7","name":"lab-7","serialNumber":"C02XK1"}]})";
constexpr const char* kTwoComputers = R"({"totalCount":2,"results":[
    {"id":"7","name":"lab","serialNumber":"C02XK1"},{"id":"9","name":"lab","serialNumber":""}]})";
constexpr const char* kOutOfSafe = R"({
    "computer":{"id":"7","name":"lab-7","serialNumber":"C02XK1"},
    "group":{"id":"3","name":"Safe","smart":true},
    "stored":"NOT_MEMBER","since":"2026-11-22T08:00:00.000Z","storedUntil":null,
    "judged":{"member":false},"overruledBy":null,"wardbridgeRecalculating":true,
    "criteria":{"kind":"ALL_OF","met":false,"parts":[
      {"kind":"CRITERION","met":true,"name":"Last Check-in","searchType":"less than x days ago","required":"2",
       "measured":"2026-11-23T12:00:00Z","validUntil":"2026-11-25T12:00:00.000Z","source":{"kind":"SERVER"}},
      {"kind":"ANY_OF","met":false,"parts":[
        {"kind":"CRITERION","met":false,"name":"FileVault 2 Status","searchType":"is","required":"All Partitions Encrypted",
         "measured":"No Partitions Encrypted","validUntil":null,
         "source":{"kind":"INVENTORY","section":"OPERATING_SYSTEM","reported":true,"ageSeconds":10800}},
        {"kind":"CRITERION","met":false,"name":"Gatekeeper","searchType":"is","required":"App Store","measured":null,
         "source":{"kind":"INVENTORY","section":"SECURITY","reported":false,"ageSeconds":10800}},
        {"kind":"CRITERION","met":false,"name":"Computer Group","searchType":"member of","required":"Loaners",
         "measured":"no","source":{"kind":"GROUP","groupId":"5"}}]}]},
    "namedGroups":[{"group":{"id":"5","name":"Loaners","smart":false},"judged":{"member":false},
                    "overruledBy":"NOT_ASSIGNED","criteria":null}],
    "nextStep":"Turn it on."})";

class ExplainVerb : public ::testing::Test {
 protected:
  using Outcome = VerbRun;
  Outcome run(const ExplainOptions& options) {
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    int code = explain_computer(client_, options);
    return {code, ::testing::internal::GetCapturedStdout(), ::testing::internal::GetCapturedStderr()};
  }

  ScriptedTransport transport_;
  ApiClient client_{transport_, "https://jamf.example"};
};

TEST_F(ExplainVerb, ATreeWithMarksValuesAgesAndTheNextStep) {
  transport_.answer(200, kOneComputer);
  transport_.answer(200, kOutOfSafe);
  Outcome done = run({.computer = "Ann's Mac", .group = "Safe Macs"});
  EXPECT_EQ(done.exit_code, 0) << done.error;
  EXPECT_EQ(done.out,
            "lab-7 (id 7, C02XK1) is not in `Safe` since 2026-11-22T08:00:00.000Z\n"
            "The group was edited, and its members are still being brought up to date.\n"
            "  no  all of\n"
            "  yes   Last Check-in less than x days ago `2`\n"
            "          is `2026-11-23T12:00:00Z`; the server's own record; so until 2026-11-25T12:00:00.000Z\n"
            "  no    any of\n"
            "  no      FileVault 2 Status is `All Partitions Encrypted`\n"
            "            is `No Partitions Encrypted`; inventory section OPERATING_SYSTEM, 3 h old\n"
            "  no      Gatekeeper is `App Store`\n"
            "            not known; inventory section SECURITY, which the Mac never reported\n"
            "  no      Computer Group member of `Loaners`\n"
            "  no        its criteria are not asked: not_assigned\n"
            "Next: Turn it on.\n");
  ASSERT_EQ(transport_.asked.size(), 2u);
  EXPECT_EQ(transport_.asked[0].url, "https://jamf.example/api/v1/wardbridge/computers?called=Ann%27s%20Mac");
  EXPECT_EQ(transport_.asked[1].url, "https://jamf.example/api/v1/wardbridge/computers/7/groups/Safe%20Macs/explain");
}

TEST_F(ExplainVerb, SeveralComputersAreListedAndRefused) {
  transport_.answer(200, kTwoComputers);
  Outcome several = run({.computer = "lab", .group = "Safe"});
  EXPECT_EQ(several.exit_code, 4);
  EXPECT_EQ(several.out, "  lab (id 7, C02XK1)\n  lab (id 9)\n");
  EXPECT_THAT(several.error, HasSubstr("say which by its id"));
  EXPECT_EQ(transport_.asked.size(), 1u) << "nothing is explained";
  transport_.answer(200, kTwoComputers);
  EXPECT_THAT(run({.computer = "lab", .json = true}).out, HasSubstr("\"totalCount\": 2"));
}

TEST_F(ExplainVerb, WhatIsNotThereHasAnExitCodeOfItsOwn) {
  transport_.answer(200, R"({"totalCount":0,"results":[]})");
  Outcome nobody = run({.computer = "x\x1b[2J"});
  EXPECT_EQ(nobody.exit_code, 3);
  EXPECT_EQ(nobody.error, "wardbridge explain: no computer is called `x?[2J`\n");
  transport_.answer(200, kOneComputer);
  transport_.answer(404, R"({"errors":[{"description":"no computer group is called `x`"}]})");
  EXPECT_EQ(run({.computer = "lab-7", .group = "x"}).exit_code, 3);
  transport_.fail(unavailable("connect", "nobody listens"));
  EXPECT_EQ(run({.computer = "lab-7"}).exit_code, 1);
}

TEST_F(ExplainVerb, WithoutAGroupItTellsAllGroupsAndTheCompliance) {
  const char* groups = R"({"computer":{"id":"7","name":"lab-7","serialNumber":""},"totalCount":1,"results":[
      {"id":"3","name":"Safe","smart":true,"since":"2026-11-22T08:00:00.000Z","validUntil":"2026-11-25T12:00:00.000Z"}]})";
  transport_.answer(200, kOneComputer);
  transport_.answer(200, groups);
  transport_.answer(200, R"([{"wardbridge":{"accounts":[{"username":"ann","complianceState":"COMPLIANT",
      "reason":"in smart group `Safe`","validUntil":"2026-11-24T12:00:00.000Z"}]}}])");
  Outcome done = run({.computer = "lab-7"});
  EXPECT_EQ(done.exit_code, 0) << done.error;
  EXPECT_EQ(done.out,
            "lab-7 (id 7)\n"
            "In these groups:\n"
            "  Safe (id 3, smart) since 2026-11-22T08:00:00.000Z, known until 2026-11-25T12:00:00.000Z\n"
            "Compliance:\n"
            "  ann: COMPLIANT, in smart group `Safe`; until 2026-11-24T12:00:00.000Z\n");

  transport_.answer(200, kOneComputer);
  transport_.answer(200, groups);
  transport_.answer(403, "{}");
  Outcome hidden = run({.computer = "lab-7", .json = true});
  EXPECT_EQ(hidden.exit_code, 0);
  EXPECT_THAT(hidden.out, HasSubstr("\"compliance\": null"));
}

TEST(OnTerminal, NothingSteersIt) {
  EXPECT_EQ(on_terminal("a\tb\r\n\x1b[31m\x7f"), "a?b???[31m?");
  EXPECT_EQ(on_terminal("caf\xc3\xa9 \xc2\x9b"
                        "31m \xc2\xa0"),
            "caf\xc3\xa9 ?31m \xc2\xa0");
}

}  // namespace
}  // namespace wardbridge::cli
