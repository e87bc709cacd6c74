#include <map>

#include "tenant/graph/graph_fixture.h"
#include "tenant/graph/throttle.h"

namespace wardbridge::graph {
namespace {

using testing::HasSubstr;

class Batch : public Graph {
 protected:
  http::Response post(const std::string& requests, const std::string& permissions = kEverything) {
    return send("POST", "/v1.0/$batch", permissions, {}, "{\"requests\": [" + requests + "]}");
  }
  // id -> answer
  std::map<std::string, json::Object> answers(const std::string& requests,
                                              const std::string& permissions = kEverything) {
    const http::Response response = post(requests, permissions);
    EXPECT_EQ(response.status, 200) << response.body;
    std::map<std::string, json::Object> found;
    const json::Value body = json::parse(response.body).value();
    for (const json::Value& one : body.at("responses").as_array())
      found[std::string(one.at("id").as_string())] = one.as_object();
    return found;
  }
  std::string refused(const std::string& requests) {
    const http::Response response = post(requests);
    EXPECT_EQ(response.status, 400) << requests;
    return response.body;
  }
};

TEST_F(Batch, EveryPartIsAnsweredAsIfItCameAlone) {
  auto parts = answers(R"({"id": "a", "method": "GET", "url": "/users/)" + kAnn + R"(?$select=displayName"},
         {"id": "b", "method": "get", "url": "devices/)" +
                       kAnn + R"("},
         {"id": "c", "method": "PATCH", "url": "/users/)" +
                       kAnn + R"(", "headers": {"Content-Type": "application/json"},
          "body": {"city": "Oslo"}},
         {"id": "d", "method": "GET", "url": "/users?$filter=displayName ne 'x'&$count=true",
          "headers": {"ConsistencyLevel": "eventual"}},
         {"id": "e", "method": "GET", "url": "/users?$filter=displayName ne 'x'&$count=true"})");
  EXPECT_EQ(parts["a"].at("status").as_int64(), 200);
  EXPECT_EQ(parts["a"].at("body").at("displayName").as_string(), "Ann");
  EXPECT_THAT(json::to_text(parts["a"].at("headers")), HasSubstr("OData-Version"));
  EXPECT_EQ(parts["b"].at("status").as_int64(), 404);
  EXPECT_EQ(parts["b"].at("body").at("error").at("code").as_string(), "Request_ResourceNotFound");
  EXPECT_EQ(parts["c"].at("status").as_int64(), 204);
  EXPECT_FALSE(parts["c"].contains("body"));
  EXPECT_EQ(parts["d"].at("status").as_int64(), 200);
  EXPECT_EQ(parts["e"].at("status").as_int64(), 400);
  EXPECT_EQ(get("/v1.0/users/" + kAnn, {{"$select", "city"}}).at("city").as_string(), "Oslo");
}

TEST_F(Batch, APartMayWaitForOthers) {
  const std::string waits = R"({"id": "2", "method": "GET", "url": "/users/ann@example.org", "dependsOn": ["1"]})";
  auto parts = answers(waits + R"(, {"id": "1", "method": "GET", "url": "/users"})");
  EXPECT_EQ(parts["2"].at("status").as_int64(), 200);
  parts = answers(waits + R"(, {"id": "1", "method": "GET", "url": "/users/nobody@example.org"},
                             {"id": "3", "method": "GET", "url": "/users", "dependsOn": ["2"]})");
  EXPECT_EQ(parts["1"].at("status").as_int64(), 404);
  EXPECT_EQ(parts["2"].at("status").as_int64(), 424);
  EXPECT_EQ(parts["3"].at("status").as_int64(), 424);
}

TEST_F(Batch, TheCallerOfEveryPartIsTheBatchs) {
  auto parts = answers(R"({"id": "1", "method": "GET", "url": "/users", "headers": {"Authorization": "Bearer )" +
                           kOther.value + R"(~Directory.Read.All"}}, {"id": "2", "method": "GET", "url": "/devices"})",
                       "User.Read.All");
  EXPECT_EQ(parts["1"].at("body").at("value").at(0).at("displayName").as_string(), "Ann");
  EXPECT_EQ(parts["2"].at("status").as_int64(), 403);
  http::Request request;
  request.method = "POST";
  request.path = "/v1.0/$batch";
  request.body = R"({"requests": [{"id": "1", "method": "GET", "url": "/users"}]})";
  EXPECT_EQ(router_.handle(request).status, 401);
}

TEST_F(Batch, ABatchThatIsNoneIsRefusedWhole) {
  const std::string one = R"({"id": "1", "method": "GET", "url": "/users"})";
  EXPECT_THAT(refused(""), HasSubstr("not empty"));
  EXPECT_THAT(refused(one + "," + one), HasSubstr("twice"));
  EXPECT_THAT(
      refused(R"({"id": "a", "method": "GET", "url": "/users"}, {"id": "A", "method": "GET", "url": "/users"})"),
      HasSubstr("twice"));
  EXPECT_THAT(refused(R"({"id": "1", "method": "GET", "url": "/users", "dependsOn": ["9"]})"), HasSubstr("`9`"));
  EXPECT_THAT(refused(R"({"id": "1", "method": "GET", "url": "/users", "dependsOn": ["1"]})"), HasSubstr("circle"));
  EXPECT_THAT(refused(R"({"id": "1", "method": "GET", "url": "https://elsewhere.test/users"})"), HasSubstr("relative"));
  EXPECT_THAT(refused(R"({"id": "1", "method": "POST", "url": "/$batch"})"), HasSubstr("another batch"));
  EXPECT_THAT(refused(R"({"id": "1", "method": "POST", "url": "/%24Batch"})"), HasSubstr("another batch"));
  EXPECT_THAT(refused(R"({"id": "1", "method": "PATCH", "url": "/users/x", "body": {}})"), HasSubstr("Content-Type"));
  EXPECT_THAT(refused(R"({"method": "GET", "url": "/users"})"), HasSubstr("id"));
  std::string many;
  for (int i = 0; i < 21; ++i)
    many += (i ? "," : "") + text::replace_all(one, "\"1\"", "\"" + std::to_string(i) + "\"");
  EXPECT_THAT(refused(many), HasSubstr("at most 20"));
}

// --- Throttling

TEST(ResourceUnits, DependOnTheRouteAndOnWhatIsAsked) {
  const auto units = [](const char* method, const char* pattern, const char* query = "") {
    http::Request request;
    request.method = method;
    request.query = query;
    return resource_units(request, pattern);
  };
  EXPECT_EQ(units("GET", "/users"), 2);
  EXPECT_EQ(units("GET", "/users", "$select=id"), 1);
  EXPECT_EQ(units("GET", "/users", "$select=id&$top=5"), 1);  // never less than one
  EXPECT_EQ(units("GET", "/users", "$expand=manager"), 3);
  EXPECT_EQ(units("GET", "/groups/{id}/members"), 3);
  EXPECT_EQ(units("GET", "/groups/{id}/members", "$top=19"), 2);
  EXPECT_EQ(units("GET", "/groups/{id}/transitiveMembers"), 5);
  EXPECT_EQ(units("POST", "/users/{id}/getMemberGroups"), 2);
  EXPECT_EQ(units("POST", "/users/{id}/checkMemberGroups"), 4);
  EXPECT_EQ(units("GET", "/devices"), 1);
  EXPECT_EQ(units("PATCH", "/users/{id}"), 1);
}

class Throttled : public Graph {
 protected:
  void SetUp() override {
    Graph::SetUp();
    register_routes(throttled_, {.store = *store_,
                                 .entropy = entropy_,
                                 .base_url = "https://graph.test",
                                 .authenticate = caller_of,
                                 .throttle = {.units_small = 20, .writes = 3, .policies = 1}});
  }
  http::Response ask(const std::string& method, const std::string& path, Time at, const std::string& body = "",
                     const directory::TenantId& tenant = kTenant) {
    http::Request request;
    request.method = method;
    request.path = path;
    request.body = body;
    request.received = at;
    request.headers.set("Authorization", "Bearer " + tenant.value + "~" + text::replace_all(kEverything, " ", "~"));
    return throttled_.handle(request);
  }
  http::Router throttled_;
};

TEST_F(Throttled, TooMuchIsRefusedUntilTheBucketHasRefilled) {
  for (int i = 0; i < 20; ++i) {
    const http::Response response = ask("GET", "/v1.0/devices", kNow);
    EXPECT_EQ(response.status, 200) << i;
    EXPECT_EQ(response.headers.get("x-ms-resource-unit"), "1");
    EXPECT_EQ(response.headers.get("x-ms-throttle-limit-percentage").has_value(), i >= 15) << i;
  }
  const http::Response refused = ask("GET", "/v1.0/devices", kNow);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(error_code(refused), "TooManyRequests");
  EXPECT_EQ(refused.headers.get("Retry-After"), "1");  // one unit comes back every half second
  EXPECT_EQ(refused.headers.get("x-ms-throttle-information"), "ResourceUnitLimitExceeded");
  EXPECT_THAT(std::string(refused.headers.get("x-ms-throttle-scope").value_or("")), HasSubstr(kTenant.value));
  EXPECT_EQ(ask("GET", "/v1.0/devices", kNow, "", kOther).status, 200);  // another tenant's bucket
  EXPECT_EQ(ask("GET", "/v1.0/devices", kNow + milliseconds{500}).status, 200);
  EXPECT_EQ(ask("GET", "/v1.0/devices", kNow + milliseconds{500}).status, 429);
  EXPECT_EQ(ask("GET", "/v1.0/devices", kNow + seconds{20}).status, 200);
}

TEST_F(Throttled, WritesHaveABucketOfTheirOwn) {
  const auto write = [&](Time at) { return ask("PATCH", "/v1.0/users/" + kAnn, at, R"({"city": "Oslo"})"); };
  for (int i = 0; i < 3; ++i) EXPECT_EQ(write(kNow).status, 204);
  const http::Response refused = write(kNow);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.headers.get("Retry-After"), "50");
  EXPECT_EQ(refused.headers.get("x-ms-throttle-information"), "WriteLimitExceeded");
  EXPECT_EQ(ask("GET", "/v1.0/devices", kNow).status, 200);
  EXPECT_EQ(write(kNow + seconds{50}).status, 204);
}

// ENTRA: the one refusal that doesn't say when to come back.
TEST_F(Throttled, PoliciesAreRefusedWithoutRetryAfter) {
  EXPECT_EQ(ask("GET", "/v1.0/identity/conditionalAccess/policies", kNow).status, 200);
  const http::Response refused = ask("GET", "/v1.0/identity/conditionalAccess/policies", kNow);
  EXPECT_EQ(refused.status, 429);
  EXPECT_FALSE(refused.headers.get("Retry-After"));
  EXPECT_EQ(ask("GET", "/v1.0/identity/conditionalAccess/policies", kNow + seconds{1}).status, 200);
}

TEST_F(Throttled, InsideABatchPartsAreRefusedOneByOne) {
  std::string requests;
  for (int i = 0; i < 11; ++i)
    requests +=
        std::string(i ? "," : "") + R"({"id": ")" + std::to_string(i) + R"(", "method": "GET", "url": "/users"})";
  const http::Response response = ask("POST", "/v1.0/$batch", kNow, "{\"requests\": [" + requests + "]}");
  EXPECT_EQ(response.status, 200);
  int refused = 0;
  const json::Value body = json::parse(response.body).value();
  for (const json::Value& part : body.at("responses").as_array()) {
    if (part.at("status").as_int64() != 429) continue;
    ++refused;
    EXPECT_TRUE(part.at("headers").as_object().contains("Retry-After"));
  }
  EXPECT_EQ(refused, 1);
}

}  // namespace
}  // namespace wardbridge::graph
