// One row, judged by some programs or by all.
#include "criteria/network_state.h"

namespace wardbridge::criteria {

Pass::Pass(Network& network, RowFacts facts, Time now, Given given)
    : network_(*network.state_),
      facts_(facts),
      now_(now),
      given_(std::move(given)),
      truths_(network_.conditions.size() / 64 + 1, 0),
      looked_(network_.lists.size(), false) {}

Verdict Pass::condition(std::uint32_t number) {
  const Condition& condition = network_.conditions[number];
  if (!condition.place) return {network_.says_of_nothing(condition), kNever};
  const Place& place = *condition.place;
  if (place.kind == Place::Kind::number) {
    return judge_number(condition.predicate, facts_.number(place.column), now_);
  }
  if (place.kind == Place::Kind::list && condition.predicate.fact->type == FactType::times) {
    return judge_items(network_.table, condition, facts_.items(place.column), now_);
  }
  if (place.kind == Place::Kind::text) {
    return {contains(network_.profile_of_text(place.column, facts_.code(place.column)), number), kNever};
  }
  if (!looked_[place.column]) look_at_list(place.column);
  return {test_bit(truths_, number), kNever};
}

// What all of its items say, once: several conditions will ask.
void Pass::look_at_list(std::uint32_t column) {
  looked_[column] = true;
  for (FactCode item : facts_.items(column)) {
    for (std::uint32_t met : network_.profile_of_item(column, item)) set_bit(truths_, met);
  }
}

Verdict Pass::node(std::uint32_t program, std::uint32_t at) {
  const NetworkNode& node = network_.programs[program].nodes[at];
  if (node.kind == Because::Kind::criterion) {
    if (node.program != kNone) {
      Membership named = judge(node.program);
      return {named.member != node.negated, named.valid_until};
    }
    Verdict verdict = condition(node.condition);
    return {verdict.truth != node.negated, verdict.valid_until};
  }
  Joint joint(node.kind);
  for (std::uint32_t part = at + 1; part < node.end && !joint.settled();
       part = network_.programs[program].nodes[part].end) {
    joint.add(this->node(program, part));
  }
  return joint.verdict();
}

Membership Pass::judge(std::uint32_t program) {
  if (auto known = places_.find(program); known != places_.end()) return results_[known->second];
  Membership result;
  if (auto given = given_(program)) {
    result = *given;
  } else if (network_.programs[program].usable) {
    Verdict verdict = node(program, 0);
    result = {verdict.truth, verdict.valid_until};
  }
  places_.emplace(program, static_cast<std::uint32_t>(judged_.size()));
  judged_.push_back(program);
  results_.push_back(result);
  return result;
}

Membership Pass::result(std::uint32_t program) const { return results_[places_.at(program)]; }

void Pass::judge_all() {
  places_.reserve(network_.programs.size());
  for (std::uint32_t program = 0; program < network_.programs.size(); ++program) judge(program);
}

Time Pass::next_flip() const {
  Time next = kNever;
  for (std::uint32_t column = 0; column < network_.timed.size(); ++column) {
    for (std::uint32_t condition : network_.timed[column]) {
      next = std::min(next,
                      judge_number(network_.conditions[condition].predicate, facts_.number(column), now_).valid_until);
    }
  }
  for (std::uint32_t column = 0; column < network_.timed_lists.size(); ++column) {
    for (std::uint32_t condition : network_.timed_lists[column]) {
      next = std::min(
          next, judge_items(network_.table, network_.conditions[condition], facts_.items(column), now_).valid_until);
    }
  }
  return next;
}

}  // namespace wardbridge::criteria
