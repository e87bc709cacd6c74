// What a simulated Mac is: hardware, system, security state, applications, its user. Made up from a seed, so that the
// same number always gives the same Mac; changed by the stories that are played with it (FileVault turned on, ...).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/time.h"

namespace wardbridge::mac {

inline constexpr const char* kCompanyPortalBundleId = "com.microsoft.CompanyPortalMac";
inline constexpr const char* kCompanyPortalVersion = "5.2406.0";

struct InstalledApplication {
  std::string name;  // `Safari.app`
  std::string path;
  std::string version;
  std::string bundle_id;
  std::int64_t size_megabytes = 0;
  bool from_app_store = false;
};

// JAMF: network accounts are not supported by the integration.
enum class AccountKind { local, mobile, network };
// Where the key of the workplace join lives. Each application that uses one in the login keychain is asked about once.
enum class KeyStorage { secure_enclave, login_keychain };
// What the person answers when an application asks for the key `Microsoft Workplace Join Key`.
enum class KeychainAnswer { always_allow, deny };

struct Profile {
  std::string udid;  // upper case
  std::string serial_number;
  std::string computer_name;
  std::string model;             // `MacBook Pro (14-inch, 2023)`
  std::string model_identifier;  // `Mac14,9`
  std::string processor_type;
  bool apple_silicon = true;
  std::int64_t total_ram_megabytes = 16384;
  std::int64_t disk_megabytes = 494384;
  std::int64_t available_megabytes = 200000;
  std::string mac_address;
  std::string os_version = "14.6.1";
  std::string os_build = "23G93";
  std::string ip_address;

  bool filevault_on = true;
  bool sip_enabled = true;
  bool firewall_on = true;
  bool gatekeeper_on = true;

  std::string local_username;
  std::string full_name;
  std::string user_principal_name;  // in the tenant
  std::string password;             // in the tenant
  AccountKind account_kind = AccountKind::local;
  KeyStorage key_storage = KeyStorage::secure_enclave;
  KeychainAnswer keychain_answer = KeychainAnswer::always_allow;

  std::vector<InstalledApplication> applications;

  const InstalledApplication* find_application(std::string_view bundle_id) const;  // nullptr: not installed
  // Installs it, or another version of it.
  void install(const InstalledApplication& application);
};

// The `number`th Mac of a fleet: user `user_principal_name` at `domain`.
Profile make_profile(std::uint64_t seed, int number, const std::string& domain);

// The sections of a whole inventory report, in the Jamf Pro API's v4 shape: `{"general":{..},"hardware":{..},...}`.
json::Object inventory_sections(const Profile& profile, Time now);
// Only those that describe security and encryption: a small partial report.
json::Object security_sections(const Profile& profile);

}  // namespace wardbridge::mac
