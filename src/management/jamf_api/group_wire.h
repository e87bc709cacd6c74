// What the routes of computer groups share, whichever wire and version they speak: finding a group, who may touch it,
// its criteria as JSON, and edits with all that follows from them; for this room's own sources.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "management/groups/static_groups.h"
#include "management/jamf_api/api.h"
#include "management/jamf_api/jamf_api.h"
#include "management/jamf_api/list_page.h"

namespace wardbridge::jamf_api {

// What lists of groups of one kind sort and filter by.
inline constexpr ListColumn kGroupColumns[] = {{.name = "id", .member = "id", .kind = ListColumn::Kind::number},
                                               {.name = "name", .member = "name"},
                                               {.name = "siteId", .member = "siteId", .kind = ListColumn::Kind::number},
                                               {.name = "description", .member = "description", .filterable = false}};

enum class GroupKind { smart, fixed };
GroupKind kind_of(const groups::ComputerGroup& group);
std::string group_privilege(std::string_view verb, GroupKind kind);  // `Read Static Computer Groups`

// `no_privilege`: may not do this to groups of this kind.
Status may(const accounts::Caller& caller, std::string_view verb, GroupKind kind);
// May do this to groups of some kind; without that, a caller does not even learn which groups there are.
Status may_some(const accounts::Caller& caller, std::string_view verb);

// JAMF: every group route of versions 2 and 3 takes the number or the platform's UUID as {id}. `not_found`/`no_group`,
// also for a group of the other kind.
Result<groups::ComputerGroup> group_at(store::Transaction& tx, const http::Request& request, GroupKind kind);

// The criteria of a body. Version 2 is lenient about `andOr`.
Result<std::vector<criteria::Criterion>> criteria_member(const json::Object& body, int version);
json::Array criteria_json(const std::vector<criteria::Criterion>& criteria);
// `siteId`, `-1` when absent.
Result<std::int64_t> site_member(const json::Object& body);

// {"id":"7","href":".."} of a created group. JAMF: with `?platform=true` the id is the platform's.
json::Object created_json(const http::Request& request, const std::string& path, groups::GroupId id,
                          const std::string& platform_id);

// JAMF: version 2 answers 400 where version 3 answers 422, for duplicates and dependencies alike.
Result<http::Response> in_version(Result<http::Response> result, int version, const http::Request& request);
// A route of version 2, which is deprecated, or 3.
void add_group_route(Api& api, int version, std::string method, std::string pattern, std::string privilege,
                     Api::Handler handler);

// JAMF: a deprecated route says since when.
http::Response deprecated_in_may_2026(http::Response response);

// Edits in the caller's transaction, with what follows from them.
struct GroupEdit {
  const Dependencies& deps;
  store::Transaction& tx;
  audit::Actor by;
  Time now = kEpoch;
  criteria::Rules rules = criteria::Rules::classic;  // of the API that the edit came over
};
Result<groups::Saved> create_group(const GroupEdit& edit, const groups::SmartComputerGroup& group);
Result<groups::Saved> replace_group(const GroupEdit& edit, const groups::SmartComputerGroup& group);
Result<groups::GroupId> create_group(const GroupEdit& edit, const groups::StaticComputerGroup& group);
Status replace_group(const GroupEdit& edit, const groups::StaticComputerGroup& group);
// `conflict`/`has_dependencies`, also when device compliance is decided by it.
Status delete_group(const GroupEdit& edit, const groups::ComputerGroup& group);

}  // namespace wardbridge::jamf_api
