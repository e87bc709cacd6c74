#include "management/groups/groups.h"

#include <algorithm>

#include "base/text.h"
#include "management/groups/computer_facts.h"
#include "management/groups/rows.h"
#include "management/groups/static_groups.h"

namespace wardbridge::groups {
namespace {

constexpr const char* kGroupColumns =
    "SELECT id, platform_id, name, description, site_id, criteria FROM computer_group";

SmartComputerGroup group_from(const store::Row& row, const GroupNames& names) {
  return {.id = GroupId{row.integer(0)},
          .platform_id = row.text(1),
          .name = row.text(2),
          .description = row.text(3),
          .site_id = row.integer(4),
          .criteria = criteria_from(row.text(5), names)};
}

std::optional<SmartComputerGroup> find_one(store::Transaction& tx, const char* condition, store::Value key) {
  auto row = tx.query_one(std::string(kGroupColumns) + condition + " AND smart = 1", {std::move(key)});
  if (!row) return std::nullopt;
  GroupNames names;
  for (const store::Row& referenced :
       tx.query("SELECT g.id, g.name FROM computer_group g JOIN computer_group_reference r ON r.referenced_id = g.id "
                "WHERE r.group_id = ?",
                {row->integer(0)})) {
    names[GroupId{referenced.integer(0)}] = referenced.text(1);
  }
  return group_from(*row, names);
}

// In the order and spelling in which a list is kept.
void tidy(std::vector<criteria::Criterion>& criteria) {
  std::stable_sort(criteria.begin(), criteria.end(),
                   [](const auto& a, const auto& b) { return a.priority < b.priority; });
  for (auto& criterion : criteria) criterion.and_or = text::lower(criterion.and_or);
}

struct Checked {
  std::vector<GroupId> references;  // of each criterion
  std::vector<criteria::Warning> warnings;
};

// Everything that can be wrong with a group that is about to be stored. Tidies its criteria.
Result<Checked> check(store::Transaction& tx, SmartComputerGroup& group, const criteria::Options& options) {
  ComputerGroup common = common_of(group);
  TRY(check_common(tx, common));
  group.platform_id = common.platform_id;
  criteria::Vocabulary vocabulary = vocabulary_with(list_attributes(tx));
  TRY(criteria::compile(group.criteria, vocabulary, options));
  tidy(group.criteria);
  GroupNames names = stored_names(tx);
  names[group.id] = group.name;
  Checked checked{TRY(resolve_groups(group.criteria, names)), {}};
  for (std::size_t i = 0; i < group.criteria.size(); ++i) {
    if (checked.references[i]) group.criteria[i].value = names.at(checked.references[i]);
  }
  References references = stored_references(tx);
  references[group.id].clear();
  std::copy_if(checked.references.begin(), checked.references.end(), std::back_inserter(references[group.id]),
               [](GroupId id) { return static_cast<bool>(id); });
  TRY(check_nesting(group.id, references, names));
  checked.warnings = TRY(warnings_about(tx, group, vocabulary, options));
  return checked;
}

json::Object differences(const SmartComputerGroup& before, const SmartComputerGroup& after) {
  json::Object details;
  note_common_differences(details, common_of(before), common_of(after));
  note_difference(details, "criteria", readable(before.criteria), readable(after.criteria));
  return details;
}

void record_edit(store::Transaction& tx, const SmartComputerGroup& before, const SmartComputerGroup& after,
                 const char* action, Time now, const audit::Actor& actor) {
  publish_edit(tx, audit_edit(tx, common_of(after), action, differences(before, after), now, actor), now);
}

Failure no_group(GroupId id) { return not_found("no_group", "no group has the id " + std::to_string(id.value)); }

// The rows of a group of either kind; its members leave.
void delete_rows(store::Transaction& tx, const ComputerGroup& group, Time now) {
  tx.execute(
      "INSERT INTO computer_group_change (computer_id, number, group_id, group_name, joined, time, cause) "
      "SELECT m.computer_id, COALESCE((SELECT MAX(c.number) FROM computer_group_change c "
      "WHERE c.computer_id = m.computer_id), 0) + 1, m.group_id, CAST(? AS TEXT), 0, CAST(? AS BIGINT), 'group "
      "deleted' "
      "FROM computer_group_member m WHERE m.group_id = ?",
      {group.name, now, group.id.value});
  for (const char* table : {"computer_group_member", "computer_group_assignment", "computer_group_reference"}) {
    tx.execute("DELETE FROM " + std::string(table) + " WHERE group_id = ?", {group.id.value});
  }
  tx.execute("DELETE FROM computer_group WHERE id = ?", {group.id.value});
}

}  // namespace

Result<Saved> create(store::Transaction& tx, SmartComputerGroup group, Time now, const audit::Actor& actor,
                     const criteria::Options& options) {
  lock_edits(tx);
  group.id = GroupId{tx.next_id("computer_group")};
  Checked checked = TRY(check(tx, group, options));
  insert_group(tx, common_of(group));
  write_criteria(tx, group.id, group.criteria, checked.references);
  record_edit(tx, {}, group, "create", now, actor);
  request_regrouping(tx, group.id);
  return Saved{group.id, std::move(checked.warnings)};
}

Result<Saved> replace(store::Transaction& tx, SmartComputerGroup group, Time now, const audit::Actor& actor,
                      const criteria::Options& options) {
  lock_edits(tx);
  auto before = find(tx, group.id);
  if (!before) return no_group(group.id);
  group.platform_id = before->platform_id;
  Checked checked = TRY(check(tx, group, options));
  if (group == *before) return Saved{group.id, std::move(checked.warnings)};  // nobody needs to be judged anew
  update_group(tx, common_of(group));
  write_criteria(tx, group.id, group.criteria, checked.references);
  record_edit(tx, *before, *find(tx, group.id), "update", now, actor);
  request_regrouping(tx, group.id);
  return Saved{group.id, std::move(checked.warnings)};
}

Status remove(store::Transaction& tx, GroupId id, Time now, const audit::Actor& actor) {
  lock_edits(tx);
  auto group = find_any(tx, id);
  if (!group) return no_group(id);
  std::string users;
  for (GroupId dependant : dependants(tx, id)) {
    users += (users.empty() ? "`" : ", `") + find(tx, dependant)->name + "`";
  }
  if (!users.empty()) {
    return conflict("has_dependencies", "the group `" + group->name + "` is used by " + users);
  }
  json::Object details = group->smart ? differences(*find(tx, id), {}) : differences(*find_static(tx, id), {});
  delete_rows(tx, *group, now);
  tx.execute("DELETE FROM computer_group_regroup WHERE group_id = ?", {id.value});
  publish_edit(tx, audit_edit(tx, *group, "delete", std::move(details), now, actor), now);
  return done();
}

std::optional<SmartComputerGroup> find(store::Transaction& tx, GroupId id) {
  return find_one(tx, " WHERE id = ?", id.value);
}

std::optional<SmartComputerGroup> find_by_platform_id(store::Transaction& tx, std::string_view platform_id) {
  return find_one(tx, " WHERE platform_id = ?", text::lower(platform_id));
}

std::optional<SmartComputerGroup> find_by_name(store::Transaction& tx, std::string_view name) {
  return find_one(tx, " WHERE name_key = ?", text::lower(name));
}

std::vector<SmartComputerGroup> list(store::Transaction& tx) {
  GroupNames names = stored_names(tx);
  std::vector<SmartComputerGroup> groups;
  for (const store::Row& row : tx.query(std::string(kGroupColumns) + " WHERE smart = 1 ORDER BY id")) {
    groups.push_back(group_from(row, names));
  }
  return groups;
}

std::int64_t count(store::Transaction& tx) {
  return tx.query_one("SELECT COUNT(*) FROM computer_group WHERE smart = 1")->integer(0);
}

std::vector<GroupId> dependants(store::Transaction& tx, GroupId id) {
  std::vector<GroupId> groups;
  for (const store::Row& row : tx.query(
           "SELECT group_id FROM computer_group_reference WHERE referenced_id = ? ORDER BY group_id", {id.value})) {
    groups.push_back(GroupId{row.integer(0)});
  }
  return groups;
}

}  // namespace wardbridge::groups
