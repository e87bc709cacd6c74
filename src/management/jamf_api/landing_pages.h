// Where the tenant sends people whose computer it does not know: pages of ours, or one of the organization's own; for
// this room's own sources.
#pragma once

#include <optional>
#include <string>

#include "connector/device_compliance/device_compliance.h"
#include "management/jamf_api/api.h"
#include "management/jamf_api/jamf_api.h"

namespace wardbridge::jamf_api {

struct LandingChoice {
  device_compliance::LandingPage page = device_compliance::LandingPage::registration;
  std::string url;
};
// What a body says: `"landingPage": {"type": "registration" | "accessDenied" | "custom", "url": ".."}`. Nothing:
// nothing.
Result<std::optional<LandingChoice>> landing_page_in(const Dependencies& dependencies, const json::Object& object);
// The address of a page of ours; not of a custom one.
std::string url_of(device_compliance::LandingPage page, const Dependencies& dependencies);
// As it is shown, by its address.
json::Object landing_page_json(const std::string& url, const Dependencies& dependencies);
json::Object landing_page_json(const LandingChoice& choice);

void register_landing_pages(Api& api);

}  // namespace wardbridge::jamf_api
