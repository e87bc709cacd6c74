#include "tenant/graph/filter.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "base/text.h"
#include "base/time.h"
#include "tenant/graph/filter_tokens.h"
#include "tenant/graph/filter_tree.h"

namespace wardbridge::graph {

namespace {

using Node = Filter::Node;
using NodePointer = std::shared_ptr<const Node>;
using Kind = Node::Kind;
using TokenKind = FilterToken::Kind;

constexpr std::pair<std::string_view, Kind> kComparisons[] = {
    {"eq", Kind::equal},         {"ne", Kind::not_equal}, {"gt", Kind::greater},
    {"ge", Kind::greater_equal}, {"lt", Kind::less},      {"le", Kind::less_equal},
};
constexpr std::pair<std::string_view, Kind> kFunctions[] = {
    {"startswith", Kind::starts_with},
    {"endswith", Kind::ends_with},
    {"contains", Kind::contains},
};

class Parser {
 public:
  Parser(std::vector<FilterToken> tokens, const ResourceType& type) : tokens_(std::move(tokens)), type_(type) {}

  Result<NodePointer> parse() {
    NodePointer root = TRY(disjunction());
    if (peek().kind != TokenKind::end) return unexpected("the end or `and` or `or`");
    return root;
  }

 private:
  const FilterToken& peek() const { return tokens_[at_]; }
  FilterToken take() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
  bool next_is_word(std::string_view word) const {
    return peek().kind == TokenKind::word && text::equal_ignoring_case(peek().text, word);
  }

  Failure problem(const FilterToken& token, const std::string& what) const {
    return invalid("bad_filter", "$filter, character " + std::to_string(token.position) + ": " + what, "$filter");
  }
  Failure unexpected(const std::string& expected) const {
    const std::string found = peek().kind == TokenKind::end ? "the end" : "`" + peek().text + "`";
    return problem(peek(), "found " + found + " where " + expected + " is expected");
  }
  Status expect(TokenKind kind, const std::string& expected) {
    if (peek().kind != kind) return unexpected(expected);
    take();
    return done();
  }

  Result<NodePointer> make(Node node) {
    if (++nodes_ > limits::kFilterNodes)
      return invalid("bad_filter", "$filter has more than " + std::to_string(limits::kFilterNodes) + " terms",
                     "$filter");
    return std::make_shared<const Node>(std::move(node));
  }

  Result<NodePointer> chain(std::string_view word, Kind kind, Result<NodePointer> (Parser::*part)()) {
    std::vector<NodePointer> parts{TRY((this->*part)())};
    while (next_is_word(word)) {
      take();
      parts.push_back(TRY((this->*part)()));
    }
    if (parts.size() == 1) return std::move(parts.front());
    return make({.kind = kind, .property = nullptr, .values = {}, .children = std::move(parts)});
  }
  Result<NodePointer> disjunction() { return chain("or", Kind::any_of, &Parser::conjunction); }
  Result<NodePointer> conjunction() { return chain("and", Kind::all_of, &Parser::term); }

  Result<NodePointer> term() {
    // Parentheses and `not` nest by recursion, so their depth is limited like the rest.
    struct Depth {
      std::size_t& depth;
      explicit Depth(std::size_t& counted) : depth(counted) { ++depth; }
      ~Depth() { --depth; }
    } guard(depth_);
    if (depth_ > limits::kJsonDepth) return problem(peek(), "too many nested parentheses");
    if (next_is_word("not")) {
      take();
      NodePointer negated = TRY(term());
      return make({.kind = Kind::negation, .property = nullptr, .values = {}, .children = {std::move(negated)}});
    }
    if (peek().kind == TokenKind::open) {
      take();
      NodePointer inner = TRY(disjunction());
      TRY(expect(TokenKind::close, "`)`"));
      return inner;
    }
    if (peek().kind != TokenKind::word) return unexpected("a property, a function, `not` or `(`");
    return tokens_[at_ + 1].kind == TokenKind::open ? function() : comparison();
  }

  Failure unknown(const std::string& property) const {
    return invalid("unknown_property",
                   "could not find a property named `" + property + "` on type `" + std::string(type_.name) + "`",
                   "$filter");
  }

  Result<const Property*> property() {
    if (peek().kind != TokenKind::word) return unexpected("a property");
    const FilterToken token = take();
    const Property* found = type_.find(token.text);
    if (!found) return unknown(token.text);
    if (found->type == PropertyType::collection || found->type == PropertyType::complex)
      return invalid("unsupported_filter", "the property `" + token.text + "` can't be filtered on", "$filter");
    return found;
  }

  Result<NodePointer> function() {
    const FilterToken name = take();
    if (name.text.ends_with("/all"))
      return invalid("unsupported_filter", "the lambda operator `all` is not supported", "$filter");
    if (name.text.ends_with("/any")) return any_element(name);
    const auto known = std::find_if(std::begin(kFunctions), std::end(kFunctions),
                                    [&](const auto& it) { return text::equal_ignoring_case(it.first, name.text); });
    if (known == std::end(kFunctions))
      return invalid("unsupported_filter", "the function `" + name.text + "` is not supported", "$filter");
    take();  // (
    const Property* subject = TRY(property());
    if (subject->type != PropertyType::text)
      return problem(name, "`" + name.text + "` takes a text, `" + std::string(subject->name) + "` is none");
    TRY(expect(TokenKind::comma, "`,`"));
    if (peek().kind != TokenKind::quoted) return unexpected("a quoted text");
    json::Value value(take().text);
    TRY(expect(TokenKind::close, "`)`"));
    // OData also writes `startswith(a, 'b') eq true`.
    if (next_is_word("eq")) {
      take();
      if (!next_is_word("true")) return unexpected("`true`");
      take();
    }
    return make({.kind = known->second, .property = subject, .values = {std::move(value)}, .children = {}});
  }

  // `tags/any(t:t eq 'x')`, `tags/any(t:startswith(t,'x'))`: one condition on the elements of a collection of texts.
  Result<NodePointer> any_element(const FilterToken& name) {
    const std::string collection = name.text.substr(0, name.text.size() - 4);
    const Property* found = type_.find(collection);
    if (!found || found->type != PropertyType::collection) return unknown(collection);
    take();  // (
    if (peek().kind != TokenKind::word) return unexpected("a range variable");
    FilterToken& token = tokens_[at_];
    const std::size_t colon = token.text.find(':');
    if (colon == std::string::npos || colon == 0) return unexpected("a range variable and `:`");
    const std::string variable = token.text.substr(0, colon);
    // What follows the colon without a space is the next word.
    token.text.erase(0, colon + 1);
    token.position += colon + 1;
    if (token.text.empty()) take();

    Node condition{.kind = Kind::equal, .property = nullptr, .values = {}, .children = {}};
    const bool is_function = tokens_[std::min(at_ + 1, tokens_.size() - 1)].kind == TokenKind::open;
    if (is_function) {
      const FilterToken function = take();
      if (!text::equal_ignoring_case(function.text, "startswith"))
        return invalid("unsupported_filter", "inside `any` only `startswith` and `eq` are supported", "$filter");
      condition.kind = Kind::starts_with;
      take();  // (
    }
    if (peek().kind != TokenKind::word || peek().text != variable) return unexpected("`" + variable + "`");
    take();
    if (is_function) {
      TRY(expect(TokenKind::comma, "`,`"));
    } else if (!next_is_word("eq")) {
      return unexpected("`eq`");
    } else {
      take();
    }
    const bool is_text =
        peek().kind == TokenKind::quoted || (peek().kind == TokenKind::word && text::is_guid(peek().text));
    if (!is_text) return unexpected("a quoted text");
    condition.values.emplace_back(take().text);
    if (is_function) TRY(expect(TokenKind::close, "`)`"));
    TRY(expect(TokenKind::close, "`)`"));
    NodePointer child = TRY(make(std::move(condition)));
    return make({.kind = Kind::any_element, .property = found, .values = {}, .children = {std::move(child)}});
  }

  Result<NodePointer> comparison() {
    const Property* subject = TRY(property());
    if (next_is_word("in")) return membership(subject);
    const auto known = std::find_if(std::begin(kComparisons), std::end(kComparisons),
                                    [&](const auto& it) { return next_is_word(it.first); });
    if (known != std::end(kComparisons)) {
      take();
      json::Value literal = TRY(value_for(*subject));
      const bool is_order = known->second != Kind::equal && known->second != Kind::not_equal;
      if (is_order && (literal.is_null() || literal.is_bool())) return unexpected("a value that has an order");
      return make({.kind = known->second, .property = subject, .values = {std::move(literal)}, .children = {}});
    }
    if (subject->type != PropertyType::flag) return unexpected("a comparison operator");
    return make({.kind = Kind::truth, .property = subject, .values = {}, .children = {}});
  }

  Result<NodePointer> membership(const Property* subject) {
    take();  // in
    TRY(expect(TokenKind::open, "`(`"));
    Node node{.kind = Kind::in, .property = subject, .values = {}, .children = {}};
    do {
      if (++nodes_ > limits::kFilterNodes) return problem(peek(), "too many values");
      node.values.push_back(TRY(value_for(*subject)));
    } while (peek().kind == TokenKind::comma && (take(), true));
    TRY(expect(TokenKind::close, "`,` or `)`"));
    return make(std::move(node));
  }

  Failure wrong_type(const FilterToken& token, const Property& subject, const char* expected) const {
    return problem(token, "the property `" + std::string(subject.name) + "` is compared with " + expected + ", not `" +
                              token.text + "`");
  }

  Result<json::Value> value_for(const Property& subject) {
    if (peek().kind != TokenKind::word && peek().kind != TokenKind::quoted) return unexpected("a value");
    const FilterToken token = take();
    const bool is_quoted = token.kind == TokenKind::quoted;
    if (!is_quoted && token.text == "null") return json::Value(nullptr);
    switch (subject.type) {
      case PropertyType::text:
        // Ids may stand without quotes.
        if (!is_quoted && !text::is_guid(token.text)) return wrong_type(token, subject, "a quoted text");
        return json::Value(token.text);
      case PropertyType::flag:
        if (is_quoted || (token.text != "true" && token.text != "false"))
          return wrong_type(token, subject, "true or false");
        return json::Value(token.text == "true");
      case PropertyType::integer: {
        const auto number = is_quoted ? std::nullopt : text::parse_integer(token.text);
        if (!number) return wrong_type(token, subject, "an integer");
        return json::Value(*number);
      }
      case PropertyType::date: {
        const auto time = is_quoted ? Result<Time>(invalid("bad_time", "")) : parse_iso8601(token.text);
        if (!time.ok()) return wrong_type(token, subject, "a date and time without quotes");
        return json::Value(to_unix_milliseconds(*time));
      }
      case PropertyType::collection:
      case PropertyType::complex:
        break;
    }
    CHECK(false, "property() lets no such property through");
  }

  std::vector<FilterToken> tokens_;
  const ResourceType& type_;
  std::size_t at_ = 0;
  std::size_t nodes_ = 0;
  std::size_t depth_ = 0;
};

// What a filter compares: dates of the JSON become numbers, like those of the filter.
json::Value comparable(const json::Object& item, const Property& property) {
  const json::Value& value = value_at(item, property.name);
  if (property.type != PropertyType::date || !value.is_string()) return value;
  const auto time = parse_iso8601(value.get_string());
  return time.ok() ? json::Value(to_unix_milliseconds(*time)) : json::Value(nullptr);
}

// Whether a word of `whole` starts with `part`, both in lower case.
bool has_word(std::string_view whole, std::string_view part) {
  const auto is_inside_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (static_cast<unsigned char>(c) & 0x80) != 0;
  };
  for (std::size_t at = whole.find(part); at != std::string_view::npos; at = whole.find(part, at + 1))
    if (at == 0 || !is_inside_word(whole[at - 1])) return true;
  return false;
}

bool matches_text(const Node& node, const json::Value& value) {
  if (!value.is_string()) return false;
  const std::string whole = text::lower(value.get_string());
  const std::string part = text::lower(node.values.front().get_string());
  if (node.kind == Kind::starts_with) return whole.starts_with(part);
  if (node.kind == Kind::ends_with) return whole.ends_with(part);
  if (node.kind == Kind::word_starts_with) return has_word(whole, part);
  return whole.find(part) != std::string::npos;
}

bool evaluate(const Node& node, const json::Object& item);

bool evaluate_comparison(const Node& node, const json::Object& item) {
  const json::Value value = comparable(item, *node.property);
  const auto order = [&] { return compare_values(value, node.values.front()); };
  switch (node.kind) {
    case Kind::equal:
      return order() == 0;
    case Kind::not_equal:
      return order() != 0;
    // Nothing is neither more nor less than something.
    case Kind::greater:
      return !value.is_null() && order() > 0;
    case Kind::greater_equal:
      return !value.is_null() && order() >= 0;
    case Kind::less:
      return !value.is_null() && order() < 0;
    case Kind::less_equal:
      return !value.is_null() && order() <= 0;
    case Kind::in:
      return std::any_of(node.values.begin(), node.values.end(),
                         [&](const json::Value& one) { return compare_values(value, one) == 0; });
    case Kind::truth:
      return value.is_bool() && value.get_bool();
    default:
      return matches_text(node, value);
  }
}

bool has_element(const Node& node, const json::Object& item) {
  const json::Array* elements = value_at(item, node.property->name).if_array();
  const Node& wanted = *node.children.front();
  return elements && std::any_of(elements->begin(), elements->end(), [&](const json::Value& element) {
           return wanted.kind == Kind::equal ? compare_values(element, wanted.values.front()) == 0
                                             : matches_text(wanted, element);
         });
}

bool evaluate(const Node& node, const json::Object& item) {
  const auto holds = [&](const NodePointer& child) { return evaluate(*child, item); };
  switch (node.kind) {
    case Kind::all_of:
      return std::all_of(node.children.begin(), node.children.end(), holds);
    case Kind::any_of:
      return std::any_of(node.children.begin(), node.children.end(), holds);
    case Kind::negation:
      return !holds(node.children.front());
    case Kind::any_element:
      return has_element(node, item);
    default:
      return evaluate_comparison(node, item);
  }
}

// What must all hold, of a filter that is nothing but `and` at its top.
std::vector<const Node*> conjuncts_of(const Node& root) {
  std::vector<const Node*> found{&root};
  for (std::size_t i = 0; i < found.size(); ++i)
    if (found[i]->kind == Kind::all_of)
      for (const NodePointer& child : found[i]->children) found.push_back(child.get());
  return found;
}

bool any_node(const Node& node, bool (*wanted)(const Node&)) {
  return wanted(node) || std::any_of(node.children.begin(), node.children.end(),
                                     [&](const NodePointer& child) { return any_node(*child, wanted); });
}

}  // namespace

Result<Filter> Filter::parse(std::string_view text, const ResourceType& type) {
  return Filter(TRY(Parser(TRY(filter_tokens(text)), type).parse()));
}

Filter Filter::operator&(const Filter& other) const {
  return Filter(std::make_shared<const Node>(
      Node{.kind = Kind::all_of, .property = nullptr, .values = {}, .children = {root_, other.root_}}));
}

Result<Filter> parse_search(std::string_view text, const ResourceType& type) {
  const auto bad = [](std::size_t at, const std::string& what) {
    return invalid("bad_search", "$search, character " + std::to_string(at + 1) + ": " + what, "$search");
  };
  const auto any = [](std::vector<NodePointer> parts, Kind kind) -> NodePointer {
    if (parts.size() == 1) return std::move(parts.front());
    return std::make_shared<const Node>(
        Node{.kind = kind, .property = nullptr, .values = {}, .children = std::move(parts)});
  };
  if (text.size() > limits::kFilterBytes) return bad(limits::kFilterBytes, "the search is too long");
  std::vector<NodePointer> alternatives;
  std::vector<NodePointer> clauses;
  std::size_t at = 0;
  const auto skip_spaces = [&] {
    while (at < text.size() && text[at] == ' ') ++at;
  };
  while (true) {
    skip_spaces();
    if (at == text.size() || text[at] != '"') return bad(at, "a clause like `\"displayName:text\"` is expected");
    const std::size_t end = text.find('"', at + 1);
    if (end == std::string_view::npos) return bad(at, "the quoted clause has no end");
    const std::string_view clause = text.substr(at + 1, end - at - 1);
    const std::size_t colon = clause.find(':');
    if (colon == std::string_view::npos || colon + 1 == clause.size())
      return bad(at, "a clause is a property, `:` and a text");
    const Property* property = type.find(clause.substr(0, colon));
    if (!property || !property->is_searchable)
      return bad(at + 1, "`" + std::string(clause.substr(0, colon)) + "` can't be searched");
    if (clauses.size() + alternatives.size() > limits::kFilterNodes) return bad(at, "too many clauses");
    clauses.push_back(std::make_shared<const Node>(Node{.kind = Kind::word_starts_with,
                                                        .property = property,
                                                        .values = {json::Value(clause.substr(colon + 1))},
                                                        .children = {}}));
    at = end + 1;
    skip_spaces();
    if (at == text.size()) break;
    if (text.substr(at).starts_with("AND ")) {
      at += 4;
    } else if (text.substr(at).starts_with("OR ")) {
      at += 3;
      alternatives.push_back(any(std::exchange(clauses, {}), Kind::all_of));
    } else {
      return bad(at, "`AND` or `OR` is expected");
    }
  }
  alternatives.push_back(any(std::move(clauses), Kind::all_of));
  return Filter(any(std::move(alternatives), Kind::any_of));
}

bool Filter::matches(const json::Object& item) const { return evaluate(*root_, item); }

std::optional<std::string> Filter::required_text(std::string_view property) const {
  for (const Node* node : conjuncts_of(*root_))
    if (node->kind == Kind::equal && node->property->name == property && node->values.front().is_string())
      return std::string(node->values.front().get_string());
  return std::nullopt;
}

std::optional<Time> Filter::earliest(std::string_view property) const {
  for (const Node* node : conjuncts_of(*root_)) {
    const bool is_bound = node->kind == Kind::equal || node->kind == Kind::greater || node->kind == Kind::greater_equal;
    if (is_bound && node->property->name == property && node->values.front().is_int64())
      return from_unix_milliseconds(node->values.front().get_int64());
  }
  return std::nullopt;
}

bool Filter::is_advanced() const {
  return any_node(*root_, [](const Node& node) {
    return node.kind == Kind::not_equal || node.kind == Kind::negation || node.kind == Kind::ends_with;
  });
}

}  // namespace wardbridge::graph
