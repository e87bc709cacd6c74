// One heartbeat: everything that may change a verdict comes through here.
//
//   Pipeline pipeline(store, book, [&](ledger::ConnectionId id) { wake the ledger's actor });
//   auto answer = pipeline.check_in(id, report, body, now);   // one transaction; success means durable (law 8)
//   pipeline.run_once(now);                             // computers whose moment has come
//
// Thread-safe: check-ins run in parallel as far as the store lets them.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "management/compliance/compliance.h"
#include "management/enrollment/enrollment.h"
#include "management/groups/group_book.h"
#include "management/groups/regroup.h"
#include "management/inventory/inventory.h"
#include "platform/actor/actor.h"
#include "platform/store/store.h"

namespace wardbridge::pipeline {

using inventory::ComputerId;

// A check-in as it came over the wire, its sections already checked.
struct CheckIn {
  std::string check_in_token;
  inventory::InventoryReport report;  // no sections: a sign of life
  std::string body_hash;              // of the request's body: tells a retry from another report with the same id
};

struct CheckInAnswer {
  ComputerId id;
  std::int64_t revision = 0;
  bool repeated = false;  // answered from the receipt of an earlier delivery of the same report
  std::vector<std::string> changed_sections;
};

// Whether other nodes work on the same store, so that this one can't know what they have just changed.
enum class Nodes { one, several };

class Pipeline final : public Actor {
 public:
  // `deliveries_wait` is called after a commit that desired something new; it must not block. All must outlive this.
  Pipeline(store::Store& store, groups::GroupBook& book, std::function<void()> deliveries_wait,
           Nodes nodes = Nodes::one);

  // `unauthenticated`/`bad_device_token`, `conflict`/`report_id_reused`, or the store's failures.
  Result<CheckInAnswer> check_in(const CheckIn& check_in, Time now);

  // For every other writer of a computer (the API, an import, a registration): call last in its transaction. Judges the
  // groups and the compliance of what is now in the store (law 1) and sets when to look again.
  void settle(store::Transaction& tx, ComputerId id, const std::string& cause, Time check_in_at, Time now);

  // Compares the group with the whole fleet now rather than at the next heartbeat, groups that it names first, and
  // tells how many are in it then. Takes short transactions, between which check-ins go on. `not_found`/`no_group`, or
  // the store's failures.
  Result<std::int64_t> recalculate_group(groups::GroupId id, Time now);

  // How many members each group has that has any, as stored: counted in memory where this node is alone and knows the
  // whole fleet.
  std::map<groups::GroupId, std::int64_t> count_members_of_all(store::Transaction& tx, Time now) const;

  // Actor: judges computers whose reassess_at has come.
  std::string name() const override { return "reassessment"; }
  Time run_once(Time now) override;

  groups::GroupBook& book() { return book_; }

 private:
  // `change`: what this transaction did to the computer since it was judged last; nullptr: not known.
  void settle(store::Transaction& tx, inventory::Computer& computer, const groups::Change* change,
              const std::string& cause, Time check_in_at, Time now);
  Result<int> settle_due(Time now);  // how many
  // Whether there is more to do.
  Result<bool> learn_fleet(Time now);
  Result<bool> regroup_some(Time now);
  Result<std::optional<groups::Regrouping>> next_regrouping(Time now);
  Status catch_up(Time now);
  Status finish_change(Time now);
  Status close_window(Time now);

  store::Store& store_;
  groups::GroupBook& book_;
  std::function<void()> deliveries_wait_;
  Nodes nodes_;
  std::map<groups::GroupId, std::int64_t> caught_up_;  // with other nodes, for this edit of the group
  inventory::RecentSections recent_;
  Time next_cleanup_ = kEpoch;
};

}  // namespace wardbridge::pipeline
