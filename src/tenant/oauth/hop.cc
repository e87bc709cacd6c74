#include "tenant/oauth/hop.h"

#include "tenant/oauth/pages.h"

namespace wardbridge::oauth {
namespace {

Failure no_tenant_named(const std::string& address) {
  return invalid("no_tenant_named",
                 "the address names no tenant, and nothing in the request does: put the tenant's id or domain in the "
                 "place of `" +
                     address + "`");
}

Failure unknown_tenant(const std::string& name) {
  return invalid("unknown_tenant", "the tenant `" + name.substr(0, 256) +
                                       "` was not found: check that the id or the domain is the right one");
}

}  // namespace

http::Response refusal_page(const Hop& hop, const Failure& failure) {
  return error_page(hop.request, {wire_error(failure)}, hop.trace);
}

bool names_no_tenant(std::string_view id_or_domain) {
  return text::equal_ignoring_case(id_or_domain, "common") || text::equal_ignoring_case(id_or_domain, "organizations");
}

Result<directory::Tenant> find_tenant(store::Store& store, const std::string& id_or_domain) {
  if (names_no_tenant(id_or_domain)) return no_tenant_named(id_or_domain);
  auto tenant = TRY(store.read([&](store::Transaction& tx) -> Result<std::optional<directory::Tenant>> {
    return directory::find_tenant(tx, id_or_domain);
  }));
  if (!tenant) return unknown_tenant(id_or_domain);
  return *tenant;
}

Result<directory::ApplicationBook::View> find_applications(const Hop& hop, const std::string& id_or_domain) {
  if (names_no_tenant(id_or_domain)) return no_tenant_named(id_or_domain);
  directory::ApplicationBook::View view = TRY(hop.with.applications->of(id_or_domain));
  if (!view) return unknown_tenant(id_or_domain);
  return view;
}

}  // namespace wardbridge::oauth
