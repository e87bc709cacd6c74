#include "bench/fleet_under_test.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "management/groups/computer_facts.h"
#include "management/groups/regroup.h"
#include "management/groups/rows.h"
#include "management/inventory/fields.h"
#include "management/notices/notices.h"
#include "management/webhooks/webhooks.h"

namespace wardbridge::bench {

using criteria::Membership;
using criteria::Network;

audit::Actor nobody_in_particular() { return {.kind = audit::Actor::Kind::user, .name = "bench"}; }

Status migrate_management(store::Store& store) {
  const store::Schema schemas[] = {audit::kSchema,      inventory::kSchema,  groups::kSchema,
                                   enrollment::kSchema, compliance::kSchema, ledger::kSchema,
                                   outbox::kSchema,     webhooks::kSchema,   notices::kSchema};
  return store.migrate(schemas);
}

Status store_attributes(store::Store& store) {
  return store.write([&](store::Transaction& tx) -> Status {
    if (!groups::list_attributes(tx).empty()) return done();
    for (const auto& attribute : testing::FleetGenerator::attributes()) {
      auto id = TRY(groups::create_attribute(tx, attribute, testing::FleetGenerator::now(), nobody_in_particular()));
      CHECK(id == attribute.id, "the inventory of the generated Macs names other attributes");
    }
    return done();
  });
}

Status store_groups(store::Store& store, std::vector<groups::SmartComputerGroup>& groups) {
  return store.write([&](store::Transaction& tx) -> Status {
    for (auto& group : groups)
      group.id = TRY(groups::create(tx, group, testing::FleetGenerator::now(), nobody_in_particular())).id;
    return done();
  });
}

Status store_computers(store::Store& store, const testing::FleetGenerator& generator, std::int64_t count) {
  constexpr std::int64_t kAtATime = 500;
  for (std::int64_t first = 1; first <= count; first += kAtATime) {
    std::int64_t last = std::min(count, first + kAtATime - 1);
    TRY(store.write([&](store::Transaction& tx) -> Status {
      for (std::int64_t number = first; number <= last; ++number) {
        auto record = TRY(inventory::check_record(generator.record(number), inventory::How::import));
        inventory::NewComputer computer{.udid = record.udid, .sections = std::move(record.sections)};
        auto id = TRY(inventory::create_computer(tx, computer, testing::FleetGenerator::now(), nobody_in_particular()));
        CHECK(id.value == number, "the store had computers already");
      }
      return done();
    }));
  }
  return done();
}

Status carry_out(store::Store& store, pipeline::Pipeline& pipeline, Time now) {
  while (pipeline.run_once(now) <= now) {
  }
  return store.read([&](store::Transaction& tx) -> Status {
    for (const auto& group : groups::list(tx)) {
      // A heartbeat that failed has said why, and waits for the next one.
      if (groups::is_regrouping(tx, group.id))
        return unavailable("not_carried_out", "the memberships of `" + group.name + "` are not in order");
    }
    return done();
  });
}

namespace {

// Ten thousand groups in seconds: saving one compares it with every other, which here nobody asks for.
Status store_unchecked(store::Store& store, const std::vector<groups::SmartComputerGroup>& groups) {
  std::map<std::string, GroupId> ids;
  for (const auto& group : groups) ids[group.name] = group.id;
  return store.write([&](store::Transaction& tx) -> Status {
    for (const auto& group : groups) {
      groups::insert_group(tx, {.id = group.id, .platform_id = group.platform_id, .name = group.name});
      std::vector<GroupId> references;
      for (const auto& criterion : group.criteria)
        references.push_back(groups::names_group(criterion) ? ids.at(criterion.value) : GroupId{});
      groups::write_criteria(tx, group.id, group.criteria, references);
    }
    return done();
  });
}

}  // namespace

CompiledGroups::CompiledGroups(const std::vector<groups::SmartComputerGroup>& groups) {
  auto opened = store::open_sqlite({.path = ":memory:"});
  CHECK(opened.ok(), "no store in memory");
  store_ = std::move(*opened);
  Status ready = migrate_management(*store_);
  if (ready.ok()) ready = store_attributes(*store_);
  if (ready.ok()) ready = store_unchecked(*store_, groups);
  CHECK(ready.ok(), ready.failure().message + " (" + ready.failure().where + ")");
  auto edition = store_->read([&](store::Transaction& tx) -> Result<std::shared_ptr<const groups::GroupBook::Edition>> {
    return book_.edition(tx);
  });
  CHECK(edition.ok(), "the groups cannot be read");
  edition_ = std::move(*edition);
  for (const auto& entry : edition_->entries) CHECK(entry.usable(), entry.name);
}

std::size_t CompiledGroups::entry_named(std::string_view name) const {
  auto found = std::ranges::find(edition_->entries, name, &groups::GroupBook::Edition::Entry::name);
  CHECK(found != edition_->entries.end(), std::string(name));
  return static_cast<std::size_t>(found - edition_->entries.begin());
}

std::vector<Membership> CompiledGroups::reference(const Computer& computer, Time now) const {
  std::vector<Membership> results;
  const groups::GroupBook::Edition::Entry* current = nullptr;
  groups::ComputerFacts facts(computer, [&](std::string_view name) {
    auto named = std::ranges::find_if(current->references,
                                      [&](const auto& one) { return text::equal_ignoring_case(one.first, name); });
    CHECK(named != current->references.end(), std::string(name));
    return results[named->second];
  });
  for (const auto& entry : edition_->entries) {
    current = &entry;
    Membership result;
    if (computer.managed) result.member = criteria::matches(*entry.program, facts, now, &result.valid_until);
    results.push_back(result);
  }
  return results;
}

void KnownFleet::keep(Computer& computer, groups::Fleet::Proposal proposal, Time now) {
  std::vector<GroupId> members;
  if (proposal.whole) {
    for (const auto& outcome : proposal.outcomes) {
      if (!outcome.result.member) continue;
      members.push_back(edition_->entries[outcome.entry].id);
      proposal.stored_until = std::min(proposal.stored_until, outcome.result.valid_until);
    }
    proposal.look_whole_at = groups::half_way(now, proposal.stored_until);
  }
  ++computer.assessments;
  fleet_.keep(computer, std::move(proposal), members);
}

namespace {

std::vector<Network::Listed> listed(const groups::GroupBook::Edition& edition) {
  std::vector<Network::Listed> programs;
  for (const auto& entry : edition.entries) {
    Network::Listed& program = programs.emplace_back(Network::Listed{.program = entry.program});
    for (const auto& [name, at] : entry.references)
      program.references.emplace_back(name, static_cast<std::uint32_t>(at));
  }
  return programs;
}

}  // namespace

View::View(const CompiledGroups& groups)
    : edition_(groups.edition()),
      reader_(groups::definitions_with(edition_->attributes), edition_->time_zone),
      network_(reader_.table(), listed(*edition_)) {}

void View::put(const Computer& computer) {
  static const std::vector<Section> sections = groups::sections_of_facts();
  auto row = static_cast<criteria::Row>(rows());
  for (criteria::FactChange& change : reader_.read(computer, sections)) reader_.table().put(row, std::move(change));
  managed_.push_back(computer.managed);
}

void View::judge_all(Time now) {
  members_.clear();
  for (std::size_t first = 0; first < rows(); first += criteria::kChunkRows) {
    Network::Words managed(criteria::kChunkRows / 64, 0);
    std::size_t end = std::min(rows(), first + criteria::kChunkRows);
    for (std::size_t row = first; row < end; ++row)
      if (managed_[row]) managed[(row - first) / 64] |= std::uint64_t{1} << (row % 64);
    members_.push_back(network_.judge_chunk(first / criteria::kChunkRows, now,
                                            [&](std::uint32_t) -> const Network::Words& { return managed; }));
  }
}

bool View::is_member(std::size_t entry, std::size_t row) const {
  const Network::Words& words = members_[row / criteria::kChunkRows][entry];
  return (words[row % criteria::kChunkRows / 64] >> (row % 64) & 1) != 0;
}

std::vector<criteria::FactChange> View::read(criteria::Row row, const Computer& computer,
                                             std::span<const Section> changed) {
  auto changes = reader_.read(computer, changed);
  std::erase_if(changes, [&](const criteria::FactChange& change) { return reader_.table().holds(row, change); });
  return changes;
}

View::Seen View::look(criteria::Row row, std::span<const criteria::FactChange> changes, Time judged_at, Time now) {
  Seen seen;
  Network::Affected affected = network_.affected(row, changes, judged_at, now);
  bool managed = managed_[row];
  criteria::Pass pass(network_, {reader_.table(), row, changes}, now,
                      [managed](std::uint32_t) { return managed ? std::nullopt : std::optional(Membership{}); });
  std::set<std::uint32_t> waiting(affected.programs.begin(), affected.programs.end());
  while (!waiting.empty()) {
    std::uint32_t program = waiting.extract(waiting.begin()).value();
    Membership result = pass.judge(program);
    bool moved = result.member != is_member(program, row);
    if (moved) seen.moved.push_back(program);
    if (moved || result.valid_until != kNever) {
      const auto& dependants = network_.dependants(program);
      waiting.insert(dependants.begin(), dependants.end());
    }
  }
  seen.judged = pass.judged().size();
  return seen;
}

void View::keep(criteria::Row row, std::vector<criteria::FactChange> changes, const Seen& seen) {
  for (criteria::FactChange& change : changes) reader_.table().put(row, std::move(change));
  for (std::uint32_t entry : seen.moved) {
    Network::Words& words = members_[row / criteria::kChunkRows][entry];
    words[row % criteria::kChunkRows / 64] ^= std::uint64_t{1} << (row % 64);
  }
}

}  // namespace wardbridge::bench
