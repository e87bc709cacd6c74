// RSQL, the filter language of the Jamf Pro API's lists: reading it. What the fields are is each list's own.
//
//   general.name=="*mac*";(operatingSystem.version=ge=14.0,hardware.appleSilicon==true)
//
// JAMF: `;` and ` and ` bind tighter than `,` and ` or `; text compares without case; `*` stands for anything with `==`
// and `!=`, in quotes too; quotes are needed around spaces and reserved characters.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace wardbridge::inventory::rsql {

enum class Operator { equal, not_equal, less, less_or_equal, greater, greater_or_equal, in, out };

struct Node {
  enum class Kind { all, any, comparison } kind = Kind::comparison;
  std::vector<Node> children;  // of all and any

  std::string selector;  // of a comparison
  Operator comparison = Operator::equal;
  std::vector<std::string> arguments;  // exactly one, except for in and out
};

// Fails with `bad_filter`, naming the position (from 1), and with `filter_too_large` above limits::kFilterBytes,
// limits::kFilterNodes (comparisons, arguments and parentheses) or 32 levels of parentheses. An empty text is a
// failure.
Result<Node> parse(std::string_view filter);

// Whether a text fits an argument of == in which `*` stands for any run of characters. Both in lower case.
bool matches_pattern(std::string_view pattern, std::string_view text);

}  // namespace wardbridge::inventory::rsql
