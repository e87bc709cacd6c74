// The one compliance policy for Macs that a partner keeps at the service, made and assigned.
#pragma once

#include <string>
#include <vector>

#include "connector/partner/partner.h"

namespace wardbridge::partner {

struct PolicyInPlace {
  std::string id;                               // empty: not known to exist
  std::vector<std::string> assigned_group_ids;  // by us
};

// Makes the policy, or finds it, and assigns it to exactly `group_ids`. Twice is harmless: a policy that exists is
// found, and assigning says the whole list. An empty list would take away what the tenant's administrator has assigned;
// it is said only to take back ours, which `before` knows. Problems: besides the client's, `group_not_assigned`.
Answer<PolicyInPlace> put_policy_in_place(Client& client, const std::string& managed_by,
                                          const std::vector<std::string>& group_ids, PolicyInPlace before, Time now);

}  // namespace wardbridge::partner
