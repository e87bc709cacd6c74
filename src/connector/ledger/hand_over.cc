#include "connector/ledger/hand_over.h"

#include <algorithm>
#include <array>

#include "connector/ledger/rows.h"

namespace wardbridge::ledger {
namespace {

// Rows of one lane and of another by subject. The parameters are those of sides().
constexpr const char* kOnlyFirst =
    " FROM delivery a LEFT JOIN delivery b ON b.connection_id = ? AND b.subject = a.subject AND b.is_retraction = 0"
    " WHERE a.connection_id = ? AND a.is_retraction = 0 AND b.subject IS NULL";
constexpr const char* kBoth =
    " FROM delivery a JOIN delivery b ON b.connection_id = ? AND b.subject = a.subject AND b.is_retraction = 0"
    " WHERE a.connection_id = ? AND a.is_retraction = 0";

void record_superseded(store::Transaction& tx, ConnectionId connection, Time now) {
  // Few, usually: what was on its way at this moment.
  for (const Delivery& waiting : select_deliveries(tx,
                                                   "WHERE connection_id = ? AND is_retraction = 0"
                                                   " AND state IN ('pending', 'leased', 'sent', 'held')",
                                                   std::array<store::Value, 1>{connection.value})) {
    HistoryEntry replaced = history_entry(waiting, Fate::superseded, now);
    replaced.reason = name_of(waiting.state);
    replaced.message = waiting.failure_message;
    record_fate(tx, replaced);
  }
}

void put_to_rest(store::Transaction& tx, ConnectionId connection, Time now) {
  record_superseded(tx, connection, now);
  tx.execute(
      "UPDATE delivery SET state = 'rehearsed', next_attempt_at = ?, attempts = 0, polls = 0, message_id = '',"
      " lease_token = 0 WHERE connection_id = ? AND is_retraction = 0",
      {kNever, connection.value});
}

// INVARIANT: law 6. Above everything that the lane, or the one that it takes over from, ever said.
void make_due(store::Transaction& tx, ConnectionId connection, const LaneRow& lane, Time now) {
  std::int64_t sequence = std::max(to_unix_milliseconds(now), lane.sequence_floor + 1);
  tx.execute(
      "UPDATE delivery SET state = 'pending', desired_epoch = ?,"
      " desired_sequence = CASE WHEN desired_sequence < ? THEN ? ELSE desired_sequence + 1 END,"
      " acknowledged_epoch = 0, acknowledged_sequence = 0, next_attempt_at = ?, attempts = 0, polls = 0,"
      " message_id = '', desired_at = ?, sent_at = 0, accepted_at = 0, acknowledged_at = 0, failure_reason = '',"
      " failure_message = '' WHERE connection_id = ? AND state = 'rehearsed'",
      {lane.lane.epoch, sequence, sequence, now, now, connection.value});
}

std::int64_t highest_sequence(store::Transaction& tx, ConnectionId connection) {
  auto row = tx.query_one("SELECT COALESCE(MAX(desired_sequence), 0) FROM delivery WHERE connection_id = ?",
                          {connection.value});
  return std::max(row->integer(0), read_lane(tx, connection).sequence_floor);
}

std::vector<std::string> only_in_first(store::Transaction& tx, ConnectionId first, ConnectionId second) {
  std::vector<std::string> subjects;
  for (const auto& row : tx.query(std::string("SELECT a.subject") + kOnlyFirst, {second.value, first.value})) {
    subjects.push_back(row.text(0));
  }
  return subjects;
}

std::int64_t count_only_in_first(store::Transaction& tx, ConnectionId first, ConnectionId second) {
  return tx.query_one(std::string("SELECT COUNT(*)") + kOnlyFirst, {second.value, first.value})->integer(0);
}

std::optional<Delivery> told_or_wished(store::Transaction& tx, ConnectionId connection, const std::string& subject) {
  auto found = find(tx, connection, subject);
  if (found && found->is_retraction) return std::nullopt;
  return found;
}

}  // namespace

Comparison compare(store::Transaction& tx, ConnectionId first, ConnectionId second) {
  Comparison comparison;
  // A row's priority is 0 where it denies, 1 where it grants.
  for (const auto& row :
       tx.query(std::string("SELECT a.priority, b.priority, COUNT(*)") + kBoth + " GROUP BY a.priority, b.priority",
                {second.value, first.value})) {
    bool granted = row.integer(0) == 1, would = row.integer(1) == 1;
    std::int64_t& count = granted == would ? (granted ? comparison.same_grants : comparison.same_denials)
                          : would          ? comparison.gains
                                           : comparison.losses;
    count = row.integer(2);
  }
  comparison.only_first = count_only_in_first(tx, first, second);
  comparison.only_second = count_only_in_first(tx, second, first);
  return comparison;
}

std::vector<Difference> differences(store::Transaction& tx, ConnectionId first, ConnectionId second, int limit,
                                    std::int64_t offset) {
  std::vector<Difference> found;
  std::string sql = std::string("SELECT a.subject") + kBoth +
                    " AND a.priority <> b.priority UNION ALL SELECT a.subject" + kOnlyFirst +
                    " UNION ALL SELECT a.subject" + kOnlyFirst + " ORDER BY 1 LIMIT ? OFFSET ?";
  for (const auto& row : tx.query(
           sql, {second.value, first.value, second.value, first.value, first.value, second.value, limit, offset})) {
    std::string subject = row.text(0);
    found.push_back({.subject = subject,
                     .first = told_or_wished(tx, first, subject),
                     .second = told_or_wished(tx, second, subject)});
  }
  return found;
}

void switch_lanes(store::Transaction& tx, ConnectionId from, ConnectionId to, OldRows rows, const std::string& reason,
                  Time now) {
  LaneRow old_lane = lock_lane(tx, from);
  LaneRow new_lane = lock_lane(tx, to);
  std::int64_t highest = highest_sequence(tx, from);
  std::vector<std::string> left_behind = only_in_first(tx, from, to);
  put_to_rest(tx, from, now);
  old_lane.lane.purpose = Lane::Purpose::draining;
  for (const std::string& subject : left_behind) {
    if (auto delivery = lock_delivery(tx, from, subject)) put_retraction(tx, old_lane, *delivery, reason, now);
  }
  if (rows == OldRows::kept) {
    old_lane.lane.purpose = Lane::Purpose::rehearsing;
  } else {
    old_lane.sequence_floor = highest;
    tx.execute("DELETE FROM delivery WHERE connection_id = ? AND state = 'rehearsed'", {from.value});
  }
  save_lane(tx, from, old_lane);
  new_lane.sequence_floor = std::max(new_lane.sequence_floor, highest);
  new_lane.lane.purpose = Lane::Purpose::open;
  save_lane(tx, to, new_lane);
  make_due(tx, to, new_lane, now);
}

void set_aside(store::Transaction& tx, ConnectionId connection, Time now) {
  LaneRow lane = lock_lane(tx, connection);
  lane.lane.purpose = Lane::Purpose::rehearsing;
  save_lane(tx, connection, lane);
  put_to_rest(tx, connection, now);
}

void open_lane(store::Transaction& tx, ConnectionId connection, Time now) {
  LaneRow lane = lock_lane(tx, connection);
  lane.lane.purpose = Lane::Purpose::open;
  save_lane(tx, connection, lane);
  make_due(tx, connection, lane, now);
}

std::int64_t adopt(store::Transaction& tx, ConnectionId from, ConnectionId to, Inventory inventory, Time now) {
  LaneRow old_lane = lock_lane(tx, from);
  LaneRow new_lane = lock_lane(tx, to);
  std::int64_t highest = highest_sequence(tx, from);
  new_lane.sequence_floor = std::max(new_lane.sequence_floor, highest);
  new_lane.lane.purpose = Lane::Purpose::open;
  save_lane(tx, to, new_lane);
  std::int64_t adopted = 0;
  for (const Delivery& kept : select_deliveries(tx, "WHERE connection_id = ? AND state = 'rehearsed' ORDER BY subject",
                                                std::array<store::Value, 1>{from.value})) {
    Delivery next =
        lock_delivery(tx, to, kept.subject).value_or(Delivery{.connection_id = to, .subject = kept.subject});
    next.is_retraction = kept.is_retraction;
    next.told = kept.told;
    DeviceReport report = kept.report;
    if (inventory == Inventory::left_out) {
      report.inventory.clear();
      report.security.clear();
    }
    put_desired(tx, new_lane, std::move(next), report, kept.hops, now);
    ++adopted;
  }
  tx.execute("DELETE FROM delivery WHERE connection_id = ? AND state = 'rehearsed'", {from.value});
  old_lane.sequence_floor = highest;
  old_lane.lane.purpose = Lane::Purpose::closed;
  save_lane(tx, from, old_lane);
  return adopted;
}

void drop_rehearsed(store::Transaction& tx, ConnectionId connection, Lane::Purpose purpose) {
  LaneRow lane = lock_lane(tx, connection);
  lane.sequence_floor = highest_sequence(tx, connection);
  lane.lane.purpose = purpose;
  save_lane(tx, connection, lane);
  tx.execute("DELETE FROM delivery WHERE connection_id = ? AND state = 'rehearsed'", {connection.value});
}

Progress progress(store::Transaction& tx, ConnectionId connection) {
  auto row = tx.query_one(
      "SELECT COUNT(*), COALESCE(SUM(CASE WHEN acknowledged_sequence > 0 THEN 1 ELSE 0 END), 0),"
      " COALESCE(SUM(CASE WHEN acknowledged_sequence = 0 AND failure_reason = 'device_of_other_partner' THEN 1 ELSE 0"
      " END), 0), COALESCE(SUM(CASE WHEN state = 'parked' THEN 1 ELSE 0 END), 0)"
      " FROM delivery WHERE connection_id = ? AND is_retraction = 0",
      {connection.value});
  return {.devices = row->integer(0),
          .acknowledged = row->integer(1),
          .contended = row->integer(2),
          .parked = row->integer(3)};
}

std::int64_t untold_denials(store::Transaction& tx, ConnectionId connection, Time now) {
  return tx
      .query_one(
          "SELECT COUNT(*) FROM delivery WHERE connection_id = ? AND state = 'rehearsed' AND priority = 0"
          " AND told_compliant = 1 AND told_until > ?",
          {connection.value, now})
      ->integer(0);
}

}  // namespace wardbridge::ledger
