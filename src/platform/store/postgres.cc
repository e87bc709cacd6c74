// PostgreSQL behind the seam: any number of nodes write at a time. Writes are READ COMMITTED with row locks, reads are
// one REPEATABLE READ snapshot. A body runs again after a deadlock, and once after a connection that broke before
// COMMIT.
#include <chrono>
#include <set>
#include <thread>

#include "platform/clock/clock.h"
#include "platform/metrics/metrics.h"
#include "platform/store/connection_pool.h"
#include "platform/store/postgres_connection.h"

namespace wardbridge::store {
namespace {

using Remedy = StatementFailed::Remedy;

constexpr int kAttempts = 8;

// Numbers come from sequences, one per name: unlike a row they are not locked until the commit. Sequences are made on a
// connection of their own, because a new one must outlive the transaction that first wanted it.
class Counters {
 public:
  explicit Counters(PostgresOptions options) : options_(std::move(options)) {}

  // Throws StatementFailed.
  void make_sure_of(const std::string& name) {
    std::lock_guard lock(mutex_);
    if (made_.contains(name)) return;
    auto connection = PostgresConnection::open(options_.connection, options_.schema);
    if (!connection.ok()) throw StatementFailed{connection.failure()};
    (*connection)->begin("BEGIN");
    // "IF NOT EXISTS" alone can still collide with another node that makes it at the same moment.
    (*connection)->post(kTakeLock, {});
    (*connection)->post("CREATE SEQUENCE IF NOT EXISTS " + (*connection)->quoted(sequence_of(name)), {});
    BodyOutcome outcome = (*connection)->commit();
    if (outcome.status.ok()) {
      made_.insert(name);
      return;
    }
    // Making it again does no harm, so a commit without an answer is no more than a broken connection.
    if (outcome.status.failure().reason == "commit_unknown")
      throw StatementFailed{unavailable("store_down", "the connection to postgresql broke"), Remedy::reconnect};
    throw StatementFailed{outcome.status.failure(), outcome.remedy};
  }

  // Any number that no other program locks.
  static constexpr std::string_view kTakeLock = "SELECT pg_advisory_xact_lock(8388321094)";

 private:
  const PostgresOptions options_;
  std::mutex mutex_;
  std::set<std::string> made_;
};

class PostgresTransaction final : public Transaction {
 public:
  PostgresTransaction(PostgresConnection& connection, Counters& counters, bool writes)
      : connection_(connection), counters_(counters), writes_(writes) {}

  std::vector<Row> query(std::string_view sql, Arguments arguments) override {
    make_sure_of_counters(arguments);
    return connection_.run(sql, arguments).rows;
  }
  std::int64_t execute(std::string_view sql, Arguments arguments) override {
    make_sure_of_counters(arguments);
    return connection_.run(sql, arguments).touched;
  }
  void post(std::string_view sql, Arguments arguments) override {
    make_sure_of_counters(arguments);
    // A read has no commit that would wait for it.
    if (writes_)
      connection_.post(sql, arguments);
    else
      connection_.run(sql, arguments);
  }
  void for_each(std::string_view sql, Arguments arguments, const std::function<bool(const Row&)>& row) override {
    make_sure_of_counters(arguments);
    connection_.walk(sql, arguments, row);
  }
  std::string_view lock_rows(bool skip_locked) const override {
    if (!writes_) return "";
    return skip_locked ? " FOR UPDATE SKIP LOCKED" : " FOR UPDATE";
  }
  std::int64_t next_id(std::string_view name) override {
    Argument argument = NextId{name};
    return query("SELECT ?", Arguments(&argument, 1)).front().integer(0);
  }
  void after_commit(std::function<void()> action) override { actions_.push_back(std::move(action)); }

  std::vector<std::function<void()>> take_actions() { return std::move(actions_); }

 private:
  void make_sure_of_counters(Arguments arguments) {
    for (const Argument& argument : arguments)
      if (const NextId* id = argument.next_id()) counters_.make_sure_of(std::string(checked_counter(id->name)));
  }

  PostgresConnection& connection_;
  Counters& counters_;
  bool writes_;
  std::vector<std::function<void()>> actions_;
};

class PostgresStore final : public Store {
 public:
  explicit PostgresStore(const PostgresOptions& options)
      : counters_(options),
        pool_(options.connections, [options] { return PostgresConnection::open(options.connection, options.schema); }) {
  }

  std::string_view kind() const override { return "postgresql"; }
  std::optional<std::uint64_t> writes_so_far() const override { return std::nullopt; }

 protected:
  Status run_erased(const ErasedBody& body, Access access) override {
    check_outside_body(this);
    bool reconnected = false;
    for (int attempt = 1;; ++attempt) {
      std::vector<std::function<void()>> actions;
      BodyOutcome outcome = run_once(body, access, actions);
      if (outcome.thrown) std::rethrow_exception(outcome.thrown);
      if (outcome.status.ok()) {
        for (const auto& action : actions) action();
        return done();
      }
      if (outcome.remedy == Remedy::run_again && attempt < kAttempts) {
        // The clock's last digits keep two victims of each other from meeting again.
        std::this_thread::sleep_for(std::chrono::microseconds(attempt * (500 + monotonic_nanoseconds() / 100 % 2000)));
      } else if (outcome.remedy == Remedy::reconnect && !reconnected) {
        reconnected = true;
        pool_.close_idle();
      } else {
        return std::move(outcome.status);
      }
    }
  }

 private:
  BodyOutcome run_once(const ErasedBody& body, Access access, std::vector<std::function<void()>>& actions) {
    Result<std::unique_ptr<PostgresConnection>> taken = pool_.take();
    if (!taken.ok()) return {.status = taken.failure()};
    std::unique_ptr<PostgresConnection> connection = std::move(taken).value();
    bool writes = access == Access::write;
    connection->begin(writes ? "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
                             : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    PostgresTransaction tx(*connection, counters_, writes);
    BodyOutcome outcome = run_body(this, body, tx);
    actions = tx.take_actions();
    if (outcome.status.ok() && writes)
      outcome = commit(*connection);
    else
      // A failed write holds no lock any more when its caller hears of it; a read holds none that could hurt.
      connection->roll_back(writes ? PostgresConnection::Undo::now : PostgresConnection::Undo::soon);
    if (connection->is_idle() && outcome.remedy != Remedy::reconnect)
      pool_.give_back(std::move(connection));
    else
      pool_.forget_one();
    return outcome;
  }

  static BodyOutcome commit(PostgresConnection& connection) {
    static auto& commits = metrics::histogram("wardbridge_store_commit_seconds",
                                              "time of one commit, its sync included", {{"store", "postgresql"}});
    static auto& writes = metrics::counter("wardbridge_store_transactions_total", "transactions that reached a commit",
                                           {{"store", "postgresql"}});
    std::int64_t start = monotonic_nanoseconds();
    BodyOutcome outcome = connection.commit();
    if (!outcome.status.ok()) return outcome;
    commits.observe_seconds(static_cast<double>(monotonic_nanoseconds() - start) / 1e9);
    writes.add();
    return outcome;
  }

  Counters counters_;
  ConnectionPool<PostgresConnection> pool_;
};

// Two nodes may start at once on an empty database: the lock lets one go first.
Status prepare_schema(const PostgresOptions& options) {
  std::unique_ptr<PostgresConnection> connection = TRY(PostgresConnection::open(options.connection, options.schema));
  connection->begin("BEGIN");
  try {
    connection->post(Counters::kTakeLock, {});
    // Looked for first: CREATE SCHEMA IF NOT EXISTS wants a privilege even when there is nothing to create.
    const Argument schema = options.schema;
    if (connection->run("SELECT 1 FROM pg_namespace WHERE nspname = ?", Arguments(&schema, 1)).rows.empty())
      connection->post("CREATE SCHEMA " + connection->quoted(options.schema), {});
    connection->post("CREATE TABLE IF NOT EXISTS store_schema (room TEXT PRIMARY KEY, version BIGINT NOT NULL)", {});
  } catch (StatementFailed& failed) {
    return std::move(failed.failure);
  }
  return connection->commit().status;
}

}  // namespace

Result<std::unique_ptr<Store>> open_postgres(PostgresOptions options) {
  CHECK(options.connections > 0 && !options.schema.empty());
  TRY(prepare_schema(options));
  return std::unique_ptr<Store>(std::make_unique<PostgresStore>(options));
}

}  // namespace wardbridge::store
