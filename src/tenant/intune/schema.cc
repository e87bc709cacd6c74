#include "tenant/intune/intune.h"

namespace wardbridge::intune {

const store::Schema kSchema = {
    "intune",
    {R"sql(
CREATE TABLE intune_partner (
  tenant_id TEXT NOT NULL,
  app_id TEXT NOT NULL,
  id TEXT NOT NULL,
  display_name TEXT NOT NULL,
  provisioned BIGINT NOT NULL,
  enrollment_url TEXT NOT NULL,
  remediation_url TEXT NOT NULL,
  last_heartbeat_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, app_id)
);
CREATE TABLE intune_policy (
  tenant_id TEXT NOT NULL,
  id TEXT NOT NULL,
  app_id TEXT NOT NULL,
  display_name TEXT NOT NULL,
  description TEXT NOT NULL,
  platform TEXT NOT NULL,
  assigned_groups TEXT NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, app_id, platform)
);
CREATE TABLE intune_message (
  tenant_id TEXT NOT NULL,
  id TEXT NOT NULL,
  app_id TEXT NOT NULL,
  body_hash TEXT NOT NULL,
  received_at BIGINT NOT NULL,
  status TEXT NOT NULL,
  error_code BIGINT NOT NULL,
  error_detail TEXT NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX intune_message_by_time ON intune_message (tenant_id, received_at);
)sql",
     // A tenant has one device management partner. `assignments`: one target a word, see assignment.cc.
     R"sql(
CREATE TABLE intune_device_partner (
  tenant_id TEXT NOT NULL PRIMARY KEY,
  id TEXT NOT NULL,
  app_id TEXT NOT NULL,
  display_name TEXT NOT NULL,
  provisioned BIGINT NOT NULL,
  enrollment_url TEXT NOT NULL,
  remediation_url TEXT NOT NULL,
  last_heartbeat_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,
  instance TEXT NOT NULL,
  assignments TEXT NOT NULL
);
CREATE TABLE intune_departure (
  tenant_id TEXT NOT NULL,
  app_id TEXT NOT NULL,
  instance TEXT NOT NULL,
  terminated_at BIGINT NOT NULL,
  remove_at BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, app_id, instance)
);
CREATE TABLE intune_managed_device (
  tenant_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  app_id TEXT NOT NULL,
  instance TEXT NOT NULL,
  user_id TEXT NOT NULL,
  device_name TEXT NOT NULL,
  inventory TEXT NOT NULL,
  enrolled_at BIGINT NOT NULL,
  last_sync_at BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, device_id)
);
CREATE INDEX intune_managed_device_by_partner ON intune_managed_device (tenant_id, app_id, instance, device_id);
)sql",
     R"sql(
CREATE TABLE intune_partner_priority (
  tenant_id TEXT NOT NULL,
  platform TEXT NOT NULL,
  app_id TEXT NOT NULL,
  priority BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, platform, app_id),
  UNIQUE (tenant_id, platform, priority)
);
)sql"},
};

}  // namespace wardbridge::intune
