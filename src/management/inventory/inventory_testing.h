// For tests of this room and of those above it: a store in memory, and the fullest record that the field table allows.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "management/inventory/fields.h"
#include "management/inventory/inventory.h"
#include "platform/audit/audit.h"
#include "platform/store/store.h"
#include "support/empty_store.h"

namespace wardbridge::inventory {

class StoreTest : public ::testing::Test {
 protected:
  StoreTest() {
    store_ = test_support::empty_store();
    std::vector<store::Schema> schemas = {audit::kSchema, kSchema};
    EXPECT_TRUE(store_->migrate(schemas).ok());
  }

  // Runs `body` in a write transaction and commits when it returns a value.
  template <class Body>
  auto write(Body body) {
    return store_->write([&](store::Transaction& tx) { return body(tx); });
  }
  ComputerId create(NewComputer computer) {
    auto id = write([&](store::Transaction& tx) { return create_computer(tx, computer, kNow, kAdmin); });
    EXPECT_TRUE(id.ok()) << id.failure().message;
    return id.ok() ? *id : ComputerId{};
  }
  Computer loaded(ComputerId id) {
    auto computer = store_->read([&](store::Transaction& tx) -> Result<Computer> {
      auto found = load(tx, id, kAllSections);
      if (!found) return not_found("no_computer", "gone");
      return *found;
    });
    EXPECT_TRUE(computer.ok());
    return computer.value_or({});
  }
  std::vector<audit::StoredEntry> audit_of(ComputerId id) {
    return store_
        ->read([&](store::Transaction& tx) -> Result<std::vector<audit::StoredEntry>> {
          return audit::list(tx, "Computer", std::to_string(id.value), 100);
        })
        .value();
  }

  static inline const Time kNow = parse_iso8601("2026-11-23T18:00:00Z").value();
  static inline const audit::Actor kAdmin{audit::Actor::Kind::user, "1", "Ada", "192.0.2.7"};
  std::unique_ptr<store::Store> store_;
};

inline json::Object object_of(std::string_view text) {
  auto value = json::parse(text);
  EXPECT_TRUE(value.ok()) << text;
  return value.ok() ? value->as_object() : json::Object();
}

inline Sections sections_of(std::string_view text, How how = How::import) {
  auto record = check_record(object_of(text), how);
  EXPECT_TRUE(record.ok()) << record.failure().message;
  return record.ok() ? record->sections : Sections();
}

// A value with every field that the table has below this one, no two leaves alike where the type allows it.
inline json::Value fullest(const Field& field, int& counter) {
  ++counter;
  switch (field.kind) {
    case Kind::id:
      return json::Value(std::to_string(counter));
    case Kind::text:
      return json::Value(std::string(field.name) + " " + std::to_string(counter));
    case Kind::integer:
      return json::Value(counter);
    case Kind::long_integer:
      return json::Value(std::int64_t{5'000'000'000} + counter);
    case Kind::boolean:
      return json::Value(counter % 2 == 0);
    case Kind::timestamp:
      return json::Value(to_iso8601(from_unix_seconds(1'700'000'000 + counter)));
    case Kind::date:
      return json::Value(to_date(from_unix_seconds(1'700'000'000) + days{counter}));
    case Kind::choice:
      return json::Value(field.choices.substr(field.choices.rfind('|') + 1));
    case Kind::texts:
      return json::Array{json::Value(std::to_string(counter)), json::Value("second")};
    case Kind::object:
    case Kind::objects:
      break;
  }
  auto object = [&] {
    json::Object members;
    for (const Field& member : field.members) members[std::string(member.name)] = fullest(member, counter);
    return members;
  };
  if (field.kind == Kind::object) return object();
  json::Array items;
  items.push_back(object());
  items.push_back(object());
  return items;
}

inline json::Object fullest_record() {
  int counter = 0;
  json::Object record{{"udid", "4C4C4544-0000-4000-8000-000000000001"}};
  for (Section section : kAllSections) record[member_name(section)] = fullest(field_of(section), counter);
  return record;
}

}  // namespace wardbridge::inventory
