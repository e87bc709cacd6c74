// The Cloud Connector as one process plays it: store, broker with its keepers, and its API on a server.
#pragma once

#include <memory>
#include <string>

#include "app/world.h"

namespace wardbridge::app {

class ConnectorPart {
 public:
  // Opens and migrates the store, takes its address, seals the secrets of the configuration, and makes the operator's
  // token where there is none. The world must outlive the part.
  static Result<std::unique_ptr<ConnectorPart>> open(const ConnectorConfig& config, const World& world);
  ~ConnectorPart();

  // Starts answering and keeping.
  Status start();
  void stop();
  const std::string& url() const;
  // Of the file with the operator's token.
  const std::string& operator_token_file() const;

 private:
  struct State;
  explicit ConnectorPart(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace wardbridge::app
