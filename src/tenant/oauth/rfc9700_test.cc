// RFC 9700, Best Current Practice for OAuth 2.0 Security: one test for each demand that it makes of an authorization
// server. tools/conformance reads the comments `RFC 9700 <section> <MUST|SHOULD...>: <demand>` into the document.
//
// RFC 9700 2.2.1 SHOULD, not held: sender-constrained access tokens (DPoP, mutual TLS). The real service's clients of
// this wire don't send them; tokens hold for an hour and can be taken back.
// RFC 9700 4.13 MUST, not ours: a proxy in front that ends TLS must be told to clear the headers that it sets itself.
// RFC 9700 4.17 MUST, does not apply: no answer travels by postMessage.
#include "tenant/oauth/grants.h"
#include "tenant/oauth/oauth_fixture.h"

namespace wardbridge::oauth {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class Rfc9700 : public OAuthTest {
 protected:
  json::Object signed_in(const std::string& scope = "api://payroll/Pay.Read openid offline_access") {
    return object_of(token(redemption(answer_member(sign_in(with(mac_asks(), "scope", scope)), "code"))));
  }
  http::Response refresh(const json::Object& body, const std::string& scope = "") {
    return token(with({{"grant_type", "refresh_token"},
                       {"client_id", kPayrollMac.value},
                       {"refresh_token", std::string(json::text_at(body, "refresh_token").value_or(""))}},
                      "scope", scope));
  }
};

// RFC 9700 2.1 MUST: redirect URIs are compared by exact string matching, but for the port of loopback addresses.
TEST_F(Rfc9700, RedirectUrisAreComparedExactly) {
  for (const char* uri :
       {"http://localhost/done/", "http://localhost/Done", "http://localhost/done?x", "HTTP://localhost/done"})
    EXPECT_FALSE(authorize(with(mac_asks(), "redirect_uri", uri)).headers.get("Location")) << uri;
  EXPECT_EQ(authorize(with(mac_asks(), "redirect_uri", "http://localhost:1/done")).status, 200);
}

// RFC 9700 2.1 and 4.11.2 MUST NOT: the server is no open redirector: a bad client or address is told on a page.
TEST_F(Rfc9700, NoOpenRedirector) {
  for (const auto& [name, value] : {std::pair{"client_id", "nobody"}, {"redirect_uri", "https://evil.example/"}}) {
    http::Response page = authorize(with(mac_asks(), name, value));
    EXPECT_EQ(page.status, 400);
    EXPECT_FALSE(page.headers.get("Location"));
  }
}

// RFC 9700 2.1.1 MUST: PKCE is supported, and the verifier is checked against the challenge.
TEST_F(Rfc9700, TheVerifierIsChecked) {
  const std::string code = answer_member(sign_in(mac_asks()), "code");
  EXPECT_EQ(number_of(token(with(redemption(code), "code_verifier", std::string(43, 'x')))), 501481);
}

// RFC 9700 2.1.1 and 4.8.2 MUST: no downgrade: nobody gets a code without a challenge, or tokens without a verifier.
TEST_F(Rfc9700, NoDowngradeOfPkce) {
  EXPECT_EQ(number_of(authorize(with(mac_asks(), "code_challenge", ""))), 50147);
  const std::string code = answer_member(sign_in(mac_asks()), "code");
  EXPECT_EQ(number_of(token(with(redemption(code), "code_verifier", ""))), 900144);
}

// RFC 9700 2.1.1 SHOULD: only challenge methods that do not expose the verifier (S256).
TEST_F(Rfc9700, OnlyS256) {
  EXPECT_EQ(number_of(authorize(with(mac_asks(), "code_challenge_method", "plain"))), 501491);
}

// RFC 9700 2.1.2 SHOULD NOT: no access token is issued in an authorization response.
TEST_F(Rfc9700, NoImplicitGrant) {
  for (const char* type : {"token", "id_token token", "code token"})
    EXPECT_EQ(answer_member(authorize(with(mac_asks(), "response_type", type)), "error"), "unsupported_response_type");
}

// RFC 9700 2.2.2 MUST: refresh tokens of public clients are sender-constrained or rotated.
TEST_F(Rfc9700, RefreshTokensRotate) {
  const json::Object first = signed_in();
  const json::Object second = object_of(refresh(first));
  EXPECT_NE(first.at("refresh_token"), second.at("refresh_token"));
  EXPECT_EQ(refresh(first).status, 400);
}

// RFC 9700 2.3 SHOULD: access tokens are restricted to one resource, and to what was consented to.
TEST_F(Rfc9700, TokensAreForOneResource) {
  const std::string access(*json::text_at(signed_in(), "access_token"));
  EXPECT_TRUE(tokens_.verify(kContoso, access, kPayroll, kNow).ok());
  EXPECT_FALSE(tokens_.verify(kContoso, access, directory::kGraphAppId, kNow).ok());
  EXPECT_EQ(number_of(authorize(with(mac_asks(), "scope", "api://payroll/Pay.Read User.Read"))), 70011);
}

// RFC 9700 2.4 MUST NOT: the resource owner password credentials grant.
TEST_F(Rfc9700, NoPasswordGrant) {
  EXPECT_EQ(json::text_at(object_of(token({{"grant_type", "password"},
                                           {"client_id", kPayrollMac.value},
                                           {"username", "amina@contoso.example"},
                                           {"password", kPassword}})),
                          "error"),
            "unsupported_grant_type");
}

// RFC 9700 2.5 SHOULD: clients authenticate where they can, best with an asymmetric key.
TEST_F(Rfc9700, ConfidentialClientsAuthenticate) {
  EXPECT_EQ(number_of(token({{"grant_type", "client_credentials"},
                             {"client_id", kConnector.value},
                             {"scope", "https://graph.microsoft.com/.default"}})),
            7000218);
  http::Response metadata = send("GET", "/contoso.example/v2.0/.well-known/openid-configuration");
  EXPECT_THAT(metadata.body, HasSubstr("private_key_jwt"));
}

// RFC 9700 2.6 SHOULD: the server publishes its metadata (RFC 8414), PKCE support included.
TEST_F(Rfc9700, MetadataIsPublished) {
  const json::Object metadata = object_of(send("GET", "/contoso.example/v2.0/.well-known/openid-configuration"));
  EXPECT_EQ(metadata.at("code_challenge_methods_supported"), json::Value(json::Array{"S256"}));
}

// RFC 9700 2.6 MUST NOT: redirect URIs with plain http, but for loopback addresses of native applications.
TEST_F(Rfc9700, NoPlainHttp) {
  const std::vector<std::string> web{"http://portal.example/done", "https://portal.example/done"};
  const std::vector<std::string> none;
  EXPECT_FALSE(match_redirect_uri({web, none, none}, web[0]));
  EXPECT_TRUE(match_redirect_uri({web, none, none}, web[1]));
}

// RFC 9700 4.2.4 SHOULD: pages load nothing of others and send no referrer.
TEST_F(Rfc9700, PagesSendNoReferrer) {
  http::Response page = authorize(mac_asks());
  EXPECT_EQ(page.headers.get("Referrer-Policy"), "no-referrer");
  EXPECT_THAT(std::string(*page.headers.get("Content-Security-Policy")), HasSubstr("default-src 'none'"));
}

// RFC 9700 4.2.4 MUST: a code is invalid after its first use, and its tokens are taken back at the second.
TEST_F(Rfc9700, CodesAreGoodOnce) {
  const std::string code = answer_member(sign_in(mac_asks()), "code");
  const std::string access(*json::text_at(object_of(token(redemption(code))), "access_token"));
  EXPECT_EQ(number_of(token(redemption(code))), 54005);
  EXPECT_FALSE(tokens_.verify(kContoso, access, kPayroll, kNow).ok());
}

// RFC 9700 4.3.2 SHOULD NOT: access tokens are not taken from a URL.
TEST_F(Rfc9700, NoTokensInUrls) {
  const std::string access(*json::text_at(signed_in("openid"), "access_token"));
  EXPECT_EQ(send("GET", "/oidc/userinfo?access_token=" + access).status, 401);
  EXPECT_EQ(send("POST", "/oidc/userinfo", {}, "access_token=" + access).status, 200);
}

// RFC 9700 4.4.2 SHOULD: the authorization response says who issued it (RFC 9207), errors included.
TEST_F(Rfc9700, AnswersNameTheirIssuer) {
  const std::string issuer = kBase + "/" + kContoso.value + "/v2.0";
  EXPECT_EQ(answer_member(sign_in(mac_asks()), "iss"), issuer);
  EXPECT_EQ(answer_member(authorize(with(mac_asks(), "prompt", "none")), "iss"), issuer);
}

// RFC 9700 4.5.3 MUST: a code is bound to its client, and to the nonce of its request.
TEST_F(Rfc9700, CodesCannotBeInjected) {
  const std::string code = answer_member(sign_in(mac_asks()), "code");
  text::Form stolen = with(with(redemption(code), "client_id", kPortal.value), "client_secret", kSecret);
  stolen = with(stolen, "redirect_uri", "https://portal.example/done?x=1");
  EXPECT_EQ(number_of(token(stolen)), 70000);
  EXPECT_EQ(
      json::text_at(crypto::peek_jws(*json::text_at(object_of(token(redemption(code))), "id_token"))->claims, "nonce"),
      "n-0S6");
}

// RFC 9700 4.7.1 MUST: requests can't be forged: the sign-in's form works in one browser only.
TEST_F(Rfc9700, TheFormOfASignInIsOfOneBrowser) {
  http::Response page = authorize(mac_asks());
  jar_.clear();
  EXPECT_EQ(number_of(log_in(page)), 90007);
}

// RFC 9700 4.12 MUST NOT: a redirect after the form with the password is no 307; it SHOULD be 303.
TEST_F(Rfc9700, RedirectsAre303) { EXPECT_EQ(sign_in(mac_asks()).status, 303); }

// RFC 9700 4.14.2 MUST: refresh tokens are bound to the scope and the resource that were consented to.
TEST_F(Rfc9700, RefreshTokensAreBoundToScopeAndResource) {
  const json::Object body = signed_in();
  EXPECT_EQ(number_of(refresh(body, "User.Read")), 70011);
  EXPECT_EQ(number_of(refresh(body, "api://payroll/Pay.Write")), 70011);
}

// RFC 9700 4.14.2 SHOULD: reuse of a refresh token revokes the active one.
TEST_F(Rfc9700, ReuseRevokes) {
  const json::Object first = signed_in();
  const json::Object second = object_of(refresh(first));
  refresh(first);
  EXPECT_EQ(number_of(refresh(second)), 50173);
}

// RFC 9700 4.14.2 SHOULD: refresh tokens end when they are not used, and MAY end with a change of the password.
TEST_F(Rfc9700, RefreshTokensEnd) {
  const json::Object body = signed_in();
  now_ = kNow + kRefreshTokenIdle;
  EXPECT_EQ(number_of(refresh(body)), 700082);
  now_ = kNow;
  Status changed = store_->write([&](store::Transaction& tx) -> Status {
    return tx.execute("UPDATE directory_user SET password_hash = 'another'"), done();
  });
  ASSERT_TRUE(changed.ok());
  EXPECT_EQ(number_of(refresh(body)), 50173);
}

// RFC 9700 4.15.1 SHOULD NOT: a client can't be taken for a person.
TEST_F(Rfc9700, ClientsAreNotPeople) {
  http::Response response = token({{"grant_type", "client_credentials"},
                                   {"client_id", kConnector.value},
                                   {"client_secret", kSecret},
                                   {"scope", "https://api.manage.microsoft.com//.default"}});
  auto caller =
      tokens_.verify(kContoso, *json::text_at(object_of(response), "access_token"), directory::kIntuneApiAppId, kNow);
  EXPECT_TRUE(caller->is_application);
  EXPECT_TRUE(caller->scopes.empty());
}

// RFC 9700 4.16 MUST: no page of a sign-in can be framed.
TEST_F(Rfc9700, NoFraming) {
  http::Response page = authorize(mac_asks());
  EXPECT_THAT(std::string(*page.headers.get("Content-Security-Policy")), HasSubstr("frame-ancestors 'none'"));
  EXPECT_EQ(page.headers.get("X-Frame-Options"), "DENY");
}

}  // namespace
}  // namespace wardbridge::oauth
