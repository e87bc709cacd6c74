// The table of built-in criteria: Jamf's names, and where each is read from; for this room's own sources.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "criteria/criteria.h"
#include "management/inventory/inventory.h"

namespace wardbridge::groups::table {

using inventory::Computer;
using inventory::Section;

struct Named {  // a text that the server itself knows
  std::string Computer::*member;
};
struct Moment {  // a time that the server itself knows; kEpoch: never
  Time Computer::*member;
};
struct Number {};       // the computer's id
struct ManagedFlag {};  // `true` or `false`
struct OtherGroup {};   // the groups it is in
struct Field {          // `mdmCapable.capable` in a section that is an object
  Section section;
  const char* path;
};
struct Items {  // all values at this path; each list on the way stands for its items
  Section section;
  const char* path;
  const char* also = nullptr;  // a second path, where the record has two places
};
struct Count {  // of the items of a section that is a list
  Section section;
};
struct Derived {  // put together from the section
  Section section;
  const char* how;  // in words, for the reference page
  std::optional<std::string> (*text)(const json::Value& section);
};
struct DerivedNumber {
  Section section;
  const char* how;
  std::optional<std::int64_t> (*number)(const json::Value& section);
};
using Source =
    std::variant<Named, Moment, Number, ManagedFlag, OtherGroup, Field, Items, Count, Derived, DerivedNumber>;

struct Line {
  const char* name;
  criteria::FactType type;
  Source source;
  std::vector<criteria::Choice> choices = {};
  const char* when_absent = "";
  const char* unconfirmed = "";  // what of this line no document confirms
};
// The position of a line is its fact's id, which is never stored.
const std::vector<Line>& lines();

// Names that Jamf Pro knows and that can't be asked here.
struct Missing {
  const char* name;
  const char* why;
};
const std::vector<Missing>& missing();

// Nothing when any step of the path is absent.
const json::Value* value_at(const json::Value* value, std::string_view path);

}  // namespace wardbridge::groups::table
