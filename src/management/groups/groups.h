// Computer groups: smart ones, lists of criteria that sort the organisation's Macs, and static ones, lists of Macs
// (static_groups.h); and who is in them.
//
// Knows: group definitions and the rules for changing them, who is a member since when and until when that is known,
// and how membership came about. Hides: the tables, the resolution of nested groups, the revision that tells every node
// when compiled groups are out of date.
//
// Readers read stored membership, they never recompute it. Membership is written by assess() alone (group_book.h).
// Edits take effect on membership when the pipeline reassesses: it watches revision().
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "criteria/criteria.h"
#include "management/inventory/inventory.h"
#include "platform/audit/audit.h"
#include "platform/store/store.h"

namespace wardbridge::groups {

using GroupId = NumberId<struct GroupTag>;
using inventory::ComputerId;

inline constexpr std::int64_t kNoSite = -1;

struct SmartComputerGroup {
  GroupId id;
  std::string platform_id;  // a GUID, lower case
  std::string name;         // unique without case
  std::string description;
  std::int64_t site_id = kNoSite;             // a group of a site sees only that site's computers
  std::vector<criteria::Criterion> criteria;  // none: every managed computer is a member
  bool operator==(const SmartComputerGroup&) const = default;
};

// What every group has, smart or static. Both kinds share their ids and their names.
struct ComputerGroup {
  GroupId id;
  std::string platform_id;
  std::string name;
  std::string description;
  std::int64_t site_id = kNoSite;
  bool smart = true;
  bool operator==(const ComputerGroup&) const = default;
};

extern const store::Schema kSchema;

// --- Definitions
// ------------------------------------------------------------------------------------------------------

struct Saved {
  GroupId id;
  std::vector<criteria::Warning> warnings;  // of criteria/lint.h, about this group
};
// `group.id` is chosen here, `group.platform_id` by the caller. Audited. Besides the failures of criteria::compile:
// `invalid_name`, `invalid_platform_id`, `conflict`/`already_exists`, `unknown_group` (a criterion names a group that
// does not exist), `group_cycle` (the message names the path), `nested_too_deep`.
//
// A criterion may name a group by name or, failing that, by id; it follows that group when it is renamed.
// `options` are those of the GroupBook, so that what is said about a list is true of how it will be judged.
Result<Saved> create(store::Transaction& tx, SmartComputerGroup group, Time now, const audit::Actor& actor,
                     const criteria::Options& options = {});
// Replaces all but the ids. `not_found`/`no_group`; otherwise as create.
Result<Saved> replace(store::Transaction& tx, SmartComputerGroup group, Time now, const audit::Actor& actor,
                      const criteria::Options& options = {});
// Of a group of either kind. Its members leave, which history tells. `not_found`/`no_group`;
// `conflict`/`has_dependencies` names the groups that use it.
Status remove(store::Transaction& tx, GroupId id, Time now, const audit::Actor& actor);

// Smart groups only.
std::optional<SmartComputerGroup> find(store::Transaction& tx, GroupId id);
std::optional<SmartComputerGroup> find_by_platform_id(store::Transaction& tx, std::string_view platform_id);
std::optional<SmartComputerGroup> find_by_name(store::Transaction& tx, std::string_view name);
std::vector<SmartComputerGroup> list(store::Transaction& tx);  // by id
std::int64_t count(store::Transaction& tx);

// Groups of both kinds.
std::optional<ComputerGroup> find_any(store::Transaction& tx, GroupId id);
std::optional<ComputerGroup> find_any_by_platform_id(store::Transaction& tx, std::string_view platform_id);
std::optional<ComputerGroup> find_any_by_name(store::Transaction& tx, std::string_view name);
std::vector<ComputerGroup> list_all(store::Transaction& tx);  // by id
// The groups that name this one in a criterion.
std::vector<GroupId> dependants(store::Transaction& tx, GroupId id);

// What is wrong with smart groups though they could be saved: every finding of criteria/lint.h, by id.
struct Finding {
  GroupId group;
  std::string group_name;
  criteria::Warning warning;
};
std::vector<Finding> lint(store::Transaction& tx, const criteria::Options& options);

// Grows with every edit of a group or of an extension attribute's definition.
std::int64_t revision(store::Transaction& tx);

// --- Membership, as stored
// ----------------------------------------------------------------------------------------------

struct Member {
  ComputerId computer;
  Time since = kEpoch;
  Time valid_until = kNever;
};
// INVARIANT: law 3. An expired membership is not known any more, so it is left out and not counted.
std::vector<Member> members(store::Transaction& tx, GroupId id, Time now);
std::int64_t count_members(store::Transaction& tx, GroupId id, Time now);
std::map<GroupId, std::int64_t> count_all_members(store::Transaction& tx, Time now);  // groups with none are left out

enum class Standing {
  member,
  not_member,
  unknown,  // was a member, but nobody has looked since that expired
};
Standing standing(store::Transaction& tx, GroupId group, ComputerId computer, Time now);

struct Belonging {
  GroupId group;
  std::string platform_id;
  std::string name;
  std::string description;
  bool smart = true;
  Time since = kEpoch;
  Time valid_until = kNever;
};
// The groups that a computer is in, by id; expired ones left out.
std::vector<Belonging> groups_of(store::Transaction& tx, ComputerId computer, Time now);

struct StoredChange {
  ComputerId computer;
  std::int64_t number = 0;  // 1, 2, 3, ... of that computer
  GroupId group;
  std::string group_name;  // as it was called then
  bool joined = false;
  Time time = kEpoch;
  std::string cause;
};
// Newest first, after the first `offset` of them.
std::vector<StoredChange> changes_of_computer(store::Transaction& tx, ComputerId computer, int limit,
                                              std::int64_t offset = 0);
std::vector<StoredChange> changes_of_group(store::Transaction& tx, GroupId group, int limit, std::int64_t offset = 0);
std::int64_t count_changes_of_computer(store::Transaction& tx, ComputerId computer);
std::int64_t count_changes_of_group(store::Transaction& tx, GroupId group);

// Since when a computer's membership of a group is as it is; kEpoch: it never was a member.
Time standing_since(store::Transaction& tx, GroupId group, ComputerId computer);
// Until when a membership is stored to hold, which may be past; nothing: not a member.
std::optional<Time> stored_until(store::Transaction& tx, GroupId group, ComputerId computer);

// The computer is gone: so are its memberships and assignments. Its history stays.
void forget_computer(store::Transaction& tx, ComputerId computer, Time now, const std::string& cause);

}  // namespace wardbridge::groups
