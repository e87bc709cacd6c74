// From a computer's record to the columns of the fleet's fact table; for this room's own sources. Says the same as
// ComputerFacts, in codes.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "criteria/fact_table.h"
#include "management/groups/computer_facts.h"

namespace wardbridge::groups {

// Every criterion there is, the extension attributes' too.
std::vector<criteria::FactDefinition> definitions_with(const std::vector<ExtensionAttribute>& attributes);

class FactReader {
 public:
  // `zone` is the server's wall clock; none: UTC.
  FactReader(const std::vector<criteria::FactDefinition>& definitions, std::shared_ptr<const TimeZone> zone);

  criteria::FactTable& table() { return table_; }
  const criteria::FactTable& table() const { return table_; }

  // What the computer's own members and these of its sections say now; a section that is not loaded says "absent".
  std::vector<criteria::FactChange> read(const inventory::Computer& computer,
                                         std::span<const inventory::Section> sections);

 private:
  struct Step {  // one fact in a column of its own
    criteria::FactId fact;
    criteria::FactType type;
    criteria::Place place;
  };
  struct Tuple {  // one list of the record whose items are several facts at once
    const char* members[criteria::ItemDictionary::kMembers] = {};
    std::uint32_t column = 0;
    bool exists = false;
  };

  criteria::FactChange read_step(const Step& step, const ComputerFacts& facts);
  criteria::FactChange read_tuple(const Tuple& tuple, const inventory::Computer& computer, inventory::Section section);

  criteria::FactTable table_;
  std::shared_ptr<const TimeZone> zone_;
  std::vector<Step> own_;  // read from members of Computer
  std::array<std::vector<Step>, inventory::kSectionCount> by_section_;
  std::array<Tuple, inventory::kSectionCount> tuples_;
};

}  // namespace wardbridge::groups
