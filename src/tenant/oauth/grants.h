// What a person's sign-in gave to a client, for as long as it is used: the grant, the chain of its refresh tokens, and
// the access tokens that may have to be taken back with it.
//
// SPEC: RFC 9700 section 4.14.2: each use of a refresh token gives the next one. One that is used twice is in two
// hands, so the whole grant ends.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "platform/store/store.h"
#include "tenant/oauth/authorization_request.h"
#include "tenant/oauth/person.h"
#include "tenant/tokens/tokens.h"

namespace wardbridge::oauth {

// ENTRA: 90 days without use; and a single page application's tokens end for good after a day.
inline constexpr Duration kRefreshTokenIdle = days{90};
inline constexpr Duration kGrantLifetime = days{180};
inline constexpr Duration kSinglePageGrantLifetime = hours{24};

struct Grant {
  std::string id;
  directory::TenantId tenant;
  directory::AppId client;
  bool is_confidential = false;  // the client proved itself, and must each time
  RedirectKind redirect_kind = RedirectKind::web;
  tokens::Version version = tokens::Version::v2;
  std::string scope;     // as asked
  std::string resource;  // version 1
  directory::AppId resource_app;
  Person person;
  Time ends = kEpoch;
};

// The grant exists before anything is issued for it, so that it can be taken back at any moment.
void add_grant(store::Transaction& tx, const Grant& grant, Time now);
// False when the grant was taken back meanwhile.
bool add_access_token(store::Transaction& tx, const Grant& grant, const std::string& token_id, Time expires, Time now);
void add_refresh_token(store::Transaction& tx, const Grant& grant, const std::string& secret, Time now);

struct PresentedToken {
  Grant grant;
  bool is_used = false;
  bool is_expired = false;
  bool is_revoked = false;
};
// Nothing when there is no such token for this client in this tenant.
std::optional<PresentedToken> find_refresh_token(store::Transaction& tx, const directory::TenantId& tenant,
                                                 const directory::AppId& client, const std::string& secret, Time now);
// False when it was used before: of several at the same time, one wins.
bool use_refresh_token(store::Transaction& tx, const std::string& secret);
std::optional<directory::TenantId> tenant_of_refresh_token(store::Transaction& tx, const std::string& secret);

// Ends the grant and gives the ids of its access tokens, which the caller must revoke.
std::vector<std::string> revoke_grant(store::Transaction& tx, const std::string& grant_id);

}  // namespace wardbridge::oauth
