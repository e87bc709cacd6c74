#include "platform/http/wire.h"

#include <algorithm>

#include "base/limits.h"
#include "platform/http/boost_network.h"
#include "platform/log/log.h"

namespace wardbridge::http {
namespace {

// Below this, one write of both is cheaper than two.
constexpr std::size_t kJoinedBodyBytes = 16 * 1024;

bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

bool is_field_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7F);
  });
}

bool is_sound(const Response& response) {
  return response.status >= 200 && response.status <= 599 &&
         std::all_of(response.headers.all().begin(), response.headers.all().end(),
                     [](const auto& header) { return is_token(header.first) && is_field_value(header.second); });
}

bool is_ours(std::string_view name) {
  for (std::string_view ours : {"Connection", "Content-Length", "Date", "Keep-Alive", "Transfer-Encoding"}) {
    if (text::equal_ignoring_case(name, ours)) return true;
  }
  return false;
}

}  // namespace

HeadScanner::Verdict HeadScanner::end_line(std::string_view received) {
  // next_ is the LF; a line's text ends two bytes before what follows it.
  if (next_ == line_begin_ || received[next_ - 1] != '\r') return Verdict::malformed;
  std::size_t length = next_ - 1 - line_begin_;
  char first = received[line_begin_];
  ++next_;
  if (length == 0) {
    if (lines_ > 0) return Verdict::complete;
    if (begin_ > 0) return Verdict::malformed;
    begin_ = line_begin_ = next_;
    return Verdict::incomplete;
  }
  if (first == ' ' || first == '\t') return Verdict::malformed;
  line_begin_ = next_;
  return ++lines_ > limits::kHeaderCount + 1 ? Verdict::too_large : Verdict::incomplete;
}

HeadScanner::Verdict HeadScanner::scan(std::string_view received) {
  while (next_ < received.size()) {
    auto byte = static_cast<unsigned char>(received[next_]);
    if (byte == '\n') {
      Verdict verdict = end_line(received);
      if (verdict != Verdict::incomplete) return verdict;
      continue;
    }
    bool after_return = next_ > line_begin_ && received[next_ - 1] == '\r';
    bool control = (byte < 0x20 && byte != '\t' && byte != '\r') || byte == 0x7F;
    if (after_return || control) return Verdict::malformed;
    if (lines_ == 0 && next_ - line_begin_ >= limits::kRequestLineBytes) return Verdict::line_too_long;
    if (next_ - begin_ >= limits::kHeaderBytes) return Verdict::too_large;
    ++next_;
  }
  return Verdict::incomplete;
}

Answer make_answer(Response response, bool answers_head, Connection connection, Time now) {
  if (!is_sound(response)) {
    log::error("response_unsound", {{"status", response.status}});
    response = text_response(500, "the server failed to answer this request\n");
  }
  Answer answer;
  answer.status = response.status;
  answer.close = connection == Connection::close;
  bool has_no_body = answers_head || response.status == 204 || response.status == 304;

  auto reason = boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(response.status));
  std::string& head = answer.head;
  const bool joins_body = !has_no_body && response.body.size() <= kJoinedBodyBytes;
  head.reserve(512 + (joins_body ? response.body.size() : 0));
  head += "HTTP/1.1 " + std::to_string(response.status) + " ";
  head.append(reason.data(), reason.size());
  head += "\r\n";
  for (const auto& [name, value] : response.headers.all()) {
    if (!is_ours(name)) head.append(name).append(": ").append(value).append("\r\n");
  }
  head += "Date: " + to_http_date(now) + "\r\n";
  if (!has_no_body) {
    head += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
  } else if (auto length = response.headers.get("Content-Length"); answers_head && length) {
    head.append("Content-Length: ").append(*length).append("\r\n");
  }
  head += answer.close ? "Connection: close\r\n\r\n" : "Connection: keep-alive\r\n\r\n";

  if (has_no_body) return answer;
  if (joins_body) {
    head += response.body;
  } else {
    answer.body = std::move(response.body);
  }
  return answer;
}

}  // namespace wardbridge::http
