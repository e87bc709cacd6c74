// PKeyAuth: how a device proves at sign-in that it holds the key of its certificate.
// ENTRA: challenge `WWW-Authenticate: PKeyAuth nonce="..", Context="..", ..`, answer `Authorization: PKeyAuth
// AuthToken="<JWT with x5c>", Context="..", Version="1.0"`; without AuthToken, the client has no device.
#pragma once

#include <optional>
#include <string>

#include "platform/http/http.h"
#include "tenant/registration/registration.h"

namespace wardbridge::oauth {

// Whether the client says that it can answer a challenge.
bool can_prove_device(const http::Request& request);

struct DeviceChallenge {
  directory::TenantId tenant;
  std::string nonce;
  std::string context;
  std::string submit_url;
};
http::Response challenge_response(const DeviceChallenge& challenge);

struct DeviceAnswer {
  std::string context;
  std::optional<std::string> token;
};
Result<DeviceAnswer> read_answer(const http::Request& request);

// The proven device. Fails with `device_authentication_failed`, `device_disabled`, and the failures of
// DeviceCertificates::holder(). That the nonce is used only once is the caller's to see to.
struct ExpectedProof {
  directory::TenantId tenant;
  std::string nonce_hash;
  std::string submit_url;
};
Result<directory::Device> verify_proof(std::string_view token, const ExpectedProof& expected,
                                       registration::DeviceCertificates& certificates, Time now);

}  // namespace wardbridge::oauth
