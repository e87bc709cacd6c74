#include "tenant/oauth/cross_origin.h"

#include <algorithm>

namespace wardbridge::oauth {

std::string_view origin_of(std::string_view uri) {
  const auto scheme_end = uri.find("://");
  if (scheme_end == std::string_view::npos) return {};
  return uri.substr(0, uri.find_first_of("/?#", scheme_end + 3));
}

void let_anyone_read(http::Response& response) { response.headers.set("Access-Control-Allow-Origin", "*"); }

void let_client_read(http::Response& response, const http::Request& request, const directory::Application& client) {
  const auto origin = request.headers.get("Origin");
  if (!origin) return;
  response.headers.set("Vary", "Origin");
  if (std::ranges::any_of(client.spa_redirect_uris, [&](const std::string& uri) { return origin_of(uri) == *origin; }))
    response.headers.set("Access-Control-Allow-Origin", std::string(*origin));
}

}  // namespace wardbridge::oauth
