// The compiled form of a criteria list; private to this room.
#pragma once

#include <re2/re2.h>

#include "criteria/criteria.h"

namespace wardbridge::criteria {

// What a predicate asks, in its positive form: `is not` is a negated `equal`.
enum class Test : std::uint8_t {
  blank,
  equal,
  contains,
  pattern,
  greater,
  greater_or_equal,
  less,
  less_or_equal,
  before,
  after,
  more_days_ago,
  fewer_days_ago,
  in_more_days,
  in_fewer_days,
  member,
};

struct Predicate {
  std::shared_ptr<const FactDefinition> fact;
  Test test = Test::equal;
  bool negated = false;
  std::string text;                   // the value; lower case where it is compared as text
  std::optional<std::size_t> choice;  // which of fact->choices the value names
  std::int64_t number = 0;
  Time moment = kEpoch;
  Duration span{0};
  std::shared_ptr<const RE2> pattern;
  Criterion criterion;  // as it was written, for the reasons
};

// The expression in prefix order: the parts of a node follow it, up to `end`.
struct Node {
  Because::Kind kind = Because::Kind::all_of;
  std::uint32_t end = 0;
  std::uint32_t predicate = 0;  // of a criterion
};

struct Program::Code {
  std::vector<Predicate> predicates;
  std::vector<Node> nodes;  // never empty
  std::vector<FactId> facts;
  std::vector<std::string> groups;
  std::vector<Warning> warnings;
  bool depends_on_time = false;
};

// True when `spelling` names the choice.
bool names_choice(const Choice& choice, std::string_view spelling);

// The positive form of a predicate's test, of one value that is there: a text that is not blank, a number, a moment.
bool text_passes(const Predicate& predicate, std::string_view text);
bool number_passes(const Predicate& predicate, std::int64_t number);
struct Verdict {
  bool truth;
  Time valid_until;
};
Verdict judge_moment(const Predicate& predicate, Time moment, Time now);

}  // namespace wardbridge::criteria
