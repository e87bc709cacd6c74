#include "tenant/intune/rows.h"

#include "base/check.h"

namespace wardbridge::intune {
namespace {

Partner partner_from(const store::Row& row) {
  return {.id = row.text(0),
          .app_id = {row.text(1)},
          .display_name = row.text(2),
          .provisioned = static_cast<Partner::Provisioned>(row.integer(3)),
          .enrollment_url = row.text(4),
          .remediation_url = row.text(5),
          .last_heartbeat = row.time(6),
          .changed = row.time(7)};
}

constexpr const char* kPartnerColumns =
    "id, app_id, display_name, provisioned, enrollment_url, remediation_url, last_heartbeat_at, changed_at";

}  // namespace

std::vector<Partner> partners(store::Transaction& tx, const directory::TenantId& tenant) {
  std::vector<Partner> found;
  for (const auto& row : tx.query(std::string("SELECT ") + kPartnerColumns +
                                      " FROM intune_partner WHERE tenant_id = ? ORDER BY display_name, app_id",
                                  {tenant.value})) {
    found.push_back(partner_from(row));
  }
  return found;
}

std::optional<Partner> find_partner(store::Transaction& tx, const directory::TenantId& tenant,
                                    const directory::AppId& app) {
  auto row =
      tx.query_one(std::string("SELECT ") + kPartnerColumns + " FROM intune_partner WHERE tenant_id = ? AND app_id = ?",
                   {tenant.value, app.value});
  if (!row) return std::nullopt;
  return partner_from(*row);
}

void save_partner(store::Transaction& tx, const directory::TenantId& tenant, const Partner& partner) {
  tx.post(
      "INSERT INTO intune_partner (tenant_id, id, app_id, display_name, provisioned, enrollment_url, remediation_url,"
      " last_heartbeat_at, changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
      " ON CONFLICT (tenant_id, app_id) DO UPDATE SET display_name = excluded.display_name,"
      " provisioned = excluded.provisioned, enrollment_url = excluded.enrollment_url,"
      " remediation_url = excluded.remediation_url, last_heartbeat_at = excluded.last_heartbeat_at,"
      " changed_at = excluded.changed_at",
      {tenant.value, partner.id, partner.app_id.value, partner.display_name, static_cast<int>(partner.provisioned),
       partner.enrollment_url, partner.remediation_url, partner.last_heartbeat, partner.changed});
}

std::vector<Policy> policies(store::Transaction& tx, const directory::TenantId& tenant, const directory::AppId& app) {
  std::vector<Policy> found;
  for (const auto& row : tx.query("SELECT id, app_id, display_name, description, platform, assigned_groups FROM"
                                  " intune_policy WHERE tenant_id = ? AND app_id = ? ORDER BY platform",
                                  {tenant.value, app.value})) {
    Policy policy{.id = row.text(0),
                  .app_id = {row.text(1)},
                  .display_name = row.text(2),
                  .description = row.text(3),
                  .platform = row.text(4),
                  .assigned_groups = {}};
    for (std::string_view group : text::split(row.text(5), ' ')) {
      if (!group.empty()) policy.assigned_groups.emplace_back(group);
    }
    found.push_back(std::move(policy));
  }
  return found;
}

void save_policy(store::Transaction& tx, const directory::TenantId& tenant, const Policy& policy) {
  tx.post(
      "INSERT INTO intune_policy (tenant_id, id, app_id, display_name, description, platform, assigned_groups)"
      " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (tenant_id, id) DO UPDATE SET"
      " assigned_groups = excluded.assigned_groups",
      {tenant.value, policy.id, policy.app_id.value, policy.display_name, policy.description, policy.platform,
       text::join(policy.assigned_groups, " ")});
}

std::optional<StoredMessage> stored_message(store::Transaction& tx, const directory::TenantId& tenant,
                                            const std::string& id) {
  auto row = tx.query_one(
      "SELECT id, app_id, received_at, status, error_code, error_detail, body_hash FROM intune_message"
      " WHERE tenant_id = ? AND id = ?",
      {tenant.value, id});
  if (!row) return std::nullopt;
  return StoredMessage{.message = {.id = row->text(0),
                                   .app_id = {row->text(1)},
                                   .received = row->time(2),
                                   .status = row->text(3),
                                   .error_code = row->integer(4),
                                   .error_detail = row->text(5)},
                       .body_hash = row->text(6)};
}

void insert_message(store::Transaction& tx, const directory::TenantId& tenant, const StoredMessage& stored) {
  const Message& message = stored.message;
  tx.post(
      "INSERT INTO intune_message (tenant_id, id, app_id, body_hash, received_at, status, error_code, error_detail)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      {tenant.value, message.id, message.app_id.value, stored.body_hash, message.received, message.status,
       message.error_code, message.error_detail});
}

std::optional<Message> find_message(store::Transaction& tx, const directory::TenantId& tenant, const std::string& id) {
  auto stored = stored_message(tx, tenant, id);
  if (!stored) return std::nullopt;
  return std::move(stored->message);
}

std::int64_t trim_messages(store::Transaction& tx, const directory::TenantId& tenant, Time before) {
  return tx.execute("DELETE FROM intune_message WHERE tenant_id = ? AND received_at < ?", {tenant.value, before});
}

}  // namespace wardbridge::intune
