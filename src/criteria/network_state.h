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

inline std::optional<std::int64_t> known_number(std::int64_t number) {
  return number == kNoNumber ? std::nullopt : std::optional(number);
}

inline Verdict judge_number(const Predicate& predicate, std::int64_t number, Time now) {
  if (predicate.fact->type == FactType::integer) return {passes_integer(predicate, known_number(number)), kNever};
  if (number == kNoNumber) return judge_time(predicate, std::nullopt, now);
  return judge_time(predicate, from_unix_milliseconds(number), now);
}

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

inline bool contains(const Profile& profile, std::uint32_t condition) {
  return std::binary_search(profile.begin(), profile.end(), condition);
}

inline void set_bit(std::vector<std::uint64_t>& words, std::size_t bit) {
  words[bit / 64] |= std::uint64_t{1} << (bit % 64);
}
inline bool test_bit(const std::vector<std::uint64_t>& words, std::size_t bit) {
  return words[bit / 64] >> (bit % 64) & 1;
}

inline const FactChange* change_of(std::span<const FactChange> changes, Place::Kind kind, std::uint32_t column) {
  for (const FactChange& change : changes) {
    if (change.kind == kind && change.column == column) return &change;
  }
  return nullptr;
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

}  // namespace wardbridge::criteria
