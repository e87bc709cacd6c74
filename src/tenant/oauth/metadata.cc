// The documents by which clients find everything else.
#include "tenant/oauth/cross_origin.h"
#include "tenant/oauth/endpoints.h"
#include "tenant/oauth/pages.h"
#include "tenant/oauth/parameters.h"

namespace wardbridge::oauth {
namespace {

http::Response document(const Hop& hop, const Result<json::Object>& body) {
  http::Response response =
      body.ok() ? http::json_response(200, *body) : error_response(wire_error(body.failure()), hop.trace);
  let_anyone_read(response);
  return response;
}

Result<json::Object> configuration(const Hop& hop, tokens::Version version) {
  const std::string& name = hop.request.path_parameter("tenant");
  const bool is_v1 = version == tokens::Version::v1;
  // ENTRA: where no tenant is named, the document has a place for it: whoever reads a token's issuer fills it in.
  const directory::TenantId tenant{names_no_tenant(name) ? "{tenantid}" : TRY(find_tenant(hop)).id.value};
  const std::string& base = hop.with.tokens.base_url();
  const std::string login = base + "/" + (names_no_tenant(name) ? text::lower(name) : tenant.value);
  const std::string oauth = login + (is_v1 ? "/oauth2/" : "/oauth2/v2.0/");
  return json::Object{
      {"issuer", hop.with.tokens.issuer(tenant, version)},
      {"authorization_endpoint", oauth + "authorize"},
      {"token_endpoint", oauth + "token"},
      {"device_authorization_endpoint", oauth + "devicecode"},
      {"userinfo_endpoint", base + "/oidc/userinfo"},
      {"end_session_endpoint", oauth + "logout"},
      {"jwks_uri", login + (is_v1 ? "/discovery/keys" : "/discovery/v2.0/keys")},
      {"token_endpoint_auth_methods_supported",
       json::Array{"client_secret_post", "client_secret_basic", "private_key_jwt"}},
      {"token_endpoint_auth_signing_alg_values_supported", json::Array{"RS256", "PS256", "ES256"}},
      {"response_modes_supported", json::Array{"query", "fragment", "form_post"}},
      {"response_types_supported", json::Array{"code"}},
      {"grant_types_supported", json::Array{"authorization_code", "client_credentials", "refresh_token",
                                            "urn:ietf:params:oauth:grant-type:device_code"}},
      {"code_challenge_methods_supported", json::Array{"S256"}},
      {"scopes_supported", json::Array{"openid", "profile", "email", "offline_access"}},
      {"subject_types_supported", json::Array{"pairwise"}},
      {"id_token_signing_alg_values_supported", json::Array{"RS256", "ES256"}},
      {"authorization_response_iss_parameter_supported", true},
      {"prompt_values_supported", json::Array{"none", "login", "consent", "select_account"}},
      {"claims_parameter_supported", false},
      {"request_parameter_supported", false},
      {"request_uri_parameter_supported", false},
      {"http_logout_supported", false},
      {"claims_supported", json::Array{"sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "sid",
                                       "preferred_username", "name", "email", "oid", "tid", "ver"}},
      {"cloud_instance_name", tokens::host_of(base)},
      {"msgraph_host", tokens::host_of(base)},
  };
}

Result<json::Object> keys(const Hop& hop, tokens::Version version) {
  if (!names_no_tenant(hop.request.path_parameter("tenant")))
    return hop.with.tokens.key_set(TRY(find_tenant(hop)).id, version, hop.now());
  // ENTRA: the keys of all, each of which says in version 2 whose it is.
  json::Array all;
  for (const directory::Tenant& tenant : TRY(hop.with.store.read(
           [](store::Transaction& tx) -> Result<std::vector<directory::Tenant>> { return directory::tenants(tx); }))) {
    json::Object set = TRY(hop.with.tokens.key_set(tenant.id, version, hop.now()));
    for (json::Value& key : set["keys"].as_array()) all.push_back(std::move(key));
  }
  return json::Object{{"keys", std::move(all)}};
}

// ENTRA: a client asks with the authorization endpoint that it was configured with, and learns whether it may trust
// that host, and where the tenant's metadata is.
Result<json::Object> instance(const Hop& hop) {
  const Parameters parameters = TRY(Parameters::from_form(hop.request.query_parameters()));
  const std::string endpoint = TRY(parameters.required("authorization_endpoint"));
  const std::string& base = hop.with.tokens.base_url();
  if (!endpoint.starts_with(base + "/"))
    return invalid("unknown_instance", "the authority of `" + endpoint.substr(0, 256) + "` is not known",
                   "authorization_endpoint");
  const std::string_view path = std::string_view(endpoint).substr(base.size() + 1);
  std::string name(path.substr(0, path.find('/')));
  if (!names_no_tenant(name)) name = TRY(find_tenant(hop.with.store, name)).id.value;
  const std::string host = tokens::host_of(base);
  return json::Object{
      {"tenant_discovery_endpoint", base + "/" + text::lower(name) + "/v2.0/.well-known/openid-configuration"},
      {"api-version", parameters.find("api-version").value_or("1.1")},
      {"metadata",
       json::Array{json::Object{
           {"preferred_network", host}, {"preferred_cache", host}, {"aliases", json::Array{json::Value(host)}}}}}};
}

}  // namespace

http::Response openid_configuration(const Hop& hop, tokens::Version version) {
  return document(hop, configuration(hop, version));
}

http::Response key_set(const Hop& hop, tokens::Version version) { return document(hop, keys(hop, version)); }

http::Response instance_discovery(const Hop& hop) { return document(hop, instance(hop)); }

// Where `error_uri` leads.
http::Response error_explanation(const Hop& hop) {
  const auto number = text::parse_integer(hop.request.query_parameter("code").value_or(""));
  const auto known =
      number && *number > 0 && *number < 100'000'000 ? explain_number(static_cast<int>(*number)) : std::nullopt;
  if (!known) return message_page("Error", paragraph("This server has no error of that number."));
  return message_page("AADSTS" + std::to_string(*number),
                      paragraph("OAuth error: " + known->error) + paragraph("Reason: " + known->reason) +
                          paragraph(next_step(static_cast<int>(*number)), "next-step") +
                          paragraph("The answer that carried the number says more, and names a trace ID and a "
                                    "correlation ID, by which an administrator finds the attempt."));
}

}  // namespace wardbridge::oauth
