#include "cli/self_service.h"

#include <gmock/gmock.h>

#include "cli/scripted_transport_testing.h"

namespace wardbridge::cli {
namespace {

using ::testing::HasSubstr;

class SelfServiceVerb : public ::testing::Test {
 protected:
  using Outcome = VerbRun;
  template <class Verb>
  Outcome run(const Verb& verb) {
    client_.use_token("administrator");
    return run_verb([&] { return verb(client_); });
  }

  static constexpr const char* kPolicies = R"({"totalCount":1,"results":[{"id":"3","name":"Register with Azure AD",
      "enabled":true,"frequency":"Once per computer","scope":{"allComputers":false,"groupIds":["1"]}}]})";
  ScriptedTransport transport_;
  ApiClient client_{transport_, "https://jamf.example"};
};

TEST_F(SelfServiceVerb, ListsWhatIsOfferedToWhom) {
  transport_.answer(200, kPolicies);
  transport_.answer(200, R"({"results":[{"id":"4","name":"Company Portal","enabled":false,
      "distributionMethod":"Install Automatically","scope":{"allComputers":true,"groupIds":[]}}]})");
  Outcome done = run([](ApiClient& client) { return list_self_service(client, false); });
  EXPECT_EQ(done.exit_code, 0) << done.error;
  EXPECT_THAT(done.out, HasSubstr("3   policy   Register with Azure AD  yes      Once per computer      groups 1"));
  EXPECT_THAT(done.out,
              HasSubstr("4   Mac App  Company Portal          no       Install Automatically  all computers"));
}

TEST_F(SelfServiceVerb, OneMacsSelfServiceComesWithReasonsAndItsLog) {
  transport_.answer(200, R"({"items":[{"name":"Register this Mac","category":"Device Compliance"}],"install":[],
      "notShown":[{"name":"Other","why":"OUT_OF_SCOPE"}],
      "compliance":[{"username":"ann","reason":"FileVault is off","remedy":"Turn it on."}]})");
  transport_.answer(200, R"({"results":[{"started":"2027-01-15T08:00:00.000Z","name":"Register","username":"ann",
      "status":"Failed","reason":"network_account","message":"Remedy: log in\u001b"}]})");
  Outcome done = run([](ApiClient& client) { return show_self_service_of(client, "Ann's Mac", false); });
  EXPECT_EQ(done.exit_code, 0) << done.error;
  EXPECT_THAT(done.out, HasSubstr("offered    Register this Mac (Device Compliance)\n"));
  EXPECT_THAT(done.out, HasSubstr("not        Other (OUT_OF_SCOPE)\n"));
  EXPECT_THAT(done.out, HasSubstr("ann is not compliant: FileVault is off\n  Turn it on.\n"));
  EXPECT_THAT(done.out, HasSubstr("network_account: Remedy: log in?\n"));
  EXPECT_THAT(transport_.asked.at(0).url, HasSubstr("/computers/Ann%27s%20Mac/self-service"));
}

TEST_F(SelfServiceVerb, ALogIsFlushedByTheNameOfItsPolicyForOneComputer) {
  transport_.answer(200, kPolicies);
  transport_.answer(200, R"({"flushed":2})");
  Outcome done = run([](ApiClient& client) { return flush_policy_log(client, "Register with Azure AD", "17"); });
  EXPECT_EQ(done.exit_code, 0) << done.error;
  EXPECT_EQ(done.out, "flushed: 2\n");
  EXPECT_THAT(transport_.asked.at(1).url, HasSubstr("/policies/3/logs?computerId=17"));
  transport_.answer(200, kPolicies);
  EXPECT_EQ(run([](ApiClient& client) { return show_policy_log(client, "nothing", false); }).exit_code, 3);
}

TEST_F(SelfServiceVerb, TheOfferIsWhatTheDocumentsHave) {
  const char* groups = R"({"results":[{"id":"5","name":"Applicable"}]})";
  transport_.answer(200, groups);
  transport_.answer(201, R"({"id":"1"})");
  transport_.answer(201, R"({"id":"9"})");
  transport_.answer(201, R"({"id":"2"})");
  Outcome done = run([](ApiClient& client) { return make_registration_offer(client, {.group = "Applicable"}); });
  EXPECT_EQ(done.exit_code, 0) << done.error;
  EXPECT_THAT(transport_.asked.at(3).body, HasSubstr(R"("groupIds":["5"])"));
  EXPECT_THAT(transport_.asked.at(3).body, HasSubstr(R"("categoryId":"9")"));
  transport_.answer(200, groups);
  transport_.answer(200, "{}");
  transport_.answer(409, R"({"errors":[{"code":"DUPLICATE_FIELD","description":"is called so already"}]})");
  done = run([](ApiClient& client) {
    return make_registration_offer(client, {.group = "Applicable", .registration_app = "app"});
  });
  EXPECT_EQ(done.exit_code, 1);
  EXPECT_THAT(transport_.asked.at(5).body, HasSubstr(R"({"microsoftCANativeClientAppId":"app"})"));
  EXPECT_THAT(done.error, HasSubstr("is called so already"));
}

}  // namespace
}  // namespace wardbridge::cli
