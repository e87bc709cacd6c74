#include "tenant/directory/directory.h"

namespace wardbridge::directory {

// Every primary key starts with tenant_id, so that a row can only be named together with its tenant.
const store::Schema kSchema{"tenant_directory",
                            {R"sql(
CREATE TABLE directory_tenant (
  id TEXT NOT NULL PRIMARY KEY,
  display_name TEXT NOT NULL,
  created BIGINT NOT NULL
);
CREATE TABLE directory_tenant_domain (
  tenant_id TEXT NOT NULL,
  position BIGINT NOT NULL,
  domain TEXT NOT NULL UNIQUE,
  PRIMARY KEY (tenant_id, position)
);
CREATE TABLE directory_user (
  tenant_id TEXT NOT NULL,
  id TEXT NOT NULL,
  principal_key TEXT NOT NULL,
  user_principal_name TEXT NOT NULL,
  display_name TEXT NOT NULL,
  given_name TEXT NOT NULL,
  surname TEXT NOT NULL,
  mail TEXT NOT NULL,
  department TEXT NOT NULL,
  job_title TEXT NOT NULL,
  user_type TEXT NOT NULL,
  account_enabled BIGINT NOT NULL,
  password_hash TEXT NOT NULL,
  created BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, principal_key)
);
CREATE TABLE directory_group (
  tenant_id TEXT NOT NULL,
  id TEXT NOT NULL,
  display_name TEXT NOT NULL,
  description TEXT NOT NULL,
  mail_nickname TEXT NOT NULL,
  security_enabled BIGINT NOT NULL,
  created BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE TABLE directory_group_member (
  tenant_id TEXT NOT NULL,
  group_id TEXT NOT NULL,
  member_id TEXT NOT NULL,
  PRIMARY KEY (tenant_id, group_id, member_id)
);
CREATE INDEX directory_group_member_by_member ON directory_group_member (tenant_id, member_id);
CREATE TABLE directory_device (
  tenant_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  id TEXT NOT NULL,
  display_name TEXT NOT NULL,
  operating_system TEXT NOT NULL,
  operating_system_version TEXT NOT NULL,
  manufacturer TEXT NOT NULL,
  model TEXT NOT NULL,
  trust_type TEXT NOT NULL,
  profile_type TEXT NOT NULL,
  account_enabled BIGINT NOT NULL,
  registered_owner TEXT NOT NULL,
  certificate_sha1_thumbprint TEXT NOT NULL,
  public_key_pem TEXT NOT NULL,
  registration BIGINT NOT NULL,
  approximate_last_sign_in BIGINT NOT NULL,
  is_compliant BIGINT,
  is_managed BIGINT,
  compliance_expiration BIGINT,
  mdm_app_id TEXT,
  partner_id TEXT,
  compliance_epoch BIGINT,
  compliance_sequence BIGINT,
  compliance_reason TEXT,
  compliance_reported BIGINT,
  PRIMARY KEY (tenant_id, device_id),
  UNIQUE (tenant_id, id)
);
CREATE INDEX directory_device_by_owner ON directory_device (tenant_id, registered_owner);
CREATE TABLE directory_application (
  tenant_id TEXT NOT NULL,
  app_id TEXT NOT NULL,
  id TEXT NOT NULL,
  display_name TEXT NOT NULL,
  created BIGINT NOT NULL,
  document TEXT NOT NULL,
  PRIMARY KEY (tenant_id, app_id),
  UNIQUE (tenant_id, id)
);
CREATE TABLE directory_application_uri (
  tenant_id TEXT NOT NULL,
  uri_key TEXT NOT NULL,
  app_id TEXT NOT NULL,
  PRIMARY KEY (tenant_id, uri_key)
);
CREATE TABLE directory_application_credential (
  tenant_id TEXT NOT NULL,
  app_id TEXT NOT NULL,
  key_id TEXT NOT NULL,
  display_name TEXT NOT NULL,
  is_certificate BIGINT NOT NULL,
  secret_hash TEXT NOT NULL,
  hint TEXT NOT NULL,
  certificate_pem TEXT NOT NULL,
  thumbprint TEXT NOT NULL,
  valid_from BIGINT NOT NULL,
  valid_until BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, app_id, key_id)
);
CREATE TABLE directory_service_principal (
  tenant_id TEXT NOT NULL,
  app_id TEXT NOT NULL,
  id TEXT NOT NULL,
  display_name TEXT NOT NULL,
  account_enabled BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, app_id),
  UNIQUE (tenant_id, id)
);
CREATE TABLE directory_endpoint (
  tenant_id TEXT NOT NULL,
  app_id TEXT NOT NULL,
  position BIGINT NOT NULL,
  id TEXT NOT NULL,
  capability TEXT NOT NULL,
  provider_id TEXT NOT NULL,
  provider_name TEXT NOT NULL,
  provider_resource_id TEXT NOT NULL,
  uri TEXT NOT NULL,
  PRIMARY KEY (tenant_id, app_id, position)
);
CREATE TABLE directory_app_role_grant (
  tenant_id TEXT NOT NULL,
  client_app_id TEXT NOT NULL,
  resource_app_id TEXT NOT NULL,
  role_id TEXT NOT NULL,
  PRIMARY KEY (tenant_id, client_app_id, resource_app_id, role_id)
);
CREATE TABLE directory_scope_grant (
  tenant_id TEXT NOT NULL,
  client_app_id TEXT NOT NULL,
  resource_app_id TEXT NOT NULL,
  scopes TEXT NOT NULL,
  PRIMARY KEY (tenant_id, client_app_id, resource_app_id)
);
)sql",
                             R"sql(
ALTER TABLE directory_application_credential ADD COLUMN warned_days BIGINT NOT NULL DEFAULT 1000000;
CREATE TABLE directory_user_scope_grant (
  tenant_id TEXT NOT NULL,
  client_app_id TEXT NOT NULL,
  resource_app_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  scopes TEXT NOT NULL,
  PRIMARY KEY (tenant_id, client_app_id, resource_app_id, user_id)
);
CREATE TABLE directory_role_member (
  tenant_id TEXT NOT NULL,
  role_template_id TEXT NOT NULL,
  member_id TEXT NOT NULL,
  PRIMARY KEY (tenant_id, role_template_id, member_id)
);
CREATE TABLE directory_second_factor (
  tenant_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  sealed_secret TEXT NOT NULL,
  last_step BIGINT NOT NULL,
  created BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, user_id)
);
CREATE TABLE directory_recovery_code (
  tenant_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  code_hash TEXT NOT NULL,
  PRIMARY KEY (tenant_id, user_id, code_hash)
);
)sql",
                             R"sql(
CREATE TABLE directory_administrator (
  tenant_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  PRIMARY KEY (tenant_id, user_id)
);
INSERT INTO directory_administrator (tenant_id, user_id) SELECT tenant_id, member_id FROM directory_role_member;
DROP TABLE directory_role_member;
)sql",
                             R"sql(
ALTER TABLE directory_user ADD COLUMN details TEXT NOT NULL DEFAULT '{}';
ALTER TABLE directory_user ADD COLUMN manager_id TEXT NOT NULL DEFAULT '';
ALTER TABLE directory_user ADD COLUMN display_name_key TEXT NOT NULL DEFAULT '';
ALTER TABLE directory_user ADD COLUMN mail_key TEXT NOT NULL DEFAULT '';
UPDATE directory_user SET display_name_key = lower(substr(display_name, 1, 256)), mail_key = lower(substr(mail, 1, 256));
CREATE INDEX directory_user_by_display_name ON directory_user (tenant_id, display_name_key, id);
CREATE INDEX directory_user_by_mail ON directory_user (tenant_id, mail_key);
CREATE INDEX directory_user_by_manager ON directory_user (tenant_id, manager_id);
ALTER TABLE directory_group ADD COLUMN display_name_key TEXT NOT NULL DEFAULT '';
ALTER TABLE directory_group ADD COLUMN membership_rule TEXT NOT NULL DEFAULT '';
ALTER TABLE directory_group ADD COLUMN rule_subject TEXT NOT NULL DEFAULT '';
ALTER TABLE directory_group ADD COLUMN rule_is_paused BIGINT NOT NULL DEFAULT 0;
ALTER TABLE directory_group ADD COLUMN rule_reads_groups BIGINT NOT NULL DEFAULT 0;
ALTER TABLE directory_group ADD COLUMN rule_progress BIGINT NOT NULL DEFAULT 0;
ALTER TABLE directory_group ADD COLUMN rule_processed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE directory_group ADD COLUMN rule_position TEXT NOT NULL DEFAULT '';
ALTER TABLE directory_group ADD COLUMN membership_updated BIGINT NOT NULL DEFAULT 0;
UPDATE directory_group SET display_name_key = lower(substr(display_name, 1, 256));
CREATE INDEX directory_group_by_display_name ON directory_group (tenant_id, display_name_key, id);
CREATE INDEX directory_group_by_rule ON directory_group (tenant_id, rule_subject, rule_is_paused);
CREATE INDEX directory_group_by_progress ON directory_group (tenant_id, rule_progress);
CREATE TABLE directory_membership_reassessment (
  tenant_id TEXT NOT NULL,
  group_id TEXT NOT NULL,
  member_id TEXT NOT NULL,
  due BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, group_id, member_id)
);
CREATE INDEX directory_membership_reassessment_by_due ON directory_membership_reassessment (tenant_id, due);
ALTER TABLE directory_device ADD COLUMN details TEXT NOT NULL DEFAULT '{}';
ALTER TABLE directory_device ADD COLUMN display_name_key TEXT NOT NULL DEFAULT '';
ALTER TABLE directory_device ADD COLUMN operating_system_key TEXT NOT NULL DEFAULT '';
UPDATE directory_device SET display_name_key = lower(substr(display_name, 1, 256)),
  operating_system_key = lower(substr(operating_system, 1, 256));
CREATE INDEX directory_device_by_display_name ON directory_device
  (tenant_id, display_name_key, id, is_compliant, is_managed, account_enabled, compliance_expiration);
CREATE INDEX directory_device_by_system ON directory_device (tenant_id, operating_system_key, display_name_key, id);
CREATE INDEX directory_device_by_enabled ON directory_device (tenant_id, account_enabled, display_name_key, id);
CREATE INDEX directory_device_by_sign_in ON directory_device (tenant_id, approximate_last_sign_in, id);
CREATE TABLE directory_object_change (
  tenant_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  object_id TEXT NOT NULL,
  sequence BIGINT NOT NULL,
  changed BIGINT NOT NULL,
  removed BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, kind, object_id)
);
CREATE INDEX directory_object_change_by_sequence ON directory_object_change (tenant_id, kind, sequence);
CREATE TABLE directory_member_change (
  tenant_id TEXT NOT NULL,
  group_id TEXT NOT NULL,
  member_id TEXT NOT NULL,
  sequence BIGINT NOT NULL,
  changed BIGINT NOT NULL,
  removed BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, group_id, member_id)
);
CREATE INDEX directory_member_change_by_sequence ON directory_member_change (tenant_id, group_id, sequence);
ALTER TABLE directory_app_role_grant ADD COLUMN created BIGINT NOT NULL DEFAULT 0;
CREATE TABLE directory_role_member (
  tenant_id TEXT NOT NULL,
  role_template_id TEXT NOT NULL,
  member_id TEXT NOT NULL,
  PRIMARY KEY (tenant_id, role_template_id, member_id)
);
CREATE INDEX directory_role_member_by_member ON directory_role_member (tenant_id, member_id);
INSERT INTO directory_role_member (tenant_id, role_template_id, member_id)
  SELECT tenant_id, '62e90394-69f5-4237-9190-012177145e10', user_id FROM directory_administrator;
DROP TABLE directory_administrator;
)sql",
                             // One row, moved with every change that application_book.h reads. The fingerprint tells
                             // two histories apart after a restore.
                             R"sql(
CREATE TABLE directory_application_revision (
  id BIGINT NOT NULL PRIMARY KEY,
  number BIGINT NOT NULL,
  fingerprint TEXT NOT NULL
);
INSERT INTO directory_application_revision (id, number, fingerprint) VALUES (1, 1, '');
CREATE INDEX directory_application_uri_by_uri ON directory_application_uri (uri_key);
)sql"}};

}  // namespace wardbridge::directory
