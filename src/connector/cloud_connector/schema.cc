#include "connector/cloud_connector/cloud_connector.h"

namespace wardbridge::cloud_connector {

const store::Schema kSchema = {
    "cloud_connector",
    {R"sql(
CREATE TABLE cloud_database (
  id TEXT NOT NULL PRIMARY KEY,
  recovering_until BIGINT NOT NULL
);
CREATE TABLE cloud_application (
  cloud TEXT NOT NULL PRIMARY KEY,
  sealed_secret TEXT NOT NULL,
  sealed_next_secret TEXT NOT NULL,
  revision BIGINT NOT NULL
);
CREATE TABLE cloud_instance (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  credential_hash TEXT NOT NULL,
  state TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  last_seen_at BIGINT NOT NULL
);
CREATE TABLE cloud_tenant (
  id TEXT NOT NULL PRIMARY KEY,
  cloud TEXT NOT NULL,
  state TEXT NOT NULL,
  extensions TEXT NOT NULL,
  roles TEXT NOT NULL,
  last_heartbeat_at BIGINT NOT NULL,
  last_resync_at BIGINT NOT NULL,
  next_run_at BIGINT NOT NULL,
  failures BIGINT NOT NULL,
  error_reason TEXT NOT NULL,
  error_message TEXT NOT NULL
);
CREATE INDEX cloud_tenant_due ON cloud_tenant (next_run_at);
CREATE TABLE cloud_attachment (
  id TEXT NOT NULL PRIMARY KEY,
  instance_id TEXT NOT NULL,
  tenant_id TEXT NOT NULL,
  cloud TEXT NOT NULL,
  progress TEXT NOT NULL,
  needs_approval BIGINT NOT NULL,
  consent_until BIGINT NOT NULL,
  enrollment_url TEXT NOT NULL,
  remediation_url TEXT NOT NULL,
  error_reason TEXT NOT NULL,
  error_message TEXT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX cloud_attachment_pair ON cloud_attachment (instance_id, tenant_id);
CREATE INDEX cloud_attachment_by_tenant ON cloud_attachment (tenant_id);
CREATE TABLE cloud_consent (
  state_hash TEXT NOT NULL PRIMARY KEY,
  attachment_id TEXT NOT NULL,
  step TEXT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE TABLE cloud_route (
  tenant_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  instance_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  epoch BIGINT NOT NULL,
  sequence BIGINT NOT NULL,
  stamp BIGINT NOT NULL,
  message_id TEXT NOT NULL,
  acknowledged BIGINT NOT NULL,
  releases BIGINT NOT NULL,
  held BIGINT NOT NULL,
  released BIGINT NOT NULL,
  since BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, device_id)
);
CREATE INDEX cloud_route_by_instance ON cloud_route (instance_id, released);
CREATE TABLE cloud_conflict (
  tenant_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  instance_id TEXT NOT NULL,
  since BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, device_id, instance_id)
);
CREATE INDEX cloud_conflict_by_instance ON cloud_conflict (instance_id);
)sql",
     R"sql(
ALTER TABLE cloud_database ADD COLUMN holder TEXT NOT NULL DEFAULT '';
ALTER TABLE cloud_database ADD COLUMN held_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE cloud_instance ADD COLUMN removal_failures BIGINT NOT NULL DEFAULT 0;
ALTER TABLE cloud_instance ADD COLUMN removal_next_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE cloud_instance ADD COLUMN removal_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE cloud_instance ADD COLUMN removal_message TEXT NOT NULL DEFAULT '';
)sql",
     R"sql(
ALTER TABLE cloud_attachment ADD COLUMN group_ids TEXT NOT NULL DEFAULT '';
ALTER TABLE cloud_tenant ADD COLUMN policy_id TEXT NOT NULL DEFAULT '';
ALTER TABLE cloud_tenant ADD COLUMN policy_group_ids TEXT NOT NULL DEFAULT '';
ALTER TABLE cloud_tenant ADD COLUMN policy_error_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE cloud_tenant ADD COLUMN policy_error_message TEXT NOT NULL DEFAULT '';
)sql"},
};

}  // namespace wardbridge::cloud_connector
