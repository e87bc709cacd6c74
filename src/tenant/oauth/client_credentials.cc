#include "tenant/directory/consent.h"
#include "tenant/oauth/token_request.h"

namespace wardbridge::oauth {

// SPEC: RFC 6749 section 4.4.
Result<TokenOutcome> client_credentials_grant(const TokenRequest& request) {
  TRY(require_proof(request.client));
  const directory::AppId& client = request.client.application.app_id;
  tokens::AccessToken token{.version = request.version,
                            .client = client,
                            .client_name = request.client.application.display_name,
                            .client_proof = request.client.proof,
                            .service_principal = request.client.principal.id};
  auto resolve = [&](store::Transaction& tx) -> Status {
    const Resource resource =
        TRY(resource_of_application_request(tx, request.tenant, request.version, request.parameters));
    token.audience = resource.audience;
    // ENTRA: a token without any role is issued all the same; the resource refuses it.
    token.roles = directory::app_roles_on(tx, request.tenant, client, resource.application);
    return done();
  };
  TRY(request.with().store.read(resolve));
  return TokenOutcome{TokenReply{.access_token = TRY(request.with().tokens.issue(request.tenant, token, request.now())),
                                 .resource = token.audience}};
}

}  // namespace wardbridge::oauth
