// SQLite behind the seam. Writes meet in one queue; whoever stands at its head runs the bodies of all that wait, each
// in a savepoint of one transaction, and commits once for all of them (group commit). A batch closes when nobody waits
// any more, so a single writer pays nothing and many share one sync. Readers have connections and snapshots of their
// own.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <deque>
#include <mutex>

#include "platform/clock/clock.h"
#include "platform/metrics/metrics.h"
#include "platform/store/body.h"
#include "platform/store/connection_pool.h"
#include "platform/store/sqlite_connection.h"
#include "platform/store/store.h"

namespace wardbridge::store {
namespace {

using Permission = SqliteConnection::Permission;

class SqliteTransaction final : public Transaction {
 public:
  SqliteTransaction(SqliteConnection& connection, Permission permission)
      : connection_(connection), permission_(permission) {}

  std::vector<Row> query(std::string_view sql, Arguments arguments) override {
    std::vector<Row> rows;
    run(sql, arguments, [&](Row&& row) {
      rows.push_back(std::move(row));
      return true;
    });
    return rows;
  }
  std::int64_t execute(std::string_view sql, Arguments arguments) override { return run(sql, arguments, nullptr); }
  void post(std::string_view sql, Arguments arguments) override { run(sql, arguments, nullptr); }
  void for_each(std::string_view sql, Arguments arguments, const std::function<bool(const Row&)>& row) override {
    run(sql, arguments, [&](Row&& one) { return row(one); });
  }
  std::string_view lock_rows(bool) const override { return ""; }  // one writer: nobody else could hold a row
  void after_commit(std::function<void()> action) override { actions_.push_back(std::move(action)); }

  std::vector<std::function<void()>> take_actions() { return std::move(actions_); }

 private:
  std::int64_t run(std::string_view sql, Arguments arguments, const std::function<bool(Row&&)>& row) {
    auto wants_id = [](const Argument& argument) { return argument.next_id() != nullptr; };
    if (std::none_of(arguments.begin(), arguments.end(), wants_id))
      return connection_.run(sql, arguments, permission_, row);
    std::vector<Argument> numbered(arguments.begin(), arguments.end());
    for (Argument& argument : numbered)
      if (const NextId* id = argument.next_id()) argument = next_id(id->name);
    return connection_.run(sql, numbered, permission_, row);
  }

  SqliteConnection& connection_;
  Permission permission_;
  std::vector<std::function<void()>> actions_;
};

// Tells other processes to keep away, for as long as it is open. A file of its own: closing any descriptor of the
// database itself would drop SQLite's locks on it.
class LockFile {
 public:
  static Result<LockFile> take(const std::string& database) {
    std::string path = database + ".lock";
    int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) return unavailable("store_down", "opening `" + path + "`: " + std::strerror(errno));
    LockFile lock(descriptor);
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0)
      return conflict("store_in_use", "`" + database + "` is open in another process");
    return lock;
  }
  LockFile(LockFile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  ~LockFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

 private:
  explicit LockFile(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

class SqliteStore final : public Store {
 public:
  SqliteStore(SqliteOptions options, std::optional<LockFile> lock, std::unique_ptr<SqliteConnection> writer)
      : options_(std::move(options)),
        lock_(std::move(lock)),
        writer_(std::move(writer)),
        readers_(options_.reader_connections,
                 [path = options_.path] { return SqliteConnection::open(path, SqliteConnection::Role::reader); }) {}

  std::string_view kind() const override { return "sqlite"; }
  std::optional<std::uint64_t> writes_so_far() const override { return writes_so_far_.load(); }

 protected:
  Status run_erased(const ErasedBody& body, Access access) override {
    check_outside_body(this);
    // In memory there is one connection, so a read waits its turn among the writes.
    if (access == Access::write) return run_queued(body, Permission::write);
    return in_memory() ? run_queued(body, Permission::read) : run_read(body);
  }

 private:
  // Where a caller sleeps until its body is done, or until it is to lead. Shared, because whoever wakes it may still be
  // at it when the caller has gone on; kept by its thread from one call to the next, so a late wake-up may come in the
  // next sleep, which then just goes on sleeping.
  class Bed {
   public:
    enum State : int { asleep, leading, finished };
    void lie_down() { state_.store(asleep, std::memory_order_relaxed); }
    State sleep() {
      state_.wait(asleep, std::memory_order_acquire);
      return static_cast<State>(state_.load(std::memory_order_acquire));
    }
    static void wake(std::shared_ptr<Bed> bed, State state) {
      bed->state_.store(state, std::memory_order_release);
      bed->state_.notify_one();
    }

   private:
    std::atomic<int> state_ = asleep;
  };

  // A caller's body on its way through a batch.
  struct Waiting {
    const ErasedBody& body;
    Permission permission;
    std::shared_ptr<Bed> bed;
    bool finished = false;  // read by the leader about itself
    BodyOutcome outcome = {};
    std::vector<std::function<void()>> actions = {};
  };

  bool in_memory() const { return options_.path == ":memory:"; }

  Status run_queued(const ErasedBody& body, Permission permission) {
    static thread_local const std::shared_ptr<Bed> bed = std::make_shared<Bed>();
    Waiting mine{body, permission, bed};
    bed->lie_down();
    bool leads = false;
    {
      std::lock_guard lock(mutex_);
      queue_.push_back(&mine);
      leads = !std::exchange(somebody_leads_, true);
    }
    if (leads || bed->sleep() == Bed::leading) {
      std::unique_lock lock(mutex_);
      while (!mine.finished) run_batch(lock, mine);
      somebody_leads_ = !queue_.empty();
      if (somebody_leads_) Bed::wake(queue_.front()->bed, Bed::leading);
    }
    if (mine.outcome.thrown) std::rethrow_exception(mine.outcome.thrown);
    if (mine.outcome.status.ok())
      for (const auto& action : mine.actions) action();
    return std::move(mine.outcome.status);
  }

  // Runs and commits what waits. Called by the leader only, with the lock held; the lock is open while SQLite works.
  void run_batch(std::unique_lock<std::mutex>& lock, Waiting& leader) {
    std::vector<Waiting*> batch;
    lock.unlock();
    Status status = writer_->control("BEGIN IMMEDIATE");
    bool broken = false;
    lock.lock();
    while (!broken && !queue_.empty() && static_cast<int>(batch.size()) < options_.batch_limit) {
      Waiting* next = queue_.front();
      queue_.pop_front();
      batch.push_back(next);
      if (!status.ok()) continue;
      lock.unlock();
      run_in_savepoint(*next);
      broken = !writer_->in_transaction();
      lock.lock();
    }
    lock.unlock();
    if (broken) {
      // The last body took the transaction down with it; the good ones before it go to the head of the queue again.
      lock.lock();
      for (std::size_t i = batch.size(); i-- > 0;) {
        if (batch[i]->outcome.status.ok())
          queue_.push_front(batch[i]);
        else
          finish(*batch[i], leader);
      }
      return;
    }
    if (status.ok()) status = commit(batch.size());
    // Whatever became of the commit, before anybody hears of it.
    if (std::ranges::any_of(batch, [](const Waiting* one) { return one->permission == Permission::write; }))
      ++writes_so_far_;
    for (Waiting* one : batch) {
      if (!status.ok() && !one->outcome.thrown) one->outcome.status = status.failure();
      finish(*one, leader);
    }
    lock.lock();
  }

  void run_in_savepoint(Waiting& waiting) {
    if (Status status = writer_->control("SAVEPOINT body"); !status.ok()) {
      waiting.outcome = {.status = std::move(status)};
      return abandon();
    }
    SqliteTransaction tx(*writer_, waiting.permission);
    waiting.outcome = run_body(this, waiting.body, tx);
    waiting.actions = tx.take_actions();
    if (!writer_->in_transaction()) {
      CHECK(!waiting.outcome.status.ok(), "a body ended the transaction by itself");
      return;
    }
    Status undone = waiting.outcome.status.ok() ? done() : writer_->control("ROLLBACK TO body");
    Status released = undone.ok() ? writer_->control("RELEASE body") : undone;
    if (released.ok()) return;
    // Not even undoing works: give up the whole transaction rather than commit half a body.
    if (waiting.outcome.status.ok()) waiting.outcome.status = released;
    abandon();
  }

  // Ends the transaction without a trace. SQLite may have done so itself after a bad error.
  void abandon() {
    if (writer_->in_transaction()) (void)writer_->control("ROLLBACK");
    CHECK(!writer_->in_transaction(), "a transaction can be neither finished nor undone");
  }

  Status commit(std::size_t bodies) {
    static auto& commits = metrics::histogram("wardbridge_store_commit_seconds",
                                              "time of one commit, its sync included", {{"store", "sqlite"}});
    static auto& writes = metrics::counter("wardbridge_store_transactions_total", "transactions that reached a commit",
                                           {{"store", "sqlite"}});
    std::int64_t start = monotonic_nanoseconds();
    Status status = writer_->control("COMMIT");
    if (!status.ok()) {
      abandon();
      Failure failure = std::move(status).failure();
      if (failure.code == Code::unavailable) return failure;
      return unavailable("store_down", "the commit failed: " + failure.message);
    }
    commits.observe_seconds(static_cast<double>(monotonic_nanoseconds() - start) / 1e9);
    writes.add(bodies);
    return done();
  }

  // Afterwards `waiting` may be gone, unless it is the leader's.
  static void finish(Waiting& waiting, const Waiting& leader) {
    waiting.finished = true;
    if (&waiting != &leader) Bed::wake(waiting.bed, Bed::finished);
  }

  Status run_read(const ErasedBody& body) {
    std::unique_ptr<SqliteConnection> reader = TRY(readers_.take());
    BodyOutcome outcome;
    std::vector<std::function<void()>> actions;
    outcome.status = reader->control("BEGIN DEFERRED");
    if (outcome.status.ok()) {
      SqliteTransaction tx(*reader, Permission::read);
      outcome = run_body(this, body, tx);
      actions = tx.take_actions();
      if (reader->in_transaction()) (void)reader->control("ROLLBACK");
    }
    if (reader->in_transaction())
      readers_.forget_one();
    else
      readers_.give_back(std::move(reader));
    if (outcome.thrown) std::rethrow_exception(outcome.thrown);
    if (outcome.status.ok())
      for (const auto& action : actions) action();
    return std::move(outcome.status);
  }

  const SqliteOptions options_;
  std::optional<LockFile> lock_;  // let go last

  std::mutex mutex_;
  std::deque<Waiting*> queue_;
  bool somebody_leads_ = false;               // runs batches, or was woken to
  std::unique_ptr<SqliteConnection> writer_;  // the leader's
  std::atomic<std::uint64_t> writes_so_far_ = 0;

  ConnectionPool<SqliteConnection> readers_;  // closed before the writer, which checkpoints
};

// SQLite gives its log and index the database's permissions; what is stored is nobody else's business.
Status create_private_file(const std::string& path) {
  int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return unavailable("store_down", "opening `" + path + "`: " + std::strerror(errno));
  ::close(descriptor);
  return done();
}

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite(SqliteOptions options) {
  CHECK(options.reader_connections > 0 && options.batch_limit > 0);
  std::optional<LockFile> lock;
  auto role = SqliteConnection::Role::memory;
  if (options.path != ":memory:") {
    role = SqliteConnection::Role::writer;
    lock.emplace(TRY(LockFile::take(options.path)));
    TRY(create_private_file(options.path));
  }
  std::unique_ptr<SqliteConnection> writer = TRY(SqliteConnection::open(options.path, role));
  TRY(writer->control("CREATE TABLE IF NOT EXISTS store_schema (room TEXT PRIMARY KEY, version BIGINT NOT NULL)"));
  TRY(writer->control("CREATE TABLE IF NOT EXISTS store_counter (name TEXT PRIMARY KEY, value BIGINT NOT NULL)"));
  return std::unique_ptr<Store>(std::make_unique<SqliteStore>(std::move(options), std::move(lock), std::move(writer)));
}

}  // namespace wardbridge::store
