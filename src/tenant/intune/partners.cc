#include "tenant/intune/rows.h"

namespace wardbridge::intune {

const char* name_of(PartnerState state) {
  switch (state) {
    case PartnerState::unknown:
      return "unknown";
    case PartnerState::unavailable:
      return "unavailable";
    case PartnerState::enabled:
      return "enabled";
    case PartnerState::terminated:
      return "terminated";
    case PartnerState::rejected:
      return "rejected";
    case PartnerState::unresponsive:
      return "unresponsive";
  }
  return "unknown";
}

PartnerState state_at(const Partner& partner, Time now, Duration unresponsive_after) {
  switch (partner.provisioned) {
    case Partner::Provisioned::never:
      return PartnerState::unavailable;
    case Partner::Provisioned::no_longer:
      return PartnerState::terminated;
    case Partner::Provisioned::yes:
      break;
  }
  Time last_sign_of_life = std::max(partner.last_heartbeat, partner.changed);
  return now - last_sign_of_life > unresponsive_after ? PartnerState::unresponsive : PartnerState::enabled;
}

Status add_partner(store::Transaction& tx, const directory::TenantId& tenant, const Partner& partner,
                   const audit::Actor& by, Time now) {
  if (find_partner(tx, tenant, partner.app_id)) {
    return conflict("already_exists", "the application `" + partner.app_id.value + "` is already a compliance partner");
  }
  save_partner(tx, tenant, partner);
  directory::record_change(tx, tenant,
                           {.activity = "Create ComplianceManagementPartner",
                            .object_type = "ComplianceManagementPartner",
                            .object_id = partner.id,
                            .object_name = partner.display_name,
                            .properties = {}},
                           by, now);
  return done();
}

Status remove_partner(store::Transaction& tx, const directory::TenantId& tenant, const directory::AppId& app,
                      const audit::Actor& by, Time now) {
  auto partner = find_partner(tx, tenant, app);
  if (!partner) return not_found("no_partner", "the application `" + app.value + "` is no compliance partner");
  if (partner->provisioned == Partner::Provisioned::yes) {
    return conflict("partner_active", "`" + partner->display_name + "` must be disconnected in its own console first");
  }
  tx.post("DELETE FROM intune_policy WHERE tenant_id = ? AND app_id = ?", {tenant.value, app.value});
  tx.post("DELETE FROM intune_partner_priority WHERE tenant_id = ? AND app_id = ?", {tenant.value, app.value});
  tx.post("DELETE FROM intune_partner WHERE tenant_id = ? AND app_id = ?", {tenant.value, app.value});
  directory::record_change(tx, tenant,
                           {.activity = "Delete ComplianceManagementPartner",
                            .object_type = "ComplianceManagementPartner",
                            .object_id = partner->id,
                            .object_name = partner->display_name,
                            .properties = {}},
                           by, now);
  return done();
}

Status assign_partner(store::Transaction& tx, const directory::TenantId& tenant, const directory::AppId& app,
                      const std::string& platform, const std::vector<std::string>& groups, const audit::Actor& by,
                      Time now, Entropy& entropy) {
  for (const std::string& group : groups) {
    if (text::is_guid(group) && directory::find_group(tx, tenant, {text::lower(group)})) continue;
    return invalid("no_group", "no group has the id `" + group.substr(0, 80) + "`", "assignments");
  }
  if (auto rival = rival_on(tx, tenant, app, platform)) {
    return conflict("platform_taken", "`" + rival->display_name + "` is the compliance partner for `" + platform +
                                          "`: disconnect it first, or give both a priority");
  }
  Policy policy{.id = entropy.guid(),
                .app_id = app,
                .display_name = "Partner compliance for " + platform,
                .description = "",
                .platform = platform,
                .assigned_groups = {}};
  for (Policy& known : policies(tx, tenant, app)) {
    if (known.platform == platform) policy = std::move(known);
  }
  json::Object change{{"old", json::to_array(policy.assigned_groups)}, {"new", json::to_array(groups)}};
  policy.assigned_groups = groups;
  save_policy(tx, tenant, policy);
  directory::record_change(tx, tenant,
                           {.activity = "Assign PartnerCompliancePolicy",
                            .object_type = "PartnerCompliancePolicy",
                            .object_id = policy.id,
                            .object_name = policy.display_name,
                            .properties = {{"assignments", std::move(change)}}},
                           by, now);
  return done();
}

void publish_endpoints(store::Transaction& tx, const directory::TenantId& tenant, const std::string& face_url,
                       const std::string& base_path, Entropy& entropy) {
  std::vector<directory::Endpoint> endpoints;
  for (const char* name : {"PartnerTenantDataSyncService", "PartnerDeviceDataSyncService"}) {
    endpoints.push_back({.id = entropy.guid(),
                         .capability = name,
                         .provider_id = entropy.guid(),
                         .provider_name = name,
                         .provider_resource_id = directory::kIntuneApiAppId.value,
                         .uri = face_url + base_path + "/" + name});
  }
  directory::set_endpoints(tx, tenant, directory::kIntuneAppId, endpoints);
}

}  // namespace wardbridge::intune
