// The end of a sign-in: Conditional Access decides, what is missing is asked for, the log remembers, and the browser
// goes on or stays.
#include "tenant/directory/consent.h"
#include "tenant/directory/second_factors.h"
#include "tenant/oauth/codes.h"
#include "tenant/oauth/cookies.h"
#include "tenant/oauth/device_codes.h"
#include "tenant/oauth/steps.h"

namespace wardbridge::oauth {
namespace {

struct Conclusion {
  enum class Kind { ended, blocked, refused, second_factor, enrolment, consent, approval };
  Kind kind = Kind::ended;
  Judgement judgement;
  PendingSignIn pending;                      // as it is stored now, when it goes on
  Failure refusal;                            // of `refused`
  bool is_administrator = false;              // of `consent`
  std::string code;                           // of an ended authorization
  std::optional<std::string> session_secret;  // the cookie to set
};

Result<Conclusion> go_on(store::Transaction& tx, Conclusion conclusion, Conclusion::Kind kind, Stage stage) {
  const Stage before = conclusion.pending.stage;
  conclusion.kind = kind;
  conclusion.pending.stage = stage;
  if (!move_on(tx, conclusion.pending, before)) return sign_in_expired();
  return conclusion;
}

// The sign-in ends here, and its row in the log says why.
Result<Conclusion> refuse(store::Transaction& tx, const Hop& hop, Conclusion conclusion, Failure refusal) {
  if (!finish(tx, conclusion.pending)) return sign_in_expired();
  log_failure(tx, hop, subject_of(conclusion.pending), wire_error(refusal));
  conclusion.kind = Conclusion::Kind::refused;
  conclusion.refusal = std::move(refusal);
  return conclusion;
}

Result<Conclusion> decline(store::Transaction& tx, const Hop& hop, Conclusion conclusion) {
  const PendingSignIn& pending = conclusion.pending;
  if (!conclusion.judgement.wants_second_factor) {
    if (!finish(tx, pending)) return sign_in_expired();
    log_judgement(tx, hop, subject_of(pending), conclusion.judgement, Interaction::interactive);
    conclusion.kind = Conclusion::Kind::blocked;
    return conclusion;
  }
  if (pending.request.is_silent())
    return refuse(tx, hop, std::move(conclusion),
                  invalid("interaction_required", "a second factor is required, which can't be asked for silently"));
  if (directory::find_second_factor(tx, pending.tenant, pending.person.user))
    return go_on(tx, std::move(conclusion), Conclusion::Kind::second_factor, Stage::second_factor);
  conclusion.pending.sealed_enrolment = new_enrolment(hop, pending);
  return go_on(tx, std::move(conclusion), Conclusion::Kind::enrolment, Stage::enrolment);
}

bool wants_consent(const Conclusion& conclusion) {
  const PendingSignIn& pending = conclusion.pending;
  if (pending.request.purpose == Purpose::admin_consent) return false;
  const bool is_asked_for = pending.request.prompt == "consent" && !pending.has_consented;
  return !conclusion.judgement.asked.missing.empty() || is_asked_for;
}

Result<Conclusion> ask_for_consent(store::Transaction& tx, const Hop& hop, Conclusion conclusion) {
  const Asked& asked = conclusion.judgement.asked;
  const Client& client = conclusion.judgement.client;
  if (conclusion.pending.request.is_silent()) {
    Failure missing = consent_missing(client, asked);
    return refuse(tx, hop, std::move(conclusion), std::move(missing));
  }
  conclusion.is_administrator =
      directory::is_administrator(tx, conclusion.pending.tenant, conclusion.pending.person.user);
  if (!conclusion.is_administrator && !may_person_consent(asked.resource.application, asked.missing)) {
    Failure refusal{Code::forbidden, "admin_consent_required",
                    "only an administrator may grant what `" + client.application.display_name + "` asks for"};
    return refuse(tx, hop, std::move(conclusion), std::move(refusal));
  }
  return go_on(tx, std::move(conclusion), Conclusion::Kind::consent, Stage::consent);
}

// What only a person with power over it may end: a device that waits, or consent for everyone. Nothing when it is fine.
std::optional<Failure> objection(store::Transaction& tx, const Conclusion& conclusion, Time now) {
  const PendingSignIn& pending = conclusion.pending;
  if (pending.request.purpose == Purpose::admin_consent &&
      !directory::is_administrator(tx, pending.tenant, pending.person.user))
    return Failure{Code::forbidden, "administrator_required", "only an administrator may consent for everyone"};
  if (pending.request.purpose == Purpose::device_code) {
    if (!find_device_code_by_hash(tx, pending.tenant, pending.request.device_code_hash, now))
      return invalid("user_code_unknown", "the code has expired or was used before");
    if (!is_fit_for_device_code(conclusion.judgement.asked.resource.application, conclusion.judgement.asked.scopes))
      return invalid("device_code_scope", "what the device asks for is not given to a device code");
  }
  return std::nullopt;
}

// Single sign-on: the browser's session says from now on what was proved in this sign-in.
void keep_session(store::Transaction& tx, const Hop& hop, Conclusion& conclusion) {
  Person& person = conclusion.pending.person;
  const directory::TenantId& tenant = conclusion.pending.tenant;
  if (!person.session.empty() && is_session_as_stored(tx, tenant, person.session, person.authenticated, person.methods))
    return;
  auto replaced = find_session(tx, tenant, read_cookie(hop.request, session_cookie_name(tenant)), hop.now());
  if (replaced) end_session(tx, tenant, replaced->id);
  if (person.session.empty()) person.session = hop.with.entropy.guid();
  conclusion.session_secret = hop.with.entropy.token();
  add_session(tx, tenant, {person.session, conclusion.judgement.user, person.authenticated, person.methods},
              *conclusion.session_secret, hop.now());
}

AuthorizationCode code_for(const Hop& hop, const PendingSignIn& pending) {
  return {.tenant = pending.tenant,
          .request = pending.request,
          .person = pending.person,
          .grant_id = hop.with.entropy.guid(),
          .token_id = hop.with.tokens.new_token_id(),
          .expires = hop.now() + kCodeLifetime};
}

audit::Actor actor_of(const Hop& hop, const directory::User& user) {
  return {.kind = audit::Actor::Kind::user,
          .id = user.id.value,
          .name = user.user_principal_name,
          .address = hop.request.peer.address};
}

Result<Conclusion> end(store::Transaction& tx, const Hop& hop, Conclusion conclusion) {
  const PendingSignIn& pending = conclusion.pending;
  if (!finish(tx, pending)) return sign_in_expired();
  log_judgement(tx, hop, subject_of(pending), conclusion.judgement, Interaction::interactive);
  if (pending.person.device) directory::touch_device(tx, pending.tenant, *pending.person.device, hop.now());
  keep_session(tx, hop, conclusion);
  conclusion.pending.person.platform = conclusion.judgement.sign_in.platform;
  switch (pending.request.purpose) {
    case Purpose::authorization:
      conclusion.code = hop.with.entropy.token();
      add_code(tx, conclusion.code, code_for(hop, pending), hop.now());
      break;
    case Purpose::device_code:
      if (!decide_device_code(tx, pending.request.device_code_hash, pending.person)) return sign_in_expired();
      break;
    case Purpose::admin_consent: {
      const directory::Application& application = conclusion.judgement.client.application;
      const auto wanted = TRY(wanted_permissions(tx, pending.tenant, application, pending.request.scope));
      TRY(grant_for_all(tx, hop, pending.tenant, application, wanted, actor_of(hop, conclusion.judgement.user)));
      break;
    }
  }
  conclusion.kind = Conclusion::Kind::ended;
  return conclusion;
}

Result<Conclusion> decide(store::Transaction& tx, const Hop& hop, const PendingSignIn& pending) {
  Conclusion conclusion{.judgement = TRY(judge(tx, hop, subject_of(pending))), .pending = pending};
  if (!conclusion.judgement.is_granted()) return decline(tx, hop, std::move(conclusion));
  if (auto refusal = objection(tx, conclusion, hop.now()))
    return refuse(tx, hop, std::move(conclusion), *std::move(refusal));
  if (wants_consent(conclusion)) return ask_for_consent(tx, hop, std::move(conclusion));
  if (pending.request.purpose != Purpose::authorization && !pending.has_approved)
    return go_on(tx, std::move(conclusion), Conclusion::Kind::approval, Stage::approval);
  return end(tx, hop, std::move(conclusion));
}

http::Response blocked(const Hop& hop, const Conclusion& conclusion) {
  const access::Decision& decision = conclusion.judgement.decision;
  const WireError error = refusal_error(decision.error_code, decision.reason);
  const PendingSignIn& pending = conclusion.pending;
  if (pending.request.is_silent())
    return answer_client(pending.request,
                         {{"error", error.error}, {"error_description", error_description(error, hop.trace)}},
                         hop.with.tokens.issuer(pending.tenant, pending.request.version));
  ErrorPage page{error};
  if (hop.with.help_link) page.link = hop.with.help_link(pending.tenant, decision.error_code);
  return error_page(hop.request, page, hop.trace);
}

http::Response refused(const Hop& hop, const Conclusion& conclusion) {
  const AuthorizationRequest& request = conclusion.pending.request;
  if (request.is_silent() || request.purpose == Purpose::admin_consent)
    return give_up(hop, conclusion.pending, conclusion.refusal);
  return refusal_page(hop, conclusion.refusal);
}

http::Response ended(const Hop& hop, const Conclusion& conclusion) {
  const AuthorizationRequest& request = conclusion.pending.request;
  const directory::TenantId& tenant = conclusion.pending.tenant;
  const std::string issuer = hop.with.tokens.issuer(tenant, request.version);
  switch (request.purpose) {
    case Purpose::authorization:
      return answer_client(request, {{"code", conclusion.code}}, issuer);
    case Purpose::device_code:
      return message_page("Signed in",
                          paragraph("You are signed in to " + conclusion.judgement.client.application.display_name +
                                    " on your device. You may close this window."));
    case Purpose::admin_consent: {
      text::Form answer{{"admin_consent", "True"}, {"tenant", tenant.value}};
      if (!request.scope.empty()) answer.emplace_back("scope", request.scope);
      return answer_client(request, std::move(answer), issuer);
    }
  }
  CHECK(false, "every purpose has its end");
}

http::Response page_of(const Hop& hop, const Conclusion& conclusion) {
  switch (conclusion.kind) {
    case Conclusion::Kind::ended:
      return ended(hop, conclusion);
    case Conclusion::Kind::blocked:
      return blocked(hop, conclusion);
    case Conclusion::Kind::refused:
      return refused(hop, conclusion);
    case Conclusion::Kind::second_factor:
      return second_factor_page(hop, conclusion.pending, std::nullopt);
    case Conclusion::Kind::enrolment: {
      auto secret = open_enrolment(hop, conclusion.pending);
      if (!secret.ok()) return refusal_page(hop, secret.failure());
      return enrolment_page(hop, conclusion.pending, *secret, conclusion.judgement.user.user_principal_name,
                            std::nullopt);
    }
    case Conclusion::Kind::consent:
      return consent_page(hop, conclusion.pending, conclusion.judgement, conclusion.is_administrator);
    case Conclusion::Kind::approval:
      return approval_page(hop, conclusion.pending, conclusion.judgement);
  }
  CHECK(false, "every conclusion has its page");
}

}  // namespace

http::Response conclude(const Hop& hop, const PendingSignIn& pending) {
  auto conclusion =
      hop.with.store.write([&](store::Transaction& tx) -> Result<Conclusion> { return decide(tx, hop, pending); });
  if (!conclusion.ok()) {
    if (pending.request.is_silent()) return give_up(hop, pending, conclusion.failure());
    return refusal_page(hop, conclusion.failure());
  }
  http::Response response = page_of(hop, *conclusion);
  add_common_headers(response, hop.trace);
  if (conclusion->session_secret)
    set_cookie(response, session_cookie_name(pending.tenant), *conclusion->session_secret);
  return response;
}

}  // namespace wardbridge::oauth
