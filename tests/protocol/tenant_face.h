// The tenant wing's face as a partner meets it: sign-in, Graph and the partner services over one router, with a tenant,
// a partner application and two Macs in it. A Transport, so that the real client can talk to it in virtual time.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "platform/clock/clock.h"
#include "platform/http/http.h"
#include "tenant/directory/directory.h"
#include "tenant/graph/graph.h"
#include "tenant/intune/intune.h"
#include "tenant/oauth/oauth.h"
#include "tenant/tokens/tokens.h"

namespace wardbridge::protocol {

inline const std::string kFace = "https://face.example";
inline const directory::TenantId kTenant{"0f7c6f1a-5a57-4c1e-9c5f-2f9a0c1d2e3f"};
inline const directory::AppId kPartnerApp{"6d1f2a3b-0000-4000-8000-000000000001"};
inline const directory::AppId kRivalApp{"6d1f2a3b-0000-4000-8000-000000000002"};
inline const directory::AppId kPowerlessApp{"6d1f2a3b-0000-4000-8000-000000000003"};
inline const directory::AppId kVerdictsOnlyApp{"6d1f2a3b-0000-4000-8000-000000000004"};  // no permission for policies
inline const directory::AppId kManualApp{"6d1f2a3b-0000-4000-8000-000000000005"};        // as the documents want it
inline const directory::AppId kConsoleApp{"6d1f2a3b-0000-4000-8000-000000000006"};       // the tenant administrator's
inline const std::string kSecret = "a-secret-of-this-test";
inline const std::string kDevice = "22222222-0000-4000-8000-000000000002";
inline const std::string kOtherDevice = "22222222-0000-4000-8000-000000000003";
inline const std::string kUser = "44444444-0000-4000-8000-000000000004";
inline const std::string kGroup = "55555555-0000-4000-8000-000000000005";

class TenantFace final : public http::Transport {
 public:
  explicit TenantFace(const Clock& clock);

  Result<http::Response> send(const http::OutboundRequest& request, Duration deadline) override;

  // As the partner application (or another), with a token of its own.
  http::Response call(const std::string& method, const std::string& path, const std::string& body,
                      const directory::AppId& app = kPartnerApp);
  std::string token_of(const directory::AppId& app, const std::string& scope);
  std::optional<directory::Device> device(const std::string& id);
  intune::PartnerState partner_state();
  // As the tenant's administrator, through Graph: the answer's body.
  json::Value administrate(const std::string& method, const std::string& path, const json::Value& body = nullptr,
                           int expected_status = 200);
  // The one device management partner, and *Save* on its page.
  json::Object device_partner();
  void save_device_partner(const json::Object& patch, int expected_status = 200);
  void grant(const directory::AppId& app, const directory::AppId& resource, const char* role);
  // An application like kManualApp whose only secret (kSecret) ends then.
  void add_manual_application(const directory::AppId& app, Time secret_end);
  void add_secret(const directory::AppId& app, const std::string& secret, Time end = kNever);
  void add_device(const std::string& id, const std::string& owner = kUser);
  // Somebody who can sign in; gives the object id. And what people sign in to: a public client that asks for User.Read.
  std::string add_person(const std::string& user_principal_name, const std::string& password);
  // With an identifier URI it is also what they get tokens for.
  void add_public_application(const std::string& app, const std::string& redirect_uri,
                              const std::string& identifier_uri = "");
  enum class Consent { none, administrators, of_one_person };
  void consent(const std::string& app, Consent kind, const std::string& user = "");
  void add_to_group(const std::string& group, const std::string& member);
  std::string add_group(const std::string& name);
  std::vector<directory::Device> devices_of(const std::string& user);
  void remove_application(const std::string& app);
  void remove_service_principal(const directory::AppId& app);
  // Conditional Access: this application only for compliant Macs. Gives the policy's id.
  std::string require_compliant_macs(const std::string& app, const std::vector<std::string>& except = {});
  // Macs that are in the directory more than once for the same person, as the tenant's administrator reads them.
  std::string duplicate_devices();
  // A batch of what the tenant does by itself: removing the devices of partners that have left.
  std::int64_t remove_due_devices(int most);
  std::vector<intune::Policy> policies(const directory::AppId& app = kPartnerApp);

 private:
  Status fill(store::Transaction& tx);
  directory::Device new_device(const std::string& id, const std::string& owner);
  Status add_application(store::Transaction& tx, const directory::AppId& app,
                         const std::vector<const char*>& intune_roles, Time secret_end = kNever);

  const Clock& clock_;
  SeededEntropy entropy_{2};
  crypto::Sealer sealer_{std::string(32, 's')};
  std::unique_ptr<store::Store> store_;
  tokens::Authority authority_;
  registration::DeviceCertificates certificates_;
  http::Router router_{http::Router::Case::insensitive};
  std::map<directory::AppId, std::pair<std::string, Time>> tokens_;
  bool may_write_policies_ = false;  // the administrator's application
};

}  // namespace wardbridge::protocol
