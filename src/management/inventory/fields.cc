#include "management/inventory/fields.h"

#include <array>

namespace wardbridge::inventory {
namespace {

constexpr Field id(std::string_view name) { return {.name = name, .kind = Kind::id}; }
constexpr Field text(std::string_view name) { return {.name = name, .kind = Kind::text}; }
constexpr Field integer(std::string_view name) { return {.name = name, .kind = Kind::integer}; }
constexpr Field large(std::string_view name) { return {.name = name, .kind = Kind::long_integer}; }
constexpr Field flag(std::string_view name) { return {.name = name, .kind = Kind::boolean}; }
constexpr Field moment(std::string_view name) { return {.name = name, .kind = Kind::timestamp}; }
constexpr Field day(std::string_view name) { return {.name = name, .kind = Kind::date}; }
constexpr Field texts(std::string_view name) { return {.name = name, .kind = Kind::texts}; }
constexpr Field choice(std::string_view name, std::string_view choices) {
  return {.name = name, .kind = Kind::choice, .choices = choices};
}
constexpr Field object(std::string_view name, std::span<const Field> members) {
  return {.name = name, .kind = Kind::object, .members = members};
}
constexpr Field objects(std::string_view name, std::span<const Field> members) {
  return {.name = name, .kind = Kind::objects, .members = members};
}

constexpr std::string_view kFileVaultStates =
    "UNKNOWN|UNENCRYPTED|INELIGIBLE|DECRYPTED|DECRYPTING|ENCRYPTED|ENCRYPTING|RESTART_NEEDED|OPTIMIZING|"
    "DECRYPTING_PAUSED|ENCRYPTING_PAUSED";

// JAMF: the layout of ComputerInventoryV4 and of the older versions, field by field.

constexpr std::array kExtensionAttribute = {
    id("definitionId").patch(),
    text("name").patch(),
    text("description").patch(),
    flag("enabled").patch(),
    flag("multiValue").patch(),
    texts("values").patch(),
    choice("dataType", "STRING|INTEGER|DATE_TIME").patch(),
    texts("options").patch(),
    choice("inputType", "TEXT|POPUP|SCRIPT|LDAP").patch(),
};
constexpr Field extension_attributes() { return objects("extensionAttributes", kExtensionAttribute).patch(); }

constexpr std::array kRemoteManagement = {flag("managed"), text("managementUsername")};
constexpr std::array kUserManagement = {text("capableUser"), id("managementId")};
constexpr std::array kMdmCapability = {
    flag("capable"),
    texts("capableUsers"),
    objects("userManagementInfo", kUserManagement),
};
constexpr std::array kEnrollmentMethod = {id("id"), text("objectName"), text("objectType")};
constexpr std::array kSite = {id("id"), text("name")};

constexpr std::array kGeneral = {
    text("name").patch(),
    text("lastIpAddress").patch(),
    text("lastReportedIp").until(3),
    text("lastReportedIpV4"),
    text("lastReportedIpV6"),
    text("jamfBinaryVersion"),
    text("platform"),
    text("barcode1").patch(),
    text("barcode2").patch(),
    text("assetTag").patch(),
    object("remoteManagement", kRemoteManagement).by_server(),
    flag("supervised"),
    object("mdmCapable", kMdmCapability),
    moment("reportDate").by_server(),
    moment("lastContactTime").by_server().until(3),
    moment("lastCheckIn").by_server().since(4),
    moment("lastContact").by_server().since(4),
    moment("lastCloudBackupDate"),
    moment("lastEnrolledDate").by_server(),
    moment("mdmProfileExpiration"),
    day("initialEntryDate").by_server(),
    text("distributionPoint").by_server(),
    object("enrollmentMethod", kEnrollmentMethod).by_server(),
    object("site", kSite).by_server(),
    flag("itunesStoreAccountActive"),
    flag("enrolledViaAutomatedDeviceEnrollment"),
    flag("userApprovedMdm"),
    flag("declarativeDeviceManagementEnabled"),
    extension_attributes(),
    id("managementId").by_server(),
    text("lastLoggedInUsernameSelfService"),
    moment("lastLoggedInUsernameSelfServiceTimestamp"),
    text("lastLoggedInUsernameBinary"),
    moment("lastLoggedInUsernameBinaryTimestamp"),
    text("lastLoggedInUsernameMdm"),
    moment("lastLoggedInUsernameMdmTimestamp"),
};

constexpr std::array kBootPartitionEncryption = {
    text("partitionName"),
    choice("partitionFileVault2State", kFileVaultStates),
    integer("partitionFileVault2Percent"),
};
constexpr std::array kDiskEncryption = {
    object("bootPartitionEncryptionDetails", kBootPartitionEncryption),
    choice("individualRecoveryKeyValidityStatus", "VALID|INVALID|UNKNOWN|NOT_APPLICABLE"),
    flag("institutionalRecoveryKeyPresent"),
    text("diskEncryptionConfigurationName"),
    flag("fileVault2Enabled"),
    texts("fileVault2EnabledUserNames"),
    text("fileVault2EligibilityMessage"),
};

constexpr std::array kPurchasing = {
    flag("leased").patch(),
    flag("purchased").patch(),
    text("poNumber").patch(),
    day("poDate").patch(),
    text("vendor").patch(),
    day("warrantyDate").patch(),
    text("appleCareId").patch(),
    day("leaseDate").patch(),
    text("purchasePrice").patch(),
    integer("lifeExpectancy").patch(),
    text("purchasingAccount").patch(),
    text("purchasingContact").patch(),
    extension_attributes(),
};

constexpr std::array kApplication = {
    text("name"),
    text("path"),
    text("version"),
    text("cfBundleShortVersionString").since(3),
    text("cfBundleVersion").since(3),
    flag("macAppStore"),
    integer("sizeMegabytes"),
    text("bundleId"),
    flag("updateAvailable"),
    id("externalVersionId"),
};

constexpr std::array kPartition = {
    text("name"),
    large("sizeMegabytes"),
    large("availableMegabytes"),
    choice("partitionType", "BOOT|RECOVERY|OTHER"),
    integer("percentUsed"),
    choice("fileVault2State", kFileVaultStates),
    integer("fileVault2ProgressPercent"),
    flag("lvmManaged"),
};
constexpr std::array kDisk = {
    id("id"),
    text("device"),
    text("model"),
    text("revision"),
    text("serialNumber"),
    large("sizeMegabytes"),
    text("smartStatus"),
    text("type"),
    objects("partitions", kPartition),
};
constexpr std::array kStorage = {large("bootDriveAvailableSpaceMegabytes"), objects("disks", kDisk)};

constexpr std::array kUserAndLocation = {
    text("username").patch(), text("realname").patch(), text("email").patch(),
    text("position").patch(), text("phone").patch(),    id("departmentId").patch(),
    id("buildingId").patch(), text("room").patch(),     extension_attributes(),
};

constexpr std::array kConfigurationProfile = {
    id("id"),          text("username"),    moment("lastInstalled"),
    flag("removable"), text("displayName"), text("profileIdentifier"),
    text("uuid"),
};
constexpr std::array kPrinter = {text("name"), text("type"), text("uri"), text("location")};
constexpr std::array kService = {text("name")};

constexpr std::array kHardware = {
    text("make"),
    text("model"),
    text("modelIdentifier"),
    text("serialNumber"),
    large("processorSpeedMhz"),
    integer("processorCount"),
    integer("coreCount"),
    text("processorType"),
    text("processorArchitecture"),
    large("busSpeedMhz"),
    large("cacheSizeKilobytes"),
    text("networkAdapterType").patch(),
    text("macAddress").patch(),
    text("altNetworkAdapterType").patch(),
    text("altMacAddress").patch(),
    large("totalRamMegabytes"),
    integer("openRamSlots"),
    integer("batteryCapacityPercent"),
    choice("batteryHealth", "NON_GENUINE|NORMAL|SERVICE_RECOMMENDED|UNKNOWN|UNSUPPORTED"),
    text("smcVersion"),
    text("nicSpeed"),
    text("opticalDrive"),
    text("bootRom"),
    flag("bleCapable"),
    flag("supportsIosAppInstalls"),
    flag("appleSilicon"),
    text("provisioningUdid"),
    extension_attributes(),
};

constexpr std::array kLocalUserAccount = {
    id("uid"),
    text("userGuid"),
    text("username"),
    text("fullName"),
    flag("admin"),
    text("homeDirectory"),
    large("homeDirectorySizeMb"),
    flag("fileVault2Enabled"),
    choice("userAccountType", "LOCAL|MOBILE|UNKNOWN"),
    integer("passwordMinLength"),
    integer("passwordMaxAge"),
    integer("passwordMinComplexCharacters"),
    integer("passwordHistoryDepth"),
    flag("passwordRequireAlphanumeric"),
    text("computerAzureActiveDirectoryId"),
    text("userAzureActiveDirectoryId"),
    // JAMF: despite its name, the account's Conditional Access inventory state.
    choice("azureActiveDirectoryId", "ACTIVATED|DEACTIVATED|UNRESPONSIVE|UNKNOWN"),
};

constexpr std::array kCertificate = {
    text("commonName"),
    flag("identity"),
    moment("expirationDate"),
    text("username"),
    choice("lifecycleStatus", "ACTIVE|INACTIVE"),
    choice("certificateStatus", "EXPIRING|EXPIRED|REVOKED|PENDING_REVOKE|ISSUED"),
    text("subjectName"),
    text("serialNumber"),
    text("sha1Fingerprint"),
    text("issuedDate"),
};
constexpr std::array kAttachment = {
    id("id").by_server(),
    text("name").by_server(),
    text("fileType").by_server(),
    large("sizeBytes").by_server(),
};
constexpr std::array kPluginOrFont = {text("name"), text("version"), text("path")};
constexpr std::array kPackageReceipts = {texts("installedByJamfPro"), texts("installedByInstallerSwu"),
                                         texts("cached")};

constexpr std::array kSecurity = {
    choice("sipStatus", "NOT_COLLECTED|NOT_AVAILABLE|DISABLED|ENABLED"),
    choice("gatekeeperStatus", "NOT_COLLECTED|DISABLED|APP_STORE_AND_IDENTIFIED_DEVELOPERS|APP_STORE"),
    text("xprotectVersion"),
    flag("autoLoginDisabled"),
    flag("remoteDesktopEnabled"),
    flag("activationLockEnabled"),
    flag("recoveryLockEnabled"),
    flag("firewallEnabled"),
    choice("secureBootLevel", "NO_SECURITY|MEDIUM_SECURITY|FULL_SECURITY|NOT_SUPPORTED|UNKNOWN"),
    choice("externalBootLevel",
           "ALLOW_BOOTING_FROM_EXTERNAL_MEDIA|DISALLOW_BOOTING_FROM_EXTERNAL_MEDIA|NOT_SUPPORTED|UNKNOWN"),
    flag("bootstrapTokenAllowed"),
    choice("bootstrapTokenEscrowedStatus", "ESCROWED|NOT_ESCROWED|NOT_SUPPORTED"),
    text("lastAttestationAttempt"),
    text("lastSuccessfulAttestation"),
    choice("attestationStatus",
           "PENDING|SUCCESS|CERTIFICATE_INVALID|DEVICE_PROPERTIES_MISMATCH|MDA_UNSUPPORTED_DUE_TO_HARDWARE|"
           "MDA_UNSUPPORTED_DUE_TO_SOFTWARE"),
};

constexpr std::array kOperatingSystem = {
    text("name"),
    text("version"),
    text("build"),
    text("supplementalBuildVersion"),
    text("rapidSecurityResponse"),
    text("activeDirectoryStatus"),
    choice("fileVault2Status", "NOT_APPLICABLE|NOT_ENCRYPTED|BOOT_ENCRYPTED|SOME_ENCRYPTED|ALL_ENCRYPTED"),
    text("softwareUpdateDeviceId"),
    extension_attributes(),
};

constexpr std::array kLicensedSoftware = {id("id"), text("name")};
constexpr std::array kIbeacon = {text("name")};
constexpr std::array kSoftwareUpdate = {text("name"), text("version"), text("packageName")};

constexpr std::array kParentAlert = {
    id("contentCachingParentAlertId"),
    texts("addresses"),
    text("className"),
    moment("postDate"),
};
constexpr std::array kParentCapabilities = {
    id("contentCachingParentCapabilitiesId"),
    flag("imports"),
    flag("namespaces"),
    flag("personalContent"),
    flag("queryParameters"),
    flag("sharedContent"),
    flag("prioritization"),
};
constexpr std::array kParentLocalNetwork = {id("contentCachingParentLocalNetworkId"), large("speed"), flag("wired")};
constexpr std::array kParentDetails = {
    id("contentCachingParentDetailsId"),         flag("acPower"),  large("cacheSizeBytes"),
    object("capabilities", kParentCapabilities), flag("portable"), objects("localNetwork", kParentLocalNetwork),
};
constexpr std::array kParent = {
    id("contentCachingParentId"),
    text("address"),
    object("alerts", kParentAlert),
    object("details", kParentDetails),
    text("guid"),
    flag("healthy"),
    large("port"),
    text("version"),
};
constexpr std::array kCachingAlert = {
    large("cacheBytesLimit"),     text("className"), text("pathPreventingAccess"), moment("postDate"),
    large("reservedVolumeBytes"), text("resource"),
};
constexpr std::array kCacheDetail = {
    id("computerContentCachingCacheDetailsId"),
    text("categoryName"),
    large("diskSpaceBytesUsed"),
};
constexpr std::array kMigrationUserInfo = {text("key"), text("value")};
constexpr std::array kMigrationError = {large("code"), text("domain"), objects("userInfo", kMigrationUserInfo)};
constexpr std::array kContentCaching = {
    id("computerContentCachingInformationId"),
    objects("parents", kParent),
    objects("alerts", kCachingAlert),
    flag("activated"),
    flag("active"),
    large("actualCacheBytesUsed"),
    objects("cacheDetails", kCacheDetail),
    large("cacheBytesFree"),
    large("cacheBytesLimit"),
    text("cacheStatus"),
    large("cacheBytesUsed"),
    flag("dataMigrationCompleted"),
    integer("dataMigrationProgressPercentage"),
    object("dataMigrationError", kMigrationError),
    integer("maxCachePressureLast1HourPercentage"),
    large("personalCacheBytesFree"),
    large("personalCacheBytesLimit"),
    large("personalCacheBytesUsed"),
    large("port"),
    text("publicAddress"),
    text("registrationError"),
    large("registrationResponseCode"),
    moment("registrationStarted"),
    choice("registrationStatus", "CONTENT_CACHING_FAILED|CONTENT_CACHING_PENDING|CONTENT_CACHING_SUCCEEDED"),
    flag("restrictedMedia"),
    text("serverGuid"),
    text("startupStatus"),
    choice("tetheratorStatus", "CONTENT_CACHING_UNKNOWN|CONTENT_CACHING_DISABLED|CONTENT_CACHING_ENABLED"),
    moment("totalBytesAreSince"),
    large("totalBytesDropped"),
    large("totalBytesImported"),
    large("totalBytesReturnedToChildren"),
    large("totalBytesReturnedToClients"),
    large("totalBytesReturnedToPeers"),
    large("totalBytesStoredFromOrigin"),
    large("totalBytesStoredFromParents"),
    large("totalBytesStoredFromPeers"),
};

struct SectionRow {
  const char* wire_name;
  Field field;
};
// In the order of enum Section.
constexpr std::array<SectionRow, kSectionCount> kSections = {{
    {"GENERAL", object("general", kGeneral).patch()},
    {"DISK_ENCRYPTION", object("diskEncryption", kDiskEncryption)},
    {"PURCHASING", object("purchasing", kPurchasing).patch()},
    {"APPLICATIONS", objects("applications", kApplication)},
    {"STORAGE", object("storage", kStorage)},
    {"USER_AND_LOCATION", object("userAndLocation", kUserAndLocation).patch()},
    {"CONFIGURATION_PROFILES", objects("configurationProfiles", kConfigurationProfile)},
    {"PRINTERS", objects("printers", kPrinter)},
    {"SERVICES", objects("services", kService)},
    {"HARDWARE", object("hardware", kHardware).patch()},
    {"LOCAL_USER_ACCOUNTS", objects("localUserAccounts", kLocalUserAccount)},
    {"CERTIFICATES", objects("certificates", kCertificate)},
    {"ATTACHMENTS", objects("attachments", kAttachment).by_server()},
    {"PLUGINS", objects("plugins", kPluginOrFont).until(1)},
    {"FONTS", objects("fonts", kPluginOrFont).until(1)},
    {"PACKAGE_RECEIPTS", object("packageReceipts", kPackageReceipts)},
    {"SECURITY", object("security", kSecurity)},
    {"OPERATING_SYSTEM", object("operatingSystem", kOperatingSystem).patch()},
    {"LICENSED_SOFTWARE", objects("licensedSoftware", kLicensedSoftware)},
    {"IBEACONS", objects("ibeacons", kIbeacon)},
    {"SOFTWARE_UPDATES", objects("softwareUpdates", kSoftwareUpdate)},
    {"EXTENSION_ATTRIBUTES", extension_attributes()},
    {"CONTENT_CACHING", object("contentCaching", kContentCaching)},
}};

constexpr std::array kGeneralCreateOnly = {id("siteId")};
constexpr std::array kGeneralPatchOnly = {flag("managed").patch(), id("siteId").patch()};

}  // namespace

const Field& field_of(Section section) { return kSections[static_cast<std::size_t>(section)].field; }

bool has_section(int api_version, Section section) { return field_of(section).shown_by(api_version); }

std::span<const Field> general_only_in(How how) {
  if (how == How::create) return kGeneralCreateOnly;
  if (how == How::patch) return kGeneralPatchOnly;
  return {};
}

const char* wire_name(Section section) { return kSections[static_cast<std::size_t>(section)].wire_name; }

const char* member_name(Section section) { return field_of(section).name.data(); }

std::optional<Section> section_from_wire_name(std::string_view name) {
  for (std::size_t i = 0; i < kSectionCount; ++i) {
    if (name == kSections[i].wire_name) return static_cast<Section>(i);
  }
  return std::nullopt;
}

std::optional<Section> section_from_member_name(std::string_view name) {
  for (std::size_t i = 0; i < kSectionCount; ++i) {
    if (name == kSections[i].field.name) return static_cast<Section>(i);
  }
  return std::nullopt;
}

}  // namespace wardbridge::inventory
