// The JSON of Microsoft's device registration service.
#pragma once

#include <string>

#include "platform/crypto/crypto.h"
#include "platform/http/http.h"
#include "tenant/directory/directory.h"

namespace wardbridge::registration {

struct EnrollmentRequest {
  crypto::Key device_key;  // public; its owner signed the request with the private half
  std::string display_name;
  std::string operating_system;  // as the directory spells it: `macOS`
  std::string operating_system_version;
  std::string target_domain;  // empty: not said
  bool wants_to_reuse_device = false;
};
Result<EnrollmentRequest> read_enrollment(const http::Request& request);

json::Object enrollment_reply(std::string_view certificate_der, const std::string& thumbprint,
                              const std::string& user_principal_name);

json::Object discovery_document(const std::string& base_url, const directory::Tenant& tenant);

// The service's error body for a failure: ErrorType, Message, TraceId, Time.
http::Response error_response(const http::Request& request, const Failure& failure);

}  // namespace wardbridge::registration
