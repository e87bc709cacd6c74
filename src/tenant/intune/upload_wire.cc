#include "tenant/intune/upload_wire.h"

#include <algorithm>
#include <map>

#include "base/text.h"

namespace wardbridge::intune {
namespace {

// ENTRA: 1 is the device inventory, 4 the compliance; 2 and 3 are not published.
constexpr std::int64_t kInventory = 1;
constexpr std::int64_t kCompliance = 4;
constexpr std::size_t kEntities = 200;
constexpr std::size_t kTextBytes = 1024;

Failure bad_entity(std::string_view field, const std::string& why) {
  return invalid("bad_entity", "`" + std::string(field) + "` " + why, std::string(field));
}

Result<std::string> guid_at(const json::Object& entity, std::string_view field) {
  std::string value = TRY(json::required_text(entity, field));
  if (!text::is_guid(value)) return bad_entity(field, "must be a GUID, not `" + value.substr(0, 80) + "`");
  return text::lower(value);
}

Result<std::string> short_text_at(const json::Object& entity, std::string_view field) {
  std::string value = TRY(json::optional_text(entity, field));
  if (value.size() > kTextBytes) return bad_entity(field, "is longer than 1024 bytes");
  return value;
}

Result<Time> time_at(const json::Object& entity, std::string_view field) {
  std::string value = TRY(json::required_text(entity, field));
  Result<Time> time = parse_iso8601(value);
  if (!time.ok()) return bad_entity(field, "must be an ISO 8601 time, not `" + value.substr(0, 80) + "`");
  return time;
}

Status read_inventory(const json::Object& entity, DeviceMessage& device) {
  std::string state = TRY(json::required_text(entity, "DeviceManagementState"));
  if (state != "managed" && state != "notManaged") {
    return bad_entity("DeviceManagementState", "must be `managed` or `notManaged`, not `" + state.substr(0, 80) + "`");
  }
  device.is_managed = state == "managed";
  device.device_name = TRY(short_text_at(entity, "DeviceName"));
  device.os = TRY(short_text_at(entity, "Os"));
  device.os_version = TRY(short_text_at(entity, "OsVersion"));
  if (!json::array_at(entity, "EasIds")) return bad_entity("EasIds", "is required; it may be empty");
  TRY(time_at(entity, "LastCheckInTime"));
  return done();
}

// Fields that only a Wardbridge connector sends, since only our provisioning answer announces them.
Status read_extensions(const json::Object& entity, DeviceMessage& device) {
  device.reason = TRY(short_text_at(entity, "WardbridgeReason"));
  if (json::find(entity, "WardbridgeValidUntil")) device.valid_until = TRY(time_at(entity, "WardbridgeValidUntil"));
  if (json::find(entity, "WardbridgeEpoch") || json::find(entity, "WardbridgeSequence")) {
    device.epoch = TRY(json::required_integer(entity, "WardbridgeEpoch"));
    device.sequence = TRY(json::required_integer(entity, "WardbridgeSequence"));
    if (device.epoch < 1) return bad_entity("WardbridgeEpoch", "must be at least 1");
    if (device.sequence < 1) return bad_entity("WardbridgeSequence", "must be at least 1");
  }
  return done();
}

Status read_compliance(const json::Object& entity, DeviceMessage& device) {
  std::string status = TRY(json::required_text(entity, "complianceStatus"));
  if (status != "compliant" && status != "notCompliant") {
    return bad_entity("complianceStatus", "must be `compliant` or `notCompliant`, not `" + status.substr(0, 80) + "`");
  }
  device.is_compliant = status == "compliant";
  return read_extensions(entity, device);
}

struct Found {
  DeviceMessage device;
  bool has_inventory = false;
  bool has_compliance = false;
  Time last_update = kEpoch;
};

Status read_entity(const json::Object& entity, const std::string& tenant_id, std::map<std::string, Found>& found) {
  std::int64_t type = TRY(json::required_integer(entity, "EntityType"));
  if (type != kInventory && type != kCompliance) {
    return bad_entity("EntityType", "must be 1 or 4, not `" + std::to_string(type) + "`");
  }
  if (TRY(guid_at(entity, "TenantId")) != tenant_id) return bad_entity("TenantId", "is not the tenant of the message");
  std::string device_id = TRY(guid_at(entity, "DeviceId"));
  Found& device = found[device_id];
  bool& seen = type == kInventory ? device.has_inventory : device.has_compliance;
  if (seen) return bad_entity("DeviceId", "`" + device_id + "` comes twice with the same EntityType");
  seen = true;
  device.device.device_id = device_id;
  device.device.user_id = TRY(short_text_at(entity, "UserId"));
  for (const auto& member : entity) device.device.inventory[member.key()] = member.value();
  device.last_update = std::max(device.last_update, TRY(time_at(entity, "LastUpdateTime")));
  return type == kInventory ? read_inventory(entity, device.device) : read_compliance(entity, device.device);
}

}  // namespace

Result<UploadEnvelope> read_envelope(std::string_view body) {
  json::Value value = TRY(json::parse(body));
  const json::Object& object = TRY(json::as_object(value));
  UploadEnvelope envelope;
  envelope.tenant_id = text::lower(TRY(json::required_text(object, "TenantId")));
  TRY(json::required_text(object, "UploadTime"));
  const json::Value* content = json::find(object, "Content");
  if (!content) return invalid("missing_field", "`Content` is required", "Content");
  // ENTRA: in 2018 an array, since then a string with JSON inside.
  if (const auto* inner = content->if_string()) {
    Result<json::Value> parsed = json::parse(*inner);
    if (!parsed.ok()) return invalid("bad_content", "`Content` is " + parsed.failure().message, "Content");
    envelope.content = std::move(*parsed);
  } else {
    envelope.content = *content;
  }
  if (!envelope.content.is_array()) return invalid("bad_content", "`Content` must hold an array", "Content");
  return envelope;
}

Result<std::vector<DeviceMessage>> read_content(const json::Value& content, const std::string& tenant_id) {
  const json::Array& entities = content.get_array();
  if (entities.empty()) return invalid("bad_content", "`Content` holds no entity", "Content");
  if (entities.size() > kEntities) return invalid("bad_content", "`Content` holds more than 200 entities", "Content");
  std::map<std::string, Found> found;
  for (const json::Value& entity : entities) {
    TRY(read_entity(TRY(json::as_object(entity, "an entity")), tenant_id, found));
  }
  std::vector<DeviceMessage> devices;
  for (auto& [id, device] : found) {
    if (!device.has_inventory)
      return bad_entity("DeviceManagementState", "is missing: `" + id + "` has no entity of type 1");
    if (device.device.epoch == 0) device.device.sequence = to_unix_milliseconds(device.last_update);
    devices.push_back(std::move(device.device));
  }
  return devices;
}

}  // namespace wardbridge::intune
