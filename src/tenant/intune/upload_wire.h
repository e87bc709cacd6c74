// A data upload message as partners write it, read into what it says about each device.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"

namespace wardbridge::intune {

// What one message says about one device: its inventory entity together with its compliance entity.
struct DeviceMessage {
  std::string device_id;
  std::string user_id;
  std::string device_name;
  std::string os;
  std::string os_version;
  bool is_managed = false;
  bool is_compliant = false;  // INVARIANT: law 2: a device without a compliance entity is not compliant
  std::int64_t epoch = 0;
  std::int64_t sequence = 0;
  std::optional<Time> valid_until;
  std::string reason;
  json::Object inventory;  // every member of both entities, for partners whose devices are listed
};

struct UploadEnvelope {
  std::string tenant_id;
  json::Value content;  // the array of entities
};

// The envelope. `Content` may be an array, or a string that holds one.
Result<UploadEnvelope> read_envelope(std::string_view body);
// The entities, all of them or the first that is wrong.
Result<std::vector<DeviceMessage>> read_content(const json::Value& content, const std::string& tenant_id);

}  // namespace wardbridge::intune
