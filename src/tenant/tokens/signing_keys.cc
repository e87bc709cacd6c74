#include "tenant/tokens/signing_keys.h"

namespace wardbridge::tokens {
namespace {

constexpr Duration kActiveMemory = seconds{5};
constexpr crypto::Algorithm kFirstAlgorithm = crypto::Algorithm::RS256;

std::string sealing_context(const directory::TenantId& tenant, const std::string& key_id) {
  return "token_signing_key|" + tenant.value + "|" + key_id;
}

crypto::Algorithm algorithm_from(std::string_view name) {
  return name == crypto::name_of(crypto::Algorithm::ES256) ? crypto::Algorithm::ES256 : crypto::Algorithm::RS256;
}

struct ActiveKey {
  std::string id;
  crypto::Algorithm algorithm;
  std::string sealed_private_pem;
  Time active_from;
};

std::optional<ActiveKey> find_active(store::Transaction& tx, const directory::TenantId& tenant, Time now) {
  auto row = tx.query_one(
      "SELECT key_id, algorithm, sealed_private_pem, active_from FROM token_signing_key WHERE tenant_id = ? AND "
      "retiring > ? AND active_from <= ? ORDER BY active_from DESC, created DESC, key_id LIMIT 1",
      {tenant.value, now, now});
  if (!row) return std::nullopt;
  return ActiveKey{row->text(0), algorithm_from(row->text(1)), row->text(2), row->time(3)};
}

bool is_next_published(store::Transaction& tx, const directory::TenantId& tenant, Time now) {
  return tx
      .query_one("SELECT key_id FROM token_signing_key WHERE tenant_id = ? AND active_from > ? AND retiring > ?",
                 {tenant.value, now, now})
      .has_value();
}

KeyState state_at(const KeyRecord& key, Time now) {
  if (now >= key.retired) return KeyState::retired;
  if (now >= key.retiring) return KeyState::retiring;
  return now >= key.active_from ? KeyState::active : KeyState::published;
}

void record_key_change(store::Transaction& tx, const directory::TenantId& tenant, const char* activity,
                       const std::string& key_id, json::Object properties, const audit::Actor& by, Time now) {
  // INVARIANT: law 9
  directory::record_change(tx, tenant,
                           {.activity = activity,
                            .object_type = "SigningKey",
                            .object_id = key_id,
                            .object_name = key_id,
                            .properties = std::move(properties)},
                           by, now);
}

void insert_key(store::Transaction& tx, const directory::TenantId& tenant, const SigningKey& key,
                const std::string& sealed, Time active_from, const audit::Actor& by, Time now) {
  const char* algorithm = crypto::name_of(key.key.algorithm());
  tx.execute(
      "INSERT INTO token_signing_key (tenant_id, key_id, algorithm, public_pem, sealed_private_pem, created, "
      "active_from, retiring, retired) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      {tenant.value, key.id, algorithm, key.key.public_pem(), sealed, now, active_from, kNever, kNever});
  record_key_change(
      tx, tenant, "Add token signing key", key.id,
      {{"Algorithm", json::Object{{"new", algorithm}}}, {"ActiveFrom", json::Object{{"new", to_iso8601(active_from)}}}},
      by, now);
}

}  // namespace

const char* name_of(KeyState state) {
  switch (state) {
    case KeyState::published:
      return "published";
    case KeyState::active:
      return "active";
    case KeyState::retiring:
      return "retiring";
    case KeyState::retired:
      return "retired";
  }
  CHECK(false, "every state has a name");
}

std::optional<crypto::Key> SigningKeys::find_opened(const directory::TenantId& tenant, const std::string& key_id) {
  std::lock_guard lock(mutex_);
  auto opened = opened_.find({tenant.value, key_id});
  if (opened == opened_.end()) return std::nullopt;
  return opened->second;
}

std::optional<SigningKey> SigningKeys::remembered_active(const directory::TenantId& tenant, Time now) const {
  std::lock_guard lock(mutex_);
  auto found = active_.find(tenant.value);
  if (found == active_.end() || now < found->second.from || now >= found->second.until) return std::nullopt;
  return found->second.key;
}

SigningKey SigningKeys::remember_active(const directory::TenantId& tenant, SigningKey key, Time now) {
  std::lock_guard lock(mutex_);
  opened_.insert_or_assign({tenant.value, key.id}, key.key);
  active_.insert_or_assign(tenant.value, Remembered{key, now, now + kActiveMemory});
  return key;
}

Result<SigningKey> SigningKeys::active(const directory::TenantId& tenant, Time now) {
  if (auto remembered = remembered_active(tenant, now)) return *std::move(remembered);
  auto found = TRY(store_.read(
      [&](store::Transaction& tx) -> Result<std::optional<ActiveKey>> { return find_active(tx, tenant, now); }));
  if (!found) return make_first(tenant, now);
  if (auto opened = find_opened(tenant, found->id)) return remember_active(tenant, {found->id, *opened}, now);
  std::string pem = TRY(sealer_.open(found->sealed_private_pem, sealing_context(tenant, found->id)));
  return remember_active(tenant, {found->id, TRY(crypto::Key::from_private_pem(pem, found->algorithm))}, now);
}

Result<SigningKeys::Made> SigningKeys::make(const directory::TenantId& tenant, crypto::Algorithm algorithm) {
  if (algorithm == crypto::Algorithm::PS256)
    return invalid("bad_algorithm", "tokens are signed with `RS256` or `ES256`", "algorithm");
  crypto::Key key = TRY(crypto::Key::generate(algorithm));
  const SigningKey made{key.thumbprint(), key};
  return Made{made, sealer_.seal(key.private_pem(), sealing_context(tenant, made.id), entropy_)};
}

Result<SigningKey> SigningKeys::make_first(const directory::TenantId& tenant, Time now) {
  const Made made = TRY(make(tenant, kFirstAlgorithm));
  const bool inserted = TRY(store_.write([&](store::Transaction& tx) -> Result<bool> {
    if (find_active(tx, tenant, now)) return false;  // another process was first
    insert_key(tx, tenant, made.key, made.sealed, now, audit::Actor{}, now);
    return true;
  }));
  if (!inserted) return active(tenant, now);
  return remember_active(tenant, made.key, now);
}

Result<std::vector<SigningKey>> SigningKeys::verifying(const directory::TenantId& tenant, Time now) {
  TRY(active(tenant, now));
  return store_.read([&](store::Transaction& tx) -> Result<std::vector<SigningKey>> {
    std::vector<SigningKey> keys;
    for (const store::Row& row :
         tx.query("SELECT key_id, public_pem, algorithm FROM token_signing_key WHERE tenant_id = ? AND "
                  "(retired > ? OR is_retained = 1) ORDER BY active_from DESC, created DESC, key_id",
                  {tenant.value, now})) {
      keys.push_back({row.text(0), TRY(crypto::Key::from_public_pem(row.text(1), algorithm_from(row.text(2))))});
    }
    return keys;
  });
}

Result<crypto::Key> SigningKeys::verifying_key(store::Transaction& tx, const directory::TenantId& tenant,
                                               const std::string& key_id, Time now) {
  // INVARIANT: keys are looked up inside the expected tenant only; a key of another tenant doesn't exist here.
  auto row = tx.query_one(
      "SELECT public_pem, algorithm FROM token_signing_key WHERE tenant_id = ? AND key_id = ? AND "
      "(retired > ? OR is_retained = 1)",
      {tenant.value, key_id, now});
  if (!row) return Failure{Code::unauthenticated, "unknown_key", "no key of this tenant signed the token"};
  return crypto::Key::from_public_pem(row->text(0), algorithm_from(row->text(1)));
}

Result<std::vector<KeyRecord>> SigningKeys::all(const directory::TenantId& tenant, Time now) {
  return store_.read([&](store::Transaction& tx) -> Result<std::vector<KeyRecord>> {
    std::vector<KeyRecord> keys;
    for (const store::Row& row :
         tx.query("SELECT key_id, algorithm, created, active_from, retiring, retired, is_retained FROM "
                  "token_signing_key WHERE tenant_id = ? ORDER BY created DESC, active_from DESC, key_id",
                  {tenant.value})) {
      keys.push_back({.id = row.text(0),
                      .algorithm = algorithm_from(row.text(1)),
                      .created = row.time(2),
                      .active_from = row.time(3),
                      .retiring = row.time(4),
                      .retired = row.time(5),
                      .is_retained = row.flag(6)});
      keys.back().state = state_at(keys.back(), now);
    }
    return keys;
  });
}

Status SigningKeys::rotate(const directory::TenantId& tenant, const audit::Actor& by, Time now,
                           const Rotation& rotation) {
  if (rotation.withdraws_old && rotation.lead != Duration{})
    return invalid("bad_rotation", "a key that is withdrawn can't wait for the next one", "lead");
  const bool waits = rotation.lead > Duration{};
  auto before = TRY(store_.read(
      [&](store::Transaction& tx) -> Result<std::optional<ActiveKey>> { return find_active(tx, tenant, now); }));
  const Made made = TRY(make(tenant, rotation.algorithm.value_or(before ? before->algorithm : kFirstAlgorithm)));
  TRY(store_.write([&](store::Transaction& tx) -> Status {
    if (waits && is_next_published(tx, tenant, now))
      return conflict("key_is_published", "the next signing key is published already, and will take over by itself");
    const Time takes_over = now + rotation.lead;
    tx.execute("UPDATE token_signing_key SET retiring = ?, retired = ? WHERE tenant_id = ? AND retiring > ?",
               {takes_over, rotation.withdraws_old ? now : Time{takes_over + kKeyOverlap}, tenant.value, takes_over});
    if (rotation.withdraws_old)
      tx.execute(
          "UPDATE token_signing_key SET retired = ?, is_retained = 0 WHERE tenant_id = ? AND "
          "(retired > ? OR is_retained = 1)",
          {now, tenant.value, now});
    insert_key(tx, tenant, made.key, made.sealed, takes_over, by, now);
    return done();
  }));
  std::lock_guard lock(mutex_);
  active_.erase(tenant.value);
  return done();
}

Result<bool> SigningKeys::rotate_when_due(const directory::TenantId& tenant, Duration period, Time now) {
  TRY(active(tenant, now));
  const bool is_due = TRY(store_.read([&](store::Transaction& tx) -> Result<bool> {
    auto key = find_active(tx, tenant, now);
    return key && now + kKeyLead >= key->active_from + period && !is_next_published(tx, tenant, now);
  }));
  if (!is_due) return false;
  Status rotated = rotate(tenant, {.name = "key rotation"}, now, {.lead = kKeyLead});
  // Another process of this tenant was faster.
  if (!rotated.ok() && rotated.failure().reason == "key_is_published") return false;
  TRY(std::move(rotated));
  return true;
}

Status SigningKeys::retain(const directory::TenantId& tenant, const std::string& key_id, bool is_retained,
                           const audit::Actor& by, Time now) {
  return store_.write([&](store::Transaction& tx) -> Status {
    auto row = tx.query_one("SELECT is_retained FROM token_signing_key WHERE tenant_id = ? AND key_id = ?",
                            {tenant.value, key_id});
    if (!row) return not_found("no_key", "the tenant has no signing key `" + key_id.substr(0, 64) + "`");
    if (row->flag(0) == is_retained) return done();
    tx.execute("UPDATE token_signing_key SET is_retained = ? WHERE tenant_id = ? AND key_id = ?",
               {is_retained, tenant.value, key_id});
    record_key_change(tx, tenant, "Update token signing key", key_id,
                      {{"IsRetained", json::Object{{"old", !is_retained}, {"new", is_retained}}}}, by, now);
    return done();
  });
}

}  // namespace wardbridge::tokens
