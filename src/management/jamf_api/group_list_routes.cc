// Groups of both kinds at a time: the old whole list, the platform's view of groups, and the groups of one computer.
#include "management/jamf_api/group_wire.h"
#include "management/jamf_api/list_page.h"
#include "management/jamf_api/routes.h"

namespace wardbridge::jamf_api {
namespace {

using groups::ComputerGroup;

json::Object platform_group_json(const ComputerGroup& group, std::int64_t members) {
  return {{"groupPlatformId", group.platform_id},
          {"groupJamfProId", std::to_string(group.id.value)},
          {"groupName", group.name},
          {"groupDescription", group.description},
          {"groupType", "COMPUTER"},
          {"smart", group.smart},
          {"membershipCount", members}};
}

// JAMF: the whole list as a bare array.
Result<http::Response> list_whole(const Dependencies& deps, const http::Request&) {
  auto all = TRY(deps.store.read([](store::Transaction& tx) -> Result<json::Array> {
    json::Array rows;
    for (const ComputerGroup& group : groups::list_all(tx)) {
      rows.push_back(json::Object{{"id", std::to_string(group.id.value)},
                                  {"name", group.name},
                                  {"description", group.description},
                                  {"smartGroup", group.smart}});
    }
    return rows;
  }));
  return http::json_response(200, all);
}

// Shows the kinds that the caller may read.
Result<http::Response> list_platform_groups(const Dependencies& deps, const http::Request& request,
                                            const accounts::Caller& caller) {
  static constexpr ListColumn kColumns[] = {{.name = "groupName", .member = "groupName"},
                                            {.name = "groupDescription", .member = "groupDescription"},
                                            {.name = "groupType", .member = "groupType"},
                                            {.name = "isSmart", .member = "smart", .kind = ListColumn::Kind::flag}};
  TRY(may_some(caller, "Read"));
  json::Array rows = TRY(deps.store.read([&](store::Transaction& tx) -> Result<json::Array> {
    auto counts = deps.pipeline.count_members_of_all(tx, request.received);
    json::Array found;
    for (const ComputerGroup& group : groups::list_all(tx)) {
      if (!may(caller, "Read", kind_of(group)).ok()) continue;
      found.push_back(platform_group_json(group, counts[group.id]));
    }
    return found;
  }));
  return http::json_response(200, TRY(page_of(kColumns, std::move(rows), request)));
}

// JAMF: these routes know the platform's id alone; a number is nobody's.
Result<ComputerGroup> platform_group(store::Transaction& tx, const http::Request& request,
                                     const accounts::Caller& caller, const char* verb) {
  TRY(may_some(caller, verb));
  const std::string& id = request.path_parameter("id");
  auto group = text::is_guid(id) ? groups::find_any_by_platform_id(tx, id) : std::nullopt;
  if (!group) return not_found("no_group", "no group has the platform id `" + id.substr(0, 60) + "`");
  TRY(may(caller, verb, kind_of(*group)));
  return *group;
}

Result<http::Response> get_platform_group(const Dependencies& deps, const http::Request& request,
                                          const accounts::Caller& caller) {
  auto body = TRY(deps.store.read([&](store::Transaction& tx) -> Result<json::Object> {
    ComputerGroup group = TRY(platform_group(tx, request, caller, "Read"));
    return platform_group_json(group, groups::count_members(tx, group.id, request.received));
  }));
  return http::json_response(200, body);
}

// What a PATCH may change; the rest of a group is written where its kind is.
struct GroupPatch {
  std::optional<std::string> name;
  std::optional<std::string> description;
};

Result<GroupPatch> group_patch_from(const json::Object& body) {
  GroupPatch patch;
  for (const auto& member : body) {
    if (member.key() == "groupName") {
      patch.name = TRY(json::required_text(body, "groupName"));
    } else if (member.key() == "groupDescription") {
      patch.description = TRY(json::optional_text(body, "groupDescription"));
    } else {
      std::string name(std::string_view(member.key()).substr(0, 60));
      return invalid("unknown_field", "only `groupName` and `groupDescription` can be patched, not `" + name + "`",
                     name);
    }
  }
  return patch;
}

template <class Group>
Group patched(Group group, const GroupPatch& patch) {
  if (patch.name) group.name = *patch.name;
  if (patch.description) group.description = *patch.description;
  return group;
}

Result<http::Response> patch_platform_group(const Dependencies& deps, const http::Request& request,
                                            const accounts::Caller& caller) {
  json::Value body = TRY(json_body(request));
  GroupPatch patch = TRY(group_patch_from(TRY(json::as_object(body))));
  TRY(deps.store.write([&](store::Transaction& tx) -> Status {
    ComputerGroup known = TRY(platform_group(tx, request, caller, "Update"));
    GroupEdit edit{deps, tx, caller.as_actor(request.peer.address), request.received};
    if (known.smart) {
      TRY(replace_group(edit, patched(*groups::find(tx, known.id), patch)));
      return done();
    }
    return replace_group(edit, patched(*groups::find_static(tx, known.id), patch));
  }));
  return http::no_content();
}

Result<http::Response> delete_platform_group(const Dependencies& deps, const http::Request& request,
                                             const accounts::Caller& caller) {
  TRY(deps.store.write([&](store::Transaction& tx) -> Status {
    ComputerGroup known = TRY(platform_group(tx, request, caller, "Delete"));
    return delete_group({deps, tx, caller.as_actor(request.peer.address), request.received}, known);
  }));
  return http::no_content();
}

// JAMF: the platform knows a computer by its management id.
Result<http::Response> groups_of_device(const Dependencies& deps, const http::Request& request) {
  const std::string& id = request.path_parameter("id");
  if (!text::is_guid(id)) return invalid("invalid_id", "`" + id.substr(0, 60) + "` is not a platform id", "id");
  auto rows = TRY(deps.store.read([&](store::Transaction& tx) -> Result<json::Array> {
    std::optional<groups::ComputerId> computer;
    for (const std::string& spelled : {id, text::lower(id), text::upper(id)}) {
      if (!computer) computer = inventory::find_by_management_id(tx, spelled);
    }
    if (!computer) return not_found("no_computer", "no computer has the platform id " + id);
    json::Array found;
    for (const groups::Belonging& group : groups::groups_of(tx, *computer, request.received)) {
      found.push_back(json::Object{{"id", group.platform_id}, {"name", group.name}});
    }
    return found;
  }));
  return http::json_response(200, rows);
}

}  // namespace

void register_group_list_routes(Api& api, const Dependencies& deps) {
  using accounts::Caller;
  using http::Request;
  api.add_for_all_of({"Read Smart Computer Groups", "Read Static Computer Groups"}, "GET", "/api/v1/computer-groups",
                     [deps](const Request& request, const Caller&) { return list_whole(deps, request); });
  // Which privilege is needed depends on the kind of each group, so these ask for it themselves.
  api.add("GET", "/api/v1/groups", "", [deps](const Request& request, const Caller& caller) -> Result<http::Response> {
    return deprecated_in_may_2026(TRY(list_platform_groups(deps, request, caller)));
  });
  api.add("GET", "/api/v2/groups", "",
          [deps](const Request& request, const Caller& caller) { return list_platform_groups(deps, request, caller); });
  api.add("GET", "/api/v2/groups/{id}", "",
          [deps](const Request& request, const Caller& caller) { return get_platform_group(deps, request, caller); });
  api.add("PATCH", "/api/v2/groups/{id}", "", [deps](const Request& request, const Caller& caller) {
    return in_version(patch_platform_group(deps, request, caller), 3, request);
  });
  api.add("DELETE", "/api/v2/groups/{id}", "", [deps](const Request& request, const Caller& caller) {
    return in_version(delete_platform_group(deps, request, caller), 3, request);
  });
  api.add("GET", "/api/v1/devices/{id}/groups", "Read Computers",
          [deps](const Request& request, const Caller&) { return groups_of_device(deps, request); });
}

}  // namespace wardbridge::jamf_api
