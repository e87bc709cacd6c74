// An administrator at a browser: follows redirects, keeps cookies, signs in where it is asked to, and accepts what it
// is asked to consent to.
#pragma once

#include <map>
#include <string>

#include "platform/http/http.h"

namespace wardbridge::testing {

class AdministratorsBrowser {
 public:
  AdministratorsBrowser(http::Transport& transport, std::string account, std::string password)
      : transport_(transport), account_(std::move(account)), password_(std::move(password)) {}

  // Where it ends: a page without a form. Fails with `too_many_pages` when there is no end to it.
  Result<http::Response> open(std::string url);

 private:
  http::Transport& transport_;
  std::string account_;
  std::string password_;
  std::map<std::string, std::map<std::string, std::string>> cookies_;  // by origin
};

}  // namespace wardbridge::testing
