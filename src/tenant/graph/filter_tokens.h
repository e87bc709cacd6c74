// The words of a $filter. Private to this room.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace wardbridge::graph {

struct FilterToken {
  enum class Kind { word, quoted, open, close, comma, end };
  Kind kind = Kind::end;
  std::string text;      // a word as written; a quoted text without its quotes
  std::size_t position;  // from 1, for messages
};

// The last token is always `end`.
Result<std::vector<FilterToken>> filter_tokens(std::string_view text);

}  // namespace wardbridge::graph
