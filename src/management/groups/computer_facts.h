// What criteria can ask of a computer: the criterion names, and how each one is read from the inventory record. The
// table in criteria_table.cc is the only place that knows both; a new criterion is a line there.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "criteria/criteria.h"
#include "management/groups/extension_attributes.h"
#include "management/inventory/inventory.h"

namespace wardbridge::groups {

// The built-in criteria and those of the extension attributes.
criteria::Vocabulary vocabulary_with(const std::vector<ExtensionAttribute>& attributes);

// Every built-in criterion, in the order of the table: for consoles and documentation.
std::vector<criteria::FactDefinition> built_in_criteria();

// The inventory section that a fact is read from; nothing when the computer's own members or its groups tell.
std::optional<inventory::Section> section_of(criteria::FactId fact);

// The table as a page for people: docs/reference/criteria.md.
std::string criteria_reference();

// One computer as criteria see it. Sections that were not loaded read as absent. Keeps a reference to the computer.
// Days and moments that the record holds without a time zone are what `zone`'s wall clocks show; none: UTC. The zone
// must be the one that the criteria were compiled with.
class ComputerFacts final : public criteria::Facts {
 public:
  using Groups = std::function<criteria::Membership(std::string_view group)>;
  ComputerFacts(const inventory::Computer& computer, Groups groups, const TimeZone* zone = nullptr)
      : computer_(computer), groups_(std::move(groups)), zone_(zone) {}

  std::optional<std::string_view> text(criteria::FactId fact) const override;
  std::optional<std::int64_t> integer(criteria::FactId fact) const override;
  std::optional<Time> time(criteria::FactId fact) const override;
  bool any_of(criteria::FactId fact, const std::function<bool(std::string_view)>& accept) const override;
  criteria::Membership member_of(std::string_view group) const override { return groups_(group); }

 private:
  const inventory::Computer& computer_;
  Groups groups_;
  const TimeZone* zone_;
  mutable std::string composed_;  // a text that is put together for one answer
};

}  // namespace wardbridge::groups
