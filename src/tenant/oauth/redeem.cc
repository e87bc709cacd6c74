// From a proof of a sign-in to tokens: what codes, device codes and refresh tokens have in common.
#include "platform/crypto/crypto.h"
#include "tenant/oauth/token_request.h"

namespace wardbridge::oauth {
namespace {

struct Redeemed {
  Judgement judgement;
  std::optional<std::string> refresh_token;
};

Subject subject_of_grant(const Grant& grant, const std::string& scope) {
  return {.tenant = grant.tenant,
          .client = grant.client,
          .person = grant.person,
          .version = grant.version,
          .scope = scope,
          .resource = grant.resource,
          .redirect_kind = grant.redirect_kind};
}

Failure was_reused() {
  return invalid("refresh_token_reused",
                 "the refresh token was used before: everything that came of that sign-in is taken back");
}

// Judges and stores in one transaction: what is decided is what is given.
Result<Redeemed> judge_and_store(store::Transaction& tx, const TokenRequest& request, const Redemption& redemption) {
  const Grant& grant = redemption.grant;
  const Subject subject = subject_of_grant(grant, redemption.scope);
  Redeemed redeemed{.judgement = TRY(judge(tx, request.hop, subject))};
  const Judgement& judgement = redeemed.judgement;
  if (!judgement.asked.missing.empty()) return consent_missing(judgement.client, judgement.asked);
  const bool is_refresh = !redemption.replaced_refresh_token.empty();
  if (is_refresh && judgement.asked.resource.application.app_id != grant.resource_app)
    return invalid("other_resource", "the refresh token is for another resource", "scope");
  // ENTRA: a refresh is a sign-in without the person, and is in the log as one.
  if (is_refresh || !judgement.is_granted()) log_judgement(tx, request.hop, subject, judgement, Interaction::silent);
  if (!judgement.is_granted()) return redeemed;
  if (!add_access_token(tx, grant, redemption.token_id, request.now() + tokens::kTokenLifetime, request.now()))
    return invalid("grant_revoked", "the sign-in was taken back");
  if (is_refresh && !use_refresh_token(tx, redemption.replaced_refresh_token)) return was_reused();
  if (judgement.asked.wants_refresh_token || is_refresh) {
    redeemed.refresh_token = request.with().entropy.token();
    add_refresh_token(tx, grant, *redeemed.refresh_token, request.now());
  }
  return redeemed;
}

// ENTRA: MSAL finds the account of an answer here, when it asks for it.
std::string client_info_of(const directory::User& user, const directory::TenantId& tenant) {
  return text::to_base64url(json::to_text(json::Object{{"uid", user.id.value}, {"utid", tenant.value}}));
}

Result<TokenReply> sign(const TokenRequest& request, const Redemption& redemption, const Redeemed& redeemed) {
  const Grant& grant = redemption.grant;
  const Judgement& judgement = redeemed.judgement;
  const tokens::AccessToken token{.version = grant.version,
                                  .id = redemption.token_id,
                                  .audience = judgement.asked.resource.audience,
                                  .client = grant.client,
                                  .client_name = request.client.application.display_name,
                                  .client_proof = request.client.proof,
                                  .service_principal = request.client.principal.id,
                                  .user = judgement.user,
                                  .scopes = judgement.asked.scopes,
                                  .device = grant.person.device,
                                  .authenticated = grant.person.authenticated,
                                  .methods = grant.person.methods};
  TokenReply reply{.access_token = TRY(request.with().tokens.issue(request.tenant, token, request.now())),
                   .refresh_token = redeemed.refresh_token,
                   .scope = redemption.scope,
                   .resource = token.audience};
  if (judgement.asked.wants_id_token) {
    reply.id_token = TRY(request.with().tokens.issue(request.tenant,
                                                     tokens::IdToken{.version = grant.version,
                                                                     .client = grant.client,
                                                                     .user = judgement.user,
                                                                     .nonce = redemption.nonce,
                                                                     .access_token = reply.access_token,
                                                                     .session = grant.person.session,
                                                                     .wants_email = judgement.asked.wants_email,
                                                                     .methods = grant.person.methods,
                                                                     .device = grant.person.device,
                                                                     .authenticated = grant.person.authenticated},
                                                     request.now()));
  }
  if (request.parameters.get("client_info") == "1") reply.client_info = client_info_of(judgement.user, request.tenant);
  return reply;
}

}  // namespace

Grant new_grant(const TokenRequest& request, std::string id, const Person& person, const AuthorizationRequest& asked,
                const directory::AppId& resource_app) {
  return {.id = std::move(id),
          .tenant = request.tenant,
          .client = request.client.application.app_id,
          .is_confidential = request.client.proof != tokens::ClientProof::none,
          .redirect_kind = asked.redirect_kind,
          .version = asked.version,
          .scope = asked.scope,
          .resource = asked.resource,
          .resource_app = resource_app,
          .person = person,
          .ends = request.now() +
                  (asked.redirect_kind == RedirectKind::single_page ? kSinglePageGrantLifetime : kGrantLifetime)};
}

Result<TokenOutcome> redeem(const TokenRequest& request, const Redemption& redemption) {
  auto redeemed = request.with().store.write(
      [&](store::Transaction& tx) -> Result<Redeemed> { return judge_and_store(tx, request, redemption); });
  if (!redeemed.ok()) {
    if (redeemed.failure().reason == "refresh_token_reused") TRY(end_grant(request, redemption.grant.id));
    return redeemed.failure();
  }
  const access::Decision& decision = redeemed->judgement.decision;
  if (!redeemed->judgement.is_granted()) {
    WireError error = refusal_error(decision.error_code, decision.reason);
    error.status = 400;
    // ENTRA: a client that hears `interaction_required` asks the person; what they can't mend is an `invalid_grant`.
    error.error = redeemed->judgement.wants_second_factor ? "interaction_required" : "invalid_grant";
    return TokenOutcome{Refusal{std::move(error)}};
  }
  return TokenOutcome{TRY(sign(request, redemption, *redeemed))};
}

Status end_grant(const TokenRequest& request, const std::string& grant_id) {
  const auto token_ids = TRY(request.with().store.write(
      [&](store::Transaction& tx) -> Result<std::vector<std::string>> { return revoke_grant(tx, grant_id); }));
  for (const std::string& token_id : token_ids)
    TRY(request.with().tokens.revoke(request.tenant, token_id, request.now() + tokens::kTokenLifetime, request.now()));
  return done();
}

}  // namespace wardbridge::oauth
