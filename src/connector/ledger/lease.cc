#include <algorithm>
#include <array>

#include "connector/ledger/connection.h"
#include "connector/ledger/rows.h"

namespace wardbridge::ledger {
namespace {

constexpr Duration kBackoffBase = seconds{1};
constexpr Duration kBackoffCap = minutes{5};
// A stopped lane is probed about this often, whatever stopped it.
constexpr Duration kProbeTime = seconds{30};
// A contended parcel: long enough for a person to open the way at the far end, and no longer than a verdict holds.
constexpr Duration kContendedLife = hours{24};
constexpr Duration kContendedCap = minutes{15};
constexpr Duration kPollBase = seconds{1};
constexpr Duration kPollCap = seconds{30};
// After this many polls (about six minutes) a message is taken for lost and sent again.
constexpr int kPollLimit = 16;

Duration poll_wait(int polls) { return polls >= 5 ? kPollCap : std::min<Duration>(kPollCap, kPollBase * (1 << polls)); }

void become_pending(Delivery& delivery, Time when) {
  delivery.state = State::pending;
  delivery.next_attempt_at = when;
  delivery.message_id.clear();
  delivery.polls = 0;
  delivery.lease_token = 0;
}

// Back to where it was before the lease: waiting to be sent, or waiting to be confirmed.
void give_back(Delivery& delivery, Time when) {
  delivery.state = delivery.message_id.empty() ? State::pending : State::sent;
  delivery.next_attempt_at = when;
  delivery.lease_token = 0;
}

void stop(store::Transaction& tx, const Attempt& attempt, Lane::Health health, Entropy& entropy, Time now) {
  const Outcome& outcome = attempt.outcome;
  Time next_probe = now;
  if (outcome.after) {
    next_probe += clamp_wait(*outcome.after);
  } else if (health == Lane::Health::unreachable) {
    int failures = read_lane(tx, attempt.leased.parcel.connection_id).lane.failures;
    next_probe += std::min<Duration>(kProbeTime, backoff(failures + 1, entropy));
  } else {
    next_probe += kProbeTime + Duration{entropy.below(static_cast<std::uint64_t>(kProbeTime.count()))};
  }
  stop_lane(tx, attempt.leased.parcel.connection_id, health, outcome.reason, outcome.message, next_probe);
}

// INVARIANT: a lane that rehearses sends no wish, whatever was on its way when it began to.
void rest_if_rehearsing(store::Transaction& tx, Delivery& delivery) {
  if (delivery.is_retraction || delivery.state != State::pending) return;
  if (read_lane(tx, delivery.connection_id).lane.purpose != Lane::Purpose::rehearsing) return;
  delivery.state = State::rehearsed;
  delivery.next_attempt_at = kNever;
}

void note_told(Delivery& delivery, const Parcel& parcel) {
  // INVARIANT: law 6. A late confirmation of an older version never lowers what is acknowledged.
  if (parcel.version <= delivery.acknowledged) return;
  delivery.acknowledged = parcel.version;
  delivery.told = {.compliant = !parcel.report.is_denial(), .valid_until = parcel.report.valid_until};
}

void acknowledge(store::Transaction& tx, Delivery& delivery, const Parcel& parcel, Time now) {
  note_told(delivery, parcel);
  delivery.hops.acknowledged = now;
  HistoryEntry entry = history_entry(delivery, Fate::delivered, now);
  entry.version = parcel.version;
  entry.report = parcel.report;
  if (delivery.is_retraction && delivery.desired == parcel.version) entry.fate = Fate::retracted;
  record_fate(tx, entry);
}

void park(store::Transaction& tx, Delivery& delivery, const Outcome& outcome, Time now) {
  delivery.state = State::parked;
  delivery.next_attempt_at = kNever;
  delivery.lease_token = 0;
  HistoryEntry entry = history_entry(delivery, Fate::parked, now);
  entry.reason = outcome.reason;
  entry.message = outcome.message;
  record_fate(tx, entry);
}

// The desired version moved on while this one was on its way: whatever became of it, the new one is due.
void settle_overtaken(store::Transaction& tx, Delivery& delivery, const Attempt& attempt, Time now) {
  if (attempt.outcome.kind == Outcome::Kind::done) {
    note_told(delivery, attempt.leased.parcel);
    tx.post(
        "UPDATE delivery_history SET fate = 'delivered', reason = '',"
        " sent_at = CASE WHEN ? > 0 THEN ? ELSE sent_at END,"
        " accepted_at = CASE WHEN ? > 0 THEN ? ELSE accepted_at END, acknowledged_at = ?, recorded_at = ?"
        " WHERE connection_id = ? AND subject = ? AND epoch = ? AND sequence = ?",
        {attempt.sent, attempt.sent, attempt.accepted, attempt.accepted, now, now,
         attempt.leased.parcel.connection_id.value, attempt.leased.parcel.subject, attempt.leased.parcel.version.epoch,
         attempt.leased.parcel.version.sequence});
  }
  become_pending(delivery, now);
}

void settle_current(store::Transaction& tx, Delivery& delivery, const Attempt& attempt, Entropy& entropy, Time now) {
  const Outcome& outcome = attempt.outcome;
  if (attempt.sent != kEpoch) delivery.hops.sent = attempt.sent;
  if (attempt.accepted != kEpoch) delivery.hops.accepted = attempt.accepted;
  if (!attempt.message_id.empty() && attempt.message_id != delivery.message_id) {
    delivery.message_id = attempt.message_id;
    delivery.polls = 0;
  }
  switch (outcome.kind) {
    case Outcome::Kind::done:
      acknowledge(tx, delivery, attempt.leased.parcel, now);
      become_pending(delivery, kNever);
      delivery.state = State::delivered;
      delivery.attempts = 0;
      delivery.failure_reason.clear();
      delivery.failure_message.clear();
      return;
    case Outcome::Kind::accepted:
    case Outcome::Kind::still_processing:
      delivery.polls += 1;
      if (delivery.polls <= kPollLimit) return give_back(delivery, now + poll_wait(delivery.polls - 1));
      [[fallthrough]];
    case Outcome::Kind::message_lost:
      delivery.attempts += 1;
      return become_pending(delivery, now + backoff(delivery.attempts, entropy));
    case Outcome::Kind::retry_later:
      delivery.attempts += 1;
      return give_back(delivery,
                       now + (outcome.after ? clamp_wait(*outcome.after) : backoff(delivery.attempts, entropy)));
    case Outcome::Kind::contended:
      if (now - delivery.hops.desired >= kContendedLife) return park(tx, delivery, outcome, now);
      delivery.attempts += 1;
      // As a new message: what became of this one is known.
      return become_pending(delivery, now + contended_wait(delivery.attempts, entropy));
    case Outcome::Kind::unreachable:
    case Outcome::Kind::credentials:
    case Outcome::Kind::permission:
      return give_back(delivery, now);  // the lane is stopped instead
    case Outcome::Kind::superseded:
    case Outcome::Kind::permanent:
      return park(tx, delivery, outcome, now);
  }
}

void settle_lane(store::Transaction& tx, const Attempt& attempt, Entropy& entropy, Time now) {
  switch (attempt.outcome.kind) {
    case Outcome::Kind::unreachable:
      return stop(tx, attempt, Lane::Health::unreachable, entropy, now);
    case Outcome::Kind::credentials:
      return stop(tx, attempt, Lane::Health::credentials, entropy, now);
    case Outcome::Kind::permission:
      return stop(tx, attempt, Lane::Health::permission, entropy, now);
    case Outcome::Kind::retry_later:
    case Outcome::Kind::contended:
      return;  // says nothing about the road
    default:
      return reopen_lane(tx, attempt.leased.parcel.connection_id);
  }
}

}  // namespace

Duration backoff(int failures, Entropy& entropy) {
  Duration ceiling =
      failures > 9 ? kBackoffCap : std::min<Duration>(kBackoffCap, kBackoffBase * (1 << std::max(0, failures - 1)));
  return Duration{entropy.below(static_cast<std::uint64_t>(ceiling.count()) + 1)};
}

Duration contended_wait(int failures, Entropy& entropy) {
  Duration ceiling = failures > 10 ? kContendedCap
                                   : std::min<Duration>(kContendedCap, kBackoffBase * (1 << std::max(0, failures - 1)));
  return ceiling / 2 + Duration{entropy.below(static_cast<std::uint64_t>(ceiling.count() / 2) + 1)};
}

Duration clamp_wait(Duration asked) { return std::clamp<Duration>(asked, seconds{1}, hours{1}); }

std::vector<Leased> lease(store::Transaction& tx, ConnectionId connection, int limit, Time now) {
  LaneRow lane = read_lane(tx, connection);
  if (lane.lane.purpose == Lane::Purpose::closed) return {};
  if (lane.lane.health != Lane::Health::healthy) {
    lane = lock_lane(tx, connection);
    if (lane.lane.health != Lane::Health::healthy) {
      if (now < lane.lane.next_probe_at) return {};
      lane.lane.next_probe_at = now + kLeaseTime;  // this worker probes; the others wait for what it finds
      save_lane(tx, connection, lane);
      limit = 1;
    }
  }
  std::vector<Delivery> due;
  for (int priority : {0, 1}) {
    int room = limit - static_cast<int>(due.size());
    if (room <= 0) break;
    auto more = select_deliveries(tx,
                                  "WHERE connection_id = ? AND priority = ? AND next_attempt_at <= ?"
                                  " ORDER BY next_attempt_at, subject LIMIT ?" +
                                      std::string(tx.lock_rows(/*skip_locked=*/true)),
                                  std::array<store::Value, 4>{connection.value, priority, now, room});
    std::move(more.begin(), more.end(), std::back_inserter(due));
  }
  if (due.empty()) return {};
  std::int64_t token = tx.next_id("delivery_lease");
  std::vector<Leased> leased;
  for (Delivery& delivery : due) {
    delivery.state = State::leased;
    delivery.lease_token = token;
    delivery.next_attempt_at = now + kLeaseTime;
    save_delivery(tx, delivery);
    leased.push_back({.parcel = {.connection_id = connection,
                                 .subject = delivery.subject,
                                 .version = delivery.desired,
                                 .report = delivery.report,
                                 .message_id = delivery.message_id},
                      .token = token});
  }
  return leased;
}

bool settle(store::Transaction& tx, const Attempt& attempt, Entropy& entropy, Time now) {
  const Parcel& parcel = attempt.leased.parcel;
  std::optional<Delivery> delivery = lock_delivery(tx, parcel.connection_id, parcel.subject);
  // The fence: after kLeaseTime another worker may have the row, and its word counts.
  if (!delivery || delivery->state != State::leased || delivery->lease_token != attempt.leased.token) return false;
  settle_lane(tx, attempt, entropy, now);
  bool failed = attempt.outcome.kind != Outcome::Kind::done && attempt.outcome.kind != Outcome::Kind::accepted &&
                attempt.outcome.kind != Outcome::Kind::still_processing;
  if (delivery->desired != parcel.version) {
    settle_overtaken(tx, *delivery, attempt, now);
  } else {
    if (failed) {
      delivery->failure_reason = attempt.outcome.reason;
      delivery->failure_message = attempt.outcome.message;
    }
    settle_current(tx, *delivery, attempt, entropy, now);
  }
  rest_if_rehearsing(tx, *delivery);
  save_delivery(tx, *delivery);
  return true;
}

std::int64_t abandon_leases(store::Transaction& tx, Time now) {
  return tx.execute("UPDATE delivery SET next_attempt_at = ? WHERE state = 'leased'", {now});
}

void release(store::Transaction& tx, const Leased& leased, Time now) {
  std::optional<Delivery> delivery = lock_delivery(tx, leased.parcel.connection_id, leased.parcel.subject);
  if (!delivery || delivery->state != State::leased || delivery->lease_token != leased.token) return;
  if (delivery->desired != leased.parcel.version) {
    become_pending(*delivery, now);
  } else {
    give_back(*delivery, now);
  }
  rest_if_rehearsing(tx, *delivery);
  save_delivery(tx, *delivery);
}

Time next_due(store::Transaction& tx, ConnectionId connection) {
  LaneRow lane = read_lane(tx, connection);
  if (lane.lane.purpose == Lane::Purpose::closed) return kNever;
  Time earliest = kNever;
  for (int priority : {0, 1}) {
    auto row = tx.query_one(
        "SELECT next_attempt_at FROM delivery WHERE connection_id = ? AND priority = ?"
        " ORDER BY next_attempt_at LIMIT 1",
        {connection.value, priority});
    if (row) earliest = std::min(earliest, row->time(0));
  }
  if (lane.lane.health != Lane::Health::healthy) earliest = std::max(earliest, lane.lane.next_probe_at);
  return earliest;
}

}  // namespace wardbridge::ledger
