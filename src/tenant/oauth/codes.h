// Authorization codes: the proof of a finished sign-in that the browser carries to the client.
#pragma once

#include <optional>
#include <string>

#include "platform/store/store.h"
#include "tenant/oauth/authorization_request.h"
#include "tenant/oauth/person.h"

namespace wardbridge::oauth {

inline constexpr Duration kCodeLifetime = seconds{60};

struct AuthorizationCode {
  directory::TenantId tenant;
  AuthorizationRequest request;
  Person person;
  // Of what it will be exchanged for, so that a second exchange can take that back.
  std::string grant_id;
  std::string token_id;
  Time expires = kEpoch;
};

void add_code(store::Transaction& tx, const std::string& secret, const AuthorizationCode& code, Time now);

struct TakenCode {
  AuthorizationCode code;
  bool was_redeemed_before = false;
};
// Marks the code as redeemed, once and for all, whatever the caller then makes of it. Nothing when there is no such
// code for this client in this tenant; a client can't spoil another one's code.
std::optional<TakenCode> take_code(store::Transaction& tx, const directory::TenantId& tenant,
                                   const directory::AppId& client, const std::string& secret, Time now);
// The tenant of a code that comes to an endpoint that names none.
std::optional<directory::TenantId> tenant_of_code(store::Transaction& tx, const std::string& secret);

}  // namespace wardbridge::oauth
