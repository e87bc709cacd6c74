// For this room's tests: a small vocabulary under Jamf's own names, and facts that a test writes down.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/text.h"
#include "criteria/criteria.h"

namespace wardbridge::criteria {

enum TestFact : FactId {
  kComputerName = 1,
  kTotalRam,
  kLastInventoryUpdate,
  kProfileExpiration,
  kOperatingSystemVersion,
  kFileVault,
  kGatekeeper,
  kApplicationTitle,
  kApplicationVersion,
  kComputerGroup,
  kCertificatesExpiring,
  kDriveCapacity,
  kInventoryState,
  kWard,  // an extension attribute
};

inline std::vector<FactDefinition> test_definitions() {
  std::vector<Choice> file_vault = {{"All Partitions Encrypted", {"ALL_ENCRYPTED"}},
                                    {"Boot Partitions Encrypted", {"BOOT_ENCRYPTED"}},
                                    {"No Partitions Encrypted", {"Not Encrypted", "NOT_ENCRYPTED"}}};
  std::vector<Choice> gatekeeper = {{"App Store", {"App Store only"}}, {"Off", {"Disabled"}}, {"Not collected", {}}};
  return {
      {"Computer Name", kComputerName, FactType::text, {}, {}},
      {"Total RAM MB", kTotalRam, FactType::integer, {}, {}},
      {"Last Inventory Update",
       kLastInventoryUpdate,
       FactType::time,
       {Operator::before, Operator::after, Operator::more_than_x_days_ago, Operator::less_than_x_days_ago},
       {}},
      {"MDM Profile Expiration Date", kProfileExpiration, FactType::time, {}, {}},
      {"Operating System Version", kOperatingSystemVersion, FactType::version, {}, {}},
      {"FileVault 2 Status", kFileVault, FactType::choice, {}, file_vault},
      {"Gatekeeper", kGatekeeper, FactType::choice, {}, gatekeeper, "Not collected"},
      {"Application Title", kApplicationTitle, FactType::texts, {}, {}},
      {"Application Version", kApplicationVersion, FactType::versions, {}, {}},
      {"Computer Group", kComputerGroup, FactType::computer_group, {}, {}},
      {"Certificates Expiring", kCertificatesExpiring, FactType::times, {}, {}},
      {"Drive Capacity MB", kDriveCapacity, FactType::integers, {}, {}},
      {"Conditional Access Inventory State",
       kInventoryState,
       FactType::texts,
       {},
       {{"Activated", {}}, {"Unresponsive", {"Silent"}}}},
      {"Ward", kWard, FactType::texts, {}, {}, {}, {Operator::has, Operator::does_not_have}},
  };
}

inline Vocabulary test_vocabulary() {
  Vocabulary vocabulary;
  for (FactDefinition& definition : test_definitions()) CHECK(vocabulary.add(std::move(definition)));
  return vocabulary;
}

struct WrittenFacts final : Facts {
  std::map<FactId, std::string> texts;
  std::map<FactId, std::int64_t> integers;
  std::map<FactId, Time> times;
  std::map<FactId, std::vector<std::string>> lists;
  std::map<std::string, Membership> groups;  // by lower case name

  std::optional<std::string_view> text(FactId fact) const override {
    auto found = texts.find(fact);
    return found == texts.end() ? std::nullopt : std::optional<std::string_view>(found->second);
  }
  std::optional<std::int64_t> integer(FactId fact) const override {
    auto found = integers.find(fact);
    return found == integers.end() ? std::nullopt : std::optional(found->second);
  }
  std::optional<Time> time(FactId fact) const override {
    auto found = times.find(fact);
    return found == times.end() ? std::nullopt : std::optional(found->second);
  }
  bool any_of(FactId fact, const std::function<bool(std::string_view)>& accept) const override {
    auto found = lists.find(fact);
    if (found == lists.end()) return false;
    for (const std::string& item : found->second) {
      if (accept(item)) return true;
    }
    return false;
  }
  Membership member_of(std::string_view group) const override {
    auto found = groups.find(text::lower(group));
    return found == groups.end() ? Membership{} : found->second;
  }
};

}  // namespace wardbridge::criteria
