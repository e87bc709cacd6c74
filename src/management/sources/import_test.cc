#include <fstream>
#include <sstream>

#include "management/inventory/inventory_testing.h"
#include "management/sources/sources.h"

namespace wardbridge::sources {
namespace {

using inventory::Section;

class ImportTest : public inventory::StoreTest {
 protected:
  static ParsedImport parsed(std::string_view bytes) {
    auto result = parse_import(bytes);
    EXPECT_TRUE(result.ok()) << result.failure().message;
    return result.value_or({});
  }
  ImportOutcome import_all(ParsedImport import, const Progress& progress = {}) {
    RecordWriter writer = [](store::Transaction& tx, ImportedComputer computer) {
      return inventory::record_computer(
          tx, {.udid = computer.udid, .sections = std::move(computer.sections), .management_id = "m"}, kNow, kAdmin);
    };
    return import_records(*store_, std::move(import), writer, progress);
  }
};

TEST_F(ImportTest, TellsTheFormatsApart) {
  struct Case {
    const char* bytes;
    Format format;
    std::size_t records;
  };
  for (const Case& one : {
           Case{R"({"id":"1","udid":"U","general":{"name":"n"}})", Format::jamf_pro_json, 1},
           Case{R"({"totalCount":2,"results":[{"udid":"U","general":{}},{"udid":"V"}]})", Format::jamf_pro_json, 2},
           Case{R"([{"udid":"U","general":{}},{"udid":"V"}])", Format::jamf_pro_json, 2},
           Case{"\xEF\xBB\xBF [{\"udid\":\"U\"}]", Format::jamf_pro_json, 1},
           Case{R"([])", Format::jamf_pro_json, 0},
           Case{R"({"computer":{"general":{"udid":"U"}}})", Format::classic_json, 1},
           Case{R"({"computers":[{"general":{"udid":"U"}},{"computer":{"general":{"udid":"V"}}}]})",
                Format::classic_json, 2},
           Case{R"({"general":{"udid":"U","serial_number":"S"}})", Format::classic_json, 1},
           Case{R"([{"computer":{"general":{"udid":"U"}}}])", Format::classic_json, 1},
           Case{"<?xml version=\"1.0\"?><computer><general><udid>U</udid></general></computer>", Format::classic_xml,
                1},
           Case{" <computers><size>2</size><computer><general><udid>U</udid></general></computer>"
                "<computer><general><udid>V</udid></general></computer></computers>",
                Format::classic_xml, 2},
       }) {
    auto result = parse_import(one.bytes);
    ASSERT_TRUE(result.ok()) << one.bytes << result.failure().message;
    EXPECT_EQ(result->format, one.format) << one.bytes;
    EXPECT_EQ(result->computers.size(), one.records) << one.bytes;
    for (const ImportedComputer& computer : result->computers) EXPECT_FALSE(computer.udid.empty()) << one.bytes;
  }
}

TEST_F(ImportTest, RefusesWhatIsNoRecordAtAll) {
  struct Case {
    const char* bytes;
    const char* reason;
  };
  for (const Case& one :
       {Case{"", "bad_json"}, Case{"hello", "bad_json"}, Case{"{", "bad_json"}, Case{"42", "unknown_format"},
        Case{R"({"policy":{}})", "unknown_format"}, Case{"<policy/>", "unknown_format"}, Case{"<computer>", "bad_xml"},
        Case{"<computer></computers>", "bad_xml"}, Case{"<computer>&nbsp;</computer>", "bad_xml"}}) {
    auto result = parse_import(one.bytes);
    ASSERT_FALSE(result.ok()) << one.bytes;
    EXPECT_EQ(result.failure().reason, one.reason) << one.bytes;
  }
  EXPECT_EQ(parse_import(std::string(limits::kImportBodyBytes + 1, ' ')).failure().code, Code::too_large);
}

TEST_F(ImportTest, OneBadRecordDoesNotHinderTheOthers) {
  ParsedImport import = parsed(R"([{"udid":"U1","hardware":{"serialNumber":"S1"}},
      {"udid":"U2","general":{"name":"two"},"hardware":{"serialNumber":"S2","coreCount":"many"}},
      "not a record",
      {"udid":"U4","hardware":{"colour":"red","batteryHealth":"EXCELLENT"}}])");
  ASSERT_EQ(import.computers.size(), 2u);
  ASSERT_EQ(import.refused.size(), 2u);
  EXPECT_EQ(import.refused[0].record, "record 2 (S2, \"two\")");
  EXPECT_EQ(import.refused[0].why.where, "hardware.coreCount");
  EXPECT_EQ(import.refused[1].record, "record 3");
  EXPECT_EQ(import.without_place,
            (std::map<std::string, std::int64_t>{{"hardware.batteryHealth (`EXCELLENT`)", 1}, {"hardware.colour", 1}}));
}

TEST_F(ImportTest, AClassicValueOfTheWrongTypeNamesItsClassicField) {
  ParsedImport import = parsed(R"({"computers":[{"general":{"udid":"U"},"hardware":{"total_ram_mb":"lots"}},
      {"general":{"udid":"U","supervised":"perhaps"}},{"general":{"udid":"U","report_date_utc":"then"}},
      {"general":{"udid":"U"},"hardware":{"storage":["disk0"]}},{"general":"none"}]})");
  ASSERT_EQ(import.refused.size(), 5u);
  EXPECT_EQ(import.refused[0].why.where, "hardware.total_ram_mb");
  EXPECT_EQ(import.refused[1].why.where, "general.supervised");
  EXPECT_EQ(import.refused[2].why.where, "general.report_date");
  EXPECT_EQ(import.refused[3].why.where, "hardware.storage");
  EXPECT_EQ(import.refused[4].why.where, "general");
}

TEST_F(ImportTest, ClassicWordsBecomeThoseOfTheApi) {
  ParsedImport import = parsed(R"({"computer":{"general":{"udid":"U","last_reported_ip":"10.0.0.1",
      "last_contact_time":"2026-11-20 10:00:00","report_date_epoch":1700000000123,
      "last_enrolled_date_utc":"2026-01-02T03:04:05.678+0100","mdm_profile_expiration_utc":""},
    "hardware":{"gatekeeper_status":"Off","sip_status":"Not Collected","institutional_recovery_key":"Present",
      "storage":[{"disk":"disk0","partitions":[
        {"name":"A","type":"boot","filevault2_status":"Encrypted","filevault2_percent":100},
        {"name":"B","type":"other","filevault2_status":"Not Encrypted"},
        {"name":"C","type":"recovery","filevault2_status":"Restart Needed"}]}]},
    "security":{"secure_boot_level":"medium","external_boot_level":"unknown"},
    "purchasing":{"po_date":"2026-02-03","warranty_expires_epoch":1700000000000},
    "software":{"available_software_updates":["X"],
      "available_updates":{"update":{"name":"X","version":"2","package_name":"p"}}}}})");
  ASSERT_EQ(import.computers.size(), 1u);
  inventory::Sections& sections = import.computers[0].sections;
  const json::Value& general = sections.at(Section::general);
  EXPECT_EQ(general.at("lastContactTime"), "2026-11-20T10:00:00.000Z");
  EXPECT_EQ(general.at("reportDate"), "2023-11-14T22:13:20.123Z");
  EXPECT_EQ(general.at("lastEnrolledDate"), "2026-01-02T02:04:05.678Z");
  EXPECT_FALSE(general.get_object().contains("mdmProfileExpiration"));
  EXPECT_EQ(general.at("lastReportedIp"), "10.0.0.1");
  EXPECT_EQ(general.at("lastReportedIpV4"), "10.0.0.1");
  EXPECT_EQ(sections.at(Section::security),
            inventory::object_of(R"({"sipStatus":"NOT_COLLECTED","gatekeeperStatus":"DISABLED",
                "secureBootLevel":"MEDIUM_SECURITY","externalBootLevel":"UNKNOWN"})"));
  const json::Value& partitions = sections.at(Section::storage).at("disks").at(0).at("partitions");
  EXPECT_EQ(partitions.at(0).at("partitionType"), "BOOT");
  EXPECT_EQ(partitions.at(1).at("fileVault2State"), "UNENCRYPTED");
  EXPECT_EQ(partitions.at(2).at("fileVault2State"), "RESTART_NEEDED");
  EXPECT_EQ(sections.at(Section::operating_system).at("fileVault2Status"), "BOOT_ENCRYPTED");
  EXPECT_EQ(sections.at(Section::disk_encryption).at("fileVault2Enabled"), true);
  EXPECT_EQ(sections.at(Section::disk_encryption).at("institutionalRecoveryKeyPresent"), true);
  EXPECT_EQ(sections.at(Section::purchasing).at("poDate"), "2026-02-03");
  EXPECT_EQ(sections.at(Section::purchasing).at("warrantyDate"), "2023-11-14");
  EXPECT_EQ(sections.at(Section::software_updates),
            json::parse(R"([{"name":"X","version":"2","packageName":"p"}])").value());
  EXPECT_TRUE(import.without_place.empty());
}

TEST_F(ImportTest, TheWholeOfFileVaultFollowsFromThePartitions) {
  auto status = [](std::string_view boot, std::string_view other) {
    std::string record = R"({"computer":{"general":{"udid":"U"},"hardware":{"storage":[{"partitions":[
        {"type":"boot","filevault2_status":")" +
                         std::string(boot) + R"("},{"type":"other","filevault2_status":")" + std::string(other) +
                         R"("}]}]}}})";
    ParsedImport import = parsed(record);
    return std::string(
        import.computers.at(0).sections.at(Section::operating_system).at("fileVault2Status").as_string());
  };
  EXPECT_EQ(status("Encrypted", "Encrypted"), "ALL_ENCRYPTED");
  EXPECT_EQ(status("Encrypted", "Not Encrypted"), "BOOT_ENCRYPTED");
  EXPECT_EQ(status("Encrypting", "Encrypted"), "SOME_ENCRYPTED");
  EXPECT_EQ(status("Not Encrypted", "Decrypting"), "NOT_ENCRYPTED");
  ParsedImport without = parsed(R"({"computer":{"general":{"udid":"U"},"hardware":{"storage":[]}}})");
  EXPECT_FALSE(
      without.computers.at(0).sections.at(Section::operating_system).get_object().contains("fileVault2Status"));
}

TEST_F(ImportTest, TheRecordOfARealServerKeepsEverythingThatHasAPlace) {
  std::ifstream file("../shared/samples/jamf-classic-computer-10.40.json");
  if (!file) GTEST_SKIP() << "../shared/samples/jamf-classic-computer-10.40.json is not there";
  std::ostringstream bytes;
  bytes << file.rdbuf();
  ImportOutcome outcome = import_all(parsed(bytes.str()));
  EXPECT_EQ(outcome.created, 1);
  EXPECT_TRUE(outcome.refused.empty());
  std::vector<std::string> nowhere;
  for (const auto& [name, count] : outcome.without_place) nowhere.push_back(name);
  EXPECT_EQ(nowhere, (std::vector<std::string>{"general.management_status.user_approved_enrollment",
                                               "general.remote_management.management_password_sha256",
                                               "groups_accounts.computer_group_memberships"}));
  inventory::Computer computer = loaded({1});
  json::Object record = inventory::show(computer, 4, inventory::kAllSections);
  auto at = [&](std::string_view pointer) { return json::Value(record).at_pointer({pointer.data(), pointer.size()}); };
  EXPECT_EQ(at("/udid"), "54F50251-7D34-470E-98D1-E1C34A90BF60");
  EXPECT_EQ(at("/general/name"), "jappleseed\u2019s MacBook");
  EXPECT_EQ(at("/general/lastIpAddress"), "203.0.113.10");
  EXPECT_EQ(at("/general/lastReportedIpV4"), "192.168.1.10");
  EXPECT_EQ(at("/general/jamfBinaryVersion"), "10.40.1-t1659581750");
  EXPECT_EQ(at("/general/remoteManagement"), inventory::object_of(R"({"managed":true,"managementUsername":"yolo"})"));
  EXPECT_EQ(at("/general/mdmCapable"), inventory::object_of(R"({"capable":true,"capableUsers":["jappleseed"]})"));
  EXPECT_EQ(at("/general/reportDate"), "2022-08-13T09:13:05.571Z");
  EXPECT_EQ(at("/general/lastCheckIn"), "2022-08-16T01:33:23.714Z");
  EXPECT_EQ(at("/general/initialEntryDate"), "2022-06-23");
  EXPECT_EQ(at("/general/lastEnrolledDate"), "2022-08-13T09:12:53.512Z");
  EXPECT_EQ(at("/general/mdmProfileExpiration"), "2024-08-13T09:12:17.000Z");
  EXPECT_EQ(at("/general/userApprovedMdm"), true);
  EXPECT_EQ(at("/general/site/id"), "-1");
  EXPECT_EQ(at("/hardware/serialNumber"), "C094B14CDCD2");
  EXPECT_EQ(at("/hardware/model"), "MacBook (12-inch Retina Early 2016)");
  EXPECT_EQ(at("/hardware/macAddress"), "11:6F:99:06:B2:98");
  EXPECT_EQ(at("/hardware/totalRamMegabytes"), 8192);
  EXPECT_EQ(at("/hardware/batteryCapacityPercent"), 87);
  EXPECT_EQ(at("/hardware/smcVersion"), "2.35f108");
  EXPECT_EQ(at("/operatingSystem/version"), "12.0.1");
  EXPECT_EQ(at("/operatingSystem/build"), "21A559");
  EXPECT_EQ(at("/operatingSystem/softwareUpdateDeviceId"), "Mac-9AE82516C7C6B903");
  EXPECT_EQ(at("/operatingSystem/fileVault2Status"), "NOT_ENCRYPTED");
  EXPECT_EQ(at("/applications").as_array().size(), 54u);
  EXPECT_EQ(at("/applications/0/bundleId"), "com.apple.ActivityMonitor");
  EXPECT_EQ(at("/services").as_array().size(), 364u);
  EXPECT_EQ(at("/packageReceipts/installedByInstallerSwu").as_array().size(), 2u);
  EXPECT_EQ(at("/diskEncryption/fileVault2EnabledUserNames"), json::parse(R"(["jappleseed"])").value());
  EXPECT_EQ(at("/diskEncryption/institutionalRecoveryKeyPresent"), false);
  EXPECT_EQ(at("/diskEncryption/bootPartitionEncryptionDetails/partitionName"), "MacHD (Boot Partition)");
  EXPECT_EQ(at("/storage/bootDriveAvailableSpaceMegabytes"), 479642);
  EXPECT_EQ(at("/storage/disks/0/sizeMegabytes"), 500277);
  EXPECT_EQ(at("/storage/disks/0/partitions").as_array().size(), 5u);
  EXPECT_EQ(at("/storage/disks/0/partitions/3/percentUsed"), 4);
  EXPECT_EQ(at("/security/sipStatus"), "ENABLED");
  EXPECT_EQ(at("/security/gatekeeperStatus"), "APP_STORE_AND_IDENTIFIED_DEVELOPERS");
  EXPECT_EQ(at("/security/secureBootLevel"), "NOT_SUPPORTED");
  EXPECT_EQ(at("/security/autoLoginDisabled"), true);
  EXPECT_EQ(at("/certificates").as_array().size(), 5u);
  EXPECT_EQ(at("/certificates/0/expirationDate"), "2029-02-21T18:16:03.000Z");
  EXPECT_EQ(at("/certificates/1/identity"), true);
  EXPECT_EQ(at("/localUserAccounts"),
            json::parse(R"([{"uid":"501","username":"jappleseed","fullName":"jappleseed","admin":true,
                "homeDirectory":"/Users/jappleseed","homeDirectorySizeMb":-1,"fileVault2Enabled":true,
                "passwordMinLength":4,"passwordRequireAlphanumeric":false}])")
                .value());
  EXPECT_EQ(at("/extensionAttributes/1"),
            inventory::object_of(R"({"definitionId":"70","name":"Computer Sleep","multiValue":false,"values":["1"],
                "dataType":"INTEGER"})"));
  EXPECT_EQ(at("/configurationProfiles").as_array().size(), 12u);
  EXPECT_EQ(at("/configurationProfiles/1/id"), "-27");
  EXPECT_EQ(at("/purchasing/purchased"), true);
  EXPECT_EQ(at("/purchasing/lifeExpectancy"), 0);
  EXPECT_EQ(at("/userAndLocation/username"), "");

  ImportOutcome again = import_all(parsed(bytes.str()));
  EXPECT_EQ(again.unchanged, 1);
  EXPECT_EQ(again.created + again.changed, 0);
}

TEST_F(ImportTest, CountsWhatIsNewChangedUnchangedAndRefused) {
  ImportOutcome first =
      import_all(parsed(R"([{"udid":"U1","hardware":{"model":"A"}},{"udid":"U2"},{"hardware":{"make":"x"}}])"));
  EXPECT_EQ(first.created, 2);
  ASSERT_EQ(first.refused.size(), 1u);
  EXPECT_EQ(first.refused[0].why.reason, "missing_field");
  ImportOutcome second = import_all(parsed(R"([{"udid":"U1","hardware":{"model":"B"}},{"udid":"U2"},{"udid":"U3"}])"));
  EXPECT_EQ(second.created, 1);
  EXPECT_EQ(second.changed, 1);
  EXPECT_EQ(second.unchanged, 1);
  EXPECT_EQ(json::to_text(to_json(second)), R"({"new":1,"changed":1,"unchanged":1,"refused":[],"withoutPlace":{}})");
}

TEST_F(ImportTest, ARefusedRecordDoesNotUndoItsBatch) {
  json::Array records;
  for (int i = 1; i <= 70; ++i) records.push_back(json::Object{{"udid", "U" + std::to_string(i)}});
  ParsedImport import = parsed(json::to_text(records));
  RecordWriter writer = [](store::Transaction& tx, ImportedComputer computer) -> Result<inventory::Recorded> {
    auto recorded = TRY(
        inventory::record_computer(tx, {.udid = computer.udid, .sections = {}, .management_id = "m"}, kNow, kAdmin));
    if (computer.udid == "U40") return invalid("refused", "what follows from it failed");
    return recorded;
  };
  std::vector<std::size_t> progress;
  ImportOutcome outcome = import_records(*store_, std::move(import), writer, [&](std::size_t done, std::size_t total) {
    EXPECT_EQ(total, 70u);
    progress.push_back(done);
  });
  EXPECT_EQ(outcome.created, 69);
  ASSERT_EQ(outcome.refused.size(), 1u);
  EXPECT_EQ(outcome.refused[0].record, "record 40");
  EXPECT_EQ(progress.back(), 70u);
  EXPECT_TRUE(std::ranges::is_sorted(progress));
  auto stored = store_->read([](store::Transaction& tx) -> Result<std::int64_t> { return inventory::count(tx); });
  EXPECT_EQ(*stored, 69);
}

TEST_F(ImportTest, AStoreThatIsFullEndsTheImportWithoutTryingOn) {
  json::Array records;
  for (int i = 1; i <= 100; ++i) records.push_back(json::Object{{"udid", "U" + std::to_string(i)}});
  int tries = 0;
  RecordWriter writer = [&](store::Transaction&, ImportedComputer) -> Result<inventory::Recorded> {
    ++tries;
    return unavailable("disk_full", "the disk is full");
  };
  ImportOutcome outcome = import_records(*store_, parsed(json::to_text(records)), writer);
  EXPECT_EQ(outcome.refused.size(), 100u);
  EXPECT_EQ(outcome.refused.back().why.reason, "disk_full");
  EXPECT_LE(tries, 2);
}

}  // namespace
}  // namespace wardbridge::sources
