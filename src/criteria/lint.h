// Criteria lists that are legal and still wrong: those that nothing or everything fits, criteria that change nothing,
// values and patterns that can't mean what their author thinks.
//
// Knows: which answers the criteria of one attribute can give together (outcomes.h), and so what follows from a list
// whatever a computer reports. Every finding holds for all computers and all times; where the search would take too
// long, nothing is said. Pure, like all of this room.
//
//   for (const Warning& warning : lint(program)) show(warning.reason, warning.message, warning.where);
//
// Reasons, beside those of compile():
//   contradiction            no computer can fit these criteria
//   tautology                every computer fits them
//   dead_criterion           the list gives the same answer without it
//   matches_everything       `like` or a pattern that fits every value that is not blank
//   no_days                  nothing but the future is less than 0 days ago
//   words_in_version         an order of versions is asked for, and the value begins with something else
//   nested_parentheses       deeper than Jamf Pro can show
// and of a set of groups: group_cycle, unknown_group, nested_too_deep, duplicate_group, and the failures of compile().
#pragma once

#include "criteria/criteria.h"

namespace wardbridge::criteria {

// All of one list, the warnings of compile() first.
std::vector<Warning> lint(const Program& program);

struct GroupToLint {
  std::string name;
  std::string scope;  // groups of different scopes (sites) are no duplicates of each other
  std::vector<Criterion> criteria;
};
struct GroupFinding {
  std::size_t group = 0;  // its place in what was given
  Warning warning;
};
// What `lint` finds in each, and what is wrong between them. In the order of the groups. `others` are the names of
// groups that have no criteria of their own (static ones), which criteria may name too.
std::vector<GroupFinding> lint_groups(const std::vector<GroupToLint>& groups, const Vocabulary& vocabulary,
                                      const Options& options, const std::vector<std::string>& others = {});

// Equal for lists that say the same in another order, grouping or spelling of values.
std::string normal_form(const Program& program);

}  // namespace wardbridge::criteria
