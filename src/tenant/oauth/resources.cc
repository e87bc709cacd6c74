#include "tenant/oauth/resources.h"

#include <algorithm>
#include <optional>

#include "tenant/directory/consent.h"

namespace wardbridge::oauth {
namespace {

constexpr std::string_view kDefaultPermission = ".default";
constexpr std::string_view kOpenIdScopes[] = {"openid", "profile", "email", "offline_access"};
constexpr std::string_view kGraph = "https://graph.microsoft.com";

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> words = text::split(text, ' ');
  std::erase(words, "");
  return words;
}

bool is_openid_scope(std::string_view scope) {
  return std::ranges::find(kOpenIdScopes, scope) != std::end(kOpenIdScopes);
}

struct ScopeName {
  std::string_view resource;
  std::string_view permission;
};

// ENTRA: the last slash separates resource and permission. An identifier URI that ends in a slash of its own therefore
// shows two (`https://api.manage.microsoft.com//.default`). A name without any slash is one of Graph's.
ScopeName split_scope(std::string_view scope) {
  const auto slash = scope.rfind('/');
  if (slash == std::string_view::npos) return {kGraph, scope};
  return {scope.substr(0, slash), scope.substr(slash + 1)};
}

std::string_view without_trailing_slashes(std::string_view uri) {
  while (uri.ends_with('/')) uri.remove_suffix(1);
  return uri;
}

// ENTRA: version 2 tokens name the resource by its app id, version 1 tokens as it was asked for. Verifiers compare the
// whole text, so what was asked for is first put into the spelling that is registered.
std::string audience_of(const directory::Application& application, std::string_view asked, tokens::Version version) {
  if (version == tokens::Version::v2) return application.app_id.value;
  for (const std::string& uri : application.identifier_uris) {
    if (text::equal_ignoring_case(without_trailing_slashes(uri), without_trailing_slashes(asked))) return uri;
  }
  return application.app_id.value;
}

Failure unknown_resource(std::string_view asked, const directory::TenantId& tenant) {
  return invalid("unknown_resource",
                 "the resource principal named `" + std::string(asked.substr(0, 256)) +
                     "` was not found in the tenant `" + tenant.value + "`",
                 "scope");
}

Failure disabled_resource(std::string_view asked) {
  return invalid("resource_disabled", "the service principal for the resource `" + std::string(asked) + "` is disabled",
                 "scope");
}

Result<Resource> find_resource(store::Transaction& tx, const directory::TenantId& tenant, std::string_view asked,
                               tokens::Version version) {
  auto application = directory::find_resource(tx, tenant, asked);
  auto principal = application ? directory::find_service_principal(tx, tenant, application->app_id) : std::nullopt;
  if (!principal) return unknown_resource(asked, tenant);
  if (!principal->account_enabled) return disabled_resource(asked);
  return Resource{*application, audience_of(*application, asked, version)};
}

Failure bad_scope(std::string_view scope, std::string_view why) {
  return invalid(
      "invalid_scope",
      "the provided value for `scope` is not valid: `" + std::string(scope.substr(0, 256)) + "` " + std::string(why),
      "scope");
}

std::vector<std::string> own_scopes(const directory::Application& application) {
  std::vector<std::string> names;
  for (const directory::PermissionScope& scope : application.scopes) names.push_back(scope.value);
  return names;
}

// What the client declared to need of the resource, by name: what `.default` stands for as long as nothing is granted.
std::vector<std::string> declared_scopes(const directory::Application& client, const directory::Application& resource) {
  std::vector<std::string> names;
  for (const directory::RequiredPermission& required : client.required) {
    if (required.is_role || required.resource != resource.app_id) continue;
    for (const directory::PermissionScope& scope : resource.scopes)
      if (text::equal_ignoring_case(scope.id, required.permission_id)) names.push_back(scope.value);
  }
  return names;
}

// Splits what is asked for into what was granted and what is missing.
Status sort_permissions(Asked& asked, const std::vector<std::string>& granted,
                        const std::vector<std::string_view>& permissions, const Client& client, bool is_itself) {
  const directory::Application& resource = asked.resource.application;
  if (std::ranges::find(permissions, kDefaultPermission) != permissions.end()) {
    asked.scopes = granted;
    if (granted.empty() && !is_itself) {
      asked.missing = declared_scopes(client.application, resource);
      if (asked.missing.empty()) return consent_missing(client, asked);
    }
    return done();
  }
  const auto known = own_scopes(resource);
  for (std::string_view permission : permissions) {
    if (std::ranges::find(granted, permission) != granted.end()) {
      asked.scopes.emplace_back(permission);
    } else if (std::ranges::find(known, permission) != known.end()) {
      asked.missing.emplace_back(permission);
    } else {
      return bad_scope(permission, "is no permission of `" + resource.display_name + "`");
    }
  }
  return done();
}

// The scopes of one request belong to one resource; `asked` is what the client called it.
struct OneResource {
  std::string_view asked;
  std::vector<std::string_view> permissions;
};

Result<std::optional<OneResource>> one_resource(const std::vector<std::string_view>& scopes) {
  std::optional<OneResource> one;
  for (std::string_view scope : scopes) {
    if (is_openid_scope(scope)) continue;
    const ScopeName name = split_scope(scope);
    if (name.resource.empty() || name.permission.empty()) return bad_scope(scope, "names no permission");
    if (!one) one = OneResource{name.resource, {}};
    if (!text::equal_ignoring_case(without_trailing_slashes(one->asked), without_trailing_slashes(name.resource)))
      return bad_scope(scope, "belongs to a second resource");
    one->permissions.push_back(name.permission);
  }
  return one;
}

}  // namespace

Result<ApplicationResource> resource_of_application_request(const directory::TenantApplications& applications,
                                                            tokens::Version version, const Parameters& parameters) {
  const auto find = [&](std::string_view asked) -> Result<ApplicationResource> {
    const directory::KnownApplication* known = applications.find_resource(asked);
    if (!known) return unknown_resource(asked, applications.tenant());
    if (!known->principal.account_enabled) return disabled_resource(asked);
    return ApplicationResource{known->application.app_id, audience_of(known->application, asked, version)};
  };
  if (version == tokens::Version::v1) return find(TRY(parameters.required("resource")));
  const std::string scope = TRY(parameters.required("scope"));
  const ScopeName name = split_scope(scope);
  if (words(scope).size() != 1 || name.permission != kDefaultPermission || name.resource.empty() ||
      scope.find('/') == std::string::npos)
    return bad_scope(scope, "is not one resource followed by `/.default`, which client credentials need");
  return find(name.resource);
}

Result<Asked> resolve_user_request(store::Transaction& tx, const directory::TenantId& tenant, const Client& client,
                                   const UserRequest& request) {
  const auto scopes = words(request.scope);
  const bool is_v1 = request.version == tokens::Version::v1;
  auto asks = [&](std::string_view name) { return std::ranges::find(scopes, name) != scopes.end(); };
  auto one = TRY(one_resource(scopes));
  if (is_v1 && !request.resource_text.empty()) one = OneResource{request.resource_text, {kDefaultPermission}};

  Asked asked;
  asked.wants_id_token = is_v1 || asks("openid");
  asked.wants_refresh_token = is_v1 || asks("offline_access");
  asked.wants_email = asks("email");
  if (!one) {
    // DEVIATION: a sign-in that asks for nothing but the person's identity is a sign-in to the client itself, so that
    // policies for that application apply to it. The real service does this for confidential clients only.
    if (!asked.wants_id_token) return bad_scope(request.scope, "names neither a resource nor `openid`");
    const directory::Application& itself = client.application;
    asked.resource = Resource{itself, audience_of(itself, itself.app_id.value, request.version)};
    for (std::string_view name : scopes) asked.scopes.emplace_back(name);
    return asked;
  }
  asked.resource = TRY(find_resource(tx, tenant, one->asked, request.version));
  const directory::AppId& resource = asked.resource.application.app_id;
  const directory::AppId& app = client.application.app_id;
  // An application needs nobody's consent to use itself.
  const bool is_itself = resource == app;
  const auto granted = is_itself      ? own_scopes(asked.resource.application)
                       : request.user ? directory::scopes_for_user(tx, tenant, app, resource, *request.user)
                                      : directory::scopes_of(tx, tenant, app, resource);
  TRY(sort_permissions(asked, granted, one->permissions, client, is_itself));
  // ENTRA: Graph's own tokens, and a client's own, also say which of the OpenID scopes were granted.
  if (is_itself || resource == directory::kGraphAppId) {
    for (std::string_view name : scopes)
      if (is_openid_scope(name) && name != "offline_access") asked.scopes.emplace_back(name);
  }
  return asked;
}

Failure consent_missing(const Client& client, const Asked& asked) {
  const std::string what = asked.missing.empty() ? "" : "`" + text::join(asked.missing, "`, `") + "` of ";
  return invalid("consent_missing",
                 "nobody has consented that `" + client.application.display_name + "` uses " + what + "`" +
                     asked.resource.application.display_name + "`: a person or an administrator must grant it",
                 "scope");
}

bool may_person_consent(const directory::Application& resource, const std::vector<std::string>& permissions) {
  if (resource.app_id == directory::kGraphAppId)
    return std::ranges::all_of(permissions, [](const std::string& name) { return name == "User.Read"; });
  return resource.app_id != directory::kIntuneApiAppId && resource.app_id != directory::kIntuneAppId &&
         resource.app_id != directory::kDeviceRegistrationAppId;
}

bool asks_for_baseline_only(const Asked& asked) {
  const auto is_baseline = [](const std::string& name) { return name == "User.Read" || is_openid_scope(name); };
  return asked.resource.application.app_id == directory::kGraphAppId &&
         std::ranges::all_of(asked.scopes, is_baseline) && std::ranges::all_of(asked.missing, is_baseline);
}

bool is_fit_for_device_code(const directory::Application& resource, const std::vector<std::string>& permissions) {
  if (resource.app_id != directory::kGraphAppId) return may_person_consent(resource, permissions);
  return std::ranges::all_of(permissions,
                             [](const std::string& name) { return name == "User.Read" || is_openid_scope(name); });
}

bool is_within(std::string_view narrower, std::string_view asked) {
  const auto allowed = words(asked);
  const auto is_allowed = [&](std::string_view scope) {
    if (std::ranges::find(allowed, scope) != allowed.end()) return true;
    if (is_openid_scope(scope)) return false;
    return std::ranges::any_of(allowed, [&](std::string_view one) {
      const ScopeName name = split_scope(one);
      return !is_openid_scope(one) && name.permission == kDefaultPermission &&
             text::equal_ignoring_case(without_trailing_slashes(name.resource),
                                       without_trailing_slashes(split_scope(scope).resource));
    });
  };
  return std::ranges::all_of(words(narrower), is_allowed);
}

}  // namespace wardbridge::oauth
