#include "tenant/oauth/oauth_fixture.h"

namespace wardbridge::oauth {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class SingleSignOn : public OAuthTest {
 protected:
  void open_session() { ASSERT_EQ(log_in(authorize(mac_asks())).status, 303); }
  json::Object tokens_of(const http::Response& redirect) {
    return object_of(token(redemption(answer_member(redirect, "code"))));
  }
  static json::Object id_claims(const json::Object& body) {
    return crypto::peek_jws(json::text_at(body, "id_token").value_or(""))->claims;
  }
  http::Response sign_out(const text::Form& form) {
    return send("GET", "/contoso.example/oauth2/v2.0/logout?" + text::to_form(form));
  }
};

TEST_F(SingleSignOn, ASecondSignInAsksNothing) {
  open_session();
  now_ = kNow + hours{1};
  http::Response redirect = authorize_again(mac_asks());
  ASSERT_EQ(redirect.status, 303) << redirect.body;
  const json::Object claims = id_claims(tokens_of(redirect));
  // When the person typed the password, not when the token was made.
  EXPECT_EQ(json::integer_at(claims, "auth_time"), to_unix_seconds(kNow));
  EXPECT_TRUE(text::is_guid(json::text_at(claims, "sid").value_or("")));
  // Conditional Access decides about it as about any other.
  require_compliant_devices();
  EXPECT_EQ(number_of(authorize_again(mac_asks())), 50097);
}

TEST_F(SingleSignOn, SilentSignInAnswersTheClientWhateverHappens) {
  const text::Form silent = with(mac_asks(), "prompt", "none");
  http::Response refused = authorize(silent);
  EXPECT_EQ(refused.status, 303);
  EXPECT_EQ(answer_member(refused, "error"), "login_required");
  open_session();
  EXPECT_NE(answer_member(authorize_again(silent), "code"), "");
  http::Response unconsented = authorize_again(with(silent, "scope", "api://payroll/Pay.Write"));
  EXPECT_EQ(answer_member(unconsented, "error"), "consent_required");
  EXPECT_EQ(answer_member(unconsented, "state"), "st&te");
  require_compliant_devices();
  EXPECT_EQ(answer_member(authorize_again(silent), "error"), "interaction_required");
}

TEST_F(SingleSignOn, PromptMaxAgeAndHintsAskAgain) {
  open_session();
  now_ = kNow + minutes{10};
  EXPECT_EQ(authorize_again(with(mac_asks(), "prompt", "login")).status, 200);
  EXPECT_EQ(authorize_again(with(mac_asks(), "max_age", "600")).status, 200);
  EXPECT_EQ(authorize_again(with(mac_asks(), "max_age", "601")).status, 303);
  EXPECT_EQ(authorize_again(with(mac_asks(), "login_hint", "berta@contoso.example")).status, 200);
  EXPECT_EQ(authorize_again(with(mac_asks(), "login_hint", "AMINA@contoso.example")).status, 303);
  http::Response stale = authorize_again(with(with(mac_asks(), "max_age", "1"), "prompt", "none"));
  EXPECT_EQ(answer_member(stale, "error"), "login_required");
}

TEST_F(SingleSignOn, AnAccountIsChosenOnRequest) {
  open_session();
  http::Response page = authorize_again(with(mac_asks(), "prompt", "select_account"));
  EXPECT_THAT(page.body, HasSubstr("amina@contoso.example"));
  EXPECT_EQ(answer_form(page, {{"choice", "session"}}).status, 303);
  page = authorize_again(with(mac_asks(), "prompt", "select_account"));
  http::Response other = answer_form(page, {{"choice", "other"}});
  EXPECT_THAT(other.body, HasSubstr("name=\"passwd\""));
  EXPECT_EQ(log_in(other).status, 303);
}

TEST_F(SingleSignOn, AnIdTokenHintNamesWhoIsExpected) {
  open_session();
  const std::string hint(*json::text_at(tokens_of(authorize_again(mac_asks())), "id_token"));
  const text::Form asks = with(with(mac_asks(), "id_token_hint", hint), "prompt", "none");
  EXPECT_NE(answer_member(authorize_again(asks), "code"), "");
  EXPECT_EQ(answer_member(authorize(asks), "error"), "login_required");
}

TEST_F(SingleSignOn, ASessionEndsWithItsTimeThePasswordAndTheAccount) {
  open_session();
  now_ = kNow + hours{24};
  EXPECT_EQ(authorize_again(mac_asks()).status, 200);
  now_ = kNow;
  EXPECT_EQ(authorize_again(mac_asks()).status, 303);
  Status changed = store_->write([&](store::Transaction& tx) -> Status {
    tx.execute("UPDATE directory_user SET password_hash = 'another'");
    return done();
  });
  ASSERT_TRUE(changed.ok());
  EXPECT_EQ(authorize_again(mac_asks()).status, 200);
}

TEST_F(SingleSignOn, SessionsAreOfOneTenantAndOfOneBrowser) {
  open_session();
  ASSERT_TRUE(has_session());
  for (const auto& [name, value] : jar_) EXPECT_THAT(name, Not(HasSubstr(kFabrikam.value)));
  // The same secret under the other tenant's name opens nothing there.
  const std::string cookie = jar_["__Host-wardbridge-session-" + kContoso.value];
  jar_["__Host-wardbridge-session-" + kFabrikam.value] = cookie;
  EXPECT_EQ(send("GET", "/fabrikam.example/oauth2/v2.0/logout").status, 200);
  EXPECT_EQ(authorize_again(mac_asks()).status, 303);
  // A cookie that is given twice is believed by nobody.
  http::Response twice = send("GET", "/contoso.example/oauth2/v2.0/authorize?" + text::to_form(mac_asks()),
                              {{"Cookie", cookies() + "; " + cookies()}});
  EXPECT_EQ(twice.status, 200);
}

TEST_F(SingleSignOn, ASignInGoesOnOnlyInTheBrowserThatItBeganIn) {
  http::Response page = authorize(mac_asks());
  const auto own_cookies = jar_;
  jar_.clear();
  EXPECT_EQ(number_of(log_in(page)), 90007);
  jar_ = own_cookies;
  EXPECT_EQ(number_of(log_in(page, kPassword, {{"Origin", "https://evil.example"}})), 90007);
  EXPECT_EQ(log_in(page, kPassword, {{"Origin", kBase}}).status, 303);
}

TEST_F(SingleSignOn, SigningOutEndsTheSessionAndGoesBackOnlyToRegisteredAddresses) {
  open_session();
  const std::string hint(*json::text_at(tokens_of(authorize_again(mac_asks())), "id_token"));
  const std::string back = "http://localhost:49152/done";
  for (const char* uri : {"https://evil.example/", "http://localhost:49152/done/", "http://localhost:49152/other"})
    EXPECT_EQ(number_of(sign_out({{"id_token_hint", hint}, {"post_logout_redirect_uri", uri}})), 50011) << uri;
  EXPECT_EQ(number_of(sign_out({{"post_logout_redirect_uri", back}})), 50061);
  EXPECT_EQ(number_of(sign_out({{"id_token_hint", "a.b.c"}})), 50061);
  EXPECT_TRUE(has_session());
  http::Response out = sign_out({{"id_token_hint", hint}, {"post_logout_redirect_uri", back}, {"state", "s t"}});
  EXPECT_EQ(out.status, 303);
  EXPECT_EQ(out.headers.get("Location"), back + "?state=s%20t");
  EXPECT_FALSE(has_session());
  EXPECT_EQ(authorize_again(mac_asks()).status, 200);
}

TEST_F(SingleSignOn, WithoutAHintThePersonIsAsked) {
  open_session();
  http::Response page = sign_out({});
  EXPECT_THAT(page.body, HasSubstr("Do you want to sign out amina@contoso.example?"));
  EXPECT_TRUE(has_session());
  const text::Form form{{"proof", attribute(page.body, "name=\"proof\" value=\"")}};
  EXPECT_EQ(number_of(send("POST", attribute(page.body, "action=\""), {}, "proof=guessed")), 90007);
  EXPECT_EQ(send("POST", attribute(page.body, "action=\""), {}, text::to_form(form)).status, 200);
  EXPECT_FALSE(has_session());
}

TEST_F(SingleSignOn, TheIdTokenFitsItsAccessTokenAndTheUserInfo) {
  const text::Form asks = with(mac_asks(), "scope", "openid profile email");
  const json::Object body = object_of(token(redemption(answer_member(sign_in(asks), "code"))));
  const std::string access(*json::text_at(body, "access_token"));
  const json::Object claims = id_claims(body);
  EXPECT_EQ(json::text_at(claims, "at_hash"), text::to_base64url(crypto::sha256(access).substr(0, 16)));
  for (const char* method : {"GET", "POST"}) {
    http::Response info = send(method, "/oidc/userinfo", {{"Authorization", "Bearer " + access}});
    ASSERT_EQ(info.status, 200) << info.body;
    EXPECT_EQ(json::text_at(object_of(info), "sub"), json::text_at(claims, "sub"));
    EXPECT_EQ(json::text_at(object_of(info), "name"), "Amina Diallo");
  }
}

TEST_F(SingleSignOn, UserInfoRefusesWhatIsNoTokenForIt) {
  http::Response none = send("GET", "/oidc/userinfo");
  EXPECT_EQ(none.status, 401);
  EXPECT_EQ(none.headers.get("WWW-Authenticate"), "Bearer");
  const json::Object body = object_of(token(redemption(answer_member(sign_in(mac_asks()), "code"))));
  for (const std::string& wrong : {std::string("a.b.c"), std::string(*json::text_at(body, "id_token")),
                                   std::string(*json::text_at(body, "access_token"))}) {
    http::Response refused = send("GET", "/oidc/userinfo", {{"Authorization", "Bearer " + wrong}});
    EXPECT_EQ(refused.status, 401);
    EXPECT_THAT(std::string(*refused.headers.get("WWW-Authenticate")), StartsWith("Bearer error=\"invalid_token\""));
  }
}

TEST_F(SingleSignOn, APostedRequestIsTheSameRequest) {
  http::Response sent_on = send("POST", "/contoso.example/oauth2/v2.0/authorize", {}, text::to_form(mac_asks()));
  EXPECT_EQ(sent_on.status, 303);
  const std::string where(*sent_on.headers.get("Location"));
  EXPECT_THAT(where, StartsWith(kBase + "/contoso.example/oauth2/v2.0/authorize?"));
  EXPECT_EQ(send("GET", where).status, 200);
}

}  // namespace
}  // namespace wardbridge::oauth
