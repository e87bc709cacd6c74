// What an edit of a smart group would do, before anybody saves it.
//
//   Rehearsal what_if = TRY(rehearse(tx, book, {.criteria = criteria}, now, 20, options));   // what_if.found.members
//
// Asks the fleet in memory, so it costs one pass over its columns and no transaction waits for it.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "management/groups/fleet.h"

namespace wardbridge::groups {

struct Rehearsal {
  std::size_t looked_at = 0;  // computers, the unmanaged ones too
  Fleet::Preview found;
  bool is_edit = false;  // `found` says who would join and leave
  std::vector<criteria::Warning> warnings;
};
// With an id: as an edit of that group, under these options. At most `limit` computers are listed of each kind. Fails
// as create() and replace() do for bad criteria; `not_found`/`no_group`; `unavailable`/`fleet_not_read` while the fleet
// is still being read from the store, since a count of part of it would be wrong.
Result<Rehearsal> rehearse(store::Transaction& tx, GroupBook& book, SmartComputerGroup group, Time now,
                           std::size_t limit, criteria::Options options);

}  // namespace wardbridge::groups
