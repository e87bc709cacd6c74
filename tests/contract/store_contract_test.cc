// What one caller at a time may expect of any store.
#include <limits>

#include "contract/store_fixture.h"

namespace wardbridge::store {
namespace {

const Schema kNotes{"note", {R"(
  -- Notes; a title's uniqueness is what tests collide on.
  CREATE TABLE note (id BIGINT PRIMARY KEY, title TEXT NOT NULL UNIQUE, body TEXT, size BIGINT);
  CREATE INDEX note_by_size ON note (size);
)"}};

class StoreContract : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    if (store_) migrate({kNotes});
  }
  void add(std::int64_t id, const std::string& title, Value body = {}, Value size = {}) {
    write([&](Transaction& tx) {
      tx.execute("INSERT INTO note (id, title, body, size) VALUES (?, ?, ?, ?)", {id, title, body, size});
    });
  }
  std::vector<std::string> titles(const std::string& rest) {
    return store_
        ->read([&](Transaction& tx) -> Result<std::vector<std::string>> {
          std::vector<std::string> found;
          for (const Row& row : tx.query("SELECT title FROM note " + rest)) found.push_back(row.text(0));
          return found;
        })
        .value();
  }
};
INSTANTIATE_FOR_ALL_STORES(StoreContract);

TEST_P(StoreContract, SaysWhatItIs) {
  EXPECT_EQ(store_->kind(), GetParam() == Kind::postgresql ? "postgresql" : "sqlite");
}

TEST_P(StoreContract, SaysWhetherAnythingWasWrittenWhereItIsTheOnlyWriter) {
  const auto before = store_->writes_so_far();
  ASSERT_EQ(before.has_value(), GetParam() != Kind::postgresql);
  EXPECT_EQ(number("SELECT COUNT(*) FROM note"), 0);
  EXPECT_EQ(store_->writes_so_far(), before) << "reading changes nothing";
  add(1, "one");
  EXPECT_TRUE(!before || store_->writes_so_far() != before);
}

TEST_P(StoreContract, InsertsReadsUpdatesAndDeletes) {
  add(1, "one", "body", 10);
  write([](Transaction& tx) {
    EXPECT_EQ(tx.execute("UPDATE note SET size = size + ? WHERE id = ?", {5, 1}), 1);
    EXPECT_EQ(tx.execute("UPDATE note SET size = 0 WHERE id = ?", {2}), 0);
    auto row = tx.query_one("SELECT title, body, size FROM note WHERE id = ?", {1});  // its own writes are visible
    ASSERT_TRUE(row);
    EXPECT_EQ(row->text(0), "one");
    EXPECT_EQ(row->text(1), "body");
    EXPECT_EQ(row->integer(2), 15);
  });
  write([](Transaction& tx) { EXPECT_EQ(tx.execute("DELETE FROM note WHERE id = ?", {1}), 1); });
  EXPECT_EQ(number("SELECT COUNT(*) FROM note"), 0);
}

TEST_P(StoreContract, GivesValuesBackAsTheyWere) {
  const std::int64_t smallest = std::numeric_limits<std::int64_t>::min();
  const std::int64_t largest = std::numeric_limits<std::int64_t>::max();
  const std::string big(1'500'000, 'x');
  add(1, "Grüße, 日本語, 🦊, it's \"quoted\" \\ ? $1 ; -- %", big, largest);
  add(2, "", "", smallest);
  add(3, "nothing");
  auto rows = store_
                  ->read([](Transaction& tx) -> Result<std::vector<Row>> {
                    return tx.query("SELECT title, body, size FROM note ORDER BY id");
                  })
                  .value();
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].text(0), "Grüße, 日本語, 🦊, it's \"quoted\" \\ ? $1 ; -- %");
  EXPECT_EQ(rows[0].text(1), big);
  EXPECT_EQ(rows[0].integer(2), largest);
  EXPECT_EQ(rows[1].text(0), "");
  EXPECT_EQ(rows[1].maybe_text(1), std::string());
  EXPECT_EQ(rows[1].integer(2), smallest);
  EXPECT_TRUE(rows[2].is_null(1));
  EXPECT_EQ(rows[2].maybe_text(1), std::nullopt);
  EXPECT_EQ(rows[2].maybe_integer(2), std::nullopt);
  EXPECT_EQ(rows[2].maybe_time(2), std::nullopt);
}

TEST_P(StoreContract, TakesNullNumberAndTextInOnePlaceOfOneStatement) {
  const char* sql = "SELECT COUNT(*) FROM note WHERE size = ? OR (? IS NULL AND size IS NULL)";
  add(1, "one", {}, 7);
  add(2, "two");
  auto count = [&](Value size) {
    return store_->read([&](Transaction& tx) -> Result<std::int64_t> {
      return tx.query_one(sql, {size, size})->integer(0);
    });
  };
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(count(7).value(), 1);
    EXPECT_EQ(count(std::nullopt).value(), 1);
    EXPECT_EQ(count(8).value(), 0);
  }
}

TEST_P(StoreContract, LeavesQuestionMarksInQuotesAlone) {
  write([](Transaction& tx) {
    auto row = tx.query_one("SELECT '?', ?, 'it''s ?' -- and ?\n, ?", {"a", 4});
    ASSERT_TRUE(row);
    EXPECT_EQ(row->text(0), "?");
    EXPECT_EQ(row->text(1), "a");
    EXPECT_EQ(row->text(2), "it's ?");
    EXPECT_EQ(row->integer(3), 4);
  });
}

TEST_P(StoreContract, CountsSumsAndTruthsAreIntegers) {
  add(1, "one", {}, 7);
  add(2, "two", {}, 8);
  EXPECT_EQ(number("SELECT COUNT(*) FROM note"), 2);
  EXPECT_EQ(number("SELECT SUM(size) FROM note"), 15);
  EXPECT_EQ(number("SELECT MAX(size) FROM note"), 8);
  EXPECT_EQ(number("SELECT COALESCE(SUM(size), 0) FROM note WHERE id > 5"), 0);
  EXPECT_EQ(number("SELECT size > 7 FROM note WHERE id = 2"), 1);
  EXPECT_EQ(number("SELECT EXISTS (SELECT 1 FROM note WHERE id = 3)"), 0);
}

TEST_P(StoreContract, UpsertsAndReturns) {
  const char* sql =
      "INSERT INTO note (id, title, size) VALUES (?, ?, 1) ON CONFLICT (title) DO UPDATE SET size = note.size + 1 "
      "RETURNING id, size";
  for (std::int64_t round = 1; round <= 3; ++round) {
    write([&](Transaction& tx) {
      auto row = tx.query_one(sql, {round, "same"});
      ASSERT_TRUE(row);
      EXPECT_EQ(row->integer(0), 1);
      EXPECT_EQ(row->integer(1), round);
    });
  }
  write([](Transaction& tx) {
    EXPECT_EQ(tx.execute("INSERT INTO note (id, title) VALUES (9, 'same') ON CONFLICT (title) DO NOTHING"), 0);
    EXPECT_EQ(tx.query("DELETE FROM note WHERE title = ? RETURNING id", {"same"}).size(), 1u);
  });
}

TEST_P(StoreContract, ComparesAndOrdersTextByItsBytes) {
  std::int64_t id = 0;
  for (const char* title : {"b", "a", "B", "A", "ä", "a-b", "aB"}) add(++id, title);
  EXPECT_EQ(titles("ORDER BY title"), (std::vector<std::string>{"A", "B", "a", "a-b", "aB", "b", "ä"}));
  EXPECT_EQ(titles("WHERE title LIKE 'a%' ORDER BY title"), (std::vector<std::string>{"a", "a-b", "aB"}));
  EXPECT_EQ(titles("WHERE lower(title) = 'b' ORDER BY title"), (std::vector<std::string>{"B", "b"}));
}

TEST_P(StoreContract, ColumnsHoldTheirTypeAndKeysAreNotNull) {
  EXPECT_EQ(
      reason_of([](Transaction& tx) { tx.execute("INSERT INTO note (id, title, size) VALUES (1, 't', ?)", {"many"}); }),
      "sql");
  EXPECT_EQ(reason_of([](Transaction& tx) { tx.execute("INSERT INTO note (id, title) VALUES (2, ?)", {Value()}); }),
            "sql");
  migrate({{"tag", {"CREATE TABLE tag (name TEXT PRIMARY KEY);\n"}}});
  EXPECT_EQ(reason_of([](Transaction& tx) { tx.execute("INSERT INTO tag (name) VALUES (?)", {Value()}); }), "sql");
}

TEST_P(StoreContract, RefusesAZeroByte) {
  EXPECT_EQ(reason_of([](Transaction& tx) {
              tx.execute("INSERT INTO note (id, title) VALUES (1, ?)", {std::string("a\0b", 3)});
            }),
            "bad_text");
  EXPECT_EQ(number("SELECT COUNT(*) FROM note"), 0);
}

TEST_P(StoreContract, ASecondRowWithTheSameKeyIsAConflict) {
  add(1, "one");
  for (const char* sql :
       {"INSERT INTO note (id, title) VALUES (1, 'other')", "INSERT INTO note (id, title) VALUES (2, 'one')"}) {
    Status status = store_->write([&](Transaction& tx) -> Status { return tx.execute(sql), done(); });
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.failure().code, Code::conflict);
    EXPECT_EQ(status.failure().reason, "already_exists");
  }
}

TEST_P(StoreContract, AFailedBodyLeavesNothingAndItsFailureArrives) {
  Result<std::string> result = store_->write([](Transaction& tx) -> Result<std::string> {
    tx.execute("INSERT INTO note (id, title) VALUES (1, 'one')");
    return Failure{Code::rate_limited, "slow_down", "too fast", "title"};
  });
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.failure(), (Failure{Code::rate_limited, "slow_down", "too fast", "title"}));
  EXPECT_EQ(number("SELECT COUNT(*) FROM note"), 0);
}

TEST_P(StoreContract, AFailedStatementUnwindsTheBodyAndLeavesNothing) {
  bool went_on = false;
  Status status = store_->write([&](Transaction& tx) -> Status {
    tx.execute("INSERT INTO note (id, title) VALUES (1, 'one')");
    tx.execute("INSERT INTO no_such_table (id) VALUES (?)", {"a secret value"});
    went_on = true;
    return done();
  });
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.failure().code, Code::internal);
  EXPECT_EQ(status.failure().reason, "sql");
  EXPECT_NE(status.failure().message.find("no_such_table"), std::string::npos) << status.failure().message;
  EXPECT_EQ(status.failure().message.find("secret"), std::string::npos) << status.failure().message;
  EXPECT_FALSE(went_on);
  EXPECT_EQ(number("SELECT COUNT(*) FROM note"), 0);
}

TEST_P(StoreContract, AnExceptionOfTheCallersOwnReachesTheCallerAndLeavesNothing) {
  auto write_and_throw = [&] {
    return store_->write([](Transaction& tx) -> Status {
      tx.execute("INSERT INTO note (id, title) VALUES (1, 'one')");
      throw std::runtime_error("not the store's");
    });
  };
  EXPECT_THROW((void)write_and_throw(), std::runtime_error);
  EXPECT_EQ(number("SELECT COUNT(*) FROM note"), 0);
}

TEST_P(StoreContract, AReadCannotWrite) {
  Status status = store_->read([](Transaction& tx) -> Status {
    tx.execute("INSERT INTO note (id, title) VALUES (1, 'one')");
    return done();
  });
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.failure().reason, "sql");
  EXPECT_EQ(number("SELECT COUNT(*) FROM note"), 0);
}

TEST_P(StoreContract, ActionsRunAfterTheCommitAndOnlyThen) {
  std::vector<std::string> events;
  write([&](Transaction& tx) {
    tx.execute("INSERT INTO note (id, title) VALUES (1, 'one')");
    tx.after_commit([&] { events.push_back("stored " + std::to_string(number("SELECT COUNT(*) FROM note"))); });
    tx.after_commit([&] { events.push_back("second"); });
    events.push_back("body");
  });
  EXPECT_EQ(events, (std::vector<std::string>{"body", "stored 1", "second"}));

  events.clear();
  Status failed = store_->write([&](Transaction& tx) -> Status {
    tx.after_commit([&] { events.push_back("never"); });
    return invalid("no", "no");
  });
  EXPECT_FALSE(failed.ok());
  EXPECT_NE(reason_of([&](Transaction& tx) {
              tx.after_commit([&] { events.push_back("never"); });
              tx.execute("no SQL at all");
            }),
            "");
  EXPECT_TRUE(events.empty());
}

TEST_P(StoreContract, WalksLargeResultsAndStopsWhenTold) {
  write([](Transaction& tx) {
    for (int id = 1; id <= 1'000; ++id)
      tx.execute("INSERT INTO note (id, title, size) VALUES (?, ?, ?)", {id, "n" + std::to_string(id), id % 10});
  });
  std::int64_t sum = 0;
  std::int64_t seen = 0;
  std::int64_t nested = 0;
  Status status = store_->read([&](Transaction& tx) -> Status {
    sum = seen = nested = 0;
    tx.for_each("SELECT id FROM note WHERE id > ? ORDER BY id", {std::vector<Value>{100}}, [&](const Row& row) {
      sum += row.integer(0);
      return true;
    });
    tx.for_each("SELECT id FROM note ORDER BY id", {}, [&](const Row& row) {
      // Another walk inside the walk, with the very same statement.
      tx.for_each("SELECT id FROM note ORDER BY id", {}, [&](const Row&) { return ++nested % 3 != 0; });
      return ++seen < 300 && row.integer(0) == seen;
    });
    return done();
  });
  ASSERT_TRUE(status.ok()) << status.failure().message;
  EXPECT_EQ(sum, 1'000 * 1'001 / 2 - 100 * 101 / 2);
  EXPECT_EQ(seen, 300);
  EXPECT_EQ(nested, 900);
}

TEST_P(StoreContract, NumbersIdsPerName) {
  write([](Transaction& tx) {
    EXPECT_EQ(tx.next_id("computer"), 1);
    EXPECT_EQ(tx.next_id("computer"), 2);
    EXPECT_EQ(tx.next_id("Group \"x\""), 1);
  });
  write([](Transaction& tx) { EXPECT_EQ(tx.next_id("computer"), 3); });
}

TEST_P(StoreContract, KeepsOnlyWhatForeignKeysAllow) {
  migrate({{"line", {"CREATE TABLE line (id BIGINT PRIMARY KEY, note_id BIGINT NOT NULL REFERENCES note (id));\n"}}});
  EXPECT_EQ(reason_of([](Transaction& tx) { tx.execute("INSERT INTO line (id, note_id) VALUES (1, 1)"); }), "sql");
}

TEST_P(StoreContract, OutlivesManyDifferentStatements) {
  add(1, "one");
  Status status = store_->read([](Transaction& tx) -> Status {
    for (int i = 0; i < 1'200; ++i) {
      auto row = tx.query_one("SELECT title, " + std::to_string(i) + " FROM note WHERE id = ?", {1});
      if (!row || row->integer(1) != i) return invalid("wrong", "wrong row");
    }
    return done();
  });
  EXPECT_TRUE(status.ok()) << status.failure().message;
}

TEST_P(StoreContract, PostedStatementsAreSeenByLaterOnesInTheirOrder) {
  write([](Transaction& tx) {
    tx.post("INSERT INTO note (id, title, size) VALUES (?, ?, ?)", {1, "one", 1});
    tx.post("UPDATE note SET size = size + 10 WHERE id = ?", {1});
    tx.post("UPDATE note SET size = size * 2 WHERE id = ?", {1});
    EXPECT_EQ(tx.query_one("SELECT size FROM note WHERE id = 1")->integer(0), 22);
    tx.post("UPDATE note SET size = size + 1 WHERE id = 1");
    EXPECT_EQ(tx.execute("UPDATE note SET title = 'found' WHERE size = 23"), 1);
    tx.post("INSERT INTO note (id, title) VALUES (2, 'two')");
    std::vector<std::string> seen;
    tx.for_each("SELECT title FROM note ORDER BY id", {}, [&](const Row& row) {
      if (seen.empty()) tx.post("UPDATE note SET body = 'walked' WHERE id = 1");
      seen.push_back(row.text(0));
      return true;
    });
    EXPECT_EQ(seen, (std::vector<std::string>{"found", "two"}));
    tx.post("DELETE FROM note WHERE id = 2");
  });
  EXPECT_EQ(titles("WHERE body = 'walked'"), std::vector<std::string>{"found"});
  EXPECT_EQ(number("SELECT COUNT(*) FROM note"), 1);
}

TEST_P(StoreContract, APostedFailureReachesTheCallerAndLeavesNothing) {
  add(1, "one");
  struct Case {
    const char* sql;
    Code code;
    const char* reason;
    const char* named;
  };
  for (const Case& wrong :
       {Case{"INSERT INTO note (id, title) VALUES (?, 'one')", Code::conflict, "already_exists", ""},
        Case{"INSERT INTO no_such_table (id) VALUES (?)", Code::internal, "sql", "no_such_table"},
        Case{"INSERT INTO note (id) VALUES (?)", Code::internal, "sql", "INTO note (id) VALUES"}}) {
    for (bool waits : {false, true}) {
      for (int round = 0; round < 2; ++round) {  // the second time nothing of the first is remembered
        bool went_on = false;
        Status status = store_->write([&](Transaction& tx) -> Status {
          tx.post("INSERT INTO note (id, title) VALUES (?, ?)", {7, "before"});
          tx.post(wrong.sql, {9});
          tx.post("INSERT INTO note (id, title) VALUES (?, ?)", {8, "after"});
          tx.post("INSERT INTO note (title, id) VALUES (?, ?)", {"never prepared before", 10});
          if (waits) tx.query("SELECT id FROM note");
          went_on = waits;
          return done();
        });
        ASSERT_FALSE(status.ok()) << wrong.sql;
        EXPECT_EQ(status.failure().code, wrong.code) << wrong.sql;
        EXPECT_EQ(status.failure().reason, wrong.reason) << wrong.sql;
        EXPECT_NE(status.failure().message.find(wrong.named), std::string::npos) << status.failure().message;
        EXPECT_FALSE(went_on) << wrong.sql;
        EXPECT_EQ(number("SELECT COUNT(*) FROM note"), 1);
      }
    }
  }
  write([](Transaction& tx) { tx.post("INSERT INTO note (title, id) VALUES (?, ?)", {"never prepared before", 10}); });
  EXPECT_EQ(number("SELECT COUNT(*) FROM note"), 2);
}

TEST_P(StoreContract, ABodyThatPostedAndFailsLeavesNothing) {
  for (const char* sql : {"INSERT INTO note (id, title) VALUES (1, 'one')", "DELETE FROM note"}) {
    Status status = store_->write([&](Transaction& tx) -> Status {
      tx.post(sql);
      return conflict("changed_mind", "no");
    });
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.failure().reason, "changed_mind");
  }
  EXPECT_EQ(number("SELECT COUNT(*) FROM note"), 0);
  // A statement whose failure nobody waited for does not spoil what comes after it.
  (void)store_->write([&](Transaction& tx) -> Status {
    tx.post("INSERT INTO note (id, title) VALUES (1, 'one'), (1, 'one')");
    return conflict("changed_mind", "no");
  });
  add(1, "one");
  EXPECT_EQ(number("SELECT COUNT(*) FROM note"), 1);
}

TEST_P(StoreContract, AReadCannotPost) {
  Status status = store_->read([](Transaction& tx) -> Status {
    tx.post("INSERT INTO note (id, title) VALUES (1, 'one')");
    return done();
  });
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.failure().reason, "sql");
}

TEST_P(StoreContract, PostsAsManyAndAsLargeAsOneLikes) {
  constexpr int kCount = 10'000;
  write([](Transaction& tx) {
    for (int id = 1; id <= kCount; ++id)
      tx.post("INSERT INTO note (id, title, size) VALUES (?, ?, ?)", {id, std::to_string(id), id});
  });
  EXPECT_EQ(number("SELECT SUM(size) FROM note"), std::int64_t{kCount} * (kCount + 1) / 2);
  // More than any socket holds in either direction, with nobody reading the answers meanwhile.
  const std::string large(500'000, 'x');
  write([&](Transaction& tx) {
    for (int id = 1; id <= 40; ++id) {
      tx.post("UPDATE note SET body = ? WHERE id = ?", {large, id});
      tx.post("SELECT id, body FROM note WHERE id <= ?", {id < 4 ? id : 4});
    }
  });
  EXPECT_EQ(number("SELECT SUM(length(body)) FROM note"), 40 * 500'000);
}

TEST_P(StoreContract, NumbersIdsInsideAStatement) {
  const char* insert = "INSERT INTO note (id, title, size) VALUES (?, ?, ?)";
  write([&](Transaction& tx) {
    tx.post(insert, {NextId{"Note \"x\""}, "a", NextId{"other"}});
    tx.post(insert, {NextId{"Note \"x\""}, "b", std::nullopt});
    tx.post(insert, {tx.next_id("Note \"x\""), "c", 7});
    EXPECT_EQ(tx.query_one("INSERT INTO note (id, title, size) VALUES (?, ?, ?) RETURNING id",
                           {NextId{"Note \"x\""}, "d", NextId{"other"}})
                  ->integer(0),
              4);
  });
  EXPECT_EQ(titles("ORDER BY id"), (std::vector<std::string>{"a", "b", "c", "d"}));
  EXPECT_EQ(number("SELECT SUM(size) FROM note"), 1 + 7 + 2);
  EXPECT_EQ(number("SELECT COUNT(*) FROM note WHERE size IS NULL"), 1);
}

TEST_P(StoreContract, TakesArgumentsFromTextsThatEndNowhere) {
  const std::string text = "one, two";
  write([&](Transaction& tx) {
    tx.post("INSERT INTO note (id, title, body) VALUES (1, ?, ?)",
            {std::string_view(text).substr(0, 3), std::string_view()});
    EXPECT_EQ(
        tx.query("SELECT id FROM note WHERE title = ? AND body = ''", {std::string_view(text).substr(0, 3)}).size(),
        1u);
  });
}

using LastingStore = StoreContract;
INSTANTIATE_FOR(LastingStore, Kind::sqlite_file, Kind::postgresql);

TEST_P(LastingStore, WhatWasCommittedIsThereAfterOpeningAgain) {
  std::int64_t last = 0;
  add(1, "one");
  write([&](Transaction& tx) { last = tx.next_id("note"); });
  store_.reset();
  open();
  EXPECT_EQ(number("SELECT COUNT(*) FROM note WHERE title = 'one'"), 1);
  write([&](Transaction& tx) { EXPECT_GT(tx.next_id("note"), last); });
}

using StoreContractDeath = StoreContract;
INSTANTIATE_FOR(StoreContractDeath, Kind::sqlite_in_memory);

TEST_P(StoreContractDeath, ABodyThatCallsItsOwnStoreIsABug) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH((void)store_->write(
                   [&](Transaction&) -> Status { return store_->read([](Transaction&) -> Status { return done(); }); }),
               "its own store");
}

}  // namespace
}  // namespace wardbridge::store
