// What is asked for: the resource and the permissions that a scope (or version 1's `resource`) names.
#pragma once

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
Result<Resource> resource_of_application_request(store::Transaction& tx, const directory::TenantId& tenant,
                                                 tokens::Version version, const Parameters& parameters);

// What a user's sign-in asks for.
struct Asked {
  Resource resource;
  std::vector<std::string> scopes;  // delegated permissions that were consented to, by name
  bool wants_id_token = false;      // `openid` (always in version 1)
};
// `scope` as it was asked; `resource_text` is version 1's `resource`. A permission that nobody consented to is
// `consent_missing`.
Result<Asked> resolve_user_request(store::Transaction& tx, const directory::TenantId& tenant, const Client& client,
                                   tokens::Version version, std::string_view scope, std::string_view resource_text);

}  // namespace wardbridge::oauth
