#include "platform/http/server.h"

#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <latch>
#include <stdexcept>
#include <thread>

#include "platform/http/loopback_testing.h"
#include "platform/log/log.h"
#include "platform/metrics/metrics.h"

namespace wardbridge::http {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const std::string kGet = "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n";

// A server on a free port with routes that show what arrived.
class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    router_.add("GET", "/hello", [](const Request&) { return text_response(200, "hello"); });
    router_.add("GET", "/large", [](const Request&) { return text_response(200, std::string(3'000'000, 'x')); });
    router_.add("GET", "/id", [](const Request& request) {
      return text_response(200, request.id + " " + to_iso8601(request.received) + " " + request.peer.address);
    });
    router_.add("GET", "/headers", [](const Request& request) {
      std::string body;
      for (const auto& [name, value] : request.headers.all()) body += name + "=" + value + "\n";
      return text_response(200, body);
    });
    router_.add("POST", "/echo",
                [](const Request& request) { return text_response(200, request.query + "|" + request.body); });
    router_.add("GET", "/throws", [](const Request&) -> Response { throw std::runtime_error("oh"); });
  }
  ~ServerTest() override { log::set_sink({}); }

  void start(ServerOptions options = {}) {
    server_ = std::make_unique<Server>(std::move(options), router_, clock_, entropy_);
    Status started = server_->start();
    ASSERT_TRUE(started.ok()) << started.failure().message;
  }

  // The one answer to these bytes; the connection is expected to end after it.
  std::string only_answer(const std::string& bytes) {
    RawConnection connection(server_->port());
    connection.send(bytes);
    connection.finish_sending();
    return connection.rest();
  }

  Router router_;
  ManualClock clock_{*parse_iso8601("2026-11-23T18:32:55Z")};
  SeededEntropy entropy_{7};
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, AnswersAndKeepsTheConnection) {
  start();
  RawConnection connection(server_->port());
  for (int i = 0; i < 3; ++i) {
    connection.send(kGet);
    EXPECT_EQ(connection.response(),
              "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nDate: Mon, 23 Nov 2026 18:32:55 GMT\r\n"
              "Content-Length: 5\r\nConnection: keep-alive\r\n\r\nhello");
  }
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrder) {
  start();
  RawConnection connection(server_->port());
  connection.send(
      kGet + "POST /echo?a=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc" +
      "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n1;x=y\r\nf\r\n0\r\n\r\n" +
      "GET /nothing HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" + kGet);
  EXPECT_THAT(connection.response(), EndsWith("\r\n\r\nhello"));
  EXPECT_THAT(connection.response(), EndsWith("\r\n\r\na=1|abc"));
  EXPECT_THAT(connection.response(), EndsWith("\r\n\r\n|def"));
  EXPECT_THAT(connection.rest(),
              AllOf(StartsWith("HTTP/1.1 404"), HasSubstr("Connection: close"), Not(HasSubstr("hello"))));
}

TEST_F(ServerTest, TakesARequestByteByByte) {
  start();
  RawConnection connection(server_->port());
  for (char byte :
       std::string("\r\nPOST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")) {
    connection.send({&byte, 1});
  }
  EXPECT_THAT(connection.response(), EndsWith("\r\n\r\n|abc"));
}

TEST_F(ServerTest, AnswersHeadWithoutABody) {
  start();
  RawConnection connection(server_->port());
  connection.send("HEAD /hello HTTP/1.1\r\nHost: h\r\n\r\n" + kGet);
  EXPECT_THAT(connection.response(false), AllOf(HasSubstr("Content-Length: 5\r\n"), EndsWith("\r\n\r\n")));
  EXPECT_THAT(connection.response(), EndsWith("hello"));
}

TEST_F(ServerTest, SpeaksHttp10AndClosesAfterIt) {
  start();
  EXPECT_THAT(only_answer("GET /hello HTTP/1.0\r\n\r\n"), AllOf(HasSubstr("Connection: close\r\n"), EndsWith("hello")));
}

TEST_F(ServerTest, TakesTheAbsoluteForm) {
  start();
  RawConnection connection(server_->port());
  connection.send("POST http://h:80/echo?a=b HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
  EXPECT_THAT(connection.response(), EndsWith("\r\n\r\na=b|"));
}

TEST_F(ServerTest, GivesHandlersIdTimeAndPeer) {
  start();
  RawConnection connection(server_->port());
  connection.send("GET /id HTTP/1.1\r\nHost: h\r\n\r\n");
  std::string body = connection.response();
  body.erase(0, body.find("\r\n\r\n") + 4);
  EXPECT_TRUE(text::is_guid(body.substr(0, 36))) << body;
  EXPECT_EQ(body.substr(36), " 2026-11-23T18:32:55.000Z 127.0.0.1");
}

TEST_F(ServerTest, WritesLargeAnswersWhole) {
  start();
  RawConnection connection(server_->port());
  connection.send("GET /large HTTP/1.1\r\nHost: h\r\n\r\n" + kGet);
  std::string large = connection.response();
  EXPECT_EQ(large.size() - large.find("\r\n\r\n") - 4, 3'000'000U);
  EXPECT_THAT(connection.response(), EndsWith("hello"));
}

TEST_F(ServerTest, InvitesTheBodyThatWaitsForIt) {
  start();
  RawConnection connection(server_->port());
  connection.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(connection.response(), "HTTP/1.1 100 Continue\r\n\r\n");
  connection.send("abc");
  EXPECT_THAT(connection.response(), EndsWith("|abc"));
}

TEST_F(ServerTest, TurnsAnExceptionInto500AndServesOn) {
  log::set_sink([](std::string_view) {});
  start();
  RawConnection connection(server_->port());
  connection.send("GET /throws HTTP/1.1\r\nHost: h\r\n\r\n" + kGet);
  EXPECT_EQ(status_of(connection.response()), 500);
  EXPECT_EQ(status_of(connection.response()), 200);
}

TEST_F(ServerTest, TrailersAreNotHeaders) {
  std::string seen = "not called";
  router_.add("POST", "/seen", [&](const Request& request) {
    seen = request.headers.get("Authorization").value_or("none");
    return no_content();
  });
  start();
  only_answer(
      "POST /seen HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nTrailer: "
      "Authorization\r\n\r\n"
      "1\r\na\r\n0\r\nAuthorization: Bearer x\r\n\r\n");
  EXPECT_EQ(seen, "none");
}

struct RefusalCase {
  std::string what;
  std::string bytes;
  int status;
};

TEST_F(ServerTest, RefusesRequestsThatCouldBeReadInTwoWays) {
  using namespace std::string_literals;
  start();
  const std::string post = "POST /echo HTTP/1.1\r\nHost: h\r\n";
  const RefusalCase cases[] = {
      {"length and chunked", post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"chunked and length", post + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400},
      {"two lengths", post + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400},
      {"one length twice", post + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400},
      {"list of lengths", post + "Content-Length: 3, 3\r\n\r\nabc", 400},
      {"signed length", post + "Content-Length: +3\r\n\r\nabc", 400},
      {"negative length", post + "Content-Length: -1\r\n\r\n", 400},
      {"hexadecimal length", post + "Content-Length: 0x3\r\n\r\nabc", 400},
      {"huge length", post + "Content-Length: 99999999999999999999\r\n\r\n", 400},
      {"two codings", post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400},
      {"another coding", post + "Transfer-Encoding: identity\r\n\r\n", 400},
      {"chunked twice", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"odd chunked", post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400},
      {"chunked in 1.0", "POST /echo HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"bad chunk size", post + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400},
      {"overflowing chunk size", post + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", 400},
      {"chunk without end", post + "Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n", 400},
      {"bare line feeds", "GET /hello HTTP/1.1\nHost: h\n\n", 400},
      {"one bare line feed", "GET /hello HTTP/1.1\r\nHost: h\nX: y\r\n\r\n", 400},
      {"bare carriage return", "GET /hello HTTP/1.1\r\nHost: h\rX: y\r\n\r\n", 400},
      {"folded header", "GET /hello HTTP/1.1\r\nHost: h\r\nX: y\r\n z\r\n\r\n", 400},
      {"space before colon", "GET /hello HTTP/1.1\r\nHost : h\r\n\r\n", 400},
      {"header without colon", "GET /hello HTTP/1.1\r\nHost: h\r\nnonsense\r\n\r\n", 400},
      {"header without name", "GET /hello HTTP/1.1\r\nHost: h\r\n: x\r\n\r\n", 400},
      {"NUL in header", "GET /hello HTTP/1.1\r\nHost: h\r\nX: \0\r\n\r\n"s, 400},
      {"no host", "GET /hello HTTP/1.1\r\n\r\n", 400},
      {"two hosts", "GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"no version", "GET /hello\r\n\r\n", 400},
      {"version 0.9", "GET /hello HTTP/0.9\r\nHost: h\r\n\r\n", 400},
      {"version 2", "GET /hello HTTP/2.0\r\nHost: h\r\n\r\n", 400},
      {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
      {"space in target", "GET /hel lo HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"fragment in target", "GET /hello#x HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"non-ASCII target", "GET /h\xC3\xA9 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"authority form", "CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"relative target", "GET hello HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"TLS to a plain port", "\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03"s, 400},
      {"empty method", " /hello HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"another expectation", post + "Content-Length: 3\r\nExpect: 200-ok\r\n\r\nabc", 417},
  };
  for (const RefusalCase& refused : cases) {
    std::string answer = only_answer(refused.bytes + kGet);
    EXPECT_EQ(status_of(answer), refused.status) << refused.what << ": " << answer;
    EXPECT_THAT(answer, AllOf(HasSubstr("Connection: close\r\n"), Not(HasSubstr("hello")))) << refused.what;
  }
}

TEST_F(ServerTest, RefusesALongRequestLine) {
  start();
  EXPECT_EQ(status_of(only_answer("GET /" + std::string(limits::kRequestLineBytes, 'a') + " HTTP/1.1\r\n")), 414);
}

TEST_F(ServerTest, RefusesLongAndManyHeaders) {
  start();
  std::string request = "GET /hello HTTP/1.1\r\nHost: h\r\n";
  EXPECT_EQ(status_of(only_answer(request + "X: " + std::string(limits::kHeaderBytes, 'a') + "\r\n\r\n")), 431);
  std::string endless = "X: " + std::string(8 << 20, 'a');  // far more than the server reads
  EXPECT_EQ(status_of(only_answer(request + endless)), 431);
  for (std::size_t i = 1; i < limits::kHeaderCount; ++i) request += "A: b\r\n";
  EXPECT_EQ(status_of(only_answer(request + "\r\n")), 200);
  EXPECT_EQ(status_of(only_answer(request + "A: b\r\n\r\n")), 431);
}

TEST_F(ServerTest, RefusesLargeBodies) {
  start({.body_bytes = 1000});
  const std::string post = "POST /echo HTTP/1.1\r\nHost: h\r\n";
  std::string body(1000, 'a');
  EXPECT_EQ(status_of(only_answer(post + "Content-Length: 1000\r\n\r\n" + body)), 200);
  EXPECT_EQ(status_of(only_answer(post + "Content-Length: 1001\r\n\r\n")), 413);
  EXPECT_EQ(status_of(only_answer(post + "Content-Length: 1001\r\nExpect: 100-continue\r\n\r\n")), 413);
  EXPECT_EQ(status_of(only_answer(post + "Transfer-Encoding: chunked\r\n\r\n3e8\r\n" + body + "\r\n0\r\n\r\n")), 200);
  EXPECT_EQ(
      status_of(only_answer(post + "Transfer-Encoding: chunked\r\n\r\n3e8\r\n" + body + "\r\n1\r\na\r\n0\r\n\r\n")),
      413);
}

TEST_F(ServerTest, TheRefusalOfALargeBodyArrivesThoughTheBodyIsStillSent) {
  start({.body_bytes = 1000});
  RawConnection connection(server_->port());
  connection.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3000000\r\n\r\n" + std::string(3'000'000, 'a'));
  EXPECT_EQ(status_of(connection.response()), 413);
}

TEST_F(ServerTest, RefusesChunkLinesThatDoNotEnd) {
  start();
  std::string head = "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(status_of(only_answer(head + "1;" + std::string(300'000, 'x'))), 400);
  EXPECT_EQ(status_of(only_answer(head + "0\r\nX: " + std::string(300'000, 'x'))), 400);
}

TEST_F(ServerTest, TimesOutHeadersAndBodies) {
  start({.header_time = milliseconds{50}, .body_time = milliseconds{50}});
  RawConnection head(server_->port());
  RawConnection body(server_->port());
  RawConnection chunks(server_->port());
  head.send("GET /hello HTTP/1.1\r\nHost: h\r\n");
  body.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nab");
  chunks.send("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\na");
  EXPECT_EQ(status_of(head.response()), 408);
  EXPECT_EQ(status_of(body.response()), 408);
  EXPECT_EQ(status_of(chunks.response()), 408);
}

TEST_F(ServerTest, ClosesIdleConnectionsSilently) {
  start({.idle_time = milliseconds{50}});
  RawConnection never(server_->port());
  RawConnection once(server_->port());
  once.send(kGet);
  EXPECT_EQ(status_of(once.response()), 200);
  EXPECT_EQ(once.rest(), "");
  EXPECT_EQ(never.rest(), "");
}

TEST_F(ServerTest, ASlowHandlerIsNotTimedOut) {
  std::promise<void> go;
  router_.add("GET", "/slow", [ready = go.get_future().share()](const Request&) {
    ready.wait();
    return text_response(200, "late");
  });
  start({.header_time = milliseconds{20}, .body_time = milliseconds{20}, .idle_time = milliseconds{20}});
  RawConnection slow(server_->port());
  slow.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
  RawConnection idle(server_->port());
  EXPECT_EQ(idle.rest(), "");  // so the slow request has been there for longer than any limit
  go.set_value();
  EXPECT_THAT(slow.response(), EndsWith("late"));
}

TEST_F(ServerTest, RefusesConnectionsOverTheLimit) {
  start({.connections = 2});
  RawConnection first(server_->port());
  RawConnection second(server_->port());
  first.send(kGet);
  second.send(kGet);
  EXPECT_EQ(status_of(first.response()), 200);
  EXPECT_EQ(status_of(second.response()), 200);
  RawConnection third(server_->port());
  EXPECT_EQ(status_of(third.response()), 503);
  first.send(kGet);
  EXPECT_EQ(status_of(first.response()), 200);
}

TEST_F(ServerTest, FailsToStartWhereItCannot) {
  start();
  Server again({.port = server_->port()}, router_, clock_, entropy_);
  EXPECT_EQ(again.start().failure().reason, "listen");
  Server nowhere({.address = "example.com"}, router_, clock_, entropy_);
  EXPECT_EQ(nowhere.start().failure().reason, "listen_address");
  TestAuthority authority;
  TlsIdentity one = authority.issue("one");
  TlsIdentity other = authority.issue("other");
  Server mismatched({.tls = TlsIdentity{one.certificate_chain_pem, other.private_key_pem}}, router_, clock_, entropy_);
  EXPECT_EQ(mismatched.start().failure().reason, "tls");
  Server nonsense({.tls = TlsIdentity{"no", "no"}}, router_, clock_, entropy_);
  EXPECT_EQ(nonsense.start().failure().reason, "tls");
  Server nameless({.tls = one, .ask_for_client_certificate = true, .client_authorities = {"no name"}}, router_, clock_,
                  entropy_);
  EXPECT_EQ(nameless.start().failure().reason, "tls");
}

TEST_F(ServerTest, StopLetsARunningHandlerFinish) {
  std::latch running(1);
  std::promise<void> go;
  router_.add("GET", "/slow", [&, ready = go.get_future().share()](const Request&) {
    running.count_down();
    ready.wait();
    return text_response(200, "finished");
  });
  start();
  RawConnection idle(server_->port());
  RawConnection slow(server_->port());
  slow.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
  running.wait();
  auto stopped = std::async(std::launch::async, [&] { server_->stop(); });
  EXPECT_EQ(idle.rest(), "");  // the stop has begun
  EXPECT_FALSE(RawConnection(server_->port()).connected());
  go.set_value();
  EXPECT_THAT(slow.rest(), AllOf(HasSubstr("Connection: close"), EndsWith("finished")));
  stopped.get();
  server_->stop();
}

TEST_F(ServerTest, ServesManyClientsAtOnce) {
  start({.handler_threads = 4});
  std::atomic<int> right = 0;
  std::vector<std::thread> clients;
  for (int client = 0; client < 16; ++client) {
    clients.emplace_back([&, client] {
      RawConnection connection(server_->port());
      for (int i = 0; i < 100; ++i) {
        std::string body = std::to_string(client * 1000 + i);
        connection.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) +
                        "\r\n\r\n" + body);
        if (connection.response().ends_with("\r\n\r\n|" + body)) ++right;
      }
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(right, 1600);
}

TEST_F(ServerTest, APromptHandlerAnswersWhileEveryHandlerThreadWaits) {
  std::latch waiting(1);
  std::promise<void> go;
  router_.add("GET", "/slow", [&, ready = go.get_future().share()](const Request&) {
    waiting.count_down();
    ready.wait();
    return text_response(200, "late");
  });
  router_.add(
      "GET", "/prompt", [](const Request&) { return text_response(200, "waited"); },
      [](const Request& request) -> std::optional<Response> { return text_response(200, "at once " + request.id); });
  start({.socket_threads = 1, .handler_threads = 1});
  RawConnection slow(server_->port());
  slow.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
  waiting.wait();
  RawConnection quick(server_->port());
  quick.send("GET /prompt HTTP/1.1\r\nHost: h\r\n\r\nHEAD /prompt HTTP/1.1\r\nHost: h\r\n\r\n" + kGet);
  const std::string answer = quick.response();
  EXPECT_THAT(answer, HasSubstr("\r\n\r\nat once "));
  EXPECT_TRUE(text::is_guid(answer.substr(answer.size() - 36))) << answer;
  go.set_value();
  EXPECT_THAT(slow.response(), EndsWith("late"));
  EXPECT_EQ(status_of(quick.response(false)), 200) << "HEAD is for the handler";
  EXPECT_THAT(quick.response(), EndsWith("hello"));
}

TEST_F(ServerTest, ConnectionsAreSharedAmongTheSocketThreads) {
  start({.socket_threads = 3, .connections = 4});
  std::vector<std::unique_ptr<RawConnection>> connections;
  for (int i = 0; i < 4; ++i) {
    connections.push_back(std::make_unique<RawConnection>(server_->port()));
    connections.back()->send(kGet);
    EXPECT_EQ(status_of(connections.back()->response()), 200);
  }
  // The limit is the server's, not a thread's.
  EXPECT_EQ(status_of(RawConnection(server_->port()).response()), 503);
  server_->stop();
  for (auto& connection : connections) EXPECT_EQ(connection->rest(), "");
}

TEST_F(ServerTest, SurvivesClientsThatLeave) {
  start();
  for (int i = 0; i < 50; ++i) {
    RawConnection leaving(server_->port());
    leaving.send("GET /large HTTP/1.1\r\nHost: h\r\n\r\n");
  }
  RawConnection connection(server_->port());
  connection.send(kGet);
  EXPECT_EQ(status_of(connection.response()), 200);
}

TEST_F(ServerTest, CountsWhatItDoes) {
  start({.name = "counted"});
  const metrics::Labels role = {{"role", "counted"}};
  auto requests = [](const char* status) {
    return metrics::counter("wardbridge_http_requests_total", "", {{"role", "counted"}, {"status", status}}).value();
  };
  auto connections = [&] { return metrics::counter("wardbridge_http_connections_total", "", role).value(); };
  auto timed = [&] { return metrics::histogram("wardbridge_http_request_seconds", "", role).count(); };
  auto open = [&] { return metrics::gauge("wardbridge_http_connections", "", role).value(); };
  // Metrics live as long as the process, so only differences say what this server did.
  const auto good = requests("2xx");
  const auto bad = requests("4xx");
  const auto connected = connections();
  const auto observed = timed();
  {
    RawConnection connection(server_->port());
    connection.send(kGet + kGet + "GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n" + "nonsense\n");
    for (int i = 0; i < 3; ++i) connection.response();
    EXPECT_EQ(open(), 1);
    EXPECT_EQ(status_of(connection.response()), 400);
  }
  server_->stop();
  EXPECT_EQ(requests("2xx") - good, 2U);
  EXPECT_EQ(requests("4xx") - bad, 2U);
  EXPECT_EQ(connections() - connected, 1U);
  EXPECT_EQ(timed() - observed, 3U);
  EXPECT_EQ(open(), 0);
}

}  // namespace
}  // namespace wardbridge::http
