#include "tenant/oauth/pending_sign_ins.h"

#include "platform/crypto/crypto.h"

namespace wardbridge::oauth {
namespace {

const char* name_of(Stage stage) { return stage == Stage::password ? "password" : "device"; }

std::string lockout_key(const std::string& login) { return crypto::hash_token(text::lower(login)); }

}  // namespace

void begin(store::Transaction& tx, const PendingSignIn& pending, Time now) {
  tx.execute("DELETE FROM oauth_pending_sign_in WHERE expires <= ?", {now});
  tx.execute(
      "INSERT INTO oauth_pending_sign_in (context_hash, tenant_id, stage, request, correlation_id, attempts, user_id, "
      "authenticated, nonce_hash, expires) VALUES (?, ?, ?, ?, ?, 0, '', 0, '', ?)",
      {crypto::hash_token(pending.context), pending.tenant.value, name_of(Stage::password),
       json::to_text(to_json(pending.request)), pending.correlation_id, Time{now + kSignInTime}});
}

std::optional<PendingSignIn> find_pending(store::Transaction& tx, const directory::TenantId& tenant,
                                          std::string_view context, Stage stage, Time now) {
  auto row = tx.query_one(
      "SELECT request, correlation_id, user_id, authenticated, nonce_hash FROM oauth_pending_sign_in "
      "WHERE context_hash = ? AND tenant_id = ? AND stage = ? AND expires > ?",
      {crypto::hash_token(context), tenant.value, name_of(stage), now});
  if (!row) return std::nullopt;
  return PendingSignIn{.context = std::string(context),
                       .tenant = tenant,
                       .request = authorization_request_from(row->text(0)),
                       .correlation_id = row->text(1),
                       .stage = stage,
                       .user = {row->text(2)},
                       .authenticated = row->time(3),
                       .nonce_hash = row->text(4)};
}

void count_attempt(store::Transaction& tx, const PendingSignIn& pending) {
  const std::string hash = crypto::hash_token(pending.context);
  tx.execute("UPDATE oauth_pending_sign_in SET attempts = attempts + 1 WHERE context_hash = ?", {hash});
  tx.execute("DELETE FROM oauth_pending_sign_in WHERE context_hash = ? AND attempts >= ?", {hash, kPasswordAttempts});
}

bool advance_to_device(store::Transaction& tx, const PendingSignIn& pending) {
  return tx.execute(
             "UPDATE oauth_pending_sign_in SET stage = ?, user_id = ?, authenticated = ?, nonce_hash = ? "
             "WHERE context_hash = ? AND stage = ?",
             {name_of(Stage::device), pending.user.value, pending.authenticated, pending.nonce_hash,
              crypto::hash_token(pending.context), name_of(Stage::password)}) == 1;
}

bool finish(store::Transaction& tx, const PendingSignIn& pending) {
  return tx.execute("DELETE FROM oauth_pending_sign_in WHERE context_hash = ? AND stage = ?",
                    {crypto::hash_token(pending.context), name_of(pending.stage)}) == 1;
}

bool is_locked(store::Transaction& tx, const directory::TenantId& tenant, const std::string& login, Time now) {
  return tx
      .query_one(
          "SELECT failures FROM oauth_lockout WHERE tenant_id = ? AND login = ? AND expires > ? "
          "AND failures >= ?",
          {tenant.value, lockout_key(login), now, kFailuresBeforeLock})
      .has_value();
}

void count_failure(store::Transaction& tx, const directory::TenantId& tenant, const std::string& login, Time now) {
  tx.execute("DELETE FROM oauth_lockout WHERE expires <= ?", {now});
  tx.execute(
      "INSERT INTO oauth_lockout (tenant_id, login, failures, expires) VALUES (?, ?, 1, ?) "
      "ON CONFLICT (tenant_id, login) DO UPDATE SET failures = oauth_lockout.failures + 1, expires = excluded.expires",
      {tenant.value, lockout_key(login), Time{now + kLockTime}});
}

void forget_failures(store::Transaction& tx, const directory::TenantId& tenant, const std::string& login) {
  tx.execute("DELETE FROM oauth_lockout WHERE tenant_id = ? AND login = ?", {tenant.value, lockout_key(login)});
}

}  // namespace wardbridge::oauth
