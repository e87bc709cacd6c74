// How tables come into being and stay in step with the program.
#include <thread>

#include "contract/store_fixture.h"

namespace wardbridge::store {
namespace {

const std::string kCreate = "CREATE TABLE book (id BIGINT PRIMARY KEY, title TEXT NOT NULL);\n";
const std::string kAddYear = R"(
  ALTER TABLE book ADD COLUMN year BIGINT;
  ALTER TABLE book ADD COLUMN note TEXT; -- 'unfinished; sentence
  UPDATE book SET note = 'a;
b', year = 2000;
)";

class StoreMigration : public StoreTest {
 protected:
  std::int64_t version() { return number("SELECT version FROM store_schema WHERE room = 'book'"); }
};
INSTANTIATE_FOR_ALL_STORES(StoreMigration);

TEST_P(StoreMigration, BringsAnEmptyStoreUpToDate) {
  migrate({{"book", {kCreate, kAddYear}}});
  EXPECT_EQ(version(), 2);
  write([](Transaction& tx) { tx.execute("INSERT INTO book (id, title, year) VALUES (1, 'b', 1999)"); });
}

TEST_P(StoreMigration, KeepsTheRowsOfAnOlderVersion) {
  migrate({{"book", {kCreate}}});
  write([](Transaction& tx) { tx.execute("INSERT INTO book (id, title) VALUES (1, 'old')"); });
  migrate({{"book", {kCreate, kAddYear}}});
  EXPECT_EQ(version(), 2);
  EXPECT_EQ(number("SELECT year FROM book WHERE title = 'old' AND note = 'a;\nb'"), 2000);
}

TEST_P(StoreMigration, DoesNothingTheSecondTime) {
  migrate({{"book", {kCreate}}});
  migrate({{"book", {kCreate}}});
  EXPECT_EQ(version(), 1);
}

TEST_P(StoreMigration, RefusesAStoreThatIsNewerAndChangesNothing) {
  migrate({{"book", {kCreate, kAddYear}}});
  std::vector<Schema> older = {{"shelf", {"CREATE TABLE shelf (id BIGINT PRIMARY KEY);\n"}}, {"book", {kCreate}}};
  Status status = store_->migrate(older);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.failure().code, Code::conflict);
  EXPECT_EQ(status.failure().reason, "store_too_new");
  EXPECT_NE(status.failure().message.find("`book`"), std::string::npos) << status.failure().message;
  EXPECT_EQ(number("SELECT COUNT(*) FROM store_schema"), 1);
}

TEST_P(StoreMigration, AMigrationThatFailsLeavesTheOldVersionWhole) {
  migrate({{"book", {kCreate}}});
  std::string broken =
      "ALTER TABLE book ADD COLUMN year BIGINT;\nCREATE TABLE other (id BIGINT PRIMARY KEY);\nNO SQL;\n";
  Status status = store_->migrate(std::vector<Schema>{{"book", {kCreate, broken}}});
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.failure().message.find("`book`"), std::string::npos) << status.failure().message;
  EXPECT_EQ(version(), 1);
  migrate({{"book", {kCreate, kAddYear}}});  // would collide with a column or table left behind
  EXPECT_EQ(version(), 2);
}

TEST_P(StoreMigration, TwoThatStartAtOnceMigrateOnce) {
  std::vector<std::unique_ptr<Store>> nodes;
  if (GetParam() == Kind::postgresql)
    for (int i = 0; i < 3; ++i) nodes.push_back(open_another().value());
  std::vector<Status> statuses(4, done());
  std::vector<Schema> schemas = {{"book", {kCreate, kAddYear}},
                                 {"shelf", {"CREATE TABLE shelf (id BIGINT PRIMARY KEY);\n"}}};
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < statuses.size(); ++i) {
    Store* node = i < nodes.size() ? nodes[i].get() : store_.get();
    threads.emplace_back([&, i, node] { statuses[i] = node->migrate(schemas); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Status& status : statuses) EXPECT_TRUE(status.ok()) << status.failure().message;
  EXPECT_EQ(version(), 2);
}

using StoreFile = StoreMigration;
INSTANTIATE_FOR(StoreFile, Kind::sqlite_file);

TEST_P(StoreFile, HasOneOwner) {
  Result<std::unique_ptr<Store>> second = open_another();
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.failure().code, Code::conflict);
  EXPECT_EQ(second.failure().reason, "store_in_use");
  store_.reset();
  EXPECT_TRUE(open_another().ok());
}

using StoreServer = StoreMigration;
INSTANTIATE_FOR(StoreServer, Kind::postgresql);

TEST_P(StoreServer, ThatIsNotThereIsUnavailable) {
  Result<std::unique_ptr<Store>> nobody = open_postgres({.connection = "host=" + file("nobody-listens-here")});
  ASSERT_FALSE(nobody.ok());
  EXPECT_EQ(nobody.failure().code, Code::unavailable);
  EXPECT_EQ(nobody.failure().reason, "store_down");
}

TEST_P(StoreFile, ThatCannotBeOpenedIsUnavailable) {
  Result<std::unique_ptr<Store>> store = open_sqlite({.path = file("no/such/folder.db")});
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.failure().code, Code::unavailable);
  EXPECT_EQ(store.failure().reason, "store_down");
}

}  // namespace
}  // namespace wardbridge::store
