// Records of another server: the body is a file as `wardbridge import computers` reads it.
#include "management/groups/extension_attributes.h"
#include "management/jamf_api/routes.h"
#include "management/sources/sources.h"

namespace wardbridge::jamf_api {
namespace {

// Extension attributes are known by name across servers; their ids are each server's own. A name that this server does
// not have gets a definition here, so that no value is lost.
Status adopt_extension_attributes(store::Transaction& tx, inventory::Sections& sections, Time now,
                                  const audit::Actor& by) {
  auto section = sections.find(inventory::Section::extension_attributes);
  if (section == sections.end() || !section->second.is_array()) return done();
  for (json::Value& value : section->second.get_array()) {
    if (!value.is_object()) continue;
    json::Object& attribute = value.get_object();
    std::string name(json::text_at(attribute, "name").value_or(""));
    if (name.empty()) continue;
    auto known = groups::find_attribute_by_name(tx, name);
    if (!known) {
      groups::ExtensionAttribute fresh{
          .name = name, .description = std::string(json::text_at(attribute, "description").value_or(""))};
      auto type = json::text_at(attribute, "dataType").value_or("STRING");
      // JAMF: the record says DATE_TIME where the definition says DATE.
      fresh.data_type = groups::data_type_from_wire_name(type == "DATE_TIME" ? "DATE" : type)
                            .value_or(groups::ExtensionAttribute::DataType::string);
      auto created = groups::create_attribute(tx, fresh, now, by);
      // A name that this server has built in stays a plain value of the record.
      if (!created.ok()) continue;
      fresh.id = *created;
      known = fresh;
    }
    attribute["definitionId"] = std::to_string(known->id.value);
  }
  return done();
}

Result<http::Response> import_computers(const Dependencies& deps, const http::Request& request,
                                        const accounts::Caller& caller) {
  auto parsed = TRY(sources::parse_import(request.body));
  audit::Actor by = caller.as_actor(request.peer.address);
  Time now = request.received;
  auto outcome = sources::import_records(
      deps.store, std::move(parsed),
      [&](store::Transaction& tx, sources::ImportedComputer computer) -> Result<inventory::Recorded> {
        TRY(adopt_extension_attributes(tx, computer.sections, now, by));
        inventory::NewComputer record{
            .udid = computer.udid, .sections = std::move(computer.sections), .management_id = deps.entropy.guid()};
        auto recorded = TRY(inventory::record_computer(tx, record, now, by));
        if (recorded.effect != inventory::Recorded::Effect::unchanged) {
          deps.pipeline.settle(tx, recorded.id, "imported", kEpoch, now);
        }
        return recorded;
      });
  return http::json_response(200, sources::to_json(outcome));
}

}  // namespace

void register_import_routes(Api& api, const Dependencies& deps) {
  api.add_for_all_of({"Create Computers", "Update Computers"}, "POST", "/api/v1/wardbridge/imports/computers",
                     [deps](const http::Request& request, const accounts::Caller& caller) {
                       return import_computers(deps, request, caller);
                     });
}

}  // namespace wardbridge::jamf_api
