#include "mac/profile.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/check.h"
#include "base/text.h"
#include "platform/entropy/entropy.h"

namespace wardbridge::mac {
namespace {

struct Hardware {
  const char* model;
  const char* identifier;
  const char* processor;
  bool apple_silicon;
  std::int64_t ram_megabytes;
};
constexpr std::array<Hardware, 8> kHardware = {{
    {"MacBook Pro (14-inch, 2023)", "Mac14,9", "Apple M2 Pro", true, 16384},
    {"MacBook Air (M2, 2022)", "Mac14,2", "Apple M2", true, 8192},
    {"MacBook Pro (16-inch, Nov 2023)", "Mac15,11", "Apple M3 Max", true, 36864},
    {"MacBook Air (15-inch, M3, 2024)", "Mac15,13", "Apple M3", true, 16384},
    {"iMac (24-inch, 2023)", "Mac15,5", "Apple M3", true, 24576},
    {"Mac mini (2023)", "Mac14,3", "Apple M2", true, 16384},
    {"MacBook Pro (13-inch, M1, 2020)", "MacBookPro17,1", "Apple M1", true, 16384},
    {"MacBook Pro (16-inch, 2019)", "MacBookPro16,1", "Intel Core i9", false, 32768},
}};

constexpr std::array<const char*, 32> kFirstNames = {
    "Ada",       "Alan",   "Barbara",  "Carol",   "Dennis", "Edith",  "Frances", "Grace",    "Hedy", "Ivan",   "Jean",
    "Ken",       "Leslie", "Margaret", "Niklaus", "Olga",   "Peter",  "Radia",   "Shafi",    "Tim",  "Ursula", "Vint",
    "Whitfield", "Xia",    "Yoshua",   "Zoe",     "Annie",  "Edsger", "Joan",    "Kathleen", "Mary", "Sophie"};
constexpr std::array<const char*, 32> kLastNames = {
    "Lovelace", "Turing",     "Liskov",     "Shaw",     "Ritchie",  "Clarke",   "Allen",   "Hopper",
    "Lamarr",   "Sutherland", "Bartik",     "Thompson", "Lamport",  "Hamilton", "Wirth",   "Ladyzhenskaya",
    "Naur",     "Perlman",    "Goldwasser", "Lee",      "Franklin", "Cerf",     "Diffie",  "Wang",
    "Bengio",   "Winters",    "Easley",     "Dijkstra", "Ball",     "Booth",    "Jackson", "Wilson"};

struct KnownApplication {
  const char* name;
  const char* bundle_id;
};
// What nearly every Mac has, then what many have.
constexpr std::array<KnownApplication, 42> kEverywhere = {{
    {"Safari", "com.apple.Safari"},
    {"Mail", "com.apple.mail"},
    {"Calendar", "com.apple.iCal"},
    {"Contacts", "com.apple.AddressBook"},
    {"Notes", "com.apple.Notes"},
    {"Reminders", "com.apple.reminders"},
    {"Maps", "com.apple.Maps"},
    {"Photos", "com.apple.Photos"},
    {"Messages", "com.apple.MobileSMS"},
    {"FaceTime", "com.apple.FaceTime"},
    {"Music", "com.apple.Music"},
    {"TV", "com.apple.TV"},
    {"Podcasts", "com.apple.podcasts"},
    {"Books", "com.apple.iBooksX"},
    {"App Store", "com.apple.AppStore"},
    {"System Settings", "com.apple.systempreferences"},
    {"Preview", "com.apple.Preview"},
    {"TextEdit", "com.apple.TextEdit"},
    {"QuickTime Player", "com.apple.QuickTimePlayerX"},
    {"Calculator", "com.apple.calculator"},
    {"Chess", "com.apple.Chess"},
    {"Dictionary", "com.apple.Dictionary"},
    {"Font Book", "com.apple.FontBook"},
    {"Image Capture", "com.apple.Image_Capture"},
    {"Photo Booth", "com.apple.PhotoBooth"},
    {"Shortcuts", "com.apple.shortcuts"},
    {"Stickies", "com.apple.Stickies"},
    {"Stocks", "com.apple.stocks"},
    {"Voice Memos", "com.apple.VoiceMemos"},
    {"Weather", "com.apple.weather"},
    {"Home", "com.apple.Home"},
    {"Freeform", "com.apple.freeform"},
    {"Clock", "com.apple.clock"},
    {"Terminal", "com.apple.Terminal"},
    {"Console", "com.apple.Console"},
    {"Activity Monitor", "com.apple.ActivityMonitor"},
    {"Disk Utility", "com.apple.DiskUtility"},
    {"Keychain Access", "com.apple.keychainaccess"},
    {"Screenshot", "com.apple.screenshot.launcher"},
    {"Migration Assistant", "com.apple.MigrateAssistant"},
    {"CompanyPortal", kCompanyPortalBundleId},
    {"Self Service", "com.jamfsoftware.selfservice.mac"},
}};
constexpr std::array<KnownApplication, 22> kMany = {{
    {"Microsoft Word", "com.microsoft.Word"},
    {"Microsoft Excel", "com.microsoft.Excel"},
    {"Microsoft PowerPoint", "com.microsoft.Powerpoint"},
    {"Microsoft Outlook", "com.microsoft.Outlook"},
    {"Microsoft Teams", "com.microsoft.teams2"},
    {"OneDrive", "com.microsoft.OneDrive"},
    {"Google Chrome", "com.google.Chrome"},
    {"Firefox", "org.mozilla.firefox"},
    {"Slack", "com.tinyspeck.slackmacgap"},
    {"zoom.us", "us.zoom.xos"},
    {"Visual Studio Code", "com.microsoft.VSCode"},
    {"Xcode", "com.apple.dt.Xcode"},
    {"Figma", "com.figma.Desktop"},
    {"1Password", "com.1password.1password"},
    {"Docker", "com.docker.docker"},
    {"iTerm", "com.googlecode.iterm2"},
    {"Notion", "notion.id"},
    {"Spotify", "com.spotify.client"},
    {"VLC", "org.videolan.vlc"},
    {"Keynote", "com.apple.iWork.Keynote"},
    {"Pages", "com.apple.iWork.Pages"},
    {"Numbers", "com.apple.iWork.Numbers"},
}};
// In-house tools fill the list to what a working Mac really carries.
constexpr std::array<const char*, 12> kToolSubjects = {"Asset", "Badge", "Build",  "Field",  "Lab",    "Ledger",
                                                       "Print", "Quote", "Review", "Survey", "Travel", "Warehouse"};
constexpr std::array<const char*, 8> kToolKinds = {"Assistant", "Board", "Central", "Desk",
                                                   "Monitor",   "Notes", "Reader",  "Viewer"};

std::string version_text(Entropy& entropy) {
  return std::to_string(1 + entropy.below(24)) + "." + std::to_string(entropy.below(20)) + "." +
         std::to_string(entropy.below(10));
}

InstalledApplication make_application(const std::string& name, const std::string& bundle_id, Entropy& entropy) {
  return {.name = name + ".app",
          .path = "/Applications/" + name + ".app",
          .version = version_text(entropy),
          .bundle_id = bundle_id,
          .size_megabytes = static_cast<std::int64_t>(2 + entropy.below(900)),
          .from_app_store = entropy.below(8) == 0};
}

std::vector<InstalledApplication> make_applications(Entropy& entropy) {
  std::vector<InstalledApplication> applications;
  for (const auto& known : kEverywhere) {
    applications.push_back(make_application(known.name, known.bundle_id, entropy));
    if (known.bundle_id == kCompanyPortalBundleId) applications.back().version = kCompanyPortalVersion;
  }
  for (const auto& known : kMany) {
    if (entropy.below(10) < 7) applications.push_back(make_application(known.name, known.bundle_id, entropy));
  }
  for (const char* subject : kToolSubjects) {
    for (const char* kind : kToolKinds) {
      if (entropy.below(10) >= 9) continue;
      std::string name = std::string(subject) + " " + kind;
      applications.push_back(
          make_application(name, "com.example.tools." + text::lower(std::string(subject) + kind), entropy));
    }
  }
  return applications;
}

std::string serial_text(Entropy& entropy) {
  constexpr std::string_view kLetters = "CDFGHJKLMNPQRTVWXY0123456789";
  std::string serial;
  for (int i = 0; i < 10; ++i) serial += kLetters[entropy.below(kLetters.size())];
  return serial;
}

std::string mac_address_text(Entropy& entropy) {
  std::string hex = text::upper(text::to_hex(entropy.bytes(5)));
  std::string address = "3C";
  for (std::size_t i = 0; i < hex.size(); i += 2) address += ":" + hex.substr(i, 2);
  return address;
}

json::Object partition(const Profile& profile) {
  std::int64_t used_percent = 100 - profile.available_megabytes * 100 / profile.disk_megabytes;
  return {{"name", "Macintosh HD (Boot Partition)"},
          {"sizeMegabytes", profile.disk_megabytes},
          {"availableMegabytes", profile.available_megabytes},
          {"partitionType", "BOOT"},
          {"percentUsed", used_percent},
          {"fileVault2State", profile.filevault_on ? "ENCRYPTED" : "UNENCRYPTED"},
          {"fileVault2ProgressPercent", profile.filevault_on ? 100 : 0},
          {"lvmManaged", false}};
}

json::Object local_account(const Profile& profile, const std::string& username, const char* kind) {
  return {{"uid", "501"},
          {"userGuid", text::lower(profile.udid)},
          {"username", username},
          {"fullName", username == profile.local_username ? profile.full_name : username},
          {"admin", true},
          {"homeDirectory", "/Users/" + username},
          {"homeDirectorySizeMb", 40960},
          {"fileVault2Enabled", profile.filevault_on},
          {"userAccountType", kind},
          {"passwordMinLength", 12},
          {"passwordMaxAge", 0},
          {"passwordMinComplexCharacters", 1},
          {"passwordHistoryDepth", 5},
          {"passwordRequireAlphanumeric", true}};
}

// JAMF: a network account has no record on the Mac, so the list is that of the others.
json::Array local_accounts(const Profile& profile) {
  switch (profile.account_kind) {
    case AccountKind::local:
      return {local_account(profile, profile.local_username, "LOCAL")};
    case AccountKind::mobile:
      return {local_account(profile, profile.local_username, "MOBILE")};
    case AccountKind::network:
      return {local_account(profile, "localadmin", "LOCAL")};
  }
  CHECK(false);
}

json::Array application_rows(const Profile& profile) {
  json::Array rows;
  rows.reserve(profile.applications.size());
  for (const auto& application : profile.applications) {
    rows.push_back(json::Object{{"name", application.name},
                                {"path", application.path},
                                {"version", application.version},
                                {"cfBundleShortVersionString", application.version},
                                {"cfBundleVersion", application.version},
                                {"macAppStore", application.from_app_store},
                                {"sizeMegabytes", application.size_megabytes},
                                {"bundleId", application.bundle_id},
                                {"updateAvailable", false},
                                {"externalVersionId", "0"}});
  }
  return rows;
}

}  // namespace

const InstalledApplication* Profile::find_application(std::string_view bundle_id) const {
  auto found = std::ranges::find(applications, bundle_id, &InstalledApplication::bundle_id);
  return found == applications.end() ? nullptr : &*found;
}

void Profile::install(const InstalledApplication& application) {
  std::erase_if(applications, [&](const InstalledApplication& one) { return one.bundle_id == application.bundle_id; });
  applications.push_back(application);
}

Profile make_profile(std::uint64_t seed, int number, const std::string& domain) {
  SeededEntropy entropy(seed * 1'000'003 + static_cast<std::uint64_t>(number));
  Profile profile;
  const Hardware& hardware = kHardware[entropy.below(kHardware.size())];
  std::string first = kFirstNames[entropy.below(kFirstNames.size())];
  std::string last = kLastNames[entropy.below(kLastNames.size())];
  profile.udid = text::upper(entropy.guid());
  profile.serial_number = serial_text(entropy);
  profile.model = hardware.model;
  profile.model_identifier = hardware.identifier;
  profile.processor_type = hardware.processor;
  profile.apple_silicon = hardware.apple_silicon;
  profile.total_ram_megabytes = hardware.ram_megabytes;
  profile.available_megabytes = static_cast<std::int64_t>(40'000 + entropy.below(300'000));
  profile.mac_address = mac_address_text(entropy);
  profile.ip_address = "10.20." + std::to_string(number / 250 % 250) + "." + std::to_string(1 + number % 250);
  profile.full_name = first + " " + last;
  profile.local_username = text::lower(first.substr(0, 1) + last);
  // The number keeps principal names apart when two people of the fleet share a name.
  profile.user_principal_name =
      text::lower(first) + "." + text::lower(last) + "." + std::to_string(number) + "@" + domain;
  profile.password = "Mac-" + entropy.token(9);
  profile.computer_name = first + "s-Mac-" + std::to_string(number);
  profile.applications = make_applications(entropy);
  return profile;
}

json::Object security_sections(const Profile& profile) {
  return {
      {"diskEncryption",
       json::Object{{"bootPartitionEncryptionDetails",
                     json::Object{{"partitionName", "Macintosh HD (Boot Partition)"},
                                  {"partitionFileVault2State", profile.filevault_on ? "ENCRYPTED" : "UNENCRYPTED"},
                                  {"partitionFileVault2Percent", profile.filevault_on ? 100 : 0}}},
                    {"individualRecoveryKeyValidityStatus", profile.filevault_on ? "VALID" : "NOT_APPLICABLE"},
                    {"institutionalRecoveryKeyPresent", false},
                    {"diskEncryptionConfigurationName", profile.filevault_on ? "Default" : ""},
                    {"fileVault2Enabled", profile.filevault_on},
                    {"fileVault2EnabledUserNames",
                     profile.filevault_on ? json::Array{json::Value(profile.local_username)} : json::Array{}},
                    {"fileVault2EligibilityMessage", "Eligible"}}},
      {"security",
       json::Object{{"sipStatus", profile.sip_enabled ? "ENABLED" : "DISABLED"},
                    {"gatekeeperStatus", profile.gatekeeper_on ? "APP_STORE_AND_IDENTIFIED_DEVELOPERS" : "DISABLED"},
                    {"xprotectVersion", "2194"},
                    {"autoLoginDisabled", true},
                    {"remoteDesktopEnabled", false},
                    {"activationLockEnabled", false},
                    {"recoveryLockEnabled", false},
                    {"firewallEnabled", profile.firewall_on},
                    {"secureBootLevel", "FULL_SECURITY"},
                    {"externalBootLevel", "DISALLOW_BOOTING_FROM_EXTERNAL_MEDIA"},
                    {"bootstrapTokenAllowed", profile.apple_silicon},
                    {"bootstrapTokenEscrowedStatus", profile.apple_silicon ? "ESCROWED" : "NOT_SUPPORTED"}}},
      {"operatingSystem", json::Object{{"name", "macOS"},
                                       {"version", profile.os_version},
                                       {"build", profile.os_build},
                                       {"supplementalBuildVersion", profile.os_build},
                                       {"rapidSecurityResponse", ""},
                                       {"activeDirectoryStatus", "Not Bound"},
                                       {"fileVault2Status", profile.filevault_on ? "ALL_ENCRYPTED" : "NOT_ENCRYPTED"},
                                       {"softwareUpdateDeviceId", profile.model_identifier}}},
  };
}

json::Object inventory_sections(const Profile& profile, Time now) {
  json::Object sections = security_sections(profile);
  sections["general"] = json::Object{{"name", profile.computer_name},
                                     {"lastIpAddress", profile.ip_address},
                                     {"lastReportedIpV4", profile.ip_address},
                                     {"jamfBinaryVersion", "11.10.1"},
                                     {"platform", "Mac"},
                                     {"supervised", true},
                                     {"mdmCapable", json::Object{{"capable", true}, {"capableUsers", json::Array{}}}},
                                     {"itunesStoreAccountActive", false},
                                     {"enrolledViaAutomatedDeviceEnrollment", true},
                                     {"userApprovedMdm", true},
                                     {"declarativeDeviceManagementEnabled", true},
                                     {"lastLoggedInUsernameBinary", profile.local_username},
                                     {"lastLoggedInUsernameBinaryTimestamp", to_iso8601(now)}};
  sections["hardware"] = json::Object{{"make", "Apple"},
                                      {"model", profile.model},
                                      {"modelIdentifier", profile.model_identifier},
                                      {"serialNumber", profile.serial_number},
                                      {"processorSpeedMhz", profile.apple_silicon ? 0 : 2300},
                                      {"processorCount", 1},
                                      {"coreCount", 8},
                                      {"processorType", profile.processor_type},
                                      {"processorArchitecture", profile.apple_silicon ? "arm64" : "x86_64"},
                                      {"networkAdapterType", "IEEE80211"},
                                      {"macAddress", profile.mac_address},
                                      {"totalRamMegabytes", profile.total_ram_megabytes},
                                      {"openRamSlots", 0},
                                      {"batteryCapacityPercent", 92},
                                      {"batteryHealth", "NORMAL"},
                                      {"bleCapable", true},
                                      {"supportsIosAppInstalls", profile.apple_silicon},
                                      {"appleSilicon", profile.apple_silicon}};
  sections["applications"] = application_rows(profile);
  sections["storage"] =
      json::Object{{"bootDriveAvailableSpaceMegabytes", profile.available_megabytes},
                   {"disks", json::Array{json::Object{{"id", "1"},
                                                      {"device", "disk0"},
                                                      {"model", "APPLE SSD AP0512Z"},
                                                      {"revision", "387.100."},
                                                      {"serialNumber", "0ba02" + text::lower(profile.serial_number)},
                                                      {"sizeMegabytes", profile.disk_megabytes + 5000},
                                                      {"smartStatus", "Verified"},
                                                      {"type", "NVMe"},
                                                      {"partitions", json::Array{partition(profile)}}}}}};
  sections["userAndLocation"] = json::Object{
      {"username", profile.local_username}, {"realname", profile.full_name}, {"email", profile.user_principal_name}};
  sections["localUserAccounts"] = local_accounts(profile);
  sections["services"] = json::Array{json::Object{{"name", "com.apple.mDNSResponder"}},
                                     json::Object{{"name", "com.jamf.management.daemon"}}};
  sections["packageReceipts"] =
      json::Object{{"installedByJamfPro", json::Array{"CompanyPortal-5.2406.0.pkg"}},
                   {"installedByInstallerSwu", json::Array{"com.apple.pkg.CLTools_Executables"}},
                   {"cached", json::Array{}}};
  return sections;
}

}  // namespace wardbridge::mac
