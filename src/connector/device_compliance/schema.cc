#include "connector/device_compliance/device_compliance.h"

namespace wardbridge::device_compliance {

// One table for every kind of connection that may come, so that their ids never meet in the ledger.
const store::Schema kSchema = {
    "device_compliance",
    {R"sql(
CREATE TABLE connection (
  id BIGINT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  name TEXT NOT NULL UNIQUE,
  tenant TEXT NOT NULL,
  client_id TEXT NOT NULL,
  sealed_secret TEXT NOT NULL,
  login_base TEXT NOT NULL,
  graph_base TEXT NOT NULL,
  audience TEXT NOT NULL,
  enrollment_url TEXT NOT NULL,
  remediation_url TEXT NOT NULL,
  heartbeat_interval_milliseconds BIGINT NOT NULL,
  state TEXT NOT NULL,
  extensions TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  last_heartbeat_at BIGINT NOT NULL,
  last_resync_at BIGINT NOT NULL,
  next_run_at BIGINT NOT NULL,
  failures BIGINT NOT NULL,
  error_reason TEXT NOT NULL,
  error_message TEXT NOT NULL,
  revision BIGINT NOT NULL
);
)sql",
     R"sql(
ALTER TABLE connection ADD COLUMN group_ids TEXT NOT NULL DEFAULT '';
ALTER TABLE connection ADD COLUMN policy_id TEXT NOT NULL DEFAULT '';
ALTER TABLE connection ADD COLUMN policy_group_ids TEXT NOT NULL DEFAULT '';
ALTER TABLE connection ADD COLUMN policy_error_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE connection ADD COLUMN policy_error_message TEXT NOT NULL DEFAULT '';
)sql",
     // 253402300799999 is kNever: the end of a secret is not known.
     R"sql(
ALTER TABLE connection ADD COLUMN cloud TEXT NOT NULL DEFAULT 'custom';
ALTER TABLE connection ADD COLUMN landing_page TEXT NOT NULL DEFAULT 'custom';
ALTER TABLE connection ADD COLUMN instance_id TEXT NOT NULL DEFAULT '';
ALTER TABLE connection ADD COLUMN secret_expires_at BIGINT NOT NULL DEFAULT 253402300799999;
ALTER TABLE connection ADD COLUMN sealed_next_secret TEXT NOT NULL DEFAULT '';
ALTER TABLE connection ADD COLUMN next_secret_expires_at BIGINT NOT NULL DEFAULT 253402300799999;
ALTER TABLE connection ADD COLUMN last_test TEXT NOT NULL DEFAULT '';
ALTER TABLE connection ADD COLUMN last_update_sent_at BIGINT NOT NULL DEFAULT 0;
)sql"},
};

}  // namespace wardbridge::device_compliance
