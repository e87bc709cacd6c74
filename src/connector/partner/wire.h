// Microsoft's JSON of the partner services, in and out; for this room's sources only.
#pragma once

#include <string>

#include "connector/partner/partner.h"

namespace wardbridge::partner {

inline constexpr const char* kTenantServiceName = "PartnerTenantDataSyncService";
inline constexpr const char* kDeviceServiceName = "PartnerDeviceDataSyncService";
inline constexpr const char* kTenantApiVersion = "1.6";
inline constexpr const char* kDeviceApiVersion = "1.2";

// The same of 2018. ENTRA: each call had a version of its own.
inline constexpr const char* kDevicePartnerHeartbeatVersion = "1.3";
inline constexpr const char* kDevicePartnerTenantVersion = "1.4";
inline constexpr const char* kDevicePartnerUploadVersion = "1.1";

// The body of a data upload message: an envelope whose `Content` is a string that holds JSON; in 2018, an array.
json::Object upload_body(const std::string& tenant_id, const Upload& upload, const Extensions& extensions,
                         Protocol protocol, Time now);

// A JWT that proves the certificate in `pem` (RFC 7523), for one call of a token endpoint that is known as `audience`.
Result<std::string> client_assertion(const std::string& pem, const std::string& client_id, const std::string& audience,
                                     Entropy& entropy, Time now);

// `ErrorCode` comes as a number or as a string; nothing when absent or not a number.
std::optional<std::int64_t> error_code(const json::Object& body);
// What an ErrorCode of a message means.
Problem problem_from_error_code(std::int64_t code, const json::Object& body);

// What a status of 400 and more means. The token endpoint has its own table.
Problem problem_from_status(const http::Response& response, Time now);
Problem problem_from_token_endpoint(const http::Response& response, Time now);
Problem problem_from_network(const Failure& failure);

// The body of a 2xx, which must be a JSON object; anything else is a Problem.
Answer<json::Object> object_of(const http::Response& response, Time now);

Extensions extensions_from(const json::Object& provisioning);

}  // namespace wardbridge::partner
