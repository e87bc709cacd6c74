#include "management/jamf_api/landing_pages.h"

#include "platform/http/page.h"

namespace wardbridge::jamf_api {
namespace {

using device_compliance::LandingPage;

constexpr const char* kRegistrationPage = "/DeviceRegistration.html";
constexpr const char* kAccessDeniedPage = "/AccessDenied.html";

const char* wire_name(LandingPage page) {
  switch (page) {
    case LandingPage::registration:
      return "registration";
    case LandingPage::access_denied:
      return "accessDenied";
    case LandingPage::custom:
      return "custom";
  }
  CHECK(false);
}

// JAMF: the vendor's page sends on by the state of the computer, which a browser doesn't tell; so it says both ways.
Result<http::Response> registration_page(const http::Request&) {
  return http::page(
      200, {.title = "Register this Mac",
            .body = "<p>Your organization's directory does not know this Mac, or not any more.</p>\n"
                    "<h2>If your organization manages it already</h2>\n"
                    "<p>Open <a href=\"jamfselfservice://content\">Self Service</a> and run the registration item "
                    "there. Do not open Company Portal by hand: it answers <code>AccountNotOnboarded</code>.</p>\n"
                    "<h2>If nobody manages it yet</h2>\n"
                    "<p>Ask your help desk for an enrollment invitation, enroll the Mac, and then register it from "
                    "Self Service.</p>\n"});
}

Result<http::Response> access_denied_page(const http::Request&) {
  return http::page(200, {.title = "Access denied",
                          .body = "<p>This Mac is not trusted, so the application stays shut. Your help desk can say "
                                  "why.</p>\n"});
}

}  // namespace

std::string url_of(LandingPage page, const Dependencies& deps) {
  CHECK(page != LandingPage::custom);
  return deps.public_url() + (page == LandingPage::registration ? kRegistrationPage : kAccessDeniedPage);
}

Result<std::optional<LandingChoice>> landing_page_in(const Dependencies& deps, const json::Object& object) {
  const json::Value* said = json::find(object, "landingPage");
  if (!said) return std::optional<LandingChoice>();
  const json::Object& wanted = TRY(json::as_object(*said, "`landingPage`"));
  std::string type = TRY(json::required_text(wanted, "type"));
  for (LandingPage page : {LandingPage::registration, LandingPage::access_denied}) {
    if (type == wire_name(page)) return std::optional(LandingChoice{page, url_of(page, deps)});
  }
  if (type == wire_name(LandingPage::custom)) {
    return std::optional(LandingChoice{LandingPage::custom, TRY(json::required_text(wanted, "url"))});
  }
  return invalid("bad_enum_value", "`landingPage.type` can't be `" + type.substr(0, 80) + "`", "landingPage");
}

json::Object landing_page_json(const LandingChoice& choice) {
  return {{"type", wire_name(choice.page)}, {"url", choice.url}};
}

json::Object landing_page_json(const std::string& url, const Dependencies& deps) {
  for (LandingPage page : {LandingPage::registration, LandingPage::access_denied}) {
    if (url == url_of(page, deps)) return landing_page_json({page, url});
  }
  return landing_page_json({LandingPage::custom, url});
}

void register_landing_pages(Api& api) {
  api.add_open("GET", kRegistrationPage, registration_page);
  api.add_open("GET", kAccessDeniedPage, access_denied_page);
}

}  // namespace wardbridge::jamf_api
