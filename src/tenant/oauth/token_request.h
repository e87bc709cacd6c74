// The token endpoint and its grants. The endpoint finds the tenant, reads the form and authenticates the client; a
// grant does the rest. Each grant is one file. Private to this room.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "tenant/oauth/grants.h"
#include "tenant/oauth/hop.h"
#include "tenant/oauth/judgement.h"
#include "tenant/oauth/parameters.h"

namespace wardbridge::oauth {

struct TokenRequest {
  const Hop& hop;
  const directory::TenantId& tenant;
  tokens::Version version = tokens::Version::v2;
  const Parameters& parameters;
  const Client& client;
  const directory::TenantApplications& applications;  // the tenant's, as they were when the request came in

  const Dependencies& with() const { return hop.with; }
  Time now() const { return hop.now(); }
};

struct TokenReply {
  std::string access_token;
  std::optional<std::string> id_token;
  std::optional<std::string> refresh_token;
  std::string scope;     // of a user's token, as it was asked for
  std::string resource;  // version 1
  std::optional<std::string> client_info;
};

// A refusal that has more to say than its failure: by Conditional Access.
struct Refusal {
  WireError error;
};
using TokenOutcome = std::variant<TokenReply, Refusal>;

using GrantHandler = Result<TokenOutcome> (*)(const TokenRequest&);
Result<TokenOutcome> client_credentials_grant(const TokenRequest& request);
Result<TokenOutcome> authorization_code_grant(const TokenRequest& request);
Result<TokenOutcome> refresh_token_grant(const TokenRequest& request);
Result<TokenOutcome> device_code_grant(const TokenRequest& request);

// --- What the grants of people share
Grant new_grant(const TokenRequest& request, std::string id, const Person& person, const AuthorizationRequest& asked,
                const directory::AppId& resource_app);
// What a redeemed code gives: judged, stored with its grant, and then signed. The grant must be there already.
struct Redemption {
  Grant grant;
  std::string scope;  // as asked, perhaps less than the grant's
  std::string token_id;
  std::string nonce;
  // The refresh token that this one replaces; empty: the first of its grant.
  std::string replaced_refresh_token;
};
Result<TokenOutcome> redeem(const TokenRequest& request, const Redemption& redemption);
// Takes back everything that came of a grant.
Status end_grant(const TokenRequest& request, const std::string& grant_id);

}  // namespace wardbridge::oauth
