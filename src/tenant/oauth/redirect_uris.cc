#include "tenant/oauth/redirect_uris.h"

#include <algorithm>

namespace wardbridge::oauth {
namespace {

struct LoopbackUri {
  std::string_view host;
  std::string_view path;  // with query
  bool operator==(const LoopbackUri&) const = default;
};

// SPEC: RFC 8252 section 7.3: native applications listen on whatever port they get.
std::optional<LoopbackUri> parse_loopback(std::string_view uri) {
  for (std::string_view host : {"http://localhost", "http://127.0.0.1", "http://[::1]"}) {
    if (!uri.starts_with(host)) continue;
    std::string_view rest = uri.substr(host.size());
    if (rest.starts_with(':')) {
      const auto digits_end = std::min(rest.find_first_not_of("0123456789", 1), rest.size());
      if (digits_end == 1 || digits_end > 6) return std::nullopt;
      rest.remove_prefix(digits_end);
    }
    // What follows must be a path: `http://localhost.evil.example` and `http://localhost:1@evil` are no loopback.
    if (!rest.empty() && rest.front() != '/') return std::nullopt;
    return LoopbackUri{host, rest.empty() ? "/" : rest};
  }
  return std::nullopt;
}

bool contains(const std::vector<std::string>& uris, std::string_view uri) {
  return std::find(uris.begin(), uris.end(), uri) != uris.end();
}

}  // namespace

const char* name_of(RedirectKind kind) {
  switch (kind) {
    case RedirectKind::web:
      return "web";
    case RedirectKind::native:
      return "native";
    case RedirectKind::single_page:
      return "single_page";
  }
  return "";
}

RedirectKind redirect_kind_from(std::string_view name) {
  if (name == "native") return RedirectKind::native;
  return name == "single_page" ? RedirectKind::single_page : RedirectKind::web;
}

std::optional<RedirectKind> match_redirect_uri(const RegisteredUris& registered, std::string_view redirect_uri) {
  constexpr std::string_view kPlain = "http://";
  const bool is_plain = redirect_uri.substr(0, kPlain.size()) == kPlain;
  if (is_plain && !parse_loopback(redirect_uri)) return std::nullopt;
  if (contains(registered.web, redirect_uri)) return RedirectKind::web;
  if (contains(registered.single_page, redirect_uri)) return RedirectKind::single_page;
  if (contains(registered.native, redirect_uri)) return RedirectKind::native;
  if (auto loopback = parse_loopback(redirect_uri)) {
    for (const std::string& uri : registered.native) {
      if (parse_loopback(uri) == loopback) return RedirectKind::native;
    }
  }
  return std::nullopt;
}

}  // namespace wardbridge::oauth
