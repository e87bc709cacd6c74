// Users, groups, applications, service principals, the organization.
#include "base/text.h"
#include "tenant/graph/read.h"
#include "tenant/graph/resources.h"
#include "tenant/graph/routes.h"

namespace wardbridge::graph {
namespace {

using directory::AppId;
using directory::ObjectId;
using Response = Result<http::Response>;

// --- Users

MaybeItem find_user(store::Transaction& tx, const directory::TenantId& tenant, const std::string& id_or_name) {
  auto user = text::is_guid(id_or_name) ? directory::find_user(tx, tenant, ObjectId{id_or_name})
                                        : directory::find_user_by_name(tx, tenant, id_or_name);
  if (!user) return std::nullopt;
  return to_json(*user);
}

Response list_users(const Call& call) {
  return reply_list(call, user_type(), kDirectoryRules, "users",
                    [&](store::Transaction& tx, const Query& query) -> Result<Items> {
                      auto key = demanded(query, "userPrincipalName");
                      if (!key) key = demanded(query, "id");
                      Items items;
                      if (key) {
                        if (auto user = find_user(tx, call.caller.tenant, *key)) items.push_back(std::move(*user));
                        return items;
                      }
                      for (const auto& user : directory::users(tx, call.caller.tenant)) items.push_back(to_json(user));
                      return items;
                    });
}

Response get_user(const Call& call) {
  const std::string& id = call.parameter("id");
  return reply_one(call, user_type(), "users", id,
                   [&](store::Transaction& tx) { return find_user(tx, call.caller.tenant, id); });
}

Response get_me(const Call& call) {
  if (call.caller.is_application)
    return invalid("no_user", "/me request is only valid with delegated authentication flow.");
  return reply_one(call, user_type(), "users", call.caller.subject.value, [&](store::Transaction& tx) {
    return find_user(tx, call.caller.tenant, call.caller.subject.value);
  });
}

// --- Groups

Response list_groups(const Call& call) {
  return reply_list(call, group_type(), kDirectoryRules, "groups",
                    [&](store::Transaction& tx, const Query&) -> Result<Items> {
                      Items items;
                      for (const auto& group : directory::groups(tx, call.caller.tenant))
                        items.push_back(to_json(group));
                      return items;
                    });
}

Response get_group(const Call& call) {
  const std::string& id = call.parameter("id");
  return reply_one(call, group_type(), "groups", id, [&](store::Transaction& tx) -> MaybeItem {
    auto group = directory::find_group(tx, call.caller.tenant, ObjectId{id});
    if (!group) return std::nullopt;
    return to_json(*group);
  });
}

// Members are of several types, so each says which.
MaybeItem find_member(store::Transaction& tx, const Call& call, const ObjectId& id) {
  const auto typed = [](const ResourceType& type, json::Object item) -> MaybeItem {
    item["@odata.type"] = "#" + std::string(type.name);
    return item;
  };
  const directory::TenantId& tenant = call.caller.tenant;
  if (auto user = directory::find_user(tx, tenant, id)) return typed(user_type(), to_json(*user));
  if (auto device = directory::find_device_by_object_id(tx, tenant, id))
    return typed(device_type(), to_json(*device, call.now));
  if (auto group = directory::find_group(tx, tenant, id)) return typed(group_type(), to_json(*group));
  if (auto principal = directory::find_service_principal_by_object_id(tx, tenant, id))
    return typed(service_principal_type(),
                 to_json(*principal, tenant, directory::find_application(tx, tenant, principal->app_id)));
  return std::nullopt;
}

Response list_members(const Call& call) {
  const std::string& id = call.parameter("id");
  return reply_list(call, directory_object_type(), kDirectoryRules, "directoryObjects",
                    [&](store::Transaction& tx, const Query&) -> Result<Items> {
                      if (!directory::find_group(tx, call.caller.tenant, ObjectId{id})) return no_resource(id);
                      Items items;
                      for (const ObjectId& member : directory::members(tx, call.caller.tenant, ObjectId{id}))
                        if (auto item = find_member(tx, call, member)) items.push_back(std::move(*item));
                      return items;
                    });
}

// --- Applications and service principals

json::Object application_json(store::Transaction& tx, const Call& call, const directory::Application& application) {
  return to_json(application, directory::credentials(tx, call.caller.tenant, application.app_id));
}

Response list_applications(const Call& call) {
  return reply_list(call, application_type(), kDirectoryRules, "applications",
                    [&](store::Transaction& tx, const Query&) -> Result<Items> {
                      Items items;
                      for (const auto& application : directory::applications(tx, call.caller.tenant))
                        items.push_back(application_json(tx, call, application));
                      return items;
                    });
}

template <class Find>
Response reply_application(const Call& call, const std::string& id, Find find) {
  return reply_one(call, application_type(), "applications", id, [&](store::Transaction& tx) -> MaybeItem {
    const std::optional<directory::Application> application = find(tx);
    if (!application) return std::nullopt;
    return application_json(tx, call, *application);
  });
}

Response get_application(const Call& call) {
  const std::string& id = call.parameter("id");
  return reply_application(call, id, [&](store::Transaction& tx) {
    return directory::find_application_by_object_id(tx, call.caller.tenant, ObjectId{id});
  });
}

Response get_application_by_app_id(const Call& call) {
  const std::string& id = call.parameter("appId");
  return reply_application(
      call, id, [&](store::Transaction& tx) { return directory::find_application(tx, call.caller.tenant, AppId{id}); });
}

json::Object principal_json(store::Transaction& tx, const Call& call, const directory::ServicePrincipal& principal) {
  return to_json(principal, call.caller.tenant, directory::find_application(tx, call.caller.tenant, principal.app_id));
}

Response list_principals(const Call& call) {
  return reply_list(call, service_principal_type(), kDirectoryRules, "servicePrincipals",
                    [&](store::Transaction& tx, const Query& query) -> Result<Items> {
                      Items items;
                      if (const auto app_id = demanded(query, "appId")) {
                        if (auto found = directory::find_service_principal(tx, call.caller.tenant, AppId{*app_id}))
                          items.push_back(principal_json(tx, call, *found));
                        return items;
                      }
                      for (const auto& principal : directory::service_principals(tx, call.caller.tenant))
                        items.push_back(principal_json(tx, call, principal));
                      return items;
                    });
}

// ENTRA: addressed by object id, as `appId=<id>`, or as `(appId='<id>')`.
std::optional<directory::ServicePrincipal> find_principal(store::Transaction& tx, const Call& call) {
  const auto& parameters = call.request.path_parameters;
  if (const auto by_app_id = parameters.find("appId"); by_app_id != parameters.end())
    return directory::find_service_principal(tx, call.caller.tenant, AppId{by_app_id->second});
  return directory::find_service_principal_by_object_id(tx, call.caller.tenant, ObjectId{call.parameter("id")});
}

Response get_principal(const Call& call) {
  return reply_one(call, service_principal_type(), "servicePrincipals", asked_for(call),
                   [&](store::Transaction& tx) -> MaybeItem {
                     const auto principal = find_principal(tx, call);
                     if (!principal) return std::nullopt;
                     return principal_json(tx, call, *principal);
                   });
}

Response list_endpoints(const Call& call) {
  CollectionRules rules = kDirectoryRules;
  rules.default_order = "providerName";
  return reply_list(call, endpoint_type(), rules, "endpoints",
                    [&](store::Transaction& tx, const Query&) -> Result<Items> {
                      const auto principal = find_principal(tx, call);
                      if (!principal) return no_resource(asked_for(call));
                      Items items;
                      for (const auto& endpoint : directory::endpoints(tx, call.caller.tenant, principal->app_id))
                        items.push_back(to_json(endpoint));
                      return items;
                    });
}

Response list_organization(const Call& call) {
  return reply_list(call, organization_type(), kDirectoryRules, "organization",
                    [&](store::Transaction& tx, const Query&) -> Result<Items> {
                      Items items;
                      if (auto tenant = directory::find_tenant(tx, call.caller.tenant.value))
                        items.push_back(to_json(*tenant));
                      return items;
                    });
}

}  // namespace

const std::vector<Route>& directory_routes() {
  static const auto* const kRoutes = [] {
    const AnyOf users{"User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"};
    const AnyOf groups{"Group.Read.All", "Group.ReadWrite.All", "GroupMember.Read.All", "Directory.Read.All",
                       "Directory.ReadWrite.All"};
    const AnyOf applications{"Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All",
                             "Directory.ReadWrite.All"};
    const AnyOf organization{"Organization.Read.All", "Directory.Read.All", "Directory.ReadWrite.All"};
    return new std::vector<Route>{
        {"GET", "/me", {{"User.Read", "User.Read.All", "User.ReadWrite.All", "Directory.Read.All"}}, get_me},
        {"GET", "/users", {users}, list_users},
        {"GET", "/users/{id}", {users}, get_user},
        {"GET", "/groups", {groups}, list_groups},
        {"GET", "/groups/{id}", {groups}, get_group},
        {"GET", "/groups/{id}/members", {groups}, list_members},
        {"GET", "/applications", {applications}, list_applications},
        {"GET", "/applications/{id}", {applications}, get_application},
        {"GET", "/applications(appId='{appId}')", {applications}, get_application_by_app_id},
        {"GET", "/servicePrincipals", {applications}, list_principals},
        {"GET", "/servicePrincipals/{id}", {applications}, get_principal},
        {"GET", "/servicePrincipals/appId={appId}", {applications}, get_principal},
        {"GET", "/servicePrincipals(appId='{appId}')", {applications}, get_principal},
        {"GET", "/servicePrincipals/{id}/endpoints", {applications}, list_endpoints},
        {"GET", "/servicePrincipals/appId={appId}/endpoints", {applications}, list_endpoints},
        {"GET", "/servicePrincipals(appId='{appId}')/endpoints", {applications}, list_endpoints},
        {"GET", "/organization", {organization}, list_organization},
    };
  }();
  return *kRoutes;
}

}  // namespace wardbridge::graph
