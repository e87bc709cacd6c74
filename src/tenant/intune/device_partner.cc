// The device management partner's life as the tenant's administrator sees it, and what becomes of its devices.
#include <algorithm>
#include <map>

#include "tenant/intune/rows.h"

namespace wardbridge::intune {
namespace {

using directory::ObjectId;
using directory::TenantId;

const audit::Actor kByIntune{.name = "Microsoft Intune"};

void audit_partner(store::Transaction& tx, const TenantId& tenant, const char* activity, const DevicePartner& partner,
                   json::Object properties, const audit::Actor& by, Time now) {
  directory::record_change(tx, tenant,
                           {.activity = activity,
                            .object_type = "DeviceManagementPartner",
                            .object_id = partner.id,
                            .object_name = partner.display_name,
                            .properties = std::move(properties)},
                           by, now);
}

Status check_groups(store::Transaction& tx, const TenantId& tenant, const std::vector<std::string>& groups) {
  for (const std::string& group : groups) {
    if (text::is_guid(group) && directory::find_group(tx, tenant, {text::lower(group)})) continue;
    return invalid("no_group", "no group has the id `" + group.substr(0, 80) + "`", "groupsRequiringPartnerEnrollment");
  }
  return done();
}

bool is_among(const std::vector<ObjectId>& groups, const std::vector<std::string>& named) {
  return std::ranges::any_of(groups, [&](const ObjectId& group) {
    return std::ranges::any_of(named,
                               [&](const std::string& id) { return text::equal_ignoring_case(id, group.value); });
  });
}

enum class Belongs { to_partner, to_nobody, excluded };
Belongs place_of(const Assignments& assignments, const std::vector<ObjectId>& groups) {
  bool everyone = assignments.everyone || assignments.include.empty();
  if (!everyone && !is_among(groups, assignments.include)) return Belongs::to_nobody;
  return is_among(groups, assignments.exclude) ? Belongs::excluded : Belongs::to_partner;
}

// The partner's last word is gone with it.
void take_verdict_back(store::Transaction& tx, const TenantId& tenant, const ManagedDevice& managed,
                       const audit::Actor& by, Time now) {
  auto device = directory::find_device(tx, tenant, managed.device_id);
  if (!device || !device->compliance || device->compliance->partner_id != managed.app_id.value) return;
  directory::Device::Compliance compliance = *device->compliance;
  compliance.is_compliant = false;
  compliance.is_managed = false;
  compliance.expiration = now;
  compliance.reason = "the device was removed from Intune";
  compliance.sequence += 1;  // INVARIANT: law 6. A partner that comes back speaks with a later time stamp.
  (void)directory::set_compliance(tx, tenant, managed.device_id, compliance, by, now);
}

}  // namespace

PartnerState state_at(const DevicePartner& partner, Time now, Duration unresponsive_after) {
  if (partner.app_id.value.empty() && partner.provisioned == Partner::Provisioned::never) return PartnerState::unknown;
  return state_at(
      Partner{.provisioned = partner.provisioned, .last_heartbeat = partner.last_heartbeat, .changed = partner.changed},
      now, unresponsive_after);
}

Time three_months_after(Time time) {
  using namespace std::chrono;
  sys_days day = floor<days>(time);
  year_month_day date = year_month_day{day} + months{3};
  if (!date.ok()) date = date.year() / date.month() / last;
  return Time{sys_days{date}} + (time - day);
}

json::Object partner_change(const DevicePartner& before, const DevicePartner& after, Time now) {
  json::Object change;
  auto compare = [&](const char* property, const std::string& from, const std::string& to) {
    if (from != to) change[property] = json::Object{{"old", from}, {"new", to}};
  };
  compare("singleTenantAppId", before.app_id.value, after.app_id.value);
  compare("partnerState", name_of(state_at(before, now, Duration::max())),
          name_of(state_at(after, now, Duration::max())));
  compare("includeGroups", text::join(before.assignments.include, " "), text::join(after.assignments.include, " "));
  compare("excludeGroups", text::join(before.assignments.exclude, " "), text::join(after.assignments.exclude, " "));
  compare("partnerEnrollmentUrl", before.enrollment_url, after.enrollment_url);
  return change;
}

void depart(store::Transaction& tx, const TenantId& tenant, DevicePartner& partner, Time now) {
  save_departure(tx, tenant,
                 {.app_id = partner.app_id,
                  .instance = partner.instance,
                  .terminated = now,
                  .remove_devices_at = three_months_after(now)});
  partner.provisioned = Partner::Provisioned::no_longer;
  partner.changed = now;
}

Status set_device_partner(store::Transaction& tx, const TenantId& tenant, const directory::AppId& app,
                          const Assignments& assignments, const audit::Actor& by, Time now) {
  if (!app.value.empty() && !text::is_guid(app.value)) {
    return invalid("bad_application", "`" + app.value.substr(0, 80) + "` is not an application id (a GUID)",
                   "singleTenantAppId");
  }
  TRY(check_groups(tx, tenant, assignments.include));
  TRY(check_groups(tx, tenant, assignments.exclude));
  DevicePartner before = device_partner(tx, tenant);
  DevicePartner partner = before;
  if (text::lower(app.value) != partner.app_id.value) {
    if (partner.provisioned == Partner::Provisioned::yes) depart(tx, tenant, partner, now);
    partner.app_id = {text::lower(app.value)};
    // ENTRA: with the application id deleted, the node goes on showing what became of the connection.
    if (!app.value.empty()) {
      partner.provisioned = Partner::Provisioned::never;
      partner.instance.clear();
      partner.enrollment_url.clear();
      partner.remediation_url.clear();
    }
  }
  partner.assignments = assignments;
  partner.changed = now;
  save_device_partner(tx, tenant, partner);
  audit_partner(tx, tenant, "Update DeviceManagementPartner", partner, partner_change(before, partner, now), by, now);
  return done();
}

Status terminate_device_partner(store::Transaction& tx, const TenantId& tenant, const audit::Actor& by, Time now) {
  DevicePartner before = device_partner(tx, tenant);
  if (before.provisioned != Partner::Provisioned::yes) {
    return conflict("not_connected", "the device management partner is not connected");
  }
  DevicePartner partner = before;
  depart(tx, tenant, partner, now);
  save_device_partner(tx, tenant, partner);
  audit_partner(tx, tenant, "Terminate DeviceManagementPartner", partner, partner_change(before, partner, now), by,
                now);
  return done();
}

bool is_assigned(store::Transaction& tx, const TenantId& tenant, const Assignments& assignments, const ObjectId& user) {
  bool all = (assignments.everyone || assignments.include.empty()) && assignments.exclude.empty();
  if (all) return true;
  std::vector<ObjectId> groups;
  if (!user.value.empty()) groups = directory::transitive_groups_of(tx, tenant, user);
  return place_of(assignments, groups) == Belongs::to_partner;
}

Evaluation evaluate(store::Transaction& tx, const TenantId& tenant, const Assignments& assignments) {
  Evaluation evaluation;
  std::map<std::string, Belongs> places;  // by owner: people have several Macs
  for (const directory::Device& device : directory::devices(tx, tenant)) {
    if (!text::equal_ignoring_case(device.operating_system, "macOS")) continue;
    const std::string& owner = device.registered_owner.value;
    auto [place, is_new] = places.try_emplace(owner, Belongs::to_nobody);
    if (is_new) {
      std::vector<ObjectId> groups;
      if (!owner.empty()) groups = directory::transitive_groups_of(tx, tenant, device.registered_owner);
      place->second = place_of(assignments, groups);
    }
    std::int64_t& count = place->second == Belongs::to_partner ? evaluation.partner
                          : place->second == Belongs::excluded ? evaluation.excluded
                                                               : evaluation.others;
    count += 1;
  }
  return evaluation;
}

void leave_list(store::Transaction& tx, const TenantId& tenant, const directory::DeviceId& id, const audit::Actor& by,
                Time now) {
  auto managed = find_managed_device(tx, tenant, id);
  if (!managed) return;
  tx.post("DELETE FROM intune_managed_device WHERE tenant_id = ? AND device_id = ?", {tenant.value, id.value});
  directory::record_change(tx, tenant,
                           {.activity = "Delete ManagedDevice",
                            .object_type = "ManagedDevice",
                            .object_id = id.value,
                            .object_name = managed->device_name,
                            .properties = {{"because", "another partner took the device over"}}},
                           by, now);
}

Status remove_managed_device(store::Transaction& tx, const TenantId& tenant, const directory::DeviceId& id,
                             const audit::Actor& by, Time now) {
  auto managed = find_managed_device(tx, tenant, id);
  if (!managed) return not_found("no_managed_device", "no managed device has the id `" + id.value + "`");
  take_verdict_back(tx, tenant, *managed, by, now);
  tx.post("DELETE FROM intune_managed_device WHERE tenant_id = ? AND device_id = ?", {tenant.value, id.value});
  directory::record_change(tx, tenant,
                           {.activity = "Delete ManagedDevice",
                            .object_type = "ManagedDevice",
                            .object_id = id.value,
                            .object_name = managed->device_name,
                            .properties = {}},
                           by, now);
  return done();
}

std::int64_t remove_due_devices(store::Transaction& tx, const TenantId& tenant, int most, Time now) {
  std::int64_t removed = 0;
  for (const Departure& departure : departures(tx, tenant)) {
    if (now < departure.remove_devices_at) break;  // they come by date
    std::vector<std::string> ids;
    for (const auto& row : tx.query("SELECT device_id FROM intune_managed_device WHERE tenant_id = ? AND app_id = ?"
                                    " AND instance = ? ORDER BY device_id LIMIT ?",
                                    {tenant.value, departure.app_id.value, departure.instance, most - removed})) {
      ids.push_back(row.text(0));
    }
    for (const std::string& id : ids) {
      Status gone = remove_managed_device(tx, tenant, {id}, kByIntune, now);
      CHECK(gone.ok(), "a device vanished within a transaction");
    }
    removed += static_cast<std::int64_t>(ids.size());
    if (removed >= most) return removed;
    delete_departure(tx, tenant, departure.app_id, departure.instance);
  }
  return removed;
}

}  // namespace wardbridge::intune
