// Microsoft's sovereign clouds: where sign-in, Graph and Intune are in each. An administrator picks one by its name;
// the configuration may add rows, or replace them.
//
//   std::vector<Cloud> clouds = known_clouds();
//   const Cloud* cloud = find_cloud(clouds, "global");
//
// Values; safe from any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "connector/partner/partner.h"

namespace wardbridge::partner {

struct Cloud {
  std::string name;  // `global`, `usGovGccHigh`, `usGovDod`, `china`; what the configuration adds
  std::string display_name;
  Endpoints endpoints;
  std::string portal = {};  // the console where permissions and consent are
};

// The name of the choice that is no cloud: addresses that the administrator types.
inline constexpr std::string_view kCustomCloud = "custom";

// ENTRA: reference section 5.2. The Intune addresses of China are not confirmed there.
const std::vector<Cloud>& known_clouds();
// nullptr when there is none of that name.
const Cloud* find_cloud(const std::vector<Cloud>& clouds, std::string_view name);

}  // namespace wardbridge::partner
