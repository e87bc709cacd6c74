// One connection to a SQLite database, used by one thread at a time: opens it with the settings that the store's
// promises rest on, keeps prepared statements, and turns SQLite's result codes into failures.
#pragma once

#include <sqlite3.h>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "platform/store/store.h"

namespace wardbridge::store {

class SqliteConnection {
 public:
  enum class Role {
    writer,  // the only one that writes and moves the log into the database (checkpoints)
    reader,
    memory,  // a private database in memory
  };
  static Result<std::unique_ptr<SqliteConnection>> open(const std::string& path, Role role);
  ~SqliteConnection();
  SqliteConnection(const SqliteConnection&) = delete;

  enum class Permission { read, write };
  // Runs one statement and hands its rows to `row` until it returns false. Returns the rows touched. Throws
  // StatementFailed.
  std::int64_t run(std::string_view sql, Arguments arguments, Permission permission,
                   const std::function<bool(Row&&)>& row);

  // Statements around a body (`COMMIT`): the failure is returned, not thrown.
  Status control(std::string_view sql);

  // A statement that fails badly (disk full, I/O error) can end the whole transaction.
  bool in_transaction() const { return sqlite3_get_autocommit(database_) == 0; }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  struct Statement {
    std::string sql;
    std::unique_ptr<sqlite3_stmt, Finalize> prepared;
    bool running = false;
    std::unique_ptr<Statement> twin = nullptr;  // for a body that runs the same statement inside itself
  };

  explicit SqliteConnection(sqlite3* database) : database_(database) {}
  Status configure(Role role);
  Statement& idle_statement(std::string_view sql);
  Statement& known_statement(std::string_view sql);
  std::unique_ptr<Statement> prepare(std::string_view sql) const;
  Failure failure(std::string_view sql) const;

  sqlite3* database_;
  std::unordered_map<std::string_view, std::unique_ptr<Statement>> statements_;  // by their own text
  // By where their text was: nearly every statement is a literal, found again here without hashing its text.
  std::array<Statement*, 256> recent_ = {};
};

}  // namespace wardbridge::store
