// Static computer groups: an admin says which Macs are in one.
//
// An assignment is what the admin said; membership (groups.h) follows from it when the computer is judged, as that of
// smart groups does: a computer that is no longer managed, or has moved to another site, stays assigned and is no
// member until it comes back.
//
//   Assigned saved = TRY(create(tx, StaticComputerGroup{.platform_id = guid, .name = "Loaners", .assignments = {id}},
//   now, actor)); for (ComputerId computer : saved.affected) ...  // judge it in the same transaction
//
// No thread of its own; functions run in the caller's transaction.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "management/groups/groups.h"

namespace wardbridge::groups {

struct StaticComputerGroup {
  GroupId id;
  std::string platform_id;  // a GUID, lower case
  std::string name;         // unique without case, among smart groups too
  std::string description;
  std::int64_t site_id = kNoSite;
  std::vector<ComputerId> assignments;  // by id, each once
  bool operator==(const StaticComputerGroup&) const = default;
};

struct Assigned {
  GroupId id;
  std::vector<ComputerId> affected;  // by id: membership of these may differ now
};
// `group.id` is chosen here, `group.platform_id` by the caller. Audited. `invalid_name`, `invalid_description`,
// `invalid_platform_id`, `conflict`/`already_exists`, and for an assigned computer, all naming `assignments`:
// `unknown_computer`, `unmanaged_computer`, `computer_of_other_site`.
Result<Assigned> create(store::Transaction& tx, StaticComputerGroup group, Time now, const audit::Actor& actor);
// Replaces all but the ids. `not_found`/`no_group`; otherwise as create. Computers that were assigned before are not
// checked again unless the site changes.
Result<Assigned> replace(store::Transaction& tx, StaticComputerGroup group, Time now, const audit::Actor& actor);

std::optional<StaticComputerGroup> find_static(store::Transaction& tx, GroupId id);

// What changed between two states of a group, for its audit row.
json::Object differences(const StaticComputerGroup& before, const StaticComputerGroup& after);

}  // namespace wardbridge::groups
