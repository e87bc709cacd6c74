#include "management/sources/classic.h"

#include <map>
#include <span>
#include <utility>

#include "base/text.h"
#include "management/sources/classic_members.h"

namespace wardbridge::sources {
namespace {

enum class As { text, integer, flag, moment, day, word };

// JAMF: one line per field, from the Classic name to the name in the Jamf Pro API's record.
struct Mapping {
  std::string_view from;
  std::string_view to;
  As as = As::text;
};

constexpr Mapping kGeneral[] = {
    {"name", "name"},
    {"ip_address", "lastIpAddress"},
    {"last_reported_ip", "lastReportedIp"},
    {"last_reported_ip_v4", "lastReportedIpV4"},
    {"last_reported_ip_v6", "lastReportedIpV6"},
    {"jamf_version", "jamfBinaryVersion"},
    {"platform", "platform"},
    {"barcode_1", "barcode1"},
    {"barcode_2", "barcode2"},
    {"asset_tag", "assetTag"},
    {"supervised", "supervised", As::flag},
    {"report_date", "reportDate", As::moment},
    {"last_contact_time", "lastContactTime", As::moment},
    {"initial_entry_date", "initialEntryDate", As::day},
    {"last_cloud_backup_date", "lastCloudBackupDate", As::moment},
    {"last_enrolled_date", "lastEnrolledDate", As::moment},
    {"mdm_profile_expiration", "mdmProfileExpiration", As::moment},
    {"distribution_point", "distributionPoint"},
    {"itunes_store_account_is_active", "itunesStoreAccountActive", As::flag},
    {"management_id", "managementId"},
};
constexpr Mapping kManagementStatus[] = {
    {"enrolled_via_dep", "enrolledViaAutomatedDeviceEnrollment", As::flag},
    {"user_approved_mdm", "userApprovedMdm", As::flag},
};
constexpr Mapping kGeneralHardware[] = {
    {"network_adapter_type", "networkAdapterType"},
    {"mac_address", "macAddress"},
    {"alt_network_adapter_type", "altNetworkAdapterType"},
    {"alt_mac_address", "altMacAddress"},
    {"serial_number", "serialNumber"},
};
constexpr Mapping kHardware[] = {
    {"make", "make"},
    {"model", "model"},
    {"model_identifier", "modelIdentifier"},
    {"processor_type", "processorType"},
    {"is_apple_silicon", "appleSilicon", As::flag},
    {"processor_architecture", "processorArchitecture"},
    {"processor_architechture", "processorArchitecture"},
    {"processor_speed", "processorSpeedMhz", As::integer},
    {"processor_speed_mhz", "processorSpeedMhz", As::integer},
    {"number_processors", "processorCount", As::integer},
    {"number_cores", "coreCount", As::integer},
    {"total_ram", "totalRamMegabytes", As::integer},
    {"total_ram_mb", "totalRamMegabytes", As::integer},
    {"boot_rom", "bootRom"},
    {"bus_speed", "busSpeedMhz", As::integer},
    {"bus_speed_mhz", "busSpeedMhz", As::integer},
    {"battery_capacity", "batteryCapacityPercent", As::integer},
    {"cache_size", "cacheSizeKilobytes", As::integer},
    {"cache_size_kb", "cacheSizeKilobytes", As::integer},
    {"available_ram_slots", "openRamSlots", As::integer},
    {"optical_drive", "opticalDrive"},
    {"nic_speed", "nicSpeed"},
    {"smc_version", "smcVersion"},
    {"ble_capable", "bleCapable", As::flag},
    {"supports_ios_app_installs", "supportsIosAppInstalls", As::flag},
};
constexpr Mapping kHardwareOperatingSystem[] = {
    {"os_name", "name"},
    {"os_version", "version"},
    {"os_build", "build"},
    {"os_supplemental_build_version", "supplementalBuildVersion"},
    {"os_rapid_security_response", "rapidSecurityResponse"},
    {"software_update_device_id", "softwareUpdateDeviceId"},
    {"active_directory_status", "activeDirectoryStatus"},
};
constexpr Mapping kHardwareSecurity[] = {
    {"sip_status", "sipStatus", As::word},
    {"gatekeeper_status", "gatekeeperStatus", As::word},
    {"xprotect_version", "xprotectVersion"},
};
constexpr Mapping kSecurity[] = {
    {"activation_lock", "activationLockEnabled", As::flag}, {"recovery_lock_enabled", "recoveryLockEnabled", As::flag},
    {"secure_boot_level", "secureBootLevel", As::word},     {"external_boot_level", "externalBootLevel", As::word},
    {"firewall_enabled", "firewallEnabled", As::flag},
};
constexpr Mapping kLocation[] = {
    {"username", "username"}, {"realname", "realname"}, {"real_name", "realname"}, {"email_address", "email"},
    {"position", "position"}, {"phone", "phone"},       {"phone_number", "phone"}, {"room", "room"},
};
constexpr Mapping kPurchasing[] = {
    {"is_purchased", "purchased", As::flag},
    {"is_leased", "leased", As::flag},
    {"po_number", "poNumber"},
    {"po_date", "poDate", As::day},
    {"vendor", "vendor"},
    {"warranty_expires", "warrantyDate", As::day},
    {"applecare_id", "appleCareId"},
    {"lease_expires", "leaseDate", As::day},
    {"purchase_price", "purchasePrice"},
    {"life_expectancy", "lifeExpectancy", As::integer},
    {"purchasing_account", "purchasingAccount"},
    {"purchasing_contact", "purchasingContact"},
};
constexpr Mapping kDisk[] = {
    {"disk", "device"},
    {"model", "model"},
    {"revision", "revision"},
    {"serial_number", "serialNumber"},
    {"drive_capacity_mb", "sizeMegabytes", As::integer},
    {"size", "sizeMegabytes", As::integer},
    {"connection_type", "type"},
    {"smart_status", "smartStatus"},
};
constexpr Mapping kPartition[] = {
    {"name", "name"},
    {"partition_capacity_mb", "sizeMegabytes", As::integer},
    {"size", "sizeMegabytes", As::integer},
    {"available_mb", "availableMegabytes", As::integer},
    {"type", "partitionType", As::word},
    {"percentage_full", "percentUsed", As::integer},
    {"filevault2_status", "fileVault2State", As::word},
    {"filevault_status", "fileVault2State", As::word},
    {"filevault2_percent", "fileVault2ProgressPercent", As::integer},
    {"filevault_percent", "fileVault2ProgressPercent", As::integer},
};
constexpr Mapping kCertificate[] = {
    {"common_name", "commonName"},
    {"identity", "identity", As::flag},
    {"expires", "expirationDate", As::moment},
    {"name", "username"},
};
constexpr Mapping kAccount[] = {
    {"name", "username"},
    {"realname", "fullName"},
    {"uid", "uid"},
    {"home", "homeDirectory"},
    {"home_size_mb", "homeDirectorySizeMb", As::integer},
    {"administrator", "admin", As::flag},
    {"filevault_enabled", "fileVault2Enabled", As::flag},
};
constexpr Mapping kAccountPolicy[] = {
    {"password_history_depth", "passwordHistoryDepth", As::integer},
    {"password_min_length", "passwordMinLength", As::integer},
    {"password_max_age", "passwordMaxAge", As::integer},
    {"password_min_complex_characters", "passwordMinComplexCharacters", As::integer},
    {"password_require_alphanumeric", "passwordRequireAlphanumeric", As::flag},
};
constexpr Mapping kProfile[] = {
    {"id", "id"}, {"name", "displayName"}, {"uuid", "uuid"}, {"is_removable", "removable", As::flag}};
constexpr Mapping kApplication[] = {
    {"name", "name"}, {"path", "path"}, {"version", "version"}, {"bundle_id", "bundleId"}};
constexpr Mapping kPluginOrFont[] = {{"name", "name"}, {"version", "version"}, {"path", "path"}};
constexpr Mapping kPrinter[] = {{"name", "name"}, {"uri", "uri"}, {"type", "type"}, {"location", "location"}};
constexpr Mapping kUpdate[] = {{"name", "name"}, {"version", "version"}, {"package_name", "packageName"}};
constexpr Mapping kNameOnly[] = {{"name", "name"}};

// Words that are not just the enum's own in another dress ("Not Collected" is NOT_COLLECTED).
struct Spelling {
  std::string_view to;
  std::string_view classic;
  std::string_view word;
};
constexpr Spelling kSpellings[] = {
    {"fileVault2State", "Not Encrypted", "UNENCRYPTED"},
    {"gatekeeperStatus", "Off", "DISABLED"},
    {"gatekeeperStatus", "App Store only", "APP_STORE"},
    {"secureBootLevel", "full", "FULL_SECURITY"},
    {"secureBootLevel", "medium", "MEDIUM_SECURITY"},
    {"secureBootLevel", "off", "NO_SECURITY"},
    {"dataType", "Number", "INTEGER"},
    {"dataType", "Date", "DATE_TIME"},
};

std::string word_for(std::string_view to, std::string_view classic) {
  for (const Spelling& spelling : kSpellings) {
    if (spelling.to == to && text::equal_ignoring_case(spelling.classic, classic)) return std::string(spelling.word);
  }
  return text::upper(text::replace_all(classic, " ", "_"));
}

json::Value read(Members& members, const Mapping& mapping) {
  auto value_or_null = [](auto maybe) { return maybe ? json::Value(*maybe) : json::Value(); };
  switch (mapping.as) {
    case As::text:
      return value_or_null(members.text(mapping.from));
    case As::integer:
      return value_or_null(members.integer(mapping.from));
    case As::flag:
      return value_or_null(members.flag(mapping.from));
    case As::moment: {
      auto time = members.moment(mapping.from);
      return time ? json::Value(to_iso8601(*time)) : json::Value();
    }
    case As::day: {
      auto time = members.moment(mapping.from);
      return time ? json::Value(to_date(*time)) : json::Value();
    }
    case As::word: {
      auto text = members.text(mapping.from);
      return text && !text->empty() ? json::Value(word_for(mapping.to, *text)) : json::Value();
    }
  }
  return json::Value();
}

// Two Classic names of one field: the first that has a value gives it; one that says something else has no place.
void map(Members& members, std::span<const Mapping> mappings, json::Object& out) {
  for (const Mapping& mapping : mappings) {
    json::Value value = read(members, mapping);
    if (value.is_null()) continue;
    auto [member, added] = out.emplace(mapping.to, value);
    if (added || member->value() == value) continue;
    bool empty = member->value().is_string() && member->value().get_string().empty();
    bool silent = value.is_string() && value.get_string().empty();
    if (empty) {
      member->value() = value;
    } else if (!silent) {
      members.findings().without_place.insert(members.path_of(mapping.from));
    }
  }
}

std::string text_of(const json::Value& value) { return value.is_string() ? std::string(value.get_string()) : ""; }

class Record {
 public:
  explicit Record(const json::Object& computer) : root_(&computer, "", findings_) {}

  Result<ClassicRecord> read() {
    {
      // Takes all it knows; what is left is named when `root` ends.
      Members general = root_.object("general");
      Members hardware = root_.object("hardware");
      Members accounts = root_.object("groups_accounts");
      read_general(general);
      read_hardware(hardware);
      read_storage(hardware);
      read_accounts(accounts);
      read_software();
      read_flat_sections();
      read_extension_attributes();
    }
    root_.finish();
    if (findings_.failure) return *findings_.failure;
    json::Object body;
    for (auto& [name, value] : body_) body[name] = std::move(value);
    return ClassicRecord{std::move(body), {findings_.without_place.begin(), findings_.without_place.end()}};
  }

 private:
  json::Object& section(const std::string& name) {
    json::Value& value = body_[name];
    return value.is_object() ? value.get_object() : value.emplace_object();
  }
  json::Array& list(const std::string& name) {
    json::Value& value = body_[name];
    return value.is_array() ? value.get_array() : value.emplace_array();
  }

  // Every object (or plain name) of a Classic list becomes one of ours.
  void map_items(Members& parent, std::string_view from, std::span<const Mapping> mappings, json::Array& out) {
    for (const json::Value& item : parent.items(from)) {
      json::Object mapped;
      if (item.is_string()) {
        mapped["name"] = item;
      } else {
        Members members(item, parent.path_of(from), findings_);
        map(members, mappings, mapped);
      }
      out.push_back(std::move(mapped));
    }
  }

  void read_general(Members& general) {
    general.skip("id");  // the number it has on the other server
    if (auto udid = general.text("udid")) body_["udid"] = *udid;
    json::Object& out = section("general");
    map(general, kGeneral, out);
    map(general, kGeneralHardware, section("hardware"));
    std::string address = out.contains("lastReportedIp") ? text_of(out["lastReportedIp"]) : "";
    if (!address.empty() && address.find(':') == std::string::npos) out.emplace("lastReportedIpV4", address);
    json::Object mdm_capable;
    if (auto capable = general.flag("mdm_capable")) mdm_capable["capable"] = *capable;
    Members users = general.object("mdm_capable_users");
    json::Array capable_users;
    for (json::Value& user : users.items("mdm_capable_user")) capable_users.push_back(std::move(user));
    mdm_capable["capableUsers"] = std::move(capable_users);
    out["mdmCapable"] = std::move(mdm_capable);
    Members remote_management = general.object("remote_management");
    json::Object remote;
    if (auto managed = remote_management.flag("managed")) remote["managed"] = *managed;
    if (auto username = remote_management.text("management_username")) remote["managementUsername"] = *username;
    out["remoteManagement"] = std::move(remote);
    Members status = general.object("management_status");
    map(status, kManagementStatus, out);
    Members site = general.object("site");
    json::Object our_site{{"id", site.text("id").value_or("-1")}, {"name", site.text("name").value_or("None")}};
    out["site"] = std::move(our_site);
  }

  void read_hardware(Members& hardware) {
    map(hardware, kHardware, section("hardware"));
    map(hardware, kHardwareOperatingSystem, section("operatingSystem"));
    map(hardware, kHardwareSecurity, section("security"));
    for (std::string_view name : {"mapped_printers", "printers"}) {
      map_items(hardware, name, kPrinter, list("printers"));
    }
    json::Object& encryption = section("diskEncryption");
    json::Array users;
    for (const json::Value& user : hardware.items("filevault2_users")) {
      const auto* object = user.if_object();
      users.push_back(object ? json::Value(json::text_at(*object, "name").value_or("")) : user);
    }
    encryption["fileVault2EnabledUserNames"] = std::move(users);
    if (auto name = hardware.text("disk_encryption_configuration"))
      encryption["diskEncryptionConfigurationName"] = *name;
    if (auto key = hardware.text("institutional_recovery_key"); key && !key->empty()) {
      encryption["institutionalRecoveryKeyPresent"] = text::equal_ignoring_case(*key, "Present");
    }
  }

  void read_storage(Members& hardware) {
    json::Array disks;
    for (const json::Value& item : hardware.items("storage")) {
      Members disk(item, hardware.path_of("storage"), findings_);
      json::Object out;
      map(disk, kDisk, out);
      json::Array partitions;
      // JAMF: older servers write the partitions without a list around them.
      for (std::string_view name : {"partitions", "partition"}) {
        for (const json::Value& partition : disk.items(name)) read_partition(disk, name, partition, partitions);
      }
      out["partitions"] = std::move(partitions);
      disks.push_back(std::move(out));
    }
    judge_encryption(disks);
    section("storage")["disks"] = std::move(disks);
  }

  void read_partition(const Members& disk, std::string_view name, const json::Value& item, json::Array& partitions) {
    Members partition(item, disk.path_of(name), findings_);
    json::Object out;
    map(partition, kPartition, out);
    if (auto available = partition.integer("boot_drive_available_mb")) {
      section("storage")["bootDriveAvailableSpaceMegabytes"] = *available;
    }
    partitions.push_back(std::move(out));
  }

  // JAMF: the Classic record has no summary of FileVault; the server's own follows from the partitions, and smart
  // groups ask for it. Without partitions nothing is concluded.
  void judge_encryption(const json::Array& disks) {
    int encrypted = 0;
    int all = 0;
    const json::Object* boot = nullptr;
    for (const json::Value& disk : disks) {
      for (const json::Value& item : disk.get_object().at("partitions").get_array()) {
        const json::Object& partition = item.get_object();
        ++all;
        if (json::text_at(partition, "fileVault2State") == "ENCRYPTED") ++encrypted;
        if (json::text_at(partition, "partitionType") == "BOOT") boot = &partition;
      }
    }
    if (all == 0) return;
    bool boot_encrypted = boot && json::text_at(*boot, "fileVault2State") == "ENCRYPTED";
    const char* status = encrypted == all ? "ALL_ENCRYPTED"
                         : boot_encrypted ? "BOOT_ENCRYPTED"
                         : encrypted > 0  ? "SOME_ENCRYPTED"
                                          : "NOT_ENCRYPTED";
    section("operatingSystem")["fileVault2Status"] = status;
    if (!boot) return;
    json::Object& encryption = section("diskEncryption");
    encryption["fileVault2Enabled"] = boot_encrypted;
    json::Object details;
    auto copy = [&](const char* from, const char* to) {
      if (const json::Value* value = json::find(*boot, from)) details[to] = *value;
    };
    copy("name", "partitionName");
    copy("fileVault2State", "partitionFileVault2State");
    copy("fileVault2ProgressPercent", "partitionFileVault2Percent");
    encryption["bootPartitionEncryptionDetails"] = std::move(details);
  }

  void read_accounts(Members& groups_accounts) {
    json::Array& accounts = list("localUserAccounts");
    for (const json::Value& item : groups_accounts.items("local_accounts")) {
      Members account(item, groups_accounts.path_of("local_accounts"), findings_);
      json::Object out;
      map(account, kAccount, out);
      if (out.contains("homeDirectorySizeMb")) account.skip("home_size");  // the same with its unit: "120MB"
      accounts.push_back(std::move(out));
    }
    Members inventories = groups_accounts.object("user_inventories");
    if (auto disabled = inventories.flag("disable_automatic_login"))
      section("security")["autoLoginDisabled"] = *disabled;
    for (const json::Value& item : inventories.items("user")) {
      Members user(item, inventories.path_of("user"), findings_);
      auto username = user.text("username");
      if (!username) continue;
      json::Object* account = nullptr;
      for (json::Value& candidate : accounts) {
        if (json::text_at(candidate.get_object(), "username") == *username) account = &candidate.get_object();
      }
      if (!account) account = &accounts.emplace_back(json::Object{{"username", *username}}).get_object();
      map(user, kAccountPolicy, *account);
    }
  }

  void read_software() {
    Members software = root_.object("software");
    map_items(software, "applications", kApplication, list("applications"));
    map_items(software, "fonts", kPluginOrFont, list("fonts"));
    map_items(software, "plugins", kPluginOrFont, list("plugins"));
    map_items(software, "running_services", kNameOnly, list("services"));
    map_items(software, "licensed_software", kNameOnly, list("licensedSoftware"));
    // JAMF: the updates are listed by name, and again in detail; the details say more.
    Members updates = software.object("available_updates");
    map_items(updates, "update", kUpdate, list("softwareUpdates"));
    if (list("softwareUpdates").empty()) {
      map_items(software, "available_software_updates", kUpdate, list("softwareUpdates"));
    } else {
      software.skip("available_software_updates");
    }
    json::Object& receipts = section("packageReceipts");
    static constexpr std::pair<std::string_view, std::string_view> kReceipts[] = {
        {"installed_by_casper", "installedByJamfPro"},
        {"installed_by_installer_swu", "installedByInstallerSwu"},
        {"installed_by_installer_swus", "installedByInstallerSwu"},
        {"cached_by_casper", "cached"}};
    for (const auto& [from, to] : kReceipts) {
      json::Value& names = receipts[to];
      json::Array& array = names.is_array() ? names.get_array() : names.emplace_array();
      for (json::Value& name : software.items(from)) array.push_back(std::move(name));
    }
  }

  void read_flat_sections() {
    Members location = root_.object("location");
    map(location, kLocation, section("userAndLocation"));
    Members purchasing = root_.object("purchasing");
    map(purchasing, kPurchasing, section("purchasing"));
    Members security = root_.object("security");
    map(security, kSecurity, section("security"));
    map_items(root_, "certificates", kCertificate, list("certificates"));
    map_items(root_, "configuration_profiles", kProfile, list("configurationProfiles"));
  }

  void read_extension_attributes() {
    json::Array& attributes = list("extensionAttributes");
    for (const json::Value& item : root_.items("extension_attributes")) {
      Members attribute(item, "extension_attributes", findings_);
      json::Object out{{"definitionId", attribute.text("id").value_or("")},
                       {"name", attribute.text("name").value_or("")}};
      if (auto multiple = attribute.flag("multi_value")) out["multiValue"] = *multiple;
      if (auto type = attribute.text("type"); type && !type->empty()) out["dataType"] = word_for("dataType", *type);
      json::Array values;
      for (const json::Value& value : attribute.items("value")) {
        values.push_back(value.is_int64() ? json::Value(std::to_string(value.get_int64())) : value);
      }
      out["values"] = std::move(values);
      attributes.push_back(std::move(out));
    }
  }

  Findings findings_;
  Members root_;
  // A map, whose values stay where they are: several sections are filled at a time.
  std::map<std::string, json::Value> body_;
};

}  // namespace

Result<ClassicRecord> read_classic(const json::Object& computer) { return Record(computer).read(); }

}  // namespace wardbridge::sources
