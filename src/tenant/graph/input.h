// What bodies write: properties by name, each checked, into an object. Private to this room.
//
//   static const Writers<directory::User> kWriters = ...;
//   TRY(write_properties(body, user_type(), kWriters, user));
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tenant/graph/resource_type.h"
#include "tenant/graph/routes.h"

namespace wardbridge::graph {

// Values of the JSON; null clears. Each fails with `bad_field_type` or `too_long` and names the property.
Result<std::string> text_value(const json::Value& value, std::string_view name);
Result<bool> flag_value(const json::Value& value, std::string_view name);
Result<std::vector<std::string>> texts_value(const json::Value& value, std::string_view name);
Result<std::optional<Time>> time_value(const json::Value& value, std::string_view name);
// Members that are not named stay as they are.
Status write_extension_attributes(const json::Value& value, std::string_view name,
                                  directory::ExtensionAttributes& attributes);

template <class Object>
using Writer = std::function<Status(const json::Value& value, std::string_view name, Object& object)>;
template <class Object>
using Writers = std::map<std::string_view, Writer<Object>>;

template <class Object>
Writer<Object> writes(std::string Object::*member) {
  return [member](const json::Value& value, std::string_view name, Object& object) -> Status {
    object.*member = TRY(text_value(value, name));
    return done();
  };
}
template <class Object>
Writer<Object> writes(bool Object::*member) {
  return [member](const json::Value& value, std::string_view name, Object& object) -> Status {
    object.*member = TRY(flag_value(value, name));
    return done();
  };
}
template <class Object>
Writer<Object> writes(std::vector<std::string> Object::*member) {
  return [member](const json::Value& value, std::string_view name, Object& object) -> Status {
    object.*member = TRY(texts_value(value, name));
    return done();
  };
}
template <class Object>
Writer<Object> writes(std::optional<Time> Object::*member) {
  return [member](const json::Value& value, std::string_view name, Object& object) -> Status {
    object.*member = TRY(time_value(value, name));
    return done();
  };
}
template <class Object>
Writer<Object> writes(std::optional<bool> Object::*member) {
  return [member](const json::Value& value, std::string_view name, Object& object) -> Status {
    object.*member = value.is_null() ? std::nullopt : std::optional(TRY(flag_value(value, name)));
    return done();
  };
}

// A property without a writer: unknown, or not to be written.
Failure not_written(const ResourceType& type, std::string_view name);

// Every member of the body through its writer. `@odata.` annotations, and members of `handled`, are somebody else's.
template <class Object>
Status write_properties(const json::Object& body, const ResourceType& type, const Writers<Object>& writers,
                        Object& object, const std::vector<std::string_view>& handled = {}) {
  for (const auto& member : body) {
    const std::string_view name(member.key());
    if (std::find(handled.begin(), handled.end(), name) != handled.end() || name == "@odata.type") continue;
    const auto writer = writers.find(name);
    if (writer == writers.end()) return not_written(type, name);
    TRY(writer->second(member.value(), name, object));
  }
  return done();
}

}  // namespace wardbridge::graph
