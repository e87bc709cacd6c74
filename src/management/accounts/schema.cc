#include "management/accounts/accounts.h"

namespace wardbridge::accounts {

const store::Schema kSchema{"accounts",
                            {
                                R"sql(
CREATE TABLE account (
  id BIGINT PRIMARY KEY,
  username TEXT NOT NULL,
  username_key TEXT NOT NULL UNIQUE,
  real_name TEXT NOT NULL,
  email TEXT NOT NULL,
  privilege_set TEXT NOT NULL,
  privileges TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  enabled BIGINT NOT NULL
);
CREATE TABLE account_api_role (
  id BIGINT PRIMARY KEY,
  display_name TEXT NOT NULL UNIQUE,
  privileges TEXT NOT NULL
);
CREATE TABLE account_api_integration (
  id BIGINT PRIMARY KEY,
  display_name TEXT NOT NULL UNIQUE,
  enabled BIGINT NOT NULL,
  access_token_lifetime_seconds BIGINT NOT NULL,
  roles TEXT NOT NULL,
  client_id TEXT UNIQUE,
  secret_hash TEXT
);
CREATE TABLE account_token (
  token_hash TEXT PRIMARY KEY,
  owner_kind TEXT NOT NULL,
  owner_id BIGINT NOT NULL,
  expires BIGINT NOT NULL
);
CREATE INDEX account_token_expires ON account_token (expires);
)sql"}};

}  // namespace wardbridge::accounts
