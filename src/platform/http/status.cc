#include "platform/http/status.h"

#include "base/check.h"

namespace wardbridge::http {

int status_of(Code code) {
  switch (code) {
    case Code::invalid_argument:
      return 400;
    case Code::unauthenticated:
      return 401;
    case Code::forbidden:
      return 403;
    case Code::not_found:
      return 404;
    case Code::conflict:
      return 409;
    case Code::too_large:
      return 413;
    case Code::rate_limited:
      return 429;
    case Code::unavailable:
      return 503;
    case Code::timeout:
      return 504;
    case Code::internal:
      return 500;
  }
  CHECK(false, "every code has its status");
}

}  // namespace wardbridge::http
