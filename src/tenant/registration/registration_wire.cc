#include "tenant/registration/registration_wire.h"

#include "platform/http/status.h"
#include "tenant/registration/registration.h"
#include "tenant/tokens/tokens.h"

namespace wardbridge::registration {
namespace {

// ENTRA: 4 is a workplace join: a person's Mac becomes known. The joins of Windows machines are other numbers.
constexpr std::int64_t kWorkplaceJoin = 4;
constexpr std::size_t kNameBytes = 256;

enum class Generation {
  rsa,      // api-version 2.0: an RSA key, with a transport key beside it
  elliptic  // api-version 3.0: a P-256 key in the Secure Enclave
};

Result<Generation> generation_of(const http::Request& request) {
  const std::string version = request.query_parameter("api-version").value_or("");
  if (version == "2.0") return Generation::rsa;
  if (version == "3.0") return Generation::elliptic;
  return invalid("bad_api_version", "the api-version `" + version + "` is not one of `2.0`, `3.0`", "api-version");
}

Result<crypto::Key> read_signing_request(const json::Object& body, Generation generation) {
  const json::Object* request = json::object_at(body, "CertificateRequest");
  if (!request) return invalid("missing_field", "`CertificateRequest` is missing", "CertificateRequest");
  const std::string type = TRY(json::required_text(*request, "Type"));
  if (type != "pkcs10") return invalid("bad_certificate_request", "the type `" + type + "` is not `pkcs10`", "Type");
  auto der = text::from_base64(TRY(json::required_text(*request, "Data")));
  if (!der) return invalid("bad_certificate_request", "`Data` is not base64", "CertificateRequest.Data");
  const auto read = TRY(crypto::read_certificate_request(*der));
  const auto expected = generation == Generation::rsa ? crypto::Algorithm::RS256 : crypto::Algorithm::ES256;
  if (read.key.algorithm() != expected)
    return invalid("bad_certificate_request", "the key is not of the kind that this api-version registers",
                   "CertificateRequest.Data");
  return read.key;
}

// The second key of a device, which the real service seals session keys to. Nothing here seals any, so it is checked
// for shape, as a client that sends none would be refused there too, and not kept.
Status check_transport_key(const json::Object& body, Generation generation) {
  if (generation == Generation::rsa) {
    const std::string key = TRY(json::required_text(body, "TransportKey"));
    if (key.empty() || !text::from_base64(key))
      return invalid("bad_transport_key", "`TransportKey` is not base64", "TransportKey");
    return done();
  }
  const json::Array* keys = json::array_at(body, "DeviceKeys");
  for (const json::Value& key : keys ? *keys : json::Array{}) {
    if (key.is_object() && json::text_at(key.as_object(), "Usage") == "STK") return done();
  }
  return invalid("missing_field", "`DeviceKeys` holds no key with the usage `STK`", "DeviceKeys");
}

Result<std::string> short_text(const json::Object& body, std::string_view key) {
  std::string text = TRY(json::optional_text(body, key));
  if (text.size() > kNameBytes)
    return invalid("too_long", "`" + std::string(key) + "` is longer than 256 bytes", std::string(key));
  return text;
}

}  // namespace

Result<EnrollmentRequest> read_enrollment(const http::Request& request) {
  const Generation generation = TRY(generation_of(request));
  const json::Value value = TRY(json::parse(request.body));
  const json::Object& body = TRY(json::as_object(value));
  if (TRY(json::required_integer(body, "JoinType")) != kWorkplaceJoin)
    return invalid("bad_join_type", "only JoinType `4` (registration) is offered", "JoinType");
  const std::string type = TRY(json::required_text(body, "DeviceType"));
  if (!text::equal_ignoring_case(type, "MacOS"))
    return invalid("bad_device_type", "devices of type `" + type.substr(0, kNameBytes) + "` can't be registered here",
                   "DeviceType");
  TRY(check_transport_key(body, generation));

  EnrollmentRequest enrollment{.device_key = TRY(read_signing_request(body, generation))};
  enrollment.display_name = TRY(short_text(body, "DeviceDisplayName"));
  enrollment.operating_system = "macOS";
  enrollment.operating_system_version = TRY(short_text(body, "OSVersion"));
  enrollment.target_domain = TRY(short_text(body, "TargetDomain"));
  if (const json::Object* attributes = json::object_at(body, "Attributes"))
    enrollment.wants_to_reuse_device =
        text::equal_ignoring_case(json::text_at(*attributes, "ReuseDevice").value_or(""), "true");
  return enrollment;
}

json::Object enrollment_reply(std::string_view certificate_der, const std::string& thumbprint,
                              const std::string& user_principal_name) {
  return {{"Certificate", {{"Thumbprint", thumbprint}, {"RawBody", text::to_base64(certificate_der)}}},
          {"User", {{"Upn", user_principal_name}}},
          {"MembershipChanges", json::Array{}}};
}

json::Object discovery_document(const std::string& base_url, const directory::Tenant& tenant) {
  const std::string resource = "urn:ms-drs:" + tokens::host_of(base_url);
  const std::string login = base_url + "/" + tenant.id.value;
  const std::string device_endpoint = base_url + "/EnrollmentServer/device/";
  return {
      {"DiscoveryService", {{"DiscoveryEndpoint", base_url + "/EnrollmentServer/Discover"}, {"ServiceVersion", "1.9"}}},
      {"DeviceRegistrationService",
       {{"RegistrationEndpoint", device_endpoint}, {"RegistrationResourceId", resource}, {"ServiceVersion", "2.0"}}},
      {"AuthenticationService",
       {{"OAuth2", {{"AuthCodeEndpoint", login + "/oauth2/authorize"}, {"TokenEndpoint", login + "/oauth2/token"}}}}},
      {"IdentityProviderService", {{"Federated", false}, {"PassiveAuthEndpoint", login + "/oauth2/authorize"}}},
      {"DeviceJoinService",
       {{"JoinEndpoint", device_endpoint}, {"JoinResourceId", resource}, {"ServiceVersion", "2.0"}}},
      {"NonceService",
       {{"NonceEndpoint", base_url + "/EnrollmentServer/nonce/" + tenant.id.value + "/"},
        {"ResourceId", resource},
        {"ServiceVersion", "1.0"}}},
      {"TenantInfo",
       {{"DisplayName", tenant.display_name},
        {"TenantId", tenant.id.value},
        {"TenantName", tenant.domains.empty() ? tenant.id.value : tenant.domains.front()}}},
  };
}

http::Response error_response(const http::Request& request, const Failure& failure) {
  http::Response response =
      http::json_response(http::status_of(failure.code), json::Object{{"ErrorType", failure.reason},
                                                                      {"Message", failure.message},
                                                                      {"TraceId", request.id},
                                                                      {"Time", to_iso8601(request.received)}});
  if (failure.code == Code::unauthenticated) response.headers.set("WWW-Authenticate", "Bearer");
  return response;
}

}  // namespace wardbridge::registration
