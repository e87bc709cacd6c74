#include "tenant/sign_ins/sign_ins.h"

namespace wardbridge::sign_ins {

const store::Schema kSchema{"tenant_sign_ins", {R"sql(
CREATE TABLE sign_in (
  tenant_id TEXT NOT NULL,
  sequence BIGINT NOT NULL,
  id TEXT NOT NULL,
  created BIGINT NOT NULL,
  document TEXT NOT NULL,
  PRIMARY KEY (tenant_id, sequence),
  UNIQUE (tenant_id, id)
);
)sql"}};

}  // namespace wardbridge::sign_ins
