// The claims of Microsoft's tokens, written and read. Signatures are the Authority's.
#pragma once

#include <string>
#include <vector>

#include "tenant/tokens/tokens.h"

namespace wardbridge::tokens {

// What both kinds of token begin with.
struct Envelope {
  std::string issuer;
  directory::TenantId tenant;
  std::string token_id;  // `uti`
  Time now;
  json::Storage storage = {};  // of the claims
};

// Why a token is not believed; every such failure is `unauthenticated`.
Failure refused(std::string reason, std::string message);

// ENTRA: `sub` is pairwise: one person has another subject at every application. `oid` is the same everywhere.
std::string pairwise_subject(const directory::TenantId& tenant, const directory::ObjectId& user,
                             std::string_view audience);
json::Object access_claims(const Envelope& envelope, const AccessToken& token);
json::Object id_claims(const Envelope& envelope, const IdToken& token);

// What a verifier expects of an access token whose signature is already believed.
struct Expected {
  directory::TenantId tenant;
  std::string issuer_v1;
  std::string issuer_v2;
  std::vector<std::string> audiences;
};

struct Believed {
  Caller caller;
  std::string token_id;
  Time expires = kEpoch;
};
Result<Believed> read_access_claims(const json::Object& claims, const Expected& expected, Time now);

}  // namespace wardbridge::tokens
