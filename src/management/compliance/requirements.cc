#include "management/compliance/requirements.h"

#include "base/text.h"
#include "criteria/criteria.h"

namespace wardbridge::compliance {

LocalAccount local_account_of(const json::Value* local_user_accounts, std::string_view username) {
  const json::Array* accounts = local_user_accounts ? local_user_accounts->if_array() : nullptr;
  if (!accounts || accounts->empty()) return LocalAccount::not_reported;
  for (const json::Value& account : *accounts) {
    const json::Object* object = account.if_object();
    if (object && text::equal_ignoring_case(json::text_at(*object, "username").value_or(""), username)) {
      return LocalAccount::present;
    }
  }
  return LocalAccount::absent;
}

std::string os_version_of(const json::Value* operating_system) {
  if (operating_system == nullptr || !operating_system->is_object()) return {};
  return std::string(json::text_at(operating_system->get_object(), "version").value_or(""));
}

std::optional<Unmet> unmet_requirement(std::string_view os_version, LocalAccount account, std::string_view username) {
  auto order = os_version.empty() ? std::nullopt : criteria::compare_versions(os_version, kOldestSystem);
  if (order && *order < 0) {
    return Unmet{.reason = "system_too_old",
                 .message = "macOS " + std::string(os_version.substr(0, 40)) + " is older than " +
                            std::string(kOldestSystem) + ", the oldest that the integration works with",
                 .remedy = "update macOS, have the Mac send an inventory, and register again from Self Service"};
  }
  if (account == LocalAccount::absent) {
    std::string who = "`" + std::string(username.substr(0, 80)) + "`";
    return Unmet{.reason = "network_account",
                 .message = "the account " + who +
                            " is not among the local and mobile accounts that the Mac reported: network accounts are "
                            "not supported",
                 .remedy = "log in with a local or mobile account and register from Self Service; if " + who +
                           " is one and new, have the Mac send an inventory first"};
  }
  return std::nullopt;
}

}  // namespace wardbridge::compliance
