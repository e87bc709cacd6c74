// The bytes of HTTP/1.1 that the parser leaves to us: limits and oddities of a request's head, seen before the parser
// sees it, and the bytes of a response. Values in, values out; no sockets.
#pragma once

#include <string>
#include <string_view>

#include "platform/http/http.h"

namespace wardbridge::http {

// Finds the end of a request's head in bytes that arrive piece by piece, looking at each byte once, and stops at the
// first one that no honest client sends: a line end without CR, a CR without LF, a folded line, a control character.
class HeadScanner {
 public:
  enum class Verdict { incomplete, complete, malformed, line_too_long, too_large };

  // `received` is all that arrived for this request so far, the same bytes as last time and perhaps more.
  Verdict scan(std::string_view received);

  // Once complete: the head is [begin, end). SPEC: RFC 9112 section 2.2: one empty line before it is skipped.
  std::size_t begin() const { return begin_; }
  std::size_t end() const { return next_; }

 private:
  Verdict end_line(std::string_view received);

  std::size_t begin_ = 0;
  std::size_t line_begin_ = 0;
  std::size_t next_ = 0;  // the first byte not looked at yet
  std::size_t lines_ = 0;
};

// A response, ready to be written: `head`, then `body`.
struct Answer {
  int status = 0;
  std::string head;
  std::string body;
  bool close = false;  // the connection ends after it
};

enum class Connection { keep, close };

// Date, Content-Length and Connection are ours, whatever the handler set. A header that would break out of its line is
// a bug of the handler and becomes a 500.
Answer make_answer(Response response, bool answers_head, Connection connection, Time now);

}  // namespace wardbridge::http
