#include <gmock/gmock.h>

#include "connector/partner/partner.h"
#include "connector/partner/wire.h"
#include "platform/crypto/crypto.h"

namespace wardbridge::partner {
namespace {

using ::testing::HasSubstr;

// A token endpoint that takes the secrets it is told to.
class TokenEndpoint final : public http::Transport {
 public:
  Result<http::Response> send(const http::OutboundRequest& request, Duration) override {
    if (request.url.ends_with("/.well-known/openid-configuration") && !issuer.empty()) {
      return http::Response{200, {}, R"({"issuer":")" + issuer + R"("})"};
    }
    if (request.url.find("/oauth2/") == std::string::npos) return unavailable("connect", "only tokens here");
    asked.push_back(text::parse_form(request.body).value());
    std::string secret = text::form_value(asked.back(), "client_secret").value_or("");
    std::string assertion = text::form_value(asked.back(), "client_assertion").value_or("");
    if (!assertion.empty() && !audience.empty()) {
      if (std::string_view(crypto::peek_jws(assertion)->claims.at("aud").as_string()) != audience)
        return http::Response{401, {}, R"({"error":"invalid_client","error_codes":[700023]})"};
    }
    if (secret == good || (good.empty() && secret.empty())) {
      return http::Response{200, {}, R"({"expires_in":60,"access_token":")" + token + R"("})"};
    }
    return http::Response{401, {}, refusal};
  }
  std::string good = "one";
  std::string audience;  // that assertions must have; empty: any
  std::string issuer;    // that the metadata names; empty: there is none
  std::string token = "a.b.c";
  std::string refusal = R"({"error":"invalid_client","error_codes":[7000222]})";
  std::vector<text::Form> asked;
};

class Credential : public ::testing::Test {
 protected:
  Client client(const std::string& secret, const std::string& next = "") {
    return Client(endpoint_, entropy_,
                  {.endpoints = {.login_base = "https://login.example"},
                   .tenant = "0f7c6f1a-5a57-4c1e-9c5f-2f9a0c1d2e3f",
                   .client_id = "client-1",
                   .client_secret = secret,
                   .next_client_secret = next});
  }
  std::string refusal(const std::string& body) {
    endpoint_.refusal = body;
    return client("wrong").tenant_id(now_).failure().reason;
  }
  // The key and a certificate of its own.
  std::string certificate_pem(const crypto::Key& key) {
    auto authority = crypto::CertificateAuthority::create({.common_name = "Wardbridge",
                                                           .organizational_units = {},
                                                           .dns_names = {},
                                                           .ip_addresses = {},
                                                           .not_before = now_ - days{1},
                                                           .not_after = now_ + days{1},
                                                           .use = crypto::CertificateTemplate::Use::authority},
                                                          key, entropy_)
                         .value();
    return authority.private_key_pem() + authority.certificate_pem();
  }
  // A token as the directory signs it, with these roles.
  static std::string token_with(const std::string& roles) {
    return text::to_base64url(R"({"alg":"RS256"})") + "." + text::to_base64url(R"({"roles":)" + roles + "}") + "." +
           text::to_base64url("x");
  }

  Time now_ = from_unix_seconds(1'800'000'000);
  TokenEndpoint endpoint_;
  SeededEntropy entropy_{1};
};

TEST_F(Credential, TheSecondSecretIsTriedOnlyWhenTheFirstIsRefused) {
  Client both = client("one", "two");
  ASSERT_TRUE(both.tenant_id(now_).ok());
  EXPECT_FALSE(both.needed_next_secret());
  EXPECT_EQ(endpoint_.asked.size(), 1u);
  endpoint_.good = "two";
  now_ += minutes{10};
  ASSERT_TRUE(both.tenant_id(now_).ok());
  EXPECT_TRUE(both.needed_next_secret());
  EXPECT_EQ(endpoint_.asked.size(), 3u);
  now_ += minutes{10};
  ASSERT_TRUE(both.tenant_id(now_).ok());
  EXPECT_EQ(endpoint_.asked.size(), 4u) << "the one that works goes first";
  endpoint_.good = "one";  // taken back over there
  now_ += minutes{10};
  ASSERT_TRUE(both.tenant_id(now_).ok());
  EXPECT_FALSE(both.needed_next_secret());
}

TEST_F(Credential, WithBothRefusedTheFirstIsWhatIsTold) {
  endpoint_.good = "three";
  auto answer = client("one", "two").tenant_id(now_);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.failure().reason, "secret_expired");
  EXPECT_EQ(answer.failure().kind, Problem::Kind::credentials);
}

TEST_F(Credential, NoOtherRefusalTriesTheSecond) {
  endpoint_.good = "two";
  endpoint_.refusal = R"({"error":"unauthorized_client","error_codes":[700016]})";
  EXPECT_EQ(client("one", "two").tenant_id(now_).failure().reason, "application_unknown");
  EXPECT_EQ(endpoint_.asked.size(), 1u);
}

TEST_F(Credential, TheDirectorysCodesAreToldApartAndEachHasARemedy) {
  for (const auto& [code, reason] : {std::pair{"7000215", "invalid_client"},
                                     {"7000222", "secret_expired"},
                                     {"700016", "application_unknown"},
                                     {"90002", "tenant_unknown"},
                                     {"90038", "other_cloud"}}) {
    EXPECT_EQ(refusal(std::string(R"({"error":"invalid_client","error_codes":[)") + code + "]}"), reason);
    EXPECT_FALSE(advice_on(reason).cause.empty()) << reason;
    EXPECT_FALSE(advice_on(reason).remedy.empty()) << reason;
  }
  EXPECT_TRUE(advice_on("never_heard_of").remedy.empty());
}

TEST_F(Credential, ACertificateProvesItselfWithAnAssertion) {
  crypto::Key key = crypto::Key::generate(crypto::Algorithm::RS256).value();
  std::string pem = certificate_pem(key);
  ASSERT_TRUE(is_certificate(pem));
  ASSERT_TRUE(check_client_secret(pem).ok());
  endpoint_.good.clear();
  ASSERT_TRUE(client(pem).tenant_id(now_).ok());
  const text::Form& form = endpoint_.asked.at(0);
  EXPECT_EQ(text::form_value(form, "client_assertion_type"), "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
  std::string assertion = text::form_value(form, "client_assertion").value();
  auto claims = crypto::verify_jws(assertion, key);
  ASSERT_TRUE(claims.ok());
  EXPECT_EQ(claims->at("iss"), "client-1");
  EXPECT_EQ(claims->at("sub"), "client-1");
  EXPECT_EQ(claims->at("aud"), "https://login.example/0f7c6f1a-5a57-4c1e-9c5f-2f9a0c1d2e3f/oauth2/v2.0/token");
  EXPECT_EQ(claims->at("exp").as_int64() - claims->at("iat").as_int64(), 600);
  EXPECT_EQ(text::from_base64url(std::string(crypto::peek_jws(assertion)->header.at("x5t").as_string()))->size(), 20u);
}

TEST_F(Credential, AnAssertionIsMadeForTheIssuerWhereTheTokenEndpointIsNotTaken) {
  const std::string tenant = "https://login.example/0f7c6f1a-5a57-4c1e-9c5f-2f9a0c1d2e3f";
  std::string pem = certificate_pem(crypto::Key::generate(crypto::Algorithm::RS256).value());
  endpoint_.good.clear();
  endpoint_.audience = tenant + "/v2.0";
  endpoint_.issuer = tenant + "/v2.0";
  Client strict = client(pem);
  ASSERT_TRUE(strict.tenant_id(now_).ok());
  EXPECT_EQ(endpoint_.asked.size(), 2u);
  ASSERT_TRUE(strict.tenant_id(now_ + hours{1}).ok());
  EXPECT_EQ(endpoint_.asked.size(), 3u) << "and it stays at that";
  // INVARIANT: whatever the metadata say, nothing is signed for an address of somebody else.
  endpoint_.audience = endpoint_.issuer = "https://login.evil.example/v2.0";
  EXPECT_EQ(client(pem).tenant_id(now_).failure().reason, "assertion_audience");
  EXPECT_EQ(endpoint_.asked.size(), 4u);
  EXPECT_FALSE(advice_on("assertion_audience").remedy.empty());
}

TEST_F(Credential, HalfACertificateIsRefusedAndAnySecretIsTaken) {
  crypto::Key key = crypto::Key::generate(crypto::Algorithm::RS256).value();
  EXPECT_EQ(check_client_secret(key.private_pem()).failure().reason, "bad_certificate");
  EXPECT_EQ(check_client_secret("-----BEGIN CERTIFICATE-----\nAAAA\n").failure().reason, "bad_certificate");
  EXPECT_TRUE(check_client_secret("BEGIN~whatever").ok());
}

TEST_F(Credential, ExactlyOnePermissionWorks) {
  auto reason = [&](const std::string& roles) {
    endpoint_.token = token_with(roles);
    auto answer = client("one").check_permissions(now_);
    return answer.ok() ? "works" : answer.failure().reason;
  };
  EXPECT_EQ(reason(R"(["update_device_attributes"])"), "works");
  EXPECT_EQ(reason("[]"), "permission_missing");
  EXPECT_EQ(reason("null"), "permission_missing");
  EXPECT_EQ(reason(R"(["get_device_compliance"])"), "permission_missing");
  EXPECT_EQ(reason(R"(["update_device_attributes","get_device_compliance"])"), "permission_extra");
  endpoint_.token = "opaque";
  auto unreadable = client("one").check_permissions(now_);
  ASSERT_TRUE(unreadable.ok());
  EXPECT_TRUE(unreadable->empty());
}

TEST(DevicePartnerBody, CarriesTheInventoryAsAnArray) {
  Upload upload{.device_id = "d-1",
                .is_managed = true,
                .is_compliant = true,
                .inventory = {{"SerialNumber", "C02"}, {"State", 2}},
                .security = {{"Encrypted", true}}};
  json::Object body = upload_body("t-1", upload, {}, Protocol::device_partner, kEpoch);
  const json::Array& entities = body.at("Content").as_array();
  EXPECT_EQ(entities.at(0).at("SerialNumber"), "C02");
  EXPECT_EQ(entities.at(0).at("State"), 2);
  EXPECT_EQ(entities.at(1).at("Encrypted"), true);
  EXPECT_EQ(entities.at(1).at("complianceStatus"), "compliant");
  EXPECT_TRUE(upload_body("t-1", upload, {}, Protocol::compliance_partner, kEpoch).at("Content").is_string());
}

}  // namespace
}  // namespace wardbridge::partner
