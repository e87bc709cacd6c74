// Ours: why a computer is in a group or isn't, which groups it is in, and how that came about.
#include <algorithm>

#include "management/groups/computer_facts.h"
#include "management/groups/reasons.h"
#include "management/jamf_api/group_wire.h"
#include "management/jamf_api/insight_wire.h"
#include "management/jamf_api/routes.h"

namespace wardbridge::jamf_api {
namespace {

using criteria::Because;
using groups::ComputerGroup;
using groups::Explanation;
using groups::Origin;
using inventory::Computer;
using inventory::ComputerId;

// At most so many are listed when a name is that of several.
constexpr int kNamesakes = 20;

const char* standing_name(groups::Standing standing) {
  switch (standing) {
    case groups::Standing::member:
      return "MEMBER";
    case groups::Standing::not_member:
      return "NOT_MEMBER";
    case groups::Standing::unknown:
      return "UNKNOWN";
  }
  CHECK(false);
}

// {id} of our own routes: what inventory::find_called() takes, as far as that is one computer.
Result<Computer> computer_at(store::Transaction& tx, const http::Request& request,
                             std::span<const inventory::Section> sections) {
  const std::string& what = request.path_parameter("id");
  auto found = inventory::find_called(tx, what, 2);
  std::string shown = "`" + what.substr(0, 80) + "`";
  if (found.empty()) return not_found("no_computer", "no computer is called " + shown);
  if (found.size() > 1) {
    return conflict("ambiguous_computer", "several computers are called " + shown +
                                              ", say which by its id; they are listed by "
                                              "GET /api/v1/wardbridge/computers?called=");
  }
  auto computer = inventory::load(tx, found.front(), sections);
  CHECK(computer.has_value(), "a computer vanished within a transaction");
  return *std::move(computer);
}

// A part of the tree. The groups that criteria name are told of beside it, each once, and named here by their ids.
class ReasonWriter {
 public:
  ReasonWriter(const criteria::Vocabulary& vocabulary, const Computer& computer,
               const std::vector<Explanation>& explanations, Time now)
      : vocabulary_(vocabulary), computer_(computer), explanations_(explanations), now_(now) {}

  json::Object tree(const Because& because) const {
    json::Object node{
        {"kind", kind_name(because.kind)}, {"met", because.truth}, {"validUntil", moment_or_null(because.valid_until)}};
    if (because.kind != Because::Kind::criterion) {
      json::Array parts;
      for (const Because& part : because.parts) parts.push_back(tree(part));
      node["parts"] = std::move(parts);
      return node;
    }
    node["priority"] = because.priority;
    node["name"] = because.name;
    node["searchType"] = because.search_type;
    node["required"] = because.required;
    node["measured"] = because.measured ? json::Value(*because.measured) : json::Value();
    node["source"] = source(because);
    return node;
  }

 private:
  static const char* kind_name(Because::Kind kind) {
    if (kind == Because::Kind::criterion) return "CRITERION";
    return kind == Because::Kind::all_of ? "ALL_OF" : "ANY_OF";
  }

  json::Object source(const Because& criterion) const {
    Origin origin = groups::origin_of(vocabulary_, criterion.name, computer_);
    if (origin.kind == Origin::Kind::server) return {{"kind", "SERVER"}};
    if (origin.kind == Origin::Kind::inventory) {
      bool ever = origin.as_of != kEpoch;
      return {
          {"kind", "INVENTORY"},
          {"section", inventory::wire_name(origin.section)},
          {"reported", origin.reported},
          {"asOf", moment_or_null(origin.as_of)},
          {"ageSeconds", ever ? json::Value(std::chrono::floor<seconds>(now_ - origin.as_of).count()) : json::Value()}};
    }
    auto named = std::ranges::find_if(explanations_, [&](const Explanation& one) {
      return text::equal_ignoring_case(one.group_name, criterion.required);
    });
    return {
        {"kind", "GROUP"},
        {"groupId", named == explanations_.end() ? json::Value() : json::Value(std::to_string(named->group.value))}};
  }

  const criteria::Vocabulary& vocabulary_;
  const Computer& computer_;
  const std::vector<Explanation>& explanations_;
  Time now_;
};

json::Object explanation_json(store::Transaction& tx, const Explanation& explanation, const ReasonWriter& writer,
                              const Computer& computer, Time now) {
  json::Object said{
      {"group", json::Object{{"id", std::to_string(explanation.group.value)},
                             {"name", explanation.group_name},
                             {"smart", explanation.smart}}},
      {"stored", standing_name(explanation.stored)},
      {"since", moment_or_null(groups::standing_since(tx, explanation.group, computer.id))},
      {"storedUntil", moment_or_null(groups::stored_until(tx, explanation.group, computer.id).value_or(kNever))},
      {"judged", json::Object{{"member", explanation.member},
                              {"at", to_iso8601(now)},
                              {"validUntil", moment_or_null(explanation.valid_until)}}},
      {"overruledBy",
       explanation.overruled_by.empty() ? json::Value() : json::Value(text::upper(explanation.overruled_by))},
      {"wardbridgeRecalculating", groups::is_regrouping(tx, explanation.group)}};
  bool asked = explanation.smart && explanation.overruled_by.empty();
  said["criteria"] = asked ? json::Value(writer.tree(explanation.because)) : json::Value();
  return said;
}

// The groups that a criterion names are shown to who may read them; that there are more is said.
Result<http::Response> explain(const Dependencies& deps, const http::Request& request, const accounts::Caller& caller) {
  Time now = request.received;
  static const std::vector<inventory::Section> sections = groups::sections_of_facts();
  auto body = TRY(deps.store.read([&](store::Transaction& tx) -> Result<json::Object> {
    Computer computer = TRY(computer_at(tx, request, sections));
    ComputerGroup group = TRY(any_group_at(tx, request, "groupId"));
    TRY(may(caller, "Read", kind_of(group)));
    auto explanations = TRY(groups::explain_with_named(tx, deps.pipeline.book(), computer, group.id, now));
    auto hidden = std::ranges::remove_if(explanations, [&](const Explanation& one) {
      return !may(caller, "Read", one.smart ? GroupKind::smart : GroupKind::fixed).ok();
    });
    std::size_t not_shown = hidden.size();
    explanations.erase(hidden.begin(), hidden.end());

    criteria::Vocabulary vocabulary = groups::vocabulary_with(groups::list_attributes(tx));
    ReasonWriter writer(vocabulary, computer, explanations, now);
    json::Object answer = explanation_json(tx, explanations.front(), writer, computer, now);
    answer["computer"] = computer_json(computer);
    answer["nextStep"] = groups::next_step(explanations, now);
    json::Array named;
    for (std::size_t i = 1; i < explanations.size(); ++i) {
      named.push_back(explanation_json(tx, explanations[i], writer, computer, now));
    }
    answer["namedGroups"] = std::move(named);
    answer["namedGroupsNotShown"] = not_shown;
    return answer;
  }));
  return http::json_response(200, body);
}

json::Object change_json(const groups::StoredChange& change) {
  return {{"number", change.number},         {"groupId", std::to_string(change.group.value)},
          {"groupName", change.group_name},  {"joined", change.joined},
          {"time", to_iso8601(change.time)}, {"cause", change.cause}};
}

// The current groups, and with `changes=true` a page of the history of all.
Result<http::Response> groups_of_computer(const Dependencies& deps, const http::Request& request) {
  Paging paging = paging_of(request);
  bool with_changes = text::equal_ignoring_case(request.query_parameter("changes").value_or(""), "true");
  auto body = TRY(deps.store.read([&](store::Transaction& tx) -> Result<json::Object> {
    Computer computer = TRY(computer_at(tx, request, {}));
    auto regrouping = groups::all_regrouping(tx);
    json::Array results;
    for (const auto& group : groups::groups_of(tx, computer.id, request.received)) {
      results.push_back(json::Object{{"id", std::to_string(group.group.value)},
                                     {"groupPlatformId", group.platform_id},
                                     {"name", group.name},
                                     {"smart", group.smart},
                                     {"since", to_iso8601(group.since)},
                                     {"validUntil", moment_or_null(group.valid_until)},
                                     {"wardbridgeRecalculating", regrouping.contains(group.group)}});
    }
    json::Object answer{{"computer", computer_json(computer)}, {"totalCount", results.size()}};
    answer["results"] = std::move(results);
    if (with_changes) {
      json::Array changes;
      for (const auto& change : groups::changes_of_computer(
               tx, computer.id, paging.page_size, static_cast<std::int64_t>(paging.page) * paging.page_size)) {
        changes.push_back(change_json(change));
      }
      answer["changes"] = json::Object{{"totalCount", groups::count_changes_of_computer(tx, computer.id)},
                                       {"results", std::move(changes)}};
    }
    return answer;
  }));
  return http::json_response(200, body);
}

Result<http::Response> changes_of_group(const Dependencies& deps, const http::Request& request,
                                        const accounts::Caller& caller) {
  Paging paging = paging_of(request);
  auto body = TRY(deps.store.read([&](store::Transaction& tx) -> Result<json::Object> {
    ComputerGroup group = TRY(any_group_at(tx, request, "id"));
    TRY(may(caller, "Read", kind_of(group)));
    json::Array results;
    for (const auto& change : groups::changes_of_group(tx, group.id, paging.page_size,
                                                       static_cast<std::int64_t>(paging.page) * paging.page_size)) {
      json::Object row = change_json(change);
      row["computerId"] = std::to_string(change.computer.value);
      auto computer = inventory::load(tx, change.computer, {});
      row["computerName"] = computer ? json::Value(computer->name) : json::Value();  // deleted since
      results.push_back(std::move(row));
    }
    return json::Object{{"totalCount", groups::count_changes_of_group(tx, group.id)}, {"results", std::move(results)}};
  }));
  return http::json_response(200, body);
}

Result<http::Response> computers_called(const Dependencies& deps, const http::Request& request) {
  std::string what = request.query_parameter("called").value_or("");
  if (what.empty()) return invalid("missing_field", "say what the computer is `called`", "called");
  auto results = TRY(deps.store.read([&](store::Transaction& tx) -> Result<json::Array> {
    json::Array found;
    for (ComputerId id : inventory::find_called(tx, what, kNamesakes)) {
      if (auto computer = inventory::load(tx, id, {})) found.push_back(computer_json(*computer));
    }
    return found;
  }));
  return http::json_response(200, json::Object{{"totalCount", results.size()}, {"results", std::move(results)}});
}

}  // namespace

void register_explain_routes(Api& api, const Dependencies& deps) {
  using accounts::Caller;
  using http::Request;
  const std::string computers = "/api/v1/wardbridge/computers";
  api.add("GET", computers, "Read Computers",
          [deps](const Request& request, const Caller&) { return computers_called(deps, request); });
  api.add("GET", computers + "/{id}/groups", "Read Computers",
          [deps](const Request& request, const Caller&) { return groups_of_computer(deps, request); });
  // These need the privilege for the kind of the group, too.
  api.add("GET", computers + "/{id}/groups/{groupId}/explain", "Read Computers",
          [deps](const Request& request, const Caller& caller) { return explain(deps, request, caller); });
  api.add("GET", "/api/v1/wardbridge/computer-groups/{id}/changes", "Read Computers",
          [deps](const Request& request, const Caller& caller) { return changes_of_group(deps, request, caller); });
}

}  // namespace wardbridge::jamf_api
