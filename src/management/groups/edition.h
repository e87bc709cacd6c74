// The compiled groups as of one revision; for this room's own sources.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "management/groups/extension_attributes.h"
#include "management/groups/group_book.h"
#include "management/groups/rows.h"

namespace wardbridge::groups {

struct GroupBook::Edition {
  struct Entry {
    GroupId id;
    std::string name;
    std::int64_t site_id = kNoSite;
    std::optional<criteria::Program> program;  // nothing: unusable or static
    bool smart = true;                         // else the assignments tell who is a member
    // The groups that its criteria name: as spelled, and where they stand in `entries`, always before this one.
    std::vector<std::pair<std::string, std::size_t>> references;
    bool timed = false;  // membership may end by time alone, for its own criteria or for those of a group that it names

    bool usable() const { return program.has_value() || !smart; }  // nobody is a member of one that isn't
  };
  Revision revision;
  std::shared_ptr<const TimeZone> time_zone;  // of the server's wall clock; none: UTC
  std::vector<Entry> entries;
  std::vector<inventory::Section> sections;
  std::vector<ExtensionAttribute> attributes;  // whose names are criteria
  bool has_static_groups = false;
};

// Asks the store only when there are static groups at all.
std::set<GroupId> static_groups_of(store::Transaction& tx, const GroupBook::Edition& edition, ComputerId computer);

}  // namespace wardbridge::groups
