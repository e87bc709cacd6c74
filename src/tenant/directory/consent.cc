#include "tenant/directory/consent.h"

#include <algorithm>

#include "tenant/directory/roles.h"
#include "tenant/directory/text_keys.h"

namespace wardbridge::directory {
namespace {

void record_consent(store::Transaction& tx, const TenantId& tenant, const char* activity, const AppId& client,
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

// Adds the words of a space-separated list that are not there yet.
void add_words(std::vector<std::string>& words, std::string_view list) {
  for (std::string_view word : text::split(list, ' '))
    if (!word.empty() && std::find(words.begin(), words.end(), word) == words.end()) words.emplace_back(word);
}

std::string own_scopes(store::Transaction& tx, const TenantId& tenant, const AppId& client, const AppId& resource,
                       const ObjectId& user) {
  auto row = tx.query_one(
      "SELECT scopes FROM directory_user_scope_grant WHERE tenant_id = ? AND client_app_id = ? AND resource_app_id = ?"
      " AND user_id = ?",
      {tenant.value, id_key(client.value), id_key(resource.value), id_key(user.value)});
  return row ? row->text(0) : "";
}

Failure no_consent() { return not_found("no_consent", "there is no such consent"); }

}  // namespace

Status grant_user_scopes(store::Transaction& tx, const TenantId& tenant, const AppId& client, const AppId& resource,
                         const ObjectId& user, const std::string& scopes, const audit::Actor& by, Time now) {
  const std::string before = own_scopes(tx, tenant, client, resource, user);
  std::vector<std::string> words;
  add_words(words, before);
  add_words(words, scopes);
  const std::string after = text::join(words, " ");
  if (after == before) return done();
  tx.execute(
      "INSERT INTO directory_user_scope_grant (tenant_id, client_app_id, resource_app_id, user_id, scopes)"
      " VALUES (?, ?, ?, ?, ?)"
      " ON CONFLICT (tenant_id, client_app_id, resource_app_id, user_id) DO UPDATE SET scopes = excluded.scopes",
      {tenant.value, id_key(client.value), id_key(resource.value), id_key(user.value), after});
  record_consent(tx, tenant, "Consent to application", client,
                 {{"ConsentAction.Permissions", json::Object{{"old", before}, {"new", after}}},
                  {"ConsentContext.OnBehalfOfAll", json::Object{{"new", false}}},
                  {"Principal", json::Object{{"new", id_key(user.value)}}},
                  {"Resource", json::Object{{"new", id_key(resource.value)}}}},
                 by, now);
  return done();
}

std::vector<std::string> scopes_for_user(store::Transaction& tx, const TenantId& tenant, const AppId& client,
                                         const AppId& resource, const ObjectId& user) {
  std::vector<std::string> words = scopes_of(tx, tenant, client, resource);
  add_words(words, own_scopes(tx, tenant, client, resource, user));
  return words;
}

Status withdraw_scopes(store::Transaction& tx, const TenantId& tenant, const AppId& client, const AppId& resource,
                       const std::optional<ObjectId>& user, const audit::Actor& by, Time now) {
  const std::string before =
      user ? own_scopes(tx, tenant, client, resource, *user) : text::join(scopes_of(tx, tenant, client, resource), " ");
  if (before.empty()) return no_consent();
  if (user) {
    tx.execute(
        "DELETE FROM directory_user_scope_grant WHERE tenant_id = ? AND client_app_id = ? AND resource_app_id = ?"
        " AND user_id = ?",
        {tenant.value, id_key(client.value), id_key(resource.value), id_key(user->value)});
  } else {
    tx.execute("DELETE FROM directory_scope_grant WHERE tenant_id = ? AND client_app_id = ? AND resource_app_id = ?",
               {tenant.value, id_key(client.value), id_key(resource.value)});
  }
  record_consent(tx, tenant, "Remove delegated permission grant", client,
                 {{"ConsentAction.Permissions", json::Object{{"old", before}, {"new", ""}}},
                  {"ConsentContext.OnBehalfOfAll", json::Object{{"old", !user}}},
                  {"Resource", json::Object{{"old", id_key(resource.value)}}}},
                 by, now);
  return done();
}

std::vector<UserScopeGrant> user_scope_grants(store::Transaction& tx, const TenantId& tenant) {
  std::vector<UserScopeGrant> found;
  for (const store::Row& row :
       tx.query("SELECT client_app_id, resource_app_id, user_id, scopes FROM directory_user_scope_grant"
                " WHERE tenant_id = ? ORDER BY client_app_id, resource_app_id, user_id",
                {tenant.value})) {
    UserScopeGrant grant{{row.text(0)}, {row.text(1)}, {row.text(2)}, {}};
    add_words(grant.scopes, row.text(3));
    found.push_back(std::move(grant));
  }
  return found;
}

Status withdraw_app_role(store::Transaction& tx, const TenantId& tenant, const AppId& client, const AppId& resource,
                         const std::string& role_id, const audit::Actor& by, Time now) {
  if (tx.execute(
          "DELETE FROM directory_app_role_grant WHERE tenant_id = ? AND client_app_id = ? AND resource_app_id = ?"
          " AND role_id = ?",
          {tenant.value, id_key(client.value), id_key(resource.value), id_key(role_id)}) == 0)
    return no_consent();
  std::string value = id_key(role_id);
  if (const auto application = find_present_application(tx, tenant, resource)) {
    for (const AppRole& role : application->app_roles)
      if (text::equal_ignoring_case(role.id, role_id)) value = role.value;
  }
  record_consent(
      tx, tenant, "Remove app role assignment from service principal", client,
      {{"AppRole.Value", json::Object{{"old", value}}}, {"Resource", json::Object{{"old", id_key(resource.value)}}}},
      by, now);
  return done();
}

std::optional<ForeignApplication> find_multitenant_application(store::Transaction& tx, const AppId& id) {
  for (const store::Row& row : tx.query("SELECT tenant_id FROM directory_application WHERE app_id = ? ORDER BY created,"
                                        " tenant_id",
                                        {id_key(id.value)})) {
    const TenantId home{row.text(0)};
    auto application = find_application(tx, home, id);
    if (application && application->sign_in_audience == "AzureADMultipleOrgs")
      return ForeignApplication{home, *std::move(application)};
  }
  return std::nullopt;
}

std::optional<Application> find_present_application(store::Transaction& tx, const TenantId& tenant, const AppId& id) {
  if (auto own = find_application(tx, tenant, id)) return own;
  if (!find_service_principal(tx, tenant, id)) return std::nullopt;
  auto foreign = find_multitenant_application(tx, id);
  if (!foreign) return std::nullopt;
  return std::move(foreign->application);
}

Status add_administrator(store::Transaction& tx, const TenantId& tenant, const ObjectId& user, const audit::Actor& by,
                         Time now) {
  if (is_administrator(tx, tenant, user)) return done();
  return assign_role(tx, tenant, *find_directory_role(kGlobalAdministrator), user, by, now);
}

bool is_administrator(store::Transaction& tx, const TenantId& tenant, const ObjectId& user) {
  const auto roles = roles_of(tx, tenant, user);
  return std::find(roles.begin(), roles.end(), find_directory_role(kGlobalAdministrator)) != roles.end();
}

}  // namespace wardbridge::directory
