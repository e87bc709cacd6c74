#include "tenant/oauth/parameters.h"

namespace wardbridge::oauth {

Result<Parameters> Parameters::from_form(const text::Form& form) {
  Parameters parameters;
  for (const auto& [name, value] : form) {
    if (!parameters.values_.emplace(name, value).second)
      return invalid("duplicate_parameter", "the parameter `" + name.substr(0, 64) + "` is given more than once", name);
  }
  return parameters;
}

Result<Parameters> Parameters::from_body(const http::Request& request) {
  const auto type = request.headers.get("Content-Type").value_or("");
  const std::string_view media_type = text::trim(text::split(type, ';').front());
  if (!text::equal_ignoring_case(media_type, "application/x-www-form-urlencoded"))
    return invalid("malformed_request", "the request body must be `application/x-www-form-urlencoded`");
  auto form = text::parse_form(request.body);
  if (!form) return invalid("malformed_request", "the request body is not a valid form");
  for (const auto& [name, value] : *form) {
    if (!text::is_utf8(name) || !text::is_utf8(value) || value.find('\0') != std::string::npos)
      return invalid("malformed_request", "the request body is not valid UTF-8 text");
  }
  return from_form(*form);
}

std::optional<std::string> Parameters::find(std::string_view name) const {
  auto found = values_.find(name);
  if (found == values_.end() || found->second.empty()) return std::nullopt;
  return found->second;
}

Result<std::string> Parameters::required(std::string_view name) const {
  if (auto value = find(name)) return *value;
  return invalid("missing_parameter", "the request must contain the parameter `" + std::string(name) + "`",
                 std::string(name));
}

}  // namespace wardbridge::oauth
