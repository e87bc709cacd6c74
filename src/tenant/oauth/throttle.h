// How often somebody may guess. Wrong passwords, one-time codes and device codes are counted per account and per
// address they come from; too many stop further tries for a while.
//
// The owner of an account is not locked out by a stranger: an address or browser that the account was signed in from
// before is counted apart from all others.
#pragma once

#include <string>

#include "platform/store/store.h"
#include "tenant/directory/directory.h"

namespace wardbridge::oauth {

inline constexpr int kFailuresBeforeLock = 10;
// An address may be that of a whole office.
inline constexpr int kFailuresOfAnAddress = 100;
inline constexpr Duration kLockTime = minutes{1};
inline constexpr Duration kFamiliarTime = days{90};

// Who tries. `account` is what was typed, whether or not such a user exists.
struct Attempt {
  directory::TenantId tenant;
  std::string account;
  std::string address;
  std::string browser;  // its cookie's secret; may be empty
};

bool is_locked(store::Transaction& tx, const Attempt& attempt, Time now);
void count_failure(store::Transaction& tx, const Attempt& attempt, Time now);
// The place is familiar from now on, and its failures are forgotten.
void remember_success(store::Transaction& tx, const Attempt& attempt, Time now);

}  // namespace wardbridge::oauth
