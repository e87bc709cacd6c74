// Ours: what an edit of a group would do, what judging groups costs, and which edits are still being carried out.
#include <algorithm>

#include "management/groups/rehearsal.h"
#include "management/jamf_api/group_wire.h"
#include "management/jamf_api/insight_wire.h"
#include "management/jamf_api/list_page.h"
#include "management/jamf_api/routes.h"

namespace wardbridge::jamf_api {
namespace {

using groups::ComputerGroup;
using groups::Fleet;
using groups::GroupId;
using groups::SmartComputerGroup;

constexpr std::int64_t kListed = 20;
constexpr std::int64_t kListedAtMost = 1000;

json::Object crowd_json(store::Transaction& tx, const Fleet::Crowd& crowd) {
  json::Array first;
  for (groups::ComputerId id : crowd.first) {
    auto computer = inventory::load(tx, id, {});
    if (computer) first.push_back(json::Object{{"id", std::to_string(id.value)}, {"name", computer->name}});
  }
  return {{"count", crowd.count}, {"first", std::move(first)}};
}

// A body as for creating a group; `name` may be left out, and `id` makes it an edit of that group.
Result<SmartComputerGroup> group_to_rehearse(const json::Object& body) {
  SmartComputerGroup group;
  std::string id = TRY(json::optional_text(body, "id"));
  if (!id.empty()) {
    auto number = text::parse_integer(id);
    if (!number || *number <= 0) {
      return invalid("invalid_id", "`id` must be the number of a group, not `" + id.substr(0, 40) + "`", "id");
    }
    group.id = GroupId{*number};
  }
  group.name = TRY(json::optional_text(body, "name"));
  group.site_id = TRY(site_member(body));
  group.criteria = TRY(criteria_member(body, 3));
  return group;
}

Result<http::Response> preview(const Dependencies& deps, const http::Request& request) {
  json::Value body = TRY(json_body(request));
  SmartComputerGroup group = TRY(group_to_rehearse(TRY(json::as_object(body))));
  auto size = text::parse_integer(request.query_parameter("size").value_or("")).value_or(kListed);
  auto limit = static_cast<std::size_t>(std::clamp<std::int64_t>(size, 0, kListedAtMost));
  auto& book = deps.pipeline.book();
  criteria::Options options = book.options();
  options.rules = criteria::Rules::jamf_pro_api;  // as on saving it
  auto answer = TRY(deps.store.read([&](store::Transaction& tx) -> Result<json::Object> {
    auto rehearsal = TRY(groups::rehearse(tx, book, group, request.received, limit, options));
    json::Object said = crowd_json(tx, rehearsal.found.members);
    said["computersLookedAt"] = rehearsal.looked_at;
    json::Array warnings;
    for (const auto& warning : rehearsal.warnings) {
      warnings.push_back(
          json::Object{{"reason", warning.reason}, {"message", warning.message}, {"where", warning.where}});
    }
    said["warnings"] = std::move(warnings);
    said["joining"] = rehearsal.is_edit ? json::Value(crowd_json(tx, rehearsal.found.joining)) : json::Value();
    said["leaving"] = rehearsal.is_edit ? json::Value(crowd_json(tx, rehearsal.found.leaving)) : json::Value();
    return said;
  }));
  return http::json_response(200, answer);
}

// Groups as the vendor lists them, with what it has no member for.
Result<http::Response> list_groups_with_state(const Dependencies& deps, const http::Request& request,
                                              const accounts::Caller& caller) {
  static constexpr ListColumn kColumns[] = {
      {.name = "id", .member = "id", .kind = ListColumn::Kind::number},
      {.name = "name", .member = "name"},
      {.name = "smart", .member = "smart", .kind = ListColumn::Kind::flag},
      {.name = "siteId", .member = "siteId", .kind = ListColumn::Kind::number},
      {.name = "membershipCount", .member = "membershipCount", .kind = ListColumn::Kind::number},
      {.name = "wardbridgeRecalculating", .member = "wardbridgeRecalculating", .kind = ListColumn::Kind::flag}};
  TRY(may_some(caller, "Read"));
  json::Array rows = TRY(deps.store.read([&](store::Transaction& tx) -> Result<json::Array> {
    auto counts = deps.pipeline.count_members_of_all(tx, request.received);
    auto regrouping = groups::all_regrouping(tx);
    json::Array found;
    for (const ComputerGroup& group : groups::list_all(tx)) {
      if (!may(caller, "Read", kind_of(group)).ok()) continue;
      found.push_back(json::Object{{"id", std::to_string(group.id.value)},
                                   {"groupPlatformId", group.platform_id},
                                   {"name", group.name},
                                   {"smart", group.smart},
                                   {"siteId", std::to_string(group.site_id)},
                                   {"membershipCount", counts[group.id]},
                                   {"wardbridgeRecalculating", regrouping.contains(group.id)}});
    }
    return found;
  }));
  return http::json_response(200, TRY(page_of(kColumns, std::move(rows), request)));
}

// The dearest first, unless the caller sorts otherwise.
Result<http::Response> costs(const Dependencies& deps, const http::Request& request) {
  static constexpr ListColumn kColumns[] = {
      {.name = "id", .member = "id", .kind = ListColumn::Kind::number},
      {.name = "name", .member = "name"},
      {.name = "judgements", .member = "judgements", .kind = ListColumn::Kind::number},
      {.name = "flips", .member = "flips", .kind = ListColumn::Kind::number},
      {.name = "meanNanoseconds", .member = "meanNanoseconds", .kind = ListColumn::Kind::number},
      {.name = "totalMicroseconds", .member = "totalMicroseconds", .kind = ListColumn::Kind::number}};
  const groups::Costs counted = deps.pipeline.book().fleet().costs();
  auto smart = TRY(deps.store.read(
      [](store::Transaction& tx) -> Result<std::vector<SmartComputerGroup>> { return groups::list(tx); }));
  struct Line {
    const SmartComputerGroup* group;
    groups::GroupCost cost;
  };
  std::vector<Line> lines;
  for (const SmartComputerGroup& group : smart) {
    auto cost = counted.by_group().find(group.id);
    lines.push_back({&group, cost == counted.by_group().end() ? groups::GroupCost{} : cost->second});
  }
  std::ranges::stable_sort(lines, [](const Line& a, const Line& b) {
    return std::pair(a.cost.estimated_nanoseconds(), a.cost.judgements) >
           std::pair(b.cost.estimated_nanoseconds(), b.cost.judgements);
  });
  json::Array rows;
  for (const Line& line : lines) {
    rows.push_back(
        json::Object{{"id", std::to_string(line.group->id.value)},
                     {"name", line.group->name},
                     {"criteria", line.group->criteria.size()},
                     {"judgements", static_cast<std::int64_t>(line.cost.judgements)},
                     {"timedJudgements", static_cast<std::int64_t>(line.cost.timed)},
                     {"meanNanoseconds", static_cast<std::int64_t>(line.cost.mean_nanoseconds())},
                     {"totalMicroseconds", static_cast<std::int64_t>(line.cost.estimated_nanoseconds() / 1000)},
                     {"flips", static_cast<std::int64_t>(line.cost.flips)}});
  }
  json::Object page = TRY(page_of(kColumns, std::move(rows), request));
  page["since"] = moment_or_null(counted.since());
  return http::json_response(200, page);
}

}  // namespace

void register_rehearsal_routes(Api& api, const Dependencies& deps) {
  using accounts::Caller;
  using http::Request;
  const std::string base = "/api/v1/wardbridge/computer-groups";
  // Which privilege is needed depends on the kind of each group.
  api.add("GET", base, "", [deps](const Request& request, const Caller& caller) {
    return list_groups_with_state(deps, request, caller);
  });
  api.add_for_all_of({"Read Smart Computer Groups", "Read Computers"}, "POST", base + "/preview",
                     [deps](const Request& request, const Caller&) { return preview(deps, request); });
  api.add("GET", base + "/cost", "Read Smart Computer Groups",
          [deps](const Request& request, const Caller&) { return costs(deps, request); });
}

}  // namespace wardbridge::jamf_api
