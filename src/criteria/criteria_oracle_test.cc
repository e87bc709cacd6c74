// Random criteria lists, facts and moments, judged twice: by the engine, and by an evaluator that is written apart from
// it and as plainly as possible (it re-reads every value, knows no `valid_until` and no short cuts). A failure is
// shrunk to a short list before it is shown.
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "criteria/test_facts.h"

namespace wardbridge::criteria {
namespace {

const Time kStart = *parse_iso8601("2026-11-23T12:00:00Z");
constexpr std::int64_t kDayMilliseconds = 24LL * 60 * 60 * 1000;

// ---- the plain evaluator

bool plain_text(const std::string& measured, const std::string& search_type, const std::string& wanted) {
  std::string a = text::lower(measured);
  std::string b = text::lower(wanted);
  if (search_type == "is" || search_type == "has") return a == b;
  if (search_type == "like") return a.find(b) != std::string::npos;
  // The only patterns that are drawn are `^prefix` and `suffix$`.
  if (b.front() == '^') return a.rfind(b.substr(1), 0) == 0;
  b.pop_back();
  return a.size() >= b.size() && a.substr(a.size() - b.size()) == b;
}

// Only dotted numbers are drawn.
int plain_version_order(const std::string& a, const std::string& b) {
  auto left = text::split(a, '.');
  auto right = text::split(b, '.');
  for (std::size_t i = 0; i < 8; ++i) {
    auto x = i < left.size() ? *text::parse_integer(left[i]) : 0;
    auto y = i < right.size() ? *text::parse_integer(right[i]) : 0;
    if (x != y) return x < y ? -1 : 1;
  }
  return 0;
}

bool plain_version(const std::string& measured, const std::string& search_type, const std::string& wanted) {
  if (search_type == "greater than") return plain_version_order(measured, wanted) > 0;
  if (search_type == "greater than or equal") return plain_version_order(measured, wanted) >= 0;
  if (search_type == "less than") return plain_version_order(measured, wanted) < 0;
  if (search_type == "less than or equal") return plain_version_order(measured, wanted) <= 0;
  return plain_text(measured, search_type, wanted);
}

bool plain_time(std::optional<Time> measured, const std::string& search_type, const std::string& wanted, Time now) {
  if (!measured) return false;
  std::int64_t at = to_unix_milliseconds(*measured);
  if (search_type.rfind("before", 0) == 0) return to_date(*measured) < wanted;
  if (search_type.rfind("after", 0) == 0) return to_date(*measured) > wanted;
  std::int64_t age = to_unix_milliseconds(now) - at;
  std::int64_t limit = std::stoll(wanted) * kDayMilliseconds;
  if (search_type == "more than x days ago") return age > limit;
  if (search_type == "less than x days ago") return age < limit;
  if (search_type == "in more than x days") return -age > limit;
  return -age >= 0 && -age < limit;
}

std::string positive_form(const std::string& search_type) {
  if (search_type == "is not") return "is";
  if (search_type == "not like") return "like";
  if (search_type == "does not have") return "has";
  if (search_type == "does not match regex") return "matches regex";
  if (search_type == "not member of") return "member of";
  return search_type;
}

bool plain_positive(const Criterion& c, const std::string& search_type, const WrittenFacts& facts, Time now) {
  if (c.name == "Computer Group") return facts.groups.contains(c.value) && facts.groups.at(c.value).member;
  if (c.name == "Last Inventory Update") return plain_time(facts.time(kLastInventoryUpdate), search_type, c.value, now);
  if (c.name == "MDM Profile Expiration Date") {
    return plain_time(facts.time(kProfileExpiration), search_type, c.value, now);
  }
  if (c.name == "Total RAM MB") {
    auto ram = facts.integer(kTotalRam);
    if (!ram || c.value.empty()) return !ram && c.value.empty();
    auto wanted = std::stoll(c.value);
    return search_type == "is" ? *ram == wanted : search_type == "more than" ? *ram > wanted : *ram < wanted;
  }
  std::vector<std::string> items;
  if (c.name == "Application Title" && facts.lists.contains(kApplicationTitle))
    items = facts.lists.at(kApplicationTitle);
  if (c.name == "Computer Name" && facts.texts.contains(kComputerName)) items = {facts.texts.at(kComputerName)};
  if (c.name == "Operating System Version" && facts.texts.contains(kOperatingSystemVersion)) {
    items = {facts.texts.at(kOperatingSystemVersion)};
  }
  std::erase(items, "");
  if (c.value.empty() && (search_type == "is" || search_type == "has")) return items.empty();
  for (const std::string& item : items) {
    bool version = c.name == "Operating System Version";
    if (version ? plain_version(item, search_type, c.value) : plain_text(item, search_type, c.value)) return true;
  }
  return false;
}

bool plain_criterion(const Criterion& c, const WrittenFacts& facts, Time now) {
  std::string positive = positive_form(c.search_type);
  bool truth = plain_positive(c, positive, facts, now);
  return positive == c.search_type ? truth : !truth;
}

// Evaluates by rewriting a string such as `(T|F)&T` until one letter is left.
bool plain_list(const std::vector<Criterion>& list, const WrittenFacts& facts, Time now, Precedence precedence) {
  std::string formula;
  for (const Criterion& c : list) {
    if (!formula.empty()) formula += c.and_or == "and" ? '&' : '|';
    formula += c.opening_paren ? "(" : "";
    formula += plain_criterion(c, facts, now) ? 'T' : 'F';
    formula += c.closing_paren ? ")" : "";
  }
  auto flat = [&](std::string f) {
    while (f.size() > 1) {
      std::size_t at = 1;
      if (precedence == Precedence::and_first && f.find('&') != std::string::npos) at = f.find('&');
      bool truth = f[at] == '&' ? f[at - 1] == 'T' && f[at + 1] == 'T' : f[at - 1] == 'T' || f[at + 1] == 'T';
      f.replace(at - 1, 3, truth ? "T" : "F");
    }
    return f;
  };
  for (auto close = formula.find(')'); close != std::string::npos; close = formula.find(')')) {
    auto open = formula.rfind('(', close);
    formula.replace(open, close - open + 1, flat(formula.substr(open + 1, close - open - 1)));
  }
  return formula.empty() || flat(formula) == "T";
}

// ---- random cases

struct RandomCase {
  std::vector<Criterion> list;
  WrittenFacts facts;
  Precedence precedence = Precedence::and_first;
};

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  int below(int bound) { return static_cast<int>(engine_() % static_cast<std::uint64_t>(bound)); }
  bool one_in(int count) { return below(count) == 0; }
  template <class T>
  const T& pick(const std::vector<T>& from) {
    return from[static_cast<std::size_t>(below(static_cast<int>(from.size())))];
  }

 private:
  std::mt19937_64 engine_;
};

const std::vector<std::string> kWords = {"", "a", "A", "ab", "Abc", "bc", "cab", "lab-7"};
const std::vector<std::string> kPatterns = {"^a", "b$", "^LAB", "c$"};
const std::vector<std::string> kVersions = {"14", "14.0", "14.1.2", "14.10", "13.6.9", "15.0.1", "014.1.2"};
const std::vector<std::string> kDates = {"2026-11-21", "2026-11-22", "2026-11-23", "2026-11-24", "2026-11-25"};

Criterion random_criterion(Dice& dice) {
  static const std::vector<std::string> names = {
      // Half of them are about time, for the sake of `valid_until`.
      "Last Inventory Update", "Last Inventory Update", "Last Inventory Update", "MDM Profile Expiration Date",
      "Computer Name",         "Total RAM MB",          "Application Title",     "Operating System Version",
      "Computer Group"};
  Criterion c;
  c.name = dice.pick(names);
  static const Vocabulary vocabulary = test_vocabulary();
  auto definition = vocabulary.find(c.name);
  c.search_type = dice.pick(definition->operators.names());
  bool regex = c.search_type.find("regex") != std::string::npos;
  bool order = c.search_type.rfind("greater", 0) == 0 || c.search_type.rfind("less", 0) == 0;
  switch (definition->type) {
    case FactType::integer:
      c.value = std::to_string(dice.below(4));
      if (dice.one_in(5) && c.search_type.rfind("is", 0) == 0) c.value = "";
      break;
    case FactType::time:
      c.value = c.search_type.find("yyyy") != std::string::npos ? dice.pick(kDates) : std::to_string(dice.below(4));
      break;
    case FactType::computer_group:
      c.value = dice.one_in(2) ? "one" : "two";
      break;
    case FactType::version:
      c.value = regex ? "^14" : order || !dice.one_in(6) ? dice.pick(kVersions) : "";
      break;
    default:
      c.value = regex ? dice.pick(kPatterns) : dice.pick(kWords);
  }
  return c;
}

std::vector<Criterion> random_list(Dice& dice) {
  std::vector<Criterion> list;
  int depth = 0;
  for (int i = dice.below(8); i > 0; --i) {
    Criterion c = random_criterion(dice);
    c.priority = static_cast<std::int64_t>(list.size());
    c.and_or = dice.one_in(2) ? "and" : "or";
    c.opening_paren = dice.one_in(3);
    depth += c.opening_paren ? 1 : 0;
    c.closing_paren = depth > 0 && (i == 1 || dice.one_in(2));
    depth -= c.closing_paren ? 1 : 0;
    list.push_back(std::move(c));
  }
  // One criterion closes one parenthesis only: whatever is still open loses its opening.
  for (auto c = list.rbegin(); c != list.rend() && depth > 0; ++c) {
    if (!c->opening_paren) continue;
    c->opening_paren = false;
    --depth;
  }
  return list;
}

WrittenFacts random_facts(Dice& dice) {
  WrittenFacts facts;
  // Moments on whole minutes and beside them, where `more than` and `less than` differ.
  auto moment = [&] { return kStart + minutes{dice.below(9 * 1440) - 6 * 1440} + milliseconds{dice.below(3) - 1}; };
  auto on_the_edge = [&] { return kStart + days{dice.below(7) - 3} + milliseconds{dice.below(3) - 1}; };
  if (!dice.one_in(4)) facts.texts[kComputerName] = dice.pick(kWords);
  if (!dice.one_in(4)) facts.texts[kOperatingSystemVersion] = dice.pick(kVersions);
  if (!dice.one_in(4)) facts.integers[kTotalRam] = dice.below(4);
  if (!dice.one_in(5)) facts.times[kLastInventoryUpdate] = dice.one_in(3) ? on_the_edge() : moment();
  if (!dice.one_in(5)) facts.times[kProfileExpiration] = dice.one_in(3) ? on_the_edge() : moment();
  for (int i = dice.below(4); i > 0; --i) facts.lists[kApplicationTitle].push_back(dice.pick(kWords));
  if (dice.one_in(2)) facts.groups["one"] = {true, kNever};
  return facts;
}

// What is wrong with the engine's answer; empty when nothing is.
std::string complaint(const RandomCase& c) {
  static const Vocabulary vocabulary = test_vocabulary();
  auto program = compile(c.list, vocabulary, {c.precedence});
  if (!program.ok()) return "refused: " + program.failure().message;
  Time until;
  bool truth = matches(*program, c.facts, kStart, &until);
  if (truth != plain_list(c.list, c.facts, kStart, c.precedence)) return "the truth differs";
  Judgement judgement = judge(*program, c.facts, kStart);
  if (judgement.truth != truth || judgement.valid_until != until) return "judge and matches differ";
  if (until <= kStart) return "valid_until is not later than now";
  if (until == kNever && !program->depends_on_time()) return {};
  // Every minute would be slow: some minutes, each day's edge, and the last moment before it ends.
  Time end = std::min(until, kStart + days{12});
  std::set<Time> samples = {end - milliseconds{1}};
  for (Time at = kStart; at < end; at += minutes{97}) samples.insert(at);
  for (Time at = kStart - milliseconds{1}; at < end; at += days{1}) {
    for (int step = 0; step < 4; ++step) {
      if (at + milliseconds{step} >= kStart && at + milliseconds{step} < end) samples.insert(at + milliseconds{step});
    }
  }
  for (Time at : samples) {
    if (plain_list(c.list, c.facts, at, c.precedence) != truth) return "valid_until is too late: " + to_iso8601(until);
  }
  if (c.list.size() == 1 && until != kNever && plain_list(c.list, c.facts, until, c.precedence) == truth) {
    return "valid_until of one criterion is too early: " + to_iso8601(until);
  }
  return {};
}

// Leaves out criteria, then facts, as long as something stays wrong.
RandomCase shrink(RandomCase failing) {
  for (bool smaller = true; smaller;) {
    smaller = false;
    for (std::size_t i = 0; i < failing.list.size() && !smaller; ++i) {
      RandomCase attempt = failing;
      attempt.list.erase(attempt.list.begin() + static_cast<std::ptrdiff_t>(i));
      for (std::size_t k = 0; k < attempt.list.size(); ++k) {
        attempt.list[k].priority = static_cast<std::int64_t>(k);
        // Parentheses may have lost their partner; try without any.
        attempt.list[k].opening_paren = attempt.list[k].closing_paren = false;
      }
      std::string still = complaint(attempt);
      smaller = !still.empty() && still.rfind("refused", 0) != 0;
      if (smaller) failing = std::move(attempt);
    }
  }
  return failing;
}

std::string shown(const RandomCase& c) {
  std::string out = c.precedence == Precedence::and_first ? "and first\n" : "left fold\n";
  for (const Criterion& line : c.list) {
    out += line.and_or + (line.opening_paren ? " ( " : " ") + line.name + " | " + line.search_type + " | " +
           line.value + (line.closing_paren ? " )\n" : "\n");
  }
  for (const auto& [fact, value] : c.facts.texts) out += std::to_string(fact) + " = `" + value + "`\n";
  for (const auto& [fact, value] : c.facts.integers) out += std::to_string(fact) + " = " + std::to_string(value) + "\n";
  for (const auto& [fact, value] : c.facts.times) out += std::to_string(fact) + " = " + to_iso8601(value) + "\n";
  for (const auto& [fact, items] : c.facts.lists) {
    out += std::to_string(fact) + " = [" + text::join(items, "|") + "]\n";
  }
  return out;
}

TEST(Oracle, TheEngineAgreesWithAPlainEvaluator) {
  const Vocabulary vocabulary = test_vocabulary();
  int time_bound = 0;
  for (std::uint64_t seed = 1; seed <= 4000; ++seed) {
    Dice dice(seed);
    RandomCase c{random_list(dice), random_facts(dice), dice.one_in(2) ? Precedence::and_first : Precedence::left_fold};
    std::string wrong = complaint(c);
    if (!wrong.empty()) {
      RandomCase small = shrink(c);
      FAIL() << "seed " << seed << ": " << wrong << "\n"
             << shown(c) << "shrunk: " << complaint(small) << "\n"
             << shown(small);
    }
    Time until;
    matches(*compile(c.list, vocabulary, {c.precedence}), c.facts, kStart, &until);
    time_bound += until != kNever ? 1 : 0;
  }
  EXPECT_GT(time_bound, 300) << "too few of the random cases put valid_until to the test";
}

TEST(Oracle, ThePlainEvaluatorItselfCanSayBoth) {
  WrittenFacts facts;
  facts.texts[kComputerName] = "lab-7";
  std::vector<Criterion> list = {{"Computer Name", 0, "and", "matches regex", "^LAB", false, false}};
  EXPECT_TRUE(plain_list(list, facts, kStart, Precedence::and_first));
  list[0].search_type = "does not match regex";
  EXPECT_FALSE(plain_list(list, facts, kStart, Precedence::and_first));
}

}  // namespace
}  // namespace wardbridge::criteria
