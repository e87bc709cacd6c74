#include "tenant/oauth/grants.h"

#include <algorithm>

#include "platform/crypto/crypto.h"

namespace wardbridge::oauth {
namespace {

json::Object document_of(const Grant& grant) {
  return {{"is_confidential", grant.is_confidential},
          {"redirect_kind", name_of(grant.redirect_kind)},
          {"version", grant.version == tokens::Version::v1 ? 1 : 2},
          {"scope", grant.scope},
          {"resource", grant.resource},
          {"resource_app", grant.resource_app.value},
          {"person", json::to_text(to_json(grant.person))}};
}

void read_document(Grant& grant, std::string_view text) {
  auto value = json::parse(text);
  CHECK(value.ok() && value->is_object(), "what this room stored is readable");
  const json::Object& object = value->get_object();
  auto member = [&](std::string_view key) { return std::string(json::text_at(object, key).value_or("")); };
  grant.is_confidential = json::bool_at(object, "is_confidential").value_or(true);
  grant.redirect_kind = redirect_kind_from(member("redirect_kind"));
  grant.version = json::integer_at(object, "version") == 1 ? tokens::Version::v1 : tokens::Version::v2;
  grant.scope = member("scope");
  grant.resource = member("resource");
  grant.resource_app = {member("resource_app")};
  grant.person = person_from(member("person"));
}

}  // namespace

void add_grant(store::Transaction& tx, const Grant& grant, Time now) {
  const std::string ended = "SELECT grant_id FROM oauth_grant WHERE ends <= ?";
  tx.execute("DELETE FROM oauth_refresh_token WHERE grant_id IN (" + ended + ")", {now});
  tx.execute("DELETE FROM oauth_grant_token WHERE expires <= ?", {now});
  tx.execute("DELETE FROM oauth_grant WHERE ends <= ?", {now});
  tx.execute(
      "INSERT INTO oauth_grant (grant_id, tenant_id, client_id, document, ends, is_revoked) VALUES (?, ?, ?, ?, ?, 0)",
      {grant.id, grant.tenant.value, grant.client.value, json::to_text(document_of(grant)), grant.ends});
}

bool add_access_token(store::Transaction& tx, const Grant& grant, const std::string& token_id, Time expires, Time now) {
  if (!tx.query_one(
          "SELECT grant_id FROM oauth_grant WHERE grant_id = ? AND is_revoked = 0" + std::string(tx.lock_rows()),
          {grant.id}))
    return false;
  tx.execute("DELETE FROM oauth_grant_token WHERE grant_id = ? AND expires <= ?", {grant.id, now});
  tx.execute("INSERT INTO oauth_grant_token (grant_id, token_id, expires) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
             {grant.id, token_id, expires});
  return true;
}

void add_refresh_token(store::Transaction& tx, const Grant& grant, const std::string& secret, Time now) {
  tx.execute("INSERT INTO oauth_refresh_token (token_hash, grant_id, is_used, expires) VALUES (?, ?, 0, ?)",
             {crypto::hash_token(secret), grant.id, std::min(grant.ends, Time{now + kRefreshTokenIdle})});
}

std::optional<PresentedToken> find_refresh_token(store::Transaction& tx, const directory::TenantId& tenant,
                                                 const directory::AppId& client, const std::string& secret, Time now) {
  auto row = tx.query_one(
      "SELECT oauth_grant.grant_id, oauth_grant.document, oauth_grant.ends, oauth_grant.is_revoked, "
      "oauth_refresh_token.is_used, oauth_refresh_token.expires FROM oauth_refresh_token JOIN oauth_grant "
      "ON oauth_grant.grant_id = oauth_refresh_token.grant_id WHERE oauth_refresh_token.token_hash = ? "
      "AND oauth_grant.tenant_id = ? AND oauth_grant.client_id = ?",
      {crypto::hash_token(secret), tenant.value, client.value});
  if (!row) return std::nullopt;
  PresentedToken presented{.is_used = row->flag(4), .is_expired = now >= row->time(5), .is_revoked = row->flag(3)};
  presented.grant = {.id = row->text(0), .tenant = tenant, .client = client, .ends = row->time(2)};
  read_document(presented.grant, row->text(1));
  return presented;
}

bool use_refresh_token(store::Transaction& tx, const std::string& secret) {
  return tx.execute("UPDATE oauth_refresh_token SET is_used = 1 WHERE token_hash = ? AND is_used = 0",
                    {crypto::hash_token(secret)}) == 1;
}

std::optional<directory::TenantId> tenant_of_refresh_token(store::Transaction& tx, const std::string& secret) {
  auto row = tx.query_one(
      "SELECT oauth_grant.tenant_id FROM oauth_refresh_token JOIN oauth_grant "
      "ON oauth_grant.grant_id = oauth_refresh_token.grant_id WHERE oauth_refresh_token.token_hash = ?",
      {crypto::hash_token(secret)});
  if (!row) return std::nullopt;
  return directory::TenantId{row->text(0)};
}

std::vector<std::string> revoke_grant(store::Transaction& tx, const std::string& grant_id) {
  tx.execute("UPDATE oauth_grant SET is_revoked = 1 WHERE grant_id = ?", {grant_id});
  std::vector<std::string> token_ids;
  for (const store::Row& row : tx.query("SELECT token_id FROM oauth_grant_token WHERE grant_id = ?", {grant_id}))
    token_ids.push_back(row.text(0));
  return token_ids;
}

}  // namespace wardbridge::oauth
