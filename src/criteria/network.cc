#include "criteria/network.h"

#include <algorithm>

#include "base/check.h"
#include "base/text.h"
#include "criteria/program.h"

namespace wardbridge::criteria {
namespace {

constexpr std::uint32_t kNone = UINT32_MAX;

// The conditions that one value meets, sorted.
using Profile = std::vector<std::uint32_t>;

// The profile of each code of a dictionary, found out when first wanted. Most values meet the same few sets of
// conditions, so equal profiles are kept once.
class Profiles {
 public:
  template <class Find>
  const Profile& of(FactCode code, Find find) {
    if (code >= of_code_.size()) of_code_.resize(code + 1 + code / 2, 0);
    std::uint32_t& known = of_code_[code];
    if (known == 0) {
      auto [at, is_new] = numbers_.try_emplace(find(), static_cast<std::uint32_t>(all_.size() + 1));
      if (is_new) all_.push_back(&at->first);
      known = at->second;
    }
    return *all_[known - 1];
  }

 private:
  std::vector<std::uint32_t> of_code_;  // one above the place in all_; 0: not known yet
  std::map<Profile, std::uint32_t> numbers_;
  std::vector<const Profile*> all_;
};

// A predicate that programs have in common, in its positive form.
struct Condition {
  Predicate predicate;
  std::optional<Place> place;  // nothing: the table does not hold the fact, so it is absent
  std::vector<std::uint32_t> programs;
};

struct NetworkNode {
  Because::Kind kind = Because::Kind::all_of;
  std::uint32_t end = 0;
  std::uint32_t condition = kNone;
  std::uint32_t program = kNone;  // of a criterion that names a group
  bool negated = false;
};

std::optional<std::int64_t> known_number(std::int64_t number) {
  return number == kNoNumber ? std::nullopt : std::optional(number);
}

Verdict judge_number(const Predicate& predicate, std::int64_t number, Time now) {
  if (predicate.fact->type == FactType::integer) return {passes_integer(predicate, known_number(number)), kNever};
  if (number == kNoNumber) return judge_time(predicate, std::nullopt, now);
  return judge_time(predicate, from_unix_milliseconds(number), now);
}

// Whether any item fits: of moments, whose answer time changes.
Verdict judge_items(const FactTable& table, const Condition& condition, std::span<const FactCode> items, Time now) {
  Joint joint(Because::Kind::any_of);
  const Place& place = *condition.place;
  for (FactCode code : items) {
    FactCode member = table.item_dictionary(place.column).item(code)[place.member];
    joint.add(judge_item(condition.predicate, table.dictionary(place.column, place.member).text(member), now));
  }
  return joint.verdict();
}

// What tells two predicates apart.
std::string identity_of(const Predicate& predicate) {
  return std::to_string(predicate.fact->id) + "|" + std::to_string(static_cast<int>(predicate.test)) + "|" +
         predicate.criterion.value;
}

// Of a list, "blank" is asked the other way round, since "some item is not blank" is what a single item can tell.
bool is_turned(const Condition& condition) {
  return condition.predicate.test == Test::blank && condition.place && condition.place->kind == Place::Kind::list;
}

bool contains(const Profile& profile, std::uint32_t condition) {
  return std::binary_search(profile.begin(), profile.end(), condition);
}

void set_bit(std::vector<std::uint64_t>& words, std::size_t bit) { words[bit / 64] |= std::uint64_t{1} << (bit % 64); }
bool test_bit(const std::vector<std::uint64_t>& words, std::size_t bit) { return words[bit / 64] >> (bit % 64) & 1; }

const FactChange* change_of(std::span<const FactChange> changes, Place::Kind kind, std::uint32_t column) {
  for (const FactChange& change : changes) {
    if (change.kind == kind && change.column == column) return &change;
  }
  return nullptr;
}

}  // namespace

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

struct Network::State {
  struct Column {
    std::vector<std::uint32_t> conditions;
    Profiles profiles;
  };
  struct Listing {
    bool usable = false;
    std::vector<NetworkNode> nodes;
    std::vector<std::uint32_t> dependants;
  };

  explicit State(FactTable& fact_table)
      : table(fact_table),
        texts(table.text_columns()),
        numbers(table.number_columns()),
        lists(table.list_columns()),
        timed(table.number_columns()),
        timed_lists(table.list_columns()) {}

  void add(Listed listed) {
    auto number = static_cast<std::uint32_t>(programs.size());
    Listing& program = programs.emplace_back();
    program.usable = listed.program.has_value();
    if (!program.usable) return;
    const Program::Code& code = listed.program->code();
    for (const Node& node : code.nodes) {
      NetworkNode& mine = program.nodes.emplace_back(NetworkNode{.kind = node.kind, .end = node.end});
      if (node.kind != Because::Kind::criterion) continue;
      const Predicate& predicate = code.predicates[node.predicate];
      mine.negated = predicate.negated;
      if (predicate.test == Test::member) {
        mine.program = referenced(listed, predicate.text, number);
      } else {
        mine.condition = condition_of(predicate);
        mine.negated ^= is_turned(conditions[mine.condition]);
        auto& users = conditions[mine.condition].programs;
        if (users.empty() || users.back() != number) users.push_back(number);
      }
    }
  }

  std::uint32_t referenced(const Listed& listed, std::string_view name, std::uint32_t by) {
    for (const auto& [spelled, place] : listed.references) {
      if (!text::equal_ignoring_case(spelled, name)) continue;
      CHECK(place < by, "a program stands before one that it names");
      auto& dependants = programs[place].dependants;
      if (dependants.empty() || dependants.back() != by) dependants.push_back(by);
      return place;
    }
    CHECK(false, "a criterion names a group that its program was not bound to");
    return kNone;
  }

  std::uint32_t condition_of(const Predicate& predicate) {
    auto [at, is_new] = by_identity.try_emplace(identity_of(predicate), static_cast<std::uint32_t>(conditions.size()));
    if (!is_new) return at->second;
    std::uint32_t number = at->second;
    auto place = table.place(predicate.fact->id);
    conditions.push_back({predicate, place, {}});
    if (!place) return number;
    switch (place->kind) {
      case Place::Kind::text:
        texts[place->column].conditions.push_back(number);
        break;
      case Place::Kind::list:
        if (predicate.fact->type == FactType::times) {
          timed_lists[place->column].push_back(number);
        } else {
          lists[place->column].conditions.push_back(number);
        }
        break;
      case Place::Kind::number:
        (depends_on_time(predicate.test) ? timed : numbers)[place->column].push_back(number);
        break;
    }
    return number;
  }

  const Profile& profile_of_text(std::uint32_t column, FactCode code) {
    return texts[column].profiles.of(code, [&] {
      Profile profile;
      std::string_view text = table.dictionary(column).text(code);
      for (std::uint32_t condition : texts[column].conditions) {
        if (passes_text(conditions[condition].predicate, text)) profile.push_back(condition);
      }
      return profile;
    });
  }

  const Profile& profile_of_item(std::uint32_t column, FactCode code) {
    return lists[column].profiles.of(code, [&] {
      Profile profile;
      const ItemDictionary::Item& item = table.item_dictionary(column).item(code);
      for (std::uint32_t number : lists[column].conditions) {
        const Condition& condition = conditions[number];
        std::uint32_t member = condition.place->member;
        std::string_view text = table.dictionary(column, member).text(item[member]);
        if (judge_item(condition.predicate, text, kEpoch).truth) profile.push_back(number);
      }
      return profile;
    });
  }

  // What a condition says of a fact that the table does not hold.
  bool says_of_nothing(const Condition& condition) const {
    switch (condition.predicate.fact->type) {
      case FactType::integer:
        return passes_integer(condition.predicate, std::nullopt);
      case FactType::time:
        return false;
      case FactType::texts:
      case FactType::versions:
      case FactType::integers:
      case FactType::times:
        return condition.predicate.test == Test::blank;
      default:
        return passes_text(condition.predicate, {});
    }
  }

  FactTable& table;
  std::vector<Listing> programs;
  std::vector<Condition> conditions;
  std::map<std::string, std::uint32_t> by_identity;
  std::vector<Column> texts;
  std::vector<std::vector<std::uint32_t>> numbers;  // conditions that time alone does not change, by column
  std::vector<Column> lists;
  std::vector<std::vector<std::uint32_t>> timed;        // those that it does
  std::vector<std::vector<std::uint32_t>> timed_lists;  // on lists of moments, by list column
};

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

Pass::Pass(Network& network, RowFacts facts, Time now, Given given)
    : network_(*network.state_),
      facts_(facts),
      now_(now),
      given_(std::move(given)),
      results_(network.size()),
      known_(network.size(), 0) {}

Pass::Verdict Pass::condition(std::uint32_t number) const {
  const Condition& condition = network_.conditions[number];
  if (!condition.place) return {network_.says_of_nothing(condition), kNever};
  const Place& place = *condition.place;
  if (place.kind == Place::Kind::number) {
    auto verdict = judge_number(condition.predicate, facts_.number(place.column), now_);
    return {verdict.truth, verdict.valid_until};
  }
  if (place.kind == Place::Kind::list && condition.predicate.fact->type == FactType::times) {
    auto verdict = judge_items(network_.table, condition, facts_.items(place.column), now_);
    return {verdict.truth, verdict.valid_until};
  }
  if (!truths_.empty()) return {test_bit(truths_, number), kNever};
  if (place.kind == Place::Kind::text) {
    return {contains(network_.profile_of_text(place.column, facts_.code(place.column)), number), kNever};
  }
  bool some = std::ranges::any_of(facts_.items(place.column), [&](FactCode item) {
    return contains(network_.profile_of_item(place.column, item), number);
  });
  return {some, kNever};
}

Pass::Verdict Pass::node(std::uint32_t program, std::uint32_t at) {
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
    Verdict verdict = this->node(program, part);
    joint.add({verdict.truth, verdict.valid_until});
  }
  auto verdict = joint.verdict();
  return {verdict.truth, verdict.valid_until};
}

Membership Pass::judge(std::uint32_t program) {
  if (known_[program] != 0) return results_[program];
  known_[program] = 1;
  Membership result;
  if (auto given = given_(program)) {
    result = *given;
  } else if (network_.programs[program].usable) {
    Verdict verdict = node(program, 0);
    result = {verdict.truth, verdict.valid_until};
  }
  judged_.push_back(program);
  return results_[program] = result;
}

void Pass::judge_all() {
  truths_.assign(network_.conditions.size() / 64 + 1, 0);
  for (std::uint32_t column = 0; column < network_.texts.size(); ++column) {
    if (network_.texts[column].conditions.empty()) continue;
    for (std::uint32_t met : network_.profile_of_text(column, facts_.code(column))) set_bit(truths_, met);
  }
  for (std::uint32_t column = 0; column < network_.lists.size(); ++column) {
    if (network_.lists[column].conditions.empty()) continue;
    for (FactCode item : facts_.items(column)) {
      for (std::uint32_t met : network_.profile_of_item(column, item)) set_bit(truths_, met);
    }
  }
  for (std::uint32_t program = 0; program < results_.size(); ++program) judge(program);
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

std::vector<Network::Words> Network::judge_chunk(std::size_t chunk, Time now,
                                                 const std::function<const Words&(std::uint32_t)>& rows) {
  State& state = *state_;
  std::vector<Words> truths(state.conditions.size(), whole_chunk(false));
  Row first = static_cast<Row>(chunk * kChunkRows);
  for (std::uint32_t column = 0; column < state.texts.size(); ++column) {
    if (state.texts[column].conditions.empty()) continue;
    const FactCode* codes = state.table.codes_of_chunk(column, chunk);
    for (std::size_t i = 0; i < kChunkRows; ++i) {
      for (std::uint32_t met : state.profile_of_text(column, codes == nullptr ? 0 : codes[i])) set_bit(truths[met], i);
    }
  }
  for (std::uint32_t column = 0; column < state.lists.size(); ++column) {
    if (state.lists[column].conditions.empty()) continue;
    for (std::size_t i = 0; i < kChunkRows; ++i) {
      for (FactCode item : state.table.items(column, first + static_cast<Row>(i))) {
        for (std::uint32_t met : state.profile_of_item(column, item)) set_bit(truths[met], i);
      }
    }
  }
  for (std::uint32_t column = 0; column < state.timed_lists.size(); ++column) {
    for (std::uint32_t number : state.timed_lists[column]) {
      for (std::size_t i = 0; i < kChunkRows; ++i) {
        auto items = state.table.items(column, first + static_cast<Row>(i));
        if (judge_items(state.table, state.conditions[number], items, now).truth) set_bit(truths[number], i);
      }
    }
  }
  for (std::size_t number = 0; number < state.conditions.size(); ++number) {
    const Condition& condition = state.conditions[number];
    if (!condition.place) truths[number] = whole_chunk(state.says_of_nothing(condition));
    if (!condition.place || condition.place->kind != Place::Kind::number) continue;
    const std::int64_t* numbers = state.table.numbers_of_chunk(condition.place->column, chunk);
    if (numbers == nullptr) {
      truths[number] = whole_chunk(judge_number(condition.predicate, kNoNumber, now).truth);
      continue;
    }
    for (std::size_t word = 0; word < kWords; ++word) {
      std::uint64_t bits = 0;
      for (std::size_t bit = 0; bit < 64; ++bit) {
        bits |= std::uint64_t{judge_number(condition.predicate, numbers[word * 64 + bit], now).truth} << bit;
      }
      truths[number][word] = bits;
    }
  }

  std::vector<Words> members;
  members.reserve(state.programs.size());
  for (std::uint32_t program = 0; program < state.programs.size(); ++program) {
    const State::Listing& listing = state.programs[program];
    if (!listing.usable) {
      members.push_back(rows(program));
      continue;
    }
    std::function<void(std::uint32_t, Words&)> evaluate = [&](std::uint32_t at, Words& out) {
      const NetworkNode& node = listing.nodes[at];
      if (node.kind == Because::Kind::criterion) {
        const Words& truth = node.program != kNone ? members[node.program] : truths[node.condition];
        std::uint64_t turn = node.negated ? ~std::uint64_t{0} : 0;
        for (std::size_t i = 0; i < kWords; ++i) out[i] = truth[i] ^ turn;
        return;
      }
      bool all = node.kind == Because::Kind::all_of;
      std::ranges::fill(out, all ? ~std::uint64_t{0} : 0);
      Words part_words(kWords);
      for (std::uint32_t part = at + 1; part < node.end; part = listing.nodes[part].end) {
        evaluate(part, part_words);
        for (std::size_t i = 0; i < kWords; ++i) out[i] = all ? out[i] & part_words[i] : out[i] | part_words[i];
      }
    };
    Words& result = members.emplace_back(kWords);
    evaluate(0, result);
    const Words& possible = rows(program);
    for (std::size_t i = 0; i < kWords; ++i) result[i] &= possible[i];
  }
  return members;
}

}  // namespace wardbridge::criteria
