#include <gmock/gmock.h>

#include <stdexcept>

#include "platform/http/http.h"
#include "platform/log/log.h"

namespace wardbridge::http {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

Request request(std::string method, std::string path, std::string query = {}) {
  Request made;
  made.method = std::move(method);
  made.path = std::move(path);
  made.query = std::move(query);
  return made;
}

// Answers with the pattern that matched and what its names were bound to: `/a/{id} id=7`.
void add_echo(Router& router, const std::string& method, const std::string& pattern) {
  router.add(method, pattern, [pattern](const Request& asked) {
    std::string body = pattern;
    for (const auto& [name, value] : asked.path_parameters) body += " " + name + "=" + value;
    return text_response(200, body);
  });
}

struct RoutingCase {
  std::string path;
  std::string answer;  // the body, or the status of a refusal
};

TEST(Router, PicksTheMostSpecificPattern) {
  Router router;
  for (const char* pattern :
       {"/", "/a", "/a/", "/a/{id}", "/a/list", "/a/{id}/b", "/a/list/{x}", "/{rest*}", "/files/{rest*}", "/files/{id}",
        "/v1/{kind}/{id}", "/v1/users/{id}", "/v1/{kind}/mine", "/PartnerTenants(guid'{tenant}')",
        "/PartnerTenants({any})", "/.well-known/{name}.json", "/v1/users/{id}/{rest*}"}) {
    add_echo(router, "GET", pattern);
  }
  const RoutingCase cases[] = {
      {"/", "/"},
      {"/a", "/a"},
      {"/a/", "/a/"},
      {"/a/7", "/a/{id} id=7"},
      {"/a/list", "/a/list"},
      {"/A/list", "/{rest*} rest=A/list"},
      {"/a/7/b", "/a/{id}/b id=7"},
      {"/a/list/b", "/a/list/{x} x=b"},
      {"/a/list/c", "/a/list/{x} x=c"},
      {"/files/7", "/files/{id} id=7"},
      {"/files/", "/files/{rest*} rest="},
      {"/files/x/y/z", "/files/{rest*} rest=x/y/z"},
      {"/files/x//z", "/files/{rest*} rest=x//z"},
      {"/v1/groups/3", "/v1/{kind}/{id} id=3 kind=groups"},
      {"/v1/users/3", "/v1/users/{id} id=3"},
      {"/v1/users/mine", "/v1/users/{id} id=mine"},
      {"/v1/groups/mine", "/v1/{kind}/mine kind=groups"},
      {"/v1/users/3/a/b", "/v1/users/{id}/{rest*} id=3 rest=a/b"},
      {"/PartnerTenants(guid'abc')", "/PartnerTenants(guid'{tenant}') tenant=abc"},
      {"/PartnerTenants(guid%27abc%27)", "/PartnerTenants(guid'{tenant}') tenant=abc"},
      {"/PartnerTenants(guid'')", "/PartnerTenants({any}) any=guid''"},
      {"/PartnerTenants(7)", "/PartnerTenants({any}) any=7"},
      {"/.well-known/openid.json", "/.well-known/{name}.json name=openid"},
      {"/.well-known/.json", "/{rest*} rest=.well-known/.json"},
      {"/a/b%20c", "/a/{id} id=b c"},
      {"/a/b+c", "/a/{id} id=b+c"},
      {"/a/b%2Fc", "/a/{id} id=b/c"},
      {"/a/%C3%A9", "/a/{id} id=\xC3\xA9"},
      {"/%61/list", "/a/list"},
      {"/files/x%2F..%2Fy/z", "400"},
      {"/files/x/../y", "400"},
      {"/files/%2e%2e/y", "400"},
      {"/a/.", "400"},
      {"/a/%zz", "400"},
      {"/a/%2", "400"},
      {"/a/%00", "400"},
      {"/a/%FF", "400"},
      {"", "400"},
      {"*", "400"},
      {"a", "400"},
  };
  for (const RoutingCase& expected : cases) {
    Response response = router.handle(request("GET", expected.path));
    std::string answer = response.status == 200 ? response.body : std::to_string(response.status);
    EXPECT_EQ(answer, expected.answer) << expected.path;
  }
}

TEST(Router, OrderOfRegistrationDoesNotMatter) {
  std::vector<std::string> patterns = {"/a/{x}", "/a/b", "/{rest*}", "/a/b{x}", "/{y}/b"};
  std::sort(patterns.begin(), patterns.end());
  do {
    Router router;
    for (const std::string& pattern : patterns) add_echo(router, "GET", pattern);
    EXPECT_EQ(router.handle(request("GET", "/a/b")).body, "/a/b");
    EXPECT_EQ(router.handle(request("GET", "/a/bc")).body, "/a/b{x} x=c");
    EXPECT_EQ(router.handle(request("GET", "/a/c")).body, "/a/{x} x=c");
    EXPECT_EQ(router.handle(request("GET", "/c/b")).body, "/{y}/b y=c");
    EXPECT_EQ(router.handle(request("GET", "/c/c")).body, "/{rest*} rest=c/c");
  } while (std::next_permutation(patterns.begin(), patterns.end()));
}

TEST(Router, CaseOfLiteralsIsAChoice) {
  Router router(Router::Case::insensitive);
  add_echo(router, "GET", "/JSSResource/computers/id/{id}");
  add_echo(router, "GET", "/Tenants(guid'{tenant}')");
  EXPECT_EQ(router.handle(request("GET", "/jssresource/Computers/ID/Ab")).body, "/JSSResource/computers/id/{id} id=Ab");
  EXPECT_EQ(router.handle(request("GET", "/tenants(GUID'Ab')")).body, "/Tenants(guid'{tenant}') tenant=Ab");
}

TEST(Router, FindsNothing) {
  Router router;
  add_echo(router, "GET", "/a/{id}");
  EXPECT_EQ(router.handle(request("GET", "/b")).status, 404);
  EXPECT_EQ(router.handle(request("GET", "/a/")).status, 404);
  EXPECT_EQ(router.handle(request("GET", "/a/7/")).status, 404);
}

TEST(Router, NamesTheMethodsOfAPath) {
  Router router;
  add_echo(router, "GET", "/a/{id}");
  add_echo(router, "DELETE", "/a/{number}");
  add_echo(router, "POST", "/a/search");
  Response response = router.handle(request("PUT", "/a/search"));
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.headers.get("allow"), "DELETE, GET, HEAD, POST");
  EXPECT_EQ(router.handle(request("GET", "/a/search")).body, "/a/{id} id=search");
}

TEST(Router, AnswersHeadWithGetWithoutTheBody) {
  Router router;
  add_echo(router, "GET", "/a/{id}");
  Response response = router.handle(request("HEAD", "/a/7"));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "");
  EXPECT_EQ(response.headers.get("Content-Length"), std::to_string(std::string("/a/{id} id=7").size()));
  EXPECT_EQ(router.handle(request("HEAD", "/b")).status, 404);
  EXPECT_EQ(router.handle(request("HEAD", "/b")).body, "");
}

TEST(Router, RefusesUndecodableQueries) {
  Router router;
  add_echo(router, "GET", "/a");
  EXPECT_EQ(router.handle(request("GET", "/a", "x=%C3%A9&y=1+2")).status, 200);
  for (const char* query : {"x=%", "x=%zz", "%4=1", "x=%00", "x=%FF", "x=%ED%A0%80"}) {
    EXPECT_EQ(router.handle(request("GET", "/a", query)).status, 400) << query;
  }
}

TEST(Router, LetsTheFaceShapeItsRefusals) {
  Router router;
  add_echo(router, "POST", "/a");
  router.set_fallback([](const Request& asked, int status, std::string_view message) {
    return json_response(status, json::Object{{"path", asked.path}, {"message", message}});
  });
  Response missing = router.handle(request("GET", "/b"));
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.body, R"({"path":"/b","message":"there is nothing at this path"})");
  Response wrong_method = router.handle(request("GET", "/a"));
  EXPECT_EQ(wrong_method.headers.get("Content-Type"), "application/json");
  EXPECT_EQ(wrong_method.headers.get("Allow"), "POST");
  EXPECT_EQ(router.handle(request("GET", "/%")).status, 400);
}

TEST(Router, TurnsAnExceptionIntoAnAnswerAndALogLine) {
  Router router;
  router.add("GET", "/throws", [](const Request&) -> Response { throw std::runtime_error("secret detail"); });
  std::string logged;
  log::set_sink([&](std::string_view line) { logged += line; });
  Request asked = request("GET", "/throws");
  asked.id = "the-id";
  Response response = router.handle(asked);
  log::set_sink({});
  EXPECT_EQ(response.status, 500);
  EXPECT_THAT(response.body, testing::Not(HasSubstr("secret detail")));
  EXPECT_THAT(logged, HasSubstr("handler_failed"));
  EXPECT_THAT(logged, HasSubstr("the-id"));
  EXPECT_THAT(logged, HasSubstr("secret detail"));
}

TEST(Router, SurvivesAFallbackThatThrows) {
  Router router;
  router.set_fallback([](const Request&, int, std::string_view) -> Response { throw std::runtime_error("again"); });
  log::set_sink([](std::string_view) {});
  EXPECT_EQ(router.handle(request("GET", "/nowhere")).status, 500);
  log::set_sink({});
}

TEST(Router, APromptHandlerIsAskedForItsOwnRouteOnly) {
  Router router;
  bool knows = true;
  router.add(
      "POST", "/{tenant}/token", [](const Request&) { return text_response(200, "waited"); },
      [&](const Request& asked) -> std::optional<Response> {
        if (!knows) return std::nullopt;
        return text_response(200, "prompt " + asked.path_parameter("tenant"));
      });
  add_echo(router, "POST", "/special/token");
  add_echo(router, "GET", "/{tenant}/token");
  auto prompt = [&](const char* method, const char* path) {
    Request asked = request(method, path);
    const auto response = router.answer_promptly(asked);
    return response ? response->body : router.handle(std::move(asked)).body;
  };
  EXPECT_EQ(prompt("POST", "/a%20b/token"), "prompt a b");
  EXPECT_EQ(prompt("POST", "/special/token"), "/special/token");
  EXPECT_EQ(prompt("GET", "/a/token"), "/{tenant}/token tenant=a");
  EXPECT_EQ(prompt("POST", "/%ff/token"), "the path is not valid\n");
  knows = false;
  EXPECT_EQ(prompt("POST", "/a/token"), "waited");
}

TEST(Router, WhatAPromptHandlerThrowsIsLeftToTheHandler) {
  Router router;
  router.add(
      "GET", "/", [](const Request&) { return text_response(200, "waited"); },
      [](const Request&) -> std::optional<Response> { throw std::runtime_error("oh"); });
  Request asked = request("GET", "/");
  EXPECT_FALSE(router.answer_promptly(asked).has_value());
  EXPECT_EQ(router.handle(std::move(asked)).body, "waited");
}

TEST(Router, ListsItsRoutes) {
  Router router;
  add_echo(router, "POST", "/b");
  add_echo(router, "GET", "/b");
  add_echo(router, "GET", "/a/{id}");
  EXPECT_THAT(router.routes(), ElementsAre(Pair("GET", "/a/{id}"), Pair("GET", "/b"), Pair("POST", "/b")));
}

TEST(RouterDeathTest, RefusesToBeFilledWrongly) {
  auto answer = [](const Request&) { return no_content(); };
  Router router;
  router.add("GET", "/a/{id}", answer);
  EXPECT_DEATH(router.add("GET", "/a/{other}", answer), "added twice");
  EXPECT_DEATH(router.add("GET", "a", answer), "check failed");
  EXPECT_DEATH(router.add("get", "/b", answer), "check failed");
  EXPECT_DEATH(router.add("GET", "/{a}{b}", answer), "one name in a segment");
  EXPECT_DEATH(router.add("GET", "/{a*}/b", answer), "last segment");
  EXPECT_DEATH(router.add("GET", "/{a}/{a}", answer), "once in a pattern");
  EXPECT_DEATH(request("GET", "/").path_parameter("nobody"), "nobody");
  Router insensitive(Router::Case::insensitive);
  insensitive.add("GET", "/A", answer);
  EXPECT_DEATH(insensitive.add("GET", "/a", answer), "added twice");
}

}  // namespace
}  // namespace wardbridge::http
