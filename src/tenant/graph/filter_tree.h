// The parsed $filter. Private to this room.
#pragma once

#include <memory>
#include <vector>

#include "tenant/graph/filter.h"

namespace wardbridge::graph {

struct Filter::Node {
  enum class Kind {
    all_of,
    any_of,
    negation,
    equal,
    not_equal,
    greater,
    greater_equal,
    less,
    less_equal,
    in,
    starts_with,
    ends_with,
    contains,
    word_starts_with,  // of $search
    truth,
    any_element  // of a collection: the child, of which each element is the subject
  };
  Kind kind;
  const Property* property = nullptr;  // nothing: the element of a collection
  std::vector<json::Value> values;     // dates as Unix milliseconds
  std::vector<std::shared_ptr<const Node>> children;
};

}  // namespace wardbridge::graph
