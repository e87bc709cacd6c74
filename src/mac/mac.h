// A simulated Mac: enrols, checks in, registers its device, signs its user in. Speaks the wire only.
//
//   SimulatedMac mac(make_profile(7, 1, "contoso.example"), transport, entropy);
//   TRY(mac.enroll("https://127.0.0.1:8443", invitation));
//   TRY(mac.check_in(now));                                   // a whole inventory report
//   mac.use_directory("https://127.0.0.1:9443", "contoso.example");
//   TRY(mac.register_from_self_service(now));                 // policy -> Company Portal -> jamfAAD
//   auto attempt = TRY(mac.sign_in({...}));
//   attempt.granted ? attempt.access_token : attempt.message
//
// Not thread-safe: one Mac is used by one thread at a time.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "mac/profile.h"
#include "platform/crypto/crypto.h"
#include "platform/entropy/entropy.h"
#include "platform/http/http.h"

namespace wardbridge::mac {

// Whether a person may be asked for anything.
enum class Prompting { silent, allowed };

// The application that the user opens: a public client with a loopback redirect URI.
struct ApplicationSignIn {
  std::string client_id;
  std::string redirect_uri;
  std::string scope;         // `api://payroll/.default openid`
  bool prove_device = true;  // false: as a browser without access to the device key
  std::string name = {};     // as the keychain asks for it; empty: its client id
  Prompting prompting = Prompting::allowed;
};

// What came of a sign-in.
struct SignInAttempt {
  bool granted = false;
  std::string access_token;  // when granted
  int error_code = 0;        // AADSTS number, when refused
  std::string message;       // as the person reads it
  std::string correlation_id;
};

struct CheckInAnswer {
  std::int64_t computer_id = 0;
  std::int64_t revision = 0;
  bool repeated = false;  // the server had this report already
};

// One thing that Self Service offers, or that installs by itself.
struct SelfServiceItem {
  std::string kind;  // `POLICY`, `MAC_APPLICATION`
  std::string id;
  std::string name;
  std::string description;
  std::string button;
  std::string category;
  bool featured = false;
  bool registers_computers = false;
  std::string bundle_id;  // of an application
  std::string version;
};
// Why an account of this Mac is not compliant, as Self Service shows it.
struct ComplianceMessage {
  std::string username;
  std::string reason;
  std::string remedy;
};
struct SelfService {
  std::vector<SelfServiceItem> items;
  std::vector<SelfServiceItem> install;  // without anybody's doing
  std::vector<ComplianceMessage> compliance;
  bool integration_enabled = false;
  std::string native_client_id;  // the application that jamfAAD signs people in with
  std::string oldest_system;

  const SelfServiceItem* registration() const;  // nullptr: none is offered
};

enum class PortalStart {
  by_hand,            // the person opens it
  registration_only,  // the registration policy does, with the flag -r
};

class SimulatedMac {
 public:
  SimulatedMac(Profile profile, http::Transport& transport, Entropy& entropy);

  Profile& profile() { return profile_; }
  const Profile& profile() const { return profile_; }

  // Enrolment gives the per-device credential that every check-in carries.
  Status enroll(const std::string& management_url, const std::string& invitation);
  // A whole inventory report, only the security sections, or just a sign of life. When the answer is lost, send again
  // with retry_check_in(): the same report id.
  enum class Report { whole, security, none };
  Result<CheckInAnswer> check_in(Time now, Report report = Report::whole);
  Result<CheckInAnswer> retry_check_in();
  // Sends sections that were written out before: for benchmarks, which measure the server rather than this Mac.
  Result<CheckInAnswer> check_in_with(const std::string& sections_text);

  // --- Self Service
  Result<SelfService> open_self_service();
  // Runs one item and reports what became of it; the line that tells of success. A failed run is a Failure with the
  // reason, the cause and the remedy, which the policy's log has, too.
  Result<std::string> run(const SelfServiceItem& item, Time now);
  // Opens Self Service and runs its registration item; `not_offered` when there is none.
  Result<std::string> register_from_self_service(Time now);
  // What is to be on this Mac and isn't, or in an older version. Returns how many were installed.
  Result<int> install_applications();

  // --- Registration, step by step
  // The sign-in service of the person's cloud, which Company Portal knows from its vendor.
  void use_directory(const std::string& tenant_url, const std::string& tenant);
  // Failures say cause and remedy: `account_not_onboarded`, `already_enrolled`, `invalid_command_line`,
  // `account_not_assigned`, `direct_enrollment`, `registration_refused`. Registers the device when it may.
  Status open_company_portal(PortalStart start);
  // jamfAAD's step: gets the user's token and submits both ids, or tells management that the token is well, or isn't.
  // Gives `AAD ID acquired for macOS user ..`. `not_registered`, `keychain_refused`, `connector_missing`,
  // `connector_not_consented`, `sign_in_failed`, and what management answers to the ids.
  Result<std::string> gather_aad_info(Time now, Prompting prompting = Prompting::allowed);
  // As the extension attribute of the community tells it: `WPJ Key Present. AAD ID not acquired`.
  std::string registration_state() const;
  // Removes what a registration leaves on the Mac (the clean-up list); the directory is not told.
  void clean_up();
  // Both at once and without policy, Company Portal and jamfAAD: for tests and benchmarks of something else.
  Status register_device(const std::string& tenant_url, const std::string& tenant);
  // Removes the device from the directory, proved by the device's own certificate. `transport` presents it.
  Status unregister_device(http::Transport& transport_with_certificate);

  Result<SignInAttempt> sign_in(const ApplicationSignIn& application);

  const std::string& device_id() const { return device_id_; }  // empty until registered
  const std::string& user_id() const { return user_id_; }
  std::int64_t computer_id() const { return computer_id_; }
  // What Company Portal wrote into its log, and what the keychain asked, in order.
  const std::vector<std::string>& portal_log() const { return portal_log_; }
  const std::vector<std::string>& keychain_prompts() const { return keychain_prompts_; }
  // The device certificate and its key, for a transport that presents them.
  std::string certificate_pem() const;
  std::string private_key_pem() const;

 private:
  Result<CheckInAnswer> send_report();
  Result<http::Response> send(http::OutboundRequest request);
  Result<http::Response> call_management(const std::string& method, const std::string& path,
                                         const json::Object& body = {});
  using Action = std::function<Result<std::string>()>;
  // Starts a run at the server, acts, and reports the outcome.
  Result<std::string> log_run(const SelfServiceItem& item, const Action& act);
  Result<std::string> install(const SelfServiceItem& item);
  Result<std::string> register_by_policy(Time now);
  Status check_requirements(const SelfService& shown) const;
  Status provide_company_portal(const SelfService& shown);
  Result<SignInAttempt> sign_in_to_register();
  Status join_workplace(const std::string& access_token);
  Status submit_ids();
  Status tell_state(const std::string& problem);
  Status note_token(const char* outcome);
  bool may_use_key(const std::string& application);
  Failure key_denied(const std::string& application) const;
  Result<http::Response> answer_device_challenge(const http::Response& challenge, bool prove_device);
  Result<SignInAttempt> refused(const http::Response& response) const;

  Profile profile_;
  http::Transport& transport_;
  Entropy& entropy_;

  std::string management_url_;
  std::string credential_;
  std::int64_t computer_id_ = 0;
  std::string last_report_;

  std::string tenant_url_;
  std::string tenant_;
  std::string device_id_;
  std::string user_id_;
  std::optional<crypto::Key> device_key_;
  std::string certificate_der_;
  std::map<std::string, std::string> cookies_;

  // jamfAAD's preferences, and who may use the key in the login keychain.
  std::string native_client_id_;
  bool jamf_aad_has_run_ = false;
  bool has_aad_id_ = false;
  std::set<std::string> trusted_with_key_;
  std::vector<std::string> portal_log_;
  std::vector<std::string> keychain_prompts_;
};

}  // namespace wardbridge::mac
