// Whether a device manager from outside answers for a person's Macs.
#include <algorithm>

#include "tenant/intune/rows.h"

namespace wardbridge::intune {
namespace {

const Policy* macos_policy(const std::vector<Policy>& policies) {
  auto found = std::ranges::find(policies, "macOS", &Policy::platform);
  return found == policies.end() ? nullptr : &*found;
}

}  // namespace

PartnerManagement partner_management(store::Transaction& tx, const directory::TenantId& tenant,
                                     const directory::ObjectId& user) {
  PartnerManagement answer;
  auto consider = [&](const std::string& name, const std::string& enrollment, const std::string& remediation,
                      const Assignments& assignments) {
    answer.is_enabled = true;
    if (answer.is_of_account || !is_assigned(tx, tenant, assignments, user)) return;
    answer.is_of_account = true;
    answer.partner_name = name;
    answer.enrollment_url = enrollment;
    answer.remediation_url = remediation;
  };
  DevicePartner device = device_partner(tx, tenant);
  if (device.provisioned == Partner::Provisioned::yes) {
    consider(device.display_name, device.enrollment_url, device.remediation_url, device.assignments);
  }
  for (const Partner& partner : partners(tx, tenant)) {
    if (partner.provisioned != Partner::Provisioned::yes) continue;
    auto known = policies(tx, tenant, partner.app_id);
    const Policy* policy = macos_policy(known);
    Assignments assignments;
    if (policy) assignments.include = policy->assigned_groups;
    consider(partner.display_name, partner.enrollment_url, partner.remediation_url, assignments);
  }
  return answer;
}

}  // namespace wardbridge::intune
