// Request parameters of OAuth: each name at most once, and an empty value is an absent one.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "platform/http/http.h"

namespace wardbridge::oauth {

class Parameters {
 public:
  // SPEC: RFC 6749 section 3.1 and 3.2. A repeated parameter is refused (`duplicate_parameter`): two readers of one
  // request must never see two values.
  static Result<Parameters> from_form(const text::Form& form);
  static Result<Parameters> from_body(const http::Request& request);

  std::optional<std::string> find(std::string_view name) const;
  std::string get(std::string_view name) const { return find(name).value_or(""); }
  Result<std::string> required(std::string_view name) const;

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

}  // namespace wardbridge::oauth
