// What an application may do for whom: each person's own consent beside the administrator's for everyone, taking
// consent back, and who administers the tenant. What is taken back holds no longer from the next token on.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tenant/directory/directory.h"

namespace wardbridge::directory {

// Delegated permissions that one person granted for themselves (consentType Principal).
Status grant_user_scopes(store::Transaction& tx, const TenantId& tenant, const AppId& client, const AppId& resource,
                         const ObjectId& user, const std::string& scopes, const audit::Actor& by, Time now);
// The administrator's for everyone and the person's own, each name once.
std::vector<std::string> scopes_for_user(store::Transaction& tx, const TenantId& tenant, const AppId& client,
                                         const AppId& resource, const ObjectId& user);
struct UserScopeGrant {
  AppId client;
  AppId resource;
  ObjectId user;
  std::vector<std::string> scopes;
};
std::vector<UserScopeGrant> user_scope_grants(store::Transaction& tx, const TenantId& tenant);
// Takes back the consent of one person, or the one for everyone when there is no `user`. Fails with `no_consent`.
Status withdraw_scopes(store::Transaction& tx, const TenantId& tenant, const AppId& client, const AppId& resource,
                       const std::optional<ObjectId>& user, const audit::Actor& by, Time now);
// Fails with `no_consent`.
Status withdraw_app_role(store::Transaction& tx, const TenantId& tenant, const AppId& client, const AppId& resource,
                         const std::string& role_id, const audit::Actor& by, Time now);

// An application that is registered in another tenant for the use of any (`AzureADMultipleOrgs`), with its home.
struct ForeignApplication {
  TenantId home;
  Application application;
};
std::optional<ForeignApplication> find_multitenant_application(store::Transaction& tx, const AppId& id);
// What the tenant knows under that id: its own application, or one of another tenant for the use of any that is present
// here, as a service principal.
std::optional<Application> find_present_application(store::Transaction& tx, const TenantId& tenant, const AppId& id);

// ENTRA: the template id of the directory role Global Administrator.
inline constexpr std::string_view kGlobalAdministrator = "62e90394-69f5-4237-9190-012177145e10";
Status add_administrator(store::Transaction& tx, const TenantId& tenant, const ObjectId& user, const audit::Actor& by,
                         Time now);
bool is_administrator(store::Transaction& tx, const TenantId& tenant, const ObjectId& user);

}  // namespace wardbridge::directory
