#include "management/outbox/outbox.h"

#include <algorithm>

#include "management/outbox/rows.h"

namespace wardbridge::outbox {
namespace {

bool has_lane(store::Transaction& tx, const Lane& lane) {
  return tx.query_one("SELECT 1 FROM outbox_lane WHERE kind = ? AND number = ?", {lane.kind, lane.number}).has_value();
}

constexpr const char* kInsert =
    "INSERT INTO outbox_message (id, kind, number, state, topic, body, changes, attempts, created_at, give_up_at,"
    " parked_at, reason, message) VALUES (?, ?, ?, 'waiting', ?, ?, 0, 0, ?, ?, 0, '', '')";

// The message to add to, held until the transaction ends. Only the youngest will do, since a later change must not
// travel in an earlier message; and when another transaction is at it, a new one is begun rather than waited.
std::optional<MessageId> open_message(store::Transaction& tx, const Lane& lane, const std::string& topic) {
  auto youngest = tx.query_one(
      "SELECT id FROM outbox_message WHERE kind = ? AND number = ? AND state = 'waiting' AND topic = ?"
      " ORDER BY id DESC LIMIT 1",
      {lane.kind, lane.number, topic});
  if (!youngest) return std::nullopt;
  auto held =
      tx.query_one("SELECT id FROM outbox_message WHERE id = ? AND state = 'waiting' AND attempts = 0 AND changes < ?" +
                       std::string(tx.lock_rows(/*skip_locked=*/true)),
                   {youngest->integer(0), kChangesPerMessage});
  if (!held) return std::nullopt;
  return MessageId{held->integer(0)};
}

void audit_message(store::Transaction& tx, const Lane& lane, const std::string& object, const char* action,
                   json::Object details, const audit::Actor& by, Time now) {
  audit::record(tx, {.time = now,
                     .actor = by,
                     .action = action,
                     .object_type = "Outbound Delivery",
                     .object_id = object,
                     .object_name = lane.kind + " " + std::to_string(lane.number),
                     .details = std::move(details)});
}

// Whatever the lane was waiting for; a paused lane and one that a worker has stay as they are.
void wake_lane(store::Transaction& tx, const Lane& lane, Time now) {
  tx.execute(
      "UPDATE outbox_lane SET not_before = ?, failures = 0 WHERE kind = ? AND number = ? AND lease_token = 0"
      " AND not_before < ?",
      {now, lane.kind, lane.number, kNever});
}

Result<Message> parked_message(store::Transaction& tx, const std::string& kind, MessageId id) {
  auto message = find(tx, kind, id);
  if (!message) return not_found("no_delivery", "no delivery has the id " + std::to_string(id.value));
  if (!message->parked) return conflict("not_parked", "delivery " + std::to_string(id.value) + " is still on its way");
  return *message;
}

}  // namespace

void open_lane(store::Transaction& tx, const Lane& lane) {
  tx.execute(
      "INSERT INTO outbox_lane (kind, number, not_before, lease_token, failures) VALUES (?, ?, 0, 0, 0)"
      " ON CONFLICT (kind, number) DO NOTHING",
      {lane.kind, lane.number});
}

void close_lane(store::Transaction& tx, const Lane& lane) {
  tx.execute("DELETE FROM outbox_lane WHERE kind = ? AND number = ?", {lane.kind, lane.number});
  tx.execute(
      "DELETE FROM outbox_change WHERE message_id IN (SELECT id FROM outbox_message WHERE kind = ? AND number = ?)",
      {lane.kind, lane.number});
  tx.execute("DELETE FROM outbox_message WHERE kind = ? AND number = ?", {lane.kind, lane.number});
}

void pause_lane(store::Transaction& tx, const Lane& lane) {
  tx.execute("UPDATE outbox_lane SET not_before = ?, lease_token = 0, failures = 0 WHERE kind = ? AND number = ?",
             {kNever, lane.kind, lane.number});
}

void resume_lane(store::Transaction& tx, const Lane& lane, Time now) {
  tx.execute("UPDATE outbox_lane SET not_before = ?, failures = 0 WHERE kind = ? AND number = ? AND lease_token = 0",
             {now, lane.kind, lane.number});
}

void post(store::Transaction& tx, const Lane& lane, const std::string& body, Time now) {
  if (!has_lane(tx, lane)) return;
  tx.post(kInsert, {store::NextId{"outbox_message"}, lane.kind, lane.number, "", body, now, now + kPatience});
}

void merge(store::Transaction& tx, const Lane& lane, const std::string& topic, const std::string& body,
           const Change& change, Time now) {
  if (!has_lane(tx, lane)) return;
  MessageId id = open_message(tx, lane, topic).value_or(MessageId{});
  if (!id) {
    id = MessageId{tx.next_id("outbox_message")};
    tx.post(kInsert, {id.value, lane.kind, lane.number, topic, body, now, now + kPatience});
  }
  auto waiting =
      tx.query_one("SELECT added FROM outbox_change WHERE message_id = ? AND item = ?", {id.value, change.item});
  if (waiting && waiting->flag(0) == change.added) return;
  if (waiting) {
    tx.post("DELETE FROM outbox_change WHERE message_id = ? AND item = ?", {id.value, change.item});
  } else {
    tx.post("INSERT INTO outbox_change (message_id, item, added) VALUES (?, ?, ?)",
            {id.value, change.item, change.added});
  }
  tx.post("UPDATE outbox_message SET changes = changes + ? WHERE id = ?", {waiting ? -1 : 1, id.value});
}

Tidied tidy(store::Transaction& tx, const std::string& kind, const Limits& limits, Time now) {
  Tidied tidied;
  tidied.parked = tx.execute(
      "UPDATE outbox_message SET state = 'parked', parked_at = ?,"
      " reason = CASE WHEN reason = '' THEN 'not_tried' ELSE reason END,"
      " message = CASE WHEN reason = '' THEN 'nobody could try to deliver it in time' ELSE message END"
      " WHERE kind = ? AND state = 'waiting' AND give_up_at <= ?",
      {now, kind, now});
  auto over = [&](const char* state, std::int64_t limit) {
    return tx.query(
        "SELECT number, COUNT(*) FROM outbox_message WHERE kind = ? AND state = ? GROUP BY number HAVING COUNT(*) > ?",
        {kind, state, limit});
  };
  // The id of the youngest message beyond the limit.
  auto youngest_beyond = [&](std::int64_t number, const char* state, std::int64_t limit) {
    return tx.query_one(
        "SELECT id FROM outbox_message WHERE kind = ? AND number = ? AND state = ? ORDER BY id DESC LIMIT 1 OFFSET ?",
        {kind, number, state, limit});
  };
  for (const store::Row& lane : over("waiting", limits.waiting)) {
    auto last = youngest_beyond(lane.integer(0), "waiting", limits.waiting);
    if (!last) continue;
    tidied.parked += tx.execute(
        "UPDATE outbox_message SET state = 'parked', parked_at = ?, reason = 'too_many_waiting',"
        " message = 'the receiver has more waiting than is kept; newer deliveries were kept instead'"
        " WHERE kind = ? AND number = ? AND state = 'waiting' AND id <= ?",
        {now, kind, lane.integer(0), last->integer(0)});
  }
  auto forget = [&](const std::string& condition, const std::vector<store::Value>& parameters) {
    tx.execute("DELETE FROM outbox_change WHERE message_id IN (SELECT id FROM outbox_message WHERE " + condition + ")",
               parameters);
    tidied.forgotten += tx.execute("DELETE FROM outbox_message WHERE " + condition, parameters);
  };
  forget("kind = ? AND state = 'parked' AND parked_at < ?", {kind, now - limits.parked_life});
  for (const store::Row& lane : over("parked", limits.parked)) {
    auto last = youngest_beyond(lane.integer(0), "parked", limits.parked);
    if (last)
      forget("kind = ? AND number = ? AND state = 'parked' AND id <= ?", {kind, lane.integer(0), last->integer(0)});
  }
  return tidied;
}

Counts counts(store::Transaction& tx, const std::string& kind) {
  Counts counts;
  for (const store::Row& row :
       tx.query("SELECT state, COUNT(*) FROM outbox_message WHERE kind = ? GROUP BY state", {kind})) {
    (row.text(0) == "parked" ? counts.parked : counts.waiting) = row.integer(1);
  }
  return counts;
}

Page list(store::Transaction& tx, const Query& query) {
  std::string condition = "WHERE kind = ? AND state = ?";
  std::vector<store::Value> parameters{query.kind, query.parked ? "parked" : "waiting"};
  if (query.number) {
    condition += " AND number = ?";
    parameters.emplace_back(*query.number);
  }
  Page page;
  page.total_count = tx.query("SELECT COUNT(*) FROM outbox_message " + condition, parameters).at(0).integer(0);
  parameters.emplace_back(query.limit);
  parameters.emplace_back(query.offset);
  page.messages = select_messages(tx, condition + " ORDER BY id LIMIT ? OFFSET ?", parameters);
  return page;
}

std::optional<Message> find(store::Transaction& tx, const std::string& kind, MessageId id) {
  std::vector<store::Value> parameters{id.value, kind};
  auto found = select_messages(tx, "WHERE id = ? AND kind = ?", parameters);
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

Status replay(store::Transaction& tx, const std::string& kind, MessageId id, const audit::Actor& by, Time now) {
  Message message = TRY(parked_message(tx, kind, id));
  // One attempt stays, since what was tried once grows no more.
  tx.execute("UPDATE outbox_message SET state = 'waiting', attempts = 1, give_up_at = ?, parked_at = 0 WHERE id = ?",
             {now + kPatience, id.value});
  wake_lane(tx, message.lane, now);
  audit_message(tx, message.lane, std::to_string(id.value), "replay", {}, by, now);
  return done();
}

Status dismiss(store::Transaction& tx, const std::string& kind, MessageId id, const audit::Actor& by, Time now) {
  Message message = TRY(parked_message(tx, kind, id));
  forget_message(tx, id);
  audit_message(tx, message.lane, std::to_string(id.value), "dismiss", {{"reason", message.reason}}, by, now);
  return done();
}

std::int64_t replay_all(store::Transaction& tx, const Lane& lane, const audit::Actor& by, Time now) {
  std::int64_t count = tx.execute(
      "UPDATE outbox_message SET state = 'waiting', attempts = 1, give_up_at = ?, parked_at = 0"
      " WHERE kind = ? AND number = ? AND state = 'parked'",
      {now + kPatience, lane.kind, lane.number});
  if (count == 0) return 0;
  wake_lane(tx, lane, now);
  audit_message(tx, lane, "", "replay", {{"deliveries", count}}, by, now);
  return count;
}

}  // namespace wardbridge::outbox
