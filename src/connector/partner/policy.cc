#include "connector/partner/policy.h"

#include <algorithm>

namespace wardbridge::partner {

Answer<PolicyInPlace> put_policy_in_place(Client& client, const std::string& managed_by,
                                          const std::vector<std::string>& group_ids, PolicyInPlace before, Time now) {
  PolicyInPlace policy = std::move(before);
  policy.id = TRY(client.ensure_policy({.display_name = "Device compliance of Macs", .platform = "macOS"},
                                       "Managed by Wardbridge: " + managed_by, now));
  if (group_ids.empty() && policy.assigned_group_ids.empty()) return policy;
  const std::vector<std::string> assigned = TRY(client.assign_policy(policy.id, group_ids, now));
  for (const std::string& group : group_ids) {
    auto is_it = [&](const std::string& other) { return text::equal_ignoring_case(other, group); };
    if (std::ranges::any_of(assigned, is_it)) continue;
    return Problem{.kind = Problem::Kind::permanent,
                   .reason = "group_not_assigned",
                   .message = "the service did not assign the group `" + group + "` to the policy"};
  }
  policy.assigned_group_ids = group_ids;
  return policy;
}

}  // namespace wardbridge::partner
