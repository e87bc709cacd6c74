// The storage seam: SQL in transactions, over SQLite (one process) or PostgreSQL (several nodes), with one SQL for
// both.
//
//   Status rename(Store& store, ComputerId id, std::string name) {
//     return store.write([&](Transaction& tx) -> Status {
//       if (tx.execute("UPDATE computer SET name = ? WHERE id = ?", {name, id.value}) == 0)
//         return not_found("no_computer", "no computer has that id");
//       return done();
//     });                         // committed and synced to disk when write() returns success
//   }
//
// Rules of the one SQL: `?` placeholders; types TEXT and BIGINT only (times are Unix milliseconds, booleans 0/1, bytes
// base64); INSERT ... ON CONFLICT (..) DO UPDATE/NOTHING, RETURNING; no AUTOINCREMENT (see next_id); no vendor
// functions. Both stores are made to agree where they differ by nature: columns hold their declared type and nothing
// else, keys are never NULL, text is compared and ordered by its bytes, LIKE minds case. A text holds no zero byte
// (`invalid_argument`/`bad_text`). What a predicate tests is written out (`enabled = 1`, not `enabled`).
//
// Promises:
//   - write() returning success means durable: SQLite WAL with synchronous=FULL, PostgreSQL synchronous_commit=on.
//     Several writes may share one sync (group commit); none is acknowledged before it.
//   - A body that returns a failure, or whose statement fails, leaves nothing behind.
//   - A body may be run more than once (a deadlock, a serialisation failure, another body of the batch that broke the
//     batch): it must have no effect outside its transaction, and set its outputs by assignment.
//   - read() sees one consistent snapshot and never waits for writers.
//   - Thread-safe. A body must not call write() or read() of the same store.
//
// A transaction on PostgreSQL costs what it waits for. BEGIN travels with the first statement and every post() with the
// next statement that waits or with COMMIT, so a write of two queries and any number of posts is three round trips.
//
// Statement failures unwind from query()/execute() to write()/read() as an internal exception, which these turn into
// the returned Failure: `unavailable`/`disk_full`, `unavailable`/`store_down`, `unavailable`/`store_busy` (too many
// conflicting writers), `conflict`/`already_exists` (a unique constraint), `internal`/`sql`. Bodies must not catch.
// When the connection to PostgreSQL breaks while it commits, write() says `timeout`/`commit_unknown`: look before
// repeating. A posted statement that fails does so at the next statement of its transaction that waits, or at the
// commit, which then does not happen; the failure is the same.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace wardbridge::store {

// NULL, BIGINT, TEXT.
class Value {
 public:
  Value() = default;                                           // NULL
  Value(std::nullopt_t) {}                                     // NOLINT
  Value(std::int64_t number) : value_(number) {}               // NOLINT
  Value(int number) : value_(std::int64_t{number}) {}          // NOLINT
  Value(bool flag) : value_(std::int64_t{flag ? 1 : 0}) {}     // NOLINT
  Value(Time time) : value_(to_unix_milliseconds(time)) {}     // NOLINT
  Value(std::string text) : value_(std::move(text)) {}         // NOLINT
  Value(std::string_view text) : value_(std::string(text)) {}  // NOLINT
  Value(const char* text) : value_(std::string(text)) {}       // NOLINT
  template <class T>
  Value(const std::optional<T>& maybe) : Value(maybe ? Value(*maybe) : Value()) {}  // NOLINT

  bool is_null() const { return value_.index() == 0; }
  const std::int64_t* number() const { return std::get_if<std::int64_t>(&value_); }
  const std::string* text() const { return std::get_if<std::string>(&value_); }

 private:
  std::variant<std::monostate, std::int64_t, std::string> value_;
};

// One row of a result. Columns by position, from 0; the wrong type is a bug.
class Row {
 public:
  explicit Row(std::vector<Value> values) : values_(std::move(values)) {}
  bool is_null(std::size_t column) const;
  std::int64_t integer(std::size_t column) const;
  bool flag(std::size_t column) const { return integer(column) != 0; }
  Time time(std::size_t column) const { return from_unix_milliseconds(integer(column)); }
  const std::string& text(std::size_t column) const;
  std::optional<std::int64_t> maybe_integer(std::size_t column) const;
  std::optional<std::string> maybe_text(std::size_t column) const;
  std::optional<Time> maybe_time(std::size_t column) const;

 private:
  std::vector<Value> values_;
};

// In the place of a parameter: the number that Transaction::next_id(name) would give, without a wait for it.
//
//   tx.post("INSERT INTO audit_entry (sequence, action) VALUES (?, ?)", {NextId{"audit_entry"}, action});
struct NextId {
  std::string_view name;
};

// What one `?` stands for during one call. Refers to the caller's text, which costs no copy: written as part of the
// call, never kept. Where parameters are collected first, collect Values.
class Argument {
 public:
  Argument() = default;                                        // NULL
  Argument(std::nullopt_t) {}                                  // NOLINT
  Argument(std::int64_t number) : value_(number) {}            // NOLINT
  Argument(int number) : value_(std::int64_t{number}) {}       // NOLINT
  Argument(bool flag) : value_(std::int64_t{flag ? 1 : 0}) {}  // NOLINT
  Argument(Time time) : value_(to_unix_milliseconds(time)) {}  // NOLINT
  Argument(std::string_view text) : value_(text) {}            // NOLINT
  Argument(const std::string& text)                            // NOLINT
      : value_(std::string_view(text)) {}
  Argument(const char* text) : value_(std::string_view(text)) {}  // NOLINT
  Argument(NextId id) : value_(id) {}                             // NOLINT
  Argument(const Value& value);                                   // NOLINT
  template <class T>
  Argument(const std::optional<T>& maybe) : Argument(maybe ? Argument(*maybe) : Argument()) {}  // NOLINT

  const std::int64_t* number() const { return std::get_if<std::int64_t>(&value_); }
  const std::string_view* text() const { return std::get_if<std::string_view>(&value_); }
  const NextId* next_id() const { return std::get_if<NextId>(&value_); }

 private:
  std::variant<std::monostate, std::int64_t, std::string_view, NextId> value_;
};

using Arguments = std::span<const Argument>;
using Parameters = std::span<const Value>;

class Transaction {
 public:
  virtual ~Transaction() = default;

  virtual std::vector<Row> query(std::string_view sql, Arguments arguments) = 0;
  // Rows touched.
  virtual std::int64_t execute(std::string_view sql, Arguments arguments) = 0;
  // For a statement of which nobody needs a result: every later statement sees what it did, in order, but PostgreSQL is
  // not waited for. Where the number of rows touched matters, execute().
  virtual void post(std::string_view sql, Arguments arguments) = 0;
  // Row by row, for large results of a SELECT; the callback returns false to stop. It may run other statements, but not
  // ones that change the rows being walked.
  virtual void for_each(std::string_view sql, Arguments arguments, const std::function<bool(const Row&)>& row) = 0;

  // The same with parameters written in the call, or collected by the caller.
  std::vector<Row> query(std::string_view sql, std::initializer_list<Argument> arguments = {}) {
    return query(sql, Arguments(arguments.begin(), arguments.size()));
  }
  std::vector<Row> query(std::string_view sql, Parameters parameters) {
    return query(sql, Arguments(arguments_of(parameters)));
  }
  std::int64_t execute(std::string_view sql, std::initializer_list<Argument> arguments = {}) {
    return execute(sql, Arguments(arguments.begin(), arguments.size()));
  }
  std::int64_t execute(std::string_view sql, Parameters parameters) {
    return execute(sql, Arguments(arguments_of(parameters)));
  }
  void post(std::string_view sql, std::initializer_list<Argument> arguments = {}) {
    post(sql, Arguments(arguments.begin(), arguments.size()));
  }
  void post(std::string_view sql, Parameters parameters) { post(sql, Arguments(arguments_of(parameters))); }
  void for_each(std::string_view sql, std::initializer_list<Argument> arguments,
                const std::function<bool(const Row&)>& row) {
    for_each(sql, Arguments(arguments.begin(), arguments.size()), row);
  }
  void for_each(std::string_view sql, Parameters parameters, const std::function<bool(const Row&)>& row) {
    for_each(sql, Arguments(arguments_of(parameters)), row);
  }
  // The first row, or nothing.
  std::optional<Row> query_one(std::string_view sql, std::initializer_list<Argument> arguments = {});

  // Appended to a SELECT of rows that this transaction is about to change: " FOR UPDATE" where several writers run at a
  // time, "" where there is only one. `skip_locked` leaves out rows that another transaction holds.
  virtual std::string_view lock_rows(bool skip_locked = false) const = 0;

  // 1, 2, 3, ... per name (at most 40 bytes). No two committed transactions get the same number; rolled-back ones may
  // leave gaps. Later calls get larger numbers, also across nodes, but they may commit in another order.
  virtual std::int64_t next_id(std::string_view name);

  // Calls `action` after the transaction is durable (not when it rolled back): to wake an actor, to count.
  virtual void after_commit(std::function<void()> action) = 0;

 private:
  static std::vector<Argument> arguments_of(Parameters parameters) { return {parameters.begin(), parameters.end()}; }
};

// A room's tables: `migrations[i]` (several statements separated by `;` and newline) takes the schema from version i to
// i+1. Published migrations are never edited.
struct Schema {
  std::string room;
  std::vector<std::string> migrations;
};

class Store {
 public:
  virtual ~Store() = default;

  template <class Body>
  auto write(Body&& body) -> std::invoke_result_t<Body&, Transaction&> {
    return run<Body>(std::forward<Body>(body), Access::write);
  }
  template <class Body>
  auto read(Body&& body) -> std::invoke_result_t<Body&, Transaction&> {
    return run<Body>(std::forward<Body>(body), Access::read);
  }

  // Brings every room's tables up to date, each migration in a transaction of its own. A store that is newer than this
  // program is refused (`conflict`/`store_too_new`).
  Status migrate(std::span<const Schema> schemas);

  // `sqlite` or `postgresql`.
  virtual std::string_view kind() const = 0;
  // A number that has moved when write() returns, where every writer is this process; nothing where other nodes write,
  // too. What was read after a call is still what the store says for as long as later calls give the same number, so
  // what is kept in memory can be believed without a look at the store.
  virtual std::optional<std::uint64_t> writes_so_far() const = 0;

 protected:
  enum class Access { read, write };
  using ErasedBody = std::function<Status(Transaction&)>;
  virtual Status run_erased(const ErasedBody& body, Access access) = 0;

 private:
  template <class Body>
  auto run(Body&& body, Access access) -> std::invoke_result_t<Body&, Transaction&> {
    using Outcome = std::invoke_result_t<Body&, Transaction&>;  // a Result<T>
    std::optional<Outcome> outcome;
    Status status = run_erased(
        [&](Transaction& tx) -> Status {
          outcome = body(tx);
          if (!outcome->ok()) return outcome->failure();
          return done();
        },
        access);
    if (!status.ok()) return std::move(status).failure();
    return std::move(*outcome);
  }
};

struct SqliteOptions {
  std::string path;  // ":memory:" for a private store in memory
  int reader_connections = 4;
  int batch_limit = 64;  // writes that may share one commit
};
// Opens or creates. `conflict`/`store_in_use` when another process has it open for writing.
Result<std::unique_ptr<Store>> open_sqlite(SqliteOptions options);

struct PostgresOptions {
  std::string connection;         // a libpq connection string
  std::string schema = "public";  // created when missing: one database can hold both wings, apart
  int connections = 16;           // transactions at a time: those that commit together share the server's sync
};
Result<std::unique_ptr<Store>> open_postgres(PostgresOptions options);

}  // namespace wardbridge::store
