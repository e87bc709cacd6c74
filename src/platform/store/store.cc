#include "platform/store/store.h"

#include "platform/store/body.h"
#include "platform/store/sql_text.h"

namespace wardbridge::store {

bool Row::is_null(std::size_t column) const {
  CHECK(column < values_.size(), "no such column in the row");
  return values_[column].is_null();
}

std::int64_t Row::integer(std::size_t column) const {
  CHECK(column < values_.size(), "no such column in the row");
  const std::int64_t* number = values_[column].number();
  CHECK(number, "the column is not an integer");
  return *number;
}

const std::string& Row::text(std::size_t column) const {
  CHECK(column < values_.size(), "no such column in the row");
  const std::string* text = values_[column].text();
  CHECK(text, "the column is not a text");
  return *text;
}

std::optional<std::int64_t> Row::maybe_integer(std::size_t column) const {
  if (is_null(column)) return std::nullopt;
  return integer(column);
}

std::optional<std::string> Row::maybe_text(std::size_t column) const {
  if (is_null(column)) return std::nullopt;
  return text(column);
}

std::optional<Time> Row::maybe_time(std::size_t column) const {
  if (is_null(column)) return std::nullopt;
  return time(column);
}

Argument::Argument(const Value& value) {
  if (const std::int64_t* number = value.number())
    value_ = *number;
  else if (const std::string* text = value.text())
    value_ = std::string_view(*text);
}

std::optional<Row> Transaction::query_one(std::string_view sql, std::initializer_list<Argument> arguments) {
  std::vector<Row> rows = query(sql, arguments);
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

std::int64_t Transaction::next_id(std::string_view name) {
  return query_one(
             "INSERT INTO store_counter (name, value) VALUES (?, 1) "
             "ON CONFLICT (name) DO UPDATE SET value = store_counter.value + 1 RETURNING value",
             {checked_counter(name)})
      ->integer(0);
}

namespace {

Failure too_new(const Schema& schema, std::int64_t version) {
  return conflict("store_too_new", "the store's `" + schema.room + "` tables have version " + std::to_string(version) +
                                       ", this program knows " + std::to_string(schema.migrations.size()));
}

std::int64_t version_of(const std::optional<Row>& row) { return row ? row->integer(0) : 0; }

// Locks the room's row, so that of two nodes that start at once one migrates and the other finds it done.
Result<bool> migrate_one_step(Transaction& tx, const Schema& schema) {
  tx.execute("INSERT INTO store_schema (room, version) VALUES (?, 0) ON CONFLICT (room) DO NOTHING", {schema.room});
  std::int64_t version = version_of(
      tx.query_one("SELECT version FROM store_schema WHERE room = ?" + std::string(tx.lock_rows()), {schema.room}));
  auto newest = static_cast<std::int64_t>(schema.migrations.size());
  if (version > newest) return too_new(schema, version);
  if (version == newest) return false;
  for (const std::string& statement : split_statements(schema.migrations[static_cast<std::size_t>(version)]))
    tx.execute(statement);
  tx.execute("UPDATE store_schema SET version = ? WHERE room = ?", {version + 1, schema.room});
  return true;
}

}  // namespace

Status Store::migrate(std::span<const Schema> schemas) {
  // All rooms are looked at before any is changed: a store from a newer program stays as it was.
  TRY(read([&](Transaction& tx) -> Status {
    for (const Schema& schema : schemas) {
      std::int64_t version = version_of(tx.query_one("SELECT version FROM store_schema WHERE room = ?", {schema.room}));
      if (version > static_cast<std::int64_t>(schema.migrations.size())) return too_new(schema, version);
    }
    return done();
  }));
  for (const Schema& schema : schemas) {
    for (bool more = true; more;) {
      Result<bool> stepped = write([&](Transaction& tx) { return migrate_one_step(tx, schema); });
      if (!stepped.ok()) {
        Failure failure = std::move(stepped).failure();
        failure.message = "migrating the `" + schema.room + "` tables: " + failure.message;
        return failure;
      }
      more = *stepped;
    }
  }
  return done();
}

}  // namespace wardbridge::store
