#include "criteria/lint.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/limits.h"
#include "base/text.h"
#include "criteria/outcomes.h"

namespace wardbridge::criteria {
namespace {

constexpr std::size_t kMostVisits = 2'000'000;  // of nodes, for one list: some milliseconds

std::string in_backticks(std::string_view text) { return "`" + std::string(text) + "`"; }

std::string words_of(const Predicate& predicate) {
  const Criterion& criterion = predicate.criterion;
  return in_backticks(predicate.fact->name + " " + text::lower(criterion.search_type) +
                      (criterion.value.empty() ? " (blank)" : " " + criterion.value));
}

std::string place_in_list(const Predicate& predicate) {
  return "criteria[" + std::to_string(predicate.criterion.priority) + "]";
}

// Equal for predicates that ask the same, but for negation.
std::string question_of(const Predicate& predicate) {
  std::string value;
  switch (predicate.test) {
    case Test::blank:
      break;
    case Test::before:
    case Test::after:
      value = std::to_string(to_unix_milliseconds(predicate.moment));
      break;
    case Test::more_days_ago:
    case Test::fewer_days_ago:
    case Test::in_more_days:
    case Test::in_fewer_days:
      value = std::to_string(predicate.span.count());
      break;
    case Test::pattern:
      value = predicate.criterion.value;
      break;
    case Test::member:
      value = text::lower(predicate.text);
      break;
    default:
      bool number = predicate.fact->type == FactType::integer || predicate.fact->type == FactType::integers;
      value = predicate.choice ? "choice " + std::to_string(*predicate.choice)
              : number         ? std::to_string(predicate.number)
                               : predicate.text;
  }
  return std::to_string(predicate.fact->id) + "/" + std::to_string(static_cast<int>(predicate.test)) + "/" + value;
}

enum class Tri : std::uint8_t { no, yes, unknown };
Tri tri(bool truth) { return truth ? Tri::yes : Tri::no; }
Tri opposite(Tri truth) { return truth == Tri::unknown ? truth : tri(truth == Tri::no); }

// A compiled list as a formula over what can be asked, with the search for answers that make it true or false.
class Formula {
 public:
  explicit Formula(const Program::Code& code) : code_(code), forced_(code.nodes.size(), Tri::unknown) {
    std::map<std::string, std::size_t> known;
    std::map<FactId, std::vector<std::size_t>> of_fact;
    std::vector<const Predicate*> asked;
    for (const Predicate& predicate : code.predicates) {
      auto [at, fresh] = known.try_emplace(question_of(predicate), asked.size());
      if (fresh) {
        of_fact[predicate.fact->id].push_back(asked.size());
        asked.push_back(&predicate);
      }
      question_.push_back(at->second);
    }
    answers_.assign(asked.size(), Tri::unknown);
    variable_of_.resize(asked.size());
    for (auto& [fact, questions] : of_fact) add_variables(questions, asked);
  }

  std::size_t question(std::size_t predicate) const { return question_[predicate]; }

  // From now on this node counts as a constant; `unknown` takes it back.
  void force(std::size_t node, Tri truth) { forced_[node] = truth; }
  Tri forced(std::size_t node) const { return forced_[node]; }

  // Whether some computer at some time makes the node come out so. True as well when that would take too long to find
  // out: then nothing may be concluded.
  bool possible(std::size_t node, bool truth) {
    return search(0, variable_count(), [&] {
      Tri now = evaluate(node);
      return now == Tri::unknown ? Step::on : now == tri(truth) ? Step::found : Step::back;
    });
  }

  // Whether the whole list ever comes out differently when this node, a criterion, counts as `constant`.
  bool matters(std::size_t node, Tri constant) {
    std::size_t first = variable_of_[question_[code_.nodes[node].predicate]];
    Tri differing = opposite(constant);
    return search(first, variable_count(), [&] {
      if (leaf(node) == constant) return Step::back;  // then it makes no difference
      Tri as_written = evaluate(0);
      Tri before = std::exchange(forced_[node], constant);
      Tri without = evaluate(0);
      forced_[node] = before;
      if (as_written == Tri::unknown || without == Tri::unknown || leaf(node) != differing) return Step::on;
      return as_written == without ? Step::back : Step::found;
    });
  }

 private:
  // One independent choice of nature: what a fact gives to all that is asked of it.
  struct Variable {
    std::vector<std::size_t> questions;
    std::vector<Outcome> outcomes;
  };
  enum class Step { on, back, found };

  void add_variables(const std::vector<std::size_t>& questions, const std::vector<const Predicate*>& asked) {
    std::vector<const Predicate*> predicates;
    for (std::size_t question : questions) predicates.push_back(asked[question]);
    auto outcomes = outcomes_of(predicates);
    if (outcomes) {
      for (std::size_t question : questions) variable_of_[question] = variables_.size();
      variables_.push_back({questions, *std::move(outcomes)});
      return;
    }
    for (std::size_t question : questions) {
      variable_of_[question] = variables_.size();
      variables_.push_back({{question}, {{false}, {true}}});
    }
  }

  std::size_t variable_count() const { return variables_.size(); }

  // Tries the variables in order, `first` before all others, as long as `look` can't tell yet.
  template <class Look>
  bool search(std::size_t first, std::size_t left, const Look& look) {
    if (visits_ > kMostVisits) return true;
    Step step = look();
    if (step != Step::on || left == 0) return step == Step::found || visits_ > kMostVisits;
    std::size_t depth = variables_.size() - left;
    const Variable& variable = variables_[depth == 0 ? first : depth <= first ? depth - 1 : depth];
    bool found = false;
    for (std::size_t i = 0; i < variable.outcomes.size() && !found; ++i) {
      assign(variable, &variable.outcomes[i]);
      found = search(first, left - 1, look);
    }
    assign(variable, nullptr);
    return found;
  }

  void assign(const Variable& variable, const Outcome* outcome) {
    for (std::size_t i = 0; i < variable.questions.size(); ++i) {
      answers_[variable.questions[i]] = outcome == nullptr ? Tri::unknown : tri((*outcome)[i]);
    }
  }

  Tri leaf(std::size_t node) const {
    std::size_t predicate = code_.nodes[node].predicate;
    Tri positive = answers_[question_[predicate]];
    return code_.predicates[predicate].negated ? opposite(positive) : positive;
  }

  Tri evaluate(std::size_t node) {
    ++visits_;
    if (forced_[node] != Tri::unknown) return forced_[node];
    const Node& here = code_.nodes[node];
    if (here.kind == Because::Kind::criterion) return leaf(node);
    Tri decisive = tri(here.kind == Because::Kind::any_of);
    Tri joined = opposite(decisive);
    for (std::size_t part = node + 1; part < here.end; part = code_.nodes[part].end) {
      Tri truth = evaluate(part);
      if (truth == decisive) return decisive;
      if (truth == Tri::unknown) joined = Tri::unknown;
    }
    return joined;
  }

  const Program::Code& code_;
  std::vector<std::size_t> question_;     // of each predicate
  std::vector<std::size_t> variable_of_;  // of each question
  std::vector<Variable> variables_;
  std::vector<Tri> answers_;  // to each question, in the positive
  std::vector<Tri> forced_;   // of each node
  std::size_t visits_ = 0;
};

// One list under the lamp.
class ListLint {
 public:
  explicit ListLint(const Program& program)
      : code_(program.code()), formula_(code_), warnings_(program.warnings()), told_(code_.nodes.size(), false) {}

  std::vector<Warning> run() {
    if (code_.predicates.empty()) return std::move(warnings_);
    look_at_parentheses();
    for (const Predicate& predicate : code_.predicates) look_at(predicate);
    find_constants(0);
    if (formula_.forced(0) == Tri::unknown) find_dead();
    return std::move(warnings_);
  }

 private:
  void tell(std::string reason, std::string message, std::string where = {}) {
    warnings_.push_back({std::move(reason), std::move(message), std::move(where)});
  }

  void look_at_parentheses() {
    int depth = 0;
    const Predicate* deepest = nullptr;
    for (const Predicate& predicate : code_.predicates) {
      depth += predicate.criterion.opening_paren ? 1 : 0;
      if (depth > 1 && deepest == nullptr) deepest = &predicate;
      depth -= predicate.criterion.closing_paren ? 1 : 0;
    }
    if (deepest == nullptr) return;
    tell("nested_parentheses", "parentheses stand within parentheses; Jamf Pro itself knows one level",
         place_in_list(*deepest));
  }

  void look_at(const Predicate& predicate) {
    const std::string& value = predicate.criterion.value;
    // Those of the second kind miss nothing but line breaks.
    constexpr std::array kNearlyAll = {".", ".+", "^.", "^.+", ".+$", "^.*$", "^.+$"};
    bool nearly = predicate.test == Test::pattern &&
                  std::find(kNearlyAll.begin(), kNearlyAll.end(), std::string_view(value)) != kNearlyAll.end();
    if (nearly || fits_every_text(predicate)) {
      tell("matches_everything",
           words_of(predicate) + " fits whatever is not blank; `is not` with an empty value says that plainly",
           place_in_list(predicate));
    }
    bool fewer = predicate.test == Test::fewer_days_ago || predicate.test == Test::in_fewer_days;
    if (fewer && predicate.span == Duration{0}) {
      tell("no_days",
           predicate.test == Test::fewer_days_ago ? words_of(predicate) + " fits nothing but moments in the future"
                                                  : words_of(predicate) + " fits nothing",
           place_in_list(predicate));
    }
    bool orders = predicate.test == Test::greater || predicate.test == Test::greater_or_equal ||
                  predicate.test == Test::less || predicate.test == Test::less_or_equal;
    bool version = predicate.fact->type == FactType::version || predicate.fact->type == FactType::versions;
    if (orders && version && !value.empty() && (value.front() < '0' || value.front() > '9')) {
      tell("words_in_version",
           "versions are compared from the first digit on; in " + words_of(predicate) +
               " what stands before it is ignored",
           place_in_list(predicate));
    }
  }

  // Parts that always or never hold, innermost first; each then counts as the constant that it is.
  void find_constants(std::size_t node) {
    const Node& here = code_.nodes[node];
    for (std::size_t part = node + 1; part < here.end; part = code_.nodes[part].end) find_constants(part);
    for (bool truth : {true, false}) {
      if (formula_.possible(node, !truth)) continue;
      // Where a part is constant, that has been told, and is all there is to the whole.
      bool told_already = only_because_of_parts(node);
      std::vector<std::size_t> core = told_already ? std::vector<std::size_t>{} : core_of(node, truth);
      formula_.force(node, tri(truth));
      if (!told_already) tell_constant(core, truth, !formula_.possible(0, !truth));
      std::fill(told_.begin() + static_cast<std::ptrdiff_t>(node), told_.begin() + here.end, true);
      return;
    }
  }

  bool only_because_of_parts(std::size_t node) const {
    const Node& here = code_.nodes[node];
    for (std::size_t part = node + 1; part < here.end; part = code_.nodes[part].end) {
      if (formula_.forced(part) != Tri::unknown) return true;
    }
    return false;
  }

  // `core` is what makes it so; `whole`: and so the list as a whole is.
  void tell_constant(const std::vector<std::size_t>& core, bool truth, bool whole) {
    const Node& only = code_.nodes[core.front()];
    if (core.size() == 1 && only.kind == Because::Kind::criterion && fits_no_day(code_.predicates[only.predicate])) {
      return;  // `no_days` has said so
    }
    std::vector<std::string> words;
    for (std::size_t part : core) words.push_back(words_of_node(part));
    std::string message = text::join(words, truth ? " or " : " and ");
    if (core.size() == 1) {
      message += truth ? " always holds" : " never holds";
    } else {
      message += truth ? ": one of them always holds" : ": they never hold together";
    }
    message += truth ? (whole ? ", so every computer is in the group" : ", so this part fits every computer")
                     : (whole ? ", so no computer is in the group" : ", so this part fits no computer");
    tell(truth ? "tautology" : "contradiction", std::move(message),
         place_in_list(code_.predicates[first_predicate(core.back())]));
  }

  static bool fits_no_day(const Predicate& predicate) {
    return predicate.test == Test::in_fewer_days && predicate.span == Duration{0};
  }

  // The fewest parts of a constant node that make it so.
  std::vector<std::size_t> core_of(std::size_t node, bool truth) {
    const Node& here = code_.nodes[node];
    if (here.kind == Because::Kind::criterion) return {node};
    Tri neutral = tri(here.kind == Because::Kind::all_of);
    std::vector<std::size_t> core;
    std::vector<std::size_t> left_out;
    for (std::size_t part = node + 1; part < here.end; part = code_.nodes[part].end) {
      if (formula_.forced(part) != Tri::unknown) continue;
      formula_.force(part, neutral);
      if (formula_.possible(node, !truth)) {
        formula_.force(part, Tri::unknown);
        core.push_back(part);
      } else {
        left_out.push_back(part);
      }
    }
    for (std::size_t part : left_out) formula_.force(part, Tri::unknown);
    return core.empty() ? std::vector<std::size_t>{node} : core;
  }

  std::size_t first_predicate(std::size_t node) const {
    while (code_.nodes[node].kind != Because::Kind::criterion) ++node;
    return code_.nodes[node].predicate;
  }

  std::string words_of_node(std::size_t node) const {
    const Node& here = code_.nodes[node];
    if (here.kind == Because::Kind::criterion) return words_of(code_.predicates[here.predicate]);
    std::vector<std::string> words;
    for (std::size_t part = node + 1; part < here.end; part = code_.nodes[part].end) {
      words.push_back(words_of_node(part));
    }
    return "(" + text::join(words, here.kind == Because::Kind::all_of ? " and " : " or ") + ")";
  }

  // From the last to the first, so that of two that say the same the later one is named; what is named stays out.
  void find_dead() {
    std::vector<Warning> found;
    for (std::size_t node = code_.nodes.size(); node-- > 0;) {
      if (code_.nodes[node].kind != Because::Kind::criterion || told_[node]) continue;
      for (Tri constant : {Tri::yes, Tri::no}) {
        if (formula_.matters(node, constant)) continue;
        formula_.force(node, constant);
        const Predicate& predicate = code_.predicates[code_.nodes[node].predicate];
        found.push_back({"dead_criterion",
                         words_of(predicate) + " changes nothing: the other criteria decide without it",
                         place_in_list(predicate)});
        break;
      }
    }
    warnings_.insert(warnings_.end(), found.rbegin(), found.rend());
  }

  const Program::Code& code_;
  Formula formula_;
  std::vector<Warning> warnings_;
  std::vector<bool> told_;  // of each node: a finding covers it
};

std::string normal_node(const Program::Code& code, std::size_t node) {
  const Node& here = code.nodes[node];
  if (here.kind == Because::Kind::criterion) {
    const Predicate& predicate = code.predicates[here.predicate];
    std::string question = question_of(predicate);
    return (predicate.negated ? "!" : "") + std::to_string(question.size()) + ":" + question;
  }
  // Parts that are joined like the whole are its own parts.
  std::set<std::string> parts;
  std::vector<std::size_t> open = {node};
  while (!open.empty()) {
    std::size_t outer = open.back();
    open.pop_back();
    for (std::size_t part = outer + 1; part < code.nodes[outer].end; part = code.nodes[part].end) {
      if (code.nodes[part].kind == here.kind) {
        open.push_back(part);
      } else {
        parts.insert(normal_node(code, part));
      }
    }
  }
  if (parts.size() == 1) return *parts.begin();
  std::string joined = here.kind == Because::Kind::all_of ? "all(" : "any(";
  for (const std::string& part : parts) joined += part + ";";
  return joined + ")";
}

// --- A set of groups.

class SetLint {
 public:
  SetLint(const std::vector<GroupToLint>& groups, const Vocabulary& vocabulary, const Options& options,
          const std::vector<std::string>& others)
      : groups_(groups), findings_(groups.size()), names_(groups.size()) {
    for (const std::string& name : others) others_.insert(text::lower(name));
    for (std::size_t i = 0; i < groups.size(); ++i) by_name_.try_emplace(text::lower(groups[i].name), i);
    std::map<std::string, std::size_t> seen;
    for (std::size_t i = 0; i < groups.size(); ++i) {
      auto program = compile(groups[i].criteria, vocabulary, options);
      if (!program.ok()) {
        const Failure& failure = program.failure();
        findings_[i].push_back({failure.reason, failure.message + "; nobody is in the group", failure.where});
        continue;
      }
      findings_[i] = lint(*program);
      for (const std::string& name : program->groups()) note_reference(i, name);
      auto [first, fresh] = seen.try_emplace(groups[i].scope + "\n" + normal_form(*program), i);
      if (!fresh) {
        findings_[i].push_back({"duplicate_group",
                                "its criteria say the same as those of " + in_backticks(groups[first->second].name),
                                ""});
      }
    }
  }

  std::vector<GroupFinding> run() {
    for (std::size_t i = 0; i < groups_.size(); ++i) look_for_cycle(i);
    for (std::size_t i = 0; i < groups_.size(); ++i) look_at_depth(i);
    std::vector<GroupFinding> all;
    for (std::size_t i = 0; i < groups_.size(); ++i) {
      for (Warning& warning : findings_[i]) all.push_back({i, std::move(warning)});
    }
    return all;
  }

 private:
  void note_reference(std::size_t group, const std::string& name) {
    auto found = by_name_.find(text::lower(name));
    if (found != by_name_.end()) {
      names_[group].push_back(found->second);
    } else if (!others_.contains(text::lower(name))) {
      findings_[group].push_back({"unknown_group", "no group is called " + in_backticks(name), ""});
    }
  }

  // Told once for each cycle, at its first group.
  void look_for_cycle(std::size_t start) {
    std::vector<std::size_t> path = {start};
    std::set<std::size_t> seen;
    if (!leads_back(start, start, seen, path)) return;
    in_cycle_.insert(path.begin(), path.end());
    if (*std::min_element(path.begin(), path.end()) != start) return;
    std::string words;
    for (std::size_t group : path) words += in_backticks(groups_[group].name) + " -> ";
    findings_[start].push_back(
        {"group_cycle", "the group depends on itself: " + words + in_backticks(groups_[start].name), ""});
  }

  bool leads_back(std::size_t at, std::size_t start, std::set<std::size_t>& seen, std::vector<std::size_t>& path) {
    for (std::size_t next : names_[at]) {
      if (next == start) return true;
      if (!seen.insert(next).second) continue;
      path.push_back(next);
      if (leads_back(next, start, seen, path)) return true;
      path.pop_back();
    }
    return false;
  }

  void look_at_depth(std::size_t group) {
    std::map<std::size_t, std::size_t> known;
    std::size_t depth = depth_of(group, known);
    if (depth <= limits::kGroupNesting) return;
    findings_[group].push_back({"nested_too_deep",
                                "groups stand " + std::to_string(depth) + " deep below it; at most " +
                                    std::to_string(limits::kGroupNesting) + " are allowed",
                                ""});
  }

  // How many groups stand below it; those of a cycle count as one.
  std::size_t depth_of(std::size_t group, std::map<std::size_t, std::size_t>& known) {
    auto [at, fresh] = known.try_emplace(group, 0);
    if (!fresh || in_cycle_.contains(group)) return at->second;
    std::size_t depth = 0;
    for (std::size_t next : names_[group]) depth = std::max(depth, 1 + depth_of(next, known));
    return known[group] = depth;
  }

  const std::vector<GroupToLint>& groups_;
  std::vector<std::vector<Warning>> findings_;
  std::vector<std::vector<std::size_t>> names_;  // the groups that each names
  std::map<std::string, std::size_t> by_name_;
  std::set<std::string> others_;  // lower case
  std::set<std::size_t> in_cycle_;
};

}  // namespace

std::vector<Warning> lint(const Program& program) { return ListLint(program).run(); }

std::vector<GroupFinding> lint_groups(const std::vector<GroupToLint>& groups, const Vocabulary& vocabulary,
                                      const Options& options, const std::vector<std::string>& others) {
  return SetLint(groups, vocabulary, options, others).run();
}

std::string normal_form(const Program& program) { return normal_node(program.code(), 0); }

}  // namespace wardbridge::criteria
