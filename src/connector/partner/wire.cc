#include "connector/partner/wire.h"

#include <algorithm>

namespace wardbridge::partner {
namespace {

constexpr std::size_t kDetailBytes = 300;

// The peer's own words, short enough for a log line.
std::string detail_of(const http::Response& response) {
  Result<json::Value> value = json::parse(response.body);
  const json::Object* body = value.ok() ? value->if_object() : nullptr;
  if (!body) return "";
  std::string detail;
  for (const char* key : {"ErrorDetail", "error_description", "message", "Message"}) {
    if (auto text = json::text_at(*body, key); text && detail.empty()) detail = *text;
  }
  for (const char* key : {"error", "odata.error"}) {
    const json::Object* error = json::object_at(*body, key);
    if (!error || !detail.empty()) continue;
    if (auto text = json::text_at(*error, "message")) detail = *text;
    if (const json::Object* message = json::object_at(*error, "message")) {
      detail = json::text_at(*message, "value").value_or("");
    }
  }
  // ENTRA: trace and correlation ids follow on lines of their own.
  detail.resize(std::min({detail.size(), kDetailBytes, detail.find_first_of("\r\n")}));
  return detail;
}

// Our own tenant says in `code` which of the known refusals it is; the words of the real service are not published.
std::string reason_in(const http::Response& response, const char* otherwise) {
  Result<json::Value> value = json::parse(response.body);
  const json::Object* body = value.ok() ? value->if_object() : nullptr;
  const json::Object* error = body ? json::object_at(*body, "odata.error") : nullptr;
  std::string_view code = error ? json::text_at(*error, "code").value_or("") : "";
  if (code == "missing_role") return "permission_missing";
  for (const char* known :
       {"permission_extra", "application_not_entered", "integration_terminated", "second_instance"}) {
    if (code == known) return known;
  }
  return otherwise;
}

std::string with_detail(std::string sentence, const std::string& detail) {
  return detail.empty() ? sentence : sentence + ": " + detail;
}

Problem problem(Problem::Kind kind, std::string reason, std::string message, std::optional<Duration> after = {}) {
  return {.kind = kind, .reason = std::move(reason), .message = std::move(message), .after = after};
}

}  // namespace

json::Object upload_body(const std::string& tenant_id, const Upload& upload, const Extensions& extensions,
                         Protocol protocol, Time now) {
  std::string last_update = to_iso8601(upload.last_update);
  json::Object inventory = {
      {"EntityType", 1},
      {"TenantId", tenant_id},
      {"DeviceManagementState", upload.is_managed ? "managed" : "notManaged"},
      {"DeviceId", upload.device_id},
      {"DeviceName", upload.device_name},
      {"UserId", upload.user_id},
      {"LastCheckInTime", to_iso8601(upload.last_check_in)},
      {"LastUpdateTime", last_update},
      {"Os", upload.os},
      {"OsVersion", upload.os_version},
      {"EasIds", json::Array{}},  // ENTRA: mandatory, may be empty
      {"State", 0},
  };
  json::Object compliance = {
      {"EntityType", 4},
      {"TenantId", tenant_id},
      {"DeviceId", upload.device_id},
      {"UserId", upload.user_id},
      {"LastUpdateTime", last_update},
      // ENTRA: the one field that starts in lower case. Not compliant whenever not managed.
      {"complianceStatus", upload.is_managed && upload.is_compliant ? "compliant" : "notCompliant"},
  };
  if (extensions.reason) compliance["WardbridgeReason"] = upload.reason;
  if (extensions.valid_until) compliance["WardbridgeValidUntil"] = to_iso8601(upload.valid_until);
  if (extensions.version) {
    compliance["WardbridgeEpoch"] = upload.epoch;
    compliance["WardbridgeSequence"] = upload.sequence;
  }
  json::Object body{{"TenantId", tenant_id}, {"UploadTime", to_iso8601(now)}};
  if (protocol == Protocol::device_partner) {
    // ENTRA: section 2.5. DEVIATION: in 2018 Intune judged these attributes; here they go along with the verdict, and
    // the compliance entity is sent also when some of them are not known.
    for (const auto& member : upload.inventory) inventory[member.key()] = member.value();
    for (const auto& member : upload.security) compliance[member.key()] = member.value();
    body["Content"] = json::Array{std::move(inventory), std::move(compliance)};
  } else {
    body["Content"] = json::to_text(json::Array{std::move(inventory), std::move(compliance)});
  }
  return body;
}

std::optional<std::int64_t> error_code(const json::Object& body) {
  if (auto number = json::integer_at(body, "ErrorCode")) return number;
  if (auto text = json::text_at(body, "ErrorCode")) return text::parse_integer(*text);
  return std::nullopt;
}

Problem problem_from_error_code(std::int64_t code, const json::Object& body) {
  std::string detail(json::text_at(body, "ErrorDetail").value_or("").substr(0, kDetailBytes));
  std::string message = with_detail("the service refused the message with error " + std::to_string(code), detail);
  switch (code) {
    case 401:
      return problem(Problem::Kind::credentials, "message_unauthorized", message);
    // About one device (another partner owns it), not about us: that is what the status 403 says.
    case 403:
      return problem(Problem::Kind::contended, "device_of_other_partner", message);
    case 404:
      return problem(Problem::Kind::permanent, "device_not_found", message);
    case 409:
      return problem(Problem::Kind::stale, "newer_version_there", message);
    case 412:
      return problem(Problem::Kind::permanent, "user_not_assigned", message);
    case 429:
      return problem(Problem::Kind::unreachable, "throttled", message);
    default:
      break;
  }
  if (code >= 500 && code < 600) return problem(Problem::Kind::retry_later, "service_error", message);
  return problem(Problem::Kind::permanent, "message_rejected", message);
}

Problem problem_from_status(const http::Response& response, Time now) {
  std::string message = with_detail("the service answered " + std::to_string(response.status), detail_of(response));
  std::optional<Duration> after = http::retry_after(response, now);
  switch (response.status) {
    case 401:
      return problem(Problem::Kind::credentials, "unauthorized", message);
    case 403:
      return problem(Problem::Kind::permission, reason_in(response, "forbidden"), message);
    case 404:
    case 410:
      // Not about a device: the discovered address is out of date, and the next call finds the new one.
      return problem(Problem::Kind::retry_later, "service_moved", message, after);
    case 408:
      return problem(Problem::Kind::retry_later, "service_error", message, after);
    case 429:
      return problem(Problem::Kind::unreachable, "throttled", message, after);
    case 503:
      return problem(Problem::Kind::unreachable, "service_unavailable", message, after);
    default:
      break;
  }
  if (response.status >= 500) return problem(Problem::Kind::retry_later, "service_error", message, after);
  return problem(Problem::Kind::permanent, "request_rejected", message);
}

Problem problem_from_token_endpoint(const http::Response& response, Time now) {
  std::string message =
      with_detail("the token endpoint answered " + std::to_string(response.status), detail_of(response));
  std::optional<Duration> after = http::retry_after(response, now);
  if (response.status == 429 || response.status >= 500) {
    return problem(Problem::Kind::unreachable, response.status == 429 ? "throttled" : "token_endpoint_down", message,
                   after);
  }
  Result<json::Value> value = json::parse(response.body);
  const json::Object* body = value.ok() ? value->if_object() : nullptr;
  std::string error(body ? json::text_at(*body, "error").value_or("") : "");
  // ENTRA: AADSTS500011: the tenant has no such resource (no Intune); 65001: consent is missing.
  bool not_granted = error == "invalid_resource" || error == "invalid_scope" || error == "consent_required" ||
                     error == "access_denied";
  if (not_granted) return problem(Problem::Kind::permission, error, message);
  // ENTRA: the AADSTS codes that call for different repairs.
  const json::Array* codes = body ? json::array_at(*body, "error_codes") : nullptr;
  std::int64_t code = codes && !codes->empty() && codes->front().is_int64() ? codes->front().get_int64() : 0;
  if (code == 7000222) return problem(Problem::Kind::credentials, "secret_expired", message);
  if (code == 700023) return problem(Problem::Kind::credentials, "assertion_audience", message);
  if (code == 700016) return problem(Problem::Kind::credentials, "application_unknown", message);
  if (code == 90002 || code == 900023) return problem(Problem::Kind::credentials, "tenant_unknown", message);
  if (code == 90038 || code == 900382) return problem(Problem::Kind::credentials, "other_cloud", message);
  if (error == "invalid_client" || error == "unauthorized_client")
    return problem(Problem::Kind::credentials, error, message);
  // Whatever else it refuses (no such tenant, ...) needs other settings, which is what `credentials` means to a caller.
  return problem(Problem::Kind::credentials, "token_refused", message);
}

Problem problem_from_network(const Failure& failure) {
  return problem(Problem::Kind::unreachable, failure.reason, failure.message);
}

Extensions extensions_from(const json::Object& provisioning) {
  Extensions extensions;
  const json::Array* names = json::array_at(provisioning, "WardbridgeExtensions");
  if (!names) return extensions;
  for (const json::Value& name : *names) {
    if (name == "complianceReason") extensions.reason = true;
    if (name == "complianceValidUntil") extensions.valid_until = true;
    if (name == "version") extensions.version = true;
  }
  return extensions;
}

}  // namespace wardbridge::partner
