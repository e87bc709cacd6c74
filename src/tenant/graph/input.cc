#include "tenant/graph/input.h"

#include <algorithm>

#include "base/limits.h"
#include "base/text.h"
#include "tenant/graph/read.h"

namespace wardbridge::graph {
namespace {

Failure wrong_type(std::string_view name, const char* expected) {
  return invalid("bad_field_type", "the property `" + std::string(name) + "` must be " + expected, std::string(name));
}

Status check_length(std::string_view text, std::string_view name) {
  if (text.size() <= limits::kGraphTextBytes) return done();
  return invalid(
      "too_long",
      "the property `" + std::string(name) + "` is longer than " + std::to_string(limits::kGraphTextBytes) + " bytes",
      std::string(name));
}

}  // namespace

Result<std::string> text_value(const json::Value& value, std::string_view name) {
  if (value.is_null()) return std::string();
  if (!value.is_string()) return wrong_type(name, "a text");
  TRY(check_length(value.get_string(), name));
  if (value.get_string().find('\0') != json::Value("").get_string().npos)
    return wrong_type(name, "a text without zero bytes");
  return std::string(value.get_string());
}

Result<bool> flag_value(const json::Value& value, std::string_view name) {
  if (!value.is_bool()) return wrong_type(name, "true or false");
  return value.get_bool();
}

Result<std::vector<std::string>> texts_value(const json::Value& value, std::string_view name) {
  std::vector<std::string> texts;
  if (!value.is_array() || value.get_array().size() > limits::kFilterNodes) return wrong_type(name, "a list of texts");
  for (const json::Value& one : value.get_array()) {
    if (!one.is_string()) return wrong_type(name, "a list of texts");
    texts.push_back(TRY(text_value(one, name)));
  }
  return texts;
}

Result<std::optional<Time>> time_value(const json::Value& value, std::string_view name) {
  if (value.is_null()) return std::optional<Time>();
  const auto time = value.is_string() ? parse_iso8601(value.get_string()) : Result<Time>(wrong_type(name, ""));
  if (!time.ok()) return wrong_type(name, "a date and time");
  return std::optional<Time>(*time);
}

Status write_extension_attributes(const json::Value& value, std::string_view name,
                                  directory::ExtensionAttributes& attributes) {
  if (!value.is_object()) return wrong_type(name, "an object of extensionAttribute1 to extensionAttribute15");
  constexpr std::string_view kPrefix = "extensionAttribute";
  for (const auto& member : value.get_object()) {
    const std::string_view key(member.key());
    const auto number =
        key.starts_with(kPrefix) ? text::parse_integer(key.substr(kPrefix.size())) : std::optional<std::int64_t>();
    if (!number || *number < 1 || *number > static_cast<std::int64_t>(attributes.size()))
      return invalid("unknown_property",
                     "could not find a property named `" + std::string(key) + "` in `" + std::string(name) + "`",
                     std::string(key));
    attributes[static_cast<std::size_t>(*number - 1)] = TRY(text_value(member.value(), key));
  }
  return done();
}

Failure not_written(const ResourceType& type, std::string_view name) {
  const std::string property(name);
  if (!type.find(name))
    return invalid("unknown_property",
                   "could not find a property named `" + property + "` on type `" + std::string(type.name) + "`",
                   property);
  return invalid("read_only_property", "the property `" + property + "` can't be written here", property);
}

Result<directory::ObjectId> referred(std::string_view url) {
  const std::string id = text::lower(url.substr(url.rfind('/') + 1));
  if (!text::is_guid(id))
    return invalid("bad_reference", "`" + std::string(url) + "` does not end in the id of a directory object",
                   "@odata.id");
  return directory::ObjectId{id};
}

Result<directory::ObjectId> referred_by_body(const Call& call) {
  const json::Object body = TRY(body_of(call));
  return referred(TRY(json::required_text(body, "@odata.id")));
}

}  // namespace wardbridge::graph
