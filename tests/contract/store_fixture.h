// One empty store of each kind, for tests of what every store must do.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "platform/store/store.h"
#include "support/postgres_cluster.h"
#include "support/temporary_directory.h"

namespace wardbridge::store {

enum class Kind { sqlite_in_memory, sqlite_file, postgresql };

inline std::string name_of_kind(const ::testing::TestParamInfo<Kind>& info) {
  switch (info.param) {
    case Kind::sqlite_in_memory:
      return "SqliteInMemory";
    case Kind::sqlite_file:
      return "SqliteFile";
    case Kind::postgresql:
      return "Postgresql";
  }
  return "Unknown";
}

class StoreTest : public ::testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    if (GetParam() == Kind::postgresql) {
      auto cluster = wardbridge::testing::PostgresCluster::of_this_program();
      if (!cluster.ok() && cluster.failure().reason == "no_postgres") GTEST_SKIP() << cluster.failure().message;
      ASSERT_TRUE(cluster.ok()) << cluster.failure().message;
      postgres_ = (*cluster)->fresh_store();
    }
    open();
  }

  void open() {
    Result<std::unique_ptr<Store>> opened = open_another();
    ASSERT_TRUE(opened.ok()) << opened.failure().message;
    store_ = std::move(opened).value();
  }
  // A second store on the same data, as another node would open it.
  Result<std::unique_ptr<Store>> open_another() {
    switch (GetParam()) {
      case Kind::sqlite_in_memory:
        return open_sqlite({.path = ":memory:"});
      case Kind::sqlite_file:
        return open_sqlite({.path = file("store.db")});
      case Kind::postgresql:
        return open_postgres(postgres_);
    }
    return Failure{};
  }

  void migrate(const std::vector<Schema>& schemas) {
    Status status = store_->migrate(schemas);
    ASSERT_TRUE(status.ok()) << status.failure().message;
  }
  // A write that must succeed.
  void write(const std::function<void(Transaction&)>& body) {
    Status status = store_->write([&](Transaction& tx) -> Status {
      body(tx);
      return done();
    });
    ASSERT_TRUE(status.ok()) << status.failure().reason << ": " << status.failure().message;
  }
  // The first column of the first row, in one read.
  std::int64_t number(const std::string& sql) {
    Result<std::int64_t> result =
        store_->read([&](Transaction& tx) -> Result<std::int64_t> { return tx.query_one(sql)->integer(0); });
    EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.failure().message);
    return result.value_or(-1);
  }
  std::string reason_of(const std::function<void(Transaction&)>& body) {
    Status status = store_->write([&](Transaction& tx) -> Status {
      body(tx);
      return done();
    });
    return status.ok() ? "" : status.failure().reason;
  }

  // Made when first asked for: a test that dies on purpose could not remove it.
  std::string file(const std::string& name) {
    if (!directory_) directory_.emplace();
    return directory_->file(name);
  }

  std::optional<wardbridge::testing::TemporaryDirectory> directory_;
  PostgresOptions postgres_;
  std::unique_ptr<Store> store_;
};

}  // namespace wardbridge::store

#define INSTANTIATE_FOR(suite, ...) \
  INSTANTIATE_TEST_SUITE_P(Stores, suite, ::testing::Values(__VA_ARGS__), name_of_kind)
#define INSTANTIATE_FOR_ALL_STORES(suite) \
  INSTANTIATE_FOR(suite, Kind::sqlite_in_memory, Kind::sqlite_file, Kind::postgresql)
