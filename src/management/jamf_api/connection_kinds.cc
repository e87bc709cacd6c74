#include "management/jamf_api/connection_kinds.h"

#include "connector/cloud_connection/cloud_connection.h"
#include "connector/device_compliance/device_compliance.h"

namespace wardbridge::jamf_api {

bool is_connection(store::Transaction& tx, ledger::ConnectionId id) {
  return device_compliance::find(tx, id) || cloud_connection::find(tx, id);
}

bool carries_inventory(store::Transaction& tx, ledger::ConnectionId id) {
  if (auto direct = device_compliance::find(tx, id)) return direct->settings.type == device_compliance::Type::manual;
  auto through = cloud_connection::find(tx, id);
  return through && through->attachment.protocol == partner::Protocol::device_partner;
}

}  // namespace wardbridge::jamf_api
