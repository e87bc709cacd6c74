#include "tenant/registration/registration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/empty_store.h"
#include "tenant/policies/policies.h"

namespace wardbridge::registration {
namespace {

using testing::HasSubstr;

const Time kNow = parse_iso8601("2026-11-23T12:00:00Z").value();
const std::string kBase = "https://login.example:8443";
const directory::TenantId kContoso{"11111111-1111-4111-8111-111111111111"};
const directory::TenantId kFabrikam{"22222222-2222-4222-8222-222222222222"};

json::Object object_of(const http::Response& response) {
  auto body = json::parse(response.body);
  EXPECT_TRUE(body.ok() && body->is_object()) << response.body;
  return body.ok() && body->is_object() ? body->get_object() : json::Object{};
}

std::string reason_of(const http::Response& response) {
  return std::string(json::text_at(object_of(response), "ErrorType").value_or(""));
}

class RegistrationTest : public testing::Test {
 protected:
  RegistrationTest() : store_(test_support::empty_store()) {
    const store::Schema schemas[] = {audit::kSchema, directory::kSchema, policies::kSchema, tokens::kSchema, kSchema};
    EXPECT_TRUE(store_->migrate(schemas).ok());
    Status filled = store_->write([&](store::Transaction& tx) -> Status {
      TRY(directory::create_tenant(tx, {kContoso, "Contoso", {"contoso.example"}, kNow}));
      TRY(directory::create_tenant(tx, {kFabrikam, "Fabrikam", {"fabrikam.example"}, kNow}));
      TRY(directory::create_user(tx, kContoso, amina_, {}, kNow));
      TRY(directory::create_user(tx, kContoso, boris_, {}, kNow));
      return directory::create_user(tx, kFabrikam, amina_, {}, kNow);
    });
    EXPECT_TRUE(filled.ok()) << filled.failure().message;
    register_routes(router_, {*store_, tokens_, certificates_, entropy_});
  }

  std::string token_for(const directory::User& user, const directory::TenantId& tenant = kContoso,
                        Time authenticated = kNow - minutes{1},
                        const directory::AppId& client = directory::kAuthenticationBrokerAppId) {
    return tokens_
        .issue(tenant,
               tokens::AccessToken{.audience = directory::kDeviceRegistrationAppId.value,
                                   .client = client,
                                   .user = user,
                                   .scopes = {std::string(tokens::kRegistrationScope)},
                                   .authenticated = authenticated},
               kNow)
        .value();
  }

  static json::Object body_for(const crypto::Key& key) {
    const std::string request = crypto::make_certificate_request(key, "7E980AD9-B86D-4306-9425-9AC066FB014A");
    json::Object body{{"CertificateRequest", {{"Type", "pkcs10"}, {"Data", text::to_base64(request)}}},
                      {"DeviceDisplayName", "Amina's Mac"},
                      {"DeviceType", "MacOS"},
                      {"OSVersion", "15.1.0"},
                      {"TargetDomain", "contoso.example"},
                      {"JoinType", 4},
                      {"Attributes", {{"ReuseDevice", "true"}, {"ReturnClientSid", "true"}}}};
    if (key.algorithm() == crypto::Algorithm::ES256) {
      body["DeviceKeys"] =
          json::Array{json::Object{{"Data", key.public_jwk()}, {"Encoding", "JWK"}, {"Type", "ECC"}, {"Usage", "STK"}}};
    } else {
      body["TransportKey"] = text::to_base64(json::to_text(key.public_jwk()));
    }
    return body;
  }

  http::Response enroll(const json::Object& body, const std::string& token, const std::string& version,
                        const std::string& certificate = {}) {
    return router_.handle({.method = "POST",
                           .path = "/EnrollmentServer/device/",
                           .query = "api-version=" + version,
                           .headers = {{"Authorization", "Bearer " + token}, {"Content-Type", "application/json"}},
                           .body = json::to_text(body),
                           .peer = {"192.0.2.1", certificate},
                           .id = "trace",
                           .received = kNow});
  }

  // Registers and returns the certificate.
  std::string registered(const crypto::Key& key, const directory::User& user, const std::string& old_certificate = {}) {
    const char* version = key.algorithm() == crypto::Algorithm::ES256 ? "3.0" : "2.0";
    http::Response response = enroll(body_for(key), token_for(user), version, old_certificate);
    EXPECT_EQ(response.status, 200) << response.body;
    const json::Object body = object_of(response);
    const json::Object* certificate = json::object_at(body, "Certificate");
    return text::from_base64(certificate ? json::text_at(*certificate, "RawBody").value_or("") : "").value_or("");
  }

  std::vector<directory::Device> devices(const directory::TenantId& tenant = kContoso) {
    return store_
        ->read([&](store::Transaction& tx) -> Result<std::vector<directory::Device>> {
          return directory::devices(tx, tenant);
        })
        .value();
  }

  http::Response unregister(const std::string& id, const std::string& certificate, const std::string& token = {}) {
    http::Request request{.method = "DELETE",
                          .path = "/EnrollmentServer/device/" + id,
                          .peer = {"192.0.2.1", certificate},
                          .received = kNow};
    if (!token.empty()) request.headers.set("Authorization", "Bearer " + token);
    return router_.handle(request);
  }

  const directory::User amina_{.id = {"44444444-4444-4444-8444-444444444444"},
                               .user_principal_name = "amina@contoso.example",
                               .display_name = "Amina Diallo"};
  const directory::User boris_{.id = {"66666666-6666-4666-8666-666666666666"},
                               .user_principal_name = "boris@contoso.example",
                               .display_name = "Boris"};
  SeededEntropy entropy_{11};
  crypto::Sealer sealer_{std::string(32, 'k')};
  std::unique_ptr<store::Store> store_;
  tokens::Authority tokens_{*store_, sealer_, entropy_, kBase};
  DeviceCertificates certificates_{*store_, sealer_, entropy_};
  http::Router router_;
  const crypto::Key elliptic_ = crypto::Key::generate(crypto::Algorithm::ES256).value();
};

TEST_F(RegistrationTest, DiscoveryNamesTheServicesOfTheTenant) {
  http::Response response = router_.handle({.method = "GET", .path = "/contoso.example/Discover"});
  ASSERT_EQ(response.status, 200);
  const json::Object document = object_of(response);
  const json::Object* join = json::object_at(document, "DeviceJoinService");
  ASSERT_NE(join, nullptr);
  EXPECT_EQ(json::text_at(*join, "JoinEndpoint"), kBase + "/EnrollmentServer/device/");
  EXPECT_EQ(json::text_at(*join, "JoinResourceId"), "urn:ms-drs:login.example:8443");
  EXPECT_EQ(json::text_at(*json::object_at(document, "TenantInfo"), "TenantId"), kContoso.value);

  EXPECT_EQ(router_.handle({.method = "GET", .path = "/nobody.example/Discover"}).status, 404);
  http::Response nonce = router_.handle({.method = "GET", .path = "/EnrollmentServer/nonce/contoso.example/"});
  EXPECT_TRUE(json::text_at(object_of(nonce), "Value").has_value());
}

TEST_F(RegistrationTest, RsaAndEllipticMacsBecomeKnownButNotCompliant) {
  const crypto::Key rsa = crypto::Key::generate(crypto::Algorithm::RS256).value();
  for (const crypto::Key& key : {rsa, elliptic_}) {
    const std::string certificate = registered(key, amina_);
    auto facts = crypto::read_certificate(certificate).value();
    EXPECT_EQ(facts.issuer_common_name, "MS-Organization-Access");
    EXPECT_GT(facts.not_after, kNow + days{3650});
    auto device = certificates_.holder(kContoso, certificate, kNow).value();
    EXPECT_EQ(device.device_id.value, facts.subject_common_name);
    EXPECT_EQ(device.certificate_sha1_thumbprint, facts.sha1_thumbprint_hex);
    EXPECT_EQ(device.display_name, "Amina's Mac");
    EXPECT_EQ(device.operating_system, "macOS");
    EXPECT_EQ(device.registered_owner, amina_.id);
    EXPECT_FALSE(device.compliance.has_value());
    EXPECT_FALSE(device.is_compliant_at(kNow));
  }
  EXPECT_EQ(devices().size(), 2U);
}

TEST_F(RegistrationTest, OnlyAFreshUserTokenOfTheBrokerRegisters) {
  const json::Object body = body_for(elliptic_);
  auto refusal = [&](const std::string& token) { return reason_of(enroll(body, token, "3.0")); };
  EXPECT_EQ(refusal("garbage"), "bad_token");
  EXPECT_EQ(refusal(token_for(amina_, kContoso, kNow - minutes{11})), "fresh_sign_in_required");
  EXPECT_EQ(refusal(token_for(amina_, kContoso, kNow, directory::kGraphAppId)), "client_not_allowed");
  const auto application = tokens_.issue(kContoso,
                                         tokens::AccessToken{.audience = directory::kDeviceRegistrationAppId.value,
                                                             .client = directory::kAuthenticationBrokerAppId,
                                                             .service_principal = {"any"},
                                                             .roles = {std::string(tokens::kRegistrationScope)}},
                                         kNow);
  EXPECT_EQ(refusal(*application), "user_token_required");
  const auto for_graph = tokens_.issue(kContoso,
                                       tokens::AccessToken{.audience = directory::kGraphAppId.value,
                                                           .client = directory::kAuthenticationBrokerAppId,
                                                           .user = amina_,
                                                           .scopes = {std::string(tokens::kRegistrationScope)},
                                                           .authenticated = kNow},
                                       kNow);
  EXPECT_EQ(refusal(*for_graph), "wrong_audience");
  EXPECT_TRUE(devices().empty());
}

TEST_F(RegistrationTest, BadRequestsNameTheField) {
  auto refusal = [&](const char* member, const auto& value) {
    json::Object body = body_for(elliptic_);
    body[member] = value;
    http::Response response = enroll(body, token_for(amina_), "3.0");
    EXPECT_EQ(response.status, 400) << member;
    return reason_of(response);
  };
  EXPECT_EQ(refusal("JoinType", 0), "bad_join_type");
  EXPECT_EQ(refusal("JoinType", "4"), "bad_field_type");
  EXPECT_EQ(refusal("DeviceType", "Windows"), "bad_device_type");
  EXPECT_EQ(refusal("TargetDomain", "fabrikam.example"), "wrong_domain");
  EXPECT_EQ(refusal("DeviceKeys", json::Array{}), "missing_field");
  EXPECT_EQ(refusal("DeviceDisplayName", std::string(300, 'x')), "too_long");
  EXPECT_EQ(refusal("CertificateRequest", nullptr), "missing_field");
  EXPECT_EQ(refusal("CertificateRequest", json::Object{{"Type", "pkcs10"}, {"Data", "%%%"}}),
            "bad_certificate_request");
  EXPECT_EQ(enroll(body_for(elliptic_), token_for(amina_), "1.0").status, 400);
  // The other generation's key.
  json::Object mixed = body_for(elliptic_);
  mixed["TransportKey"] = "e30=";
  EXPECT_EQ(reason_of(enroll(mixed, token_for(amina_), "2.0")), "bad_certificate_request");
  EXPECT_TRUE(devices().empty());
}

TEST_F(RegistrationTest, RegisteringAgainMakesANewDeviceUnlessTheOldKeyIsProved) {
  const std::string first = registered(elliptic_, amina_);
  const std::string id = crypto::read_certificate(first)->subject_common_name;

  // ReuseDevice alone proves nothing, and neither does somebody else's certificate.
  const crypto::Key second_key = crypto::Key::generate(crypto::Algorithm::ES256).value();
  EXPECT_NE(crypto::read_certificate(registered(second_key, amina_))->subject_common_name, id);
  EXPECT_NE(crypto::read_certificate(registered(second_key, boris_, first))->subject_common_name, id);

  const std::string renewed = registered(second_key, amina_, first);
  EXPECT_EQ(crypto::read_certificate(renewed)->subject_common_name, id);
  EXPECT_TRUE(certificates_.holder(kContoso, renewed, kNow).ok());
  EXPECT_EQ(certificates_.holder(kContoso, first, kNow).failure().reason, "other_device_key");
}

TEST_F(RegistrationTest, AUserHasALimitedNumberOfDevices) {
  for (std::size_t i = 0; i < kDevicesPerUser; ++i) registered(elliptic_, amina_);
  http::Response response = enroll(body_for(elliptic_), token_for(amina_), "3.0");
  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(reason_of(response), "device_quota_exceeded");
  EXPECT_EQ(devices().size(), kDevicesPerUser);
  registered(elliptic_, boris_);
}

TEST_F(RegistrationTest, ConditionalAccessMayForbidRegistering) {
  Status added = store_->write([&](store::Transaction& tx) -> Status {
    auto policy = json::parse(R"({"displayName": "No new devices", "state": "enabled",
      "conditions": {"users": {"includeUsers": ["All"]}, "clientAppTypes": ["all"],
                     "applications": {"includeUserActions": ["urn:user:registerdevice"]}},
      "grantControls": {"operator": "OR", "builtInControls": ["mfa"]}})");
    TRY(policies::create(tx, kContoso, "99999999-0000-0000-0000-000000000001", policy->as_object(), {}, kNow));
    return done();
  });
  ASSERT_TRUE(added.ok()) << added.failure().message;
  http::Response response = enroll(body_for(elliptic_), token_for(amina_), "3.0");
  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(reason_of(response), "blocked_by_conditional_access");
  EXPECT_THAT(response.body, HasSubstr("No new devices"));
  EXPECT_TRUE(devices().empty());
  // It asks for a second factor, which this sign-in brought.
  auto token = tokens_.issue(kContoso,
                             tokens::AccessToken{.audience = directory::kDeviceRegistrationAppId.value,
                                                 .client = directory::kAuthenticationBrokerAppId,
                                                 .user = amina_,
                                                 .scopes = {std::string(tokens::kRegistrationScope)},
                                                 .authenticated = kNow - minutes{1},
                                                 .methods = {"pwd", "mfa"}},
                             kNow);
  EXPECT_EQ(enroll(body_for(elliptic_), *token, "3.0").status, 200);
}

TEST_F(RegistrationTest, ForeignCertificatesHoldNothing) {
  const std::string certificate = registered(elliptic_, amina_);
  const auto facts = crypto::read_certificate(certificate).value();
  const directory::DeviceId id{facts.subject_common_name};
  EXPECT_EQ(certificates_.holder(kFabrikam, certificate, kNow).failure().reason, "foreign_certificate");
  // Fabrikam's own authority vouches for the very device id and key: Contoso does not care.
  const std::string foreign = certificates_.issue(kFabrikam, id, elliptic_, kNow).value();
  EXPECT_EQ(certificates_.holder(kContoso, foreign, kNow).failure().reason, "foreign_certificate");
  EXPECT_EQ(certificates_.holder(kContoso, certificate, kNow + days{3660}).failure().reason, "foreign_certificate");
  EXPECT_EQ(certificates_.holder(kContoso, "not DER", kNow).failure().reason, "foreign_certificate");
}

TEST_F(RegistrationTest, OnlyTheDeviceItselfOrItsOwnerRemovesIt) {
  const std::string certificate = registered(elliptic_, amina_);
  const std::string id = crypto::read_certificate(certificate)->subject_common_name;
  const std::string other = registered(elliptic_, boris_);

  EXPECT_EQ(unregister(id, {}).status, 401);
  EXPECT_EQ(unregister(id, other).status, 404);
  EXPECT_EQ(unregister(id, {}, token_for(boris_)).status, 404);
  // The same object id in another tenant is another person.
  EXPECT_EQ(unregister(id, {}, token_for(amina_, kFabrikam)).status, 404);
  EXPECT_EQ(unregister("00000000-0000-4000-8000-000000000000", certificate).status, 404);
  EXPECT_EQ(devices().size(), 2U);

  EXPECT_EQ(unregister(id, certificate).status, 200);
  EXPECT_EQ(certificates_.holder(kContoso, certificate, kNow).failure().reason, "device_deleted");
  EXPECT_EQ(unregister(crypto::read_certificate(other)->subject_common_name, {}, token_for(boris_)).status, 200);
  EXPECT_TRUE(devices().empty());
}

TEST_F(RegistrationTest, TheAuthorityOutlivesTheProcess) {
  const std::string certificate = registered(elliptic_, amina_);
  DeviceCertificates restarted(*store_, sealer_, entropy_);
  EXPECT_TRUE(restarted.holder(kContoso, certificate, kNow).ok());
}

TEST_F(RegistrationTest, TheAuthorityShowsInItsTenantsAuditLog) {
  registered(elliptic_, amina_);
  registered(elliptic_, boris_);
  auto rows = store_->read([&](store::Transaction& tx) -> Result<std::vector<audit::StoredEntry>> {
    return directory::audit_rows(tx, kContoso, 100);
  });
  EXPECT_EQ(std::count_if(rows->begin(), rows->end(),
                          [](const auto& row) { return row.entry.action == "Add device certificate authority"; }),
            1);
}

// Stored with the registration, or not at all.
TEST_F(RegistrationTest, TheOwnerIsToldByMailWhereThereIsAMailServer) {
  auto waiting = [&] {
    return store_
        ->read([](store::Transaction& tx) -> Result<std::int64_t> {
          return tx.query_one("SELECT COUNT(*) FROM registration_owner_mail", {})->integer(0);
        })
        .value();
  };
  registered(crypto::Key::generate(crypto::Algorithm::ES256).value(), amina_);
  EXPECT_EQ(waiting(), 0) << "no mail server, nothing to keep";

  int woken = 0;
  router_ = http::Router();
  register_routes(router_, {.store = *store_,
                            .tokens = tokens_,
                            .certificates = certificates_,
                            .entropy = entropy_,
                            .devices_per_user = 2,
                            .owner_mail_waits = [&] { ++woken; }});
  const crypto::Key key = crypto::Key::generate(crypto::Algorithm::ES256).value();
  registered(key, amina_);
  EXPECT_EQ(waiting(), 1);
  EXPECT_EQ(woken, 1);
  EXPECT_EQ(enroll(body_for(key), token_for(amina_), "3.0").status, 403) << "over the limit";
  EXPECT_EQ(waiting(), 1);
  EXPECT_EQ(woken, 1);
}

}  // namespace
}  // namespace wardbridge::registration
