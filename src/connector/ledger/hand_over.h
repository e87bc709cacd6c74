// From one lane to another, with nothing said twice and nothing retracted that the other speaks for.
//
// A migration is two lanes: one open, one rehearsing. The rehearsing one takes the same wishes and sends none, so that
// the two can be compared device by device, and cut-over and roll-back are one swap. A lane that is set aside without
// another (the window after a manual connection was removed) rehearses, too.
//
//   set_lane_purpose(tx, target, Lane::Purpose::rehearsing);      // then every desire() goes to both
//   Comparison now = compare(tx, current, target);
//   switch_lanes(tx, current, target, OldRows::kept, "moved to `target`", now);
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "connector/ledger/ledger.h"

namespace wardbridge::ledger {

// Two lanes side by side, by subject. What is retracted counts as not there.
struct Comparison {
  std::int64_t same_grants = 0;
  std::int64_t same_denials = 0;
  std::int64_t gains = 0;   // denied by the one, granted by the other
  std::int64_t losses = 0;  // granted by the one, denied by the other
  std::int64_t only_first = 0;
  std::int64_t only_second = 0;
  std::int64_t differ() const { return gains + losses + only_first + only_second; }
};
Comparison compare(store::Transaction& tx, ConnectionId first, ConnectionId second);
struct Difference {
  std::string subject;
  std::optional<Delivery> first;
  std::optional<Delivery> second;
};
// By subject.
std::vector<Difference> differences(store::Transaction& tx, ConnectionId first, ConnectionId second, int limit,
                                    std::int64_t offset);

// What becomes of the rows that the new lane speaks for: kept and rehearsed, so that the way back is as short; or gone.
enum class OldRows { kept, dropped };
// `to` opens, and all of it is due at once under versions above everything that `from` ever said (law 6). Subjects that
// only `from` knows are retracted there (law 5), which it still delivers. Afterwards `from` rehearses, or drains.
void switch_lanes(store::Transaction& tx, ConnectionId from, ConnectionId to, OldRows rows, const std::string& reason,
                  Time now);
// The lane rehearses from now on; what was not delivered yet is not sent any more.
void set_aside(store::Transaction& tx, ConnectionId connection, Time now);
// The lane is open again; what it rehearsed is due at once.
void open_lane(store::Transaction& tx, ConnectionId connection, Time now);
// All that `from` rehearsed is to be sent by `to`, which opens; `from` is closed. Returns how many.
enum class Inventory { kept, left_out };  // of the reports
std::int64_t adopt(store::Transaction& tx, ConnectionId from, ConnectionId to, Inventory inventory, Time now);
// Forgets what the lane rehearsed; it has the given purpose afterwards.
void drop_rehearsed(store::Transaction& tx, ConnectionId connection, Lane::Purpose purpose);

// How far a lane has come since it was opened.
struct Progress {
  std::int64_t devices = 0;
  std::int64_t acknowledged = 0;
  std::int64_t contended = 0;  // that the far end does not take from us yet
  std::int64_t parked = 0;
};
Progress progress(store::Transaction& tx, ConnectionId connection);
// Denials that a lane was set aside with, or came to since, while the directory still believes its earlier word.
std::int64_t untold_denials(store::Transaction& tx, ConnectionId connection, Time now);

}  // namespace wardbridge::ledger
