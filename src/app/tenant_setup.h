// Makes the tenants of the configuration: directory objects, first-party applications, consent, partner services.
#pragma once

#include <string>

#include "app/world.h"

namespace wardbridge::app {

// Idempotent: an object that is there already (by domain, principal name, group name, application name or id) stays as
// it is. `bad_config` names what is wrong with an entry.
Status set_up_tenant(store::Store& store, const TenantConfig& config, const std::string& face_url, const World& world);

}  // namespace wardbridge::app
