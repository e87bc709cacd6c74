#include "management/groups/computer_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/text.h"
#include "management/groups/test_store.h"

namespace wardbridge::groups {
namespace {

using ::testing::Contains;
using ::testing::Field;

void put_section(inventory::Computer& computer, inventory::Section section, std::string_view document) {
  auto value = json::parse(document);
  ASSERT_TRUE(value.ok()) << value.failure().message;
  computer.sections[section] = *value;
}

inventory::Computer a_mac() {
  using S = inventory::Section;
  inventory::Computer mac{.id = {7},
                          .udid = "8A6F0B2C-0000-4000-8000-000000000001",
                          .serial_number = "C02ABC",
                          .name = "lab-7",
                          .managed = true,
                          .last_check_in = kNow - hours{1},
                          .last_inventory_update = kNow - days{1}};
  put_section(mac, S::general, R"({"supervised":true,"userApprovedMdm":false,"mdmCapable":{"capable":true},
                                   "mdmProfileExpiration":"2027-01-01T00:00:00Z","assetTag":""})");
  put_section(mac, S::hardware, R"({"make":"Apple","model":"MacBook Pro","modelIdentifier":"Mac14,5",
                                    "totalRamMegabytes":16384,"appleSilicon":true
})");
  put_section(mac, S::operating_system, R"({"name":"macOS","version":"14.1.2","build":"23B92",
                                            "rapidSecurityResponse":"","fileVault2Status":"NOT_ENCRYPTED"})");
  put_section(mac, S::security, R"({"gatekeeperStatus":"APP_STORE","firewallEnabled":false})");
  put_section(mac, S::applications, R"([{"name":"Safari.app","bundleId":"com.apple.Safari","version":"17.1"},
                                        {"name":"Zoom.us.app","bundleId":"us.zoom.xos","version":null}])");
  put_section(mac, S::disk_encryption, R"({"fileVault2EnabledUserNames":["ada"]})");
  put_section(mac, S::storage, R"({"disks":[{"smartStatus":"Verified"},{"smartStatus":"Failing"}]})");
  put_section(mac, S::software_updates, R"([{"name":"a"},{"name":"b"}])");
  put_section(mac, S::user_and_location, R"({"username":"ada","departmentId":"3"})");
  put_section(mac, S::extension_attributes, R"([{"definitionId":"1","values":["North","South"]},
                                                {"definitionId":"2","values":["12"]},
                                                {"definitionId":"3","values":["2026-11-20 10:00:00"]},
                                                {"definitionId":"4","values":["soon"]}])");
  return mac;
}

std::vector<ExtensionAttribute> attributes() {
  using DataType = ExtensionAttribute::DataType;
  return {{.id = {1}, .name = "Ward"},
          {.id = {2}, .name = "Floor", .data_type = DataType::integer},
          {.id = {3}, .name = "Lease", .data_type = DataType::date},
          {.id = {4}, .name = "Return", .data_type = DataType::date},
          {.id = {5}, .name = "Unset"}};
}

bool holds(const inventory::Computer& mac, const char* name, const char* search_type, const char* value) {
  auto program = criteria::compile({{name, 0, "and", search_type, value}}, vocabulary_with(attributes()));
  EXPECT_TRUE(program.ok()) << program.failure().message;
  if (!program.ok()) return false;
  return criteria::matches(*program, ComputerFacts(mac, [](std::string_view) { return criteria::Membership{}; }), kNow,
                           nullptr);
}

TEST(ComputerFacts, EachCriterionReadsItsField) {
  inventory::Computer mac = a_mac();
  struct Expected {
    const char *name, *search_type, *value;
  };
  for (const Expected& e : {
           Expected{"Computer Name", "is", "LAB-7"},
           Expected{"Serial Number", "is", "c02abc"},
           Expected{"UDID", "like", "8a6f0b2c"},
           Expected{"JSS Computer ID", "is", "7"},
           Expected{"Managed", "is", "Managed"},
           Expected{"Last Check-in", "less than x days ago", "1"},
           Expected{"Last Inventory Update", "less than x days ago", "2"},
           Expected{"Supervised", "is", "Supervised"},
           Expected{"User Approved MDM", "is", "No"},
           Expected{"MDM Capability", "is", "Yes"},
           Expected{"MDM Profile Expiration Date", "in less than x days", "60"},
           Expected{"Asset Tag", "is", ""},
           Expected{"Make", "is", "Apple"},
           Expected{"Model Identifier", "matches regex", "^Mac14,"},
           Expected{"Total RAM MB", "more than", "8192"},
           Expected{"Apple Silicon", "is", "Yes"},
           Expected{"Operating System", "is", "macOS 14.1.2"},
           Expected{"Operating System Version", "greater than or equal", "14.0"},
           Expected{"Operating System Build", "is", "23B92"},
           Expected{"Operating System Rapid Security Response", "is", ""},
           Expected{"FileVault 2 Status", "is", "No Partitions Encrypted"},
           Expected{"FileVault 2 Status", "is", "Not Encrypted"},
           Expected{"FileVault 2 User", "has", "ada"},
           Expected{"Gatekeeper", "is", "App Store only"},
           Expected{"System Integrity Protection", "is", "Not Collected"},
           Expected{"Firewall Enabled", "is", "Not Enabled"},
           Expected{"Firewall Enabled", "is not", "Yes"},
           Expected{"S.M.A.R.T. Status", "has", "Failing"},
           Expected{"Number of Available Updates", "is", "2"},
           Expected{"Username", "is", "Ada"},
           Expected{"Department", "is", "3"},
           Expected{"Application Title", "has", "safari.app"},
           Expected{"Application Bundle ID", "has", "us.zoom.xos"},
           Expected{"Application Version", "greater than", "17"},
           Expected{"Profile Name", "does not have", "Security"},
           Expected{"Ward", "is", "south"},
           Expected{"Ward", "does not have", "East"},
           Expected{"Floor", "more than", "9"},
           Expected{"Lease", "before (yyyy-mm-dd)", "2026-11-21"},
           Expected{"Unset", "is", ""},
       }) {
    EXPECT_TRUE(holds(mac, e.name, e.search_type, e.value)) << e.name << " " << e.search_type << " " << e.value;
  }
}

TEST(ComputerFacts, WhatIsNotThereIsAbsent) {
  inventory::Computer mac = a_mac();
  EXPECT_FALSE(holds(mac, "Last Enrollment", "more than x days ago", "1"));
  EXPECT_FALSE(holds(mac, "Return", "before (yyyy-mm-dd)", "2030-01-01")) << "`soon` is no date";
  mac.sections.clear();
  EXPECT_FALSE(holds(mac, "FileVault 2 Status", "is", "All Partitions Encrypted"));
  EXPECT_FALSE(holds(mac, "Application Title", "has", "Safari.app"));
  EXPECT_FALSE(holds(mac, "Total RAM MB", "less than", "1000000"));
  EXPECT_TRUE(holds(mac, "Operating System", "is", ""));
  EXPECT_TRUE(holds(mac, "Ward", "is", ""));
}

TEST(ComputerFacts, SectionsOfAnUnexpectedShapeAreAbsent) {
  inventory::Computer mac;
  for (const criteria::FactDefinition& definition : built_in_criteria()) {
    if (auto section = section_of(definition.id)) mac.sections[*section] = json::Value("not what it should be");
  }
  mac.sections[inventory::Section::extension_attributes] = json::Value(7);
  EXPECT_FALSE(holds(mac, "Model", "like", "not"));
  EXPECT_FALSE(holds(mac, "Application Title", "like", "not"));
  EXPECT_TRUE(holds(mac, "Number of Available Updates", "is", ""));
  EXPECT_TRUE(holds(mac, "Floor", "is", ""));
}

// A sound value for every operator of every criterion compiles, and reads from an empty computer without complaint.
TEST(ComputerFacts, EveryOperatorOfEveryCriterionWorks) {
  inventory::Computer nothing;
  for (const criteria::FactDefinition& definition : built_in_criteria()) {
    criteria::OperatorSet operators = criteria::operators_for(definition.type);
    ASSERT_FALSE(operators.names().empty());
    for (const std::string& search_type : operators.names()) {
      bool date = search_type.find("yyyy") != std::string::npos;
      std::string value = !definition.choices.empty() ? definition.choices.front().display : date ? "2026-01-01" : "1";
      bool positive = search_type.find("not") == std::string::npos;
      // The id of a computer is always known, and so is whether it is managed.
      bool always_known = definition.name == "JSS Computer ID";
      if (always_known) continue;
      EXPECT_EQ(holds(nothing, definition.name.c_str(), search_type.c_str(), value.c_str()), !positive)
          << definition.name << " " << search_type;
    }
  }
}

TEST(ComputerFacts, NamesAreUniqueAndTheAskedForOnesExist) {
  std::set<std::string> names;
  for (const auto& definition : built_in_criteria()) EXPECT_TRUE(names.insert(text::lower(definition.name)).second);
  EXPECT_GE(names.size(), 100u);
}

TEST(ComputerFacts, TheSectionOfEachFactIsKnown) {
  auto vocabulary = vocabulary_with(attributes());
  auto section = [&](const char* name) { return section_of(vocabulary.find(name)->id); };
  EXPECT_EQ(section("Computer Name"), std::nullopt);
  EXPECT_EQ(section("Computer Group"), std::nullopt);
  EXPECT_EQ(section("FileVault 2 Status"), inventory::Section::operating_system);
  EXPECT_EQ(section("Operating System"), inventory::Section::operating_system);
  EXPECT_EQ(section("Application Title"), inventory::Section::applications);
  EXPECT_EQ(section("Ward"), inventory::Section::extension_attributes);
}

}  // namespace
}  // namespace wardbridge::groups
