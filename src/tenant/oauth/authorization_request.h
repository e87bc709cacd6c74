// A request at the authorization endpoint, checked: what a pending sign-in and its code remember of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tenant/directory/directory.h"
#include "tenant/oauth/clients.h"
#include "tenant/oauth/redirect_uris.h"
#include "tenant/tokens/tokens.h"

namespace wardbridge::oauth {

// What a sign-in ends with.
enum class Purpose {
  authorization,  // a code for the client
  device_code,    // approval of a device that waits for it
  admin_consent,  // consent for everyone
};

struct AuthorizationRequest {
  Purpose purpose = Purpose::authorization;
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
  std::string prompt;  // `none`, `login`, `consent`, `select_account`; empty: whatever it takes
  std::optional<std::int64_t> max_age_seconds;  // how long ago the person may have signed in
  std::string device_code_hash;                 // of a device code

  bool is_silent() const { return prompt == "none"; }
};

json::Object to_json(const AuthorizationRequest& request);
AuthorizationRequest authorization_request_from(std::string_view text);

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
