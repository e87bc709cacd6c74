// Applications and service principals; where a first-party service lives. Credentials have routes of their own.
#include <algorithm>

#include "base/limits.h"
#include "tenant/graph/graph_wire.h"
#include "tenant/graph/input.h"
#include "tenant/graph/people.h"

namespace wardbridge::graph {
namespace {

using directory::AppId;
using directory::Application;
using directory::ServicePrincipal;
using Response = Result<http::Response>;

Response list_applications(const Call& call) {
  return reply_list(call, application_type(), kDirectoryRules, "applications",
                    [&](store::Transaction& tx, const Query& query) -> Result<Items> {
                      Items items;
                      if (const auto app_id = demanded(query, "appId")) {
                        if (const auto found = directory::find_application(tx, call.caller.tenant, AppId{*app_id}))
                          items.push_back(application_json(tx, call, *found));
                        return items;
                      }
                      for (const auto& application : directory::applications(tx, call.caller.tenant))
                        items.push_back(application_json(tx, call, application));
                      return items;
                    });
}

Response get_application(const Call& call) {
  const Query query = TRY(Query::parse_single(call.request, application_type()));
  auto item = TRY(call.with.store.read([&](store::Transaction& tx) -> Result<json::Object> {
    const Application application = TRY(application_of(tx, call));
    return query.select(application_json(tx, call, application));
  }));
  return call.one("applications", std::move(item));
}

// --- Writing applications

// ENTRA: https anywhere, http on this machine alone; a public client may also have a scheme of its own. No fragment, no
// wildcard, nothing that a browser would run.
Status check_redirect_uri(const std::string& uri, bool is_public_client) {
  const Failure refused =
      invalid("bad_redirect_uri", "`" + uri + "` is not a redirect URI that can be registered", "redirectUris");
  if (uri.size() > limits::kGraphNameCharacters || uri.find_first_of("#*\\ ") != std::string::npos) return refused;
  const std::string scheme = text::lower(std::string_view(uri).substr(0, uri.find(':')));
  if (scheme == "https" || scheme == "http") {
    const auto url = http::parse_url(uri);
    if (!url.ok()) return refused;
    const bool is_local = url->host == "localhost" || url->host == "127.0.0.1" || url->host == "::1";
    return scheme == "https" || is_local ? done() : Status(refused);
  }
  const bool is_own_scheme = is_public_client && scheme.size() < uri.size() &&
                             (scheme == "urn" || scheme.find_first_of(".-") != std::string::npos) &&
                             scheme.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789+.-") == std::string::npos;
  return is_own_scheme ? done() : Status(refused);
}

Status write_redirects(const json::Value& value, std::vector<std::string>& uris, bool is_public_client) {
  uris = TRY(texts_value(value, "redirectUris"));
  for (const std::string& uri : uris) TRY(check_redirect_uri(uri, is_public_client));
  return done();
}

Result<const json::Object*> object_value(const json::Value& value, std::string_view name) {
  const json::Object* object = value.if_object();
  if (!object)
    return invalid("bad_field_type", "the property `" + std::string(name) + "` must be an object", std::string(name));
  return object;
}

Failure unknown_member(std::string_view of, std::string_view name) {
  return invalid("unknown_property",
                 "could not find a property named `" + std::string(name) + "` in `" + std::string(of) + "`",
                 std::string(name));
}

Status write_web(const json::Value& value, std::string_view name, Application& application) {
  for (const auto& member : *TRY(object_value(value, name))) {
    if (member.key() == "redirectUris")
      TRY(write_redirects(member.value(), application.web_redirect_uris, false));
    else if (member.key() == "homePageUrl")
      application.home_page_url = TRY(text_value(member.value(), "homePageUrl"));
    else if (member.key() == "logoutUrl")
      application.logout_url = TRY(text_value(member.value(), "logoutUrl"));
    else
      return unknown_member(name, member.key());
  }
  return done();
}

template <std::vector<std::string> Application::*uris, bool is_public_client>
Status write_client(const json::Value& value, std::string_view name, Application& application) {
  for (const auto& member : *TRY(object_value(value, name))) {
    if (member.key() != "redirectUris") return unknown_member(name, member.key());
    TRY(write_redirects(member.value(), application.*uris, is_public_client));
  }
  return done();
}

// The items of a list of objects, each through `take`.
template <class Take>
Status each_object(const json::Value& value, std::string_view name, Take take) {
  const json::Array* items = value.if_array();
  if (!items || items->size() > limits::kFilterNodes)
    return invalid("bad_field_type", "the property `" + std::string(name) + "` must be a list of objects",
                   std::string(name));
  for (const json::Value& item : *items) TRY(take(*TRY(object_value(item, name))));
  return done();
}

Result<std::string> guid_of(const json::Object& item, std::string_view name) {
  const std::string id = text::lower(TRY(json::required_text(item, name)));
  if (!text::is_guid(id)) return invalid("bad_guid", "`" + id + "` is not a GUID", std::string(name));
  return id;
}

Status write_app_roles(const json::Value& value, std::string_view name, Application& application) {
  application.app_roles.clear();
  return each_object(value, name, [&](const json::Object& item) -> Status {
    application.app_roles.push_back({TRY(guid_of(item, "id")), TRY(json::required_text(item, "value")),
                                     TRY(json::optional_text(item, "displayName"))});
    return done();
  });
}

Status write_api(const json::Value& value, std::string_view name, Application& application) {
  for (const auto& member : *TRY(object_value(value, name))) {
    if (member.key() != "oauth2PermissionScopes") return unknown_member(name, member.key());
    application.scopes.clear();
    TRY(each_object(member.value(), "oauth2PermissionScopes", [&](const json::Object& item) -> Status {
      application.scopes.push_back({TRY(guid_of(item, "id")), TRY(json::required_text(item, "value"))});
      return done();
    }));
  }
  return done();
}

Status write_required(const json::Value& value, std::string_view name, Application& application) {
  application.required.clear();
  return each_object(value, name, [&](const json::Object& entry) -> Status {
    const AppId resource{TRY(guid_of(entry, "resourceAppId"))};
    const json::Value* access = json::find(entry, "resourceAccess");
    if (!access) return invalid("missing_field", "`resourceAccess` is missing", "resourceAccess");
    return each_object(*access, "resourceAccess", [&](const json::Object& item) -> Status {
      const std::string type = TRY(json::required_text(item, "type"));
      if (type != "Role" && type != "Scope")
        return invalid("bad_field_value", "the `type` of a permission is `Role` or `Scope`", "type");
      application.required.push_back({resource, TRY(guid_of(item, "id")), type == "Role"});
      return done();
    });
  });
}

Status write_audience(const json::Value& value, std::string_view name, Application& application) {
  const std::string audience = TRY(text_value(value, name));
  for (const char* known :
       {"AzureADMyOrg", "AzureADMultipleOrgs", "AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount"})
    if (audience == known) {
      application.sign_in_audience = audience;
      return done();
    }
  return invalid("bad_field_value", "`" + audience + "` is not a `signInAudience`", std::string(name));
}

Status write_uris(const json::Value& value, std::string_view name, Application& application) {
  application.identifier_uris = TRY(texts_value(value, name));
  for (const std::string& uri : application.identifier_uris)
    if (uri.find(':') == std::string::npos || uri.find_first_of(" #*") != std::string::npos)
      return invalid("bad_field_value", "`" + uri + "` is not an identifier URI", std::string(name));
  return done();
}

const Writers<Application>& application_writers() {
  static const auto* const kWriters = new Writers<Application>{
      {"displayName", writes(&Application::display_name)},
      {"description", writes(&Application::description)},
      {"notes", writes(&Application::notes)},
      {"tags", writes(&Application::tags)},
      {"isFallbackPublicClient",
       [](const json::Value& value, std::string_view name, Application& application) -> Status {
         application.is_public_client = !value.is_null() && TRY(flag_value(value, name));
         return done();
       }},
      {"signInAudience", write_audience},
      {"identifierUris", write_uris},
      {"web", write_web},
      {"spa", write_client<&Application::spa_redirect_uris, false>},
      {"publicClient", write_client<&Application::public_client_redirect_uris, true>},
      {"api", write_api},
      {"appRoles", write_app_roles},
      {"requiredResourceAccess", write_required}};
  return *kWriters;
}

// ENTRA: what belongs to the service itself is nobody's to edit; in the real one it isn't even in a tenant's list.
Status refuse_first_party(const AppId& app) {
  for (const AppId& known : {directory::kIntuneAppId, directory::kIntuneApiAppId, directory::kGraphAppId,
                             directory::kDeviceRegistrationAppId, directory::kAuthenticationBrokerAppId})
    if (app == known)
      return Failure{Code::forbidden, "first_party_application",
                     "the application `" + app.value + "` belongs to the service and can't be changed"};
  return done();
}

Status check_application(const Application& application) {
  if (application.display_name.empty())
    return invalid("missing_field", "the property `displayName` can't be empty", "displayName");
  return done();
}

Response create_application(const Call& call) {
  const json::Object body = TRY(body_of(call));
  Application application{.id = {call.with.entropy.guid()}, .app_id = {call.with.entropy.guid()}, .created = call.now};
  TRY(write_properties(body, application_type(), application_writers(), application));
  TRY(check_application(application));
  TRY(call.with.store.write([&](store::Transaction& tx) {
    return directory::create_application(tx, call.caller.tenant, application, call.caller.actor(call.request),
                                         call.now);
  }));
  return created(call, "applications", application_type(), to_json(application, {}));
}

Response update_application(const Call& call) {
  const json::Object body = TRY(body_of(call));
  TRY(call.with.store.write([&](store::Transaction& tx) -> Status {
    Application application = TRY(application_of(tx, call));
    TRY(refuse_first_party(application.app_id));
    TRY(write_properties(body, application_type(), application_writers(), application));
    TRY(check_application(application));
    return directory::update_application(tx, call.caller.tenant, application, call.caller.actor(call.request),
                                         call.now);
  }));
  return empty_reply(call.request, 204);
}

Response delete_application(const Call& call) {
  TRY(call.with.store.write([&](store::Transaction& tx) -> Status {
    const Application application = TRY(application_of(tx, call));
    TRY(refuse_first_party(application.app_id));
    return directory::delete_application(tx, call.caller.tenant, application.app_id, call.caller.actor(call.request),
                                         call.now);
  }));
  return empty_reply(call.request, 204);
}

// --- Service principals

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

Response get_principal(const Call& call) {
  const Query query = TRY(Query::parse_single(call.request, service_principal_type()));
  auto item = TRY(call.with.store.read([&](store::Transaction& tx) -> Result<json::Object> {
    const ServicePrincipal principal = TRY(principal_of(tx, call));
    return query.select(principal_json(tx, call, principal));
  }));
  return call.one("servicePrincipals", std::move(item));
}

Response create_principal(const Call& call) {
  const json::Object body = TRY(body_of(call));
  const AppId app{TRY(guid_of(body, "appId"))};
  for (const auto& member : body)
    if (member.key() != "appId" && member.key() != "accountEnabled")
      return not_written(service_principal_type(), member.key());
  const bool enabled = TRY(json::optional_bool(body, "accountEnabled", true));
  auto item = TRY(call.with.store.write([&](store::Transaction& tx) -> Result<json::Object> {
    const auto application = directory::find_application(tx, call.caller.tenant, app);
    if (!application)
      return invalid(
          "no_application",
          "The appId '" + app.value + "' of the service principal does not reference a valid application object.",
          "appId");
    const ServicePrincipal principal{{call.with.entropy.guid()}, app, application->display_name, enabled};
    TRY(directory::create_service_principal(tx, call.caller.tenant, principal, call.caller.actor(call.request),
                                            call.now));
    return to_json(principal, call.caller.tenant, application);
  }));
  return created(call, "servicePrincipals", service_principal_type(), item);
}

Response update_principal(const Call& call) {
  const json::Object body = TRY(body_of(call));
  for (const auto& member : body)
    if (member.key() != "accountEnabled") return not_written(service_principal_type(), member.key());
  const bool enabled = TRY(json::required_bool(body, "accountEnabled"));
  TRY(call.with.store.write([&](store::Transaction& tx) -> Status {
    const ServicePrincipal principal = TRY(principal_of(tx, call));
    TRY(refuse_first_party(principal.app_id));
    return directory::enable_service_principal(tx, call.caller.tenant, principal.app_id, enabled,
                                               call.caller.actor(call.request), call.now);
  }));
  return empty_reply(call.request, 204);
}

Response delete_principal(const Call& call) {
  TRY(call.with.store.write([&](store::Transaction& tx) -> Status {
    const ServicePrincipal principal = TRY(principal_of(tx, call));
    TRY(refuse_first_party(principal.app_id));
    return directory::delete_service_principal(tx, call.caller.tenant, principal.app_id,
                                               call.caller.actor(call.request), call.now);
  }));
  return empty_reply(call.request, 204);
}

Response list_endpoints(const Call& call) {
  CollectionRules rules = kDirectoryRules;
  rules.default_order = "providerName";
  return reply_list(call, endpoint_type(), rules, "endpoints",
                    [&](store::Transaction& tx, const Query&) -> Result<Items> {
                      const ServicePrincipal principal = TRY(principal_of(tx, call));
                      Items items;
                      for (const auto& endpoint : directory::endpoints(tx, call.caller.tenant, principal.app_id))
                        items.push_back(to_json(endpoint));
                      return items;
                    });
}

}  // namespace

const std::vector<Route>& application_routes() {
  static const auto* const kRoutes = [] {
    const AnyOf read{"Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All",
                     "Directory.ReadWrite.All"};
    const AnyOf write{"Application.ReadWrite.All", "Directory.ReadWrite.All"};
    constexpr auto kMethod = Effect::by_method;
    constexpr auto kBoth = Versions::both;
    return new std::vector<Route>{
        {"GET", "/applications", {read}, list_applications, kMethod, kBoth, kListOptions},
        {"POST", "/applications", {write}, create_application},
        {"GET", "/applications/{id}", {read}, get_application, kMethod, kBoth, kObjectOptions},
        {"GET", "/applications(appId='{appId}')", {read}, get_application, kMethod, kBoth, kObjectOptions},
        {"PATCH", "/applications/{id}", {write}, update_application},
        {"PATCH", "/applications(appId='{appId}')", {write}, update_application},
        {"DELETE", "/applications/{id}", {write}, delete_application},
        {"DELETE", "/applications(appId='{appId}')", {write}, delete_application},
        {"GET", "/servicePrincipals", {read}, list_principals, kMethod, kBoth, kListOptions},
        {"POST", "/servicePrincipals", {write}, create_principal},
        {"GET", "/servicePrincipals/{id}", {read}, get_principal, kMethod, kBoth, kObjectOptions},
        {"GET", "/servicePrincipals/appId={appId}", {read}, get_principal, kMethod, kBoth, kObjectOptions},
        {"GET", "/servicePrincipals(appId='{appId}')", {read}, get_principal, kMethod, kBoth, kObjectOptions},
        {"PATCH", "/servicePrincipals/{id}", {write}, update_principal},
        {"DELETE", "/servicePrincipals/{id}", {write}, delete_principal},
        {"GET", "/servicePrincipals/{id}/endpoints", {read}, list_endpoints, kMethod, kBoth, kListOptions},
        {"GET", "/servicePrincipals/appId={appId}/endpoints", {read}, list_endpoints, kMethod, kBoth, kListOptions},
        {"GET", "/servicePrincipals(appId='{appId}')/endpoints", {read}, list_endpoints, kMethod, kBoth, kListOptions},
    };
  }();
  return *kRoutes;
}

}  // namespace wardbridge::graph
