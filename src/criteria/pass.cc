// One row, judged by some programs or by all.
#include "criteria/network_state.h"

namespace wardbridge::criteria {

Pass::Pass(Network& network, RowFacts facts, Time now, Given given)
    : network_(*network.state_),
      facts_(facts),
      now_(now),
      given_(std::move(given)),
      met_in_list_(network_.lists.size()) {}

Verdict Pass::leaf(const NetworkNode& node) {
  switch (node.source) {
    case NetworkNode::Source::parts:
      break;
    case NetworkNode::Source::program: {
      Membership named = judge(node.program);
      return {named.member, named.valid_until};
    }
    case NetworkNode::Source::constant:
      return {node.truth, kNever};
    case NetworkNode::Source::text:
      return {network_.text_meets(node.column, facts_.code(node.column), node.slot), kNever};
    case NetworkNode::Source::list:
      return {test_bit(look_at_list(node.column), node.slot), kNever};
    case NetworkNode::Source::moments:
      return judge_items(network_.table, network_.conditions[node.condition], facts_.items(node.column), now_);
    case NetworkNode::Source::number:
      return {node.stretch.holds(facts_.number(node.column)), kNever};
    case NetworkNode::Source::from_now:
      return judge_from_now(node.stretch, facts_.number(node.column), now_);
  }
  CHECK(false, "a criterion without a source");
  return {false, kNever};
}

// What all of its items say, once: several conditions will ask.
std::span<const std::uint64_t> Pass::look_at_list(std::uint32_t column) {
  std::vector<std::uint64_t>& met = met_in_list_[column];
  if (met.empty()) {
    met.resize(network_.lists[column].words());
    for (FactCode item : facts_.items(column)) {
      auto bits = network_.bits_of_item(column, item);
      for (std::size_t word = 0; word < met.size(); ++word) met[word] |= bits[word];
    }
  }
  return met;
}

Verdict Pass::judge_node(const std::vector<NetworkNode>& nodes, std::uint32_t at) {
  const NetworkNode& node = nodes[at];
  if (node.source != NetworkNode::Source::parts) {
    Verdict verdict = leaf(node);
    return {verdict.truth != node.negated, verdict.valid_until};
  }
  Joint joint(node.kind);
  for (std::uint32_t part = at + 1; part < node.end && !joint.settled(); part = nodes[part].end)
    joint.add(judge_node(nodes, part));
  return joint.verdict();
}

Membership Pass::judge(std::uint32_t program) {
  if (auto known = places_.find(program); known != places_.end()) return results_[known->second];
  Membership result;
  if (auto given = given_(program)) {
    result = *given;
  } else if (network_.programs[program].usable) {
    Verdict verdict = judge_node(network_.programs[program].nodes, 0);
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
  for (std::uint32_t column = 0; column < network_.from_now.size(); ++column) {
    if (network_.from_now[column].empty()) continue;
    std::int64_t number = facts_.number(column);
    for (const NumberTest& test : network_.from_now[column])
      next = std::min(next, judge_from_now(test.stretch, number, now_).valid_until);
  }
  for (std::uint32_t column = 0; column < network_.moments.size(); ++column) {
    for (std::uint32_t condition : network_.moments[column]) {
      next = std::min(
          next, judge_items(network_.table, network_.conditions[condition], facts_.items(column), now_).valid_until);
    }
  }
  return next;
}

}  // namespace wardbridge::criteria
