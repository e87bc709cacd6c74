#include <array>

#include "base/text.h"
#include "criteria/criteria.h"

namespace wardbridge::criteria {
namespace {

// In the order of Operator.
// JAMF: the union of the search types that the Jamf Pro and Classic APIs accept.
constexpr std::array<const char*, kOperatorCount> kNames = {
    "is",
    "is not",
    "like",
    "not like",
    "has",
    "does not have",
    "matches regex",
    "does not match regex",
    "more than",
    "less than",
    "greater than",
    "greater than or equal",
    "less than or equal",
    "before (yyyy-mm-dd)",
    "after (yyyy-mm-dd)",
    "more than x days ago",
    "less than x days ago",
    "in more than x days",
    "in less than x days",
    "member of",
    "not member of",
    "current",
    "not current",
};

constexpr OperatorSet kTextOperators = {Operator::is,       Operator::is_not,        Operator::like,
                                        Operator::not_like, Operator::matches_regex, Operator::does_not_match_regex};
constexpr OperatorSet kListOperators = kTextOperators | OperatorSet{Operator::has, Operator::does_not_have};
constexpr OperatorSet kOrderOperators = {Operator::greater_than, Operator::greater_than_or_equal, Operator::less_than,
                                         Operator::less_than_or_equal};

}  // namespace

const char* name_of(Operator op) { return kNames[static_cast<std::size_t>(op)]; }

std::optional<Operator> operator_from_name(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (text::equal_ignoring_case(name, kNames[i])) return static_cast<Operator>(i);
  }
  return std::nullopt;
}

std::vector<std::string> OperatorSet::names() const {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kOperatorCount; ++i) {
    if (contains(static_cast<Operator>(i))) names.emplace_back(kNames[i]);
  }
  return names;
}

OperatorSet operators_for(FactType type) {
  switch (type) {
    case FactType::text:
      return kTextOperators;
    case FactType::integer:
    case FactType::integers:
      return {Operator::is, Operator::is_not, Operator::more_than, Operator::less_than};
    case FactType::time:
    case FactType::times:
      return {Operator::before,
              Operator::after,
              Operator::more_than_x_days_ago,
              Operator::less_than_x_days_ago,
              Operator::in_more_than_x_days,
              Operator::in_less_than_x_days};
    case FactType::version:
      return kTextOperators | kOrderOperators;
    case FactType::choice:
      return {Operator::is, Operator::is_not};
    case FactType::texts:
      return kListOperators;
    case FactType::versions:
      return kListOperators | kOrderOperators;
    case FactType::computer_group:
      return {Operator::member_of, Operator::not_member_of};
  }
  return {};
}

bool Vocabulary::add(FactDefinition definition) {
  OperatorSet possible = operators_for(definition.type);
  if (definition.operators == OperatorSet{}) definition.operators = possible;
  definition.operators = definition.operators & possible;
  std::string key = text::lower(definition.name);
  return by_name_.try_emplace(key, std::make_shared<const FactDefinition>(std::move(definition))).second;
}

std::shared_ptr<const FactDefinition> Vocabulary::find(std::string_view name) const {
  auto found = by_name_.find(text::lower(name));
  return found == by_name_.end() ? nullptr : found->second;
}

void Vocabulary::explain_missing(std::string_view name, std::string why) {
  missing_[text::lower(name)] = std::move(why);
}

std::string Vocabulary::why_missing(std::string_view name) const {
  auto found = missing_.find(text::lower(name));
  return found == missing_.end() ? std::string() : found->second;
}

}  // namespace wardbridge::criteria
