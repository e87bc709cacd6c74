// What the demo plays on: both parts on loopback with fresh data, connected and configured over their public APIs, as
// an administrator would.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/management_part.h"
#include "app/tenant_part.h"
#include "cli/api_client.h"
#include "mac/mac.h"
#include "platform/http/client.h"

namespace wardbridge::app {

inline constexpr const char* kDemoDomain = "contoso.example";

class DemoStage {
 public:
  // Makes `macs` simulated Macs with their users in the tenant, starts both parts, connects them. Ports are the usual
  // ones when `usual_ports` and they are free, any free ones otherwise.
  static Result<std::unique_ptr<DemoStage>> set_up(const std::string& data, int macs, bool usual_ports);
  ~DemoStage();

  std::vector<std::unique_ptr<mac::SimulatedMac>>& macs() { return macs_; }
  cli::ApiClient& management() { return *management_; }
  cli::ApiClient& graph() { return *graph_; }
  const Clock& clock() const { return clock_; }
  http::Transport& transport() { return *transport_; }

  const std::string& management_url() const { return management_->base_url(); }
  const std::string& tenant_url() const { return graph_->base_url(); }
  const std::string& ca_file() const { return world_->ca_file; }
  const std::string& admin_password() const { return admin_password_; }
  const std::string& invitation() const { return invitation_; }
  // How a user opens the demo's application.
  mac::ApplicationSignIn payroll() const;

  // Enrols one Mac, sends its first report, and registers it (when `registers`) through Self Service.
  Status bring_up(mac::SimulatedMac& mac, bool registers);

 private:
  DemoStage() = default;
  Status start_parts(const std::string& data, bool usual_ports);
  Status log_in();

  SystemClock clock_;
  SystemEntropy entropy_;
  std::unique_ptr<World> world_;
  TenantConfig tenant_;
  std::unique_ptr<TenantPart> tenant_part_;
  std::unique_ptr<ManagementPart> management_part_;
  std::unique_ptr<http::Transport> transport_;
  std::unique_ptr<cli::ApiClient> management_;
  std::unique_ptr<cli::ApiClient> graph_;
  std::vector<std::unique_ptr<mac::SimulatedMac>> macs_;
  std::string admin_password_;
  std::string invitation_;
};

}  // namespace wardbridge::app
