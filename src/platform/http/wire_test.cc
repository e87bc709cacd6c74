#include "platform/http/wire.h"

#include <gmock/gmock.h>

#include "base/limits.h"
#include "platform/log/log.h"

namespace wardbridge::http {
namespace {

using testing::HasSubstr;
using testing::Not;
using Verdict = HeadScanner::Verdict;

Verdict scan(std::string_view bytes) { return HeadScanner().scan(bytes); }

TEST(HeadScanner, FindsTheEndWhereverTheBytesAreCut) {
  const std::string head = "GET / HTTP/1.1\r\nHost: h\r\nX: a\tb\r\n\r\n";
  const std::string all = head + "body\n";
  for (std::size_t cut = 0; cut < head.size(); ++cut) {
    HeadScanner scanner;
    ASSERT_EQ(scanner.scan(std::string_view(all).substr(0, cut)), Verdict::incomplete) << cut;
    ASSERT_EQ(scanner.scan(all), Verdict::complete) << cut;
    EXPECT_EQ(scanner.begin(), 0U);
    EXPECT_EQ(scanner.end(), head.size());
  }
}

TEST(HeadScanner, SkipsOneEmptyLine) {
  HeadScanner scanner;
  EXPECT_EQ(scanner.scan("\r\nGET / HTTP/1.1\r\n\r\n"), Verdict::complete);
  EXPECT_EQ(scanner.begin(), 2U);
  EXPECT_EQ(scanner.end(), 20U);
  EXPECT_EQ(scan("\r\n\r\nGET / HTTP/1.1\r\n\r\n"), Verdict::malformed);
}

TEST(HeadScanner, RefusesWhatNoHonestClientSends) {
  using namespace std::string_literals;
  for (const std::string& bytes :
       {"\n"s, "GET / HTTP/1.1\n"s, "GET / HTTP/1.1\r\nA: b\n"s, "GET / HTTP/1.1\r\nA: b\r\n\n"s,
        "GET / HTTP/1.1\rA: b\r\n\r\n"s, "GET / HTTP/1.1\r\r\n"s, "GET / HTTP/1.1\r\nA: b\r\n folded: c\r\n"s,
        "GET / HTTP/1.1\r\n A: b\r\n"s, "GET / HTTP/1.1\r\nA: b\r\n\tc\r\n"s, " GET / HTTP/1.1\r\n"s,
        "GET / HTTP/1.1\r\nA: \0\r\n"s, "GET / HTTP/1.1\r\nA: \x7F\r\n"s, "GET /\x01 HTTP/1.1\r\n"s,
        "\x16\x03\x01\x02"s}) {
    EXPECT_EQ(scan(bytes), Verdict::malformed) << testing::PrintToString(bytes);
  }
}

TEST(HeadScanner, KeepsTheLimits) {
  const std::string line = "GET / HTTP/1.1\r\n";
  EXPECT_EQ(scan(std::string(limits::kRequestLineBytes, 'a')), Verdict::incomplete);
  EXPECT_EQ(scan(std::string(limits::kRequestLineBytes + 1, 'a')), Verdict::line_too_long);

  std::string headers = line;
  for (std::size_t i = 0; i < limits::kHeaderCount; ++i) headers += "A: b\r\n";
  EXPECT_EQ(scan(headers + "\r\n"), Verdict::complete);
  EXPECT_EQ(scan(headers + "A: b\r\n\r\n"), Verdict::too_large);

  std::string long_header = line + "A: " + std::string(limits::kHeaderBytes - line.size() - 3, 'a');
  EXPECT_EQ(scan(long_header), Verdict::incomplete);
  EXPECT_EQ(scan(long_header + "a"), Verdict::too_large);
}

TEST(MakeAnswer, WritesTheHead) {
  Response response{
      201, {{"X-One", "1"}, {"x-one", "2"}, {"content-length", "999"}, {"Connection", "upgrade"}}, "hello"};
  Answer answer = make_answer(response, false, Connection::keep, *parse_iso8601("2026-11-23T18:32:55Z"));
  EXPECT_EQ(answer.head,
            "HTTP/1.1 201 Created\r\nX-One: 1\r\nx-one: 2\r\nDate: Mon, 23 Nov 2026 18:32:55 GMT\r\n"
            "Content-Length: 5\r\nConnection: keep-alive\r\n\r\nhello");
  EXPECT_FALSE(answer.close);
  EXPECT_THAT(make_answer(response, false, Connection::close, kEpoch).head, HasSubstr("Connection: close\r\n"));
}

TEST(MakeAnswer, LeavesOutBodiesWhereThereIsNone) {
  EXPECT_THAT(make_answer({204, {}, "x"}, false, Connection::keep, kEpoch).head, Not(HasSubstr("Content-Length")));
  EXPECT_THAT(make_answer({304, {}, "x"}, false, Connection::keep, kEpoch).head, testing::EndsWith("\r\n\r\n"));
  Answer head = make_answer({200, {{"Content-Length", "17"}}, ""}, true, Connection::keep, kEpoch);
  EXPECT_THAT(head.head, HasSubstr("Content-Length: 17\r\n"));
  EXPECT_THAT(make_answer({200, {}, ""}, false, Connection::keep, kEpoch).head, HasSubstr("Content-Length: 0\r\n"));
}

TEST(MakeAnswer, KeepsLargeBodiesApart) {
  std::string body(100'000, 'x');
  Answer answer = make_answer({200, {}, body}, false, Connection::keep, kEpoch);
  EXPECT_EQ(answer.body, body);
  EXPECT_THAT(answer.head, testing::EndsWith("\r\n\r\n"));
}

TEST(MakeAnswer, NeverLetsAHeaderBreakOut) {
  log::set_sink([](std::string_view) {});
  for (const Response& response : {Response{200, {{"X", "a\r\nSet-Cookie: b"}}, ""},
                                   Response{200, {{"X\r\nY", "a"}}, ""}, Response{200, {{"", "a"}}, ""},
                                   Response{200, {{"X Y", "a"}}, ""}, Response{99, {}, ""}, Response{600, {}, ""}}) {
    EXPECT_EQ(make_answer(response, false, Connection::keep, kEpoch).status, 500);
  }
  log::set_sink({});
}

}  // namespace
}  // namespace wardbridge::http
