// Smart computer groups, versions 2 and 3, and judging them at once.
#include "management/jamf_api/group_wire.h"
#include "management/jamf_api/list_page.h"
#include "management/jamf_api/routes.h"

namespace wardbridge::jamf_api {
namespace {

using groups::ComputerGroup;
using groups::SmartComputerGroup;

// JAMF: an item carries no id of its own.
json::Object smart_group_json(const SmartComputerGroup& group) {
  return {{"name", group.name},
          {"description", group.description},
          {"criteria", criteria_json(group.criteria)},
          {"siteId", std::to_string(group.site_id)}};
}

// JAMF: a write is a full replace; what is left out becomes empty (description), no site (siteId), no criteria.
Result<SmartComputerGroup> smart_group_from(const http::Request& request, int version) {
  json::Value body = TRY(json_body(request));
  const json::Object& object = TRY(json::as_object(body));
  SmartComputerGroup group;
  group.name = TRY(json::required_text(object, "name"));
  group.description = TRY(json::optional_text(object, "description"));
  group.site_id = TRY(site_member(object));
  group.criteria = TRY(criteria_member(object, version));
  return group;
}

json::Object warning_json(const criteria::Warning& warning) {
  return {{"reason", warning.reason}, {"message", warning.message}, {"where", warning.where}};
}

json::Object warnings_json(json::Object body, const std::vector<criteria::Warning>& warnings) {
  if (warnings.empty()) return body;
  json::Array texts;
  for (const auto& warning : warnings) texts.push_back(warning_json(warning));
  body["wardbridgeWarnings"] = std::move(texts);
  return body;
}

Result<http::Response> list_smart_groups(const Dependencies& deps, const http::Request& request) {
  json::Array rows = TRY(deps.store.read([&](store::Transaction& tx) -> Result<json::Array> {
    auto counts = deps.pipeline.count_members_of_all(tx, request.received);
    json::Array found;
    for (const ComputerGroup& group : groups::list_all(tx)) {
      if (!group.smart) continue;
      found.push_back(json::Object{{"id", std::to_string(group.id.value)},
                                   {"siteId", std::to_string(group.site_id)},
                                   {"name", group.name},
                                   {"description", group.description},
                                   {"membershipCount", counts[group.id]}});
    }
    return found;
  }));
  return http::json_response(200, TRY(page_of(kGroupColumns, std::move(rows), request)));
}

GroupEdit pro_edit(const Dependencies& deps, store::Transaction& tx, const http::Request& request,
                   const accounts::Caller& caller) {
  return {deps, tx, caller.as_actor(request.peer.address), request.received, criteria::Rules::jamf_pro_api};
}

Result<http::Response> create_smart_group(const Dependencies& deps, const http::Request& request,
                                          const accounts::Caller& caller, int version, const std::string& path) {
  SmartComputerGroup group = TRY(smart_group_from(request, version));
  group.platform_id = deps.entropy.guid();
  auto saved = TRY(deps.store.write(
      [&](store::Transaction& tx) { return create_group(pro_edit(deps, tx, request, caller), group); }));
  return http::json_response(201,
                             warnings_json(created_json(request, path, saved.id, group.platform_id), saved.warnings));
}

Result<http::Response> get_smart_group(const Dependencies& deps, const http::Request& request) {
  auto body = TRY(deps.store.read([&](store::Transaction& tx) -> Result<json::Object> {
    ComputerGroup known = TRY(group_at(tx, request, GroupKind::smart));
    return smart_group_json(*groups::find(tx, known.id));
  }));
  return http::json_response(200, body);
}

Result<http::Response> replace_smart_group(const Dependencies& deps, const http::Request& request,
                                           const accounts::Caller& caller, int version) {
  SmartComputerGroup wanted = TRY(smart_group_from(request, version));
  auto body = TRY(deps.store.write([&](store::Transaction& tx) -> Result<json::Object> {
    wanted.id = TRY(group_at(tx, request, GroupKind::smart)).id;
    auto saved = TRY(replace_group(pro_edit(deps, tx, request, caller), wanted));
    return warnings_json(smart_group_json(*groups::find(tx, wanted.id)), saved.warnings);
  }));
  return http::json_response(202, body);
}

Result<http::Response> delete_smart_group(const Dependencies& deps, const http::Request& request,
                                          const accounts::Caller& caller) {
  TRY(deps.store.write([&](store::Transaction& tx) -> Status {
    ComputerGroup known = TRY(group_at(tx, request, GroupKind::smart));
    return delete_group({deps, tx, caller.as_actor(request.peer.address), request.received}, known);
  }));
  return http::no_content();
}

Result<http::Response> smart_group_membership(const Dependencies& deps, const http::Request& request) {
  auto members = TRY(deps.store.read([&](store::Transaction& tx) -> Result<json::Array> {
    ComputerGroup known = TRY(group_at(tx, request, GroupKind::smart));
    json::Array ids;
    for (const auto& member : groups::members(tx, known.id, request.received)) ids.emplace_back(member.computer.value);
    return ids;
  }));
  return http::json_response(200, json::Object{{"members", members}});
}

Result<http::Response> recalculate_group(const Dependencies& deps, const http::Request& request) {
  auto group = TRY(deps.store.read([&](store::Transaction& tx) { return group_at(tx, request, GroupKind::smart); }));
  auto count = TRY(deps.pipeline.recalculate_group(group.id, request.received));
  return http::json_response(200, json::Object{{"count", count}});
}

// JAMF: tells how many smart groups the computer is in.
Result<http::Response> recalculate_computer(const Dependencies& deps, const http::Request& request) {
  groups::ComputerId id{TRY(path_id(request))};
  auto count = TRY(deps.store.write([&](store::Transaction& tx) -> Result<std::int64_t> {
    if (!inventory::hold(tx, id)) {
      return not_found("no_computer", "no computer has the id " + std::to_string(id.value));
    }
    deps.pipeline.settle(tx, id, "recalculated", kEpoch, request.received);
    auto belongings = groups::groups_of(tx, id, request.received);
    return std::count_if(belongings.begin(), belongings.end(), [](const auto& each) { return each.smart; });
  }));
  return http::json_response(200, json::Object{{"count", count}});
}

// Ours: what is wrong with groups that could be saved.
Result<http::Response> lint_groups(const Dependencies& deps) {
  json::Array results = TRY(deps.store.read([&](store::Transaction& tx) -> Result<json::Array> {
    json::Array found;
    for (const auto& finding : groups::lint(tx, deps.pipeline.book().options())) {
      json::Object one = warning_json(finding.warning);
      one["groupId"] = std::to_string(finding.group.value);
      one["groupName"] = finding.group_name;
      found.push_back(std::move(one));
    }
    return found;
  }));
  return http::json_response(200, json::Object{{"totalCount", results.size()}, {"results", std::move(results)}});
}

void register_smart_groups(Api& api, const Dependencies& deps, int version) {
  const std::string base = "/api/v" + std::to_string(version) + "/computer-groups";
  const std::string path = base + "/smart-groups";
  auto add = [&](const char* method, const std::string& pattern, const char* verb, Api::Handler handler) {
    add_group_route(api, version, method, pattern, group_privilege(verb, GroupKind::smart), std::move(handler));
  };
  using accounts::Caller;
  using http::Request;
  add("GET", path, "Read", [deps](const Request& request, const Caller&) { return list_smart_groups(deps, request); });
  add("POST", path, "Create", [deps, version, path](const Request& request, const Caller& caller) {
    return create_smart_group(deps, request, caller, version, path);
  });
  add("GET", path + "/{id}", "Read",
      [deps](const Request& request, const Caller&) { return get_smart_group(deps, request); });
  add("PUT", path + "/{id}", "Update", [deps, version](const Request& request, const Caller& caller) {
    return replace_smart_group(deps, request, caller, version);
  });
  add("DELETE", path + "/{id}", "Delete",
      [deps](const Request& request, const Caller& caller) { return delete_smart_group(deps, request, caller); });
  add("GET", base + "/smart-group-membership/{id}", "Read",
      [deps](const Request& request, const Caller&) { return smart_group_membership(deps, request); });
}

}  // namespace

void register_group_routes(Api& api, const Dependencies& deps) {
  for (int version : {2, 3}) register_smart_groups(api, deps, version);
  api.add("POST", "/api/v1/smart-computer-groups/{id}/recalculate", "Update Smart Computer Groups",
          [deps](const http::Request& request, const accounts::Caller&) { return recalculate_group(deps, request); });
  api.add(
      "POST", "/api/v1/computers/{id}/recalculate-smart-groups", "Update Smart Computer Groups",
      [deps](const http::Request& request, const accounts::Caller&) { return recalculate_computer(deps, request); });
  api.add("GET", "/api/v1/wardbridge/computer-groups/lint", "Read Smart Computer Groups",
          [deps](const http::Request&, const accounts::Caller&) { return lint_groups(deps); });
}

}  // namespace wardbridge::jamf_api
