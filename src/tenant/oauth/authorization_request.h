// A request at the authorization endpoint, checked: what a pending sign-in and its code remember of it.
#pragma once

#include <string>
#include <string_view>

#include "tenant/directory/directory.h"
#include "tenant/oauth/clients.h"
#include "tenant/tokens/tokens.h"

namespace wardbridge::oauth {

enum class RedirectKind { web, native, single_page };

struct AuthorizationRequest {
  tokens::Version version = tokens::Version::v2;
  directory::AppId client;
  std::string redirect_uri;
  RedirectKind redirect_kind = RedirectKind::web;
  std::string response_mode;  // `query`, `fragment`, `form_post`
  std::string state;
  std::string nonce;
  std::string scope;
  std::string resource;  // version 1
  std::string code_challenge;
  std::string login_hint;
};

json::Object to_json(const AuthorizationRequest& request);
AuthorizationRequest authorization_request_from(std::string_view text);

// INVARIANT: TH-13: the whole string must be registered; only a native loopback address may differ, in its port.
// Fails with `wrong_redirect_uri`: nobody may be sent to such an address, not even with an error.
Result<RedirectKind> match_redirect_uri(const directory::Application& application, std::string_view redirect_uri);

// The client and the redirect URI: what must hold before any answer may be sent to that address. Failures are shown
// here, on a page.
Result<AuthorizationRequest> read_addresses(const Client& client, tokens::Version version,
                                            const Parameters& parameters);
// Everything else; failures go to the redirect URI.
Status read_details(AuthorizationRequest& request, const Parameters& parameters);

// Where the browser goes with `answer` (code or error), to which state and issuer are added.
http::Response answer_client(const AuthorizationRequest& request, text::Form answer, const std::string& issuer);

}  // namespace wardbridge::oauth
