#include "tenant/membership_rules/rule_tokens.h"

#include <algorithm>

namespace wardbridge::membership_rules {
namespace {

using Kind = RuleToken::Kind;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::optional<Kind> punctuation(char c) {
  switch (c) {
    case '(':
      return Kind::open;
    case ')':
      return Kind::close;
    case '[':
      return Kind::open_list;
    case ']':
      return Kind::close_list;
    case ',':
      return Kind::comma;
    default:
      return std::nullopt;
  }
}

bool is_word_character(char c) { return !is_space(c) && !punctuation(c) && c != '"' && c != '\''; }

// ENTRA: in double quotes a backtick takes the next character as it is; in single quotes a quote is doubled.
Result<RuleToken> quoted(std::string_view rule, std::size_t begin) {
  const char quote = rule[begin];
  RuleToken token{.kind = Kind::quoted, .text = {}, .begin = begin, .end = begin};
  for (std::size_t at = begin + 1; at < rule.size(); ++at) {
    const bool has_next = at + 1 < rule.size();
    if (quote == '"' && rule[at] == '`' && has_next && (rule[at + 1] == '"' || rule[at + 1] == '`')) {
      token.text += rule[++at];
    } else if (rule[at] != quote) {
      token.text += rule[at];
    } else if (quote == '\'' && has_next && rule[at + 1] == quote) {
      token.text += rule[++at];
    } else {
      token.end = at + 1;
      return token;
    }
  }
  return bad_rule(rule, begin, "the quoted text that starts here has no end");
}

}  // namespace

Failure bad_rule(std::string_view rule, std::size_t byte, const std::string& what) {
  const auto is_start = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
  const auto before =
      std::count_if(rule.begin(), rule.begin() + static_cast<std::ptrdiff_t>(std::min(byte, rule.size())), is_start);
  return invalid("bad_membership_rule", "membershipRule, character " + std::to_string(before + 1) + ": " + what,
                 "membershipRule");
}

Result<std::vector<RuleToken>> rule_tokens(std::string_view rule) {
  std::vector<RuleToken> tokens;
  std::size_t at = 0;
  while (true) {
    while (at < rule.size() && is_space(rule[at])) ++at;
    if (at == rule.size()) break;
    const std::size_t begin = at;
    if (rule[at] == '"' || rule[at] == '\'') {
      tokens.push_back(TRY(quoted(rule, begin)));
    } else if (const auto kind = punctuation(rule[at])) {
      tokens.push_back({*kind, std::string(1, rule[at]), begin, begin + 1});
    } else {
      while (at < rule.size() && is_word_character(rule[at])) ++at;
      tokens.push_back({Kind::word, std::string(rule.substr(begin, at - begin)), begin, at});
    }
    at = tokens.back().end;
  }
  tokens.push_back({Kind::end, "", rule.size(), rule.size()});
  return tokens;
}

}  // namespace wardbridge::membership_rules
