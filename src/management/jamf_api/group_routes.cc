// Smart computer groups, versions 2 and 3, and the extension attributes whose names are criteria like the built-in
// ones.
#include "management/groups/extension_attributes.h"
#include "management/jamf_api/routes.h"

namespace wardbridge::jamf_api {
namespace {

using groups::GroupId;
using groups::SmartComputerGroup;

json::Object criterion_json(const criteria::Criterion& criterion) {
  return {{"name", criterion.name},
          {"priority", criterion.priority},
          {"andOr", text::lower(criterion.and_or)},
          {"searchType", criterion.search_type},
          {"value", criterion.value},
          {"openingParen", criterion.opening_paren},
          {"closingParen", criterion.closing_paren}};
}

// JAMF: an item carries no id of its own.
json::Object group_json(const SmartComputerGroup& group) {
  json::Array criteria;
  for (const auto& criterion : group.criteria) criteria.push_back(criterion_json(criterion));
  return {{"name", group.name},
          {"description", group.description},
          {"criteria", criteria},
          {"siteId", std::to_string(group.site_id)}};
}

Result<criteria::Criterion> criterion_from(const json::Value& value, std::size_t position) {
  std::string where = "criteria[" + std::to_string(position) + "]";
  const json::Object& object = TRY(json::as_object(value, "`" + where + "`"));
  auto prefixed = [&](auto result) {
    if (!result.ok()) {
      Failure failure = result.failure();
      failure.where = where + "." + failure.where;
      return decltype(result)(failure);
    }
    return result;
  };
  criteria::Criterion criterion;
  criterion.name = TRY(prefixed(json::required_text(object, "name")));
  criterion.priority = TRY(prefixed(json::required_integer(object, "priority")));
  criterion.and_or = text::lower(TRY(prefixed(json::required_text(object, "andOr"))));
  criterion.search_type = TRY(prefixed(json::required_text(object, "searchType")));
  criterion.value = TRY(prefixed(json::required_text(object, "value")));
  criterion.opening_paren = TRY(prefixed(json::optional_bool(object, "openingParen", false)));
  criterion.closing_paren = TRY(prefixed(json::optional_bool(object, "closingParen", false)));
  return criterion;
}

// JAMF: a write is a full replace; what is left out becomes empty (description), no site (siteId), no criteria.
Result<SmartComputerGroup> group_from(const http::Request& request) {
  json::Value body = TRY(json_body(request));
  const json::Object& object = TRY(json::as_object(body));
  SmartComputerGroup group;
  group.name = TRY(json::required_text(object, "name"));
  group.description = TRY(json::optional_text(object, "description"));
  std::string site = TRY(json::optional_text(object, "siteId", "-1"));
  auto site_id = text::parse_integer(site);
  if (!site_id) return invalid("invalid_id", "`siteId` must be an id, not `" + site.substr(0, 40) + "`", "siteId");
  group.site_id = *site_id;
  if (const json::Value* criteria = json::find(object, "criteria")) {
    const json::Array* array = criteria->if_array();
    if (!array) return invalid("bad_field_type", "`criteria` must be an array", "criteria");
    for (const json::Value& item : *array) group.criteria.push_back(TRY(criterion_from(item, group.criteria.size())));
  }
  return group;
}

// JAMF: version 2 answers 400 where version 3 answers 422, for duplicates and dependencies alike.
Result<http::Response> in_version(Result<http::Response> result, int version, const http::Request& request) {
  if (result.ok() || result.failure().code != Code::conflict) return result;
  bool dependencies = result.failure().reason == "has_dependencies";
  return error_response(version == 2 ? 400 : 422, dependencies ? "HAS_DEPENDENCIES" : "DUPLICATE_FIELD",
                        dependencies ? "id" : "name", result.failure().message, request);
}

// Every group route takes the number or the platform's UUID.
Result<SmartComputerGroup> group_of(store::Transaction& tx, const http::Request& request) {
  const std::string& text = request.path_parameter("id");
  auto group = text::is_guid(text) ? groups::find_by_platform_id(tx, text::lower(text))
                                   : groups::find(tx, GroupId{TRY(path_id(request))});
  if (!group) return not_found("no_group", "no smart computer group has the id " + text);
  return *group;
}

json::Object warnings_json(json::Object body, const std::vector<criteria::Warning>& warnings) {
  if (warnings.empty()) return body;
  json::Array texts;
  for (const auto& warning : warnings)
    texts.push_back(json::Object{{"reason", warning.reason}, {"message", warning.message}});
  body["wardbridgeWarnings"] = std::move(texts);
  return body;
}

Result<http::Response> list_groups(const Dependencies& deps, const http::Request& request) {
  Paging paging = paging_of(request);
  json::Object page = TRY(deps.store.read([&](store::Transaction& tx) -> Result<json::Object> {
    auto all = groups::list(tx);
    auto counts = groups::count_all_members(tx, request.received);
    json::Array results;
    auto first = static_cast<std::size_t>(paging.page) * static_cast<std::size_t>(paging.page_size);
    for (std::size_t i = first; i < all.size() && results.size() < static_cast<std::size_t>(paging.page_size); ++i) {
      auto count = counts.find(all[i].id);
      results.push_back(json::Object{{"id", std::to_string(all[i].id.value)},
                                     {"siteId", std::to_string(all[i].site_id)},
                                     {"name", all[i].name},
                                     {"description", all[i].description},
                                     {"membershipCount", count == counts.end() ? 0 : count->second}});
    }
    return json::Object{{"totalCount", all.size()}, {"results", std::move(results)}};
  }));
  return http::json_response(200, page);
}

Result<http::Response> create_group(const Dependencies& deps, const http::Request& request,
                                    const accounts::Caller& caller, const std::string& path) {
  SmartComputerGroup group = TRY(group_from(request));
  group.platform_id = deps.entropy.guid();
  auto saved = TRY(deps.store.write([&](store::Transaction& tx) -> Result<groups::Saved> {
    auto fresh = TRY(groups::create(tx, group, request.received, caller.as_actor(request.peer.address)));
    return fresh;
  }));
  return http::json_response(
      201, warnings_json(href_response(request, path, std::to_string(saved.id.value)), saved.warnings));
}

Result<http::Response> replace_group(const Dependencies& deps, const http::Request& request,
                                     const accounts::Caller& caller) {
  SmartComputerGroup wanted = TRY(group_from(request));
  json::Object body = TRY(deps.store.write([&](store::Transaction& tx) -> Result<json::Object> {
    SmartComputerGroup known = TRY(group_of(tx, request));
    wanted.id = known.id;
    wanted.platform_id = known.platform_id;
    auto saved = TRY(groups::replace(tx, wanted, request.received, caller.as_actor(request.peer.address)));
    return warnings_json(group_json(*groups::find(tx, known.id)), saved.warnings);
  }));
  return http::json_response(202, body);
}

Result<http::Response> delete_group(const Dependencies& deps, const http::Request& request,
                                    const accounts::Caller& caller) {
  TRY(deps.store.write([&](store::Transaction& tx) -> Status {
    SmartComputerGroup known = TRY(group_of(tx, request));
    auto settings = compliance::settings(tx);
    if (settings.enabled && (settings.compliance_group == known.id || settings.applicable_group == known.id)) {
      return conflict("has_dependencies", "`" + known.name + "` decides the device compliance of computers");
    }
    TRY(groups::remove(tx, known.id, request.received, caller.as_actor(request.peer.address)));
    return done();
  }));
  return http::no_content();
}

void register_groups(Api& api, const Dependencies& deps, int version) {
  const std::string base = "/api/v" + std::to_string(version) + "/computer-groups";
  const std::string path = base + "/smart-groups";
  api.add("GET", path, "Read Smart Computer Groups",
          [deps](const http::Request& request, const accounts::Caller&) { return list_groups(deps, request); });
  api.add("POST", path, "Create Smart Computer Groups",
          [deps, version, path](const http::Request& request, const accounts::Caller& caller) {
            return in_version(create_group(deps, request, caller, path), version, request);
          });
  api.add("GET", path + "/{id}", "Read Smart Computer Groups",
          [deps](const http::Request& request, const accounts::Caller&) -> Result<http::Response> {
            auto group = TRY(deps.store.read([&](store::Transaction& tx) { return group_of(tx, request); }));
            return http::json_response(200, group_json(group));
          });
  api.add("PUT", path + "/{id}", "Update Smart Computer Groups",
          [deps, version](const http::Request& request, const accounts::Caller& caller) {
            return in_version(replace_group(deps, request, caller), version, request);
          });
  api.add("DELETE", path + "/{id}", "Delete Smart Computer Groups",
          [deps, version](const http::Request& request, const accounts::Caller& caller) {
            return in_version(delete_group(deps, request, caller), version, request);
          });
  api.add("GET", base + "/smart-group-membership/{id}", "Read Smart Computer Groups",
          [deps](const http::Request& request, const accounts::Caller&) -> Result<http::Response> {
            auto members = TRY(deps.store.read([&](store::Transaction& tx) -> Result<json::Array> {
              json::Array ids;
              for (const auto& member : groups::members(tx, TRY(group_of(tx, request)).id, request.received))
                ids.emplace_back(member.computer.value);
              return ids;
            }));
            return http::json_response(200, json::Object{{"members", members}});
          });
}

json::Object attribute_json(const groups::ExtensionAttribute& attribute) {
  return {{"id", std::to_string(attribute.id.value)},
          {"name", attribute.name},
          {"description", attribute.description},
          {"dataType", groups::wire_name(attribute.data_type)},
          {"enabled", attribute.enabled},
          {"inventoryDisplayType", attribute.inventory_display_type},
          {"inputType", attribute.input_type},
          {"popupMenuChoices", json::to_array(attribute.popup_choices)}};
}

Result<groups::ExtensionAttribute> attribute_from(const http::Request& request) {
  json::Value body = TRY(json_body(request));
  const json::Object& object = TRY(json::as_object(body));
  groups::ExtensionAttribute attribute;
  attribute.name = TRY(json::required_text(object, "name"));
  attribute.description = TRY(json::optional_text(object, "description"));
  attribute.enabled = TRY(json::optional_bool(object, "enabled", true));
  attribute.inventory_display_type = TRY(json::optional_text(object, "inventoryDisplayType", "EXTENSION_ATTRIBUTES"));
  attribute.input_type = TRY(json::optional_text(object, "inputType", "TEXT"));
  attribute.popup_choices = TRY(json::optional_texts(object, "popupMenuChoices"));
  std::string type = TRY(json::optional_text(object, "dataType", "STRING"));
  auto data_type = groups::data_type_from_wire_name(type);
  if (!data_type)
    return invalid("bad_enum_value", "`dataType` must be STRING, INTEGER or DATE, not `" + type.substr(0, 40) + "`",
                   "dataType");
  attribute.data_type = *data_type;
  return attribute;
}

void register_attributes(Api& api, const Dependencies& deps) {
  const std::string path = "/api/v1/computer-extension-attributes";
  api.add("GET", path, "Read Computer Extension Attributes",
          [deps](const http::Request&, const accounts::Caller&) -> Result<http::Response> {
            auto all = TRY(deps.store.read([](store::Transaction& tx) -> Result<json::Array> {
              json::Array results;
              for (const auto& attribute : groups::list_attributes(tx)) results.push_back(attribute_json(attribute));
              return results;
            }));
            return http::json_response(200, json::Object{{"totalCount", all.size()}, {"results", all}});
          });
  api.add("POST", path, "Create Computer Extension Attributes",
          [deps, path](const http::Request& request, const accounts::Caller& caller) -> Result<http::Response> {
            auto attribute = TRY(attribute_from(request));
            auto id = TRY(deps.store.write([&](store::Transaction& tx) {
              return groups::create_attribute(tx, attribute, request.received, caller.as_actor(request.peer.address));
            }));
            return http::json_response(201, href_response(request, path, std::to_string(id.value)));
          });
  api.add("GET", path + "/{id}", "Read Computer Extension Attributes",
          [deps](const http::Request& request, const accounts::Caller&) -> Result<http::Response> {
            groups::AttributeId id{TRY(path_id(request))};
            auto found =
                TRY(deps.store.read([&](store::Transaction& tx) -> Result<std::optional<groups::ExtensionAttribute>> {
                  return groups::find_attribute(tx, id);
                }));
            if (!found)
              return not_found("no_extension_attribute",
                               "no extension attribute has the id " + std::to_string(id.value));
            return http::json_response(200, attribute_json(*found));
          });
  api.add("PUT", path + "/{id}", "Update Computer Extension Attributes",
          [deps](const http::Request& request, const accounts::Caller& caller) -> Result<http::Response> {
            auto attribute = TRY(attribute_from(request));
            attribute.id = groups::AttributeId{TRY(path_id(request))};
            TRY(deps.store.write([&](store::Transaction& tx) -> Status {
              TRY(groups::replace_attribute(tx, attribute, request.received, caller.as_actor(request.peer.address)));
              return done();
            }));
            return http::json_response(202, attribute_json(attribute));
          });
  api.add("DELETE", path + "/{id}", "Delete Computer Extension Attributes",
          [deps](const http::Request& request, const accounts::Caller& caller) -> Result<http::Response> {
            groups::AttributeId id{TRY(path_id(request))};
            TRY(deps.store.write([&](store::Transaction& tx) {
              return groups::remove_attribute(tx, id, request.received, caller.as_actor(request.peer.address));
            }));
            return http::no_content();
          });
}

}  // namespace

void register_group_routes(Api& api, const Dependencies& deps) {
  for (int version : {2, 3}) register_groups(api, deps, version);
  register_attributes(api, deps);
  // JAMF: the whole list as a bare array.
  api.add_for_all_of({"Read Smart Computer Groups", "Read Static Computer Groups"}, "GET", "/api/v1/computer-groups",
                     [deps](const http::Request&, const accounts::Caller&) -> Result<http::Response> {
                       auto all = TRY(deps.store.read([](store::Transaction& tx) -> Result<json::Array> {
                         json::Array groups_json;
                         for (const auto& group : groups::list(tx)) {
                           groups_json.push_back(json::Object{{"id", std::to_string(group.id.value)},
                                                              {"name", group.name},
                                                              {"description", group.description},
                                                              {"smartGroup", true}});
                         }
                         return groups_json;
                       }));
                       return http::json_response(200, all);
                     });
}

}  // namespace wardbridge::jamf_api
