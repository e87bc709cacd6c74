// The documents by which clients find everything else.
#include "tenant/oauth/endpoints.h"
#include "tenant/oauth/pages.h"

namespace wardbridge::oauth {
namespace {

http::Response document(const Dependencies& dependencies, const http::Request& request,
                        const Result<json::Object>& body) {
  const Trace trace = trace_of(request, dependencies.entropy);
  if (!body.ok()) return error_response(wire_error(body.failure()), trace);
  return http::json_response(200, *body);
}

Result<json::Object> configuration(const Dependencies& dependencies, const http::Request& request,
                                   tokens::Version version) {
  const directory::TenantId tenant = TRY(find_tenant(dependencies.store, request.path_parameter("tenant"))).id;
  const bool is_v1 = version == tokens::Version::v1;
  const std::string login = dependencies.tokens.base_url() + "/" + tenant.value;
  const std::string oauth = login + (is_v1 ? "/oauth2/" : "/oauth2/v2.0/");
  return json::Object{
      {"issuer", dependencies.tokens.issuer(tenant, version)},
      {"authorization_endpoint", oauth + "authorize"},
      {"token_endpoint", oauth + "token"},
      {"end_session_endpoint", oauth + "logout"},
      {"jwks_uri", login + (is_v1 ? "/discovery/keys" : "/discovery/v2.0/keys")},
      {"token_endpoint_auth_methods_supported", json::Array{"client_secret_post", "client_secret_basic"}},
      {"response_modes_supported", json::Array{"query", "fragment", "form_post"}},
      {"response_types_supported", json::Array{"code"}},
      {"grant_types_supported", json::Array{"authorization_code", "client_credentials"}},
      {"code_challenge_methods_supported", json::Array{"S256"}},
      {"scopes_supported", json::Array{"openid", "profile", "email", "offline_access"}},
      {"subject_types_supported", json::Array{"pairwise"}},
      {"id_token_signing_alg_values_supported", json::Array{"RS256"}},
      {"authorization_response_iss_parameter_supported", true},
      {"claims_supported", json::Array{"sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "preferred_username",
                                       "name", "tid", "ver"}},
  };
}

Result<json::Object> keys(const Dependencies& dependencies, const http::Request& request, tokens::Version version) {
  const directory::Tenant tenant = TRY(find_tenant(dependencies.store, request.path_parameter("tenant")));
  return dependencies.tokens.key_set(tenant.id, version, request.received);
}

// ENTRA: a client asks with the authorization endpoint that it was configured with, and learns whether it may trust
// that host, and where the tenant's metadata is.
Result<json::Object> instance(const Dependencies& dependencies, const http::Request& request) {
  const Parameters parameters = TRY(Parameters::from_form(request.query_parameters()));
  const std::string endpoint = TRY(parameters.required("authorization_endpoint"));
  const std::string& base = dependencies.tokens.base_url();
  if (!endpoint.starts_with(base + "/"))
    return invalid("unknown_instance", "the authority of `" + endpoint.substr(0, 256) + "` is not known",
                   "authorization_endpoint");
  const std::string_view path = std::string_view(endpoint).substr(base.size() + 1);
  const directory::Tenant tenant = TRY(find_tenant(dependencies.store, std::string(path.substr(0, path.find('/')))));
  const std::string host = tokens::host_of(base);
  return json::Object{
      {"tenant_discovery_endpoint", base + "/" + tenant.id.value + "/v2.0/.well-known/openid-configuration"},
      {"api-version", parameters.find("api-version").value_or("1.1")},
      {"metadata",
       json::Array{json::Object{
           {"preferred_network", host}, {"preferred_cache", host}, {"aliases", json::Array{json::Value(host)}}}}}};
}

}  // namespace

http::Response openid_configuration(const Dependencies& dependencies, const http::Request& request,
                                    tokens::Version version) {
  return document(dependencies, request, configuration(dependencies, request, version));
}

http::Response key_set(const Dependencies& dependencies, const http::Request& request, tokens::Version version) {
  return document(dependencies, request, keys(dependencies, request, version));
}

http::Response instance_discovery(const Dependencies& dependencies, const http::Request& request) {
  return document(dependencies, request, instance(dependencies, request));
}

}  // namespace wardbridge::oauth
