// Which of several partners a device and a platform belong to, and when that changes.
#include "tenant/intune/rows.h"

namespace wardbridge::intune {
namespace {

using directory::AppId;
using directory::TenantId;

// Whether a partner may still speak, as far as the tenant knows.
bool is_here(store::Transaction& tx, const TenantId& tenant, const AppId& app) {
  // ENTRA: deleting the enterprise application is a step of the procedure that removes a manual integration.
  if (!directory::find_service_principal(tx, tenant, app)) return false;
  DevicePartner device_management = device_partner(tx, tenant);
  bool manages_devices = device_management.app_id == app && device_management.provisioned == Partner::Provisioned::yes;
  if (manages_devices) return true;
  auto partner = find_partner(tx, tenant, app);
  return partner && partner->provisioned == Partner::Provisioned::yes;
}

// Both in the order, and the one before the other; whoever is in no order comes after all that are.
bool comes_before(store::Transaction& tx, const TenantId& tenant, const AppId& app, const AppId& other,
                  const std::string& platform) {
  auto own = partner_priority(tx, tenant, app, platform);
  if (!own) return false;
  auto theirs = partner_priority(tx, tenant, other, platform);
  return !theirs || *own < *theirs;
}

}  // namespace

std::optional<int> partner_priority(store::Transaction& tx, const TenantId& tenant, const AppId& app,
                                    const std::string& platform) {
  auto row =
      tx.query_one("SELECT priority FROM intune_partner_priority WHERE tenant_id = ? AND app_id = ? AND platform = ?",
                   {tenant.value, app.value, platform});
  if (!row) return std::nullopt;
  return static_cast<int>(row->integer(0));
}

Status set_partner_priority(store::Transaction& tx, const TenantId& tenant, const AppId& app,
                            const std::string& platform, std::optional<int> priority, const audit::Actor& by,
                            Time now) {
  if (priority && (*priority < 1 || *priority > kLastPriority)) {
    return invalid("bad_priority", "a priority is a number from 1 (first) to " + std::to_string(kLastPriority),
                   "priority");
  }
  if (app.value.empty()) return conflict("not_configured", "no application is entered for this partner");
  auto before = partner_priority(tx, tenant, app, platform);
  if (before == priority) return done();
  tx.execute("DELETE FROM intune_partner_priority WHERE tenant_id = ? AND app_id = ? AND platform = ?",
             {tenant.value, app.value, platform});
  if (priority) {
    std::int64_t added = tx.execute(
        "INSERT INTO intune_partner_priority (tenant_id, app_id, platform, priority) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        {tenant.value, app.value, platform, *priority});
    if (added == 0) {
      return conflict("priority_taken",
                      "another partner has the priority " + std::to_string(*priority) + " for `" + platform + "`");
    }
  }
  auto shown = [](std::optional<int> value) { return value ? json::Value(*value) : json::Value(); };
  directory::record_change(
      tx, tenant,
      {.activity = "Update partner priority",
       .object_type = "ComplianceManagementPartner",
       .object_id = app.value,
       .object_name = platform,
       .properties = {{"priority", json::Object{{"old", shown(before)}, {"new", shown(priority)}}}}},
      by, now);
  return done();
}

bool may_take_over(store::Transaction& tx, const TenantId& tenant, const AppId& app, const AppId& owner,
                   const std::string& platform) {
  return !is_here(tx, tenant, owner) || comes_before(tx, tenant, app, owner, platform);
}

std::optional<Partner> rival_on(store::Transaction& tx, const TenantId& tenant, const AppId& app,
                                const std::string& platform) {
  bool is_ordered = partner_priority(tx, tenant, app, platform).has_value();
  for (Partner& other : partners(tx, tenant)) {
    if (other.app_id == app || other.provisioned != Partner::Provisioned::yes) continue;
    // Who comes first is settled where an administrator has put both in an order.
    if (is_ordered && partner_priority(tx, tenant, other.app_id, platform)) continue;
    for (const Policy& theirs : policies(tx, tenant, other.app_id)) {
      if (theirs.platform == platform) return std::move(other);
    }
  }
  return std::nullopt;
}

}  // namespace wardbridge::intune
