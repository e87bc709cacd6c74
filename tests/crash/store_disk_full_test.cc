// A full disk: the write is refused as such, what was there stays, and writing goes on when there is space again.
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <latch>
#include <thread>

#include "crash/volatile_disk.h"
#include "platform/store/store.h"
#include "support/temporary_directory.h"

namespace wardbridge::store {
namespace {

const Schema kTextRows{"row", {"CREATE TABLE row_of_text (number BIGINT PRIMARY KEY, payload TEXT NOT NULL);\n"}};

Status insert(Store& store, std::int64_t number, std::size_t bytes) {
  return store.write([&](Transaction& tx) -> Status {
    tx.execute("INSERT INTO row_of_text (number, payload) VALUES (?, ?)", {number, std::string(bytes, 'x')});
    return done();
  });
}

std::vector<std::int64_t> numbers_in(Store& store) {
  return store
      .read([](Transaction& tx) -> Result<std::vector<std::int64_t>> {
        std::vector<std::int64_t> numbers;
        for (const Row& row : tx.query("SELECT number FROM row_of_text ORDER BY number"))
          numbers.push_back(row.integer(0));
        return numbers;
      })
      .value();
}

void expect_disk_full(const Status& status) {
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.failure().code, Code::unavailable);
  EXPECT_EQ(status.failure().reason, "disk_full") << status.failure().message;
}

TEST(StoreDiskFull, AtEveryWriteItIsRefusedAndNothingElseHappens) {
  for (int operation = 1; operation <= 120; ++operation) {
    SCOPED_TRACE("no space from write " + std::to_string(operation));
    wardbridge::testing::TemporaryDirectory directory;
    wardbridge::testing::VolatileDisk disk;
    disk.replace_setting("wal_autocheckpoint", "20");
    std::string file = directory.file("store.db");
    std::vector<std::int64_t> acknowledged;
    {
      auto store = open_sqlite({.path = file}).value();
      ASSERT_TRUE(store->migrate(std::span(&kTextRows, 1)).ok());
      disk.fill_up_at(operation);
      std::int64_t number = 0;
      // A checkpoint that finds no space is not the writer's failure: then the next write is.
      for (;;) {
        Status status = insert(*store, ++number, 3'000);
        if (!status.ok()) {
          expect_disk_full(status);
          break;
        }
        acknowledged.push_back(number);
      }
      EXPECT_TRUE(disk.was_full());
      EXPECT_EQ(numbers_in(*store), acknowledged);
      expect_disk_full(insert(*store, ++number, 10));
      disk.free_space();
      ASSERT_TRUE(insert(*store, ++number, 3'000).ok());
      acknowledged.push_back(number);
      EXPECT_EQ(numbers_in(*store), acknowledged);
    }
    EXPECT_EQ(numbers_in(*open_sqlite({.path = file}).value()), acknowledged);
  }
}

// With a tiny cache the large body meets the full disk in the middle of a statement, and SQLite undoes the transaction
// that its small neighbours are part of: those that had already run are run again, and nobody but the large one
// notices.
TEST(StoreDiskFull, ABodyThatFillsTheDiskDoesNotTakeItsNeighboursAlong) {
  constexpr int kSmall = 8;
  wardbridge::testing::TemporaryDirectory directory;
  wardbridge::testing::VolatileDisk disk;
  disk.replace_setting("cache_size", "20");
  auto store = open_sqlite({.path = directory.file("store.db")}).value();
  ASSERT_TRUE(store->migrate(std::span(&kTextRows, 1)).ok());
  std::latch small_are_coming(kSmall);
  std::latch all_are_coming(1);
  std::vector<std::thread> writers;
  std::latch gate_is_in(1);
  writers.emplace_back([&] {  // holds the first batch until the others stand in the queue
    EXPECT_TRUE(store
                    ->write([&](Transaction&) -> Status {
                      gate_is_in.count_down();
                      all_are_coming.wait();
                      return done();
                    })
                    .ok());
  });
  gate_is_in.wait();
  std::vector<Status> small(kSmall, done());
  for (int i = 0; i < kSmall; ++i)
    writers.emplace_back([&, i] {
      small_are_coming.count_down();
      small[static_cast<std::size_t>(i)] = store->write([&](Transaction& tx) -> Status {
        disk.free_space();
        tx.execute("INSERT INTO row_of_text (number, payload) VALUES (?, 'small')", {i});
        return done();
      });
    });
  Status large = done();
  writers.emplace_back([&] {
    small_are_coming.wait();
    all_are_coming.count_down();
    large = store->write([&](Transaction& tx) -> Status {
      disk.fill_up_at(40);
      for (int i = 0; i < 200; ++i)
        tx.execute("INSERT INTO row_of_text (number, payload) VALUES (?, ?)", {1'000 + i, std::string(4'000, 'x')});
      return done();
    });
  });
  for (std::thread& writer : writers) writer.join();
  disk.free_space();
  expect_disk_full(large);
  for (const Status& status : small) EXPECT_TRUE(status.ok()) << status.failure().message;
  EXPECT_EQ(numbers_in(*store), (std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_TRUE(insert(*store, 5'000, 10).ok());
}

// The same on a real file system.
class SmallFileSystem {
 public:
  SmallFileSystem() { mounted_ = ::mount("tmpfs", directory_.path().c_str(), "tmpfs", 0, "size=1m") == 0; }
  ~SmallFileSystem() {
    if (mounted_) ::umount2(directory_.path().c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }
  std::string file(const std::string& name) const { return directory_.file(name); }

 private:
  wardbridge::testing::TemporaryDirectory directory_;
  bool mounted_ = false;
};

TEST(StoreDiskFull, OnARealFileSystemToo) {
  SmallFileSystem small;
  if (!small.mounted()) GTEST_SKIP() << "no right to mount a small file system here: " << std::strerror(errno);
  std::vector<std::int64_t> acknowledged;
  auto store = open_sqlite({.path = small.file("store.db")}).value();
  ASSERT_TRUE(store->migrate(std::span(&kTextRows, 1)).ok());
  std::int64_t number = 0;
  for (;;) {
    Status status = insert(*store, ++number, 20'000);
    if (!status.ok()) {
      expect_disk_full(status);
      break;
    }
    acknowledged.push_back(number);
  }
  EXPECT_GT(acknowledged.size(), 3u);
  EXPECT_EQ(numbers_in(*store), acknowledged);
  ASSERT_EQ(::mount("tmpfs", small.file("").c_str(), "tmpfs", MS_REMOUNT, "size=8m"), 0) << std::strerror(errno);
  ASSERT_TRUE(insert(*store, ++number, 20'000).ok());
  acknowledged.push_back(number);
  EXPECT_EQ(numbers_in(*store), acknowledged);
  store = nullptr;
  EXPECT_EQ(numbers_in(*open_sqlite({.path = small.file("store.db")}).value()), acknowledged);
}

}  // namespace
}  // namespace wardbridge::store
