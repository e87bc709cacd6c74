#include "management/groups/computer_facts.h"

#include <variant>

#include "base/text.h"

namespace wardbridge::groups {
namespace {

using criteria::Choice;
using criteria::FactType;
using inventory::Computer;
using inventory::Section;

// Where a fact comes from.
struct Named {  // a text that the server itself knows
  std::string Computer::*member;
};
struct Moment {  // a time that the server itself knows; kEpoch: never
  Time Computer::*member;
};
struct Number {};          // the computer's id
struct ManagedFlag {};     // `true` or `false`
struct OtherGroup {};      // the groups it is in
struct NameAndVersion {};  // of the operating system, as one text
struct Field {             // `remoteManagement.managed` in a section that is an object
  Section section;
  const char* path;
};
struct Items {  // of a list (path empty: the section itself), this member; none: the items are texts
  Section section;
  const char* path;
  const char* member;
};
struct Count {  // of the items of a section that is a list
  Section section;
};
using Source = std::variant<Named, Moment, Number, ManagedFlag, OtherGroup, NameAndVersion, Field, Items, Count>;

struct Line {
  const char* name;
  FactType type;
  Source source;
  std::vector<Choice> choices = {};
  const char* when_absent = "";
};

// JAMF: criterion names and display values as servers spell them. The inventory's own words (`ALL_ENCRYPTED`, `true`)
// are synonyms, so that a choice is read as it is stored.
const std::vector<Choice> kYesNo = {{"Yes", {"true"}}, {"No", {"false"}}};
const std::vector<Choice> kEnabledDisabled = {{"Enabled", {"Yes", "On", "true"}},
                                              {"Disabled", {"Not Enabled", "No", "Off", "false"}}};
const std::vector<Choice> kFirewall = {{"Enabled", {"Yes", "On", "true"}},
                                       {"Not Enabled", {"Disabled", "No", "Off", "false"}}};
const std::vector<Choice> kOnOff = {{"On", {"Yes", "Enabled", "true"}}, {"Off", {"No", "Disabled", "false"}}};
const std::vector<Choice> kPresent = {{"Present", {"Yes", "true"}}, {"Not Present", {"No", "false"}}};
const std::vector<Choice> kManaged = {{"Managed", {"Yes", "true"}}, {"Unmanaged", {"Not Managed", "No", "false"}}};
const std::vector<Choice> kSupervised = {{"Supervised", {"Yes", "true"}},
                                         {"Not Supervised", {"Unsupervised", "No", "false"}}};
const std::vector<Choice> kFileVault = {{"All Partitions Encrypted", {"ALL_ENCRYPTED"}},
                                        {"Boot Partitions Encrypted", {"BOOT_ENCRYPTED"}},
                                        {"Some Partitions Encrypted", {"SOME_ENCRYPTED"}},
                                        {"No Partitions Encrypted", {"Not Encrypted", "NOT_ENCRYPTED"}},
                                        {"N/A", {"Not Applicable", "NOT_APPLICABLE"}}};
const std::vector<Choice> kPartitionState = {{"Encrypted", {}},
                                             {"Encrypting", {}},
                                             {"Decrypted", {}},
                                             {"Decrypting", {}},
                                             {"Not Encrypted", {"UNENCRYPTED"}},
                                             {"Ineligible", {}},
                                             {"Restart Needed", {"RESTART_NEEDED"}},
                                             {"Optimizing", {}},
                                             {"Decrypting Paused", {"DECRYPTING_PAUSED"}},
                                             {"Encrypting Paused", {"ENCRYPTING_PAUSED"}},
                                             {"Unknown", {}}};
const std::vector<Choice> kKeyValidation = {
    {"Valid", {}}, {"Invalid", {"Not Valid"}}, {"Unknown", {}}, {"Not Applicable", {"NOT_APPLICABLE", "N/A"}}};
const std::vector<Choice> kGatekeeper = {
    {"App Store and identified developers", {"APP_STORE_AND_IDENTIFIED_DEVELOPERS"}},
    {"App Store", {"App Store only", "APP_STORE"}},
    {"Off", {"Disabled"}},
    {"Not collected", {"NOT_COLLECTED"}}};
const std::vector<Choice> kIntegrityProtection = {
    {"Enabled", {}}, {"Disabled", {}}, {"Not Available", {"NOT_AVAILABLE"}}, {"Not Collected", {"NOT_COLLECTED"}}};
const std::vector<Choice> kSecureBoot = {{"Full Security", {"full", "FULL_SECURITY"}},
                                         {"Medium Security", {"medium", "MEDIUM_SECURITY"}},
                                         {"No Security", {"off", "NO_SECURITY"}},
                                         {"Not Supported", {"NOT_SUPPORTED"}},
                                         {"Unknown", {}}};
const std::vector<Choice> kExternalBoot = {
    {"Allow booting from external media", {"ALLOW_BOOTING_FROM_EXTERNAL_MEDIA"}},
    {"Disallow booting from external media", {"DISALLOW_BOOTING_FROM_EXTERNAL_MEDIA"}},
    {"Not Supported", {"NOT_SUPPORTED"}},
    {"Unknown", {}}};
const std::vector<Choice> kEscrowed = {
    {"Yes", {"Escrowed"}}, {"No", {"Not Escrowed", "NOT_ESCROWED"}}, {"Not Supported", {"NOT_SUPPORTED"}}};
const std::vector<Choice> kBattery = {{"Normal", {}},
                                      {"Service Recommended", {"SERVICE_RECOMMENDED"}},
                                      {"Non-Genuine", {"NON_GENUINE"}},
                                      {"Unsupported", {}},
                                      {"Unknown", {}}};

// One line per criterion. The position is the fact's id, which is never stored.
const std::vector<Line>& table() {
  constexpr auto kText = FactType::text;
  constexpr auto kInteger = FactType::integer;
  constexpr auto kTime = FactType::time;
  constexpr auto kVersion = FactType::version;
  constexpr auto kChoice = FactType::choice;
  constexpr auto kTexts = FactType::texts;
  using S = Section;
  static const std::vector<Line> lines = {
      // Identity and enrolment
      {"Computer Name", kText, Named{&Computer::name}},
      {"Serial Number", kText, Named{&Computer::serial_number}},
      {"UDID", kText, Named{&Computer::udid}},
      {"JSS Computer ID", kInteger, Number{}},
      {"Computer Group", FactType::computer_group, OtherGroup{}},
      {"Managed", kChoice, ManagedFlag{}, kManaged},
      {"Last Check-in", kTime, Moment{&Computer::last_check_in}},
      {"Last Inventory Update", kTime, Moment{&Computer::last_inventory_update}},
      {"Last Enrollment", kTime, Moment{&Computer::last_enrolled}},
      {"Supervised", kChoice, Field{S::general, "supervised"}, kSupervised},
      {"User Approved MDM", kChoice, Field{S::general, "userApprovedMdm"}, kYesNo},
      {"MDM Capability", kChoice, Field{S::general, "mdmCapable.capable"}, kYesNo},
      {"MDM Profile Expiration Date", kTime, Field{S::general, "mdmProfileExpiration"}},
      {"Declarative Device Management Enabled", kChoice, Field{S::general, "declarativeDeviceManagementEnabled"},
       kYesNo},
      {"Enrolled via Automated Device Enrollment", kChoice, Field{S::general, "enrolledViaAutomatedDeviceEnrollment"},
       kYesNo},
      {"Asset Tag", kText, Field{S::general, "assetTag"}},
      {"Bar Code", kText, Field{S::general, "barcode1"}},
      {"IP Address", kText, Field{S::general, "lastIpAddress"}},
      {"Last Reported IP Address", kText, Field{S::general, "lastReportedIpV4"}},
      {"Last Reported IPv4 Address", kText, Field{S::general, "lastReportedIpV4"}},
      {"Last Reported IPv6 Address", kText, Field{S::general, "lastReportedIpV6"}},
      {"JAMF Binary Version", kVersion, Field{S::general, "jamfBinaryVersion"}},
      {"Platform", kText, Field{S::general, "platform"}},
      {"Last iCloud Backup", kTime, Field{S::general, "lastCloudBackupDate"}},
      {"iTunes Store Account", kChoice, Field{S::general, "itunesStoreAccountActive"}, kYesNo},
      {"User Last Logged in - Computer", kText, Field{S::general, "lastLoggedInUsernameBinary"}},
      {"User Last Logged in - Computer timestamp", kTime, Field{S::general, "lastLoggedInUsernameBinaryTimestamp"}},
      {"User last logged in - Self Service", kText, Field{S::general, "lastLoggedInUsernameSelfService"}},
      {"User last logged in - Self Service timestamp", kTime,
       Field{S::general, "lastLoggedInUsernameSelfServiceTimestamp"}},
      // Hardware
      {"Make", kText, Field{S::hardware, "make"}},
      {"Model", kText, Field{S::hardware, "model"}},
      {"Model Identifier", kText, Field{S::hardware, "modelIdentifier"}},
      {"Apple Silicon", kChoice, Field{S::hardware, "appleSilicon"}, kYesNo},
      {"Architecture Type", kText, Field{S::hardware, "processorArchitecture"}},
      {"Processor Type", kText, Field{S::hardware, "processorType"}},
      {"Processor Speed MHz", kInteger, Field{S::hardware, "processorSpeedMhz"}},
      {"Number of Processors", kInteger, Field{S::hardware, "processorCount"}},
      {"Total Number of Cores", kInteger, Field{S::hardware, "coreCount"}},
      {"Total RAM MB", kInteger, Field{S::hardware, "totalRamMegabytes"}},
      {"Available RAM Slots", kInteger, Field{S::hardware, "openRamSlots"}},
      {"Bus Speed MHz", kInteger, Field{S::hardware, "busSpeedMhz"}},
      {"Battery Capacity", kInteger, Field{S::hardware, "batteryCapacityPercent"}},
      {"Battery Health", kChoice, Field{S::hardware, "batteryHealth"}, kBattery},
      {"Boot ROM", kText, Field{S::hardware, "bootRom"}},
      {"SMC Version", kText, Field{S::hardware, "smcVersion"}},
      {"NIC Speed", kText, Field{S::hardware, "nicSpeed"}},
      {"Optical Drive", kText, Field{S::hardware, "opticalDrive"}},
      {"MAC Address", kText, Field{S::hardware, "macAddress"}},
      {"Bluetooth Low Energy Capability", kChoice, Field{S::hardware, "bleCapable"}, kYesNo},
      {"Supports iOS and iPadOS App Installations", kChoice, Field{S::hardware, "supportsIosAppInstalls"}, kYesNo},
      // Operating system
      {"Operating System", kText, NameAndVersion{}},
      {"Operating System Name", kText, Field{S::operating_system, "name"}},
      {"Operating System Version", kVersion, Field{S::operating_system, "version"}},
      {"Operating System Build", kText, Field{S::operating_system, "build"}},
      {"Operating System Supplemental Build Version", kText, Field{S::operating_system, "supplementalBuildVersion"}},
      {"Operating System Rapid Security Response", kText, Field{S::operating_system, "rapidSecurityResponse"}},
      {"Active Directory Status", kText, Field{S::operating_system, "activeDirectoryStatus"}},
      {"Software Update Device ID", kText, Field{S::operating_system, "softwareUpdateDeviceId"}},
      {"Available SWUs", kTexts, Items{S::software_updates, "", "name"}},
      {"Number of Available Updates", kInteger, Count{S::software_updates}},
      // Security and encryption
      {"FileVault 2 Status", kChoice, Field{S::operating_system, "fileVault2Status"}, kFileVault},
      {"FileVault 2 Enabled", kChoice, Field{S::disk_encryption, "fileVault2Enabled"}, kYesNo},
      {"FileVault 2 Partition Encryption State", kChoice,
       Field{S::disk_encryption, "bootPartitionEncryptionDetails.partitionFileVault2State"}, kPartitionState},
      {"FileVault 2 Individual Key Validation", kChoice,
       Field{S::disk_encryption, "individualRecoveryKeyValidityStatus"}, kKeyValidation},
      {"FileVault 2 Institutional Key", kChoice, Field{S::disk_encryption, "institutionalRecoveryKeyPresent"},
       kPresent},
      {"FileVault 2 Eligibility", kText, Field{S::disk_encryption, "fileVault2EligibilityMessage"}},
      {"FileVault 2 User", kTexts, Items{S::disk_encryption, "fileVault2EnabledUserNames", ""}},
      {"Disk Encryption Configuration", kText, Field{S::disk_encryption, "diskEncryptionConfigurationName"}},
      {"System Integrity Protection", kChoice, Field{S::security, "sipStatus"}, kIntegrityProtection, "Not Collected"},
      {"Gatekeeper", kChoice, Field{S::security, "gatekeeperStatus"}, kGatekeeper, "Not collected"},
      {"Firewall Enabled", kChoice, Field{S::security, "firewallEnabled"}, kFirewall},
      {"XProtect Definitions Version", kVersion, Field{S::security, "xprotectVersion"}},
      {"Disable Automatic Login", kChoice, Field{S::security, "autoLoginDisabled"}, kYesNo},
      {"Remote Desktop Enabled", kChoice, Field{S::security, "remoteDesktopEnabled"}, kOnOff},
      {"Activation Lock Enabled", kChoice, Field{S::security, "activationLockEnabled"}, kEnabledDisabled},
      {"Recovery Lock Enabled", kChoice, Field{S::security, "recoveryLockEnabled"}, kEnabledDisabled},
      {"Secure Boot Level", kChoice, Field{S::security, "secureBootLevel"}, kSecureBoot},
      {"External Boot Level", kChoice, Field{S::security, "externalBootLevel"}, kExternalBoot},
      {"Bootstrap Token Allowed", kChoice, Field{S::security, "bootstrapTokenAllowed"}, kYesNo},
      {"Bootstrap Token Escrowed", kChoice, Field{S::security, "bootstrapTokenEscrowedStatus"}, kEscrowed},
      {"Attestation Status", kText, Field{S::security, "attestationStatus"}},
      {"Last Attestation Attempt", kTime, Field{S::security, "lastAttestationAttempt"}},
      {"Last Successful Attestation", kTime, Field{S::security, "lastSuccessfulAttestation"}},
      // Storage
      {"Boot Drive Available MB", kInteger, Field{S::storage, "bootDriveAvailableSpaceMegabytes"}},
      {"S.M.A.R.T. Status", kTexts, Items{S::storage, "disks", "smartStatus"}},
      {"Drive Type", kTexts, Items{S::storage, "disks", "type"}},
      // User and location
      {"Username", kText, Field{S::user_and_location, "username"}},
      {"Full Name", kText, Field{S::user_and_location, "realname"}},
      {"Email Address", kText, Field{S::user_and_location, "email"}},
      {"Phone Number", kText, Field{S::user_and_location, "phone"}},
      {"Position", kText, Field{S::user_and_location, "position"}},
      {"Room", kText, Field{S::user_and_location, "room"}},
      {"Building", kText, Field{S::user_and_location, "buildingId"}},      // DEVIATION: by id, there are no names yet
      {"Department", kText, Field{S::user_and_location, "departmentId"}},  // DEVIATION: by id, there are no names yet
      // Purchasing
      {"PO Number", kText, Field{S::purchasing, "poNumber"}},
      {"PO Date", kTime, Field{S::purchasing, "poDate"}},
      {"Vendor", kText, Field{S::purchasing, "vendor"}},
      {"AppleCare ID", kText, Field{S::purchasing, "appleCareId"}},
      {"Purchase Price", kText, Field{S::purchasing, "purchasePrice"}},
      {"Purchasing Account", kText, Field{S::purchasing, "purchasingAccount"}},
      {"Purchasing Contact", kText, Field{S::purchasing, "purchasingContact"}},
      {"Life Expectancy", kInteger, Field{S::purchasing, "lifeExpectancy"}},
      {"Warranty Expiration", kTime, Field{S::purchasing, "warrantyDate"}},
      {"Lease Expiration", kTime, Field{S::purchasing, "leaseDate"}},
      // Lists
      {"Application Title", kTexts, Items{S::applications, "", "name"}},
      {"Application Bundle ID", kTexts, Items{S::applications, "", "bundleId"}},
      {"Application Version", FactType::versions, Items{S::applications, "", "version"}},
      {"Licensed Software", kTexts, Items{S::licensed_software, "", "name"}},
      {"Packages Installed By Casper", kTexts, Items{S::package_receipts, "installedByJamfPro", ""}},
      {"Packages Installed By Installer.app/SWU", kTexts, Items{S::package_receipts, "installedByInstallerSwu", ""}},
      {"Cached Packages", kTexts, Items{S::package_receipts, "cached", ""}},
      {"Profile Name", kTexts, Items{S::configuration_profiles, "", "displayName"}},
      {"Profile Identifier", kTexts, Items{S::configuration_profiles, "", "profileIdentifier"}},
      {"Certificate Name", kTexts, Items{S::certificates, "", "commonName"}},
      {"Local User Accounts", kTexts, Items{S::local_user_accounts, "", "username"}},
      {"Computer Azure Active Directory ID", kTexts,
       Items{S::local_user_accounts, "", "computerAzureActiveDirectoryId"}},
      {"User Azure Active Directory ID", kTexts, Items{S::local_user_accounts, "", "userAzureActiveDirectoryId"}},
      {"Conditional Access Inventory State", kTexts, Items{S::local_user_accounts, "", "azureActiveDirectoryId"}},
      {"Running Services", kTexts, Items{S::services, "", "name"}},
      {"Mapped Printers", kTexts, Items{S::printers, "", "name"}},
      {"Font Title", kTexts, Items{S::fonts, "", "name"}},
      {"Font Version", FactType::versions, Items{S::fonts, "", "version"}},
      {"Plug-in Title", kTexts, Items{S::plugins, "", "name"}},
      {"Plug-in Version", FactType::versions, Items{S::plugins, "", "version"}},
      // Content caching
      {"Content Caching - Activated", kChoice, Field{S::content_caching, "activated"}, kYesNo},
      {"Content Caching - Active", kChoice, Field{S::content_caching, "active"}, kYesNo},
      {"Content Caching - Cache Status", kText, Field{S::content_caching, "cacheStatus"}},
      {"Content Caching - Actual Cache Used bytes", kInteger, Field{S::content_caching, "actualCacheBytesUsed"}},
      {"Content Caching - Cache Limit bytes", kInteger, Field{S::content_caching, "cacheBytesLimit"}},
  };
  return lines;
}

// Extension attributes count from here, by the id of their definition.
constexpr criteria::FactId kFirstAttribute = 1'000'000;

const Source* source_of(criteria::FactId fact) { return fact < table().size() ? &table()[fact].source : nullptr; }

// Nothing when any step of the path is absent.
const json::Value* value_at(const Computer& computer, Section section, std::string_view path) {
  const json::Value* at = computer.section(section);
  while (at != nullptr && !path.empty()) {
    auto dot = path.find('.');
    const json::Object* object = at->if_object();
    at = object == nullptr ? nullptr : json::find(*object, path.substr(0, dot));
    path = dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
  }
  return at;
}

std::optional<std::string_view> text_in(const json::Value* value) {
  if (value == nullptr) return std::nullopt;
  if (const auto* text = value->if_string()) return std::string_view(*text);
  if (const bool* flag = value->if_bool()) return *flag ? "true" : "false";
  return std::nullopt;
}

std::optional<std::int64_t> integer_in(const json::Value* value) {
  if (value == nullptr) return std::nullopt;
  if (const auto* number = value->if_int64()) return *number;
  if (const auto* number = value->if_uint64()) return static_cast<std::int64_t>(*number);
  if (auto text = text_in(value)) return text::parse_integer(text::trim(*text));
  return std::nullopt;
}

// Also `2026-11-23 18:32:55`, as extension attributes write it, in UTC.
std::optional<Time> time_in(const json::Value* value) {
  auto text = text_in(value);
  if (!text || text->empty()) return std::nullopt;
  std::string written(*text);
  if (written.size() == 19 && written[10] == ' ') {
    written[10] = 'T';
    written += 'Z';
  }
  auto time = parse_iso8601(written);
  return time.ok() ? std::optional(*time) : std::nullopt;
}

// The values of an extension attribute; nullptr when the computer has none.
const json::Array* attribute_values(const Computer& computer, criteria::FactId fact) {
  const json::Value* section = computer.section(Section::extension_attributes);
  const json::Array* attributes = section == nullptr ? nullptr : section->if_array();
  if (attributes == nullptr) return nullptr;
  for (const json::Value& value : *attributes) {
    const json::Object* attribute = value.if_object();
    if (attribute == nullptr) continue;
    auto id = integer_in(json::find(*attribute, "definitionId"));
    if (id && *id == static_cast<std::int64_t>(fact - kFirstAttribute)) return json::array_at(*attribute, "values");
  }
  return nullptr;
}

// The first value of an extension attribute that has one type of value.
const json::Value* attribute_value(const Computer& computer, criteria::FactId fact) {
  const json::Array* values = attribute_values(computer, fact);
  return values == nullptr || values->empty() ? nullptr : &values->front();
}

bool any_in(const json::Array& items, std::string_view member, const std::function<bool(std::string_view)>& accept) {
  for (const json::Value& item : items) {
    const json::Object* object = member.empty() ? nullptr : item.if_object();
    auto text = text_in(object != nullptr ? json::find(*object, member) : &item);
    if (text && accept(*text)) return true;
  }
  return false;
}

FactType type_of(ExtensionAttribute::DataType type) {
  switch (type) {
    case ExtensionAttribute::DataType::integer:
      return FactType::integer;
    case ExtensionAttribute::DataType::date:
      return FactType::time;
    case ExtensionAttribute::DataType::string:
      break;
  }
  return FactType::texts;  // an attribute may have several values
}

}  // namespace

std::vector<criteria::FactDefinition> built_in_criteria() {
  std::vector<criteria::FactDefinition> definitions;
  for (const Line& line : table()) {
    auto id = static_cast<criteria::FactId>(definitions.size());
    definitions.push_back({line.name, id, line.type, {}, line.choices, line.when_absent});
  }
  return definitions;
}

criteria::Vocabulary vocabulary_with(const std::vector<ExtensionAttribute>& attributes) {
  criteria::Vocabulary vocabulary;
  for (auto& definition : built_in_criteria())
    CHECK(vocabulary.add(std::move(definition)), "a criterion is listed twice");
  for (const ExtensionAttribute& attribute : attributes) {
    auto id = kFirstAttribute + static_cast<criteria::FactId>(attribute.id.value);
    // A name that a later version of the program claims for itself stays with the program.
    vocabulary.add({attribute.name, id, type_of(attribute.data_type), {}, {}});
  }
  return vocabulary;
}

std::optional<Section> section_of(criteria::FactId fact) {
  if (fact >= kFirstAttribute) return Section::extension_attributes;
  const Source* source = source_of(fact);
  if (source == nullptr) return std::nullopt;
  if (const auto* field = std::get_if<Field>(source)) return field->section;
  if (const auto* items = std::get_if<Items>(source)) return items->section;
  if (const auto* count = std::get_if<Count>(source)) return count->section;
  if (std::holds_alternative<NameAndVersion>(*source)) return Section::operating_system;
  return std::nullopt;
}

std::optional<std::string_view> ComputerFacts::text(criteria::FactId fact) const {
  const Source* source = source_of(fact);
  if (source == nullptr) return text_in(attribute_value(computer_, fact));
  if (const auto* named = std::get_if<Named>(source)) return computer_.*named->member;
  if (const auto* field = std::get_if<Field>(source)) return text_in(value_at(computer_, field->section, field->path));
  if (std::holds_alternative<ManagedFlag>(*source)) return computer_.managed ? "true" : "false";
  if (std::holds_alternative<NameAndVersion>(*source)) {
    auto name = text_in(value_at(computer_, Section::operating_system, "name"));
    auto version = text_in(value_at(computer_, Section::operating_system, "version"));
    composed_ = std::string(name.value_or("")) + " " + std::string(version.value_or(""));
    return text::trim(composed_);
  }
  return std::nullopt;
}

std::optional<std::int64_t> ComputerFacts::integer(criteria::FactId fact) const {
  const Source* source = source_of(fact);
  if (source == nullptr) return integer_in(attribute_value(computer_, fact));
  if (const auto* field = std::get_if<Field>(source)) {
    return integer_in(value_at(computer_, field->section, field->path));
  }
  if (std::holds_alternative<Number>(*source)) return computer_.id.value;
  if (const auto* count = std::get_if<Count>(source)) {
    const json::Value* section = computer_.section(count->section);
    const json::Array* items = section == nullptr ? nullptr : section->if_array();
    if (items != nullptr) return static_cast<std::int64_t>(items->size());
  }
  return std::nullopt;
}

std::optional<Time> ComputerFacts::time(criteria::FactId fact) const {
  const Source* source = source_of(fact);
  if (source == nullptr) return time_in(attribute_value(computer_, fact));
  if (const auto* field = std::get_if<Field>(source)) return time_in(value_at(computer_, field->section, field->path));
  if (const auto* moment = std::get_if<Moment>(source)) {
    Time time = computer_.*moment->member;
    if (time != kEpoch) return time;
  }
  return std::nullopt;
}

bool ComputerFacts::any_of(criteria::FactId fact, const std::function<bool(std::string_view)>& accept) const {
  const Source* source = source_of(fact);
  if (source == nullptr) {
    const json::Array* values = attribute_values(computer_, fact);
    return values != nullptr && any_in(*values, "", accept);
  }
  const auto* items = std::get_if<Items>(source);
  const json::Value* value = items == nullptr ? nullptr : value_at(computer_, items->section, items->path);
  const json::Array* array = value == nullptr ? nullptr : value->if_array();
  return array != nullptr && any_in(*array, items->member, accept);
}

}  // namespace wardbridge::groups
