// `wardbridge partner ...`: what a tenant's administrator does with partners, over Microsoft Graph: *Partner device
// management* and *Partner compliance management*.
//
// All of these: 0: done; 1: the tenant refused or is away; 3: there is no such partner or group.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/api_client.h"

namespace wardbridge::cli {

// *Partner device management*: the one partner.
int show_device_partner(ApiClient& graph, bool as_json);

// Whose Macs, by names or object ids of groups. Exclude overrides include; nobody included: everybody is.
struct PartnerGroups {
  bool everyone = false;
  std::vector<std::string> include;
  std::vector<std::string> exclude;
};
// *Save*: what is absent stays. An empty application id takes the one that is entered away.
int save_device_partner(ApiClient& graph, const std::optional<std::string>& application_id,
                        const std::optional<PartnerGroups>& groups, bool as_json);
// *Evaluate*: how many Macs these groups would concern. Changes nothing.
int evaluate_device_partner(ApiClient& graph, const PartnerGroups& groups, bool as_json);
int terminate_device_partner(ApiClient& graph);

// *Partner compliance management*.
int list_compliance_partners(ApiClient& graph, bool as_json);
// *Add compliance partner* for macOS: by the name or client id of its enterprise application.
int add_compliance_partner(ApiClient& graph, const std::string& application, const std::vector<std::string>& groups,
                           bool as_json);
// By display name or id.
int assign_compliance_partner(ApiClient& graph, const std::string& partner, const std::vector<std::string>& groups);
// Which of several partners for macOS comes first: 1 does; nothing: in no order. The device management partner when
// `partner` is empty.
int rank_partner(ApiClient& graph, const std::string& partner, std::optional<int> priority);
int remove_compliance_partner(ApiClient& graph, const std::string& partner);

}  // namespace wardbridge::cli
