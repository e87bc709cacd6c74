// The extension attributes, whose names are criteria like the built-in ones.
#include "management/groups/extension_attributes.h"
#include "management/jamf_api/routes.h"

namespace wardbridge::jamf_api {
namespace {

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

}  // namespace

void register_extension_attribute_routes(Api& api, const Dependencies& deps) {
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
            TRY(deps.store.write([&](store::Transaction& tx) {
              return groups::replace_attribute(tx, attribute, request.received, caller.as_actor(request.peer.address));
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

}  // namespace wardbridge::jamf_api
