#include "management/sources/classic_xml.h"

#include <gtest/gtest.h>

#include "management/inventory/inventory_testing.h"
#include "management/sources/sources.h"

namespace wardbridge::sources {
namespace {

using inventory::Section;

constexpr const char* kComputer = R"(<?xml version="1.0" encoding="UTF-8"?>
<computer>
  <general><id>5</id><name>Ann &amp; Bob&#8217;s Mac</name><udid>4c4c4544-0000-4000-8000-00000000000a</udid>
    <serial_number>C02X</serial_number><supervised>false</supervised><mdm_capable>true</mdm_capable>
    <mdm_capable_users><mdm_capable_user>ann</mdm_capable_user><mdm_capable_user>bob</mdm_capable_user></mdm_capable_users>
    <remote_management><managed>true</managed><management_username/></remote_management>
    <report_date>2026-11-20 10:00:00</report_date><report_date_epoch>1795168800123</report_date_epoch>
    <report_date_utc>2026-11-20T10:00:00.123+0000</report_date_utc>
    <last_cloud_backup_date_epoch>0</last_cloud_backup_date_epoch><last_cloud_backup_date_utc/>
    <site><id>-1</id><name>None</name></site></general>
  <location><username>ann</username><department>Sales</department></location>
  <hardware><make>Apple</make><total_ram>16384</total_ram><is_apple_silicon>true</is_apple_silicon>
    <filevault2_users><user>ann</user><user>bob</user></filevault2_users>
    <storage><device><disk>disk0</disk><size>500277</size><drive_capacity_mb>500277</drive_capacity_mb>
      <partitions><partition><name>HD (Boot Partition)</name><size>499</size><type>boot</type>
        <partition_capacity_mb>499</partition_capacity_mb><percentage_full>12</percentage_full>
        <filevault2_status>Encrypted</filevault2_status><filevault2_percent>100</filevault2_percent></partition>
      </partitions></device>
      <device><disk>disk1</disk><partition><name>USB</name><size>7</size><type>other</type></partition></device></storage>
    <mapped_printers><printer><name>P</name><uri>lpd://p</uri><type>T</type><location>L</location></printer></mapped_printers>
  </hardware>
  <certificates><size>1</size><certificate><common_name>CN</common_name><identity>true</identity>
    <expires_epoch>1866392163000</expires_epoch></certificate></certificates>
  <software><applications><size>2</size><application><name>A.app</name><version>1</version></application>
      <application><name>B.app</name><path>/B.app</path></application></applications>
    <running_services><name>com.a</name><name>com.b</name></running_services>
    <installed_by_casper><package>p.pkg</package></installed_by_casper></software>
  <extension_attributes><extension_attribute><id>3</id><name>Note</name><type>String</type><multi_value>false</multi_value>
    <value> two
lines </value></extension_attribute></extension_attributes>
  <groups_accounts><local_accounts><user><name>ann</name><uid>501</uid><administrator>true</administrator></user></local_accounts>
    <user_inventories><disable_automatic_login>true</disable_automatic_login>
      <user><username>ann</username><password_min_length>8</password_min_length></user>
      <user><username>bob</username><password_max_age>90</password_max_age></user></user_inventories></groups_accounts>
</computer>)";

TEST(ClassicXml, ARecordSaysTheSameAsItsJson) {
  auto import = parse_import(kComputer);
  ASSERT_TRUE(import.ok()) << import.failure().message;
  ASSERT_TRUE(import->refused.empty()) << import->refused[0].why.message;
  const ImportedComputer& computer = import->computers.at(0);
  const inventory::Sections& sections = computer.sections;
  EXPECT_EQ(computer.udid, "4C4C4544-0000-4000-8000-00000000000A");
  EXPECT_EQ(computer.label, "record 1 (C02X, \"Ann & Bob\u2019s Mac\")");
  const json::Value& general = sections.at(Section::general);
  EXPECT_EQ(general.at("supervised"), false);
  EXPECT_EQ(general.at("mdmCapable"), inventory::object_of(R"({"capable":true,"capableUsers":["ann","bob"]})"));
  EXPECT_EQ(general.at("reportDate"), "2026-11-20T10:00:00.123Z");
  EXPECT_EQ(general.at("remoteManagement").at("managed"), true);
  EXPECT_FALSE(general.get_object().contains("lastCloudBackupDate"));
  EXPECT_EQ(sections.at(Section::hardware).at("totalRamMegabytes"), 16384);
  EXPECT_EQ(sections.at(Section::disk_encryption).at("fileVault2EnabledUserNames"),
            json::parse(R"(["ann","bob"])").value());
  const json::Value& disks = sections.at(Section::storage).at("disks");
  ASSERT_EQ(disks.as_array().size(), 2u);
  EXPECT_EQ(disks.at(0).at("partitions").at(0).at("fileVault2State"), "ENCRYPTED");
  EXPECT_EQ(disks.at(1).at("partitions").at(0).at("sizeMegabytes"), 7);
  EXPECT_EQ(sections.at(Section::printers),
            json::parse(R"([{"name":"P","type":"T","uri":"lpd://p","location":"L"}])").value());
  EXPECT_EQ(sections.at(Section::certificates).at(0).at("expirationDate"), "2029-02-21T18:16:03.000Z");
  EXPECT_EQ(sections.at(Section::applications),
            json::parse(R"([{"name":"A.app","version":"1"},{"name":"B.app","path":"/B.app"}])").value());
  EXPECT_EQ(sections.at(Section::services), json::parse(R"([{"name":"com.a"},{"name":"com.b"}])").value());
  EXPECT_EQ(sections.at(Section::package_receipts).at("installedByJamfPro"), json::parse(R"(["p.pkg"])").value());
  EXPECT_EQ(sections.at(Section::extension_attributes).at(0).at("values"), json::parse(R"([" two\nlines "])").value());
  EXPECT_EQ(sections.at(Section::local_user_accounts),
            json::parse(R"([{"uid":"501","username":"ann","admin":true,"passwordMinLength":8},
                            {"username":"bob","passwordMaxAge":90}])")
                .value());
  EXPECT_EQ(import->without_place, (std::map<std::string, std::int64_t>{{"location.department", 1}}));
}

TEST(ClassicXml, ADocumentThatDeclaresATypeIsRefusedBeforeAnythingExpands) {
  for (const char* bytes : {
           "<!DOCTYPE computer><computer/>",
           "<!DOCTYPE computer SYSTEM \"file:///etc/passwd\"><computer/>",
           "<!DOCTYPE computer [<!ENTITY x SYSTEM "
           "\"file:///etc/passwd\">]><computer><general><name>&x;</name></general></computer>",
           "<!DOCTYPE lolz [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c "
           "\"&b;&b;&b;&b;&b;&b;\">"
           "<!ENTITY d \"&c;&c;&c;&c;&c;&c;&c;&c;\"><!ENTITY e "
           "\"&d;&d;&d;&d;&d;&d;&d;&d;\">]><computer><name>&e;</name></computer>",
       }) {
    auto result = read_classic_xml(bytes);
    ASSERT_FALSE(result.ok()) << bytes;
    EXPECT_EQ(result.failure().reason, "bad_xml");
    EXPECT_NE(result.failure().message.find("DOCTYPE"), std::string::npos) << result.failure().message;
  }
}

std::string nested(std::size_t depth) {
  std::string text;
  for (std::size_t i = 0; i < depth; ++i) text += "<a>";
  for (std::size_t i = 0; i < depth; ++i) text += "</a>";
  return text;
}

TEST(ClassicXml, DeepNestingIsRefused) {
  EXPECT_TRUE(read_classic_xml(nested(limits::kJsonDepth)).ok());
  for (std::size_t depth : {limits::kJsonDepth + 1, std::size_t{100'000}}) {
    auto result = read_classic_xml(nested(depth));
    ASSERT_FALSE(result.ok());
    EXPECT_NE(result.failure().message.find("too deep"), std::string::npos) << result.failure().message;
  }
}

TEST(ClassicXml, SaysWhereItIsBroken) {
  auto result = read_classic_xml("<computer>\n  <general></genera>\n</computer>");
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.failure().message.find("line 2"), std::string::npos) << result.failure().message;
  EXPECT_FALSE(read_classic_xml("<a/><b/>").ok());
  EXPECT_FALSE(read_classic_xml(std::string("<a>\0</a>", 8)).ok());
  EXPECT_FALSE(read_classic_xml("<a>\xff</a>").ok());
}

TEST(ClassicXml, ReadsOtherEncodingsAndCharacterData) {
  auto latin = read_classic_xml("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>Z\xfcrich</a>");
  ASSERT_TRUE(latin.ok());
  EXPECT_EQ(latin->value, "Z\u00fcrich");
  EXPECT_EQ(read_classic_xml("<a><![CDATA[<b> & ]]>c</a>")->value, "<b> & c");
}

TEST(ClassicXml, ADocumentReadsBackAsItWasWritten) {
  XmlTree group{"computer_group",
                json::Object{{"id", 7},
                             {"name", "R&D <\"1'>\r\n\t\u00e9"},
                             {"is_smart", true},
                             {"site", json::Object{{"id", -1}, {"name", "None"}}},
                             {"criteria", json::Array{json::Object{{"name", "Computer Name"}, {"priority", 0}}}},
                             {"computers", json::Array{}}}};
  std::string text = write_classic_xml(group);
  EXPECT_EQ(text,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><computer_group><id>7</id>"
            "<name>R&amp;D &lt;&quot;1&#39;&gt;&#13;\n\t\u00e9</name><is_smart>true</is_smart>"
            "<site><id>-1</id><name>None</name></site><criteria><size>1</size><criterion><name>Computer Name</name>"
            "<priority>0</priority></criterion></criteria><computers><size>0</size></computers></computer_group>");
  auto again = read_classic_xml(text);
  ASSERT_TRUE(again.ok()) << again.failure().message;
  EXPECT_EQ(again->root, "computer_group");
  EXPECT_EQ(again->value.at("name"), group.value.at("name"));
  EXPECT_EQ(again->value.at("criteria").get_array().size(), 1u);
  EXPECT_EQ(again->value.at("criteria").at(0).at("priority"), "0");
  EXPECT_TRUE(again->value.at("computers").get_array().empty());
}

TEST(ClassicXml, WhatXmlCannotHoldIsReplaced) {
  std::string text = write_classic_xml({"computer_group", json::Object{{"name", "a\x01\uFFFE z"}}});
  EXPECT_NE(text.find("<name>a\uFFFD\uFFFD z</name>"), std::string::npos) << text;
  EXPECT_TRUE(read_classic_xml(text).ok());
}

}  // namespace
}  // namespace wardbridge::sources
