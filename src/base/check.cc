#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace wardbridge {

void check_failed(const char* file, int line, const char* condition, std::string_view explanation) {
  std::fprintf(stderr, "%s:%d: check failed: %s%s%.*s\n", file, line, condition, explanation.empty() ? "" : ": ",
               static_cast<int>(explanation.size()), explanation.data());
  std::abort();
}

}  // namespace wardbridge
