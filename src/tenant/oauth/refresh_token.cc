#include "tenant/oauth/token_request.h"

namespace wardbridge::oauth {
namespace {

// What the token is bound to, beyond the client and the tenant.
Status check_presented(const TokenRequest& request, const PresentedToken& presented) {
  if (presented.grant.is_confidential) TRY(require_proof(request.client));
  if (!presented.grant.is_confidential) TRY(require_public(request.client));
  if (presented.is_revoked)
    return invalid("grant_revoked", "the sign-in that the refresh token comes from was taken back");
  if (request.now() >= presented.grant.ends)
    return invalid("grant_ended", "the sign-in that the refresh token comes from is too long ago: sign in again");
  if (presented.is_expired)
    return invalid("refresh_token_expired", "the refresh token has expired, because it was not used: sign in again");
  if (request.version != presented.grant.version)
    return invalid("refresh_token_invalid", "the refresh token was issued by the other version of this endpoint");
  return done();
}

// SPEC: RFC 6749 section 6: no scope that the person was not asked for. INVARIANT: a refresh token is for one resource.
Result<std::string> narrowed_scope(const TokenRequest& request, const Grant& grant) {
  const std::string scope = request.parameters.find("scope").value_or(grant.scope);
  if (grant.version == tokens::Version::v2 && !is_within(scope, grant.scope))
    return invalid("invalid_scope", "the refresh token is for `" + grant.scope + "`, and for no other scope", "scope");
  if (auto resource = request.parameters.find("resource");
      grant.version == tokens::Version::v1 && resource && *resource != grant.resource)
    return invalid("other_resource", "the refresh token is for another resource", "resource");
  return scope;
}

}  // namespace

// SPEC: RFC 6749 section 6, RFC 9700 section 4.14.
Result<TokenOutcome> refresh_token_grant(const TokenRequest& request) {
  const std::string secret = TRY(request.parameters.required("refresh_token"));
  auto presented = TRY(request.with().store.read([&](store::Transaction& tx) -> Result<std::optional<PresentedToken>> {
    return find_refresh_token(tx, request.tenant, request.client.application.app_id, secret, request.now());
  }));
  if (!presented) return invalid("refresh_token_invalid", "the refresh token is not known here", "refresh_token");
  TRY(check_presented(request, *presented));
  if (presented->is_used) {
    TRY(end_grant(request, presented->grant.id));
    return invalid("refresh_token_reused",
                   "the refresh token was used before: everything that came of that sign-in is taken back");
  }
  const std::string scope = TRY(narrowed_scope(request, presented->grant));
  return redeem(request, {.grant = presented->grant,
                          .scope = scope,
                          .token_id = request.with().tokens.new_token_id(),
                          .replaced_refresh_token = secret});
}

}  // namespace wardbridge::oauth
