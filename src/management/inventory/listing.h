// The fields that lists can be sorted and filtered by, and filters that are ready to judge; for this room's own
// sources.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "management/inventory/inventory.h"

namespace wardbridge::inventory {

enum class ListKind { text, version, number, boolean, time };

// What a computer says in a field. Absent text is the empty text; other kinds are absent.
struct FieldValue {
  bool present = false;
  std::string text;
  std::int64_t number = 0;  // also booleans (0, 1) and times (Unix milliseconds)
};

struct ListField {
  std::string_view name;  // `general.name`; the path in the section's document too, unless `path` says otherwise
  ListKind kind = ListKind::text;
  bool sortable = false;
  int first_version = 1;
  int last_version = 4;
  FieldValue (*column)(const Computer&) = nullptr;  // for facts that are not in a document
  std::string_view path = {};
};

// Fails with `invalid_field`; `where` is `sort` or `filter`.
Result<const ListField*> sort_field(std::string_view name, int api_version);
Result<const ListField*> filter_field(std::string_view name, int api_version);

// The section whose document has the field's value; nothing for facts that are columns.
std::optional<Section> section_of(const ListField& field);

FieldValue value_of(const ListField& field, const Computer& computer);
// Negative, zero, positive. Absent values come first.
int compare(ListKind kind, const FieldValue& a, const FieldValue& b);

class Filter {
 public:
  // `bad_filter`, `filter_too_large`, `invalid_field`, `bad_filter_value`. An empty text matches everything.
  static Result<Filter> compile(std::string_view expression, int api_version);

  bool matches(const Computer& computer) const;
  bool matches_everything() const { return !root_; }
  const std::set<Section>& sections() const { return sections_; }

  // A column that must equal a value for anything to match, if the filter says so: the way to an index.
  struct Pinned {
    enum class Column { id, udid, serial_number } column = Column::id;
    std::string value;
  };
  const std::optional<Pinned>& pinned() const { return pinned_; }

  struct Condition;

 private:
  std::shared_ptr<const Condition> root_;  // nullptr: everything
  std::set<Section> sections_;
  std::optional<Pinned> pinned_;
};

}  // namespace wardbridge::inventory
