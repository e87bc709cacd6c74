#include "tenant/oauth/endpoints.h"
#include "tenant/oauth/pages.h"
#include "tenant/oauth/resources.h"

namespace wardbridge::oauth {
namespace {

struct Asking {
  directory::TenantId tenant;
  Client client;
  Parameters parameters;
  AuthorizationRequest request;
};

// What must hold before an answer may be sent to the client's address.
Result<Asking> read_asking(const Dependencies& dependencies, const http::Request& request, tokens::Version version) {
  Asking asking;
  asking.tenant = TRY(find_tenant(dependencies.store, request.path_parameter("tenant"))).id;
  asking.parameters = TRY(Parameters::from_form(request.query_parameters()));
  const std::string client_id = TRY(asking.parameters.required("client_id"));
  asking.client = TRY(dependencies.store.read(
      [&](store::Transaction& tx) -> Result<Client> { return find_client(tx, asking.tenant, client_id); }));
  asking.request = TRY(read_addresses(asking.client, version, asking.parameters));
  return asking;
}

// The rest of the request; a refusal goes back to the client.
Result<PendingSignIn> begin_sign_in(const Dependencies& dependencies, Asking& asking, const Trace& trace) {
  TRY(read_details(asking.request, asking.parameters));
  PendingSignIn pending{.context = dependencies.entropy.token(),
                        .tenant = asking.tenant,
                        .request = asking.request,
                        .correlation_id = trace.correlation_id};
  auto check_and_begin = [&](store::Transaction& tx) -> Status {
    // Resolved again when the sign-in ends; here only to tell the client early.
    TRY(resolve_user_request(tx, asking.tenant, asking.client, asking.request.version, asking.request.scope,
                             asking.request.resource));
    begin(tx, pending, trace.time);
    return done();
  };
  TRY(dependencies.store.write(check_and_begin));
  return pending;
}

}  // namespace

http::Response authorize_endpoint(const Dependencies& dependencies, const http::Request& request,
                                  tokens::Version version) {
  Trace trace = trace_of(request, dependencies.entropy);
  auto asking = read_asking(dependencies, request, version);
  if (!asking.ok()) return error_page(request, {wire_error(asking.failure())}, trace);

  auto pending = begin_sign_in(dependencies, *asking, trace);
  if (!pending.ok()) {
    const WireError error = wire_error(pending.failure());
    return answer_client(asking->request,
                         {{"error", error.error}, {"error_description", error_description(error, trace)}},
                         dependencies.tokens.issuer(asking->tenant, version));
  }
  return sign_in_page({.action = dependencies.tokens.base_url() + "/" + asking->tenant.value + "/login",
                       .context = pending->context,
                       .application = asking->client.application.display_name,
                       .login = asking->request.login_hint,
                       .redirect_uri = asking->request.redirect_uri},
                      trace);
}

}  // namespace wardbridge::oauth
