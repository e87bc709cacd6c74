#include "tenant/directory/directory.h"
#include "tenant/directory/text_keys.h"

namespace wardbridge::directory {
namespace {

Tenant tenant_from(store::Transaction& tx, const store::Row& row) {
  Tenant tenant{.id = {row.text(0)}, .display_name = row.text(1), .domains = {}, .created = row.time(2)};
  for (const store::Row& domain :
       tx.query("SELECT domain FROM directory_tenant_domain WHERE tenant_id = ? ORDER BY position", {tenant.id.value}))
    tenant.domains.push_back(domain.text(0));
  return tenant;
}

}  // namespace

Status create_tenant(store::Transaction& tx, const Tenant& tenant) {
  if (!text::is_guid(tenant.id.value) || tenant.id.value != text::lower(tenant.id.value))
    return invalid("bad_tenant_id", "the tenant id `" + tenant.id.value + "` is not a GUID in lower case", "id");
  if (tx.execute(
          "INSERT INTO directory_tenant (id, display_name, created) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING",
          {tenant.id.value, tenant.display_name, tenant.created}) == 0)
    return conflict("already_exists", "a tenant with the id `" + tenant.id.value + "` already exists");
  int position = 0;
  for (const std::string& domain : tenant.domains) {
    if (tx.execute("INSERT INTO directory_tenant_domain (tenant_id, position, domain) VALUES (?, ?, ?)"
                   " ON CONFLICT (domain) DO NOTHING",
                   {tenant.id.value, position++, text::lower(domain)}) == 0)
      return conflict("already_exists", "the domain `" + domain + "` already belongs to a tenant");
  }
  record_change(tx, tenant.id,
                {.activity = "Create company",
                 .object_type = "Directory",
                 .object_id = tenant.id.value,
                 .object_name = tenant.display_name,
                 .properties = {}},
                {}, tenant.created);
  return done();
}

std::optional<Tenant> find_tenant(store::Transaction& tx, std::string_view id_or_domain) {
  const std::string key = text::lower(id_or_domain);
  auto row = tx.query_one(
      "SELECT id, display_name, created FROM directory_tenant WHERE id = ?"
      " OR id IN (SELECT tenant_id FROM directory_tenant_domain WHERE domain = ?)",
      {key, key});
  if (!row) return std::nullopt;
  return tenant_from(tx, *row);
}

std::vector<Tenant> tenants(store::Transaction& tx) {
  std::vector<Tenant> found;
  for (const store::Row& row : tx.query("SELECT id, display_name, created FROM directory_tenant ORDER BY created, id"))
    found.push_back(tenant_from(tx, row));
  return found;
}

}  // namespace wardbridge::directory
