#include "mac/mac.h"

#include "base/json.h"
#include "mac/web_page.h"

namespace wardbridge::mac {
namespace {

constexpr Duration kPatience = seconds{30};

// ENTRA: the public client that registers devices, the resource it registers with, and its redirect URI.
constexpr const char* kBrokerClientId = "29d9ed98-a469-4536-ade2-f981bc1d605e";
constexpr const char* kRegistrationResource = "01cb2876-7ebd-4aa4-9cc9-d28bd4d359a9";
constexpr const char* kBrokerRedirectUri =
    "ms-appx-web://Microsoft.AAD.BrokerPlugin/29d9ed98-a469-4536-ade2-f981bc1d605e";
// ENTRA: every certificate request names this subject; the certificate that comes back names the new device.
constexpr const char* kRequestSubject = "7E980AD9-B86D-4306-9425-9AC066FB014A";
constexpr const char* kUserAgent = "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_6_1) CompanyPortal/5.2406.0 PKeyAuth/1.0";

Failure unexpected(const std::string& what, const http::Response& response) {
  std::string told;
  if (auto body = json::parse(response.body); body.ok() && body->is_object()) {
    const json::Object& object = body->get_object();
    if (const json::Array* errors = json::array_at(object, "errors");
        errors && !errors->empty() && errors->front().is_object()) {
      told = json::text_at(errors->front().get_object(), "description").value_or("");
    }
    if (auto text = json::text_at(object, "error_description")) told = *text;
    if (auto text = json::text_at(object, "Message")) told = *text;
  }
  return {Code::internal, "unexpected_answer",
          what + " was answered with " + std::to_string(response.status) + (told.empty() ? "" : ": " + told)};
}

// `name="value"` parts of a challenge: `PKeyAuth Nonce="..", Context=".."`.
std::map<std::string, std::string> challenge_parts(std::string_view header) {
  std::map<std::string, std::string> parts;
  header.remove_prefix(std::min(header.size(), header.find(' ')));
  while (!header.empty()) {
    auto equals = header.find('=');
    if (equals == std::string_view::npos) break;
    std::string name = text::lower(text::trim(header.substr(0, equals)));
    header.remove_prefix(equals + 1);
    header = text::trim(header);
    std::size_t end;
    if (header.starts_with('"')) {
      end = header.find('"', 1);
      parts[name] = header.substr(1, end == std::string_view::npos ? end : end - 1);
      end = end == std::string_view::npos ? header.size() : end + 1;
    } else {
      end = std::min(header.size(), header.find(','));
      parts[name] = text::trim(header.substr(0, end));
    }
    header.remove_prefix(end);
    auto comma = header.find(',');
    header.remove_prefix(comma == std::string_view::npos ? header.size() : comma + 1);
    header = text::trim(header);
  }
  return parts;
}

std::string absolute(const std::string& base, const std::string& reference) {
  return reference.starts_with("http") ? reference : base + reference;
}

}  // namespace

SimulatedMac::SimulatedMac(Profile profile, http::Transport& transport, Entropy& entropy)
    : profile_(std::move(profile)), transport_(transport), entropy_(entropy) {}

Result<http::Response> SimulatedMac::send(http::OutboundRequest request) {
  std::string cookie;
  for (const auto& [name, value] : cookies_) cookie += (cookie.empty() ? "" : "; ") + name + "=" + value;
  if (!cookie.empty() && request.url.starts_with(tenant_url_)) request.headers.set("Cookie", cookie);
  http::Response response = TRY(transport_.send(request, kPatience));
  for (const auto& [name, value] : response.headers.all()) {
    if (!text::equal_ignoring_case(name, "Set-Cookie")) continue;
    std::string_view pair = text::split(value, ';').front();
    if (auto equals = pair.find('='); equals != std::string_view::npos) {
      cookies_[std::string(pair.substr(0, equals))] = pair.substr(equals + 1);
    }
  }
  return response;
}

// --- Management
// -------------------------------------------------------------------------------------------------------

Status SimulatedMac::enroll(const std::string& management_url, const std::string& invitation) {
  management_url_ = management_url;
  json::Object body{{"invitation", invitation},
                    {"udid", profile_.udid},
                    {"serialNumber", profile_.serial_number},
                    {"name", profile_.computer_name}};
  http::Response response = TRY(send({.method = "POST",
                                      .url = management_url_ + "/api/v1/wardbridge/enrollments",
                                      .headers = {{"Content-Type", "application/json"}},
                                      .body = json::to_text(body)}));
  if (response.status != 201) return unexpected("the enrolment", response);
  json::Value answer = TRY(json::parse(response.body));
  const json::Object& object = TRY(json::as_object(answer, "the answer to the enrolment"));
  computer_id_ = text::parse_integer(TRY(json::required_text(object, "id"))).value_or(0);
  credential_ = TRY(json::required_text(object, "checkInToken"));
  return done();
}

Result<CheckInAnswer> SimulatedMac::check_in(Time now, Report report) {
  json::Object body{{"reportId", entropy_.guid()}, {"ipAddress", profile_.ip_address}};
  if (report == Report::whole) body["sections"] = inventory_sections(profile_, now);
  if (report == Report::security) body["sections"] = security_sections(profile_);
  last_report_ = json::to_text(body);
  return send_report();
}

Result<CheckInAnswer> SimulatedMac::check_in_with(const std::string& sections_text) {
  last_report_ = "{\"reportId\":\"" + entropy_.guid() + "\",\"sections\":" + sections_text + "}";
  return send_report();
}

Result<CheckInAnswer> SimulatedMac::retry_check_in() {
  CHECK(!last_report_.empty(), "nothing was reported yet");
  return send_report();
}

Result<CheckInAnswer> SimulatedMac::send_report() {
  http::Response response =
      TRY(send({.method = "POST",
                .url = management_url_ + "/api/v1/wardbridge/check-ins",
                .headers = {{"Content-Type", "application/json"}, {"Authorization", "Bearer " + credential_}},
                .body = last_report_}));
  if (response.status == 503) return unavailable("busy", "management could not take the report now");
  if (response.status != 200) return unexpected("the check-in", response);
  json::Value answer = TRY(json::parse(response.body));
  const json::Object& object = TRY(json::as_object(answer, "the answer to the check-in"));
  CheckInAnswer result;
  result.computer_id = text::parse_integer(TRY(json::required_text(object, "id"))).value_or(0);
  result.revision = TRY(json::required_integer(object, "revision"));
  result.repeated = TRY(json::optional_bool(object, "repeated", false));
  return result;
}

// --- Tenant
// -----------------------------------------------------------------------------------------------------------

// Workplace join, as Company Portal and the management's own registration step do it together.
Status SimulatedMac::register_device(const std::string& tenant_url, const std::string& tenant) {
  tenant_url_ = tenant_url;
  tenant_ = tenant;
  SignInAttempt attempt = TRY(sign_in({.client_id = kBrokerClientId,
                                       .redirect_uri = kBrokerRedirectUri,
                                       .scope = std::string(kRegistrationResource) + "/.default openid profile",
                                       .prove_device = false}));
  if (!attempt.granted) {
    return Failure{Code::forbidden, "registration_refused",
                   "the sign-in for the registration was refused: " + attempt.message};
  }
  crypto::Key key = TRY(crypto::Key::generate(crypto::Algorithm::ES256));
  json::Object transport_key = key.public_jwk();
  json::Object body{
      {"CertificateRequest",
       json::Object{{"Type", "pkcs10"},
                    {"Data", text::to_base64(crypto::make_certificate_request(key, kRequestSubject))},
                    {"KeyType", "ECC"},
                    {"KeySecurity", "SecureEnclave"}}},
      {"DeviceKeys",
       json::Array{json::Object{{"Data", transport_key}, {"Encoding", "JWK"}, {"Type", "ECC"}, {"Usage", "STK"}}}},
      {"DeviceDisplayName", profile_.computer_name},
      {"DeviceType", "MacOS"},
      {"OSVersion", profile_.os_version},
      {"TargetDomain", tenant_},
      {"JoinType", 4},
      {"Attributes", json::Object{{"ReuseDevice", "true"}, {"ReturnClientSid", "true"}}}};
  http::Response response = TRY(send({.method = "POST",
                                      .url = tenant_url_ + "/EnrollmentServer/device/?api-version=3.0",
                                      .headers = {{"Content-Type", "application/json"},
                                                  {"Authorization", "Bearer " + attempt.access_token},
                                                  {"User-Agent", "DeviceRegistrationClient"}},
                                      .body = json::to_text(body)}));
  if (response.status != 200 && response.status != 201) return unexpected("the registration", response);
  json::Value answer = TRY(json::parse(response.body));
  const json::Object& object = TRY(json::as_object(answer, "the answer to the registration"));
  const json::Object* certificate = json::object_at(object, "Certificate");
  auto der = text::from_base64(certificate ? json::text_at(*certificate, "RawBody").value_or("") : "");
  if (!der || der->empty()) return unexpected("the registration", response);
  crypto::CertificateFacts facts = TRY(crypto::read_certificate(*der));
  device_key_ = key;
  certificate_der_ = *der;
  device_id_ = facts.subject_common_name;
  auto token = TRY(crypto::peek_jws(attempt.access_token));
  user_id_ = TRY(json::required_text(token.claims, "oid"));

  if (management_url_.empty()) return done();  // a Mac that nobody manages
  json::Object ids{{"username", profile_.local_username},
                   {"deviceId", device_id_},
                   {"userId", user_id_},
                   {"userPrincipalName", profile_.user_principal_name}};
  http::Response told =
      TRY(send({.method = "POST",
                .url = management_url_ + "/api/v1/wardbridge/registrations",
                .headers = {{"Content-Type", "application/json"}, {"Authorization", "Bearer " + credential_}},
                .body = json::to_text(ids)}));
  if (told.status != 200) return unexpected("the submission of the device's ids", told);
  return done();
}

Status SimulatedMac::unregister_device(http::Transport& transport_with_certificate) {
  CHECK(!device_id_.empty(), "not registered");
  http::Response response = TRY(transport_with_certificate.send(
      {.method = "DELETE", .url = tenant_url_ + "/EnrollmentServer/device/" + device_id_ + "?api-version=2.0"},
      kPatience));
  if (response.status != 200) return unexpected("the removal of the device", response);
  device_id_.clear();
  device_key_.reset();
  certificate_der_.clear();
  return done();
}

// SPEC: RFC 6749 section 4.1 with RFC 7636; the device proof in between is ENTRA: PKeyAuth.
Result<SignInAttempt> SimulatedMac::sign_in(const ApplicationSignIn& application) {
  std::string verifier = entropy_.token(48);
  std::string state = entropy_.token(12);
  text::Form query{{"client_id", application.client_id},
                   {"response_type", "code"},
                   {"redirect_uri", application.redirect_uri},
                   {"scope", application.scope},
                   {"state", state},
                   {"nonce", entropy_.token(12)},
                   {"code_challenge", text::to_base64url(crypto::sha256(verifier))},
                   {"code_challenge_method", "S256"},
                   {"login_hint", profile_.user_principal_name}};
  http::Headers headers{{"User-Agent", kUserAgent}, {"Accept", "text/html"}};
  headers.add("x-ms-PKeyAuth+", "1.0");
  http::Response page = TRY(send(
      {.url = tenant_url_ + "/" + tenant_ + "/oauth2/v2.0/authorize?" + text::to_form(query), .headers = headers}));
  if (page.status == 200) {
    auto form = find_form(page.body);
    if (!form) return unexpected("the sign-in page", page);
    text::Form fields = form->hidden_fields;
    fields.emplace_back("login", profile_.user_principal_name);
    fields.emplace_back("passwd", profile_.password);
    headers.set("Content-Type", "application/x-www-form-urlencoded");
    page = TRY(send({.method = "POST",
                     .url = absolute(tenant_url_, form->action),
                     .headers = headers,
                     .body = text::to_form(fields)}));
  }
  if (page.status == 401) page = TRY(answer_device_challenge(page, application.prove_device));
  auto location = page.headers.get("Location");
  if (!location || page.status < 300 || page.status > 399) return refused(page);
  auto question = location->find('?');
  auto answer = text::parse_form(question == std::string_view::npos ? "" : location->substr(question + 1));
  if (!location->starts_with(application.redirect_uri) || !answer || text::form_value(*answer, "state") != state) {
    return Failure{Code::internal, "unexpected_answer", "the sign-in came back with another redirect or state"};
  }
  auto code = text::form_value(*answer, "code");
  if (!code) {
    return SignInAttempt{.granted = false,
                         .message = text::form_value(*answer, "error_description").value_or("no code")};
  }
  text::Form redeem{{"grant_type", "authorization_code"},
                    {"client_id", application.client_id},
                    {"code", *code},
                    {"redirect_uri", application.redirect_uri},
                    {"code_verifier", verifier}};
  http::Response tokens = TRY(send({.method = "POST",
                                    .url = tenant_url_ + "/" + tenant_ + "/oauth2/v2.0/token",
                                    .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
                                    .body = text::to_form(redeem)}));
  if (tokens.status != 200) return refused(tokens);
  json::Value body = TRY(json::parse(tokens.body));
  const json::Object& object = TRY(json::as_object(body, "the token answer"));
  SignInAttempt attempt{.granted = true};
  attempt.access_token = TRY(json::required_text(object, "access_token"));
  return attempt;
}

// ENTRA: PKeyAuth. The challenge brings a nonce; the answer is a JWT over it, signed with the device key, carrying the
// device certificate. Without a device the same header goes back empty-handed, and the server goes on without one.
Result<http::Response> SimulatedMac::answer_device_challenge(const http::Response& challenge, bool prove_device) {
  auto header = challenge.headers.get("WWW-Authenticate");
  if (!header || !header->starts_with("PKeyAuth")) return unexpected("the sign-in", challenge);
  auto parts = challenge_parts(*header);
  std::string submit_url = absolute(tenant_url_, parts["submiturl"]);
  std::string authorization = "PKeyAuth ";
  if (prove_device && device_key_) {
    json::Object token_header{{"typ", "JWT"}, {"x5c", json::Array{json::Value(text::to_base64(certificate_der_))}}};
    // The audience is the submit URL without its query.
    json::Object claims{{"aud", submit_url.substr(0, submit_url.find('?'))},
                        {"nonce", parts["nonce"]},
                        {"iat", parts.contains("iat") ? parts["iat"] : std::string("0")}};
    authorization += "AuthToken=\"" + crypto::sign_jws(token_header, claims, *device_key_) + "\", ";
  }
  authorization += "Context=\"" + parts["context"] + "\", Version=\"1.0\"";
  return send({.url = submit_url,
               .headers = {{"Authorization", authorization}, {"User-Agent", kUserAgent}, {"Accept", "text/html"}}});
}

Result<SignInAttempt> SimulatedMac::refused(const http::Response& response) const {
  SignInAttempt attempt;
  if (auto body = json::parse(response.body); body.ok() && body->is_object()) {
    const json::Object& object = body->get_object();
    attempt.message = json::text_at(object, "error_description").value_or("");
    attempt.correlation_id = json::text_at(object, "correlation_id").value_or("");
    if (const json::Array* codes = json::array_at(object, "error_codes");
        codes && !codes->empty() && codes->front().is_int64()) {
      attempt.error_code = static_cast<int>(codes->front().get_int64());
    }
  } else {
    attempt.message = text_of_element(response.body, "reason");
    attempt.correlation_id = text_of_element(response.body, "correlation-id");
    std::string code = text_of_element(response.body, "error-code");
    if (code.starts_with("AADSTS")) code.erase(0, 6);
    attempt.error_code = static_cast<int>(text::parse_integer(code).value_or(0));
  }
  if (attempt.error_code == 0) return unexpected("the sign-in", response);
  return attempt;
}

std::string SimulatedMac::certificate_pem() const { return crypto::pem_from_der(certificate_der_, "CERTIFICATE"); }
std::string SimulatedMac::private_key_pem() const { return device_key_ ? device_key_->private_pem() : ""; }

}  // namespace wardbridge::mac
