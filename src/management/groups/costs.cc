#include "management/groups/costs.h"

#include <algorithm>

#include "platform/metrics/metrics.h"

namespace wardbridge::groups {
namespace {

struct Totals {
  metrics::Counter& judgements =
      metrics::counter("wardbridge_group_judgements_total", "times that a computer was judged by a smart group");
  metrics::Counter& flips =
      metrics::counter("wardbridge_group_flips_total", "memberships of groups that began or ended");
  metrics::Counter& timed =
      metrics::counter("wardbridge_group_judgements_timed_total", "judgements whose time was measured");
  metrics::Counter& timed_nanoseconds =
      metrics::counter("wardbridge_group_judgements_timed_nanoseconds_total", "time that the measured judgements took");
};

Totals& totals() {
  static Totals all;
  return all;
}

}  // namespace

bool Costs::begin_look(Time now) {
  if (since_ == kEpoch) since_ = now;
  return looks_++ % kLooksPerTimedOne == 0;
}

void Costs::count(GroupId group) {
  ++groups_[group].judgements;
  totals().judgements.add();
}

void Costs::count_flips(std::span<const MembershipChange> changes) {
  for (const MembershipChange& change : changes) ++groups_[change.group].flips;
  totals().flips.add(changes.size());
}

void Costs::add_time(GroupId group, std::int64_t nanoseconds) {
  auto spent = static_cast<std::uint64_t>(std::max<std::int64_t>(nanoseconds, 0));
  GroupCost& cost = groups_[group];
  ++cost.timed;
  cost.timed_nanoseconds += spent;
  totals().timed.add();
  totals().timed_nanoseconds.add(spent);
}

}  // namespace wardbridge::groups
