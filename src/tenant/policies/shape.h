// The shape of a policy document: which properties every object has, of what type, with which values. Private to this
// room.
#pragma once

#include <string>

#include "base/json.h"
#include "base/result.h"

namespace wardbridge::policies {

// Fails at the first property that Microsoft Graph's conditionalAccessPolicy doesn't have, that has another type, or
// whose value is none of the known ones. Absent and null are fine everywhere. OData annotations (`@odata...`) pass.
Status check_shape(const json::Object& document);

}  // namespace wardbridge::policies
