// Device codes: a sign-in that a device without a browser asked for, and that a person finishes elsewhere.
// SPEC: RFC 8628.
#pragma once

#include <optional>
#include <string>

#include "platform/entropy/entropy.h"
#include "platform/store/store.h"
#include "tenant/oauth/authorization_request.h"
#include "tenant/oauth/person.h"

namespace wardbridge::oauth {

inline constexpr Duration kDeviceCodeLifetime = minutes{15};
inline constexpr seconds kPollInterval{5};

enum class DeviceCodeState { pending, approved, declined, redeemed };

struct DeviceCode {
  directory::TenantId tenant;
  AuthorizationRequest request;
  std::string requester;  // the address that the device asked from
  DeviceCodeState state = DeviceCodeState::pending;
  Person person;  // once approved
  Time created = kEpoch;
  Time expires = kEpoch;
};

// SPEC: RFC 8628 section 6.1: consonants only, so that no words come out. 34 bits, shown as `BCDF-GHJK`.
std::string make_user_code(Entropy& entropy);
// As typed: without case, spaces and dashes.
std::string normal_user_code(std::string_view typed);

void add_device_code(store::Transaction& tx, const std::string& device_code, const std::string& user_code,
                     const DeviceCode& code);
// Of a person who typed it: only pending ones that have not expired.
struct FoundDeviceCode {
  std::string hash;  // names it in decide_device_code
  DeviceCode code;
};
std::optional<FoundDeviceCode> find_device_code_by_user_code(store::Transaction& tx, const directory::TenantId& tenant,
                                                             std::string_view user_code, Time now);
std::optional<DeviceCode> find_device_code_by_hash(store::Transaction& tx, const directory::TenantId& tenant,
                                                   const std::string& hash, Time now);
// False when it was decided before. A `person` approves, nobody declines.
bool decide_device_code(store::Transaction& tx, const std::string& hash, const std::optional<Person>& person);

enum class Poll { unknown, expired, too_fast, pending, declined, approved, redeemed };
struct PollAnswer {
  Poll poll = Poll::unknown;
  DeviceCode code;
};
// One poll of the device. An approved code is redeemed by it, once.
PollAnswer poll_device_code(store::Transaction& tx, const directory::TenantId& tenant, const directory::AppId& client,
                            const std::string& device_code, Time now);
std::optional<directory::TenantId> tenant_of_device_code(store::Transaction& tx, const std::string& device_code);

}  // namespace wardbridge::oauth
