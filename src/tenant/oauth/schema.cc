#include "tenant/oauth/oauth.h"

namespace wardbridge::oauth {

// Secrets that travel through browsers (contexts, codes, nonces) are here only as their hashes. Every row expires, and
// whoever adds a row removes the expired ones.
const store::Schema kSchema{"oauth",
                            {R"sql(
CREATE TABLE oauth_pending_sign_in (
  context_hash TEXT NOT NULL PRIMARY KEY,
  tenant_id TEXT NOT NULL,
  stage TEXT NOT NULL,
  request TEXT NOT NULL,
  correlation_id TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  user_id TEXT NOT NULL,
  authenticated BIGINT NOT NULL,
  nonce_hash TEXT NOT NULL,
  expires BIGINT NOT NULL
);
CREATE INDEX oauth_pending_sign_in_expires ON oauth_pending_sign_in (expires);
CREATE TABLE oauth_code (
  code_hash TEXT NOT NULL PRIMARY KEY,
  tenant_id TEXT NOT NULL,
  client_id TEXT NOT NULL,
  request TEXT NOT NULL,
  user_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  authenticated BIGINT NOT NULL,
  token_id TEXT NOT NULL,
  expires BIGINT NOT NULL,
  is_redeemed BIGINT NOT NULL,
  kept_until BIGINT NOT NULL
);
CREATE INDEX oauth_code_kept_until ON oauth_code (kept_until);
CREATE TABLE oauth_lockout (
  tenant_id TEXT NOT NULL,
  login TEXT NOT NULL,
  failures BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, login)
);
)sql",
                             R"sql(
DROP TABLE oauth_pending_sign_in;
CREATE TABLE oauth_pending_sign_in (
  context_hash TEXT NOT NULL PRIMARY KEY,
  tenant_id TEXT NOT NULL,
  stage TEXT NOT NULL,
  request TEXT NOT NULL,
  progress TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  expires BIGINT NOT NULL
);
CREATE INDEX oauth_pending_sign_in_expires ON oauth_pending_sign_in (expires);
DROP TABLE oauth_code;
CREATE TABLE oauth_code (
  code_hash TEXT NOT NULL PRIMARY KEY,
  tenant_id TEXT NOT NULL,
  client_id TEXT NOT NULL,
  request TEXT NOT NULL,
  person TEXT NOT NULL,
  grant_id TEXT NOT NULL,
  token_id TEXT NOT NULL,
  expires BIGINT NOT NULL,
  is_redeemed BIGINT NOT NULL,
  kept_until BIGINT NOT NULL
);
CREATE INDEX oauth_code_kept_until ON oauth_code (kept_until);
CREATE TABLE oauth_grant (
  grant_id TEXT NOT NULL PRIMARY KEY,
  tenant_id TEXT NOT NULL,
  client_id TEXT NOT NULL,
  document TEXT NOT NULL,
  ends BIGINT NOT NULL,
  is_revoked BIGINT NOT NULL
);
CREATE INDEX oauth_grant_ends ON oauth_grant (ends);
CREATE TABLE oauth_refresh_token (
  token_hash TEXT NOT NULL PRIMARY KEY,
  grant_id TEXT NOT NULL,
  is_used BIGINT NOT NULL,
  expires BIGINT NOT NULL
);
CREATE INDEX oauth_refresh_token_grant ON oauth_refresh_token (grant_id);
CREATE TABLE oauth_grant_token (
  grant_id TEXT NOT NULL,
  token_id TEXT NOT NULL,
  expires BIGINT NOT NULL,
  PRIMARY KEY (grant_id, token_id)
);
CREATE TABLE oauth_session (
  secret_hash TEXT NOT NULL PRIMARY KEY,
  session_id TEXT NOT NULL UNIQUE,
  tenant_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  authenticated BIGINT NOT NULL,
  methods TEXT NOT NULL,
  credential_mark TEXT NOT NULL,
  expires BIGINT NOT NULL
);
CREATE INDEX oauth_session_expires ON oauth_session (expires);
CREATE TABLE oauth_device_code (
  device_code_hash TEXT NOT NULL PRIMARY KEY,
  user_code_hash TEXT NOT NULL UNIQUE,
  tenant_id TEXT NOT NULL,
  client_id TEXT NOT NULL,
  request TEXT NOT NULL,
  requester TEXT NOT NULL,
  state TEXT NOT NULL,
  person TEXT NOT NULL,
  interval_seconds BIGINT NOT NULL,
  next_poll BIGINT NOT NULL,
  created BIGINT NOT NULL,
  expires BIGINT NOT NULL
);
CREATE INDEX oauth_device_code_expires ON oauth_device_code (expires);
CREATE TABLE oauth_used_assertion (
  assertion_hash TEXT NOT NULL PRIMARY KEY,
  expires BIGINT NOT NULL
);
CREATE INDEX oauth_used_assertion_expires ON oauth_used_assertion (expires);
CREATE TABLE oauth_familiar_place (
  tenant_id TEXT NOT NULL,
  place TEXT NOT NULL,
  expires BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, place)
);
)sql"}};

}  // namespace wardbridge::oauth
