#include "management/groups/costs.h"

#include <gtest/gtest.h>

namespace wardbridge::groups {
namespace {

TEST(CostsTest, OneLookOfSixtyFourIsTimed) {
  Costs costs;
  Time now = from_unix_seconds(1'000'000);
  EXPECT_EQ(costs.since(), kEpoch);
  std::uint64_t timed = 0;
  for (std::uint64_t i = 0; i < 10 * Costs::kLooksPerTimedOne; ++i) {
    if (costs.begin_look(now + seconds{i})) ++timed;
  }
  EXPECT_EQ(timed, 10u);
  EXPECT_EQ(costs.since(), now) << "of the first look";
}

TEST(CostsTest, WhatIsNotTimedIsOnlyCounted) {
  Costs costs;
  const GroupId group{3};
  EXPECT_EQ(costs.time(group, false, [] { return 7; }), 7);
  costs.count(group);
  costs.count(group);
  GroupCost cost = costs.by_group().at(group);
  EXPECT_EQ(cost.judgements, 2u);
  EXPECT_EQ(cost.timed, 0u);
  EXPECT_EQ(cost.estimated_nanoseconds(), 0);
  EXPECT_EQ(costs.time(group, true, [] { return 7; }), 7);
  EXPECT_EQ(costs.by_group().at(group).timed, 1u);
}

TEST(CostsTest, TheEstimateIsTheMeanOfAllThatWereCounted) {
  GroupCost cost{.judgements = 640, .flips = 1, .timed = 10, .timed_nanoseconds = 5000};
  EXPECT_EQ(cost.mean_nanoseconds(), 500);
  EXPECT_EQ(cost.estimated_nanoseconds(), 320'000);
}

TEST(CostsTest, FlipsAreCountedByGroupUntilItIsForgotten) {
  Costs costs;
  const std::vector<MembershipChange> changes = {{GroupId{1}, "A", true}, {GroupId{2}, "B", true}, {GroupId{1}, "A"}};
  costs.count_flips(changes);
  EXPECT_EQ(costs.by_group().at(GroupId{1}).flips, 2u);
  EXPECT_EQ(costs.by_group().at(GroupId{2}).flips, 1u);
  costs.forget(GroupId{1});
  EXPECT_FALSE(costs.by_group().contains(GroupId{1}));
}

}  // namespace
}  // namespace wardbridge::groups
