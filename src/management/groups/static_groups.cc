#include "management/groups/static_groups.h"

#include <algorithm>

#include "management/groups/rows.h"

namespace wardbridge::groups {
namespace {

// The ids of `all` that are not in `without`; both are sorted.
std::vector<ComputerId> those_not_in(const std::vector<ComputerId>& all, const std::vector<ComputerId>& without) {
  std::vector<ComputerId> rest;
  std::set_difference(all.begin(), all.end(), without.begin(), without.end(), std::back_inserter(rest));
  return rest;
}

json::Array ids_json(const std::vector<ComputerId>& computers) {
  json::Array ids;
  for (ComputerId computer : computers) ids.emplace_back(computer.value);
  return ids;
}

struct Unfit {
  std::string ids;  // `284, 287`

  void add(ComputerId computer) { ids += (ids.empty() ? "" : ", ") + std::to_string(computer.value); }
};

// JAMF: a computer must exist, be managed and be of the group's site to be assigned.
Status check_assignable(store::Transaction& tx, const std::vector<ComputerId>& computers, std::int64_t site_id) {
  constexpr inventory::Section kGeneral[] = {inventory::Section::general};
  Unfit unknown, unmanaged, elsewhere;
  for (ComputerId id : computers) {
    auto computer = inventory::load(tx, id, kGeneral);
    if (!computer) {
      unknown.add(id);
    } else if (!computer->managed) {
      unmanaged.add(id);
    } else if (site_id != kNoSite && site_of(*computer) != site_id) {
      elsewhere.add(id);
    }
  }
  if (!unknown.ids.empty()) {
    return invalid("unknown_computer", "no computers have the following IDs: " + unknown.ids, "assignments");
  }
  if (!unmanaged.ids.empty()) {
    // JAMF: the Classic API answers with this sentence, and clients read the ids out of it.
    return invalid(
        "unmanaged_computer",
        "the computers with the following IDs are unmanaged and cannot be added to a computer group: " + unmanaged.ids,
        "assignments");
  }
  if (!elsewhere.ids.empty()) {
    return invalid(
        "computer_of_other_site",
        "the computers with the following IDs are not in site " + std::to_string(site_id) + ": " + elsewhere.ids,
        "assignments");
  }
  return done();
}

void write_assignments(store::Transaction& tx, GroupId id, const std::vector<ComputerId>& added,
                       const std::vector<ComputerId>& removed) {
  for (ComputerId computer : removed) {
    tx.execute("DELETE FROM computer_group_assignment WHERE group_id = ? AND computer_id = ?",
               {id.value, computer.value});
  }
  for (ComputerId computer : added) {
    tx.execute("INSERT INTO computer_group_assignment (group_id, computer_id) VALUES (?, ?)",
               {id.value, computer.value});
  }
}

void sort_assignments(StaticComputerGroup& group) {
  std::ranges::sort(group.assignments);
  auto repeated = std::ranges::unique(group.assignments);
  group.assignments.erase(repeated.begin(), repeated.end());
}

// Checks `group` against what is stored of it (`before`; a fresh id when nothing is), and writes the assignments.
Result<std::vector<ComputerId>> assign(store::Transaction& tx, const StaticComputerGroup& before,
                                       const StaticComputerGroup& group) {
  auto added = those_not_in(group.assignments, before.assignments);
  auto removed = those_not_in(before.assignments, group.assignments);
  bool moved = before.site_id != group.site_id;
  // DEVIATION: the real server refuses a write that has an unmanaged computer in it. Here that holds for those that are
  // new to the group, so that no edit trips over a Mac that was unmanaged since.
  TRY(check_assignable(tx, moved ? group.assignments : added, group.site_id));
  write_assignments(tx, group.id, added, removed);
  std::vector<ComputerId> affected;
  std::ranges::merge(added, removed, std::back_inserter(affected));
  if (!moved) return affected;
  std::vector<ComputerId> everybody;
  std::ranges::set_union(group.assignments, removed, std::back_inserter(everybody));
  return everybody;
}

}  // namespace

json::Object differences(const StaticComputerGroup& before, const StaticComputerGroup& after) {
  json::Object details;
  note_common_differences(details, common_of(before), common_of(after));
  // What came and went, not two lists of thousands.
  auto added = those_not_in(after.assignments, before.assignments);
  auto removed = those_not_in(before.assignments, after.assignments);
  if (!added.empty() || !removed.empty()) {
    details["assignments"] = json::Object{{"added", ids_json(added)}, {"removed", ids_json(removed)}};
  }
  return details;
}

Result<Assigned> create(store::Transaction& tx, StaticComputerGroup group, Time now, const audit::Actor& actor) {
  lock_edits(tx);
  sort_assignments(group);
  group.id = GroupId{tx.next_id("computer_group")};
  ComputerGroup common = common_of(group);
  TRY(check_common(tx, common));
  Assigned assigned{group.id, TRY(assign(tx, {}, group))};
  insert_group(tx, common);
  publish_edit(tx, audit_edit(tx, common, "create", differences({}, group), now, actor), now);
  return assigned;
}

Result<Assigned> replace(store::Transaction& tx, StaticComputerGroup group, Time now, const audit::Actor& actor) {
  lock_edits(tx);
  sort_assignments(group);
  auto before = find_static(tx, group.id);
  if (!before) return not_found("no_group", "no static group has the id " + std::to_string(group.id.value));
  group.platform_id = before->platform_id;
  ComputerGroup common = common_of(group);
  TRY(check_common(tx, common));
  if (group == *before) return Assigned{group.id, {}};
  Assigned assigned{group.id, TRY(assign(tx, *before, group))};
  std::string edit = audit_edit(tx, common, "update", differences(*before, group), now, actor);
  if (common == common_of(*before)) return assigned;  // compiled groups know nothing of assignments
  update_group(tx, common);
  publish_edit(tx, edit, now);
  return assigned;
}

std::optional<StaticComputerGroup> find_static(store::Transaction& tx, GroupId id) {
  auto common = find_any(tx, id);
  if (!common || common->smart) return std::nullopt;
  StaticComputerGroup group{.id = common->id,
                            .platform_id = common->platform_id,
                            .name = common->name,
                            .description = common->description,
                            .site_id = common->site_id};
  for (const store::Row& row : tx.query(
           "SELECT computer_id FROM computer_group_assignment WHERE group_id = ? ORDER BY computer_id", {id.value})) {
    group.assignments.push_back(ComputerId{row.integer(0)});
  }
  return group;
}

}  // namespace wardbridge::groups
