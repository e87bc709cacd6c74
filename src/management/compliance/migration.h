// Changing the connection that verdicts travel by, rehearsed first: from the manual connection to a Cloud Connector, to
// Device Compliance, or back, without any Mac registering again and without a verdict lost.
//
//   start       every Mac is judged by the target's groups as well, and the target's lane takes the verdicts and sends
//               none (ledger/hand_over.h)
//   report      device by device what the one tells and the other would
//   cut_over    the lanes swap: the target tells; the old connection says good-bye to the tenant and is rehearsed on,
//   roll_back   so that this is as short
//   finish      gives the old one up
//
//   start(tx, {.to = cloud}, by, now);
//   Report report = ...;                       // until report.is_complete()
//   cut_over(tx, {}, by, now);
//
// INVARIANT: law 5. What only the connection knows that stops telling is retracted there before it says good-bye; for
// everything else the other one speaks, under later versions (law 6).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "connector/ledger/hand_over.h"
#include "management/compliance/compliance.h"

namespace wardbridge::compliance {

enum class Phase { rehearsing, cut_over, finished, rolled_back, abandoned };
const char* name_of(Phase phase);  // as stored; as the wire spells it: wire_name()
const char* wire_name(Phase phase);

// One end of a migration.
struct Side {
  ledger::ConnectionId connection;
  groups::GroupId compliance_group;
  groups::GroupId applicable_group;
  bool carries_inventory = false;
  bool operator==(const Side&) const = default;
};

struct Migration {
  Side from;
  Side to;
  Phase phase = Phase::rehearsing;
  Time started = kEpoch;
  std::string started_by;
  Time cut_over = kEpoch;  // kEpoch: not yet
  std::string cut_over_by;
  std::int64_t accepted_differences = 0;  // by whoever cut over
  Time ended = kEpoch;
  std::string ended_by;

  bool is_active() const { return phase == Phase::rehearsing || phase == Phase::cut_over; }
  const Side& telling() const { return phase == Phase::cut_over || phase == Phase::finished ? to : from; }
  const Side& rehearsing() const { return phase == Phase::rehearsing ? to : from; }
};
// The one that goes on, or the last one.
std::optional<Migration> migration(store::Transaction& tx);
// `conflict`/`migrating` while a migration that goes on concerns the connection; an empty one: any migration.
Status check_not_migrating(store::Transaction& tx, ledger::ConnectionId connection);

// What a connection carries is known only once it is confirmed, perhaps while it is rehearsed.
void note_inventory(store::Transaction& tx, ledger::ConnectionId connection, bool carries_inventory, Time now);

// `conflict`/`verdicts_held` while a change of configuration waits for somebody's word.
Status check_nothing_held(store::Transaction& tx);

struct Plan {
  ledger::ConnectionId to;           // may still wait for its Application ID: a rehearsal sends nothing
  groups::GroupId compliance_group;  // unset: the one of the settings
  groups::GroupId applicable_group;
};
// `conflict`: `migrating`, `not_enabled`, `handed_over`, `same_connection`, `target_is_off`, `still_retreating`,
// `used_for_domains`; `unknown_connection`, `unknown_group`.
Status start(store::Transaction& tx, const Plan& plan, const audit::Actor& by, Time now);

struct Report {
  std::int64_t waiting = 0;    // Macs that were not judged since it began
  bool is_regrouping = false;  // an edited group is still being carried out
  ledger::Comparison totals;   // first: what is told; second: what is rehearsed
  bool is_complete() const { return waiting == 0 && !is_regrouping; }
};
Report report(store::Transaction& tx, const Migration& migration);
// `told` and `rehearsed` of each device, by its subject.
std::vector<ledger::Difference> differences(store::Transaction& tx, const Migration& migration, int limit,
                                            std::int64_t offset);

struct Accept {
  bool differences = false;
  // A tenant has one place under Partner device management: where both connections want it, the new one becomes active
  // after the old one has left. Verdicts wait, and those in the tenant stand, until it does.
  bool inactive_target = false;
};
// `conflict`: `not_rehearsing`, `target_is_off`, `target_not_active`, `report_incomplete`, `verdicts_held`,
// `verdicts_differ`.
Status cut_over(store::Transaction& tx, const Accept& accept, const audit::Actor& by, Time now);
// Back to the connection before; while it is only rehearsed: gives the migration up. `conflict`: `not_migrating`,
// `verdicts_held`.
Status roll_back(store::Transaction& tx, const audit::Actor& by, Time now);
enum class Wait { until_taken_over, no_longer };
// `conflict`: `not_cut_over`, `not_taken_over` while the tenant has not heard of every device from the new connection,
// `still_retreating`.
Status finish(store::Transaction& tx, Wait wait, const audit::Actor& by, Time now);

}  // namespace wardbridge::compliance
