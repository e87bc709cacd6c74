#include "management/groups/rows.h"

#include <algorithm>
#include <set>

#include "base/limits.h"
#include "base/text.h"

namespace wardbridge::groups {
namespace {

constexpr std::size_t kNameBytes = 255;  // JAMF: the longest name that the Jamf Pro API takes
constexpr const char* kCommonColumns = "SELECT id, platform_id, name, description, site_id, smart FROM computer_group";

ComputerGroup common_from(const store::Row& row) {
  return {.id = GroupId{row.integer(0)},
          .platform_id = row.text(1),
          .name = row.text(2),
          .description = row.text(3),
          .site_id = row.integer(4),
          .smart = row.flag(5)};
}

std::optional<ComputerGroup> find_common(store::Transaction& tx, const char* condition, store::Value key) {
  auto row = tx.query_one(std::string(kCommonColumns) + condition, {std::move(key)});
  return row ? std::optional(common_from(*row)) : std::nullopt;
}

// FNV-1a, 64 bits: tells edits apart, protects nothing.
std::uint64_t mix(std::uint64_t hash, std::string_view text) {
  for (unsigned char c : text) hash = (hash ^ c) * 1099511628211ULL;
  return hash;
}

std::optional<GroupId> group_named(const GroupNames& names, std::string_view spelled) {
  for (const auto& [id, name] : names) {
    if (text::equal_ignoring_case(name, spelled)) return id;
  }
  // JAMF: ids are accepted in place of names; a name goes first.
  auto number = text::parse_integer(spelled);
  if (number && names.contains(GroupId{*number})) return GroupId{*number};
  return std::nullopt;
}

json::Object to_document(const criteria::Criterion& criterion) {
  return {{"name", criterion.name},
          {"priority", criterion.priority},
          {"andOr", criterion.and_or},
          {"searchType", criterion.search_type},
          {"value", criterion.value},
          {"openingParen", criterion.opening_paren},
          {"closingParen", criterion.closing_paren}};
}

// The path from `at` back to `wanted`, last group first.
bool find_path(GroupId at, GroupId wanted, const References& references, std::set<GroupId>& seen,
               std::vector<GroupId>& path) {
  auto found = references.find(at);
  if (found == references.end()) return false;
  for (GroupId next : found->second) {
    if (next == wanted || (seen.insert(next).second && find_path(next, wanted, references, seen, path))) {
      path.push_back(next);
      return true;
    }
  }
  return false;
}

// How many groups stand below this one. The references have no cycle.
std::size_t depth_below(GroupId group, const References& references, std::map<GroupId, std::size_t>& known) {
  if (auto found = known.find(group); found != known.end()) return found->second;
  std::size_t depth = 0;
  if (auto found = references.find(group); found != references.end()) {
    for (GroupId next : found->second) depth = std::max(depth, 1 + depth_below(next, references, known));
  }
  return known[group] = depth;
}

}  // namespace

bool names_group(const criteria::Criterion& criterion) {
  return text::equal_ignoring_case(criterion.name, kGroupCriterion);
}

void lock_edits(store::Transaction& tx) {
  std::string sql = "SELECT number FROM computer_group_revision WHERE id = 1";
  sql += tx.lock_rows();
  CHECK(tx.query(sql).size() == 1, "the revision of the groups is gone");
}

void publish_edit(store::Transaction& tx, std::string_view edit, Time now) {
  Revision revision = stored_revision(tx);
  std::uint64_t hash = mix(14695981039346656037ULL, revision.fingerprint);
  hash = mix(mix(hash, edit), std::to_string(to_unix_milliseconds(now)));
  tx.execute("UPDATE computer_group_revision SET number = ?, fingerprint = ? WHERE id = 1",
             {revision.number + 1, std::to_string(hash)});
}

// `edit` is the revision that asks for it, so that an edit while others are carried out is not taken for done with
// them.
// Groups that name it are looked at too: where membership stays, its end may still move.
void request_regrouping(store::Transaction& tx, GroupId group) {
  std::int64_t edit = stored_revision(tx).number;
  std::vector<GroupId> concerned = {group};
  for (std::size_t i = 0; i < concerned.size(); ++i) {
    tx.post(
        "INSERT INTO computer_group_regroup (group_id, edit, looked_through) VALUES (?, ?, 0) "
        "ON CONFLICT (group_id) DO UPDATE SET edit = excluded.edit, looked_through = 0",
        {concerned[i].value, edit});
    for (GroupId dependant : dependants(tx, concerned[i])) {
      if (std::ranges::find(concerned, dependant) == concerned.end()) concerned.push_back(dependant);
    }
  }
}

void request_regrouping_of_all(store::Transaction& tx) {
  tx.execute("DELETE FROM computer_group_regroup");
  tx.execute(
      "INSERT INTO computer_group_regroup (group_id, edit, looked_through) "
      "SELECT id, CAST(? AS BIGINT), 0 FROM computer_group WHERE smart = 1",
      {stored_revision(tx).number});
}

std::map<GroupId, Time> stored_memberships(store::Transaction& tx, ComputerId computer) {
  std::map<GroupId, Time> stored;
  for (const store::Row& row :
       tx.query("SELECT group_id, valid_until FROM computer_group_member WHERE computer_id = ?", {computer.value})) {
    stored[GroupId{row.integer(0)}] = row.time(1);
  }
  return stored;
}

Revision stored_revision(store::Transaction& tx) {
  auto row = tx.query_one("SELECT number, fingerprint FROM computer_group_revision WHERE id = 1");
  CHECK(row.has_value(), "the revision of the groups is gone");
  return {row->integer(0), row->text(1)};
}

std::int64_t revision(store::Transaction& tx) { return stored_revision(tx).number; }

Status check_common(store::Transaction& tx, ComputerGroup& group) {
  TRY(check_name(group.name));
  if (!text::is_utf8(group.description)) {
    return invalid("invalid_description", "the description is not readable text", "description");
  }
  if (!text::is_guid(group.platform_id)) {
    return invalid("invalid_platform_id", "`" + group.platform_id + "` is not a GUID", "platformId");
  }
  group.platform_id = text::lower(group.platform_id);
  if (auto same = find_any_by_name(tx, group.name); same && same->id != group.id) {
    return Failure{Code::conflict, "already_exists", "a group is called `" + same->name + "` already", "name"};
  }
  return done();
}

void insert_group(store::Transaction& tx, const ComputerGroup& group) {
  tx.execute(
      "INSERT INTO computer_group (id, platform_id, name, name_key, description, site_id, criteria, smart) "
      "VALUES (?, ?, ?, ?, ?, ?, '[]', ?)",
      {group.id.value, group.platform_id, group.name, text::lower(group.name), group.description, group.site_id,
       group.smart});
}

void update_group(store::Transaction& tx, const ComputerGroup& group) {
  tx.execute("UPDATE computer_group SET name = ?, name_key = ?, description = ?, site_id = ? WHERE id = ?",
             {group.name, text::lower(group.name), group.description, group.site_id, group.id.value});
}

void note_common_differences(json::Object& details, const ComputerGroup& before, const ComputerGroup& after) {
  note_difference(details, "name", before.name.c_str(), after.name.c_str());
  note_difference(details, "description", before.description.c_str(), after.description.c_str());
  note_difference(details, "siteId", before.site_id, after.site_id);
}

std::string audit_edit(store::Transaction& tx, const ComputerGroup& group, const char* action, json::Object details,
                       Time now, const audit::Actor& actor) {
  std::string fingerprint = json::to_text(details) + std::to_string(group.id.value);
  audit::record(tx, {.time = now,
                     .actor = actor,
                     .action = action,
                     .object_type = group.smart ? "Smart Computer Group" : "Static Computer Group",
                     .object_id = std::to_string(group.id.value),
                     .object_name = group.name,
                     .details = std::move(details)});
  return fingerprint;
}

std::optional<ComputerGroup> find_any(store::Transaction& tx, GroupId id) {
  return find_common(tx, " WHERE id = ?", id.value);
}

std::optional<ComputerGroup> find_any_by_platform_id(store::Transaction& tx, std::string_view platform_id) {
  return find_common(tx, " WHERE platform_id = ?", text::lower(platform_id));
}

std::optional<ComputerGroup> find_any_by_name(store::Transaction& tx, std::string_view name) {
  return find_common(tx, " WHERE name_key = ?", text::lower(name));
}

std::vector<ComputerGroup> list_all(store::Transaction& tx) {
  std::vector<ComputerGroup> groups;
  for (const store::Row& row : tx.query(std::string(kCommonColumns) + " ORDER BY id")) {
    groups.push_back(common_from(row));
  }
  return groups;
}

GroupNames stored_names(store::Transaction& tx) {
  GroupNames names;
  for (const store::Row& row : tx.query("SELECT id, name FROM computer_group")) {
    names[GroupId{row.integer(0)}] = row.text(1);
  }
  return names;
}

std::set<GroupId> assigned_groups(store::Transaction& tx, ComputerId computer) {
  std::set<GroupId> groups;
  for (const store::Row& row :
       tx.query("SELECT group_id FROM computer_group_assignment WHERE computer_id = ?", {computer.value})) {
    groups.insert(GroupId{row.integer(0)});
  }
  return groups;
}

std::int64_t site_of(const inventory::Computer& computer) {
  const json::Value* section = computer.section(inventory::Section::general);
  const json::Object* general = section == nullptr ? nullptr : section->if_object();
  const json::Object* site = general == nullptr ? nullptr : json::object_at(*general, "site");
  auto id = site == nullptr ? std::nullopt : json::text_at(*site, "id");
  return id ? text::parse_integer(*id).value_or(kNoSite) : kNoSite;
}

std::string criteria_document(const std::vector<criteria::Criterion>& criteria,
                              const std::vector<GroupId>& references) {
  json::Array list;
  for (std::size_t i = 0; i < criteria.size(); ++i) {
    json::Object one = to_document(criteria[i]);
    if (references[i]) one["groupId"] = references[i].value;
    list.push_back(std::move(one));
  }
  return json::to_text(list);
}

std::vector<criteria::Criterion> criteria_from(const std::string& document, const GroupNames& names) {
  auto parsed = json::parse(document);
  CHECK(parsed.ok() && parsed->is_array(), "stored criteria are not a list");
  std::vector<criteria::Criterion> criteria;
  for (const json::Value& value : parsed->get_array()) {
    const json::Object& one = value.get_object();
    criteria::Criterion& criterion = criteria.emplace_back();
    criterion.name = json::text_at(one, "name").value();
    criterion.priority = json::integer_at(one, "priority").value();
    criterion.and_or = json::text_at(one, "andOr").value();
    criterion.search_type = json::text_at(one, "searchType").value();
    criterion.value = json::text_at(one, "value").value();
    criterion.opening_paren = json::bool_at(one, "openingParen").value();
    criterion.closing_paren = json::bool_at(one, "closingParen").value();
    if (auto group = json::integer_at(one, "groupId")) {
      if (auto name = names.find(GroupId{*group}); name != names.end()) criterion.value = name->second;
    }
  }
  return criteria;
}

Result<std::vector<GroupId>> resolve_groups(const std::vector<criteria::Criterion>& criteria, const GroupNames& names) {
  std::vector<GroupId> references;
  for (std::size_t i = 0; i < criteria.size(); ++i) {
    references.emplace_back();
    if (!names_group(criteria[i])) continue;
    auto id = group_named(names, criteria[i].value);
    if (!id) {
      return invalid("unknown_group",
                     "criterion " + std::to_string(criteria[i].priority) + " (`" + criteria[i].name +
                         "`): no group is called `" + criteria[i].value + "`",
                     "criteria[" + std::to_string(i) + "].value");
    }
    references.back() = *id;
  }
  return references;
}

References stored_references(store::Transaction& tx) {
  References references;
  tx.for_each("SELECT group_id, referenced_id FROM computer_group_reference", store::Parameters{},
              [&](const store::Row& row) {
                references[GroupId{row.integer(0)}].push_back(GroupId{row.integer(1)});
                return true;
              });
  return references;
}

Status check_nesting(GroupId group, const References& references, const GroupNames& names) {
  auto quoted = [&](GroupId id) { return "`" + names.at(id) + "`"; };
  std::set<GroupId> seen;
  std::vector<GroupId> path;
  if (find_path(group, group, references, seen, path)) {
    std::string words = quoted(group);
    for (auto id = path.rbegin(); id != path.rend(); ++id) words += " -> " + quoted(*id);
    return invalid("group_cycle", "the group would depend on itself: " + words, "criteria");
  }
  References upward;
  for (const auto& [from, all] : references) {
    for (GroupId to : all) upward[to].push_back(from);
  }
  std::map<GroupId, std::size_t> below;
  std::map<GroupId, std::size_t> above;
  std::size_t nesting = depth_below(group, references, below) + depth_below(group, upward, above);
  if (nesting > limits::kGroupNesting) {
    return invalid("nested_too_deep",
                   "groups would be nested " + std::to_string(nesting) + " deep; at most " +
                       std::to_string(limits::kGroupNesting) + " are allowed",
                   "criteria");
  }
  return done();
}

void write_criteria(store::Transaction& tx, GroupId id, const std::vector<criteria::Criterion>& criteria,
                    const std::vector<GroupId>& references) {
  tx.execute("UPDATE computer_group SET criteria = ? WHERE id = ?",
             {criteria_document(criteria, references), id.value});
  tx.execute("DELETE FROM computer_group_reference WHERE group_id = ?", {id.value});
  std::set<GroupId> distinct(references.begin(), references.end());
  distinct.erase(GroupId{});
  for (GroupId referenced : distinct) {
    tx.execute("INSERT INTO computer_group_reference (group_id, referenced_id) VALUES (?, ?)",
               {id.value, referenced.value});
  }
}

void note_difference(json::Object& details, std::string_view property, json::Value before, json::Value after) {
  if (before != after) details[property] = json::Object{{"old", std::move(before)}, {"new", std::move(after)}};
}

json::Array readable(const std::vector<criteria::Criterion>& criteria) {
  json::Array list;
  for (const auto& criterion : criteria) list.push_back(to_document(criterion));
  return list;
}

Status check_name(std::string_view name) {
  if (text::trim(name).empty()) return invalid("invalid_name", "the name must not be blank", "name");
  if (name.size() > kNameBytes) {
    return invalid("invalid_name", "the name has more than " + std::to_string(kNameBytes) + " bytes", "name");
  }
  if (!text::is_utf8(name)) return invalid("invalid_name", "the name is not readable text", "name");
  return done();
}

}  // namespace wardbridge::groups
