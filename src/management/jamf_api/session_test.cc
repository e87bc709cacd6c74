// Tokens, who I am, roles and integrations, and who may call which route.
#include "management/jamf_api/face_under_test.h"
#include "platform/crypto/crypto.h"

namespace wardbridge::jamf_api {
namespace {

class Session : public Face {
 protected:
  void create_administrator() {
    std::string hash = crypto::hash_password("correct horse", entropy_);
    auto made = store_->write([&](store::Transaction& tx) {
      return accounts::create_account(tx, {.username = "admin", .privilege_set = accounts::PrivilegeSet::administrator},
                                      hash, kSetUp, now_);
    });
    EXPECT_TRUE(made.ok());
  }
  Answer log_in_as(const std::string& name_and_password) {
    return send("POST", "/api/v1/auth/token", "", "",
                {{"Authorization", "Basic " + text::to_base64(name_and_password)}});
  }
  Answer ask_token(const std::string& form, const std::string& path = "/api/oauth/token", http::Headers headers = {}) {
    return send("POST", path, form, "application/x-www-form-urlencoded", std::move(headers));
  }
};

TEST_F(Session, AnAdministratorLogsInAndIsKnown) {
  create_administrator();
  Answer token = log_in_as("admin:correct horse");
  ASSERT_EQ(token.status, 200) << token.text;
  EXPECT_EQ(token.at("expires"), "2026-11-23T18:30:00.000Z");

  Answer me = send_as(token.at("token"), "GET", "/api/v1/auth");
  EXPECT_EQ(me.status, 200);
  EXPECT_EQ(me.at("account.username"), "admin");
  EXPECT_EQ(me.at("account.privilegeSet"), "ADMINISTRATOR");
  EXPECT_EQ(me.at("authenticationType"), "JSS");
  EXPECT_EQ(send_as(token.at("token"), "GET", "/api/v4/computers-inventory").status, 200);
}

TEST_F(Session, WrongCredentialsAreAllTheSameAnswer) {
  create_administrator();
  Answer wrong_password = log_in_as("admin:wrong");
  Answer unknown_name = log_in_as("nobody:correct horse");
  expect_unauthenticated(wrong_password);
  EXPECT_EQ(wrong_password.text, unknown_name.text);
  expect_unauthenticated(log_in_as("no colon"));
  expect_unauthenticated(send("POST", "/api/v1/auth/token"));
}

TEST_F(Session, ATokenEndsWithItsTime) {
  create_administrator();
  std::string token = log_in_as("admin:correct horse").at("token");
  now_ += accounts::kUserTokenLife - milliseconds{1};
  EXPECT_EQ(send_as(token, "GET", "/api/v1/auth").status, 200);
  now_ += milliseconds{1};
  expect_unauthenticated(send_as(token, "GET", "/api/v1/auth"));
  expect_unauthenticated(send_as(token, "POST", "/api/v1/auth/keep-alive"));
}

TEST_F(Session, KeepAliveGivesANewTokenForTheOldOne) {
  create_administrator();
  std::string old_token = log_in_as("admin:correct horse").at("token");
  now_ += minutes{20};
  Answer renewed = send_as(old_token, "POST", "/api/v1/auth/keep-alive");
  ASSERT_EQ(renewed.status, 200) << renewed.text;
  EXPECT_EQ(renewed.at("expires"), "2026-11-23T18:50:00.000Z");
  expect_unauthenticated(send_as(old_token, "GET", "/api/v1/auth"));
  EXPECT_EQ(send_as(renewed.at("token"), "GET", "/api/v1/auth").status, 200);
  expect_unauthenticated(send("POST", "/api/v1/auth/keep-alive"));
  // Clients ask for a fresh one instead.
  expect_unauthenticated(send_as(almighty(), "POST", "/api/v1/auth/keep-alive"));
}

TEST_F(Session, AnInvalidatedTokenIsDead) {
  std::string token = almighty();
  EXPECT_EQ(send_as(token, "POST", "/api/v1/auth/invalidate-token").status, 204);
  expect_unauthenticated(send_as(token, "GET", "/api/v1/auth"));
}

TEST_F(Session, AClientGetsATokenFromBothEndpoints) {
  auto credentials = make_client("reader", {"Read Computers"});
  std::string form = "grant_type=client_credentials&client_id=" + credentials.client_id +
                     "&client_secret=" + credentials.client_secret;
  for (const char* path : {"/api/oauth/token", "/api/v1/oauth/token"}) {
    Answer token = ask_token(form, path);
    ASSERT_EQ(token.status, 200) << token.text;
    EXPECT_EQ(token.at("token_type"), "Bearer");
    EXPECT_EQ(token.at("expires_in"), "1800");
    EXPECT_EQ(token.at("scope"), "api-role:1");
    EXPECT_EQ(token.header("Cache-Control"), "no-store");
    Answer me = send_as(token.at("access_token"), "GET", "/api/v1/auth");
    EXPECT_EQ(me.at("authenticationType"), "CLIENT_CREDENTIALS");
    EXPECT_EQ(me.at("account.username"), "reader");
    EXPECT_EQ(me.at("account.privilegesBySite.-1"), R"(["Read Computers"])");
  }
  http::Headers basic{
      {"Authorization", "Basic " + text::to_base64(credentials.client_id + ":" + credentials.client_secret)}};
  EXPECT_EQ(ask_token("grant_type=client_credentials", "/api/oauth/token", basic).status, 200);
}

TEST_F(Session, BadTokenRequestsAreAnsweredInOAuthWords) {
  auto credentials = make_client("reader", {"Read Computers"});
  struct Case {
    std::string form;
    int status;
    const char* error;
  };
  for (const Case& one : {
           Case{"grant_type=client_credentials&client_id=" + credentials.client_id + "&client_secret=wrong", 401,
                "invalid_client"},
           Case{"grant_type=client_credentials&client_id=nobody&client_secret=" + credentials.client_secret, 401,
                "invalid_client"},
           Case{"grant_type=client_credentials&client_id=" + credentials.client_id, 400, "invalid_request"},
           Case{"grant_type=password&username=a&password=b", 400, "unsupported_grant_type"},
           Case{"", 400, "unsupported_grant_type"},
           Case{"grant_type=%ZZ", 400, "invalid_request"},
       }) {
    Answer refused = ask_token(one.form);
    EXPECT_EQ(refused.status, one.status) << one.form;
    EXPECT_EQ(refused.at("error"), one.error) << one.form;
    EXPECT_EQ(refused.at("errors"), "(absent)") << one.form;
    EXPECT_EQ(refused.text.find(credentials.client_secret), std::string::npos);
  }
}

TEST_F(Session, ARotatedSecretStopsTheOldOneAndItsTokens) {
  auto credentials = make_client("reader", {"Read Computers"});
  std::string token = log_in(credentials);
  Answer rotated = post("/api/v1/api-integrations/1/client-credentials", "");
  ASSERT_EQ(rotated.status, 200) << rotated.text;
  EXPECT_EQ(rotated.at("clientId"), credentials.client_id);
  EXPECT_NE(rotated.at("clientSecret"), credentials.client_secret);
  expect_unauthenticated(send_as(token, "GET", "/api/v1/auth"));
  EXPECT_EQ(ask_token("grant_type=client_credentials&client_id=" + credentials.client_id +
                      "&client_secret=" + credentials.client_secret)
                .status,
            401);
  EXPECT_EQ(get("/api/v1/api-integrations/1").text.find(rotated.at("clientSecret")), std::string::npos);
}

TEST_F(Session, ARoleThatIsTakenAwayCountsAtOnce) {
  std::string token = client("reader", {"Read Computers"});
  EXPECT_EQ(send_as(token, "GET", "/api/v4/computers-inventory").status, 200);
  Answer replaced = put("/api/v1/api-roles/1", R"({"displayName":"reader","privileges":["Read Sites"]})");
  EXPECT_EQ(replaced.status, 200) << replaced.text;
  expect_error(send_as(token, "GET", "/api/v4/computers-inventory"), 403, "INVALID_PRIVILEGE");
}

TEST_F(Session, RolesAndIntegrationsAreKept) {
  Answer role = post("/api/v1/api-roles", R"({"displayName":"Readers","privileges":["Read Computers"]})");
  ASSERT_EQ(role.status, 201) << role.text;
  EXPECT_EQ(get("/api/v1/api-roles/" + role.at("id")).at("privileges"), R"(["Read Computers"])");
  expect_error(post("/api/v1/api-roles", R"({"displayName":"Bad","privileges":["Fly"]})"), 400, "INVALID_FIELD",
               "privileges");
  Answer integration =
      post("/api/v1/api-integrations",
           R"({"displayName":"Tool","authorizationScopes":["Readers"],"accessTokenLifetimeSeconds":60})");
  ASSERT_EQ(integration.status, 201) << integration.text;
  EXPECT_EQ(integration.at("appType"), "NONE");
  EXPECT_EQ(integration.at("accessTokenLifetimeSeconds"), "60");
  expect_error(post("/api/v1/api-integrations", R"({"displayName":"T2","authorizationScopes":["Nobodies"]})"), 400,
               "INVALID_FIELD", "authorizationScopes");
  expect_error(remove("/api/v1/api-roles/" + role.at("id")), 422, "HAS_DEPENDENCIES");
  EXPECT_EQ(remove("/api/v1/api-integrations/" + integration.at("id")).status, 204);
  EXPECT_EQ(remove("/api/v1/api-roles/" + role.at("id")).status, 204);
  expect_error(get("/api/v1/api-roles/" + role.at("id")), 404, "INVALID_ID");
}

// Every route of the face, so that one added tomorrow is covered too.
class EveryRoute : public Session {
 protected:
  // Anyone may call these: they take a credential of another kind.
  bool is_open(const std::string& method, const std::string& pattern) {
    static const std::set<std::string> kOpen = {
        "POST /api/oauth/token",
        "POST /api/v1/oauth/token",
        "POST /api/v1/auth/token",
        "POST /api/v1/auth/keep-alive",
        "POST /api/v1/wardbridge/enrollments",
        "POST /api/v1/wardbridge/check-ins",
        "POST /api/v1/wardbridge/registrations",
        "POST /api/v1/wardbridge/registrations/token",
        "POST /api/v1/wardbridge/registrations/state",
        "GET /api/v1/wardbridge/self-service",
        "POST /api/v1/wardbridge/self-service/runs",
        "POST /api/v1/wardbridge/self-service/runs/{id}/outcome",
        "GET /DeviceRegistration.html",
        "GET /AccessDenied.html",
    };
    return kOpen.contains(method + " " + pattern);
  }
  bool needs_no_privilege(const std::string& pattern) {
    return pattern == "/api/v1/auth" || pattern == "/api/v1/auth/invalidate-token" ||
           pattern == "/api/v1/jamf-pro-version";
  }
  // The Classic API tells of errors in pages of its own.
  static bool is_classic(const std::string& pattern) { return pattern.starts_with("/JSSResource"); }
  static std::string path_of(std::string pattern) {
    pattern = text::replace_all(pattern, "{name}", "x");
    pattern = text::replace_all(pattern, "{id}", "1");
    return text::replace_all(pattern, "{deviceId}", kDevice);
  }
};

TEST_F(EveryRoute, AsksForAToken) {
  int asked = 0;
  for (const auto& [method, pattern] : router_.routes()) {
    if (is_open(method, pattern)) continue;
    SCOPED_TRACE(method + " " + pattern);
    for (const Answer& answer : {send(method, path_of(pattern)), send_as("not-a-token", method, path_of(pattern))}) {
      is_classic(pattern) ? expect_page(answer, 401, "The request requires user authentication")
                          : expect_unauthenticated(answer);
    }
    ++asked;
  }
  EXPECT_GT(asked, 60);
}

TEST_F(EveryRoute, AsksForAPrivilege) {
  accounts::ClientCredentials powerless = make_client("powerless", {});
  int refused = 0;
  for (const auto& [method, pattern] : router_.routes()) {
    if (is_open(method, pattern) || needs_no_privilege(pattern)) continue;
    SCOPED_TRACE(method + " " + pattern);
    Answer answer = send_as(log_in(powerless), method, path_of(pattern), "{}");
    is_classic(pattern) ? expect_page(answer, 403, "The privilege `") : expect_error(answer, 403, "INVALID_PRIVILEGE");
    EXPECT_NE(answer.text.find(" privilege `"), std::string::npos) << "names the privilege";
    ++refused;
  }
  EXPECT_GT(refused, 60);
}

TEST_F(EveryRoute, ReadingAloneNeverWrites) {
  std::vector<std::string> reads;
  for (const std::string& name : accounts::known_privileges()) {
    if (name.starts_with("Read ")) reads.push_back(name);
  }
  accounts::ClientCredentials reader = make_client("reader", reads);
  for (const auto& [method, pattern] : router_.routes()) {
    if (is_open(method, pattern) || needs_no_privilege(pattern)) continue;
    // A question that needs a body.
    if (pattern == "/api/v1/wardbridge/computer-groups/preview") continue;
    Answer answer = send_as(log_in(reader), method, path_of(pattern), "{}");
    EXPECT_EQ(answer.status == 403, method != "GET") << method << " " << pattern << ": " << answer.text;
  }
}

TEST_F(EveryRoute, OpenRoutesStillTurnAwayStrangers) {
  for (const auto& [method, pattern] : router_.routes()) {
    if (!is_open(method, pattern) || pattern.ends_with(".html")) continue;  // pages are for whoever is sent there
    Answer answer = send_as("not-a-token", method, path_of(pattern), "{}");
    EXPECT_TRUE(answer.status == 400 || answer.status == 401) << method << " " << pattern << ": " << answer.text;
  }
}

TEST_F(Session, UnknownPathsAndMethodsAnswerInTheSameErrorBody) {
  expect_error(get("/api/v1/nowhere"), 404, "NOT_FOUND");
  Answer wrong_method = send_as(almighty(), "DELETE", "/api/v1/auth");
  expect_error(wrong_method, 405, "METHOD_NOT_ALLOWED");
  EXPECT_NE(wrong_method.header("Allow").find("GET"), std::string::npos);
  expect_error(get("/api/v4/computers-inventory/%zz"), 400, "INVALID_REQUEST");
  expect_page(get("/JSSResource/nowhere"), 404, "");
}

}  // namespace
}  // namespace wardbridge::jamf_api
