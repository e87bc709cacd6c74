// Static computer groups, versions 2 and 3.
//
// JAMF: who is in one is told by the Classic API alone; this one takes assignments and shows their count.
#include "management/jamf_api/group_wire.h"
#include "management/jamf_api/list_page.h"
#include "management/jamf_api/routes.h"

namespace wardbridge::jamf_api {
namespace {

using groups::ComputerGroup;
using groups::ComputerId;
using groups::StaticComputerGroup;

// JAMF: unlike a smart group, an item carries its number.
json::Object static_group_json(const ComputerGroup& group) {
  return {{"id", std::to_string(group.id.value)},
          {"name", group.name},
          {"description", group.description},
          {"siteId", std::to_string(group.site_id)}};
}

// DEVIATION: the real server answers 500 to a body without `assignments`; here that is a 400 which names the member. It
// is not read as "nobody" or as "leave them", because the same program must work with the real server.
Result<std::vector<ComputerId>> assignments_member(const json::Object& body) {
  if (!json::find(body, "assignments")) {
    return invalid("missing_field", "`assignments` is required; send [] for a group without computers", "assignments");
  }
  std::vector<ComputerId> assignments;
  for (const std::string& text : TRY(json::optional_texts(body, "assignments"))) {
    auto id = text::parse_integer(text);
    if (!id || *id <= 0) {
      return invalid("unknown_computer", "`" + text.substr(0, 40) + "` is not the id of a computer", "assignments");
    }
    assignments.push_back(ComputerId{*id});
  }
  return assignments;
}

// JAMF: a write is a full replace, of the members too.
Result<StaticComputerGroup> static_group_from(const http::Request& request) {
  json::Value body = TRY(json_body(request));
  const json::Object& object = TRY(json::as_object(body));
  StaticComputerGroup group;
  group.name = TRY(json::required_text(object, "name"));
  group.description = TRY(json::optional_text(object, "description"));
  group.site_id = TRY(site_member(object));
  group.assignments = TRY(assignments_member(object));
  return group;
}

Result<http::Response> list_static_groups(const Dependencies& deps, const http::Request& request) {
  json::Array rows = TRY(deps.store.read([&](store::Transaction& tx) -> Result<json::Array> {
    auto counts = deps.pipeline.count_members_of_all(tx, request.received);
    json::Array found;
    for (const ComputerGroup& group : groups::list_all(tx)) {
      if (group.smart) continue;
      json::Object row = static_group_json(group);
      row["count"] = counts[group.id];
      found.push_back(std::move(row));
    }
    return found;
  }));
  return http::json_response(200, TRY(page_of(kGroupColumns, std::move(rows), request)));
}

Result<http::Response> create_static_group(const Dependencies& deps, const http::Request& request,
                                           const accounts::Caller& caller, const std::string& path) {
  StaticComputerGroup group = TRY(static_group_from(request));
  group.platform_id = deps.entropy.guid();
  auto id = TRY(deps.store.write([&](store::Transaction& tx) {
    return create_group({deps, tx, caller.as_actor(request.peer.address), request.received}, group);
  }));
  return http::json_response(201, created_json(request, path, id, group.platform_id));
}

Result<http::Response> get_static_group(const Dependencies& deps, const http::Request& request) {
  auto group = TRY(deps.store.read([&](store::Transaction& tx) { return group_at(tx, request, GroupKind::fixed); }));
  return http::json_response(200, static_group_json(group));
}

Result<http::Response> replace_static_group(const Dependencies& deps, const http::Request& request,
                                            const accounts::Caller& caller) {
  StaticComputerGroup wanted = TRY(static_group_from(request));
  auto body = TRY(deps.store.write([&](store::Transaction& tx) -> Result<json::Object> {
    wanted.id = TRY(group_at(tx, request, GroupKind::fixed)).id;
    TRY(replace_group({deps, tx, caller.as_actor(request.peer.address), request.received}, wanted));
    return static_group_json(*groups::find_any(tx, wanted.id));
  }));
  return http::json_response(202, body);
}

Result<http::Response> delete_static_group(const Dependencies& deps, const http::Request& request,
                                           const accounts::Caller& caller) {
  TRY(deps.store.write([&](store::Transaction& tx) -> Status {
    ComputerGroup known = TRY(group_at(tx, request, GroupKind::fixed));
    return delete_group({deps, tx, caller.as_actor(request.peer.address), request.received}, known);
  }));
  return http::no_content();
}

void register_static_groups(Api& api, const Dependencies& deps, int version) {
  const std::string path = "/api/v" + std::to_string(version) + "/computer-groups/static-groups";
  auto add = [&](const char* method, const std::string& pattern, const char* verb, Api::Handler handler) {
    add_group_route(api, version, method, pattern, group_privilege(verb, GroupKind::fixed), std::move(handler));
  };
  using accounts::Caller;
  using http::Request;
  add("GET", path, "Read", [deps](const Request& request, const Caller&) { return list_static_groups(deps, request); });
  add("POST", path, "Create", [deps, path](const Request& request, const Caller& caller) {
    return create_static_group(deps, request, caller, path);
  });
  add("GET", path + "/{id}", "Read",
      [deps](const Request& request, const Caller&) { return get_static_group(deps, request); });
  add("PUT", path + "/{id}", "Update",
      [deps](const Request& request, const Caller& caller) { return replace_static_group(deps, request, caller); });
  add("DELETE", path + "/{id}", "Delete",
      [deps](const Request& request, const Caller& caller) { return delete_static_group(deps, request, caller); });
}

}  // namespace

void register_static_group_routes(Api& api, const Dependencies& deps) {
  for (int version : {2, 3}) register_static_groups(api, deps, version);
}

}  // namespace wardbridge::jamf_api
