#include "platform/log/log.h"
#include "platform/metrics/metrics.h"
#include "tenant/directory/credentials.h"
#include "tenant/oauth/housekeeping.h"
#include "tenant/oauth/oauth_fixture.h"
#include "tenant/oauth/operator_routes.h"

namespace wardbridge::oauth {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

class Operator : public OAuthTest {
 protected:
  Operator() { register_operator_routes(router_, *store_, tokens_); }

  http::Headers as(std::vector<std::string> roles, const directory::TenantId& tenant = kContoso) {
    auto token = tokens_.issue(tenant,
                               tokens::AccessToken{.audience = directory::kGraphAppId.value,
                                                   .client = kConnector,
                                                   .client_name = "Console",
                                                   .client_proof = tokens::ClientProof::secret,
                                                   .service_principal = {kConnector.value},
                                                   .roles = std::move(roles)},
                               now_);
    return {{"Authorization", "Bearer " + *token}, {"Content-Type", "application/json"}};
  }
  std::size_t keys_listed() {
    http::Response response = send("GET", "/contoso.example/wardbridge/signingKeys", as({"Directory.Read.All"}));
    EXPECT_EQ(response.status, 200) << response.body;
    return object_of(response).at("value").as_array().size();
  }
};

TEST_F(Operator, KeysAreListedRotatedAndRetained) {
  EXPECT_EQ(keys_listed(), 1U);
  const http::Headers writer = as({"Directory.ReadWrite.All"});
  http::Response rotated = send("POST", "/contoso.example/wardbridge/signingKeys/rotate", writer, "{}");
  ASSERT_EQ(rotated.status, 200) << rotated.body;
  const json::Array keys = object_of(rotated).at("value").as_array();
  ASSERT_THAT(keys, SizeIs(2));
  EXPECT_EQ(keys[0].at("state"), "published");
  EXPECT_EQ(keys[0].at("activeFromDateTime"), "2026-11-24T12:00:00Z");
  const std::string old_key(keys[1].at("kid").as_string());
  EXPECT_EQ(send("POST", "/contoso.example/wardbridge/signingKeys/rotate", writer, "{}").status, 409);
  EXPECT_EQ(
      send("PATCH", "/contoso.example/wardbridge/signingKeys/" + old_key, writer, R"({"isRetained":true})").status,
      204);
  EXPECT_EQ(send("PATCH", "/contoso.example/wardbridge/signingKeys/none", writer, R"({"isRetained":true})").status,
            404);
  rotated =
      send("POST", "/contoso.example/wardbridge/signingKeys/rotate", writer, R"({"leadHours":0,"algorithm":"ES256"})");
  const json::Array now_listed = object_of(rotated).at("value").as_array();
  EXPECT_EQ(std::ranges::count_if(
                now_listed,
                [](const json::Value& key) { return key.at("algorithm") == "ES256" && key.at("state") == "active"; }),
            1);
  for (const char* bad :
       {R"({"leadHours":-1})", R"({"algorithm":"HS256"})", R"({"leadHours":1,"withdrawsOld":true})", "["})
    EXPECT_EQ(
        send("POST", "/contoso.example/wardbridge/signingKeys/rotate", as({"Directory.ReadWrite.All"}), bad).status,
        400)
        << bad;
}

TEST_F(Operator, OnlyWhoMayAndOnlyInTheirTenant) {
  EXPECT_EQ(send("GET", "/contoso.example/wardbridge/signingKeys").status, 401);
  EXPECT_EQ(send("GET", "/contoso.example/wardbridge/signingKeys", as({})).status, 403);
  EXPECT_EQ(send("POST", "/contoso.example/wardbridge/signingKeys/rotate", as({"Directory.Read.All"}), "{}").status,
            403);
  EXPECT_EQ(send("GET", "/fabrikam.example/wardbridge/signingKeys", as({"Directory.Read.All"})).status, 404);
  EXPECT_EQ(send("GET", "/contoso.example/wardbridge/signingKeys", as({"Directory.Read.All"}, kFabrikam)).status, 404);
}

TEST_F(Operator, CredentialsAreListedBeforeTheyEnd) {
  Status added = store_->write(
      [&](store::Transaction& tx) { return add_secret(tx, kPortal, "soon", "another-secret", kNow + days{10}); });
  ASSERT_TRUE(added.ok());
  http::Response response =
      send("GET", "/contoso.example/wardbridge/expiringCredentials?days=14", as({"Application.Read.All"}));
  const json::Array list = object_of(response).at("value").as_array();
  ASSERT_THAT(list, SizeIs(2)) << response.body;
  EXPECT_EQ(list[0].at("isExpired"), true);
  EXPECT_EQ(list[1].at("keyId"), "soon");
  EXPECT_THAT(response.body, testing::Not(HasSubstr("another-secret")));
  EXPECT_EQ(send("GET", "/contoso.example/wardbridge/expiringCredentials?days=x", as({"Application.Read.All"})).status,
            400);
}

TEST_F(Operator, AWarningComesOncePerThresholdAndAfterTheEnd) {
  std::vector<std::string> lines;
  log::set_sink([&](std::string_view line) { lines.emplace_back(line); });
  Status added = store_->write(
      [&](store::Transaction& tx) { return add_secret(tx, kPortal, "soon", "another-secret", kNow + days{61}); });
  ASSERT_TRUE(added.ok());
  CredentialWatch watch(*store_);
  auto warned = [&](Duration later) {
    lines.clear();
    EXPECT_EQ(watch.run_once(kNow + later), kNow + later + hours{1});
    return std::ranges::count_if(lines, [](const std::string& line) { return line.find("\"soon\"") != line.npos; });
  };
  EXPECT_EQ(warned({}), 0);
  for (int days_before : {60, 30, 14, 7, 1}) {
    EXPECT_EQ(warned(days{61 - days_before}), 1) << days_before;
    EXPECT_EQ(warned(days{61 - days_before} + hours{1}), 0) << days_before;
  }
  EXPECT_THAT(metrics::exposition(), HasSubstr("wardbridge_credentials_expiring{within_days=\"1\"} 1"));
  EXPECT_EQ(warned(days{61}), 1);
  EXPECT_THAT(lines.front(), HasSubstr("credential_expired"));
  EXPECT_EQ(warned(days{62}), 0);
  log::set_sink(nullptr);
}

TEST_F(Operator, KeysRotateBySchedule) {
  KeyRotation rotation(*store_, tokens_, days{90});
  EXPECT_EQ(rotation.run_once(kNow), kNow + hours{1});
  now_ = kNow + days{89};
  rotation.run_once(now_);
  EXPECT_EQ(keys_listed(), 2U);
}

TEST_F(Operator, AMacThatWasRegisteredAgainIsShownWithWhatIsLeftOverOfIt) {
  std::vector<directory::DeviceId> ids;
  for (int i = 0; i < 3; ++i) {
    ids.push_back(add_device(crypto::Key::generate(crypto::Algorithm::ES256).value()));
    Status said = store_->write([&](store::Transaction& tx) -> Status {
      directory::Device device = *directory::find_device(tx, kContoso, ids.back());
      device.registration = kNow - days{i};
      TRY(directory::update_device(tx, kContoso, device, {}, kNow));
      TRY(directory::set_compliance(
          tx, kContoso, ids.back(),
          {.is_compliant = true,
           .is_managed = true,
           .expiration = kNow + hours{1},
           .partner_id = "p",
           .epoch = 1,
           .sequence = 1},
          {}, kNow,
          {.physical_ids = {directory::physical_id("SerialNumber", i == 2 ? "C02OTHER" : "C02SAME"),
                            directory::physical_id("UDID", i == 2 ? "other" : "same")}}));
      return done();
    });
    ASSERT_TRUE(said.ok()) << said.failure().message;
  }
  EXPECT_EQ(send("GET", "/contoso.example/wardbridge/duplicateDevices", as({"Directory.Read.All"})).status, 403);
  http::Response response = send("GET", "/contoso.example/wardbridge/duplicateDevices", as({"Device.Read.All"}));
  ASSERT_EQ(response.status, 200) << response.body;
  const json::Array groups = object_of(response).at("value").as_array();
  ASSERT_THAT(groups, SizeIs(1)) << "once, though two identifiers say so";
  const json::Array& devices = groups[0].at("devices").as_array();
  ASSERT_THAT(devices, SizeIs(2));
  EXPECT_EQ(devices[0].at("deviceId").as_string(), ids[0].value);
  EXPECT_EQ(devices[1].at("deviceId").as_string(), ids[1].value);
  EXPECT_EQ(devices[1].at("isCompliant"), true);
}

}  // namespace
}  // namespace wardbridge::oauth
