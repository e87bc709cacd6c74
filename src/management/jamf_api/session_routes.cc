// Tokens: who you are, and for how long. Privileges and roles: what that lets you do.
#include "management/jamf_api/routes.h"

namespace wardbridge::jamf_api {
namespace {

// JAMF: jamf.md section 1.6, `X.Y.Z-t<build time>`: the generation of the vendor's API that this one follows. Tools ask
// before anything else, and leave out what a version does not have.
constexpr const char* kVersion = "11.30.1-t0";

json::Object token_json(const accounts::Token& token) {
  return {{"token", token.text}, {"expires", to_iso8601(token.expires)}};
}

// SPEC: RFC 6749 section 5.2; the errors of the OAuth endpoint are not in Jamf's envelope.
http::Response oauth_error(int status, const char* error, const std::string& description) {
  http::Response response =
      http::json_response(status, json::Object{{"error", error}, {"error_description", description}});
  response.headers.set("Cache-Control", "no-store");
  return response;
}

// JAMF: `scope` names the API roles of the client, as `api-role:<id>`.
http::Response client_token(const Dependencies& deps, const http::Request& request) {
  auto form = text::parse_form(request.body);
  if (!form) return oauth_error(400, "invalid_request", "the body is not a form");
  if (text::form_value(*form, "grant_type") != "client_credentials") {
    return oauth_error(400, "unsupported_grant_type", "`grant_type` must be `client_credentials`");
  }
  auto id = text::form_value(*form, "client_id");
  auto secret = text::form_value(*form, "client_secret");
  if (auto basic = request.basic_credentials(); basic && !id)
    std::tie(id, secret) = std::pair{basic->first, basic->second};
  if (!id || !secret) return oauth_error(400, "invalid_request", "`client_id` and `client_secret` are required");
  auto token = accounts::log_in_client(deps.store, deps.entropy, *id, *secret, request.received);
  if (!token.ok()) {
    if (token.failure().code != Code::unauthenticated)
      return oauth_error(503, "temporarily_unavailable", token.failure().message);
    return oauth_error(401, "invalid_client", token.failure().message);
  }
  std::vector<std::string> scope;
  for (accounts::RoleId role : token->roles) scope.push_back("api-role:" + std::to_string(role.value));
  auto expires_in = std::chrono::duration_cast<seconds>(token->expires - request.received).count();
  http::Response response = http::json_response(200, json::Object{{"access_token", token->text},
                                                                  {"scope", text::join(scope, " ")},
                                                                  {"token_type", "Bearer"},
                                                                  {"expires_in", expires_in}});
  response.headers.set("Cache-Control", "no-store");
  return response;
}

json::Object who_am_i(const accounts::Caller& caller) {
  std::vector<std::string> privileges(caller.privileges.begin(), caller.privileges.end());
  if (caller.is_administrator) privileges = accounts::known_privileges();
  bool is_account = caller.kind == accounts::Caller::Kind::account;
  return {{"account", json::Object{{"id", std::to_string(caller.id)},
                                   {"username", caller.name},
                                   {"realName", caller.name},
                                   {"email", ""},
                                   {"multiSiteAdmin", false},
                                   {"accessLevel", "FullAccess"},
                                   {"privilegeSet", caller.is_administrator ? "ADMINISTRATOR" : "CUSTOM"},
                                   {"privilegesBySite", json::Object{{"-1", json::to_array(privileges)}}},
                                   {"groupIds", json::Array{}},
                                   {"currentSiteId", "-1"}}},
          {"accountGroups", json::Array{}},
          {"sites", json::Array{}},
          {"authenticationType", is_account ? "JSS" : "CLIENT_CREDENTIALS"}};
}

json::Object role_json(const accounts::ApiRole& role) {
  return {{"id", std::to_string(role.id.value)},
          {"displayName", role.display_name},
          {"privileges", json::to_array(role.privileges)}};
}

Result<accounts::ApiRole> role_from(const http::Request& request) {
  json::Value body = TRY(json_body(request));
  const json::Object& object = TRY(json::as_object(body));
  accounts::ApiRole role;
  role.display_name = TRY(json::required_text(object, "displayName"));
  role.privileges = TRY(json::optional_texts(object, "privileges"));
  return role;
}

// A page of what was listed, in Jamf's envelope.
template <class Item, class ToJson>
http::Response page_of(const std::vector<Item>& items, const http::Request& request, ToJson to_json) {
  Paging paging = paging_of(request);
  json::Array results;
  auto first = static_cast<std::size_t>(paging.page) * static_cast<std::size_t>(paging.page_size);
  for (std::size_t i = first; i < items.size() && results.size() < static_cast<std::size_t>(paging.page_size); ++i) {
    results.push_back(to_json(items[i]));
  }
  return http::json_response(200, json::Object{{"totalCount", items.size()}, {"results", results}});
}

void register_tokens(Api& api, const Dependencies& deps) {
  for (const char* path : {"/api/oauth/token", "/api/v1/oauth/token"}) {
    api.add_open("POST", path, [deps](const http::Request& request) -> Result<http::Response> {
      return client_token(deps, request);
    });
  }
  api.add_open("POST", "/api/v1/auth/token", [deps](const http::Request& request) -> Result<http::Response> {
    auto credentials = request.basic_credentials();
    if (!credentials) return Failure{Code::unauthenticated, "no_credentials", "user name and password are required"};
    auto token =
        TRY(accounts::log_in(deps.store, deps.entropy, credentials->first, credentials->second, request.received));
    return http::json_response(200, token_json(token));
  });
  api.add_open("POST", "/api/v1/auth/keep-alive", [deps](const http::Request& request) -> Result<http::Response> {
    auto token =
        TRY(accounts::keep_alive(deps.store, deps.entropy, request.bearer_token().value_or(""), request.received));
    return http::json_response(200, token_json(token));
  });
  api.add("POST", "/api/v1/auth/invalidate-token", "",
          [deps](const http::Request& request, const accounts::Caller&) -> Result<http::Response> {
            TRY(accounts::invalidate(deps.store, *request.bearer_token()));
            return http::no_content();
          });
  api.add("GET", "/api/v1/auth", "",
          [](const http::Request&, const accounts::Caller& caller) -> Result<http::Response> {
            return http::json_response(200, who_am_i(caller));
          });
  api.add("GET", "/api/v1/jamf-pro-version", "",
          [](const http::Request&, const accounts::Caller&) -> Result<http::Response> {
            return http::json_response(200, json::Object{{"version", kVersion}});
          });
}

void register_roles(Api& api, const Dependencies& deps) {
  const std::string path = "/api/v1/api-roles";
  api.add("GET", path, "Read API Roles",
          [deps](const http::Request& request, const accounts::Caller&) -> Result<http::Response> {
            auto all = TRY(deps.store.read(
                [](store::Transaction& tx) -> Result<std::vector<accounts::ApiRole>> { return accounts::roles(tx); }));
            return page_of(all, request, role_json);
          });
  api.add("POST", path, "Create API Roles",
          [deps, path](const http::Request& request, const accounts::Caller& caller) -> Result<http::Response> {
            accounts::ApiRole role = TRY(role_from(request));
            role.id = TRY(deps.store.write([&](store::Transaction& tx) {
              return accounts::create_role(tx, role, caller.as_actor(request.peer.address), request.received);
            }));
            return http::json_response(201, role_json(role));
          });
  api.add("GET", path + "/{id}", "Read API Roles",
          [deps](const http::Request& request, const accounts::Caller&) -> Result<http::Response> {
            accounts::RoleId id{TRY(path_id(request))};
            auto role = TRY(deps.store.read([&](store::Transaction& tx) -> Result<std::optional<accounts::ApiRole>> {
              return accounts::find_role(tx, id);
            }));
            if (!role) return not_found("no_role", "no API role has the id " + std::to_string(id.value));
            return http::json_response(200, role_json(*role));
          });
  api.add("PUT", path + "/{id}", "Update API Roles",
          [deps](const http::Request& request, const accounts::Caller& caller) -> Result<http::Response> {
            accounts::ApiRole role = TRY(role_from(request));
            role.id = accounts::RoleId{TRY(path_id(request))};
            TRY(deps.store.write([&](store::Transaction& tx) {
              return accounts::replace_role(tx, role, caller.as_actor(request.peer.address), request.received);
            }));
            return http::json_response(200, role_json(role));
          });
  api.add("DELETE", path + "/{id}", "Delete API Roles",
          [deps](const http::Request& request, const accounts::Caller& caller) -> Result<http::Response> {
            accounts::RoleId id{TRY(path_id(request))};
            TRY(deps.store.write([&](store::Transaction& tx) {
              return accounts::remove_role(tx, id, caller.as_actor(request.peer.address), request.received);
            }));
            return http::no_content();
          });
  api.add("GET", "/api/v1/api-role-privileges", "Read API Roles",
          [](const http::Request&, const accounts::Caller&) -> Result<http::Response> {
            return http::json_response(200, json::Object{{"privileges", json::to_array(accounts::known_privileges())}});
          });
}

Result<json::Object> integration_json(store::Transaction& tx, const accounts::ApiIntegration& integration) {
  json::Array scopes;
  for (accounts::RoleId id : integration.roles) {
    if (auto role = accounts::find_role(tx, id)) scopes.emplace_back(role->display_name);
  }
  return json::Object{{"id", integration.id.value},
                      {"authorizationScopes", scopes},
                      {"displayName", integration.display_name},
                      {"enabled", integration.enabled},
                      {"accessTokenLifetimeSeconds", integration.access_token_lifetime_seconds},
                      {"appType", integration.client_id.empty() ? "NONE" : "CLIENT_CREDENTIALS"},
                      {"clientId", integration.client_id}};
}

// JAMF: `authorizationScopes` names roles by their display names.
Result<accounts::ApiIntegration> integration_from(store::Transaction& tx, const json::Object& object) {
  accounts::ApiIntegration integration;
  integration.display_name = TRY(json::required_text(object, "displayName"));
  integration.enabled = TRY(json::optional_bool(object, "enabled", true));
  integration.access_token_lifetime_seconds = TRY(json::optional_integer(object, "accessTokenLifetimeSeconds", 1800));
  auto all = accounts::roles(tx);
  for (const std::string& name : TRY(json::optional_texts(object, "authorizationScopes"))) {
    auto role = std::find_if(all.begin(), all.end(), [&](const auto& each) { return each.display_name == name; });
    if (role == all.end()) return invalid("unknown_role", "no API role is named `" + name + "`", "authorizationScopes");
    integration.roles.push_back(role->id);
  }
  return integration;
}

void register_integrations(Api& api, const Dependencies& deps) {
  const std::string path = "/api/v1/api-integrations";
  api.add("GET", path, "Read API Integrations",
          [deps](const http::Request& request, const accounts::Caller&) -> Result<http::Response> {
            auto all = TRY(deps.store.read([](store::Transaction& tx) -> Result<std::vector<json::Object>> {
              std::vector<json::Object> objects;
              for (const auto& integration : accounts::integrations(tx))
                objects.push_back(TRY(integration_json(tx, integration)));
              return objects;
            }));
            return page_of(all, request, [](const json::Object& object) { return object; });
          });
  api.add("POST", path, "Create API Integrations",
          [deps](const http::Request& request, const accounts::Caller& caller) -> Result<http::Response> {
            json::Value body = TRY(json_body(request));
            const json::Object& object = TRY(json::as_object(body));
            json::Object created = TRY(deps.store.write([&](store::Transaction& tx) -> Result<json::Object> {
              accounts::ApiIntegration integration = TRY(integration_from(tx, object));
              integration.id = TRY(accounts::create_integration(tx, integration, caller.as_actor(request.peer.address),
                                                                request.received));
              return integration_json(tx, integration);
            }));
            return http::json_response(201, created);
          });
  api.add("GET", path + "/{id}", "Read API Integrations",
          [deps](const http::Request& request, const accounts::Caller&) -> Result<http::Response> {
            accounts::IntegrationId id{TRY(path_id(request))};
            json::Object found = TRY(deps.store.read([&](store::Transaction& tx) -> Result<json::Object> {
              auto integration = accounts::find_integration(tx, id);
              if (!integration)
                return not_found("no_integration", "no API integration has the id " + std::to_string(id.value));
              return integration_json(tx, *integration);
            }));
            return http::json_response(200, found);
          });
  api.add(
      "PUT", path + "/{id}", "Update API Integrations",
      [deps](const http::Request& request, const accounts::Caller& caller) -> Result<http::Response> {
        json::Value body = TRY(json_body(request));
        const json::Object& object = TRY(json::as_object(body));
        accounts::IntegrationId id{TRY(path_id(request))};
        json::Object replaced = TRY(deps.store.write([&](store::Transaction& tx) -> Result<json::Object> {
          accounts::ApiIntegration integration = TRY(integration_from(tx, object));
          integration.id = id;
          TRY(accounts::replace_integration(tx, integration, caller.as_actor(request.peer.address), request.received));
          return integration_json(tx, *accounts::find_integration(tx, id));
        }));
        return http::json_response(200, replaced);
      });
  api.add("DELETE", path + "/{id}", "Delete API Integrations",
          [deps](const http::Request& request, const accounts::Caller& caller) -> Result<http::Response> {
            accounts::IntegrationId id{TRY(path_id(request))};
            TRY(deps.store.write([&](store::Transaction& tx) {
              return accounts::remove_integration(tx, id, caller.as_actor(request.peer.address), request.received);
            }));
            return http::no_content();
          });
  api.add("POST", path + "/{id}/client-credentials", "Update API Integrations",
          [deps](const http::Request& request, const accounts::Caller& caller) -> Result<http::Response> {
            accounts::IntegrationId id{TRY(path_id(request))};
            auto made = TRY(deps.store.write([&](store::Transaction& tx) {
              return accounts::make_credentials(tx, id, deps.entropy, caller.as_actor(request.peer.address),
                                                request.received);
            }));
            http::Response response = http::json_response(
                200, json::Object{{"clientId", made.client_id}, {"clientSecret", made.client_secret}});
            response.headers.set("Cache-Control", "no-store");
            return response;
          });
}

}  // namespace

void register_session_routes(Api& api, const Dependencies& deps) {
  register_tokens(api, deps);
  register_roles(api, deps);
  register_integrations(api, deps);
}

}  // namespace wardbridge::jamf_api
