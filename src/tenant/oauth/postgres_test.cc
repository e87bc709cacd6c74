// The same wire on PostgreSQL, where several transactions run at a time: the races that one writer never sees.
#include "tenant/oauth/oauth_fixture.h"
// Behind the fixture: it has a namespace `testing` of its own, which would hide GoogleTest's.
#include <atomic>
#include <thread>

#include "support/postgres_cluster.h"
#include "tenant/directory/consent.h"

namespace wardbridge::oauth {
namespace {

std::unique_ptr<store::Store> postgres_or_memory(store::PostgresOptions& options) {
  auto cluster = wardbridge::testing::PostgresCluster::of_this_program();
  if (!cluster.ok()) return store::open_sqlite({.path = ":memory:"}).value();
  options = (*cluster)->fresh_store();
  return store::open_postgres(options).value();
}

// Made before the store of the test's other base.
struct StoreOptions {
  store::PostgresOptions options_;
};

class OnPostgres : protected StoreOptions, public OAuthTest {
 protected:
  OnPostgres() : OAuthTest(postgres_or_memory(options_)) {}
  void SetUp() override {
    auto cluster = wardbridge::testing::PostgresCluster::of_this_program();
    if (!cluster.ok() && cluster.failure().reason == "no_postgres") GTEST_SKIP() << cluster.failure().message;
    ASSERT_TRUE(cluster.ok()) << cluster.failure().message;
  }
  static text::Form offline_asks() { return with(mac_asks(), "scope", "api://payroll/Pay.Read openid offline_access"); }
  static text::Form refreshing(const json::Object& body) {
    return {{"grant_type", "refresh_token"},
            {"client_id", kPayrollMac.value},
            {"refresh_token", std::string(json::text_at(body, "refresh_token").value_or(""))}};
  }
  // How many of eight requests at the same time succeed.
  int winners_of(const text::Form& form) {
    std::atomic<int> winners = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([&] {
        http::Request request{.method = "POST",
                              .path = "/contoso.example/oauth2/v2.0/token",
                              .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
                              .body = text::to_form(form),
                              .received = now_};
        winners += router_.handle(request).status == 200;
      });
    for (std::thread& thread : threads) thread.join();
    return winners;
  }
};

// Each node has an application book of its own.
TEST_F(OnPostgres, APermissionThatOneNodeTakesBackIsGoneFromTheNextTokenOfTheOther) {
  const text::Form asks{{"grant_type", "client_credentials"},
                        {"client_id", kConnector.value},
                        {"client_secret", kSecret},
                        {"scope", "https://api.manage.microsoft.com//.default"}};
  auto roles = [&] {
    http::Response response = token(asks);
    EXPECT_FALSE(was_prompt_) << "another node may have written";
    return tokens_
        .verify(kContoso, *json::text_at(object_of(response), "access_token"), directory::kIntuneApiAppId, now_)
        ->roles;
  };
  EXPECT_THAT(roles(), ::testing::ElementsAre("update_device_attributes"));
  auto other_node = store::open_postgres(options_).value();
  Status withdrawn = other_node->write([](store::Transaction& tx) {
    return directory::withdraw_app_role(
        tx, kContoso, kConnector, directory::kIntuneApiAppId,
        *tokens::first_party_role(directory::kIntuneApiAppId, "update_device_attributes"), {}, kNow);
  });
  ASSERT_TRUE(withdrawn.ok()) << withdrawn.failure().message;
  EXPECT_THAT(roles(), ::testing::ElementsAre());
}

TEST_F(OnPostgres, OfManyWhoRedeemOneCodeAtMostOneWins) {
  const std::string code = answer_member(sign_in(offline_asks()), "code");
  EXPECT_LE(winners_of(redemption(code)), 1);
  EXPECT_EQ(number_of(token(redemption(code))), 54005);
}

TEST_F(OnPostgres, OfManyWhoUseOneRefreshTokenAtMostOneWinsAndThenTheGrantEnds) {
  const json::Object body = object_of(token(redemption(answer_member(sign_in(offline_asks()), "code"))));
  EXPECT_LE(winners_of(refreshing(body)), 1);
  EXPECT_NE(token(refreshing(body)).status, 200);
  EXPECT_EQ(tokens_.verify(kContoso, *json::text_at(body, "access_token"), kPayroll, now_).failure().reason,
            "token_revoked");
}

TEST_F(OnPostgres, EveryStepOfASignInWorks) {
  auto policy = json::parse(R"({"displayName": "Two factors", "state": "enabled",
    "conditions": {"users": {"includeUsers": ["All"]}, "clientAppTypes": ["all"],
                   "applications": {"includeApplications": ["aaaaaaaa-0000-4000-8000-000000000002"]}},
    "grantControls": {"operator": "OR", "builtInControls": ["mfa"]}})");
  Status added = store_->write([&](store::Transaction& tx) -> Status {
    TRY(policies::create(tx, kContoso, "99999999-0000-4000-8000-000000000002", policy->as_object(), {}, kNow));
    return done();
  });
  ASSERT_TRUE(added.ok());
  http::Response page = log_in(authorize(with(mac_asks(), "scope", "api://payroll/Pay.Write offline_access")));
  ASSERT_NE(page.body.find("generator-key"), std::string::npos) << page.body;
  EXPECT_EQ(number_of(answer_form(page, {{"code", "000000"}})), 500121);
  EXPECT_EQ(number_of(log_in(authorize(mac_asks()), "wrong")), 50126);
  EXPECT_EQ(authorize_again(with(mac_asks(), "prompt", "none")).status, 303);
  http::Response device = send("POST", "/contoso.example/oauth2/v2.0/devicecode", {},
                               text::to_form({{"client_id", kPayrollMac.value}, {"scope", "openid"}}));
  EXPECT_EQ(json::text_at(object_of(device), "error"), "unauthorized_client");
  EXPECT_EQ(send("POST", "/contoso.example/oauth2/deviceauth", {}, "user_code=BBBB-BBBB").status, 400);
  EXPECT_EQ(send("GET", "/contoso.example/oauth2/v2.0/logout").status, 200);
  EXPECT_EQ(send("GET", "/contoso.example/discovery/v2.0/keys").status, 200);
}

}  // namespace
}  // namespace wardbridge::oauth
