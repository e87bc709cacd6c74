#include "tenant/policies/policies.h"

namespace wardbridge::policies {

const store::Schema kSchema{"tenant_policies", {R"sql(
CREATE TABLE policy (
  tenant_id TEXT NOT NULL,
  id TEXT NOT NULL,
  document TEXT NOT NULL,
  created BIGINT NOT NULL,
  modified BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
)sql"}};

}  // namespace wardbridge::policies
