#include "cli/migrate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/connect.h"
#include "cli/scripted_transport_testing.h"

namespace wardbridge::cli {
namespace {

using ::testing::HasSubstr;

class MigrateVerbs : public ::testing::Test {
 protected:
  using Said = VerbRun;
  template <class Verb>
  Said say(Verb verb) {
    return run_verb(verb);
  }
  std::string asked_for(std::size_t index) {
    return transport_.asked.at(index).method + " " + transport_.asked.at(index).url;
  }

  ScriptedTransport transport_;
  ApiClient client_{transport_, "https://jamf.example"};
};

constexpr const char* kRehearsing =
    R"({"phase":"rehearsing","complete":true,"message":"The report is complete: 1 device would be told otherwise.",
        "from":{"name":"Contoso","type":"manual","state":"active","complianceGroup":{"name":"Encrypted"}},
        "to":{"name":"Cloud","type":"cloudConnector","state":"active","complianceGroup":{"name":"Strict"}},
        "totals":{"sameCompliant":7,"sameNotCompliant":1,"becomeCompliant":0,"becomeNotCompliant":1,"toldNoLonger":0,
                  "toldAnew":0,"differ":1},
        "nextStep":"Look at the report; then cut over and accept the differences, or roll back."})";
constexpr const char* kReport =
    R"({"phase":"rehearsing","complete":true,"message":"The report is complete: 1 device would be told otherwise.",
        "totals":{"sameCompliant":7,"sameNotCompliant":1,"becomeNotCompliant":1,"differ":1},"totalCount":1,
        "results":[{"deviceId":"d-1","deviceName":"Ann's Mac","userPrincipalName":"ann@contoso.example",
          "kind":"becomesNotCompliant",
          "told":{"verdict":"COMPLIANT","reason":"in smart group `Encrypted`","validUntil":"2026-11-27T06:00:00.000Z"},
          "rehearsed":{"verdict":"NON_COMPLIANT","reason":"not in smart group `Strict`",
                       "validUntil":"2026-11-27T06:00:00.000Z"}}]})";

TEST_F(MigrateVerbs, StartFindsConnectionAndGroupByName) {
  transport_.answer(200, R"({"results":[{"id":"7","name":"Contoso"}]})");
  transport_.answer(200, R"({"results":[{"id":"9","name":"Cloud"}]})");
  transport_.answer(200, R"({"results":[{"id":"4","name":"Strict"}]})");
  transport_.answer(201, kRehearsing);
  Said done =
      say([&] { return start_migration(client_, {.connection = "Cloud", .compliance_group = "Strict"}, false); });
  EXPECT_EQ(done.exit_code, 0) << done.error;
  EXPECT_EQ(asked_for(3), "POST https://jamf.example/api/v1/wardbridge/migration");
  EXPECT_EQ(transport_.asked.at(3).body, R"({"connectionId":"9","complianceGroupId":"4"})");
  EXPECT_THAT(done.out, HasSubstr("Nothing has changed for the tenant."));
  EXPECT_THAT(done.out, HasSubstr("from  Contoso (manual, active); compliant are the members of `Encrypted`"));
  EXPECT_THAT(done.out, HasSubstr("As now: 7 devices are compliant; 1 is not."));
  EXPECT_THAT(done.out, HasSubstr("1 device would stop being compliant."));
  EXPECT_THAT(done.out, HasSubstr("Next: Look at the report"));

  transport_.answer(200, R"({"results":[]})");
  transport_.answer(200, R"({"results":[]})");
  Said nobody = say([&] { return start_migration(client_, {.connection = "Nobody"}, false); });
  EXPECT_EQ(nobody.exit_code, 3);
  EXPECT_THAT(nobody.error, HasSubstr("no connection is called `Nobody`"));
}

TEST_F(MigrateVerbs, TheReportShowsBothVerdictsAndItsExitCodeSaysWhetherTheyDiffer) {
  transport_.answer(200, kReport);
  Said found = say([&] { return report_migration(client_, false); });
  EXPECT_EQ(found.exit_code, 1);
  EXPECT_EQ(asked_for(0), "GET https://jamf.example/api/v1/wardbridge/migration/report?page=0&page-size=200");
  EXPECT_THAT(found.out, HasSubstr("Ann's Mac of ann@contoso.example, device d-1"));
  EXPECT_THAT(found.out,
              HasSubstr("told now:   COMPLIANT, in smart group `Encrypted`; until 2026-11-27T06:00:00.000Z"));
  EXPECT_THAT(found.out, HasSubstr("other road: NON_COMPLIANT, not in smart group `Strict`"));
  transport_.answer(200, R"({"complete":true,"totals":{"differ":0},"results":[]})");
  EXPECT_EQ(say([&] { return report_migration(client_, true); }).exit_code, 0);
  transport_.answer(200, R"({"complete":false,"totals":{"differ":0},"results":[]})");
  EXPECT_EQ(say([&] { return report_migration(client_, true); }).exit_code, 1);
}

TEST_F(MigrateVerbs, CutOverRollBackAndFinishAreOneRequestEach) {
  transport_.answer(409, R"({"errors":[{"code":"VERDICTS_DIFFER","description":"1 device would be told otherwise"}]})");
  Said refused = say([&] { return cut_over(client_, {}, false); });
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.error, HasSubstr("1 device would be told otherwise"));
  transport_.answer(200, R"({"phase":"cutOver","takenOver":{"acknowledged":1,"devices":2},"nextStep":"Wait."})");
  Said done = say([&] { return cut_over(client_, {.accept_differences = true}, false); });
  EXPECT_EQ(done.exit_code, 0);
  EXPECT_EQ(transport_.asked.at(1).body, R"({"acceptDifferences":true,"evenIfNotActive":false})");
  EXPECT_THAT(done.out, HasSubstr("The tenant has heard of 1 of 2 devices from the new connection."));
  transport_.answer(200, R"({"phase":"rolledBack","nextStep":"Nothing: this migration is over."})");
  EXPECT_THAT(say([&] { return roll_back(client_, false); }).out, HasSubstr("rolled back"));
  EXPECT_EQ(asked_for(2), "POST https://jamf.example/api/v1/wardbridge/migration/roll-back");
  transport_.answer(200, R"({"phase":"finished","nextStep":""})");
  EXPECT_EQ(say([&] { return finish_migration(client_, false, true); }).exit_code, 0);
}

TEST_F(MigrateVerbs, DisableWithHandOverSaysSo) {
  transport_.answer(200,
                    R"({"state":"terminating","handOver":{"message":"Until tomorrow another connection adopts"}})");
  Said off = say([&] { return turn_connection(client_, "", Turn::handed_over); });
  EXPECT_EQ(off.exit_code, 0);
  EXPECT_EQ(transport_.asked.at(0).body, R"({"enabled":false,"handOver":true})");
  EXPECT_THAT(off.out, HasSubstr("Until tomorrow another connection adopts"));
}

}  // namespace
}  // namespace wardbridge::cli
