#include "tenant/directory/second_factors.h"
#include "tenant/oauth/oauth_fixture.h"
#include "tenant/oauth/one_time_password.h"

namespace wardbridge::oauth {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string from_base32(std::string_view text) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (char c : text) {
    bits = (bits << 5) | static_cast<std::uint32_t>(kLetters.find(c));
    count += 5;
    if (count >= 8) bytes += static_cast<char>((bits >> (count -= 8)) & 0xff);
  }
  return bytes;
}

class SecondFactor : public OAuthTest {
 protected:
  void require_second_factor() {
    auto policy = json::parse(R"({"displayName": "Two factors", "state": "enabled",
      "conditions": {"users": {"includeUsers": ["All"]}, "clientAppTypes": ["all"],
                     "applications": {"includeApplications": ["aaaaaaaa-0000-4000-8000-000000000002"]}},
      "grantControls": {"operator": "OR", "builtInControls": ["mfa"]}})");
    Status added = store_->write([&](store::Transaction& tx) -> Status {
      TRY(policies::create(tx, kContoso, "99999999-0000-4000-8000-000000000002", policy->as_object(), {}, kNow));
      return done();
    });
    ASSERT_TRUE(added.ok()) << added.failure().message;
  }

  // The secret of the page that sets a generator up.
  static std::string secret_of(const http::Response& page) {
    const std::string before = "id=\"generator-key\">";
    const auto start = page.body.find(before) + before.size();
    return from_base32(page.body.substr(start, page.body.find('<', start) - start));
  }
  std::string code_now() const { return one_time_password(secret_, step_at(now_)); }

  // Sets up Amina's generator; the recovery codes' page.
  http::Response enrol() {
    http::Response page = log_in(authorize(mac_asks()));
    EXPECT_THAT(page.body, HasSubstr("Set up your second factor"));
    secret_ = secret_of(page);
    http::Response codes = answer_form(page, {{"code", code_now()}});
    EXPECT_THAT(codes.body, HasSubstr("Keep your recovery codes"));
    now_ += seconds{30};
    return codes;
  }

  std::string secret_;
};

TEST_F(SecondFactor, OneTimePasswordsAreThoseOfTheStandard) {
  // RFC 6238 appendix B, the SHA-1 column, its last six digits.
  const std::string secret = "12345678901234567890";
  for (const auto& [when, password] : {std::pair{59LL, "287082"},
                                       {1111111109LL, "081804"},
                                       {1111111111LL, "050471"},
                                       {1234567890LL, "005924"},
                                       {2000000000LL, "279037"},
                                       {20000000000LL, "353130"}})
    EXPECT_EQ(one_time_password(secret, step_at(from_unix_seconds(when))), password);
  EXPECT_EQ(to_base32("foobar"), "MZXW6YTBOI");
  EXPECT_EQ(from_base32(to_base32(secret)), secret);
  const Time now = from_unix_seconds(1234567890);
  EXPECT_EQ(matching_step(secret, "005 924", now), step_at(now));
  EXPECT_EQ(matching_step(secret, one_time_password(secret, step_at(now) - 1), now), step_at(now) - 1);
  EXPECT_FALSE(matching_step(secret, one_time_password(secret, step_at(now) - 2), now));
  EXPECT_FALSE(matching_step(secret, "", now));
}

TEST_F(SecondFactor, APolicyThatAsksForOneLetsInWhoSetsItUp) {
  require_second_factor();
  http::Response codes = enrol();
  http::Response redirect = answer_form(codes, {});
  ASSERT_EQ(redirect.status, 303) << redirect.body;
  EXPECT_EQ(token(redemption(answer_member(redirect, "code"))).status, 200);
  EXPECT_EQ(log().front().error_code, 0);
}

TEST_F(SecondFactor, EveryCodeIsGoodOnce) {
  require_second_factor();
  enrol();
  http::Response page = log_in(authorize(mac_asks()));
  EXPECT_THAT(page.body, HasSubstr("one-time-code"));
  EXPECT_THAT(page.body, Not(HasSubstr("generator-key")));
  const std::string code = code_now();
  EXPECT_EQ(answer_form(page, {{"code", code}}).status, 303);
  page = log_in(authorize(mac_asks()));
  EXPECT_EQ(number_of(answer_form(page, {{"code", code}})), 500121);
  EXPECT_EQ(number_of(answer_form(page, {{"code", "000000"}})), 500121);
  now_ += seconds{30};
  EXPECT_EQ(answer_form(page, {{"code", code_now()}}).status, 303);
}

TEST_F(SecondFactor, ASessionRemembersItAndTokensOfVersionOneSaySo) {
  require_second_factor();
  ASSERT_EQ(answer_form(enrol(), {}).status, 303);
  EXPECT_EQ(authorize_again(mac_asks()).status, 303);
  const text::Form asks = with(with(mac_asks(), "scope", ""), "resource", "api://payroll");
  http::Response redirect = authorize_again(asks, "/contoso.example/oauth2/authorize");
  ASSERT_EQ(redirect.status, 303) << redirect.body;
  const json::Object body =
      object_of(token(redemption(answer_member(redirect, "code")), {}, "/contoso.example/oauth2/token"));
  EXPECT_EQ(crypto::peek_jws(*json::text_at(body, "access_token"))->claims.at("amr"),
            json::Value(json::Array{"pwd", "mfa"}));
}

TEST_F(SecondFactor, ASessionWithoutItIsAskedForIt) {
  ASSERT_EQ(log_in(authorize(mac_asks())).status, 303);
  require_second_factor();
  EXPECT_EQ(answer_member(authorize_again(with(mac_asks(), "prompt", "none")), "error"), "interaction_required");
  http::Response page = authorize_again(mac_asks());
  EXPECT_THAT(page.body, HasSubstr("Set up your second factor"));
  EXPECT_THAT(page.body, Not(HasSubstr("passwd")));
}

TEST_F(SecondFactor, ARecoveryCodeLetsInOnce) {
  require_second_factor();
  const http::Response codes = enrol();
  const auto start = codes.body.find("<li>") + 4;
  const std::string recovery = codes.body.substr(start, codes.body.find("</li>") - start);
  http::Response page = log_in(authorize(mac_asks()));
  EXPECT_EQ(answer_form(page, {{"code", text::lower(recovery)}}).status, 303);
  page = log_in(authorize(mac_asks()));
  EXPECT_EQ(number_of(answer_form(page, {{"code", recovery}})), 500121);
}

TEST_F(SecondFactor, GuessingEndsTheSignInAndThenTheGuessing) {
  require_second_factor();
  enrol();
  for (int sign_in = 0; sign_in < 2; ++sign_in) {
    http::Response page = log_in(authorize(mac_asks()));
    for (int guess = 0; guess < 5; ++guess) EXPECT_EQ(number_of(answer_form(page, {{"code", "000000"}})), 500121);
    EXPECT_EQ(number_of(answer_form(page, {{"code", code_now()}})), 50089);
  }
  http::Response page = log_in(authorize(mac_asks()));
  EXPECT_EQ(number_of(answer_form(page, {{"code", code_now()}})), 50053);
}

TEST_F(SecondFactor, AnAdministratorCanRemoveALostOne) {
  require_second_factor();
  enrol();
  auto remove = [&] {
    return store_->write(
        [&](store::Transaction& tx) { return directory::remove_second_factor(tx, kContoso, amina_.id, {}, now_); });
  };
  ASSERT_TRUE(remove().ok());
  EXPECT_EQ(remove().failure().reason, "no_factor");
  EXPECT_THAT(log_in(authorize(mac_asks())).body, HasSubstr("Set up your second factor"));
}

TEST_F(SecondFactor, APolicyForRegisteringDevicesAsksWhenSomebodySignsInToDoSo) {
  auto policy = json::parse(R"({"displayName": "New devices with two factors", "state": "enabled",
    "conditions": {"users": {"includeUsers": ["All"]}, "clientAppTypes": ["all"],
                   "applications": {"includeUserActions": ["urn:user:registerdevice"]}},
    "grantControls": {"operator": "OR", "builtInControls": ["mfa"]}})");
  Status added = store_->write([&](store::Transaction& tx) -> Status {
    TRY(policies::create(tx, kContoso, "99999999-0000-4000-8000-000000000003", policy->as_object(), {}, kNow));
    return done();
  });
  ASSERT_TRUE(added.ok());
  text::Form asks = with(with(mac_asks(), "client_id", directory::kAuthenticationBrokerAppId.value), "redirect_uri",
                         "http://localhost:49152");
  asks = with(asks, "scope", directory::kDeviceRegistrationAppId.value + "/.default");
  http::Response page = log_in(authorize(asks));
  ASSERT_THAT(page.body, HasSubstr("Set up your second factor"));
  secret_ = secret_of(page);
  http::Response redirect = answer_form(answer_form(page, {{"code", code_now()}}), {});
  ASSERT_EQ(redirect.status, 303) << redirect.body;
  text::Form form =
      with(redemption(answer_member(redirect, "code")), "client_id", directory::kAuthenticationBrokerAppId.value);
  const json::Object body = object_of(token(with(form, "redirect_uri", "http://localhost:49152")));
  auto caller =
      tokens_.verify(kContoso, *json::text_at(body, "access_token"), directory::kDeviceRegistrationAppId, now_);
  ASSERT_TRUE(caller.ok()) << caller.failure().message;
  EXPECT_TRUE(caller->has_second_factor);
  // A session from a while ago is asked for the password again: registering wants a fresh sign-in.
  now_ += minutes{5};
  EXPECT_THAT(authorize_again(asks).body, HasSubstr("passwd"));
  // Others are not asked for anything.
  EXPECT_EQ(authorize_again(mac_asks()).status, 303);
}

TEST_F(SecondFactor, TheRefreshOfASignInWithoutItAsksThePerson) {
  const text::Form asks = with(mac_asks(), "scope", "api://payroll/Pay.Read offline_access");
  const json::Object body = object_of(token(redemption(answer_member(sign_in(asks), "code"))));
  require_second_factor();
  http::Response refused = token({{"grant_type", "refresh_token"},
                                  {"client_id", kPayrollMac.value},
                                  {"refresh_token", std::string(*json::text_at(body, "refresh_token"))}});
  EXPECT_EQ(number_of(refused), 50076);
  EXPECT_EQ(json::text_at(object_of(refused), "error"), "interaction_required");
}

}  // namespace
}  // namespace wardbridge::oauth
