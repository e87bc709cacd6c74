#include "tenant/tokens/tokens.h"

namespace wardbridge::tokens {

// `active_from` is when the key begins to sign; `retiring` and `retired` are kNever until the key is replaced. The
// key's state follows from them and the time, so no actor has to move it along.
const store::Schema kSchema{"tokens",
                            {R"sql(
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
)sql",
                             R"sql(
ALTER TABLE token_signing_key ADD COLUMN active_from BIGINT NOT NULL DEFAULT 0;
ALTER TABLE token_signing_key ADD COLUMN is_retained BIGINT NOT NULL DEFAULT 0;
)sql"}};

}  // namespace wardbridge::tokens
