// How groups are stored, and what both kinds of them share; for this room's own sources.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "management/groups/groups.h"
#include "management/groups/regroup.h"

namespace wardbridge::groups {

// The criterion whose value names another group.
inline constexpr std::string_view kGroupCriterion = "Computer Group";
bool names_group(const criteria::Criterion& criterion);

// One edit at a time, on every node: what an edit checks (names, cycles) stays true until it commits.
void lock_edits(store::Transaction& tx);
// Tells every node that compiled groups are out of date. `edit` is any text that differs between different edits.
void publish_edit(store::Transaction& tx, std::string_view edit, Time now);

// The groups that a computer is stored to be in, and until when; expired ones too.
std::map<GroupId, Time> stored_memberships(store::Transaction& tx, ComputerId computer);

struct Revision {
  std::int64_t number = 0;
  std::string fingerprint;
  bool operator==(const Revision&) const = default;
};
Revision stored_revision(store::Transaction& tx);

// What holds for the name, description and platform id of a group of either kind that is about to be stored:
// `invalid_name`, `invalid_description`, `invalid_platform_id`, `conflict`/`already_exists`. Tidies the platform id.
Status check_common(store::Transaction& tx, ComputerGroup& group);
void insert_group(store::Transaction& tx, const ComputerGroup& group);
void update_group(store::Transaction& tx, const ComputerGroup& group);  // all but its ids and its kind
void note_common_differences(json::Object& details, const ComputerGroup& before, const ComputerGroup& after);
// One audit row for an edit of `group`. Gives a text that differs between different edits, for publish_edit.
std::string audit_edit(store::Transaction& tx, const ComputerGroup& group, const char* action, json::Object details,
                       Time now, const audit::Actor& actor);

// Stored membership of the group (of every smart group) may differ from its criteria from now on: see regroup.h.
void request_regrouping_of_all(store::Transaction& tx);

// The criteria as stored. A criterion that names a group holds that group's id beside its value, which is therefore the
// group's name at any time.
using GroupNames = std::map<GroupId, std::string>;
std::string criteria_document(const std::vector<criteria::Criterion>& criteria, const std::vector<GroupId>& references);
std::vector<criteria::Criterion> criteria_from(const std::string& document, const GroupNames& names);
GroupNames stored_names(store::Transaction& tx);  // of every group

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

// The static groups that a computer is assigned to.
std::set<GroupId> assigned_groups(store::Transaction& tx, ComputerId computer);
// The site that a computer's `general` section names.
std::int64_t site_of(const inventory::Computer& computer);

// What is said about a group on saving it. Fails as compile() does.
Result<std::vector<criteria::Warning>> warnings_about(store::Transaction& tx, const SmartComputerGroup& group,
                                                      const criteria::Vocabulary& vocabulary,
                                                      const criteria::Options& options);

// What every kind of group has.
template <class Group>
ComputerGroup common_of(const Group& group) {
  return {.id = group.id,
          .platform_id = group.platform_id,
          .name = group.name,
          .description = group.description,
          .site_id = group.site_id,
          .smart = std::is_same_v<Group, SmartComputerGroup>};
}

// Not blank, not too long, readable text.
Status check_name(std::string_view name);

}  // namespace wardbridge::groups
