// Keeping the fleet in memory, and stored membership, up with the store and with edited groups: the heartbeat's part.
//
//   while (learn_some(tx, book, now, 200)) {}                      // after a start: read the fleet from the store
//   if (auto work = next_regrouping(tx, book, now, 64)) ...         // after an edit: whom to judge anew, and for what
//
// No thread of its own; functions run in the caller's transaction.
#pragma once

#include <optional>
#include <set>
#include <vector>

#include "management/groups/group_book.h"

namespace wardbridge::groups {

// Reads some more computers into the fleet; false when it knows all.
bool learn_some(store::Transaction& tx, GroupBook& book, Time now, int limit);

// Reads what other nodes have changed, of some computers after `after`, which moves on; false when these were the last.
// Only where several nodes share the store: an edit is carried out by what this node knows of the whole fleet.
bool catch_up_some(store::Transaction& tx, GroupBook& book, Time now, int limit, ComputerId& after);

// Computers that are to be judged by a group anew: those for which stored membership differs from its criteria, and
// after these its members, by id, should membership end by time, since the edit may have changed when. None: the group
// is in order. finish_regrouping() notes how far it came, unless the group was edited again.
struct Regrouping {
  GroupId group;
  std::int64_t edit = 0;
  std::vector<ComputerId> computers;
  ComputerId looked_through;
};
// Groups come after those that they name. Nothing: all groups are in order, or the fleet is not known yet.
std::optional<Regrouping> next_regrouping(store::Transaction& tx, GroupBook& book, Time now, std::size_t limit);
void finish_regrouping(store::Transaction& tx, const Regrouping& regrouping);
// At the start of the program: when what is stored was judged by one that reads criteria in another way (its options,
// its table of criteria), every group is compared anew.
void follow_program(store::Transaction& tx, const GroupBook& book);
// Whether an edit of the group is still being carried out.
bool is_regrouping(store::Transaction& tx, GroupId group);
std::set<GroupId> all_regrouping(store::Transaction& tx);
// As if it had been edited.
void request_regrouping(store::Transaction& tx, GroupId group);

}  // namespace wardbridge::groups
