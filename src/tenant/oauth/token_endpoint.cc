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
Result<directory::TenantId> tenant_of_secret(const Hop& hop, const NamedGrant& grant, const Parameters& parameters) {
  if (!grant.tenant_of) return TRY(find_tenant(hop)).id;
  const std::string secret = TRY(parameters.required(grant.secret_parameter));
  auto tenant = TRY(hop.with.store.read([&](store::Transaction& tx) -> Result<std::optional<directory::TenantId>> {
    return grant.tenant_of(tx, secret);
  }));
  if (!tenant)
    return invalid("code_invalid", "what is to be redeemed is not known here", std::string(grant.secret_parameter));
  return *tenant;
}

// `client` is who asked, once that is known: an answer that refuses is theirs to read, too.
Result<TokenOutcome> answer(const Hop& hop, tokens::Version version, std::optional<Client>& client) {
  // The tenant first: a wrong address is told as such, whatever else the request says.
  std::optional<directory::TenantId> tenant;
  if (!names_no_tenant(hop.request.path_parameter("tenant"))) tenant = TRY(find_tenant(hop)).id;
  const Parameters parameters = TRY(Parameters::from_body(hop.request));
  const NamedGrant named = TRY(find_grant(parameters));
  if (!tenant) tenant = TRY(tenant_of_secret(hop, named, parameters));
  client = TRY(authenticate_client({hop.with.store, hop.with.tokens, *tenant, hop.now()}, hop.request, parameters));
  const TokenRequest request{hop, *tenant, version, parameters, *client};
  return named.handler(request);
}

}  // namespace

http::Response token_endpoint(const Hop& hop, tokens::Version version) {
  std::optional<Client> client;
  auto outcome = answer(hop, version, client);
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

}  // namespace wardbridge::oauth
