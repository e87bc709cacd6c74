#include "cli/api_client.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "cli/scripted_transport_testing.h"

namespace wardbridge::cli {
namespace {

constexpr const char* kBase = "https://jamf.example";

class ApiClientTest : public ::testing::Test {
 protected:
  Failure refused(int status, const std::string& body) {
    transport_.answer(status, body);
    auto result = client_.get("/x");
    EXPECT_FALSE(result.ok());
    return result.ok() ? Failure{} : result.failure();
  }

  ScriptedTransport transport_;
  ApiClient client_{transport_, kBase};
};

TEST_F(ApiClientTest, ShowsTheTokenThatItLoggedInFor) {
  transport_.answer(200, R"({"token":"t-1","expires":"2026-11-23T18:30:00Z"})");
  ASSERT_TRUE(client_.log_in("admin", "pass:word").ok());
  transport_.answer(200, R"({"totalCount":0})");
  ASSERT_TRUE(client_.get("/api/v4/computers-inventory?page=0").ok());

  ASSERT_EQ(transport_.asked.size(), 2u);
  const auto& [login, get] = std::tie(transport_.asked[0], transport_.asked[1]);
  EXPECT_EQ(login.method + " " + login.url, "POST https://jamf.example/api/v1/auth/token");
  EXPECT_EQ(login.headers.get("Authorization"), "Basic " + text::to_base64("admin:pass:word"));
  EXPECT_EQ(get.method + " " + get.url, "GET https://jamf.example/api/v4/computers-inventory?page=0");
  EXPECT_EQ(get.headers.get("Authorization"), "Bearer t-1");
}

TEST_F(ApiClientTest, AsksForAClientTokenWithAForm) {
  transport_.answer(200, R"({"access_token":"t-2"})");
  ASSERT_TRUE(client_.log_in_client("https://login.example/token", "id", "s&cret", "all/.default").ok());
  const auto& asked = transport_.asked.front();
  EXPECT_EQ(asked.url, "https://login.example/token");
  auto form = text::parse_form(asked.body);
  ASSERT_TRUE(form.has_value());
  EXPECT_EQ(text::form_value(*form, "grant_type"), "client_credentials");
  EXPECT_EQ(text::form_value(*form, "client_secret"), "s&cret");
  EXPECT_EQ(text::form_value(*form, "scope"), "all/.default");
}

TEST_F(ApiClientTest, SendsBodiesAsJson) {
  transport_.answer(201, R"({"id":"7"})");
  auto made = client_.post("/groups", {{"name", "x"}});
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(json::text_at(*made, "id"), "7");
  EXPECT_EQ(transport_.asked[0].body, R"({"name":"x"})");
  EXPECT_EQ(transport_.asked[0].headers.get("Content-Type"), "application/json");
  transport_.answer(204, "");
  auto nothing = client_.put("/groups/7", {});
  ASSERT_TRUE(nothing.ok());
  EXPECT_TRUE(nothing->empty());
}

TEST_F(ApiClientTest, RepeatsWhatEitherFaceSays) {
  Failure jamf = refused(400, R"({"httpStatus":400,"errors":[{"code":"INVALID_FIELD","field":"name",
      "description":"the name must not be blank","id":null}]})");
  EXPECT_EQ(jamf.code, Code::invalid_argument);
  EXPECT_EQ(jamf.message, "GET https://jamf.example/x was answered with 400: the name must not be blank");
  Failure graph = refused(404, R"({"error":{"code":"Request_ResourceNotFound","message":"no such user"}})");
  EXPECT_EQ(graph.code, Code::not_found);
  EXPECT_EQ(graph.message, "GET https://jamf.example/x was answered with 404: no such user");
  Failure oauth = refused(401, R"({"error":"invalid_client","error_description":"AADSTS7000215: wrong secret"})");
  EXPECT_EQ(oauth.code, Code::unauthenticated);
  EXPECT_EQ(oauth.message, "GET https://jamf.example/x was answered with 401: AADSTS7000215: wrong secret");
}

TEST_F(ApiClientTest, SaysTheStatusWhereTheServerSaysNothing) {
  for (const char* body : {"", "<html>502</html>", "[]", "null", R"({"errors":[]})", R"({"errors":["text"]})",
                           R"({"error":"text"})", R"({"errors":[{"code":"X"}]})"}) {
    EXPECT_EQ(refused(502, body).message, "GET https://jamf.example/x was answered with 502") << body;
  }
}

TEST_F(ApiClientTest, TellsKindsOfRefusalApart) {
  for (auto [status, code] : {std::pair{400, Code::invalid_argument},
                              {403, Code::forbidden},
                              {409, Code::conflict},
                              {422, Code::conflict},
                              {429, Code::rate_limited},
                              {500, Code::internal},
                              {503, Code::unavailable},
                              {302, Code::invalid_argument}}) {
    EXPECT_EQ(refused(status, "").code, code) << status;
  }
}

TEST_F(ApiClientTest, PassesOnThatTheServerIsAway) {
  transport_.fail(unavailable("connect", "nobody listens"));
  auto result = client_.get("/x");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.failure().reason, "connect");
}

TEST_F(ApiClientTest, RefusesAnAnswerOfAnotherShape) {
  transport_.answer(200, "[1]");
  EXPECT_EQ(client_.get("/x").failure().reason, "unexpected_answer");
  transport_.answer(200, "{}");
  EXPECT_EQ(client_.get_array("/x").failure().reason, "unexpected_answer");
  transport_.answer(200, "[1,2]");
  EXPECT_EQ(client_.get_array("/x")->size(), 2u);
  transport_.answer(200, "not json");
  EXPECT_EQ(client_.get("/x").failure().reason, "bad_json");
  transport_.answer(200, "{}");
  EXPECT_EQ(client_.log_in("admin", "x").failure().reason, "missing_field");
}

TEST_F(ApiClientTest, AFailedLogInForgetsTheTokenBefore) {
  transport_.answer(200, R"({"token":"t-1"})");
  ASSERT_TRUE(client_.log_in("admin", "x").ok());
  transport_.answer(401, "");
  Failure failure = client_.log_in("admin", "top secret").failure();
  EXPECT_EQ(failure.message.find("top secret"), std::string::npos);
  transport_.answer(200, "{}");
  (void)client_.get("/x");
  EXPECT_FALSE(transport_.asked.back().headers.get("Authorization").has_value());
}

}  // namespace
}  // namespace wardbridge::cli
