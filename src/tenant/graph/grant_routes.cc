// What applications may do: application permissions (appRoleAssignment) and delegated ones (oAuth2PermissionGrant).
// What is taken back here is missing from every token that is issued from then on.
#include <algorithm>

#include "base/text.h"
#include "platform/crypto/crypto.h"
#include "tenant/directory/consent.h"
#include "tenant/graph/graph_wire.h"
#include "tenant/graph/input.h"
#include "tenant/graph/people.h"

namespace wardbridge::graph {
namespace {

using directory::AppId;
using directory::AppRoleGrant;
using directory::ObjectId;
using directory::ServicePrincipal;
using Response = Result<http::Response>;

// ENTRA: ids of grants are opaque texts. These say what they name, so that nothing must be stored for them.
std::string id_of(std::initializer_list<std::string_view> parts) {
  std::string all;
  for (const std::string_view part : parts) all += std::string(part) + "|";
  return text::to_base64url(crypto::sha256(all));
}
std::string id_of(const AppRoleGrant& grant) {
  return id_of({"role", grant.client.value, grant.resource.value, grant.role_id});
}

// Delegated permissions, for everyone or for one person.
struct Delegation {
  AppId client;
  AppId resource;
  std::optional<ObjectId> user;  // nothing: consentType AllPrincipals
  std::vector<std::string> scopes;
};
std::string id_of(const Delegation& grant) {
  return id_of({"scope", grant.client.value, grant.resource.value, grant.user ? grant.user->value : ""});
}
std::vector<Delegation> delegations(store::Transaction& tx, const directory::TenantId& tenant) {
  std::vector<Delegation> found;
  for (auto& grant : directory::scope_grants(tx, tenant))
    found.push_back({grant.client, grant.resource, std::nullopt, std::move(grant.scopes)});
  for (auto& grant : directory::user_scope_grants(tx, tenant))
    found.push_back({grant.client, grant.resource, grant.user, std::move(grant.scopes)});
  return found;
}

struct Ends {
  ServicePrincipal client;
  ServicePrincipal resource;
};
// Nothing when one of them has no service principal: such a grant is shown nowhere.
std::optional<Ends> ends_of(store::Transaction& tx, const directory::TenantId& tenant, const AppId& client,
                            const AppId& resource) {
  const auto from = directory::find_service_principal(tx, tenant, client);
  const auto to = directory::find_service_principal(tx, tenant, resource);
  if (!from || !to) return std::nullopt;
  return Ends{*from, *to};
}

json::Object assignment_json(const AppRoleGrant& grant, const Ends& ends) {
  return {{"id", id_of(grant)},
          {"deletedDateTime", nullptr},
          {"appRoleId", grant.role_id},
          {"createdDateTime", grant.created == kEpoch ? json::Value() : json::Value(to_iso8601(grant.created, false))},
          {"principalDisplayName", ends.client.display_name},
          {"principalId", ends.client.id.value},
          {"principalType", "ServicePrincipal"},
          {"resourceDisplayName", ends.resource.display_name},
          {"resourceId", ends.resource.id.value}};
}

json::Object grant_json(const Delegation& grant, const Ends& ends) {
  return {{"id", id_of(grant)},
          {"clientId", ends.client.id.value},
          {"consentType", grant.user ? "Principal" : "AllPrincipals"},
          {"principalId", grant.user ? json::Value(grant.user->value) : json::Value()},
          {"resourceId", ends.resource.id.value},
          {"scope", text::join(grant.scopes, " ")}};
}

const CollectionRules kGrantRules{.default_order = "id", .advanced_queries_need_header = true};

// --- Application permissions

enum class Side { client, resource };

template <Side side>
std::vector<AppRoleGrant> assignments_of(store::Transaction& tx, const Call& call, const ServicePrincipal& principal) {
  if (side == Side::client) return directory::app_role_grants(tx, call.caller.tenant, principal.app_id);
  std::vector<AppRoleGrant> found = directory::app_role_grants(tx, call.caller.tenant);
  std::erase_if(found, [&](const AppRoleGrant& grant) { return grant.resource != principal.app_id; });
  return found;
}

template <Side side>
Response list_assignments(const Call& call) {
  constexpr const char* kContext = side == Side::client ? "appRoleAssignments" : "appRoleAssignedTo";
  return reply_list(call, app_role_assignment_type(), kGrantRules, kContext,
                    [&](store::Transaction& tx, const Query&) -> Result<Items> {
                      const ServicePrincipal principal = TRY(principal_of(tx, call));
                      Items items;
                      for (const AppRoleGrant& grant : assignments_of<side>(tx, call, principal))
                        if (const auto ends = ends_of(tx, call.caller.tenant, grant.client, grant.resource))
                          items.push_back(assignment_json(grant, *ends));
                      return items;
                    });
}

template <Side side>
Result<AppRoleGrant> assignment_of(store::Transaction& tx, const Call& call) {
  const ServicePrincipal principal = TRY(principal_of(tx, call));
  for (const AppRoleGrant& grant : assignments_of<side>(tx, call, principal))
    if (id_of(grant) == call.parameter("assignmentId")) return grant;
  return no_resource(call.parameter("assignmentId"));
}

template <Side side>
Response get_assignment(const Call& call) {
  const Query query = TRY(Query::parse_single(call.request, app_role_assignment_type()));
  auto item = TRY(call.with.store.read([&](store::Transaction& tx) -> Result<json::Object> {
    const AppRoleGrant grant = TRY(assignment_of<side>(tx, call));
    const auto ends = ends_of(tx, call.caller.tenant, grant.client, grant.resource);
    if (!ends) return no_resource(call.parameter("assignmentId"));
    return query.select(assignment_json(grant, *ends));
  }));
  return call.one("appRoleAssignments", std::move(item));
}

Result<ServicePrincipal> named_principal(store::Transaction& tx, const Call& call, const json::Object& body,
                                         std::string_view name) {
  const std::string id = TRY(json::required_text(body, name));
  auto principal = directory::find_service_principal_by_object_id(tx, call.caller.tenant, ObjectId{id});
  if (!principal) return no_resource(id);
  return std::move(*principal);
}

template <Side side>
Response create_assignment(const Call& call) {
  const json::Object body = TRY(body_of(call));
  for (const auto& member : body)
    if (member.key() != "principalId" && member.key() != "resourceId" && member.key() != "appRoleId" &&
        member.key() != "@odata.type")
      return not_written(app_role_assignment_type(), member.key());
  const std::string role = text::lower(TRY(json::required_text(body, "appRoleId")));
  auto item = TRY(call.with.store.write([&](store::Transaction& tx) -> Result<json::Object> {
    const ServicePrincipal addressed = TRY(principal_of(tx, call));
    // DEVIATION: people and groups can't be given application roles yet; their tokens would not carry them.
    const ServicePrincipal client = TRY(named_principal(tx, call, body, "principalId"));
    const ServicePrincipal resource = TRY(named_principal(tx, call, body, "resourceId"));
    if (addressed.id != (side == Side::client ? client.id : resource.id))
      return invalid("bad_reference", "the body is about another service principal than the URL",
                     side == Side::client ? "principalId" : "resourceId");
    const auto before = directory::app_role_grants(tx, call.caller.tenant, client.app_id);
    const bool is_there = std::any_of(before.begin(), before.end(), [&](const AppRoleGrant& grant) {
      return grant.resource == resource.app_id && grant.role_id == role;
    });
    if (is_there)
      return invalid("already_exists", "Permission being assigned already exists on the object", "appRoleId");
    const Status granted = directory::grant_app_role(tx, call.caller.tenant, client.app_id, resource.app_id, role,
                                                     call.caller.actor(call.request), call.now);
    if (!granted.ok() && granted.failure().code == Code::not_found)
      return invalid("no_app_role",
                     "Permission being assigned was not found on application '" + resource.app_id.value + "'",
                     "appRoleId");
    TRY(granted);
    return assignment_json({client.app_id, resource.app_id, role, call.now}, {client, resource});
  }));
  return call.one("appRoleAssignments", std::move(item), 201);
}

template <Side side>
Response delete_assignment(const Call& call) {
  TRY(call.with.store.write([&](store::Transaction& tx) -> Status {
    const AppRoleGrant grant = TRY(assignment_of<side>(tx, call));
    return directory::withdraw_app_role(tx, call.caller.tenant, grant.client, grant.resource, grant.role_id,
                                        call.caller.actor(call.request), call.now);
  }));
  return empty_reply(call.request, 204);
}

// --- Delegated permissions

Result<Items> grants_of(store::Transaction& tx, const Call& call, const std::optional<AppId>& client) {
  Items items;
  for (const Delegation& grant : delegations(tx, call.caller.tenant)) {
    if (client && grant.client != *client) continue;
    if (const auto ends = ends_of(tx, call.caller.tenant, grant.client, grant.resource))
      items.push_back(grant_json(grant, *ends));
  }
  return items;
}

Response list_grants(const Call& call) {
  return reply_list(call, permission_grant_type(), kGrantRules, "oauth2PermissionGrants",
                    [&](store::Transaction& tx, const Query&) { return grants_of(tx, call, std::nullopt); });
}

Response list_principal_grants(const Call& call) {
  return reply_list(call, permission_grant_type(), kGrantRules, "oauth2PermissionGrants",
                    [&](store::Transaction& tx, const Query&) -> Result<Items> {
                      const ServicePrincipal principal = TRY(principal_of(tx, call));
                      return grants_of(tx, call, principal.app_id);
                    });
}

Result<Delegation> grant_of(store::Transaction& tx, const Call& call) {
  for (Delegation& grant : delegations(tx, call.caller.tenant))
    if (id_of(grant) == call.parameter("id")) return std::move(grant);
  return no_resource(call.parameter("id"));
}

Response get_grant(const Call& call) {
  const Query query = TRY(Query::parse_single(call.request, permission_grant_type()));
  auto item = TRY(call.with.store.read([&](store::Transaction& tx) -> Result<json::Object> {
    const Delegation grant = TRY(grant_of(tx, call));
    const auto ends = ends_of(tx, call.caller.tenant, grant.client, grant.resource);
    if (!ends) return no_resource(call.parameter("id"));
    return query.select(grant_json(grant, *ends));
  }));
  return call.one("oauth2PermissionGrants", std::move(item));
}

// Every word is a scope that the resource publishes.
Status check_scopes(store::Transaction& tx, const Call& call, const AppId& resource, const std::string& scopes) {
  const auto application = directory::find_present_application(tx, call.caller.tenant, resource);
  for (std::string_view word : text::split(scopes, ' ')) {
    if (word.empty()) continue;
    const bool is_known = application && std::any_of(application->scopes.begin(), application->scopes.end(),
                                                     [&](const auto& scope) { return scope.value == word; });
    // ENTRA: the scopes of OpenID Connect belong to every tenant's Microsoft Graph.
    const bool is_openid = word == "openid" || word == "profile" || word == "email" || word == "offline_access";
    if (!is_known && !is_openid)
      return invalid("unknown_scope", "the resource has no delegated permission `" + std::string(word) + "`", "scope");
  }
  return done();
}

Status write_scopes(store::Transaction& tx, const Call& call, const Delegation& grant, const std::string& scopes) {
  const audit::Actor by = call.caller.actor(call.request);
  return grant.user
             ? directory::grant_user_scopes(tx, call.caller.tenant, grant.client, grant.resource, *grant.user, scopes,
                                            by, call.now)
             : directory::grant_scopes(tx, call.caller.tenant, grant.client, grant.resource, scopes, by, call.now);
}

Response create_grant(const Call& call) {
  const json::Object body = TRY(body_of(call));
  for (const auto& member : body)
    if (!permission_grant_type().find(member.key()) && member.key() != "expiryTime" && member.key() != "startTime")
      return not_written(permission_grant_type(), member.key());
  const std::string consent = TRY(json::required_text(body, "consentType"));
  const std::string person = TRY(json::optional_text(body, "principalId"));
  const bool is_for_one = consent == "Principal";
  if (!is_for_one && consent != "AllPrincipals")
    return invalid("bad_field_value", "`consentType` is `AllPrincipals` or `Principal`", "consentType");
  if (is_for_one == person.empty())
    return invalid("bad_field_value", "`principalId` is the person of a `Principal` consent, and of no other",
                   "principalId");
  const std::string scope = TRY(json::optional_text(body, "scope"));
  auto item = TRY(call.with.store.write([&](store::Transaction& tx) -> Result<json::Object> {
    const ServicePrincipal client = TRY(named_principal(tx, call, body, "clientId"));
    const ServicePrincipal resource = TRY(named_principal(tx, call, body, "resourceId"));
    Delegation grant{client.app_id, resource.app_id, std::nullopt, {}};
    if (is_for_one) {
      const auto user = directory::find_user(tx, call.caller.tenant, ObjectId{person});
      if (!user) return no_resource(person);
      grant.user = user->id;
    }
    TRY(check_scopes(tx, call, resource.app_id, scope));
    if (text::trim(scope).empty()) return invalid("missing_field", "`scope` names no permission", "scope");
    for (const Delegation& known : delegations(tx, call.caller.tenant))
      if (id_of(known) == id_of(grant))
        return Failure{Code::conflict, "grant_exists", "Permission entry already exists."};
    TRY(write_scopes(tx, call, grant, scope));
    for (const Delegation& stored : delegations(tx, call.caller.tenant))
      if (id_of(stored) == id_of(grant)) grant.scopes = stored.scopes;
    return grant_json(grant, {client, resource});
  }));
  return created(call, "oauth2PermissionGrants", permission_grant_type(), item);
}

Response replace_grant(const Call& call, const std::optional<std::string>& scope) {
  TRY(call.with.store.write([&](store::Transaction& tx) -> Status {
    const Delegation grant = TRY(grant_of(tx, call));
    const directory::TenantId& tenant = call.caller.tenant;
    const audit::Actor by = call.caller.actor(call.request);
    const bool is_withdrawn = !scope || text::trim(*scope).empty();
    if (scope) TRY(check_scopes(tx, call, grant.resource, *scope));
    if (!is_withdrawn && !grant.user)
      return directory::replace_scopes(tx, tenant, grant.client, grant.resource, *scope, by, call.now);
    TRY(directory::withdraw_scopes(tx, tenant, grant.client, grant.resource, grant.user, by, call.now));
    return is_withdrawn ? done() : write_scopes(tx, call, grant, *scope);
  }));
  return empty_reply(call.request, 204);
}

Response update_grant(const Call& call) {
  const json::Object body = TRY(body_of(call));
  for (const auto& member : body)
    if (member.key() != "scope") return not_written(permission_grant_type(), member.key());
  return replace_grant(call, TRY(json::required_text(body, "scope")));
}

Response delete_grant(const Call& call) { return replace_grant(call, std::nullopt); }

}  // namespace

const std::vector<Route>& grant_routes() {
  static const auto* const kRoutes = [] {
    const AnyOf read{"Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All",
                     "Directory.ReadWrite.All"};
    const AnyOf assign{"AppRoleAssignment.ReadWrite.All"};
    const AnyOf delegated{"DelegatedPermissionGrant.ReadWrite.All"};
    const AnyOf read_delegated{"DelegatedPermissionGrant.ReadWrite.All", "Directory.Read.All",
                               "Directory.ReadWrite.All"};
    constexpr auto kMethod = Effect::by_method;
    constexpr auto kBoth = Versions::both;
    constexpr auto kClient = Side::client;
    constexpr auto kResource = Side::resource;
    return new std::vector<Route>{
        {"GET",
         "/servicePrincipals/{id}/appRoleAssignments",
         {read},
         list_assignments<kClient>,
         kMethod,
         kBoth,
         kListOptions},
        {"POST", "/servicePrincipals/{id}/appRoleAssignments", {assign}, create_assignment<kClient>},
        {"GET",
         "/servicePrincipals/{id}/appRoleAssignments/{assignmentId}",
         {read},
         get_assignment<kClient>,
         kMethod,
         kBoth,
         kObjectOptions},
        {"DELETE", "/servicePrincipals/{id}/appRoleAssignments/{assignmentId}", {assign}, delete_assignment<kClient>},
        {"GET",
         "/servicePrincipals/{id}/appRoleAssignedTo",
         {read},
         list_assignments<kResource>,
         kMethod,
         kBoth,
         kListOptions},
        {"POST", "/servicePrincipals/{id}/appRoleAssignedTo", {assign}, create_assignment<kResource>},
        {"GET",
         "/servicePrincipals/{id}/appRoleAssignedTo/{assignmentId}",
         {read},
         get_assignment<kResource>,
         kMethod,
         kBoth,
         kObjectOptions},
        {"DELETE", "/servicePrincipals/{id}/appRoleAssignedTo/{assignmentId}", {assign}, delete_assignment<kResource>},
        {"GET",
         "/servicePrincipals/{id}/oauth2PermissionGrants",
         {read_delegated},
         list_principal_grants,
         kMethod,
         kBoth,
         kListOptions},
        {"GET", "/oauth2PermissionGrants", {read_delegated}, list_grants, kMethod, kBoth, kListOptions},
        {"POST", "/oauth2PermissionGrants", {delegated}, create_grant},
        {"GET", "/oauth2PermissionGrants/{id}", {read_delegated}, get_grant, kMethod, kBoth, kObjectOptions},
        {"PATCH", "/oauth2PermissionGrants/{id}", {delegated}, update_grant},
        {"DELETE", "/oauth2PermissionGrants/{id}", {delegated}, delete_grant},
    };
  }();
  return *kRoutes;
}

}  // namespace wardbridge::graph
