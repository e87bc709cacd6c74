// A chunk of rows at a time: for previews and edits, which concern the whole fleet.
#include "criteria/network_state.h"

namespace wardbridge::criteria {

namespace {

using Words = Network::Words;
constexpr std::size_t kWords = kChunkRows / 64;

Words whole_chunk(bool truth) { return Words(kWords, truth ? ~std::uint64_t{0} : 0); }

}  // namespace

std::vector<Time> Network::flips_of_chunk(std::size_t chunk, const std::function<Time(Row)>& judged_at) {
  State& state = *state_;
  auto exist = [](const auto& columns) {
    return std::ranges::any_of(columns, [](const auto& conditions) { return !conditions.empty(); });
  };
  if (!exist(state.from_now) && !exist(state.moments)) return {};
  std::vector<Time> flips(kChunkRows, kNever);
  Row first = static_cast<Row>(chunk * kChunkRows);
  for (std::uint32_t column = 0; column < state.from_now.size(); ++column) {
    const std::int64_t* numbers = state.table.numbers_of_chunk(column, chunk);
    if (numbers == nullptr || state.from_now[column].empty()) continue;
    for (Row i = 0; i < kChunkRows; ++i) {
      Time then = judged_at(first + i);
      for (const NumberTest& test : state.from_now[column])
        flips[i] = std::min(flips[i], judge_from_now(test.stretch, numbers[i], then).valid_until);
    }
  }
  for (std::uint32_t column = 0; column < state.moments.size(); ++column) {
    for (std::uint32_t number : state.moments[column]) {
      for (Row i = 0; i < kChunkRows; ++i) {
        Verdict verdict = judge_items(state.table, state.conditions[number], state.table.items(column, first + i),
                                      judged_at(first + i));
        flips[i] = std::min(flips[i], verdict.valid_until);
      }
    }
  }
  return flips;
}

namespace {

void set_bits(Words& words, const std::int64_t* numbers, Stretch stretch) {
  for (std::size_t word = 0; word < kWords; ++word) {
    std::uint64_t bits = 0;
    for (std::size_t bit = 0; bit < 64; ++bit) bits |= std::uint64_t{stretch.holds(numbers[word * 64 + bit])} << bit;
    words[word] = bits;
  }
}

// Of a test that counts from now.
Stretch at_moment(Stretch stretch, Time now) {
  if (stretch.low > stretch.high) return stretch;
  std::int64_t shift = to_unix_milliseconds(now);
  if (stretch.low != kNoNumber + 1) stretch.low += shift;
  if (stretch.high != INT64_MAX) stretch.high += shift;
  return stretch;
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
      look_at_codes(column, codes);
    }
  }
  // First which profile each row has, then condition by condition what that says of 64 rows at once.
  void look_at_codes(std::uint32_t column, const FactCode* codes) {
    Column& texts = state_.texts[column];
    std::vector<std::uint32_t> profiles(kChunkRows);
    for (std::size_t i = 0; i < kChunkRows; ++i) {
      FactCode code = codes[i];
      profiles[i] = static_cast<std::uint32_t>(
          texts.number_of(code, [&] { return state_.conditions_met_by_text(column, code); }));
    }
    std::vector<std::uint8_t> meets(texts.profile_count());
    for (std::size_t slot = 0; slot < texts.conditions.size(); ++slot) {
      for (std::size_t profile = 0; profile < meets.size(); ++profile)
        meets[profile] = test_bit(texts.bits_of(profile), slot);
      Words& truth = truths_[texts.conditions[slot]];
      for (std::size_t word = 0; word < kWords; ++word) {
        std::uint64_t bits = 0;
        for (std::size_t bit = 0; bit < 64; ++bit) bits |= std::uint64_t{meets[profiles[word * 64 + bit]]} << bit;
        truth[word] = bits;
      }
    }
  }

  void look_at_numbers() {
    for (std::size_t number = 0; number < state_.conditions.size(); ++number) {
      const Condition& condition = state_.conditions[number];
      if (!condition.place) truths_[number] = whole_chunk(state_.says_of_nothing(condition));
    }
    for (std::uint32_t column = 0; column < state_.numbers.size(); ++column) {
      for (const NumberTest& test : state_.numbers[column]) look_at_number(column, test.condition, test.stretch);
      for (const NumberTest& test : state_.from_now[column])
        look_at_number(column, test.condition, at_moment(test.stretch, now_));
    }
  }
  void look_at_number(std::uint32_t column, std::uint32_t condition, Stretch stretch) {
    const std::int64_t* numbers = state_.table.numbers_of_chunk(column, chunk_);
    if (numbers == nullptr) {
      truths_[condition] = whole_chunk(stretch.holds(kNoNumber));
    } else {
      set_bits(truths_[condition], numbers, stretch);
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
      bool has_postings = state_.table.has_postings(column);
      for (std::uint32_t condition : state_.lists[column].conditions) {
        if (has_postings) look_at_items(column, condition, wanted);
      }
      bool rest = !state_.moments[column].empty() || (!has_postings && !state_.lists[column].conditions.empty());
      if (rest) look_at_rows(column, !has_postings, wanted);
    }
  }

  // Item by item: the rows that have one which meets the condition. Common items come first; what few rows are then
  // still in doubt are looked at themselves.
  void look_at_items(std::uint32_t column, std::uint32_t condition, const Words& wanted) {
    const Postings* postings = state_.table.postings_of_chunk(column, chunk_);
    if (postings == nullptr) return;
    Words& rows = truths_[condition];
    std::uint32_t slot = state_.conditions[condition].slot;
    const std::vector<FactCode>& items = state_.items_that_meet(column, slot);
    std::size_t rare = 0;
    for (FactCode item : items) {
      if (postings->is_dense(item)) {
        postings->unite(item, rows);
      } else {
        rare += postings->count(item);
      }
    }
    constexpr std::size_t kRowsCost = 200;  // as much as so many rare items
    Words in_doubt = without(wanted, rows);
    if (count_of(in_doubt) * kRowsCost < rare) {
      for_each_row(in_doubt, [&](std::size_t row) {
        auto having = state_.table.items(column, first_ + static_cast<Row>(row));
        bool meets = std::ranges::any_of(
            having, [&](FactCode item) { return test_bit(state_.bits_of_item(column, item), slot); });
        if (meets) set_bit(rows, row);
      });
      return;
    }
    for (FactCode item : items) {
      if (!postings->is_dense(item)) postings->unite(item, rows);
    }
  }

  void look_at_rows(std::uint32_t column, bool texts_too, const Words& wanted) {
    for_each_row(wanted, [&](std::size_t row) {
      auto items = state_.table.items(column, first_ + static_cast<Row>(row));
      for (std::size_t i = 0; texts_too && i < items.size(); ++i) {
        for (std::uint32_t met : state_.profile_of_item(column, items[i])) set_bit(truths_[met], row);
      }
      for (std::uint32_t moments : state_.moments[column]) {
        if (judge_items(state_.table, state_.conditions[moments], items, now_).truth) set_bit(truths_[moments], row);
      }
    });
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
