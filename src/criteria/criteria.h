// Smart group criteria: compile a list once, then judge any number of computers against it. Pure: no clock, no store.
//
// Knows: Jamf Pro's criterion list (priority, and/or, one pair of parentheses per criterion), every operator and what
// each means for each type of attribute, and until when an answer holds. Hides: parsing, precedence, compiled patterns.
// What attributes exist is the caller's: it passes a Vocabulary and reads the facts.
//
//   Program program = TRY(compile(group.criteria, vocabulary));
//   Time valid_until;
//   bool member = matches(program, facts, now, &valid_until);   // allocates nothing
//   Judgement why = judge(program, facts, now);                 // the same answer, with its reasons
//
// A Program is immutable and cheap to copy; any number of threads may judge with it at a time.
// docs/decisions/0005-criteria.md says where the vendor's documents leave a choice, and which one was made.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "base/time_zone.h"

namespace wardbridge::criteria {

// One line of a list, spelled as on the wire.
struct Criterion {
  std::string name;            // `Last Inventory Update`
  std::int64_t priority = 0;   // position: 0, 1, 2, ...
  std::string and_or = "and";  // joins it to the one before; the first one's is kept and ignored
  std::string search_type;     // `less than x days ago`
  std::string value;
  bool opening_paren = false;  // one before it
  bool closing_paren = false;  // one after it
  bool operator==(const Criterion&) const = default;
};

enum class Operator : std::uint8_t {
  is,
  is_not,
  like,
  not_like,
  has,
  does_not_have,
  matches_regex,
  does_not_match_regex,
  more_than,
  less_than,
  greater_than,
  greater_than_or_equal,
  less_than_or_equal,
  before,
  after,
  more_than_x_days_ago,
  less_than_x_days_ago,
  in_more_than_x_days,
  in_less_than_x_days,
  member_of,
  not_member_of,
  current,
  not_current,
};
inline constexpr std::size_t kOperatorCount = 23;
const char* name_of(Operator op);                                   // `before (yyyy-mm-dd)`
std::optional<Operator> operator_from_name(std::string_view name);  // case ignored

class OperatorSet {
 public:
  constexpr OperatorSet() = default;
  constexpr OperatorSet(std::initializer_list<Operator> operators) {
    for (Operator op : operators) bits_ |= bit(op);
  }
  constexpr bool contains(Operator op) const { return (bits_ & bit(op)) != 0; }
  constexpr OperatorSet operator|(OperatorSet other) const { return OperatorSet(bits_ | other.bits_); }
  constexpr OperatorSet operator&(OperatorSet other) const { return OperatorSet(bits_ & other.bits_); }
  constexpr bool operator==(const OperatorSet&) const = default;
  std::vector<std::string> names() const;

 private:
  constexpr explicit OperatorSet(std::uint32_t bits) : bits_(bits) {}
  static constexpr std::uint32_t bit(Operator op) { return std::uint32_t{1} << static_cast<unsigned>(op); }
  std::uint32_t bits_ = 0;
};

enum class FactType : std::uint8_t {
  text,  // one text
  integer,
  time,
  version,         // one text, ordered by its components
  choice,          // one of a few values, each with spellings
  texts,           // a list of texts: a criterion asks whether any item fits
  versions,        // a list of versions
  computer_group,  // membership of another group
  integers,        // a list of whole numbers, and
  times,           // of moments (RFC 3339): texts of any_of(); an item that is neither counts as absent
};
// What the engine can do with a type; a FactDefinition may allow less, never more.
OperatorSet operators_for(FactType type);

using FactId = std::uint32_t;

struct Choice {
  std::string display;                // what people see: `All Partitions Encrypted`
  std::vector<std::string> synonyms;  // other accepted spellings, on either side: `ALL_ENCRYPTED`
};

struct FactDefinition {
  std::string name;  // Jamf's criterion name, matched without case
  FactId id = 0;
  FactType type = FactType::text;
  OperatorSet operators;        // empty: all that the type has
  std::vector<Choice> choices;  // of FactType::choice; of FactType::texts where an item is one of a few
  // The value that an absent attribute stands for (`Not Collected`). Empty: it is blank, which `is ""` matches,
  // negative operators match, and nothing else does.
  std::string when_absent = {};
  // Those of `operators` that the Jamf Pro API refuses, though its console and the Classic API take them.
  OperatorSet refused_over_api = {};
};

// The criterion names that exist, and what each one reads.
class Vocabulary {
 public:
  // False, and nothing added, when the name is taken.
  bool add(FactDefinition definition);
  std::shared_ptr<const FactDefinition> find(std::string_view name) const;

  // A name that people know from elsewhere, and why it is none here: what compile() then says.
  void explain_missing(std::string_view name, std::string why);
  std::string why_missing(std::string_view name) const;  // empty: nobody said

 private:
  std::unordered_map<std::string, std::shared_ptr<const FactDefinition>> by_name_;
  std::unordered_map<std::string, std::string> missing_;
};

// Membership of another group, and until when that is known to hold.
struct Membership {
  bool member = false;
  Time valid_until = kNever;
};

// What is known of one computer. Nothing, or an empty text, is "absent". A text that is returned lives until the next
// call. `any_of` offers the items of a list until `accept` says yes, and tells whether it did.
class Facts {
 public:
  virtual ~Facts() = default;
  virtual std::optional<std::string_view> text(FactId fact) const = 0;  // text, version, choice
  virtual std::optional<std::int64_t> integer(FactId fact) const = 0;
  virtual std::optional<Time> time(FactId fact) const = 0;
  virtual bool any_of(FactId fact, const std::function<bool(std::string_view)>& accept) const = 0;
  virtual Membership member_of(std::string_view group) const = 0;  // as the criterion spells it
};

// How `A or B and C` is read where no parentheses say so.
enum class Precedence : std::uint8_t {
  and_first,  // A or (B and C), as SQL does
  left_fold,  // (A or B) and C, as the list is read
};

// Whose rules a list must keep. What is stored already was checked when it was saved.
enum class Rules : std::uint8_t {
  classic,       // everything that can be judged
  jamf_pro_api,  // without what that API's validator refuses
};

struct Options {
  Precedence precedence = Precedence::and_first;
  // Whose days `before` and `after` mean; none: UTC.
  std::shared_ptr<const TimeZone> time_zone = {};
  Rules rules = Rules::classic;
};

// Something legal that rarely means what its author thinks.
struct Warning {
  std::string reason;  // `mixed_and_or`, `unknown_choice`; lint.h has more
  std::string message;
  std::string where = {};  // the criterion by its priority, `criteria[2]`; empty: the list as a whole
  bool operator==(const Warning&) const = default;
};

class Program {
 public:
  Program() : Program(nullptr) {}  // of no criteria: matches everything

  const std::vector<FactId>& facts() const;        // that it reads: sorted, each once
  const std::vector<std::string>& groups() const;  // that it names, as spelled, each once
  bool depends_on_time() const;                    // by its own criteria; groups it names may add more
  const std::vector<Warning>& warnings() const;

  struct Code;
  explicit Program(std::shared_ptr<const Code> code);
  const Code& code() const { return *code_; }

 private:
  std::shared_ptr<const Code> code_;
};

// The order of `criteria` does not matter, their priorities do. Failures name the criterion and, in `where`, the field
// (`criteria[2].value`, counted in the order given). Reasons: too_many_criteria, bad_priority, bad_and_or,
// unknown_criterion, unknown_operator, operator_not_allowed, value_too_long, bad_integer, bad_days, bad_date,
// bad_version, bad_regex, missing_group, unbalanced_parentheses.
Result<Program> compile(const std::vector<Criterion>& criteria, const Vocabulary& vocabulary, Options options = {});

// Why a judgement came out as it did: the list as a tree.
struct Because {
  enum class Kind : std::uint8_t { criterion, all_of, any_of } kind = Kind::all_of;
  bool truth = true;
  Time valid_until = kNever;
  // Of a criterion:
  std::int64_t priority = 0;
  std::string name, search_type, required;
  std::optional<std::string> measured;  // as people would read it; nothing: the computer reports none
  // Of all_of and any_of; an all_of without parts is the empty list, which everything matches.
  std::vector<Because> parts = {};
};

struct Judgement {
  bool truth = false;
  Because because;
  Time valid_until = kNever;
};

// `valid_until` is the first moment at which the truth may differ though no fact changes: never too late, and exact for
// a single criterion. It is later than `now`.
Judgement judge(const Program& program, const Facts& facts, Time now);
bool matches(const Program& program, const Facts& facts, Time now, Time* valid_until);

// Component-wise: 14.10 is above 14.9, 14 equals 14.0, and 3.0b2 is below 3.0. Nothing when one has no digit.
std::optional<std::strong_ordering> compare_versions(std::string_view a, std::string_view b);

}  // namespace wardbridge::criteria
