// Who asks: the client application of a request, and how it proved itself.
#pragma once

#include "platform/http/http.h"
#include "tenant/directory/application_book.h"
#include "tenant/oauth/parameters.h"
#include "tenant/tokens/tokens.h"

namespace wardbridge::oauth {

struct Client {
  directory::TenantId home;  // where it is registered, with its credentials; mostly the tenant itself
  directory::Application application;
  directory::ServicePrincipal principal;
  tokens::ClientProof proof = tokens::ClientProof::none;
};

// The registration behind a client id: of this tenant, or of another one for the use of any.
struct Registration {
  directory::TenantId home;
  directory::Application application;
};
std::optional<Registration> find_registration(store::Transaction& tx, const directory::TenantId& tenant,
                                              std::string_view client_id);

// `unknown_client` unless the application is present (as an enterprise application) and enabled in this tenant.
Result<Client> find_client(store::Transaction& tx, const directory::TenantId& tenant, std::string_view client_id);

// What proves a client at the token endpoint.
struct ClientAuthentication {
  store::Store& store;
  tokens::Authority& tokens;
  const directory::TenantApplications& applications;
  Time now = kEpoch;

  const directory::TenantId& tenant() const { return applications.tenant(); }
};
// The client of a token request. A secret (in the form or as HTTP Basic) or an assertion is checked; without one the
// proof is `none`, and the grant decides whether that will do. An unknown client, and one whose secret is wrong, cost
// the same work: both are looked up in memory, and the secret is hashed and compared.
Result<Client> authenticate_client(const ClientAuthentication& at, const http::Request& request,
                                   const Parameters& parameters);

// Failures of a grant that wants the other kind of client.
Status require_proof(const Client& client);
Status require_public(const Client& client);

}  // namespace wardbridge::oauth
