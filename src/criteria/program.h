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

struct Verdict {
  bool truth;
  Time valid_until;
};
// The positive form of a predicate's test, of one value that is there: a text that is not blank, a number, a moment.
bool text_passes(const Predicate& predicate, std::string_view text);
bool number_passes(const Predicate& predicate, std::int64_t number);
Verdict judge_moment(const Predicate& predicate, Time moment, Time now);
// The same of one value or none. A text's absence may stand for a value; no moment is never what is asked for (law 2).
bool passes_text(const Predicate& predicate, std::string_view text);
bool passes_integer(const Predicate& predicate, std::optional<std::int64_t> number);
Verdict judge_time(const Predicate& predicate, std::optional<Time> moment, Time now);
// Of one item of a list, whatever the list holds. What a blank criterion asks of an item is whether it is there.
Verdict judge_item(const Predicate& predicate, std::string_view item, Time now);
bool depends_on_time(Test test);

// Joins the verdicts of parts. The answer of `all of` rests on any one part that says no, so it holds as long as the
// most lasting of them; without one it rests on every part, so it holds as long as the least lasting. `any of` mirrors.
class Joint {
 public:
  explicit Joint(Because::Kind kind) : decisive_(kind == Because::Kind::any_of) {}

  void add(Verdict part) {
    if (part.truth == decisive_) {
      until_ = decided_ ? std::max(until_, part.valid_until) : part.valid_until;
      decided_ = true;
    } else if (!decided_) {
      until_ = std::min(until_, part.valid_until);
    }
  }
  // No further part can change anything.
  bool settled() const { return decided_ && until_ == kNever; }
  Verdict verdict() const { return {decided_ ? decisive_ : !decisive_, until_}; }

 private:
  bool decisive_;
  bool decided_ = false;
  Time until_ = kNever;
};

}  // namespace wardbridge::criteria
