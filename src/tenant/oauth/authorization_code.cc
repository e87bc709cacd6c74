#include "platform/crypto/crypto.h"
#include "tenant/oauth/codes.h"
#include "tenant/oauth/endpoints.h"
#include "tenant/oauth/resources.h"

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

struct Subject {
  directory::User user;
  Asked asked;
};

Result<Subject> find_subject(store::Transaction& tx, const TokenRequest& request, const AuthorizationCode& code) {
  auto user = directory::find_user(tx, request.tenant, code.user);
  if (!user || !user->account_enabled) return invalid("user_disabled", "the user account is disabled");
  return Subject{*user, TRY(resolve_user_request(tx, request.tenant, request.client, request.version,
                                                 code.request.scope, code.request.resource))};
}

Result<TokenReply> issue(const Dependencies& dependencies, const TokenRequest& request, const AuthorizationCode& code) {
  const Subject subject = TRY(dependencies.store.read(
      [&](store::Transaction& tx) -> Result<Subject> { return find_subject(tx, request, code); }));
  const tokens::AccessToken token{.version = request.version,
                                  .id = code.token_id,
                                  .audience = subject.asked.resource.audience,
                                  .client = request.client.application.app_id,
                                  .client_name = request.client.application.display_name,
                                  .client_proof = request.client.proof,
                                  .service_principal = request.client.principal.id,
                                  .user = subject.user,
                                  .scopes = subject.asked.scopes,
                                  .device = code.device,
                                  .authenticated = code.authenticated};
  TokenReply reply{.access_token = TRY(dependencies.tokens.issue(request.tenant, token, request.now)),
                   .scope = code.request.scope,
                   .resource = token.audience};
  if (subject.asked.wants_id_token) {
    reply.id_token = TRY(dependencies.tokens.issue(request.tenant,
                                                   tokens::IdToken{.version = request.version,
                                                                   .client = token.client,
                                                                   .user = subject.user,
                                                                   .nonce = code.request.nonce,
                                                                   .device = code.device,
                                                                   .authenticated = code.authenticated},
                                                   request.now));
  }
  return reply;
}

}  // namespace

// SPEC: RFC 6749 section 4.1.3, RFC 7636 section 4.6.
Result<TokenReply> authorization_code_grant(const Dependencies& dependencies, const TokenRequest& request) {
  const std::string secret = TRY(request.parameters.required("code"));
  const std::string redirect_uri = TRY(request.parameters.required("redirect_uri"));
  const std::string verifier = TRY(request.parameters.required("code_verifier"));
  const RedirectKind kind = TRY(match_redirect_uri(request.client.application, redirect_uri));
  TRY(kind == RedirectKind::web ? require_secret(request.client) : require_public(request.client));

  // Taken in a transaction of its own: whatever is found wrong afterwards, the code is spent.
  auto taken = TRY(dependencies.store.write([&](store::Transaction& tx) -> Result<std::optional<TakenCode>> {
    return take_code(tx, request.tenant, request.client.application.app_id, secret, request.now);
  }));
  if (!taken) return invalid("code_invalid", "the provided value for `code` is not valid", "code");
  const AuthorizationCode& code = taken->code;
  if (taken->was_redeemed_before) {
    // SPEC: RFC 6749 section 4.1.2: somebody else has the code too, so what it was exchanged for can't be trusted.
    TRY(dependencies.tokens.revoke(request.tenant, code.token_id, code.expires + tokens::kTokenLifetime, request.now));
    return invalid("code_redeemed", "the authorization code was already redeemed: the tokens issued for it are revoked",
                   "code");
  }
  if (request.now >= code.expires)
    return invalid("code_expired", "the authorization code has expired: sign in again", "code");
  TRY(check_binding(code.request, request, redirect_uri, verifier));
  return issue(dependencies, request, code);
}

}  // namespace wardbridge::oauth
