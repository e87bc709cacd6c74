// Client assertions: a client proves itself with a JWT that it signed with the key of a registered certificate.
// SPEC: RFC 7521 and RFC 7523, with RFC 7523bis: the one audience is the issuer.
#pragma once

#include <string>
#include <string_view>

#include "tenant/oauth/clients.h"

namespace wardbridge::oauth {

inline constexpr std::string_view kAssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
// ENTRA: MSAL's assertions hold for ten minutes.
inline constexpr Duration kLongestAssertion = minutes{10};
inline constexpr Duration kAssertionSkew = minutes{5};

// The `sub` of an assertion that nobody believes yet: whose keys to look at. Fails with `assertion_invalid`.
Result<std::string> claimed_client(std::string_view assertion);

// Believes the assertion of that client, and uses it up. Fails with `assertion_invalid`, `assertion_audience`,
// `assertion_time`, `assertion_replayed`, `certificate_unknown`, `certificate_expired`.
Status verify_assertion(const ClientAuthentication& at, const directory::KnownApplication& client,
                        std::string_view assertion);

}  // namespace wardbridge::oauth
