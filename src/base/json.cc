#include "base/json.h"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_stack.hpp>
#include <cmath>
#include <set>

#include "base/limits.h"

namespace wardbridge::json {
namespace {

namespace bj = boost::json;

// What Boost.JSON wants to know of any handler.
struct SizeLimits {
  static constexpr std::size_t max_object_size = bj::object::max_size();
  static constexpr std::size_t max_array_size = bj::array::max_size();
  static constexpr std::size_t max_key_size = bj::string::max_size();
  static constexpr std::size_t max_string_size = bj::string::max_size();
};

// Builds the DOM and counts members on the way: Boost.JSON keeps the last of two members with one name, so a DOM with
// fewer members than the text had means a duplicate.
struct Builder : SizeLimits {
  bj::value_stack stack;
  std::size_t members = 0;

  bool on_document_begin(bj::error_code&) { return true; }
  bool on_document_end(bj::error_code&) { return true; }
  bool on_object_begin(bj::error_code&) { return true; }
  bool on_object_end(std::size_t n, bj::error_code&) { return stack.push_object(n), members += n, true; }
  bool on_array_begin(bj::error_code&) { return true; }
  bool on_array_end(std::size_t n, bj::error_code&) { return stack.push_array(n), true; }
  bool on_key_part(bj::string_view s, std::size_t, bj::error_code&) { return stack.push_chars(s), true; }
  bool on_key(bj::string_view s, std::size_t, bj::error_code&) { return stack.push_key(s), true; }
  bool on_string_part(bj::string_view s, std::size_t, bj::error_code&) { return stack.push_chars(s), true; }
  bool on_string(bj::string_view s, std::size_t, bj::error_code&) { return stack.push_string(s), true; }
  bool on_number_part(bj::string_view, bj::error_code&) { return true; }
  bool on_int64(std::int64_t i, bj::string_view, bj::error_code&) { return stack.push_int64(i), true; }
  bool on_uint64(std::uint64_t u, bj::string_view, bj::error_code&) { return stack.push_uint64(u), true; }
  bool on_double(double d, bj::string_view, bj::error_code& error) {
    // Too large for a double reads as infinity, which no JSON text can say: we could store it and never read it again.
    if (!std::isfinite(d)) error = bj::error::exponent_overflow;
    return std::isfinite(d) && (stack.push_double(d), true);
  }
  bool on_bool(bool b, bj::error_code&) { return stack.push_bool(b), true; }
  bool on_null(bj::error_code&) { return stack.push_null(), true; }
  bool on_comment_part(bj::string_view, bj::error_code&) { return true; }
  bool on_comment(bj::string_view, bj::error_code&) { return true; }
};

// Stops at the second of two members with one name. Run only over a text that is known to have them.
struct DuplicateFinder : SizeLimits {
  std::vector<std::set<std::string, std::less<>>> names;  // of every object that is open
  std::string key;

  bool on_document_begin(bj::error_code&) { return true; }
  bool on_document_end(bj::error_code&) { return true; }
  bool on_object_begin(bj::error_code&) { return names.emplace_back(), true; }
  bool on_object_end(std::size_t, bj::error_code&) { return names.pop_back(), true; }
  bool on_array_begin(bj::error_code&) { return true; }
  bool on_array_end(std::size_t, bj::error_code&) { return true; }
  bool on_key_part(bj::string_view s, std::size_t, bj::error_code&) { return key.append(s.data(), s.size()), true; }
  bool on_key(bj::string_view s, std::size_t, bj::error_code& error) {
    key.append(s.data(), s.size());
    if (!names.back().insert(key).second) {
      error = bj::error::extra_data;
      return false;
    }
    key.clear();
    return true;
  }
  bool on_string_part(bj::string_view, std::size_t, bj::error_code&) { return true; }
  bool on_string(bj::string_view, std::size_t, bj::error_code&) { return true; }
  bool on_number_part(bj::string_view, bj::error_code&) { return true; }
  bool on_int64(std::int64_t, bj::string_view, bj::error_code&) { return true; }
  bool on_uint64(std::uint64_t, bj::string_view, bj::error_code&) { return true; }
  bool on_double(double, bj::string_view, bj::error_code&) { return true; }
  bool on_bool(bool, bj::error_code&) { return true; }
  bool on_null(bj::error_code&) { return true; }
  bool on_comment_part(bj::string_view, bj::error_code&) { return true; }
  bool on_comment(bj::string_view, bj::error_code&) { return true; }
};

std::size_t members_in(const Value& value) {
  std::size_t count = 0;
  if (const auto* object = value.if_object()) {
    count += object->size();
    for (const auto& member : *object) count += members_in(member.value());
  } else if (const auto* array = value.if_array()) {
    for (const auto& item : *array) count += members_in(item);
  }
  return count;
}

Failure bad_json(std::string_view text, std::size_t offset, const std::string& why) {
  std::size_t line = 1;
  std::size_t column = 1;
  for (char c : text.substr(0, offset)) {
    column = c == '\n' ? 1 : column + 1;
    if (c == '\n') ++line;
  }
  return invalid("bad_json", "not valid JSON: line " + std::to_string(line) + ", column " + std::to_string(column) + ": " + why);
}

Failure duplicate_member(std::string_view text, const bj::parse_options& options) {
  bj::basic_parser<DuplicateFinder> finder(options);
  bj::error_code error;
  std::size_t used = finder.write_some(false, text.data(), text.size(), error);
  return bad_json(text, used, "a second member named `" + finder.handler().key.substr(0, 40) + "`");
}

void pretty(const Value& value, std::string& out, std::size_t indent) {
  std::string inner(indent + 2, ' ');
  std::string outer(indent, ' ');
  if (const auto* object = value.if_object(); object && !object->empty()) {
    out += "{\n";
    bool first = true;
    for (const auto& member : *object) {
      out += (first ? "" : ",\n") + inner + bj::serialize(bj::string(member.key())) + ": ";
      pretty(member.value(), out, indent + 2);
      first = false;
    }
    out += "\n" + outer + "}";
  } else if (const auto* array = value.if_array(); array && !array->empty()) {
    out += "[\n";
    bool first = true;
    for (const auto& item : *array) {
      out += (first ? "" : ",\n") + inner;
      pretty(item, out, indent + 2);
      first = false;
    }
    out += "\n" + outer + "]";
  } else {
    out += bj::serialize(value);
  }
}

const char* kind_name(const Value& value) {
  switch (value.kind()) {
    case bj::kind::null: return "null";
    case bj::kind::bool_: return "a boolean";
    case bj::kind::int64:
    case bj::kind::uint64:
    case bj::kind::double_: return "a number";
    case bj::kind::string: return "a string";
    case bj::kind::array: return "an array";
    case bj::kind::object: return "an object";
  }
  return "a value";
}

Failure missing(std::string_view key) {
  return invalid("missing_field", "`" + std::string(key) + "` is required", std::string(key));
}

Failure bad_type(std::string_view key, std::string_view wanted, const Value& got) {
  return invalid("bad_field_type",
                 "`" + std::string(key) + "` must be " + std::string(wanted) + ", not " + kind_name(got), std::string(key));
}

std::optional<std::int64_t> whole_number(const Value& value) {
  if (const auto* number = value.if_int64()) return *number;
  if (const auto* number = value.if_double(); number && std::nearbyint(*number) == *number && std::abs(*number) < 9e15) {
    return static_cast<std::int64_t>(*number);
  }
  return std::nullopt;
}

}  // namespace

Result<Value> parse(std::string_view text, Storage storage) {
  bj::parse_options options;
  options.max_depth = limits::kJsonDepth;
  bj::basic_parser<Builder> parser(options);
  parser.handler().stack.reset(std::move(storage));
  bj::error_code error;
  std::size_t used = parser.write_some(false, text.data(), text.size(), error);
  if (!error && used < text.size()) error = bj::error::extra_data;
  if (error) return bad_json(text, used, error.message());
  Value value = parser.handler().stack.release();
  // DEVIATION: RFC 8259 section 4 only says that names SHOULD be unique; two readers that pick different ones of two
  // equal names are how a check is passed with one value and acted on with the other.
  if (members_in(value) != parser.handler().members) return duplicate_member(text, options);
  return value;
}

std::string to_text(const Value& value) { return bj::serialize(value); }

std::string to_pretty_text(const Value& value) {
  std::string out;
  pretty(value, out, 0);
  return out;
}

Result<ObjectRef> as_object(const Value& value, std::string_view what) {
  if (const auto* object = value.if_object()) return ObjectRef{object};
  return invalid("bad_json_type", std::string(what) + " must be a JSON object, not " + kind_name(value));
}

const Value* find(const Object& object, std::string_view key) {
  const Value* value = object.if_contains({key.data(), key.size()});
  return value && !value->is_null() ? value : nullptr;
}

std::optional<std::string_view> text_at(const Object& object, std::string_view key) {
  const Value* value = find(object, key);
  if (!value || !value->is_string()) return std::nullopt;
  return std::string_view(value->get_string().data(), value->get_string().size());
}

std::optional<std::int64_t> integer_at(const Object& object, std::string_view key) {
  const Value* value = find(object, key);
  return value ? whole_number(*value) : std::nullopt;
}

std::optional<bool> bool_at(const Object& object, std::string_view key) {
  const Value* value = find(object, key);
  if (!value || !value->is_bool()) return std::nullopt;
  return value->get_bool();
}

const Object* object_at(const Object& object, std::string_view key) {
  const Value* value = find(object, key);
  return value ? value->if_object() : nullptr;
}

const Array* array_at(const Object& object, std::string_view key) {
  const Value* value = find(object, key);
  return value ? value->if_array() : nullptr;
}

Result<std::string> required_text(const Object& object, std::string_view key) {
  const Value* value = find(object, key);
  if (!value) return missing(key);
  if (!value->is_string()) return bad_type(key, "a string", *value);
  return std::string(value->get_string().data(), value->get_string().size());
}

Result<std::int64_t> required_integer(const Object& object, std::string_view key) {
  const Value* value = find(object, key);
  if (!value) return missing(key);
  auto number = whole_number(*value);
  if (!number) return bad_type(key, "a whole number", *value);
  return *number;
}

Result<bool> required_bool(const Object& object, std::string_view key) {
  const Value* value = find(object, key);
  if (!value) return missing(key);
  if (!value->is_bool()) return bad_type(key, "a boolean", *value);
  return value->get_bool();
}

Result<std::string> optional_text(const Object& object, std::string_view key, std::string fallback) {
  if (!find(object, key)) return fallback;
  return required_text(object, key);
}

Result<std::int64_t> optional_integer(const Object& object, std::string_view key, std::int64_t fallback) {
  if (!find(object, key)) return fallback;
  return required_integer(object, key);
}

Result<bool> optional_bool(const Object& object, std::string_view key, bool fallback) {
  if (!find(object, key)) return fallback;
  return required_bool(object, key);
}

Result<std::vector<std::string>> optional_texts(const Object& object, std::string_view key) {
  std::vector<std::string> texts;
  const Value* value = find(object, key);
  if (!value) return texts;
  const Array* array = value->if_array();
  if (!array) return bad_type(key, "an array of strings", *value);
  for (const Value& item : *array) {
    if (!item.is_string()) return bad_type(key, "an array of strings", item);
    texts.emplace_back(item.get_string().data(), item.get_string().size());
  }
  return texts;
}

Array to_array(const std::vector<std::string>& texts) {
  Array array;
  array.reserve(texts.size());
  for (const auto& item : texts) array.emplace_back(item);
  return array;
}

}  // namespace wardbridge::json
