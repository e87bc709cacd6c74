// One connection to PostgreSQL, used by one thread at a time: speaks the one SQL over libpq, keeps prepared statements,
// and turns SQLSTATEs into failures that never hold a value.
//
// It is always in libpq's pipeline mode: what is sent lies in a buffer until an answer is needed, and then all of it
// travels at once, as one segment that ends with a sync. The server skips what follows a failure in its segment, which
// is what keeps a COMMIT from following a failed statement.
#pragma once

#include <libpq-fe.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "platform/store/body.h"
#include "platform/store/store.h"

namespace wardbridge::store {

// The sequence behind a counter of next_id().
std::string sequence_of(std::string_view counter);

class PostgresConnection {
 public:
  // Names without a schema mean `schema`, which need not exist yet.
  static Result<std::unique_ptr<PostgresConnection>> open(const std::string& connection, const std::string& schema);

  // A transaction: begin(), statements, then commit() or roll_back(). `sql` must outlive it.
  void begin(std::string_view sql);

  struct Answer {
    std::vector<Row> rows;
    std::int64_t touched = 0;
  };
  // These throw StatementFailed: their own failure, or that of a statement posted before. After that only roll_back().
  Answer run(std::string_view sql, Arguments arguments);
  void post(std::string_view sql, Arguments arguments);
  void walk(std::string_view sql, Arguments arguments, const std::function<bool(const Row&)>& row);

  // Whatever fails, the transaction is over. A connection that breaks where the commit may have happened:
  // `timeout`/`commit_unknown`.
  BodyOutcome commit();
  // `soon`: sends it and leaves the answer to the next transaction.
  enum class Undo { now, soon };
  void roll_back(Undo when);

  // As far as is known: connected, and outside a transaction.
  bool is_idle() const;
  std::string quoted(const std::string& identifier) const;

 private:
  struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };
  struct Clear {
    void operator()(PGresult* result) const { PQclear(result); }
  };
  using Reply = std::unique_ptr<PGresult, Clear>;
  // One SQL text prepared for one combination of parameter types; a type of 0 was left to the server.
  struct Prepared {
    std::string_view sql;  // its key in prepared_
    std::vector<Oid> types;
    std::string name;
  };
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  // Something that the server has not answered yet.
  struct Sent {
    enum class Kind { statement, preparation, sync };
    Kind kind;
    std::string_view sql = {};  // for statements that may fail: a key of prepared_, or the caller's while it waits
    std::string prepared = {};  // the name that a preparation gives
  };
  // The answers to a segment.
  struct Answers {
    Reply last;  // its last statement's, if none failed
    std::optional<StatementFailed> failed;
    // The server itself refused a statement before the last, so that the last was not even tried.
    bool last_was_skipped = false;
  };

  explicit PostgresConnection(PGconn* connection) : connection_(connection) {}
  Status set_up(const std::string& sql);
  void send_begin();
  void send(std::string_view sql, Arguments arguments);
  // `named`: what a failure names, for as long as the answer takes.
  void send_unprepared(std::string_view named, const std::string& sql, Arguments arguments);
  const Prepared& prepare(std::string_view sql, Arguments arguments);
  void forget(const Sent& preparation);
  void make_room_for_statements();
  void end_segment();
  Answers ask();  // ends the segment and waits for the answers to all that was sent
  Reply wait();   // the same; the last statement's answer, or the first failure thrown
  StatementFailed failure(const PGresult* result, std::string_view sql) const;
  static std::vector<Row> rows_of(const PGresult* result, std::string_view sql);

  std::unique_ptr<PGconn, Finish> connection_;
  std::string_view begin_;       // to be sent before the first statement; empty: nothing to be sent
  bool in_transaction_ = false;  // BEGIN was sent, and neither was its end
  std::deque<Sent> sent_;
  std::unordered_map<std::string, std::vector<Prepared>, TextHash, std::equal_to<>> prepared_;
  std::size_t prepared_count_ = 0;
  std::uint64_t names_given_ = 0;
};

}  // namespace wardbridge::store
