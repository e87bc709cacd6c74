#include "platform/store/sqlite_connection.h"

#include <cerrno>

#include "base/text.h"
#include "platform/store/body.h"
#include "platform/store/sql_text.h"

namespace wardbridge::store {
namespace {

constexpr int kBusyMilliseconds = 10'000;
constexpr std::size_t kStatements = 500;

// STRICT tables hold the declared types and no NULL in a key, as PostgreSQL's do; a BIGINT key becomes the row's own
// number and needs no second index.
std::string to_sqlite(std::string_view sql) {
  if (starts_with_words(sql, "ALTER TABLE")) return replace_word(sql, "BIGINT", "INTEGER");
  if (starts_with_words(sql, "CREATE TABLE")) return replace_word(sql, "BIGINT", "INTEGER") + " STRICT";
  return std::string(sql);
}

void bind(sqlite3_stmt* statement, Arguments arguments) {
  CHECK(sqlite3_bind_parameter_count(statement) == static_cast<int>(arguments.size()),
        "the statement has another number of placeholders");
  int position = 0;
  for (const Argument& argument : arguments) {
    ++position;
    int code = SQLITE_OK;
    if (const std::int64_t* number = argument.number())
      code = sqlite3_bind_int64(statement, position, *number);
    else if (const std::string_view* text = argument.text())  // outlives the run: the caller holds it
      code = sqlite3_bind_text64(statement, position, text->empty() ? "" : text->data(), text->size(), SQLITE_STATIC,
                                 SQLITE_UTF8);
    else
      code = sqlite3_bind_null(statement, position);
    if (code == SQLITE_TOOBIG) throw StatementFailed{invalid("bad_text", "a text is too large to be stored")};
    CHECK(code == SQLITE_OK, sqlite3_errstr(code));
  }
}

Row current_row(sqlite3_stmt* statement, std::string_view sql) {
  int count = sqlite3_column_count(statement);
  std::vector<Value> values;
  values.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    switch (sqlite3_column_type(statement, i)) {
      case SQLITE_NULL:
        values.emplace_back();
        break;
      case SQLITE_INTEGER:
        values.emplace_back(std::int64_t{sqlite3_column_int64(statement, i)});
        break;
      case SQLITE_TEXT: {
        auto bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement, i));
        values.emplace_back(std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement, i))));
        break;
      }
      default:
        throw StatementFailed{
            Failure{Code::internal, "sql",
                    "column " + std::to_string(i) + " is neither an integer nor a text in `" + std::string(sql) + "`"}};
    }
  }
  return Row(std::move(values));
}

}  // namespace

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::open(const std::string& path, Role role) {
  // Nobody reads SQLite's memory statistics, and every allocation of every thread would take a lock to keep them. Too
  // late when SQLite was used before, which costs that lock and nothing else.
  [[maybe_unused]] static const int ignored = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  if (role != Role::reader) flags |= SQLITE_OPEN_CREATE;
  sqlite3* database = nullptr;
  int code = sqlite3_open_v2(path.c_str(), &database, flags, nullptr);
  if (!database) return unavailable("store_down", "no memory to open the store");
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(database));
  Status status = code == SQLITE_OK ? connection->configure(role) : Status(connection->failure("open"));
  if (!status.ok()) {
    Failure failure = std::move(status).failure();
    failure.message = "opening `" + path + "`: " + failure.message;
    return failure;
  }
  return connection;
}

Status SqliteConnection::configure(Role role) {
  sqlite3_busy_timeout(database_, kBusyMilliseconds);
  for (int option : {SQLITE_DBCONFIG_ENABLE_FKEY, SQLITE_DBCONFIG_DEFENSIVE})
    sqlite3_db_config(database_, option, 1, nullptr);
  for (int option : {SQLITE_DBCONFIG_TRUSTED_SCHEMA, SQLITE_DBCONFIG_DQS_DDL, SQLITE_DBCONFIG_DQS_DML})
    sqlite3_db_config(database_, option, 0, nullptr);
  TRY(control("PRAGMA mmap_size=0"));
  TRY(control("PRAGMA temp_store=MEMORY"));
  TRY(control("PRAGMA case_sensitive_like=ON"));
  if (role == Role::reader) {
    // SQLite before 3.51.3 can corrupt a database when two connections write or checkpoint at the same moment.
    sqlite3_db_config(database_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    TRY(control("PRAGMA wal_autocheckpoint=0"));
    TRY(control("PRAGMA query_only=ON"));
    return control("PRAGMA cache_size=-16384");
  }
  TRY(control("PRAGMA cache_size=-65536"));
  if (role == Role::memory) return done();
  std::string mode;
  try {
    run("PRAGMA journal_mode=WAL", {}, Permission::write, [&](Row&& row) { return mode = row.text(0), true; });
  } catch (StatementFailed& failed) {
    return std::move(failed.failure);
  }
  if (mode != "wal") return unavailable("store_down", "this file system can't hold a write-ahead log");
  // INVARIANT: law 8. The log is synced at every commit, not only when it is moved into the database.
  TRY(control("PRAGMA synchronous=FULL"));
  TRY(control("PRAGMA journal_size_limit=67108864"));
  return control("PRAGMA wal_autocheckpoint=4000");  // pages
}

SqliteConnection::~SqliteConnection() {
  statements_.clear();
  sqlite3_close_v2(database_);
}

SqliteConnection::Statement& SqliteConnection::idle_statement(std::string_view sql) {
  Statement* statement = &known_statement(sql);
  while (statement->running) {
    if (!statement->twin) statement->twin = prepare(sql);
    statement = statement->twin.get();
  }
  return *statement;
}

SqliteConnection::Statement& SqliteConnection::known_statement(std::string_view sql) {
  Statement*& recent = recent_[(reinterpret_cast<std::uintptr_t>(sql.data()) / 16 + sql.size()) % recent_.size()];
  if (recent && recent->sql == sql) return *recent;
  auto found = statements_.find(sql);
  if (found == statements_.end()) {
    std::unique_ptr<Statement> statement = prepare(sql);
    if (statements_.size() >= kStatements) {
      std::erase_if(statements_, [](const auto& one) { return !one.second->running; });
      recent_.fill(nullptr);
    }
    std::string_view key = statement->sql;
    found = statements_.emplace(key, std::move(statement)).first;
  }
  recent = found->second.get();
  return *recent;
}

std::unique_ptr<SqliteConnection::Statement> SqliteConnection::prepare(std::string_view sql) const {
  std::string text = to_sqlite(sql);
  sqlite3_stmt* statement = nullptr;
  const char* rest = nullptr;
  int code = sqlite3_prepare_v3(database_, text.data(), static_cast<int>(text.size()), SQLITE_PREPARE_PERSISTENT,
                                &statement, &rest);
  if (code != SQLITE_OK) throw StatementFailed{failure(sql)};
  std::unique_ptr<sqlite3_stmt, Finalize> owned(statement);
  CHECK(owned, "no statement in the SQL");
  CHECK(text::trim(std::string_view(rest, text.data() + text.size())).empty(), "more than one statement in the SQL");
  return std::make_unique<Statement>(Statement{std::string(sql), std::move(owned)});
}

std::int64_t SqliteConnection::run(std::string_view sql, Arguments arguments, Permission permission,
                                   const std::function<bool(Row&&)>& row) {
  check_texts(arguments);
  Statement& found = idle_statement(sql);
  sqlite3_stmt* statement = found.prepared.get();
  if (permission == Permission::read && !sqlite3_stmt_readonly(statement))
    throw StatementFailed{
        Failure{Code::internal, "sql", "a statement writes inside read(): `" + std::string(sql) + "`"}};

  struct Release {
    explicit Release(Statement& running) : statement(running) { statement.running = true; }
    ~Release() {
      sqlite3_reset(statement.prepared.get());
      sqlite3_clear_bindings(statement.prepared.get());
      statement.running = false;
    }
    Statement& statement;
  } release(found);

  bind(statement, arguments);
  std::int64_t changes_before = sqlite3_total_changes64(database_);
  for (;;) {
    int code = sqlite3_step(statement);
    if (code == SQLITE_DONE) break;
    if (code != SQLITE_ROW) throw StatementFailed{failure(sql)};
    if (row && !row(current_row(statement, sql))) return 0;
  }
  return sqlite3_total_changes64(database_) == changes_before ? 0 : sqlite3_changes64(database_);
}

Status SqliteConnection::control(std::string_view sql) {
  try {
    run(sql, {}, Permission::write, nullptr);
    return done();
  } catch (StatementFailed& failed) {
    return std::move(failed.failure);
  }
}

Failure SqliteConnection::failure(std::string_view sql) const {
  int code = sqlite3_extended_errcode(database_);
  switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return conflict("already_exists", "a row with that key already exists");
  }
  std::string message = sqlite3_errmsg(database_);  // names tables and columns, never a value
  switch (code & 0xff) {
    case SQLITE_FULL:
      return unavailable("disk_full", "the disk of the store is full");
    case SQLITE_IOERR:
      if (sqlite3_system_errno(database_) == ENOSPC) return unavailable("disk_full", "the disk of the store is full");
      [[fallthrough]];
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOMEM:
    case SQLITE_READONLY:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return unavailable("store_down", "the store can't be used: " + message);
    case SQLITE_TOOBIG:
      return invalid("bad_text", "a text is too large to be stored");
  }
  return Failure{Code::internal, "sql", message + " in `" + std::string(sql) + "`"};
}

}  // namespace wardbridge::store
