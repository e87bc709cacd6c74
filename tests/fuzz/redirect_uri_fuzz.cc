// The redirect matcher: the first line is registered, the rest is asked for. Whatever is accepted is the registered
// text itself, or differs from it in nothing but the port of a loopback address.
#include <cstdint>
#include <string>

#include "base/check.h"
#include "base/text.h"
#include "tenant/oauth/redirect_uris.h"

namespace {

using namespace wardbridge;

// Written apart from the matcher: the text without `:digits` right behind a loopback host; nothing for any other text.
std::string without_port(const std::string& uri) {
  for (const char* host : {"http://localhost", "http://127.0.0.1", "http://[::1]"}) {
    const std::string prefix = host;
    if (uri.compare(0, prefix.size(), prefix) != 0) continue;
    std::size_t at = prefix.size();
    if (at < uri.size() && uri[at] == ':') {
      const std::size_t first = ++at;
      while (at < uri.size() && uri[at] >= '0' && uri[at] <= '9') ++at;
      if (at == first || at - first > 5) return {};
    }
    const std::string rest = uri.substr(at);
    if (!rest.empty() && rest[0] != '/') return {};
    return prefix + (rest.empty() ? "/" : rest);
  }
  return {};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  const auto line_end = input.find('\n');
  if (line_end == std::string::npos) return 0;
  const std::vector<std::string> registered{input.substr(0, line_end)};
  const std::string asked = input.substr(line_end + 1);
  const std::vector<std::string> none;

  const bool is_plain = asked.compare(0, 7, "http://") == 0;
  const bool is_same = asked == registered.front() && (!is_plain || !without_port(asked).empty());
  using oauth::RedirectKind;
  // Elsewhere than in native applications, nothing but the very text will do.
  CHECK((oauth::match_redirect_uri({registered, none, none}, asked) == RedirectKind::web) == is_same);
  CHECK((oauth::match_redirect_uri({none, registered, none}, asked) == RedirectKind::single_page) == is_same);
  const bool is_loopback_twin = !without_port(asked).empty() && without_port(asked) == without_port(registered.front());
  CHECK((oauth::match_redirect_uri({none, none, registered}, asked) == RedirectKind::native) ==
        (is_same || is_loopback_twin));
  CHECK(!oauth::match_redirect_uri({none, none, none}, asked));
  return 0;
}
