// The pages that people see: plain HTML that works without scripts, every value escaped, nothing loaded from anywhere.
#pragma once

#include <optional>
#include <string>

#include "platform/http/http.h"
#include "tenant/oauth/wire_errors.h"

namespace wardbridge::oauth {

struct SignInPage {
  std::string action;  // where the form goes
  std::string context;
  std::string application;           // display name
  std::string login;                 // filled in already
  std::string redirect_uri;          // where a successful sign-in leads
  std::optional<WireError> problem;  // what went wrong the last time
};
http::Response sign_in_page(const SignInPage& page, const Trace& trace);

struct ErrorPage {
  WireError error;
  std::string next_step;            // what the person can do; may be empty
  std::optional<std::string> link;  // where
};
// For `Accept: application/json` the same as a JSON body.
http::Response error_page(const http::Request& request, const ErrorPage& page, const Trace& trace);

// response_mode=form_post without scripts: a form with a button.
http::Response form_post_page(const std::string& action, const text::Form& fields);
http::Response signed_out_page();

}  // namespace wardbridge::oauth
