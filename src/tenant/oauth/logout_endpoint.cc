// SPEC: OpenID Connect RP-Initiated Logout 1.0.
#include "platform/crypto/crypto.h"
#include "tenant/oauth/cookies.h"
#include "tenant/oauth/endpoints.h"
#include "tenant/oauth/steps.h"

namespace wardbridge::oauth {
namespace {

struct SignOut {
  directory::TenantId tenant;
  std::string redirect_uri;  // checked; empty: none
  std::string state;
  std::string named_session;  // `sid` of the hint
  std::optional<Session> session;
};

Failure bad_sign_out(std::string message) { return invalid("sign_out_invalid", std::move(message)); }

Result<SignOut> read_sign_out(const Hop& hop, const Parameters& parameters) {
  SignOut out{.tenant = TRY(find_tenant(hop)).id, .state = parameters.get("state")};
  std::string client_id = parameters.get("client_id");
  if (auto hint = parameters.find("id_token_hint")) {
    auto claims = hop.with.tokens.read_id_token_hint(out.tenant, *hint, hop.now());
    if (!claims.ok()) return bad_sign_out("`id_token_hint` is not an id token of this tenant");
    const std::string audience(json::text_at(*claims, "aud").value_or(""));
    if (!client_id.empty() && !text::equal_ignoring_case(client_id, audience))
      return bad_sign_out("`client_id` is not the client of `id_token_hint`");
    client_id = audience;
    out.named_session = json::text_at(*claims, "sid").value_or("");
  }
  TRY(hop.with.store.read([&](store::Transaction& tx) -> Status {
    out.session = find_session(tx, out.tenant, read_cookie(hop.request, session_cookie_name(out.tenant)), hop.now());
    auto uri = parameters.find("post_logout_redirect_uri");
    if (!uri) return done();
    // INVARIANT: nobody is sent to an address that no known client has registered.
    auto registration = find_registration(tx, out.tenant, client_id);
    if (!registration)
      return bad_sign_out("`post_logout_redirect_uri` needs `id_token_hint` or `client_id`, to say whose it is");
    TRY(match_redirect_uri(registration->application, *uri));
    out.redirect_uri = *uri;
    return done();
  }));
  return out;
}

// Proves that the form of ours was sent in this browser, without showing its cookie.
std::string sign_out_proof(const Hop& hop, const directory::TenantId& tenant) {
  return crypto::hash_token("sign out|" + tenant.value + "|" + read_cookie(hop.request, kBrowserCookie).value_or(""));
}

http::Response sign_out(const Hop& hop, const SignOut& out) {
  Status ended = hop.with.store.write([&](store::Transaction& tx) -> Status {
    if (out.session) end_session(tx, out.tenant, out.session->id);
    return done();
  });
  if (!ended.ok()) return refusal_page(hop, ended.failure());
  http::Response response =
      message_page("Signed out", paragraph("You are signed out. Close this window to end your session."));
  if (!out.redirect_uri.empty()) {
    const char* separator = out.redirect_uri.find('?') == std::string::npos ? "?" : "&";
    response = http::redirect(
        out.redirect_uri + (out.state.empty() ? "" : separator + text::to_form({{"state", out.state}})), 303);
  }
  clear_cookie(response, session_cookie_name(out.tenant));
  add_common_headers(response, hop.trace);
  return response;
}

// A link of any site leads here, so the person is asked; unless the client shows whom it signed in.
http::Response ask_to_sign_out(const Hop& hop, const SignOut& out, const Parameters& parameters) {
  std::string body = paragraph("Do you want to sign out " + out.session->user.user_principal_name + "?");
  for (const char* name : {"id_token_hint", "post_logout_redirect_uri", "state", "client_id"})
    if (auto value = parameters.find(name)) body += hidden_field(name, *value);
  body += hidden_field("proof", sign_out_proof(hop, out.tenant)) + button("Sign out");
  return form_page({.title = "Sign out",
                    .action = hop.address(out.tenant, "logout"),
                    .body = body,
                    .redirect_uri = out.redirect_uri},
                   hop.trace);
}

}  // namespace

http::Response logout_endpoint(const Hop& hop) {
  auto parameters = hop.request.method == "POST" ? Parameters::from_body(hop.request)
                                                 : Parameters::from_form(hop.request.query_parameters());
  if (!parameters.ok()) return refusal_page(hop, parameters.failure());
  auto out = read_sign_out(hop, *parameters);
  if (!out.ok()) return refusal_page(hop, out.failure());
  if (!out->session || out->session->id == out->named_session) return sign_out(hop, *out);
  return ask_to_sign_out(hop, *out, *parameters);
}

http::Response logout_step(const Hop& hop) {
  auto parameters = Parameters::from_body(hop.request);
  if (!parameters.ok()) return refusal_page(hop, parameters.failure());
  auto out = read_sign_out(hop, *parameters);
  if (!out.ok()) return refusal_page(hop, out.failure());
  if (!read_cookie(hop.request, kBrowserCookie) ||
      !crypto::equal_in_constant_time(parameters->get("proof"), sign_out_proof(hop, out->tenant)))
    return refusal_page(hop, Failure{Code::unauthenticated, "other_browser", "the form was not made for this browser"});
  return sign_out(hop, *out);
}

}  // namespace wardbridge::oauth
