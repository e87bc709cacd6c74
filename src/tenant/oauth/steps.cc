#include "tenant/oauth/steps.h"

#include "platform/crypto/crypto.h"
#include "tenant/oauth/cookies.h"
#include "tenant/oauth/one_time_password.h"

namespace wardbridge::oauth {
namespace {

std::string enrolment_context(const PendingSignIn& pending) {
  return "oauth_enrolment|" + pending.tenant.value + "|" + pending.person.user.value;
}

// Whether a session is good enough for what the client asks.
bool will_do(const Session& session, const AuthorizationRequest& request, Time now) {
  if (request.prompt == "login" || session.user.must_change_password) return false;
  // SPEC: OpenID Connect Core 1.0 section 3.1.2.1: older than `max_age`, and the person must sign in again.
  if (request.max_age_seconds && session.authenticated + seconds{*request.max_age_seconds} <= now) return false;
  return request.login_hint.empty() || text::equal_ignoring_case(request.login_hint, session.user.user_principal_name);
}

Person person_of(const Session& session) {
  return {.user = session.user.id,
          .credential_mark = credential_mark(session.user),
          .authenticated = session.authenticated,
          .methods = session.methods,
          .session = session.id};
}

http::Response account_page(const Hop& hop, const PendingSignIn& pending, const Session& session) {
  FormPage page{.title = "Choose an account",
                .action = hop.address(pending.tenant, "login/account"),
                .context = pending.context,
                .body = button(session.user.user_principal_name, "choice", "session") +
                        button(ButtonKind::other, "Use another account", "choice", "other"),
                .redirect_uri = pending.request.redirect_uri};
  return form_page(page, hop.trace);
}

}  // namespace

Subject subject_of(const PendingSignIn& pending) {
  Subject subject{.tenant = pending.tenant,
                  .client = pending.request.client,
                  .person = pending.person,
                  .version = pending.request.version,
                  .scope = pending.request.scope,
                  .resource = pending.request.resource,
                  .redirect_kind = pending.request.redirect_kind};
  if (pending.request.purpose == Purpose::admin_consent) subject.visited = directory::kGraphAppId;
  return subject;
}

Browser browser_of(const Hop& hop) {
  if (auto secret = read_cookie(hop.request, kBrowserCookie)) return {*secret, false};
  return {hop.with.entropy.token(), true};
}

http::Response begin_sign_in(const Hop& hop, const Beginning& beginning) {
  const Browser browser = browser_of(hop);
  PendingSignIn pending{.context = hop.with.entropy.token(),
                        .browser_hash = crypto::hash_token(browser.secret),
                        .tenant = beginning.tenant,
                        .request = beginning.request,
                        .correlation_id = hop.trace.correlation_id};
  const bool has_session = beginning.session && will_do(*beginning.session, beginning.request, hop.now());
  const bool chooses = beginning.session && beginning.request.prompt == "select_account";
  if (chooses) {
    pending.stage = Stage::account;
  } else if (has_session) {
    pending.person = person_of(*beginning.session);
  } else if (beginning.request.is_silent()) {
    return give_up(hop, pending,
                   invalid("sign_in_required", "a silent sign-in was asked for, but nobody is signed in", "prompt"));
  }
  Status begun =
      hop.with.store.write([&](store::Transaction& tx) -> Status { return begin(tx, pending, hop.now()), done(); });
  if (!begun.ok()) return refusal_page(hop, begun.failure());
  http::Response response =
      chooses       ? account_page(hop, pending, *beginning.session)
      : has_session ? identified(hop, pending, Stage::password)
                    : password_page(hop, pending, beginning.application, beginning.request.login_hint, std::nullopt);
  if (browser.is_new) set_cookie(response, kBrowserCookie, browser.secret);
  return response;
}

Names names_in(const Hop& hop, const PendingSignIn& pending) {
  auto names = hop.with.store.read([&](store::Transaction& tx) -> Result<Names> {
    auto registration = find_registration(tx, pending.tenant, pending.request.client.value);
    auto user = directory::find_user(tx, pending.tenant, pending.person.user);
    return Names{registration ? registration->application.display_name : "the application",
                 user ? user->user_principal_name : ""};
  });
  // A page without its names is better than none.
  return names.ok() ? *names : Names{"the application", ""};
}

Failure sign_in_expired() {
  return Failure{Code::unauthenticated, "sign_in_expired",
                 "the sign-in has expired or has already ended: go back to the application and start again"};
}

Result<StepForm> read_step(const Hop& hop, Stage stage) {
  const Parameters parameters = TRY(Parameters::from_body(hop.request));
  const std::string context = TRY(parameters.required("ctx"));
  const directory::Tenant tenant = TRY(find_tenant(hop));
  auto pending = TRY(hop.with.store.read([&](store::Transaction& tx) -> Result<std::optional<PendingSignIn>> {
    return find_pending(tx, tenant.id, context, stage, hop.now());
  }));
  if (!pending) return sign_in_expired();
  // INVARIANT: a sign-in goes on in the browser that it began in. Otherwise somebody could make another person's
  // browser finish a sign-in that is theirs.
  const std::string browser = read_cookie(hop.request, kBrowserCookie).value_or("");
  if (hop.is_from_other_site() || !crypto::equal_in_constant_time(crypto::hash_token(browser), pending->browser_hash))
    return Failure{Code::unauthenticated, "other_browser",
                   "the sign-in was begun in another browser, or this one does not keep cookies"};
  return StepForm{*std::move(pending), parameters};
}

Hop continued(const Hop& hop, const PendingSignIn& pending) {
  Hop next = hop;
  next.trace.correlation_id = pending.correlation_id;
  return next;
}

http::Response give_up(const Hop& hop, const PendingSignIn& pending, const Failure& failure) {
  WireError error = wire_error(failure);
  if (pending.request.purpose == Purpose::device_code) return error_page(hop.request, {error}, hop.trace);
  // SPEC: OpenID Connect Core 1.0 section 3.1.2.6: the words of the authorization endpoint.
  if (failure.reason == "consent_missing") error.error = "consent_required";
  // ENTRA: an administrator's consent has a word of its own.
  if (pending.request.purpose == Purpose::admin_consent) error.error = "permission_denied";
  return answer_client(pending.request,
                       {{"error", error.error}, {"error_description", error_description(error, hop.trace)}},
                       hop.with.tokens.issuer(pending.tenant, pending.request.version));
}

http::Response account_step(const Hop& hop) {
  auto form = read_step(hop, Stage::account);
  if (!form.ok()) return refusal_page(hop, form.failure());
  PendingSignIn pending = form->pending;
  const Hop next = continued(hop, pending);
  auto session = next.with.store.read([&](store::Transaction& tx) -> Result<std::optional<Session>> {
    return find_session(tx, pending.tenant, read_cookie(hop.request, session_cookie_name(pending.tenant)), hop.now());
  });
  pending.stage = Stage::password;
  const bool chose_session = session.ok() && *session && form->parameters.get("choice") == "session" &&
                             !(*session)->user.must_change_password &&
                             (!pending.request.max_age_seconds ||
                              (*session)->authenticated + seconds{*pending.request.max_age_seconds} > hop.now());
  if (chose_session) pending.person = person_of(**session);
  auto moved = next.with.store.write(
      [&](store::Transaction& tx) -> Result<bool> { return move_on(tx, pending, Stage::account); });
  if (!moved.ok() || !*moved) return refusal_page(next, sign_in_expired());
  if (chose_session) return identified(next, pending, Stage::password);
  return password_page(next, pending, names_in(next, pending).application, "", std::nullopt);
}

std::string new_enrolment(const Hop& hop, const PendingSignIn& pending) {
  return hop.with.sealer.seal(hop.with.entropy.bytes(kGeneratorSecretBytes), enrolment_context(pending),
                              hop.with.entropy);
}

Result<std::string> open_enrolment(const Hop& hop, const PendingSignIn& pending) {
  return hop.with.sealer.open(pending.sealed_enrolment, enrolment_context(pending));
}

}  // namespace wardbridge::oauth
