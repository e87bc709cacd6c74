// The measurements compare what agrees: on a small generated fleet, the fleet's judging, the network's, the reference
// implementation and the SQL of the peers say the same of every Mac and group.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "bench/criteria_sql.h"
#include "bench/fleet_under_test.h"
#include "bench/peers.h"
#include "management/inventory/fields.h"
#include "support/temporary_directory.h"

namespace wardbridge::bench {
namespace {

using testing::Draw;
using testing::FleetGenerator;

constexpr int kMacs = 300;
constexpr int kGroups = 100;
const Time kThen = FleetGenerator::now();

class Agreement : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { compiled_ = std::make_unique<CompiledGroups>(generator_.groups(kGroups)); }
  static void TearDownTestSuite() { compiled_.reset(); }

  std::size_t size() const { return compiled_->size(); }
  const std::string& name(std::size_t entry) const { return compiled_->edition()->entries[entry].name; }

  inline static const FleetGenerator generator_{{}};
  inline static std::unique_ptr<CompiledGroups> compiled_;
};

TEST_F(Agreement, ViewSaysWhatTheCriteriaSay) {
  View view(*compiled_);
  for (int number = 1; number <= kMacs; ++number) view.put(generator_.computer(number));
  view.judge_all(kThen);
  std::size_t members = 0;
  for (int number = 1; number <= kMacs; ++number) {
    auto expected = compiled_->reference(generator_.computer(number), kThen);
    for (std::size_t entry = 0; entry < size(); ++entry) {
      bool member = view.is_member(entry, static_cast<std::size_t>(number) - 1);
      EXPECT_EQ(member, expected[entry].member) << name(entry) << ", Mac " << number;
      members += member ? 1 : 0;
    }
  }
  // Groups that everybody or nobody is in would agree too easily.
  EXPECT_GT(members, size() * kMacs / 20);
  EXPECT_LT(members, size() * kMacs / 2);
}

TEST_F(Agreement, FleetSaysWhatTheCriteriaSayOfNewMacsAndOfCheckIns) {
  KnownFleet fleet(*compiled_);
  Draw draw(5);
  std::size_t judged_by_change = 0;
  for (int number = 1; number <= kMacs; ++number) {
    Computer mac = generator_.computer(number);
    auto proposal = fleet.judge_whole(mac, kThen);
    std::set<std::size_t> members;
    auto expected = compiled_->reference(mac, kThen);
    ASSERT_EQ(proposal.outcomes.size(), size());
    for (const auto& outcome : proposal.outcomes) {
      EXPECT_EQ(outcome.result.member, expected[outcome.entry].member) << name(outcome.entry) << ", Mac " << number;
      if (outcome.result.member) members.insert(outcome.entry);
    }
    fleet.keep(mac, std::move(proposal), kThen);
    Time now = kThen;
    for (int turn = 0; turn < 3; ++turn) {
      now += minutes{7};
      auto changed = generator_.check_in(mac, draw, now);
      auto change = fleet.judge_change(mac, changed, now);
      if (!change) break;  // a membership is about to end: all groups are to be looked at
      ++judged_by_change;
      for (const auto& outcome : change->outcomes) {
        EXPECT_EQ(outcome.before, members.contains(outcome.entry));
        outcome.result.member ? (void)members.insert(outcome.entry) : (void)members.erase(outcome.entry);
      }
      auto after = compiled_->reference(mac, now);
      for (std::size_t entry = 0; entry < size(); ++entry)
        EXPECT_EQ(members.contains(entry), after[entry].member) << name(entry) << ", Mac " << number;
      fleet.keep(mac, *std::move(change), now);
    }
  }
  EXPECT_GT(judged_by_change, std::size_t{kMacs});
}

TEST_F(Agreement, ViewSaysWhatTheCriteriaSayOfCheckIns) {
  View view(*compiled_);
  std::vector<Computer> macs;
  for (int number = 1; number <= kMacs; ++number) {
    macs.push_back(generator_.computer(number));
    view.put(macs.back());
  }
  view.judge_all(kThen);
  Draw draw(5);
  std::size_t moved = 0;
  for (criteria::Row row = 0; row < macs.size(); ++row) {
    Time judged_at = kThen;
    for (Time now : {kThen + minutes{7}, kThen + hours{30}, kThen + days{3}}) {
      auto changed = generator_.check_in(macs[row], draw, now);
      auto facts = view.read(row, macs[row], changed);
      auto seen = view.look(row, facts, judged_at, now);
      moved += seen.moved.size();
      view.keep(row, std::move(facts), seen);
      judged_at = now;
      auto expected = compiled_->reference(macs[row], now);
      for (std::size_t entry = 0; entry < size(); ++entry)
        EXPECT_EQ(view.is_member(entry, row), expected[entry].member) << name(entry) << ", row " << row;
    }
  }
  EXPECT_GT(moved, std::size_t{kMacs} / 3);
}

TEST_F(Agreement, SqlSaysWhatTheCriteriaSay) {
  auto groups = generator_.groups(kGroups);
  CriteriaSql sql(groups, FleetGenerator::attributes());
  testing::TemporaryDirectory directory;
  PeerFiles files(directory.path());
  std::map<std::string, Tally> by_name;
  for (const auto& group : groups) by_name[group.name].group = group.id.value;
  for (int number = 1; number <= kMacs; ++number) {
    Computer mac = generator_.computer(number);
    sql.add(mac, files.sink());
    auto expected = compiled_->reference(mac, kThen);
    for (std::size_t entry = 0; entry < size(); ++entry) {
      if (!expected[entry].member) continue;
      Tally& tally = by_name[name(entry)];
      ++tally.count;
      tally.sum += CriteriaSql::pair_sum(tally.group, number);
    }
  }
  files.finish();
  std::vector<Tally> expected;
  for (const auto& group : groups)
    if (by_name[group.name].count > 0) expected.push_back(by_name[group.name]);
  auto answer =
      run_sqlite({.sql = sql, .files = files, .computers = kMacs, .now = kThen, .repetitions = 1, .lookups = 10});
  ASSERT_TRUE(answer.ok()) << answer.failure().message;
  ASSERT_EQ(answer->tallies.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(answer->tallies[i], expected[i]) << expected[i].group;
}

TEST_F(Agreement, HeartbeatsStoreWhatTheCriteriaSay) {
  constexpr int kStored = 20;
  auto store = store::open_sqlite({.path = ":memory:"}).value();
  ASSERT_TRUE(migrate_management(*store).ok());
  ASSERT_TRUE(store_attributes(*store).ok());
  Status stored = store_computers(*store, generator_, kStored);
  ASSERT_TRUE(stored.ok()) << stored.failure().message;
  auto groups = generator_.groups(kGroups);
  ASSERT_TRUE(store_groups(*store, groups).ok());
  groups::GroupBook book;
  pipeline::Pipeline pipeline(*store, book, [] {});
  Status carried_out = carry_out(*store, pipeline, kThen);
  ASSERT_TRUE(carried_out.ok()) << carried_out.failure().message;
  for (int number = 1; number <= kStored; ++number) {
    auto expected = compiled_->reference(generator_.computer(number), kThen);
    auto belongings = store->read([&](store::Transaction& tx) -> Result<std::vector<groups::Belonging>> {
      return groups::groups_of(tx, {number}, kThen);
    });
    ASSERT_TRUE(belongings.ok());
    std::set<std::string> in;
    for (const auto& belonging : *belongings) in.insert(belonging.name);
    for (std::size_t entry = 0; entry < size(); ++entry)
      EXPECT_EQ(in.contains(name(entry)), expected[entry].member) << name(entry) << ", Mac " << number;
  }
}

// What the workload is said to be (docs/internals/bench.md).
TEST_F(Agreement, WorkloadIsWhatItIsSaidToBe) {
  auto groups = generator_.groups(1000);
  std::set<std::string> names;
  double criteria = 0, about_applications = 0, nested = 0, timed = 0;
  for (const auto& group : groups) {
    names.insert(group.name);
    EXPECT_GE(group.criteria.size(), 1u);
    EXPECT_LE(group.criteria.size(), 8u);
    bool is_timed = false;
    for (const auto& criterion : group.criteria) {
      ++criteria;
      if (criterion.name.starts_with("Application ")) ++about_applications;
      if (criterion.name == "Computer Group") ++nested;
      is_timed |= criterion.search_type.find("x days") != std::string::npos;
    }
    timed += is_timed ? 1 : 0;
  }
  EXPECT_EQ(names.size(), groups.size());
  EXPECT_NEAR(criteria / 1000, 3.3, 0.4);
  EXPECT_NEAR(about_applications / criteria, 0.2, 0.04);
  EXPECT_NEAR(nested / 1000, 0.1, 0.03);
  EXPECT_NEAR(timed / 1000, 0.2, 0.04);

  View view(*compiled_);
  Draw draw(5);
  double columns = 0, rows = 0;
  constexpr int kCheckIns = 200;
  for (int number = 1; number <= kCheckIns; ++number) {
    Computer mac = generator_.computer(number);
    std::size_t applications = mac.section(Section::applications)->as_array().size();
    EXPECT_GE(applications, 120u);
    EXPECT_LE(applications, 180u);
    view.put(mac);
    json::Array before = mac.section(Section::applications)->as_array();
    auto changed = generator_.check_in(mac, draw, kThen + minutes{1});
    columns += static_cast<double>(view.read(static_cast<criteria::Row>(number - 1), mac, changed).size());
    for (std::size_t i = 0; i < applications; ++i)
      rows += before[i] != mac.section(Section::applications)->as_array()[i] ? 1 : 0;
  }
  EXPECT_NEAR(columns / kCheckIns, 5, 1.0);
  EXPECT_NEAR(rows / kCheckIns, 0.6, 0.2);
}

}  // namespace
}  // namespace wardbridge::bench
