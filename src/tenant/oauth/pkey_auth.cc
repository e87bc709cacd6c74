#include "tenant/oauth/pkey_auth.h"

#include <map>

#include "platform/crypto/crypto.h"

namespace wardbridge::oauth {
namespace {

constexpr std::string_view kScheme = "PKeyAuth";

Failure failed(std::string message) {
  return Failure{Code::unauthenticated, "device_authentication_failed", "device authentication failed: " + message};
}

// `name="value", name="value"`. No value that either side sends holds a quote or needs an escape.
std::optional<std::map<std::string, std::string>> read_parts(std::string_view text) {
  std::map<std::string, std::string> parts;
  text = text::trim(text);
  while (!text.empty()) {
    const auto equals = text.find("=\"");
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string name = text::lower(text::trim(text.substr(0, equals)));
    text.remove_prefix(equals + 2);
    const auto quote = text.find('"');
    if (quote == std::string_view::npos || !parts.emplace(name, text.substr(0, quote)).second) return std::nullopt;
    text = text::trim(text.substr(quote + 1));
    if (text.starts_with(',')) {
      text = text::trim(text.substr(1));
    } else if (!text.empty()) {
      return std::nullopt;
    }
  }
  return parts;
}

// The certificate that the token carries. It is only looked at here; whether it is believed is for the authority.
Result<std::string> carried_certificate(const json::Object& header) {
  const json::Array* chain = json::array_at(header, "x5c");
  if (!chain || chain->size() != 1 || !chain->front().is_string())
    return failed("the token does not carry exactly one certificate");
  auto der = text::from_base64(std::string_view(chain->front().get_string()));
  if (!der) return failed("the certificate is not base64");
  return *der;
}

}  // namespace

bool can_prove_device(const http::Request& request) {
  if (request.headers.get("x-ms-PKeyAuth+") == "1.0" || request.headers.get("x-ms-PKeyAuth") == "1.0") return true;
  return request.headers.get("User-Agent").value_or("").find("PKeyAuth/1.0") != std::string_view::npos;
}

http::Response challenge_response(const DeviceChallenge& challenge) {
  const std::string authority =
      "OU=" + std::string(registration::kAuthorityUnit) + ",CN=" + std::string(registration::kAuthorityName);
  http::Response response = http::text_response(401, "The device must prove itself.\n");
  response.headers.set("WWW-Authenticate",
                       "PKeyAuth nonce=\"" + challenge.nonce + "\", Context=\"" + challenge.context +
                           "\", Version=\"1.0\", CertAuthorities=\"" + text::percent_encode(authority) +
                           "\", TenantId=\"" + challenge.tenant.value +
                           "\", SupportedAlgs=\"RS256,ES256\", SubmitUrl=\"" + challenge.submit_url + "\"");
  return response;
}

Result<DeviceAnswer> read_answer(const http::Request& request) {
  auto header = request.headers.get("Authorization");
  if (!header || !text::equal_ignoring_case(header->substr(0, kScheme.size()), kScheme))
    return invalid("malformed_request", "the request does not answer a PKeyAuth challenge", "Authorization");
  auto parts = read_parts(header->substr(kScheme.size()));
  if (!parts || !parts->contains("context") || (*parts)["version"] != "1.0")
    return invalid("malformed_request", "the answer to the PKeyAuth challenge is not readable", "Authorization");
  DeviceAnswer answer{(*parts)["context"], std::nullopt};
  if (auto token = parts->find("authtoken"); token != parts->end()) answer.token = token->second;
  return answer;
}

Result<directory::Device> verify_proof(std::string_view token, const ExpectedProof& expected,
                                       registration::DeviceCertificates& certificates, Time now) {
  auto parts = crypto::peek_jws(token);
  if (!parts.ok()) return failed("the token is not readable");
  const std::string certificate = TRY(carried_certificate(parts->header));
  // The authority comes first: nothing is verified with a key that it has not signed.
  directory::Device device = TRY(certificates.holder(expected.tenant, certificate, now));
  const crypto::CertificateFacts facts = TRY(crypto::read_certificate(certificate));
  auto claims = crypto::verify_jws(token, facts.key);
  if (!claims.ok()) return failed("the token is not signed with the key of its certificate");
  if (json::text_at(*claims, "aud") != expected.submit_url) return failed("the token is meant for another address");
  const std::string nonce_hash = crypto::hash_token(json::text_at(*claims, "nonce").value_or(""));
  if (!crypto::equal_in_constant_time(nonce_hash, expected.nonce_hash)) return failed("the nonce is not the one given");
  if (!device.account_enabled)
    return Failure{Code::forbidden, "device_disabled",
                   "the device `" + device.display_name + "` used during the authentication is disabled"};
  return device;
}

}  // namespace wardbridge::oauth
