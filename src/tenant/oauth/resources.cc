#include "tenant/oauth/resources.h"

#include <algorithm>
#include <optional>

namespace wardbridge::oauth {
namespace {

constexpr std::string_view kDefault = ".default";
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

Result<Resource> find_resource(store::Transaction& tx, const directory::TenantId& tenant, std::string_view asked,
                               tokens::Version version) {
  auto application = directory::find_resource(tx, tenant, asked);
  auto principal = application ? directory::find_service_principal(tx, tenant, application->app_id) : std::nullopt;
  if (!principal)
    return invalid("unknown_resource",
                   "the resource principal named `" + std::string(asked.substr(0, 256)) +
                       "` was not found in the tenant `" + tenant.value + "`",
                   "scope");
  if (!principal->account_enabled)
    return invalid("resource_disabled",
                   "the service principal for the resource `" + std::string(asked) + "` is disabled", "scope");
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

Result<std::vector<std::string>> consented(const std::vector<std::string>& granted,
                                           const std::vector<std::string_view>& permissions, const Client& client,
                                           const directory::Application& resource) {
  const bool all = std::ranges::find(permissions, kDefault) != permissions.end();
  if (all) return granted;
  std::vector<std::string> names;
  for (std::string_view permission : permissions) {
    if (std::ranges::find(granted, permission) != granted.end()) {
      names.emplace_back(permission);
      continue;
    }
    const auto known = own_scopes(resource);
    if (std::ranges::find(known, permission) == known.end())
      return bad_scope(permission, "is no permission of `" + resource.display_name + "`");
    return invalid("consent_missing",
                   "nobody has consented that `" + client.application.display_name + "` uses `" +
                       std::string(permission) + "` of `" + resource.display_name + "`: an administrator must grant it",
                   "scope");
  }
  return names;
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

Result<Resource> resource_of_application_request(store::Transaction& tx, const directory::TenantId& tenant,
                                                 tokens::Version version, const Parameters& parameters) {
  if (version == tokens::Version::v1) return find_resource(tx, tenant, TRY(parameters.required("resource")), version);
  const std::string scope = TRY(parameters.required("scope"));
  const ScopeName name = split_scope(scope);
  if (words(scope).size() != 1 || name.permission != kDefault || name.resource.empty() ||
      scope.find('/') == std::string::npos)
    return bad_scope(scope, "is not one resource followed by `/.default`, which client credentials need");
  return find_resource(tx, tenant, name.resource, version);
}

Result<Asked> resolve_user_request(store::Transaction& tx, const directory::TenantId& tenant, const Client& client,
                                   tokens::Version version, std::string_view scope, std::string_view resource_text) {
  const auto scopes = words(scope);
  auto one = TRY(one_resource(scopes));
  if (version == tokens::Version::v1 && !resource_text.empty()) one = OneResource{resource_text, {kDefault}};

  Asked asked;
  asked.wants_id_token = version == tokens::Version::v1 || std::ranges::find(scopes, "openid") != scopes.end();
  if (!one) {
    // DEVIATION: a sign-in that asks for nothing but the person's identity is a sign-in to the client itself, so that
    // policies for that application apply to it. The real service does this for confidential clients only.
    if (!asked.wants_id_token) return bad_scope(scope, "names neither a resource nor `openid`");
    asked.resource = TRY(find_resource(tx, tenant, client.application.app_id.value, version));
    for (std::string_view name : scopes) asked.scopes.emplace_back(name);
    return asked;
  }
  asked.resource = TRY(find_resource(tx, tenant, one->asked, version));
  const directory::Application& resource = asked.resource.application;
  // An application needs nobody's consent to use itself.
  const bool is_itself = resource.app_id == client.application.app_id;
  const auto granted =
      is_itself ? own_scopes(resource) : directory::scopes_of(tx, tenant, client.application.app_id, resource.app_id);
  if (granted.empty() && !is_itself)
    return invalid("consent_missing",
                   "nobody has consented that `" + client.application.display_name + "` uses `" +
                       resource.display_name + "`: an administrator must grant it",
                   "scope");
  asked.scopes = TRY(consented(granted, one->permissions, client, resource));
  return asked;
}

}  // namespace wardbridge::oauth
