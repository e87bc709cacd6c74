#include "tenant/membership_rules/membership_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "cases/dynamic_rules/rule_cases.h"

namespace wardbridge::membership_rules {
namespace {

using testing::HasSubstr;

constexpr const char* kCases = "tests/cases/dynamic_rules";

Subject subject_for(const std::string& rule) { return subject_of(rule).value_or(Subject::user); }

void check_members(const rule_cases::File& file, const rule_cases::Case& one, const Rule& rule) {
  std::vector<std::string> members;
  Time until = kNever;
  for (const rule_cases::Object& object : file.objects) {
    if (object.subject != rule.subject()) continue;
    const Judgement judgement = rule.judge(object, one.at);
    until = std::min(until, judgement.valid_until);
    EXPECT_EQ(rule.explain(object, one.at).result, judgement.is_member);
    if (judgement.is_member) members.push_back(object.name);
  }
  EXPECT_EQ(members, one.members);
  EXPECT_EQ(to_iso8601(until), to_iso8601(one.until));
}

TEST(MembershipRules, TheCaseTablesHold) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kCases)) {
    if (entry.path().extension() != ".case") continue;
    const auto file = rule_cases::read_case_file(entry.path().string());
    ASSERT_TRUE(file.ok()) << file.failure().message;
    for (const rule_cases::Case& one : file->cases) {
      SCOPED_TRACE(entry.path().string() + ":" + std::to_string(one.line) + ": " + one.rule);
      ++count;
      const auto rule = Rule::compile(one.rule, subject_for(one.rule));
      ASSERT_EQ(rule.ok(), !one.is_refused) << (rule.ok() ? "" : rule.failure().message);
      if (rule.ok()) {
        check_members(*file, one, *rule);
      } else {
        EXPECT_EQ(rule.failure().reason, "bad_membership_rule");
        EXPECT_THAT(rule.failure().message, HasSubstr("character " + one.character + ":"));
        EXPECT_THAT(rule.failure().message, HasSubstr(one.says));
      }
    }
  }
  EXPECT_GE(count, 80) << "cases are missing from " << kCases;
}

TEST(MembershipRules, AnExplanationTellsEveryPart) {
  rule_cases::Object ann;
  ann.facts = {{"department", Fact("Sales")}, {"accountEnabled", Fact(false)}};
  const auto rule =
      Rule::compile("user.department -eq \"Sales\" -and -not (user.accountEnabled -eq true)", Subject::user);
  ASSERT_TRUE(rule.ok());
  const Explanation told = rule->explain(ann, kEpoch);
  EXPECT_TRUE(told.result);
  ASSERT_EQ(told.parts.size(), 2U);
  EXPECT_EQ(told.parts[0].expression, "user.department -eq \"Sales\"");
  EXPECT_EQ(told.parts[0].property, "user.department");
  EXPECT_EQ(told.parts[0].value, "Sales");
  EXPECT_FALSE(told.parts[1].parts[0].result);
  EXPECT_EQ(told.parts[1].parts[0].value, "false");
}

TEST(MembershipRules, ARuleSaysWhatItDependsOn) {
  const auto compiled = [](const char* text) { return Rule::compile(text, Subject::user).value(); };
  EXPECT_TRUE(compiled("user.memberOf -any (_ -eq \"x\")").reads_groups());
  EXPECT_FALSE(compiled("user.city -eq \"x\"").reads_groups());
  EXPECT_TRUE(compiled("user.employeeHireDate -le system.now").reads_time());
  EXPECT_FALSE(compiled("user.employeeHireDate -le 2026-01-01").reads_time());
}

TEST(MembershipRules, LimitsAreKept) {
  const auto refused = [](const std::string& text) {
    const auto rule = Rule::compile(text, Subject::user);
    return rule.ok() ? "" : rule.failure().message;
  };
  EXPECT_THAT(refused("user.city -eq \"" + std::string(3073, 'x') + "\""), HasSubstr("3072 characters"));
  EXPECT_THAT(refused(std::string(100, '(') + "user.city -eq \"x\"" + std::string(100, ')')),
              HasSubstr("too many nested"));
  std::string nots;
  for (int i = 0; i < 100; ++i) nots += "not ";
  EXPECT_THAT(refused(nots + "user.city -eq \"x\""), HasSubstr("too many nested"));
  EXPECT_THAT(refused(""), HasSubstr("a property"));
}

// --- A second, naive reading of the language: random rules over random users, judged by both. It evaluates while it
// generates, so that it shares no code with the parser.

struct Guess {
  std::string text;
  bool truth;
};

class Oracle {
 public:
  explicit Oracle(unsigned seed) : random_(seed) {}

  rule_cases::Object user() {
    rule_cases::Object user;
    for (const char* name : kTexts)
      if (one_in(4))
        user.facts.erase(name);
      else
        user.facts[name] = Fact(word());
    if (!one_in(3)) user.facts["accountEnabled"] = Fact(one_in(2));
    std::vector<std::string> mails;
    for (unsigned i = below(4); i > 0; --i) mails.push_back(word());
    user.facts["otherMails"] = Fact(mails);
    return user;
  }

  Guess rule(const rule_cases::Object& user, int depth) {
    switch (depth == 0 ? below(3) : below(6)) {
      case 0:
        return comparison(user);
      case 1:
        return flag(user);
      case 2:
        return elements(user);
      case 3: {
        const Guess inner = rule(user, depth - 1);
        return {"-not (" + inner.text + ")", !inner.truth};
      }
      case 4: {
        const Guess a = rule(user, depth - 1);
        const Guess b = rule(user, depth - 1);
        return {"(" + a.text + ") -and (" + b.text + ")", a.truth && b.truth};
      }
      default: {
        const Guess a = rule(user, depth - 1);
        const Guess b = rule(user, depth - 1);
        return {"(" + a.text + ") or (" + b.text + ")", a.truth || b.truth};
      }
    }
  }

 private:
  static constexpr const char* kTexts[] = {"department", "city", "jobTitle"};

  unsigned below(unsigned bound) { return random_() % bound; }
  bool one_in(unsigned count) { return below(count) == 0; }
  std::string word() {
    static const char* const kWords[] = {"a", "ab", "b", "ba", "abc", "cab"};
    return kWords[below(6)];
  }

  static bool test(const std::string& operation, const std::string& value, const std::string& wanted) {
    if (operation == "eq") return value == wanted;
    if (operation == "startsWith") return value.substr(0, wanted.size()) == wanted;
    if (operation == "endsWith")
      return value.size() >= wanted.size() && value.substr(value.size() - wanted.size()) == wanted;
    return value.find(wanted) != std::string::npos;
  }
  std::pair<std::string, std::string> operation() {  // as tested, as written
    static const std::pair<const char*, const char*> kNames[] = {
        {"eq", "ne"}, {"startsWith", "notStartsWith"}, {"endsWith", "notEndsWith"}, {"contains", "notContains"}};
    const auto& [positive, negative] = kNames[below(4)];
    is_negative_ = one_in(2);
    return {positive, is_negative_ ? negative : positive};
  }

  Guess comparison(const rule_cases::Object& user) {
    const std::string name = kTexts[below(3)];
    const auto [tested, written] = operation();
    const std::string wanted = word();
    const auto found = user.facts.find(name);
    const bool truth = found != user.facts.end() && test(tested, std::get<std::string>(found->second), wanted);
    return {"user." + name + " -" + written + " \"" + wanted + "\"", truth != is_negative_};
  }
  Guess flag(const rule_cases::Object& user) {
    const bool wanted = one_in(2);
    const auto found = user.facts.find("accountEnabled");
    const bool truth = found != user.facts.end() && std::get<bool>(found->second) == wanted;
    return {std::string("user.accountEnabled -eq ") + (wanted ? "true" : "false"), truth};
  }
  Guess elements(const rule_cases::Object& user) {
    const auto& mails = std::get<std::vector<std::string>>(user.facts.at("otherMails"));
    const auto [tested, written] = operation();
    const std::string wanted = word();
    std::size_t holding = 0;
    for (const std::string& mail : mails) holding += test(tested, mail, wanted) != is_negative_;
    const bool all = one_in(2);
    return {std::string("user.otherMails ") + (all ? "-all" : "-any") + " (_ -" + written + " \"" + wanted + "\")",
            all ? !mails.empty() && holding == mails.size() : holding > 0};
  }

  std::minstd_rand random_;
  bool is_negative_ = false;
};

TEST(MembershipRules, AgreeWithANaiveReading) {
  int members = 0;
  for (unsigned seed = 0; seed < 4000; ++seed) {
    Oracle oracle(seed + 1);
    const rule_cases::Object user = oracle.user();
    const Guess guess = oracle.rule(user, 3);
    const auto rule = Rule::compile(guess.text, Subject::user);
    ASSERT_TRUE(rule.ok()) << guess.text << ": " << rule.failure().message;
    ASSERT_EQ(rule->judge(user, kEpoch).is_member, guess.truth) << "seed " << seed << ": " << guess.text;
    ASSERT_EQ(rule->explain(user, kEpoch).result, guess.truth) << "seed " << seed << ": " << guess.text;
    members += guess.truth;
  }
  EXPECT_GT(members, 1000);
  EXPECT_LT(members, 3000);
}

}  // namespace
}  // namespace wardbridge::membership_rules
