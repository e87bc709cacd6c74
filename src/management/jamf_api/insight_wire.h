// What our own routes about groups and computers share; for this room's own sources.
#pragma once

#include <string_view>

#include "management/groups/regroup.h"
#include "management/jamf_api/api.h"

namespace wardbridge::jamf_api {

// null for "never" and "for as long as nothing changes".
json::Value moment_or_null(Time time);

// {"id","name","serialNumber","udid","managed","lastCheckIn","lastInventoryUpdate"}
json::Object computer_json(const inventory::Computer& computer);

// A group of either kind by its number, its platform's UUID or its name. `not_found`/`no_group`.
Result<groups::ComputerGroup> any_group_at(store::Transaction& tx, const http::Request& request,
                                           std::string_view parameter);

}  // namespace wardbridge::jamf_api
