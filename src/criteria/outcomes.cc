#include "criteria/outcomes.h"

#include <algorithm>
#include <limits>
#include <set>

#include "base/text.h"

namespace wardbridge::criteria {
namespace {

constexpr std::size_t kMostIndependent = 10;  // predicates whose every combination is gone through
constexpr std::size_t kMostOutcomes = 2048;

using Predicates = std::vector<const Predicate*>;
using OutcomeSet = std::set<Outcome>;

bool orders_versions(Test test) {
  return test == Test::greater || test == Test::greater_or_equal || test == Test::less || test == Test::less_or_equal;
}

// A pattern may switch case on, or ask for capitals by class, and then fits some spellings of a text only.
bool may_mind_case(const Predicate& predicate) {
  if (predicate.test != Test::pattern) return false;
  const std::string& pattern = predicate.criterion.value;
  auto has = [&](const char* part) { return pattern.find(part) != std::string::npos; };
  return has("(?") || has("[:") || has("\\p") || has("\\P");
}

template <class Answer>
Outcome outcome_by(const Predicates& predicates, Answer answer) {
  Outcome outcome;
  outcome.reserve(predicates.size());
  for (const Predicate* predicate : predicates) outcome.push_back(answer(*predicate));
  return outcome;
}

// --- Texts. A text is either one that the criteria name, or any other.

// Every text that some predicate or choice names, lower case.
std::set<std::string> named_texts(const Predicates& predicates) {
  std::set<std::string> texts;
  for (const Predicate* predicate : predicates) {
    if (predicate->test == Test::equal) texts.insert(predicate->text);
  }
  const FactDefinition& fact = *predicates.front()->fact;
  for (const Choice& choice : fact.choices) {
    texts.insert(text::lower(choice.display));
    for (const std::string& synonym : choice.synonyms) texts.insert(text::lower(synonym));
  }
  if (!fact.when_absent.empty()) texts.insert(text::lower(fact.when_absent));
  texts.erase("");
  return texts;
}

// Where a text that no predicate names can stand among the versions that predicates are compared with: nowhere, since
// it has no digit, or below, at or above each.
class Ranks {
 public:
  explicit Ranks(const Predicates& predicates) {
    for (const Predicate* predicate : predicates) {
      if (orders_versions(predicate->test)) versions_.push_back(predicate->text);
    }
    std::sort(versions_.begin(), versions_.end(), below);
    versions_.erase(std::unique(versions_.begin(), versions_.end(),
                                [](const auto& a, const auto& b) { return !below(a, b) && !below(b, a); }),
                    versions_.end());
  }

  std::size_t count() const { return versions_.empty() ? 1 : 2 * versions_.size() + 2; }

  // Rank 0: no version. Then, alternating, the gap below a version and the version itself; the last is above all.
  bool passes(const Predicate& predicate, std::size_t rank) const {
    if (rank == 0) return false;
    auto at = std::lower_bound(versions_.begin(), versions_.end(), predicate.text, below) - versions_.begin();
    auto own = static_cast<std::size_t>(2 * at) + 2;
    switch (predicate.test) {
      case Test::greater:
        return rank > own;
      case Test::greater_or_equal:
        return rank >= own;
      case Test::less:
        return rank < own;
      default:
        return rank <= own;
    }
  }

 private:
  static bool below(const std::string& a, const std::string& b) { return compare_versions(a, b).value() < 0; }
  std::vector<std::string> versions_;
};

// What a text that none of the predicates names can give. False: too much to go through.
bool add_other_texts(const Predicates& predicates, OutcomeSet& outcomes) {
  std::vector<std::size_t> independent;
  for (std::size_t i = 0; i < predicates.size(); ++i) {
    Test test = predicates[i]->test;
    if (test == Test::contains || test == Test::pattern) independent.push_back(i);
  }
  Ranks ranks(predicates);
  if (independent.size() > kMostIndependent || (ranks.count() << independent.size()) > 4 * kMostOutcomes) return false;
  auto possible = [&](const Outcome& outcome) {
    for (std::size_t a : independent) {
      if (!outcome[a] && fits_every_text(*predicates[a])) return false;
      for (std::size_t b : independent) {
        bool implies = predicates[a]->test == Test::contains && predicates[b]->test == Test::contains &&
                       predicates[a]->text.find(predicates[b]->text) != std::string::npos;
        if (implies && outcome[a] && !outcome[b]) return false;
      }
    }
    return true;
  };
  for (std::size_t rank = 0; rank < ranks.count(); ++rank) {
    Outcome outcome = outcome_by(predicates, [&](const Predicate& predicate) {
      return orders_versions(predicate.test) && ranks.passes(predicate, rank);
    });
    for (std::size_t bits = 0; bits < (std::size_t{1} << independent.size()); ++bits) {
      for (std::size_t k = 0; k < independent.size(); ++k) outcome[independent[k]] = (bits >> k & 1) != 0;
      if (possible(outcome)) outcomes.insert(outcome);
    }
  }
  return true;
}

// Of one text that is not blank.
std::optional<OutcomeSet> text_outcomes(const Predicates& predicates) {
  OutcomeSet outcomes;
  std::set<std::string> named = named_texts(predicates);
  // Written with other capitals, a text may give another answer to a pattern that minds them.
  bool unsure = !named.empty() && std::any_of(predicates.begin(), predicates.end(),
                                              [](const Predicate* predicate) { return may_mind_case(*predicate); });
  if (unsure || !add_other_texts(predicates, outcomes)) return std::nullopt;
  for (const std::string& text : named) {
    outcomes.insert(outcome_by(predicates, [&](const Predicate& predicate) {
      return predicate.test != Test::blank && text_passes(predicate, text);
    }));
  }
  return outcomes;
}

// --- Numbers and moments: every place where an answer changes, and both sides of it.

std::set<std::int64_t> around(const std::set<std::int64_t>& edges) {
  std::set<std::int64_t> points = edges;
  for (std::int64_t edge : edges) {
    if (edge > std::numeric_limits<std::int64_t>::min()) points.insert(edge - 1);
    if (edge < std::numeric_limits<std::int64_t>::max()) points.insert(edge + 1);
  }
  return points;
}

OutcomeSet number_outcomes(const Predicates& predicates) {
  std::set<std::int64_t> edges = {0};
  for (const Predicate* predicate : predicates) edges.insert(predicate->number);
  OutcomeSet outcomes;
  for (std::int64_t number : around(edges)) {
    outcomes.insert(outcome_by(predicates, [&](const Predicate& predicate) {
      return predicate.test != Test::blank && number_passes(predicate, number);
    }));
  }
  return outcomes;
}

// A day and an age are taken for independent of each other, since any day has any age at some time.
std::optional<OutcomeSet> moment_outcomes(const Predicates& predicates) {
  std::set<std::int64_t> dates = {0};
  std::set<std::int64_t> ages = {0};
  for (const Predicate* predicate : predicates) {
    if (depends_on_time(predicate->test)) {
      ages.insert(predicate->span.count());
      ages.insert(-predicate->span.count());
    } else {
      dates.insert(to_unix_milliseconds(predicate->moment));
    }
  }
  dates = around(dates);
  ages = around(ages);
  if (dates.size() * ages.size() > 4 * kMostOutcomes) return std::nullopt;
  OutcomeSet outcomes;
  for (std::int64_t date : dates) {
    for (std::int64_t age : ages) {
      outcomes.insert(outcome_by(predicates, [&](const Predicate& predicate) {
        bool relative = depends_on_time(predicate.test);
        Time moment = from_unix_milliseconds(relative ? -age : date);
        return judge_moment(predicate, moment, kEpoch).truth;
      }));
    }
  }
  return outcomes;
}

// Of a list of items with these outcomes: a predicate holds when it does of any of them.
std::optional<OutcomeSet> list_outcomes(const Predicates& predicates, const OutcomeSet& items) {
  OutcomeSet lists = {Outcome(predicates.size(), false)};
  for (const Outcome& item : items) {
    OutcomeSet longer = lists;
    for (const Outcome& list : lists) {
      Outcome both = list;
      for (std::size_t i = 0; i < both.size(); ++i) both[i] = both[i] || item[i];
      longer.insert(std::move(both));
    }
    lists = std::move(longer);
    if (lists.size() > kMostOutcomes) return std::nullopt;
  }
  return lists;
}

// The outcome of having nothing at all to report: only a blank test holds.
Outcome blank_outcome(const Predicates& predicates) {
  return outcome_by(predicates, [](const Predicate& predicate) { return predicate.test == Test::blank; });
}

}  // namespace

bool fits_every_text(const Predicate& predicate) {
  if (predicate.test == Test::contains) return predicate.text.empty();
  if (predicate.test != Test::pattern) return false;
  const std::string& pattern = predicate.criterion.value;
  if (pattern == "^" || pattern == "$" || pattern == "^.*" || pattern == ".*$") return true;
  // An empty match that no assertion ties to a place is at the start of any text.
  return pattern.find_first_of("^$\\") == std::string::npos && RE2::FullMatch("", *predicate.pattern);
}

std::optional<std::vector<Outcome>> outcomes_of(const std::vector<const Predicate*>& predicates) {
  std::optional<OutcomeSet> found;
  switch (predicates.front()->fact->type) {
    case FactType::text:
    case FactType::version:
    case FactType::choice:
      found = text_outcomes(predicates);
      if (found && predicates.front()->fact->when_absent.empty()) found->insert(blank_outcome(predicates));
      break;
    case FactType::integer:
      found = number_outcomes(predicates);
      found->insert(blank_outcome(predicates));
      break;
    case FactType::time:
      found = moment_outcomes(predicates);
      if (found) found->insert(blank_outcome(predicates));
      break;
    case FactType::texts:
    case FactType::versions:
      if (auto items = text_outcomes(predicates)) found = list_outcomes(predicates, *items);
      if (found) found->insert(blank_outcome(predicates));
      break;
    case FactType::integers:
      found = list_outcomes(predicates, number_outcomes(predicates));
      if (found) found->insert(blank_outcome(predicates));
      break;
    case FactType::times:
      if (auto items = moment_outcomes(predicates)) found = list_outcomes(predicates, *items);
      break;
    case FactType::computer_group:
      break;  // what one group says binds no other
  }
  if (!found || found->size() > kMostOutcomes) return std::nullopt;
  return std::vector<Outcome>(found->begin(), found->end());
}

}  // namespace wardbridge::criteria
