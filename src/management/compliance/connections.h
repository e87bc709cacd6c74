// Connections of whichever type, as far as device compliance is concerned: which there are, whether verdicts can travel
// by them, and turning them on and off.
#pragma once

#include <optional>
#include <string>

#include "connector/ledger/ledger.h"
#include "platform/audit/audit.h"
#include "platform/store/store.h"

namespace wardbridge::compliance {

struct AnyConnection {
  ledger::ConnectionId id;
  std::string name;
  std::string type;   // `manual`, `deviceCompliance`, `cloudConnector`
  std::string state;  // of its own room
  bool is_active = false;
  bool is_off = false;  // turned off, or on the way there
  bool carries_inventory = false;
  std::string error_reason;
  std::string error_message;
  Time last_heartbeat = kEpoch;  // to the tenant; kEpoch: never
};
std::optional<AnyConnection> find_connection(store::Transaction& tx, ledger::ConnectionId id);

// INVARIANT: law 5 is the rule: `retracted`. With `handed_over` verdicts stand until they end, or another one speaks.
enum class Verdicts { retracted, handed_over };
Status turn_off(store::Transaction& tx, ledger::ConnectionId id, Verdicts verdicts, const audit::Actor& by, Time now);
Status turn_on(store::Transaction& tx, ledger::ConnectionId id, const audit::Actor& by, Time now);

}  // namespace wardbridge::compliance
