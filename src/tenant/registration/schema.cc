#include "tenant/registration/registration.h"

namespace wardbridge::registration {

const store::Schema kSchema{"registration", {R"sql(
CREATE TABLE registration_authority (
  tenant_id TEXT NOT NULL PRIMARY KEY,
  certificate_pem TEXT NOT NULL,
  sealed_private_pem TEXT NOT NULL,
  created BIGINT NOT NULL
);
)sql"}};

}  // namespace wardbridge::registration
