#include "connector/ledger/ledger.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "connector/ledger/rows.h"

namespace wardbridge::ledger {
namespace {

void audit_change(store::Transaction& tx, ConnectionId connection, const std::string& subject, const char* action,
                  const audit::Actor& by, Time now) {
  audit::record(tx, {.time = now,
                     .actor = by,
                     .action = action,
                     .object_type = "Delivery",
                     .object_id = std::to_string(connection.value) + (subject.empty() ? "" : "|" + subject),
                     .object_name = subject,
                     .details = {}});
}

Failure no_delivery(const std::string& subject) {
  return not_found("no_delivery", "nothing was ever sent about `" + subject + "`");
}

std::vector<Delivery> all_of_lane(store::Transaction& tx, ConnectionId connection) {
  return select_deliveries(tx, "WHERE connection_id = ? ORDER BY subject" + std::string(tx.lock_rows()),
                           std::array<store::Value, 1>{connection.value});
}

void delete_delivery(store::Transaction& tx, const Delivery& delivery) {
  LaneRow lane = lock_lane(tx, delivery.connection_id);
  lane.sequence_floor = std::max(lane.sequence_floor, delivery.desired.sequence);
  save_lane(tx, delivery.connection_id, lane);
  tx.post("DELETE FROM delivery WHERE connection_id = ? AND subject = ?",
          {delivery.connection_id.value, delivery.subject});
}

}  // namespace

void put_retraction(store::Transaction& tx, const LaneRow& lane, const Delivery& delivery, const std::string& reason,
                    Time now) {
  DeviceReport report = delivery.report;
  report.management = DeviceReport::Management::not_managed;
  report.verdict = DeviceReport::Verdict::not_compliant;
  report.reason = reason;
  Delivery next = delivery;
  next.is_retraction = true;
  put_desired(tx, lane, std::move(next), report, {.check_in = delivery.hops.check_in, .verdict = now}, now);
}

void put_desired(store::Transaction& tx, const LaneRow& lane, Delivery delivery, const DeviceReport& report,
                 const HopTimes& hops, Time now, Hold hold) {
  bool is_new = !delivery.desired;
  if (!is_new && delivery.state != State::delivered && delivery.state != State::rehearsed) {
    HistoryEntry replaced = history_entry(delivery, Fate::superseded, now);
    replaced.reason = name_of(delivery.state);  // how far it had come
    replaced.message = delivery.failure_message;
    record_fate(tx, replaced);
  }
  // INVARIANT: law 6. Above everything that this subject, or a forgotten one, ever had; also across epochs, for
  // directories that know no epoch and order by the time that a sequence stands for.
  std::int64_t sequence = std::max({to_unix_milliseconds(now), lane.sequence_floor + 1, delivery.desired.sequence + 1});
  bool rehearses = lane.lane.purpose == Lane::Purpose::rehearsing;
  bool waits_already = !is_new && delivery.state == State::pending && delivery.attempts == 0;
  delivery.desired = {lane.lane.epoch, sequence};
  delivery.report = report;
  delivery.hops = {.check_in = hops.check_in, .verdict = hops.verdict, .desired = now};
  delivery.attempts = 0;
  delivery.failure_reason.clear();
  delivery.failure_message.clear();
  // An accepted message carries the version before this one; its confirmation would say nothing about this one.
  delivery.message_id.clear();
  delivery.polls = 0;
  // A leased row stays with its worker, so that one delivery of a subject at most is on its way; settling it makes the
  // new version due.
  if (delivery.state != State::leased) {
    delivery.state = State::pending;
    // One that keeps changing does not lose its place in the queue.
    delivery.next_attempt_at = waits_already ? std::min(delivery.next_attempt_at, now) : now;
    if (hold == Hold::yes || rehearses) {
      delivery.state = rehearses ? State::rehearsed : State::held;
      delivery.next_attempt_at = kNever;
    }
  }
  save_delivery(tx, delivery);
}

void desire(store::Transaction& tx, const Desired& desired, Time now) {
  CHECK(desired.connection_id && !desired.subject.empty());
  LaneRow lane = read_lane(tx, desired.connection_id);
  bool takes_wishes = lane.lane.purpose == Lane::Purpose::open || lane.lane.purpose == Lane::Purpose::rehearsing;
  if (!takes_wishes) return;
  std::optional<Delivery> delivery = lock_delivery(tx, desired.connection_id, desired.subject);
  if (delivery && !delivery->is_retraction && delivery->desired.epoch == lane.lane.epoch &&
      delivery->report == desired.report) {
    return;
  }
  // INVARIANT: law 5. A lane that rehearses still owes the retractions of what was left behind; no wish gets in between.
  bool owes_retraction = delivery && delivery->is_retraction && delivery->state != State::delivered &&
                         delivery->state != State::parked && delivery->state != State::rehearsed;
  if (owes_retraction && lane.lane.purpose == Lane::Purpose::rehearsing) return;
  if (!delivery) {
    delivery.emplace();
    delivery->connection_id = desired.connection_id;
    delivery->subject = desired.subject;
  }
  delivery->is_retraction = false;
  // A held verdict stays held while only what surrounds it changes. INVARIANT: law 4: unmanaged waits for nobody.
  bool is_managed = desired.report.management == DeviceReport::Management::managed;
  bool stays = delivery->state == State::held && delivery->report.verdict == desired.report.verdict;
  Hold hold = is_managed && (desired.hold || stays) ? Hold::yes : Hold::no;
  put_desired(tx, lane, std::move(*delivery), desired.report,
              {.check_in = desired.check_in_at, .verdict = desired.verdict_at}, now, hold);
}

Status retract(store::Transaction& tx, ConnectionId connection, const std::string& subject, const std::string& reason,
               Time now) {
  std::optional<Delivery> delivery = lock_delivery(tx, connection, subject);
  if (!delivery) return no_delivery(subject);
  if (delivery->is_retraction) return done();
  bool was_told = delivery->state != State::rehearsed || delivery->acknowledged;
  if (was_told) {
    put_retraction(tx, read_lane(tx, connection), *delivery, reason, now);
  } else {
    delete_delivery(tx, *delivery);
  }
  return done();
}

Status forget(store::Transaction& tx, ConnectionId connection, const std::string& subject) {
  std::optional<Delivery> delivery = lock_delivery(tx, connection, subject);
  if (!delivery) return no_delivery(subject);
  bool settled = delivery->state == State::delivered || delivery->state == State::parked;
  if (!delivery->is_retraction || !settled) {
    return conflict("not_retracted", "the directory has not yet acknowledged that `" + subject + "` is not managed");
  }
  delete_delivery(tx, *delivery);
  return done();
}

Status resend(store::Transaction& tx, ConnectionId connection, const std::string& subject, const audit::Actor& by,
              Time now) {
  std::optional<Delivery> delivery = lock_delivery(tx, connection, subject);
  if (!delivery) return no_delivery(subject);
  put_desired(tx, read_lane(tx, connection), *delivery, delivery->report, delivery->hops, now);
  audit_change(tx, connection, subject, "resend", by, now);
  return done();
}

void resend_all(store::Transaction& tx, ConnectionId connection, Time now) {
  LaneRow lane = read_lane(tx, connection);
  for (const Delivery& delivery : all_of_lane(tx, connection)) {
    Hold hold = delivery.state == State::held ? Hold::yes : Hold::no;
    put_desired(tx, lane, delivery, delivery.report, delivery.hops, now, hold);
  }
}

std::int64_t release_held(store::Transaction& tx, ConnectionId connection, Time now) {
  return tx.execute(
      "UPDATE delivery SET state = 'pending', next_attempt_at = ? WHERE connection_id = ? AND state = 'held'",
      {now, connection.value});
}

std::int64_t replay_parked(store::Transaction& tx, ConnectionId connection, const std::string& subject,
                           const audit::Actor& by, Time now) {
  std::int64_t count = tx.execute(
      "UPDATE delivery SET state = 'pending', attempts = 0, polls = 0, message_id = '', next_attempt_at = ?"
      " WHERE connection_id = ? AND state = 'parked' AND (subject = ? OR ? = '')",
      {now, connection.value, subject, subject});
  if (count > 0) audit_change(tx, connection, subject, "replay", by, now);
  return count;
}

Lane lane(store::Transaction& tx, ConnectionId connection) { return read_lane(tx, connection).lane; }

void set_lane_purpose(store::Transaction& tx, ConnectionId connection, Lane::Purpose purpose) {
  LaneRow row = lock_lane(tx, connection);
  row.lane.purpose = purpose;
  save_lane(tx, connection, row);
}

void reopen_lane(store::Transaction& tx, ConnectionId connection) {
  // Every delivery that passes comes through here: look before taking a lock that all workers would queue for.
  if (read_lane(tx, connection).lane.health == Lane::Health::healthy) return;
  LaneRow row = lock_lane(tx, connection);
  row.lane.health = Lane::Health::healthy;
  row.lane.reason.clear();
  row.lane.message.clear();
  row.lane.failures = 0;
  row.lane.next_probe_at = kEpoch;
  save_lane(tx, connection, row);
}

void stop_lane(store::Transaction& tx, ConnectionId connection, Lane::Health health, const std::string& reason,
               const std::string& message, Time next_probe_at) {
  LaneRow row = lock_lane(tx, connection);
  row.lane.health = health;
  row.lane.reason = reason;
  row.lane.message = message;
  row.lane.failures += 1;
  row.lane.next_probe_at = next_probe_at;
  save_lane(tx, connection, row);
}

void drain_lane(store::Transaction& tx, ConnectionId connection, const std::string& reason, Time now) {
  LaneRow row = lock_lane(tx, connection);
  if (row.lane.purpose == Lane::Purpose::open) {
    row.lane.purpose = Lane::Purpose::draining;
    save_lane(tx, connection, row);
  }
  for (const Delivery& delivery : all_of_lane(tx, connection)) {
    bool is_told = !delivery.is_retraction && delivery.state != State::rehearsed;
    if (is_told) put_retraction(tx, row, delivery, reason, now);
  }
}

std::int64_t begin_epoch(store::Transaction& tx, ConnectionId connection, const audit::Actor& by, Time now) {
  LaneRow row = lock_lane(tx, connection);
  row.lane.epoch += 1;
  save_lane(tx, connection, row);
  resend_all(tx, connection, now);
  audit_change(tx, connection, "", "begin_epoch", by, now);
  return row.lane.epoch;
}

Counts counts(store::Transaction& tx, ConnectionId connection) {
  Counts result;
  for (const auto& row :
       tx.query("SELECT state, COUNT(*), MIN(desired_at) FROM delivery WHERE connection_id = ? GROUP BY state",
                {connection.value})) {
    const std::string& state = row.text(0);
    if (state == name_of(State::delivered)) {
      result.delivered = row.integer(1);
    } else if (state == name_of(State::parked)) {
      result.parked = row.integer(1);
    } else if (state == name_of(State::held)) {
      result.held = row.integer(1);
    } else if (state == name_of(State::rehearsed)) {
      result.rehearsed = row.integer(1);
    } else {
      result.pending += row.integer(1);
      result.oldest_pending = std::min(result.oldest_pending.value_or(kNever), row.time(2));
    }
  }
  return result;
}

std::optional<Delivery> find(store::Transaction& tx, ConnectionId connection, const std::string& subject) {
  auto found = select_deliveries(tx, "WHERE connection_id = ? AND subject = ?",
                                 std::array<store::Value, 2>{connection.value, subject});
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

std::vector<Delivery> list(store::Transaction& tx, ConnectionId connection, const std::string& after_subject,
                           int limit) {
  return select_deliveries(tx, "WHERE connection_id = ? AND subject > ? ORDER BY subject LIMIT ?",
                           std::array<store::Value, 3>{connection.value, after_subject, limit});
}

std::vector<Delivery> parked(store::Transaction& tx, ConnectionId connection, int limit) {
  return select_deliveries(tx, "WHERE connection_id = ? AND state = 'parked' ORDER BY desired_at LIMIT ?",
                           std::array<store::Value, 2>{connection.value, limit});
}

std::vector<Delivery> of_device(store::Transaction& tx, const std::string& device_id) {
  return select_deliveries(tx, "WHERE device_id = ? ORDER BY connection_id, subject",
                           std::array<store::Value, 1>{device_id});
}

std::int64_t trim_history(store::Transaction& tx, Time before) {
  return tx.execute("DELETE FROM delivery_history WHERE recorded_at < ?", {before});
}

}  // namespace wardbridge::ledger
