// Made-up fleets for measurements: computers with real inventory sections, smart groups about them, and what a working
// day changes. The same seed gives the same fleet, computer by computer and in any order, so a million of them need no
// memory until they are asked for.
//
//   FleetGenerator fleet({.seed = 7});
//   inventory::Computer mac = fleet.computer(42);                     // as the store would hold it under the id 42
//   std::vector<groups::SmartComputerGroup> groups = fleet.groups(500);
//   std::vector<inventory::Section> changed = fleet.check_in(mac, draw, now);
//
// About 70 attributes a computer, eight of them extension attributes; 120 to 180 applications out of 2,000 titles (the
// popular ones are nearly everywhere), each in a few versions. Thread-safe once made.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "management/groups/extension_attributes.h"
#include "management/groups/groups.h"
#include "management/inventory/inventory.h"

namespace wardbridge::testing {

// Numbers from a seed (SplitMix64): a fleet of a million draws half a billion of them.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : state_(seed) {}
  std::uint64_t bits();
  std::uint64_t below(std::uint64_t bound) { return bits() % bound; }
  std::int64_t between(std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(most - least + 1)));
  }
  bool percent(unsigned chance) { return below(100) < chance; }
  template <class List>
  const auto& one_of(const List& list) {
    return list[below(std::size(list))];
  }

 private:
  std::uint64_t state_;
};

class FleetGenerator {
 public:
  struct Options {
    std::uint64_t seed = 20261123;
    int fewest_applications = 120;
    int most_applications = 180;
    int titles = 2000;
  };
  explicit FleetGenerator(Options options);

  // When the fleet was looked at: everything in it happened before.
  static Time now();

  // Judged by nobody yet: revision 1, no assessments. `number` counts from 1 and is the computer's id.
  inventory::Computer computer(std::int64_t number) const;
  // The same as a record of another server, for check_record(How::import) and create_computer(): a store that is given
  // 1, 2, 3, ... gives them these ids.
  json::Object record(std::int64_t number) const;
  // Their ids count from 1, as a fresh store's do.
  static std::vector<groups::ExtensionAttribute> attributes();

  enum class About {
    everything,
    what_stays,  // nothing that a check-in changes
  };
  // Names are unique, those that a group names come before it; ids and platform ids count from `first`. 1 to 8
  // criteria, a fifth of them about applications; a tenth of the groups name another, a fifth rest on how long ago
  // something was.
  std::vector<groups::SmartComputerGroup> groups(int count, About about = About::everything, int first = 1) const;

  // What a working day changes on a Mac, told at `now`: free space always, sometimes an application's version, its
  // address, its battery, its last user, its system. One revision later; the sections that are different now.
  std::vector<inventory::Section> check_in(inventory::Computer& computer, Draw& draw, Time now) const;

 private:
  json::Array applications(Draw& draw) const;
  std::string version_of(std::size_t title, Draw& draw) const;
  criteria::Criterion criterion(Draw& draw, About about) const;
  criteria::Criterion about_applications(Draw& draw, About about) const;

  Options options_;
  std::vector<std::string> titles_;                        // `Atlas Notes 17`
  std::unordered_map<std::string, std::size_t> title_of_;  // by `Atlas Notes 17.app`
  std::vector<std::uint32_t> popular_;                     // titles, each as often as it is popular
};

}  // namespace wardbridge::testing
