#include <algorithm>

#include "base/limits.h"
#include "base/text.h"
#include "criteria/program.h"

namespace wardbridge::criteria {
namespace {

constexpr std::int64_t kMostDays = 36525;  // a century
constexpr std::int64_t kPatternMemoryBytes = 8 * 1024 * 1024;

// A criterion and where the caller had it.
struct Placed {
  const Criterion* criterion;
  std::size_t index;
};

Failure refuse(const Placed& placed, std::string reason, const std::string& what, const char* field) {
  return invalid(
      std::move(reason),
      "criterion " + std::to_string(placed.criterion->priority) + " (`" + placed.criterion->name + "`): " + what,
      "criteria[" + std::to_string(placed.index) + "]." + field);
}

std::string quoted(std::string_view text) { return "`" + std::string(text) + "`"; }

// By priority, which must count 0, 1, 2, ...
Result<std::vector<Placed>> in_order(const std::vector<Criterion>& criteria) {
  if (criteria.size() > limits::kCriteriaPerGroup) {
    return Failure{Code::too_large, "too_many_criteria",
                   std::to_string(criteria.size()) + " criteria are more than the " +
                       std::to_string(limits::kCriteriaPerGroup) + " that one list may have",
                   "criteria"};
  }
  std::vector<Placed> placed;
  for (std::size_t i = 0; i < criteria.size(); ++i) placed.push_back({&criteria[i], i});
  std::stable_sort(placed.begin(), placed.end(),
                   [](const Placed& a, const Placed& b) { return a.criterion->priority < b.criterion->priority; });
  for (std::size_t i = 0; i < placed.size(); ++i) {
    if (placed[i].criterion->priority != static_cast<std::int64_t>(i)) {
      return refuse(placed[i], "bad_priority",
                    "priorities must start at 0 and grow by one; the next one expected is " + std::to_string(i),
                    "priority");
    }
  }
  return placed;
}

struct Meaning {
  Test test;
  bool negated;
};

Meaning meaning_of(Operator op) {
  switch (op) {
    case Operator::is:
    case Operator::has:
      return {Test::equal, false};
    case Operator::is_not:
    case Operator::does_not_have:
      return {Test::equal, true};
    case Operator::like:
      return {Test::contains, false};
    case Operator::not_like:
      return {Test::contains, true};
    case Operator::matches_regex:
      return {Test::pattern, false};
    case Operator::does_not_match_regex:
      return {Test::pattern, true};
    case Operator::more_than:
    case Operator::greater_than:
      return {Test::greater, false};
    case Operator::greater_than_or_equal:
      return {Test::greater_or_equal, false};
    case Operator::less_than:
      return {Test::less, false};
    case Operator::less_than_or_equal:
      return {Test::less_or_equal, false};
    case Operator::before:
      return {Test::before, false};
    case Operator::after:
      return {Test::after, false};
    case Operator::more_than_x_days_ago:
      return {Test::more_days_ago, false};
    case Operator::less_than_x_days_ago:
      return {Test::fewer_days_ago, false};
    case Operator::in_more_than_x_days:
      return {Test::in_more_days, false};
    case Operator::in_less_than_x_days:
      return {Test::in_fewer_days, false};
    case Operator::member_of:
      return {Test::member, false};
    case Operator::not_member_of:
      return {Test::member, true};
    case Operator::current:
    case Operator::not_current:
      break;
  }
  CHECK(false, "an operator that no type offers got past the check for its type");
  return {Test::equal, false};
}

Status read_pattern(const Placed& placed, Predicate& predicate) {
  RE2::Options options;
  options.set_case_sensitive(false);
  options.set_log_errors(false);
  options.set_max_mem(kPatternMemoryBytes);
  auto pattern = std::make_shared<const RE2>(placed.criterion->value, options);
  if (!pattern->ok()) {
    return refuse(placed, "bad_regex",
                  quoted(placed.criterion->value) + " is not a usable regular expression: " + pattern->error(),
                  "value");
  }
  predicate.pattern = std::move(pattern);
  return done();
}

std::string place_of(const Criterion& criterion) { return "criteria[" + std::to_string(criterion.priority) + "]"; }

Status read_choice(const Placed& placed, Predicate& predicate, std::vector<Warning>& warnings) {
  const auto& choices = predicate.fact->choices;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    if (names_choice(choices[i], placed.criterion->value)) predicate.choice = i;
  }
  if (!predicate.choice) {
    std::string known;
    for (const Choice& choice : choices) known += (known.empty() ? "" : ", ") + quoted(choice.display);
    warnings.push_back({"unknown_choice",
                        quoted(placed.criterion->value) + " is not a value that " + quoted(predicate.fact->name) +
                            " is known to take: " + known,
                        place_of(*placed.criterion)});
  }
  return done();
}

// Reads the value once, into what judging needs.
Status read_value(const Placed& placed, Predicate& predicate, const TimeZone* zone, std::vector<Warning>& warnings) {
  const std::string& value = placed.criterion->value;
  if (value.empty() && predicate.test == Test::equal) {
    predicate.test = Test::blank;
    return done();
  }
  predicate.text = text::lower(value);
  switch (predicate.test) {
    case Test::pattern:
      return read_pattern(placed, predicate);
    case Test::member:
      if (value.empty()) return refuse(placed, "missing_group", "the value must name a group", "value");
      predicate.text = value;
      return done();
    case Test::before:
    case Test::after: {
      auto date = parse_date(value);
      if (!date.ok()) return refuse(placed, "bad_date", quoted(value) + " is not a date (yyyy-mm-dd)", "value");
      predicate.moment = moment_of(*date + (predicate.test == Test::after ? days{1} : days{0}), zone);
      return done();
    }
    case Test::more_days_ago:
    case Test::fewer_days_ago:
    case Test::in_more_days:
    case Test::in_fewer_days: {
      auto count = text::parse_integer(value);
      if (!count || *count < 0 || *count > kMostDays) {
        return refuse(placed, "bad_days",
                      quoted(value) + " is not a whole number of days from 0 to " + std::to_string(kMostDays), "value");
      }
      predicate.span = days{*count};
      return done();
    }
    default:
      break;
  }
  if (predicate.test == Test::equal && !predicate.fact->choices.empty()) {
    return read_choice(placed, predicate, warnings);
  }
  if (predicate.fact->type == FactType::integer || predicate.fact->type == FactType::integers) {
    auto number = text::parse_integer(value);
    if (!number) return refuse(placed, "bad_integer", quoted(value) + " is not a whole number", "value");
    predicate.number = *number;
  } else if (predicate.test != Test::equal && predicate.test != Test::contains && !compare_versions(value, value)) {
    return refuse(placed, "bad_version", quoted(value) + " is not a version: it has no number in it", "value");
  }
  return done();
}

// Why the fact does not take the operator; nothing when it does.
std::optional<std::string> why_not_allowed(const FactDefinition& fact, Operator op, Rules rules) {
  OperatorSet allowed = fact.operators;
  if (allowed.contains(op) && !(rules == Rules::jamf_pro_api && fact.refused_over_api.contains(op))) {
    return std::nullopt;
  }
  std::string these = "; these do: " + text::join(allowed.names(), ", ");
  if (allowed.contains(op)) return "is not valid over this API; the console and the Classic API take it" + these;
  // DEVIATION: the documents name `current` and `not current` and don't say what they mean, so nothing offers them.
  if (op == Operator::current || op == Operator::not_current)
    return "is a relic that nothing here can be asked" + these;
  return "does not apply to it" + these;
}

Result<Predicate> compile_one(const Placed& placed, const Vocabulary& vocabulary, const Options& options,
                              std::vector<Warning>& warnings) {
  const Criterion& criterion = *placed.criterion;
  Predicate predicate;
  predicate.criterion = criterion;
  predicate.fact = vocabulary.find(criterion.name);
  if (predicate.fact == nullptr) {
    std::string why = vocabulary.why_missing(criterion.name);
    return refuse(placed, "unknown_criterion", why.empty() ? "no criterion has that name" : "it can't be asked: " + why,
                  "name");
  }
  auto op = operator_from_name(criterion.search_type);
  if (!op)
    return refuse(placed, "unknown_operator", quoted(criterion.search_type) + " is not an operator", "searchType");
  if (auto why_not = why_not_allowed(*predicate.fact, *op, options.rules)) {
    return refuse(placed, "operator_not_allowed", quoted(criterion.search_type) + " " + *why_not, "searchType");
  }
  if (criterion.value.size() > limits::kPatternBytes) {
    return refuse(placed, "value_too_long",
                  "a value may have " + std::to_string(limits::kPatternBytes) + " bytes at most", "value");
  }
  Meaning meaning = meaning_of(*op);
  predicate.test = meaning.test;
  predicate.negated = meaning.negated;
  TRY(read_value(placed, predicate, options.time_zone.get(), warnings));
  return predicate;
}

// The expression while it is being read: a criterion, or parts that are all joined alike.
struct Term {
  Because::Kind kind = Because::Kind::criterion;
  std::uint32_t predicate = 0;
  std::vector<Term> parts = {};
};

Term join_terms(Because::Kind kind, std::vector<Term> parts) {
  if (parts.size() == 1) return std::move(parts.front());
  return Term{kind, 0, std::move(parts)};
}

// What stands between two parentheses, or outside of all.
struct Level {
  std::vector<Term> terms = {};
  std::vector<Because::Kind> joints = {};  // joints[i] is between terms[i] and terms[i + 1]
  const Placed* opened_by = nullptr;

  bool mixed() const { return std::adjacent_find(joints.begin(), joints.end(), std::not_equal_to<>{}) != joints.end(); }
};

Term fold_and_first(Level level) {
  std::vector<Term> alternatives;
  std::vector<Term> run;
  for (std::size_t i = 0; i < level.terms.size(); ++i) {
    if (i > 0 && level.joints[i - 1] == Because::Kind::any_of) {
      alternatives.push_back(join_terms(Because::Kind::all_of, std::exchange(run, {})));
    }
    run.push_back(std::move(level.terms[i]));
  }
  alternatives.push_back(join_terms(Because::Kind::all_of, std::move(run)));
  return join_terms(Because::Kind::any_of, std::move(alternatives));
}

Term fold_left(Level level) {
  std::vector<Term> parts;
  parts.push_back(std::move(level.terms.front()));
  for (std::size_t i = 1; i < level.terms.size(); ++i) {
    if (i > 1 && level.joints[i - 1] != level.joints[i - 2]) {
      Term so_far = join_terms(level.joints[i - 2], std::exchange(parts, {}));
      parts.push_back(std::move(so_far));
    }
    parts.push_back(std::move(level.terms[i]));
  }
  return join_terms(level.joints.empty() ? Because::Kind::all_of : level.joints.back(), std::move(parts));
}

// Puts a criteria list together as an expression.
class Parser {
 public:
  Parser(Precedence precedence, std::vector<Warning>& warnings) : precedence_(precedence), warnings_(warnings) {
    levels_.emplace_back();
  }

  Status add(const Placed& placed, std::uint32_t predicate) {
    const Criterion& criterion = *placed.criterion;
    auto joint = joint_of(criterion.and_or);
    if (!joint) return refuse(placed, "bad_and_or", quoted(criterion.and_or) + " is neither `and` nor `or`", "andOr");
    if (!levels_.back().terms.empty()) levels_.back().joints.push_back(*joint);
    if (criterion.opening_paren) {
      levels_.emplace_back();
      levels_.back().opened_by = &placed;
    }
    levels_.back().terms.push_back(Term{Because::Kind::criterion, predicate});
    if (criterion.closing_paren) {
      if (levels_.size() == 1) {
        return refuse(placed, "unbalanced_parentheses", "it closes a parenthesis that none opened", "closingParen");
      }
      Term inner = fold(std::move(levels_.back()));
      levels_.pop_back();
      levels_.back().terms.push_back(std::move(inner));
    }
    return done();
  }

  Result<Term> finish() {
    if (levels_.size() > 1) {
      return refuse(*levels_.back().opened_by, "unbalanced_parentheses", "its opening parenthesis is never closed",
                    "openingParen");
    }
    if (levels_.back().terms.empty()) return Term{Because::Kind::all_of};
    return fold(std::move(levels_.back()));
  }

 private:
  static std::optional<Because::Kind> joint_of(std::string_view and_or) {
    if (text::equal_ignoring_case(and_or, "and")) return Because::Kind::all_of;
    if (text::equal_ignoring_case(and_or, "or")) return Because::Kind::any_of;
    return std::nullopt;
  }

  Term fold(Level level) {
    if (level.mixed()) {
      bool and_first = precedence_ == Precedence::and_first;
      warnings_.push_back({"mixed_and_or", std::string("`and` and `or` are mixed without parentheses; they are read ") +
                                               (and_first ? "`and` first" : "from the top down")});
    }
    return precedence_ == Precedence::and_first ? fold_and_first(std::move(level)) : fold_left(std::move(level));
  }

  Precedence precedence_;
  std::vector<Warning>& warnings_;
  std::vector<Level> levels_;
};

void flatten(const Term& term, std::vector<Node>& nodes) {
  std::size_t at = nodes.size();
  nodes.push_back(Node{term.kind, 0, term.predicate});
  for (const Term& part : term.parts) flatten(part, nodes);
  nodes[at].end = static_cast<std::uint32_t>(nodes.size());
}

// What the program as a whole reads.
void summarize(Program::Code& code) {
  for (const Predicate& predicate : code.predicates) {
    if (predicate.test == Test::member) {
      bool known = std::any_of(code.groups.begin(), code.groups.end(), [&](const std::string& group) {
        return text::equal_ignoring_case(group, predicate.text);
      });
      if (!known) code.groups.push_back(predicate.text);
    }
    code.facts.push_back(predicate.fact->id);
    code.depends_on_time |= depends_on_time(predicate.test);
  }
  std::sort(code.facts.begin(), code.facts.end());
  code.facts.erase(std::unique(code.facts.begin(), code.facts.end()), code.facts.end());
}

}  // namespace

bool names_choice(const Choice& choice, std::string_view spelling) {
  return text::equal_ignoring_case(choice.display, spelling) ||
         std::any_of(choice.synonyms.begin(), choice.synonyms.end(),
                     [&](const std::string& synonym) { return text::equal_ignoring_case(synonym, spelling); });
}

Result<Program> compile(const std::vector<Criterion>& criteria, const Vocabulary& vocabulary, Options options) {
  std::vector<Placed> placed = TRY(in_order(criteria));
  auto code = std::make_shared<Program::Code>();
  Parser parser(options.precedence, code->warnings);
  for (const Placed& one : placed) {
    code->predicates.push_back(TRY(compile_one(one, vocabulary, options, code->warnings)));
    TRY(parser.add(one, static_cast<std::uint32_t>(code->predicates.size() - 1)));
  }
  flatten(TRY(parser.finish()), code->nodes);
  summarize(*code);
  return Program(std::shared_ptr<const Program::Code>(std::move(code)));
}

Program::Program(std::shared_ptr<const Code> code) : code_(std::move(code)) {
  if (code_ != nullptr) return;
  auto empty = std::make_shared<Code>();
  empty->nodes.push_back(Node{Because::Kind::all_of, 1, 0});
  code_ = std::move(empty);
}

const std::vector<FactId>& Program::facts() const { return code_->facts; }
const std::vector<std::string>& Program::groups() const { return code_->groups; }
bool Program::depends_on_time() const { return code_->depends_on_time; }
const std::vector<Warning>& Program::warnings() const { return code_->warnings; }

}  // namespace wardbridge::criteria
