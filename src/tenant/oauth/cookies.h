// The two cookies of this face. Both are `__Host-`: secure, for every path, for this host and nobody below it.
//
//   browser    names the browser, so that a sign-in that was begun in one can't be finished in another (login CSRF)
//   session    one per tenant: who has signed in here already
#pragma once

#include <optional>
#include <string>

#include "platform/http/http.h"
#include "tenant/directory/directory.h"

namespace wardbridge::oauth {

inline constexpr std::string_view kBrowserCookie = "__Host-wardbridge-browser";
// Tenants share the host, and must not share a session.
std::string session_cookie_name(const directory::TenantId& tenant);

// Nothing when absent, empty, or given twice: two readers might believe two different ones.
std::optional<std::string> read_cookie(const http::Request& request, std::string_view name);
// Until the browser closes.
void set_cookie(http::Response& response, std::string_view name, std::string_view value);
void clear_cookie(http::Response& response, std::string_view name);

}  // namespace wardbridge::oauth
