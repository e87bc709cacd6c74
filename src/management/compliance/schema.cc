#include "management/compliance/compliance.h"

namespace wardbridge::compliance {

// One row of settings per platform; macOS is the only one so far.
const store::Schema kSchema{"compliance",
                            {
                                R"sql(
CREATE TABLE compliance_setting (
  platform TEXT PRIMARY KEY,
  enabled BIGINT NOT NULL,
  compliance_group BIGINT NOT NULL,
  applicable_group BIGINT NOT NULL,
  connection_id BIGINT NOT NULL,
  validity_milliseconds BIGINT NOT NULL
);
CREATE TABLE compliance_registration (
  id BIGINT PRIMARY KEY,
  computer_id BIGINT NOT NULL,
  username TEXT NOT NULL,
  device_id TEXT NOT NULL UNIQUE,
  user_id TEXT NOT NULL,
  user_principal_name TEXT NOT NULL,
  registered BIGINT NOT NULL,
  UNIQUE (computer_id, username)
);
CREATE TABLE compliance_state (
  registration_id BIGINT PRIMARY KEY,
  applicable BIGINT NOT NULL,
  state TEXT NOT NULL,
  reason TEXT NOT NULL,
  valid_until BIGINT NOT NULL,
  since BIGINT NOT NULL,
  judged BIGINT NOT NULL
);
)sql",
                                R"sql(
CREATE TABLE compliance_tenant_domain (
  domain TEXT NOT NULL PRIMARY KEY,
  connection_id BIGINT NOT NULL
);
)sql",
                                R"sql(
ALTER TABLE compliance_setting ADD COLUMN sends_inventory BIGINT NOT NULL DEFAULT 0;
)sql",
                                // Times; 0: it did not happen.
                                R"sql(
ALTER TABLE compliance_registration ADD COLUMN token_failing_since BIGINT NOT NULL DEFAULT 0;
ALTER TABLE compliance_registration ADD COLUMN deactivated_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE compliance_setting ADD COLUMN hold_percent BIGINT NOT NULL DEFAULT 20;
ALTER TABLE compliance_setting ADD COLUMN changing BIGINT NOT NULL DEFAULT 0;
)sql",
                                // local_account: LocalAccount of requirements.h. state: RegistrationState.
                                R"sql(
ALTER TABLE compliance_registration ADD COLUMN local_account BIGINT NOT NULL DEFAULT 0;
CREATE TABLE compliance_account (
  computer_id BIGINT NOT NULL,
  username TEXT NOT NULL,
  state BIGINT NOT NULL,
  device_id TEXT NOT NULL,
  problem TEXT NOT NULL,
  told BIGINT NOT NULL,
  PRIMARY KEY (computer_id, username)
);
)sql",
                                // One migration at a time; the last one stays until the next. handed_over_at 0: no.
                                R"sql(
CREATE TABLE compliance_migration (
  platform TEXT NOT NULL PRIMARY KEY,
  phase TEXT NOT NULL,
  from_connection_id BIGINT NOT NULL,
  from_compliance_group BIGINT NOT NULL,
  from_applicable_group BIGINT NOT NULL,
  from_inventory BIGINT NOT NULL,
  to_connection_id BIGINT NOT NULL,
  to_compliance_group BIGINT NOT NULL,
  to_applicable_group BIGINT NOT NULL,
  to_inventory BIGINT NOT NULL,
  started_at BIGINT NOT NULL,
  started_by TEXT NOT NULL,
  cut_over_at BIGINT NOT NULL,
  cut_over_by TEXT NOT NULL,
  accepted_differences BIGINT NOT NULL,
  ended_at BIGINT NOT NULL,
  ended_by TEXT NOT NULL
);
ALTER TABLE compliance_setting ADD COLUMN handed_over_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE compliance_setting ADD COLUMN lapsed BIGINT NOT NULL DEFAULT 0;
)sql"}};

}  // namespace wardbridge::compliance
