#include "tenant/oauth/sessions.h"

#include "base/text.h"
#include "platform/crypto/crypto.h"

namespace wardbridge::oauth {
namespace {

std::vector<std::string> method_words(std::string_view text) {
  std::vector<std::string> words;
  for (std::string_view word : text::split(text, ' '))
    if (!word.empty()) words.emplace_back(word);
  return words;
}

}  // namespace

std::string credential_mark(const directory::User& user) { return crypto::hash_token(user.password_hash); }

std::optional<Session> find_session(store::Transaction& tx, const directory::TenantId& tenant,
                                    const std::optional<std::string>& secret, Time now) {
  if (!secret) return std::nullopt;
  auto row = tx.query_one(
      "SELECT session_id, user_id, authenticated, methods, credential_mark FROM oauth_session "
      "WHERE secret_hash = ? AND tenant_id = ? AND expires > ?",
      {crypto::hash_token(*secret), tenant.value, now});
  if (!row) return std::nullopt;
  auto user = directory::find_user(tx, tenant, {row->text(1)});
  if (!user || !user->account_enabled || credential_mark(*user) != row->text(4)) return std::nullopt;
  return Session{row->text(0), *std::move(user), row->time(2), method_words(row->text(3))};
}

bool is_session_as_stored(store::Transaction& tx, const directory::TenantId& tenant, const std::string& session_id,
                          Time authenticated, const std::vector<std::string>& methods) {
  auto row = tx.query_one("SELECT authenticated, methods FROM oauth_session WHERE tenant_id = ? AND session_id = ?",
                          {tenant.value, session_id});
  return row && row->time(0) == authenticated && row->text(1) == text::join(methods, " ");
}

void add_session(store::Transaction& tx, const directory::TenantId& tenant, const Session& session,
                 const std::string& secret, Time now) {
  end_session(tx, tenant, session.id);
  tx.execute("DELETE FROM oauth_session WHERE expires <= ?", {now});
  tx.execute(
      "INSERT INTO oauth_session (secret_hash, session_id, tenant_id, user_id, authenticated, methods, "
      "credential_mark, expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      {crypto::hash_token(secret), session.id, tenant.value, session.user.id.value, session.authenticated,
       text::join(session.methods, " "), credential_mark(session.user),
       Time{session.authenticated + kSessionLifetime}});
}

void end_session(store::Transaction& tx, const directory::TenantId& tenant, const std::string& session_id) {
  tx.execute("DELETE FROM oauth_session WHERE tenant_id = ? AND session_id = ?", {tenant.value, session_id});
}

}  // namespace wardbridge::oauth
