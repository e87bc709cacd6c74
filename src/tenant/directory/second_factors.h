// What a person proves besides the password: one generator of time-based one-time passwords, and recovery codes for the
// day when it is lost. The generator's secret comes sealed and is only kept here; codes are kept as hashes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tenant/directory/directory.h"

namespace wardbridge::directory {

struct SecondFactor {
  std::string sealed_secret;
  std::int64_t last_step = 0;  // RFC 6238's T of the last code that was accepted
  Time created = kEpoch;
};
std::optional<SecondFactor> find_second_factor(store::Transaction& tx, const TenantId& tenant, const ObjectId& user);
// Replaces what was there, recovery codes included.
Status set_second_factor(store::Transaction& tx, const TenantId& tenant, const ObjectId& user,
                         const SecondFactor& factor, const std::vector<std::string>& recovery_code_hashes,
                         const audit::Actor& by, Time now);
// For the person who lost it: the next sign-in that needs a second factor enrols a new one. Fails with `no_factor`.
Status remove_second_factor(store::Transaction& tx, const TenantId& tenant, const ObjectId& user,
                            const audit::Actor& by, Time now);
// SPEC: RFC 6238 section 5.2: a code is accepted once. False when this step or a later one was used before.
bool use_step(store::Transaction& tx, const TenantId& tenant, const ObjectId& user, std::int64_t step);
// False when there is no such code (any more).
bool use_recovery_code(store::Transaction& tx, const TenantId& tenant, const ObjectId& user,
                       const std::string& code_hash, const audit::Actor& by, Time now);

}  // namespace wardbridge::directory
