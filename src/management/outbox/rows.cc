#include "management/outbox/rows.h"

namespace wardbridge::outbox {

std::vector<Message> select_messages(store::Transaction& tx, std::string_view tail,
                                     std::span<const store::Value> parameters) {
  std::vector<Message> messages;
  for (const store::Row& row : tx.query(
           "SELECT id, kind, number, topic, body, changes, attempts, created_at, give_up_at, state, parked_at, reason,"
           " message FROM outbox_message " +
               std::string(tail),
           parameters)) {
    Message message;
    message.id = {row.integer(0)};
    message.lane = {row.text(1), row.integer(2)};
    message.topic = row.text(3);
    message.body = row.text(4);
    message.attempts = static_cast<int>(row.integer(6));
    message.created = row.time(7);
    message.give_up_at = row.time(8);
    message.parked = row.text(9) == "parked";
    message.parked_at = row.time(10);
    message.reason = row.text(11);
    message.message = row.text(12);
    if (row.integer(5) > 0) {
      for (const store::Row& change :
           tx.query("SELECT item, added FROM outbox_change WHERE message_id = ? ORDER BY item", {message.id.value})) {
        message.changes.push_back({change.integer(0), change.flag(1)});
      }
    }
    messages.push_back(std::move(message));
  }
  return messages;
}

void forget_message(store::Transaction& tx, MessageId id) {
  tx.execute("DELETE FROM outbox_change WHERE message_id = ?", {id.value});
  tx.execute("DELETE FROM outbox_message WHERE id = ?", {id.value});
}

}  // namespace wardbridge::outbox
