#include "management/groups/rehearsal.h"

#include <algorithm>

#include "base/text.h"
#include "management/groups/computer_facts.h"

namespace wardbridge::groups {
namespace {

struct Compiled {
  criteria::Program program;
  std::vector<criteria::Warning> warnings;
};

// Compiles the criteria as they would be stored: a group that is named by its number is named by its name.
Result<Compiled> compile_as_stored(store::Transaction& tx, SmartComputerGroup& group,
                                   const criteria::Options& options) {
  criteria::Vocabulary vocabulary = vocabulary_with(list_attributes(tx));
  TRY(criteria::compile(group.criteria, vocabulary, options));
  GroupNames names = stored_names(tx);
  if (!group.name.empty()) names[group.id] = group.name;
  std::vector<GroupId> named = TRY(resolve_groups(group.criteria, names));
  References references = stored_references(tx);
  references[group.id].clear();
  for (std::size_t i = 0; i < named.size(); ++i) {
    if (!names_group(group.criteria[i])) continue;
    group.criteria[i].value = names.at(named[i]);
    references[group.id].push_back(named[i]);
  }
  TRY(check_nesting(group.id, references, names));
  Compiled compiled{TRY(criteria::compile(group.criteria, vocabulary, options)), {}};
  compiled.warnings = TRY(warnings_about(tx, group, vocabulary, options));
  return compiled;
}

// INVARIANT: law 2. Nobody is in a group whose criteria name one that can't be judged.
const GroupBook::Edition::Entry* unusable_of(const GroupBook::Edition& edition, const criteria::Program& program) {
  for (const std::string& name : program.groups()) {
    for (const auto& entry : edition.entries) {
      if (!entry.usable() && text::equal_ignoring_case(entry.name, name)) return &entry;
    }
  }
  return nullptr;
}

}  // namespace

Result<Rehearsal> rehearse(store::Transaction& tx, GroupBook& book, SmartComputerGroup group, Time now,
                           std::size_t limit, criteria::Options options) {
  Rehearsal rehearsal{.is_edit = static_cast<bool>(group.id)};
  if (rehearsal.is_edit) {
    auto before = find(tx, group.id);
    if (!before) return not_found("no_group", "no smart computer group has the id " + std::to_string(group.id.value));
    if (group.name.empty()) group.name = before->name;
  }
  auto [program, warnings] = TRY(compile_as_stored(tx, group, options));
  rehearsal.warnings = std::move(warnings);
  auto edition = book.edition(tx);
  const auto* unusable = unusable_of(*edition, program);
  if (unusable != nullptr) {
    rehearsal.warnings.push_back(
        {"unusable_group", "nobody is in it: the criteria of `" + unusable->name + "` can't be judged any more"});
  }
  Fleet::Question question{.program = unusable == nullptr ? &program : nullptr,
                           .site = group.site_id,
                           .instead_of = group.id,
                           .limit = limit};
  auto found = book.fleet().preview(edition, question, now);
  if (!found) {
    return unavailable("fleet_not_read", "the computers are still being read into memory (" +
                                             std::to_string(book.fleet().size()) +
                                             " so far); ask again in a few seconds");
  }
  rehearsal.found = *std::move(found);
  rehearsal.looked_at = book.fleet().size();
  auto stored = static_cast<std::size_t>(inventory::count(tx));
  if (stored != rehearsal.looked_at) {
    rehearsal.warnings.push_back({"fleet_behind", "this node knows " + std::to_string(rehearsal.looked_at) + " of " +
                                                      std::to_string(stored) +
                                                      " computers; those that other nodes changed are not counted"});
  }
  return rehearsal;
}

}  // namespace wardbridge::groups
