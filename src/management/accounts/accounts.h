// Accounts, API roles, API integrations and bearer tokens of the management side, in Jamf Pro's words.
//
// Tokens are opaque, kept hashed in the store (so a restart or another node knows them), and carry nothing: what a
// caller may do is read when the token is presented, so a role that was changed or an account that was disabled counts
// at once.
//
//   auto token = TRY(accounts::log_in(store, entropy, "admin", password, now));          // POST /api/v1/auth/token
//   auto caller = TRY(accounts::authenticate(store, token.text, now));
//   if (!caller.may("Read Computers")) ...                                               // 403
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/id.h"
#include "platform/audit/audit.h"
#include "platform/entropy/entropy.h"
#include "platform/store/store.h"

namespace wardbridge::accounts {

using AccountId = NumberId<struct AccountTag>;
using RoleId = NumberId<struct RoleTag>;
using IntegrationId = NumberId<struct IntegrationTag>;

// Every privilege name that this server knows, sorted: `Read Computers`, `Update Smart Computer Groups`, ...
const std::vector<std::string>& known_privileges();

enum class PrivilegeSet { administrator, auditor, custom };
const char* wire_name(PrivilegeSet set);  // `ADMINISTRATOR`

struct Account {
  AccountId id;
  std::string username;  // unique without case
  std::string real_name;
  std::string email;
  PrivilegeSet privilege_set = PrivilegeSet::custom;
  std::vector<std::string> privileges;  // for `custom`
  bool enabled = true;
};

struct ApiRole {
  RoleId id;
  std::string display_name;
  std::vector<std::string> privileges;
};

struct ApiIntegration {
  IntegrationId id;
  std::string display_name;
  bool enabled = true;
  std::int64_t access_token_lifetime_seconds = 1800;
  std::vector<RoleId> roles;
  std::string client_id;  // GUID; empty until credentials are made
};

struct Caller {
  enum class Kind { account, integration } kind = Kind::account;
  std::int64_t id = 0;
  std::string name;
  bool is_administrator = false;
  std::set<std::string, std::less<>> privileges;
  std::vector<RoleId> roles;  // of an integration

  bool may(std::string_view privilege) const { return is_administrator || privileges.contains(privilege); }
  audit::Actor as_actor(std::string address) const;
};

struct Token {
  std::string text;
  Time expires = kEpoch;
  std::vector<RoleId> roles;
};

extern const store::Schema kSchema;

inline constexpr Duration kUserTokenLife = minutes{30};

// --- Accounts. `already_exists` when the name is taken; `unknown_privilege` names the first that isn't known.
Result<AccountId> create_account(store::Transaction& tx, const Account& account, std::string_view password_hash,
                                 const audit::Actor& by, Time now);
bool has_accounts(store::Transaction& tx);
std::optional<Account> find_account(store::Transaction& tx, std::string_view username);
Status set_password(store::Transaction& tx, std::string_view username, std::string_view password_hash,
                    const audit::Actor& by, Time now);

// --- API roles
Result<RoleId> create_role(store::Transaction& tx, const ApiRole& role, const audit::Actor& by, Time now);
Status replace_role(store::Transaction& tx, const ApiRole& role, const audit::Actor& by, Time now);
// `has_dependencies` while an integration holds it.
Status remove_role(store::Transaction& tx, RoleId id, const audit::Actor& by, Time now);
std::optional<ApiRole> find_role(store::Transaction& tx, RoleId id);
std::vector<ApiRole> roles(store::Transaction& tx);

// --- API integrations
Result<IntegrationId> create_integration(store::Transaction& tx, const ApiIntegration& integration,
                                         const audit::Actor& by, Time now);
Status replace_integration(store::Transaction& tx, const ApiIntegration& integration, const audit::Actor& by, Time now);
Status remove_integration(store::Transaction& tx, IntegrationId id, const audit::Actor& by, Time now);
std::optional<ApiIntegration> find_integration(store::Transaction& tx, IntegrationId id);
std::vector<ApiIntegration> integrations(store::Transaction& tx);
struct ClientCredentials {
  std::string client_id;
  std::string client_secret;
};
// Makes (or rotates: the old secret stops working) the credentials. The only time that the secret is seen.
Result<ClientCredentials> make_credentials(store::Transaction& tx, IntegrationId id, Entropy& entropy,
                                           const audit::Actor& by, Time now);

// --- Tokens. Wrong name, wrong password and disabled account are one failure (`bad_credentials`) and take one time.
Result<Token> log_in(store::Store& store, Entropy& entropy, std::string_view username, std::string_view password,
                     Time now);
Result<Token> log_in_client(store::Store& store, Entropy& entropy, std::string_view client_id,
                            std::string_view client_secret, Time now);
// A new token for the one presented, which stops working. User tokens only.
Result<Token> keep_alive(store::Store& store, Entropy& entropy, std::string_view token, Time now);
Status invalidate(store::Store& store, std::string_view token);
// Fails with `unauthenticated`/`bad_token` when unknown, expired, or of a disabled owner.
Result<Caller> authenticate(store::Store& store, std::string_view token, Time now);
// Removes expired tokens; the heartbeat calls it now and then.
std::int64_t forget_expired_tokens(store::Transaction& tx, Time now);

}  // namespace wardbridge::accounts
