#include "tenant/tokens/signing_keys.h"

#include "tenant/tokens/tokens.h"

namespace wardbridge::tokens {
namespace {

constexpr crypto::Algorithm kAlgorithm = crypto::Algorithm::RS256;

std::string sealing_context(const directory::TenantId& tenant, const std::string& key_id) {
  return "token_signing_key|" + tenant.value + "|" + key_id;
}

struct SealedKey {
  std::string id;
  std::string sealed_private_pem;
};

std::optional<SealedKey> find_active(store::Transaction& tx, const directory::TenantId& tenant, Time now) {
  auto row = tx.query_one(
      "SELECT key_id, sealed_private_pem FROM token_signing_key WHERE tenant_id = ? AND retiring > ? "
      "ORDER BY created DESC, key_id LIMIT 1",
      {tenant.value, now});
  if (!row) return std::nullopt;
  return SealedKey{row->text(0), row->text(1)};
}

}  // namespace

Result<SigningKey> SigningKeys::active(const directory::TenantId& tenant, Time now) {
  auto found = TRY(store_.read(
      [&](store::Transaction& tx) -> Result<std::optional<SealedKey>> { return find_active(tx, tenant, now); }));
  if (!found) return make_first(tenant, now);

  const auto name = std::pair{tenant.value, found->id};
  {
    std::lock_guard lock(mutex_);
    if (auto opened = opened_.find(name); opened != opened_.end()) return SigningKey{found->id, opened->second};
  }
  std::string pem = TRY(sealer_.open(found->sealed_private_pem, sealing_context(tenant, found->id)));
  crypto::Key key = TRY(crypto::Key::from_private_pem(pem, kAlgorithm));
  std::lock_guard lock(mutex_);
  opened_.emplace(name, key);
  return SigningKey{found->id, key};
}

Result<SigningKey> SigningKeys::make_first(const directory::TenantId& tenant, Time now) {
  // Made outside the transaction: it takes long, and writers wait for each other.
  crypto::Key key = TRY(crypto::Key::generate(kAlgorithm));
  const SigningKey made{key.thumbprint(), key};
  const std::string sealed = sealer_.seal(key.private_pem(), sealing_context(tenant, made.id), entropy_);
  auto insert_unless_another_was_first = [&](store::Transaction& tx) -> Result<bool> {
    if (find_active(tx, tenant, now)) return false;
    TRY(insert(tx, tenant, made, sealed, audit::Actor{}, now));
    return true;
  };
  const bool inserted = TRY(store_.write(insert_unless_another_was_first));
  if (!inserted) return active(tenant, now);
  std::lock_guard lock(mutex_);
  opened_.emplace(std::pair{tenant.value, made.id}, key);
  return made;
}

Status SigningKeys::insert(store::Transaction& tx, const directory::TenantId& tenant, const SigningKey& key,
                           const std::string& sealed, const audit::Actor& by, Time now) {
  tx.execute(
      "INSERT INTO token_signing_key (tenant_id, key_id, algorithm, public_pem, sealed_private_pem, created, retiring, "
      "retired) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      {tenant.value, key.id, crypto::name_of(kAlgorithm), key.key.public_pem(), sealed, now, kNever, kNever});
  // INVARIANT: law 9
  directory::record_change(tx, tenant,
                           {.activity = "Add token signing key",
                            .object_type = "SigningKey",
                            .object_id = key.id,
                            .object_name = key.id,
                            .properties = {{"Algorithm", json::Object{{"new", crypto::name_of(kAlgorithm)}}}}},
                           by, now);
  return done();
}

Result<std::vector<SigningKey>> SigningKeys::verifying(const directory::TenantId& tenant, Time now) {
  TRY(active(tenant, now));
  return store_.read([&](store::Transaction& tx) -> Result<std::vector<SigningKey>> {
    std::vector<SigningKey> keys;
    for (const store::Row& row :
         tx.query("SELECT key_id, public_pem FROM token_signing_key WHERE tenant_id = ? AND retired > ? "
                  "ORDER BY created DESC, key_id",
                  {tenant.value, now})) {
      keys.push_back({row.text(0), TRY(crypto::Key::from_public_pem(row.text(1), kAlgorithm))});
    }
    return keys;
  });
}

Result<crypto::Key> SigningKeys::verifying_key(store::Transaction& tx, const directory::TenantId& tenant,
                                               const std::string& key_id, Time now) {
  // INVARIANT: keys are looked up inside the expected tenant only; a key of another tenant doesn't exist here.
  auto row = tx.query_one("SELECT public_pem FROM token_signing_key WHERE tenant_id = ? AND key_id = ? AND retired > ?",
                          {tenant.value, key_id, now});
  if (!row) return Failure{Code::unauthenticated, "unknown_key", "no key of this tenant signed the token"};
  return crypto::Key::from_public_pem(row->text(0), kAlgorithm);
}

Status SigningKeys::rotate(const directory::TenantId& tenant, const audit::Actor& by, Time now) {
  crypto::Key key = TRY(crypto::Key::generate(kAlgorithm));
  const SigningKey made{key.thumbprint(), key};
  const std::string sealed = sealer_.seal(key.private_pem(), sealing_context(tenant, made.id), entropy_);
  return store_.write([&](store::Transaction& tx) -> Status {
    tx.execute("UPDATE token_signing_key SET retiring = ?, retired = ? WHERE tenant_id = ? AND retiring > ?",
               {now, Time{now + kKeyOverlap}, tenant.value, now});
    return insert(tx, tenant, made, sealed, by, now);
  });
}

}  // namespace wardbridge::tokens
