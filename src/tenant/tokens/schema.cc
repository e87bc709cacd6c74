#include "tenant/tokens/tokens.h"

namespace wardbridge::tokens {

// `retiring` and `retired` are kNever until the key is replaced; the key's state follows from them and the time, so no
// actor has to move it along.
const store::Schema kSchema{"tokens", {R"sql(
CREATE TABLE token_signing_key (
  tenant_id TEXT NOT NULL,
  key_id TEXT NOT NULL,
  algorithm TEXT NOT NULL,
  public_pem TEXT NOT NULL,
  sealed_private_pem TEXT NOT NULL,
  created BIGINT NOT NULL,
  retiring BIGINT NOT NULL,
  retired BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, key_id)
);
CREATE TABLE token_revocation (
  tenant_id TEXT NOT NULL,
  token_id TEXT NOT NULL,
  expires BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, token_id)
);
)sql"}};

}  // namespace wardbridge::tokens
