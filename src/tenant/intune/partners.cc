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
