#include "connector/cloud_connection/cloud_connection.h"

namespace wardbridge::cloud_connection {

// Ids are drawn from the numbers of all kinds of connections, so that they never meet in the ledger.
const store::Schema kSchema = {
    "cloud_connection",
    {R"sql(
CREATE TABLE cloud_connection (
  id BIGINT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  connector_url TEXT NOT NULL,
  cloud TEXT NOT NULL,
  tenant TEXT NOT NULL,
  enrollment_url TEXT NOT NULL,
  remediation_url TEXT NOT NULL,
  sealed_credential TEXT NOT NULL,
  state TEXT NOT NULL,
  attachment TEXT NOT NULL,
  sealed_ticket TEXT NOT NULL,
  database_id TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  last_contact_at BIGINT NOT NULL,
  last_resync_at BIGINT NOT NULL,
  next_run_at BIGINT NOT NULL,
  failures BIGINT NOT NULL,
  error_reason TEXT NOT NULL,
  error_message TEXT NOT NULL,
  revision BIGINT NOT NULL
);
)sql",
     R"sql(
ALTER TABLE cloud_connection ADD COLUMN group_ids TEXT NOT NULL DEFAULT '';
)sql",
     R"sql(
ALTER TABLE cloud_connection ADD COLUMN hands_over BIGINT NOT NULL DEFAULT 0;
)sql"},
};

}  // namespace wardbridge::cloud_connection
