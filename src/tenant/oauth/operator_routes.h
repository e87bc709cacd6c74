// Routes for whoever runs a tenant, which the real service has no counterpart of. They take a token for Microsoft
// Graph.
//
//   GET    /{tenant}/wardbridge/signingKeys                 Directory.Read.All
//   POST   /{tenant}/wardbridge/signingKeys/rotate          Directory.ReadWrite.All
//          {"leadHours": 24, "algorithm": "RS256", "withdrawsOld": false}; every member may be left out
//   PATCH  /{tenant}/wardbridge/signingKeys/{kid}           Directory.ReadWrite.All    {"isRetained": true}
//   GET    /{tenant}/wardbridge/expiringCredentials?days=60 Application.Read.All
//   DELETE /{tenant}/wardbridge/users/{user}/secondFactor   User.ReadWrite.All
#pragma once

#include "platform/http/http.h"
#include "platform/store/store.h"
#include "tenant/tokens/tokens.h"

namespace wardbridge::oauth {

// What the arguments refer to must outlive the router.
void register_operator_routes(http::Router& router, store::Store& store, tokens::Authority& authority);

}  // namespace wardbridge::oauth
