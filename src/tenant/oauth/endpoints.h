// The handlers behind the routes, and the shared phases of a token request. Private to this room.
#pragma once

#include <optional>
#include <string>

#include "tenant/oauth/clients.h"
#include "tenant/oauth/oauth.h"
#include "tenant/oauth/pending_sign_ins.h"
#include "tenant/oauth/wire_errors.h"

namespace wardbridge::oauth {

// By id or verified domain; fails with `unknown_tenant`.
Result<directory::Tenant> find_tenant(store::Store& store, const std::string& id_or_domain);

// --- Token endpoint. The endpoint finds the tenant, reads the form and authenticates the client; a grant does the
// rest.
struct TokenRequest {
  directory::TenantId tenant;
  tokens::Version version = tokens::Version::v2;
  Parameters parameters;
  Client client;
  Time now = kEpoch;
};
// What a grant gives.
struct TokenReply {
  std::string access_token;
  std::optional<std::string> id_token;
  std::string scope;     // of a user's token, as it was asked for
  std::string resource;  // version 1
};
Result<TokenReply> client_credentials_grant(const Dependencies& dependencies, const TokenRequest& request);
Result<TokenReply> authorization_code_grant(const Dependencies& dependencies, const TokenRequest& request);
http::Response token_endpoint(const Dependencies& dependencies, const http::Request& request, tokens::Version version);

// --- Authorization endpoint and what follows it.
http::Response authorize_endpoint(const Dependencies& dependencies, const http::Request& request,
                                  tokens::Version version);
http::Response login_endpoint(const Dependencies& dependencies, const http::Request& request);
http::Response device_endpoint(const Dependencies& dependencies, const http::Request& request);

// The last step, once everything that could be proved has been: decide, log, and answer. `device` has proved itself.
http::Response conclude(const Dependencies& dependencies, const http::Request& request, const Trace& trace,
                        const PendingSignIn& pending, const std::optional<directory::Device>& device);
// Logs a sign-in that ended before any decision.
void log_failure(store::Transaction& tx, const Dependencies& dependencies, const http::Request& request,
                 const Trace& trace, const PendingSignIn& pending, const directory::ObjectId& user,
                 const WireError& error);

// --- Documents.
http::Response openid_configuration(const Dependencies& dependencies, const http::Request& request,
                                    tokens::Version version);
http::Response key_set(const Dependencies& dependencies, const http::Request& request, tokens::Version version);
http::Response instance_discovery(const Dependencies& dependencies, const http::Request& request);

}  // namespace wardbridge::oauth
