// What is asked for: the resource and the permissions that a scope (or version 1's `resource`) names.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tenant/directory/directory.h"
#include "tenant/oauth/clients.h"
#include "tenant/tokens/tokens.h"

namespace wardbridge::oauth {

struct Resource {
  directory::Application application;
  std::string audience;  // as the token of that version says it
};

// Client credentials: one resource, with its `.default` scope in version 2, as `resource` in version 1.
struct ApplicationResource {
  directory::AppId app_id;
  std::string audience;
};
Result<ApplicationResource> resource_of_application_request(const directory::TenantApplications& applications,
                                                            tokens::Version version, const Parameters& parameters);

// What a user's sign-in asks for.
struct Asked {
  Resource resource;
  std::vector<std::string> scopes;   // delegated permissions that were consented to, by name
  std::vector<std::string> missing;  // those that were asked for and nobody consented to yet
  bool wants_id_token = false;       // `openid` (always in version 1)
  bool wants_refresh_token = false;  // `offline_access` (always in version 1)
  bool wants_email = false;
};
// `scope` as it was asked; `resource_text` is version 1's `resource`. With a `user`, their own consent counts too.
// Fails with `consent_missing` only when there is nothing that could be consented to.
struct UserRequest {
  tokens::Version version = tokens::Version::v2;
  std::string_view scope;
  std::string_view resource_text;
  std::optional<directory::ObjectId> user;
};
Result<Asked> resolve_user_request(store::Transaction& tx, const directory::TenantId& tenant, const Client& client,
                                   const UserRequest& request);
Failure consent_missing(const Client& client, const Asked& asked);

// ENTRA: what a person may consent to without an administrator ("low impact" permissions): of Microsoft's own
// resources only to be signed in (`User.Read`); of other applications, what they offer.
bool may_person_consent(const directory::Application& resource, const std::vector<std::string>& permissions);
// No more than to know who signed in: OpenID Connect's own scopes, and Graph's `User.Read`.
bool asks_for_baseline_only(const Asked& asked);
// DEVIATION: a device code can be phished, so it is good for less: never for registering devices, never for what
// administers the tenant.
bool is_fit_for_device_code(const directory::Application& resource, const std::vector<std::string>& permissions);

// Every scope of `narrower` is one of `asked`, or covered by its `.default`; none is of another resource.
bool is_within(std::string_view narrower, std::string_view asked);

}  // namespace wardbridge::oauth
