#include <algorithm>

#include "base/text.h"
#include "criteria/program.h"

namespace wardbridge::criteria {
namespace {

// Like text::contains_ignoring_case, but with one side already lower.
bool contains_lowered(std::string_view text, std::string_view lowered) {
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return lowered.empty() || std::search(text.begin(), text.end(), lowered.begin(), lowered.end(),
                                        [&](char a, char b) { return lower(a) == b; }) != text.end();
}

constexpr Duration kTick{1};  // a Time counts whole milliseconds

}  // namespace

bool text_passes(const Predicate& predicate, std::string_view text) {
  switch (predicate.test) {
    case Test::equal:
      if (predicate.choice) return names_choice(predicate.fact->choices[*predicate.choice], text);
      return text::equal_ignoring_case(text, predicate.text);
    case Test::contains:
      return contains_lowered(text, predicate.text);
    case Test::pattern: {
      re2::StringPiece subject(text.data(), text.size());
      return predicate.pattern->Match(subject, 0, subject.size(), RE2::UNANCHORED, nullptr, 0);
    }
    default:
      break;
  }
  auto order = compare_versions(text, predicate.text);
  if (!order) return false;
  switch (predicate.test) {
    case Test::greater:
      return *order > 0;
    case Test::greater_or_equal:
      return *order >= 0;
    case Test::less:
      return *order < 0;
    case Test::less_or_equal:
      return *order <= 0;
    default:
      CHECK(false, "a test that texts don't know");
      return false;
  }
}

bool number_passes(const Predicate& predicate, std::int64_t number) {
  switch (predicate.test) {
    case Test::equal:
      return number == predicate.number;
    case Test::greater:
      return number > predicate.number;
    case Test::less:
      return number < predicate.number;
    default:
      CHECK(false, "a test that integers don't know");
      return false;
  }
}

// Days are spans of 24 hours from the very moment, not calendar days. A moment in the future is "less than x days ago",
// so that two servers whose clocks differ a little don't disagree about a Mac that has just spoken.
Verdict judge_moment(const Predicate& predicate, Time moment, Time now) {
  switch (predicate.test) {
    case Test::before:
      return {moment < predicate.moment, kNever};
    case Test::after:
      return {moment >= predicate.moment, kNever};
    case Test::more_days_ago: {
      Time last_false = moment + predicate.span;
      return now > last_false ? Verdict{true, kNever} : Verdict{false, last_false + kTick};
    }
    case Test::fewer_days_ago: {
      Time first_false = moment + predicate.span;
      return now < first_false ? Verdict{true, first_false} : Verdict{false, kNever};
    }
    case Test::in_more_days: {
      Time first_false = moment - predicate.span;
      return now < first_false ? Verdict{true, first_false} : Verdict{false, kNever};
    }
    case Test::in_fewer_days: {
      Time last_too_early = moment - predicate.span;
      if (now > moment || predicate.span == Duration{0}) return {false, kNever};
      return now > last_too_early ? Verdict{true, moment + kTick} : Verdict{false, last_too_early + kTick};
    }
    default:
      CHECK(false, "a test that times don't know");
      return {false, kNever};
  }
}

namespace {

// Moments come as Jamf Pro writes them; whatever else a list holds is absent.
std::optional<Time> moment_in(std::string_view item) {
  auto moment = parse_iso8601(item);
  return moment.ok() ? std::optional(*moment) : std::nullopt;
}

std::string_view or_when_absent(const Predicate& predicate, std::string_view text) {
  return text.empty() ? std::string_view(predicate.fact->when_absent) : text;
}

// A text, or what its absence stands for; empty: blank.
std::string_view text_of(const Predicate& predicate, const Facts& facts) {
  return or_when_absent(predicate, facts.text(predicate.fact->id).value_or(std::string_view{}));
}

}  // namespace

bool passes_text(const Predicate& predicate, std::string_view text) {
  text = or_when_absent(predicate, text);
  if (predicate.test == Test::blank) return text.empty();
  return !text.empty() && text_passes(predicate, text);
}

bool passes_integer(const Predicate& predicate, std::optional<std::int64_t> number) {
  if (predicate.test == Test::blank) return !number;
  return number && number_passes(predicate, *number);
}

Verdict judge_time(const Predicate& predicate, std::optional<Time> moment, Time now) {
  if (!moment) return {false, kNever};  // INVARIANT: law 2
  Verdict verdict = judge_moment(predicate, *moment, now);
  return {verdict.truth, std::min(verdict.valid_until, kNever)};
}

Verdict judge_item(const Predicate& predicate, std::string_view item, Time now) {
  bool blank = predicate.test == Test::blank;
  if (predicate.fact->type == FactType::times) {
    auto moment = moment_in(item);
    if (blank || !moment) return {blank && moment, kNever};
    return judge_time(predicate, moment, now);
  }
  if (predicate.fact->type == FactType::integers) {
    auto number = text::parse_integer(item);
    return {number && (blank || number_passes(predicate, *number)), kNever};
  }
  return {!item.empty() && (blank || text_passes(predicate, item)), kNever};
}

bool depends_on_time(Test test) {
  return test == Test::more_days_ago || test == Test::fewer_days_ago || test == Test::in_more_days ||
         test == Test::in_fewer_days;
}

namespace {

// A criterion on a list asks whether any item fits, so its answer may rest on several.
Verdict judge_list(const Predicate& predicate, const Facts& facts, Time now) {
  struct {
    const Predicate& predicate;
    Time now;
    Joint joint{Because::Kind::any_of};
  } asked{predicate, now};
  // The closure is one pointer, which std::function keeps without allocating.
  facts.any_of(predicate.fact->id, [&asked](std::string_view item) {
    asked.joint.add(judge_item(asked.predicate, item, asked.now));
    return asked.joint.settled();
  });
  Verdict verdict = asked.joint.verdict();
  return {verdict.truth != (predicate.test == Test::blank), verdict.valid_until};
}

Verdict judge_criterion(const Predicate& predicate, const Facts& facts, Time now) {
  FactId fact = predicate.fact->id;
  switch (predicate.fact->type) {
    case FactType::time:
      return judge_time(predicate, facts.time(fact), now);
    case FactType::integer:
      return {passes_integer(predicate, facts.integer(fact)) != predicate.negated, kNever};
    case FactType::texts:
    case FactType::versions:
    case FactType::integers:
    case FactType::times: {
      Verdict verdict = judge_list(predicate, facts, now);
      return {verdict.truth != predicate.negated, verdict.valid_until};
    }
    case FactType::computer_group: {
      Membership membership = facts.member_of(predicate.text);
      return {membership.member != predicate.negated, membership.valid_until};
    }
    case FactType::text:
    case FactType::version:
    case FactType::choice:
      break;
  }
  return {passes_text(predicate, facts.text(fact).value_or(std::string_view{})) != predicate.negated, kNever};
}

Verdict judge_node(const Program::Code& code, std::uint32_t at, const Facts& facts, Time now) {
  const Node& node = code.nodes[at];
  if (node.kind == Because::Kind::criterion) return judge_criterion(code.predicates[node.predicate], facts, now);
  Joint joint(node.kind);
  for (std::uint32_t part = at + 1; part < node.end && !joint.settled(); part = code.nodes[part].end) {
    joint.add(judge_node(code, part, facts, now));
  }
  return joint.verdict();
}

// Of a choice the words that people know, of other texts the text.
std::string shown_text(const FactDefinition& fact, std::string_view text) {
  for (const Choice& choice : fact.choices) {
    if (names_choice(choice, text)) return choice.display;
  }
  return std::string(text);
}

std::string shown_moment(Time moment, Time now) {
  std::string distance = moment > now ? "in " + for_people(moment - now) : for_people(now - moment) + " ago";
  return to_iso8601(moment, false) + " (" + distance + ")";
}

std::optional<std::string> measure_list(const Predicate& predicate, const Facts& facts, Time now) {
  std::string shown;
  std::size_t count = 0;
  bool hit = facts.any_of(predicate.fact->id, [&](std::string_view item) {
    if (item.empty()) return false;
    ++count;
    auto moment = predicate.fact->type == FactType::times ? moment_in(item) : std::nullopt;
    shown = moment ? shown_moment(*moment, now) : shown_text(*predicate.fact, item);
    return predicate.test != Test::blank && judge_item(predicate, item, now).truth;
  });
  if (count == 0) return std::nullopt;
  if (hit || count == 1) return shown;
  return (predicate.test == Test::blank ? "" : "none of ") + std::to_string(count) + " items";
}

// The measured value as people would read it; nothing when the computer reports none.
std::optional<std::string> measure(const Predicate& predicate, const Facts& facts, Time now) {
  FactId fact = predicate.fact->id;
  switch (predicate.fact->type) {
    case FactType::integer: {
      auto number = facts.integer(fact);
      return number ? std::optional(std::to_string(*number)) : std::nullopt;
    }
    case FactType::time: {
      auto moment = facts.time(fact);
      return moment ? std::optional(shown_moment(*moment, now)) : std::nullopt;
    }
    case FactType::texts:
    case FactType::versions:
    case FactType::integers:
    case FactType::times:
      return measure_list(predicate, facts, now);
    case FactType::computer_group:
      return facts.member_of(predicate.text).member ? "member" : "not a member";
    case FactType::text:
    case FactType::version:
    case FactType::choice:
      break;
  }
  std::string_view text = text_of(predicate, facts);
  return text.empty() ? std::nullopt : std::optional(shown_text(*predicate.fact, text));
}

Because explain_node(const Program::Code& code, std::uint32_t at, const Facts& facts, Time now) {
  const Node& node = code.nodes[at];
  Because because;
  because.kind = node.kind;
  Verdict verdict{true, kNever};
  if (node.kind == Because::Kind::criterion) {
    const Predicate& predicate = code.predicates[node.predicate];
    verdict = judge_criterion(predicate, facts, now);
    because.priority = predicate.criterion.priority;
    because.name = predicate.fact->name;
    because.search_type = predicate.criterion.search_type;
    because.required = predicate.criterion.value;
    because.measured = measure(predicate, facts, now);
  } else {
    Joint joint(node.kind);
    for (std::uint32_t part = at + 1; part < node.end; part = code.nodes[part].end) {
      because.parts.push_back(explain_node(code, part, facts, now));
      joint.add({because.parts.back().truth, because.parts.back().valid_until});
    }
    verdict = joint.verdict();
  }
  because.truth = verdict.truth;
  because.valid_until = verdict.valid_until;
  return because;
}

}  // namespace

bool matches(const Program& program, const Facts& facts, Time now, Time* valid_until) {
  Verdict verdict = judge_node(program.code(), 0, facts, now);
  if (valid_until != nullptr) *valid_until = verdict.valid_until;
  return verdict.truth;
}

Judgement judge(const Program& program, const Facts& facts, Time now) {
  Judgement judgement;
  judgement.because = explain_node(program.code(), 0, facts, now);
  judgement.truth = judgement.because.truth;
  judgement.valid_until = judgement.because.valid_until;
  return judgement;
}

}  // namespace wardbridge::criteria
