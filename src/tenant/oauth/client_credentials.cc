#include "tenant/oauth/resources.h"
#include "tenant/oauth/token_request.h"

namespace wardbridge::oauth {

// SPEC: RFC 6749 section 4.4.
Result<TokenOutcome> client_credentials_grant(const TokenRequest& request) {
  TRY(require_proof(request.client));
  const Client& client = request.client;
  const ApplicationResource resource =
      TRY(resource_of_application_request(request.applications, request.version, request.parameters));
  const directory::KnownApplication* known = request.applications.find(client.application.app_id.value);
  CHECK(known != nullptr, "the client was found in the same view");
  const tokens::AccessToken token{
      .version = request.version,
      .audience = resource.audience,
      .client = client.application.app_id,
      .client_name = client.application.display_name,
      .client_proof = client.proof,
      .service_principal = client.principal.id,
      // ENTRA: a token without any role is issued all the same; the resource refuses it.
      .roles = known->roles_on(resource.app_id),
  };
  return TokenOutcome{TokenReply{.access_token = TRY(request.with().tokens.issue(request.tenant, token, request.now())),
                                 .resource = token.audience}};
}

}  // namespace wardbridge::oauth
