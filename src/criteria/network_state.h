// The insides of a network; private to this room.
#pragma once

#include <algorithm>

#include "base/check.h"
#include "base/text.h"
#include "criteria/network.h"
#include "criteria/program.h"

namespace wardbridge::criteria {

inline constexpr std::uint32_t kNone = UINT32_MAX;

// The conditions that one value meets, sorted.
using Profile = std::vector<std::uint32_t>;

// The conditions on one column of texts or of lists.
struct Column {
  std::vector<std::uint32_t> conditions;  // sorted; the place of one among them is its slot
  // For each of them the items that meet it, of those in the dictionary below `listed`.
  std::vector<std::vector<FactCode>> items_that_meet;
  FactCode listed = 0;

  // The profile of a value, found out when first wanted. Most values meet the same few sets of conditions, so equal
  // profiles are kept once.
  template <class Find>
  const Profile& profile(FactCode code, Find find) {
    return *all_[number_of(code, find)];
  }
  // The same as bits by slot.
  template <class Find>
  std::span<const std::uint64_t> bits(FactCode code, Find find) {
    return bits_of(number_of(code, find));
  }
  std::size_t words() const { return conditions.size() / 64 + 1; }

  // Which of the profiles a value has, counted from 0.
  template <class Find>
  std::size_t number_of(FactCode code, Find find) {
    if (code >= of_code_.size()) of_code_.resize(code + 1 + code / 2, 0);
    std::uint32_t& known = of_code_[code];
    if (known == 0) {
      auto [at, is_new] = numbers_.try_emplace(find(), static_cast<std::uint32_t>(all_.size() + 1));
      if (is_new) keep(at->first);
      known = at->second;
    }
    return known - 1;
  }
  std::span<const std::uint64_t> bits_of(std::size_t number) const {
    return std::span(bits_).subspan(number * words(), words());
  }
  std::size_t profile_count() const { return all_.size(); }

 private:
  void keep(const Profile& profile) {
    all_.push_back(&profile);
    std::size_t begin = bits_.size();
    bits_.resize(begin + words(), 0);
    for (std::uint32_t condition : profile) {
      auto slot = static_cast<std::size_t>(std::ranges::lower_bound(conditions, condition) - conditions.begin());
      bits_[begin + slot / 64] |= std::uint64_t{1} << (slot % 64);
    }
  }

  std::vector<std::uint32_t> of_code_;  // one above the place in all_; 0: not known yet
  std::map<Profile, std::uint32_t> numbers_;
  std::vector<const Profile*> all_;
  std::vector<std::uint64_t> bits_;  // of each profile, by slot
};

// The numbers that pass a test: always one stretch. Of a test that depends on time they are counted from now, so that
// it stays the same while time passes.
struct Stretch {
  std::int64_t low = 1;
  std::int64_t high = 0;  // empty

  bool holds(std::int64_t number) const { return number >= low && number <= high; }
};
Stretch stretch_of(const Predicate& predicate);

// Of a test that depends on time: numbers come nearer as time passes, so each enters the stretch from above and leaves
// it below. A moment that is absent never passes (law 2).
inline Verdict judge_from_now(Stretch stretch, std::int64_t number, Time now) {
  if (number == kNoNumber || stretch.low > stretch.high) return {false, kNever};
  std::int64_t from_now = number - to_unix_milliseconds(now);
  if (from_now < stretch.low) return {false, kNever};
  bool inside = from_now <= stretch.high;
  if (inside && stretch.low == kNoNumber + 1) return {true, kNever};
  Duration left{inside ? from_now - stretch.low + 1 : from_now - stretch.high};
  return {inside, left > kNever - now ? kNever : now + left};
}

// A predicate that programs have in common, in its positive form.
struct Condition {
  Predicate predicate;
  std::optional<Place> place;  // nothing: the table does not hold the fact, so it is absent
  std::uint32_t slot = 0;      // among the column's conditions
  std::vector<std::uint32_t> programs;
};

// All that judging a number needs of its condition: thousands of them are gone through.
struct NumberTest {
  Stretch stretch;
  std::uint32_t condition = kNone;
};

// A node of a program's expression with all that judging it needs, so that a program lies together.
struct NetworkNode {
  enum class Source : std::uint8_t { parts, program, constant, text, list, moments, number, from_now };
  Because::Kind kind = Because::Kind::all_of;
  Source source = Source::parts;
  bool negated = false;
  bool truth = false;     // of a constant
  std::uint32_t end = 0;  // of the parts
  std::uint32_t column = 0;
  std::uint32_t slot = 0;  // of a text
  std::uint32_t condition = kNone;
  std::uint32_t program = kNone;  // of a criterion that names a group
  Stretch stretch;                // of numbers
};

// Whether any item fits: of moments, whose answer time changes.
inline Verdict judge_items(const FactTable& table, const Condition& condition, std::span<const FactCode> items,
                           Time now) {
  Joint joint(Because::Kind::any_of);
  const Place& place = *condition.place;
  for (FactCode code : items) {
    FactCode member = table.item_dictionary(place.column).item(code)[place.member];
    joint.add(judge_item(condition.predicate, table.dictionary(place.column, place.member).text(member), now));
  }
  return joint.verdict();
}

// What tells two predicates apart.
inline std::string identity_of(const Predicate& predicate) {
  return std::to_string(predicate.fact->id) + "|" + std::to_string(static_cast<int>(predicate.test)) + "|" +
         predicate.criterion.value;
}

// Of a list, "blank" is asked the other way round, since "some item is not blank" is what a single item can tell.
inline bool is_turned(const Condition& condition) {
  return condition.predicate.test == Test::blank && condition.place && condition.place->kind == Place::Kind::list;
}

inline void set_bit(std::vector<std::uint64_t>& words, std::size_t bit) {
  words[bit / 64] |= std::uint64_t{1} << (bit % 64);
}
inline bool test_bit(std::span<const std::uint64_t> words, std::size_t bit) {
  return words[bit / 64] >> (bit % 64) & 1;
}

struct Network::State {
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
        from_now(table.number_columns()),
        moments(table.list_columns()) {}

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
        mine.source = NetworkNode::Source::program;
        mine.program = referenced(listed, predicate.text, number);
        continue;
      }
      mine.condition = condition_of(predicate);
      Condition& condition = conditions[mine.condition];
      mine.negated ^= is_turned(condition);
      mine.source = source_of(condition);
      mine.truth = !condition.place && says_of_nothing(condition);
      mine.column = condition.place ? condition.place->column : 0;
      mine.slot = condition.slot;
      if (condition.place && condition.place->kind == Place::Kind::number) mine.stretch = stretch_of(predicate);
      if (condition.programs.empty() || condition.programs.back() != number) condition.programs.push_back(number);
    }
  }

  static NetworkNode::Source source_of(const Condition& condition) {
    using Source = NetworkNode::Source;
    if (!condition.place) return Source::constant;
    switch (condition.place->kind) {
      case Place::Kind::text:
        return Source::text;
      case Place::Kind::list:
        return condition.predicate.fact->type == FactType::times ? Source::moments : Source::list;
      case Place::Kind::number:
        return depends_on_time(condition.predicate.test) ? Source::from_now : Source::number;
    }
    CHECK(false);
    return Source::constant;
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
    Condition& condition = conditions.emplace_back(Condition{.predicate = predicate, .place = place});
    switch (source_of(condition)) {
      case NetworkNode::Source::text:
        add_to(texts[place->column], condition, number);
        break;
      case NetworkNode::Source::list:
        add_to(lists[place->column], condition, number);
        break;
      case NetworkNode::Source::moments:
        moments[place->column].push_back(number);
        break;
      case NetworkNode::Source::number:
        numbers[place->column].push_back({stretch_of(predicate), number});
        break;
      case NetworkNode::Source::from_now:
        from_now[place->column].push_back({stretch_of(predicate), number});
        break;
      default:
        break;
    }
    return number;
  }

  static void add_to(Column& column, Condition& condition, std::uint32_t number) {
    condition.slot = static_cast<std::uint32_t>(column.conditions.size());
    column.conditions.push_back(number);
  }

  Profile conditions_met_by_text(std::uint32_t column, FactCode code) const {
    Profile profile;
    std::string_view text = table.dictionary(column).text(code);
    for (std::uint32_t condition : texts[column].conditions) {
      if (passes_text(conditions[condition].predicate, text)) profile.push_back(condition);
    }
    return profile;
  }
  const Profile& profile_of_text(std::uint32_t column, FactCode code) {
    return texts[column].profile(code, [&] { return conditions_met_by_text(column, code); });
  }
  bool text_meets(std::uint32_t column, FactCode code, std::uint32_t slot) {
    return test_bit(texts[column].bits(code, [&] { return conditions_met_by_text(column, code); }), slot);
  }

  Profile conditions_met_by_item(std::uint32_t column, FactCode code) const {
    Profile profile;
    const ItemDictionary::Item& item = table.item_dictionary(column).item(code);
    for (std::uint32_t number : lists[column].conditions) {
      const Condition& condition = conditions[number];
      std::uint32_t member = condition.place->member;
      std::string_view text = table.dictionary(column, member).text(item[member]);
      if (judge_item(condition.predicate, text, kEpoch).truth) profile.push_back(number);
    }
    return profile;
  }
  const Profile& profile_of_item(std::uint32_t column, FactCode code) {
    return lists[column].profile(code, [&] { return conditions_met_by_item(column, code); });
  }
  std::span<const std::uint64_t> bits_of_item(std::uint32_t column, FactCode code) {
    return lists[column].bits(code, [&] { return conditions_met_by_item(column, code); });
  }

  // Every item that any row may have and that meets the condition.
  const std::vector<FactCode>& items_that_meet(std::uint32_t column, std::uint32_t slot) {
    Column& list = lists[column];
    list.items_that_meet.resize(list.conditions.size());
    for (; list.listed < table.item_dictionary(column).size(); ++list.listed) {
      for (std::uint32_t met : profile_of_item(column, list.listed))
        list.items_that_meet[conditions[met].slot].push_back(list.listed);
    }
    return list.items_that_meet[slot];
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
  std::vector<std::vector<NumberTest>> numbers;  // that time alone does not change, by column
  std::vector<Column> lists;
  std::vector<std::vector<NumberTest>> from_now;    // that it does
  std::vector<std::vector<std::uint32_t>> moments;  // conditions on lists of moments, by list column
};

}  // namespace wardbridge::criteria
