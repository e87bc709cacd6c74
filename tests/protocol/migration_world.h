// The whole management side beside a Cloud Connector and a tenant, in virtual time: Macs check in, verdicts travel by
// whichever connection tells them, and a watch is kept at the tenant all the while.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "connector/connector_world.h"
#include "connector/device_compliance/device_compliance.h"
#include "management/jamf_api/jamf_api.h"

namespace wardbridge::protocol {

inline const directory::AppId kManualPartner{"6d1f2a3b-0000-4000-8000-0000000000a1"};
inline const directory::AppId kCompliancePartner{"6d1f2a3b-0000-4000-8000-0000000000a2"};

class MigrationWorld : public connector_tests::ConnectorWorld {
 protected:
  // On a store in memory, or on the given one.
  explicit MigrationWorld(std::unique_ptr<store::Store> management_store = nullptr);
  ~MigrationWorld() override;

  // --- The management side
  // A new process on the same store.
  void restart_management();
  struct Answer {
    int status = 0;
    std::string text;
    json::Value body;
    std::string at(std::string_view path) const;
  };
  Answer api(const std::string& method, const std::string& path, const json::Value& body = nullptr,
             const std::string& token = {});
  Answer migration(const std::string& step = {}, const json::Object& body = {}) {
    return api("POST", "/api/v1/wardbridge/migration" + step, body);
  }
  std::string phase() { return api("GET", "/api/v1/wardbridge/migration").at("phase"); }
  std::string create_group(const std::string& name, const std::vector<std::pair<std::string, std::string>>& criteria);
  std::string connect_manually();          // active afterwards; the connection's id
  std::string connect_with_own_partner();  // Device Compliance
  // An instance of its own at the connector; up to both consents, or active.
  enum class Until { application_id, active };
  std::string connect_by_cloud_connector(Until until = Until::active);
  void confirm(const std::string& cloud_connection);
  void tell_by(const std::string& connection);

  // --- Macs. Each is registered for one account; which is its device in the tenant.
  std::string add_mac(const std::string& name, bool encrypted);
  void check_in(const std::string& device, bool encrypted);
  // Seconds pass, and everybody works. What is watched holds after each of them.
  void pass(Duration span, Duration step = seconds{1});
  void settle() { pass(seconds{3}); }

  bool is_trusted(const std::string& device);
  std::string owner(const std::string& device);
  std::string state_of(const std::string& device);  // as the management shows it
  std::string lane_of(const std::string& connection);

  std::set<std::string> trusted_;    // watched: the tenant takes these for compliant, at every moment
  std::set<std::string> untrusted_;  // watched: and these never

  // Below the roads to tenant and connector; nothing: the request goes on.
  connector_tests::Network& tenant_road() { return *tenant_road_; }

 private:
  struct Road;
  struct CloudRoad;
  class ByHost;
  std::string almighty();
  void open_roads();

 protected:
  SeededEntropy management_entropy_{21};
  crypto::Sealer management_sealer_{std::string(32, 'm')};
  std::unique_ptr<store::Store> management_store_;

 private:
  std::unique_ptr<connector_tests::Network> tenant_road_;
  std::unique_ptr<ByHost> network_;
  struct Process;
  std::unique_ptr<Process> process_;
  std::string token_;
  Time token_until_ = kEpoch;
  std::map<std::string, std::string> check_in_tokens_;  // by device
  std::map<std::string, std::string> computers_;        // ids, by device
  int macs_ = 0;
};

}  // namespace wardbridge::protocol
