#include "connector/partner/clouds.h"

namespace wardbridge::partner {

const std::vector<Cloud>& known_clouds() {
  static const auto* const kClouds = new std::vector<Cloud>{
      {"global", "Global", {}, "https://portal.azure.com"},
      {"usGovGccHigh",
       "US Government GCC High",
       {"https://login.microsoftonline.us", "https://graph.microsoft.us", "https://api.manage.microsoft.us/"},
       "https://portal.azure.us"},
      {"usGovDod",
       "US Government DoD",
       {"https://login.microsoftonline.us", "https://dod-graph.microsoft.us", "https://api.manage.microsoft.us/"},
       "https://portal.azure.us"},
      {"china",
       "China (21Vianet)",
       {"https://login.partner.microsoftonline.cn", "https://microsoftgraph.chinacloudapi.cn",
        "https://api.manage.microsoftonline.cn/"},
       "https://portal.azure.cn"},
  };
  return *kClouds;
}

const Cloud* find_cloud(const std::vector<Cloud>& clouds, std::string_view name) {
  for (const Cloud& cloud : clouds) {
    if (cloud.name == name) return &cloud;
  }
  return nullptr;
}

}  // namespace wardbridge::partner
