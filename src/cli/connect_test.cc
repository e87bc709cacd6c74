#include "cli/connect.h"

#include <gmock/gmock.h>

#include "cli/explain.h"
#include "cli/scripted_transport_testing.h"

namespace wardbridge::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ConnectVerbTest : public ::testing::Test {
 protected:
  using Run = VerbRun;
  template <class Verb>
  Run run(Verb verb) {
    return run_verb(verb);
  }
  std::string asked(std::size_t index) {
    return transport_.asked.at(index).method + " " + transport_.asked.at(index).url;
  }

  ScriptedTransport transport_;
  ApiClient client_{transport_, "https://jamf.example"};
};

constexpr const char* kFailingTest =
    R"({"works":false,"message":"Unable to connect to Microsoft Intune.","steps":[
        {"name":"tls","works":true,"message":"its certificate is trusted"},
        {"name":"permission","works":false,"message":"has too many","reason":"permission_extra",
         "cause":"more than one","remedy":"remove the others"}]})";

constexpr const char* kList =
    R"({"totalCount":1,"results":[{"id":"7","name":"Contoso","type":"manual","tenant":"contoso.example",
        "state":"permission","errorMessage":"refused","errorCause":"no consent","errorRemedy":"grant it",
        "deliveries":{"pending":2,"delivered":3,"parked":1}}]})";

TEST_F(ConnectVerbTest, TestShowsWhatFailsWhyAndWhatToDo) {
  transport_.answer(200, kFailingTest);
  Run done = run([&] { return test_connection(client_, false); });
  EXPECT_EQ(done.exit_code, 1);
  EXPECT_THAT(done.out, HasSubstr("ok   tls"));
  EXPECT_THAT(done.out, HasSubstr("FAIL permission"));
  EXPECT_THAT(done.out, HasSubstr("remedy: remove the others"));
  EXPECT_EQ(asked(0), "POST https://jamf.example/api/v1/wardbridge/conditional-access/run-test");
  transport_.answer(200, R"({"works":true,"steps":[]})");
  EXPECT_EQ(run([&] { return test_connection(client_, true); }).exit_code, 0);
}

TEST_F(ConnectVerbTest, ListShowsEveryConnectionWithItsTrouble) {
  transport_.answer(200, kList);
  transport_.answer(200, R"({"totalCount":1,"results":[{"id":"8","name":"Broker","connectionType":"Cloud Connector",
      "tenant":"fabrikam.example","state":"active","deliveries":{"pending":0,"delivered":9,"parked":0}}]})");
  Run done = run([&] { return list_tenant_connections(client_, false); });
  EXPECT_EQ(done.exit_code, 0);
  EXPECT_THAT(done.out, HasSubstr("8  Broker  Cloud Connector  fabrikam.example  active; 9 delivered"));
  EXPECT_THAT(done.out, HasSubstr("7  Contoso  manual  contoso.example  permission; 3 delivered, 2 pending, 1 parked"));
  EXPECT_THAT(done.out, HasSubstr("grant it"));
}

TEST_F(ConnectVerbTest, ANamedConnectionIsTurnedByItsId) {
  transport_.answer(200, kList);
  transport_.answer(204, "");
  EXPECT_EQ(run([&] { return turn_connection(client_, "Contoso", Turn::off); }).exit_code, 0);
  EXPECT_EQ(asked(1), "POST https://jamf.example/api/v1/wardbridge/connections/7/disable");
  transport_.answer(200, kList);
  transport_.answer(200, R"({"totalCount":0,"results":[]})");
  EXPECT_EQ(run([&] { return show_connection(client_, "Fabrikam", false); }).exit_code, 3);
}

TEST_F(ConnectVerbTest, TurningTheManualConnectionOnTellsWhetherItWorks) {
  transport_.answer(200, R"({"state":"new","lastTest":)" + std::string(kFailingTest) + "}");
  Run on = run([&] { return turn_connection(client_, "", Turn::on); });
  EXPECT_EQ(on.exit_code, 1);
  EXPECT_THAT(on.out, HasSubstr("FAIL permission"));
  EXPECT_EQ(transport_.asked[0].body, R"({"enabled":true})");
  transport_.answer(200, R"({"state":"terminating"})");
  EXPECT_EQ(run([&] { return turn_connection(client_, "", Turn::off); }).exit_code, 0);
}

TEST_F(ConnectVerbTest, ARehearsedSecretIsNeitherStoredNorShown) {
  transport_.answer(200, R"({"works":true,"steps":[],"stored":false})");
  Run done = run([&] { return rotate_secret(client_, {.secret = "hush", .check = true}); });
  EXPECT_EQ(done.exit_code, 0);
  EXPECT_THAT(done.out, HasSubstr("Nothing was changed"));
  EXPECT_THAT(done.out + done.error, Not(HasSubstr("hush")));
  EXPECT_THAT(transport_.asked[0].body, HasSubstr(R"("checkOnly":true)"));
  transport_.answer(200, R"({"works":false,"steps":[],"stored":false})");
  EXPECT_EQ(run([&] { return rotate_secret(client_, {.secret = "hush"}); }).exit_code, 1);
}

TEST_F(ConnectVerbTest, AServerThatRefusesIsComplainedOf) {
  transport_.answer(409, R"({"errors":[{"code":"NOT_ACTIVE","description":"the connection is not active"}]})");
  Run done = run([&] { return send_update(client_, false); });
  EXPECT_EQ(done.exit_code, 1);
  EXPECT_THAT(done.error, HasSubstr("not active"));
}

// --- explain device

TEST_F(ConnectVerbTest, ADeviceIsExplainedHopByHop) {
  transport_.answer(200, R"({"results":[{"id":"5","name":"Ada's Mac"}]})");
  transport_.answer(200, R"({"id":"5","name":"Ada's Mac","serialNumber":"C02","managed":true,
      "lastCheckIn":"2027-01-15T08:00:00.000Z",
      "connection":{"name":"Contoso","type":"manual","state":"active","road":"healthy"},
      "accounts":[{"username":"ada","registrationState":"Registered","deviceId":"d-1","nextStep":""},
        {"username":"bob","registrationState":"WPJ Key Present. AAD ID not acquired","deviceId":"d-2",
         "nextStep":"As `bob`, run gatherAADInfo."}],
      "registrations":[{"username":"ada","userPrincipalName":"ada@contoso.example","deviceId":"d-1",
        "complianceState":"NON_COMPLIANT","reason":"FileVault is off",
        "delivery":{"sent":"2027-01-15T08:00:01.000Z","failureMessage":"no such device","failureReason":"device_not_found"}}],
      "nextStep":"Register again."})");
  Run done = run([&] { return explain_device(client_, {.computer = "C02"}); });
  EXPECT_EQ(done.exit_code, 0);
  EXPECT_THAT(done.out, HasSubstr("check-in      2027-01-15T08:00:00.000Z"));
  EXPECT_THAT(done.out, HasSubstr("acknowledged  not yet"));
  EXPECT_THAT(done.out, HasSubstr("  ada: Registered, device d-1\n"));
  EXPECT_THAT(done.out, HasSubstr("  bob: WPJ Key Present. AAD ID not acquired, device d-2\n    As `bob`, run"));
  EXPECT_THAT(done.out, HasSubstr("no such device (device_not_found)"));
  EXPECT_THAT(done.out, HasSubstr("Next step: Register again."));
  transport_.answer(200, R"({"results":[]})");
  EXPECT_EQ(run([&] { return explain_device(client_, {.computer = "nobody"}); }).exit_code, 3);
}

// --- doctor

}  // namespace
}  // namespace wardbridge::cli
