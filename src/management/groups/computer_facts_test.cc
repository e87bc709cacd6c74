#include "management/groups/computer_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/text.h"
#include "management/groups/criteria_table.h"
#include "management/groups/test_store.h"
#include "management/inventory/fields.h"

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
  put_section(
      mac, S::general,
      R"({"supervised":true,"userApprovedMdm":false,"mdmCapable":{"capable":true,"userManagementInfo":[{"capableUser":"ada"}]},
                                   "enrollmentMethod":{"objectName":"Staff Macs","objectType":"PreStage enrollment"},
                                   "remoteManagement":{"managementUsername":"ladmin"},
                                   "mdmProfileExpiration":"2027-01-01T00:00:00Z","assetTag":""})");
  put_section(mac, S::hardware, R"({"make":"Apple","model":"MacBook Pro","modelIdentifier":"Mac14,5",
                                    "totalRamMegabytes":16384,"appleSilicon":true
})");
  put_section(mac, S::operating_system, R"({"name":"macOS","version":"14.1.2","build":"23B92",
                                            "rapidSecurityResponse":"","fileVault2Status":"NOT_ENCRYPTED"})");
  put_section(mac, S::security, R"({"gatekeeperStatus":"APP_STORE","firewallEnabled":false})");
  put_section(mac, S::applications, R"([{"name":"Safari.app","bundleId":"com.apple.Safari","version":"17.1"},
                                        {"name":"Zoom.us.app","bundleId":"us.zoom.xos","version":null}])");
  put_section(mac, S::disk_encryption, R"({"fileVault2EnabledUserNames":["ada"],
                                           "individualRecoveryKeyValidityStatus":"VALID",
                                           "institutionalRecoveryKeyPresent":true})");
  put_section(mac, S::storage, R"({"disks":[{"smartStatus":"Verified","sizeMegabytes":500000},
       {"smartStatus":"Failing","sizeMegabytes":1000000,"partitions":[
         {"name":"Preboot","partitionType":"OTHER","percentUsed":1},
         {"name":"Macintosh HD","partitionType":"BOOT","percentUsed":83,"lvmManaged":false}]}]})");
  put_section(mac, S::local_user_accounts, R"([{"username":"ada","fileVault2Enabled":true,"passwordMinLength":8,
         "azureActiveDirectoryId":"UNRESPONSIVE","passwordRequireAlphanumeric":true},
        {"username":"guest","fileVault2Enabled":false,"passwordMinLength":4}])");
  put_section(mac, S::certificates, R"([{"commonName":"old","expirationDate":"2026-11-01T00:00:00Z"},
                                        {"commonName":"mdm","expirationDate":"2026-12-10T00:00:00Z"}])");
  put_section(mac, S::purchasing, R"({"purchased":true,"leased":true,"warrantyDate":"2026-11-24"})");
  put_section(mac, S::content_caching, R"({"tetheratorStatus":"CONTENT_CACHING_DISABLED"})");
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
           Expected{"Managed By", "is", "ladmin"},
           Expected{"MDM Capable Users", "has", "ada"},
           Expected{"Enrollment Method: PreStage enrollment", "is", "staff macs"},
           Expected{"Enrollment Method: User-initiated - no invitation", "is", ""},
           Expected{"FileVault Status", "is", "1/2"},
           Expected{"FileVault 2 Recovery Key Type", "is", "Both"},
           Expected{"FileVault 2 Recovery Key Type", "is", "Individual and Institutional"},
           Expected{"FileVault 2 Personal Recovery Key", "is", "Present"},
           Expected{"Boot Drive Percentage Full", "more than", "80"},
           Expected{"Core Storage Partition Scheme on Boot Partition", "is", "No"},
           Expected{"Drive Capacity MB", "more than", "999999"},
           Expected{"Drive Capacity MB", "is", "500000"},
           Expected{"Partition Name", "has", "Macintosh HD"},
           Expected{"Conditional Access Inventory State", "is", "Unresponsive"},
           Expected{"Password Type", "is", "Alphanumeric"},
           Expected{"Required Passcode Length", "less than", "6"},
           Expected{"Password History", "is", ""},
           Expected{"Certificates Expiring", "in less than x days", "30"},
           Expected{"Certificates Expiring", "more than x days ago", "7"},
           Expected{"Purchased or Leased", "is", "Leased"},
           Expected{"Warranty Expiration", "after (yyyy-mm-dd)", "2026-11-23"},
           Expected{"Content Caching - Tetherator Status", "is", "Disabled"},
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

// The way to each value exists in the record's own field table.
TEST(ComputerFacts, EveryPlaceOfTheTableExists) {
  auto exists = [](inventory::Section section, std::string_view path) {
    const inventory::Field* at = &inventory::field_of(section);
    for (std::string_view step : text::split(path, '.')) {
      if (step.empty()) continue;
      auto next = std::find_if(at->members.begin(), at->members.end(), [&](const auto& f) { return f.name == step; });
      if (next == at->members.end()) return false;
      at = &*next;
    }
    return true;
  };
  EXPECT_FALSE(exists(inventory::Section::general, "mdmCapable.nothing"));
  for (const table::Line& line : table::lines()) {
    if (const auto* field = std::get_if<table::Field>(&line.source)) {
      EXPECT_TRUE(exists(field->section, field->path)) << line.name;
    } else if (const auto* items = std::get_if<table::Items>(&line.source)) {
      EXPECT_TRUE(exists(items->section, items->path)) << line.name;
      EXPECT_TRUE(items->also == nullptr || exists(items->section, items->also)) << line.name;
    }
  }
}

TEST(ComputerFacts, NoSpellingNamesTwoChoices) {
  for (const table::Line& line : table::lines()) {
    std::set<std::string> spellings;
    for (const criteria::Choice& choice : line.choices) {
      EXPECT_TRUE(spellings.insert(text::lower(choice.display)).second) << line.name << ": " << choice.display;
      for (const std::string& synonym : choice.synonyms) {
        EXPECT_TRUE(spellings.insert(text::lower(synonym)).second) << line.name << ": " << synonym;
      }
    }
  }
}

TEST(ComputerFacts, DaysAndMomentsWithoutAZoneAreTheServersWallClock) {
  struct Sydney final : TimeZone {
    const std::string& name() const override { return name_; }
    Time moment_of(Time wall) const override { return wall - hours{11}; }
    std::string name_ = "Sydney";
  } sydney;
  inventory::Computer mac = a_mac();
  put_section(mac, inventory::Section::extension_attributes,
              R"([{"definitionId":"3","values":["2026-11-20 10:00:00"]},
                  {"definitionId":"4","values":["2026-11-20T10:00:00Z"]}])");
  ComputerFacts facts(mac, nullptr, &sydney);
  auto vocabulary = vocabulary_with(attributes());
  auto moment = [&](const char* name) { return to_iso8601(*facts.time(vocabulary.find(name)->id), false); };
  EXPECT_EQ(moment("Warranty Expiration"), "2026-11-23T13:00:00Z");
  EXPECT_EQ(moment("Lease"), "2026-11-19T23:00:00Z");
  EXPECT_EQ(moment("Return"), "2026-11-20T10:00:00Z") << "it says its zone itself";
  EXPECT_EQ(moment("MDM Profile Expiration Date"), "2027-01-01T00:00:00Z");
}

TEST(ComputerFacts, ANameThatCantBeAskedSaysWhy) {
  auto program = criteria::compile({{"Certificate Issuer", 0, "and", "is", "x"}}, vocabulary_with({}));
  ASSERT_FALSE(program.ok());
  EXPECT_EQ(program.failure().reason, "unknown_criterion");
  EXPECT_NE(program.failure().message.find("not the issuer"), std::string::npos) << program.failure().message;
  for (const table::Missing& missing : table::missing()) {
    EXPECT_EQ(vocabulary_with({}).find(missing.name), nullptr) << missing.name;
  }
}

TEST(ComputerFacts, TheJamfProApiRefusesHasOnExtensionAttributesAlone) {
  auto refused = [](const char* name, criteria::Rules rules) {
    auto program = criteria::compile({{name, 0, "and", "has", "x"}}, vocabulary_with(attributes()), {.rules = rules});
    return program.ok() ? "" : program.failure().reason;
  };
  EXPECT_EQ(refused("Ward", criteria::Rules::jamf_pro_api), "operator_not_allowed");
  EXPECT_EQ(refused("Ward", criteria::Rules::classic), "");
  EXPECT_EQ(refused("Application Title", criteria::Rules::jamf_pro_api), "");
}

TEST(ComputerFacts, NamesAreUniqueAndTheAskedForOnesExist) {
  std::set<std::string> names;
  for (const auto& definition : built_in_criteria()) EXPECT_TRUE(names.insert(text::lower(definition.name)).second);
  EXPECT_GE(names.size(), 148u);
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
