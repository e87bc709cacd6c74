// What the routes of administrators and those of Macs share about Self Service; for this room's own sources.
#pragma once

#include "management/jamf_api/api.h"
#include "management/jamf_api/jamf_api.h"
#include "management/self_service/self_service.h"

namespace wardbridge::jamf_api {

// What the Self Service of that computer shows, what installs itself there, what it has to know of the integration, and
// for each account that is not compliant why, and what to do.
json::Object self_service_json(const Dependencies& deps, store::Transaction& tx, const inventory::Computer& computer,
                               Time now);

// {id} of our own routes: what inventory::find_called() takes, as far as that is one computer.
Result<inventory::Computer> the_computer(store::Transaction& tx, const std::string& what);

}  // namespace wardbridge::jamf_api
