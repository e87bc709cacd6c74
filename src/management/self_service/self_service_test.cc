#include "management/self_service/self_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "management/groups/static_groups.h"
#include "platform/entropy/entropy.h"
#include "support/postgres_cluster.h"

namespace wardbridge::self_service {
namespace {

using ::testing::ElementsAre;

const Time kNow = *parse_iso8601("2026-11-23T12:00:00Z");
const audit::Actor kBy{.name = "test"};

// On both stores.
class SelfServiceTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (std::string_view(GetParam()) == "sqlite") {
      store_ = store::open_sqlite({.path = ":memory:"}).value();
    } else {
      auto cluster = wardbridge::testing::PostgresCluster::of_this_program();
      if (!cluster.ok() && cluster.failure().reason == "no_postgres") GTEST_SKIP() << cluster.failure().message;
      ASSERT_TRUE(cluster.ok()) << cluster.failure().message;
      store_ = store::open_postgres((*cluster)->fresh_store()).value();
    }
    const store::Schema schemas[] = {audit::kSchema, inventory::kSchema, groups::kSchema, kSchema};
    ASSERT_TRUE(store_->migrate(schemas).ok());
    mac_ = add_computer("Ann's Mac");
    other_ = add_computer("Bob's Mac");
    group_ =
        write([&](auto& tx) {
          return groups::create(
              tx, {.platform_id = "6d1f2a3b-0000-4000-8000-000000000001", .name = "Applicable", .assignments = {mac_}},
              kNow, kBy);
        }).id;
    // Membership is written by the assessment, which is another room's work.
    write([&](auto& tx) -> Status {
      tx.execute("INSERT INTO computer_group_member (group_id, computer_id, since, valid_until) VALUES (?, ?, ?, ?)",
                 {group_.value, mac_.value, kNow, kNever});
      return done();
    });
  }

  template <class Body>
  auto write(Body body) -> typename std::invoke_result_t<Body&, store::Transaction&>::value_type {
    auto result = store_->write([&](store::Transaction& tx) { return body(tx); });
    CHECK(result.ok(), result.ok() ? "" : result.failure().message);
    return std::move(result).value();
  }
  template <class Body>
  std::string refused(Body body) {
    auto result = store_->write([&](store::Transaction& tx) { return body(tx); });
    return result.ok() ? "it worked" : result.failure().reason;
  }

  ComputerId add_computer(const std::string& name) {
    return write([&](auto& tx) {
      return inventory::create_computer(
          tx,
          {.sections = {{inventory::Section::general,
                         json::Object{{"name", name}, {"remoteManagement", json::Object{{"managed", true}}}}}},
           .management_id = entropy_.guid()},
          kNow, kBy);
    });
  }
  Item registration(Scope scope) const {
    Item item;
    item.name = "Register with Azure AD";
    item.scope = std::move(scope);
    item.presentation.enabled = true;
    item.registers_computers = true;
    return item;
  }
  static Item company_portal() {
    Item item;
    item.kind = ItemKind::mac_application;
    item.name = "Microsoft Intune Company Portal";
    item.scope.all_computers = true;
    item.bundle_id = "com.microsoft.CompanyPortalMac";
    item.version = "5.2406.0";
    return item;
  }
  ItemId create(const Item& item) {
    return write([&](auto& tx) { return self_service::create(tx, item, kBy, kNow); });
  }
  std::vector<std::string> shown(ComputerId id, Time now = kNow) {
    return write([&](auto& tx) -> Result<std::vector<std::string>> {
      std::vector<std::string> names;
      for (const Item& item : offered(tx, *inventory::load(tx, id, {}), now)) names.push_back(item.name);
      return names;
    });
  }
  Result<PolicyRun> begin(ComputerId id, ItemId item, ItemKind kind = ItemKind::policy) {
    return store_->write(
        [&](store::Transaction& tx) { return start(tx, *inventory::load(tx, id, {}), kind, item, "ann", kBy, kNow); });
  }
  Status end(ComputerId id, RunId run, const Outcome& outcome) {
    return store_->write([&](store::Transaction& tx) { return finish(tx, id, run, outcome, kBy, kNow); });
  }

  SeededEntropy entropy_{5};
  std::unique_ptr<store::Store> store_;
  ComputerId mac_;
  ComputerId other_;
  groups::GroupId group_;
};

TEST_P(SelfServiceTest, OnlyWhatIsInScopeIsShown) {
  ItemId id = create(registration({.groups = {group_}}));
  EXPECT_THAT(shown(mac_), ElementsAre("Register with Azure AD"));
  EXPECT_THAT(shown(other_), ElementsAre());
  EXPECT_EQ(begin(other_, id).failure().reason, "no_item");
  // A membership that nobody has looked at since it ended is none (law 3).
  write([&](auto& tx) -> Status {
    tx.execute("UPDATE computer_group_member SET valid_until = ?", {kNow});
    return done();
  });
  EXPECT_THAT(shown(mac_), ElementsAre());
}

TEST_P(SelfServiceTest, NobodysMacIsOfferedNothing) {
  create(registration({.all_computers = true}));
  EXPECT_THAT(shown(other_), ElementsAre("Register with Azure AD"));
  write([&](auto& tx) -> Status {
    TRY(inventory::patch(tx, other_, {{"general", json::Object{{"managed", false}}}}, kNow, kBy));
    return done();
  });
  EXPECT_THAT(shown(other_), ElementsAre());
}

TEST_P(SelfServiceTest, OncePerComputerIsHonouredAndAFlushedLogLetsItRunAgain) {
  ItemId id = create(registration({.groups = {group_}}));
  PolicyRun failed = *begin(mac_, id);
  ASSERT_TRUE(end(mac_, failed.id, {.reason = "network_account", .message = "no"}).ok());
  PolicyRun run = *begin(mac_, id);
  EXPECT_EQ(end(other_, run.id, {.completed = true}).failure().reason, "no_run") << "another Mac's";
  ASSERT_TRUE(end(mac_, run.id, {.completed = true, .message = "AAD ID acquired for macOS user ann"}).ok());
  ASSERT_TRUE(end(mac_, run.id, {.reason = "too_late"}).ok()) << "the first word stands";
  EXPECT_EQ(end(mac_, run.id, {.message = std::string(4001, 'm')}).failure().reason, "too_long");
  EXPECT_THAT(shown(mac_), ElementsAre());
  EXPECT_EQ(begin(mac_, id).failure().reason, "already_completed");

  auto log = write([&](auto& tx) -> Result<std::vector<PolicyRun>> { return runs_of_computer(tx, mac_, 10); });
  ASSERT_EQ(log.size(), 2u);
  EXPECT_EQ(log[0].state, RunState::completed);
  EXPECT_EQ(log[1].state, RunState::failed);
  EXPECT_EQ(log[1].reason, "network_account");

  EXPECT_EQ(write([&](auto& tx) -> Result<std::int64_t> {
              return flush(tx, *find(tx, ItemKind::policy, id), mac_, kBy, kNow);
            }),
            2);
  EXPECT_THAT(shown(mac_), ElementsAre("Register with Azure AD"));
}

TEST_P(SelfServiceTest, AnOngoingPolicyStaysAndAnAbandonedRunIsAFailedOne) {
  Item item = registration({.groups = {group_}});
  item.frequency = Frequency::ongoing;
  ItemId id = create(item);
  PolicyRun first = *begin(mac_, id);
  PolicyRun second = *begin(mac_, id);
  ASSERT_TRUE(end(mac_, second.id, {.completed = true}).ok());
  EXPECT_THAT(shown(mac_), ElementsAre("Register with Azure AD"));
  auto log = write([&](auto& tx) -> Result<std::vector<PolicyRun>> { return runs_of_item(tx, id, 10); });
  ASSERT_EQ(log.size(), 2u);
  EXPECT_EQ(log[1].id, first.id);
  EXPECT_EQ(log[1].reason, "abandoned");
}

TEST_P(SelfServiceTest, AMacAppInstallsItselfOrIsOffered) {
  Item item = company_portal();
  ItemId id = create(item);
  auto installs = [&] {
    return write(
        [&](auto& tx) -> Result<std::size_t> { return automatic(tx, *inventory::load(tx, other_, {}), kNow).size(); });
  };
  EXPECT_EQ(installs(), 1u);
  EXPECT_THAT(shown(other_), ElementsAre());
  EXPECT_TRUE(begin(other_, id, ItemKind::mac_application).ok());
  item.id = id;
  item.distribution = Distribution::self_service;
  ASSERT_TRUE(store_->write([&](store::Transaction& tx) { return replace(tx, item, kBy, kNow); }).ok());
  EXPECT_EQ(installs(), 0u);
  EXPECT_THAT(shown(other_), ElementsAre("Microsoft Intune Company Portal"));
}

TEST_P(SelfServiceTest, FeaturedItemsComeFirst) {
  Item item = registration({.all_computers = true});
  create(item);
  item.name = "Turn on sync";
  item.presentation.featured = true;
  create(item);
  EXPECT_THAT(shown(mac_), ElementsAre("Turn on sync", "Register with Azure AD"));
}

TEST_P(SelfServiceTest, WhatCannotWorkIsRefused) {
  auto make = [&](const Item& item) {
    return refused([&](store::Transaction& tx) { return self_service::create(tx, item, kBy, kNow); });
  };
  Item item = registration({.groups = {{99}}});
  EXPECT_EQ(make(item), "unknown_group");
  item.scope = {};
  item.presentation.category = {7};
  EXPECT_EQ(make(item), "unknown_category");
  item.presentation.category = {};
  item.registers_computers = false;
  EXPECT_EQ(make(item), "no_payload");
  item.registers_computers = true;
  item.name = " ";
  EXPECT_EQ(make(item), "invalid_name");
  create(registration({}));
  item.name = "register with azure ad";
  EXPECT_EQ(make(item), "already_exists");
  Item application = company_portal();
  application.version = "";
  EXPECT_EQ(make(application), "missing_field");
}

TEST_P(SelfServiceTest, ACategoryInUseStaysAndEveryChangeIsAudited) {
  auto category = write([&](auto& tx) { return create_category(tx, "Device Compliance", kBy, kNow); });
  Item item = registration({.groups = {group_}});
  item.presentation.category = category;
  ItemId id = create(item);
  EXPECT_EQ(refused([&](auto& tx) { return remove_category(tx, category, kBy, kNow); }), "has_dependencies");
  EXPECT_EQ(write([&](auto& tx) -> Result<std::vector<std::string>> { return scoped_to(tx, group_); }),
            std::vector<std::string>{"Register with Azure AD"});
  ASSERT_TRUE(store_->write([&](store::Transaction& tx) { return remove(tx, ItemKind::policy, id, kBy, kNow); }).ok());
  ASSERT_TRUE(store_->write([&](store::Transaction& tx) { return remove_category(tx, category, kBy, kNow); }).ok());
  auto rows = write([&](auto& tx) -> Result<std::size_t> {
    return audit::list(tx, "Policy", "", 10).size() + audit::list(tx, "Category", "", 10).size();
  });
  EXPECT_EQ(rows, 4u);
}

INSTANTIATE_TEST_SUITE_P(OnBothStores, SelfServiceTest, ::testing::Values("sqlite", "postgres"),
                         [](const auto& given) { return std::string(given.param); });

}  // namespace
}  // namespace wardbridge::self_service
