// The tenant side as one process plays it: directory, tokens, registration, partner intake, Conditional Access and
// Graph on one server, for any number of tenants.
#pragma once

#include <memory>
#include <string>

#include "app/world.h"

namespace wardbridge::app {

class TenantPart {
 public:
  // Opens and migrates the store, takes its address, and makes the tenants of the configuration that are not there yet
  // (what is there stays as it is). The world must outlive the part.
  static Result<std::unique_ptr<TenantPart>> open(const TenantFaceConfig& config, const World& world);
  ~TenantPart();

  Status start();
  void stop();
  const std::string& url() const;

  store::Store& store();

 private:
  struct State;
  explicit TenantPart(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace wardbridge::app
