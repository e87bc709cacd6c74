#include "platform/http/client.h"

#include <gmock/gmock.h>

#include <atomic>
#include <cstdlib>
#include <future>
#include <thread>

#include "platform/http/loopback_testing.h"
#include "platform/metrics/metrics.h"

namespace wardbridge::http {
namespace {

using testing::HasSubstr;
using testing::Not;

// A port that nothing listens on: bound, never listening, so nobody else gets it meanwhile.
class ClosedPort {
 public:
  ClosedPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    socklen_t size = sizeof address;
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~ClosedPort() { ::close(socket_); }
  ClosedPort(const ClosedPort&) = delete;

  // From now on connections are taken, by the kernel alone: nobody answers on them.
  void listen() { ::listen(socket_, 8); }
  // Takes one connection, waits for its first bytes, writes `answer`, and closes it.
  void answer_one(std::string_view answer) {
    int peer = ::accept(socket_, nullptr, nullptr);
    char buffer[4096];
    if (::recv(peer, buffer, sizeof buffer, 0) > 0) ::send(peer, answer.data(), answer.size(), MSG_NOSIGNAL);
    ::close(peer);
  }
  std::string url(const std::string& scheme) const { return scheme + "://127.0.0.1:" + std::to_string(port_) + "/"; }

 private:
  int socket_;
  int port_ = 0;
};

class ClientTest : public testing::Test {
 protected:
  ClientTest() : ca_file_(authority_.certificate_pem()) {
    router_.add("GET", "/hello", [](const Request&) { return text_response(200, "hello"); });
    router_.add("GET", "/moved", [](const Request&) { return redirect("/hello", 302); });
    router_.add("GET", "/sized", [](const Request& request) {
      return text_response(200, std::string(std::strtoul(request.query.c_str(), nullptr, 10), 'x'));
    });
    router_.add("GET", "/certificate",
                [](const Request& request) { return text_response(200, text::to_hex(request.peer.certificate_der)); });
    for (const char* method : {"GET", "POST", "PUT", "PATCH", "DELETE"}) {
      router_.add(method, "/show/{rest*}", [](const Request& request) {
        std::string body = request.method + " " + request.path + "?" + request.query + "\n";
        for (const auto& [name, value] : request.headers.all()) body += name + ": " + value + "\n";
        return Response{200, {{"X-One", "1"}, {"X-One", "2"}}, body + "\n" + request.body};
      });
    }
  }

  void start(ServerOptions options = {}) {
    if (!options.tls) options.tls = authority_.issue("server");
    server_ = std::make_unique<Server>(std::move(options), router_, clock_, entropy_);
    Status started = server_->start();
    ASSERT_TRUE(started.ok()) << started.failure().message;
  }

  ClientOptions trusting() const { return {.ca_file = ca_file_.path(), .use_system_store = false}; }
  std::string url(const std::string& path) const {
    return "https://127.0.0.1:" + std::to_string(server_->port()) + path;
  }
  static std::uint64_t connections(const std::string& role) {
    return metrics::counter("wardbridge_http_connections_total", "", {{"role", role}}).value();
  }

  TestAuthority authority_;
  TemporaryFile ca_file_;
  Router router_;
  SystemClock clock_;
  SystemEntropy entropy_;
  std::unique_ptr<Server> server_;
};

TEST_F(ClientTest, AsksOverTls) {
  start();
  CurlTransport transport(trusting());
  auto response = transport.send({"GET", url("/hello")}, seconds{5});
  ASSERT_TRUE(response.ok()) << response.failure().message;
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, "hello");
  EXPECT_EQ(response->headers.get("content-type"), "text/plain; charset=utf-8");
  EXPECT_EQ(transport.send({"GET", url("/nothing")}, seconds{5})->status, 404);
}

TEST_F(ClientTest, SendsExactlyWhatItIsGiven) {
  start();
  CurlTransport transport(trusting());
  for (const char* method : {"GET", "POST", "PUT", "PATCH", "DELETE"}) {
    OutboundRequest request{method,
                            url("/show/a%20b(guid'x')?$filter=a%20eq%201"),
                            {{"X-Two", "2"}, {"X-Empty", ""}, {"Accept", "application/json"}},
                            ""};
    auto plain = transport.send(request, seconds{5});
    ASSERT_TRUE(plain.ok()) << plain.failure().message;
    EXPECT_THAT(plain->body, HasSubstr(method + std::string(" /show/a%20b(guid'x')?$filter=a%20eq%201\n")));
    EXPECT_THAT(plain->body, HasSubstr("\nX-Two: 2\n"));
    EXPECT_THAT(plain->body, HasSubstr("\nX-Empty: \n"));
    EXPECT_THAT(plain->body, HasSubstr("\nAccept: application/json\n"));
    EXPECT_THAT(plain->body, HasSubstr("\nUser-Agent: Wardbridge\n"));
    EXPECT_THAT(plain->body, Not(HasSubstr("Content-Type")));
    EXPECT_THAT(plain->headers.all(),
                testing::IsSupersetOf({testing::Pair("X-One", "1"), testing::Pair("X-One", "2")}));
  }
  using namespace std::string_literals;
  std::string bytes = "\0binary\r\n"s + std::string(2'000'000, 'b');
  OutboundRequest post{"POST", url("/show/x"), {{"Content-Type", "application/octet-stream"}}, bytes};
  auto posted = transport.send(post, seconds{5});
  ASSERT_TRUE(posted.ok()) << posted.failure().message;
  EXPECT_TRUE(posted->body.ends_with("\n\n" + bytes));
  EXPECT_THAT(posted->body.substr(0, 500), HasSubstr("\nContent-Type: application/octet-stream\n"));
}

TEST_F(ClientTest, AsksForHeadOnly) {
  start();
  CurlTransport transport(trusting());
  auto response = transport.send({"HEAD", url("/hello")}, seconds{5});
  ASSERT_TRUE(response.ok()) << response.failure().message;
  EXPECT_EQ(response->headers.get("Content-Length"), "5");
  EXPECT_EQ(response->body, "");
}

TEST_F(ClientTest, RefusesACertificateOfAnotherAuthority) {
  start();
  TestAuthority other;
  TemporaryFile other_file(other.certificate_pem());
  CurlTransport wrong({.ca_file = other_file.path(), .use_system_store = false});
  EXPECT_EQ(wrong.send({"GET", url("/hello")}, seconds{5}).failure().reason, "tls");
  CurlTransport system({});
  EXPECT_EQ(system.send({"GET", url("/hello")}, seconds{5}).failure().reason, "tls");
  CurlTransport nobody({.use_system_store = false});
  EXPECT_EQ(nobody.send({"GET", url("/hello")}, seconds{5}).failure().reason, "tls");
  CurlTransport missing({.ca_file = "/nonexistent/ca.pem", .use_system_store = false});
  EXPECT_EQ(missing.send({"GET", url("/hello")}, seconds{5}).failure().reason, "tls");
}

TEST_F(ClientTest, TrustsItsFileAndTheSystem) {
  start();
  CurlTransport both({.ca_file = ca_file_.path(), .use_system_store = true});
  EXPECT_TRUE(both.send({"GET", url("/hello")}, seconds{5}).ok());
}

TEST_F(ClientTest, RefusesACertificateForAnotherName) {
  // The certificate names 127.0.0.1 only, the server answers at every loopback address.
  start({.address = "0.0.0.0"});
  CurlTransport transport(trusting());
  std::string port = std::to_string(server_->port());
  EXPECT_TRUE(transport.send({"GET", "https://127.0.0.1:" + port + "/hello"}, seconds{5}).ok());
  EXPECT_EQ(transport.send({"GET", "https://127.0.0.2:" + port + "/hello"}, seconds{5}).failure().reason, "tls");
}

TEST_F(ClientTest, ReusesConnections) {
  start({.name = "reused"});
  const auto before = connections("reused");
  CurlTransport transport(trusting());
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(transport.send({"GET", url("/hello")}, seconds{5}).ok());
  EXPECT_EQ(connections("reused") - before, 1U);
}

TEST_F(ClientTest, NoticesThatAReusedConnectionIsGone) {
  start();
  CurlTransport transport(trusting());
  ASSERT_TRUE(transport.send({"GET", url("/hello")}, seconds{5}).ok());
  int port = server_->port();
  server_.reset();
  start({.port = port});
  auto response = transport.send({"GET", url("/hello")}, seconds{5});
  ASSERT_TRUE(response.ok()) << response.failure().message;
  EXPECT_EQ(response->body, "hello");
}

TEST_F(ClientTest, ServesManyThreads) {
  start({.name = "threads"});
  const auto before = connections("threads");
  CurlTransport transport(trusting());
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 25; ++i) {
        std::string body = std::to_string(thread) + "-" + std::to_string(i);
        auto response = transport.send({"POST", url("/show/x"), {}, body}, seconds{10});
        if (response.ok() && response->body.ends_with("\n\n" + body)) ++right;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(right, 200);
  EXPECT_LE(connections("threads") - before, 8U);
}

TEST_F(ClientTest, PresentsItsCertificate) {
  start({.ask_for_client_certificate = true});
  CurlTransport anonymous(trusting());
  EXPECT_EQ(anonymous.send({"GET", url("/certificate")}, seconds{5})->body, "");

  ClientOptions options = trusting();
  options.client_certificate = TestAuthority().issue("some device");  // an authority that the server has never heard of
  CurlTransport device(options);
  for (int i = 0; i < 2; ++i) {
    auto response = device.send({"GET", url("/certificate")}, seconds{5});
    ASSERT_TRUE(response.ok()) << response.failure().message;
    EXPECT_THAT(response->body, HasSubstr(text::to_hex("some device")));
  }
  options.client_certificate->private_key_pem = authority_.issue("x").private_key_pem;
  CurlTransport mismatched(options);
  EXPECT_EQ(mismatched.send({"GET", url("/certificate")}, seconds{5}).failure().reason, "tls");
}

TEST_F(ClientTest, AsksForNoCertificateUnlessTold) {
  start();
  ClientOptions options = trusting();
  options.client_certificate = authority_.issue("some device");
  CurlTransport device(options);
  EXPECT_EQ(device.send({"GET", url("/certificate")}, seconds{5})->body, "");
}

TEST_F(ClientTest, KeepsTheDeadline) {
  ClosedPort silent;
  silent.listen();
  CurlTransport transport(trusting());
  std::int64_t began = monotonic_nanoseconds();
  auto response = transport.send({"GET", silent.url("https")}, milliseconds{100});
  auto took = milliseconds{(monotonic_nanoseconds() - began) / 1'000'000};
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.failure().code, Code::timeout);
  EXPECT_GE(took, milliseconds{90});
  EXPECT_LT(took, seconds{3});
  EXPECT_EQ(transport.send({"GET", silent.url("https")}, milliseconds{0}).failure().code, Code::timeout);
}

TEST_F(ClientTest, KeepsTheDeadlineWhileAHandlerThinks) {
  std::promise<void> go;
  router_.add("GET", "/slow", [ready = go.get_future().share()](const Request&) {
    ready.wait();
    return no_content();
  });
  start();
  CurlTransport transport(trusting());
  EXPECT_EQ(transport.send({"GET", url("/slow")}, milliseconds{100}).failure().reason, "timeout");
  go.set_value();
}

TEST_F(ClientTest, TakesNoMoreThanItsLimit) {
  start();
  ClientOptions options = trusting();
  options.response_bytes = 1000;
  CurlTransport transport(options);
  EXPECT_EQ(transport.send({"GET", url("/sized?1000")}, seconds{5})->body.size(), 1000U);
  auto larger = transport.send({"GET", url("/sized?1001")}, seconds{5});
  ASSERT_FALSE(larger.ok());
  EXPECT_EQ(larger.failure().code, Code::too_large);
  EXPECT_TRUE(transport.send({"GET", url("/sized?1000")}, seconds{5}).ok());
}

TEST_F(ClientTest, FollowsNoRedirect) {
  start();
  CurlTransport transport(trusting());
  auto response = transport.send({"GET", url("/moved")}, seconds{5});
  EXPECT_EQ(response->status, 302);
  EXPECT_EQ(response->headers.get("Location"), "/hello");
}

TEST_F(ClientTest, SpeaksPlainHttpOnlyWhenAllowed) {
  ClosedPort peer;
  peer.listen();
  CurlTransport strict(trusting());
  EXPECT_EQ(strict.send({"GET", peer.url("http")}, seconds{5}).failure().reason, "plain_http");
  CurlTransport lenient({.allow_plain_http = true});
  auto answering = std::async(std::launch::async, [&] {
    peer.answer_one("HTTP/1.1 103 Early Hints\r\nX: early\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
  auto response = lenient.send({"GET", peer.url("http")}, seconds{5});
  ASSERT_TRUE(response.ok()) << response.failure().message;
  EXPECT_EQ(response->body, "ok");
  EXPECT_EQ(response->headers.get("X"), std::nullopt);
}

TEST_F(ClientTest, NamesTheKindOfTrouble) {
  CurlTransport transport({.ca_file = ca_file_.path(), .allow_plain_http = true});
  ClosedPort closed;
  auto refused = transport.send({"GET", closed.url("https")}, seconds{5});
  EXPECT_EQ(refused.failure().code, Code::unavailable);
  EXPECT_EQ(refused.failure().reason, "connect");
  EXPECT_EQ(transport.send({"GET", "https://name.invalid/"}, seconds{5}).failure().reason, "dns");

  for (std::string_view broken : {"", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"}) {
    ClosedPort peer;
    peer.listen();
    auto answering = std::async(std::launch::async, [&] { peer.answer_one(broken); });
    auto response = transport.send({"GET", peer.url("http")}, seconds{5});
    ASSERT_FALSE(response.ok());
    EXPECT_EQ(response.failure().code, Code::unavailable) << broken;
    EXPECT_EQ(response.failure().reason, "reset") << broken;
  }
  ClosedPort other_protocol;
  other_protocol.listen();
  auto answering = std::async(std::launch::async, [&] { other_protocol.answer_one("220 mail.example ESMTP\r\n"); });
  EXPECT_EQ(transport.send({"GET", other_protocol.url("http")}, seconds{5}).failure().reason, "bad_answer");
}

TEST_F(ClientTest, NeverPutsTheQueryIntoAMessage) {
  CurlTransport transport(trusting());
  ClosedPort closed;
  auto refused = transport.send({"GET", closed.url("https") + "?code=hunter2"}, seconds{5});
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.failure().message, Not(HasSubstr("hunter2")));
}

TEST_F(ClientTest, RefusesBadRequestsBeforeTheyGoOut) {
  CurlTransport transport(trusting());
  auto reason = [&](OutboundRequest request) { return transport.send(request, seconds{5}).failure().reason; };
  EXPECT_EQ(reason({"GET", "https://user@127.0.0.1/"}), "bad_url");
  EXPECT_EQ(reason({"GET", "file:///etc/passwd"}), "bad_url");
  EXPECT_EQ(reason({"GET", "ldap://127.0.0.1/"}), "bad_url");
  EXPECT_EQ(reason({"get", "https://127.0.0.1/"}), "bad_method");
  EXPECT_EQ(reason({"GET / HTTP/1.1\r\nX: y\r\n\r\nGET", "https://127.0.0.1/"}), "bad_method");
  EXPECT_EQ(reason({"GET", "https://127.0.0.1/", {{"X", "a\r\nY: b"}}}), "bad_header");
  EXPECT_EQ(reason({"GET", "https://127.0.0.1/", {{"X: a\r\nY", "b"}}}), "bad_header");
  EXPECT_EQ(reason({"GET", "https://127.0.0.1/", {{"", "b"}}}), "bad_header");
}

TEST_F(ClientTest, ShowsEveryAddressToTheAllowList) {
  start();
  ClientOptions options = trusting();
  std::string seen;
  options.allow = [&](const Destination& destination) {
    seen = destination.host + " " + destination.address;
    EXPECT_EQ(destination.port, server_->port());
    return true;
  };
  CurlTransport open(options);
  EXPECT_TRUE(open.send({"GET", url("/hello")}, seconds{5}).ok());
  EXPECT_EQ(seen, "127.0.0.1 127.0.0.1");

  AllowList public_only;
  options.allow = [&](const Destination& destination) { return public_only.allows(destination); };
  CurlTransport guarded(options);
  auto refused = guarded.send({"GET", url("/hello")}, seconds{5});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.failure().code, Code::forbidden);
  EXPECT_EQ(refused.failure().reason, "outbound_address");
  // A name is no way around it.
  refused = guarded.send({"GET", "https://localhost:" + std::to_string(server_->port()) + "/"}, seconds{5});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.failure().reason, "outbound_address");
}

TEST_F(ClientTest, UsesTheProxyOfItsOptionsAndNoOther) {
  ClosedPort from_environment;
  ::setenv("https_proxy", from_environment.url("http").c_str(), 1);
  start();
  CurlTransport direct(trusting());
  EXPECT_TRUE(direct.send({"GET", url("/hello")}, seconds{5}).ok());
  ::unsetenv("https_proxy");

  ClosedPort proxy;
  proxy.listen();
  ClientOptions options = trusting();
  options.proxy = proxy.url("http");
  CurlTransport proxied(options);
  auto answering = std::async(std::launch::async, [&] { proxy.answer_one("HTTP/1.1 403 Forbidden\r\n\r\n"); });
  EXPECT_FALSE(proxied.send({"GET", "https://peer.example/"}, seconds{5}).ok());
  answering.get();
  options.no_proxy = "127.0.0.1";
  CurlTransport exempt(options);
  EXPECT_TRUE(exempt.send({"GET", url("/hello")}, seconds{5}).ok());
}

TEST(IsPublicAddress, KnowsTheSpecialOnes) {
  for (const char* address :
       {"8.8.8.8",           "1.1.1.1",     "9.255.255.255",  "11.0.0.0",         "100.63.255.255",  "100.128.0.0",
        "126.255.255.255",   "128.0.0.0",   "168.63.129.15",  "169.253.255.255",  "172.15.255.255",  "172.32.0.0",
        "192.167.255.255",   "192.169.0.0", "198.17.255.255", "198.20.0.0",       "223.255.255.255", "2606:4700::1111",
        "2a00:1450:4001::1", "2001:200::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"}) {
    EXPECT_TRUE(is_public_address(address)) << address;
  }
  for (const char* address : {"0.0.0.0",
                              "0.1.2.3",
                              "10.0.0.1",
                              "10.255.255.255",
                              "100.64.0.0",
                              "100.100.100.200",
                              "100.127.255.255",
                              "127.0.0.1",
                              "127.255.255.255",
                              "168.63.129.16",
                              "169.254.0.1",
                              "169.254.169.254",
                              "172.16.0.0",
                              "172.31.255.255",
                              "192.0.0.8",
                              "192.0.2.1",
                              "192.88.99.1",
                              "192.168.0.1",
                              "198.18.0.1",
                              "198.19.255.255",
                              "198.51.100.1",
                              "203.0.113.1",
                              "224.0.0.1",
                              "239.255.255.255",
                              "240.0.0.1",
                              "255.255.255.255",
                              "::",
                              "::1",
                              "::7f00:1",
                              "::ffff:127.0.0.1",
                              "::ffff:10.0.0.1",
                              "::ffff:a9fe:a9fe",
                              "64:ff9b::127.0.0.1",
                              "64:ff9b::10.0.0.1",
                              "64:ff9b:1::8.8.8.8",
                              "2001::1",
                              "2001:db8::1",
                              "2002:7f00:1::1",
                              "2002:a00:1::1",
                              "3fff::1",
                              "fc00::1",
                              "fd00:ec2::254",
                              "fe80::1",
                              "fec0::1",
                              "ff02::1",
                              "100::1",
                              "5f00::1"}) {
    EXPECT_FALSE(is_public_address(address)) << address;
  }
  for (const char* nonsense :
       {"", "localhost", "8.8.8", "8.8.8.8.", "fe80::1%eth0", "[::1]", "0x8080808", "8.8.8.8 "}) {
    EXPECT_FALSE(is_public_address(nonsense)) << nonsense;
  }
}

}  // namespace
}  // namespace wardbridge::http
