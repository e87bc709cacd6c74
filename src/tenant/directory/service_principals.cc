// Service principals, their endpoints, and what was consented to.
#include <algorithm>

#include "tenant/directory/after_change.h"
#include "tenant/directory/consent.h"
#include "tenant/directory/directory.h"
#include "tenant/directory/text_keys.h"

namespace wardbridge::directory {
namespace {

#define SELECT_PRINCIPAL \
  "SELECT app_id, id, display_name, account_enabled FROM directory_service_principal WHERE tenant_id = ?"

ServicePrincipal principal_from(const store::Row& row) {
  return {.id = {row.text(1)}, .app_id = {row.text(0)}, .display_name = row.text(2), .account_enabled = row.flag(3)};
}

void record_grant(store::Transaction& tx, const TenantId& tenant, const char* activity, const AppId& client,
                  json::Object properties, const audit::Actor& by, Time now) {
  const auto principal = find_service_principal(tx, tenant, client);
  record_change(tx, tenant,
                {.activity = activity,
                 .object_type = "ServicePrincipal",
                 .object_id = principal ? principal->id.value : id_key(client.value),
                 .object_name = principal ? principal->display_name : "",
                 .properties = std::move(properties)},
                by, now);
}

Failure no_principal(const AppId& app) {
  return not_found("no_service_principal", "no service principal has the app id `" + app.value + "`");
}

Failure no_grant() { return not_found("no_grant", "there is no such grant"); }

std::vector<std::string> words_of(std::string_view list) {
  std::vector<std::string> words;
  for (std::string_view word : text::split(list, ' '))
    if (!word.empty() && std::find(words.begin(), words.end(), word) == words.end()) words.emplace_back(word);
  return words;
}

}  // namespace

Status create_service_principal(store::Transaction& tx, const TenantId& tenant, const ServicePrincipal& principal,
                                const audit::Actor& by, Time now) {
  if (tx.execute("INSERT INTO directory_service_principal (tenant_id, app_id, id, display_name, account_enabled)"
                 " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                 {tenant.value, id_key(principal.app_id.value), id_key(principal.id.value), principal.display_name,
                  principal.account_enabled}) == 0)
    return conflict("already_exists",
                    "a service principal of the application `" + principal.app_id.value + "` already exists");
  record_change(tx, tenant,
                {.activity = "Add service principal",
                 .object_type = "ServicePrincipal",
                 .object_id = id_key(principal.id.value),
                 .object_name = principal.display_name,
                 .properties = {{"AppPrincipalId", json::Object{{"new", id_key(principal.app_id.value)}}},
                                {"AccountEnabled", json::Object{{"new", principal.account_enabled}}}}},
                by, now);
  return done();
}

std::optional<ServicePrincipal> find_service_principal(store::Transaction& tx, const TenantId& tenant,
                                                       const AppId& app) {
  auto row = tx.query_one(SELECT_PRINCIPAL " AND app_id = ?", {tenant.value, id_key(app.value)});
  if (!row) return std::nullopt;
  return principal_from(*row);
}

std::optional<ServicePrincipal> find_service_principal_by_object_id(store::Transaction& tx, const TenantId& tenant,
                                                                    const ObjectId& id) {
  auto row = tx.query_one(SELECT_PRINCIPAL " AND id = ?", {tenant.value, id_key(id.value)});
  if (!row) return std::nullopt;
  return principal_from(*row);
}

std::vector<ServicePrincipal> service_principals(store::Transaction& tx, const TenantId& tenant) {
  std::vector<ServicePrincipal> found;
  for (const store::Row& row : tx.query(SELECT_PRINCIPAL " ORDER BY display_name, app_id", {tenant.value}))
    found.push_back(principal_from(row));
  return found;
}

Status enable_service_principal(store::Transaction& tx, const TenantId& tenant, const AppId& app, bool enabled,
                                const audit::Actor& by, Time now) {
  const auto principal = find_service_principal(tx, tenant, app);
  if (!principal) return no_principal(app);
  if (principal->account_enabled == enabled) return done();
  tx.post("UPDATE directory_service_principal SET account_enabled = ? WHERE tenant_id = ? AND app_id = ?",
          {enabled, tenant.value, principal->app_id.value});
  record_grant(tx, tenant, "Update service principal", app,
               {{"AccountEnabled", json::Object{{"old", principal->account_enabled}, {"new", enabled}}}}, by, now);
  return done();
}

Status delete_service_principal(store::Transaction& tx, const TenantId& tenant, const AppId& app,
                                const audit::Actor& by, Time now) {
  const auto principal = find_service_principal(tx, tenant, app);
  if (!principal) return no_principal(app);
  // Each withdrawn grant has its row: it may be the one that somebody looks for later.
  const auto concerns = [&](const auto& grant) {
    return grant.client == principal->app_id || grant.resource == principal->app_id;
  };
  for (const AppRoleGrant& grant : app_role_grants(tx, tenant))
    if (concerns(grant)) TRY(withdraw_app_role(tx, tenant, grant.client, grant.resource, grant.role_id, by, now));
  for (const ScopeGrant& grant : scope_grants(tx, tenant))
    if (concerns(grant)) TRY(withdraw_scopes(tx, tenant, grant.client, grant.resource, std::nullopt, by, now));
  for (const UserScopeGrant& grant : user_scope_grants(tx, tenant))
    if (concerns(grant)) TRY(withdraw_scopes(tx, tenant, grant.client, grant.resource, grant.user, by, now));
  record_grant(tx, tenant, "Remove service principal", app, {}, by, now);
  end_memberships(tx, tenant, principal->id, now);
  tx.post("DELETE FROM directory_endpoint WHERE tenant_id = ? AND app_id = ?", {tenant.value, principal->app_id.value});
  tx.post("DELETE FROM directory_service_principal WHERE tenant_id = ? AND app_id = ?",
          {tenant.value, principal->app_id.value});
  return done();
}

void set_endpoints(store::Transaction& tx, const TenantId& tenant, const AppId& app,
                   const std::vector<Endpoint>& endpoints) {
  const std::string app_key = id_key(app.value);
  tx.post("DELETE FROM directory_endpoint WHERE tenant_id = ? AND app_id = ?", {tenant.value, app_key});
  int position = 0;
  for (const Endpoint& endpoint : endpoints) {
    tx.post(
        "INSERT INTO directory_endpoint (tenant_id, app_id, position, id, capability, provider_id, provider_name,"
        " provider_resource_id, uri) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {tenant.value, app_key, position++, endpoint.id, endpoint.capability, endpoint.provider_id,
         endpoint.provider_name, endpoint.provider_resource_id, endpoint.uri});
  }
}

std::vector<Endpoint> endpoints(store::Transaction& tx, const TenantId& tenant, const AppId& app) {
  std::vector<Endpoint> found;
  for (const store::Row& row :
       tx.query("SELECT id, capability, provider_id, provider_name, provider_resource_id, uri FROM directory_endpoint"
                " WHERE tenant_id = ? AND app_id = ? ORDER BY position",
                {tenant.value, id_key(app.value)}))
    found.push_back({row.text(0), row.text(1), row.text(2), row.text(3), row.text(4), row.text(5)});
  return found;
}

Status grant_app_role(store::Transaction& tx, const TenantId& tenant, const AppId& client, const AppId& resource,
                      const std::string& role_id, const audit::Actor& by, Time now) {
  const auto application = find_present_application(tx, tenant, resource);
  if (!application) return not_found("no_application", "no application has the app id `" + resource.value + "`");
  const auto role = std::find_if(application->app_roles.begin(), application->app_roles.end(),
                                 [&](const AppRole& it) { return text::equal_ignoring_case(it.id, role_id); });
  if (role == application->app_roles.end())
    return not_found("no_app_role",
                     "`" + application->display_name + "` has no app role with the id `" + role_id + "`");
  // Already granted is no change, hence no audit row.
  if (tx.execute("INSERT INTO directory_app_role_grant (tenant_id, client_app_id, resource_app_id, role_id, created)"
                 " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                 {tenant.value, id_key(client.value), id_key(resource.value), id_key(role_id), now}) != 0)
    record_grant(tx, tenant, "Add app role assignment to service principal", client,
                 {{"AppRole.Value", json::Object{{"new", role->value}}},
                  {"Resource", json::Object{{"new", application->app_id.value}}}},
                 by, now);
  return done();
}

std::vector<std::string> app_roles_of(store::Transaction& tx, const TenantId& tenant, const AppId& client,
                                      const AppId& resource) {
  std::vector<std::string> values;
  const auto application = find_present_application(tx, tenant, resource);
  if (!application) return values;
  for (const store::Row& row :
       tx.query("SELECT role_id FROM directory_app_role_grant WHERE tenant_id = ? AND client_app_id = ?"
                " AND resource_app_id = ? ORDER BY role_id",
                {tenant.value, id_key(client.value), id_key(resource.value)}))
    for (const AppRole& role : application->app_roles)
      if (text::equal_ignoring_case(role.id, row.text(0))) values.push_back(role.value);
  return values;
}

std::vector<AppRoleGrant> app_role_grants(store::Transaction& tx, const TenantId& tenant, const AppId& client) {
  std::string sql =
      "SELECT client_app_id, resource_app_id, role_id, created FROM directory_app_role_grant WHERE tenant_id = ?";
  std::vector<store::Value> parameters{tenant.value};
  if (client) {
    sql += " AND client_app_id = ?";
    parameters.emplace_back(id_key(client.value));
  }
  std::vector<AppRoleGrant> found;
  for (const store::Row& row :
       tx.query(sql + " ORDER BY client_app_id, resource_app_id, role_id", store::Parameters(parameters)))
    found.push_back({{row.text(0)}, {row.text(1)}, row.text(2), row.time(3)});
  return found;
}

Status grant_scopes(store::Transaction& tx, const TenantId& tenant, const AppId& client, const AppId& resource,
                    const std::string& scopes, const audit::Actor& by, Time now) {
  const std::vector<std::string> before = scopes_of(tx, tenant, client, resource);
  const std::string old_list = text::join(before, " ");
  // Consents add up: a later one takes nothing away.
  const std::string new_list = text::join(words_of(old_list + " " + scopes), " ");
  if (new_list == old_list) return done();
  tx.post(
      "INSERT INTO directory_scope_grant (tenant_id, client_app_id, resource_app_id, scopes) VALUES (?, ?, ?, ?)"
      " ON CONFLICT (tenant_id, client_app_id, resource_app_id) DO UPDATE SET scopes = excluded.scopes",
      {tenant.value, id_key(client.value), id_key(resource.value), new_list});
  record_grant(tx, tenant, "Consent to application", client,
               {{"ConsentAction.Permissions", json::Object{{"old", old_list}, {"new", new_list}}},
                {"ConsentContext.OnBehalfOfAll", json::Object{{"new", true}}},
                {"Resource", json::Object{{"new", id_key(resource.value)}}}},
               by, now);
  return done();
}

std::vector<std::string> scopes_of(store::Transaction& tx, const TenantId& tenant, const AppId& client,
                                   const AppId& resource) {
  auto row = tx.query_one(
      "SELECT scopes FROM directory_scope_grant WHERE tenant_id = ? AND client_app_id = ? AND resource_app_id = ?",
      {tenant.value, id_key(client.value), id_key(resource.value)});
  if (!row) return {};
  return words_of(row->text(0));
}

std::vector<ScopeGrant> scope_grants(store::Transaction& tx, const TenantId& tenant) {
  std::vector<ScopeGrant> found;
  for (const store::Row& row :
       tx.query("SELECT client_app_id, resource_app_id, scopes FROM directory_scope_grant WHERE tenant_id = ?"
                " ORDER BY client_app_id, resource_app_id",
                {tenant.value}))
    found.push_back({{row.text(0)}, {row.text(1)}, words_of(row.text(2))});
  return found;
}

Status replace_scopes(store::Transaction& tx, const TenantId& tenant, const AppId& client, const AppId& resource,
                      const std::string& scopes, const audit::Actor& by, Time now) {
  const std::vector<std::string> before = scopes_of(tx, tenant, client, resource);
  const std::vector<std::string> after = words_of(scopes);
  if (before.empty()) return no_grant();
  if (before == after) return done();
  if (after.empty()) return withdraw_scopes(tx, tenant, client, resource, std::nullopt, by, now);
  tx.post(
      "UPDATE directory_scope_grant SET scopes = ? WHERE tenant_id = ? AND client_app_id = ? AND resource_app_id = ?",
      {text::join(after, " "), tenant.value, id_key(client.value), id_key(resource.value)});
  record_grant(tx, tenant, after.empty() ? "Remove delegated permission grant" : "Update delegated permission grant",
               client,
               {{"DelegatedPermissionGrant.Scope",
                 json::Object{{"old", text::join(before, " ")}, {"new", text::join(after, " ")}}},
                {"Resource", json::Object{{"new", id_key(resource.value)}}}},
               by, now);
  return done();
}

}  // namespace wardbridge::directory
