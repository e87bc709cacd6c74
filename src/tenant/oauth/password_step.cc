// The password, and the device that it is typed on.
#include "platform/crypto/crypto.h"
#include "tenant/oauth/cookies.h"
#include "tenant/oauth/endpoints.h"
#include "tenant/oauth/pkey_auth.h"
#include "tenant/oauth/secret_work.h"
#include "tenant/oauth/steps.h"
#include "tenant/oauth/throttle.h"

namespace wardbridge::oauth {
namespace {

std::string device_submit_url(const Hop& hop, const directory::TenantId& tenant) {
  return hop.address(tenant, "DeviceAuthPKeyAuth");
}

struct Account {
  std::optional<directory::User> user;
  bool is_locked = false;
};

// The user whose password this is.
Result<directory::User> check_password(const Hop& hop, const PendingSignIn& pending, const std::string& name,
                                       const std::string& password) {
  const Attempt attempt{.tenant = pending.tenant,
                        .account = name,
                        .address = hop.request.peer.address,
                        .browser = read_cookie(hop.request, kBrowserCookie).value_or("")};
  const Account account = TRY(hop.with.store.read([&](store::Transaction& tx) -> Result<Account> {
    return Account{directory::find_user_by_name(tx, pending.tenant, name), is_locked(tx, attempt, hop.now())};
  }));
  if (account.is_locked)
    return Failure{Code::unauthenticated, "account_locked",
                   "there were too many tries with a wrong password: wait for a minute"};
  // Outside of any transaction: it takes a tenth of a second on purpose. The same work for a name that nobody has.
  const bool matches = password_is(password, account.user ? account.user->password_hash : "", hop.with.entropy);

  std::optional<Failure> refusal;
  if (!matches) {
    refusal = Failure{Code::unauthenticated, "wrong_password", "the account or the password is not right"};
  } else if (!account.user->account_enabled) {
    refusal = Failure{Code::unauthenticated, "user_disabled", "the user account is disabled"};
  }
  TRY(hop.with.store.write([&](store::Transaction& tx) -> Status {
    if (!refusal) return remember_success(tx, attempt, hop.now()), done();
    count_failure(tx, attempt, hop.now());
    count_attempt(tx, pending);
    Subject subject = subject_of(pending);
    if (account.user) subject.person.user = account.user->id;
    log_failure(tx, hop, subject, wire_error(*refusal));
    return done();
  }));
  if (refusal) return *refusal;
  return *account.user;
}

// ENTRA: a program is told; a person is asked.
http::Response ask_for_new_password(const Hop& hop, PendingSignIn pending) {
  if (wants_json(hop.request)) return refusal_page(hop, password_expired());
  pending.stage = Stage::new_password;
  auto moved = hop.with.store.write(
      [&](store::Transaction& tx) -> Result<bool> { return move_on(tx, pending, Stage::password); });
  if (!moved.ok() || !*moved) return refusal_page(hop, moved.ok() ? sign_in_expired() : moved.failure());
  return new_password_page(hop, pending, std::nullopt);
}

http::Response challenge_device(const Hop& hop, PendingSignIn pending, Stage before) {
  const std::string nonce = hop.with.entropy.token();
  pending.nonce_hash = crypto::hash_token(nonce);
  pending.stage = Stage::device;
  auto moved =
      hop.with.store.write([&](store::Transaction& tx) -> Result<bool> { return move_on(tx, pending, before); });
  if (!moved.ok() || !*moved) return refusal_page(hop, moved.ok() ? sign_in_expired() : moved.failure());
  http::Response response =
      challenge_response({pending.tenant, nonce, pending.context, device_submit_url(hop, pending.tenant)});
  add_common_headers(response, hop.trace);
  return response;
}

}  // namespace

http::Response identified(const Hop& hop, const PendingSignIn& pending, Stage before) {
  // ENTRA: a device can't be proved for a sign-in that another device waits for.
  if (can_prove_device(hop.request) && pending.request.purpose == Purpose::authorization)
    return challenge_device(hop, pending, before);
  return conclude(hop, pending);
}

http::Response password_step(const Hop& hop) {
  auto form = read_step(hop, Stage::password);
  if (!form.ok()) return refusal_page(hop, form.failure());
  const Hop next = continued(hop, form->pending);
  const std::string name(text::trim(form->parameters.get("login")));
  auto user = check_password(next, form->pending, name, form->parameters.get("passwd"));
  if (!user.ok()) {
    const WireError error = wire_error(user.failure());
    if (user.failure().reason != "wrong_password" || wants_json(hop.request))
      return error_page(hop.request, {error}, next.trace);
    return password_page(next, form->pending, names_in(next, form->pending).application, name, error);
  }
  PendingSignIn pending = form->pending;
  pending.person = {.user = user->id,
                    .credential_mark = credential_mark(*user),
                    .authenticated = hop.now(),
                    .methods = {kPasswordMethod}};
  if (user->must_change_password) return ask_for_new_password(next, std::move(pending));
  return identified(next, pending, Stage::password);
}

http::Response device_step(const Hop& hop) {
  auto refuse = [&](const Hop& at, const Failure& failure) { return refusal_page(at, failure); };
  auto answer = read_answer(hop.request);
  if (!answer.ok()) return refuse(hop, answer.failure());
  auto tenant = find_tenant(hop);
  if (!tenant.ok()) return refuse(hop, tenant.failure());
  auto found = hop.with.store.read([&](store::Transaction& tx) -> Result<std::optional<PendingSignIn>> {
    return find_pending(tx, tenant->id, answer->context, Stage::device, hop.now());
  });
  if (!found.ok() || !*found) return refuse(hop, found.ok() ? sign_in_expired() : found.failure());
  PendingSignIn pending = **found;
  const Hop next = continued(hop, pending);
  // ENTRA: an answer without a token means that the client has no device: the sign-in goes on as an unregistered one.
  if (!answer->token) return conclude(next, pending);

  auto device =
      verify_proof(*answer->token, {pending.tenant, pending.nonce_hash, device_submit_url(next, pending.tenant)},
                   hop.with.certificates, hop.now());
  if (device.ok()) {
    pending.person.device = device->device_id;
    return conclude(next, pending);
  }
  // A failed proof ends the sign-in, too: one nonce, one try.
  const WireError error = wire_error(device.failure());
  Status ended = hop.with.store.write([&](store::Transaction& tx) -> Status {
    if (finish(tx, pending)) log_failure(tx, next, subject_of(pending), error);
    return done();
  });
  return error_page(hop.request, {ended.ok() ? error : wire_error(ended.failure())}, next.trace);
}

}  // namespace wardbridge::oauth
