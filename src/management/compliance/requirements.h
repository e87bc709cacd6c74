// What the documents ask of a Mac and of an account before it may be registered: macOS 10.11 or later, and a local or
// mobile account, never a network one.
//
// Judged by stored inventory alone. What the inventory does not say yet refuses nobody and grants nothing: a verdict
// comes from the groups, and what is known to be wrong overrides it.
//
//   if (auto unmet = unmet_requirement("10.10.5", LocalAccount::present, "ann")) unmet->message, unmet->remedy
//
// Pure, but for local_account_of() and os_version_of(), which read a section.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "management/inventory/inventory.h"

namespace wardbridge::compliance {

// SPEC: seed 001 says 10.11 (the Jamf Pro guide); seeds 000 and 003 say 10.12 for the same integration. The lower one
// binds: a Mac that one of the documents admits is not turned away.
inline constexpr std::string_view kOldestSystem = "10.11";

// Whether the Mac's own list of accounts names one. JAMF: the list has local and mobile accounts; a network account has
// no record on the Mac, so it is the one that a list lacks.
enum class LocalAccount {
  not_reported = 0,  // no list has arrived yet
  present = 1,
  absent = 2,
};
// `local_user_accounts` is that section; nullptr or an empty list: none has arrived.
LocalAccount local_account_of(const json::Value* local_user_accounts, std::string_view username);
// Empty: not known.
std::string os_version_of(const json::Value* operating_system);

struct Unmet {
  std::string reason;   // `system_too_old`, `network_account`
  std::string message;  // what is wrong, for people
  std::string remedy;   // what to do
};
// Nothing: as far as is known, all is met.
std::optional<Unmet> unmet_requirement(std::string_view os_version, LocalAccount account, std::string_view username);

}  // namespace wardbridge::compliance
