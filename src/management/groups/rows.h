// How groups are stored; for this room's own sources.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "management/groups/groups.h"

namespace wardbridge::groups {

// The criterion whose value names another group.
inline constexpr std::string_view kGroupCriterion = "Computer Group";
bool names_group(const criteria::Criterion& criterion);

// One edit at a time, on every node: what an edit checks (names, cycles) stays true until it commits.
void lock_edits(store::Transaction& tx);
// Tells every node that compiled groups are out of date. `edit` is any text that differs between different edits.
void publish_edit(store::Transaction& tx, std::string_view edit, Time now);

struct Revision {
  std::int64_t number = 0;
  std::string fingerprint;
  bool operator==(const Revision&) const = default;
};
Revision stored_revision(store::Transaction& tx);

// The criteria as stored. A criterion that names a group holds that group's id beside its value, which is therefore the
// group's name at any time.
using GroupNames = std::map<GroupId, std::string>;
std::string criteria_document(const std::vector<criteria::Criterion>& criteria, const std::vector<GroupId>& references);
std::vector<criteria::Criterion> criteria_from(const std::string& document, const GroupNames& names);

// The id that each criterion names, in their order; zero for those that name none. `unknown_group`.
Result<std::vector<GroupId>> resolve_groups(const std::vector<criteria::Criterion>& criteria, const GroupNames& names);

using References = std::map<GroupId, std::vector<GroupId>>;
References stored_references(store::Transaction& tx);
// `group_cycle`, `nested_too_deep`: what is wrong with a group that `references` holds already.
Status check_nesting(GroupId group, const References& references, const GroupNames& names);

void write_criteria(store::Transaction& tx, GroupId id, const std::vector<criteria::Criterion>& criteria,
                    const std::vector<GroupId>& references);

// `{"old": .., "new": ..}` of a property that changed; nothing is added when it did not.
void note_difference(json::Object& details, std::string_view property, json::Value before, json::Value after);
json::Array readable(const std::vector<criteria::Criterion>& criteria);

// Not blank, not too long, readable text.
Status check_name(std::string_view name);

}  // namespace wardbridge::groups
