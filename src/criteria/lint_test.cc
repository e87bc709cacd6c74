#include "criteria/lint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "criteria/oracle_testing.h"

namespace wardbridge::criteria {
namespace {

using oracle::Dice;
using oracle::Reading;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A list as one line a criterion: `and ( Computer Name | is | a`, the first one's joint left out.
std::vector<Criterion> list_of(const std::vector<std::string>& lines) {
  std::vector<Criterion> list;
  for (const std::string& line : lines) {
    Criterion c;
    std::vector<std::string> parts;
    for (std::string_view part : text::split(line, '|')) parts.emplace_back(text::trim(part));
    for (const char* joint : {"and ", "or "}) {
      if (!list.empty() && parts[0].starts_with(joint)) {
        c.and_or = text::trim(joint);
        parts[0].erase(0, std::string(joint).size());
        break;
      }
    }
    c.opening_paren = parts[0].starts_with("( ");
    if (c.opening_paren) parts[0].erase(0, 2);
    c.closing_paren = parts[2].ends_with(" )");
    if (c.closing_paren) parts[2].erase(parts[2].size() - 2);
    c.priority = static_cast<std::int64_t>(list.size());
    c.name = parts[0];
    c.search_type = parts[1];
    c.value = parts[2];
    list.push_back(std::move(c));
  }
  return list;
}

std::vector<Warning> findings(const std::vector<std::string>& lines) {
  auto program = compile(list_of(lines), test_vocabulary());
  EXPECT_TRUE(program.ok()) << program.failure().message;
  return program.ok() ? lint(*program) : std::vector<Warning>{};
}

// `contradiction 1`: the reason, and the priority of the criterion that it points at.
std::vector<std::string> reasons(const std::vector<std::string>& lines) {
  std::vector<std::string> short_forms;
  for (const Warning& warning : findings(lines)) {
    EXPECT_GT(warning.message.size(), 15u) << warning.reason;
    std::string place = warning.where.empty() ? "" : " " + warning.where.substr(9, warning.where.size() - 10);
    short_forms.push_back(warning.reason + place);
  }
  return short_forms;
}

TEST(Lint, AnEmptyListIsFine) { EXPECT_THAT(reasons({}), IsEmpty()); }

TEST(Lint, OneValueCanNotBeTwo) {
  EXPECT_THAT(reasons({"Computer Name | is | a", "and Computer Name | is | b"}), ElementsAre("contradiction 1"));
  EXPECT_THAT(reasons({"FileVault 2 Status | is | Not Encrypted", "and FileVault 2 Status | is | ALL_ENCRYPTED"}),
              ElementsAre("contradiction 1"));
  EXPECT_THAT(reasons({"Computer Name | is | a", "and Computer Name | is | "}), ElementsAre("contradiction 1"));
  // The same value in other words, either of two, and two items of a list.
  EXPECT_THAT(reasons({"FileVault 2 Status | is | Not Encrypted", "or FileVault 2 Status | is | ALL_ENCRYPTED"}),
              IsEmpty());
  EXPECT_THAT(reasons({"Application Title | has | a", "and Application Title | has | b"}), IsEmpty());
  EXPECT_THAT(reasons({"Computer Name | is not | a", "and Computer Name | is not | b"}), IsEmpty());
}

TEST(Lint, ItNamesTheFewestThatContradictEachOther) {
  auto found = findings({"Computer Name | like | lab", "and Total RAM MB | more than | 10", "and Gatekeeper | is | Off",
                         "and Total RAM MB | less than | 5"});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].reason, "contradiction");
  EXPECT_EQ(found[0].where, "criteria[3]");
  EXPECT_EQ(
      found[0].message,
      "`Total RAM MB more than 10` and `Total RAM MB less than 5`: they never hold together, so no computer is in "
      "the group");
}

TEST(Lint, NumbersThatDoNotMeet) {
  EXPECT_THAT(reasons({"Total RAM MB | more than | 10", "and Total RAM MB | less than | 11"}),
              ElementsAre("contradiction 1"))
      << "they are whole";
  EXPECT_THAT(reasons({"Total RAM MB | more than | 10", "and Total RAM MB | less than | 12"}), IsEmpty());
  EXPECT_THAT(reasons({"Total RAM MB | more than | 9223372036854775807"}), ElementsAre("contradiction 0"));
  // Of several drives, one may be large and another small.
  EXPECT_THAT(reasons({"Drive Capacity MB | more than | 10", "and Drive Capacity MB | less than | 5"}), IsEmpty());
}

TEST(Lint, DaysThatDoNotMeet) {
  EXPECT_THAT(reasons({"Last Inventory Update | before (yyyy-mm-dd) | 2026-01-02",
                       "and Last Inventory Update | after (yyyy-mm-dd) | 2026-01-01"}),
              ElementsAre("contradiction 1"))
      << "neither day counts itself";
  EXPECT_THAT(reasons({"Last Inventory Update | before (yyyy-mm-dd) | 2026-01-03",
                       "and Last Inventory Update | after (yyyy-mm-dd) | 2026-01-01"}),
              IsEmpty());
  EXPECT_THAT(reasons({"Last Inventory Update | more than x days ago | 7",
                       "and Last Inventory Update | less than x days ago | 3"}),
              ElementsAre("contradiction 1"));
  EXPECT_THAT(reasons({"Last Inventory Update | more than x days ago | 3",
                       "and Last Inventory Update | less than x days ago | 7"}),
              IsEmpty());
  EXPECT_THAT(reasons({"MDM Profile Expiration Date | in less than x days | 7",
                       "and MDM Profile Expiration Date | more than x days ago | 0"}),
              ElementsAre("contradiction 1"));
  EXPECT_THAT(reasons({"Certificates Expiring | in less than x days | 7",
                       "and Certificates Expiring | more than x days ago | 0"}),
              IsEmpty())
      << "one certificate is to expire, another has";
}

TEST(Lint, VersionsThatDoNotMeet) {
  EXPECT_THAT(
      reasons({"Operating System Version | less than | 14", "and Operating System Version | greater than | 14.0"}),
      ElementsAre("contradiction 1"));
  EXPECT_THAT(reasons({"Operating System Version | less than or equal | 14",
                       "and Operating System Version | greater than or equal | 14.0"}),
              IsEmpty());
  EXPECT_THAT(reasons({"Operating System Version | is | 13.2", "and Operating System Version | greater than | 14"}),
              ElementsAre("contradiction 1"));
}

TEST(Lint, AGroupIsMemberOrNot) {
  EXPECT_THAT(reasons({"Computer Group | member of | one", "and Computer Group | not member of | ONE"}),
              ElementsAre("contradiction 1"));
  EXPECT_THAT(reasons({"Computer Group | member of | one", "and Computer Group | not member of | two"}), IsEmpty());
}

TEST(Lint, AContradictionInOneBranchIsToldOfThatBranch) {
  auto found =
      findings({"Total RAM MB | more than | 8", "or ( Computer Name | is | a", "and Computer Name | is | b )"});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].reason, "contradiction");
  EXPECT_THAT(found[0].message, HasSubstr("this part fits no computer"));
}

TEST(Lint, WhatAlwaysHolds) {
  EXPECT_THAT(reasons({"Computer Name | is | a", "or Computer Name | is not | a"}), ElementsAre("tautology 1"));
  EXPECT_THAT(reasons({"Computer Name | is not | a", "or Computer Name | is not | b"}), ElementsAre("tautology 1"));
  EXPECT_THAT(reasons({"Application Title | does not have | a", "or Application Title | does not have | b"}), IsEmpty())
      << "a Mac may have both";
  // A number that is not known is on neither side.
  EXPECT_THAT(reasons({"Total RAM MB | more than | 5", "or Total RAM MB | less than | 10"}), IsEmpty());
  EXPECT_THAT(reasons({"Total RAM MB | more than | 5", "or Total RAM MB | less than | 10", "or Total RAM MB | is | "}),
              ElementsAre("tautology 2"));
  EXPECT_THAT(reasons({"Last Inventory Update | more than x days ago | 5",
                       "or Last Inventory Update | less than x days ago | 10"}),
              IsEmpty())
      << "a Mac that never reported is in neither";
}

TEST(Lint, WhatAnAbsentValueStandsForCounts) {
  EXPECT_THAT(reasons({"Gatekeeper | is | "}), ElementsAre("contradiction 0")) << "absent is `Not collected`";
  EXPECT_THAT(reasons({"FileVault 2 Status | is | "}), IsEmpty());
}

TEST(Lint, CriteriaThatChangeNothing) {
  EXPECT_THAT(reasons({"Total RAM MB | more than | 5", "and Total RAM MB | more than | 10"}),
              ElementsAre("dead_criterion 0"));
  EXPECT_THAT(reasons({"Computer Name | is | a", "and Computer Name | is | A"}), ElementsAre("dead_criterion 1"));
  EXPECT_THAT(reasons({"Computer Name | like | lab", "or Computer Name | like | lab-7"}),
              ElementsAre("dead_criterion 1"));
  EXPECT_THAT(reasons({"Gatekeeper | is | Off", "or ( Gatekeeper | is | Disabled", "and Computer Name | like | x )"}),
              ElementsAre("dead_criterion 1", "dead_criterion 2"));
  EXPECT_THAT(reasons({"Computer Name | like | lab", "and Computer Name | like | 7"}), IsEmpty());
  EXPECT_THAT(reasons({"Last Inventory Update | less than x days ago | 7",
                       "and Last Inventory Update | after (yyyy-mm-dd) | 2026-01-01"}),
              IsEmpty());
}

TEST(Lint, ALongListOfNamesIsFineAndItsRepetitionIsFound) {
  std::vector<std::string> lines;
  for (int i = 0; i < 150; ++i)
    lines.push_back(std::string(i == 0 ? "" : "or ") + "Computer Name | is | mac-" + std::to_string(i));
  EXPECT_THAT(reasons(lines), IsEmpty());
  lines.push_back("or Computer Name | is | MAC-77");
  EXPECT_THAT(reasons(lines), ElementsAre("dead_criterion 150"));
  lines.clear();
  for (int i = 0; i < 60; ++i)
    lines.push_back(std::string(i == 0 ? "" : "or ") + "Application Title | has | app-" + std::to_string(i));
  EXPECT_THAT(reasons(lines), IsEmpty());
}

TEST(Lint, PatternsThatFitEverything) {
  for (const char* pattern : {".*", "^.*", "^", "$", "[a-z]*", "x?", ".", "^.+$"}) {
    EXPECT_THAT(reasons({std::string("Computer Name | matches regex | ") + pattern}),
                ElementsAre("matches_everything 0"))
        << pattern;
  }
  EXPECT_THAT(reasons({"Computer Name | like | "}), ElementsAre("matches_everything 0"));
  for (const char* pattern : {"^lab", "a", "lab|mac", "^$", ".+-7", "\\d"}) {
    EXPECT_THAT(reasons({std::string("Computer Name | matches regex | ") + pattern}), IsEmpty()) << pattern;
  }
}

TEST(Lint, ValuesThatSayLessThanTheySeem) {
  EXPECT_THAT(reasons({"Last Inventory Update | less than x days ago | 0"}), ElementsAre("no_days 0"));
  EXPECT_THAT(reasons({"MDM Profile Expiration Date | in less than x days | 0"}), ElementsAre("no_days 0"));
  EXPECT_THAT(reasons({"Last Inventory Update | more than x days ago | 0"}), IsEmpty());
  EXPECT_THAT(reasons({"Operating System Version | greater than | macOS 14"}), ElementsAre("words_in_version 0"));
  EXPECT_THAT(reasons({"Operating System Version | greater than | 15.0b3"}), IsEmpty());
  EXPECT_THAT(reasons({"Operating System Version | like | macOS"}), IsEmpty());
  EXPECT_THAT(reasons({"Gatekeeper | is | Ajar"}), ElementsAre("unknown_choice 0"));
}

TEST(Lint, JointsAndParentheses) {
  EXPECT_THAT(reasons({"Computer Name | like | a", "or Total RAM MB | is | 1", "and Gatekeeper | is | Off"}),
              ElementsAre("mixed_and_or"));
  EXPECT_THAT(reasons({"( Computer Name | like | a", "or Total RAM MB | is | 1 )", "and Gatekeeper | is | Off"}),
              IsEmpty());
  EXPECT_THAT(reasons({"( Computer Name | like | a", "or ( Total RAM MB | is | 1", "and Gatekeeper | is | Off )",
                       "or Ward | is | b )"}),
              ElementsAre("nested_parentheses 1"));
}

// --- A set of groups

std::vector<std::string> of_groups(const std::vector<GroupToLint>& groups) {
  std::vector<std::string> found;
  for (const auto& [group, warning] : lint_groups(groups, test_vocabulary(), {})) {
    found.push_back(groups[group].name + ": " + warning.reason);
  }
  return found;
}

std::vector<Criterion> in_group_named(const std::string& name) {
  return list_of({"Computer Group | member of | " + name});
}

TEST(LintGroups, TwoThatSayTheSame) {
  auto labs = list_of({"Computer Name | like | LAB", "and Gatekeeper | is | Off"});
  auto other_way_round = list_of({"Gatekeeper | is | Disabled", "and Computer Name | like | lab"});
  EXPECT_THAT(of_groups({{"A", "", labs}, {"B", "", other_way_round}}), ElementsAre("B: duplicate_group"));
  EXPECT_THAT(of_groups({{"A", "site 1", labs}, {"B", "site 2", other_way_round}}), IsEmpty());
  EXPECT_THAT(
      of_groups({{"A", "", labs}, {"B", "", list_of({"Gatekeeper | is | Off", "or Computer Name | like | lab"})}}),
      IsEmpty());
  EXPECT_THAT(
      of_groups({{"A", "", list_of({"Computer Name | is | a"})}, {"B", "", list_of({"Computer Name | is not | a"})}}),
      IsEmpty());
}

TEST(LintGroups, ParenthesesThatChangeNothingAreNoDifference) {
  auto flat = list_of({"Computer Name | like | a", "and Ward | is | b", "and Total RAM MB | is | 1"});
  auto grouped = list_of({"Computer Name | like | a", "and ( Ward | is | b", "and Total RAM MB | is | 1 )"});
  EXPECT_THAT(of_groups({{"A", "", flat}, {"B", "", grouped}}), ElementsAre("B: duplicate_group"));
}

TEST(LintGroups, CyclesAreToldOnce) {
  auto found = lint_groups({{"Apart", "", {}},
                            {"A", "", in_group_named("B")},
                            {"B", "", in_group_named("C")},
                            {"C", "", in_group_named("a")}},
                           test_vocabulary(), {});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].group, 1u);
  EXPECT_EQ(found[0].warning.reason, "group_cycle");
  EXPECT_EQ(found[0].warning.message, "the group depends on itself: `A` -> `B` -> `C` -> `A`");
}

TEST(LintGroups, NestingHasALimit) {
  std::vector<GroupToLint> groups = {{"0", "", list_of({"Computer Name | is | a"})}};
  for (std::size_t i = 1; i <= limits::kGroupNesting; ++i) {
    groups.push_back({std::to_string(i), "", in_group_named(std::to_string(i - 1))});
  }
  EXPECT_THAT(of_groups(groups), IsEmpty());
  groups.push_back({"last", "", in_group_named(std::to_string(limits::kGroupNesting))});
  EXPECT_THAT(of_groups(groups), ElementsAre("last: nested_too_deep"));
}

TEST(LintGroups, GroupsWithoutCriteriaAreKnownByName) {
  EXPECT_THAT(lint_groups({{"A", "", in_group_named("Loaners")}}, test_vocabulary(), {}, {"LOANERS"}), IsEmpty());
}

TEST(LintGroups, WhatCanNotBeJudged) {
  EXPECT_THAT(of_groups({{"A", "", in_group_named("Nobody")},
                         {"B", "", list_of({"Shoe Size | is | 9"})},
                         {"C", "", list_of({"Operating System Version | greater than | Sonoma"})}}),
              ElementsAre("A: unknown_group", "B: unknown_criterion", "C: bad_version"));
}

// --- Against brute force: whatever the linter claims must hold for random computers at random times.

struct Sample {
  WrittenFacts facts;
  Time now;
};

std::vector<Sample> random_samples(Dice& dice, int count) {
  std::vector<Sample> samples;
  for (int i = 0; i < count; ++i) {
    samples.push_back({oracle::random_facts(dice), oracle::kStart + minutes{dice.below(14 * 1440) - 7 * 1440}});
  }
  return samples;
}

std::vector<bool> answers(const std::vector<Criterion>& list, const std::vector<Sample>& samples, Reading reading,
                          const std::map<std::size_t, bool>& pretended = {}) {
  std::vector<bool> found;
  for (const Sample& s : samples) found.push_back(oracle::plain_list(list, s.facts, s.now, reading, pretended));
  return found;
}

// Some way to leave out all the criteria that are called dead must give the same answers.
bool dead_for_sure(const std::vector<Criterion>& list, const std::vector<std::size_t>& dead,
                   const std::vector<Sample>& samples, Reading reading) {
  std::vector<bool> wanted = answers(list, samples, reading);
  for (std::size_t bits = 0; bits < std::size_t{1} << dead.size(); ++bits) {
    std::map<std::size_t, bool> pretended;
    for (std::size_t i = 0; i < dead.size(); ++i) pretended[dead[i]] = (bits >> i & 1) != 0;
    if (answers(list, samples, reading, pretended) == wanted) return true;
  }
  return false;
}

TEST(LintProperty, EveryClaimHoldsForRandomComputers) {
  const Vocabulary vocabulary = test_vocabulary();
  // Few names a list, so that its criteria have to do with each other.
  std::map<std::string, int> claimed;
  for (std::uint64_t seed = 1; seed <= 1200; ++seed) {
    Dice dice(seed);
    std::vector<std::string> names = {dice.pick(oracle::every_name()), dice.pick(oracle::every_name())};
    std::vector<Criterion> list = oracle::random_list(dice, names);
    Reading reading{dice.one_in(2) ? Precedence::and_first : Precedence::left_fold, dice.one_in(2)};
    auto program = compile(list, vocabulary, reading.options());
    ASSERT_TRUE(program.ok()) << program.failure().message;
    std::vector<Warning> found = lint(*program);
    std::vector<std::size_t> dead;
    std::optional<bool> constant;
    for (const Warning& warning : found) {
      ++claimed[warning.reason];
      std::size_t place = warning.where.empty() ? 0 : std::stoul(warning.where.substr(9));
      if (warning.reason == "dead_criterion") dead.push_back(place);
      if (warning.message.ends_with("no computer is in the group")) constant = false;
      if (warning.message.ends_with("every computer is in the group")) constant = true;
    }
    if (dead.empty() && !constant) continue;
    std::vector<Sample> samples = random_samples(dice, 40);
    SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + oracle::shown(list, {}, reading));
    if (constant) {
      EXPECT_EQ(answers(list, samples, reading), std::vector<bool>(samples.size(), *constant));
    }
    EXPECT_TRUE(dead_for_sure(list, dead, samples, reading));
    if (HasFailure()) return;
  }
  EXPECT_GT(claimed["contradiction"], 50);
  EXPECT_GT(claimed["tautology"], 15);
  EXPECT_GT(claimed["dead_criterion"], 150);
}

// What a search through many computers can't tell apart from never or always, the linter mostly finds: it is not blind.
TEST(LintProperty, MostListsThatNothingFitsAreFound) {
  const Vocabulary vocabulary = test_vocabulary();
  int constant = 0;
  int found = 0;
  for (std::uint64_t seed = 1; seed <= 600; ++seed) {
    Dice dice(seed + 1'000'000);
    std::vector<Criterion> list = oracle::random_list(dice, {"Total RAM MB", "FileVault 2 Status", "Computer Name"});
    if (list.empty()) continue;
    Reading reading;
    std::vector<bool> all = answers(list, random_samples(dice, 150), reading);
    if (std::adjacent_find(all.begin(), all.end(), std::not_equal_to<>{}) != all.end()) continue;
    ++constant;
    for (const Warning& warning : lint(*compile(list, vocabulary))) {
      if (warning.reason == "contradiction" || warning.reason == "tautology") {
        ++found;
        break;
      }
    }
  }
  EXPECT_GT(constant, 50);
  EXPECT_GT(found, constant * 8 / 10) << found << " of " << constant;
}

}  // namespace
}  // namespace wardbridge::criteria
