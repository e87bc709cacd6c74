#include "tenant/directory/consent.h"
#include "tenant/oauth/cookies.h"
#include "tenant/oauth/endpoints.h"
#include "tenant/oauth/steps.h"

namespace wardbridge::oauth {
namespace {

struct Asking {
  directory::TenantId tenant;
  Client client;
  Parameters parameters;
  AuthorizationRequest request;
  std::optional<Session> session;
};

std::string domain_of(std::string_view account) {
  const auto at = account.rfind('@');
  return at == std::string_view::npos ? "" : std::string(account.substr(at + 1));
}

// ENTRA: where no tenant is named, the account's domain names it. Nothing: the person must be asked.
Result<std::optional<directory::Tenant>> tenant_by_hint(store::Transaction& tx, const Parameters& parameters) {
  const directory::AppId client{text::lower(parameters.get("client_id"))};
  if (!directory::find_multitenant_application(tx, client))
    return invalid("single_tenant_client",
                   "the application `" + client.value.substr(0, 64) +
                       "` is not for several tenants: name the tenant in the address, instead of `common`");
  for (const std::string& domain : {parameters.get("domain_hint"), domain_of(parameters.get("login_hint"))}) {
    if (domain.empty()) continue;
    if (auto tenant = directory::find_tenant(tx, domain)) return tenant;
    return invalid("unknown_tenant", "no tenant has the domain `" + domain.substr(0, 256) + "`");
  }
  return std::optional<directory::Tenant>{};
}

// What must hold before an answer may be sent to the client's address. Nothing when the account must be asked first.
Result<std::optional<Asking>> read_asking(const Hop& hop, tokens::Version version) {
  Asking asking;
  asking.parameters = TRY(Parameters::from_form(hop.request.query_parameters()));
  const std::string client_id = TRY(asking.parameters.required("client_id"));
  const std::string& name = hop.request.path_parameter("tenant");
  if (names_no_tenant(name)) {
    auto tenant = TRY(hop.with.store.read([&](store::Transaction& tx) -> Result<std::optional<directory::Tenant>> {
      return tenant_by_hint(tx, asking.parameters);
    }));
    if (!tenant) return std::optional<Asking>{};
    asking.tenant = tenant->id;
  } else {
    asking.tenant = TRY(find_tenant(hop.with.store, name)).id;
  }
  TRY(hop.with.store.read([&](store::Transaction& tx) -> Status {
    asking.client = TRY(find_client(tx, asking.tenant, client_id));
    asking.session =
        find_session(tx, asking.tenant, read_cookie(hop.request, session_cookie_name(asking.tenant)), hop.now());
    return done();
  }));
  asking.request = TRY(read_addresses(asking.client, version, asking.parameters));
  return std::optional<Asking>{std::move(asking)};
}

// SPEC: OpenID Connect Core 1.0 section 3.1.2.1: `id_token_hint` says who is expected. Somebody else's session is none.
Status heed_id_token_hint(const Hop& hop, Asking& asking) {
  auto hint = asking.parameters.find("id_token_hint");
  if (!hint) return done();
  auto claims = hop.with.tokens.read_id_token_hint(asking.tenant, *hint, hop.now());
  if (!claims.ok())
    return invalid("malformed_request", "`id_token_hint` is not an id token of this tenant", "id_token_hint");
  if (asking.session && json::text_at(*claims, "oid") != asking.session->user.id.value) asking.session.reset();
  if (asking.request.login_hint.empty())
    asking.request.login_hint = std::string(json::text_at(*claims, "preferred_username").value_or(""));
  return done();
}

// The rest of the request; a refusal goes back to the client.
Status check_details(const Hop& hop, Asking& asking) {
  TRY(read_details(asking.request, asking.parameters));
  TRY(heed_id_token_hint(hop, asking));
  return hop.with.store.read([&](store::Transaction& tx) -> Status {
    // Resolved again when the sign-in ends, with the person's own consent; here only to tell the client early.
    const Asked asked = TRY(resolve_user_request(
        tx, asking.tenant, asking.client,
        {.version = asking.request.version, .scope = asking.request.scope, .resource_text = asking.request.resource}));
    // A device is registered with a fresh sign-in only: a session from long ago would be refused there.
    if (asked.resource.application.app_id == directory::kDeviceRegistrationAppId && !asking.request.max_age_seconds)
      asking.request.max_age_seconds = registration::kFreshSignIn / seconds{2};
    return done();
  });
}

// The same request again, with the account.
http::Response which_account_page(const Hop& hop) {
  std::string body;
  for (const auto& [name, value] : hop.request.query_parameters())
    if (name != "login_hint") body += hidden_field(name, value);
  body +=
      field(
          {.name = "login_hint", .label = "Account", .type = "email", .autocomplete = "username", .has_focus = true}) +
      button("Next");
  return form_page(
      {.title = "Sign in", .action = hop.with.tokens.base_url() + hop.request.path, .method = "get", .body = body},
      hop.trace);
}

}  // namespace

http::Response authorize_endpoint(const Hop& hop, tokens::Version version) {
  if (hop.request.method == "POST") {
    // SPEC: OpenID Connect Core 1.0 section 3.1.2.1: GET and POST are alike. Sent on as a GET, which brings the
    // session's cookie along when the form was another site's.
    auto parameters = Parameters::from_body(hop.request);
    if (!parameters.ok()) return refusal_page(hop, parameters.failure());
    // Written anew: nothing of the body gets into a header as it came.
    const std::string query = text::to_form(text::parse_form(hop.request.body).value_or(text::Form{}));
    return http::redirect(hop.with.tokens.base_url() + hop.request.path + "?" + query, 303);
  }
  auto asking = read_asking(hop, version);
  if (!asking.ok()) return refusal_page(hop, asking.failure());
  if (!*asking) return which_account_page(hop);
  Status checked = check_details(hop, **asking);
  if (!checked.ok())
    return give_up(hop, {.tenant = (*asking)->tenant, .request = (*asking)->request}, checked.failure());
  return begin_sign_in(hop, {.tenant = (*asking)->tenant,
                             .request = (*asking)->request,
                             .application = (*asking)->client.application.display_name,
                             .session = std::move((*asking)->session)});
}

}  // namespace wardbridge::oauth
