#include "tenant/oauth/client_assertions.h"
#include "tenant/oauth/oauth_fixture.h"
#include "tenant/oauth/secret_work.h"

namespace wardbridge::oauth {
namespace {

using crypto::Algorithm;

class ClientAssertion : public OAuthTest {
 protected:
  ClientAssertion() { register_certificate(kConnector, rsa_, kNow + days{365}); }

  // The DER of a certificate for the key, registered for the application.
  std::string register_certificate(const directory::AppId& app, const crypto::Key& key, Time end) {
    auto authority = crypto::CertificateAuthority::create({.common_name = "test",
                                                           .not_before = kNow - days{1},
                                                           .not_after = kNow + days{4000},
                                                           .use = crypto::CertificateTemplate::Use::authority},
                                                          crypto::Key::generate(Algorithm::ES256).value(), entropy_);
    const std::string der = authority
                                ->issue({.common_name = app.value,
                                         .not_before = kNow - days{1},
                                         .not_after = end,
                                         .use = crypto::CertificateTemplate::Use::client},
                                        key, entropy_)
                                .value();
    Status added = store_->write([&](store::Transaction& tx) {
      return directory::add_credential(tx, kContoso, app,
                                       {.key_id = entropy_.guid(),
                                        .display_name = "certificate",
                                        .kind = directory::Credential::Kind::certificate,
                                        .certificate_pem = crypto::pem_from_der(der, "CERTIFICATE"),
                                        .thumbprint = text::to_base64url(crypto::sha1(der)),
                                        .start = kNow - days{1},
                                        .end = end},
                                       {}, kNow);
    });
    EXPECT_TRUE(added.ok());
    certificate_ = der;
    return der;
  }

  json::Object claims() {
    const std::int64_t now = to_unix_seconds(now_);
    return {{"aud", kBase + "/" + kContoso.value + "/v2.0"},
            {"iss", kConnector.value},
            {"sub", kConnector.value},
            {"jti", entropy_.guid()},
            {"nbf", now},
            {"exp", now + 600}};
  }
  json::Object header() const { return {{"typ", "JWT"}, {"x5t", text::to_base64url(crypto::sha1(certificate_))}}; }
  std::string assertion() { return crypto::sign_jws(header(), claims(), rsa_); }
  std::string with_claim(const std::string& name, const json::Value& value) {
    json::Object changed = claims();
    if (value.is_null()) {
      changed.erase(name);
    } else {
      changed[name] = value;
    }
    return crypto::sign_jws(header(), changed, rsa_);
  }
  static text::Form asks(const std::string& assertion) {
    return {{"grant_type", "client_credentials"},
            {"scope", "https://api.manage.microsoft.com//.default"},
            {"client_id", kConnector.value},
            {"client_assertion_type", std::string(kAssertionType)},
            {"client_assertion", assertion}};
  }
  std::int64_t refusal(const std::string& assertion) { return number_of(token(asks(assertion))); }

  const crypto::Key rsa_ = crypto::Key::generate(Algorithm::RS256).value();
  std::string certificate_;
};

TEST_F(ClientAssertion, ACertificateProvesTheClientAndTheTokenSaysSo) {
  http::Response response = token(asks(assertion()));
  ASSERT_EQ(response.status, 200) << response.body;
  const std::string access(*json::text_at(object_of(response), "access_token"));
  EXPECT_EQ(json::text_at(crypto::peek_jws(access)->claims, "azpacr"), "2");
  // The assertion names its client by itself.
  EXPECT_EQ(token(with(asks(assertion()), "client_id", "")).status, 200);
  // A secret of the same application goes on holding beside it.
  EXPECT_EQ(
      token(with(with(with(asks(""), "client_assertion", ""), "client_assertion_type", ""), "client_secret", kSecret))
          .status,
      200);
}

TEST_F(ClientAssertion, TheKeyDecidesTheAlgorithm) {
  const std::string pss =
      crypto::sign_jws(header(), claims(), crypto::Key::from_private_pem(rsa_.private_pem(), Algorithm::PS256).value());
  EXPECT_EQ(token(asks(pss)).status, 200);
  json::Object by_sha256{{"typ", "JWT"}, {"x5t#S256", text::to_base64url(crypto::sha256(certificate_))}};
  EXPECT_EQ(token(asks(crypto::sign_jws(by_sha256, claims(), rsa_))).status, 200);
  json::Object by_kid{{"typ", "JWT"}, {"kid", text::upper(text::to_hex(crypto::sha1(certificate_)))}};
  EXPECT_EQ(token(asks(crypto::sign_jws(by_kid, claims(), rsa_))).status, 200);

  const crypto::Key elliptic = crypto::Key::generate(Algorithm::ES256).value();
  const std::string rsa_certificate = certificate_;
  register_certificate(kConnector, elliptic, kNow + days{30});
  EXPECT_EQ(token(asks(crypto::sign_jws(header(), claims(), elliptic))).status, 200);
  // One key's certificate, another one's signature.
  certificate_ = rsa_certificate;
  EXPECT_EQ(refusal(crypto::sign_jws(header(), claims(), elliptic)), 700027);
  // Unsigned, or "signed" with the public key as a secret.
  const std::string body = text::to_base64url(json::to_text(claims()));
  EXPECT_EQ(
      refusal(text::to_base64url(R"({"alg":"none","x5t":")" + std::string(*json::text_at(header(), "x5t")) + "\"}") +
              "." + body + "."),
      700027);
  const std::string head =
      text::to_base64url(R"({"alg":"HS256","x5t":")" + std::string(*json::text_at(header(), "x5t")) + "\"}");
  EXPECT_EQ(
      refusal(head + "." + body + "." + text::to_base64url(crypto::hmac_sha256(rsa_.public_pem(), head + "." + body))),
      700027);
}

TEST_F(ClientAssertion, AnAssertionIsGoodOnce) {
  const std::string once = assertion();
  EXPECT_EQ(token(asks(once)).status, 200);
  EXPECT_EQ(refusal(once), 700027);
  EXPECT_EQ(refusal(with_claim("jti", nullptr)), 700027);
}

TEST_F(ClientAssertion, OnlyTheIssuerIsItsAudienceUnlessTheApplicationSaysOtherwise) {
  const std::string endpoint = kBase + "/" + kContoso.value + "/oauth2/v2.0/token";
  for (const json::Value& audience : {json::Value(endpoint), json::Value(kBase), json::Value(nullptr),
                                      json::Value(kBase + "/" + kContoso.value + "/v2.0/"),
                                      json::Value(json::Array{json::Value(kBase + "/" + kContoso.value + "/v2.0"),
                                                              json::Value("https://other.example")})})
    EXPECT_EQ(refusal(with_claim("aud", audience)), 700023) << json::to_text(audience);
  Status changed = store_->write([&](store::Transaction& tx) -> Status {
    directory::Application lenient = *directory::find_application(tx, kContoso, kConnector);
    lenient.accepts_token_endpoint_audience = true;
    return directory::update_application(tx, kContoso, lenient, {}, kNow);
  });
  ASSERT_TRUE(changed.ok());
  EXPECT_EQ(token(asks(with_claim("aud", json::Value(endpoint)))).status, 200);
  EXPECT_EQ(refusal(with_claim("aud", json::Value(kBase + "/" + kFabrikam.value + "/oauth2/v2.0/token"))), 700023);
}

TEST_F(ClientAssertion, TimesAndNamesMustBeRight) {
  const std::int64_t now = to_unix_seconds(kNow);
  EXPECT_EQ(refusal(with_claim("exp", now)), 700024);
  EXPECT_EQ(refusal(with_claim("exp", nullptr)), 700024);
  EXPECT_EQ(refusal(with_claim("exp", now + 901)), 700024);
  EXPECT_EQ(refusal(with_claim("nbf", now + 301)), 700024);
  EXPECT_EQ(refusal(with_claim("iss", json::Value("someone"))), 700027);
  EXPECT_EQ(refusal(with_claim("sub", json::Value(kPortal.value))), 700027);
  EXPECT_EQ(refusal("a.b.c"), 700027);
  EXPECT_EQ(number_of(token(with(asks(assertion()), "client_id", kPortal.value))), 700027);
  EXPECT_EQ(number_of(token(with(asks(assertion()), "client_assertion_type", "saml"))), 9002313);
  EXPECT_EQ(number_of(token(with(asks(assertion()), "client_secret", kSecret))), 9002313);
}

TEST_F(ClientAssertion, AnExpiredCertificateIsSaidToBeSo) {
  const crypto::Key key = crypto::Key::generate(Algorithm::RS256).value();
  register_certificate(kConnector, key, kNow);
  EXPECT_EQ(refusal(crypto::sign_jws(header(), claims(), key)), 7000222);
}

TEST_F(ClientAssertion, WhateverIsWrongTheSameWorkIsDone) {
  auto work_of = [&](const std::string& client, const std::string& secret) {
    const auto before = secret_hashes();
    token({{"grant_type", "client_credentials"},
           {"client_id", client},
           {"client_secret", secret},
           {"scope", "x/.default"}});
    return secret_hashes() - before;
  };
  EXPECT_EQ(work_of(kConnector.value, "wrong"), 1U);
  EXPECT_EQ(work_of(kConnector.value, kSecret), 1U);
  EXPECT_EQ(work_of("aaaaaaaa-0000-4000-8000-00000000ffff", "wrong"), 1U);

  auto password_work_of = [&](const std::string& login) {
    http::Response page = authorize(mac_asks());
    const auto before = password_checks();
    send("POST", attribute(page.body, "action=\""), {},
         text::to_form({{"ctx", context_of(page)}, {"login", login}, {"passwd", "wrong"}}));
    return password_checks() - before;
  };
  EXPECT_EQ(password_work_of("amina@contoso.example"), 1U);
  EXPECT_EQ(password_work_of("nobody@contoso.example"), 1U);
}

TEST_F(ClientAssertion, AStrangerDoesNotLockOutTheOwner) {
  ASSERT_EQ(log_in(authorize(mac_asks())).status, 303);  // here, before
  address_ = "203.0.113.66";
  for (int guess = 0; guess < 10; ++guess) EXPECT_EQ(number_of(log_in(authorize(mac_asks()), "wrong")), 50126);
  EXPECT_EQ(number_of(log_in(authorize(mac_asks()))), 50053) << "the stranger is stopped, with the right password too";
  address_ = "203.0.113.67";
  EXPECT_EQ(number_of(log_in(authorize(mac_asks()))), 50053) << "from every other strange place too";
  address_ = "192.0.2.7";
  EXPECT_EQ(log_in(authorize(mac_asks())).status, 303) << "the owner is not";
}

}  // namespace
}  // namespace wardbridge::oauth
