// How this Mac gets into the directory: Company Portal's workplace join, and jamfAAD's step after it.
#include "base/json.h"
#include "mac/answers.h"
#include "mac/mac.h"

namespace wardbridge::mac {
namespace {

// ENTRA: the public client that registers devices, the resource it registers with, and its redirect URI.
constexpr const char* kBrokerClientId = "29d9ed98-a469-4536-ade2-f981bc1d605e";
constexpr const char* kRegistrationResource = "01cb2876-7ebd-4aa4-9cc9-d28bd4d359a9";
constexpr const char* kBrokerRedirectUri =
    "ms-appx-web://Microsoft.AAD.BrokerPlugin/29d9ed98-a469-4536-ade2-f981bc1d605e";
// ENTRA: every certificate request names this subject; the certificate that comes back names the new device.
constexpr const char* kRequestSubject = "7E980AD9-B86D-4306-9425-9AC066FB014A";
constexpr const char* kJamfAadRedirectUri = "msauth.com.jamf.management.jamfAAD://auth";
constexpr const char* kJamfAad = "JamfAAD";

// ENTRA: what a sign-in says when the application is unknown, or nobody consented for the person.
constexpr int kUnknownApplication = 700016;
constexpr int kConsentRequired = 65001;
constexpr int kAdminConsentRequired = 90094;

// What the tenant says of the person's account; see tenant/intune/partner_management.cc.
struct PartnerManagement {
  bool is_enabled = false;
  bool is_of_account = false;
  std::string partner_name;
};

Failure refuse(std::string reason, const std::string& shown, const std::string& cause, const std::string& remedy) {
  return {Code::conflict, std::move(reason), shown + ". Cause: " + cause + ". Remedy: " + remedy + "."};
}

Failure sign_in_failed(const SignInAttempt& attempt, const std::string& client_id) {
  std::string application = "the application that the management signs people in with (client id " + client_id + ")";
  std::string consent =
      "a Global Administrator opens the administrator consent URL of Settings > Conditional Access (`wardbridge "
      "connect "
      "show`) and accepts for the organization; then run the policy, or `jamfaad gatherAADInfo`, again";
  if (attempt.error_code == kUnknownApplication) {
    return refuse("connector_missing", "JamfAAD could not sign in: " + attempt.message,
                  application + " is not in the tenant", consent);
  }
  if (attempt.error_code == kConsentRequired || attempt.error_code == kAdminConsentRequired) {
    return refuse("connector_not_consented", "JamfAAD could not sign in: " + attempt.message,
                  "nobody consented to " + application +
                      ", or somebody who is no Global Administrator did, which is good for that person alone",
                  consent);
  }
  return refuse("sign_in_failed", "JamfAAD could not sign in: " + attempt.message,
                "the directory refused the person's sign-in",
                "repair what the message names and run `jamfaad gatherAADInfo` again");
}

json::Object registration_body(const Profile& profile, const std::string& tenant, const crypto::Key& key) {
  json::Object request{{"Type", "pkcs10"},
                       {"Data", text::to_base64(crypto::make_certificate_request(key, kRequestSubject))}};
  json::Object body{{"DeviceDisplayName", profile.computer_name},
                    {"DeviceType", "MacOS"},
                    {"OSVersion", profile.os_version},
                    {"TargetDomain", tenant},
                    {"JoinType", 4},
                    {"Attributes", json::Object{{"ReuseDevice", "true"}, {"ReturnClientSid", "true"}}}};
  json::Object public_key = key.public_jwk();
  if (profile.key_storage == KeyStorage::secure_enclave) {
    request["KeyType"] = "ECC";
    request["KeySecurity"] = "SecureEnclave";
    body["DeviceKeys"] =
        json::Array{json::Object{{"Data", public_key}, {"Encoding", "JWK"}, {"Type", "ECC"}, {"Usage", "STK"}}};
  } else {
    body["TransportKey"] = text::to_base64(json::to_text(public_key));
  }
  body["CertificateRequest"] = std::move(request);
  return body;
}

}  // namespace

void SimulatedMac::use_directory(const std::string& tenant_url, const std::string& tenant) {
  tenant_url_ = tenant_url;
  tenant_ = tenant;
}

// --- Company Portal
// ---------------------------------------------------------------------------------------------------

Result<SignInAttempt> SimulatedMac::sign_in_to_register() {
  CHECK(!tenant_url_.empty(), "use_directory() comes first");
  SignInAttempt attempt = TRY(sign_in({.client_id = kBrokerClientId,
                                       .redirect_uri = kBrokerRedirectUri,
                                       .scope = std::string(kRegistrationResource) + "/.default openid profile",
                                       .prove_device = false}));
  if (attempt.granted) return attempt;
  return Failure{Code::forbidden, "registration_refused",
                 "the sign-in for the registration was refused: " + attempt.message};
}

Status SimulatedMac::open_company_portal(PortalStart start) {
  SignInAttempt attempt = TRY(sign_in_to_register());
  http::Response response = TRY(send({.url = tenant_url_ + "/" + tenant_ + "/wardbridge/partnerManagement",
                                      .headers = {{"Authorization", "Bearer " + attempt.access_token}}}));
  if (response.status != 200) return unexpected("the question for partner management", response);
  json::Value answer = TRY(json::parse(response.body));
  const json::Object& object = TRY(json::as_object(answer, "the answer about partner management"));
  PartnerManagement partner;
  partner.is_enabled = TRY(json::required_bool(object, "IsPartnerManagementEnabled"));
  partner.is_of_account = TRY(json::required_bool(object, "IsPartnerManaged"));
  partner.partner_name = TRY(json::optional_text(object, "PartnerName"));
  const std::string account = "`" + profile_.user_principal_name + "`";

  if (start == PortalStart::registration_only) {
    if (!partner.is_enabled) {
      return refuse(
          "invalid_command_line",
          "Invalid command line input: Registration-only command line flag (-r) can only be used when "
          "partner management is enabled in Intune",
          "the integration is switched off, or was never connected",
          "turn it on (`wardbridge connect enable`, or Enable Intune Integration for macOS in Jamf Pro), wait "
          "until the partner is Active, and run the policy again");
    }
    if (!partner.is_of_account) {
      return refuse("account_not_assigned", "Invalid command line input (-r)",
                    account + " is in no group that is assigned to the partner, or in an excluded one",
                    "put the person into an included group of users, or let this Mac enroll elsewhere");
    }
    return join_workplace(attempt.access_token);
  }
  if (!partner.is_of_account) {
    return refuse("direct_enrollment", "This Mac can't be enrolled here",
                  "no partner answers for the Macs of " + account + ", and this tenant enrolls no Macs by itself",
                  "connect the management, or assign a group that the person is in");
  }
  // ENTRA: what the portal's log says of it, word for word.
  portal_log_.emplace_back("Portal launched without WPJ only arg while account is under partner management");
  const std::string cause = "Company Portal was opened by hand, and " + account + " is managed by " +
                            (partner.partner_name.empty() ? "a partner" : "`" + partner.partner_name + "`");
  if (!device_id_.empty()) {
    return refuse("already_enrolled", "Device is already enrolled", cause,
                  "nothing, if this Mac is registered; else unenroll it and run the registration item of Self Service");
  }
  return refuse("account_not_onboarded", "Not registered: AccountNotOnboarded", cause,
                "close Company Portal and run the registration item of Self Service");
}

Status SimulatedMac::join_workplace(const std::string& access_token) {
  bool in_enclave = profile_.key_storage == KeyStorage::secure_enclave;
  crypto::Key key = TRY(crypto::Key::generate(in_enclave ? crypto::Algorithm::ES256 : crypto::Algorithm::RS256));
  http::Response response =
      TRY(send({.method = "POST",
                .url = tenant_url_ + "/EnrollmentServer/device/?api-version=" + (in_enclave ? "3.0" : "2.0"),
                .headers = {{"Content-Type", "application/json"},
                            {"Authorization", "Bearer " + access_token},
                            {"User-Agent", "DeviceRegistrationClient"}},
                .body = json::to_text(registration_body(profile_, tenant_, key))}));
  if (response.status != 200 && response.status != 201) {
    Failure failure = unexpected("the registration", response);
    if (failure.reason != "device_quota_exceeded") return failure;
    return refuse(failure.reason, failure.message,
                  "devices of this person from earlier registrations are still in the directory",
                  "delete those that are no more (duplicateDevices lists them), clean this Mac up (clean-up list), and "
                  "register again from Self Service");
  }
  json::Value answer = TRY(json::parse(response.body));
  const json::Object& object = TRY(json::as_object(answer, "the answer to the registration"));
  const json::Object* certificate = json::object_at(object, "Certificate");
  auto der = text::from_base64(certificate ? json::text_at(*certificate, "RawBody").value_or("") : "");
  if (!der || der->empty()) return unexpected("the registration", response);
  crypto::CertificateFacts facts = TRY(crypto::read_certificate(*der));
  device_key_ = key;
  certificate_der_ = *der;
  device_id_ = facts.subject_common_name;
  has_aad_id_ = false;
  auto token = TRY(crypto::peek_jws(access_token));
  user_id_ = TRY(json::required_text(token.claims, "oid"));
  return done();
}

Status SimulatedMac::register_device(const std::string& tenant_url, const std::string& tenant) {
  use_directory(tenant_url, tenant);
  SignInAttempt attempt = TRY(sign_in_to_register());
  TRY(join_workplace(attempt.access_token));
  if (management_url_.empty()) return done();  // a Mac that nobody manages
  return submit_ids();
}

Status SimulatedMac::unregister_device(http::Transport& transport_with_certificate) {
  CHECK(!device_id_.empty(), "not registered");
  http::Response response = TRY(transport_with_certificate.send(
      {.method = "DELETE", .url = tenant_url_ + "/EnrollmentServer/device/" + device_id_ + "?api-version=2.0"},
      kPatience));
  if (response.status != 200) return unexpected("the removal of the device", response);
  clean_up();
  return done();
}

void SimulatedMac::clean_up() {
  device_id_.clear();
  device_key_.reset();
  certificate_der_.clear();
  cookies_.clear();
  jamf_aad_has_run_ = false;
  has_aad_id_ = false;
  trusted_with_key_.clear();
}

// --- jamfAAD
// ----------------------------------------------------------------------------------------------------------

// ENTRA: a key in the login keychain is asked for by every application for itself; one in the Secure Enclave is not.
bool SimulatedMac::may_use_key(const std::string& application) {
  if (profile_.key_storage == KeyStorage::secure_enclave || trusted_with_key_.contains(application)) return true;
  keychain_prompts_.push_back(application + " wants to access key \"Microsoft Workplace Join Key\" in your keychain");
  if (profile_.keychain_answer == KeychainAnswer::deny) return false;
  trusted_with_key_.insert(application);
  return true;
}

Failure SimulatedMac::key_denied(const std::string& application) const {
  std::string who = application.empty() ? "The application" : "`" + application + "`";
  return refuse("keychain_refused", who + " may not use the key \"Microsoft Workplace Join Key\"",
                "the key lives in the login keychain, which asks once for each application, and the answer was Deny",
                "open it again and choose Always Allow");
}

Status SimulatedMac::submit_ids() {
  http::Response told = TRY(call_management("POST", "/registrations",
                                            {{"username", profile_.local_username},
                                             {"deviceId", device_id_},
                                             {"userId", user_id_},
                                             {"userPrincipalName", profile_.user_principal_name}}));
  if (told.status != 200) return unexpected("the submission of the device's ids", told);
  has_aad_id_ = true;
  return done();
}

Status SimulatedMac::note_token(const char* outcome) {
  http::Response told = TRY(
      call_management("POST", "/registrations/token", {{"username", profile_.local_username}, {"outcome", outcome}}));
  if (told.status != 204) return unexpected("the news of the directory's token", told);
  return done();
}

Result<std::string> SimulatedMac::gather_aad_info(Time now, Prompting prompting) {
  jamf_aad_has_run_ = true;
  auto fail = [&](const Failure& failure) -> Failure {
    // A registered account's trouble is management's business; one that never was has nothing to lose.
    if (has_aad_id_) (void)note_token(prompting == Prompting::silent ? "failed" : "signInFailed");
    if (prompting == Prompting::allowed) has_aad_id_ = false;
    (void)tell_state(failure.message);
    return failure;
  };
  if (device_id_.empty()) {
    return fail(refuse("not_registered", "no key of a workplace join is on this Mac",
                       "it was never registered, or was cleaned up", "run the registration item of Self Service"));
  }
  if (!may_use_key(kJamfAad)) return fail(key_denied(kJamfAad));
  ApplicationSignIn application{.client_id = native_client_id_,
                                .redirect_uri = kJamfAadRedirectUri,
                                .scope = "https://graph.microsoft.com/User.Read openid profile",
                                .name = kJamfAad,
                                .prompting = Prompting::silent};
  SignInAttempt attempt = TRY(sign_in(application));
  if (!attempt.granted && prompting == Prompting::allowed) {
    application.prompting = Prompting::allowed;
    attempt = TRY(sign_in(application));
  }
  if (!attempt.granted) return fail(sign_in_failed(attempt, native_client_id_));
  user_id_ = TRY(json::required_text(TRY(crypto::peek_jws(attempt.access_token)).claims, "oid"));
  if (has_aad_id_) {
    TRY(note_token("refreshed"));
  } else {
    Status submitted = submit_ids();
    // An account that is newer than the last inventory is not known to management yet.
    if (!submitted.ok() && submitted.failure().reason == "network_account") {
      TRY(check_in(now));
      submitted = submit_ids();
    }
    if (!submitted.ok()) return fail(submitted.failure());
  }
  TRY(tell_state(""));
  return "AAD ID acquired for macOS user " + profile_.local_username;
}

std::string SimulatedMac::registration_state() const {
  if (!device_key_) return "Not Registered";
  if (has_aad_id_) return "Registered";
  if (!jamf_aad_has_run_) return "WPJ Key present, JamfAAD PLIST missing";
  return profile_.key_storage == KeyStorage::secure_enclave ? "WPJ Key is in Secure Enclave, but AAD ID not acquired"
                                                            : "WPJ Key Present. AAD ID not acquired";
}

Status SimulatedMac::tell_state(const std::string& problem) {
  http::Response told = TRY(call_management("POST", "/registrations/state",
                                            {{"username", profile_.local_username},
                                             {"registrationState", registration_state()},
                                             {"deviceId", device_id_},
                                             {"problem", problem}}));
  if (told.status != 204) return unexpected("the report of the registration's state", told);
  return done();
}

}  // namespace wardbridge::mac
