#include "criteria/network.h"

#include "criteria/network_state.h"

namespace wardbridge::criteria {

RowFacts::RowFacts(const FactTable& table, Row row, std::span<const FactChange> changes)
    : table_(table), row_(row), changes_(changes) {
  constexpr std::size_t kFew = 8;  // so few are looked through sooner
  if (changes.size() <= kFew) return;
  CHECK(changes.size() < UINT16_MAX, "more changes than columns");
  places_ = {std::vector<std::uint16_t>(table.text_columns()), std::vector<std::uint16_t>(table.number_columns()),
             std::vector<std::uint16_t>(table.list_columns())};
  std::uint16_t place = 0;
  for (const FactChange& change : changes) places_[static_cast<std::size_t>(change.kind)][change.column] = ++place;
}

const FactChange* RowFacts::change_of(Place::Kind kind, std::uint32_t column) const {
  if (const auto& places = places_[static_cast<std::size_t>(kind)]; !places.empty())
    return places[column] == 0 ? nullptr : &changes_[places[column] - 1u];
  for (const FactChange& change : changes_) {
    if (change.kind == kind && change.column == column) return &change;
  }
  return nullptr;
}

FactCode RowFacts::code(std::uint32_t text_column) const {
  const FactChange* change = change_of(Place::Kind::text, text_column);
  return change != nullptr ? change->code : table_.code(text_column, row_);
}

std::int64_t RowFacts::number(std::uint32_t number_column) const {
  const FactChange* change = change_of(Place::Kind::number, number_column);
  return change != nullptr ? change->number : table_.number(number_column, row_);
}

std::span<const FactCode> RowFacts::items(std::uint32_t list_column) const {
  const FactChange* change = change_of(Place::Kind::list, list_column);
  return change != nullptr ? std::span<const FactCode>(change->items) : table_.items(list_column, row_);
}

// Absent lies below every number, and is the one thing that a blank criterion lets pass.
Stretch stretch_of(const Predicate& predicate) {
  constexpr std::int64_t kLowest = kNoNumber + 1;
  constexpr std::int64_t kHighest = INT64_MAX;
  std::int64_t moment = to_unix_milliseconds(predicate.moment);
  std::int64_t span = predicate.span.count();
  switch (predicate.test) {
    case Test::blank:
      return {kNoNumber, kNoNumber};
    case Test::equal:
      return {predicate.number, predicate.number};
    case Test::greater:
      return predicate.number == kHighest ? Stretch{} : Stretch{predicate.number + 1, kHighest};
    case Test::less:
      return predicate.number <= kLowest ? Stretch{} : Stretch{kLowest, predicate.number - 1};
    case Test::before:
      return {kLowest, moment - 1};
    case Test::after:
      return {moment, kHighest};
    case Test::more_days_ago:
      return {kLowest, -span - 1};
    case Test::fewer_days_ago:
      return {-span + 1, kHighest};
    case Test::in_more_days:
      return {span + 1, kHighest};
    case Test::in_fewer_days:
      return {0, span - 1};
    default:
      CHECK(false, "a test that numbers don't know");
      return {};
  }
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

void sort_and_keep_once(std::vector<std::uint32_t>& numbers) {
  std::ranges::sort(numbers);
  auto rest = std::ranges::unique(numbers);
  numbers.erase(rest.begin(), rest.end());
}

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
        for (const NumberTest& test : state.numbers[change.column]) {
          if (test.stretch.holds(before) != test.stretch.holds(change.number)) flipped.push_back(test.condition);
        }
        break;
      }
      case Place::Kind::list: {
        if (state.lists[change.column].conditions.empty()) break;
        // An item of a kind that stays is no news; what another item may still say is left to judging.
        std::span<const FactCode> before = table.items(change.column, row);
        auto met_by_those_missing = [&](std::span<const FactCode> of, std::span<const FactCode> in) {
          std::vector<FactCode> missing;
          std::ranges::set_difference(of, in, std::back_inserter(missing));
          Profile met;
          for (FactCode item : missing) {
            const Profile& profile = state.profile_of_item(change.column, item);
            met.insert(met.end(), profile.begin(), profile.end());
          }
          sort_and_keep_once(met);
          return met;
        };
        note_differences(met_by_those_missing(before, change.items), met_by_those_missing(change.items, before),
                         flipped);
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
  for (std::uint32_t column = 0; column < state.from_now.size(); ++column) {
    if (state.from_now[column].empty()) continue;
    std::int64_t before = old_facts.number(column);
    std::int64_t after = new_facts.number(column);
    for (const NumberTest& test : state.from_now[column]) {
      compare(test.condition, judge_from_now(test.stretch, before, judged_at),
              judge_from_now(test.stretch, after, now));
    }
  }
  for (std::uint32_t column = 0; column < state.moments.size(); ++column) {
    for (std::uint32_t number : state.moments[column]) {
      const Condition& condition = state.conditions[number];
      compare(number, judge_items(table, condition, old_facts.items(column), judged_at),
              judge_items(table, condition, new_facts.items(column), now));
    }
  }
  for (std::uint32_t condition : flipped) {
    const auto& users = state.conditions[condition].programs;
    affected.programs.insert(affected.programs.end(), users.begin(), users.end());
  }
  sort_and_keep_once(affected.programs);
  return affected;
}

}  // namespace wardbridge::criteria
