// After the sign-in page: the password, and then the device.
#include "platform/crypto/crypto.h"
#include "tenant/oauth/endpoints.h"
#include "tenant/oauth/pages.h"
#include "tenant/oauth/pkey_auth.h"

namespace wardbridge::oauth {
namespace {

// Compared when there is no such user, so that a wrong name takes as long as a wrong password.
const std::string& hash_of_nobody(Entropy& entropy) {
  static const std::string hash = crypto::hash_password(entropy.token(), entropy);
  return hash;
}

Failure sign_in_expired() {
  return Failure{Code::unauthenticated, "sign_in_expired",
                 "the sign-in has expired or has already ended: go back to the application and start again"};
}

std::string device_submit_url(const Dependencies& dependencies, const directory::TenantId& tenant) {
  return dependencies.tokens.base_url() + "/" + tenant.value + "/DeviceAuthPKeyAuth";
}

Result<PendingSignIn> find_stage(const Dependencies& dependencies, const http::Request& request,
                                 const std::string& context, Stage stage) {
  const directory::Tenant tenant = TRY(find_tenant(dependencies.store, request.path_parameter("tenant")));
  auto pending = TRY(dependencies.store.read([&](store::Transaction& tx) -> Result<std::optional<PendingSignIn>> {
    return find_pending(tx, tenant.id, context, stage, request.received);
  }));
  if (!pending) return sign_in_expired();
  return *pending;
}

struct Login {
  PendingSignIn pending;
  std::string name;
  std::string password;
};

Result<Login> read_login(const Dependencies& dependencies, const http::Request& request) {
  const Parameters parameters = TRY(Parameters::from_body(request));
  const std::string context = TRY(parameters.required("ctx"));
  return Login{TRY(find_stage(dependencies, request, context, Stage::password)),
               std::string(text::trim(parameters.get("login"))), parameters.get("passwd")};
}

struct Account {
  std::optional<directory::User> user;
  bool is_locked = false;
};

// The user whose password this is.
Result<directory::User> check_password(const Dependencies& dependencies, const http::Request& request,
                                       const Trace& trace, const Login& login) {
  const directory::TenantId& tenant = login.pending.tenant;
  const Account account = TRY(dependencies.store.read([&](store::Transaction& tx) -> Result<Account> {
    return Account{directory::find_user_by_name(tx, tenant, login.name),
                   is_locked(tx, tenant, login.name, request.received)};
  }));
  if (account.is_locked)
    return Failure{Code::unauthenticated, "account_locked",
                   "the account is locked for a minute, because of too many tries with a wrong password"};
  const bool has_password = account.user && !account.user->password_hash.empty();
  // Outside of any transaction: it takes a tenth of a second on purpose.
  const bool matches = crypto::password_matches(
      login.password, has_password ? account.user->password_hash : hash_of_nobody(dependencies.entropy));

  std::optional<Failure> refusal;
  if (!has_password || !matches) {
    refusal = Failure{Code::unauthenticated, "wrong_password", "the account or the password is not right"};
  } else if (!account.user->account_enabled) {
    refusal = Failure{Code::unauthenticated, "user_disabled", "the user account is disabled"};
  }
  TRY(dependencies.store.write([&](store::Transaction& tx) -> Status {
    if (!refusal) {
      forget_failures(tx, tenant, login.name);
      return done();
    }
    count_failure(tx, tenant, login.name, request.received);
    count_attempt(tx, login.pending);
    if (account.user)
      log_failure(tx, dependencies, request, trace, login.pending, account.user->id, wire_error(*refusal));
    return done();
  }));
  if (refusal) return *refusal;
  return *account.user;
}

http::Response ask_again(const Dependencies& dependencies, const Login& login, const Failure& failure,
                         const Trace& trace) {
  return sign_in_page({.action = dependencies.tokens.base_url() + "/" + login.pending.tenant.value + "/login",
                       .context = login.pending.context,
                       .application = "the application",
                       .login = login.name,
                       .redirect_uri = login.pending.request.redirect_uri,
                       .problem = wire_error(failure)},
                      trace);
}

Result<http::Response> challenge_device(const Dependencies& dependencies, PendingSignIn pending, const Trace& trace) {
  const std::string nonce = dependencies.entropy.token();
  pending.nonce_hash = crypto::hash_token(nonce);
  const bool advanced = TRY(
      dependencies.store.write([&](store::Transaction& tx) -> Result<bool> { return advance_to_device(tx, pending); }));
  if (!advanced) return sign_in_expired();
  http::Response response =
      challenge_response({pending.tenant, nonce, pending.context, device_submit_url(dependencies, pending.tenant)});
  add_common_headers(response, trace);
  return response;
}

}  // namespace

http::Response login_endpoint(const Dependencies& dependencies, const http::Request& request) {
  Trace trace = trace_of(request, dependencies.entropy);
  auto login = read_login(dependencies, request);
  if (!login.ok()) return error_page(request, {wire_error(login.failure())}, trace);
  trace.correlation_id = login->pending.correlation_id;

  auto user = check_password(dependencies, request, trace, *login);
  if (!user.ok() && user.failure().reason == "wrong_password" &&
      request.headers.get("Accept").value_or("").find("application/json") == std::string_view::npos)
    return ask_again(dependencies, *login, user.failure(), trace);
  if (!user.ok()) return error_page(request, {wire_error(user.failure())}, trace);

  PendingSignIn pending = login->pending;
  pending.user = user->id;
  pending.authenticated = request.received;
  if (!can_prove_device(request)) return conclude(dependencies, request, trace, pending, std::nullopt);
  auto challenge = challenge_device(dependencies, pending, trace);
  return challenge.ok() ? *challenge : error_page(request, {wire_error(challenge.failure())}, trace);
}

http::Response device_endpoint(const Dependencies& dependencies, const http::Request& request) {
  Trace trace = trace_of(request, dependencies.entropy);
  auto answer = read_answer(request);
  if (!answer.ok()) return error_page(request, {wire_error(answer.failure())}, trace);
  auto pending = find_stage(dependencies, request, answer->context, Stage::device);
  if (!pending.ok()) return error_page(request, {wire_error(pending.failure())}, trace);
  trace.correlation_id = pending->correlation_id;
  // ENTRA: an answer without a token means that the client has no device: the sign-in goes on as an unregistered one.
  if (!answer->token) return conclude(dependencies, request, trace, *pending, std::nullopt);

  auto device = verify_proof(*answer->token,
                             {pending->tenant, pending->nonce_hash, device_submit_url(dependencies, pending->tenant)},
                             dependencies.certificates, request.received);
  if (device.ok()) return conclude(dependencies, request, trace, *pending, *device);

  // A failed proof ends the sign-in, too: one nonce, one try.
  const WireError error = wire_error(device.failure());
  Status ended = dependencies.store.write([&](store::Transaction& tx) -> Status {
    if (finish(tx, *pending)) log_failure(tx, dependencies, request, trace, *pending, pending->user, error);
    return done();
  });
  return error_page(request, {ended.ok() ? error : wire_error(ended.failure())}, trace);
}

}  // namespace wardbridge::oauth
