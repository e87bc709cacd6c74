// A chunk of rows at a time: for previews and edits, which concern the whole fleet.
#include <bit>

#include "criteria/network_state.h"

namespace wardbridge::criteria {

namespace {

using Words = Network::Words;
constexpr std::size_t kWords = kChunkRows / 64;

Words whole_chunk(bool truth) { return Words(kWords, truth ? ~std::uint64_t{0} : 0); }

}  // namespace

std::vector<Time> Network::flips_of_chunk(std::size_t chunk, const std::function<Time(Row)>& judged_at) {
  State& state = *state_;
  std::vector<std::uint32_t> timed;
  for (const auto* columns : {&state.timed, &state.timed_lists}) {
    for (const auto& conditions : *columns) timed.insert(timed.end(), conditions.begin(), conditions.end());
  }
  if (timed.empty()) return {};
  std::vector<Time> flips(kChunkRows, kNever);
  Row first = static_cast<Row>(chunk * kChunkRows);
  for (std::uint32_t number : timed) {
    const Condition& condition = state.conditions[number];
    std::uint32_t column = condition.place->column;
    bool is_list = condition.place->kind == Place::Kind::list;
    const std::int64_t* numbers = is_list ? nullptr : state.table.numbers_of_chunk(column, chunk);
    if (!is_list && numbers == nullptr) continue;
    for (Row i = 0; i < kChunkRows; ++i) {
      Time then = judged_at(first + i);
      Verdict verdict = is_list ? judge_items(state.table, condition, state.table.items(column, first + i), then)
                                : judge_number(condition.predicate, numbers[i], then);
      flips[i] = std::min(flips[i], verdict.valid_until);
    }
  }
  return flips;
}

namespace {

// The numbers that pass a test at a moment: always one stretch, which "absent" lies below.
struct Stretch {
  std::int64_t low = 1;
  std::int64_t high = 0;  // empty
};
Stretch that_pass(const Predicate& predicate, Time now) {
  constexpr std::int64_t kLowest = kNoNumber + 1;
  constexpr std::int64_t kHighest = INT64_MAX;
  auto at = [](Time time) { return to_unix_milliseconds(time); };
  switch (predicate.test) {
    case Test::blank:
      return {kNoNumber, kNoNumber};
    case Test::equal:
      return {predicate.number, predicate.number};
    case Test::greater:
      return {predicate.number == kHighest ? kHighest : predicate.number + 1,
              predicate.number == kHighest ? kLowest : kHighest};
    case Test::less:
      return {kLowest, predicate.number <= kLowest ? kNoNumber : predicate.number - 1};
    case Test::before:
      return {kLowest, at(predicate.moment) - 1};
    case Test::after:
      return {at(predicate.moment), kHighest};
    case Test::more_days_ago:
      return {kLowest, at(now - predicate.span) - 1};
    case Test::fewer_days_ago:
      return {at(now - predicate.span) + 1, kHighest};
    case Test::in_more_days:
      return {at(now + predicate.span) + 1, kHighest};
    case Test::in_fewer_days:
      return {at(now), at(now + predicate.span) - 1};
    default:
      CHECK(false, "a test that numbers don't know");
      return {};
  }
}

void set_bits(Words& words, const std::int64_t* numbers, Stretch stretch) {
  for (std::size_t word = 0; word < kWords; ++word) {
    std::uint64_t bits = 0;
    for (std::size_t bit = 0; bit < 64; ++bit) {
      std::int64_t number = numbers[word * 64 + bit];
      bits |= std::uint64_t{number >= stretch.low && number <= stretch.high} << bit;
    }
    words[word] = bits;
  }
}

}  // namespace

// Works out what every condition says of every row, then what every program makes of that. Lists are long, so they are
// looked into last, and only of rows whose membership still depends on it.
class Network::ChunkJudge {
 public:
  ChunkJudge(State& state, std::size_t chunk, Time now, const std::function<const Words&(std::uint32_t)>& rows)
      : state_(state),
        chunk_(chunk),
        first_(static_cast<Row>(chunk * kChunkRows)),
        now_(now),
        rows_(rows),
        truths_(state.conditions.size(), whole_chunk(false)) {}

  std::vector<Words> run() {
    look_at_texts();
    look_at_numbers();
    if (has_lists()) look_at_lists(rows_that_depend_on_lists());
    return judge_programs(Lists::known);
  }

 private:
  enum class Lists { known, as_if_all_met, as_if_none_met };

  bool is_list(std::uint32_t condition) const {
    const auto& place = state_.conditions[condition].place;
    return place && place->kind == Place::Kind::list;
  }
  bool has_lists() const {
    for (std::uint32_t i = 0; i < state_.conditions.size(); ++i) {
      if (is_list(i)) return true;
    }
    return false;
  }

  void look_at_texts() {
    for (std::uint32_t column = 0; column < state_.texts.size(); ++column) {
      if (state_.texts[column].conditions.empty()) continue;
      const FactCode* codes = state_.table.codes_of_chunk(column, chunk_);
      if (codes == nullptr) {
        for (std::uint32_t met : state_.profile_of_text(column, 0)) truths_[met] = whole_chunk(true);
        continue;
      }
      for (std::size_t i = 0; i < kChunkRows; ++i) {
        for (std::uint32_t met : state_.profile_of_text(column, codes[i])) set_bit(truths_[met], i);
      }
    }
  }

  void look_at_numbers() {
    for (std::size_t number = 0; number < state_.conditions.size(); ++number) {
      const Condition& condition = state_.conditions[number];
      if (!condition.place) truths_[number] = whole_chunk(state_.says_of_nothing(condition));
      if (!condition.place || condition.place->kind != Place::Kind::number) continue;
      Stretch stretch = that_pass(condition.predicate, now_);
      const std::int64_t* numbers = state_.table.numbers_of_chunk(condition.place->column, chunk_);
      if (numbers == nullptr) {
        truths_[number] = whole_chunk(stretch.low == kNoNumber);
      } else {
        set_bits(truths_[number], numbers, stretch);
      }
    }
  }

  // Without a negation between them, membership with every list condition met and with none are bounds of what it is.
  // A network in which one group names another may have one, so there every row that counts is wanted.
  Words rows_that_depend_on_lists() {
    Words wanted = whole_chunk(false);
    bool nested = std::ranges::any_of(
        state_.programs, [](const auto& program) { return program.usable && !program.dependants.empty(); });
    if (nested) {
      for (std::uint32_t program = 0; program < state_.programs.size(); ++program) {
        const Words& possible = rows_(program);
        for (std::size_t i = 0; i < kWords; ++i) wanted[i] |= possible[i];
      }
      return wanted;
    }
    std::vector<Words> most = judge_programs(Lists::as_if_all_met);
    std::vector<Words> least = judge_programs(Lists::as_if_none_met);
    for (std::size_t program = 0; program < most.size(); ++program) {
      for (std::size_t i = 0; i < kWords; ++i) wanted[i] |= most[program][i] ^ least[program][i];
    }
    return wanted;
  }

  void look_at_lists(const Words& wanted) {
    for (std::uint32_t column = 0; column < state_.lists.size(); ++column) {
      if (state_.lists[column].conditions.empty() && state_.timed_lists[column].empty()) continue;
      // Most items are of no interest to any condition; one byte says so.
      std::vector<std::uint8_t> interesting(state_.table.item_dictionary(column).size());
      for (FactCode code = 0; code < interesting.size(); ++code) {
        interesting[code] = !state_.profile_of_item(column, code).empty();
      }
      for (std::size_t word = 0; word < kWords; ++word) {
        for (std::uint64_t bits = wanted[word]; bits != 0; bits &= bits - 1) {
          std::size_t row = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
          auto items = state_.table.items(column, first_ + static_cast<Row>(row));
          for (FactCode item : items) {
            if (interesting[item] == 0) continue;
            for (std::uint32_t met : state_.profile_of_item(column, item)) set_bit(truths_[met], row);
          }
          for (std::uint32_t timed : state_.timed_lists[column]) {
            if (judge_items(state_.table, state_.conditions[timed], items, now_).truth) set_bit(truths_[timed], row);
          }
        }
      }
    }
  }

  std::vector<Words> judge_programs(Lists lists) {
    std::vector<Words> members;
    members.reserve(state_.programs.size());
    for (std::uint32_t program = 0; program < state_.programs.size(); ++program) {
      const Words& possible = rows_(program);
      if (!state_.programs[program].usable) {
        members.push_back(possible);
        continue;
      }
      Words result(kWords);
      evaluate(program, 0, lists, members, result);
      for (std::size_t i = 0; i < kWords; ++i) result[i] &= possible[i];
      members.push_back(std::move(result));
    }
    return members;
  }

  void evaluate(std::uint32_t program, std::uint32_t at, Lists lists, const std::vector<Words>& members, Words& out) {
    const std::vector<NetworkNode>& nodes = state_.programs[program].nodes;
    const NetworkNode& node = nodes[at];
    if (node.kind == Because::Kind::criterion) {
      bool known = lists == Lists::known || node.program != kNone || !is_list(node.condition);
      if (!known) {
        std::ranges::fill(out, lists == Lists::as_if_all_met ? ~std::uint64_t{0} : 0);
        return;
      }
      const Words& truth = node.program != kNone ? members[node.program] : truths_[node.condition];
      std::uint64_t turn = node.negated ? ~std::uint64_t{0} : 0;
      for (std::size_t i = 0; i < kWords; ++i) out[i] = truth[i] ^ turn;
      return;
    }
    bool all = node.kind == Because::Kind::all_of;
    std::ranges::fill(out, all ? ~std::uint64_t{0} : 0);
    Words part_words(kWords);
    for (std::uint32_t part = at + 1; part < node.end; part = nodes[part].end) {
      evaluate(program, part, lists, members, part_words);
      for (std::size_t i = 0; i < kWords; ++i) out[i] = all ? out[i] & part_words[i] : out[i] | part_words[i];
    }
  }

  State& state_;
  std::size_t chunk_;
  Row first_;
  Time now_;
  const std::function<const Words&(std::uint32_t)>& rows_;
  std::vector<Words> truths_;  // by condition
};

std::vector<Network::Words> Network::judge_chunk(std::size_t chunk, Time now,
                                                 const std::function<const Words&(std::uint32_t)>& rows) {
  return ChunkJudge(*state_, chunk, now, rows).run();
}

}  // namespace wardbridge::criteria
