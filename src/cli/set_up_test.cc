#include "cli/set_up.h"

#include <gmock/gmock.h>

#include "cli/partner.h"
#include "cli/scripted_transport_testing.h"

namespace wardbridge::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kNone = R"({"totalCount":0,"results":[]})";
constexpr const char* kBroker =
    R"({"totalCount":1,"results":[{"id":"8","name":"Contoso","connectionType":"Cloud Connector","state":"connecting"}]})";

class SetUpVerbTest : public ::testing::Test {
 protected:
  using Run = VerbRun;
  template <class Verb>
  Run run(Verb verb) {
    return run_verb(verb);
  }
  std::string asked(std::size_t index) {
    const http::OutboundRequest& request = transport_.asked.at(index);
    return request.method + " " + request.url.substr(request.url.find("/", 8));
  }
  std::string body(std::size_t index) { return transport_.asked.at(index).body; }

  ScriptedTransport transport_;
  ApiClient client_{transport_, "https://wardbridge.example"};
};

TEST_F(SetUpVerbTest, TheManualConnectionIsSavedOnAndTested) {
  transport_.answer(200, R"({"state":"new","tenantName":"contoso.example",
      "lastTest":{"works":false,"steps":[{"name":"token","works":false,"remedy":"renew the secret"}]}})");
  Run done = run([&] {
    return set_up_manual(
        client_,
        {.tenant = "contoso.example", .application_id = "an-id", .secret = "a~secret", .landing_page = "access-denied"},
        false);
  });
  EXPECT_EQ(done.exit_code, 1) << "it does not work yet";
  EXPECT_EQ(asked(0), "PUT /api/v1/wardbridge/conditional-access");
  EXPECT_THAT(body(0), HasSubstr(R"("tenantName":"contoso.example")"));
  EXPECT_THAT(body(0), HasSubstr(R"("enabled":true)"));
  EXPECT_THAT(body(0), HasSubstr(R"("landingPage":{"type":"accessDenied"})"));
  EXPECT_THAT(body(0), Not(HasSubstr("sovereignCloud"))) << "what is not said stays";
  EXPECT_THAT(done.out, HasSubstr("renew the secret"));
  EXPECT_THAT(done.out, Not(HasSubstr("a~secret")));
}

TEST_F(SetUpVerbTest, AConnectionThatIsThereIsChanged) {
  transport_.answer(200, kNone);
  transport_.answer(201, R"({"id":"9","state":"new"})");
  ConnectionSettings said{.name = "Contoso", .tenant = "contoso.example", .group_ids = {"g"}};
  EXPECT_EQ(run([&] { return set_up_device_compliance(client_, said, false); }).exit_code, 0);
  EXPECT_EQ(asked(1), "POST /api/v1/wardbridge/connections");
  EXPECT_THAT(body(1), HasSubstr(R"("groupIds":["g"])"));
  transport_.answer(200, R"({"totalCount":1,"results":[{"id":"9","name":"Contoso"}]})");
  transport_.answer(200, R"({"id":"9","state":"active"})");
  EXPECT_EQ(run([&] { return set_up_device_compliance(client_, said, false); }).exit_code, 0);
  EXPECT_EQ(asked(3), "PATCH /api/v1/wardbridge/connections/9");
}

TEST_F(SetUpVerbTest, ACloudConnectorIsConnectedAndTheNextStepsAreTold) {
  transport_.answer(200, kNone);
  transport_.answer(201, R"({"id":"8","state":"new"})");
  transport_.answer(200, R"({"id":"8","state":"connecting","consentUrl":"https://login.example/consent"})");
  Run done =
      run([&] { return set_up_cloud_connector(client_, {.name = "Contoso", .credential = "a~credential"}, false); });
  EXPECT_EQ(done.exit_code, 0);
  EXPECT_EQ(asked(2), "POST /api/v1/wardbridge/cloud-connections/8/connect");
  EXPECT_THAT(done.out, HasSubstr("https://login.example/consent"));
  EXPECT_THAT(done.out, HasSubstr("wardbridge connect confirm \"Contoso\""));
  EXPECT_THAT(done.out, Not(HasSubstr("a~credential")));
}

TEST_F(SetUpVerbTest, ConfirmSaysWhatDoesNotWorkYet) {
  transport_.answer(200, kBroker);
  transport_.answer(200, R"({"works":false,"steps":[{"name":"provisioning","works":false,"message":"not entered"}]})");
  Run done = run([&] { return confirm_connection(client_, "Contoso", false); });
  EXPECT_EQ(done.exit_code, 1);
  EXPECT_THAT(done.out, HasSubstr("FAIL provisioning"));
  EXPECT_THAT(done.out, HasSubstr("confirm again"));
  transport_.answer(200, kNone);
  EXPECT_EQ(run([&] { return confirm_connection(client_, "Fabrikam", false); }).exit_code, 3);
}

TEST_F(SetUpVerbTest, VerdictsTravelByANamedConnectionFromNamedGroups) {
  transport_.answer(200, kNone);
  transport_.answer(200, kBroker);
  transport_.answer(200, R"({"totalCount":2,"results":[{"id":"2","name":"Strictly *"},{"id":"3","name":"*"}]})");
  transport_.answer(200, "{}");
  Run done = run([&] {
    return use_connection(client_, {.connection = "Contoso", .compliance_group = "*", .applicable_group = "4"}, false);
  });
  EXPECT_EQ(done.exit_code, 0) << done.error;
  EXPECT_THAT(asked(2), HasSubstr("filter=name%3D%3D%22%2A%22"));
  EXPECT_EQ(asked(3), "PUT /api/v1/wardbridge/device-compliance");
  EXPECT_EQ(body(3), R"({"enabled":true,"connectionId":"8","complianceGroupId":"3","applicableGroupId":"4"})");
  transport_.answer(200, kBroker);
  transport_.answer(200, kNone);
  EXPECT_EQ(run([&] {
              return use_connection(client_, {.connection = "Contoso", .compliance_group = "a\"b"}, false);
            }).exit_code,
            3);
  EXPECT_THAT(asked(5), HasSubstr("%22a%5C%22b%22"));
}

TEST_F(SetUpVerbTest, AConnectionIsFoundOnALaterPageToo) {
  transport_.answer(200, R"({"totalCount":2,"results":[{"id":"1","name":"A"}]})");
  transport_.answer(200, R"({"totalCount":2,"results":[{"id":"2","name":"B"}]})");
  transport_.answer(200, "{}");
  EXPECT_EQ(run([&] { return use_connection(client_, {.connection = "B"}, true); }).exit_code, 0);
  EXPECT_THAT(asked(1), HasSubstr("page=1"));
  EXPECT_THAT(body(2), HasSubstr(R"("connectionId":"2")"));
}

TEST_F(SetUpVerbTest, RoutesAreReadPageByPage) {
  transport_.answer(200, kBroker);
  transport_.answer(200, R"({"totalCount":1,"results":[{"tenantId":"t","deviceId":"d","since":"2026-01-01"}]})");
  transport_.answer(200, R"({"totalCount":0,"results":[]})");
  Run done = run([&] { return list_routes_of(client_, "Contoso", false); });
  EXPECT_THAT(done.out, HasSubstr("d  t  2026-01-01"));
  EXPECT_THAT(asked(2), HasSubstr("after=t%2Fd"));
}

constexpr const char* kPartner =
    R"({"value":[{"id":"p","displayName":"Jamf","partnerState":"enabled","singleTenantAppId":"an-id",
        "lastHeartbeatDateTime":"0001-01-01T00:00:00Z","groupsRequiringPartnerEnrollment":[
        {"target":{"@odata.type":"#microsoft.graph.exclusionGroupAssignmentTarget","groupId":"g"}}]}]})";

TEST_F(SetUpVerbTest, ThePartnerIsShownInTheWordsOfTheConsole) {
  transport_.answer(200, kPartner);
  transport_.answer(200, R"({"displayName":"Contractors"})");
  Run done = run([&] { return show_device_partner(client_, false); });
  EXPECT_EQ(done.exit_code, 0);
  EXPECT_THAT(done.out, HasSubstr("Active"));
  EXPECT_THAT(done.out, HasSubstr("exclude         Contractors (g)"));
  EXPECT_THAT(done.out, HasSubstr("last heartbeat  never"));
}

TEST_F(SetUpVerbTest, EvaluatingNamesGroupsAndChangesNothing) {
  transport_.answer(200, R"({"value":[{"id":"11111111-2222-4333-8444-555555555555"}]})");
  transport_.answer(200, kPartner);
  transport_.answer(200, R"({"partnerDevices":12,"excludedDevices":3,"otherDevices":1})");
  Run done = run([&] { return evaluate_device_partner(client_, {.include = {"O'Hara's"}}, false); });
  EXPECT_EQ(done.exit_code, 0) << done.error;
  EXPECT_THAT(asked(0), HasSubstr("displayName%20eq%20%27O%27%27Hara%27%27s%27"));
  EXPECT_EQ(asked(2), "POST /v1.0/deviceManagement/deviceManagementPartners/p/wardbridgeEvaluate");
  EXPECT_THAT(done.out, HasSubstr("12 registered Macs; 3 are excluded"));
  transport_.answer(200, R"({"value":[{"id":"1"},{"id":"2"}]})");
  Run ambiguous = run([&] { return evaluate_device_partner(client_, {.include = {"Twice"}}, false); });
  EXPECT_EQ(ambiguous.exit_code, 1);
  EXPECT_THAT(ambiguous.error, HasSubstr("object id"));
}

TEST_F(SetUpVerbTest, SavingTheApplicationLeavesTheGroups) {
  transport_.answer(200, kPartner);
  transport_.answer(200, "{}");
  transport_.answer(200, kPartner);
  EXPECT_EQ(run([&] { return save_device_partner(client_, "an-id", std::nullopt, true); }).exit_code, 0);
  EXPECT_EQ(body(1), R"({"singleTenantAppId":"an-id"})");
}

TEST_F(SetUpVerbTest, PartnersAreRankedByNameOrTheDevicePartnerWithout) {
  transport_.answer(200, R"({"value":[{"id":"c","displayName":"Jamf"}]})");
  transport_.answer(200, "{}");
  Run done = run([&] { return rank_partner(client_, "Jamf", 1); });
  EXPECT_EQ(done.exit_code, 0) << done.error;
  EXPECT_EQ(asked(1), "PATCH /v1.0/deviceManagement/complianceManagementPartners/c");
  EXPECT_EQ(body(1), R"({"wardbridgeMacOsPriority":1})");
  transport_.answer(200, kPartner);
  transport_.answer(200, "{}");
  EXPECT_EQ(run([&] { return rank_partner(client_, "", std::nullopt); }).exit_code, 0);
  EXPECT_EQ(asked(3), "PATCH /v1.0/deviceManagement/deviceManagementPartners/p");
  EXPECT_EQ(body(3), R"({"wardbridgeMacOsPriority":null})");
}

TEST_F(SetUpVerbTest, ACompliancePartnerIsAddedByTheNameOfItsApplication) {
  transport_.answer(201, R"({"id":"c","displayName":"Jamf","partnerState":"unavailable"})");
  Run done = run([&] { return add_compliance_partner(client_, "Jamf", {}, false); });
  EXPECT_THAT(body(0), HasSubstr(R"("displayName":"Jamf")"));
  EXPECT_THAT(done.out, HasSubstr("Pending activation"));
  transport_.answer(200, R"({"value":[]})");
  EXPECT_EQ(run([&] { return remove_compliance_partner(client_, "Jamf"); }).exit_code, 3);
}

}  // namespace
}  // namespace wardbridge::cli
