// Text of other machines on a terminal; for this room's own sources.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace wardbridge::cli {

// Macs choose their names and values, so nothing of theirs may steer the terminal: control characters become `?`.
std::string on_terminal(std::string_view text);

// A text member, ready for the terminal; a number or flag as JSON writes it; empty: absent or null.
std::string shown_at(const json::Object& object, std::string_view key);

// An object member; empty when there is none.
const json::Object& object_in(const json::Object& object, std::string_view key);
const json::Array& array_in(const json::Object& object, std::string_view key);

struct Column {
  const char* title;
  const char* member;
};
// A table of objects: columns as wide as what is in them, `-` where there is nothing.
std::string table_text(const json::Array& rows, const std::vector<Column>& columns);

}  // namespace wardbridge::cli
