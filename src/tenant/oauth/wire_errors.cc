#include "tenant/oauth/wire_errors.h"

#include <algorithm>

namespace wardbridge::oauth {
namespace {

struct KnownError {
  std::string_view reason;
  int number;
  std::string_view error;
  int status;
};

// ENTRA: numbers and words of the real service. 54005 and 501481 are a redeemed code and a wrong verifier.
constexpr KnownError kKnown[] = {
    {"unknown_tenant", 90002, "invalid_request", 400},
    {"missing_parameter", 900144, "invalid_request", 400},
    {"duplicate_parameter", 9002313, "invalid_request", 400},
    {"malformed_request", 9002313, "invalid_request", 400},
    {"unknown_client", 700016, "unauthorized_client", 400},
    {"client_disabled", 7000112, "unauthorized_client", 400},
    {"client_secret_wrong", 7000215, "invalid_client", 401},
    {"client_secret_expired", 7000222, "invalid_client", 401},
    {"client_secret_missing", 7000218, "invalid_client", 401},
    {"public_client_with_secret", 700025, "invalid_client", 401},
    {"unsupported_grant_type", 70003, "unsupported_grant_type", 400},
    {"invalid_scope", 70011, "invalid_scope", 400},
    {"consent_missing", 65001, "invalid_grant", 400},
    {"consent_declined", 65004, "access_denied", 400},
    {"admin_consent_required", 90094, "consent_required", 403},
    {"administrator_required", 90093, "access_denied", 403},
    {"nothing_to_consent", 65005, "invalid_client", 400},
    {"no_tenant_named", 50059, "invalid_request", 400},
    {"single_tenant_client", 50194, "invalid_request", 400},
    {"request_not_supported", 90010, "request_not_supported", 400},
    {"request_uri_not_supported", 90010, "request_uri_not_supported", 400},
    {"registration_not_supported", 90010, "registration_not_supported", 400},
    {"assertion_invalid", 700027, "invalid_client", 401},
    {"certificate_unknown", 700027, "invalid_client", 401},
    {"certificate_expired", 7000222, "invalid_client", 401},
    {"assertion_replayed", 700027, "invalid_client", 401},
    {"assertion_audience", 700023, "invalid_client", 401},
    {"assertion_time", 700024, "invalid_client", 401},
    {"refresh_token_invalid", 70000, "invalid_grant", 400},
    {"refresh_token_reused", 70000, "invalid_grant", 400},
    {"refresh_token_expired", 700082, "invalid_grant", 400},
    {"grant_ended", 70008, "invalid_grant", 400},
    {"grant_revoked", 50173, "invalid_grant", 400},
    {"other_resource", 70011, "invalid_scope", 400},
    {"device_code_not_allowed", 7000218, "unauthorized_client", 400},
    {"device_code_scope", 70011, "invalid_scope", 400},
    {"authorization_pending", 70016, "authorization_pending", 400},
    {"slow_down", 90055, "slow_down", 400},
    {"authorization_declined", 65004, "authorization_declined", 400},
    {"device_code_unknown", 70018, "bad_verification_code", 400},
    {"device_code_expired", 70020, "expired_token", 400},
    {"user_code_unknown", 90119, "invalid_grant", 400},
    {"second_factor_wrong", 500121, "invalid_grant", 400},
    {"interaction_required", 50076, "interaction_required", 400},
    {"other_browser", 90007, "invalid_grant", 400},
    {"sign_out_invalid", 50061, "invalid_request", 400},
    {"unknown_resource", 500011, "invalid_resource", 400},
    {"resource_disabled", 500014, "invalid_resource", 400},
    {"wrong_redirect_uri", 50011, "invalid_request", 400},
    {"unsupported_response_type", 700054, "unsupported_response_type", 400},
    {"sign_in_required", 50058, "login_required", 400},
    {"code_challenge_missing", 50147, "invalid_request", 400},
    {"code_challenge_invalid", 501491, "invalid_request", 400},
    {"code_verifier_wrong", 501481, "invalid_grant", 400},
    {"code_invalid", 70000, "invalid_grant", 400},
    {"code_expired", 70008, "invalid_grant", 400},
    {"code_redeemed", 54005, "invalid_grant", 400},
    {"code_of_another_tenant", 700005, "invalid_grant", 400},
    {"sign_in_expired", 50089, "invalid_grant", 400},
    {"wrong_password", 50126, "invalid_grant", 400},
    {"account_locked", 50053, "invalid_grant", 400},
    {"password_expired", 50055, "invalid_grant", 400},
    {"password_weak", 120002, "invalid_grant", 400},
    {"password_contains_name", 120003, "invalid_grant", 400},
    {"password_not_accepted", 120020, "invalid_grant", 400},
    {"user_disabled", 50057, "invalid_grant", 400},
    {"device_authentication_failed", 50155, "invalid_grant", 400},
    {"foreign_certificate", 50155, "invalid_grant", 400},
    {"other_device_key", 50155, "invalid_grant", 400},
    {"device_deleted", 700003, "invalid_grant", 400},
    {"device_disabled", 135011, "invalid_grant", 400},
    {"unknown_instance", 50049, "invalid_instance", 400},
};

// The house's messages begin in lower case and end without a full stop; people read sentences.
std::string sentence(std::string text) {
  if (text.empty()) return text;
  if (text.front() >= 'a' && text.front() <= 'z') text.front() = static_cast<char>(text.front() - 'a' + 'A');
  if (text.back() != '.') text += '.';
  return text;
}

std::string timestamp(Time time) { return text::replace_all(to_iso8601(time, false), "T", " "); }

}  // namespace

Trace trace_of(const http::Request& request, Entropy& entropy, const std::string& base_url) {
  Trace trace{.trace_id = request.id.empty() ? entropy.guid() : request.id,
              .time = request.received,
              .error_page = base_url + "/error?code="};
  auto chosen = request.headers.get("client-request-id");
  // Only a GUID is echoed: anything else would put a stranger's text into logs and pages.
  trace.correlation_id = chosen && text::is_guid(*chosen) ? text::lower(*chosen) : entropy.guid();
  return trace;
}

WireError wire_error(const Failure& failure) {
  const auto* known = std::ranges::find(kKnown, failure.reason, &KnownError::reason);
  if (known != std::end(kKnown))
    return {known->number, std::string(known->error), known->status, sentence(failure.message)};
  if (failure.code == Code::unavailable || failure.code == Code::timeout)
    return {90033, "temporarily_unavailable", 503, "A transient error has occurred. Please try again."};
  return {50000, "server_error", 500, "There was an error issuing a token or with the sign-in service."};
}

std::string next_step(int number) {
  switch (number) {
    case 53000:
      return "Open the management application on this Mac, correct what it names, let it check in, and try again.";
    case 530003:
    case 50097:
    case 50129:
      return "Use a Mac that your organization manages: register it with your organization, and sign in from an "
             "application that can show its registration.";
    case 90094:
    case 65001:
      return "Ask an administrator to grant these permissions for your organization.";
    case 50053:
      return "Wait for a minute. If it was not you who tried, tell your administrator.";
    case 50055:
      return "Sign in with the password that you have in a browser: you are asked for a new one there.";
    case 50089:
    case 70008:
      return "Go back to the application and start again.";
    case 90007:
      return "Allow cookies for this site, go back to the application, and start again in one browser.";
    case 90119:
      return "Let the device show a new code, and enter that.";
    case 90002:
    case 50059:
    case 50194:
      return "Check the address: it must name your organization.";
    case 50011:
    case 700016:
    case 900144:
    case 9002313:
    case 50061:
      return "The application asked for something that is not set up. Tell those who run it, with the IDs below.";
    default:
      return "Ask your administrator, and give the correlation ID below.";
  }
}

std::optional<KnownNumber> explain_number(int number) {
  const auto* known = std::ranges::find(kKnown, number, &KnownError::number);
  if (known == std::end(kKnown)) return std::nullopt;
  return KnownNumber{std::string(known->error), std::string(known->reason)};
}

WireError refusal_error(int number, std::string reason) {
  constexpr int kBlocked = 53003;
  return {number, number == kBlocked ? "access_denied" : "interaction_required", 403, sentence(std::move(reason))};
}

std::string error_description(const WireError& error, const Trace& trace) {
  return "AADSTS" + std::to_string(error.number) + ": " + error.reason + "\r\nTrace ID: " + trace.trace_id +
         "\r\nCorrelation ID: " + trace.correlation_id + "\r\nTimestamp: " + timestamp(trace.time);
}

json::Object error_body(const WireError& error, const Trace& trace) {
  return {{"error", error.error},
          {"error_description", error_description(error, trace)},
          {"error_codes", json::Array{error.number}},
          {"timestamp", timestamp(trace.time)},
          {"trace_id", trace.trace_id},
          {"correlation_id", trace.correlation_id},
          {"error_uri", trace.error_page + std::to_string(error.number)}};
}

http::Response error_response(const WireError& error, const Trace& trace) {
  http::Response response = http::json_response(error.status, error_body(error, trace));
  // SPEC: RFC 6749 section 5.2
  if (error.status == 401) response.headers.set("WWW-Authenticate", "Basic realm=\"token\"");
  add_common_headers(response, trace);
  return response;
}

void add_common_headers(http::Response& response, const Trace& trace) {
  response.headers.set("Cache-Control", "no-store");
  response.headers.set("Pragma", "no-cache");
  response.headers.set("x-ms-request-id", trace.trace_id);
  response.headers.set("client-request-id", trace.correlation_id);
}

}  // namespace wardbridge::oauth
