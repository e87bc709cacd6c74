#include "tenant/directory/consent.h"
#include "tenant/oauth/grants.h"
#include "tenant/oauth/oauth_fixture.h"

namespace wardbridge::oauth {
namespace {

using testing::ElementsAre;

class Refresh : public OAuthTest {
 protected:
  static text::Form offline_asks() { return with(mac_asks(), "scope", "api://payroll/Pay.Read openid offline_access"); }

  json::Object signed_in(const text::Form& asks = offline_asks()) {
    http::Response response = token(redemption(answer_member(sign_in(asks), "code")));
    EXPECT_EQ(response.status, 200) << response.body;
    return object_of(response);
  }
  static std::string refresh_token_of(const json::Object& body) {
    return std::string(json::text_at(body, "refresh_token").value_or(""));
  }
  static std::string access_token_of(const json::Object& body) {
    return std::string(json::text_at(body, "access_token").value_or(""));
  }
  static text::Form refreshing(const std::string& refresh_token) {
    return {{"grant_type", "refresh_token"}, {"client_id", kPayrollMac.value}, {"refresh_token", refresh_token}};
  }
  std::string refusal_of(const std::string& access_token) {
    auto caller = tokens_.verify(kContoso, access_token, kPayroll, now_);
    return caller.ok() ? "believed" : caller.failure().reason;
  }
};

TEST_F(Refresh, GivesTheNextTokensAndComesOnlyWithOfflineAccess) {
  EXPECT_EQ(refresh_token_of(signed_in(mac_asks())), "");
  const json::Object first = signed_in();
  now_ = kNow + days{1};
  http::Response response = token(refreshing(refresh_token_of(first)));
  ASSERT_EQ(response.status, 200) << response.body;
  const json::Object second = object_of(response);
  EXPECT_NE(refresh_token_of(second), refresh_token_of(first));
  auto caller = tokens_.verify(kContoso, access_token_of(second), kPayroll, now_);
  ASSERT_TRUE(caller.ok()) << caller.failure().message;
  EXPECT_THAT(caller->scopes, ElementsAre("Pay.Read"));
  EXPECT_EQ(caller->authenticated, kNow);
  EXPECT_EQ(json::text_at(second, "scope"), "api://payroll/Pay.Read openid offline_access");
  // A sign-in without the person, in the log as one.
  EXPECT_FALSE(log().front().is_interactive);
}

TEST_F(Refresh, ATokenThatIsUsedTwiceEndsEverythingThatCameOfTheSignIn) {
  const json::Object first = signed_in();
  const json::Object second = object_of(token(refreshing(refresh_token_of(first))));
  const json::Object third = object_of(token(refreshing(refresh_token_of(second))));
  EXPECT_EQ(refusal_of(access_token_of(third)), "believed");
  http::Response reused = token(refreshing(refresh_token_of(first)));
  EXPECT_EQ(reused.status, 400);
  EXPECT_EQ(json::text_at(object_of(reused), "error"), "invalid_grant");
  EXPECT_EQ(number_of(reused), 70000);
  EXPECT_EQ(number_of(token(refreshing(refresh_token_of(third)))), 50173);
  for (const json::Object& body : {first, second, third}) EXPECT_EQ(refusal_of(access_token_of(body)), "token_revoked");
}

TEST_F(Refresh, ACodeThatIsReusedEndsTheRefreshTokensToo) {
  const std::string code = answer_member(sign_in(offline_asks()), "code");
  const json::Object first = object_of(token(redemption(code)));
  const json::Object second = object_of(token(refreshing(refresh_token_of(first))));
  EXPECT_EQ(number_of(token(redemption(code))), 54005);
  EXPECT_EQ(number_of(token(refreshing(refresh_token_of(second)))), 50173);
  EXPECT_EQ(refusal_of(access_token_of(second)), "token_revoked");
}

TEST_F(Refresh, ATokenIsBoundToClientTenantVersionAndResource) {
  const std::string refresh_token = refresh_token_of(signed_in());
  EXPECT_EQ(
      number_of(token(with(with(refreshing(refresh_token), "client_id", kPortal.value), "client_secret", kSecret))),
      70000);
  EXPECT_EQ(number_of(token(refreshing(refresh_token), {}, "/fabrikam.example/oauth2/v2.0/token")), 700016);
  EXPECT_EQ(number_of(token(refreshing(refresh_token), {}, "/contoso.example/oauth2/token")), 70000);
  EXPECT_EQ(number_of(token(with(refreshing(refresh_token), "scope", "User.Read"))), 70011);
  EXPECT_EQ(number_of(token(with(refreshing(refresh_token), "scope", "api://payroll/Pay.Write"))), 70011);
  EXPECT_EQ(number_of(token(with(refreshing(refresh_token), "client_secret", kSecret))), 7000215);
  EXPECT_EQ(number_of(token(refreshing("no-such-token"))), 70000);
  // None of these spent it.
  EXPECT_EQ(token(with(refreshing(refresh_token), "scope", "api://payroll/Pay.Read")).status, 200);
}

TEST_F(Refresh, EndsAfterTheIdleTimeAndAfterTheAbsoluteTime) {
  const std::string idle = refresh_token_of(signed_in());
  now_ = kNow + kRefreshTokenIdle;
  EXPECT_EQ(number_of(token(refreshing(idle))), 700082);
  now_ = kNow;
  std::string current = refresh_token_of(signed_in());
  for (int round = 1; round * days{80} < kGrantLifetime; ++round) {
    now_ = kNow + round * days{80};
    current = refresh_token_of(object_of(token(refreshing(current))));
    EXPECT_NE(current, "") << round;
  }
  now_ = kNow + kGrantLifetime;
  EXPECT_EQ(number_of(token(refreshing(current))), 70008);
}

TEST_F(Refresh, ConditionalAccessDecidesAnew) {
  const std::string refresh_token = refresh_token_of(signed_in());
  require_compliant_devices();
  http::Response refused = token(refreshing(refresh_token));
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(number_of(refused), 50097);
  EXPECT_EQ(json::text_at(object_of(refused), "error"), "invalid_grant");
  EXPECT_EQ(log().front().error_code, 50097);
  EXPECT_FALSE(log().front().is_interactive);
}

TEST_F(Refresh, ADeviceThatIsNoLongerCompliantGetsNoMoreTokensUntilItIsAgain) {
  require_compliant_devices();
  const crypto::Key key = crypto::Key::generate(crypto::Algorithm::ES256).value();
  const directory::DeviceId device = add_device(key);
  report(device, true, "", kNow + hours{24});
  const std::string certificate = certificates_.issue(kContoso, device, key, kNow).value();
  http::Response redirect = answer(challenged(offline_asks()), "");
  EXPECT_EQ(number_of(redirect), 50097);
  http::Response challenge = challenged(offline_asks());
  redirect = answer(challenge, proof(challenge, key, certificate));
  ASSERT_EQ(redirect.status, 303) << redirect.body;
  json::Object body = object_of(token(redemption(answer_member(redirect, "code"))));
  body = object_of(token(refreshing(refresh_token_of(body))));
  EXPECT_EQ(tokens_.verify(kContoso, access_token_of(body), kPayroll, kNow)->device, device);

  report(device, false, "FileVault is off", kNow + hours{24});
  http::Response refused = token(refreshing(refresh_token_of(body)));
  EXPECT_EQ(number_of(refused), 53000);
  EXPECT_NE(refused.body.find("FileVault is off"), std::string::npos);
  report(device, true, "", kNow + hours{24});
  EXPECT_EQ(token(refreshing(refresh_token_of(body))).status, 200) << "the refusal did not spend the token";
  Status deleted =
      store_->write([&](store::Transaction& tx) { return directory::delete_device(tx, kContoso, device, {}, kNow); });
  ASSERT_TRUE(deleted.ok());
}

TEST_F(Refresh, WithdrawnConsentHoldsAtOnceAndIsInTheAuditLog) {
  const std::string refresh_token = refresh_token_of(signed_in());
  Status withdrawn = store_->write([&](store::Transaction& tx) {
    return directory::withdraw_scopes(tx, kContoso, kPayrollMac, kPayroll, std::nullopt, {}, kNow);
  });
  ASSERT_TRUE(withdrawn.ok());
  EXPECT_EQ(number_of(token(refreshing(refresh_token))), 65001);
  auto rows = store_->read([&](store::Transaction& tx) -> Result<std::vector<audit::StoredEntry>> {
    return directory::audit_rows(tx, kContoso, 1);
  });
  EXPECT_EQ(rows->front().entry.action, "Remove delegated permission grant");
}

TEST_F(Refresh, AConfidentialClientProvesItselfEachTime) {
  text::Form asks =
      with(with(mac_asks(), "client_id", kPortal.value), "redirect_uri", "https://portal.example/done?x=1");
  asks = with(asks, "scope", "openid offline_access");
  text::Form form = with(redemption(answer_member(sign_in(asks), "code")), "client_id", kPortal.value);
  form = with(with(form, "redirect_uri", "https://portal.example/done?x=1"), "client_secret", kSecret);
  const std::string refresh_token = refresh_token_of(object_of(token(form)));
  const text::Form refresh = with(refreshing(refresh_token), "client_id", kPortal.value);
  EXPECT_EQ(number_of(token(refresh)), 7000218);
  EXPECT_EQ(token(with(refresh, "client_secret", kSecret)).status, 200);
}

TEST_F(Refresh, ASinglePageApplicationReadsItsTokensFromItsOriginAndForADay) {
  const directory::AppId console{"aaaaaaaa-0000-4000-8000-000000000012"};
  Status added = store_->write([&](store::Transaction& tx) {
    return add(tx,
               {.app_id = console, .display_name = "Console", .spa_redirect_uris = {"https://console.example/app"}});
  });
  ASSERT_TRUE(added.ok());
  text::Form asks = with(with(mac_asks(), "client_id", console.value), "redirect_uri", "https://console.example/app");
  asks = with(asks, "scope", "openid offline_access");
  text::Form form = with(with(redemption(answer_member(sign_in(asks), "code")), "client_id", console.value),
                         "redirect_uri", "https://console.example/app");
  http::Response response = token(form, {{"Origin", "https://console.example"}});
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(response.headers.get("Access-Control-Allow-Origin"), "https://console.example");
  const text::Form refresh = with(refreshing(refresh_token_of(object_of(response))), "client_id", console.value);
  now_ = kNow + kSinglePageGrantLifetime;
  response = token(refresh, {{"Origin", "https://evil.example"}});
  EXPECT_EQ(number_of(response), 70008);
  EXPECT_FALSE(response.headers.get("Access-Control-Allow-Origin"));
  // Whoever may ask for the keys may read them.
  EXPECT_EQ(send("GET", "/contoso.example/discovery/v2.0/keys").headers.get("Access-Control-Allow-Origin"), "*");
}

TEST_F(Refresh, CommonFindsTheTenantByTheTokenItself) {
  const std::string refresh_token = refresh_token_of(signed_in());
  EXPECT_EQ(token(refreshing(refresh_token), {}, "/common/oauth2/v2.0/token").status, 200);
  EXPECT_EQ(number_of(token(refreshing("unknown"), {}, "/organizations/oauth2/v2.0/token")), 70000);
}

}  // namespace
}  // namespace wardbridge::oauth
