// What many callers at a time may expect of any store.
#include <atomic>
#include <latch>
#include <random>
#include <set>
#include <thread>

#include "contract/store_fixture.h"
#include "platform/metrics/metrics.h"

namespace wardbridge::store {
namespace {

const Schema kAccounts{"account", {"CREATE TABLE account (id BIGINT PRIMARY KEY, balance BIGINT NOT NULL);\n"}};

class StoreConcurrency : public StoreTest {
 protected:
  static constexpr int kAccountCount = 10;

  void SetUp() override {
    StoreTest::SetUp();
    if (!store_) return;
    migrate({kAccounts});
    write([](Transaction& tx) {
      for (int id = 1; id <= kAccountCount; ++id) tx.execute("INSERT INTO account (id, balance) VALUES (?, 100)", {id});
    });
  }
  bool is_postgresql() const { return GetParam() == Kind::postgresql; }

  // `work(i)` in `count` threads.
  static void in_parallel(int count, const std::function<void(int)>& work) {
    std::vector<std::thread> threads;
    for (int i = 0; i < count; ++i) threads.emplace_back([&work, i] { work(i); });
    for (std::thread& thread : threads) thread.join();
  }
};
INSTANTIATE_FOR_ALL_STORES(StoreConcurrency);

// In memory there is one connection, and a write waits until the read is over.
using SnapshotReads = StoreConcurrency;
INSTANTIATE_FOR(SnapshotReads, Kind::sqlite_file, Kind::postgresql);

// SQLite has one writer at a time, which nobody can block, and no connection to lose.
using SeveralWriters = StoreConcurrency;
INSTANTIATE_FOR(SeveralWriters, Kind::postgresql);

TEST_P(SnapshotReads, AReadSeesOneSnapshotWhileOthersWrite) {
  Status status = store_->read([&](Transaction& tx) -> Status {
    std::int64_t before = tx.query_one("SELECT SUM(balance) FROM account")->integer(0);
    std::thread([&] { write([](Transaction& other) { other.execute("UPDATE account SET balance = 0"); }); }).join();
    std::int64_t after = tx.query_one("SELECT SUM(balance) FROM account")->integer(0);
    return before == after && before == 1'000 ? done() : Status(invalid("moved", "the snapshot moved"));
  });
  EXPECT_TRUE(status.ok()) << status.failure().message;
  EXPECT_EQ(number("SELECT SUM(balance) FROM account"), 0);
}

TEST_P(StoreConcurrency, MoneyIsNeitherMadeNorLost) {
  constexpr int kThreads = 8;
  constexpr int kTransfers = 40;
  std::atomic<int> refused = 0;
  std::atomic<bool> writing = true;
  std::thread auditor([&] {
    while (writing) EXPECT_EQ(number("SELECT SUM(balance) FROM account"), 1'000);
  });
  in_parallel(kThreads, [&](int thread) {
    std::mt19937 random(static_cast<unsigned>(thread));
    for (int i = 0; i < kTransfers; ++i) {
      int from = 1 + static_cast<int>(random() % kAccountCount);
      int to = 1 + static_cast<int>(random() % kAccountCount);
      std::int64_t amount = static_cast<std::int64_t>(random() % 80);
      // Rows are locked in any order, so PostgreSQL meets deadlocks; the check comes after half the work.
      Status status = store_->write([&](Transaction& tx) -> Status {
        tx.execute("UPDATE account SET balance = balance + ? WHERE id = ?", {amount, to});
        auto row =
            tx.query_one("UPDATE account SET balance = balance - ? WHERE id = ? RETURNING balance", {amount, from});
        if (row->integer(0) < 0) return conflict("no_cover", "not enough money");
        return done();
      });
      if (status.ok()) continue;
      EXPECT_EQ(status.failure().reason, "no_cover") << status.failure().message;
      ++refused;
    }
  });
  writing = false;
  auditor.join();
  EXPECT_EQ(number("SELECT SUM(balance) FROM account"), 1'000);
  EXPECT_EQ(number("SELECT COUNT(*) FROM account WHERE balance < 0"), 0);
  EXPECT_GT(refused, 0) << "the workload never took the failing path";
}

TEST_P(StoreConcurrency, LockedRowsAreReadAndChangedByOneAtATime) {
  in_parallel(8, [&](int) {
    for (int i = 0; i < 20; ++i) {
      write([](Transaction& tx) {
        std::string sql = "SELECT balance FROM account WHERE id = 1" + std::string(tx.lock_rows());
        std::int64_t balance = tx.query_one(sql)->integer(0);
        tx.execute("UPDATE account SET balance = ? WHERE id = 1", {balance + 1});
      });
    }
  });
  EXPECT_EQ(number("SELECT balance FROM account WHERE id = 1"), 260);
}

TEST_P(StoreConcurrency, SkipLockedLeavesOutWhatAnotherHolds) {
  auto unlocked = [](Transaction& tx) {
    return tx.query("SELECT id FROM account WHERE id <= 3 ORDER BY id" + std::string(tx.lock_rows(true))).size();
  };
  write([&](Transaction& tx) { EXPECT_EQ(unlocked(tx), 3u); });
  if (!is_postgresql()) return;  // one writer at a time: nothing can be held by another
  std::latch held(1);
  std::latch looked(1);
  std::thread holder([&] {
    write([&](Transaction& tx) {
      tx.query("SELECT id FROM account WHERE id = 2" + std::string(tx.lock_rows()));
      held.count_down();
      looked.wait();
    });
  });
  held.wait();
  write([&](Transaction& tx) { EXPECT_EQ(unlocked(tx), 2u); });
  looked.count_down();
  holder.join();
}

TEST_P(StoreConcurrency, IdsAreUnique) {
  constexpr int kThreads = 8;
  constexpr int kEach = 30;
  std::vector<std::vector<std::int64_t>> taken(kThreads);
  in_parallel(kThreads, [&](int thread) {
    for (int i = 0; i < kEach; ++i) {
      std::int64_t id = 0;
      Status status = store_->write([&](Transaction& tx) -> Status {
        id = tx.next_id("ticket");
        return i % 5 == 4 ? Status(invalid("no", "rolled back")) : done();
      });
      if (status.ok()) taken[static_cast<std::size_t>(thread)].push_back(id);
    }
  });
  std::set<std::int64_t> all;
  for (const auto& ids : taken) {
    EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
    all.insert(ids.begin(), ids.end());
  }
  EXPECT_EQ(all.size(), std::size_t{kThreads} * kEach * 4 / 5);
}

TEST_P(StoreConcurrency, BodiesThatFailDoNotHurtThoseBesideThem) {
  constexpr int kThreads = 24;
  std::latch waiting(kThreads);
  std::atomic<bool> first = true;
  std::vector<std::string> reasons(kThreads);
  std::vector<int> actions(kThreads, 0);
  in_parallel(kThreads, [&](int thread) {
    waiting.count_down();
    Status status = store_->write([&](Transaction& tx) -> Status {
      if (first.exchange(false)) waiting.wait();  // until the others stand in the queue, so that they share a batch
      tx.after_commit([&actions, thread] { ++actions[static_cast<std::size_t>(thread)]; });
      tx.execute("INSERT INTO account (id, balance) VALUES (?, ?)", {1'000 + thread, thread});
      if (thread % 4 == 1) return invalid("unwanted", "a failure of the body");
      if (thread % 4 == 2) tx.execute("INSERT INTO account (id, balance) VALUES (1, 0)");
      if (thread % 4 == 3) tx.execute("UPDATE account SET no_such_column = 1");
      return done();
    });
    if (!status.ok()) reasons[static_cast<std::size_t>(thread)] = status.failure().reason;
  });
  const std::vector<std::string> expected = {"", "unwanted", "already_exists", "sql"};
  for (std::size_t thread = 0; thread < kThreads; ++thread) {
    EXPECT_EQ(reasons[thread], expected[thread % 4]);
    EXPECT_EQ(actions[thread], thread % 4 == 0 ? 1 : 0);
    EXPECT_EQ(number("SELECT COUNT(*) FROM account WHERE id = " + std::to_string(1'000 + thread)),
              thread % 4 == 0 ? 1 : 0);
  }
}

TEST_P(SeveralWriters, TwoThatBlockEachOtherBothSucceed) {
  std::latch both_hold_one(2);
  std::atomic<int> runs = 0;
  in_parallel(2, [&](int thread) {
    bool first_run = true;
    write([&](Transaction& tx) {
      ++runs;
      tx.execute("UPDATE account SET balance = balance + 1 WHERE id = ?", {1 + thread});
      if (std::exchange(first_run, false)) both_hold_one.arrive_and_wait();
      tx.execute("UPDATE account SET balance = balance + 1 WHERE id = ?", {2 - thread});
    });
  });
  EXPECT_EQ(number("SELECT SUM(balance) FROM account WHERE id <= 2"), 204);
  EXPECT_GE(runs, 3) << "no deadlock happened";
}

TEST_P(SeveralWriters, AConnectionThatBreaksBeforeTheCommitIsReplaced) {
  int runs = 0;
  write([&](Transaction& tx) {
    tx.execute("UPDATE account SET balance = balance + 1 WHERE id = 1");
    if (++runs == 1) tx.query("SELECT pg_terminate_backend(pg_backend_pid())");
  });
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(number("SELECT balance FROM account WHERE id = 1"), 101);

  // Idle ones too: after a restart of the server all of the pool is dead at once.
  in_parallel(6, [&](int) { (void)number("SELECT COUNT(*) FROM account"); });
  std::unique_ptr<Store> other = open_another().value();
  ASSERT_TRUE(other
                  ->read([](Transaction& tx) -> Status {
                    tx.query(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        "WHERE application_name = 'wardbridge' AND pid <> pg_backend_pid()");
                    return done();
                  })
                  .ok());
  write([](Transaction& tx) { tx.execute("UPDATE account SET balance = 7 WHERE id = 1"); });
  EXPECT_EQ(number("SELECT balance FROM account WHERE id = 1"), 7);
}

TEST_P(SeveralWriters, ACommitWithoutAnAnswerIsSaidToBeUnknown) {
  write([](Transaction& tx) {
    tx.execute(
        "CREATE FUNCTION hang_up() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END'");
    tx.execute(
        "CREATE CONSTRAINT TRIGGER hang_up_at_commit AFTER UPDATE ON account DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION hang_up()");
  });
  for (bool waits : {true, false}) {
    int runs = 0;
    Status status = store_->write([&](Transaction& tx) -> Status {
      ++runs;
      tx.post("UPDATE account SET balance = 0 WHERE id = 1");
      if (waits) tx.query("SELECT 1");
      return done();
    });
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.failure().code, Code::timeout);
    EXPECT_EQ(status.failure().reason, "commit_unknown");
    EXPECT_EQ(runs, 1) << "repeating it could do it twice";
  }
}

TEST_P(SeveralWriters, PostedStatementsThatBlockEachOtherBothSucceed) {
  std::latch both_hold_one(2);
  std::atomic<int> runs = 0;
  in_parallel(2, [&](int thread) {
    bool first_run = true;
    write([&](Transaction& tx) {
      ++runs;
      tx.post("UPDATE account SET balance = balance + 1 WHERE id = ?", {1 + thread});
      tx.query("SELECT 1");
      if (std::exchange(first_run, false)) both_hold_one.arrive_and_wait();
      tx.post("UPDATE account SET balance = balance + 1 WHERE id = ?", {2 - thread});
    });
  });
  EXPECT_EQ(number("SELECT SUM(balance) FROM account WHERE id <= 2"), 204);
  EXPECT_GE(runs, 3) << "no deadlock happened";
}

TEST_P(SeveralWriters, AConnectionThatBreaksInAPostedStatementIsReplaced) {
  int runs = 0;
  write([&](Transaction& tx) {
    tx.post("UPDATE account SET balance = balance + 1 WHERE id = 1");
    if (++runs == 1) tx.post("SELECT pg_terminate_backend(pg_backend_pid())");
    tx.post("UPDATE account SET balance = balance + 1 WHERE id = 2");
  });
  EXPECT_EQ(runs, 2) << "the server said that it ended before the commit";
  EXPECT_EQ(number("SELECT SUM(balance) FROM account WHERE id <= 2"), 202);
}

TEST_P(SeveralWriters, AConnectionThatBrokeWhileIdleNeverLeavesACommitUnknown) {
  std::unique_ptr<Store> other = open_another().value();
  for (int round = 1; round <= 10; ++round) {
    ASSERT_TRUE(other
                    ->read([](Transaction& tx) -> Status {
                      tx.query(
                          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                          "WHERE application_name = 'wardbridge' AND pid <> pg_backend_pid()");
                      return done();
                    })
                    .ok());
    // Begin, change and commit travel together.
    write([](Transaction& tx) { tx.post("UPDATE account SET balance = balance + 1 WHERE id = 1"); });
    EXPECT_EQ(number("SELECT balance FROM account WHERE id = 1"), 100 + round);
  }
}

TEST_P(SeveralWriters, ACommitThatIsRefusedLeavesNothing) {
  write([](Transaction& tx) {
    tx.execute("CREATE TABLE seat (id BIGINT PRIMARY KEY, row BIGINT, UNIQUE (row) DEFERRABLE INITIALLY DEFERRED)");
  });
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(reason_of([](Transaction& tx) {
                tx.post("INSERT INTO seat (id, row) VALUES (1, 1)");
                tx.post("INSERT INTO seat (id, row) VALUES (2, 1)");
              }),
              "already_exists");
    EXPECT_EQ(number("SELECT COUNT(*) FROM seat"), 0);
  }
}

TEST_P(SeveralWriters, ATransactionWaitsOnlyForWhatItMust) {
  auto& round_trips = metrics::counter("wardbridge_store_round_trips_total", "times that the server was waited for",
                                       {{"store", "postgresql"}});
  auto cost = [&](const std::function<void()>& work) {
    std::uint64_t before = round_trips.value();
    work();
    return round_trips.value() - before;
  };
  auto work = [](Transaction& tx) {
    std::int64_t first = tx.query_one("SELECT balance FROM account WHERE id = 1")->integer(0);
    std::int64_t second = tx.query_one("SELECT balance FROM account WHERE id = 2")->integer(0);
    for (int id = 3; id <= 8; ++id) tx.post("UPDATE account SET balance = ? WHERE id = ?", {first + second, id});
  };
  for (int round = 0; round < 2; ++round) {  // statements are prepared on the way, without a wait
    EXPECT_EQ(cost([&] { write(work); }), 3u);
    EXPECT_EQ(cost([&] { write([](Transaction& tx) { tx.post("UPDATE account SET balance = 1 WHERE id = 1"); }); }),
              1u);
    EXPECT_EQ(cost([&] { (void)number("SELECT COUNT(*) FROM account"); }), 1u);
    EXPECT_EQ(cost([&] { write([](Transaction&) {}); }), 0u);
  }
}

TEST_P(SeveralWriters, AReadThatEndedHoldsNoTransactionOpen) {
  std::unique_ptr<Store> other = open_another().value();
  (void)number("SELECT COUNT(*) FROM account");
  Status failed = store_->write([](Transaction& tx) -> Status {
    tx.post("UPDATE account SET balance = 0");
    return invalid("no", "no");
  });
  EXPECT_FALSE(failed.ok());
  // The end of a read is sent, but not waited for.
  std::int64_t open = -1;
  for (int look = 0; look < 1'000 && open != 0; ++look) {
    ASSERT_TRUE(other
                    ->read([&](Transaction& tx) -> Status {
                      open = tx.query_one(
                                   "SELECT COUNT(*) FROM pg_stat_activity WHERE application_name = 'wardbridge' "
                                   "AND pid <> pg_backend_pid() AND state <> 'idle'")
                                 ->integer(0);
                      return done();
                    })
                    .ok());
  }
  EXPECT_EQ(open, 0);
}

TEST_P(StoreConcurrency, MoreReadersThanConnectionsTakeTurns) {
  std::atomic<int> answers = 0;
  in_parallel(24, [&](int) {
    for (int i = 0; i < 10; ++i)
      if (number("SELECT COUNT(*) FROM account") == kAccountCount) ++answers;
  });
  EXPECT_EQ(answers, 240);
}

}  // namespace
}  // namespace wardbridge::store
