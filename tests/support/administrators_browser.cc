#include "support/administrators_browser.h"

#include "base/text.h"
#include "mac/web_page.h"

namespace wardbridge::testing {
namespace {

constexpr Duration kPatience = seconds{20};
constexpr int kMostPages = 20;

std::string origin_of(const std::string& url) { return url.substr(0, url.find('/', url.find("://") + 3)); }

std::string absolute(const std::string& page, const std::string& reference) {
  return reference.starts_with("/") ? origin_of(page) + reference : reference;
}

}  // namespace

Result<http::Response> AdministratorsBrowser::open(std::string url) {
  http::OutboundRequest request{.method = "GET", .url = std::move(url)};
  for (int pages = 0; pages < kMostPages; ++pages) {
    auto& cookies = cookies_[origin_of(request.url)];
    std::string all;
    for (const auto& [name, value] : cookies) all += (all.empty() ? "" : "; ") + name + "=" + value;
    if (!all.empty()) request.headers.set("Cookie", all);
    http::Response response = TRY(transport_.send(request, kPatience));
    for (const auto& [name, value] : response.headers.all()) {
      if (!text::equal_ignoring_case(name, "Set-Cookie")) continue;
      auto equals = value.find('=');
      cookies[value.substr(0, equals)] = value.substr(equals + 1, value.find(';') - equals - 1);
    }
    const std::string page = request.url;
    if (auto location = response.headers.get("Location")) {
      request = {.method = "GET", .url = absolute(page, std::string(*location))};
      continue;
    }
    auto form = mac::find_form(response.body);
    if (!form) return response;
    if (response.body.find("name=\"passwd\"") != std::string::npos) {
      form->hidden_fields.emplace_back("login", account_);
      form->hidden_fields.emplace_back("passwd", password_);
    } else {
      form->hidden_fields.emplace_back("choice", "accept");
    }
    request = {.method = "POST",
               .url = absolute(page, form->action),
               .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
               .body = text::to_form(form->hidden_fields)};
  }
  return unavailable("too_many_pages", "the browser goes round in circles");
}

}  // namespace wardbridge::testing
