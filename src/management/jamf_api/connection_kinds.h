// What connections of all types have in common for those who choose among them; for this room's own sources.
#pragma once

#include "connector/ledger/ledger.h"

namespace wardbridge::jamf_api {

bool is_connection(store::Transaction& tx, ledger::ConnectionId id);
// Whether a connection tells inventory beside the verdict: the manual one does, and one through a Cloud Connector whose
// tenant keeps it in Partner device management.
bool carries_inventory(store::Transaction& tx, ledger::ConnectionId id);

}  // namespace wardbridge::jamf_api
