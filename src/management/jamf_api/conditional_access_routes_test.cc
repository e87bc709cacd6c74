#include <gmock/gmock.h>

#include "management/jamf_api/face_under_test.h"

namespace wardbridge::jamf_api {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kPath = "/api/v1/wardbridge/conditional-access";

// A tenant that takes one secret, and any provisioning.
class ConditionalAccessTest : public Face {
 protected:
  ConditionalAccessTest() {
    tenant_.add("GET", "/{tenant}/v2.0/.well-known/openid-configuration",
                [](const http::Request&) { return http::text_response(200, "{}"); });
    tenant_.add("POST", "/{tenant}/oauth2/v2.0/token", [this](const http::Request& request) {
      auto form = text::parse_form(request.body).value();
      if (text::form_value(form, "client_secret") != secret_) {
        return http::text_response(401, R"({"error":"invalid_client","error_codes":[7000215]})");
      }
      std::string token =
          text::to_base64url(R"({"alg":"RS256"})") + "." +
          text::to_base64url(R"({"tid":"0f7c6f1a-5a57-4c1e-9c5f-2f9a0c1d2e3f","roles":)" + roles_ + "}") + "." +
          text::to_base64url("x");
      return http::text_response(200, R"({"expires_in":3599,"access_token":")" + token + R"("})");
    });
    tenant_.add("GET", "/v1.0/servicePrincipals",
                [](const http::Request&) { return http::text_response(200, R"({"value":[{"id":"sp"}]})"); });
    tenant_.add("GET", "/v1.0/servicePrincipals/{id}/endpoints", [](const http::Request&) {
      return http::text_response(
          200, R"({"value":[{"providerName":"PartnerTenantDataSyncService","uri":"https://far.example/t"},
                            {"providerName":"PartnerDeviceDataSyncService","uri":"https://far.example/d"}]})");
    });
    tenant_.add("PUT", "/t/PartnerTenants(guid'{tenant}')", [this](const http::Request& request) {
      provisioning_ = json::parse(request.body).value();
      return http::text_response(200, R"({"Provisioned":1})");
    });
    tenant_.add("PUT", "/t/PartnerTenantHeartbeat(guid'{tenant}')",
                [](const http::Request&) { return http::text_response(200, "{}"); });
    tenants_.attach("https://far.example:443", tenant_);
  }

  static json::Object form() {
    return {{"sovereignCloud", "custom"},
            {"loginUrl", "https://far.example"},
            {"graphUrl", "https://far.example"},
            {"tenantName", "contoso.example"},
            {"applicationId", "6d1f2a3b-0000-4000-8000-000000000005"},
            {"clientSecret", "a~secret"},
            {"clientSecretExpires", "2027-01-01T00:00:00Z"}};
  }
  Answer save(const json::Object& changes = form()) { return put(kPath, json::to_text(changes)); }

  http::Router tenant_;
  std::string secret_ = "a~secret";
  std::string roles_ = R"(["update_device_attributes"])";
  json::Value provisioning_;
};

TEST_F(ConditionalAccessTest, NothingIsConfiguredAtFirst) {
  Answer shown = get(kPath);
  EXPECT_EQ(shown.status, 200);
  EXPECT_EQ(shown.at("enabled"), "false");
  EXPECT_EQ(shown.at("state"), "notConfigured");
  EXPECT_EQ(shown.at("clouds.1.displayName"), "US Government GCC High");
  EXPECT_EQ(shown.at("clouds.1.graphUrl"), "https://graph.microsoft.us");
  expect_error(post(std::string(kPath) + "/run-test", "{}"), 409, "NOT_CONFIGURED");
  expect_error(save({{"enabled", false}}), 409, "NOT_CONFIGURED");
}

TEST_F(ConditionalAccessTest, SavingTestsStepByStepAndNeverShowsTheSecret) {
  Answer saved = save();
  ASSERT_EQ(saved.status, 200) << saved.text;
  EXPECT_EQ(saved.at("enabled"), "true");
  EXPECT_EQ(saved.at("lastTest.works"), "true") << saved.text;
  EXPECT_EQ(saved.at("lastTest.steps.3.name"), "permission");
  EXPECT_EQ(saved.at("lastTest.steps.6.name"), "heartbeat");
  EXPECT_EQ(saved.at("clientSecretSet"), "true");
  EXPECT_EQ(saved.at("clientSecretExpires"), "2027-01-01T00:00:00.000Z");
  EXPECT_EQ(saved.at("landingPage.type"), "registration");
  EXPECT_EQ(saved.at("wardbridgeWarnings.0.reason"), "no_verdicts");
  EXPECT_THAT(saved.at("administratorConsentUrl"),
              HasSubstr("https://far.example/contoso.example/adminconsent?client_id="));
  EXPECT_THAT(saved.text, Not(HasSubstr("a~secret")));
  EXPECT_EQ(provisioning_.at("PartnerEnrollmentUrl"), "https://jamf.example/DeviceRegistration.html");
  EXPECT_EQ(connection_changes_, 2) << "saved, and tested";
}

TEST_F(ConditionalAccessTest, AFailingStepNamesCauseAndRemedy) {
  secret_ = "another";
  Answer saved = save();
  EXPECT_EQ(saved.status, 200) << "what was typed is kept";
  EXPECT_EQ(saved.at("lastTest.works"), "false");
  EXPECT_EQ(saved.at("lastTest.steps.2.name"), "token");
  EXPECT_EQ(saved.at("lastTest.steps.2.reason"), "invalid_client");
  EXPECT_THAT(saved.at("lastTest.steps.2.remedy"), HasSubstr("secret"));
  secret_ = "a~secret";
  roles_ = R"(["update_device_attributes","get_data_warehouse"])";
  Answer tested = post(std::string(kPath) + "/run-test", "{}");
  EXPECT_EQ(tested.at("steps.3.reason"), "permission_extra");
  roles_ = "[]";
  EXPECT_EQ(post(std::string(kPath) + "/run-test", "{}").at("steps.3.reason"), "permission_missing");
  EXPECT_EQ(get(kPath).at("lastTest.steps.3.reason"), "permission_missing");
}

TEST_F(ConditionalAccessTest, DisablingKeepsTheConfiguration) {
  ASSERT_EQ(save().status, 200);
  Answer off = save({{"enabled", false}});
  EXPECT_EQ(off.at("enabled"), "false");
  EXPECT_EQ(off.at("state"), "terminating");
  EXPECT_EQ(off.at("tenantName"), "contoso.example");
  Answer on = save({{"enabled", true}});
  EXPECT_EQ(on.at("enabled"), "true");
  EXPECT_EQ(on.at("lastTest.works"), "true") << "with the secret of before";
}

TEST_F(ConditionalAccessTest, CloudsAndLandingPagesAreChosenByName) {
  ASSERT_EQ(save().status, 200);
  tenants_.detach("https://far.example:443");
  Answer moved = save({{"sovereignCloud", "usGovDod"}, {"landingPage", json::Object{{"type", "accessDenied"}}}});
  EXPECT_EQ(moved.at("graphUrl"), "https://dod-graph.microsoft.us");
  EXPECT_EQ(moved.at("landingPage.url"), "https://jamf.example/AccessDenied.html");
  EXPECT_EQ(moved.at("lastTest.steps.1.name"), "reachability");
  Answer custom = save({{"landingPage", json::Object{{"type", "custom"}, {"url", "https://help.example/mac"}}}});
  EXPECT_EQ(custom.at("landingPage.url"), "https://help.example/mac");
  EXPECT_EQ(custom.at("sovereignCloud"), "usGovDod");
  expect_error(save({{"sovereignCloud", "mars"}}), 400, "INVALID_FIELD", "sovereignCloud");
  expect_error(save({{"landingPage", json::Object{{"type", "custom"}, {"url", "http://help.example"}}}}), 400,
               "INVALID_FIELD", "landingPage");
  expect_error(save({{"landingPage", json::Object{{"type", "x"}}}}), 400, "INVALID_FIELD", "landingPage");
  expect_error(save({{"sovereignCloud", "custom"}, {"loginUrl", "https://10.1.2.3"}}), 400, "INVALID_FIELD",
               "loginUrl");
  expect_error(save({{"connectionType", "cloudConnector"}}), 400, "INVALID_FIELD", "connectionType");
  expect_error(save({{"tenantName", "a/b"}}), 400, "INVALID_FIELD", "tenantName");
  expect_error(save({{"applicationId", "jamf"}}), 400, "INVALID_FIELD", "applicationId");
}

TEST_F(ConditionalAccessTest, TheLandingPagesAreServedToAnyone) {
  for (const auto& [path, words] :
       {std::pair{"/DeviceRegistration.html", "Self Service"}, {"/AccessDenied.html", "Access denied"}}) {
    Answer page = send("GET", path, "", "");
    EXPECT_EQ(page.status, 200);
    EXPECT_THAT(page.text, HasSubstr(words));
    EXPECT_THAT(page.headers.get("Content-Security-Policy").value_or(""), HasSubstr("frame-ancestors 'none'"));
  }
}

TEST_F(ConditionalAccessTest, AnUpdateIsSentOnlyByAnActiveConnection) {
  expect_error(post(std::string(kPath) + "/send-update", "{}"), 409, "NOT_CONFIGURED");
  ASSERT_EQ(save().status, 200);
  Answer early = post(std::string(kPath) + "/send-update", "{}");
  expect_error(early, 409, "NOT_ACTIVE");
  EXPECT_THAT(early.text, HasSubstr("is not active"));
}

TEST_F(ConditionalAccessTest, ASecretIsRotatedByRehearsingItFirst) {
  ASSERT_EQ(save().status, 200);
  const std::string path = std::string(kPath) + "/next-client-secret";
  Answer wrong = post(path, R"({"clientSecret":"typo"})");
  EXPECT_EQ(wrong.at("works"), "false");
  EXPECT_EQ(wrong.at("stored"), "false");
  EXPECT_EQ(get(kPath).at("nextClientSecretSet"), "false");
  secret_ = "b~secret";
  Answer rehearsed = post(path, R"({"clientSecret":"b~secret","checkOnly":true})");
  EXPECT_EQ(rehearsed.at("works"), "true");
  EXPECT_EQ(rehearsed.at("stored"), "false");
  Answer staged = post(path, R"({"clientSecret":"b~secret","clientSecretExpires":"2028-01-01T00:00:00Z"})");
  EXPECT_EQ(staged.at("stored"), "true");
  EXPECT_EQ(get(kPath).at("nextClientSecretExpires"), "2028-01-01T00:00:00.000Z");
  EXPECT_EQ(post(path + "/promote", "{}").status, 204);
  EXPECT_EQ(get(kPath).at("clientSecretExpires"), "2028-01-01T00:00:00.000Z");
  expect_error(post(path + "/promote", "{}"), 409, "NO_NEXT_SECRET");
  EXPECT_EQ(post(std::string(kPath) + "/run-test", "{}").at("works"), "true");
  expect_error(post(path, R"({"clientSecret":"-----BEGIN CERTIFICATE-----"})"), 400, "INVALID_FIELD", "clientSecret");
}

TEST_F(ConditionalAccessTest, BothPrivilegesAreAskedFor) {
  std::string reader = client("reader", {"Read Conditional Access"});
  EXPECT_EQ(send_as(reader, "GET", kPath).status, 200);
  for (const char* path : {"/run-test", "/send-update", "/next-client-secret", "/next-client-secret/promote"}) {
    EXPECT_EQ(send_as(reader, "POST", std::string(kPath) + path, "{}").status, 403) << path;
  }
  EXPECT_EQ(send_as(reader, "PUT", kPath, "{}").status, 403);
  EXPECT_EQ(send_as(client("nobody", {"Read Computers"}), "GET", kPath).status, 403);
}

}  // namespace
}  // namespace wardbridge::jamf_api
