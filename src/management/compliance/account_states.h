// Where an account of a Mac stands on its way into the directory, in the words that administrators know from the
// extension attribute they use for it; and the one thing to do next.
//
//   for (const AccountState& account : accounts_of(tx, computer)) next_step(account)
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "management/compliance/compliance.h"

namespace wardbridge::compliance {

// JAMF: the states of the community's extension attribute.
enum class RegistrationState {
  not_registered = 0,           // no workplace join key
  key_without_preferences = 1,  // joined, and the management's own step never began
  key_without_id = 2,           // joined, key in the login keychain, ids not submitted
  enclave_without_id = 3,       // the same with the key in the Secure Enclave
  registered = 4,
};
const char* words_of(RegistrationState state);  // `WPJ Key Present. AAD ID not acquired`
std::optional<RegistrationState> registration_state_from(std::string_view words);

struct AccountState {
  std::string username;
  RegistrationState state = RegistrationState::not_registered;
  std::string device_id;  // in the directory; empty: none that is known
  std::string problem;    // of the last attempt, cause and remedy; empty: none
  Time told = kEpoch;     // when the Mac last spoke of it; kEpoch: never
};

// What a Mac says of one of its accounts. The ids that it submits are what counts; this tells the rest of the story.
// `missing_field`, `too_long`, `bad_device_id`. Audited where it changes anything.
Status tell_account_state(store::Transaction& tx, ComputerId computer, const AccountState& told, const audit::Actor& by,
                          Time now);
// Of every account that is registered or was told of, by name.
std::vector<AccountState> accounts_of(store::Transaction& tx, ComputerId computer);
// Empty: nothing.
std::string next_step(const AccountState& account);

void forget_account_states(store::Transaction& tx, ComputerId computer);

}  // namespace wardbridge::compliance
