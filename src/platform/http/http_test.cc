#include "platform/http/http.h"

#include <gmock/gmock.h>

namespace wardbridge::http {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

Request with_authorization(std::string value) {
  Request request;
  request.headers.add("authorization", std::move(value));
  return request;
}

TEST(Headers, KeepOrderAndDuplicatesAndIgnoreCase) {
  Headers headers{{"Set-Cookie", "a"}, {"X", "1"}, {"set-cookie", "b"}};
  EXPECT_EQ(headers.get("SET-COOKIE"), "a");
  EXPECT_EQ(headers.get("Y"), std::nullopt);
  headers.set("x", "2");
  EXPECT_THAT(headers.all(), ElementsAre(Pair("Set-Cookie", "a"), Pair("set-cookie", "b"), Pair("x", "2")));
  headers.remove("Set-cookie");
  EXPECT_THAT(headers.all(), ElementsAre(Pair("x", "2")));
}

TEST(Request, ReadsItsQuery) {
  Request request;
  request.query = "section=A,B&page=2&section=C&q=a%26b+c&empty=&section=,";
  EXPECT_EQ(request.query_parameter("page"), "2");
  EXPECT_EQ(request.query_parameter("q"), "a&b c");
  EXPECT_EQ(request.query_parameter("empty"), "");
  EXPECT_EQ(request.query_parameter("none"), std::nullopt);
  EXPECT_THAT(request.query_list("section"), ElementsAre("A", "B", "C"));
  EXPECT_THAT(request.query_list("empty"), IsEmpty());
  request.query = "a=%";
  EXPECT_THAT(request.query_parameters(), IsEmpty());
}

TEST(Request, ReadsBearerTokens) {
  EXPECT_EQ(with_authorization("Bearer abc.def").bearer_token(), "abc.def");
  EXPECT_EQ(with_authorization("bEARER   abc").bearer_token(), "abc");
  for (const char* other : {"", "Bearer", "Bearer ", "Basic abc", "Bearerabc", "Bearer a b", "Bearer a,b"}) {
    EXPECT_EQ(with_authorization(other).bearer_token(), std::nullopt) << other;
  }
  EXPECT_EQ(Request{}.bearer_token(), std::nullopt);
  Request twice = with_authorization("Bearer one");
  twice.headers.add("Authorization", "Bearer two");
  EXPECT_EQ(twice.bearer_token(), std::nullopt);
}

TEST(Request, ReadsBasicCredentials) {
  auto basic = [](std::string_view plain) { return with_authorization("Basic " + text::to_base64(plain)); };
  EXPECT_EQ(basic("ada:p:w").basic_credentials(), (std::pair<std::string, std::string>("ada", "p:w")));
  EXPECT_EQ(basic(":").basic_credentials(), (std::pair<std::string, std::string>("", "")));
  EXPECT_EQ(basic("no colon").basic_credentials(), std::nullopt);
  EXPECT_EQ(basic("ada:p\nw").basic_credentials(), std::nullopt);
  EXPECT_EQ(with_authorization("Basic !!!!").basic_credentials(), std::nullopt);
  EXPECT_EQ(with_authorization("Bearer YTpi").basic_credentials(), std::nullopt);
}

TEST(Response, Builders) {
  Response json = json_response(201, json::Object{{"a", 1}});
  EXPECT_EQ(json.status, 201);
  EXPECT_EQ(json.headers.get("Content-Type"), "application/json");
  EXPECT_EQ(json.body, R"({"a":1})");
  EXPECT_EQ(text_response(404, "no").headers.get("Content-Type"), "text/plain; charset=utf-8");
  EXPECT_EQ(html_response(200, "<p>").headers.get("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(redirect("/x").status, 303);
  EXPECT_EQ(redirect("/x", 302).headers.get("Location"), "/x");
  EXPECT_EQ(no_content().status, 204);
  EXPECT_EQ(no_content().body, "");
}

struct UrlCase {
  std::string text;
  std::string origin;
  std::string path;
  std::string query;
};

TEST(ParseUrl, ReadsPlainUrls) {
  const UrlCase cases[] = {
      {"https://example.com", "https://example.com:443", "/", ""},
      {"HTTPS://Example.COM/A?b=c", "https://example.com:443", "/A", "b=c"},
      {"http://example.com?b", "http://example.com:80", "/", "b"},
      {"https://example.com:8443/", "https://example.com:8443", "/", ""},
      {"https://127.0.0.1:9443/x", "https://127.0.0.1:9443", "/x", ""},
      {"https://[::1]:7443/x", "https://[::1]:7443", "/x", ""},
      {"https://[2001:DB8:0:0::1]", "https://[2001:db8::1]:443", "/", ""},
      {"https://a_b.example/", "https://a_b.example:443", "/", ""},
      {"https://xn--bcher-kva.example/", "https://xn--bcher-kva.example:443", "/", ""},
      {"https://1e100.net/", "https://1e100.net:443", "/", ""},
      {"https://h/Tenants(guid'a')/%7Bx%7D?$filter=a%20eq%201&b=?/", "https://h:443", "/Tenants(guid'a')/%7Bx%7D",
       "$filter=a%20eq%201&b=?/"},
      {"https://h/a@b:c", "https://h:443", "/a@b:c", ""},
  };
  for (const UrlCase& expected : cases) {
    auto url = parse_url(expected.text);
    ASSERT_TRUE(url.ok()) << expected.text << ": " << url.failure().message;
    EXPECT_EQ(url->origin(), expected.origin);
    EXPECT_EQ(url->path, expected.path);
    EXPECT_EQ(url->query, expected.query);
  }
  EXPECT_EQ(parse_url("https://[::1]:443/")->host, "::1");
  EXPECT_EQ(parse_url("https://[::1]:443/")->authority(), "[::1]");
  EXPECT_EQ(parse_url("http://h:443/")->authority(), "h:443");
}

TEST(ParseUrl, RefusesEverythingElse) {
  using namespace std::string_literals;
  const std::string cases[] = {
      "",
      "/",
      "example.com",
      "//example.com/",
      "https",
      "https:",
      "https:/",
      "https:/example.com/",
      "https:example.com",
      "https://",
      "https:///path",
      "https://?q",
      "ftp://example.com/",
      "file:///etc/passwd",
      "javascript:alert(1)",
      "gopher://example.com/",
      "https ://example.com/",
      " https://example.com/",
      "https://example.com/ ",
      "https://user@example.com/",
      "https://user:password@example.com/",
      "https://@example.com/",
      "https://example.com@evil.example/",
      "https://example.com\\@evil.example/",
      "https://example.com\\evil",
      "https://example.com/#fragment",
      "https://example.com#@evil.example/",
      "https://example.com/a b",
      "https://example.com/a\r\nHost: evil.example",
      "https://example.com\r\n/",
      "https://example.com/\t",
      "https://example.com/\0"s,
      "https://exa\0mple.com/"s,
      "https://example.com:/",
      "https://example.com:0/",
      "https://example.com:00443/",
      "https://example.com:65536/",
      "https://example.com:443443/",
      "https://example.com:-1/",
      "https://example.com:+443/",
      "https://example.com: 443/",
      "https://example.com:44a/",
      "https://example.com:443:443/",
      "https://[::1/",
      "https://::1/",
      "https://[]/",
      "https://[::1]x/",
      "https://[::1]443/",
      "https://[::1%25eth0]/",
      "https://[fe80::1%eth0]/",
      "https://[1.2.3.4]/",
      "https://[example.com]/",
      "https://[::g]/",
      "https://127.1/",
      "https://2130706433/",
      "https://0x7f000001/",
      "https://0x7f.0.0.1/",
      "https://127.0.0.0x1/",
      "https://0177.0.0.1/",
      "https://127.0.0.256/",
      "https://1.2.3.4.5/",
      "https://1.2.3.4./",
      "https://example..com/",
      "https://.example.com/",
      "https://example.com./",
      "https://-example.com/",
      "https://example-.com/",
      "https://exam%70le.com/",
      "https://b\xC3\xBC"
      "cher.example/",
      "https://\xEF\xBC\x91.example/",
      "https://example.com/\xC3\xA9",
      "https://example.com/%zz",
      "https://example.com/%2",
      "https://example.com/{id}",
      "https://example.com/?q=<>",
      "https://example.com/?q=\"x\"",
      "https://example.com/[x]",
      "https://" + std::string(64, 'a') + ".example/",
      "https://example.com/" + std::string(9000, 'a'),
  };
  for (const std::string& text : cases) {
    auto url = parse_url(text);
    EXPECT_FALSE(url.ok()) << text;
    EXPECT_TRUE(url.ok() || url.failure().reason == "bad_url") << text;
  }
}

TEST(ParseUrl, NeverRepeatsCredentials) {
  auto url = parse_url("https://user:hunter2@example.com/");
  ASSERT_FALSE(url.ok());
  EXPECT_EQ(url.failure().message.find("hunter2"), std::string::npos);
}

TEST(RetryAfter, ReadsSecondsAndDatesAndClamps) {
  Time now = *parse_iso8601("2026-11-23T18:32:55Z");
  auto wait = [&](std::string value) { return retry_after({429, {{"Retry-After", std::move(value)}}, {}}, now); };
  EXPECT_EQ(wait("17"), seconds{17});
  EXPECT_EQ(wait(" 17 "), seconds{17});
  EXPECT_EQ(wait("0"), seconds{1});
  EXPECT_EQ(wait("3601"), hours{1});
  EXPECT_EQ(wait("99999999999999999999999999"), hours{1});
  EXPECT_EQ(wait("9223372036854775807"), hours{1});
  EXPECT_EQ(wait("Mon, 23 Nov 2026 18:33:55 GMT"), seconds{60});
  EXPECT_EQ(wait("Mon, 23 Nov 2026 18:00:00 GMT"), seconds{1});
  EXPECT_EQ(wait("Tue, 24 Nov 2026 18:32:55 GMT"), hours{1});
  for (const char* malformed : {"", "-5", "1.5", "soon", "10s", "+3", "2026-11-23T18:33:55Z"}) {
    EXPECT_EQ(wait(malformed), std::nullopt) << malformed;
  }
  EXPECT_EQ(retry_after({429, {}, {}}, now), std::nullopt);
}

TEST(InProcessTransport, HandsRequestsToTheRouterOfTheirOrigin) {
  Router router;
  router.add("POST", "/things/{id}", [](const Request& request) {
    return text_response(200, request.method + " " + request.path + "?" + request.query + " " +
                                  request.path_parameter("id") + " " + std::string(*request.headers.get("X-One")) +
                                  " " + std::string(*request.headers.get("Host")) + " " + request.body);
  });
  InProcessTransport transport;
  transport.attach("https://127.0.0.1:9443", router);
  OutboundRequest request{"POST", "https://127.0.0.1:9443/things/a%20b?x=1", {{"X-One", "1"}}, "body"};
  auto response = transport.send(request, seconds{1});
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response->body, "POST /things/a%20b?x=1 a b 1 127.0.0.1:9443 body");

  EXPECT_EQ(transport.send({"GET", "https://127.0.0.1:9444/"}, seconds{1}).failure().reason, "connect");
  EXPECT_EQ(transport.send({"GET", "http://127.0.0.1:9443/"}, seconds{1}).failure().reason, "connect");
  EXPECT_EQ(transport.send({"GET", "nonsense"}, seconds{1}).failure().reason, "bad_url");
  EXPECT_EQ(transport.send(request, seconds{0}).failure().code, Code::timeout);
  transport.detach("https://127.0.0.1:9443");
  EXPECT_EQ(transport.send(request, seconds{1}).failure().code, Code::unavailable);
}

}  // namespace
}  // namespace wardbridge::http
