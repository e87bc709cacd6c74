#include <algorithm>

#include "management/accounts/accounts.h"

namespace wardbridge::accounts {
namespace {

// JAMF: a privilege is "<Create|Read|Update|Delete> <noun>"; settings have Read and Update only.
constexpr const char* kObjects[] = {
    "API Integrations",
    "API Roles",
    "Accounts",
    "Buildings",
    "Categories",
    "Computer Extension Attributes",
    "Computers",
    "Departments",
    "Mac Applications",
    "Policies",
    "Scripts",
    "Sites",
    "Smart Computer Groups",
    "Static Computer Groups",
    "Webhooks",
};
constexpr const char* kSettings[] = {
    "Change Management",  "Computer Check-In", "Computer Inventory Collection Settings",
    "Conditional Access", "JSS URL",           "Self Service",
};
constexpr const char* kActions[] = {
    "Dismiss Notifications",
    "Flush Policy Logs",
    "Read Device Compliance Information",
    "Send Computer Remote Wipe Command",
    "Send Computer Unmanage Command",
    "View Disk Encryption Recovery Key",
    "View Event Logs",
};

std::vector<std::string> all_privileges() {
  std::vector<std::string> names;
  for (const char* noun : kObjects) {
    for (const char* verb : {"Create ", "Read ", "Update ", "Delete "}) names.push_back(std::string(verb) + noun);
  }
  for (const char* noun : kSettings) {
    for (const char* verb : {"Read ", "Update "}) names.push_back(std::string(verb) + noun);
  }
  for (const char* action : kActions) names.emplace_back(action);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

const std::vector<std::string>& known_privileges() {
  static const auto* names = new std::vector<std::string>(all_privileges());
  return *names;
}

const char* wire_name(PrivilegeSet set) {
  switch (set) {
    case PrivilegeSet::administrator:
      return "ADMINISTRATOR";
    case PrivilegeSet::auditor:
      return "AUDITOR";
    case PrivilegeSet::custom:
      return "CUSTOM";
  }
  CHECK(false);
}

}  // namespace wardbridge::accounts
