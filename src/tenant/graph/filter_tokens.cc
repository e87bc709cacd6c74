#include "tenant/graph/filter_tokens.h"

#include "base/limits.h"

namespace wardbridge::graph {
namespace {

// Names, numbers, dates, GUIDs: everything that needs no quotes.
bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         c == '.' || c == ':' || c == '/' || c == '+' || c == '@' || c == '$';
}

Failure bad_filter(std::size_t offset, const std::string& what) {
  return invalid("bad_filter", "$filter, character " + std::to_string(offset + 1) + ": " + what, "$filter");
}

}  // namespace

Result<std::vector<FilterToken>> filter_tokens(std::string_view text) {
  if (text.size() > limits::kFilterBytes)
    return invalid("bad_filter", "$filter is longer than " + std::to_string(limits::kFilterBytes) + " bytes",
                   "$filter");
  using Kind = FilterToken::Kind;
  std::vector<FilterToken> tokens;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t start = at;
    const char c = text[at];
    if (c == ' ' || c == '\t') {
      ++at;
    } else if (c == '(' || c == ')' || c == ',') {
      const Kind kind = c == '(' ? Kind::open : c == ')' ? Kind::close : Kind::comma;
      tokens.push_back({kind, std::string(1, c), start + 1});
      ++at;
    } else if (c == '\'') {
      std::string value;
      for (++at;; ++at) {
        if (at == text.size()) return bad_filter(start, "the quoted text has no end");
        if (text[at] != '\'') {
          value += text[at];
        } else if (at + 1 < text.size() && text[at + 1] == '\'') {
          value += '\'';  // a doubled quote is a quote
          ++at;
        } else {
          break;
        }
      }
      ++at;
      tokens.push_back({Kind::quoted, std::move(value), start + 1});
    } else if (is_word_character(c)) {
      while (at < text.size() && is_word_character(text[at])) ++at;
      tokens.push_back({Kind::word, std::string(text.substr(start, at - start)), start + 1});
    } else {
      return bad_filter(start, "`" + std::string(1, c) + "` is not expected here");
    }
  }
  tokens.push_back({Kind::end, "", text.size() + 1});
  return tokens;
}

}  // namespace wardbridge::graph
