#include "mac/mac.h"

#include "base/json.h"
#include "mac/answers.h"
#include "mac/web_page.h"

namespace wardbridge::mac {
namespace {

constexpr const char* kUserAgent = "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_6_1) CompanyPortal/5.2406.0 PKeyAuth/1.0";

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

// ENTRA: a person who has not consented yet is asked on a page of its own.
bool asks_for_consent(const http::Response& page) {
  auto form = find_form(page.body);
  return page.status == 200 && form && form->action.ends_with("/login/consent");
}

SignInAttempt consent_wanted() {
  constexpr int kConsentRequired = 65001;
  return {.error_code = kConsentRequired,
          .message = "the sign-in page asks the person for consent, which nobody has given for the organization"};
}

// `AADSTS65001: ...` of a redirect that brings an error.
int error_code_of(std::string_view description) {
  auto start = description.find("AADSTS");
  if (start == std::string_view::npos) return 0;
  description.remove_prefix(start + 6);
  auto end = description.find_first_not_of("0123456789");
  return static_cast<int>(text::parse_integer(description.substr(0, end)).value_or(0));
}

}  // namespace

Failure unexpected(const std::string& what, const http::Response& response) {
  std::string told;
  std::string reason;
  if (auto body = json::parse(response.body); body.ok() && body->is_object()) {
    const json::Object& object = body->get_object();
    if (const json::Array* errors = json::array_at(object, "errors");
        errors && !errors->empty() && errors->front().is_object()) {
      told = json::text_at(errors->front().get_object(), "description").value_or("");
      reason = json::text_at(errors->front().get_object(), "code").value_or("");
    }
    if (auto text = json::text_at(object, "error_description")) told = *text;
    if (auto text = json::text_at(object, "Message")) told = *text;
    if (auto text = json::text_at(object, "ErrorType")) reason = *text;
  }
  return {Code::internal, reason.empty() ? "unexpected_answer" : text::lower(reason),
          what + " was answered with " + std::to_string(response.status) + (told.empty() ? "" : ": " + told)};
}

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
  if (application.prompting == Prompting::silent) query.emplace_back("prompt", "none");
  http::Headers headers{{"User-Agent", kUserAgent}, {"Accept", "text/html"}};
  headers.add("x-ms-PKeyAuth+", "1.0");
  http::Response page = TRY(send(
      {.url = tenant_url_ + "/" + tenant_ + "/oauth2/v2.0/authorize?" + text::to_form(query), .headers = headers}));
  if (asks_for_consent(page)) return consent_wanted();
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
  bool was_denied_the_key = false;
  if (page.status == 401) {
    bool proves = application.prove_device && device_key_.has_value();
    if (proves && !may_use_key(application.name.empty() ? application.client_id : application.name)) {
      proves = false;
      was_denied_the_key = true;
    }
    page = TRY(answer_device_challenge(page, proves));
  }
  if (asks_for_consent(page)) return consent_wanted();
  auto location = page.headers.get("Location");
  if (!location || page.status < 300 || page.status > 399) {
    SignInAttempt attempt = TRY(refused(page));
    if (was_denied_the_key) attempt.message += " " + key_denied(application.name).message;
    return attempt;
  }
  auto question = location->find('?');
  auto answer = text::parse_form(question == std::string_view::npos ? "" : location->substr(question + 1));
  if (!location->starts_with(application.redirect_uri) || !answer || text::form_value(*answer, "state") != state) {
    return Failure{Code::internal, "unexpected_answer", "the sign-in came back with another redirect or state"};
  }
  auto code = text::form_value(*answer, "code");
  if (!code) {
    std::string message = text::form_value(*answer, "error_description").value_or("no code");
    return SignInAttempt{.granted = false, .error_code = error_code_of(message), .message = message};
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
