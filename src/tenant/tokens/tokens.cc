#include "tenant/tokens/tokens.h"

#include <algorithm>

#include "tenant/tokens/claims.h"
#include "tenant/tokens/signing_keys.h"
#include "tenant/tokens/verified_tokens.h"

namespace wardbridge::tokens {
namespace {

constexpr std::size_t kVerifiedTokens = 4096;
constexpr std::size_t kTokenIdBytes = 16;
constexpr std::size_t kClaimsBytes = 4096;  // more is fine, too

}  // namespace

bool Caller::may(std::string_view permission) const {
  return std::ranges::find(is_application ? roles : scopes, permission) != (is_application ? roles : scopes).end();
}

audit::Actor Caller::actor(const http::Request& request) const {
  return {.kind = is_application ? audit::Actor::Kind::application : audit::Actor::Kind::user,
          .id = is_application ? client.value : subject.value,
          .name = name,
          .address = request.peer.address};
}

struct Authority::State {
  State(store::Store& the_store, const crypto::Sealer& sealer, Entropy& the_entropy, std::string the_base_url)
      : store(the_store),
        entropy(the_entropy),
        base_url(std::move(the_base_url)),
        keys(the_store, sealer, the_entropy),
        verified(kVerifiedTokens) {}

  store::Store& store;
  Entropy& entropy;
  const std::string base_url;
  SigningKeys keys;
  VerifiedTokens verified;
};

Authority::Authority(store::Store& store, const crypto::Sealer& sealer, Entropy& entropy, std::string base_url)
    : state_(std::make_unique<State>(store, sealer, entropy, std::move(base_url))) {}

Authority::~Authority() = default;

const std::string& Authority::base_url() const { return state_->base_url; }

std::string Authority::issuer(const directory::TenantId& tenant, Version version) const {
  return state_->base_url + "/" + tenant.value + (version == Version::v1 ? "/" : "/v2.0");
}

bool Authority::remembers_key(const directory::TenantId& tenant, Time now) const {
  return state_->keys.remembered_active(tenant, now).has_value();
}

std::string Authority::new_token_id() { return state_->entropy.token(kTokenIdBytes); }

Result<std::string> Authority::issue(const directory::TenantId& tenant, const AccessToken& token, Time now) {
  const SigningKey key = TRY(state_->keys.active(tenant, now));
  const std::string id = token.id.empty() ? new_token_id() : token.id;
  json::Arena arena(kClaimsBytes);
  const Envelope envelope{issuer(tenant, token.version), tenant, id, now, arena.storage()};
  json::Object header{{"typ", "JWT"}, {"kid", key.id}};
  // ENTRA: version 1 tokens name the key twice.
  if (token.version == Version::v1) header["x5t"] = key.id;
  return crypto::sign_jws(std::move(header), access_claims(envelope, token), key.key);
}

Result<std::string> Authority::issue(const directory::TenantId& tenant, const IdToken& token, Time now) {
  const SigningKey key = TRY(state_->keys.active(tenant, now));
  const Envelope envelope{issuer(tenant, token.version), tenant, new_token_id(), now};
  return crypto::sign_jws({{"typ", "JWT"}, {"kid", key.id}}, id_claims(envelope, token), key.key);
}

Result<json::Object> Authority::key_set(const directory::TenantId& tenant, Version version, Time now) {
  json::Array keys;
  for (const SigningKey& signing : TRY(state_->keys.verifying(tenant, now))) {
    json::Object key = signing.key.public_jwk();
    key["use"] = "sig";
    key["alg"] = crypto::name_of(signing.key.algorithm());
    key["kid"] = signing.id;
    key["x5t"] = signing.id;
    if (version == Version::v2) key["issuer"] = issuer(tenant, version);
    keys.push_back(std::move(key));
  }
  return json::Object{{"keys", std::move(keys)}};
}

Result<std::vector<KeyRecord>> Authority::keys(const directory::TenantId& tenant, Time now) {
  TRY(state_->keys.active(tenant, now));
  return state_->keys.all(tenant, now);
}

Status Authority::rotate_key(const directory::TenantId& tenant, const audit::Actor& by, Time now, Rotation rotation) {
  TRY(state_->keys.rotate(tenant, by, now, rotation));
  if (rotation.withdraws_old) state_->verified.forget_all();
  return done();
}

Result<bool> Authority::rotate_key_when_due(const directory::TenantId& tenant, Duration period, Time now) {
  return state_->keys.rotate_when_due(tenant, period, now);
}

Status Authority::retain_key(const directory::TenantId& tenant, const std::string& key_id, bool is_retained,
                             const audit::Actor& by, Time now) {
  return state_->keys.retain(tenant, key_id, is_retained, by, now);
}

std::string Authority::subject_of(const directory::TenantId& tenant, const directory::ObjectId& user,
                                  const directory::AppId& application) {
  return pairwise_subject(tenant, user, application.value);
}

Result<json::Object> Authority::read_id_token_hint(const directory::TenantId& tenant, std::string_view token,
                                                   Time now) {
  auto peeked = crypto::peek_jws(token);
  if (!peeked.ok()) return refused("bad_token", "the token is not a signed token: " + peeked.failure().message);
  auto key_id = json::text_at(peeked->header, "kid");
  if (!key_id || json::text_at(peeked->header, "typ") != "JWT")
    return refused("bad_token", "the token's header does not name its type and its key");
  crypto::Key key = TRY(state_->store.read([&](store::Transaction& tx) -> Result<crypto::Key> {
    return SigningKeys::verifying_key(tx, tenant, std::string(*key_id), now);
  }));
  auto claims = crypto::verify_jws(token, key);
  if (!claims.ok()) return refused("bad_signature", "the token's signature is not valid: " + claims.failure().message);
  auto issued_by = json::text_at(*claims, "iss");
  if (issued_by != issuer(tenant, Version::v1) && issued_by != issuer(tenant, Version::v2))
    return refused("wrong_issuer", "the token comes from another issuer");
  // Access tokens name their kind; a hint must not be one of them.
  if (claims->contains("idtyp")) return refused("bad_token", "the token is not an id token");
  return *claims;
}

Status Authority::revoke(const directory::TenantId& tenant, const std::string& token_id, Time expires, Time now) {
  TRY(state_->store.write([&](store::Transaction& tx) -> Status {
    tx.execute("DELETE FROM token_revocation WHERE expires <= ?", {now});
    tx.execute("INSERT INTO token_revocation (tenant_id, token_id, expires) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
               {tenant.value, token_id, expires});
    return done();
  }));
  state_->verified.forget_all();
  return done();
}

Result<Caller> Authority::verify(const directory::TenantId& tenant, std::string_view token,
                                 const directory::AppId& audience, Time now) {
  if (auto caller = state_->verified.find(token, tenant, audience, now)) return *caller;

  auto peeked = crypto::peek_jws(token);
  if (!peeked.ok()) return refused("bad_token", "the token is not a signed token: " + peeked.failure().message);
  auto key_id = json::text_at(peeked->header, "kid");
  if (!key_id || json::text_at(peeked->header, "typ") != "JWT")
    return refused("bad_token", "the token's header does not name its type and its key");
  if (json::text_at(peeked->claims, "tid") != tenant.value)
    return refused("wrong_tenant", "the token belongs to another tenant");

  Expected expected{tenant, issuer(tenant, Version::v1), issuer(tenant, Version::v2), {audience.value}};
  // The outputs are set by assignment: the store may run the body more than once.
  std::vector<std::string> identifier_uris;
  crypto::Key key = TRY(state_->store.read([&](store::Transaction& tx) -> Result<crypto::Key> {
    auto resource = directory::find_application(tx, tenant, audience);
    identifier_uris = resource ? resource->identifier_uris : std::vector<std::string>{};
    return SigningKeys::verifying_key(tx, tenant, std::string(*key_id), now);
  }));
  expected.audiences.insert(expected.audiences.end(), identifier_uris.begin(), identifier_uris.end());

  auto claims = crypto::verify_jws(token, key);
  if (!claims.ok()) return refused("bad_signature", "the token's signature is not valid: " + claims.failure().message);
  Believed believed = TRY(read_access_claims(*claims, expected, now));
  TRY(refuse_revoked(tenant, believed.token_id));
  state_->verified.add(token, audience, believed.caller, believed.expires, now);
  return believed.caller;
}

Status Authority::refuse_revoked(const directory::TenantId& tenant, const std::string& token_id) {
  return state_->store.read([&](store::Transaction& tx) -> Status {
    if (tx.query_one("SELECT token_id FROM token_revocation WHERE tenant_id = ? AND token_id = ?",
                     {tenant.value, token_id}))
      return refused("token_revoked", "the token was taken back");
    return done();
  });
}

Result<Caller> Authority::authenticate(const http::Request& request, const directory::AppId& audience) {
  auto token = request.bearer_token();
  if (!token) return refused("no_token", "the request carries no bearer token");
  auto peeked = crypto::peek_jws(*token);
  if (!peeked.ok()) return refused("bad_token", "the token is not a signed token: " + peeked.failure().message);
  // The token only says where to look; whether it is believed is decided by that tenant's keys.
  auto tenant = json::text_at(peeked->claims, "tid");
  if (!tenant || !text::is_guid(*tenant)) return refused("bad_token", "the token names no tenant");
  return verify(directory::TenantId{std::string(*tenant)}, *token, audience, request.received);
}

}  // namespace wardbridge::tokens
