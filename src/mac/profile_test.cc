#include "mac/profile.h"

#include <gtest/gtest.h>

#include <set>

#include "base/text.h"

namespace wardbridge::mac {
namespace {

const Time kNow = parse_iso8601("2026-11-23T18:00:00Z").value();

std::string report_of(const Profile& profile) { return json::to_text(inventory_sections(profile, kNow)); }

TEST(Profile, TheSameNumberIsTheSameMac) {
  Profile first = make_profile(7, 3, "contoso.example");
  Profile again = make_profile(7, 3, "contoso.example");
  EXPECT_EQ(report_of(first), report_of(again));
  EXPECT_EQ(first.udid, again.udid);
  EXPECT_EQ(first.password, again.password);
  EXPECT_NE(report_of(first), report_of(make_profile(8, 3, "contoso.example")));
}

TEST(Profile, NoTwoMacsOfAFleetAreOne) {
  std::set<std::string> udids, serial_numbers, users;
  constexpr int kFleet = 500;
  for (int number = 1; number <= kFleet; ++number) {
    Profile profile = make_profile(7, number, "contoso.example");
    EXPECT_TRUE(text::is_guid(profile.udid)) << profile.udid;
    EXPECT_EQ(profile.udid, text::upper(profile.udid));
    EXPECT_EQ(profile.serial_number.size(), 10u);
    EXPECT_TRUE(profile.user_principal_name.ends_with("@contoso.example")) << profile.user_principal_name;
    udids.insert(profile.udid);
    serial_numbers.insert(profile.serial_number);
    users.insert(profile.user_principal_name);
  }
  EXPECT_EQ(udids.size(), kFleet);
  EXPECT_EQ(serial_numbers.size(), kFleet);
  EXPECT_EQ(users.size(), kFleet);
}

TEST(Profile, AWholeReportDescribesTheMac) {
  Profile profile = make_profile(7, 1, "contoso.example");
  json::Object sections = inventory_sections(profile, kNow);
  EXPECT_EQ(sections.at("general").at("name").as_string(), profile.computer_name);
  EXPECT_EQ(sections.at("hardware").at("serialNumber").as_string(), profile.serial_number);
  EXPECT_EQ(sections.at("operatingSystem").at("version").as_string(), profile.os_version);
  const json::Array& applications = sections.at("applications").as_array();
  ASSERT_EQ(applications.size(), profile.applications.size());
  ASSERT_FALSE(applications.empty());
  for (std::size_t i = 0; i < applications.size(); ++i) {
    EXPECT_EQ(applications[i].at("bundleId").as_string(), profile.applications[i].bundle_id);
    EXPECT_TRUE(applications[i].at("sizeMegabytes").is_int64());
  }
  const json::Object& disk = sections.at("storage").at("disks").as_array().at(0).as_object();
  const json::Object& partition = disk.at("partitions").as_array().at(0).as_object();
  EXPECT_GE(partition.at("percentUsed").as_int64(), 0);
  EXPECT_LE(partition.at("percentUsed").as_int64(), 100);
  for (const auto& section : sections) {
    EXPECT_TRUE(section.value().is_object() || section.value().is_array()) << std::string_view(section.key());
  }
}

TEST(Profile, TheSecuritySectionsArePartOfTheWhole) {
  Profile profile = make_profile(7, 2, "contoso.example");
  json::Object whole = inventory_sections(profile, kNow);
  json::Object security = security_sections(profile);
  EXPECT_EQ(security.size(), 3u);
  EXPECT_LT(security.size(), whole.size());
  for (const auto& section : security) EXPECT_EQ(section.value(), whole.at(section.key()));
}

TEST(Profile, TheReportFollowsTheState) {
  Profile profile = make_profile(7, 1, "contoso.example");
  for (bool on : {true, false}) {
    profile.filevault_on = profile.sip_enabled = profile.firewall_on = on;
    json::Object sections = inventory_sections(profile, kNow);
    EXPECT_EQ(sections.at("diskEncryption").at("fileVault2Enabled").as_bool(), on);
    EXPECT_EQ(sections.at("operatingSystem").at("fileVault2Status").as_string(),
              on ? "ALL_ENCRYPTED" : "NOT_ENCRYPTED");
    EXPECT_EQ(sections.at("security").at("sipStatus").as_string(), on ? "ENABLED" : "DISABLED");
    EXPECT_EQ(sections.at("security").at("firewallEnabled").as_bool(), on);
    EXPECT_EQ(sections.at("localUserAccounts").as_array().at(0).at("fileVault2Enabled").as_bool(), on);
  }
}

}  // namespace
}  // namespace wardbridge::mac
