#include "tenant/directory/documents.h"

#include <algorithm>

#include "base/text.h"

namespace wardbridge::directory {
namespace {

std::string audit_name(std::string_view property) {
  std::string name(property);
  name.replace(0, 1, text::upper(name.substr(0, 1)));
  return name;
}

}  // namespace

json::Object stored_document(const std::string& text) {
  auto parsed = json::parse(text);
  CHECK(parsed.ok() && parsed->is_object(), "a document of the directory is written by this room alone");
  return std::move(parsed->get_object());
}

void keep(json::Object& document, std::string_view name, const ExtensionAttributes& attributes) {
  json::Array all;
  for (const std::string& attribute : attributes) all.push_back(json::Value(attribute));
  const bool is_empty =
      std::all_of(attributes.begin(), attributes.end(), [](const std::string& one) { return one.empty(); });
  if (!is_empty) document[name] = std::move(all);
}

std::string kept_text(const json::Object& document, std::string_view name) {
  return std::string(json::text_at(document, name).value_or(""));
}

std::vector<std::string> kept_texts(const json::Object& document, std::string_view name) {
  return json::optional_texts(document, name).value_or({});
}

std::optional<bool> kept_flag(const json::Object& document, std::string_view name) {
  return json::bool_at(document, name);
}

std::optional<Time> kept_time(const json::Object& document, std::string_view name) {
  const auto milliseconds = json::integer_at(document, name);
  return milliseconds ? std::optional(from_unix_milliseconds(*milliseconds)) : std::nullopt;
}

ExtensionAttributes kept_attributes(const json::Object& document, std::string_view name) {
  ExtensionAttributes attributes;
  const std::vector<std::string> kept = kept_texts(document, name);
  std::copy_n(kept.begin(), std::min(kept.size(), attributes.size()), attributes.begin());
  return attributes;
}

void note_differences(json::Object& properties, const json::Object& before, const json::Object& after) {
  const auto value_of = [](const json::Object& document, std::string_view name) {
    const json::Value* value = json::find(document, name);
    return value ? *value : json::Value();
  };
  for (const json::Object* document : {&before, &after})
    for (const auto& member : *document)
      note(properties, audit_name(member.key()), value_of(before, member.key()), value_of(after, member.key()));
}

}  // namespace wardbridge::directory
