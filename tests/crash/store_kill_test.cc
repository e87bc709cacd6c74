// kill -9, of the process that writes and of the server that stores: what was acknowledged is there afterwards.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <random>
#include <set>
#include <thread>

#include "base/text.h"
#include "support/postgres_cluster.h"
#include "support/temporary_directory.h"

namespace wardbridge::store {
namespace {

const Schema kWrittenRows{"row", {R"(
  CREATE TABLE state_row (number BIGINT PRIMARY KEY);
  CREATE TABLE outbox_row (number BIGINT PRIMARY KEY, payload TEXT NOT NULL);
)"}};

// A running store_crash_writer.
class Writer {
 public:
  Writer(const std::string& kind, const std::string& target, std::int64_t first) {
    std::string number = std::to_string(first);
    int ends[2];
    CHECK(::pipe2(ends, O_CLOEXEC) == 0);
    process_ = ::fork();
    CHECK(process_ >= 0);
    if (process_ == 0) {
      ::dup2(ends[1], STDOUT_FILENO);
      ::execl(STORE_CRASH_WRITER, "store_crash_writer", kind.c_str(), target.c_str(), number.c_str(), nullptr);
      ::_exit(127);
    }
    ::close(ends[1]);
    output_ = ends[0];
  }

  // Waits for the first acknowledged number, so that a kill never comes before there is something to lose.
  void wait_for_first() {
    char byte;
    while (::read(output_, &byte, 1) == 1) {
      printed_ += byte;
      if (byte == '\n') return;
    }
  }

  void kill() { ::kill(process_, SIGKILL); }

  // The acknowledged numbers, after the process has ended.
  std::set<std::int64_t> acknowledged() {
    char buffer[65'536];
    for (ssize_t count; (count = ::read(output_, buffer, sizeof buffer)) > 0;)
      printed_.append(buffer, static_cast<std::size_t>(count));
    ::close(output_);
    ::waitpid(process_, nullptr, 0);
    std::set<std::int64_t> numbers;
    for (std::string_view line : text::split(printed_, '\n'))
      if (auto number = text::parse_integer(line)) numbers.insert(*number);
    return numbers;
  }

 private:
  pid_t process_ = 0;
  int output_ = -1;
  std::string printed_;
};

std::set<std::int64_t> numbers_in(Store& store, const std::string& table) {
  return store
      .read([&](Transaction& tx) -> Result<std::set<std::int64_t>> {
        std::set<std::int64_t> numbers;
        tx.for_each("SELECT number FROM " + table, {},
                    [&](const Row& row) { return numbers.insert(row.integer(0)), true; });
        return numbers;
      })
      .value();
}

// Everything that was acknowledged is stored, and no half of a transaction is.
void expect_whole(Store& store, const std::set<std::int64_t>& acknowledged) {
  std::set<std::int64_t> states = numbers_in(store, "state_row");
  EXPECT_EQ(states, numbers_in(store, "outbox_row"));
  for (std::int64_t number : acknowledged) ASSERT_TRUE(states.contains(number)) << number << " was lost";
}

void pause_up_to(std::mt19937& random, int milliseconds) {
  std::this_thread::sleep_for(std::chrono::microseconds(random() % (static_cast<unsigned>(milliseconds) * 1'000)));
}

TEST(StoreKill, SqliteKeepsWhatItAcknowledged) {
  constexpr int kKills = 40;
  wardbridge::testing::TemporaryDirectory directory;
  std::string file = directory.file("store.db");
  ASSERT_TRUE(open_sqlite({.path = file}).value()->migrate(std::span(&kWrittenRows, 1)).ok());
  std::mt19937 random(20'261'123);
  std::set<std::int64_t> acknowledged;
  for (int round = 0; round < kKills; ++round) {
    Writer writer("sqlite", file, round * 1'000'000);
    writer.wait_for_first();
    pause_up_to(random, 30);
    writer.kill();
    acknowledged.merge(writer.acknowledged());
    // Without the writer's own recovery at the next start: that one is killed as well.
    if (round % 8 == 7) expect_whole(*open_sqlite({.path = file}).value(), acknowledged);
  }
  EXPECT_GE(acknowledged.size(), std::size_t{kKills});
}

TEST(StoreKill, PostgresqlKeepsWhatItAcknowledged) {
  auto started = wardbridge::testing::PostgresCluster::start();
  if (!started.ok() && started.failure().reason == "no_postgres") GTEST_SKIP() << started.failure().message;
  ASSERT_TRUE(started.ok()) << started.failure().message;
  wardbridge::testing::PostgresCluster& cluster = **started;
  std::string target = cluster.connection();
  std::unique_ptr<Store> store = open_postgres({.connection = target}).value();
  ASSERT_TRUE(store->migrate(std::span(&kWrittenRows, 1)).ok());
  std::mt19937 random(7);
  std::set<std::int64_t> acknowledged;
  for (int round = 0; round < 2; ++round) {
    Writer writer("postgresql", target, round * 1'000'000);
    writer.wait_for_first();
    pause_up_to(random, 100);
    cluster.kill();
    acknowledged.merge(writer.acknowledged());  // the writer ends by itself: its store is down
    Status down = store->write([](Transaction& tx) -> Status {
      tx.execute("INSERT INTO state_row (number) VALUES (-1)");
      return done();
    });
    ASSERT_FALSE(down.ok());
    EXPECT_EQ(down.failure().reason, "store_down");
    Status up = cluster.start_again();
    ASSERT_TRUE(up.ok()) << up.failure().message;
    expect_whole(*store, acknowledged);  // the store that saw the server die finds it again
  }
  EXPECT_GE(acknowledged.size(), 2u);
}

}  // namespace
}  // namespace wardbridge::store
