#include "tenant/oauth/clients.h"

namespace wardbridge::oauth {
namespace {

Failure refused(std::string reason, std::string message) {
  return Failure{Code::unauthenticated, std::move(reason), std::move(message)};
}

struct Credentials {
  std::string client_id;
  std::optional<std::string> secret;
};

// SPEC: RFC 6749 section 2.3.1: both halves of Basic credentials are form-encoded first.
std::optional<std::string> form_decoded(const std::string& text) {
  return text::percent_decode(text::replace_all(text, "+", " "));
}

Result<Credentials> read_credentials(const http::Request& request, const Parameters& parameters) {
  if (parameters.find("client_assertion"))
    return refused("client_secret_missing", "client assertions are not accepted here: send `client_secret`");
  auto authorization = request.headers.get("Authorization");
  if (!authorization) return Credentials{TRY(parameters.required("client_id")), parameters.find("client_secret")};

  auto basic = request.basic_credentials();
  auto client_id = basic ? form_decoded(basic->first) : std::nullopt;
  auto secret = basic ? form_decoded(basic->second) : std::nullopt;
  if (!client_id || !secret) return invalid("malformed_request", "the Authorization header is not valid");
  if (parameters.find("client_secret"))
    return invalid("malformed_request", "the client authenticates in two ways at once");
  if (auto named = parameters.find("client_id"); named && !text::equal_ignoring_case(*named, *client_id))
    return invalid("malformed_request", "`client_id` is not the client of the Authorization header");
  return Credentials{*client_id, *secret};
}

// Every credential is compared, whichever matches, so that the time taken tells nothing.
Status check_secret(store::Transaction& tx, const directory::TenantId& tenant, const directory::AppId& client,
                    std::string_view secret, Time now) {
  const std::string hash = crypto::hash_token(secret);
  bool matches_live = false;
  bool matches_expired = false;
  for (const directory::Credential& credential : directory::credentials(tx, tenant, client)) {
    if (credential.kind != directory::Credential::Kind::secret || now < credential.start) continue;
    const bool matches = crypto::equal_in_constant_time(credential.secret_hash, hash);
    (now < credential.end ? matches_live : matches_expired) |= matches;
  }
  if (matches_live) return done();
  if (matches_expired)
    return refused("client_secret_expired", "the provided client secret of the application `" + client.value +
                                                "` has expired: create a new one");
  return refused("client_secret_wrong",
                 "invalid client secret provided: send the secret's value, not its id, for the application `" +
                     client.value + "`");
}

}  // namespace

Result<Client> find_client(store::Transaction& tx, const directory::TenantId& tenant, std::string_view client_id) {
  const directory::AppId id{text::lower(client_id)};
  auto application = text::is_guid(id.value) ? directory::find_application(tx, tenant, id) : std::nullopt;
  auto principal = application ? directory::find_service_principal(tx, tenant, id) : std::nullopt;
  if (!principal)
    return invalid("unknown_client",
                   "no application `" + std::string(client_id.substr(0, 64)) + "` was found in the directory `" +
                       tenant.value + "`",
                   "client_id");
  if (!principal->account_enabled)
    return invalid("client_disabled", "the application `" + application->display_name + "` is disabled", "client_id");
  return Client{*application, *principal};
}

Result<Client> authenticate_client(store::Transaction& tx, const directory::TenantId& tenant,
                                   const http::Request& request, const Parameters& parameters, Time now) {
  const Credentials credentials = TRY(read_credentials(request, parameters));
  Client client = TRY(find_client(tx, tenant, credentials.client_id));
  if (!credentials.secret) return client;
  TRY(check_secret(tx, tenant, client.application.app_id, *credentials.secret, now));
  client.proof = tokens::ClientProof::secret;
  return client;
}

Status require_secret(const Client& client) {
  if (client.proof != tokens::ClientProof::none) return done();
  return refused("client_secret_missing", "the request must contain the parameter `client_secret`");
}

Status require_public(const Client& client) {
  if (client.proof == tokens::ClientProof::none) return done();
  return refused("public_client_with_secret", "a public client does not send a secret");
}

}  // namespace wardbridge::oauth
