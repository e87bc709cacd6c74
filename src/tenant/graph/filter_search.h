// What of a $filter the store can answer. Private to this room.
#pragma once

#include <optional>

#include "tenant/directory/search.h"
#include "tenant/graph/filter.h"

namespace wardbridge::graph {

struct SearchableFilter {
  std::optional<directory::Predicate> where;  // every match satisfies it
  bool is_complete = true;                    // and everything that satisfies it is a match
};
SearchableFilter searchable_part(const Filter& filter, directory::ObjectKind kind);

}  // namespace wardbridge::graph
