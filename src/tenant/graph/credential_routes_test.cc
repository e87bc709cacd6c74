#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "platform/crypto/crypto.h"
#include "support/empty_store.h"
#include "tenant/graph/graph.h"

namespace wardbridge::graph {
namespace {

using testing::HasSubstr;
using testing::Not;

const directory::TenantId kCredentialTenant{"11111111-1111-1111-1111-111111111111"};
const directory::AppId kOwner{"cccccccc-0000-0000-0000-00000000000a"};
const std::string kOwnerObject = "cccccccc-0000-0000-0000-00000000000b";
const Time kToday = parse_iso8601("2026-11-23T12:00:00Z").value();

class Credentials : public testing::Test {
 protected:
  void SetUp() override {
    store_ = test_support::empty_store();
    const store::Schema schemas[] = {audit::kSchema, directory::kSchema};
    ASSERT_TRUE(store_->migrate(schemas).ok());
    const Status filled = store_->write([](store::Transaction& tx) -> Status {
      TRY(directory::create_tenant(tx, {kCredentialTenant, "Example", {"example.org"}, kToday}));
      return directory::create_application(
          tx, kCredentialTenant, {.id = {kOwnerObject}, .app_id = kOwner, .display_name = "Owner"}, {}, kToday);
    });
    ASSERT_TRUE(filled.ok()) << filled.failure().message;
    register_routes(router_, {.store = *store_,
                              .entropy = entropy_,
                              .base_url = "https://graph.test",
                              .authenticate = [this](const http::Request&) -> Result<tokens::Caller> {
                                tokens::Caller caller{.tenant = kCredentialTenant, .is_application = true};
                                caller.roles = {permission_};
                                return caller;
                              }});
  }

  http::Response post(const std::string& action, const json::Object& body) {
    return router_.handle({.method = "POST",
                           .path = "/v1.0/applications/" + kOwnerObject + "/" + action,
                           .headers = {{"Content-Type", "application/json"}},
                           .body = json::to_text(body),
                           .received = kToday});
  }
  json::Object made(const http::Response& response) {
    EXPECT_EQ(response.status, 200) << response.body;
    return json::parse(response.body)->as_object();
  }
  std::vector<directory::Credential> stored() {
    return store_
        ->read([](store::Transaction& tx) -> Result<std::vector<directory::Credential>> {
          return directory::credentials(tx, kCredentialTenant, kOwner);
        })
        .value();
  }
  std::string certificate_of(const crypto::Key& key) {
    auto authority =
        crypto::CertificateAuthority::create({.common_name = "test",
                                              .not_before = kToday - days{1},
                                              .not_after = kToday + days{400},
                                              .use = crypto::CertificateTemplate::Use::authority},
                                             crypto::Key::generate(crypto::Algorithm::ES256).value(), entropy_);
    return text::to_base64(authority
                               ->issue({.common_name = "owner",
                                        .not_before = kToday - days{1},
                                        .not_after = kToday + days{100},
                                        .use = crypto::CertificateTemplate::Use::client},
                                       key, entropy_)
                               .value());
  }
  static std::string proof_with(const crypto::Key& key, Duration life = minutes{10}) {
    return crypto::sign_jws({{"typ", "JWT"}},
                            {{"aud", "00000002-0000-0000-c000-000000000000"},
                             {"iss", kOwnerObject},
                             {"exp", to_unix_seconds(kToday + life)}},
                            key);
  }
  static json::Object key_body(const std::string& certificate, const std::string& proof = "") {
    return {{"keyCredential", json::Object{{"type", "AsymmetricX509Cert"}, {"usage", "Verify"}, {"key", certificate}}},
            {"passwordCredential", nullptr},
            {"proof", proof}};
  }

  SeededEntropy entropy_{7};
  std::string permission_ = "Application.ReadWrite.All";
  std::unique_ptr<store::Store> store_;
  http::Router router_{http::Router::Case::insensitive};
};

TEST_F(Credentials, ASecretIsShownOnceAndTwoHoldSideBySide) {
  const json::Object first = made(post("addPassword", {{"passwordCredential", json::Object{{"displayName", "one"}}}}));
  const json::Object second = made(post("addPassword", {}));
  const std::string secret(*json::text_at(first, "secretText"));
  EXPECT_EQ(secret.size(), 40U);
  EXPECT_EQ(json::text_at(first, "hint"), secret.substr(0, 3));
  EXPECT_EQ(json::text_at(first, "endDateTime"), "2028-11-22T12:00:00Z");
  ASSERT_EQ(stored().size(), 2U);
  EXPECT_EQ(stored()[0].secret_hash.size(), 64U);
  http::Response shown =
      router_.handle({.method = "GET", .path = "/v1.0/applications/" + kOwnerObject, .received = kToday});
  EXPECT_THAT(shown.body, HasSubstr(*json::text_at(second, "keyId")));
  EXPECT_THAT(shown.body, Not(HasSubstr(secret)));

  EXPECT_EQ(post("removePassword", {{"keyId", *json::text_at(first, "keyId")}}).status, 204);
  EXPECT_EQ(post("removePassword", {{"keyId", *json::text_at(first, "keyId")}}).status, 400);
  EXPECT_EQ(stored().size(), 1U);
}

TEST_F(Credentials, BadSecretsAndCallersAreRefused) {
  auto with_end = [](const char* end) {
    return json::Object{{"passwordCredential", json::Object{{"endDateTime", end}}}};
  };
  EXPECT_EQ(post("addPassword", with_end("2026-11-23T12:00:00Z")).status, 400);
  EXPECT_EQ(post("addPassword", with_end("soon")).status, 400);
  EXPECT_EQ(post("removePassword", {}).status, 400);
  permission_ = "Application.Read.All";
  EXPECT_EQ(post("addPassword", {}).status, 403);
  EXPECT_TRUE(stored().empty());
}

TEST_F(Credentials, AFurtherCertificateNeedsTheProofOfAnEarlierOne) {
  const crypto::Key first = crypto::Key::generate(crypto::Algorithm::RS256).value();
  const crypto::Key second = crypto::Key::generate(crypto::Algorithm::ES256).value();
  const json::Object made_first = made(post("addKey", key_body(certificate_of(first))));
  EXPECT_EQ(json::text_at(made_first, "endDateTime"), "2027-03-03T12:00:00Z");
  EXPECT_EQ(post("addKey", key_body(certificate_of(second))).status, 403);
  EXPECT_EQ(post("addKey", key_body(certificate_of(second), proof_with(second))).status, 403);
  EXPECT_EQ(post("addKey", key_body(certificate_of(second), proof_with(first, minutes{11}))).status, 403);
  made(post("addKey", key_body(certificate_of(second), proof_with(first))));
  EXPECT_EQ(stored().size(), 2U);
  const std::string key_id(*json::text_at(made_first, "keyId"));
  EXPECT_EQ(post("removeKey", {{"keyId", key_id}}).status, 403);
  EXPECT_EQ(post("removeKey", {{"keyId", key_id}, {"proof", proof_with(second)}}).status, 204);
  EXPECT_EQ(stored().size(), 1U);
  EXPECT_EQ(post("addKey", key_body("not base64")).status, 400);
  EXPECT_EQ(post("addKey", key_body("bm90IGEgY2VydGlmaWNhdGU=")).status, 400);
}

}  // namespace
}  // namespace wardbridge::graph
