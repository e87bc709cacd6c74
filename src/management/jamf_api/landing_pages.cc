// Where the tenant sends people whose computer it does not know.
#include "management/jamf_api/routes.h"
#include "platform/http/page.h"

namespace wardbridge::jamf_api {
namespace {

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

void register_landing_pages(Api& api) {
  api.add_open("GET", kRegistrationPage, registration_page);
  api.add_open("GET", kAccessDeniedPage, access_denied_page);
}

}  // namespace wardbridge::jamf_api
