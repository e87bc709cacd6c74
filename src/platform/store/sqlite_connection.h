// One connection to a SQLite database, used by one thread at a time: opens it with the settings that the store's
// promises rest on, keeps prepared statements, and turns SQLite's result codes into failures.
#pragma once

#include <sqlite3.h>

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
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  using Statements =
      std::unordered_map<std::string, std::unique_ptr<sqlite3_stmt, Finalize>, TextHash, std::equal_to<>>;

  explicit SqliteConnection(sqlite3* database) : database_(database) {}
  Status configure(Role role);
  Statements::node_type take_statement(std::string_view sql);
  void give_back(Statements::node_type statement);
  Failure failure(std::string_view sql) const;

  sqlite3* database_;
  Statements idle_statements_;  // one that runs is not in here, so a body may nest the same statement
};

}  // namespace wardbridge::store
