// Devices: read, found, disabled, named, deleted; who owns them.
#include "tenant/graph/graph_wire.h"
#include "tenant/graph/input.h"
#include "tenant/graph/people.h"

namespace wardbridge::graph {
namespace {

using directory::Device;
using directory::ObjectId;
using Response = Result<http::Response>;

const CollectionRules kDeviceRules{.expands = {"registeredOwners", "registeredUsers", "memberOf", "transitiveMemberOf"},
                                   .searched = true,
                                   .advanced_queries_need_header = true};

void expand_device(store::Transaction& tx, const Call& call, const std::string& relation, json::Object& item) {
  const directory::TenantId& tenant = call.caller.tenant;
  const ObjectId id{std::string(item.at("id").as_string())};
  std::vector<ObjectId> ids;
  if (relation == "memberOf") {
    ids = directory::groups_of(tx, tenant, id);
  } else if (relation == "transitiveMemberOf") {
    ids = directory::transitive_groups_of(tx, tenant, id);
  } else if (const auto device = directory::find_device_by_object_id(tx, tenant, id);
             device && device->registered_owner) {
    ids = {device->registered_owner};
  }
  item[relation] = expanded_objects(tx, call, std::move(ids));
}

Result<Walk> walk_devices(const Call& call, const Query& query) {
  return walk_objects(call, directory::ObjectKind::device, query, directory::devices_with_ids,
                      [now = call.now](const Device& device) { return to_json(device, now); });
}

Response list_devices(const Call& call) {
  const Query query = TRY(Query::parse(call.request, device_type(), kDeviceRules));
  return reply_walk(call, query, "devices", TRY(walk_devices(call, query)),
                    [&](store::Transaction& tx, const std::string& relation, json::Object& item) {
                      expand_device(tx, call, relation, item);
                    });
}

Response count_devices(const Call& call) {
  const Query query = TRY(Query::parse_count(call.request, device_type(), kDeviceRules));
  return reply_count(call, query, TRY(walk_devices(call, query)));
}

Response get_device(const Call& call) {
  const Query query = TRY(Query::parse_single(call.request, device_type(), kDeviceRules.expands));
  auto item = TRY(call.with.store.read([&](store::Transaction& tx) -> Result<json::Object> {
    const Device device = TRY(device_of(tx, call));
    json::Object shown = query.select(to_json(device, call.now));
    if (!query.expanded().empty()) {
      json::Object expanded{{"id", device.id.value}};
      expand_device(tx, call, query.expanded(), expanded);
      shown[query.expanded()] = expanded[query.expanded()];
    }
    return shown;
  }));
  return call.one("devices", std::move(item));
}

// ENTRA: at most one owner, who is the user of a registered device, too.
Response list_owners(const Call& call) {
  const Query query = TRY(Query::parse(call.request, directory_object_type(), kTypedRules));
  auto ids = TRY(call.with.store.read([&](store::Transaction& tx) -> Result<std::vector<ObjectId>> {
    const Device device = TRY(device_of(tx, call));
    return device.registered_owner ? std::vector<ObjectId>{device.registered_owner} : std::vector<ObjectId>{};
  }));
  return reply_walk(call, query, "directoryObjects", walk_typed(call, query, source_of(std::move(ids))));
}

// What an administrator may change. INVARIANT: law 7: a verdict is not among it.
const Writers<Device>& device_writers() {
  static const auto* const kWriters = [] {
    auto* writers = new Writers<Device>{{"accountEnabled", writes(&Device::account_enabled)},
                                        {"displayName", writes(&Device::display_name)}};
    (*writers)["extensionAttributes"] = [](const json::Value& value, std::string_view name, Device& device) {
      return write_extension_attributes(value, name, device.extension_attributes);
    };
    for (const char* verdict :
         {"isCompliant", "isManaged", "mdmAppId", "complianceExpirationDateTime", "managementType"})
      (*writers)[verdict] = [](const json::Value&, std::string_view name, Device&) -> Status {
        return Failure{Code::forbidden, "compliance_is_read_only",
                       "the property `" + std::string(name) + "` is written by the device's compliance partner alone",
                       std::string(name)};
      };
    return writers;
  }();
  return *kWriters;
}

Response update_device(const Call& call) {
  const json::Object body = TRY(body_of(call));
  TRY(call.with.store.write([&](store::Transaction& tx) -> Status {
    Device device = TRY(device_of(tx, call));
    TRY(write_properties(body, device_type(), device_writers(), device));
    return directory::update_device(tx, call.caller.tenant, device, call.caller.actor(call.request), call.now);
  }));
  return empty_reply(call.request, 204);
}

Response delete_device(const Call& call) {
  TRY(call.with.store.write([&](store::Transaction& tx) -> Status {
    const Device device = TRY(device_of(tx, call));
    return directory::delete_device(tx, call.caller.tenant, device.device_id, call.caller.actor(call.request),
                                    call.now);
  }));
  return empty_reply(call.request, 204);
}

}  // namespace

const std::vector<Route>& device_routes() {
  static const auto* const kRoutes = [] {
    const AnyOf read{"Device.Read.All", "Device.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"};
    const AnyOf write{"Device.ReadWrite.All", "Directory.ReadWrite.All"};
    constexpr auto kMethod = Effect::by_method;
    constexpr auto kBoth = Versions::both;
    return new std::vector<Route>{
        {"GET",
         "/devices",
         {read},
         list_devices,
         kMethod,
         kBoth,
         "$filter $search $select $expand $orderby $top $skiptoken $count"},
        {"GET", "/devices/$count", {read}, count_devices, kMethod, kBoth, "$filter $search"},
        {"GET", "/devices/{id}", {read}, get_device, kMethod, kBoth, "$select $expand"},
        {"GET", "/devices(deviceId='{deviceId}')", {read}, get_device, kMethod, kBoth, "$select $expand"},
        {"PATCH", "/devices/{id}", {write}, update_device},
        {"PATCH", "/devices(deviceId='{deviceId}')", {write}, update_device},
        {"DELETE", "/devices/{id}", {write}, delete_device},
        {"DELETE", "/devices(deviceId='{deviceId}')", {write}, delete_device},
        {"GET", "/devices/{id}/registeredOwners", {read}, list_owners, kMethod, kBoth, kTypedOptions},
        {"GET", "/devices/{id}/registeredUsers", {read}, list_owners, kMethod, kBoth, kTypedOptions},
    };
  }();
  return *kRoutes;
}

}  // namespace wardbridge::graph
