#include "management/groups/groups.h"

namespace wardbridge::groups {

// `computer_group.criteria` is a JSON list (see rows.h); the groups that it names stand in `computer_group_reference`
// too. `computer_group_revision` has one row. Its fingerprint tells two edits apart that got the same number because
// the first of them was rolled back.
const store::Schema kSchema{"groups",
                            {
                                R"sql(
CREATE TABLE computer_group (
  id BIGINT PRIMARY KEY,
  platform_id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL UNIQUE,
  description TEXT NOT NULL,
  site_id BIGINT NOT NULL,
  criteria TEXT NOT NULL
);
CREATE TABLE computer_group_reference (
  group_id BIGINT NOT NULL,
  referenced_id BIGINT NOT NULL,
  PRIMARY KEY (group_id, referenced_id)
);
CREATE INDEX computer_group_reference_referenced ON computer_group_reference (referenced_id);
CREATE TABLE computer_group_member (
  computer_id BIGINT NOT NULL,
  group_id BIGINT NOT NULL,
  since BIGINT NOT NULL,
  valid_until BIGINT NOT NULL,
  PRIMARY KEY (computer_id, group_id)
);
CREATE INDEX computer_group_member_group ON computer_group_member (group_id, valid_until);
CREATE TABLE computer_group_change (
  computer_id BIGINT NOT NULL,
  number BIGINT NOT NULL,
  group_id BIGINT NOT NULL,
  group_name TEXT NOT NULL,
  joined BIGINT NOT NULL,
  time BIGINT NOT NULL,
  cause TEXT NOT NULL,
  PRIMARY KEY (computer_id, number)
);
CREATE INDEX computer_group_change_group ON computer_group_change (group_id, time);
CREATE TABLE computer_group_revision (
  id BIGINT PRIMARY KEY,
  number BIGINT NOT NULL,
  fingerprint TEXT NOT NULL
);
INSERT INTO computer_group_revision (id, number, fingerprint) VALUES (1, 1, '');
CREATE TABLE computer_extension_attribute (
  id BIGINT PRIMARY KEY,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL UNIQUE,
  description TEXT NOT NULL,
  data_type TEXT NOT NULL,
  enabled BIGINT NOT NULL,
  inventory_display_type TEXT NOT NULL,
  input_type TEXT NOT NULL,
  popup_choices TEXT NOT NULL
);
)sql",
                                // Static groups: the same table, so that ids, names and platform ids are one space.
                                R"sql(
ALTER TABLE computer_group ADD COLUMN smart BIGINT NOT NULL DEFAULT 1;
CREATE TABLE computer_group_assignment (
  group_id BIGINT NOT NULL,
  computer_id BIGINT NOT NULL,
  PRIMARY KEY (group_id, computer_id)
);
CREATE INDEX computer_group_assignment_computer ON computer_group_assignment (computer_id);
)sql",
                                // Groups whose stored membership may not be what their criteria say since an edit.
                                R"sql(
CREATE TABLE computer_group_regroup (
  group_id BIGINT PRIMARY KEY,
  edit BIGINT NOT NULL,
  looked_through BIGINT NOT NULL
);
ALTER TABLE computer_group_revision ADD COLUMN judged_by TEXT NOT NULL DEFAULT '';
)sql"}};

}  // namespace wardbridge::groups
