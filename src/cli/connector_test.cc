#include "cli/connector.h"

#include <gmock/gmock.h>

#include "cli/scripted_transport_testing.h"

namespace wardbridge::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ConnectorVerb : public ::testing::Test {
 protected:
  using Outcome = VerbRun;
  template <class Verb>
  Outcome run(const Verb& verb) {
    client_.use_token("operator");
    return run_verb([&] { return verb(client_); });
  }

  ScriptedTransport transport_;
  ApiClient client_{transport_, "https://connector.example"};
};

TEST_F(ConnectorVerb, ListsInstancesAsATable) {
  transport_.answer(200, R"({"totalCount":1,"results":[
      {"id":"i-1","name":"Ber\u001blin","state":"active","lastSeen":null}]})");
  Outcome done = run([](ApiClient& client) { return list_instances(client, false); });
  EXPECT_EQ(done.exit_code, 0) << done.error;
  EXPECT_EQ(done.out,
            "ID   NAME     STATE   LAST SEEN\n"
            "i-1  Ber?lin  active  -\n");
  EXPECT_EQ(transport_.asked.at(0).headers.get("Authorization"), "Bearer operator");
}

TEST_F(ConnectorVerb, ListsRoutesPageByPageAndContendedOnesAlone) {
  std::string page = R"({"results":[)";
  for (int i = 0; i < 500; ++i)
    page +=
        std::string(i ? "," : "") + R"({"tenantId":"t","deviceId":"d)" + std::to_string(i) + R"(","contenders":[]})";
  transport_.answer(200, page + "]}");
  transport_.answer(200, R"({"results":[{"tenantId":"t","deviceId":"last","instance":"Berlin","since":"s",
      "contenders":["Paris","Oslo"]}]})");
  Outcome done = run([](ApiClient& client) { return list_routes(client, {.contended = true}); });
  EXPECT_EQ(done.exit_code, 0) << done.error;
  EXPECT_THAT(done.out, HasSubstr("t       last    Berlin    s      Paris, Oslo\n"));
  EXPECT_THAT(done.out, Not(HasSubstr("d499")));
  EXPECT_THAT(transport_.asked.at(1).url, HasSubstr("after=t%2Fd499"));
}

TEST_F(ConnectorVerb, PrintsACredentialAloneOnStandardOutput) {
  transport_.answer(201, R"({"id":"i-1","credential":"wbc_x"})");
  Outcome done = run([](ApiClient& client) { return add_instance(client, "Berlin"); });
  EXPECT_EQ(done.out, "wbc_x\n");
  EXPECT_EQ(transport_.asked.at(0).body, R"({"name":"Berlin"})");
  EXPECT_THAT(done.error, HasSubstr("i-1"));
}

TEST_F(ConnectorVerb, SaysWhyItDidNotWork) {
  transport_.answer(401, R"({"error":{"reason":"not_the_operator","message":"this is for the operator"}})");
  Outcome done = run([](ApiClient& client) { return remove_instance(client, "../x", Removal::retract_first); });
  EXPECT_EQ(done.exit_code, 1);
  EXPECT_THAT(done.error, HasSubstr("this is for the operator"));
  EXPECT_EQ(transport_.asked.at(0).method, "DELETE");
  EXPECT_EQ(transport_.asked.at(0).url, "https://connector.example/api/v1/instances/..%2Fx");
}

TEST_F(ConnectorVerb, ApprovesAndSetsSecrets) {
  transport_.answer(204, "");
  transport_.answer(204, "");
  EXPECT_EQ(run([](ApiClient& client) { return approve_connection(client, "a-1"); }).exit_code, 0);
  Outcome done = run([](ApiClient& client) { return set_cloud_secret(client, "global", "s3cret"); });
  EXPECT_EQ(done.exit_code, 0);
  EXPECT_THAT(done.out + done.error, Not(HasSubstr("s3cret")));
  EXPECT_EQ(transport_.asked.at(1).body, R"({"clientSecret":"s3cret"})");
}

}  // namespace
}  // namespace wardbridge::cli
