#include "criteria/network.h"

#include "criteria/network_state.h"

namespace wardbridge::criteria {

FactCode RowFacts::code(std::uint32_t text_column) const {
  const FactChange* change = change_of(changes, Place::Kind::text, text_column);
  return change != nullptr ? change->code : table.code(text_column, row);
}

std::int64_t RowFacts::number(std::uint32_t number_column) const {
  const FactChange* change = change_of(changes, Place::Kind::number, number_column);
  return change != nullptr ? change->number : table.number(number_column, row);
}

std::span<const FactCode> RowFacts::items(std::uint32_t list_column) const {
  const FactChange* change = change_of(changes, Place::Kind::list, list_column);
  return change != nullptr ? std::span<const FactCode>(change->items) : table.items(list_column, row);
}

Network::Network(FactTable& table, std::vector<Listed> programs) : state_(std::make_unique<State>(table)) {
  for (Listed& listed : programs) state_->add(std::move(listed));
}
Network::~Network() = default;

std::size_t Network::size() const { return state_->programs.size(); }
std::size_t Network::condition_count() const { return state_->conditions.size(); }
const std::vector<std::uint32_t>& Network::dependants(std::uint32_t program) const {
  return state_->programs[program].dependants;
}

namespace {

std::set<std::uint32_t> as_set(const Profile& profile) { return {profile.begin(), profile.end()}; }

// Conditions that one side has and the other has not.
void note_differences(const Profile& before, const Profile& after, Profile& flipped) {
  std::ranges::set_symmetric_difference(before, after, std::back_inserter(flipped));
}

}  // namespace

Network::Affected Network::affected(Row row, std::span<const FactChange> changes, Time judged_at, Time now) {
  State& state = *state_;
  const FactTable& table = state.table;
  Affected affected;
  Profile flipped;
  for (const FactChange& change : changes) {
    switch (change.kind) {
      case Place::Kind::text: {
        if (state.texts[change.column].conditions.empty()) break;
        FactCode before = table.code(change.column, row);
        const Profile& old_profile = state.profile_of_text(change.column, before);
        const Profile& new_profile = state.profile_of_text(change.column, change.code);
        if (&old_profile != &new_profile) note_differences(old_profile, new_profile, flipped);
        break;
      }
      case Place::Kind::number: {
        std::int64_t before = table.number(change.column, row);
        for (std::uint32_t condition : state.numbers[change.column]) {
          const Predicate& predicate = state.conditions[condition].predicate;
          if (judge_number(predicate, before, now).truth != judge_number(predicate, change.number, now).truth)
            flipped.push_back(condition);
        }
        break;
      }
      case Place::Kind::list: {
        if (state.lists[change.column].conditions.empty()) break;
        std::span<const FactCode> before = table.items(change.column, row);
        std::vector<FactCode> removed;
        std::vector<FactCode> added;
        std::ranges::set_difference(before, change.items, std::back_inserter(removed));
        std::ranges::set_difference(change.items, before, std::back_inserter(added));
        // An item of a kind that stays is no news; what another item may still say is left to judging.
        std::set<std::uint32_t> gone;
        std::set<std::uint32_t> come;
        for (FactCode item : removed) gone.merge(as_set(state.profile_of_item(change.column, item)));
        for (FactCode item : added) come.merge(as_set(state.profile_of_item(change.column, item)));
        std::ranges::set_symmetric_difference(gone, come, std::back_inserter(flipped));
        break;
      }
    }
  }
  // What rests on a condition whose answer now ends earlier ends earlier too.
  auto compare = [&](std::uint32_t condition, Verdict before, Verdict after) {
    affected.next_flip = std::min(affected.next_flip, after.valid_until);
    if (before.truth != after.truth || after.valid_until < before.valid_until) flipped.push_back(condition);
  };
  const RowFacts old_facts{table, row};
  const RowFacts new_facts{table, row, changes};
  for (std::uint32_t column = 0; column < state.timed.size(); ++column) {
    if (state.timed[column].empty()) continue;
    std::int64_t before = old_facts.number(column);
    std::int64_t after = new_facts.number(column);
    for (std::uint32_t condition : state.timed[column]) {
      const Predicate& predicate = state.conditions[condition].predicate;
      compare(condition, judge_number(predicate, before, judged_at), judge_number(predicate, after, now));
    }
  }
  for (std::uint32_t column = 0; column < state.timed_lists.size(); ++column) {
    for (std::uint32_t number : state.timed_lists[column]) {
      const Condition& condition = state.conditions[number];
      compare(number, judge_items(table, condition, old_facts.items(column), judged_at),
              judge_items(table, condition, new_facts.items(column), now));
    }
  }
  for (std::uint32_t condition : flipped) {
    const auto& users = state.conditions[condition].programs;
    affected.programs.insert(affected.programs.end(), users.begin(), users.end());
  }
  std::ranges::sort(affected.programs);
  auto rest = std::ranges::unique(affected.programs);
  affected.programs.erase(rest.begin(), rest.end());
  return affected;
}

}  // namespace wardbridge::criteria
