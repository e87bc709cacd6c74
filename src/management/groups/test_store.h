// For this room's tests: a private store, and short ways to write groups and computers down.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <memory>

#include "base/text.h"
#include "management/groups/extension_attributes.h"
#include "management/groups/groups.h"
#include "support/empty_store.h"

namespace wardbridge::groups {

inline const Time kNow = *parse_iso8601("2026-11-23T12:00:00Z");

inline std::vector<criteria::Criterion> all_of(std::vector<std::array<std::string, 3>> lines) {
  std::vector<criteria::Criterion> criteria;
  for (auto& [name, search_type, value] : lines) {
    auto priority = static_cast<std::int64_t>(criteria.size());
    criteria.push_back({name, priority, "and", search_type, value});
  }
  return criteria;
}

class GroupsTest : public ::testing::Test {
 protected:
  GroupsTest() : store_(test_support::empty_store()) {
    const store::Schema schemas[] = {audit::kSchema, inventory::kSchema, kSchema};
    auto status = store_->migrate(schemas);
    EXPECT_TRUE(status.ok()) << status.failure().message;
  }

  // Runs the body in a write transaction; a value that is not a Result counts as success.
  template <class Body>
  auto write(Body body) {
    return store_->write(body);
  }
  template <class Body>
  auto see(Body body) {
    using Value = std::invoke_result_t<Body&, store::Transaction&>;
    auto result = store_->read([&](store::Transaction& tx) -> Result<Value> { return body(tx); });
    EXPECT_TRUE(result.ok());
    return std::move(result).value();
  }

  Result<Saved> try_create(const std::string& name, std::vector<criteria::Criterion> criteria) {
    SmartComputerGroup group{.platform_id = next_guid(), .name = name, .criteria = std::move(criteria)};
    return write([&](store::Transaction& tx) { return create(tx, group, kNow, actor_); });
  }
  GroupId make_group(const std::string& name, std::vector<criteria::Criterion> criteria) {
    auto saved = try_create(name, std::move(criteria));
    EXPECT_TRUE(saved.ok()) << saved.failure().message;
    return saved.ok() ? saved->id : GroupId{};
  }
  Result<Saved> change(GroupId id, const std::function<void(SmartComputerGroup&)>& edit) {
    return write([&](store::Transaction& tx) {
      SmartComputerGroup group = *find(tx, id);
      edit(group);
      return replace(tx, group, kNow, actor_);
    });
  }
  SmartComputerGroup group(GroupId id) {
    return see([&](store::Transaction& tx) { return *find(tx, id); });
  }
  std::vector<audit::StoredEntry> audited(const std::string& object_type) {
    return see([&](store::Transaction& tx) { return audit::list(tx, object_type, "", 100); });
  }

  std::string next_guid() {
    std::string number = std::to_string(100000000000 + ++guids_);
    return "0E1B2C3D-0000-4000-8000-" + number;
  }

  std::unique_ptr<store::Store> store_;
  audit::Actor actor_{.kind = audit::Actor::Kind::user, .name = "admin"};
  std::int64_t guids_ = 0;
};

}  // namespace wardbridge::groups
