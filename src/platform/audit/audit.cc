#include "platform/audit/audit.h"

namespace wardbridge::audit {

const store::Schema kSchema{"audit", {R"(CREATE TABLE audit_entry (
          sequence BIGINT PRIMARY KEY,
          time BIGINT NOT NULL,
          actor_kind TEXT NOT NULL,
          actor_id TEXT NOT NULL,
          actor_name TEXT NOT NULL,
          actor_address TEXT NOT NULL,
          action TEXT NOT NULL,
          object_type TEXT NOT NULL,
          object_id TEXT NOT NULL,
          object_name TEXT NOT NULL,
          details TEXT NOT NULL);
        CREATE INDEX audit_entry_by_object ON audit_entry (object_type, object_id, sequence);
)"}};

namespace {

std::string_view word_of(Actor::Kind kind) {
  switch (kind) {
    case Actor::Kind::user:
      return "user";
    case Actor::Kind::application:
      return "application";
    case Actor::Kind::device:
      return "device";
    case Actor::Kind::system:
      return "system";
  }
  CHECK(false, "no such kind of actor");
}

Actor::Kind kind_of(std::string_view word) {
  for (auto kind : {Actor::Kind::user, Actor::Kind::application, Actor::Kind::device, Actor::Kind::system})
    if (word == word_of(kind)) return kind;
  CHECK(false, "an audit row names a kind of actor that this program never writes");
}

StoredEntry entry_of(const store::Row& row) {
  Result<json::Value> details = json::parse(row.text(10));
  CHECK(details.ok() && details->is_object(), "an audit row holds details that this program never writes");
  return {.sequence = row.integer(0),
          .entry = {.time = row.time(1),
                    .actor = {kind_of(row.text(2)), row.text(3), row.text(4), row.text(5)},
                    .action = row.text(6),
                    .object_type = row.text(7),
                    .object_id = row.text(8),
                    .object_name = row.text(9),
                    .details = details->as_object()}};
}

}  // namespace

void record(store::Transaction& tx, const Entry& entry) {
  // INVARIANT: law 9. In the caller's transaction: the row commits with the change.
  tx.post(
      "INSERT INTO audit_entry (sequence, time, actor_kind, actor_id, actor_name, actor_address, action, object_type, "
      "object_id, object_name, details) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      {store::NextId{"audit_entry"}, entry.time, word_of(entry.actor.kind), entry.actor.id, entry.actor.name,
       entry.actor.address, entry.action, entry.object_type, entry.object_id, entry.object_name,
       json::to_text(entry.details)});
}

std::vector<StoredEntry> list(store::Transaction& tx, const std::string& object_type, const std::string& object_id,
                              int limit, std::optional<std::int64_t> before_sequence) {
  std::string sql =
      "SELECT sequence, time, actor_kind, actor_id, actor_name, actor_address, action, object_type, object_id, "
      "object_name, details FROM audit_entry";
  std::vector<store::Value> parameters;
  auto restrict = [&](const char* condition, store::Value value) {
    sql += parameters.empty() ? " WHERE " : " AND ";
    sql += condition;
    parameters.push_back(std::move(value));
  };
  if (!object_type.empty()) restrict("object_type = ?", object_type);
  if (!object_id.empty()) restrict("object_id = ?", object_id);
  if (before_sequence) restrict("sequence < ?", *before_sequence);
  sql += " ORDER BY sequence DESC LIMIT ?";
  parameters.emplace_back(limit);

  std::vector<StoredEntry> entries;
  for (const store::Row& row : tx.query(sql, store::Parameters(parameters))) entries.push_back(entry_of(row));
  return entries;
}

std::vector<StoredEntry> list_after(store::Transaction& tx, std::int64_t sequence, int limit) {
  std::vector<StoredEntry> entries;
  for (const store::Row& row : tx.query(
           "SELECT sequence, time, actor_kind, actor_id, actor_name, actor_address, action, object_type, object_id, "
           "object_name, details FROM audit_entry WHERE sequence > ? ORDER BY sequence LIMIT ?",
           {sequence, limit})) {
    entries.push_back(entry_of(row));
  }
  return entries;
}

}  // namespace wardbridge::audit
