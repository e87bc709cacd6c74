// One request on its way through this room, and what every handler begins with. Private to this room.
#pragma once

#include <string>

#include "tenant/oauth/oauth.h"
#include "tenant/oauth/wire_errors.h"

namespace wardbridge::oauth {

struct Hop {
  const Dependencies& with;
  const http::Request& request;
  Trace trace;

  Time now() const { return request.received; }
  std::string_view user_agent() const { return request.headers.get("User-Agent").value_or(""); }
  // Whether the form was sent by a page of another site. ("null" is a page that may not say where it comes from, as
  // ours after a redirect that hides the referrer.)
  bool is_from_other_site() const {
    const auto origin = request.headers.get("Origin");
    return origin && *origin != with.tokens.base_url() && *origin != "null";
  }
  // `<base>/<tenant id>/<path>`
  std::string address(const directory::TenantId& tenant, std::string_view path) const {
    return with.tokens.base_url() + "/" + tenant.value + "/" + std::string(path);
  }
};

// The page, or the JSON, that says why not.
http::Response refusal_page(const Hop& hop, const Failure& failure);

// --- Which tenant a path names.
// ENTRA: `common` and `organizations` name none; whoever signs in decides.
bool names_no_tenant(std::string_view id_or_domain);
// By id or verified domain; fails with `unknown_tenant`, or with `no_tenant_named`.
Result<directory::Tenant> find_tenant(store::Store& store, const std::string& id_or_domain);
inline Result<directory::Tenant> find_tenant(const Hop& hop) {
  return find_tenant(hop.with.store, hop.request.path_parameter("tenant"));
}
// With its applications, from memory where they are there.
Result<directory::ApplicationBook::View> find_applications(const Hop& hop, const std::string& id_or_domain);

}  // namespace wardbridge::oauth
