#include "management/inventory/rsql.h"

#include <array>

#include "base/limits.h"
#include "base/text.h"

namespace wardbridge::inventory::rsql {
namespace {

constexpr int kLargestDepth = 32;
constexpr std::string_view kReserved = "\"'();,=!~<> \t\r\n";

struct Spelling {
  std::string_view text;
  Operator meaning;
};
// Longer spellings first, where one begins another.
constexpr std::array<Spelling, 12> kOperators = {{{"=lt=", Operator::less},
                                                  {"=le=", Operator::less_or_equal},
                                                  {"=gt=", Operator::greater},
                                                  {"=ge=", Operator::greater_or_equal},
                                                  {"=in=", Operator::in},
                                                  {"=out=", Operator::out},
                                                  {"==", Operator::equal},
                                                  {"!=", Operator::not_equal},
                                                  {"<=", Operator::less_or_equal},
                                                  {">=", Operator::greater_or_equal},
                                                  {"<", Operator::less},
                                                  {">", Operator::greater}}};

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<Node> whole() {
    if (text_.size() > limits::kFilterBytes) {
      return invalid("filter_too_large", "the filter is longer than " + std::to_string(limits::kFilterBytes) + " bytes",
                     "filter");
    }
    Node node = TRY(any_of(0));
    skip_spaces();
    if (position_ < text_.size()) return unexpected("the end, `;` or `,`");
    return node;
  }

 private:
  Failure failure(const std::string& message) const {
    return invalid("bad_filter", "the filter is wrong at position " + std::to_string(position_ + 1) + ": " + message,
                   "filter");
  }

  Failure unexpected(std::string_view wanted) const {
    std::string found = position_ < text_.size() ? "`" + std::string(1, text_[position_]) + "`" : "the end";
    return failure("expected " + std::string(wanted) + ", found " + found);
  }

  void skip_spaces() {
    while (position_ < text_.size() && (text_[position_] == ' ' || text_[position_] == '\t')) ++position_;
  }

  bool take(char symbol) {
    skip_spaces();
    if (position_ >= text_.size() || text_[position_] != symbol) return false;
    ++position_;
    return true;
  }

  // A word between spaces or parentheses, as `and` and `or` are.
  bool take_word(std::string_view word) {
    skip_spaces();
    std::size_t end = position_ + word.size();
    bool begins = position_ > 0 && std::string_view(" \t)").find(text_[position_ - 1]) != std::string_view::npos;
    bool ends = end < text_.size() && std::string_view(" \t(").find(text_[end]) != std::string_view::npos;
    if (!begins || !ends || !text::equal_ignoring_case(text_.substr(position_, word.size()), word)) return false;
    position_ = end;
    return true;
  }

  Status count_node() {
    if (++nodes_ <= limits::kFilterNodes) return done();
    return invalid("filter_too_large", "the filter has more than " + std::to_string(limits::kFilterNodes) + " parts",
                   "filter");
  }

  Result<Node> any_of(int depth) {
    Node any{.kind = Node::Kind::any, .children = {}, .selector = {}, .arguments = {}};
    do {
      any.children.push_back(TRY(all_of(depth)));
    } while (take(',') || take_word("or"));
    if (any.children.size() == 1) return only_child(std::move(any));
    return any;
  }

  Result<Node> all_of(int depth) {
    Node all{.kind = Node::Kind::all, .children = {}, .selector = {}, .arguments = {}};
    do {
      all.children.push_back(TRY(constraint(depth)));
    } while (take(';') || take_word("and"));
    if (all.children.size() == 1) return only_child(std::move(all));
    return all;
  }

  static Node only_child(Node parent) {
    Node child = std::move(parent.children.front());
    return child;
  }

  Result<Node> constraint(int depth) {
    TRY(count_node());
    if (!take('(')) return comparison();
    if (depth >= kLargestDepth) {
      return invalid("filter_too_large",
                     "the filter has more than " + std::to_string(kLargestDepth) + " levels of parentheses", "filter");
    }
    Node inner = TRY(any_of(depth + 1));
    if (!take(')')) return unexpected("`)`");
    return inner;
  }

  Result<Node> comparison() {
    Node node;
    skip_spaces();
    std::size_t start = position_;
    while (position_ < text_.size() && kReserved.find(text_[position_]) == std::string_view::npos) ++position_;
    node.selector = std::string(text_.substr(start, position_ - start));
    if (node.selector.empty()) return unexpected("the name of a field");
    skip_spaces();
    node.comparison = TRY(comparison_operator(node.selector));
    if (node.comparison != Operator::in && node.comparison != Operator::out) {
      node.arguments.push_back(TRY(argument()));
      return node;
    }
    if (!take('(')) return unexpected("`(` and a list of values");
    do {
      TRY(count_node());
      node.arguments.push_back(TRY(argument()));
    } while (take(','));
    if (!take(')')) return unexpected("`,` or `)`");
    return node;
  }

  Result<Operator> comparison_operator(const std::string& selector) {
    std::string_view rest = text_.substr(position_);
    for (const Spelling& spelling : kOperators) {
      if (!text::equal_ignoring_case(rest.substr(0, spelling.text.size()), spelling.text)) continue;
      position_ += spelling.text.size();
      return spelling.meaning;
    }
    return unexpected("an operator (== != < =lt= <= =le= > =gt= >= =ge= =in= =out=) after `" + selector + "`");
  }

  Result<std::string> argument() {
    skip_spaces();
    if (position_ < text_.size() && (text_[position_] == '"' || text_[position_] == '\'')) return quoted();
    std::size_t start = position_;
    while (position_ < text_.size() && kReserved.find(text_[position_]) == std::string_view::npos) ++position_;
    if (position_ == start) return unexpected("a value");
    return std::string(text_.substr(start, position_ - start));
  }

  Result<std::string> quoted() {
    std::size_t start = position_;
    char quote = text_[position_++];
    std::string value;
    for (; position_ < text_.size(); ++position_) {
      if (text_[position_] == quote) return ++position_, value;
      if (text_[position_] == '\\' && position_ + 1 < text_.size()) ++position_;
      value += text_[position_];
    }
    position_ = start;
    return failure("this quote is never closed");
  }

  std::string_view text_;
  std::size_t position_ = 0;
  std::size_t nodes_ = 0;
};

}  // namespace

Result<Node> parse(std::string_view filter) { return Parser(filter).whole(); }

bool matches_pattern(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace wardbridge::inventory::rsql
