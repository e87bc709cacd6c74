// What groups cost: how often each was judged, how long that takes, how often it flips. Counted in memory since the
// program started, on this node; nothing is written for it. Totals are metrics too, groups are not, for there may be
// thousands.
//
//   bool timed = costs.begin_look(now);                     // one look at one computer; few of them are timed
//   Membership result = costs.time(group, timed, [&] { return pass.judge(program); });
//   costs.count(group);
//
// Not thread-safe: the fleet keeps it under its lock.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>

#include "management/groups/group_book.h"
#include "platform/clock/clock.h"

namespace wardbridge::groups {

struct GroupCost {
  std::uint64_t judgements = 0;
  std::uint64_t flips = 0;  // memberships that began or ended
  // Of the judgements that were timed:
  std::uint64_t timed = 0;
  std::uint64_t timed_nanoseconds = 0;

  // 0 while none was timed.
  double mean_nanoseconds() const {
    return timed == 0 ? 0 : static_cast<double>(timed_nanoseconds) / static_cast<double>(timed);
  }
  double estimated_nanoseconds() const { return mean_nanoseconds() * static_cast<double>(judgements); }
};

class Costs {
 public:
  // Reading the clock costs about as much as judging a criterion, so one look of this many is timed.
  static constexpr std::uint64_t kLooksPerTimedOne = 64;

  // Whether to time this one. The first is.
  bool begin_look(Time now);
  template <class Judge>
  auto time(GroupId group, bool timed, Judge judge) {
    if (!timed) return judge();
    std::int64_t began = monotonic_nanoseconds();
    auto result = judge();
    add_time(group, monotonic_nanoseconds() - began);
    return result;
  }
  void count(GroupId group);
  void count_flips(std::span<const MembershipChange> changes);
  void forget(GroupId group) { groups_.erase(group); }

  Time since() const { return since_; }  // of the first look; kEpoch: there was none
  const std::unordered_map<GroupId, GroupCost>& by_group() const { return groups_; }

 private:
  void add_time(GroupId group, std::int64_t nanoseconds);

  Time since_ = kEpoch;
  std::uint64_t looks_ = 0;
  std::unordered_map<GroupId, GroupCost> groups_;
};

}  // namespace wardbridge::groups
