#include "support/fleet_generator.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "base/check.h"
#include "base/text.h"

namespace wardbridge::testing {
namespace {

using criteria::Criterion;
using inventory::Computer;
using inventory::Section;

struct Hardware {
  const char* model;
  const char* identifier;
  const char* processor;
  std::int64_t cores;
  std::int64_t ram_megabytes;
};
constexpr std::array<Hardware, 10> kHardware = {{
    {"MacBook Pro (14-inch, 2023)", "Mac14,9", "Apple M2 Pro", 10, 16384},
    {"MacBook Air (M2, 2022)", "Mac14,2", "Apple M2", 8, 8192},
    {"MacBook Pro (16-inch, Nov 2023)", "Mac15,11", "Apple M3 Max", 14, 36864},
    {"MacBook Air (15-inch, M3, 2024)", "Mac15,13", "Apple M3", 8, 16384},
    {"MacBook Pro (14-inch, M4, 2024)", "Mac16,1", "Apple M4", 10, 24576},
    {"iMac (24-inch, 2023)", "Mac15,5", "Apple M3", 8, 24576},
    {"Mac mini (2023)", "Mac14,3", "Apple M2", 8, 16384},
    {"Mac Studio (2023)", "Mac14,14", "Apple M2 Ultra", 24, 65536},
    {"MacBook Pro (13-inch, M1, 2020)", "MacBookPro17,1", "Apple M1", 8, 16384},
    {"MacBook Pro (16-inch, 2019)", "MacBookPro16,1", "Intel Core i9", 8, 32768},
}};
struct System {
  const char* version;
  const char* build;
};
constexpr std::array<System, 12> kSystems = {{{"12.7.6", "21H1320"},
                                              {"13.6.9", "22G830"},
                                              {"13.7.1", "22H221"},
                                              {"14.4.1", "23E224"},
                                              {"14.5", "23F79"},
                                              {"14.6.1", "23G93"},
                                              {"14.7.1", "23H222"},
                                              {"15.0.1", "24A348"},
                                              {"15.1", "24B83"},
                                              {"15.1.1", "24B91"},
                                              {"15.2", "24C101"},
                                              {"15.10", "24J10"}}};
constexpr std::array kFirstNames = {"Ada",   "Alan",  "Barbara", "Carol",  "Dennis", "Edith",  "Frances",
                                    "Grace", "Hedy",  "Ivan",    "Jean",   "Ken",    "Leslie", "Olga",
                                    "Peter", "Radia", "Sophie",  "Ursula", "Vint",   "Zoe"};
constexpr std::array kLastNames = {"Lovelace", "Turing", "Liskov", "Shaw",    "Ritchie", "Clarke", "Allen",
                                   "Hopper",   "Lamarr", "Bartik", "Lamport", "Wirth",   "Naur",   "Perlman",
                                   "Franklin", "Cerf",   "Diffie", "Wang",    "Easley",  "Jackson"};
constexpr std::array kPlaces = {"BER", "LON", "NYC", "SFO", "TYO", "SYD", "PAR", "MUC"};
constexpr std::array kPositions = {"Engineer",  "Designer", "Manager", "Analyst", "Counsel",
                                   "Recruiter", "Director", "Writer",  "Intern",  "Architect"};
constexpr std::array kVendors = {"Apple Business", "Bechtle", "CDW", "Insight", "SHI"};
constexpr std::array kAgentVersions = {"11.4.2", "11.8.0", "11.9.2", "11.10.1", "11.10.2"};
constexpr std::array kXprotect = {"2180", "2188", "2192", "2193", "2194", "5274"};
constexpr std::array kSubjects = {"Atlas", "Badge", "Cedar", "Delta",  "Ember", "Fjord", "Grove",  "Harbor",
                                  "Iris",  "Juno",  "Kite",  "Ledger", "Maple", "North", "Orchid", "Pixel"};
constexpr std::array kKinds = {"Assistant", "Board", "Central", "Desk", "Editor", "Monitor", "Notes", "Viewer"};
constexpr std::array kTeams = {"red", "green", "blue", "violet", "amber"};
constexpr std::array kCostCentres = {"CC-1000", "CC-1200", "CC-2100", "CC-3300", "CC-4100", "CC-9000"};

constexpr int kVersionsOfTitle = 6;

std::string moment(Time time) { return to_iso8601(time); }
std::string day_before(Draw& draw, int most_days) {
  return to_date(FleetGenerator::now() - days{draw.between(0, most_days)});
}
Time within(Draw& draw, days least, days most) {
  return FleetGenerator::now() + Duration{draw.between(Duration{least}.count(), Duration{most}.count())};
}
Time ago(Draw& draw, Duration most) { return FleetGenerator::now() - Duration{draw.between(0, most.count())}; }

std::string address(Draw& draw) {
  return "10." + std::to_string(draw.between(16, 31)) + "." + std::to_string(draw.below(250)) + "." +
         std::to_string(draw.between(1, 250));
}

std::string hex(std::uint64_t number, int digits) {
  std::array<char, 20> text{};
  std::snprintf(text.data(), text.size(), "%0*llX", digits, static_cast<unsigned long long>(number));
  return std::string(text.data()).substr(0, static_cast<std::size_t>(digits));
}

json::Object attribute(int id, const char* name, const char* type, std::string value) {
  return {{"definitionId", std::to_string(id)},
          {"name", name},
          {"dataType", type},
          {"values", json::Array{json::Value(std::move(value))}}};
}

// What the server knows by itself, and what the sections say.
struct Made {
  Computer computer;
  json::Object sections;
};

}  // namespace

std::uint64_t Draw::bits() {
  std::uint64_t z = state_ += 0x9E3779B97F4A7C15;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

Time FleetGenerator::now() { return parse_iso8601("2026-11-23T12:00:00Z").value(); }

FleetGenerator::FleetGenerator(Options options) : options_(options) {
  constexpr double kEntries = 65536;  // of `popular_`: what drawing by popularity is a look-up in
  auto count = static_cast<std::size_t>(options.titles);
  CHECK(options.most_applications * 4 <= options.titles * 3, "so many applications take ever so long to draw");
  double sum = 0;
  for (std::size_t title = 0; title < count; ++title) sum += 1.0 / static_cast<double>(title + 1);
  for (std::size_t title = 0; title < count; ++title) {
    titles_.push_back(std::string(kSubjects[title % kSubjects.size()]) + " " +
                      kKinds[title / kSubjects.size() % kKinds.size()] + " " + std::to_string(title));
    title_of_[titles_.back() + ".app"] = title;
    double share = kEntries / static_cast<double>(title + 1) / sum;
    popular_.insert(popular_.end(), static_cast<std::size_t>(std::ceil(share)), static_cast<std::uint32_t>(title));
  }
}

// A title's versions grow from old to new, and most Macs have one of the newest.
std::string FleetGenerator::version_of(std::size_t title, Draw& draw) const {
  std::uint64_t age = std::min(draw.below(kVersionsOfTitle), draw.below(kVersionsOfTitle));
  std::uint64_t step = kVersionsOfTitle - 1 - age;
  return std::to_string(1 + title * 7 % 23) + "." + std::to_string(title % 13 + step * 3) + "." +
         std::to_string(title * step % 10);
}

json::Array FleetGenerator::applications(Draw& draw) const {
  auto wanted = static_cast<std::size_t>(draw.between(options_.fewest_applications, options_.most_applications));
  std::vector<bool> taken(titles_.size());
  json::Array list;
  list.reserve(wanted);
  while (list.size() < wanted) {
    std::size_t title = draw.one_of(popular_);
    if (taken[title]) continue;
    taken[title] = true;
    std::string version = version_of(title, draw);
    list.push_back(json::Object{{"name", titles_[title] + ".app"},
                                {"path", "/Applications/" + titles_[title] + ".app"},
                                {"version", std::move(version)},
                                {"bundleId", "com.example.title" + std::to_string(title)}});
  }
  return list;
}

std::vector<groups::ExtensionAttribute> FleetGenerator::attributes() {
  using Type = groups::ExtensionAttribute::DataType;
  std::vector<groups::ExtensionAttribute> attributes;
  auto add = [&](const char* name, Type type) {
    attributes.push_back({.id = {static_cast<std::int64_t>(attributes.size()) + 1}, .name = name, .data_type = type});
  };
  add("Team", Type::string);
  add("Cost Centre", Type::string);
  add("Endpoint Agent", Type::string);
  add("Wi-Fi Network", Type::string);
  add("Crash Count", Type::integer);
  add("Login Items", Type::integer);
  add("Last Backup", Type::date);
  add("Password Expires", Type::date);
  return attributes;
}

namespace {

Made make(std::int64_t number, Draw& draw) {
  Made made;
  Computer& computer = made.computer;
  const Hardware& hardware = draw.one_of(kHardware);
  const System& system = kSystems[std::max(draw.below(kSystems.size()), draw.below(kSystems.size()))];
  bool silicon = std::string_view(hardware.processor).starts_with("Apple");
  bool encrypted = draw.percent(93);
  std::string place = draw.one_of(kPlaces);
  std::string first = draw.one_of(kFirstNames);
  std::string last = draw.one_of(kLastNames);
  std::string user = text::lower(first.substr(0, 1) + last) + std::to_string(number);
  std::string lan = address(draw);

  computer.id = {number};
  computer.udid = "4C4C4544-" + hex(draw.bits(), 4) + "-4000-8000-" + hex(static_cast<std::uint64_t>(number), 12);
  computer.serial_number = "C02" + hex(draw.bits(), 3) + hex(static_cast<std::uint64_t>(number), 6);
  computer.name = (draw.percent(4) ? "LAB-" : "MAC-") + place + "-" + std::to_string(number);
  computer.management_id = "5d5d5d5d-0000-4000-8000-" + text::lower(hex(static_cast<std::uint64_t>(number), 12));
  computer.managed = draw.percent(97);
  computer.last_check_in = ago(draw, draw.percent(90) ? hours{26} : days{45});
  computer.last_inventory_update = computer.last_check_in - Duration{draw.between(0, 86'400'000)};
  computer.last_enrolled = ago(draw, days{1200});
  computer.created = computer.last_enrolled;
  computer.revision = 1;

  json::Object& sections = made.sections;
  sections["general"] = json::Object{{"name", computer.name},
                                     {"lastIpAddress", lan},
                                     {"lastReportedIpV4", lan},
                                     {"jamfBinaryVersion", draw.one_of(kAgentVersions)},
                                     {"platform", "Mac"},
                                     {"barcode1", "B" + std::to_string(number)},
                                     {"assetTag", place + "-A" + std::to_string(number % 9973)},
                                     {"supervised", draw.percent(95)},
                                     {"mdmCapable", json::Object{{"capable", draw.percent(99)}}},
                                     {"mdmProfileExpiration", moment(within(draw, days{-5}, days{700}))},
                                     {"itunesStoreAccountActive", draw.percent(30)},
                                     {"enrolledViaAutomatedDeviceEnrollment", draw.percent(85)},
                                     {"userApprovedMdm", draw.percent(96)},
                                     {"declarativeDeviceManagementEnabled", draw.percent(80)},
                                     {"lastLoggedInUsernameBinary", user},
                                     {"lastLoggedInUsernameBinaryTimestamp", moment(ago(draw, days{20}))}};
  sections["hardware"] = json::Object{{"make", "Apple"},
                                      {"model", hardware.model},
                                      {"modelIdentifier", hardware.identifier},
                                      {"serialNumber", computer.serial_number},
                                      {"processorSpeedMhz", silicon ? 0 : 2300},
                                      {"processorCount", 1},
                                      {"coreCount", hardware.cores},
                                      {"processorType", hardware.processor},
                                      {"processorArchitecture", silicon ? "arm64" : "x86_64"},
                                      {"networkAdapterType", "IEEE80211"},
                                      {"macAddress", "3C:" + hex(draw.bits(), 2) + ":" + hex(draw.bits(), 2)},
                                      {"totalRamMegabytes", hardware.ram_megabytes},
                                      {"openRamSlots", 0},
                                      {"batteryCapacityPercent", draw.between(60, 100)},
                                      {"batteryHealth", draw.percent(94) ? "NORMAL" : "SERVICE_RECOMMENDED"},
                                      {"bleCapable", true},
                                      {"supportsIosAppInstalls", silicon},
                                      {"appleSilicon", silicon}};
  sections["operatingSystem"] = json::Object{{"name", "macOS"},
                                             {"version", system.version},
                                             {"build", system.build},
                                             {"activeDirectoryStatus", draw.percent(10) ? "corp.example" : "Not Bound"},
                                             {"fileVault2Status", encrypted ? "ALL_ENCRYPTED" : "NOT_ENCRYPTED"},
                                             {"softwareUpdateDeviceId", hardware.identifier}};
  sections["diskEncryption"] =
      json::Object{{"bootPartitionEncryptionDetails",
                    json::Object{{"partitionName", "Macintosh HD (Boot Partition)"},
                                 {"partitionFileVault2State", encrypted ? "ENCRYPTED" : "UNENCRYPTED"},
                                 {"partitionFileVault2Percent", encrypted ? 100 : 0}}},
                   {"individualRecoveryKeyValidityStatus", encrypted && draw.percent(95) ? "VALID" : "UNKNOWN"},
                   {"institutionalRecoveryKeyPresent", false},
                   {"diskEncryptionConfigurationName", encrypted ? "Default" : ""},
                   {"fileVault2Enabled", encrypted},
                   {"fileVault2EnabledUserNames", json::Array{json::Value(user)}},
                   {"fileVault2EligibilityMessage", "Eligible"}};
  sections["security"] =
      json::Object{{"sipStatus", draw.percent(98) ? "ENABLED" : "DISABLED"},
                   {"gatekeeperStatus", draw.percent(97) ? "APP_STORE_AND_IDENTIFIED_DEVELOPERS" : "DISABLED"},
                   {"xprotectVersion", draw.one_of(kXprotect)},
                   {"autoLoginDisabled", draw.percent(96)},
                   {"remoteDesktopEnabled", draw.percent(7)},
                   {"activationLockEnabled", draw.percent(15)},
                   {"recoveryLockEnabled", draw.percent(40)},
                   {"firewallEnabled", draw.percent(88)},
                   {"secureBootLevel", silicon ? "FULL_SECURITY" : "MEDIUM_SECURITY"},
                   {"externalBootLevel", "DISALLOW_BOOTING_FROM_EXTERNAL_MEDIA"},
                   {"bootstrapTokenAllowed", silicon},
                   {"bootstrapTokenEscrowedStatus", silicon ? "ESCROWED" : "NOT_SUPPORTED"}};
  std::int64_t free_megabytes = draw.between(2'000, 450'000);
  sections["storage"] =
      json::Object{{"bootDriveAvailableSpaceMegabytes", free_megabytes},
                   {"disks", json::Array{json::Object{{"device", "disk0"},
                                                      {"model", "APPLE SSD AP0512Z"},
                                                      {"sizeMegabytes", 500'277},
                                                      {"smartStatus", draw.percent(99) ? "Verified" : "Failing"},
                                                      {"type", "NVMe"}}}}};
  sections["userAndLocation"] = json::Object{{"username", user},
                                             {"realname", first + " " + last},
                                             {"email", user + "@" + text::lower(place) + ".contoso.example"},
                                             {"position", draw.one_of(kPositions)},
                                             {"phone", "+49 30 " + std::to_string(number)},
                                             {"departmentId", std::to_string(draw.between(1, 24))},
                                             {"buildingId", std::to_string(draw.between(1, 12))},
                                             {"room", std::to_string(draw.between(100, 499))}};
  if (draw.percent(90)) {
    sections["purchasing"] = json::Object{{"purchased", true},
                                          {"poNumber", "PO-" + std::to_string(draw.below(4000))},
                                          {"poDate", day_before(draw, 1500)},
                                          {"vendor", draw.one_of(kVendors)},
                                          {"warrantyDate", to_date(within(draw, days{-400}, days{700}))},
                                          {"lifeExpectancy", draw.between(3, 5)},
                                          {"purchasingContact", draw.one_of(kLastNames)}};
  }
  sections["localUserAccounts"] = json::Array{
      json::Object{{"uid", "501"}, {"username", user}, {"fullName", first + " " + last}, {"admin", draw.percent(30)}}};
  sections["services"] = json::Array{json::Object{{"name", "com.apple.mDNSResponder"}},
                                     json::Object{{"name", "com.jamf.management.daemon"}}};
  sections["configurationProfiles"] =
      json::Array{json::Object{{"displayName", "Wi-Fi " + place}, {"profileIdentifier", "example.wifi." + place}},
                  json::Object{{"displayName", "Restrictions"}, {"profileIdentifier", "example.restrictions"}}};
  sections["packageReceipts"] =
      json::Object{{"installedByJamfPro", json::Array{"CompanyPortal-5.2406.0.pkg"}},
                   {"installedByInstallerSwu", json::Array{"com.apple.pkg.CLTools_Executables"}}};
  sections["extensionAttributes"] = json::Array{
      attribute(1, "Team", "STRING", draw.one_of(kTeams)),
      attribute(2, "Cost Centre", "STRING", draw.one_of(kCostCentres)),
      attribute(3, "Endpoint Agent", "STRING", draw.percent(97) ? "running" : "stopped"),
      attribute(4, "Wi-Fi Network", "STRING", draw.percent(80) ? "contoso-corp" : "home-" + std::to_string(number)),
      attribute(5, "Crash Count", "INTEGER", std::to_string(draw.below(40))),
      attribute(6, "Login Items", "INTEGER", std::to_string(draw.below(12))),
      attribute(7, "Last Backup", "DATE_TIME", moment(ago(draw, days{60}))),
      attribute(8, "Password Expires", "DATE_TIME", moment(within(draw, days{-10}, days{90})))};
  return made;
}

}  // namespace

Computer FleetGenerator::computer(std::int64_t number) const {
  Draw draw(options_.seed * 1'000'003 + static_cast<std::uint64_t>(number));
  Made made = make(number, draw);
  made.sections["applications"] = applications(draw);
  for (auto& member : made.sections) {
    auto section = inventory::section_from_member_name(member.key());
    CHECK(section.has_value(), std::string(member.key()));
    made.computer.sections.emplace(*section, std::move(member.value()));
  }
  return std::move(made.computer);
}

json::Object FleetGenerator::record(std::int64_t number) const {
  Computer computer = this->computer(number);
  json::Object record{{"udid", computer.udid}};
  for (auto& [section, value] : computer.sections) record[inventory::member_name(section)] = std::move(value);
  json::Object& general = record["general"].as_object();
  general["remoteManagement"] = json::Object{{"managed", computer.managed}};
  general["reportDate"] = moment(computer.last_inventory_update);
  general["lastCheckIn"] = moment(computer.last_check_in);
  general["lastContact"] = moment(computer.last_check_in);
  general["lastEnrolledDate"] = moment(computer.last_enrolled);
  general["managementId"] = computer.management_id;
  return record;
}

// --- Groups

namespace {

struct Candidate {
  const char* name;
  std::vector<const char*> operators;
  std::vector<std::string> values;
  bool stays = true;  // a check-in leaves it alone
};

std::vector<std::string> as_texts(const auto& list) { return {list.begin(), list.end()}; }
std::vector<std::string> counting(std::int64_t from, std::int64_t to, std::int64_t step) {
  std::vector<std::string> numbers;
  for (std::int64_t number = from; number <= to; number += step) numbers.push_back(std::to_string(number));
  return numbers;
}
template <class Member>
std::vector<std::string> of_hardware(Member member) {
  std::vector<std::string> texts;
  for (const Hardware& hardware : kHardware) texts.emplace_back(hardware.*member);
  return texts;
}

const std::vector<Candidate>& candidates() {
  static const std::vector<const char*> order = {"greater than", "greater than or equal", "less than",
                                                 "less than or equal", "is"};
  static const std::vector<const char*> number = {"more than", "less than"};
  static const std::vector<const char*> same = {"is", "is not"};
  static const std::vector<std::string> system_versions = {"13.7",   "14.0",   "14.4.1", "14.5", "14.6",
                                                           "14.6.1", "14.7.1", "14.10",  "15.0", "15.0.1",
                                                           "15.1",   "15.1.1", "15.2",   "15.10"};
  static const std::vector<std::string> system_builds = {"23E224", "23F79", "23G93", "23H222",
                                                         "24A348", "24B83", "24C101"};
  static const std::vector<Candidate> list = {
      {"Operating System Version", order, system_versions, false},
      {"Operating System Version", order, system_versions, false},
      {"Operating System Build", {"is", "is not", "like"}, system_builds, false},
      {"Boot Drive Available MB", number, counting(5'000, 200'000, 2'500), false},
      {"Boot Drive Available MB", number, counting(5'000, 200'000, 2'500), false},
      {"IP Address", {"like", "matches regex"}, {"10.16.", "10.17.", "10.20.", "10.3"}, false},
      {"Battery Capacity", number, counting(65, 95, 5), false},
      {"Model", {"is", "is not"}, of_hardware(&Hardware::model)},
      {"Model", {"like", "not like"}, {"MacBook", "MacBook Air", "Pro", "iMac", "mini", "2023", "M3"}},
      {"Model Identifier", {"is", "is not"}, of_hardware(&Hardware::identifier)},
      {"Model Identifier", {"matches regex"}, {"^Mac1[45],", "^MacBookPro", "^Mac14,[0-9]$"}},
      {"Processor Type", {"is", "is not"}, of_hardware(&Hardware::processor)},
      {"Processor Type", {"like"}, {"Apple", "Intel", "Max", "Ultra"}},
      {"Architecture Type", same, {"arm64", "x86_64"}},
      {"Apple Silicon", same, {"Yes", "No"}},
      {"Total RAM MB", number, {"8191", "16383", "16384", "32767", "32768"}},
      {"Total Number of Cores", number, {"8", "9", "10", "12"}},
      {"Battery Health", same, {"Normal", "Service Recommended"}},
      {"Computer Name", {"like", "not like"}, as_texts(kPlaces)},
      {"Computer Name", {"matches regex", "does not match regex"}, {"^LAB-", "^MAC-(BER|MUC)-", "-[0-9]*7$"}},
      {"Serial Number", {"like"}, {"C02A", "C02F", "7F", "01"}},
      {"Asset Tag", {"like", "matches regex"}, {"BER-A1", "LON-A", "-A77", "A9"}},
      {"Username", {"like"}, {"aturing", "ghopper", "lovelace", "wirth1"}},
      {"Email Address", {"like", "not like"}, {"@ber.", "@lon.", "@nyc.", "@sfo."}},
      {"Position", same, as_texts(kPositions)},
      {"Building", same, counting(1, 12, 1)},
      {"Department", same, counting(1, 24, 1)},
      {"Room", {"is", "like"}, {"101", "2", "33", "404"}},
      {"Vendor", same, as_texts(kVendors)},
      {"PO Number", {"is", "like"}, {"PO-1000", "PO-2", "PO-37"}},
      {"Life Expectancy", number, {"3", "4"}},
      {"JAMF Binary Version", order, as_texts(kAgentVersions)},
      {"XProtect Definitions Version", order, as_texts(kXprotect)},
      {"Managed", {"is"}, {"Managed"}},
      {"Supervised", same, {"Supervised"}},
      {"User Approved MDM", same, {"Yes"}},
      {"Enrolled via Automated Device Enrollment", same, {"Yes", "No"}},
      {"iTunes Store Account", {"is"}, {"Yes", "No"}},
      {"Active Directory Status", same, {"Not Bound", "corp.example"}},
      {"FileVault 2 Status", same, {"All Partitions Encrypted", "Not Encrypted"}},
      {"FileVault 2 Enabled", {"is"}, {"Yes", "No"}},
      {"FileVault 2 Partition Encryption State", same, {"Encrypted", "Not Encrypted"}},
      {"FileVault 2 Individual Key Validation", same, {"Valid", "Unknown"}},
      {"System Integrity Protection", same, {"Enabled", "Disabled"}},
      {"Gatekeeper", same, {"App Store and identified developers", "Off"}},
      {"Firewall Enabled", same, {"Enabled", "Not Enabled"}},
      {"Disable Automatic Login", {"is"}, {"Yes", "No"}},
      {"Remote Desktop Enabled", {"is"}, {"On", "Off"}},
      {"Activation Lock Enabled", {"is"}, {"Enabled", "Disabled"}},
      {"Recovery Lock Enabled", {"is"}, {"Enabled", "Disabled"}},
      {"Secure Boot Level", same, {"Full Security", "Medium Security"}},
      {"Bootstrap Token Escrowed", same, {"Yes", "Not Supported"}},
      {"Last Enrollment", {"before (yyyy-mm-dd)", "after (yyyy-mm-dd)"}, {"2024-01-01", "2025-06-30", "2026-03-01"}},
      {"PO Date", {"before (yyyy-mm-dd)", "after (yyyy-mm-dd)"}, {"2023-12-31", "2025-01-01", "2026-01-01"}},
      {"Team", {"is", "is not", "like"}, as_texts(kTeams)},
      {"Cost Centre", {"is", "is not", "like"}, as_texts(kCostCentres)},
      {"Endpoint Agent", same, {"running", "stopped"}},
      {"Wi-Fi Network", {"is", "not like"}, {"contoso-corp", "home-"}},
      {"Crash Count", number, counting(0, 35, 5)},
      {"Login Items", number, counting(1, 9, 2)},
  };
  return list;
}

const std::vector<Candidate>& timed_candidates() {
  static const std::vector<const char*> past = {"more than x days ago", "less than x days ago"};
  static const std::vector<const char*> future = {"in less than x days", "in more than x days"};
  static const std::vector<Candidate> list = {
      {"Last Check-in", past, {"1", "2", "3", "7", "14", "30"}, false},
      {"Last Inventory Update", past, {"1", "2", "3", "7", "14", "30"}, false},
      {"User Last Logged in - Computer timestamp", past, {"2", "7", "14"}, false},
      {"Last Enrollment", past, {"30", "90", "365", "730"}},
      {"PO Date", past, {"365", "730", "1095"}},
      {"MDM Profile Expiration Date", future, {"14", "30", "90", "180"}},
      {"Warranty Expiration", future, {"30", "90", "365"}},
      {"Last Backup", past, {"3", "7", "30"}},
      {"Password Expires", future, {"7", "14", "30"}},
  };
  return list;
}

Criterion made_of(const Candidate& candidate, Draw& draw) {
  return {.name = candidate.name,
          .and_or = draw.percent(75) ? "and" : "or",
          .search_type = draw.one_of(candidate.operators),
          .value = draw.one_of(candidate.values)};
}

Criterion one_of(const std::vector<Candidate>& list, Draw& draw, FleetGenerator::About about) {
  for (;;) {
    const Candidate& candidate = draw.one_of(list);
    if (about == FleetGenerator::About::everything || candidate.stays) return made_of(candidate, draw);
  }
}

// Puts one pair of parentheses around some neighbours.
void parenthesise(std::vector<Criterion>& criteria, Draw& draw) {
  std::size_t first = draw.below(criteria.size() - 1);
  std::size_t last = first + 1 + draw.below(criteria.size() - 1 - first);
  criteria[first].opening_paren = true;
  criteria[last].closing_paren = true;
}

}  // namespace

Criterion FleetGenerator::about_applications(Draw& draw, About about) const {
  std::size_t title = draw.percent(70) ? draw.one_of(popular_) : draw.below(titles_.size());
  Criterion criterion{.name = "Application Title", .and_or = draw.percent(75) ? "and" : "or"};
  std::uint64_t kind = draw.below(about == About::what_stays ? 7 : 10);
  if (kind < 4) {
    static constexpr std::array operators = {"is", "is", "has", "is not", "does not have"};
    criterion.search_type = draw.one_of(operators);
    criterion.value = titles_[title] + ".app";
  } else if (kind < 5) {
    criterion.search_type = draw.percent(70) ? "like" : "not like";
    criterion.value = titles_[title].substr(0, titles_[title].rfind(' '));
  } else if (kind < 7) {
    criterion.name = "Application Bundle ID";
    criterion.search_type = draw.percent(60) ? "is" : "is not";
    criterion.value = "com.example.title" + std::to_string(title);
  } else {
    static constexpr std::array operators = {"greater than", "greater than or equal", "less than", "is", "is not",
                                             "like"};
    criterion.name = "Application Version";
    criterion.search_type = draw.one_of(operators);
    criterion.value = version_of(title, draw);
  }
  return criterion;
}

Criterion FleetGenerator::criterion(Draw& draw, About about) const {
  return draw.percent(21) ? about_applications(draw, about) : one_of(candidates(), draw, about);
}

std::vector<groups::SmartComputerGroup> FleetGenerator::groups(int count, About about, int first) const {
  std::vector<groups::SmartComputerGroup> groups;
  Draw draw(options_.seed * 31 + static_cast<std::uint64_t>(first));
  std::vector<std::string> plain;  // that name no other group
  for (int number = first; number < first + count; ++number) {
    groups::SmartComputerGroup group;
    group.id = {number};
    group.platform_id = "0e1b2c3d-0000-4000-8000-" + text::lower(hex(static_cast<std::uint64_t>(number), 12));
    group.name = "Group " + std::to_string(number);
    bool nested = draw.percent(10) && !plain.empty();
    bool timed = draw.percent(20);
    // 1 to 8 with the one that names a group, three on average.
    std::uint64_t size = 1 + std::min(draw.below(8), draw.below(8));
    if (nested) size = std::min<std::uint64_t>(size, 7);
    for (std::uint64_t i = 0; i < size; ++i) group.criteria.push_back(criterion(draw, about));
    if (timed) group.criteria[draw.below(size)] = one_of(timed_candidates(), draw, about);
    if (nested) {
      group.criteria.push_back({.name = "Computer Group",
                                .and_or = draw.percent(75) ? "and" : "or",
                                .search_type = draw.percent(60) ? "member of" : "not member of",
                                .value = draw.one_of(plain)});
    } else {
      plain.push_back(group.name);
    }
    if (group.criteria.size() > 2 && draw.percent(60)) parenthesise(group.criteria, draw);
    for (std::size_t i = 0; i < group.criteria.size(); ++i) group.criteria[i].priority = static_cast<std::int64_t>(i);
    groups.push_back(std::move(group));
  }
  return groups;
}

// --- A working day

std::vector<Section> FleetGenerator::check_in(Computer& computer, Draw& draw, Time now) const {
  std::vector<Section> changed;
  auto object = [&](Section section) -> json::Object& {
    if (std::ranges::find(changed, section) == changed.end()) changed.push_back(section);
    return computer.sections.at(section).as_object();
  };
  computer.last_check_in = now;
  computer.last_inventory_update = now;
  ++computer.revision;

  json::Value& free_space = object(Section::storage)["bootDriveAvailableSpaceMegabytes"];
  free_space = std::clamp<std::int64_t>(free_space.as_int64() + draw.between(1, 2'000) * (draw.percent(50) ? 1 : -1),
                                        500, 490'000);
  if (draw.percent(40)) {
    json::Object& general = object(Section::general);
    general["lastLoggedInUsernameBinaryTimestamp"] = moment(now);
    if (draw.percent(60)) general["lastIpAddress"] = general["lastReportedIpV4"] = address(draw);
  }
  if (draw.percent(30)) object(Section::hardware)["batteryCapacityPercent"] = draw.between(60, 100);
  if (draw.percent(3)) {
    const System& system = draw.one_of(kSystems);
    json::Object& operating_system = object(Section::operating_system);
    operating_system["version"] = system.version;
    operating_system["build"] = system.build;
  }
  if (draw.percent(40)) {  // 1.65 rows on average
    json::Array& list = computer.sections.at(Section::applications).as_array();
    changed.push_back(Section::applications);
    std::uint64_t rows = draw.percent(65) ? 1 : 2 + draw.below(3);
    for (std::uint64_t i = 0; i < rows; ++i) {
      json::Object& application = list[draw.below(list.size())].as_object();
      auto title = title_of_.find(std::string(application["name"].as_string()));
      CHECK(title != title_of_.end(), "a title of another fleet");
      application["version"] = version_of(title->second, draw);
    }
  }
  return changed;
}

}  // namespace wardbridge::testing
