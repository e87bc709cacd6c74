// The second factor: proving it, setting it up, and the recovery codes that are shown once.
#include "platform/crypto/crypto.h"
#include "tenant/directory/second_factors.h"
#include "tenant/oauth/cookies.h"
#include "tenant/oauth/endpoints.h"
#include "tenant/oauth/one_time_password.h"
#include "tenant/oauth/steps.h"
#include "tenant/oauth/throttle.h"

namespace wardbridge::oauth {
namespace {

std::string factor_context(const PendingSignIn& pending) {
  return "second_factor|" + pending.tenant.value + "|" + pending.person.user.value;
}

// Guesses at codes are counted apart from guesses at passwords: whoever has the password may not lock out the owner.
Attempt factor_attempt(const Hop& hop, const PendingSignIn& pending) {
  return {.tenant = pending.tenant,
          .account = "second factor of " + pending.person.user.value,
          .address = hop.request.peer.address,
          .browser = read_cookie(hop.request, kBrowserCookie).value_or("")};
}

audit::Actor the_person(const Hop& hop, const PendingSignIn& pending) {
  return {.kind = audit::Actor::Kind::user, .id = pending.person.user.value, .address = hop.request.peer.address};
}

Failure wrong_code() {
  return Failure{Code::unauthenticated, "second_factor_wrong",
                 "the code is not right, or was used before: wait for the next one"};
}

// What came of a code: `refusal` is absent when it was right.
struct CodeOutcome {
  std::optional<Failure> refusal;
};

// The transaction is the only judge of whether a code was used before.
Result<CodeOutcome> try_code(const Hop& hop, const PendingSignIn& pending, const std::string& typed) {
  const Attempt attempt = factor_attempt(hop, pending);
  return hop.with.store.write([&](store::Transaction& tx) -> Result<CodeOutcome> {
    if (is_locked(tx, attempt, hop.now()))
      return CodeOutcome{Failure{Code::unauthenticated, "account_locked",
                                 "there were too many tries with a wrong code: wait for a minute"}};
    auto factor = directory::find_second_factor(tx, pending.tenant, pending.person.user);
    if (!factor) return CodeOutcome{wrong_code()};
    const std::string secret = TRY(hop.with.sealer.open(factor->sealed_secret, factor_context(pending)));
    auto step = matching_step(secret, typed, hop.now());
    const bool is_right = (step && directory::use_step(tx, pending.tenant, pending.person.user, *step)) ||
                          directory::use_recovery_code(tx, pending.tenant, pending.person.user,
                                                       crypto::hash_token(normal_recovery_code(typed)),
                                                       the_person(hop, pending), hop.now());
    if (is_right) return remember_success(tx, attempt, hop.now()), CodeOutcome{};
    count_failure(tx, attempt, hop.now());
    count_attempt(tx, pending);
    const Failure refusal = wrong_code();
    log_failure(tx, hop, subject_of(pending), wire_error(refusal));
    return CodeOutcome{refusal};
  });
}

void prove_second_factor(PendingSignIn& pending) {
  if (!pending.person.has_second_factor()) pending.person.methods.emplace_back(kSecondFactorMethod);
}

http::Response refuse_code(const Hop& hop, const Failure& failure, const http::Response& again) {
  const bool asks_again = failure.reason == "second_factor_wrong" && !wants_json(hop.request);
  return asks_again ? again : refusal_page(hop, failure);
}

http::Response recovery_codes_page(const Hop& hop, const PendingSignIn& pending,
                                   const std::vector<std::string>& codes) {
  return form_page({.title = "Keep your recovery codes",
                    .action = hop.address(pending.tenant, "login/recovery"),
                    .context = pending.context,
                    .body = paragraph("If you lose your generator, each of these codes lets you in once. Print them or "
                                      "write them down: they are not shown again.") +
                            list_of(codes) + button("I have kept them"),
                    .redirect_uri = pending.request.redirect_uri},
                   hop.trace);
}

// Stores the new factor; its first code counts as used.
Status enrol(const Hop& hop, PendingSignIn& pending, const std::string& secret, std::int64_t step,
             const std::vector<std::string>& codes) {
  std::vector<std::string> hashes;
  for (const std::string& code : codes) hashes.push_back(crypto::hash_token(normal_recovery_code(code)));
  const std::string sealed = hop.with.sealer.seal(secret, factor_context(pending), hop.with.entropy);
  prove_second_factor(pending);
  pending.sealed_enrolment.clear();
  pending.stage = Stage::recovery_codes;
  return hop.with.store.write([&](store::Transaction& tx) -> Status {
    // Somebody else may have enrolled meanwhile, who also knows the password: then theirs counts.
    if (directory::find_second_factor(tx, pending.tenant, pending.person.user) ||
        !move_on(tx, pending, Stage::enrolment))
      return sign_in_expired();
    return directory::set_second_factor(tx, pending.tenant, pending.person.user,
                                        {.sealed_secret = sealed, .last_step = step, .created = hop.now()}, hashes,
                                        the_person(hop, pending), hop.now());
  });
}

}  // namespace

http::Response second_factor_step(const Hop& hop) {
  auto form = read_step(hop, Stage::second_factor);
  if (!form.ok()) return refusal_page(hop, form.failure());
  PendingSignIn pending = form->pending;
  const Hop next = continued(hop, pending);
  auto outcome = try_code(next, pending, form->parameters.get("code"));
  if (!outcome.ok()) return refusal_page(next, outcome.failure());
  if (outcome->refusal)
    return refuse_code(next, *outcome->refusal, second_factor_page(next, pending, wire_error(*outcome->refusal)));
  prove_second_factor(pending);
  return conclude(next, pending);
}

http::Response enrolment_step(const Hop& hop) {
  auto form = read_step(hop, Stage::enrolment);
  if (!form.ok()) return refusal_page(hop, form.failure());
  PendingSignIn pending = form->pending;
  const Hop next = continued(hop, pending);
  auto secret = open_enrolment(next, pending);
  if (!secret.ok()) return refusal_page(next, secret.failure());
  auto step = matching_step(*secret, form->parameters.get("code"), hop.now());
  if (!step) {
    Status counted =
        hop.with.store.write([&](store::Transaction& tx) -> Status { return count_attempt(tx, pending), done(); });
    if (!counted.ok()) return refusal_page(next, counted.failure());
    return refuse_code(
        next, wrong_code(),
        enrolment_page(next, pending, *secret, names_in(next, pending).account, wire_error(wrong_code())));
  }
  const std::vector<std::string> codes = make_recovery_codes(hop.with.entropy);
  Status enrolled = enrol(next, pending, *secret, *step, codes);
  if (!enrolled.ok()) return refusal_page(next, enrolled.failure());
  return recovery_codes_page(next, pending, codes);
}

http::Response recovery_codes_step(const Hop& hop) {
  auto form = read_step(hop, Stage::recovery_codes);
  if (!form.ok()) return refusal_page(hop, form.failure());
  return conclude(continued(hop, form->pending), form->pending);
}

}  // namespace wardbridge::oauth
