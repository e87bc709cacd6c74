// The secrets and certificates of applications: addPassword, removePassword, addKey, removeKey.
#include <algorithm>

#include "base/text.h"
#include "platform/crypto/crypto.h"
#include "tenant/directory/credentials.h"
#include "tenant/graph/graph_wire.h"
#include "tenant/graph/read.h"
#include "tenant/graph/resources.h"
#include "tenant/graph/routes.h"

namespace wardbridge::graph {
namespace {

using directory::Application;
using directory::Credential;

// ENTRA: a secret holds for two years when nobody says otherwise.
constexpr Duration kUsualSecretLife = days{730};
constexpr std::size_t kSecretBytes = 30;
constexpr std::size_t kHintLength = 3;
constexpr std::size_t kLongestName = 120;
// ENTRA: what a proof of possession is written for, and how long it may hold.
constexpr std::string_view kProofAudience = "00000002-0000-0000-c000-000000000000";
constexpr Duration kLongestProof = minutes{10};

Result<Application> find_owner(store::Transaction& tx, const Call& call) {
  const auto& parameters = call.request.path_parameters;
  const auto by_app_id = parameters.find("appId");
  auto found = by_app_id != parameters.end()
                   ? directory::find_application(tx, call.caller.tenant, {by_app_id->second})
                   : directory::find_application_by_object_id(tx, call.caller.tenant, {call.parameter("id")});
  if (!found) return no_resource(asked_for(call));
  return *std::move(found);
}

struct Body {
  json::Value value;
  const json::Object& object() const { return value.get_object(); }
};

Result<Body> read_body(const Call& call) {
  if (call.request.body.empty()) return Body{json::Object{}};
  Body body{TRY(json::parse(call.request.body))};
  TRY(json::as_object(body.value));
  return body;
}

Result<Time> moment_at(const json::Object& object, std::string_view name, Time fallback) {
  const std::string text = TRY(json::optional_text(object, name));
  return text.empty() ? fallback : TRY(parse_iso8601(text));
}

// What both kinds of credential may say of themselves.
Status read_credential(const json::Object& object, const Call& call, Credential& credential) {
  credential.key_id = call.with.entropy.guid();
  credential.display_name = TRY(json::optional_text(object, "displayName"));
  if (credential.display_name.size() > kLongestName)
    return invalid("too_long", "`displayName` is longer than 120 bytes", "displayName");
  credential.start = TRY(moment_at(object, "startDateTime", credential.start));
  credential.end = TRY(moment_at(object, "endDateTime", credential.end));
  if (credential.end <= credential.start || credential.end <= call.now)
    return invalid("bad_end", "`endDateTime` must lie after `startDateTime` and in the future", "endDateTime");
  return done();
}

Status store_credential(const Call& call, const Credential& credential) {
  return call.with.store.write([&](store::Transaction& tx) -> Status {
    const Application application = TRY(find_owner(tx, call));
    return directory::add_credential(tx, call.caller.tenant, application.app_id, credential,
                                     call.caller.actor(call.request), call.now);
  });
}

Result<http::Response> add_password(const Call& call) {
  const Body body = TRY(read_body(call));
  const json::Object* wanted = json::object_at(body.object(), "passwordCredential");
  const std::string secret = call.with.entropy.token(kSecretBytes);
  Credential credential{.secret_hash = crypto::hash_token(secret),
                        .hint = secret.substr(0, kHintLength),
                        .start = call.now,
                        .end = call.now + kUsualSecretLife};
  TRY(read_credential(wanted ? *wanted : json::Object{}, call, credential));
  TRY(store_credential(call, credential));
  // INVARIANT: this answer is the only place where the secret's text ever stands; what is kept is its hash.
  json::Object shown{
      {"@odata.context", call.context("microsoft.graph.passwordCredential")},
      {"customKeyIdentifier", nullptr},
      {"displayName", credential.display_name.empty() ? json::Value() : json::Value(credential.display_name)},
      {"endDateTime", to_iso8601(credential.end, false)},
      {"hint", credential.hint},
      {"keyId", credential.key_id},
      {"secretText", secret},
      {"startDateTime", to_iso8601(credential.start, false)}};
  http::Response response = reply(call.request, 200, shown);
  response.headers.set("Cache-Control", "no-store");
  return response;
}

Result<http::Response> remove(const Call& call, Credential::Kind kind, const std::string& key_id) {
  TRY(call.with.store.write([&](store::Transaction& tx) -> Status {
    const Application application = TRY(find_owner(tx, call));
    auto removed = directory::remove_credential(tx, call.caller.tenant, application.app_id, key_id, kind,
                                                call.caller.actor(call.request), call.now);
    if (!removed.ok() && removed.failure().reason == "no_credential")
      return invalid("no_credential", "No credentials found to be removed.", "keyId");
    return removed;
  }));
  return empty_reply(call.request, 204);
}

Result<http::Response> remove_password(const Call& call) {
  const Body body = TRY(read_body(call));
  return remove(call, Credential::Kind::secret, TRY(json::required_text(body.object(), "keyId")));
}

// Whether the JWT shows that the caller holds the key of a certificate of the application that is still good.
bool is_proved(const std::vector<Credential>& credentials, const Application& application, std::string_view proof,
               Time now) {
  for (const Credential& credential : credentials) {
    if (credential.kind != Credential::Kind::certificate || now < credential.start || now >= credential.end) continue;
    auto der = crypto::der_from_pem(credential.certificate_pem);
    auto facts = der.ok() ? crypto::read_certificate(*der) : Result<crypto::CertificateFacts>(der.failure());
    if (!facts.ok()) continue;
    auto claims = crypto::verify_jws(proof, facts->key);
    if (!claims.ok()) continue;
    const auto expires = json::integer_at(*claims, "exp");
    const std::int64_t seconds_now = to_unix_seconds(now);
    return json::text_at(*claims, "aud") == kProofAudience && json::text_at(*claims, "iss") == application.id.value &&
           expires && *expires > seconds_now && *expires <= seconds_now + kLongestProof / seconds{1};
  }
  return false;
}

// ENTRA: who adds or removes a certificate proves to hold another one of the application.
// DEVIATION: the first certificate needs no proof: there is nothing yet to prove with.
Status check_proof(const Call& call, const json::Object& body) {
  const std::string proof = TRY(json::optional_text(body, "proof"));
  return call.with.store.read([&](store::Transaction& tx) -> Status {
    const Application application = TRY(find_owner(tx, call));
    const auto credentials = directory::credentials(tx, call.caller.tenant, application.app_id);
    const bool has_certificate = std::ranges::any_of(credentials, [&](const Credential& credential) {
      return credential.kind == Credential::Kind::certificate && call.now < credential.end;
    });
    if (!has_certificate || is_proved(credentials, application, proof, call.now)) return done();
    return Failure{Code::forbidden, "no_proof",
                   "`proof` does not show that you hold a certificate of the application."};
  });
}

Result<http::Response> add_key(const Call& call) {
  const Body body = TRY(read_body(call));
  const json::Object* wanted = json::object_at(body.object(), "keyCredential");
  if (!wanted) return invalid("missing_field", "`keyCredential` is missing", "keyCredential");
  if (TRY(json::optional_text(*wanted, "type", "AsymmetricX509Cert")) != "AsymmetricX509Cert" ||
      TRY(json::optional_text(*wanted, "usage", "Verify")) != "Verify")
    return invalid("bad_key_type", "only `AsymmetricX509Cert` with the usage `Verify` is taken", "type");
  auto der = text::from_base64(TRY(json::required_text(*wanted, "key")));
  if (!der) return invalid("bad_key", "`key` is not base64", "key");
  auto facts = crypto::read_certificate(*der);
  if (!facts.ok())
    return invalid("bad_key", "`key` is not a certificate that can be used: " + facts.failure().message, "key");
  Credential credential{.kind = Credential::Kind::certificate,
                        .certificate_pem = crypto::pem_from_der(*der, "CERTIFICATE"),
                        .thumbprint = text::to_base64url(crypto::sha1(*der)),
                        .start = facts->not_before,
                        .end = facts->not_after};
  TRY(read_credential(*wanted, call, credential));
  credential.end = std::min(credential.end, facts->not_after);
  TRY(check_proof(call, body.object()));
  TRY(store_credential(call, credential));
  return reply(call.request, 200,
               json::Object{{"@odata.context", call.context("microsoft.graph.keyCredential")},
                            {"customKeyIdentifier", credential.thumbprint},
                            {"displayName", credential.display_name},
                            {"endDateTime", to_iso8601(credential.end, false)},
                            {"key", nullptr},
                            {"keyId", credential.key_id},
                            {"startDateTime", to_iso8601(credential.start, false)},
                            {"type", "AsymmetricX509Cert"},
                            {"usage", "Verify"}});
}

Result<http::Response> remove_key(const Call& call) {
  const Body body = TRY(read_body(call));
  const std::string key_id = TRY(json::required_text(body.object(), "keyId"));
  TRY(check_proof(call, body.object()));
  return remove(call, Credential::Kind::certificate, key_id);
}

}  // namespace

const std::vector<Route>& credential_routes() {
  static const auto* const kRoutes = [] {
    const AnyOf writers{"Application.ReadWrite.All", "Directory.ReadWrite.All"};
    return new std::vector<Route>{
        {"POST", "/applications/{id}/addPassword", {writers}, add_password},
        {"POST", "/applications/{id}/removePassword", {writers}, remove_password},
        {"POST", "/applications/{id}/addKey", {writers}, add_key},
        {"POST", "/applications/{id}/removeKey", {writers}, remove_key},
        {"POST", "/applications(appId='{appId}')/addPassword", {writers}, add_password},
        {"POST", "/applications(appId='{appId}')/removePassword", {writers}, remove_password},
        {"POST", "/applications(appId='{appId}')/addKey", {writers}, add_key},
        {"POST", "/applications(appId='{appId}')/removeKey", {writers}, remove_key},
    };
  }();
  return *kRoutes;
}

}  // namespace wardbridge::graph
