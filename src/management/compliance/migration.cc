#include "management/compliance/migration.h"

#include <array>

#include "management/compliance/connections.h"
#include "management/groups/regroup.h"

namespace wardbridge::compliance {
namespace {

constexpr std::string_view kMigratedPlatform = "macOS";
constexpr std::array kPhases = {Phase::rehearsing, Phase::cut_over, Phase::finished, Phase::rolled_back,
                                Phase::abandoned};

Side side_from(const store::Row& row, int first) {
  return {.connection = ledger::ConnectionId{row.integer(first)},
          .compliance_group = groups::GroupId{row.integer(first + 1)},
          .applicable_group = groups::GroupId{row.integer(first + 2)},
          .carries_inventory = row.flag(first + 3)};
}

void save(store::Transaction& tx, const Migration& migration) {
  tx.execute(
      "INSERT INTO compliance_migration (platform, phase, from_connection_id, from_compliance_group,"
      " from_applicable_group, from_inventory, to_connection_id, to_compliance_group, to_applicable_group,"
      " to_inventory, started_at, started_by, cut_over_at, cut_over_by, accepted_differences, ended_at, ended_by)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (platform) DO UPDATE SET"
      " phase = excluded.phase, from_connection_id = excluded.from_connection_id,"
      " from_compliance_group = excluded.from_compliance_group,"
      " from_applicable_group = excluded.from_applicable_group, from_inventory = excluded.from_inventory,"
      " to_connection_id = excluded.to_connection_id, to_compliance_group = excluded.to_compliance_group,"
      " to_applicable_group = excluded.to_applicable_group, to_inventory = excluded.to_inventory,"
      " started_at = excluded.started_at, started_by = excluded.started_by, cut_over_at = excluded.cut_over_at,"
      " cut_over_by = excluded.cut_over_by, accepted_differences = excluded.accepted_differences,"
      " ended_at = excluded.ended_at, ended_by = excluded.ended_by",
      {kMigratedPlatform, name_of(migration.phase), migration.from.connection.value,
       migration.from.compliance_group.value, migration.from.applicable_group.value, migration.from.carries_inventory,
       migration.to.connection.value, migration.to.compliance_group.value, migration.to.applicable_group.value,
       migration.to.carries_inventory, migration.started, migration.started_by, migration.cut_over,
       migration.cut_over_by, migration.accepted_differences, migration.ended, migration.ended_by});
}

// INVARIANT: law 9.
void audit_phase(store::Transaction& tx, const Migration& migration, json::Object details, const audit::Actor& by,
                 Time now) {
  auto name = [&](const Side& side) {
    auto connection = find_connection(tx, side.connection);
    return connection ? connection->name : std::to_string(side.connection.value);
  };
  details["phase"] = wire_name(migration.phase);
  details["from"] = name(migration.from);
  details["to"] = name(migration.to);
  audit::record(tx, {.time = now,
                     .actor = by,
                     .action = "update",
                     .object_type = "Conditional Access",
                     .object_id = std::string(kMigratedPlatform),
                     .object_name = "Migration",
                     .details = std::move(details)});
}

// Verdicts are told to this side from now on; those who are judged by other groups than before are judged again.
void tell_by(store::Transaction& tx, const Side& side, const Side& before, Time now) {
  tx.execute(
      "UPDATE compliance_setting SET connection_id = ?, compliance_group = ?, applicable_group = ?,"
      " sends_inventory = ? WHERE platform = ?",
      {side.connection.value, side.compliance_group.value, side.applicable_group.value, side.carries_inventory,
       kMigratedPlatform});
  bool same_groups =
      side.compliance_group == before.compliance_group && side.applicable_group == before.applicable_group;
  if (!same_groups) inventory::reassess_all(tx, now);
}

// Whoever changes the settings' connection on several nodes takes turns.
void take_turns(store::Transaction& tx) {
  (void)tx.query_one("SELECT platform FROM compliance_setting WHERE platform = ?" + std::string(tx.lock_rows()),
                     {kMigratedPlatform});
}

Result<Migration> active_migration(store::Transaction& tx) {
  take_turns(tx);
  auto found = migration(tx);
  if (!found || !found->is_active()) return conflict("not_migrating", "no migration goes on");
  return *std::move(found);
}

std::string devices_text(std::int64_t count, const char* rest) {
  return std::to_string(count) + (count == 1 ? " device " : " devices ") + rest;
}

Status check_target(const std::optional<AnyConnection>& target, ledger::ConnectionId id) {
  if (!target) {
    return invalid("unknown_connection", "no connection has the id " + std::to_string(id.value), "connectionId");
  }
  if (!target->is_off) return done();
  return conflict("target_is_off", "the connection `" + target->name + "` is turned off: turn it on first");
}

Status end(store::Transaction& tx, Migration& migration, Phase phase, const audit::Actor& by, Time now) {
  migration.phase = phase;
  migration.ended = now;
  migration.ended_by = by.name;
  save(tx, migration);
  audit_phase(tx, migration, {}, by, now);
  return done();
}

}  // namespace

const char* name_of(Phase phase) {
  switch (phase) {
    case Phase::rehearsing:
      return "rehearsing";
    case Phase::cut_over:
      return "cut_over";
    case Phase::finished:
      return "finished";
    case Phase::rolled_back:
      return "rolled_back";
    case Phase::abandoned:
      return "abandoned";
  }
  CHECK(false);
}

const char* wire_name(Phase phase) {
  switch (phase) {
    case Phase::cut_over:
      return "cutOver";
    case Phase::rolled_back:
      return "rolledBack";
    default:
      return name_of(phase);
  }
}

std::optional<Migration> migration(store::Transaction& tx) {
  auto row = tx.query_one(
      "SELECT phase, from_connection_id, from_compliance_group, from_applicable_group, from_inventory,"
      " to_connection_id, to_compliance_group, to_applicable_group, to_inventory, started_at, started_by, cut_over_at,"
      " cut_over_by, accepted_differences, ended_at, ended_by FROM compliance_migration WHERE platform = ?",
      {kMigratedPlatform});
  if (!row) return std::nullopt;
  Migration found{.from = side_from(*row, 1),
                  .to = side_from(*row, 5),
                  .started = row->time(9),
                  .started_by = row->text(10),
                  .cut_over = row->time(11),
                  .cut_over_by = row->text(12),
                  .accepted_differences = row->integer(13),
                  .ended = row->time(14),
                  .ended_by = row->text(15)};
  for (Phase phase : kPhases) {
    if (row->text(0) == name_of(phase)) found.phase = phase;
  }
  return found;
}

// What waits for somebody's word would go without it: lanes that are swapped send everything.
Status check_nothing_held(store::Transaction& tx) {
  Held waiting = held(tx);
  if (waiting.devices == 0) return done();
  return conflict("verdicts_held", "a change of configuration holds the verdicts of " +
                                       devices_text(waiting.devices, "back: confirm it, or change it back, first"));
}

Status check_not_migrating(store::Transaction& tx, ledger::ConnectionId connection) {
  auto found = migration(tx);
  bool concerned = found && found->is_active() &&
                   (!connection || connection == found->from.connection || connection == found->to.connection);
  if (!concerned) return done();
  return conflict("migrating", "a migration between two connections goes on: finish it or roll it back first");
}

void note_inventory(store::Transaction& tx, ledger::ConnectionId connection, bool carries_inventory, Time now) {
  auto found = migration(tx);
  if (!found || !found->is_active()) return;
  bool changed = false;
  for (Side* side : {&found->from, &found->to}) {
    if (side->connection != connection || side->carries_inventory == carries_inventory) continue;
    side->carries_inventory = carries_inventory;
    changed = true;
  }
  if (!changed) return;
  save(tx, *found);
  inventory::reassess_all(tx, now);
}

Status start(store::Transaction& tx, const Plan& plan, const audit::Actor& by, Time now) {
  take_turns(tx);
  TRY(check_not_migrating(tx, {}));
  Settings current = settings(tx);
  if (!current.enabled || !current.connection) {
    return conflict("not_enabled", "device compliance is not enabled, so there is nothing to migrate from");
  }
  if (current.handed_over != kEpoch) {
    return conflict("handed_over",
                    "the connection was turned off with its verdicts left standing: choose the one that adopts them");
  }
  if (plan.to == current.connection) {
    return conflict("same_connection", "verdicts are told to this connection already");
  }
  auto target = find_connection(tx, plan.to);
  TRY(check_target(target, plan.to));
  Side to{.connection = plan.to,
          .compliance_group = plan.compliance_group ? plan.compliance_group : current.compliance_group,
          .applicable_group = plan.applicable_group ? plan.applicable_group : current.applicable_group,
          .carries_inventory = target->carries_inventory};
  for (auto [group, field] :
       {std::pair{to.compliance_group, "complianceGroupId"}, std::pair{to.applicable_group, "applicableGroupId"}}) {
    if (groups::find(tx, group)) continue;
    return invalid("unknown_group", "no smart computer group has the id " + std::to_string(group.value), field);
  }
  if (tx.query_one("SELECT domain FROM compliance_tenant_domain WHERE connection_id = ? LIMIT 1", {plan.to.value})) {
    return conflict("used_for_domains", "the devices of some domains are told to this connection already");
  }
  if (ledger::counts(tx, plan.to).pending > 0) {
    return conflict("still_retreating", "this connection still delivers what it was told before: wait until it has");
  }
  ledger::set_lane_purpose(tx, plan.to, ledger::Lane::Purpose::rehearsing);
  Migration migration{.from = {.connection = current.connection,
                               .compliance_group = current.compliance_group,
                               .applicable_group = current.applicable_group,
                               .carries_inventory = current.sends_inventory},
                      .to = to,
                      .started = now,
                      .started_by = by.name};
  save(tx, migration);
  audit_phase(tx, migration, {}, by, now);
  inventory::reassess_all(tx, now);
  return done();
}

Report report(store::Transaction& tx, const Migration& migration) {
  return {.waiting = migration.is_active() ? inventory::count_due(tx, migration.started) : 0,
          .is_regrouping = migration.is_active() && !groups::all_regrouping(tx).empty(),
          .totals = ledger::compare(tx, migration.telling().connection, migration.rehearsing().connection)};
}

std::vector<ledger::Difference> differences(store::Transaction& tx, const Migration& migration, int limit,
                                            std::int64_t offset) {
  return ledger::differences(tx, migration.telling().connection, migration.rehearsing().connection, limit, offset);
}

Status cut_over(store::Transaction& tx, const Accept& accept, const audit::Actor& by, Time now) {
  Migration migration = TRY(active_migration(tx));
  if (migration.phase != Phase::rehearsing) {
    return conflict("not_rehearsing", "verdicts are told to the new connection already");
  }
  auto target = find_connection(tx, migration.to.connection);
  TRY(check_target(target, migration.to.connection));
  if (!target->is_active && !accept.inactive_target) {
    return conflict("target_not_active", "the connection `" + target->name + "` is not active but `" + target->state +
                                             "`: confirm it first, or say that it will be right afterwards");
  }
  Report found = report(tx, migration);
  if (found.waiting > 0) {
    return conflict("report_incomplete",
                    "the report is not complete: " + std::to_string(found.waiting) + " Macs wait to be judged");
  }
  if (found.is_regrouping) {
    return conflict("report_incomplete", "the report is not complete: an edited group is still being carried out");
  }
  TRY(check_nothing_held(tx));
  std::int64_t differ = found.totals.differ();
  if (differ > 0 && !accept.differences) {
    return conflict("verdicts_differ",
                    devices_text(differ, "would be told otherwise: look at the report, and accept it"));
  }
  ledger::switch_lanes(tx, migration.from.connection, migration.to.connection, ledger::OldRows::kept,
                       "device compliance moved to another connection", now);
  TRY(turn_off(tx, migration.from.connection, Verdicts::handed_over, by, now));
  tell_by(tx, migration.to, migration.from, now);
  migration.phase = Phase::cut_over;
  migration.cut_over = now;
  migration.cut_over_by = by.name;
  migration.accepted_differences = differ;
  save(tx, migration);
  audit_phase(tx, migration, {{"acceptedDifferences", differ}}, by, now);
  return done();
}

Status roll_back(store::Transaction& tx, const audit::Actor& by, Time now) {
  Migration migration = TRY(active_migration(tx));
  if (migration.phase == Phase::rehearsing) {
    ledger::drop_rehearsed(tx, migration.to.connection, ledger::Lane::Purpose::open);
    return end(tx, migration, Phase::abandoned, by, now);
  }
  TRY(check_nothing_held(tx));
  ledger::switch_lanes(tx, migration.to.connection, migration.from.connection, ledger::OldRows::dropped,
                       "device compliance moved back to the connection before", now);
  TRY(turn_on(tx, migration.from.connection, by, now));
  TRY(turn_off(tx, migration.to.connection, Verdicts::handed_over, by, now));
  tell_by(tx, migration.from, migration.to, now);
  return end(tx, migration, Phase::rolled_back, by, now);
}

Status finish(store::Transaction& tx, Wait wait, const audit::Actor& by, Time now) {
  Migration migration = TRY(active_migration(tx));
  if (migration.phase != Phase::cut_over) {
    return conflict("not_cut_over", "verdicts are still told to the connection before: cut over first");
  }
  ledger::Progress progress = ledger::progress(tx, migration.to.connection);
  std::int64_t missing = progress.devices - progress.acknowledged - progress.parked;
  if (missing > 0 && wait == Wait::until_taken_over) {
    return conflict("not_taken_over", devices_text(missing, "were not taken over by the new connection yet"));
  }
  auto from = find_connection(tx, migration.from.connection);
  bool is_gone = !from || from->state == "terminated";  // nothing is delivered there any more
  if (!is_gone && ledger::counts(tx, migration.from.connection).pending > 0) {
    return conflict("still_retreating", "the connection before still retracts what only it knew: wait until it has");
  }
  ledger::drop_rehearsed(tx, migration.from.connection, ledger::Lane::Purpose::closed);
  return end(tx, migration, Phase::finished, by, now);
}

}  // namespace wardbridge::compliance
