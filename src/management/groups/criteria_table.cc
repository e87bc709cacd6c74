#include "management/groups/criteria_table.h"

#include <algorithm>

#include "base/text.h"

namespace wardbridge::groups::table {
namespace {

using criteria::Choice;
using criteria::FactType;

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
const std::vector<Choice> kRecoveryKeyType = {
    {"Individual", {}}, {"Institutional", {}}, {"Both", {"Individual And Institutional"}}, {"None", {"Not Present"}}};
const std::vector<Choice> kPurchased = {{"Purchased", {}}, {"Leased", {}}};
const std::vector<Choice> kInventoryState = {
    {"Activated", {}}, {"Deactivated", {}}, {"Unresponsive", {}}, {"Unknown", {}}};
const std::vector<Choice> kPasswordType = {{"Alphanumeric", {"true"}}, {"Simple", {"false"}}};
const std::vector<Choice> kTetherator = {{"Enabled", {"CONTENT_CACHING_ENABLED"}},
                                         {"Disabled", {"CONTENT_CACHING_DISABLED"}},
                                         {"Unknown", {"CONTENT_CACHING_UNKNOWN"}}};
const std::vector<Choice> kAttestation = {{"Pending", {}},
                                          {"Success", {}},
                                          {"Certificate Invalid", {"CERTIFICATE_INVALID"}},
                                          {"Device Properties Mismatch", {"DEVICE_PROPERTIES_MISMATCH"}},
                                          {"Unsupported Due to Hardware", {"MDA_UNSUPPORTED_DUE_TO_HARDWARE"}},
                                          {"Unsupported Due to Software", {"MDA_UNSUPPORTED_DUE_TO_SOFTWARE"}}};

// --- What is put together. Nothing: the section does not tell.

std::optional<std::string_view> text_member(const json::Value& section, std::string_view path) {
  const json::Value* value = value_at(&section, path);
  const auto* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr || text->empty() ? std::nullopt : std::optional<std::string_view>(*text);
}

std::optional<bool> flag_member(const json::Value& section, std::string_view path) {
  const json::Value* value = value_at(&section, path);
  const bool* flag = value == nullptr ? nullptr : value->if_bool();
  return flag == nullptr ? std::nullopt : std::optional(*flag);
}

std::optional<std::string> name_and_version(const json::Value& operating_system) {
  std::string name(text_member(operating_system, "name").value_or(""));
  std::string version(text_member(operating_system, "version").value_or(""));
  return std::string(text::trim(name + " " + version));
}

std::optional<std::string> enrolled_by(const json::Value& general, std::string_view type) {
  auto enrolled = text_member(general, "enrollmentMethod.objectType");
  if (!enrolled || !text::equal_ignoring_case(*enrolled, type)) return std::nullopt;
  auto name = text_member(general, "enrollmentMethod.objectName");
  return name ? std::optional(std::string(*name)) : std::nullopt;
}
std::optional<std::string> prestage_of(const json::Value& general) {
  return enrolled_by(general, "PreStage enrollment");
}
std::optional<std::string> self_enroller_of(const json::Value& general) {
  return enrolled_by(general, "User-initiated - no invitation");
}

std::optional<std::string> file_vault_users(const json::Value& local_user_accounts) {
  const json::Array* accounts = local_user_accounts.if_array();
  if (accounts == nullptr || accounts->empty()) return std::nullopt;
  auto with = std::count_if(accounts->begin(), accounts->end(), [](const json::Value& account) {
    return flag_member(account, "fileVault2Enabled").value_or(false);
  });
  return std::to_string(with) + "/" + std::to_string(accounts->size());
}

// A key whose validity is unknown may not be there at all.
std::optional<bool> has_personal_key(const json::Value& disk_encryption) {
  auto validity = text_member(disk_encryption, "individualRecoveryKeyValidityStatus");
  if (!validity || *validity == "UNKNOWN") return std::nullopt;
  return *validity != "NOT_APPLICABLE";
}

std::optional<std::string> personal_key(const json::Value& disk_encryption) {
  auto present = has_personal_key(disk_encryption);
  return present ? std::optional<std::string>(*present ? "Present" : "Not Present") : std::nullopt;
}

std::optional<std::string> recovery_key_type(const json::Value& disk_encryption) {
  auto individual = has_personal_key(disk_encryption);
  auto institutional = flag_member(disk_encryption, "institutionalRecoveryKeyPresent");
  if (individual.value_or(false)) return institutional.value_or(false) ? "Both" : "Individual";
  if (institutional.value_or(false)) return "Institutional";
  return individual && institutional ? std::optional<std::string>("None") : std::nullopt;
}

const json::Value* boot_partition(const json::Value& storage) {
  const json::Value* disks = value_at(&storage, "disks");
  const json::Array* all = disks == nullptr ? nullptr : disks->if_array();
  if (all == nullptr) return nullptr;
  for (const json::Value& disk : *all) {
    const json::Value* partitions = value_at(&disk, "partitions");
    const json::Array* parts = partitions == nullptr ? nullptr : partitions->if_array();
    if (parts == nullptr) continue;
    for (const json::Value& part : *parts) {
      if (text_member(part, "partitionType") == "BOOT") return &part;
    }
  }
  return nullptr;
}

std::optional<std::int64_t> boot_percentage(const json::Value& storage) {
  const json::Value* boot = boot_partition(storage);
  const json::Value* used = boot == nullptr ? nullptr : value_at(boot, "percentUsed");
  const auto* percent = used == nullptr ? nullptr : used->if_int64();
  return percent == nullptr ? std::nullopt : std::optional<std::int64_t>(*percent);
}

std::optional<std::string> boot_core_storage(const json::Value& storage) {
  const json::Value* boot = boot_partition(storage);
  auto managed = boot == nullptr ? std::nullopt : flag_member(*boot, "lvmManaged");
  return managed ? std::optional<std::string>(*managed ? "Yes" : "No") : std::nullopt;
}

// JAMF: the record has a flag for each, and a purchase is the default; so a lease counts where both are set.
std::optional<std::string> purchased_or_leased(const json::Value& purchasing) {
  if (flag_member(purchasing, "leased").value_or(false)) return "Leased";
  if (flag_member(purchasing, "purchased").value_or(false)) return "Purchased";
  return std::nullopt;
}

}  // namespace

const json::Value* value_at(const json::Value* value, std::string_view path) {
  while (value != nullptr && !path.empty()) {
    auto dot = path.find('.');
    const json::Object* object = value->if_object();
    value = object == nullptr ? nullptr : json::find(*object, path.substr(0, dot));
    path = dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
  }
  return value;
}

const std::vector<Line>& lines() {
  constexpr auto kText = FactType::text;
  constexpr auto kInteger = FactType::integer;
  constexpr auto kTime = FactType::time;
  constexpr auto kVersion = FactType::version;
  constexpr auto kChoice = FactType::choice;
  constexpr auto kTexts = FactType::texts;
  using S = Section;
  static const std::vector<Line> all = {
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
      {"Managed By", kText, Field{S::general, "remoteManagement.managementUsername"}},
      {"MDM Capability", kChoice, Field{S::general, "mdmCapable.capable"}, kYesNo},
      {"MDM Capable Users",
       kTexts,
       Items{S::general, "mdmCapable.capableUsers", "mdmCapable.userManagementInfo.capableUser"},
       {},
       "",
       "the name"},
      {"MDM Profile Expiration Date", kTime, Field{S::general, "mdmProfileExpiration"}},
      {"Declarative Device Management Enabled", kChoice, Field{S::general, "declarativeDeviceManagementEnabled"},
       kYesNo},
      {"Enrolled via Automated Device Enrollment", kChoice, Field{S::general, "enrolledViaAutomatedDeviceEnrollment"},
       kYesNo},
      {"Enrollment Method: PreStage enrollment", kText,
       Derived{S::general, "the method's object name, when its type is a PreStage", prestage_of}},
      {"Enrollment Method: User-initiated - no invitation",
       kText,
       Derived{S::general, "the method's object name, when its type is that", self_enroller_of},
       {},
       "",
       "the name"},
      {"Asset Tag", kText, Field{S::general, "assetTag"}},
      {"Bar Code", kText, Field{S::general, "barcode1"}, {}, "", "whether it means the second bar code too"},
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
      {"Operating System", kText, Derived{S::operating_system, "name and version", name_and_version}},
      {"Operating System Name", kText, Field{S::operating_system, "name"}},
      {"Operating System Version", kVersion, Field{S::operating_system, "version"}},
      {"Operating System Build", kText, Field{S::operating_system, "build"}},
      {"Operating System Supplemental Build Version", kText, Field{S::operating_system, "supplementalBuildVersion"}},
      {"Operating System Rapid Security Response", kText, Field{S::operating_system, "rapidSecurityResponse"}},
      {"Active Directory Status", kText, Field{S::operating_system, "activeDirectoryStatus"}},
      {"Software Update Device ID", kText, Field{S::operating_system, "softwareUpdateDeviceId"}},
      {"FileVault Status", kText,
       Derived{S::local_user_accounts, "accounts with FileVault / all accounts: `1/2`", file_vault_users}},
      {"Available SWUs", kTexts, Items{S::software_updates, "name"}},
      {"Number of Available Updates", kInteger, Count{S::software_updates}},
      // Security and encryption
      {"FileVault 2 Status", kChoice, Field{S::operating_system, "fileVault2Status"}, kFileVault},
      {"FileVault 2 Enabled", kChoice, Field{S::disk_encryption, "fileVault2Enabled"}, kYesNo},
      {"FileVault 2 Partition Encryption State", kChoice,
       Field{S::disk_encryption, "bootPartitionEncryptionDetails.partitionFileVault2State"}, kPartitionState, "",
       "all display words but `Encrypted` and `Encrypting`"},
      {"FileVault 2 Individual Key Validation", kChoice,
       Field{S::disk_encryption, "individualRecoveryKeyValidityStatus"}, kKeyValidation},
      {"FileVault 2 Personal Recovery Key", kChoice,
       Derived{S::disk_encryption, "present when its validity is `VALID` or `INVALID`", personal_key}, kPresent, "",
       "the values"},
      {"FileVault 2 Recovery Key Type", kChoice,
       Derived{S::disk_encryption, "which of the two keys are present", recovery_key_type}, kRecoveryKeyType, "",
       "what is shown without any key"},
      {"FileVault 2 Institutional Key", kChoice, Field{S::disk_encryption, "institutionalRecoveryKeyPresent"},
       kPresent},
      {"FileVault 2 Eligibility", kText, Field{S::disk_encryption, "fileVault2EligibilityMessage"}},
      {"FileVault 2 User", kTexts, Items{S::disk_encryption, "fileVault2EnabledUserNames"}},
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
      {"External Boot Level", kChoice, Field{S::security, "externalBootLevel"}, kExternalBoot, "", "the display words"},
      {"Bootstrap Token Allowed", kChoice, Field{S::security, "bootstrapTokenAllowed"}, kYesNo},
      {"Bootstrap Token Escrowed", kChoice, Field{S::security, "bootstrapTokenEscrowedStatus"}, kEscrowed},
      {"Attestation Status", kChoice, Field{S::security, "attestationStatus"}, kAttestation, "", "the display words"},
      {"Last Attestation Attempt", kTime, Field{S::security, "lastAttestationAttempt"}},
      {"Last Successful Attestation", kTime, Field{S::security, "lastSuccessfulAttestation"}},
      // Storage
      {"Boot Drive Available MB", kInteger, Field{S::storage, "bootDriveAvailableSpaceMegabytes"}},
      {"Boot Drive Percentage Full", kInteger, DerivedNumber{S::storage, "of the boot partition", boot_percentage}},
      {"Core Storage Partition Scheme on Boot Partition", kChoice,
       Derived{S::storage, "whether a volume manager holds the boot partition", boot_core_storage}, kYesNo, "",
       "the values"},
      {"Drive Capacity MB", FactType::integers, Items{S::storage, "disks.sizeMegabytes"}},
      {"Partition Name", kTexts, Items{S::storage, "disks.partitions.name"}},
      {"S.M.A.R.T. Status", kTexts, Items{S::storage, "disks.smartStatus"}},
      {"Drive Type", kTexts, Items{S::storage, "disks.type"}, {}, "", "the name"},
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
      {"Purchased or Leased", kChoice,
       Derived{S::purchasing, "`Leased` when leased, else `Purchased` when purchased", purchased_or_leased},
       kPurchased},
      {"Vendor", kText, Field{S::purchasing, "vendor"}},
      {"AppleCare ID", kText, Field{S::purchasing, "appleCareId"}},
      {"Purchase Price", kText, Field{S::purchasing, "purchasePrice"}},
      {"Purchasing Account", kText, Field{S::purchasing, "purchasingAccount"}},
      {"Purchasing Contact", kText, Field{S::purchasing, "purchasingContact"}},
      {"Life Expectancy", kInteger, Field{S::purchasing, "lifeExpectancy"}},
      {"Warranty Expiration", kTime, Field{S::purchasing, "warrantyDate"}},
      {"Lease Expiration", kTime, Field{S::purchasing, "leaseDate"}},
      // Lists
      {"Application Title", kTexts, Items{S::applications, "name"}},
      {"Application Bundle ID", kTexts, Items{S::applications, "bundleId"}},
      {"Application Version", FactType::versions, Items{S::applications, "version"}},
      {"Licensed Software", kTexts, Items{S::licensed_software, "name"}},
      {"Packages Installed By Casper", kTexts, Items{S::package_receipts, "installedByJamfPro"}},
      {"Packages Installed By Installer.app/SWU", kTexts, Items{S::package_receipts, "installedByInstallerSwu"}},
      {"Cached Packages", kTexts, Items{S::package_receipts, "cached"}},
      {"Profile Name", kTexts, Items{S::configuration_profiles, "displayName"}},
      {"Profile Identifier", kTexts, Items{S::configuration_profiles, "profileIdentifier"}},
      {"Certificate Name", kTexts, Items{S::certificates, "commonName"}},
      {"Certificates Expiring", FactType::times, Items{S::certificates, "expirationDate"}},
      {"Local User Accounts", kTexts, Items{S::local_user_accounts, "username"}},
      {"Computer Azure Active Directory ID", kTexts, Items{S::local_user_accounts, "computerAzureActiveDirectoryId"}},
      {"User Azure Active Directory ID", kTexts, Items{S::local_user_accounts, "userAzureActiveDirectoryId"}},
      {"Conditional Access Inventory State", kTexts, Items{S::local_user_accounts, "azureActiveDirectoryId"},
       kInventoryState, "", "all display words but `Unresponsive`"},
      // Rules for passwords are an account's own; a Mac with several accounts has several.
      {"Password Type", kTexts, Items{S::local_user_accounts, "passwordRequireAlphanumeric"}, kPasswordType, "",
       "the values"},
      {"Required Passcode Length", FactType::integers, Items{S::local_user_accounts, "passwordMinLength"}},
      {"Minimum Number of Complex Characters", FactType::integers,
       Items{S::local_user_accounts, "passwordMinComplexCharacters"}},
      {"Maximum Passcode Age", FactType::integers, Items{S::local_user_accounts, "passwordMaxAge"}},
      {"Password History", FactType::integers, Items{S::local_user_accounts, "passwordHistoryDepth"}},
      {"Running Services", kTexts, Items{S::services, "name"}},
      {"Mapped Printers", kTexts, Items{S::printers, "name"}},
      {"Font Title", kTexts, Items{S::fonts, "name"}},
      {"Font Version", FactType::versions, Items{S::fonts, "version"}},
      {"Plug-in Title", kTexts, Items{S::plugins, "name"}},
      {"Plug-in Version", FactType::versions, Items{S::plugins, "version"}},
      // Content caching
      {"Content Caching - Activated", kChoice, Field{S::content_caching, "activated"}, kYesNo},
      {"Content Caching - Active", kChoice, Field{S::content_caching, "active"}, kYesNo},
      {"Content Caching - Cache Status", kText, Field{S::content_caching, "cacheStatus"}},
      {"Content Caching - Tetherator Status", kChoice, Field{S::content_caching, "tetheratorStatus"}, kTetherator, "",
       "the display words"},
      {"Content Caching - Actual Cache Used bytes", kInteger, Field{S::content_caching, "actualCacheBytesUsed"}},
      {"Content Caching - Cache Limit bytes", kInteger, Field{S::content_caching, "cacheBytesLimit"}},
  };
  return all;
}

const std::vector<Missing>& missing() {
  static const std::vector<Missing> names = {
      {"Activation Lock Manageable", "the inventory record does not hold the Mac's answer"},
      {"BeyondCorp Enterprise Integration - Compliance Status", "it belongs to an integration that is not here"},
      {"BeyondCorp Enterprise Integration - Registration Status", "it belongs to an integration that is not here"},
      {"Certificate Issuer", "the inventory record holds subject and common name of certificates, not the issuer"},
      {"Device Compliance Integration - Compliance Status",
       "groups decide it, so a group that asks for it could decide over itself"},
      {"Device Compliance Integration - Registration Status",
       "it is known above groups only; `User Azure Active Directory ID` tells which accounts are registered"},
      {"Master Password Set", "the inventory record has no place for it"},
      {"MDM Profile Renewal Needed - CA Renewed", "this server issues no MDM profiles"},
      {"Patch Reporting Software Title", "this server keeps no patch titles; the same goes for `Patch Reporting: ...`"},
      {"Scheduled Tasks", "the inventory record has no place for them"},
      {"Service Pack", "Macs have none"},
  };
  return names;
}

}  // namespace wardbridge::groups::table
