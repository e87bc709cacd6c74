// For the tests of this room: a tenant with people, applications, a policy and a Mac, and a browser that walks through
// the sign-in as the pages lead it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "support/empty_store.h"
#include "tenant/oauth/oauth.h"
#include "tenant/policies/policies.h"
#include "tenant/sign_ins/sign_ins.h"

namespace wardbridge::oauth {

inline const Time kNow = parse_iso8601("2026-11-23T12:00:00Z").value();
inline const std::string kBase = "https://login.example:8443";
inline const directory::TenantId kContoso{"11111111-1111-4111-8111-111111111111"};
inline const directory::TenantId kFabrikam{"22222222-2222-4222-8222-222222222222"};
inline const directory::AppId kConnector{"aaaaaaaa-0000-4000-8000-000000000001"};   // confidential, for the partner API
inline const directory::AppId kPayroll{"aaaaaaaa-0000-4000-8000-000000000002"};     // the resource that people open
inline const directory::AppId kPayrollMac{"aaaaaaaa-0000-4000-8000-000000000003"};  // its public client
inline const directory::AppId kPortal{"aaaaaaaa-0000-4000-8000-000000000004"};      // a web client with a secret
inline const std::string kSecret = "a-secret-with-many-random-bits";
inline const std::string kPassword = "correct horse battery staple";
inline const std::string kVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

class OAuthTest : public testing::Test {
 protected:
  OAuthTest() : OAuthTest(test_support::empty_store()) {}
  explicit OAuthTest(std::unique_ptr<store::Store> store) : store_(std::move(store)) {
    const store::Schema schemas[] = {audit::kSchema,       directory::kSchema, policies::kSchema,
                                     sign_ins::kSchema,    tokens::kSchema,    kSchema,
                                     registration::kSchema};
    EXPECT_TRUE(store_->migrate(schemas).ok());
    Status filled = store_->write([&](store::Transaction& tx) { return fill(tx); });
    EXPECT_TRUE(filled.ok()) << filled.failure().message;
    Dependencies dependencies{*store_, tokens_, certificates_, entropy_, sealer_};
    dependencies.help_link = [](const directory::TenantId&, int error_code) -> std::optional<std::string> {
      if (error_code != 53000) return std::nullopt;
      return "https://jamf.example/remediate";
    };
    register_routes(router_, dependencies);
  }

  Status fill(store::Transaction& tx) {
    for (const auto& [id, domain] : {std::pair{kContoso, "contoso.example"}, {kFabrikam, "fabrikam.example"}}) {
      TRY(directory::create_tenant(tx, {id, domain, {domain}, kNow}));
      TRY(tokens::bootstrap_first_party(tx, id, kBase, entropy_, {}, kNow));
    }
    TRY(directory::create_user(tx, kContoso, amina_, {}, kNow));
    TRY(add(tx, {.app_id = kConnector, .display_name = "Connector"}));
    TRY(directory::grant_app_role(tx, kContoso, kConnector, directory::kIntuneApiAppId,
                                  *tokens::first_party_role(directory::kIntuneApiAppId, "update_device_attributes"), {},
                                  kNow));
    TRY(add_secret(tx, kConnector, "live", kSecret, kNever));
    TRY(add_secret(tx, kConnector, "old", "an-expired-secret", kNow - days{1}));
    TRY(add(tx, {.app_id = kPayroll,
                 .display_name = "Payroll",
                 .identifier_uris = {"api://payroll"},
                 .scopes = {{"bbbbbbbb-0000-4000-8000-000000000001", "Pay.Read"},
                            {"bbbbbbbb-0000-4000-8000-000000000002", "Pay.Write"}}}));
    TRY(add(tx, {.app_id = kPayrollMac,
                 .display_name = "Payroll for Mac",
                 .public_client_redirect_uris = {"http://localhost/done", "msauth.example.payroll://auth"},
                 .is_public_client = true}));
    TRY(directory::grant_scopes(tx, kContoso, kPayrollMac, kPayroll, "Pay.Read", {}, kNow));
    TRY(add(tx,
            {.app_id = kPortal, .display_name = "Portal", .web_redirect_uris = {"https://portal.example/done?x=1"}}));
    return add_secret(tx, kPortal, "live", kSecret, kNever);
  }

  Status add(store::Transaction& tx, directory::Application application) {
    application.id.value = entropy_.guid();
    TRY(directory::create_application(tx, kContoso, application, {}, kNow));
    return directory::create_service_principal(
        tx, kContoso, {{entropy_.guid()}, application.app_id, application.display_name, true}, {}, kNow);
  }

  static Status add_secret(store::Transaction& tx, const directory::AppId& app, const std::string& name,
                           const std::string& secret, Time end) {
    return directory::add_credential(tx, kContoso, app,
                                     {.key_id = name,
                                      .display_name = name,
                                      .secret_hash = crypto::hash_token(secret),
                                      .start = kNow - days{30},
                                      .end = end},
                                     {}, kNow);
  }

  // --- Requests
  http::Response send(const std::string& method, const std::string& url, http::Headers headers = {},
                      std::string body = {}) {
    const std::string path = url.starts_with(kBase) ? url.substr(kBase.size()) : url;
    const auto question = path.find('?');
    if (!body.empty() && !headers.get("Content-Type")) headers.set("Content-Type", "application/x-www-form-urlencoded");
    if (!jar_.empty() && !headers.get("Cookie")) headers.set("Cookie", cookies());
    http::Request request{.method = method,
                          .path = path.substr(0, question),
                          .query = question == std::string::npos ? "" : path.substr(question + 1),
                          .headers = std::move(headers),
                          .body = std::move(body),
                          .peer = {address_, ""},
                          .id = "77777777-7777-4777-8777-777777777777",
                          .received = now_};
    // As the server does.
    auto prompt = router_.answer_promptly(request);
    was_prompt_ = prompt.has_value();
    http::Response response = prompt ? *std::move(prompt) : router_.handle(std::move(request));
    keep_cookies(response);
    return response;
  }

  // --- The browser's cookies
  void keep_cookies(const http::Response& response) {
    for (const auto& [name, value] : response.headers.all()) {
      if (name != "Set-Cookie") continue;
      EXPECT_THAT(value, testing::HasSubstr("; Path=/; Secure; HttpOnly; SameSite=Lax"));
      EXPECT_THAT(value, testing::StartsWith("__Host-"));
      const auto equals = value.find('=');
      const std::string cookie = value.substr(equals + 1, value.find(';') - equals - 1);
      if (cookie.empty()) {
        jar_.erase(value.substr(0, equals));
      } else {
        jar_[value.substr(0, equals)] = cookie;
      }
    }
  }
  std::string cookies() const {
    std::string all;
    for (const auto& [name, value] : jar_) all += (all.empty() ? "" : "; ") + name + "=" + value;
    return all;
  }
  bool has_session() const {
    return std::ranges::any_of(jar_,
                               [](const auto& cookie) { return cookie.first.find("session") != std::string::npos; });
  }

  static json::Object object_of(const http::Response& response) {
    auto body = json::parse(response.body);
    EXPECT_TRUE(body.ok() && body->is_object()) << response.status << " " << response.body;
    return body.ok() && body->is_object() ? body->get_object() : json::Object{};
  }

  // The AADSTS number of an answer, whichever shape it has: JSON, page, or redirect. 0 when it is no error.
  static std::int64_t number_of(const http::Response& response) {
    std::string text = response.body;
    if (auto location = response.headers.get("Location")) text = *location;
    const auto start = text.find("AADSTS");
    if (start == std::string::npos) return 0;
    const auto end = text.find_first_not_of("0123456789", start + 6);
    return text::parse_integer(text.substr(start + 6, end - start - 6)).value_or(-1);
  }

  http::Response token(const text::Form& form, http::Headers headers = {},
                       const std::string& path = "/contoso.example/oauth2/v2.0/token") {
    return send("POST", path, std::move(headers), text::to_form(form));
  }

  // --- Signing in
  static text::Form with(text::Form form, const std::string& name, const std::string& value) {
    std::erase_if(form, [&](const auto& field) { return field.first == name; });
    if (!value.empty()) form.emplace_back(name, value);
    return form;
  }

  static text::Form mac_asks() {
    return {{"client_id", kPayrollMac.value},
            {"response_type", "code"},
            {"redirect_uri", "http://localhost:49152/done"},
            {"scope", "api://payroll/Pay.Read openid"},
            {"state", "st&te"},
            {"nonce", "n-0S6"},
            {"code_challenge", text::to_base64url(crypto::sha256(kVerifier))},
            {"code_challenge_method", "S256"}};
  }

  // In a browser that nobody has used yet.
  http::Response authorize(const text::Form& form, const std::string& path = "/contoso.example/oauth2/v2.0/authorize") {
    jar_.clear();
    return authorize_again(form, path);
  }
  // In the browser as it is.
  http::Response authorize_again(const text::Form& form,
                                 const std::string& path = "/contoso.example/oauth2/v2.0/authorize") {
    return send("GET", path + "?" + text::to_form(form));
  }

  static std::string attribute(const std::string& html, const std::string& before) {
    const auto start = html.find(before);
    if (start == std::string::npos) return {};
    const auto end = html.find('"', start + before.size());
    return html.substr(start + before.size(), end - start - before.size());
  }

  static std::string context_of(const http::Response& page) { return attribute(page.body, "name=\"ctx\" value=\""); }

  http::Response log_in(const http::Response& page, const std::string& password = kPassword,
                        http::Headers headers = {}) {
    return send("POST", attribute(page.body, "action=\""), std::move(headers),
                text::to_form({{"ctx", context_of(page)}, {"login", "Amina@contoso.example"}, {"passwd", password}}));
  }

  // Answers the form of a page with these fields.
  http::Response answer_form(const http::Response& page, text::Form fields) {
    fields.emplace_back("ctx", context_of(page));
    return send("POST", attribute(page.body, "action=\""), {}, text::to_form(fields));
  }

  // The whole way without a device, up to the redirect or the refusal.
  http::Response sign_in(const text::Form& asks, const std::string& path = "/contoso.example/oauth2/v2.0/authorize") {
    http::Response page = authorize(asks, path);
    EXPECT_EQ(page.status, 200) << page.body;
    return log_in(page);
  }

  static std::string answer_member(const http::Response& response, const std::string& name) {
    const std::string location(response.headers.get("Location").value_or(""));
    const auto start = location.find_first_of("?#");
    if (start == std::string::npos) return {};
    auto form = text::parse_form(location.substr(start + 1));
    return form ? text::form_value(*form, name).value_or("") : "";
  }

  static text::Form redemption(const std::string& code) {
    return {{"grant_type", "authorization_code"},
            {"client_id", kPayrollMac.value},
            {"code", code},
            {"redirect_uri", "http://localhost:49152/done"},
            {"code_verifier", kVerifier}};
  }

  // --- The Mac
  directory::DeviceId add_device(const crypto::Key& key, const directory::TenantId& tenant = kContoso) {
    const directory::DeviceId id{entropy_.guid()};
    Status added = store_->write([&](store::Transaction& tx) {
      return directory::create_device(tx, tenant,
                                      {.id = {entropy_.guid()},
                                       .device_id = id,
                                       .display_name = "Amina's Mac",
                                       .operating_system = "macOS",
                                       .registered_owner = amina_.id,
                                       .public_key_pem = key.public_pem(),
                                       .registration = kNow},
                                      {}, kNow);
    });
    EXPECT_TRUE(added.ok());
    return id;
  }

  void report(const directory::DeviceId& id, bool is_compliant, const std::string& reason, Time expiration) {
    auto applied = store_->write([&](store::Transaction& tx) {
      return directory::set_compliance(tx, kContoso, id,
                                       {.is_compliant = is_compliant,
                                        .is_managed = true,
                                        .expiration = expiration,
                                        .mdm_app_id = directory::kIntuneAppId.value,
                                        .partner_id = "partner",
                                        .epoch = 1,
                                        .sequence = ++sequence_,
                                        .reason = reason,
                                        .reported = kNow},
                                       {}, kNow);
    });
    EXPECT_TRUE(applied.ok());
  }

  void require_compliant_devices() {
    auto policy = json::parse(R"({"displayName": "Only healthy Macs", "state": "enabled",
      "conditions": {"users": {"includeUsers": ["All"]}, "clientAppTypes": ["all"],
                     "applications": {"includeApplications": ["aaaaaaaa-0000-4000-8000-000000000002"]}},
      "grantControls": {"operator": "OR", "builtInControls": ["compliantDevice"]}})");
    Status added = store_->write([&](store::Transaction& tx) -> Status {
      TRY(policies::create(tx, kContoso, "99999999-0000-4000-8000-000000000001", policy->as_object(), {}, kNow));
      return done();
    });
    EXPECT_TRUE(added.ok()) << added.failure().message;
  }

  static http::Headers prover() { return {{"x-ms-PKeyAuth+", "1.0"}, {"User-Agent", "Mac OS X PKeyAuth/1.0"}}; }

  static std::string challenge_part(const http::Response& challenge, const std::string& name) {
    return attribute(std::string(challenge.headers.get("WWW-Authenticate").value_or("")), name + "=\"");
  }

  // What a Mac answers to a challenge. The certificate is passed in, so that tests can lie.
  static std::string proof(const http::Response& challenge, const crypto::Key& key, const std::string& certificate) {
    return crypto::sign_jws({{"typ", "JWT"}, {"x5c", json::Array{json::Value(text::to_base64(certificate))}}},
                            {{"aud", challenge_part(challenge, "SubmitUrl")},
                             {"nonce", challenge_part(challenge, "nonce")},
                             {"iat", std::to_string(to_unix_seconds(kNow))}},
                            key);
  }

  http::Response answer(const http::Response& challenge, const std::string& token, http::Headers headers = prover()) {
    headers.set("Authorization", "PKeyAuth " + (token.empty() ? "" : "AuthToken=\"" + token + "\", ") + "Context=\"" +
                                     challenge_part(challenge, "Context") + "\", Version=\"1.0\"");
    return send("GET", challenge_part(challenge, "SubmitUrl"), std::move(headers));
  }

  http::Response challenged(const text::Form& asks = mac_asks()) {
    http::Response challenge = log_in(authorize(asks), kPassword, prover());
    EXPECT_EQ(challenge.status, 401);
    return challenge;
  }

  std::vector<sign_ins::SignInRecord> log() {
    return store_
        ->read([&](store::Transaction& tx) -> Result<std::vector<sign_ins::SignInRecord>> {
          return sign_ins::list(tx, kContoso, 100).records;
        })
        .value();
  }

  SeededEntropy entropy_{5};
  const directory::User amina_{
      .id = {"44444444-4444-4444-8444-444444444444"},
      .user_principal_name = "amina@contoso.example",
      .display_name = "Amina Diallo",
      .password_hash = crypto::hash_password(kPassword, entropy_, {.memory_kib = 64, .passes = 1})};
  crypto::Sealer sealer_{std::string(32, 'k')};
  std::unique_ptr<store::Store> store_;
  tokens::Authority tokens_{*store_, sealer_, entropy_, kBase};
  registration::DeviceCertificates certificates_{*store_, sealer_, entropy_};
  http::Router router_;
  Time now_ = kNow;
  std::string address_ = "192.0.2.7";
  std::map<std::string, std::string> jar_;
  std::int64_t sequence_ = 0;
  bool was_prompt_ = false;  // the last request was answered without a wait
};

}  // namespace wardbridge::oauth
