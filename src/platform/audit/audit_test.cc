#include "platform/audit/audit.h"

#include <gtest/gtest.h>

namespace wardbridge::audit {
namespace {

class AuditTest : public ::testing::Test {
 protected:
  AuditTest() { EXPECT_TRUE(store_->migrate(std::span(&kSchema, 1)).ok()); }

  static Entry group_change(std::string id, std::string action) {
    return {.time = from_unix_seconds(1'000),
            .actor = {Actor::Kind::user, "7", "Ada", "192.0.2.1"},
            .action = std::move(action),
            .object_type = "Smart Computer Group",
            .object_id = std::move(id),
            .object_name = "FileVault is on",
            .details = {{"name", {{"old", nullptr}, {"new", "FileVault is on"}}}}};
  }
  void record_all(const std::vector<Entry>& entries) {
    Status status = store_->write([&](store::Transaction& tx) -> Status {
      for (const Entry& entry : entries) record(tx, entry);
      return done();
    });
    ASSERT_TRUE(status.ok()) << status.failure().message;
  }
  std::vector<StoredEntry> listed(const std::string& type, const std::string& id, int limit,
                                  std::optional<std::int64_t> before = {}) {
    return store_
        ->read([&](store::Transaction& tx) -> Result<std::vector<StoredEntry>> {
          return list(tx, type, id, limit, before);
        })
        .value();
  }

  std::unique_ptr<store::Store> store_ = store::open_sqlite({.path = ":memory:"}).value();
};

TEST_F(AuditTest, KeepsEveryFieldOfAnEntry) {
  record_all({group_change("12", "create")});
  std::vector<StoredEntry> entries = listed("", "", 10);
  ASSERT_EQ(entries.size(), 1u);
  const Entry& entry = entries[0].entry;
  EXPECT_EQ(entry.time, from_unix_seconds(1'000));
  EXPECT_EQ(entry.actor.kind, Actor::Kind::user);
  EXPECT_EQ(entry.actor.id, "7");
  EXPECT_EQ(entry.actor.name, "Ada");
  EXPECT_EQ(entry.actor.address, "192.0.2.1");
  EXPECT_EQ(entry.action, "create");
  EXPECT_EQ(entry.object_type, "Smart Computer Group");
  EXPECT_EQ(entry.object_id, "12");
  EXPECT_EQ(entry.object_name, "FileVault is on");
  EXPECT_EQ(entry.details, group_change("12", "create").details);
}

TEST_F(AuditTest, KeepsEveryKindOfActor) {
  for (auto kind : {Actor::Kind::user, Actor::Kind::application, Actor::Kind::device, Actor::Kind::system}) {
    Entry entry = group_change("1", "update");
    entry.actor.kind = kind;
    record_all({entry});
    EXPECT_EQ(listed("", "", 1).at(0).entry.actor.kind, kind);
  }
}

TEST_F(AuditTest, ListsNewestFirstAndPages) {
  record_all({group_change("1", "create"), group_change("2", "create"), group_change("1", "update")});
  std::vector<StoredEntry> first_page = listed("", "", 2);
  ASSERT_EQ(first_page.size(), 2u);
  EXPECT_EQ(first_page[0].entry.action, "update");
  EXPECT_GT(first_page[0].sequence, first_page[1].sequence);
  std::vector<StoredEntry> second_page = listed("", "", 2, first_page[1].sequence);
  ASSERT_EQ(second_page.size(), 1u);
  EXPECT_EQ(second_page[0].entry.object_id, "1");
}

TEST_F(AuditTest, ListsOneTypeOrOneObject) {
  Entry device = group_change("1", "delete");
  device.object_type = "Device";
  record_all({group_change("1", "create"), group_change("2", "create"), device});
  EXPECT_EQ(listed("Smart Computer Group", "", 10).size(), 2u);
  EXPECT_EQ(listed("Smart Computer Group", "1", 10).size(), 1u);
  EXPECT_EQ(listed("Device", "2", 10).size(), 0u);
}

TEST_F(AuditTest, LeavesNoRowWhenTheChangeFails) {
  Status status = store_->write([&](store::Transaction& tx) -> Status {
    record(tx, group_change("1", "create"));
    return conflict("changed_meanwhile", "somebody else was faster");
  });
  EXPECT_FALSE(status.ok());
  EXPECT_TRUE(listed("", "", 10).empty());
}

}  // namespace
}  // namespace wardbridge::audit
