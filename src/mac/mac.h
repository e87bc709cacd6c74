// A simulated Mac: enrols, checks in, registers its device, signs its user in. Speaks the wire only.
//
//   SimulatedMac mac(make_profile(7, 1, "contoso.example"), transport, entropy);
//   TRY(mac.enroll("https://127.0.0.1:8443", invitation));
//   TRY(mac.check_in(now));                                   // a whole inventory report
//   TRY(mac.register_device("https://127.0.0.1:9443", "contoso.example"));
//   auto attempt = TRY(mac.sign_in({...}));
//   attempt.granted ? attempt.access_token : attempt.message
//
// Not thread-safe: one Mac is used by one thread at a time.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "mac/profile.h"
#include "platform/crypto/crypto.h"
#include "platform/entropy/entropy.h"
#include "platform/http/http.h"

namespace wardbridge::mac {

// The application that the user opens: a public client with a loopback redirect URI.
struct ApplicationSignIn {
  std::string client_id;
  std::string redirect_uri;
  std::string scope;         // `api://payroll/.default openid`
  bool prove_device = true;  // false: as a browser without access to the device key
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

  // Workplace join: the user signs in to the registration service, the Mac makes its key and gets its certificate, and
  // tells management both ids.
  Status register_device(const std::string& tenant_url, const std::string& tenant);
  // Removes the device from the directory, proved by the device's own certificate. `transport` presents it.
  Status unregister_device(http::Transport& transport_with_certificate);

  Result<SignInAttempt> sign_in(const ApplicationSignIn& application);

  const std::string& device_id() const { return device_id_; }  // empty until registered
  const std::string& user_id() const { return user_id_; }
  std::int64_t computer_id() const { return computer_id_; }
  // The device certificate and its key, for a transport that presents them.
  std::string certificate_pem() const;
  std::string private_key_pem() const;

 private:
  Result<CheckInAnswer> send_report();
  Result<http::Response> send(http::OutboundRequest request);
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
};

}  // namespace wardbridge::mac
