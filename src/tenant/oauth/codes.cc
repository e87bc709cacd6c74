#include "tenant/oauth/codes.h"

#include "platform/crypto/crypto.h"
#include "tenant/tokens/tokens.h"

namespace wardbridge::oauth {

void add_code(store::Transaction& tx, const std::string& secret, const AuthorizationCode& code, Time now) {
  tx.execute("DELETE FROM oauth_code WHERE kept_until <= ?", {now});
  // A redeemed code is remembered as long as the token that was issued for it: its reuse takes that token back.
  tx.execute(
      "INSERT INTO oauth_code (code_hash, tenant_id, client_id, request, person, grant_id, token_id, expires, "
      "is_redeemed, kept_until) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?)",
      {crypto::hash_token(secret), code.tenant.value, code.request.client.value, json::to_text(to_json(code.request)),
       json::to_text(to_json(code.person)), code.grant_id, code.token_id, code.expires,
       Time{code.expires + tokens::kTokenLifetime}});
}

std::optional<TakenCode> take_code(store::Transaction& tx, const directory::TenantId& tenant,
                                   const directory::AppId& client, const std::string& secret, Time now) {
  const std::string hash = crypto::hash_token(secret);
  auto row = tx.query_one(
      "SELECT request, person, grant_id, token_id, expires FROM oauth_code "
      "WHERE code_hash = ? AND tenant_id = ? AND client_id = ? AND kept_until > ?",
      {hash, tenant.value, client.value, now});
  if (!row) return std::nullopt;
  TakenCode taken;
  taken.code = {.tenant = tenant,
                .request = authorization_request_from(row->text(0)),
                .person = person_from(row->text(1)),
                .grant_id = row->text(2),
                .token_id = row->text(3),
                .expires = row->time(4)};
  // Of several at the same time, exactly one touches the row.
  taken.was_redeemed_before =
      tx.execute("UPDATE oauth_code SET is_redeemed = 1 WHERE code_hash = ? AND is_redeemed = 0", {hash}) == 0;
  return taken;
}

std::optional<directory::TenantId> tenant_of_code(store::Transaction& tx, const std::string& secret) {
  auto row = tx.query_one("SELECT tenant_id FROM oauth_code WHERE code_hash = ?", {crypto::hash_token(secret)});
  if (!row) return std::nullopt;
  return directory::TenantId{row->text(0)};
}

}  // namespace wardbridge::oauth
