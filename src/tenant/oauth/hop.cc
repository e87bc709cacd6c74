#include "tenant/oauth/hop.h"

#include "tenant/oauth/pages.h"

namespace wardbridge::oauth {

http::Response refusal_page(const Hop& hop, const Failure& failure) {
  return error_page(hop.request, {wire_error(failure)}, hop.trace);
}

bool names_no_tenant(std::string_view id_or_domain) {
  return text::equal_ignoring_case(id_or_domain, "common") || text::equal_ignoring_case(id_or_domain, "organizations");
}

Result<directory::Tenant> find_tenant(store::Store& store, const std::string& id_or_domain) {
  if (names_no_tenant(id_or_domain))
    return invalid("no_tenant_named",
                   "the address names no tenant, and nothing in the request does: put the tenant's "
                   "id or domain in the place of `" +
                       id_or_domain + "`");
  auto tenant = TRY(store.read([&](store::Transaction& tx) -> Result<std::optional<directory::Tenant>> {
    return directory::find_tenant(tx, id_or_domain);
  }));
  if (!tenant)
    return invalid("unknown_tenant", "the tenant `" + id_or_domain.substr(0, 256) +
                                         "` was not found: check that the id or the domain is the right one");
  return *tenant;
}

}  // namespace wardbridge::oauth
