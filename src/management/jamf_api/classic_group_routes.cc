// /JSSResource/computergroups: groups of both kinds in the Classic API's XML.
//
// JAMF: an update leaves as it is what it does not name, a group's description always: Classic has no word for it.
#include <algorithm>

#include "management/jamf_api/classic_api.h"
#include "management/jamf_api/group_wire.h"
#include "management/jamf_api/routes.h"

namespace wardbridge::jamf_api {
namespace {

using groups::ComputerGroup;
using groups::ComputerId;
using groups::GroupId;
using groups::SmartComputerGroup;
using groups::StaticComputerGroup;

// A computer as a document names it; the first of these that it gives decides.
struct ComputerSpelling {
  std::string id;
  std::string serial_number;
  std::string udid;
  std::string name;
};

// What a document says of a group; nothing where it is silent.
struct ClassicGroup {
  std::optional<std::string> name;
  std::optional<bool> is_smart;
  std::optional<std::int64_t> site_id;
  std::optional<std::vector<criteria::Criterion>> criteria;
  std::optional<std::vector<ComputerSpelling>> computers;
  std::vector<ComputerSpelling> additions;
  std::vector<ComputerSpelling> deletions;
};

// --- Reading

Failure incomplete_criterion() {
  return classic_refusal("Error: Name, and/or, search_type are required in criterion.");
}

Result<criteria::Criterion> classic_criterion_from(const json::Value& item, std::size_t position) {
  const json::Object* object = item.if_object();
  if (!object) return incomplete_criterion();
  auto name = TRY(element_text(*object, "name"));
  auto and_or = TRY(element_text(*object, "and_or"));
  auto search_type = TRY(element_text(*object, "search_type"));
  if (!name || !and_or || !search_type || name->empty() || search_type->empty()) return incomplete_criterion();
  criteria::Criterion criterion{.name = *name, .and_or = text::lower(*and_or), .search_type = *search_type};
  criterion.priority = TRY(element_integer(*object, "priority")).value_or(static_cast<std::int64_t>(position));
  criterion.value = TRY(element_text(*object, "value")).value_or("");
  criterion.opening_paren = TRY(element_flag(*object, "opening_paren")).value_or(false);
  criterion.closing_paren = TRY(element_flag(*object, "closing_paren")).value_or(false);
  return criterion;
}

Result<std::vector<ComputerSpelling>> computers_from(const json::Object& group, std::string_view list) {
  std::vector<ComputerSpelling> computers;
  const json::Array* items = json::array_at(group, list);
  if (!items) return computers;
  for (const json::Value& item : *items) {
    const json::Object* object = item.if_object();
    if (!object) return invalid("bad_xml", "a `computer` names none", std::string(list));
    ComputerSpelling& computer = computers.emplace_back();
    computer.id = TRY(element_text(*object, "id")).value_or("");
    computer.serial_number = TRY(element_text(*object, "serial_number")).value_or("");
    computer.udid = TRY(element_text(*object, "udid")).value_or("");
    computer.name = TRY(element_text(*object, "name")).value_or("");
  }
  return computers;
}

// JAMF: no site is the id -1 and the name `None`.
Result<std::optional<std::int64_t>> site_from(const json::Object& group) {
  const json::Object* site = json::object_at(group, "site");
  if (!site) return std::optional<std::int64_t>();
  auto id = TRY(element_integer(*site, "id"));
  if (id) return id;
  auto name = TRY(element_text(*site, "name"));
  if (!name) return std::optional<std::int64_t>();
  if (!name->empty() && !text::equal_ignoring_case(*name, "None")) {
    return classic_refusal("Error: Unable to match site");
  }
  return std::optional<std::int64_t>(groups::kNoSite);
}

Result<ClassicGroup> classic_group_from(const http::Request& request) {
  json::Object body = TRY(classic_body(request, "computer_group"));
  ClassicGroup group;
  group.name = TRY(element_text(body, "name"));
  group.is_smart = TRY(element_flag(body, "is_smart"));
  group.site_id = TRY(site_from(body));
  if (const json::Array* criteria = json::array_at(body, "criteria")) {
    group.criteria.emplace();
    for (const json::Value& item : *criteria) {
      group.criteria->push_back(TRY(classic_criterion_from(item, group.criteria->size())));
    }
  }
  if (json::array_at(body, "computers")) group.computers = TRY(computers_from(body, "computers"));
  group.additions = TRY(computers_from(body, "computer_additions"));
  group.deletions = TRY(computers_from(body, "computer_deletions"));
  return group;
}

// --- Applying

// JAMF: of several computers with one name, the one with the lowest id.
std::optional<ComputerId> find_by_computer_name(store::Transaction& tx, const std::string& name) {
  // A wildcard in the name finds too many, never too few.
  std::string quoted = text::replace_all(text::replace_all(name, "\\", "\\\\"), "\"", "\\\"");
  inventory::Query query{.page_size = limits::kPageSizeLargest,
                         .sort = "id:asc",
                         .filter = "general.name==\"" + quoted + "\"",
                         .sections = {}};
  auto page = inventory::list(tx, query);
  if (!page.ok()) return std::nullopt;
  for (const auto& computer : page->computers) {
    if (text::equal_ignoring_case(computer.name, name)) return computer.id;
  }
  return std::nullopt;
}

Result<ComputerId> computer_spelled(store::Transaction& tx, const ComputerSpelling& spelled) {
  std::optional<ComputerId> found;
  std::string words;
  if (!spelled.id.empty()) {
    words = "the id " + spelled.id;
    auto id = text::parse_integer(text::trim(spelled.id));
    if (id && inventory::load(tx, ComputerId{*id}, {})) found = ComputerId{*id};
  } else if (!spelled.serial_number.empty()) {
    words = "the serial number " + spelled.serial_number;
    found = inventory::find_by_serial_number(tx, spelled.serial_number);
  } else if (!spelled.udid.empty()) {
    words = "the UDID " + spelled.udid;
    found = inventory::find_by_udid(tx, spelled.udid);
  } else if (!spelled.name.empty()) {
    words = "the name " + spelled.name;
    found = find_by_computer_name(tx, spelled.name);
  }
  if (words.empty()) return invalid("unknown_computer", "a `computer` has no id, serial number, UDID or name");
  if (!found) return invalid("unknown_computer", "no computer has " + words.substr(0, 120));
  return *found;
}

// `group.assignments`, as the document wants them.
Status apply_computers(store::Transaction& tx, const ClassicGroup& said, StaticComputerGroup& group) {
  std::vector<ComputerId>& assignments = group.assignments;
  if (said.computers) {
    assignments.clear();
    for (const ComputerSpelling& computer : *said.computers) assignments.push_back(TRY(computer_spelled(tx, computer)));
  }
  for (const ComputerSpelling& computer : said.additions) assignments.push_back(TRY(computer_spelled(tx, computer)));
  for (const ComputerSpelling& computer : said.deletions) {
    ComputerId id = TRY(computer_spelled(tx, computer));
    // JAMF: adding a member again is nothing, deleting one that is none refuses the whole document.
    if (std::erase(assignments, id) == 0) {
      return classic_refusal("Error: Unable to match computer in deletions list id= " + std::to_string(id.value));
    }
  }
  return done();
}

// JAMF: a group that is named before it exists has words of its own.
Status check_named_groups(store::Transaction& tx, const SmartComputerGroup& group) {
  for (const criteria::Criterion& criterion : group.criteria) {
    if (!text::equal_ignoring_case(criterion.name, "Computer Group")) continue;
    if (groups::find_any_by_name(tx, criterion.value)) continue;
    auto id = text::parse_integer(criterion.value);
    if (id && groups::find_any(tx, GroupId{*id})) continue;
    return classic_refusal("Smart Group (" + group.name + ") depends on another Smart Group (" + criterion.value +
                           ") which does not exist yet.");
  }
  return done();
}

// DEVIATION: the real server stores an operator that its criterion does not have, and the group then matches nothing.
// Here both APIs refuse it: a group that can never have a member keeps people out without a word.
Result<GroupId> save_smart(const GroupEdit& edit, const ClassicGroup& said, SmartComputerGroup group) {
  if (!said.additions.empty() || !said.deletions.empty()) {
    return classic_refusal("Error: Computers cannot be added to or deleted from a smart computer group");
  }
  // `computers` are what the server told, sent back: nothing to apply.
  if (said.name) group.name = *said.name;
  if (said.site_id) group.site_id = *said.site_id;
  if (said.criteria) group.criteria = *said.criteria;
  TRY(check_named_groups(edit.tx, group));
  return TRY(group.id ? replace_group(edit, group) : create_group(edit, group)).id;
}

Result<GroupId> save_static(const GroupEdit& edit, const ClassicGroup& said, StaticComputerGroup group) {
  if (said.criteria && !said.criteria->empty()) {
    return invalid("static_group", "a static computer group has no criteria", "criteria");
  }
  if (said.name) group.name = *said.name;
  if (said.site_id) group.site_id = *said.site_id;
  TRY(apply_computers(edit.tx, said, group));
  if (!group.id) return create_group(edit, group);
  TRY(replace_group(edit, group));
  return group.id;
}

// --- Finding and showing

// By `id` or by `name`, whichever the path has. Asks for the privilege too.
Result<ComputerGroup> classic_group(store::Transaction& tx, const http::Request& request,
                                    const accounts::Caller& caller, const char* verb) {
  TRY(may_some(caller, verb));
  std::optional<ComputerGroup> group;
  if (auto name = request.path_parameters.find("name"); name != request.path_parameters.end()) {
    group = groups::find_any_by_name(tx, name->second);
  } else if (auto id = text::parse_integer(request.path_parameter("id"))) {
    group = groups::find_any(tx, GroupId{*id});
  }
  if (!group) return not_found("no_group", "no computer group has this id or name");
  TRY(may(caller, verb, kind_of(*group)));
  return *group;
}

json::Array classic_criteria_json(const std::vector<criteria::Criterion>& criteria) {
  json::Array list;
  for (const criteria::Criterion& criterion : criteria) {
    list.push_back(json::Object{{"name", criterion.name},
                                {"priority", criterion.priority},
                                {"and_or", criterion.and_or},
                                {"search_type", criterion.search_type},
                                {"value", criterion.value},
                                {"opening_paren", criterion.opening_paren},
                                {"closing_paren", criterion.closing_paren}});
  }
  return list;
}

json::Array members_json(store::Transaction& tx, GroupId group, Time now) {
  constexpr inventory::Section kHardware[] = {inventory::Section::hardware};
  json::Array members;
  for (const groups::Member& member : groups::members(tx, group, now)) {
    auto computer = inventory::load(tx, member.computer, kHardware);
    if (!computer) continue;
    const json::Value* section = computer->section(inventory::Section::hardware);
    const json::Object* hardware = section ? section->if_object() : nullptr;
    auto address = [&](const char* name) {
      return std::string(hardware ? json::text_at(*hardware, name).value_or("") : "");
    };
    members.push_back(json::Object{{"id", computer->id.value},
                                   {"name", computer->name},
                                   {"mac_address", address("macAddress")},
                                   {"alt_mac_address", address("altMacAddress")},
                                   {"serial_number", computer->serial_number}});
  }
  return members;
}

json::Object classic_group_json(store::Transaction& tx, const ComputerGroup& group, Time now) {
  auto smart = groups::find(tx, group.id);
  bool no_site = group.site_id == groups::kNoSite;
  json::Object site{{"id", group.site_id}, {"name", no_site ? "None" : std::to_string(group.site_id).c_str()}};
  return {{"id", group.id.value},
          {"name", group.name},
          {"is_smart", group.smart},
          {"site", std::move(site)},
          {"criteria", classic_criteria_json(smart ? smart->criteria : std::vector<criteria::Criterion>())},
          {"computers", members_json(tx, group.id, now)}};
}

http::Response id_response(int status, const http::Request& request, GroupId id) {
  return classic_response(status, request, {"computer_group", json::Object{{"id", id.value}}});
}

// --- Routes

// Shows the kinds that the caller may read.
Result<http::Response> list_classic_groups(const Dependencies& deps, const http::Request& request,
                                           const accounts::Caller& caller) {
  TRY(may_some(caller, "Read"));
  auto rows = TRY(deps.store.read([&](store::Transaction& tx) -> Result<json::Array> {
    json::Array found;
    for (const ComputerGroup& group : groups::list_all(tx)) {
      if (!may(caller, "Read", kind_of(group)).ok()) continue;
      found.push_back(json::Object{{"id", group.id.value}, {"name", group.name}, {"is_smart", group.smart}});
    }
    return found;
  }));
  return classic_response(200, request, {"computer_groups", std::move(rows)});
}

Result<http::Response> get_classic_group(const Dependencies& deps, const http::Request& request,
                                         const accounts::Caller& caller) {
  auto body = TRY(deps.store.read([&](store::Transaction& tx) -> Result<json::Object> {
    return classic_group_json(tx, TRY(classic_group(tx, request, caller, "Read")), request.received);
  }));
  return classic_response(200, request, {"computer_group", std::move(body)});
}

// JAMF: a new group is posted to the id 0.
Result<http::Response> create_classic_group(const Dependencies& deps, const http::Request& request,
                                            const accounts::Caller& caller) {
  TRY(may_some(caller, "Create"));
  const std::string& id = request.path_parameter("id");
  if (id != "0" && id != "-1") return not_found("no_group", "a computer group is created by a POST to the id 0");
  ClassicGroup said = TRY(classic_group_from(request));
  bool smart = said.is_smart.value_or(said.criteria.has_value());
  TRY(may(caller, "Create", smart ? GroupKind::smart : GroupKind::fixed));
  std::string platform_id = deps.entropy.guid();
  auto created = TRY(deps.store.write([&](store::Transaction& tx) -> Result<GroupId> {
    GroupEdit edit{deps, tx, caller.as_actor(request.peer.address), request.received};
    if (smart) return save_smart(edit, said, {.platform_id = platform_id});
    return save_static(edit, said, {.platform_id = platform_id});
  }));
  return id_response(201, request, created);
}

Result<http::Response> update_classic_group(const Dependencies& deps, const http::Request& request,
                                            const accounts::Caller& caller) {
  TRY(may_some(caller, "Update"));
  ClassicGroup said = TRY(classic_group_from(request));
  auto updated = TRY(deps.store.write([&](store::Transaction& tx) -> Result<GroupId> {
    ComputerGroup known = TRY(classic_group(tx, request, caller, "Update"));
    if (said.is_smart.value_or(known.smart) != known.smart) {
      return classic_refusal("Error: A computer group cannot change between smart and static");
    }
    GroupEdit edit{deps, tx, caller.as_actor(request.peer.address), request.received};
    if (known.smart) return save_smart(edit, said, *groups::find(tx, known.id));
    return save_static(edit, said, *groups::find_static(tx, known.id));
  }));
  return id_response(201, request, updated);
}

Result<http::Response> delete_classic_group(const Dependencies& deps, const http::Request& request,
                                            const accounts::Caller& caller) {
  auto deleted = TRY(deps.store.write([&](store::Transaction& tx) -> Result<GroupId> {
    ComputerGroup known = TRY(classic_group(tx, request, caller, "Delete"));
    TRY(delete_group({deps, tx, caller.as_actor(request.peer.address), request.received}, known));
    return known.id;
  }));
  return id_response(200, request, deleted);
}

}  // namespace

// Which privilege is needed depends on the kind of the group, so these routes ask for it themselves.
void register_classic_group_routes(Api& classic, const Dependencies& deps) {
  using accounts::Caller;
  using http::Request;
  const std::string path = "/JSSResource/computergroups";
  classic.add("GET", path, "", [deps](const Request& request, const Caller& caller) {
    return list_classic_groups(deps, request, caller);
  });
  classic.add("POST", path + "/id/{id}", "", [deps](const Request& request, const Caller& caller) {
    return create_classic_group(deps, request, caller);
  });
  for (const std::string& one : {path + "/id/{id}", path + "/name/{name}"}) {
    classic.add("GET", one, "", [deps](const Request& request, const Caller& caller) {
      return get_classic_group(deps, request, caller);
    });
    classic.add("PUT", one, "", [deps](const Request& request, const Caller& caller) {
      return update_classic_group(deps, request, caller);
    });
    classic.add("DELETE", one, "", [deps](const Request& request, const Caller& caller) {
      return delete_classic_group(deps, request, caller);
    });
  }
}

}  // namespace wardbridge::jamf_api
