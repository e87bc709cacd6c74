// The 24 hours after a connection was turned off without retracting: what the tenant was told stands there until it
// ends by itself, check-ins are kept and judged, and the connection that is chosen within this time takes every Mac
// over as it is. Afterwards nobody can say any more what the tenant believes, and what is shown is UNKNOWN.
//
//   hand_over(tx, manual, by, now);                         // the window opens
//   change_settings(tx, {... .connection = other}, by, now);    // within it: adopted
//
// Registrations are kept in any case: no Mac registers again, however late another connection comes.
#pragma once

#include <optional>

#include "management/compliance/compliance.h"

namespace wardbridge::compliance {

// ENTRA: seed 000: configure the Cloud Connector within 24 hours of removing the manual integration.
inline constexpr Duration kAdoptionTime = hours{24};

struct Window {
  ledger::ConnectionId connection;  // that was turned off
  Time opened = kEpoch;
  Time deadline = kEpoch;
  bool is_lapsed = false;  // from the very moment of the deadline
  std::int64_t devices = 0;
  // Macs that are not compliant any more, while the tenant, which has cut us off, takes them for compliant; until when
  // the last of their verdicts ends there is at most `settings().validity` after the window opened.
  std::int64_t untold_denials = 0;
};
std::optional<Window> window(store::Transaction& tx, Time now);

// Turns the connection off with nothing retracted; the window opens when it is the one that verdicts are told to.
// `conflict`: `migrating` while a migration concerns it, `verdicts_held`.
Status hand_over(store::Transaction& tx, ledger::ConnectionId connection, const audit::Actor& by, Time now);
// The connection that was turned off is turned on again: the window closes, and what was kept is told.
void come_back(store::Transaction& tx, ledger::ConnectionId connection);

// The heartbeat's part: at the deadline what was kept for the tenant is dropped, and every Mac is judged anew: UNKNOWN.
bool has_window_to_close(store::Transaction& tx, Time now);
void close_window(store::Transaction& tx, Time now);

// For this room's own sources. A window that has lapsed stays so, also when the clock goes back.
bool is_lapsed(const Settings& settings, Time now);
std::string lapse_reason(const Settings& settings);
// Whether this person's devices were told to the connection that lapsed; those of other tenants' domains were not.
bool is_lapsed_for(store::Transaction& tx, const Settings& settings, const std::string& user_principal_name, Time now);

}  // namespace wardbridge::compliance
