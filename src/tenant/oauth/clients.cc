#include "tenant/oauth/clients.h"

#include "tenant/directory/consent.h"
#include "tenant/oauth/client_assertions.h"
#include "tenant/oauth/secret_work.h"

namespace wardbridge::oauth {
namespace {

Failure refused(std::string reason, std::string message) {
  return Failure{Code::unauthenticated, std::move(reason), std::move(message)};
}

struct Credentials {
  std::string client_id;
  std::optional<std::string> secret;
  std::optional<std::string> assertion;
};

// SPEC: RFC 6749 section 2.3.1: both halves of Basic credentials are form-encoded first.
std::optional<std::string> form_decoded(const std::string& text) {
  return text::percent_decode(text::replace_all(text, "+", " "));
}

// SPEC: RFC 7521 section 4.2: an assertion names its client; `client_id` is then optional, and must agree.
Result<Credentials> read_assertion(const Parameters& parameters, const std::string& assertion) {
  if (parameters.get("client_assertion_type") != kAssertionType)
    return invalid("malformed_request", "`client_assertion_type` must be `" + std::string(kAssertionType) + "`",
                   "client_assertion_type");
  if (parameters.find("client_secret"))
    return invalid("malformed_request", "the client authenticates in two ways at once");
  const std::string claimed = TRY(claimed_client(assertion));
  return Credentials{parameters.find("client_id").value_or(claimed), std::nullopt, assertion};
}

Result<Credentials> read_credentials(const http::Request& request, const Parameters& parameters) {
  auto assertion = parameters.find("client_assertion");
  auto authorization = request.headers.get("Authorization");
  if (assertion && authorization) return invalid("malformed_request", "the client authenticates in two ways at once");
  if (assertion) return read_assertion(parameters, *assertion);
  if (!authorization) return Credentials{TRY(parameters.required("client_id")), parameters.find("client_secret"), {}};

  auto basic = request.basic_credentials();
  auto client_id = basic ? form_decoded(basic->first) : std::nullopt;
  auto secret = basic ? form_decoded(basic->second) : std::nullopt;
  if (!client_id || !secret) return invalid("malformed_request", "the Authorization header is not valid");
  if (parameters.find("client_secret"))
    return invalid("malformed_request", "the client authenticates in two ways at once");
  if (auto named = parameters.find("client_id"); named && !text::equal_ignoring_case(*named, *client_id))
    return invalid("malformed_request", "`client_id` is not the client of the Authorization header");
  return Credentials{*client_id, *secret, {}};
}

// Every credential is compared, whichever matches, so that the time taken tells nothing.
Status check_secret(const std::vector<directory::Credential>& credentials, std::string_view client,
                    std::string_view secret, Time now) {
  const std::string hash = hash_presented_secret(secret);
  bool matches_live = false;
  bool matches_expired = false;
  for (const directory::Credential& credential : credentials) {
    if (credential.kind != directory::Credential::Kind::secret || now < credential.start) continue;
    const bool matches = crypto::equal_in_constant_time(credential.secret_hash, hash);
    (now < credential.end ? matches_live : matches_expired) |= matches;
  }
  if (matches_live) return done();
  if (matches_expired)
    return refused("client_secret_expired", "the provided client secret of the application `" + std::string(client) +
                                                "` has expired: create a new one");
  return refused("client_secret_wrong",
                 "invalid client secret provided: send the secret's value, not its id, for the application `" +
                     std::string(client) + "`");
}

// What the secret of an unknown client is compared with, so that it takes as long. Nothing has this hash.
const std::vector<directory::Credential>& credentials_of_nobody() {
  static const std::vector<directory::Credential> one = {{.secret_hash = std::string(64, '-')}};
  return one;
}

Failure unknown_client(std::string_view client_id, const directory::TenantId& tenant) {
  return invalid(
      "unknown_client",
      "no application `" + std::string(client_id.substr(0, 64)) + "` was found in the directory `" + tenant.value + "`",
      "client_id");
}

Failure disabled_client(const directory::Application& application) {
  return invalid("client_disabled", "the application `" + application.display_name + "` is disabled", "client_id");
}

}  // namespace

std::optional<Registration> find_registration(store::Transaction& tx, const directory::TenantId& tenant,
                                              std::string_view client_id) {
  const directory::AppId id{text::lower(client_id)};
  if (!text::is_guid(id.value)) return std::nullopt;
  if (auto own = directory::find_application(tx, tenant, id)) return Registration{tenant, *std::move(own)};
  // ENTRA: an application of another tenant is here once somebody consented: as a service principal.
  auto foreign = directory::find_multitenant_application(tx, id);
  if (!foreign) return std::nullopt;
  return Registration{foreign->home, std::move(foreign->application)};
}

Result<Client> find_client(store::Transaction& tx, const directory::TenantId& tenant, std::string_view client_id) {
  auto registration = find_registration(tx, tenant, client_id);
  auto principal =
      registration ? directory::find_service_principal(tx, tenant, registration->application.app_id) : std::nullopt;
  if (!principal) return unknown_client(client_id, tenant);
  if (!principal->account_enabled) return disabled_client(registration->application);
  return Client{registration->home, std::move(registration->application), *std::move(principal)};
}

Result<Client> authenticate_client(const ClientAuthentication& at, const http::Request& request,
                                   const Parameters& parameters) {
  const Credentials given = TRY(read_credentials(request, parameters));
  const directory::KnownApplication* known = at.applications.find(given.client_id);
  tokens::ClientProof proof = tokens::ClientProof::none;
  Status secret = done();
  if (given.secret) {
    secret = check_secret(known ? known->credentials : credentials_of_nobody(),
                          known ? known->application.app_id.value : given.client_id, *given.secret, at.now);
    proof = tokens::ClientProof::secret;
  }
  if (!known) return unknown_client(given.client_id, at.tenant());
  if (!known->principal.account_enabled) return disabled_client(known->application);
  TRY(std::move(secret));
  if (given.assertion) {
    TRY(verify_assertion(at, *known, *given.assertion));
    proof = tokens::ClientProof::certificate;
  }
  return Client{known->home, known->application, known->principal, proof};
}

Status require_proof(const Client& client) {
  if (client.proof != tokens::ClientProof::none) return done();
  return refused("client_secret_missing",
                 "the request must contain the parameter `client_assertion` or `client_secret`");
}

Status require_public(const Client& client) {
  if (client.proof == tokens::ClientProof::none) return done();
  return refused("public_client_with_secret", "a public client does not send a secret");
}

}  // namespace wardbridge::oauth
