#include "management/sources/classic_members.h"

#include "base/text.h"

namespace wardbridge::sources {
namespace {

bool has_content(const json::Value& value) {
  if (const auto* text = value.if_string()) return !text->empty();
  if (const auto* array = value.if_array()) return !array->empty();
  if (const auto* object = value.if_object()) {
    for (const auto& member : *object) {
      if (has_content(member.value())) return true;
    }
    return false;
  }
  return !value.is_null();
}

std::optional<std::string> as_text(const json::Value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_int64()) return std::to_string(value.get_int64());
  if (value.is_bool()) return value.get_bool() ? "true" : "false";
  return std::nullopt;
}

}  // namespace

Members::Members(const json::Value& item, std::string path, Findings& findings)
    : object_(item.if_object()), path_(std::move(path)), findings_(findings) {
  if (object_ || !has_content(item) || findings_.failure) return;
  findings_.failure = invalid("bad_field_type", "every item of `" + path_ + "` must be an object", path_);
}

std::string Members::path_of(std::string_view name) const {
  return path_.empty() ? std::string(name) : path_ + "." + std::string(name);
}

void Members::finish() {
  if (!object_) return;
  for (const auto& member : *object_) {
    std::string name(member.key());
    if (!taken_.contains(name) && has_content(member.value())) findings_.without_place.insert(path_of(name));
  }
  object_ = nullptr;
}

const json::Value* Members::take(std::string_view name) {
  taken_.insert(std::string(name));
  return object_ ? json::find(*object_, name) : nullptr;
}

void Members::fail(std::string_view name, std::string_view wanted) {
  if (findings_.failure) return;
  std::string where = path_of(name);
  findings_.failure = invalid("bad_field_type", "`" + where + "` must be " + std::string(wanted), where);
}

std::optional<std::string> Members::text(std::string_view name) {
  const json::Value* value = take(name);
  if (!value) return std::nullopt;
  auto text = as_text(*value);
  if (!text) fail(name, "a string");
  return text;
}

std::optional<std::int64_t> Members::integer(std::string_view name) {
  const json::Value* value = take(name);
  if (!value) return std::nullopt;
  auto text = as_text(*value);
  if (text && text->empty()) return std::nullopt;
  auto number = text && !value->is_bool() ? text::parse_integer(*text) : std::nullopt;
  if (!number) fail(name, "a whole number");
  return number;
}

std::optional<bool> Members::flag(std::string_view name) {
  const json::Value* value = take(name);
  if (!value) return std::nullopt;
  std::string text = text::lower(as_text(*value).value_or("?"));
  if (text.empty()) return std::nullopt;
  if (text == "true" || text == "yes" || text == "enabled" || text == "1") return true;
  if (text == "false" || text == "no" || text == "disabled" || text == "not enabled" || text == "0") return false;
  fail(name, "true or false");
  return std::nullopt;
}

std::optional<Time> Members::moment(std::string_view name) {
  auto local = text(name);
  auto epoch = integer(std::string(name) + "_epoch");
  auto utc = text(std::string(name) + "_utc");
  std::string words = utc && !utc->empty() ? *utc : "";
  if (words.empty() && epoch && *epoch > 0) {
    if (from_unix_milliseconds(*epoch) < kNever) return from_unix_milliseconds(*epoch);
    fail(name, "a date and time before the year 10000");
    return std::nullopt;
  }
  if (words.empty() && local && !local->empty()) words = local->size() > 10 ? *local + "Z" : *local;
  if (words.empty()) return std::nullopt;
  if (words.size() > 10 && words[10] == ' ') words[10] = 'T';
  auto time = parse_iso8601(words);
  if (time.ok()) return *time;
  fail(name, "a date and time");
  return std::nullopt;
}

std::vector<json::Value> Members::items(std::string_view name) {
  const json::Value* value = take(name);
  if (!value || !has_content(*value)) return {};
  if (const auto* array = value->if_array()) return {array->begin(), array->end()};
  return {*value};
}

Members Members::object(std::string_view name) {
  const json::Value* value = take(name);
  const json::Object* object = value ? value->if_object() : nullptr;
  if (value && !object && has_content(*value)) fail(name, "an object");
  return Members(object, path_of(name), findings_);
}

}  // namespace wardbridge::sources
