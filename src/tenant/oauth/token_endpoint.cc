#include "tenant/oauth/endpoints.h"

namespace wardbridge::oauth {
namespace {

using Grant = Result<TokenReply> (*)(const Dependencies&, const TokenRequest&);
struct NamedGrant {
  std::string_view name;
  Grant grant;
};
constexpr NamedGrant kGrants[] = {
    {"client_credentials", client_credentials_grant},
    {"authorization_code", authorization_code_grant},
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
  if (reply.id_token) body["id_token"] = *reply.id_token;
  return body;
}

Result<TokenReply> answer(const Dependencies& dependencies, const http::Request& request, tokens::Version version) {
  const directory::Tenant tenant = TRY(find_tenant(dependencies.store, request.path_parameter("tenant")));
  TokenRequest token_request{.tenant = tenant.id, .version = version, .now = request.received};
  token_request.parameters = TRY(Parameters::from_body(request));
  const NamedGrant named = TRY(find_grant(token_request.parameters));
  token_request.client = TRY(dependencies.store.read([&](store::Transaction& tx) -> Result<Client> {
    return authenticate_client(tx, tenant.id, request, token_request.parameters, request.received);
  }));
  return named.grant(dependencies, token_request);
}

}  // namespace

Result<directory::Tenant> find_tenant(store::Store& store, const std::string& id_or_domain) {
  auto tenant = TRY(store.read([&](store::Transaction& tx) -> Result<std::optional<directory::Tenant>> {
    return directory::find_tenant(tx, id_or_domain);
  }));
  if (!tenant)
    return invalid("unknown_tenant", "the tenant `" + id_or_domain.substr(0, 256) +
                                         "` was not found: check that the id or the domain is the right one");
  return *tenant;
}

http::Response token_endpoint(const Dependencies& dependencies, const http::Request& request, tokens::Version version) {
  const Trace trace = trace_of(request, dependencies.entropy);
  auto reply = answer(dependencies, request, version);
  if (!reply.ok()) return error_response(wire_error(reply.failure()), trace);
  http::Response response = http::json_response(200, reply_body(*reply, version, request.received));
  add_common_headers(response, trace);
  return response;
}

}  // namespace wardbridge::oauth
