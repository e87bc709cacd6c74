// The table of connections as values; for this room's sources only.
#pragma once

#include <string>

#include "connector/device_compliance/device_compliance.h"

namespace wardbridge::device_compliance {

// What the secret of a connection is sealed for: moved to another row, it does not open.
std::string seal_context(ConnectionId id);

std::optional<Connection> lock_connection(store::Transaction& tx, ConnectionId id);
// Everything that a Keeper learns; the settings are a person's.
void save_progress(store::Transaction& tx, const Connection& connection);
struct SealedSecrets {
  std::string secret;
  std::string next;  // empty: there is none
};
SealedSecrets sealed_secrets_of(store::Transaction& tx, ConnectionId id);

}  // namespace wardbridge::device_compliance
