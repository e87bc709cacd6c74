#include "management/self_service/self_service.h"

namespace wardbridge::self_service {

// Columns of one kind are empty in rows of the other.
const store::Schema kSchema{"self_service",
                            {
                                R"sql(
CREATE TABLE self_service_setting (
  id BIGINT PRIMARY KEY,
  native_client_id TEXT NOT NULL
);
CREATE TABLE self_service_category (
  id BIGINT PRIMARY KEY,
  name TEXT NOT NULL,
  name_folded TEXT NOT NULL UNIQUE
);
CREATE TABLE self_service_item (
  id BIGINT PRIMARY KEY,
  kind BIGINT NOT NULL,
  name TEXT NOT NULL,
  name_folded TEXT NOT NULL,
  enabled BIGINT NOT NULL,
  all_computers BIGINT NOT NULL,
  shown BIGINT NOT NULL,
  display_name TEXT NOT NULL,
  description TEXT NOT NULL,
  must_view_description BIGINT NOT NULL,
  button TEXT NOT NULL,
  again_button TEXT NOT NULL,
  category_id BIGINT NOT NULL,
  featured BIGINT NOT NULL,
  frequency BIGINT NOT NULL,
  registers_computers BIGINT NOT NULL,
  bundle_id TEXT NOT NULL,
  version TEXT NOT NULL,
  distribution BIGINT NOT NULL,
  UNIQUE (kind, name_folded)
);
CREATE TABLE self_service_scope (
  item_id BIGINT NOT NULL,
  group_id BIGINT NOT NULL,
  PRIMARY KEY (item_id, group_id)
);
CREATE INDEX self_service_scope_by_group ON self_service_scope (group_id);
CREATE TABLE self_service_run (
  id BIGINT PRIMARY KEY,
  item_id BIGINT NOT NULL,
  kind BIGINT NOT NULL,
  item_name TEXT NOT NULL,
  computer_id BIGINT NOT NULL,
  username TEXT NOT NULL,
  state BIGINT NOT NULL,
  reason TEXT NOT NULL,
  message TEXT NOT NULL,
  started BIGINT NOT NULL,
  finished BIGINT NOT NULL
);
CREATE INDEX self_service_run_by_computer ON self_service_run (computer_id, item_id);
CREATE INDEX self_service_run_by_item ON self_service_run (item_id);
)sql"}};

}  // namespace wardbridge::self_service
