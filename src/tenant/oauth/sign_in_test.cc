#include "tenant/oauth/oauth_fixture.h"

namespace wardbridge::oauth {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

using SignIn = OAuthTest;

TEST_F(SignIn, ACodeIsExchangedForTokensOfThePersonWhoSignedIn) {
  http::Response redirect = sign_in(mac_asks());
  ASSERT_EQ(redirect.status, 303) << redirect.body;
  EXPECT_THAT(std::string(*redirect.headers.get("Location")), StartsWith("http://localhost:49152/done?"));
  EXPECT_EQ(answer_member(redirect, "state"), "st&te");
  EXPECT_EQ(answer_member(redirect, "iss"), kBase + "/" + kContoso.value + "/v2.0");

  now_ = kNow + seconds{59};
  http::Response response = token(redemption(answer_member(redirect, "code")));
  ASSERT_EQ(response.status, 200) << response.body;
  const json::Object body = object_of(response);
  EXPECT_EQ(json::text_at(body, "scope"), "api://payroll/Pay.Read openid");
  auto caller = tokens_.verify(kContoso, *json::text_at(body, "access_token"), kPayroll, now_);
  ASSERT_TRUE(caller.ok()) << caller.failure().message;
  EXPECT_EQ(caller->subject, amina_.id);
  EXPECT_EQ(caller->client, kPayrollMac);
  EXPECT_THAT(caller->scopes, ElementsAre("Pay.Read"));
  EXPECT_EQ(caller->authenticated, kNow);
  EXPECT_FALSE(caller->device);
  const json::Object id_claims = crypto::peek_jws(*json::text_at(body, "id_token"))->claims;
  EXPECT_EQ(json::text_at(id_claims, "aud"), kPayrollMac.value);
  EXPECT_EQ(json::text_at(id_claims, "nonce"), "n-0S6");
  EXPECT_EQ(json::text_at(id_claims, "preferred_username"), "amina@contoso.example");
}

TEST_F(SignIn, AReusedCodeTakesBackWhatItWasExchangedFor) {
  const std::string code = answer_member(sign_in(mac_asks()), "code");
  const std::string access(*json::text_at(object_of(token(redemption(code))), "access_token"));
  EXPECT_TRUE(tokens_.verify(kContoso, access, kPayroll, kNow).ok());
  http::Response again = token(redemption(code));
  EXPECT_EQ(again.status, 400);
  EXPECT_EQ(number_of(again), 54005);
  EXPECT_EQ(tokens_.verify(kContoso, access, kPayroll, kNow).failure().reason, "token_revoked");
}

TEST_F(SignIn, ACodeIsBoundToItsClientAddressAndVerifierAndTime) {
  auto redeemed = [&](const char* member, const std::string& value, Duration later = {}) {
    const std::string code = answer_member(sign_in(mac_asks()), "code");
    now_ = kNow + later;
    const auto number = number_of(token(with(redemption(code), member, value)));
    // Whatever was wrong with a whole request, the code is spent.
    EXPECT_EQ(number_of(token(redemption(code))), number == 900144 ? 0 : 54005) << member;
    now_ = kNow;
    return number;
  };
  EXPECT_EQ(redeemed("code_verifier", std::string(43, 'x')), 501481);
  EXPECT_EQ(redeemed("code_verifier", ""), 900144);
  EXPECT_EQ(redeemed("redirect_uri", "msauth.example.payroll://auth"), 70000);
  EXPECT_EQ(redeemed("redirect_uri", "http://localhost:1/done"), 70000);
  EXPECT_EQ(redeemed("scope", "anything", seconds{60}), 70008);
  EXPECT_EQ(number_of(token(redemption("no-such-code"))), 70000);
  const std::string code = answer_member(sign_in(mac_asks()), "code");
  EXPECT_EQ(number_of(token(redemption(code), {}, "/contoso.example/oauth2/token")), 70000);
  EXPECT_EQ(number_of(token(redemption(code), {}, "/fabrikam.example/oauth2/v2.0/token")), 700016);
}

TEST_F(SignIn, AWebClientNeedsItsSecretAndAPublicOneHasNone) {
  text::Form asks =
      with(with(mac_asks(), "client_id", kPortal.value), "redirect_uri", "https://portal.example/done?x=1");
  asks = with(asks, "scope", "openid profile");
  http::Response redirect = sign_in(asks);
  ASSERT_EQ(redirect.status, 303) << redirect.body;
  EXPECT_THAT(std::string(*redirect.headers.get("Location")), StartsWith("https://portal.example/done?x=1&code="));
  text::Form form = with(with(redemption(answer_member(redirect, "code")), "client_id", kPortal.value), "redirect_uri",
                         "https://portal.example/done?x=1");
  EXPECT_EQ(number_of(token(form)), 7000218);
  http::Response response = token(with(form, "client_secret", kSecret));
  ASSERT_EQ(response.status, 200) << response.body;
  // Asking only who somebody is, is a sign-in to the client itself.
  EXPECT_TRUE(tokens_.verify(kContoso, *json::text_at(object_of(response), "access_token"), kPortal, kNow).ok());

  const std::string code = answer_member(sign_in(mac_asks()), "code");
  EXPECT_EQ(number_of(token(with(redemption(code), "client_secret", kSecret))), 7000215);
}

TEST_F(SignIn, NobodyIsSentToAnAddressThatIsNotRegistered) {
  for (const char* uri :
       {"", "http://localhost/other", "http://localhost.evil.example/done", "http://localhost:1@evil/done",
        "http://localhost:49152/done/../x", "https://localhost/done", "http://127.0.0.1/done", "http://LOCALHOST/done",
        "http://localhost:999999/done", "http://localhost:/done", "msauth.example.payroll://auth/",
        "msauth.example.payroll://AUTH", "https://evil.example/", "http://localhost/done#x",
        "http://localhost/done?x=1", "javascript:alert(1)"}) {
    http::Response response = authorize(with(mac_asks(), "redirect_uri", uri));
    EXPECT_EQ(response.status, 400) << uri;
    EXPECT_FALSE(response.headers.get("Location")) << uri;
    EXPECT_EQ(number_of(response), *uri ? 50011 : 900144) << uri;
  }
  EXPECT_EQ(authorize(with(mac_asks(), "redirect_uri", "http://localhost/done")).status, 200);
  EXPECT_EQ(authorize(with(mac_asks(), "redirect_uri", "http://localhost:8/done")).status, 200);
  // A page too, because it is not known whose address that would be.
  EXPECT_EQ(number_of(authorize(with(mac_asks(), "client_id", kFabrikam.value))), 700016);
  EXPECT_EQ(number_of(authorize(mac_asks(), "/nobody.example/oauth2/v2.0/authorize")), 90002);
  text::Form twice = mac_asks();
  twice.emplace_back("redirect_uri", "https://evil.example/");
  EXPECT_EQ(number_of(authorize(twice)), 9002313);
}

TEST_F(SignIn, OtherMistakesAreToldToTheClient) {
  struct Case {
    const char* name;
    const char* value;
    std::int64_t number;
    const char* error;
  };
  for (const Case& c : {
           Case{"response_type", "token", 700054, "unsupported_response_type"},
           Case{"response_type", "code id_token", 700054, "unsupported_response_type"},
           Case{"code_challenge", "", 50147, "invalid_request"},
           Case{"code_challenge", "short", 501491, "invalid_request"},
           Case{"code_challenge_method", "plain", 501491, "invalid_request"},
           Case{"code_challenge_method", "", 501491, "invalid_request"},
           Case{"scope", "", 900144, "invalid_request"},
           Case{"scope", "profile", 70011, "invalid_scope"},
           Case{"scope", "api://payroll/Pay.Steal", 70011, "invalid_scope"},
           Case{"scope", "api://payroll/Pay.Read User.Read", 70011, "invalid_scope"},
           Case{"scope", "https://graph.microsoft.com/.default", 65001, "consent_required"},
           Case{"scope", "api://nothing/.default", 500011, "invalid_resource"},
           Case{"prompt", "none", 50058, "login_required"},
           Case{"prompt", "none login", 9002313, "invalid_request"},
           Case{"max_age", "soon", 9002313, "invalid_request"},
           Case{"request", "a.b.c", 90010, "request_not_supported"},
           Case{"request_uri", "https://evil.example/", 90010, "request_uri_not_supported"},
           Case{"registration", "{}", 90010, "registration_not_supported"},
           Case{"id_token_hint", "a.b.c", 9002313, "invalid_request"},
       }) {
    http::Response response = authorize(with(mac_asks(), c.name, c.value));
    EXPECT_EQ(response.status, 303) << c.name << "=" << c.value << response.body;
    EXPECT_EQ(number_of(response), c.number) << c.name << "=" << c.value;
    EXPECT_EQ(answer_member(response, "error"), c.error) << c.name << "=" << c.value;
    EXPECT_EQ(answer_member(response, "state"), "st&te");
  }
}

TEST_F(SignIn, AnswersTravelInTheWayThatWasAskedFor) {
  http::Response fragment = sign_in(with(mac_asks(), "response_mode", "fragment"));
  EXPECT_THAT(std::string(*fragment.headers.get("Location")), StartsWith("http://localhost:49152/done#code="));
  http::Response form = sign_in(with(mac_asks(), "response_mode", "form_post"));
  EXPECT_EQ(form.status, 200);
  EXPECT_EQ(attribute(form.body, "action=\""), "http://localhost:49152/done");
  EXPECT_EQ(attribute(form.body, "name=\"state\" value=\""), "st&amp;te");
  EXPECT_EQ(token(redemption(attribute(form.body, "name=\"code\" value=\""))).status, 200);
}

TEST_F(SignIn, ThePageEscapesWhatItShowsAndCannotBeFramed) {
  http::Response page = authorize(with(mac_asks(), "login_hint", "\"><script>alert(1)</script>"));
  EXPECT_THAT(page.body, Not(HasSubstr("<script")));
  EXPECT_THAT(page.body, HasSubstr("&lt;script&gt;"));
  const std::string policy(*page.headers.get("Content-Security-Policy"));
  EXPECT_THAT(policy, HasSubstr("default-src 'none'"));
  EXPECT_THAT(policy, HasSubstr("frame-ancestors 'none'"));
  EXPECT_THAT(policy, HasSubstr("form-action 'self' http://localhost:49152"));
  EXPECT_EQ(page.headers.get("X-Frame-Options"), "DENY");
  EXPECT_EQ(page.headers.get("Referrer-Policy"), "no-referrer");
  EXPECT_EQ(page.headers.get("Cache-Control"), "no-store");
}

TEST_F(SignIn, AWrongPasswordAsksAgainFiveTimesAndIsLogged) {
  http::Response page = authorize(mac_asks());
  for (int attempt = 0; attempt < 5; ++attempt) {
    http::Response refused = log_in(page, "wrong");
    EXPECT_EQ(number_of(refused), 50126);
    EXPECT_EQ(context_of(refused), context_of(page));
    EXPECT_THAT(refused.body, HasSubstr("to continue to Payroll for Mac"));
  }
  EXPECT_EQ(number_of(log_in(page)), 50089);
  ASSERT_EQ(log().size(), 5U);
  EXPECT_EQ(log().front().error_code, 50126);
  EXPECT_EQ(log().front().user_id, amina_.id.value);
}

TEST_F(SignIn, TenWrongPasswordsLockTheLoginForAWhile) {
  for (int attempt = 0; attempt < 10; ++attempt) EXPECT_EQ(number_of(log_in(authorize(mac_asks()), "wrong")), 50126);
  EXPECT_EQ(number_of(log_in(authorize(mac_asks()))), 50053);
  now_ = kNow + minutes{2};
  EXPECT_EQ(log_in(authorize(mac_asks())).status, 303);
}

TEST_F(SignIn, ANameThatNobodyHasLooksLikeAWrongPassword) {
  http::Response page = authorize(mac_asks());
  http::Response refused =
      send("POST", attribute(page.body, "action=\""), {{"Accept", "application/json"}},
           text::to_form({{"ctx", context_of(page)}, {"login", "nobody@contoso.example"}, {"passwd", kPassword}}));
  EXPECT_EQ(number_of(refused), 50126);
  EXPECT_EQ(json::text_at(object_of(refused), "error"), "invalid_grant");
  EXPECT_THAT(log(), IsEmpty());
}

TEST_F(SignIn, AFinishedOrForeignOrExpiredSignInCannotGoOn) {
  http::Response page = authorize(mac_asks());
  EXPECT_EQ(log_in(page).status, 303);
  EXPECT_EQ(number_of(log_in(page)), 50089);

  page = authorize(mac_asks());
  EXPECT_EQ(number_of(send("POST", "/fabrikam.example/login", {},
                           text::to_form({{"ctx", context_of(page)}, {"login", "a"}, {"passwd", kPassword}}))),
            50089);
  now_ = kNow + minutes{10};
  EXPECT_EQ(number_of(log_in(page)), 50089);
}

TEST_F(SignIn, TheMacRegistersAsItsBrokerDoes) {
  text::Form asks = with(with(mac_asks(), "client_id", directory::kAuthenticationBrokerAppId.value), "scope",
                         directory::kDeviceRegistrationAppId.value + "/.default openid profile");
  asks = with(asks, "redirect_uri", "ms-appx-web://Microsoft.AAD.BrokerPlugin/29d9ed98-a469-4536-ade2-f981bc1d605e");
  http::Response redirect = sign_in(asks);
  ASSERT_EQ(redirect.status, 303) << redirect.body;
  text::Form form =
      with(redemption(answer_member(redirect, "code")), "client_id", directory::kAuthenticationBrokerAppId.value);
  form = with(form, "redirect_uri", "ms-appx-web://Microsoft.AAD.BrokerPlugin/29d9ed98-a469-4536-ade2-f981bc1d605e");
  const std::string access(*json::text_at(object_of(token(form)), "access_token"));
  auto caller = tokens_.verify(kContoso, access, directory::kDeviceRegistrationAppId, kNow);
  ASSERT_TRUE(caller.ok()) << caller.failure().message;
  EXPECT_TRUE(caller->may(tokens::kRegistrationScope));

  // The older way in names the resource by its URN.
  asks = with(with(asks, "scope", ""), "resource", std::string(tokens::kRegistrationResource));
  redirect = sign_in(asks, "/contoso.example/oauth2/authorize");
  ASSERT_EQ(redirect.status, 303) << redirect.body;
  form = with(form, "code", answer_member(redirect, "code"));
  const json::Object body = object_of(token(form, {}, "/contoso.example/oauth2/token"));
  EXPECT_EQ(json::text_at(body, "resource"), tokens::kRegistrationResource);
  EXPECT_TRUE(
      tokens_.verify(kContoso, *json::text_at(body, "access_token"), directory::kDeviceRegistrationAppId, kNow).ok());
}

}  // namespace
}  // namespace wardbridge::oauth
