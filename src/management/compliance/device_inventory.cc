#include "management/compliance/device_inventory.h"

#include <array>

#include "base/text.h"

namespace wardbridge::compliance {
namespace {

using inventory::Section;

constexpr std::array kSections = {Section::hardware, Section::operating_system, Section::security,
                                  Section::local_user_accounts, Section::user_and_location};

const json::Object* section_of(const inventory::Computer& computer, Section section) {
  const json::Value* value = computer.section(section);
  return value == nullptr ? nullptr : value->if_object();
}

void put_text(json::Object& to, const char* name, const json::Object* from, std::string_view member) {
  if (from == nullptr) return;
  if (auto text = json::text_at(*from, member); text && !text->empty()) to[name] = *text;
}

// As text with a unit, the way the vendor prints these.
void put_measure(json::Object& to, const char* name, const json::Object* from, std::string_view member,
                 std::string_view unit) {
  if (from == nullptr) return;
  if (auto number = json::integer_at(*from, member)) to[name] = std::to_string(*number) + std::string(unit);
}

void put_number(json::Object& to, const char* name, const json::Object* from, std::string_view member) {
  if (from == nullptr) return;
  if (auto number = json::integer_at(*from, member)) to[name] = *number;
}

const json::Object* account_of(const inventory::Computer& computer, std::string_view username) {
  const json::Value* accounts = computer.section(Section::local_user_accounts);
  const json::Array* list = accounts == nullptr ? nullptr : accounts->if_array();
  if (list == nullptr) return nullptr;
  for (const json::Value& account : *list) {
    const json::Object* object = account.if_object();
    if (object && json::text_at(*object, "username") == username) return object;
  }
  return nullptr;
}

// JAMF: jamf.md section 4.4 says which field feeds which attribute; microsoft.md section 2.5 has the names on the wire.
json::Object security_of(const inventory::Computer& computer, const json::Object* account) {
  json::Object told;
  const json::Object* system = section_of(computer, Section::operating_system);
  const json::Object* security = section_of(computer, Section::security);
  if (auto vault = system ? json::text_at(*system, "fileVault2Status") : std::nullopt) {
    told["Encrypted"] = *vault == "ALL_ENCRYPTED" || *vault == "BOOT_ENCRYPTED";
  }
  put_text(told, "Gatekeeper", security, "gatekeeperStatus");
  put_text(told, "SIP", security, "sipStatus");
  if (auto disabled = security ? json::bool_at(*security, "autoLoginDisabled") : std::nullopt) {
    told["PreventAutoLogin"] = *disabled;
  }
  put_measure(told, "PasswordExpirationDays", account, "passwordMaxAge", "");
  put_measure(told, "MinimumPasswordCharSets", account, "passwordMinComplexCharacters", "");
  put_measure(told, "PasscodeLength", account, "passwordMinLength", "");
  put_measure(told, "PasswordHistoryLength", account, "passwordHistoryDepth", "");
  auto alphanumeric = account ? json::bool_at(*account, "passwordRequireAlphanumeric") : std::nullopt;
  told["PasswordType"] = !alphanumeric ? "unknown" : *alphanumeric ? "alphanumeric" : "simple";
  return told;
}

}  // namespace

std::span<const inventory::Section> sections_of_inventory() { return kSections; }

bool is_worth_telling(const json::Object& held, const json::Object& wanted) {
  json::Object same = wanted;
  if (const json::Value* battery = json::find(held, "BatteryCapacity")) {
    same["BatteryCapacity"] = *battery;
  } else {
    same.erase("BatteryCapacity");
  }
  return !(same == held);
}

DeviceInventory device_inventory(const inventory::Computer& computer, std::string_view username,
                                 std::string_view user_principal_name, InventoryState state) {
  const json::Object* hardware = section_of(computer, Section::hardware);
  const json::Object* system = section_of(computer, Section::operating_system);
  json::Object about{{"JamfId", computer.id.value}, {"UDID", computer.udid}, {"SerialNumber", computer.serial_number},
                     {"Vendor", "Apple"},           {"Platform", "macOS"},   {"State", static_cast<int>(state)},
                     {"UPN", user_principal_name}};
  std::string_view domain = system ? json::text_at(*system, "activeDirectoryStatus").value_or("") : "";
  about["ADDomainJoined"] = domain.empty() || domain == "Not Bound" ? std::string_view("FALSE") : domain;
  put_text(about, "Model", hardware, "model");
  put_text(about, "ModelId", hardware, "modelIdentifier");
  put_text(about, "CPUArchitecture", hardware, "processorArchitecture");
  put_text(about, "CPUType", hardware, "processorType");
  put_text(about, "MACAddress", hardware, "macAddress");
  put_text(about, "MACAddress2", hardware, "altMacAddress");
  put_text(about, "NICSpeed", hardware, "nicSpeed");
  put_text(about, "SMCVersion", hardware, "smcVersion");
  put_text(about, "BootROM", hardware, "bootRom");
  put_measure(about, "CPUSpeed", hardware, "processorSpeedMhz", " MHz");
  put_measure(about, "BusSpeed", hardware, "busSpeedMhz", " MHz");
  put_measure(about, "CacheSize", hardware, "cacheSizeKilobytes", " KB");
  put_measure(about, "RAM", hardware, "totalRamMegabytes", " MB");
  put_measure(about, "BatteryCapacity", hardware, "batteryCapacityPercent", "%");
  put_number(about, "RAMOpenSlots", hardware, "openRamSlots");
  put_number(about, "CPUCount", hardware, "processorCount");
  put_number(about, "CPUCoreCount", hardware, "coreCount");
  return {.about = std::move(about), .security = security_of(computer, account_of(computer, username))};
}

}  // namespace wardbridge::compliance
