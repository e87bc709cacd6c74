#include "management/compliance/account_states.h"

#include <algorithm>

#include "base/text.h"

namespace wardbridge::compliance {
namespace {

constexpr std::size_t kNameBytes = 255;
constexpr std::size_t kProblemBytes = 4000;

constexpr RegistrationState kAllStates[] = {
    RegistrationState::not_registered, RegistrationState::key_without_preferences, RegistrationState::key_without_id,
    RegistrationState::enclave_without_id, RegistrationState::registered};

std::vector<AccountState> told_states(store::Transaction& tx, ComputerId computer) {
  std::vector<AccountState> found;
  for (const auto& row : tx.query("SELECT username, state, device_id, problem, told FROM compliance_account"
                                  " WHERE computer_id = ? ORDER BY username",
                                  {computer.value})) {
    found.push_back({.username = row.text(0),
                     .state = static_cast<RegistrationState>(row.integer(1)),
                     .device_id = row.text(2),
                     .problem = row.text(3),
                     .told = row.time(4)});
  }
  return found;
}

// The ids that arrived are believed over what was said before, and what is said later over them.
AccountState merged(const Registration& registration, const AccountState* told) {
  AccountState account{
      .username = registration.username, .state = RegistrationState::registered, .device_id = registration.device_id};
  if (told) account.told = told->told;
  if (told && told->told > registration.registered && told->state != RegistrationState::registered) {
    account.state = told->state;
    account.problem = told->problem;
  }
  if (registration.deactivated != kEpoch && account.state == RegistrationState::registered) {
    account.state = RegistrationState::key_without_id;
    account.problem = "the sign-in to the directory failed on " + to_iso8601(registration.deactivated, false);
  }
  return account;
}

}  // namespace

const char* words_of(RegistrationState state) {
  switch (state) {
    case RegistrationState::not_registered:
      return "Not Registered";
    case RegistrationState::key_without_preferences:
      return "WPJ Key present, JamfAAD PLIST missing";
    case RegistrationState::key_without_id:
      return "WPJ Key Present. AAD ID not acquired";
    case RegistrationState::enclave_without_id:
      return "WPJ Key is in Secure Enclave, but AAD ID not acquired";
    case RegistrationState::registered:
      return "Registered";
  }
  CHECK(false);
}

std::optional<RegistrationState> registration_state_from(std::string_view words) {
  for (RegistrationState state : kAllStates) {
    if (text::equal_ignoring_case(words, words_of(state))) return state;
  }
  return std::nullopt;
}

Status tell_account_state(store::Transaction& tx, ComputerId computer, const AccountState& told, const audit::Actor& by,
                          Time now) {
  if (text::trim(told.username).empty() || told.username.size() > kNameBytes) {
    return invalid("missing_field", "`username` of 1 to 255 bytes is required", "username");
  }
  if (told.problem.size() > kProblemBytes) {
    return invalid("too_long", "`problem` has more than 4000 bytes", "problem");
  }
  if (!told.device_id.empty() && !text::is_guid(told.device_id)) {
    return invalid("bad_device_id", "`deviceId` must be a GUID", "deviceId");
  }
  std::string device_id = text::lower(told.device_id);
  auto before = told_states(tx, computer);
  auto known = std::ranges::find(before, told.username, &AccountState::username);
  bool same = known != before.end() && known->state == told.state && known->device_id == device_id &&
              known->problem == told.problem;
  tx.execute(
      "INSERT INTO compliance_account (computer_id, username, state, device_id, problem, told)"
      " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (computer_id, username) DO UPDATE SET state = excluded.state,"
      " device_id = excluded.device_id, problem = excluded.problem, told = excluded.told",
      {computer.value, told.username, static_cast<std::int64_t>(told.state), device_id, told.problem, now});
  if (same) return done();
  audit::record(tx, {.time = now,
                     .actor = by,
                     .action = "update",
                     .object_type = "Computer",
                     .object_id = std::to_string(computer.value),
                     .object_name = told.username,
                     .details = {{"registrationState", words_of(told.state)}, {"deviceId", device_id}}});
  return done();
}

std::vector<AccountState> accounts_of(store::Transaction& tx, ComputerId computer) {
  auto told = told_states(tx, computer);
  std::vector<AccountState> accounts;
  for (const Registration& registration : registrations_of(tx, computer)) {
    auto known = std::ranges::find(told, registration.username, &AccountState::username);
    accounts.push_back(merged(registration, known == told.end() ? nullptr : &*known));
    if (known != told.end()) told.erase(known);
  }
  for (AccountState& account : told) {
    // A Mac that takes itself for registered, and whose ids never came or went with its record.
    if (account.state == RegistrationState::registered) account.state = RegistrationState::key_without_id;
    accounts.push_back(std::move(account));
  }
  std::ranges::sort(accounts, {}, &AccountState::username);
  return accounts;
}

std::string next_step(const AccountState& account) {
  std::string who = "`" + account.username + "`";
  std::string last = account.problem.empty() ? "" : " The last attempt: " + account.problem + ".";
  switch (account.state) {
    case RegistrationState::registered:
      return "";
    case RegistrationState::not_registered:
      return "Register the Mac: " + who + " runs the registration item in Self Service (not Company Portal by hand)." +
             last;
    case RegistrationState::key_without_preferences:
    case RegistrationState::key_without_id:
    case RegistrationState::enclave_without_id:
      break;
  }
  std::string shell = account.device_id.empty()
                          ? "The directory may hold an empty record of this Mac"
                          : "The directory holds an empty record of this Mac, device " + account.device_id;
  return shell + ": the Mac joined, and its ids were not submitted. As " + who +
         ", run `/usr/local/jamf/bin/jamfaad gatherAADInfo`: `AAD ID acquired for macOS user " + account.username +
         "` means that all is well; if it asks to sign in, sign in; if that fails, remove what is left on the Mac "
         "(clean-up list) and register again from Self Service." +
         last;
}

void forget_account_states(store::Transaction& tx, ComputerId computer) {
  tx.execute("DELETE FROM compliance_account WHERE computer_id = ?", {computer.value});
}

}  // namespace wardbridge::compliance
