// What a server's refusal says, as a failure; for this room's own sources.
#pragma once

#include <string>

#include "base/result.h"
#include "platform/http/http.h"

namespace wardbridge::mac {

// How long a Mac waits for an answer.
inline constexpr Duration kPatience = seconds{30};

// The refusal in the server's own words, whichever of the three wires it spoke; the reason is the server's code in
// lower case, `unexpected_answer` where there is none.
Failure unexpected(const std::string& what, const http::Response& response);

}  // namespace wardbridge::mac
