// JSON for untrusted input: Boost.JSON behind a strict reader (depth capped, UTF-8 checked, duplicate members refused),
// and the few accessors that keep wire code short. A member that is absent and a member that is null both read as
// "nothing"; code that must tell them apart asks the object itself.
//
//   json::Value body = TRY(json::parse(request.body));
//   const json::Object& policy = TRY(json::as_object(body));
//   std::string name = TRY(json::required_text(policy, "displayName"));
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace wardbridge::json {

using Value = boost::json::value;
using Object = boost::json::object;
using Array = boost::json::array;
using Storage = boost::json::storage_ptr;

// Where the values of one short-lived document live: allocated by pushing a pointer, freed as one, and not counted one
// by one. It must outlive every value that was made in it.
class Arena {
 public:
  explicit Arena(std::size_t expected_bytes) : resource_(expected_bytes) {}
  Arena(const Arena&) = delete;
  Storage storage() { return Storage(&resource_); }

 private:
  boost::json::monotonic_resource resource_;
};

// Reads one whole JSON text. Fails with `bad_json` and says where (`line 3, column 14: ...`); never throws.
Result<Value> parse(std::string_view text, Storage storage = {});

std::string to_text(const Value& value);
// Two-space indentation, for people.
std::string to_pretty_text(const Value& value);

// The object in a value; fails with `bad_json_type` naming `what`. The reference lives as long as the value.
struct ObjectRef {
  const Object* object;
  operator const Object&() const { return *object; }  // NOLINT: implicit by design
  const Object* operator->() const { return object; }
};
Result<ObjectRef> as_object(const Value& value, std::string_view what = "the body");

// Members read leniently: nothing when absent, null or of another type.
const Value* find(const Object& object, std::string_view key);  // nullptr when absent or null
std::optional<std::string_view> text_at(const Object& object, std::string_view key);
std::optional<std::int64_t> integer_at(const Object& object, std::string_view key);  // also 3.0
std::optional<bool> bool_at(const Object& object, std::string_view key);
const Object* object_at(const Object& object, std::string_view key);
const Array* array_at(const Object& object, std::string_view key);

// Members read strictly: `missing_field` when absent or null, `bad_field_type` when of another type; `where` is the
// key.
Result<std::string> required_text(const Object& object, std::string_view key);
Result<std::int64_t> required_integer(const Object& object, std::string_view key);
Result<bool> required_bool(const Object& object, std::string_view key);
// Absent or null is the fallback; another type is `bad_field_type`.
Result<std::string> optional_text(const Object& object, std::string_view key, std::string fallback = {});
Result<std::int64_t> optional_integer(const Object& object, std::string_view key, std::int64_t fallback);
Result<bool> optional_bool(const Object& object, std::string_view key, bool fallback);
// Absent or null is empty; anything but an array of strings is `bad_field_type`.
Result<std::vector<std::string>> optional_texts(const Object& object, std::string_view key);

Array to_array(const std::vector<std::string>& texts);

}  // namespace wardbridge::json
