#include "management/inventory/inventory.h"

namespace wardbridge::inventory {

// A computer without a UDID or credential has NULL there, so that uniqueness binds only what exists.
const store::Schema kSchema = {
    "inventory",
    {
        R"(CREATE TABLE computer (
  id BIGINT PRIMARY KEY,
  udid TEXT UNIQUE,
  serial_number TEXT NOT NULL,
  name TEXT NOT NULL,
  management_id TEXT NOT NULL,
  managed BIGINT NOT NULL,
  last_check_in BIGINT NOT NULL,
  last_inventory_update BIGINT NOT NULL,
  last_enrolled BIGINT NOT NULL,
  created BIGINT NOT NULL,
  reassess_at BIGINT NOT NULL,
  revision BIGINT NOT NULL,
  credential_hash TEXT UNIQUE
);
CREATE INDEX computer_by_serial_number ON computer (lower(serial_number));
CREATE INDEX computer_by_management_id ON computer (management_id);
CREATE INDEX computer_by_reassess_at ON computer (reassess_at);
CREATE TABLE computer_section (
  computer_id BIGINT NOT NULL,
  section TEXT NOT NULL,
  hash TEXT NOT NULL,
  document TEXT NOT NULL,
  PRIMARY KEY (computer_id, section)
);
CREATE TABLE computer_report (
  computer_id BIGINT NOT NULL,
  report_id TEXT NOT NULL,
  body_hash TEXT NOT NULL,
  answer TEXT NOT NULL,
  time BIGINT NOT NULL,
  PRIMARY KEY (computer_id, report_id)
);
CREATE INDEX computer_report_by_time ON computer_report (time);
)",
        "ALTER TABLE computer ADD COLUMN assessments BIGINT NOT NULL DEFAULT 0;\n",
        "CREATE INDEX computer_by_name ON computer (lower(name), id);\n",
    },
};

}  // namespace wardbridge::inventory
