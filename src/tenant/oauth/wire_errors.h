// The one mapper of this room from failures to the wire: AADSTS number, OAuth error word, HTTP status, JSON body.
#pragma once

#include <optional>
#include <string>

#include "platform/entropy/entropy.h"
#include "platform/http/http.h"

namespace wardbridge::oauth {

// What ties an answer to the logs. The client may choose the correlation id.
struct Trace {
  std::string trace_id;
  std::string correlation_id;
  Time time = kEpoch;
  std::string error_page;  // where a number is explained: the address without it
};
Trace trace_of(const http::Request& request, Entropy& entropy, const std::string& base_url);

struct WireError {
  int number = 0;     // AADSTS number
  std::string error;  // RFC 6749's word, or Microsoft's
  int status = 400;
  std::string reason;  // one sentence for people
};
// By the failure's reason; a reason that this room does not know is a `server_error`.
WireError wire_error(const Failure& failure);
// What a number means, for the page that explains it; nothing when it is not one of ours.
struct KnownNumber {
  std::string error;
  std::string reason;  // snake_case
};
std::optional<KnownNumber> explain_number(int number);
// What the person who reads the number can do, in one sentence.
std::string next_step(int number);
// A refusal by Conditional Access.
WireError refusal_error(int number, std::string reason);

// `AADSTS50126: <sentence>`, then trace id, correlation id and timestamp, each on its line.
std::string error_description(const WireError& error, const Trace& trace);
json::Object error_body(const WireError& error, const Trace& trace);
http::Response error_response(const WireError& error, const Trace& trace);

// No cache may keep an answer of these endpoints; the ids go back to the client.
void add_common_headers(http::Response& response, const Trace& trace);

}  // namespace wardbridge::oauth
