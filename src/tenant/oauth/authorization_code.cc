#include "platform/crypto/crypto.h"
#include "tenant/oauth/codes.h"
#include "tenant/oauth/token_request.h"

namespace wardbridge::oauth {
namespace {

// What the code is bound to, beyond the client and the tenant.
Status check_binding(const AuthorizationRequest& bound, const TokenRequest& request, const std::string& redirect_uri,
                     const std::string& verifier) {
  if (redirect_uri != bound.redirect_uri)
    return invalid("code_invalid", "the redirect URI is not the one that the code was sent to", "redirect_uri");
  const std::string challenge = text::to_base64url(crypto::sha256(verifier));
  if (!crypto::equal_in_constant_time(challenge, bound.code_challenge))
    return invalid("code_verifier_wrong",
                   "the code verifier does not match the code challenge of the authorization request", "code_verifier");
  if (request.version != bound.version)
    return invalid("code_invalid", "the code was issued by the other version of this endpoint", "code");
  return done();
}

// Takes the code in a transaction of its own: whatever is found wrong afterwards, the code is spent. A code that is
// taken for the first time begins its grant, so that a second use finds what to take back.
Result<std::optional<TakenCode>> take(const TokenRequest& request, const std::string& secret) {
  return request.with().store.write([&](store::Transaction& tx) -> Result<std::optional<TakenCode>> {
    auto taken = take_code(tx, request.tenant, request.client.application.app_id, secret, request.now());
    if (!taken || taken->was_redeemed_before) return taken;
    const AuthorizationCode& code = taken->code;
    auto asked = resolve_user_request(tx, request.tenant, request.client,
                                      {.version = code.request.version,
                                       .scope = code.request.scope,
                                       .resource_text = code.request.resource,
                                       .user = code.person.user});
    const directory::AppId resource = asked.ok() ? asked->resource.application.app_id : directory::AppId{};
    const Grant grant = new_grant(request, code.grant_id, code.person, code.request, resource);
    add_grant(tx, grant, request.now());
    add_access_token(tx, grant, code.token_id, code.expires + tokens::kTokenLifetime, request.now());
    return taken;
  });
}

}  // namespace

// SPEC: RFC 6749 section 4.1.3, RFC 7636 section 4.6.
Result<TokenOutcome> authorization_code_grant(const TokenRequest& request) {
  const std::string secret = TRY(request.parameters.required("code"));
  const std::string redirect_uri = TRY(request.parameters.required("redirect_uri"));
  const std::string verifier = TRY(request.parameters.required("code_verifier"));
  const RedirectKind kind = TRY(match_redirect_uri(request.client.application, redirect_uri));
  TRY(kind == RedirectKind::web ? require_proof(request.client) : require_public(request.client));

  auto taken = TRY(take(request, secret));
  if (!taken) return invalid("code_invalid", "the provided value for `code` is not valid", "code");
  const AuthorizationCode& code = taken->code;
  if (taken->was_redeemed_before) {
    // SPEC: RFC 6749 section 4.1.2: somebody else has the code too, so what it was exchanged for can't be trusted.
    TRY(end_grant(request, code.grant_id));
    return invalid("code_redeemed", "the authorization code was already redeemed: the tokens issued for it are revoked",
                   "code");
  }
  if (request.now() >= code.expires)
    return invalid("code_expired", "the authorization code has expired: sign in again", "code");
  TRY(check_binding(code.request, request, redirect_uri, verifier));
  const Grant grant = new_grant(request, code.grant_id, code.person, code.request, {});
  return redeem(request,
                {.grant = grant, .scope = code.request.scope, .token_id = code.token_id, .nonce = code.request.nonce});
}

}  // namespace wardbridge::oauth
