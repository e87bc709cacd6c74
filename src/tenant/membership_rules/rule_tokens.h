// The words of a rule. Private to this room.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace wardbridge::membership_rules {

struct RuleToken {
  enum class Kind { word, quoted, open, close, open_list, close_list, comma, end };
  Kind kind = Kind::end;
  std::string text;       // a word as written; a quoted text without quotes and escapes
  std::size_t begin = 0;  // bytes of the rule
  std::size_t end = 0;
};

Result<std::vector<RuleToken>> rule_tokens(std::string_view rule);

// What is wrong, and at which character (from 1; of UTF-8, not of bytes).
Failure bad_rule(std::string_view rule, std::size_t byte, const std::string& what);

}  // namespace wardbridge::membership_rules
