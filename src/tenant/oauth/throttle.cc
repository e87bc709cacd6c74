#include "tenant/oauth/throttle.h"

#include "base/text.h"
#include "platform/crypto/crypto.h"

namespace wardbridge::oauth {
namespace {

std::string key_of(std::string_view kind, std::string_view a, std::string_view b = {}) {
  return crypto::hash_token(std::string(kind) + "\n" + text::lower(a) + "\n" + std::string(b));
}

std::string address_key(const Attempt& attempt) { return key_of("address", attempt.address); }

bool is_familiar(store::Transaction& tx, const Attempt& attempt, const std::string& place, Time now) {
  return tx
      .query_one("SELECT place FROM oauth_familiar_place WHERE tenant_id = ? AND place = ? AND expires > ?",
                 {attempt.tenant.value, place, now})
      .has_value();
}

// Under which name the account's failures are counted: the familiar place's own, or the one of all strangers.
std::string account_key(store::Transaction& tx, const Attempt& attempt, Time now) {
  for (const auto& [kind, value] : {std::pair{"browser", &attempt.browser}, {"from", &attempt.address}}) {
    const std::string place = key_of(kind, attempt.account, *value);
    if (!value->empty() && is_familiar(tx, attempt, place, now)) return place;
  }
  return key_of("account", attempt.account);
}

bool has_failed(store::Transaction& tx, const Attempt& attempt, const std::string& key, int limit, Time now) {
  return tx
      .query_one(
          "SELECT failures FROM oauth_lockout WHERE tenant_id = ? AND login = ? AND expires > ? AND failures >= ?",
          {attempt.tenant.value, key, now, limit})
      .has_value();
}

void count(store::Transaction& tx, const Attempt& attempt, const std::string& key, Time now) {
  tx.execute(
      "INSERT INTO oauth_lockout (tenant_id, login, failures, expires) VALUES (?, ?, 1, ?) "
      "ON CONFLICT (tenant_id, login) DO UPDATE SET failures = oauth_lockout.failures + 1, expires = excluded.expires",
      {attempt.tenant.value, key, Time{now + kLockTime}});
}

}  // namespace

bool is_locked(store::Transaction& tx, const Attempt& attempt, Time now) {
  return has_failed(tx, attempt, address_key(attempt), kFailuresOfAnAddress, now) ||
         has_failed(tx, attempt, account_key(tx, attempt, now), kFailuresBeforeLock, now);
}

void count_failure(store::Transaction& tx, const Attempt& attempt, Time now) {
  tx.execute("DELETE FROM oauth_lockout WHERE expires <= ?", {now});
  count(tx, attempt, account_key(tx, attempt, now), now);
  if (!attempt.address.empty()) count(tx, attempt, address_key(attempt), now);
}

void remember_success(store::Transaction& tx, const Attempt& attempt, Time now) {
  tx.execute("DELETE FROM oauth_familiar_place WHERE expires <= ?", {now});
  // Only this place's own failures: those of strangers go on counting against strangers.
  const std::string own_key = account_key(tx, attempt, now);
  if (own_key != key_of("account", attempt.account))
    tx.execute("DELETE FROM oauth_lockout WHERE tenant_id = ? AND login = ?", {attempt.tenant.value, own_key});
  for (const auto& [kind, value] : {std::pair{"browser", &attempt.browser}, {"from", &attempt.address}}) {
    if (value->empty()) continue;
    tx.execute(
        "INSERT INTO oauth_familiar_place (tenant_id, place, expires) VALUES (?, ?, ?) "
        "ON CONFLICT (tenant_id, place) DO UPDATE SET expires = excluded.expires",
        {attempt.tenant.value, key_of(kind, attempt.account, *value), Time{now + kFamiliarTime}});
  }
}

}  // namespace wardbridge::oauth
