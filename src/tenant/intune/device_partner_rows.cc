#include "tenant/intune/rows.h"

namespace wardbridge::intune {
namespace {

// Targets as words: `everyone`, `+<group>`, `-<group>`.
std::string words_of(const Assignments& assignments) {
  std::vector<std::string> words;
  if (assignments.everyone) words.emplace_back("everyone");
  for (const std::string& group : assignments.include) words.push_back("+" + group);
  for (const std::string& group : assignments.exclude) words.push_back("-" + group);
  return text::join(words, " ");
}

Assignments assignments_from(const std::string& words) {
  Assignments assignments;
  for (std::string_view word : text::split(words, ' ')) {
    if (word == "everyone") assignments.everyone = true;
    if (word.starts_with('+')) assignments.include.emplace_back(word.substr(1));
    if (word.starts_with('-')) assignments.exclude.emplace_back(word.substr(1));
  }
  return assignments;
}

constexpr const char* kManagedDeviceColumns =
    "device_id, app_id, instance, user_id, device_name, inventory, enrolled_at, last_sync_at";

ManagedDevice managed_device_from(const store::Row& row) {
  json::Value inventory = json::parse(row.text(5)).value_or(json::Object{});
  return {.device_id = {row.text(0)},
          .app_id = {row.text(1)},
          .instance = row.text(2),
          .user_id = row.text(3),
          .device_name = row.text(4),
          .inventory = inventory.is_object() ? inventory.get_object() : json::Object{},
          .enrolled = row.time(6),
          .last_sync = row.time(7)};
}

}  // namespace

DevicePartner device_partner(store::Transaction& tx, const directory::TenantId& tenant) {
  auto row = tx.query_one(
      "SELECT id, app_id, display_name, provisioned, enrollment_url, remediation_url, last_heartbeat_at, changed_at,"
      " instance, assignments FROM intune_device_partner WHERE tenant_id = ?",
      {tenant.value});
  // ENTRA: the console shows the node before anything is set up.
  if (!row) return {.id = tenant.value};
  return {.id = row->text(0),
          .app_id = {row->text(1)},
          .display_name = row->text(2),
          .provisioned = static_cast<Partner::Provisioned>(row->integer(3)),
          .enrollment_url = row->text(4),
          .remediation_url = row->text(5),
          .last_heartbeat = row->time(6),
          .changed = row->time(7),
          .instance = row->text(8),
          .assignments = assignments_from(row->text(9))};
}

void save_device_partner(store::Transaction& tx, const directory::TenantId& tenant, const DevicePartner& partner) {
  tx.post(
      "INSERT INTO intune_device_partner (tenant_id, id, app_id, display_name, provisioned, enrollment_url,"
      " remediation_url, last_heartbeat_at, changed_at, instance, assignments)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (tenant_id) DO UPDATE SET app_id = excluded.app_id,"
      " display_name = excluded.display_name, provisioned = excluded.provisioned,"
      " enrollment_url = excluded.enrollment_url, remediation_url = excluded.remediation_url,"
      " last_heartbeat_at = excluded.last_heartbeat_at, changed_at = excluded.changed_at,"
      " instance = excluded.instance, assignments = excluded.assignments",
      {tenant.value, partner.id, partner.app_id.value, partner.display_name, static_cast<int>(partner.provisioned),
       partner.enrollment_url, partner.remediation_url, partner.last_heartbeat, partner.changed, partner.instance,
       words_of(partner.assignments)});
}

std::vector<Departure> departures(store::Transaction& tx, const directory::TenantId& tenant) {
  std::vector<Departure> found;
  for (const auto& row : tx.query("SELECT app_id, instance, terminated_at, remove_at FROM intune_departure"
                                  " WHERE tenant_id = ? ORDER BY remove_at, app_id, instance",
                                  {tenant.value})) {
    found.push_back({.app_id = {row.text(0)},
                     .instance = row.text(1),
                     .terminated = row.time(2),
                     .remove_devices_at = row.time(3)});
  }
  return found;
}

void save_departure(store::Transaction& tx, const directory::TenantId& tenant, const Departure& departure) {
  tx.post(
      "INSERT INTO intune_departure (tenant_id, app_id, instance, terminated_at, remove_at) VALUES (?, ?, ?, ?, ?)"
      " ON CONFLICT (tenant_id, app_id, instance) DO UPDATE SET terminated_at = excluded.terminated_at,"
      " remove_at = excluded.remove_at",
      {tenant.value, departure.app_id.value, departure.instance, departure.terminated, departure.remove_devices_at});
}

void delete_departure(store::Transaction& tx, const directory::TenantId& tenant, const directory::AppId& app,
                      const std::string& instance) {
  tx.post("DELETE FROM intune_departure WHERE tenant_id = ? AND app_id = ? AND instance = ?",
          {tenant.value, app.value, instance});
}

std::vector<ManagedDevice> managed_devices(store::Transaction& tx, const directory::TenantId& tenant) {
  std::vector<ManagedDevice> found;
  for (const auto& row : tx.query(std::string("SELECT ") + kManagedDeviceColumns +
                                      " FROM intune_managed_device WHERE tenant_id = ? ORDER BY device_id",
                                  {tenant.value})) {
    found.push_back(managed_device_from(row));
  }
  return found;
}

std::optional<ManagedDevice> find_managed_device(store::Transaction& tx, const directory::TenantId& tenant,
                                                 const directory::DeviceId& id) {
  auto row = tx.query_one(std::string("SELECT ") + kManagedDeviceColumns +
                              " FROM intune_managed_device WHERE tenant_id = ? AND device_id = ?",
                          {tenant.value, id.value});
  if (!row) return std::nullopt;
  return managed_device_from(*row);
}

void save_managed_device(store::Transaction& tx, const directory::TenantId& tenant, const ManagedDevice& device) {
  tx.post(
      "INSERT INTO intune_managed_device (tenant_id, device_id, app_id, instance, user_id, device_name, inventory,"
      " enrolled_at, last_sync_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (tenant_id, device_id) DO UPDATE SET"
      " app_id = excluded.app_id, instance = excluded.instance, user_id = excluded.user_id,"
      " device_name = excluded.device_name, inventory = excluded.inventory, last_sync_at = excluded.last_sync_at",
      {tenant.value, device.device_id.value, device.app_id.value, device.instance, device.user_id, device.device_name,
       json::to_text(device.inventory), device.enrolled, device.last_sync});
}

}  // namespace wardbridge::intune
