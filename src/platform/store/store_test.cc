// What SQLite does beyond the contract; the contract itself is tested on every store in tests/contract.
#include "platform/store/store.h"

#include <gtest/gtest.h>

namespace wardbridge::store {
namespace {

TEST(SqliteStore, KeepsWhatWasWrittenInMemory) {
  std::unique_ptr<Store> store = open_sqlite({.path = ":memory:"}).value();
  Schema schema{"note", {"CREATE TABLE note (id BIGINT PRIMARY KEY, title TEXT NOT NULL);\n"}};
  ASSERT_TRUE(store->migrate(std::span(&schema, 1)).ok());
  Result<std::int64_t> id = store->write([&](Transaction& tx) -> Result<std::int64_t> {
    std::int64_t next = tx.next_id("note");
    tx.execute("INSERT INTO note (id, title) VALUES (?, ?)", {next, "first"});
    return next;
  });
  ASSERT_TRUE(id.ok()) << id.failure().message;
  Result<std::string> title = store->read([&](Transaction& tx) -> Result<std::string> {
    auto row = tx.query_one("SELECT title FROM note WHERE id = ?", {*id});
    if (!row) return not_found("no_note", "no such note");
    return row->text(0);
  });
  ASSERT_TRUE(title.ok()) << title.failure().message;
  EXPECT_EQ(*title, "first");
}

}  // namespace
}  // namespace wardbridge::store
