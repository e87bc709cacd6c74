#include <algorithm>

#include "base/text.h"
#include "criteria/lint.h"
#include "management/groups/computer_facts.h"
#include "management/groups/rows.h"

namespace wardbridge::groups {
namespace {

// Lists of other names can't say the same, so only these few need compiling.
std::vector<std::string> names_asked(const std::vector<criteria::Criterion>& criteria) {
  std::vector<std::string> names;
  for (const auto& criterion : criteria) names.push_back(text::lower(criterion.name));
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace

Result<std::vector<criteria::Warning>> warnings_about(store::Transaction& tx, const SmartComputerGroup& group,
                                                      const criteria::Vocabulary& vocabulary,
                                                      const criteria::Options& options) {
  criteria::Program program = TRY(criteria::compile(group.criteria, vocabulary, options));
  criteria::Options for_stored = options;
  for_stored.rules = criteria::Rules::classic;
  std::vector<criteria::Warning> warnings = criteria::lint(program);
  std::string form = criteria::normal_form(program);
  std::vector<std::string> names = names_asked(group.criteria);
  for (const SmartComputerGroup& other : list(tx)) {
    if (other.id == group.id || other.site_id != group.site_id || names_asked(other.criteria) != names) continue;
    auto compiled = criteria::compile(other.criteria, vocabulary, for_stored);
    if (!compiled.ok() || criteria::normal_form(*compiled) != form) continue;
    warnings.push_back({"duplicate_group", "its criteria say the same as those of `" + other.name + "`"});
    break;
  }
  return warnings;
}

std::vector<Finding> lint(store::Transaction& tx, const criteria::Options& options) {
  std::vector<SmartComputerGroup> smart = list(tx);
  std::vector<criteria::GroupToLint> to_lint;
  for (const SmartComputerGroup& group : smart) {
    to_lint.push_back({group.name, std::to_string(group.site_id), group.criteria});
  }
  std::vector<std::string> others;
  for (const ComputerGroup& group : list_all(tx)) {
    if (!group.smart) others.push_back(group.name);
  }
  std::vector<Finding> findings;
  for (auto& found : criteria::lint_groups(to_lint, vocabulary_with(list_attributes(tx)), options, others)) {
    findings.push_back({smart[found.group].id, smart[found.group].name, std::move(found.warning)});
  }
  return findings;
}

}  // namespace wardbridge::groups
