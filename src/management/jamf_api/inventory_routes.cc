// computers-inventory, versions 1 to 4 from one record.
#include <algorithm>

#include "management/groups/fleet.h"
#include "management/inventory/fields.h"
#include "management/jamf_api/routes.h"
#include "management/self_service/self_service.h"

namespace wardbridge::jamf_api {
namespace {

using inventory::Computer;
using inventory::ComputerId;
using inventory::Section;

// What a request asked to see: sections of the record, and whether the groups, which another room knows.
struct Wanted {
  std::vector<Section> sections;
  bool groups = false;
};

Wanted everything(int version) {
  Wanted wanted{.groups = true};
  for (std::size_t i = 0; i < inventory::kSectionCount; ++i) {
    auto section = static_cast<Section>(i);
    if (inventory::has_section(version, section)) wanted.sections.push_back(section);
  }
  return wanted;
}

// JAMF: `section` repeated or comma-joined, names in upper case; GENERAL when absent.
Result<Wanted> wanted_sections(const http::Request& request, int version) {
  Wanted wanted;
  for (const std::string& name : request.query_list("section")) {
    if (name == "GROUP_MEMBERSHIPS") {
      wanted.groups = true;
      continue;
    }
    auto section = inventory::section_from_wire_name(name);
    if (!section || !inventory::has_section(version, *section)) {
      return invalid("unknown_section", "`" + name.substr(0, 60) + "` is not a section of this version", "section");
    }
    if (std::find(wanted.sections.begin(), wanted.sections.end(), *section) == wanted.sections.end()) {
      wanted.sections.push_back(*section);
    }
  }
  if (wanted.sections.empty() && !wanted.groups) wanted.sections.push_back(Section::general);
  return wanted;
}

// JAMF: per local account, the ids that its registration gave, and its Conditional Access inventory state (which the
// vendor's record calls `azureActiveDirectoryId`).
void add_registrations(store::Transaction& tx, const Computer& computer, json::Object& record, Time now) {
  json::Value* section = record.if_contains("localUserAccounts");
  json::Array* accounts = section ? section->if_array() : nullptr;
  if (!accounts || accounts->empty()) return;
  auto registrations = compliance::registrations_of(tx, computer.id);
  for (json::Value& value : *accounts) {
    json::Object* account = value.if_object();
    if (!account) continue;
    for (const auto& registration : registrations) {
      if (json::text_at(*account, "username") != registration.username) continue;
      (*account)["computerAzureActiveDirectoryId"] = registration.device_id;
      (*account)["userAzureActiveDirectoryId"] = registration.user_id;
      (*account)["azureActiveDirectoryId"] =
          compliance::wire_name(compliance::inventory_state(registration, computer.last_check_in, now));
    }
  }
}

json::Object record_json(store::Transaction& tx, const Computer& computer, int version, const Wanted& wanted,
                         Time now) {
  json::Object record = inventory::show(computer, version, wanted.sections);
  add_registrations(tx, computer, record, now);
  if (wanted.groups) {
    json::Array memberships;
    for (const auto& group : groups::groups_of(tx, computer.id, now)) {
      memberships.push_back(json::Object{{"groupId", std::to_string(group.group.value)},
                                         {"groupName", group.name},
                                         {"groupDescription", group.description},
                                         {"smartGroup", group.smart}});
    }
    record["groupMemberships"] = std::move(memberships);
  }
  return record;
}

Failure no_computer(ComputerId id) {
  return not_found("no_computer", "no computer has the id " + std::to_string(id.value));
}

// JAMF: a deprecated version says since when.
http::Response with_deprecation(http::Response response, int version) {
  constexpr const char* kDeprecated[] = {"Mon, 30 Jun 2025 00:00:00 GMT", "Thu, 06 Nov 2025 00:00:00 GMT",
                                         "Tue, 14 Jul 2026 00:00:00 GMT"};
  if (version <= 3) response.headers.set("Deprecation", "date=\"" + std::string(kDeprecated[version - 1]) + "\"");
  return response;
}

Result<http::Response> list_computers(const Dependencies& deps, const http::Request& request, int version) {
  Wanted wanted = TRY(wanted_sections(request, version));
  Paging paging = paging_of(request);
  std::vector<std::string> sort;
  for (auto& [name, value] : request.query_parameters()) {
    if (name == "sort") sort.push_back(value);
  }
  inventory::Query query{.page = paging.page,
                         .page_size = paging.page_size,
                         .sort = text::join(sort, ","),
                         .filter = request.query_parameter("filter").value_or(""),
                         .sections = wanted.sections,
                         .api_version = version};
  json::Object page = TRY(deps.store.read([&](store::Transaction& tx) -> Result<json::Object> {
    inventory::Page found = TRY(inventory::list(tx, query));
    json::Array results;
    for (const Computer& computer : found.computers) {
      results.push_back(record_json(tx, computer, version, wanted, request.received));
    }
    return json::Object{{"totalCount", found.total_count}, {"results", std::move(results)}};
  }));
  return with_deprecation(http::json_response(200, page), version);
}

Result<http::Response> get_computer(const Dependencies& deps, const http::Request& request, int version,
                                    const Wanted& wanted) {
  ComputerId id{TRY(path_id(request))};
  json::Object record = TRY(deps.store.read([&](store::Transaction& tx) -> Result<json::Object> {
    auto computer = inventory::load(tx, id, wanted.sections);
    if (!computer) return no_computer(id);
    return record_json(tx, *computer, version, wanted, request.received);
  }));
  return with_deprecation(http::json_response(200, record), version);
}

Result<http::Response> create_computer(const Dependencies& deps, const http::Request& request,
                                       const accounts::Caller& caller, int version) {
  json::Value body = TRY(json_body(request));
  const json::Object& object = TRY(json::as_object(body));
  inventory::Record record = TRY(inventory::check_record(object, inventory::How::create));
  std::string management_id = deps.entropy.guid();
  ComputerId id = TRY(deps.store.write([&](store::Transaction& tx) -> Result<ComputerId> {
    inventory::NewComputer computer{.udid = record.udid, .sections = record.sections, .management_id = management_id};
    ComputerId created =
        TRY(inventory::create_computer(tx, computer, request.received, caller.as_actor(request.peer.address)));
    deps.pipeline.settle(tx, created, "created over the API", request.received, request.received);
    return created;
  }));
  std::string path = "/api/v" + std::to_string(version) + "/computers-inventory";
  return with_deprecation(http::json_response(201, href_response(request, path, std::to_string(id.value))), version);
}

Result<http::Response> patch_computer(const Dependencies& deps, const http::Request& request,
                                      const accounts::Caller& caller, int version) {
  ComputerId id{TRY(path_id(request))};
  json::Value body = TRY(json_body(request));
  const json::Object& object = TRY(json::as_object(body));
  Wanted wanted = everything(version);
  json::Object record = TRY(deps.store.write([&](store::Transaction& tx) -> Result<json::Object> {
    TRY(inventory::patch(tx, id, object, request.received, caller.as_actor(request.peer.address)));
    deps.pipeline.settle(tx, id, "changed over the API", kEpoch, request.received);
    if (version > 1) return json::Object{};
    return record_json(tx, *inventory::load(tx, id, wanted.sections), version, wanted, request.received);
  }));
  // JAMF: version 1 answers with the record, the later ones with nothing.
  return with_deprecation(version == 1 ? http::json_response(200, record) : http::no_content(), version);
}

Result<http::Response> delete_computer(const Dependencies& deps, const http::Request& request,
                                       const accounts::Caller& caller, int version) {
  ComputerId id{TRY(path_id(request))};
  TRY(deps.store.write([&](store::Transaction& tx) -> Status {
    if (!inventory::load(tx, id, {})) return no_computer(id);
    compliance::forget_computer(tx, id, request.received);
    self_service::forget_computer(tx, id);
    groups::forget_computer(tx, id, request.received, "computer deleted");
    tx.after_commit([&fleet = deps.pipeline.book().fleet(), id] { fleet.forget(id); });
    return inventory::remove(tx, id, request.received, caller.as_actor(request.peer.address));
  }));
  return with_deprecation(http::no_content(), version);
}

}  // namespace

void register_inventory_routes(Api& api, const Dependencies& deps) {
  for (int version = 1; version <= 4; ++version) {
    std::string path = "/api/v" + std::to_string(version) + "/computers-inventory";
    api.add("GET", path, "Read Computers", [deps, version](const http::Request& request, const accounts::Caller&) {
      return list_computers(deps, request, version);
    });
    api.add("POST", path, "Create Computers",
            [deps, version](const http::Request& request, const accounts::Caller& caller) {
              return create_computer(deps, request, caller, version);
            });
    api.add("GET", path + "/{id}", "Read Computers",
            [deps, version](const http::Request& request, const accounts::Caller&) -> Result<http::Response> {
              return get_computer(deps, request, version, TRY(wanted_sections(request, version)));
            });
    api.add("DELETE", path + "/{id}", "Delete Computers",
            [deps, version](const http::Request& request, const accounts::Caller& caller) {
              return delete_computer(deps, request, caller, version);
            });
    api.add("GET", path + "-detail/{id}", "Read Computers",
            [deps, version](const http::Request& request, const accounts::Caller&) {
              return get_computer(deps, request, version, everything(version));
            });
    api.add("PATCH", path + "-detail/{id}", "Update Computers",
            [deps, version](const http::Request& request, const accounts::Caller& caller) {
              return patch_computer(deps, request, caller, version);
            });
  }
}

}  // namespace wardbridge::jamf_api
