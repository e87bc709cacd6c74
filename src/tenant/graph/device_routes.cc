#include "base/text.h"
#include "tenant/graph/graph_wire.h"
#include "tenant/graph/read.h"
#include "tenant/graph/resources.h"
#include "tenant/graph/routes.h"

namespace wardbridge::graph {
namespace {

using directory::DeviceId;
using directory::ObjectId;
using Response = Result<http::Response>;

Items to_items(const std::vector<directory::Device>& devices, Time now) {
  Items items;
  for (const directory::Device& device : devices) items.push_back(to_json(device, now));
  return items;
}

Items to_items(const std::optional<directory::Device>& device, Time now) {
  return device ? Items{to_json(*device, now)} : Items{};
}

// ENTRA: addressed by object id, or by `(deviceId='<id>')`.
std::optional<directory::Device> find_device(store::Transaction& tx, const Call& call) {
  const auto& parameters = call.request.path_parameters;
  if (const auto by_device_id = parameters.find("deviceId"); by_device_id != parameters.end())
    return directory::find_device(tx, call.caller.tenant, DeviceId{by_device_id->second});
  return directory::find_device_by_object_id(tx, call.caller.tenant, ObjectId{call.parameter("id")});
}

Response list_devices(const Call& call) {
  return reply_list(call, device_type(), kDirectoryRules, "devices",
                    [&](store::Transaction& tx, const Query& query) -> Result<Items> {
                      const directory::TenantId& tenant = call.caller.tenant;
                      // Whoever waits for one device's verdict asks by its id, again and again: no scan for that.
                      if (const auto id = demanded(query, "deviceId"))
                        return to_items(directory::find_device(tx, tenant, DeviceId{*id}), call.now);
                      if (const auto id = demanded(query, "id"))
                        return to_items(directory::find_device_by_object_id(tx, tenant, ObjectId{*id}), call.now);
                      return to_items(directory::devices(tx, tenant), call.now);
                    });
}

Response get_device(const Call& call) {
  return reply_one(call, device_type(), "devices", asked_for(call), [&](store::Transaction& tx) -> MaybeItem {
    const auto device = find_device(tx, call);
    if (!device) return std::nullopt;
    return to_json(*device, call.now);
  });
}

Response list_registered_devices(const Call& call) {
  const std::string& id = call.parameter("id");
  return reply_list(call, device_type(), kDirectoryRules, "devices",
                    [&](store::Transaction& tx, const Query&) -> Result<Items> {
                      const auto user = text::is_guid(id) ? directory::find_user(tx, call.caller.tenant, ObjectId{id})
                                                          : directory::find_user_by_name(tx, call.caller.tenant, id);
                      if (!user) return no_resource(id);
                      return to_items(directory::devices_of_user(tx, call.caller.tenant, user->id), call.now);
                    });
}

// What an administrator may change. INVARIANT: law 7: a verdict is not among it.
Status apply_patch(const json::Object& patch, directory::Device& device) {
  for (const auto& member : patch) {
    const std::string name(member.key());
    if (name.find("@odata.") != std::string::npos) continue;
    if (name == "accountEnabled") {
      device.account_enabled = TRY(json::required_bool(patch, name));
    } else if (name == "displayName") {
      device.display_name = TRY(json::required_text(patch, name));
    } else if (!device_type().find(name)) {
      return invalid("unknown_property",
                     "could not find a property named `" + name + "` on type `microsoft.graph.device`", name);
    } else if (name == "isCompliant" || name == "isManaged" || name == "mdmAppId" ||
               name == "complianceExpirationDateTime") {
      return Failure{Code::forbidden, "compliance_is_read_only",
                     "the property `" + name + "` is written by the device's compliance partner alone", name};
    } else {
      return invalid("read_only_property", "the property `" + name + "` can't be updated", name);
    }
  }
  return done();
}

Response update_device(const Call& call) {
  const json::Value body = TRY(json::parse(call.request.body));
  const json::Object& patch = TRY(json::as_object(body));
  TRY(call.with.store.write([&](store::Transaction& tx) -> Status {
    auto device = find_device(tx, call);
    if (!device) return no_resource(asked_for(call));
    TRY(apply_patch(patch, *device));
    return directory::update_device(tx, call.caller.tenant, *device, call.caller.actor(call.request), call.now);
  }));
  return empty_reply(call.request, 204);
}

Response delete_device(const Call& call) {
  TRY(call.with.store.write([&](store::Transaction& tx) -> Status {
    const auto device = find_device(tx, call);
    if (!device) return no_resource(asked_for(call));
    return directory::delete_device(tx, call.caller.tenant, device->device_id, call.caller.actor(call.request),
                                    call.now);
  }));
  return empty_reply(call.request, 204);
}

}  // namespace

const std::vector<Route>& device_routes() {
  static const auto* const kRoutes = [] {
    const AnyOf read{"Device.Read.All", "Device.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"};
    const AnyOf write{"Device.ReadWrite.All", "Directory.ReadWrite.All"};
    return new std::vector<Route>{
        {"GET", "/devices", {read}, list_devices},
        {"GET", "/devices/{id}", {read}, get_device},
        {"GET", "/devices(deviceId='{deviceId}')", {read}, get_device},
        {"GET", "/users/{id}/registeredDevices", {read}, list_registered_devices},
        {"PATCH", "/devices/{id}", {write}, update_device},
        {"PATCH", "/devices(deviceId='{deviceId}')", {write}, update_device},
        {"DELETE", "/devices/{id}", {write}, delete_device},
        {"DELETE", "/devices(deviceId='{deviceId}')", {write}, delete_device},
    };
  }();
  return *kRoutes;
}

}  // namespace wardbridge::graph
