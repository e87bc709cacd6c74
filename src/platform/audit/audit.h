// Audit rows: who changed what, written in the same transaction as the change, so that there is no change without its
// row (law 9). Each wing keeps its own table in its own store and shows it in its own words (Jamf's change management
// log, Microsoft Graph's directoryAudits).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "platform/store/store.h"

namespace wardbridge::audit {

struct Actor {
  enum class Kind { user, application, device, system } kind = Kind::system;
  std::string id;    // account, client or device id; empty for the system itself
  std::string name;  // as people know it
  std::string address;
};

struct Entry {
  Time time = kEpoch;
  Actor actor;
  std::string action;       // `create`, `update`, `delete`, or the wing's own word (`Add member to group`)
  std::string object_type;  // the wing's noun: `Smart Computer Group`, `Device`
  std::string object_id;
  std::string object_name;
  json::Object details;     // property -> {"old":..,"new":..}; never a secret
};

struct StoredEntry {
  std::int64_t sequence = 0;
  Entry entry;
};

extern const store::Schema kSchema;

void record(store::Transaction& tx, const Entry& entry);

// Newest first. Empty strings do not restrict.
std::vector<StoredEntry> list(store::Transaction& tx, const std::string& object_type, const std::string& object_id,
                              int limit, std::optional<std::int64_t> before_sequence = {});

// Oldest first, those after `sequence`.
std::vector<StoredEntry> list_after(store::Transaction& tx, std::int64_t sequence, int limit);

}  // namespace wardbridge::audit
