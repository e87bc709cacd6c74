#include "tenant/registration/registration.h"

namespace wardbridge::registration {

const store::Schema kSchema{"registration",
                            {R"sql(
CREATE TABLE registration_authority (
  tenant_id TEXT NOT NULL PRIMARY KEY,
  certificate_pem TEXT NOT NULL,
  sealed_private_pem TEXT NOT NULL,
  created BIGINT NOT NULL
);
)sql",
                             R"sql(
CREATE TABLE registration_owner_mail (
  message_id TEXT NOT NULL PRIMARY KEY,
  recipient TEXT NOT NULL,
  body TEXT NOT NULL,
  created BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  next_attempt BIGINT NOT NULL
);
CREATE INDEX registration_owner_mail_by_next_attempt ON registration_owner_mail (next_attempt);
)sql"}};

}  // namespace wardbridge::registration
