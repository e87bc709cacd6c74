#include "base/result.h"

namespace wardbridge {

const char* name_of(Code code) {
  switch (code) {
    case Code::invalid_argument: return "invalid_argument";
    case Code::unauthenticated: return "unauthenticated";
    case Code::forbidden: return "forbidden";
    case Code::not_found: return "not_found";
    case Code::conflict: return "conflict";
    case Code::too_large: return "too_large";
    case Code::rate_limited: return "rate_limited";
    case Code::unavailable: return "unavailable";
    case Code::timeout: return "timeout";
    case Code::internal: return "internal";
  }
  CHECK(false, "a code outside its enum");
}

Failure invalid(std::string reason, std::string message, std::string where) {
  return {Code::invalid_argument, std::move(reason), std::move(message), std::move(where)};
}
Failure not_found(std::string reason, std::string message) {
  return {Code::not_found, std::move(reason), std::move(message)};
}
Failure conflict(std::string reason, std::string message) {
  return {Code::conflict, std::move(reason), std::move(message)};
}
Failure unavailable(std::string reason, std::string message) {
  return {Code::unavailable, std::move(reason), std::move(message)};
}

}  // namespace wardbridge
