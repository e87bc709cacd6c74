// Which objects have changed since a moment: for Graph's delta queries.
//
// One row per object holds its newest change, so the log is as large as the directory and never larger; what was
// removed is remembered for kRemovalsRemembered. Rows are written in the transaction of the change.
//
// Where several servers write (PostgreSQL), changes may become visible in another order than they are numbered in;
// safe_position() therefore stays behind what is younger than a minute. A reader sees such a change again, never not at
// all.
#pragma once

#include <string>
#include <vector>

#include "tenant/directory/search.h"

namespace wardbridge::directory {

inline constexpr Duration kRemovalsRemembered = days{30};

struct ObjectChange {
  std::int64_t sequence = 0;
  ObjectId id;
  bool removed = false;
};
// In the order of their sequences, those after `sequence`.
std::vector<ObjectChange> changes_after(store::Transaction& tx, const TenantId& tenant, ObjectKind kind,
                                        std::int64_t sequence, std::size_t limit);
// From where a reader that has seen everything goes on.
std::int64_t safe_position(store::Transaction& tx, const TenantId& tenant, ObjectKind kind, Time now);
// Members of one group that came or went after `sequence` (a sequence of the kind `group`), in their order.
std::vector<ObjectChange> member_changes_after(store::Transaction& tx, const TenantId& tenant, const ObjectId& group,
                                               std::int64_t sequence, std::size_t limit);
// Forgets removals older than kRemovalsRemembered.
void trim_changes(store::Transaction& tx, const TenantId& tenant, Time now);

}  // namespace wardbridge::directory
