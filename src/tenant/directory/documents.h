// Properties without a column of their own, kept as one JSON document per object: only what is there. Private to this
// room.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tenant/directory/directory.h"

namespace wardbridge::directory {

// A document of this store, written by this room alone.
json::Object stored_document(const std::string& text);

inline void keep(json::Object& document, std::string_view name, const std::string& text) {
  if (!text.empty()) document[name] = text;
}
inline void keep(json::Object& document, std::string_view name, const std::vector<std::string>& texts) {
  if (!texts.empty()) document[name] = json::to_array(texts);
}
inline void keep(json::Object& document, std::string_view name, const std::optional<bool>& flag) {
  if (flag) document[name] = *flag;
}
inline void keep(json::Object& document, std::string_view name, const std::optional<Time>& time) {
  if (time) document[name] = to_unix_milliseconds(*time);
}
void keep(json::Object& document, std::string_view name, const ExtensionAttributes& attributes);

std::string kept_text(const json::Object& document, std::string_view name);
std::vector<std::string> kept_texts(const json::Object& document, std::string_view name);
std::optional<bool> kept_flag(const json::Object& document, std::string_view name);
std::optional<Time> kept_time(const json::Object& document, std::string_view name);
ExtensionAttributes kept_attributes(const json::Object& document, std::string_view name);

// property -> {old, new} of everything that differs between two documents, under the names that audit rows have:
// `OfficeLocation` of `officeLocation`.
void note_differences(json::Object& properties, const json::Object& before, const json::Object& after);
// Adds {old, new} when they differ.
template <class T>
void note(json::Object& properties, std::string_view property, const T& before, const T& after) {
  if (before != after) properties[property] = json::Object{{"old", before}, {"new", after}};
}

}  // namespace wardbridge::directory
