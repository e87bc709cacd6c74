// Who asks: the client application of a request, and how it proved itself.
#pragma once

#include "platform/http/http.h"
#include "tenant/directory/directory.h"
#include "tenant/oauth/parameters.h"
#include "tenant/tokens/tokens.h"

namespace wardbridge::oauth {

struct Client {
  directory::Application application;
  directory::ServicePrincipal principal;
  tokens::ClientProof proof = tokens::ClientProof::none;
};

// `unknown_client` unless the application is present and enabled in this tenant.
Result<Client> find_client(store::Transaction& tx, const directory::TenantId& tenant, std::string_view client_id);

// The client of a token request. A secret (in the form or as HTTP Basic) is checked; without one the proof is `none`,
// and the grant decides whether that will do.
Result<Client> authenticate_client(store::Transaction& tx, const directory::TenantId& tenant,
                                   const http::Request& request, const Parameters& parameters, Time now);

// Failures of a grant that wants the other kind of client.
Status require_secret(const Client& client);
Status require_public(const Client& client);

}  // namespace wardbridge::oauth
