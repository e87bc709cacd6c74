// Single sign-on: who has signed in with this browser, when and how. The browser holds a secret that names the row.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "platform/entropy/entropy.h"
#include "platform/store/store.h"
#include "tenant/directory/directory.h"

namespace wardbridge::oauth {

inline constexpr Duration kSessionLifetime = hours{24};

struct Session {
  std::string id;  // `sid`: names the session to clients; opens nothing
  directory::User user;
  Time authenticated = kEpoch;
  std::vector<std::string> methods;  // `pwd`, `mfa`
};

// A mark of the person's password as it is now. What was signed in with another password holds no longer.
std::string credential_mark(const directory::User& user);

// Nothing when unknown, expired, of another tenant, or when the person is gone, disabled, or has another password
// since.
std::optional<Session> find_session(store::Transaction& tx, const directory::TenantId& tenant,
                                    const std::optional<std::string>& secret, Time now);
// Whether the stored session of that id says the same of when and how.
bool is_session_as_stored(store::Transaction& tx, const directory::TenantId& tenant, const std::string& session_id,
                          Time authenticated, const std::vector<std::string>& methods);
// Also replaces the session of that id.
void add_session(store::Transaction& tx, const directory::TenantId& tenant, const Session& session,
                 const std::string& secret, Time now);
void end_session(store::Transaction& tx, const directory::TenantId& tenant, const std::string& session_id);

}  // namespace wardbridge::oauth
