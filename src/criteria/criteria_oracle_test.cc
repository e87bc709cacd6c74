// Random criteria lists, facts and moments, judged twice: by the engine, and by the plain evaluator. A failure is
// shrunk to a short list before it is shown.
#include <gtest/gtest.h>

#include <set>

#include "criteria/oracle_testing.h"

namespace wardbridge::criteria::oracle {
namespace {

struct RandomCase {
  std::vector<Criterion> list;
  WrittenFacts facts;
  Reading reading;
};

// The moments from now to `end` at which the truth is looked at again: every minute would be slow for all cases, so
// most get some minutes, each day's edge, and the last moment before it ends.
std::set<Time> samples_until(Time end, bool every_minute) {
  std::set<Time> samples = {end - milliseconds{1}};
  for (Time at = kStart; at < end; at += minutes{every_minute ? 1 : 97}) samples.insert(at);
  for (Time at = kStart - milliseconds{1}; at < end; at += days{1}) {
    for (int step = 0; step < 4; ++step) {
      if (at + milliseconds{step} >= kStart && at + milliseconds{step} < end) samples.insert(at + milliseconds{step});
    }
  }
  return samples;
}

// What is wrong with the engine's answer; empty when nothing is.
std::string complaint(const RandomCase& c, bool every_minute = false) {
  static const Vocabulary vocabulary = test_vocabulary();
  auto program = compile(c.list, vocabulary, c.reading.options());
  if (!program.ok()) return "refused: " + program.failure().message;
  Time until;
  bool truth = matches(*program, c.facts, kStart, &until);
  if (truth != plain_list(c.list, c.facts, kStart, c.reading)) return "the truth differs";
  Judgement judgement = judge(*program, c.facts, kStart);
  if (judgement.truth != truth || judgement.valid_until != until) return "judge and matches differ";
  if (until <= kStart) return "valid_until is not later than now";
  if (until == kNever && !program->depends_on_time()) return {};
  for (Time at : samples_until(std::min(until, kStart + days{12}), every_minute)) {
    if (plain_list(c.list, c.facts, at, c.reading) != truth) return "valid_until is too late: " + to_iso8601(until);
  }
  // Of one criterion on one value the end is exact; several items of a list may hand over to each other.
  bool exact = c.list.size() == 1 && c.list[0].name != "Certificates Expiring";
  if (exact && until != kNever && plain_list(c.list, c.facts, until, c.reading) == truth) {
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

TEST(Oracle, TheEngineAgreesWithAPlainEvaluator) {
  const Vocabulary vocabulary = test_vocabulary();
  int time_bound = 0;
  std::set<std::string> asked;
  for (std::uint64_t seed = 1; seed <= 4000; ++seed) {
    Dice dice(seed);
    RandomCase c{random_list(dice),
                 random_facts(dice),
                 {dice.one_in(2) ? Precedence::and_first : Precedence::left_fold, dice.one_in(2)}};
    std::string wrong = complaint(c, seed % 500 == 0);
    if (!wrong.empty()) {
      RandomCase small = shrink(c);
      FAIL() << "seed " << seed << ": " << wrong << "\n"
             << shown(c.list, c.facts, c.reading) << "shrunk: " << complaint(small) << "\n"
             << shown(small.list, small.facts, small.reading);
    }
    Time until;
    matches(*compile(c.list, vocabulary, c.reading.options()), c.facts, kStart, &until);
    time_bound += until != kNever ? 1 : 0;
    for (const Criterion& criterion : c.list) asked.insert(criterion.name + " | " + criterion.search_type);
  }
  EXPECT_GT(time_bound, 300) << "too few of the random cases put valid_until to the test";
  std::size_t possible = 0;
  for (const FactDefinition& definition : test_definitions()) {
    possible += vocabulary.find(definition.name)->operators.names().size();
  }
  EXPECT_EQ(asked.size(), possible) << "some operator of some criterion was never drawn";
}

TEST(Oracle, ThePlainEvaluatorItselfCanSayBoth) {
  WrittenFacts facts;
  facts.texts[kComputerName] = "lab-7";
  std::vector<Criterion> list = {{"Computer Name", 0, "and", "matches regex", "^LAB", false, false}};
  EXPECT_TRUE(plain_list(list, facts, kStart, {}));
  list[0].search_type = "does not match regex";
  EXPECT_FALSE(plain_list(list, facts, kStart, {}));
}

TEST(Oracle, ItsZoneTellsDaysApartFromUtc) {
  WrittenFacts facts;
  facts.times[kLastInventoryUpdate] = *parse_iso8601("2026-11-22T22:30:00Z");  // half past midnight there
  std::vector<Criterion> list = {
      {"Last Inventory Update", 0, "and", "before (yyyy-mm-dd)", "2026-11-23", false, false}};
  EXPECT_TRUE(plain_list(list, facts, kStart, {}));
  EXPECT_FALSE(plain_list(list, facts, kStart, {.zoned = true}));
}

}  // namespace
}  // namespace wardbridge::criteria::oracle
