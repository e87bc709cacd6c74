// The management side as one process plays it: store, heartbeat, connections with their workers, and the API on a
// server.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/world.h"
#include "management/pipeline/pipeline.h"
#include "platform/actor/actor.h"
#include "platform/http/client.h"

namespace wardbridge::app {

class ManagementPart {
 public:
  // Opens and migrates the store. The world must outlive the part. `own_services` are the URLs of the tenant
  // and the connector that this very process plays: connections may go there whatever the allow-list says.
  static Result<std::unique_ptr<ManagementPart>> open(const ManagementConfig& config, const World& world,
                                                      const std::vector<std::string>& own_services = {});
  ~ManagementPart();

  // Listens and starts the actors.
  Status start();
  void stop();
  std::string url() const;  // after start()

  // The first administrator, when there is no account yet: the password, shown once. Nothing when there is one.
  Result<std::string> first_administrator(const std::string& username);

  store::Store& store();

 private:
  class ConnectionWatch;
  struct State;
  explicit ManagementPart(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace wardbridge::app
