#include "tenant/oauth/cookies.h"

namespace wardbridge::oauth {
namespace {

// Lax: a client sends people here by a link, and their session must then be seen; forms of other sites don't carry it.
constexpr std::string_view kAttributes = "; Path=/; Secure; HttpOnly; SameSite=Lax";

}  // namespace

std::string session_cookie_name(const directory::TenantId& tenant) {
  return "__Host-wardbridge-session-" + tenant.value;
}

std::optional<std::string> read_cookie(const http::Request& request, std::string_view name) {
  std::optional<std::string> found;
  for (const auto& [header, value] : request.headers.all()) {
    if (!text::equal_ignoring_case(header, "Cookie")) continue;
    for (std::string_view pair : text::split(value, ';')) {
      pair = text::trim(pair);
      const auto equals = pair.find('=');
      if (equals == std::string_view::npos || pair.substr(0, equals) != name) continue;
      if (found) return std::nullopt;
      found = std::string(pair.substr(equals + 1));
    }
  }
  if (found && found->empty()) return std::nullopt;
  return found;
}

void set_cookie(http::Response& response, std::string_view name, std::string_view value) {
  response.headers.add("Set-Cookie", std::string(name) + "=" + std::string(value) + std::string(kAttributes));
}

void clear_cookie(http::Response& response, std::string_view name) {
  response.headers.add("Set-Cookie", std::string(name) + "=" + std::string(kAttributes) + "; Max-Age=0");
}

}  // namespace wardbridge::oauth
