#include "tenant/oauth/codes.h"
#include "tenant/oauth/cross_origin.h"
#include "tenant/oauth/device_codes.h"
#include "tenant/oauth/endpoints.h"
#include "tenant/oauth/token_request.h"

namespace wardbridge::oauth {
namespace {

struct NamedGrant {
  std::string_view name;
  GrantHandler handler;
  // Which tenant a grant's own secret belongs to, where the address names none.
  std::string_view secret_parameter = {};
  std::optional<directory::TenantId> (*tenant_of)(store::Transaction&, const std::string&) = nullptr;
};
constexpr NamedGrant kGrants[] = {
    {"client_credentials", client_credentials_grant},
    {"authorization_code", authorization_code_grant, "code", tenant_of_code},
    {"refresh_token", refresh_token_grant, "refresh_token", tenant_of_refresh_token},
    {"urn:ietf:params:oauth:grant-type:device_code", device_code_grant, "device_code", tenant_of_device_code},
    {"device_code", device_code_grant, "code", tenant_of_device_code},  // ENTRA: version 1's name
};

Result<NamedGrant> find_grant(const Parameters& parameters) {
  const std::string name = TRY(parameters.required("grant_type"));
  for (const NamedGrant& known : kGrants) {
    if (known.name == name) return known;
  }
  return invalid("unsupported_grant_type", "the grant type `" + name.substr(0, 64) + "` is not supported",
                 "grant_type");
}

// ENTRA: one second less than the token holds.
constexpr std::int64_t kExpiresIn = tokens::kTokenLifetime / seconds{1} - 1;

json::Object reply_body(const TokenReply& reply, tokens::Version version, Time now) {
  json::Object body{{"token_type", "Bearer"}};
  if (version == tokens::Version::v1) {
    // ENTRA: version 1 writes its numbers as strings.
    body["expires_in"] = std::to_string(kExpiresIn);
    body["ext_expires_in"] = std::to_string(kExpiresIn);
    body["expires_on"] = std::to_string(to_unix_seconds(now) + kExpiresIn);
    body["not_before"] = std::to_string(to_unix_seconds(now));
    body["resource"] = reply.resource;
  } else {
    body["expires_in"] = kExpiresIn;
    body["ext_expires_in"] = kExpiresIn;
  }
  if (!reply.scope.empty()) body["scope"] = reply.scope;
  body["access_token"] = reply.access_token;
  if (reply.refresh_token) body["refresh_token"] = *reply.refresh_token;
  if (reply.id_token) body["id_token"] = *reply.id_token;
  if (reply.client_info) body["client_info"] = *reply.client_info;
  return body;
}

// Of a request whose address names no tenant: the one of what is to be redeemed.
Result<std::string> tenant_of_secret(const Hop& hop, const NamedGrant& grant, const Parameters& parameters) {
  if (!grant.tenant_of) return hop.request.path_parameter("tenant");
  const std::string secret = TRY(parameters.required(grant.secret_parameter));
  auto tenant = TRY(hop.with.store.read([&](store::Transaction& tx) -> Result<std::optional<directory::TenantId>> {
    return grant.tenant_of(tx, secret);
  }));
  if (!tenant)
    return invalid("code_invalid", "what is to be redeemed is not known here", std::string(grant.secret_parameter));
  return tenant->value;
}

// What is asked, of which tenant.
struct Asking {
  directory::ApplicationBook::View applications;
  Parameters parameters;
  NamedGrant grant;
};

Result<Asking> read_request(const Hop& hop) {
  // The tenant first: a wrong address is told as such, whatever else the request says.
  directory::ApplicationBook::View applications;
  const std::string& address = hop.request.path_parameter("tenant");
  if (!names_no_tenant(address)) applications = TRY(find_applications(hop, address));
  Parameters parameters = TRY(Parameters::from_body(hop.request));
  const NamedGrant grant = TRY(find_grant(parameters));
  if (!applications) applications = TRY(find_applications(hop, TRY(tenant_of_secret(hop, grant, parameters))));
  return Asking{std::move(applications), std::move(parameters), grant};
}

// The request, when all that an answer takes is in memory: client credentials with a secret.
std::optional<Asking> read_prompt_request(const Hop& hop) {
  auto applications = hop.with.applications->remembered(hop.request.path_parameter("tenant"));
  if (!applications || !hop.with.tokens.remembers_key(applications->tenant(), hop.now())) return std::nullopt;
  auto parameters = Parameters::from_body(hop.request);
  if (!parameters.ok()) return std::nullopt;
  const auto grant = find_grant(*parameters);
  // An assertion is used up, which is written down.
  if (!grant.ok() || grant->handler != client_credentials_grant || parameters->find("client_assertion"))
    return std::nullopt;
  return Asking{std::move(applications), *std::move(parameters), *grant};
}

// `client` is who asked, once that is known: an answer that refuses is theirs to read, too.
Result<TokenOutcome> answer(const Hop& hop, tokens::Version version, const Asking& asking,
                            std::optional<Client>& client) {
  const directory::TenantApplications& applications = *asking.applications;
  client = TRY(
      authenticate_client({hop.with.store, hop.with.tokens, applications, hop.now()}, hop.request, asking.parameters));
  return asking.grant.handler({hop, applications.tenant(), version, asking.parameters, *client, applications});
}

http::Response respond(const Hop& hop, tokens::Version version, const Asking& asking) {
  std::optional<Client> client;
  auto outcome = answer(hop, version, asking, client);
  http::Response response;
  if (!outcome.ok()) {
    response = error_response(wire_error(outcome.failure()), hop.trace);
  } else if (const auto* refusal = std::get_if<Refusal>(&*outcome)) {
    response = error_response(refusal->error, hop.trace);
  } else {
    response = http::json_response(200, reply_body(std::get<TokenReply>(*outcome), version, hop.now()));
    add_common_headers(response, hop.trace);
  }
  if (client) let_client_read(response, hop.request, client->application);
  return response;
}

}  // namespace

http::Response token_endpoint(const Hop& hop, tokens::Version version) {
  const auto asking = read_request(hop);
  if (!asking.ok()) return error_response(wire_error(asking.failure()), hop.trace);
  return respond(hop, version, *asking);
}

std::optional<http::Response> prompt_token_endpoint(const Hop& hop, tokens::Version version) {
  const auto asking = read_prompt_request(hop);
  if (!asking) return std::nullopt;
  return respond(hop, version, *asking);
}

}  // namespace wardbridge::oauth
