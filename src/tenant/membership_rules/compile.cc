// From text to tree: every property, operator and value is checked here, so that judging can't fail.
#include <algorithm>
#include <array>

#include "base/limits.h"
#include "base/text.h"
#include "tenant/membership_rules/rule_tokens.h"
#include "tenant/membership_rules/rule_tree.h"

namespace wardbridge::membership_rules {
namespace {

using Node = Rule::Node;
using NodePointer = std::shared_ptr<const Node>;
using Kind = RuleToken::Kind;

struct OperatorName {
  std::string_view name;
  Operator operation;
  bool is_negative;
};
constexpr std::array<OperatorName, 14> kOperators{{{"eq", Operator::equal, false},
                                                   {"ne", Operator::equal, true},
                                                   {"startswith", Operator::starts_with, false},
                                                   {"notstartswith", Operator::starts_with, true},
                                                   {"endswith", Operator::ends_with, false},
                                                   {"notendswith", Operator::ends_with, true},
                                                   {"contains", Operator::contains, false},
                                                   {"notcontains", Operator::contains, true},
                                                   {"match", Operator::match, false},
                                                   {"notmatch", Operator::match, true},
                                                   {"in", Operator::in, false},
                                                   {"notin", Operator::in, true},
                                                   {"le", Operator::at_most, false},
                                                   {"ge", Operator::at_least, false}}};

std::string_view without_hyphen(std::string_view word) {
  if (word.starts_with('-')) word.remove_prefix(1);
  return word;
}

// What stands for the element inside -any and -all.
struct Element {
  PropertyType type;        // of the collection
  std::string_view prefix;  // `assignedPlan.`, `group.`; `_` always works
  std::vector<std::string_view> fields;
};
const Element kTextElement{PropertyType::texts, "", {}};
const Element kGroupElement{PropertyType::texts, "group.", {"objectId"}};
const Element kPlanElement{PropertyType::plans, "assignedPlan.", {"service", "servicePlanId", "capabilityStatus"}};

// ISO 8601, in parts whose length is always the same: weeks, days, hours, minutes, seconds.
std::optional<Duration> parse_duration(std::string_view text) {
  const std::string upper = text::upper(text);
  if (upper.size() < 3 || upper[0] != 'P') return std::nullopt;
  Duration total{0};
  bool is_time = false;
  std::int64_t number = -1;
  for (const char c : std::string_view(upper).substr(1)) {
    if (c >= '0' && c <= '9') {
      number = std::max<std::int64_t>(number, 0) * 10 + (c - '0');
      if (number > 1'000'000) return std::nullopt;
      continue;
    }
    if (c == 'T' && !is_time && number < 0) {
      is_time = true;
      continue;
    }
    if (number < 0) return std::nullopt;
    if (!is_time && c == 'W')
      total += days{7 * number};
    else if (!is_time && c == 'D')
      total += days{number};
    else if (is_time && c == 'H')
      total += hours{number};
    else if (is_time && c == 'M')
      total += minutes{number};
    else if (is_time && c == 'S')
      total += seconds{number};
    else
      return std::nullopt;
    number = -1;
  }
  if (number >= 0) return std::nullopt;
  return total;
}

class Parser {
 public:
  Parser(std::string_view rule, std::vector<RuleToken> tokens, Subject subject)
      : rule_(rule), tokens_(std::move(tokens)), subject_(subject) {}

  Result<NodePointer> parse() {
    NodePointer root = TRY(next_is("direct") ? direct_reports() : disjunction());
    if (peek().kind != Kind::end) return unexpected("`-and`, `-or` or the end");
    return root;
  }
  bool reads_groups() const { return reads_groups_; }
  bool reads_time() const { return reads_time_; }
  bool reads_extension_attributes() const { return reads_extension_attributes_; }

 private:
  const RuleToken& peek() const { return tokens_[at_]; }
  RuleToken take() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
  bool next_is(std::string_view word) const {
    return peek().kind == Kind::word && text::equal_ignoring_case(without_hyphen(peek().text), word);
  }
  Failure problem(const RuleToken& token, const std::string& what) const { return bad_rule(rule_, token.begin, what); }
  Failure unexpected(const std::string& expected) const {
    const std::string found = peek().kind == Kind::end ? "the end" : "`" + peek().text + "`";
    return problem(peek(), "found " + found + " where " + expected + " is expected");
  }
  Status expect(Kind kind, const std::string& expected) {
    if (peek().kind != kind) return unexpected(expected);
    take();
    return done();
  }
  Result<NodePointer> make(Node node, std::size_t begin) {
    node.begin = begin;
    node.end = tokens_[at_ - 1].end;
    if (++nodes_ > limits::kFilterNodes)
      return bad_rule(rule_, begin, "the rule has more than " + std::to_string(limits::kFilterNodes) + " terms");
    return std::make_shared<const Node>(std::move(node));
  }

  Result<NodePointer> chain(std::string_view word, Node::Kind kind, Result<NodePointer> (Parser::*part)()) {
    const std::size_t begin = peek().begin;
    std::vector<NodePointer> parts{TRY((this->*part)())};
    while (next_is(word)) {
      take();
      parts.push_back(TRY((this->*part)()));
    }
    if (parts.size() == 1) return std::move(parts.front());
    Node node;
    node.kind = kind;
    node.children = std::move(parts);
    return make(std::move(node), begin);
  }
  Result<NodePointer> disjunction() { return chain("or", Node::Kind::any_of, &Parser::conjunction); }
  Result<NodePointer> conjunction() { return chain("and", Node::Kind::all_of, &Parser::term); }

  Result<NodePointer> term() {
    struct Depth {
      std::size_t& depth;
      explicit Depth(std::size_t& counted) : depth(counted) { ++depth; }
      ~Depth() { --depth; }
    } guard(depth_);
    if (depth_ > limits::kJsonDepth) return problem(peek(), "too many nested parentheses");
    if (next_is("not")) {
      const std::size_t begin = take().begin;
      Node node;
      node.kind = Node::Kind::negation;
      node.children.push_back(TRY(term()));
      return make(std::move(node), begin);
    }
    if (peek().kind == Kind::open) {
      take();
      NodePointer inner = TRY(disjunction());
      TRY(expect(Kind::close, "`)`"));
      return inner;
    }
    return comparison();
  }

  // --- What a comparison reads

  Result<Node> element_property() {
    const RuleToken token = take();
    Node node;
    node.is_of_element = true;
    if (token.text == "_") {
      if (element_->type == PropertyType::plans)
        return problem(token, "an assigned plan is no text: name one of its fields, as in `assignedPlan.service`");
      return node;
    }
    const std::string_view prefix = element_->prefix;
    if (!prefix.empty() && text::equal_ignoring_case(token.text.substr(0, prefix.size()), prefix))
      for (const std::string_view field : element_->fields)
        if (text::equal_ignoring_case(token.text.substr(prefix.size()), field)) {
          if (element_->type == PropertyType::plans) node.property = field;
          return node;
        }
    return problem(
        token, "`" + token.text + "` is not an element of the collection: write `_`" +
                   (prefix.empty() ? "" : " or `" + std::string(prefix) + std::string(element_->fields.front()) + "`"));
  }

  Result<Node> property() {
    if (peek().kind != Kind::word) return unexpected("a property");
    if (element_) return element_property();
    const RuleToken token = take();
    const std::string prefix = subject_ == Subject::user ? "user." : "device.";
    if (!text::equal_ignoring_case(std::string_view(token.text).substr(0, prefix.size()), prefix)) {
      const bool is_other = text::lower(token.text).starts_with(subject_ == Subject::user ? "device." : "user.");
      return problem(token, is_other ? "a rule is about users or about devices, not about both"
                                     : "`" + token.text + "` is not a property: it must start with `" + prefix + "`");
    }
    Node node;
    const std::string name = token.text.substr(prefix.size());
    for (const Property& known : properties_of(subject_)) {
      if (!text::equal_ignoring_case(known.name, name)) continue;
      node.property = known.name;
      node.type = known.type;
      reads_extension_attributes_ |= known.name.starts_with("extensionAttribute");
      return node;
    }
    static const RE2 kExtension("(?i)extension_[0-9a-f]{32}_\\w+");
    if (subject_ == Subject::user && RE2::FullMatch(name, kExtension)) {
      node.property = name;
      return node;
    }
    return problem(token, "a " + std::string(prefix, 0, prefix.size() - 1) + " has no property `" + name + "`");
  }

  Result<NodePointer> comparison() {
    const RuleToken first = peek();
    Node node = TRY(property());
    if (next_is("any") || next_is("all")) return elements(std::move(node), first);
    if (node.type == PropertyType::plans || node.property == "memberOf")
      return problem(first, "`" + first.text + "` is a collection: say -any or -all");
    if (peek().kind != Kind::word) return unexpected("an operator");
    const RuleToken word = take();
    const std::string name = text::lower(without_hyphen(word.text));
    const auto known =
        std::find_if(kOperators.begin(), kOperators.end(), [&](const OperatorName& it) { return it.name == name; });
    if (known == kOperators.end()) return problem(word, "`" + word.text + "` is not an operator");
    node.operation = known->operation;
    node.is_negative = known->is_negative;
    TRY(check_operator(node, word));
    TRY(operand(node));
    return make(std::move(node), first.begin);
  }

  Status check_operator(const Node& node, const RuleToken& word) const {
    if (node.operation == Operator::match && subject_ == Subject::device_of_sign_in)
      return problem(word, "a filter for devices has no `" + word.text + "`");
    const bool is_order = node.operation == Operator::at_most || node.operation == Operator::at_least;
    if (is_order && node.type != PropertyType::date) return problem(word, "`" + word.text + "` compares dates only");
    const bool is_exact = node.operation == Operator::equal;
    if (node.type == PropertyType::flag && !is_exact)
      return problem(word, "a property that is true or false is compared with -eq and -ne only");
    if (node.type == PropertyType::date && !is_exact && !is_order)
      return problem(word, "a date is compared with -eq, -ne, -le and -ge only");
    return done();
  }

  Result<NodePointer> elements(Node node, const RuleToken& first) {
    if (element_) return unexpected("an operator");
    if (node.type != PropertyType::texts && node.type != PropertyType::plans)
      return unexpected("an operator (`" + first.text + "` is not a collection)");
    node.kind = next_is("any") ? Node::Kind::any_element : Node::Kind::all_elements;
    take();
    if (node.property == "memberOf") reads_groups_ = true;
    element_ = node.type == PropertyType::plans ? &kPlanElement
               : node.property == "memberOf"    ? &kGroupElement
                                                : &kTextElement;
    // ENTRA: without parentheses the condition is one comparison.
    if (peek().kind == Kind::open) {
      take();
      node.children.push_back(TRY(disjunction()));
      TRY(expect(Kind::close, "`)`"));
    } else {
      node.children.push_back(TRY(comparison()));
    }
    element_ = nullptr;
    return make(std::move(node), first.begin);
  }

  // --- What a comparison compares with

  Status operand(Node& node) {
    if (node.operation == Operator::in) return list(node);
    const RuleToken token = peek();
    if (token.kind != Kind::word && token.kind != Kind::quoted) return unexpected("a value");
    take();
    const bool is_bare = token.kind == Kind::word;
    if (is_bare && (text::equal_ignoring_case(token.text, "null") || text::equal_ignoring_case(token.text, "$null"))) {
      if (node.operation != Operator::equal) return problem(token, "null is compared with -eq and -ne only");
      node.is_null = true;
      return done();
    }
    switch (node.type) {
      case PropertyType::flag:
        return flag(node, token);
      case PropertyType::date:
        return moment(node, token);
      default:
        break;
    }
    if (is_bare && !text::parse_number(token.text))
      return problem(token, "`" + token.text + "` is not a value: a text stands in quotes");
    if (node.operation == Operator::match) return pattern(node, token);
    node.texts.push_back(text::lower(token.text));
    return done();
  }

  Status flag(Node& node, const RuleToken& token) const {
    std::string_view word = token.text;
    if (word.starts_with('$')) word.remove_prefix(1);
    node.flag = text::equal_ignoring_case(word, "true");
    if (!node.flag && !text::equal_ignoring_case(word, "false"))
      return problem(token, "found `" + token.text + "` where true or false is expected");
    return done();
  }

  Status moment(Node& node, const RuleToken& token) {
    if (token.kind == Kind::word && text::equal_ignoring_case(token.text, "system.now")) {
      reads_time_ = true;
      node.from_now = Duration{0};
      if (!next_is("plus") && !next_is("minus")) return done();
      const bool is_plus = next_is("plus");
      take();
      const RuleToken length = take();
      const auto duration =
          length.kind == Kind::word || length.kind == Kind::quoted ? parse_duration(length.text) : std::nullopt;
      if (!duration)
        return problem(length, "found `" + length.text +
                                   "` where a duration of weeks, days, hours, minutes or seconds "
                                   "is expected, as in P30D or PT12H");
      node.from_now = is_plus ? *duration : -*duration;
      return done();
    }
    const auto time = parse_iso8601(token.text);
    if (!time.ok()) return problem(token, "found `" + token.text + "` where a date or system.now is expected");
    node.moment = *time;
    return done();
  }

  Status pattern(Node& node, const RuleToken& token) {
    if (token.text.size() > limits::kPatternBytes)
      return problem(token, "the pattern is longer than " + std::to_string(limits::kPatternBytes) + " bytes");
    RE2::Options options;
    options.set_case_sensitive(false);
    options.set_log_errors(false);
    options.set_max_mem(1 << 20);
    auto compiled = std::make_shared<const RE2>(token.text, options);
    if (!compiled->ok()) return problem(token, "the pattern is not a regular expression: " + compiled->error());
    node.pattern = std::move(compiled);
    return done();
  }

  Status list(Node& node) {
    TRY(expect(Kind::open_list, "`[`"));
    while (true) {
      if (peek().kind != Kind::quoted && !(peek().kind == Kind::word && text::parse_number(peek().text)))
        return unexpected("a quoted text");
      if (++nodes_ > limits::kRuleListValues) return problem(peek(), "the lists of the rule have too many values");
      node.texts.push_back(text::lower(take().text));
      if (peek().kind != Kind::comma) break;
      take();
    }
    return expect(Kind::close_list, "`,` or `]`");
  }

  // `Direct Reports for "<object id of the manager>"`, alone.
  Result<NodePointer> direct_reports() {
    const RuleToken first = take();
    for (const std::string_view word : {"reports", "for"}) {
      if (!next_is(word)) return unexpected("`Direct Reports for`");
      take();
    }
    if (subject_ != Subject::user) return problem(first, "only users have a manager");
    if (peek().kind != Kind::quoted || !text::is_guid(peek().text))
      return unexpected("the manager's object id in quotes");
    Node node;
    node.property = "manager";
    node.texts.push_back(text::lower(take().text));
    return make(std::move(node), first.begin);
  }

  std::string_view rule_;
  std::vector<RuleToken> tokens_;
  Subject subject_;
  const Element* element_ = nullptr;
  std::size_t at_ = 0;
  std::size_t nodes_ = 0;
  std::size_t depth_ = 0;
  bool reads_groups_ = false;
  bool reads_time_ = false;
  bool reads_extension_attributes_ = false;
};

}  // namespace

Result<Rule> Rule::compile(std::string_view rule, Subject subject) {
  const auto characters =
      std::count_if(rule.begin(), rule.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
  if (static_cast<std::size_t>(characters) > limits::kRuleCharacters)
    return bad_rule(rule, rule.size(),
                    "the rule is longer than " + std::to_string(limits::kRuleCharacters) + " characters");
  Parser parser(rule, TRY(rule_tokens(rule)), subject);
  Rule compiled;
  compiled.root_ = TRY(parser.parse());
  compiled.text_ = rule;
  compiled.subject_ = subject;
  compiled.reads_groups_ = parser.reads_groups();
  compiled.reads_time_ = parser.reads_time();
  compiled.reads_extension_attributes_ = parser.reads_extension_attributes();
  return compiled;
}

}  // namespace wardbridge::membership_rules
