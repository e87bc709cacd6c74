#include "criteria/criteria.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "base/limits.h"
#include "criteria/test_facts.h"

// Counts allocations of this test program, for the promise that matches() makes none.
namespace {
std::atomic<long> allocation_count{0};
}
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocation_count;
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
// What std::stable_sort asks with; it is given back through the same operator delete.
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocation_count;
  return std::malloc(size == 0 ? 1 : size);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace wardbridge::criteria {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const Time kNow = *parse_iso8601("2026-11-23T12:00:00Z");

Criterion criterion(std::string name, std::string search_type, std::string value) {
  return {std::move(name), 0, "and", std::move(search_type), std::move(value)};
}

Result<Program> compile_list(std::vector<Criterion> list, Options options = {}) {
  for (std::size_t i = 0; i < list.size(); ++i) list[i].priority = static_cast<std::int64_t>(i);
  return compile(list, test_vocabulary(), options);
}

Judgement judge_one(const WrittenFacts& facts, const char* name, const char* search_type, const char* value) {
  auto program = compile_list({criterion(name, search_type, value)});
  EXPECT_TRUE(program.ok()) << program.failure().message;
  return judge(*program, facts, kNow);
}

bool holds(const WrittenFacts& facts, const char* name, const char* search_type, const char* value) {
  return judge_one(facts, name, search_type, value).truth;
}

Failure refusal(std::vector<Criterion> list) {
  auto program = compile_list(std::move(list));
  EXPECT_FALSE(program.ok());
  return program.ok() ? Failure{} : program.failure();
}

TEST(Operators, NamesReadBackWithoutCase) {
  for (std::size_t i = 0; i < kOperatorCount; ++i) {
    auto op = static_cast<Operator>(i);
    EXPECT_EQ(operator_from_name(text::upper(name_of(op))), op);
  }
  EXPECT_EQ(operator_from_name("before"), std::nullopt);
}

TEST(Text, IsAndLikeIgnoreCase) {
  WrittenFacts facts;
  facts.texts[kComputerName] = "LAB-Mac-07";
  EXPECT_TRUE(holds(facts, "Computer Name", "is", "lab-mac-07"));
  EXPECT_FALSE(holds(facts, "Computer Name", "is", "lab-mac"));
  EXPECT_TRUE(holds(facts, "Computer Name", "is not", "lab-mac"));
  EXPECT_TRUE(holds(facts, "Computer Name", "like", "MAC-0"));
  EXPECT_FALSE(holds(facts, "Computer Name", "not like", "MAC-0"));
  EXPECT_TRUE(holds(facts, "computer name", "LIKE", "lab"));
}

TEST(Text, RegexSearchesAnywhereWithoutCase) {
  WrittenFacts facts;
  facts.texts[kComputerName] = "LAB-Mac-07";
  EXPECT_TRUE(holds(facts, "Computer Name", "matches regex", "^lab-.*$"));
  EXPECT_TRUE(holds(facts, "Computer Name", "matches regex", "mac"));
  EXPECT_FALSE(holds(facts, "Computer Name", "matches regex", "^mac"));
  EXPECT_TRUE(holds(facts, "Computer Name", "does not match regex", "^mac"));
}

TEST(Absence, NegativeOperatorsMatchItAndPositiveOnesDoNot) {
  WrittenFacts nothing;
  EXPECT_FALSE(holds(nothing, "Computer Name", "is", "x"));
  EXPECT_TRUE(holds(nothing, "Computer Name", "is not", "x"));
  EXPECT_FALSE(holds(nothing, "Computer Name", "like", ""));
  EXPECT_TRUE(holds(nothing, "Computer Name", "not like", "x"));
  EXPECT_FALSE(holds(nothing, "Computer Name", "matches regex", ".*"));
  EXPECT_TRUE(holds(nothing, "Computer Name", "does not match regex", ".*"));
  EXPECT_FALSE(holds(nothing, "Total RAM MB", "less than", "8192"));
  EXPECT_TRUE(holds(nothing, "Total RAM MB", "is not", "8192"));
  EXPECT_FALSE(holds(nothing, "Operating System Version", "less than", "99"));
  EXPECT_FALSE(holds(nothing, "Application Title", "has", "Firefox"));
  EXPECT_TRUE(holds(nothing, "Application Title", "does not have", "Firefox"));
  EXPECT_FALSE(holds(nothing, "FileVault 2 Status", "is", "No Partitions Encrypted"));
  EXPECT_TRUE(holds(nothing, "FileVault 2 Status", "is not", "All Partitions Encrypted"));
}

TEST(Absence, DateOperatorsNeverMatchIt) {
  WrittenFacts nothing;
  for (const char* search_type : {"before (yyyy-mm-dd)", "after (yyyy-mm-dd)"}) {
    EXPECT_FALSE(holds(nothing, "MDM Profile Expiration Date", search_type, "2026-11-23"));
  }
  for (const char* search_type :
       {"more than x days ago", "less than x days ago", "in more than x days", "in less than x days"}) {
    EXPECT_FALSE(holds(nothing, "MDM Profile Expiration Date", search_type, "1"));
  }
}

TEST(Absence, AnEmptyValueMeansBlank) {
  WrittenFacts nothing;
  EXPECT_TRUE(holds(nothing, "Computer Name", "is", ""));
  EXPECT_FALSE(holds(nothing, "Computer Name", "is not", ""));
  EXPECT_TRUE(holds(nothing, "Total RAM MB", "is", ""));
  EXPECT_TRUE(holds(nothing, "Application Title", "is", ""));
  WrittenFacts facts;
  facts.texts[kComputerName] = "";
  EXPECT_TRUE(holds(facts, "Computer Name", "is", ""));
  facts.texts[kComputerName] = "x";
  facts.lists[kApplicationTitle] = {"", "Firefox"};
  EXPECT_FALSE(holds(facts, "Computer Name", "is", ""));
  EXPECT_TRUE(holds(facts, "Computer Name", "is not", ""));
  EXPECT_FALSE(holds(facts, "Application Title", "is", ""));
}

TEST(Absence, MayStandForAValue) {
  WrittenFacts nothing;
  EXPECT_TRUE(holds(nothing, "Gatekeeper", "is", "not collected"));
  EXPECT_FALSE(holds(nothing, "Gatekeeper", "is", ""));
}

TEST(Integers, CompareAsNumbers) {
  WrittenFacts facts;
  facts.integers[kTotalRam] = 16384;
  EXPECT_TRUE(holds(facts, "Total RAM MB", "more than", "8192"));
  EXPECT_FALSE(holds(facts, "Total RAM MB", "more than", "16384"));
  EXPECT_TRUE(holds(facts, "Total RAM MB", "less than", "16385"));
  EXPECT_TRUE(holds(facts, "Total RAM MB", "is", "16384"));
  EXPECT_FALSE(holds(facts, "Total RAM MB", "is not", "16384"));
}

TEST(Versions, CompareByComponents) {
  auto order = [](const char* a, const char* b) { return compare_versions(a, b).value(); };
  EXPECT_TRUE(order("14.10", "14.9") > 0);
  EXPECT_TRUE(order("14", "14.0.0") == 0);
  EXPECT_TRUE(order("14.1.2", "14.1") > 0);
  EXPECT_TRUE(order("007.1", "7.1") == 0);
  EXPECT_TRUE(order("3.0b2", "3.0") < 0);
  EXPECT_TRUE(order("3.0b2", "3.0b10") < 0);
  EXPECT_TRUE(order("3.0 Beta", "3.0 beta") == 0);
  EXPECT_TRUE(order("16.78.3 (23102801)", "16.78.3") > 0);
  EXPECT_TRUE(order("v2.1", "2.1") == 0);
  EXPECT_TRUE(order("1.99999999999999999999999", "1.100000000000000000000000") < 0);
  EXPECT_EQ(compare_versions("unknown", "1"), std::nullopt);
  EXPECT_EQ(compare_versions("1", ""), std::nullopt);
}

TEST(Versions, OrderAndTextOperators) {
  WrittenFacts facts;
  facts.texts[kOperatingSystemVersion] = "14.1.2";
  EXPECT_TRUE(holds(facts, "Operating System Version", "greater than or equal", "14.0"));
  EXPECT_TRUE(holds(facts, "Operating System Version", "greater than", "14.1"));
  EXPECT_FALSE(holds(facts, "Operating System Version", "greater than", "14.1.2"));
  EXPECT_TRUE(holds(facts, "Operating System Version", "less than or equal", "14.1.2"));
  EXPECT_TRUE(holds(facts, "Operating System Version", "less than", "14.10"));
  EXPECT_TRUE(holds(facts, "Operating System Version", "like", "14.1"));
  EXPECT_FALSE(holds(facts, "Operating System Version", "is", "14.1.2.0"));
  facts.texts[kOperatingSystemVersion] = "unknown";
  EXPECT_FALSE(holds(facts, "Operating System Version", "less than", "99"));
  EXPECT_FALSE(holds(facts, "Operating System Version", "greater than", "0"));
}

TEST(Choices, EverySpellingNamesTheSameValue) {
  WrittenFacts facts;
  facts.texts[kFileVault] = "NOT_ENCRYPTED";
  EXPECT_TRUE(holds(facts, "FileVault 2 Status", "is", "No Partitions Encrypted"));
  EXPECT_TRUE(holds(facts, "FileVault 2 Status", "is", "not encrypted"));
  EXPECT_FALSE(holds(facts, "FileVault 2 Status", "is not", "Not Encrypted"));
  EXPECT_FALSE(holds(facts, "FileVault 2 Status", "is", "All Partitions Encrypted"));
  Judgement judgement = judge_one(facts, "FileVault 2 Status", "is", "All Partitions Encrypted");
  EXPECT_EQ(judgement.because.measured, "No Partitions Encrypted");
}

TEST(Choices, AnUnknownValueIsAWarning) {
  auto program = compile_list({criterion("FileVault 2 Status", "is", "Encrypted")});
  ASSERT_TRUE(program.ok());
  ASSERT_EQ(program->warnings().size(), 1u);
  EXPECT_EQ(program->warnings()[0].reason, "unknown_choice");
  EXPECT_THAT(program->warnings()[0].message, HasSubstr("`All Partitions Encrypted`"));
}

TEST(Lists, AnyItemMatchesAndNegationMeansNone) {
  WrittenFacts facts;
  facts.lists[kApplicationTitle] = {"Firefox.app", "Safari.app"};
  facts.lists[kApplicationVersion] = {"115.2", "17.1"};
  EXPECT_TRUE(holds(facts, "Application Title", "has", "safari.app"));
  EXPECT_FALSE(holds(facts, "Application Title", "does not have", "safari.app"));
  EXPECT_TRUE(holds(facts, "Application Title", "is", "Safari.app"));
  EXPECT_FALSE(holds(facts, "Application Title", "is not", "Safari.app"));
  EXPECT_FALSE(holds(facts, "Application Title", "not like", "fox"));
  EXPECT_TRUE(holds(facts, "Application Title", "does not match regex", "chrome|opera"));
  EXPECT_TRUE(holds(facts, "Application Version", "greater than", "115"));
  EXPECT_TRUE(holds(facts, "Application Version", "less than", "18"));
}

TEST(Dates, BeforeAndAfterLeaveTheDayItselfOut) {
  WrittenFacts facts;
  auto at = [&](const char* time, const char* search_type) {
    facts.times[kLastInventoryUpdate] = *parse_iso8601(time);
    return holds(facts, "Last Inventory Update", search_type, "2026-11-20");
  };
  EXPECT_TRUE(at("2026-11-19T23:59:59.999Z", "before (yyyy-mm-dd)"));
  EXPECT_FALSE(at("2026-11-20T00:00:00Z", "before (yyyy-mm-dd)"));
  EXPECT_FALSE(at("2026-11-20T23:59:59.999Z", "after (yyyy-mm-dd)"));
  EXPECT_TRUE(at("2026-11-21T00:00:00Z", "after (yyyy-mm-dd)"));
}

TEST(Days, AgoIsExactAndSaysUntilWhen) {
  WrittenFacts facts;
  facts.times[kLastInventoryUpdate] = kNow - days{2} + milliseconds{1};
  Judgement fresh = judge_one(facts, "Last Inventory Update", "less than x days ago", "2");
  EXPECT_TRUE(fresh.truth);
  EXPECT_EQ(fresh.valid_until, kNow + milliseconds{1});

  facts.times[kLastInventoryUpdate] = kNow - days{2};
  Judgement stale = judge_one(facts, "Last Inventory Update", "less than x days ago", "2");
  EXPECT_FALSE(stale.truth);
  EXPECT_EQ(stale.valid_until, kNever);

  Judgement not_yet = judge_one(facts, "Last Inventory Update", "more than x days ago", "2");
  EXPECT_FALSE(not_yet.truth);
  EXPECT_EQ(not_yet.valid_until, kNow + milliseconds{1});
  facts.times[kLastInventoryUpdate] = kNow - days{2} - milliseconds{1};
  Judgement old = judge_one(facts, "Last Inventory Update", "more than x days ago", "2");
  EXPECT_TRUE(old.truth);
  EXPECT_EQ(old.valid_until, kNever);
}

TEST(Days, AMomentInTheFutureIsFresh) {
  WrittenFacts facts;
  facts.times[kLastInventoryUpdate] = kNow + seconds{3};
  EXPECT_TRUE(holds(facts, "Last Inventory Update", "less than x days ago", "1"));
  EXPECT_FALSE(holds(facts, "Last Inventory Update", "more than x days ago", "0"));
}

TEST(Days, AheadIsAWindowThatOpensAndCloses) {
  WrittenFacts facts;
  facts.times[kProfileExpiration] = kNow + days{10};
  Judgement far = judge_one(facts, "MDM Profile Expiration Date", "in more than x days", "7");
  EXPECT_TRUE(far.truth);
  EXPECT_EQ(far.valid_until, kNow + days{3});

  Judgement not_near = judge_one(facts, "MDM Profile Expiration Date", "in less than x days", "7");
  EXPECT_FALSE(not_near.truth);
  EXPECT_EQ(not_near.valid_until, kNow + days{3} + milliseconds{1});

  Judgement near = judge_one(facts, "MDM Profile Expiration Date", "in less than x days", "11");
  EXPECT_TRUE(near.truth);
  EXPECT_EQ(near.valid_until, kNow + days{10} + milliseconds{1});

  facts.times[kProfileExpiration] = kNow - milliseconds{1};
  Judgement past = judge_one(facts, "MDM Profile Expiration Date", "in less than x days", "7");
  EXPECT_FALSE(past.truth);
  EXPECT_EQ(past.valid_until, kNever);
}

TEST(Groups, MembershipBringsItsOwnExpiry) {
  WrittenFacts facts;
  facts.groups["fresh macs"] = {true, kNow + hours{1}};
  Judgement member = judge_one(facts, "Computer Group", "member of", "Fresh Macs");
  EXPECT_TRUE(member.truth);
  EXPECT_EQ(member.valid_until, kNow + hours{1});
  EXPECT_EQ(member.because.measured, "member");
  Judgement outside = judge_one(facts, "Computer Group", "not member of", "Fresh Macs");
  EXPECT_FALSE(outside.truth);
  EXPECT_EQ(outside.valid_until, kNow + hours{1});
  EXPECT_TRUE(holds(facts, "Computer Group", "not member of", "Others"));
}

// Three criteria that are true, false and false, joined in the given ways.
struct Joined {
  const char* second;
  const char* third;
  bool and_first, left_fold;
};

TEST(Joints, PrecedenceDecidesWhereNoParenthesesDo) {
  WrittenFacts facts;
  facts.texts[kComputerName] = "a";
  for (Joined joined : {Joined{"or", "and", true, false}, Joined{"and", "or", false, false},
                        Joined{"or", "or", true, true}, Joined{"and", "and", false, false}}) {
    std::vector<Criterion> list = {criterion("Computer Name", "is", "a"), criterion("Computer Name", "is", "b"),
                                   criterion("Computer Name", "is", "c")};
    list[1].and_or = joined.second;
    list[2].and_or = text::upper(joined.third);
    EXPECT_EQ(matches(*compile_list(list), facts, kNow, nullptr), joined.and_first) << joined.second << joined.third;
    EXPECT_EQ(matches(*compile_list(list, {Precedence::left_fold}), facts, kNow, nullptr), joined.left_fold);
    bool mixed = std::string_view(joined.second) != joined.third;
    EXPECT_EQ(compile_list(list)->warnings().size(), mixed ? 1u : 0u);
  }
}

TEST(Joints, ParenthesesGroupAndSilenceTheWarning) {
  WrittenFacts facts;
  facts.texts[kComputerName] = "a";
  std::vector<Criterion> list = {criterion("Computer Name", "is", "a"), criterion("Computer Name", "is", "b"),
                                 criterion("Computer Name", "is", "c")};
  list[0].opening_paren = true;
  list[1].and_or = "or";
  list[1].closing_paren = true;
  auto program = compile_list(list);
  EXPECT_FALSE(matches(*program, facts, kNow, nullptr));
  EXPECT_TRUE(program->warnings().empty());
  Because because = judge(*program, facts, kNow).because;
  ASSERT_EQ(because.parts.size(), 2u);
  EXPECT_EQ(because.parts[0].kind, Because::Kind::any_of);
  EXPECT_TRUE(because.parts[0].truth);
  EXPECT_FALSE(because.parts[1].truth);
}

TEST(Joints, TheFirstAndOrIsIgnored) {
  WrittenFacts facts;
  facts.texts[kComputerName] = "a";
  std::vector<Criterion> list = {criterion("Computer Name", "is", "a"), criterion("Computer Name", "is", "b")};
  list[0].and_or = "or";
  EXPECT_FALSE(matches(*compile_list(list), facts, kNow, nullptr));
}

TEST(Joints, ADecidedAnswerHoldsAsLongAsItsMostLastingReason) {
  WrittenFacts facts;
  facts.times[kLastInventoryUpdate] = kNow - days{1};
  facts.texts[kComputerName] = "a";
  std::vector<Criterion> list = {criterion("Last Inventory Update", "less than x days ago", "2"),
                                 criterion("Last Inventory Update", "less than x days ago", "3")};
  Time until;
  EXPECT_TRUE(matches(*compile_list(list), facts, kNow, &until));
  EXPECT_EQ(until, kNow + days{1});
  list[1].and_or = "or";
  EXPECT_TRUE(matches(*compile_list(list), facts, kNow, &until));
  EXPECT_EQ(until, kNow + days{2});
  list.push_back(criterion("Computer Name", "is", "a"));
  list[2].and_or = "or";
  EXPECT_TRUE(matches(*compile_list(list), facts, kNow, &until));
  EXPECT_EQ(until, kNever);
}

TEST(Compile, AnEmptyListMatchesEverything) {
  WrittenFacts nothing;
  for (const Program& program : {*compile({}, Vocabulary{}), Program()}) {
    Judgement judgement = judge(program, nothing, kNow);
    EXPECT_TRUE(judgement.truth);
    EXPECT_EQ(judgement.valid_until, kNever);
    EXPECT_TRUE(judgement.because.parts.empty());
  }
}

TEST(Compile, ThePrioritiesOrderTheList) {
  WrittenFacts facts;
  facts.texts[kComputerName] = "a";
  std::vector<Criterion> list = {criterion("Computer Name", "is", "b"), criterion("Computer Name", "is", "a")};
  list[0].priority = 1;
  list[0].and_or = "or";
  EXPECT_TRUE(matches(*compile(list, test_vocabulary()), facts, kNow, nullptr));
}

TEST(Compile, TellsWhatItReads) {
  auto program =
      compile_list({criterion("Computer Group", "member of", "A"), criterion("Computer Name", "is", "x"),
                    criterion("Computer Group", "not member of", "a"), criterion("Computer Group", "member of", "B")});
  EXPECT_THAT(program->facts(), ElementsAre(kComputerName, kComputerGroup));
  EXPECT_THAT(program->groups(), ElementsAre("A", "B"));
  EXPECT_FALSE(program->depends_on_time());
  EXPECT_TRUE(compile_list({criterion("Last Inventory Update", "more than x days ago", "1")})->depends_on_time());
  EXPECT_FALSE(
      compile_list({criterion("Last Inventory Update", "after (yyyy-mm-dd)", "2026-01-01")})->depends_on_time());
}

TEST(Compile, RefusalsNameTheCriterionAndTheField) {
  struct Case {
    const char *name, *search_type, *value, *reason, *where;
  };
  for (const Case& c : {
           Case{"Favourite Colour", "is", "x", "unknown_criterion", "criteria[1].name"},
           Case{"Computer Name", "resembles", "x", "unknown_operator", "criteria[1].searchType"},
           Case{"Computer Name", "has", "x", "operator_not_allowed", "criteria[1].searchType"},
           Case{"Computer Name", "current", "x", "operator_not_allowed", "criteria[1].searchType"},
           Case{"Last Inventory Update", "in less than x days", "1", "operator_not_allowed", "criteria[1].searchType"},
           Case{"Total RAM MB", "more than", "8 GB", "bad_integer", "criteria[1].value"},
           Case{"Total RAM MB", "more than", "", "bad_integer", "criteria[1].value"},
           Case{"Last Inventory Update", "less than x days ago", "two", "bad_days", "criteria[1].value"},
           Case{"Last Inventory Update", "less than x days ago", "-1", "bad_days", "criteria[1].value"},
           Case{"Last Inventory Update", "less than x days ago", "9223372036854775807", "bad_days",
                "criteria[1].value"},
           Case{"Last Inventory Update", "after (yyyy-mm-dd)", "23.11.2026", "bad_date", "criteria[1].value"},
           Case{"Last Inventory Update", "after (yyyy-mm-dd)", "2026-02-30", "bad_date", "criteria[1].value"},
           Case{"Operating System Version", "less than", "Sonoma", "bad_version", "criteria[1].value"},
           Case{"Computer Name", "matches regex", "(", "bad_regex", "criteria[1].value"},
           Case{"Computer Name", "matches regex", "a(?=b)", "bad_regex", "criteria[1].value"},
           Case{"Computer Group", "member of", "", "missing_group", "criteria[1].value"},
       }) {
    Failure failure = refusal({criterion("Computer Name", "is", "a"), criterion(c.name, c.search_type, c.value)});
    EXPECT_EQ(failure.reason, c.reason) << c.value;
    EXPECT_EQ(failure.where, c.where) << c.value;
    EXPECT_THAT(failure.message, HasSubstr(std::string("criterion 1 (`") + c.name + "`)"));
  }
}

TEST(Compile, RefusesGapsInThePriorities) {
  for (std::vector<std::int64_t> priorities : {std::vector<std::int64_t>{1}, {0, 2}, {0, 0}, {-1, 0}}) {
    std::vector<Criterion> list;
    for (auto priority : priorities) {
      list.push_back(criterion("Computer Name", "is", "a"));
      list.back().priority = priority;
    }
    auto program = compile(list, test_vocabulary());
    ASSERT_FALSE(program.ok());
    EXPECT_EQ(program.failure().reason, "bad_priority");
  }
}

TEST(Compile, RefusesWrongJointsParenthesesAndSizes) {
  Criterion one = criterion("Computer Name", "is", "a");
  Criterion wrong_joint = one;
  wrong_joint.and_or = "xor";
  EXPECT_EQ(refusal({one, wrong_joint}).reason, "bad_and_or");
  Criterion open = one;
  open.opening_paren = true;
  EXPECT_EQ(refusal({open, one}).where, "criteria[0].openingParen");
  Criterion close = one;
  close.closing_paren = true;
  EXPECT_EQ(refusal({one, close}).where, "criteria[1].closingParen");
  EXPECT_EQ(refusal(std::vector<Criterion>(limits::kCriteriaPerGroup + 1, one)).reason, "too_many_criteria");
  EXPECT_EQ(refusal({criterion("Computer Name", "is", std::string(limits::kPatternBytes + 1, 'a'))}).reason,
            "value_too_long");
  EXPECT_TRUE(compile_list(std::vector<Criterion>(limits::kCriteriaPerGroup, one)).ok());
}

// Each makes a backtracking engine take time that grows exponentially with the subject.
TEST(Compile, HostilePatternsAreLinearOrRefused) {
  WrittenFacts facts;
  facts.texts[kComputerName] = std::string(64 * 1024, 'a') + "!";
  for (const char* pattern : {"(a+)+$", "^(a|a)*$", "(a|aa)+$", "^([a-z]+)*$", "(.*a){20}$", "^(a?){50}a{50}$",
                              "(x+x+)+y", "((a{100}){100}){100}", "(\\w*)*\\d$"}) {
    auto program = compile_list({criterion("Computer Name", "matches regex", pattern)});
    if (!program.ok()) {
      EXPECT_EQ(program.failure().reason, "bad_regex");
    } else {
      EXPECT_FALSE(matches(*program, facts, kNow, nullptr)) << pattern;
    }
  }
}

TEST(Judge, TellsMeasuredAndRequired) {
  WrittenFacts facts;
  facts.lists[kApplicationTitle] = {"Firefox.app", "Safari.app"};
  facts.times[kLastInventoryUpdate] = kNow - days{3};
  Judgement judgement = judge_one(facts, "last inventory update", "less than x days ago", "2");
  EXPECT_EQ(judgement.because.kind, Because::Kind::criterion);
  EXPECT_EQ(judgement.because.name, "Last Inventory Update");
  EXPECT_EQ(judgement.because.required, "2");
  EXPECT_EQ(judgement.because.measured, "2026-11-20T12:00:00Z (3 days ago)");
  EXPECT_EQ(judge_one(facts, "Application Title", "has", "Zoom").because.measured, "none of 2 items");
  EXPECT_EQ(judge_one(facts, "Application Title", "like", "fox").because.measured, "Firefox.app");
  EXPECT_EQ(judge_one(facts, "Computer Name", "is", "x").because.measured, std::nullopt);
}

TEST(Judge, MatchesAllocatesNothing) {
  WrittenFacts facts;
  facts.texts[kComputerName] = "a computer name that is too long to be kept inside of a string";
  facts.texts[kFileVault] = "ALL_ENCRYPTED";
  facts.texts[kOperatingSystemVersion] = "14.1.2";
  facts.integers[kTotalRam] = 16384;
  facts.times[kLastInventoryUpdate] = kNow - days{1};
  facts.lists[kApplicationTitle] = {"Firefox.app", "Safari.app"};
  auto program = compile_list({criterion("Computer Name", "like", "too long"),
                               criterion("FileVault 2 Status", "is", "All Partitions Encrypted"),
                               criterion("Operating System Version", "greater than or equal", "14"),
                               criterion("Total RAM MB", "more than", "8192"),
                               criterion("Last Inventory Update", "less than x days ago", "2"),
                               criterion("Application Title", "has", "Safari.app"),
                               criterion("Application Title", "does not have", "Chrome.app")});
  ASSERT_TRUE(program.ok());
  Time until;
  long before = allocation_count;
  bool member = matches(*program, facts, kNow, &until);
  long after = allocation_count;
  EXPECT_TRUE(member);
  EXPECT_EQ(after, before);
}

}  // namespace
}  // namespace wardbridge::criteria
