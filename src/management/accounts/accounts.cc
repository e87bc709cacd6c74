#include "management/accounts/accounts.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "platform/crypto/crypto.h"

namespace wardbridge::accounts {
namespace {

constexpr std::string_view kAccountColumns = "id, username, real_name, email, privilege_set, privileges, enabled";
constexpr std::string_view kIntegrationColumns =
    "id, display_name, enabled, access_token_lifetime_seconds, roles, client_id";

std::vector<std::string> texts_from(const std::string& stored) {
  std::vector<std::string> texts;
  for (std::string_view part : text::split(stored, '\n')) {
    if (!part.empty()) texts.emplace_back(part);
  }
  return texts;
}

std::string roles_text(const std::vector<RoleId>& roles) {
  std::vector<std::string> parts;
  for (RoleId role : roles) parts.push_back(std::to_string(role.value));
  return text::join(parts, "\n");
}

std::vector<RoleId> roles_from(const std::string& stored) {
  std::vector<RoleId> roles;
  for (const std::string& part : texts_from(stored)) roles.push_back(RoleId{text::parse_integer(part).value_or(0)});
  return roles;
}

Account account_from(const store::Row& row) {
  Account account;
  account.id = AccountId{row.integer(0)};
  account.username = row.text(1);
  account.real_name = row.text(2);
  account.email = row.text(3);
  for (auto set : {PrivilegeSet::administrator, PrivilegeSet::auditor, PrivilegeSet::custom}) {
    if (row.text(4) == wire_name(set)) account.privilege_set = set;
  }
  account.privileges = texts_from(row.text(5));
  account.enabled = row.flag(6);
  return account;
}

ApiRole role_from(const store::Row& row) { return {RoleId{row.integer(0)}, row.text(1), texts_from(row.text(2))}; }

ApiIntegration integration_from(const store::Row& row) {
  ApiIntegration integration;
  integration.id = IntegrationId{row.integer(0)};
  integration.display_name = row.text(1);
  integration.enabled = row.flag(2);
  integration.access_token_lifetime_seconds = row.integer(3);
  integration.roles = roles_from(row.text(4));
  integration.client_id = row.maybe_text(5).value_or("");
  return integration;
}

Status check_privileges(const std::vector<std::string>& privileges) {
  for (const std::string& privilege : privileges) {
    if (!std::binary_search(known_privileges().begin(), known_privileges().end(), privilege)) {
      return invalid("unknown_privilege", "`" + privilege + "` is not a privilege of this server", "privileges");
    }
  }
  return done();
}

Status check_name(std::string_view name, std::string_view field) {
  if (text::trim(name).empty())
    return invalid("missing_field", "`" + std::string(field) + "` is required", std::string(field));
  if (name.size() > 255)
    return invalid("too_long", "`" + std::string(field) + "` has more than 255 bytes", std::string(field));
  return done();
}

Status check_integration(store::Transaction& tx, const ApiIntegration& integration) {
  TRY(check_name(integration.display_name, "displayName"));
  if (integration.access_token_lifetime_seconds < 1 || integration.access_token_lifetime_seconds > 86'400) {
    return invalid("bad_lifetime", "`accessTokenLifetimeSeconds` must be between 1 and 86400",
                   "accessTokenLifetimeSeconds");
  }
  for (RoleId role : integration.roles) {
    if (!find_role(tx, role))
      return invalid("unknown_role", "no API role has the id " + std::to_string(role.value), "authorizationScopes");
  }
  return done();
}

void record(store::Transaction& tx, const char* action, const char* type, std::int64_t id, const std::string& name,
            const audit::Actor& by, Time now, json::Object details = {}) {
  audit::record(tx, {.time = now,
                     .actor = by,
                     .action = action,
                     .object_type = type,
                     .object_id = std::to_string(id),
                     .object_name = name,
                     .details = std::move(details)});
}

Token issue(store::Transaction& tx, Entropy& entropy, const char* owner_kind, std::int64_t owner, Duration life,
            Time now) {
  Token token{.text = entropy.token(), .expires = now + life};
  tx.execute("INSERT INTO account_token (token_hash, owner_kind, owner_id, expires) VALUES (?, ?, ?, ?)",
             {crypto::hash_token(token.text), owner_kind, owner, token.expires});
  return token;
}

Failure bad_credentials() {
  return {Code::unauthenticated, "bad_credentials", "the user name or password is not right"};
}
Failure bad_token() { return {Code::unauthenticated, "bad_token", "the access token is unknown or has expired"}; }

// Compared when the account is unknown, so that an unknown name takes as long as a wrong password.
const std::string& decoy_password_hash() {
  static const auto* hash = new std::string([] {
    SystemEntropy entropy;
    return crypto::hash_password(entropy.token(), entropy);
  }());
  return *hash;
}

}  // namespace

audit::Actor Caller::as_actor(std::string address) const {
  return {.kind = kind == Kind::account ? audit::Actor::Kind::user : audit::Actor::Kind::application,
          .id = std::to_string(id),
          .name = name,
          .address = std::move(address)};
}

Result<AccountId> create_account(store::Transaction& tx, const Account& account, std::string_view password_hash,
                                 const audit::Actor& by, Time now) {
  TRY(check_name(account.username, "username"));
  TRY(check_privileges(account.privileges));
  if (find_account(tx, account.username))
    return conflict("already_exists", "an account named `" + account.username + "` exists");
  AccountId id{tx.next_id("account")};
  tx.execute(
      "INSERT INTO account (id, username, username_key, real_name, email, privilege_set, privileges, password_hash,"
      " enabled) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      {id.value, account.username, text::lower(account.username), account.real_name, account.email,
       wire_name(account.privilege_set), text::join(account.privileges, "\n"), password_hash, account.enabled});
  record(tx, "create", "Account", id.value, account.username, by, now);
  return id;
}

bool has_accounts(store::Transaction& tx) { return tx.query_one("SELECT id FROM account LIMIT 1").has_value(); }

std::optional<Account> find_account(store::Transaction& tx, std::string_view username) {
  auto row = tx.query_one("SELECT " + std::string(kAccountColumns) + " FROM account WHERE username_key = ?",
                          {text::lower(username)});
  if (!row) return std::nullopt;
  return account_from(*row);
}

Status set_password(store::Transaction& tx, std::string_view username, std::string_view password_hash,
                    const audit::Actor& by, Time now) {
  auto account = find_account(tx, username);
  if (!account) return not_found("no_account", "no account is named `" + std::string(username) + "`");
  tx.execute("UPDATE account SET password_hash = ? WHERE id = ?", {password_hash, account->id.value});
  // Whoever knew the old password may hold a token.
  tx.execute("DELETE FROM account_token WHERE owner_kind = 'account' AND owner_id = ?", {account->id.value});
  record(tx, "update", "Account", account->id.value, account->username, by, now, {{"password", "changed"}});
  return done();
}

Result<RoleId> create_role(store::Transaction& tx, const ApiRole& role, const audit::Actor& by, Time now) {
  TRY(check_name(role.display_name, "displayName"));
  TRY(check_privileges(role.privileges));
  if (tx.query_one("SELECT id FROM account_api_role WHERE display_name = ?", {role.display_name})) {
    return conflict("already_exists", "an API role named `" + role.display_name + "` exists");
  }
  RoleId id{tx.next_id("account_api_role")};
  tx.execute("INSERT INTO account_api_role (id, display_name, privileges) VALUES (?, ?, ?)",
             {id.value, role.display_name, text::join(role.privileges, "\n")});
  record(tx, "create", "API Role", id.value, role.display_name, by, now,
         {{"privileges", json::to_array(role.privileges)}});
  return id;
}

Status replace_role(store::Transaction& tx, const ApiRole& role, const audit::Actor& by, Time now) {
  auto old = find_role(tx, role.id);
  if (!old) return not_found("no_role", "no API role has that id");
  TRY(check_name(role.display_name, "displayName"));
  TRY(check_privileges(role.privileges));
  tx.execute("UPDATE account_api_role SET display_name = ?, privileges = ? WHERE id = ?",
             {role.display_name, text::join(role.privileges, "\n"), role.id.value});
  record(tx, "update", "API Role", role.id.value, role.display_name, by, now,
         {{"privileges",
           json::Object{{"old", json::to_array(old->privileges)}, {"new", json::to_array(role.privileges)}}}});
  return done();
}

Status remove_role(store::Transaction& tx, RoleId id, const audit::Actor& by, Time now) {
  auto role = find_role(tx, id);
  if (!role) return not_found("no_role", "no API role has that id");
  for (const ApiIntegration& integration : integrations(tx)) {
    if (std::count(integration.roles.begin(), integration.roles.end(), id) > 0) {
      return conflict("has_dependencies", "the API integration `" + integration.display_name + "` has this role");
    }
  }
  tx.execute("DELETE FROM account_api_role WHERE id = ?", {id.value});
  record(tx, "delete", "API Role", id.value, role->display_name, by, now);
  return done();
}

std::optional<ApiRole> find_role(store::Transaction& tx, RoleId id) {
  auto row = tx.query_one("SELECT id, display_name, privileges FROM account_api_role WHERE id = ?", {id.value});
  if (!row) return std::nullopt;
  return role_from(*row);
}

std::vector<ApiRole> roles(store::Transaction& tx) {
  std::vector<ApiRole> all;
  for (const auto& row : tx.query("SELECT id, display_name, privileges FROM account_api_role ORDER BY id")) {
    all.push_back(role_from(row));
  }
  return all;
}

Result<IntegrationId> create_integration(store::Transaction& tx, const ApiIntegration& integration,
                                         const audit::Actor& by, Time now) {
  TRY(check_integration(tx, integration));
  if (tx.query_one("SELECT id FROM account_api_integration WHERE display_name = ?", {integration.display_name})) {
    return conflict("already_exists", "an API integration named `" + integration.display_name + "` exists");
  }
  IntegrationId id{tx.next_id("account_api_integration")};
  tx.execute(
      "INSERT INTO account_api_integration (id, display_name, enabled, access_token_lifetime_seconds, roles)"
      " VALUES (?, ?, ?, ?, ?)",
      {id.value, integration.display_name, integration.enabled, integration.access_token_lifetime_seconds,
       roles_text(integration.roles)});
  record(tx, "create", "API Integration", id.value, integration.display_name, by, now);
  return id;
}

Status replace_integration(store::Transaction& tx, const ApiIntegration& integration, const audit::Actor& by,
                           Time now) {
  if (!find_integration(tx, integration.id)) return not_found("no_integration", "no API integration has that id");
  TRY(check_integration(tx, integration));
  tx.execute(
      "UPDATE account_api_integration SET display_name = ?, enabled = ?, access_token_lifetime_seconds = ?,"
      " roles = ? WHERE id = ?",
      {integration.display_name, integration.enabled, integration.access_token_lifetime_seconds,
       roles_text(integration.roles), integration.id.value});
  record(tx, "update", "API Integration", integration.id.value, integration.display_name, by, now);
  return done();
}

Status remove_integration(store::Transaction& tx, IntegrationId id, const audit::Actor& by, Time now) {
  auto integration = find_integration(tx, id);
  if (!integration) return not_found("no_integration", "no API integration has that id");
  tx.execute("DELETE FROM account_token WHERE owner_kind = 'integration' AND owner_id = ?", {id.value});
  tx.execute("DELETE FROM account_api_integration WHERE id = ?", {id.value});
  record(tx, "delete", "API Integration", id.value, integration->display_name, by, now);
  return done();
}

std::optional<ApiIntegration> find_integration(store::Transaction& tx, IntegrationId id) {
  auto row = tx.query_one("SELECT " + std::string(kIntegrationColumns) + " FROM account_api_integration WHERE id = ?",
                          {id.value});
  if (!row) return std::nullopt;
  return integration_from(*row);
}

std::vector<ApiIntegration> integrations(store::Transaction& tx) {
  std::vector<ApiIntegration> all;
  for (const auto& row :
       tx.query("SELECT " + std::string(kIntegrationColumns) + " FROM account_api_integration ORDER BY id")) {
    all.push_back(integration_from(row));
  }
  return all;
}

Result<ClientCredentials> make_credentials(store::Transaction& tx, IntegrationId id, Entropy& entropy,
                                           const audit::Actor& by, Time now) {
  auto integration = find_integration(tx, id);
  if (!integration) return not_found("no_integration", "no API integration has that id");
  ClientCredentials credentials{integration->client_id.empty() ? entropy.guid() : integration->client_id,
                                entropy.token()};
  tx.execute("UPDATE account_api_integration SET client_id = ?, secret_hash = ? WHERE id = ?",
             {credentials.client_id, crypto::hash_token(credentials.client_secret), id.value});
  tx.execute("DELETE FROM account_token WHERE owner_kind = 'integration' AND owner_id = ?", {id.value});
  record(tx, "update", "API Integration", id.value, integration->display_name, by, now, {{"clientSecret", "rotated"}});
  return credentials;
}

Result<Token> log_in(store::Store& store, Entropy& entropy, std::string_view username, std::string_view password,
                     Time now) {
  struct Found {
    std::int64_t id = 0;
    std::string hash;
    bool enabled = false;
  };
  Found found = TRY(store.read([&](store::Transaction& tx) -> Result<Found> {
    auto row =
        tx.query_one("SELECT id, password_hash, enabled FROM account WHERE username_key = ?", {text::lower(username)});
    return row ? Found{row->integer(0), row->text(1), row->flag(2)} : Found{};
  }));
  // Outside any transaction: Argon2 takes tens of milliseconds.
  bool matches = crypto::password_matches(password, found.id == 0 ? decoy_password_hash() : found.hash);
  if (found.id == 0 || !found.enabled || !matches) return bad_credentials();
  return store.write([&](store::Transaction& tx) -> Result<Token> {
    return issue(tx, entropy, "account", found.id, kUserTokenLife, now);
  });
}

Result<Token> log_in_client(store::Store& store, Entropy& entropy, std::string_view client_id,
                            std::string_view client_secret, Time now) {
  return store.write([&](store::Transaction& tx) -> Result<Token> {
    auto row = tx.query_one(
        "SELECT " + std::string(kIntegrationColumns) + ", secret_hash FROM account_api_integration WHERE client_id = ?",
        {client_id});
    std::string presented = crypto::hash_token(client_secret);
    bool matches = crypto::equal_in_constant_time(presented, row ? row->text(6) : std::string(presented.size(), '0'));
    if (!row || !matches || !row->flag(2)) {
      return Failure{Code::unauthenticated, "bad_credentials", "the client id or client secret is not right"};
    }
    ApiIntegration integration = integration_from(*row);
    Token token = issue(tx, entropy, "integration", integration.id.value,
                        seconds{integration.access_token_lifetime_seconds}, now);
    token.roles = integration.roles;
    return token;
  });
}

Result<Token> keep_alive(store::Store& store, Entropy& entropy, std::string_view token, Time now) {
  return store.write([&](store::Transaction& tx) -> Result<Token> {
    auto row = tx.query_one(
        "DELETE FROM account_token WHERE token_hash = ? AND owner_kind = 'account' AND expires > ?"
        " RETURNING owner_id",
        {crypto::hash_token(token), now});
    if (!row) return bad_token();
    return issue(tx, entropy, "account", row->integer(0), kUserTokenLife, now);
  });
}

Status invalidate(store::Store& store, std::string_view token) {
  return store.write([&](store::Transaction& tx) -> Status {
    tx.execute("DELETE FROM account_token WHERE token_hash = ?", {crypto::hash_token(token)});
    return done();
  });
}

Result<Caller> authenticate(store::Store& store, std::string_view token, Time now) {
  return store.read([&](store::Transaction& tx) -> Result<Caller> {
    auto row = tx.query_one("SELECT owner_kind, owner_id FROM account_token WHERE token_hash = ? AND expires > ?",
                            {crypto::hash_token(token), now});
    if (!row) return bad_token();
    Caller caller;
    caller.id = row->integer(1);
    if (row->text(0) == "account") {
      auto owner = tx.query_one("SELECT " + std::string(kAccountColumns) + " FROM account WHERE id = ?", {caller.id});
      if (!owner || !owner->flag(6)) return bad_token();
      Account account = account_from(*owner);
      caller.name = account.username;
      caller.is_administrator = account.privilege_set == PrivilegeSet::administrator;
      caller.privileges.insert(account.privileges.begin(), account.privileges.end());
      if (account.privilege_set == PrivilegeSet::auditor) {
        for (const std::string& name : known_privileges()) {
          if (name.starts_with("Read ")) caller.privileges.insert(name);
        }
      }
      return caller;
    }
    auto integration = find_integration(tx, IntegrationId{caller.id});
    if (!integration || !integration->enabled) return bad_token();
    caller.kind = Caller::Kind::integration;
    caller.name = integration->display_name;
    caller.roles = integration->roles;
    for (RoleId role_id : integration->roles) {
      if (auto role = find_role(tx, role_id))
        caller.privileges.insert(role->privileges.begin(), role->privileges.end());
    }
    return caller;
  });
}

std::int64_t forget_expired_tokens(store::Transaction& tx, Time now) {
  return tx.execute("DELETE FROM account_token WHERE expires <= ?", {now});
}

}  // namespace wardbridge::accounts
