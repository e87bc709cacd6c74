// The parsed rule. Private to this room.
#pragma once

#include <re2/re2.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tenant/membership_rules/membership_rules.h"

namespace wardbridge::membership_rules {

// The positive operators; each has a negative one, which is its exact opposite.
enum class Operator { equal, starts_with, ends_with, contains, match, in, at_most, at_least };

struct Rule::Node {
  enum class Kind { all_of, any_of, negation, comparison, any_element, all_elements };
  Kind kind = Kind::comparison;
  std::size_t begin = 0;  // where it stands in the text
  std::size_t end = 0;
  std::vector<std::shared_ptr<const Node>> children;  // of an element kind: the one condition

  // Of a comparison and of element kinds: what is read.
  std::string property;  // a property, or inside an element: its field, empty for the element itself
  bool is_of_element = false;
  PropertyType type = PropertyType::text;

  // Of a comparison: the operator and what is compared with.
  Operator operation = Operator::equal;
  bool is_negative = false;
  bool is_null = false;
  bool flag = false;
  std::vector<std::string> texts;  // lower case
  Time moment = kEpoch;
  std::optional<Duration> from_now;  // `system.now -plus P1D` is one day; `moment` is then of no meaning
  std::shared_ptr<const RE2> pattern;
};

}  // namespace wardbridge::membership_rules
