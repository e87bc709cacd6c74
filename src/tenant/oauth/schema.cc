#include "tenant/oauth/oauth.h"

namespace wardbridge::oauth {

// Secrets that travel through browsers (contexts, codes, nonces) are here only as their hashes. Every row expires, and
// whoever adds a row removes the expired ones.
const store::Schema kSchema{"oauth", {R"sql(
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
)sql"}};

}  // namespace wardbridge::oauth
