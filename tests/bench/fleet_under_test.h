// The one place where measurements touch what they measure: compiled groups, the fleet, and the network below it, by
// their public functions.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "criteria/network.h"
#include "management/groups/edition.h"
#include "management/groups/fact_reader.h"
#include "management/groups/fleet.h"
#include "management/pipeline/pipeline.h"
#include "platform/store/store.h"
#include "support/fleet_generator.h"

namespace wardbridge::bench {

using groups::GroupId;
using inventory::Computer;
using inventory::Section;

audit::Actor nobody_in_particular();

// Every table of the management side.
Status migrate_management(store::Store& store);

// Those of the generator, unless the store has them already.
Status store_attributes(store::Store& store);
// As the API would; the groups get the ids that the store gave them.
Status store_groups(store::Store& store, std::vector<groups::SmartComputerGroup>& groups);
// Computers 1 to `count`, which the store has none of.
Status store_computers(store::Store& store, const testing::FleetGenerator& generator, std::int64_t count);

// Heartbeats until nothing is due and stored memberships are what the criteria say. `unavailable`/`not_carried_out`.
Status carry_out(store::Store& store, pipeline::Pipeline& pipeline, Time now);

// Groups in a store of their own in memory, compiled.
class CompiledGroups {
 public:
  explicit CompiledGroups(const std::vector<groups::SmartComputerGroup>& groups);

  const std::shared_ptr<const groups::GroupBook::Edition>& edition() const { return edition_; }
  std::size_t size() const { return edition_->entries.size(); }
  // Groups stand in an order of their own: each after those that it names.
  std::size_t entry_named(std::string_view name) const;
  // What the reference implementation says of every entry of the edition: criteria::matches over ComputerFacts.
  std::vector<criteria::Membership> reference(const Computer& computer, Time now) const;

 private:
  std::unique_ptr<store::Store> store_;
  groups::GroupBook book_;
  std::shared_ptr<const groups::GroupBook::Edition> edition_;
};

// A fleet in memory whose computers were all judged and kept, as after their first inventory update.
class KnownFleet {
 public:
  explicit KnownFleet(const CompiledGroups& groups) : edition_(groups.edition()) {}

  // As of a new Mac: judges all groups.
  groups::Fleet::Proposal judge_whole(const Computer& computer, Time now) {
    return fleet_.judge_whole(edition_, computer, {}, now);
  }
  // Of a Mac that was kept, one revision on.
  std::optional<groups::Fleet::Proposal> judge_change(const Computer& computer, std::span<const Section> changed,
                                                      Time now) {
    return fleet_.judge_change(edition_, computer, {.revision_before = computer.revision - 1, .changed = changed}, now);
  }
  // As after the commit of an assessment; counts the computer's assessments up.
  void keep(Computer& computer, groups::Fleet::Proposal proposal, Time now);
  // Of all that were kept so far.
  groups::Fleet::Crowd preview(const criteria::Program& program, Time now) {
    fleet_.learned_through({}, true);
    return fleet_.preview(edition_, {.program = &program, .limit = 100}, now)->members;
  }
  std::size_t size() const { return fleet_.size(); }

 private:
  std::shared_ptr<const groups::GroupBook::Edition> edition_;
  groups::Fleet fleet_;
};

// The table and the network without the fleet around them: rows count from 0.
class View {
 public:
  explicit View(const CompiledGroups& groups);

  void put(const Computer& computer);  // in the next row
  std::size_t rows() const { return managed_.size(); }
  std::size_t conditions() const { return network_.condition_count(); }

  // Every group over every row. One word set a chunk and group: members()[chunk][entry].
  void judge_all(Time now);
  const std::vector<std::vector<criteria::Network::Words>>& members() const { return members_; }
  bool is_member(std::size_t entry, std::size_t row) const;

  // The part of a check-in that is read from the record: what the row does not hold already.
  std::vector<criteria::FactChange> read(criteria::Row row, const Computer& computer, std::span<const Section> changed);
  struct Seen {
    std::size_t judged = 0;
    std::vector<std::uint32_t> moved;  // entries that the row joined or left
  };
  // The part that is judging: which groups may be concerned, and what is true of them. Needs judge_all().
  Seen look(criteria::Row row, std::span<const criteria::FactChange> changes, Time judged_at, Time now);
  // What came of it is what is known from now on.
  void keep(criteria::Row row, std::vector<criteria::FactChange> changes, const Seen& seen);

 private:
  std::shared_ptr<const groups::GroupBook::Edition> edition_;
  groups::FactReader reader_;
  criteria::Network network_;
  std::vector<bool> managed_;
  std::vector<std::vector<criteria::Network::Words>> members_;
};

}  // namespace wardbridge::bench
