// Several management instances, one Cloud Connector and several tenants in virtual time: each with a store of its own,
// meeting only on the wire, over networks that a test may spoil.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "connector/cloud_connection/cloud_connection.h"
#include "connector/cloud_connector/cloud_connector.h"
#include "connector/ledger/ledger_actor.h"
#include "tenant/directory/directory.h"
#include "tenant/tokens/tokens.h"

namespace wardbridge::connector_tests {

inline const std::string kConnectorUrl = "https://connector.example";
inline const std::string kFaceUrl = "https://face.example";
inline const std::string kOperatorToken = "the-operator's-token-of-this-test";
inline const std::string kFirstSecret = "the-first-secret-of-this-test";
inline const std::string kSecondSecret = "the-second-secret-of-this-test";
inline const directory::AppId kConnectorApp{"6d1f2a3b-0000-4000-8000-00000000000c"};
inline const directory::AppId kUserApp{"6d1f2a3b-0000-4000-8000-00000000000d"};
inline const directory::TenantId kHome{
    "0f7c6f1a-0000-4c1e-9c5f-000000000000"};  // where the applications are registered
inline const directory::TenantId kContoso{"0f7c6f1a-0000-4c1e-9c5f-000000000001"};
inline const directory::TenantId kFabrikam{"0f7c6f1a-0000-4c1e-9c5f-000000000002"};

// Hands requests to a router, with the virtual time in them.
class ToRouter final : public http::Transport {
 public:
  ToRouter(const http::Router*& router, const Clock& clock) : router_(router), clock_(clock) {}
  Result<http::Response> send(const http::OutboundRequest& request, Duration deadline) override;

 private:
  const http::Router*& router_;  // may be nobody, for a while
  const Clock& clock_;
};

// Every request goes through `meddle`, which may answer in the peer's place; what comes back through it may be lost.
class Network final : public http::Transport {
 public:
  Network(http::Transport& peer, Entropy& entropy) : peer_(peer), entropy_(entropy) {}
  Result<http::Response> send(const http::OutboundRequest& request, Duration deadline) override;

  // Nothing: the request goes on.
  std::function<std::optional<http::Response>(const http::OutboundRequest&)> meddle;
  std::uint64_t lost_replies_percent = 0;  // after they took effect
  int requests = 0;
  int lost = 0;

 private:
  http::Transport& peer_;
  Entropy& entropy_;
};

// The tenants' side: the real rooms, with the connector's two applications registered in a tenant of their own.
class Tenants {
 public:
  explicit Tenants(const Clock& clock);
  ~Tenants();

  const http::Router* router() const;
  // An administrator of the tenant consents to what the URL asks for; where the browser is sent afterwards.
  std::string consent(const std::string& url, const directory::TenantId& tenant);
  void withdraw(const directory::TenantId& tenant, const std::string& role);
  void grant(const directory::TenantId& tenant, const std::string& role);
  void add_device(const directory::TenantId& tenant, const std::string& device_id);
  void add_group(const directory::TenantId& tenant, const std::string& group_id);
  // A partner's own application in one tenant, with kFirstSecret; roles of the Intune API.
  void add_partner_application(const directory::TenantId& tenant, const directory::AppId& app,
                               const std::vector<const char*>& roles);
  // *Partner device management*: the application id that the administrator enters; an empty one takes it out.
  void enter_application(const directory::TenantId& tenant, const directory::AppId& app = kConnectorApp);
  void set_priority(const directory::TenantId& tenant, const directory::AppId& app, std::optional<int> priority);
  std::int64_t remove_due_devices(const directory::TenantId& tenant);
  std::string device_partner_state(const directory::TenantId& tenant);
  directory::Device device(const directory::TenantId& tenant, const std::string& device_id);
  std::string partner_state(const directory::TenantId& tenant, const directory::AppId& app = kConnectorApp);
  // The inventory of a device that Partner device management lists; nothing: it is not listed.
  std::optional<json::Object> listed_inventory(const directory::TenantId& tenant, const std::string& device_id);
  // The versions of one device in the order in which the tenant applied them, from its audit log.
  std::vector<std::int64_t> applied(const directory::TenantId& tenant, const std::string& device_id);
  void add_secret(const std::string& secret, Time from, Time until);
  // Registers a certificate of the connector's application, in the place of secrets; PEM of both its halves.
  std::string add_certificate(Time from, Time until);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// One management instance: a ledger, its connections, and who works on them.
class Instance {
 public:
  Instance(std::string name, http::Transport& to_connector, const Clock& clock, std::uint64_t seed);

  const std::string& name() const { return name_; }
  ledger::ConnectionId add_connection(const directory::TenantId& tenant, const std::string& credential);
  cloud_connection::World world() { return {*store_, network, sealer_, entropy_}; }
  cloud_connection::Connection connection(ledger::ConnectionId id);
  void wish(ledger::ConnectionId id, const std::string& device_id, bool compliant, bool managed = true,
            const json::Object& inventory = {});
  ledger::Delivery delivery(ledger::ConnectionId id, const std::string& device_id);
  ledger::Counts counts(ledger::ConnectionId id);
  std::vector<ledger::Delivery> deliveries(ledger::ConnectionId id);
  Status change(const std::function<Status(store::Transaction&)>& body) { return store_->write(body); }
  void run_once();

  Network network;  // to the connector

 private:
  struct Road;
  std::string name_;
  const Clock& clock_;
  SeededEntropy entropy_;
  crypto::Sealer sealer_{std::string(32, 'i')};
  std::unique_ptr<store::Store> store_;
  std::map<ledger::ConnectionId, std::unique_ptr<Road>> roads_;

 public:
  ~Instance();
};

class ConnectorWorld : public ::testing::Test {
 protected:
  ConnectorWorld();

  // Starts the connector's process; on `fresh`, after its database was lost.
  enum class Database { kept, lost };
  void restart_connector(Database database = Database::kept);
  // As another process would begin; `now` is the clock's.
  Result<std::unique_ptr<cloud_connector::Broker>> open_broker(store::Store& store);
  void stop_connector();

  Instance& add_instance(const std::string& name);
  // Connect, both consents, Confirm: as an administrator walks through it. The connection is active afterwards.
  ledger::ConnectionId connect(Instance& instance, const directory::TenantId& tenant);
  // Up to both consents; returns where the browser ends.
  http::Response consent_to(const cloud_connection::Connection& connection, const directory::TenantId& tenant);
  http::Response browse(const std::string& url);
  // A call to the connector's API as its operator, or with any other token.
  http::Response call(const std::string& method, const std::string& path, const std::string& body = "",
                      const std::string& token = kOperatorToken);
  json::Object object_of(const http::Response& response);
  void run(Duration span);

  ManualClock clock_{from_unix_milliseconds(1'800'000'000'000)};
  SeededEntropy entropy_{7};
  crypto::Sealer sealer_{std::string(32, 'c')};
  Tenants tenants_{clock_};
  const http::Router* tenants_router_ = nullptr;
  const http::Router* connector_router_ = nullptr;
  ToRouter to_tenants_{tenants_router_, clock_};
  ToRouter to_connector_{connector_router_, clock_};
  Network tenant_network_{to_tenants_, entropy_};
  cloud_connector::Options options_;
  std::function<std::unique_ptr<store::Store>()> empty_store_;  // of the connector
  std::unique_ptr<store::Store> broker_store_;
  std::unique_ptr<cloud_connector::Broker> broker_;
  std::unique_ptr<http::Router> broker_router_;
  std::unique_ptr<cloud_connector::Keeper> broker_keeper_;
  std::map<std::string, std::string> credentials_;  // by instance
  std::vector<std::unique_ptr<Instance>> instances_;
};

}  // namespace wardbridge::connector_tests
