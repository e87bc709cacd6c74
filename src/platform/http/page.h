// The frame of every page that people see in a browser: plain HTML that works without scripts and with a screen reader,
// nothing loaded from anywhere, never in another page's frame, kept by no cache, telling no other site where it was.
//
//   return http::page(200, {.title = "Access denied", .body = "<p>...</p>"});
#pragma once

#include <string>

#include "platform/http/http.h"

namespace wardbridge::http {

struct Page {
  std::string title;              // as text
  std::string body;               // as HTML: whoever makes it escapes what it takes from others
  std::string form_targets = {};  // where forms may be sent, as sources of a content security policy; empty: nowhere
};

Response page(int status, const Page& page);

}  // namespace wardbridge::http
