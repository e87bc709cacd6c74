// Certificates as client credentials, and what to do about what goes wrong.
#include <array>

#include "connector/partner/wire.h"
#include "platform/crypto/crypto.h"

namespace wardbridge::partner {
namespace {

constexpr std::string_view kPemBegin = "-----BEGIN ";

// The block of PEM text that begins with `-----BEGIN <label>`; empty when there is none.
std::string pem_block(const std::string& pem, std::string_view label) {
  std::string begin = std::string(kPemBegin) + std::string(label) + "-----";
  std::string end = "-----END " + std::string(label) + "-----";
  std::size_t from = pem.find(begin);
  if (from == std::string::npos) return "";
  std::size_t to = pem.find(end, from);
  return to == std::string::npos ? "" : pem.substr(from, to + end.size() - from) + "\n";
}

struct Certificate {
  crypto::Key key;
  std::string thumbprint;  // base64url of SHA-1, `x5t`
};

Result<Certificate> read_pem(const std::string& pem) {
  std::string private_pem = pem_block(pem, "PRIVATE KEY");
  if (private_pem.empty()) private_pem = pem_block(pem, "RSA PRIVATE KEY");
  std::string certificate_pem = pem_block(pem, "CERTIFICATE");
  if (private_pem.empty() || certificate_pem.empty()) {
    return invalid("bad_certificate", "the PEM text needs a private key and its certificate", "clientSecret");
  }
  crypto::Key key = TRY(crypto::Key::from_private_pem(private_pem, crypto::Algorithm::RS256));
  std::string der = TRY(crypto::der_from_pem(certificate_pem));
  crypto::CertificateFacts facts = TRY(crypto::read_certificate(der));
  if (facts.key.public_pem() != key.public_pem()) {
    return invalid("bad_certificate", "the certificate belongs to another private key", "clientSecret");
  }
  auto thumbprint = text::from_hex(facts.sha1_thumbprint_hex);
  CHECK(thumbprint.has_value());
  return Certificate{.key = std::move(key), .thumbprint = text::to_base64url(*thumbprint)};
}

struct Known {
  std::string_view reason;
  Advice advice;
};

// ENTRA: reference section 4.6. The reasons of this room, and the repair for each.
constexpr std::array kKnown = {
    Known{"dns", {"the name of the address is not known here", "check the sovereign cloud, and this server's DNS"}},
    Known{"connect",
          {"port 443 of that host can't be reached from here",
           "open outgoing TCP 443 to the sign-in, Graph and *.manage hosts of the cloud"}},
    Known{"tls",
          {"the certificate of that host is not trusted here, or something on the way replaces it",
           "trust the certificate authority of an inspecting proxy, or exempt the host from inspection"}},
    Known{"timeout", {"the host does not answer in time", "check firewalls on the way for connections that hang"}},
    Known{"outbound_address",
          {"this server's allow-list refuses that address", "add it to `management.outbound.allow`"}},
    Known{"invalid_client",
          {"the client secret is wrong",
           "copy the secret's value (not its id) from Certificates & secrets, and save it"}},
    Known{"secret_expired",
          {"the client secret has expired",
           "make a new client secret in the app registration and run `wardbridge connect rotate-secret`"}},
    Known{"assertion_audience",
          {"the directory takes the certificate's assertion for another address than this one",
           "check the sovereign cloud: its sign-in address must be the one that the directory calls its issuer"}},
    Known{"application_unknown",
          {"no application with this id is registered in the tenant, or it was deleted",
           "check the Application ID, and grant admin consent in this tenant"}},
    Known{"unauthorized_client",
          {"the application may not sign in to this tenant", "grant admin consent, or enable the application"}},
    Known{"tenant_unknown", {"no tenant has this name", "check the Azure AD Tenant Name, and the sovereign cloud"}},
    Known{"other_cloud", {"the tenant lives in another sovereign cloud", "choose that sovereign cloud"}},
    Known{"invalid_resource",
          {"the tenant has no Intune API: the Intune licence is missing or has expired", "renew the Intune licence"}},
    Known{"consent_required",
          {"nobody has consented to the permission", "grant admin consent as a Global Administrator"}},
    Known{"permission_missing",
          {"the application lacks `update_device_attributes`, or admin consent for it",
           "add the Intune application permission `update_device_attributes` and grant admin consent"}},
    Known{"permission_extra",
          {"the application has more than the one permission that works",
           "remove every Intune permission but `update_device_attributes`, and grant admin consent again"}},
    Known{"forbidden",
          {"the directory knows the application and refuses it",
           "check its permissions and admin consent, and that its Application ID stands in Partner device management"}},
    Known{"application_not_entered",
          {"the Application ID is not entered in Partner device management",
           "paste it under Tenant administration > Connectors and tokens > Partner device management, and save"}},
    Known{"second_instance",
          {"another instance of Jamf Pro is connected to this tenant; a manual connection allows one",
           "disable the integration there first, or connect both by a type that allows several"}},
    Known{"integration_terminated",
          {"an administrator of the tenant terminated the connection", "save the connection again to reconnect"}},
    Known{"services_not_found",
          {"Graph does not list the partner services: Intune is not set up, or its licence has expired",
           "check the Intune licence, and that the application may read the service endpoints"}},
    Known{"service_moved",
          {"Graph knows no Microsoft Intune in this tenant (its licence is missing or has expired), or the service has "
           "moved",
           "check the Intune licence; a service that has moved is found again by itself"}},
    Known{"provisioning_refused", {"Intune did not take the provisioning", "read its words, and save again"}},
    Known{"device_not_found",
          {"the device is not, or no longer, registered in the directory",
           "remove its records on the Mac (clean-up list), and register again from Self Service"}},
    Known{"device_of_other_partner",
          {"another partner answers for the device in the tenant",
           "turn the connection of that partner off, take its application out, or give this one a priority there"}},
    Known{"user_not_assigned",
          {"the person of the device is in no group that is assigned to this partner, or in an excluded one",
           "assign a group of users (not of devices) that the person is in, or let the Mac enroll elsewhere"}},
    // What a Cloud Connector says of itself.
    Known{
        "bad_credential",
        {"the Cloud Connector does not take this instance's credential: it was renewed there, or the instance removed",
         "ask its operator for one (`wardbridge connector renew-credential`), and save it in the connection"}},
    Known{"consent_denied",
          {"an administrator of the tenant refused one of the two consents", "choose Connect again, and accept both"}},
    Known{"not_attached",
          {"the Cloud Connector does not know this connection", "choose Connect again, consent and confirm"}},
    Known{"bad_ticket",
          {"the Cloud Connector has another key file than when this was connected",
           "choose Connect again; its operator may have to restore `seal.key`"}},
    Known{"tenant_terminated",
          {"the partnership with the tenant was ended", "choose Connect again when that was not meant to be"}},
    Known{"device_of_other_instance",
          {"another instance of the Cloud Connector reports the same Mac, and came first",
           "unmanage it in one of the two; which one has it: `wardbridge connector routes --contended`"}},
    Known{"verdicts_held",
          {"a smart group or the compliance settings were changed, and the change moves many devices at once",
           "confirm it (POST /api/v1/wardbridge/device-compliance/held/confirm), or change it back"}},
    Known{"throttled",
          {"the service asks for fewer requests", "nothing: it is tried again when the service allows it"}},
    Known{"service_unavailable", {"the service is down for a while", "nothing: it is tried again by itself"}},
    Known{"service_error", {"the service failed", "nothing: it is tried again by itself"}},
    Known{"token_endpoint_down", {"the sign-in service failed", "nothing: it is tried again by itself"}},
};

}  // namespace

bool is_certificate(std::string_view client_secret) { return text::trim(client_secret).starts_with(kPemBegin); }

Status check_client_secret(const std::string& client_secret) {
  if (!is_certificate(client_secret)) return done();
  Result<Certificate> certificate = read_pem(client_secret);
  if (certificate.ok()) return done();
  return invalid("bad_certificate", certificate.failure().message, "clientSecret");
}

// ENTRA: microsoft.md section 5.3. SPEC: RFC 7523 section 3.
Result<std::string> client_assertion(const std::string& pem, const std::string& client_id, const std::string& audience,
                                     Entropy& entropy, Time now) {
  Certificate certificate = TRY(read_pem(pem));
  json::Object header{{"typ", "JWT"}, {"x5t", certificate.thumbprint}};
  json::Object claims{{"aud", audience},
                      {"iss", client_id},
                      {"sub", client_id},
                      {"jti", entropy.guid()},
                      {"nbf", to_unix_seconds(now)},
                      {"iat", to_unix_seconds(now)},
                      {"exp", to_unix_seconds(now + minutes{10})}};
  return crypto::sign_jws(std::move(header), claims, certificate.key);
}

Advice advice_on(std::string_view reason) {
  for (const Known& known : kKnown) {
    if (known.reason == reason) return known.advice;
  }
  return {};
}

}  // namespace wardbridge::partner
