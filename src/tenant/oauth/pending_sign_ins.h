// Sign-ins that have begun and not ended: the server's own record of how far each one is. The browser holds only the
// context, a secret that names the record; nothing that matters is taken from the browser again.
#pragma once

#include <optional>
#include <string>

#include "platform/entropy/entropy.h"
#include "platform/store/store.h"
#include "tenant/oauth/authorization_request.h"

namespace wardbridge::oauth {

inline constexpr Duration kSignInTime = minutes{10};
inline constexpr int kPasswordAttempts = 5;

enum class Stage { password, device };

struct PendingSignIn {
  std::string context;
  directory::TenantId tenant;
  AuthorizationRequest request;
  std::string correlation_id;
  Stage stage = Stage::password;
  // From the device stage on:
  directory::ObjectId user;
  Time authenticated = kEpoch;
  std::string nonce_hash;
};

void begin(store::Transaction& tx, const PendingSignIn& pending, Time now);
// Nothing when unknown, ended, expired, or of another tenant.
std::optional<PendingSignIn> find_pending(store::Transaction& tx, const directory::TenantId& tenant,
                                          std::string_view context, Stage stage, Time now);
// After a wrong password. The last attempt ends the sign-in.
void count_attempt(store::Transaction& tx, const PendingSignIn& pending);
// From the password to the device stage; false when somebody else took that step first.
bool advance_to_device(store::Transaction& tx, const PendingSignIn& pending);
// Ends the sign-in; false when it had ended already. A nonce and a password proof count once because of this.
bool finish(store::Transaction& tx, const PendingSignIn& pending);

// Too many wrong passwords for one login, whether or not such a user exists, stop further tries for a while.
inline constexpr int kFailuresBeforeLock = 10;
inline constexpr Duration kLockTime = minutes{1};
bool is_locked(store::Transaction& tx, const directory::TenantId& tenant, const std::string& login, Time now);
void count_failure(store::Transaction& tx, const directory::TenantId& tenant, const std::string& login, Time now);
void forget_failures(store::Transaction& tx, const directory::TenantId& tenant, const std::string& login);

}  // namespace wardbridge::oauth
