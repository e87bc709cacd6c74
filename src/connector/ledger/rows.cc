#include "connector/ledger/rows.h"

#include <array>

#include "base/check.h"

namespace wardbridge::ledger {
namespace {

template <class Enum, std::size_t size>
Enum enum_from(const std::array<Enum, size>& values, const std::string& name) {
  for (Enum value : values) {
    if (name == name_of(value)) return value;
  }
  check_failed(__FILE__, __LINE__, "a stored name", name);
}

State state_from(const std::string& name) {
  return enum_from(std::array{State::pending, State::leased, State::sent, State::delivered, State::parked, State::held,
                              State::rehearsed},
                   name);
}
Fate fate_from(const std::string& name) {
  return enum_from(std::array{Fate::delivered, Fate::superseded, Fate::parked, Fate::retracted}, name);
}

constexpr const char* kDeliveryColumns =
    "connection_id, subject, desired_epoch, desired_sequence, payload, is_retraction, acknowledged_epoch,"
    " acknowledged_sequence, state, attempts, polls, next_attempt_at, message_id, lease_token, check_in_at, verdict_at,"
    " desired_at, sent_at, accepted_at, acknowledged_at, failure_reason, failure_message, told_compliant, told_until";

// Only save_delivery() and record_fate() write payloads, so one that does not read back is a bug, not input.
DeviceReport report_from(const std::string& payload) {
  Result<json::Value> value = json::parse(payload);
  CHECK(value.ok() && value->is_object(), "a stored report is not JSON");
  Result<DeviceReport> report = device_report_from_json(value->as_object());
  CHECK(report.ok(), report.ok() ? "" : report.failure().message);
  return std::move(report).value();
}

Delivery delivery_from(const store::Row& row) {
  Delivery delivery;
  delivery.connection_id = {row.integer(0)};
  delivery.subject = row.text(1);
  delivery.desired = {row.integer(2), row.integer(3)};
  delivery.report = report_from(row.text(4));
  delivery.is_retraction = row.flag(5);
  delivery.acknowledged = {row.integer(6), row.integer(7)};
  delivery.state = state_from(row.text(8));
  delivery.attempts = static_cast<int>(row.integer(9));
  delivery.polls = static_cast<int>(row.integer(10));
  delivery.next_attempt_at = row.time(11);
  delivery.message_id = row.text(12);
  delivery.lease_token = row.integer(13);
  delivery.hops = {row.time(14), row.time(15), row.time(16), row.time(17), row.time(18), row.time(19)};
  delivery.failure_reason = row.text(20);
  delivery.failure_message = row.text(21);
  delivery.told = {.compliant = row.flag(22), .valid_until = row.time(23)};
  return delivery;
}

LaneRow lane_row(store::Transaction& tx, ConnectionId connection, std::string_view lock) {
  auto row = tx.query_one(
      "SELECT epoch, sequence_floor, purpose, health, reason, message, failures, next_probe_at FROM delivery_lane"
      " WHERE connection_id = ?" +
          std::string(lock),
      {connection.value});
  if (!row) return {};
  LaneRow result;
  result.lane.epoch = row->integer(0);
  result.sequence_floor = row->integer(1);
  result.lane.purpose = enum_from(
      std::array{Lane::Purpose::open, Lane::Purpose::draining, Lane::Purpose::closed, Lane::Purpose::rehearsing},
      row->text(2));
  result.lane.health = enum_from(
      std::array{Lane::Health::healthy, Lane::Health::unreachable, Lane::Health::credentials, Lane::Health::permission},
      row->text(3));
  result.lane.reason = row->text(4);
  result.lane.message = row->text(5);
  result.lane.failures = static_cast<int>(row->integer(6));
  result.lane.next_probe_at = row->time(7);
  return result;
}

}  // namespace

const char* name_of(State state) {
  switch (state) {
    case State::pending:
      return "pending";
    case State::leased:
      return "leased";
    case State::sent:
      return "sent";
    case State::delivered:
      return "delivered";
    case State::parked:
      return "parked";
    case State::held:
      return "held";
    case State::rehearsed:
      return "rehearsed";
  }
  return "?";
}

const char* name_of(Fate fate) {
  switch (fate) {
    case Fate::delivered:
      return "delivered";
    case Fate::superseded:
      return "superseded";
    case Fate::parked:
      return "parked";
    case Fate::retracted:
      return "retracted";
  }
  return "?";
}

const char* name_of(Lane::Purpose purpose) {
  switch (purpose) {
    case Lane::Purpose::open:
      return "open";
    case Lane::Purpose::draining:
      return "draining";
    case Lane::Purpose::closed:
      return "closed";
    case Lane::Purpose::rehearsing:
      return "rehearsing";
  }
  return "?";
}

const char* name_of(Lane::Health health) {
  switch (health) {
    case Lane::Health::healthy:
      return "healthy";
    case Lane::Health::unreachable:
      return "unreachable";
    case Lane::Health::credentials:
      return "credentials";
    case Lane::Health::permission:
      return "permission";
  }
  return "?";
}

LaneRow read_lane(store::Transaction& tx, ConnectionId connection) { return lane_row(tx, connection, ""); }
LaneRow lock_lane(store::Transaction& tx, ConnectionId connection) { return lane_row(tx, connection, tx.lock_rows()); }

void save_lane(store::Transaction& tx, ConnectionId connection, const LaneRow& row) {
  const Lane& lane = row.lane;
  tx.post(
      "INSERT INTO delivery_lane (connection_id, epoch, sequence_floor, purpose, health, reason, message, failures,"
      " next_probe_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
      " ON CONFLICT (connection_id) DO UPDATE SET epoch = excluded.epoch, sequence_floor = excluded.sequence_floor,"
      " purpose = excluded.purpose, health = excluded.health, reason = excluded.reason, message = excluded.message,"
      " failures = excluded.failures, next_probe_at = excluded.next_probe_at",
      {connection.value, lane.epoch, row.sequence_floor, name_of(lane.purpose), name_of(lane.health), lane.reason,
       lane.message, lane.failures, lane.next_probe_at});
}

std::optional<Delivery> lock_delivery(store::Transaction& tx, ConnectionId connection, const std::string& subject) {
  auto row = tx.query_one(std::string("SELECT ") + kDeliveryColumns +
                              " FROM delivery WHERE connection_id = ? AND subject = ?" + std::string(tx.lock_rows()),
                          {connection.value, subject});
  if (!row) return std::nullopt;
  return delivery_from(*row);
}

void save_delivery(store::Transaction& tx, const Delivery& delivery) {
  static const std::string sql =
      std::string("INSERT INTO delivery (") + kDeliveryColumns +
      ", device_id, priority) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
      " ON CONFLICT (connection_id, subject) DO UPDATE SET desired_epoch = excluded.desired_epoch,"
      " desired_sequence = excluded.desired_sequence, payload = excluded.payload,"
      " is_retraction = excluded.is_retraction, acknowledged_epoch = excluded.acknowledged_epoch,"
      " acknowledged_sequence = excluded.acknowledged_sequence, state = excluded.state, attempts = excluded.attempts,"
      " polls = excluded.polls, next_attempt_at = excluded.next_attempt_at, message_id = excluded.message_id,"
      " lease_token = excluded.lease_token, check_in_at = excluded.check_in_at, verdict_at = excluded.verdict_at,"
      " desired_at = excluded.desired_at, sent_at = excluded.sent_at, accepted_at = excluded.accepted_at,"
      " acknowledged_at = excluded.acknowledged_at, failure_reason = excluded.failure_reason,"
      " failure_message = excluded.failure_message, told_compliant = excluded.told_compliant,"
      " told_until = excluded.told_until, device_id = excluded.device_id, priority = excluded.priority";
  const HopTimes& hops = delivery.hops;
  tx.post(sql, {delivery.connection_id.value,
                delivery.subject,
                delivery.desired.epoch,
                delivery.desired.sequence,
                json::to_text(to_json(delivery.report)),
                delivery.is_retraction,
                delivery.acknowledged.epoch,
                delivery.acknowledged.sequence,
                name_of(delivery.state),
                delivery.attempts,
                delivery.polls,
                delivery.next_attempt_at,
                delivery.message_id,
                delivery.lease_token,
                hops.check_in,
                hops.verdict,
                hops.desired,
                hops.sent,
                hops.accepted,
                hops.acknowledged,
                delivery.failure_reason,
                delivery.failure_message,
                delivery.told.compliant,
                delivery.told.valid_until,
                delivery.report.device_id,
                delivery.report.is_denial() ? 0 : 1});
}

std::vector<Delivery> select_deliveries(store::Transaction& tx, const std::string& rest, store::Parameters parameters) {
  std::vector<Delivery> deliveries;
  for (const auto& row : tx.query(std::string("SELECT ") + kDeliveryColumns + " FROM delivery " + rest, parameters)) {
    deliveries.push_back(delivery_from(row));
  }
  return deliveries;
}

void record_fate(store::Transaction& tx, const HistoryEntry& entry) {
  const HopTimes& hops = entry.hops;
  tx.post(
      "INSERT INTO delivery_history (connection_id, subject, epoch, sequence, fate, reason, message, payload,"
      " check_in_at, verdict_at, desired_at, sent_at, accepted_at, acknowledged_at, recorded_at)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
      " ON CONFLICT (connection_id, subject, epoch, sequence) DO UPDATE SET fate = excluded.fate,"
      " reason = excluded.reason, message = excluded.message, sent_at = excluded.sent_at,"
      " accepted_at = excluded.accepted_at, acknowledged_at = excluded.acknowledged_at,"
      " recorded_at = excluded.recorded_at",
      {entry.connection_id.value, entry.subject, entry.version.epoch, entry.version.sequence, name_of(entry.fate),
       entry.reason, entry.message, json::to_text(to_json(entry.report)), hops.check_in, hops.verdict, hops.desired,
       hops.sent, hops.accepted, hops.acknowledged, entry.recorded});
}

HistoryEntry history_entry(const Delivery& delivery, Fate fate, Time now) {
  return {.connection_id = delivery.connection_id,
          .subject = delivery.subject,
          .version = delivery.desired,
          .fate = fate,
          .reason = "",
          .message = "",
          .report = delivery.report,
          .hops = delivery.hops,
          .recorded = now};
}

std::vector<HistoryEntry> history(store::Transaction& tx, ConnectionId connection, const std::string& subject,
                                  int limit) {
  std::vector<HistoryEntry> entries;
  for (const auto& row : tx.query(
           "SELECT connection_id, subject, epoch, sequence, fate, reason, message, payload, check_in_at, verdict_at,"
           " desired_at, sent_at, accepted_at, acknowledged_at, recorded_at FROM delivery_history"
           " WHERE connection_id = ? AND subject = ? ORDER BY epoch DESC, sequence DESC LIMIT ?",
           {connection.value, subject, limit})) {
    entries.push_back({.connection_id = {row.integer(0)},
                       .subject = row.text(1),
                       .version = {row.integer(2), row.integer(3)},
                       .fate = fate_from(row.text(4)),
                       .reason = row.text(5),
                       .message = row.text(6),
                       .report = report_from(row.text(7)),
                       .hops = {row.time(8), row.time(9), row.time(10), row.time(11), row.time(12), row.time(13)},
                       .recorded = row.time(14)});
  }
  return entries;
}

}  // namespace wardbridge::ledger
