// What every part of this process shares: the time, randomness, and the sealing key of its data folder.
#pragma once

#include <memory>
#include <string>

#include "app/config.h"
#include "platform/clock/clock.h"
#include "platform/crypto/crypto.h"
#include "platform/entropy/entropy.h"
#include "platform/http/server.h"
#include "platform/store/store.h"

namespace wardbridge::app {

struct World {
  const Clock& clock;
  Entropy& entropy;
  crypto::Sealer sealer;
  std::string data;            // folder
  std::string ca_file;         // trusted by our own client, beside the system's store
  http::TlsIdentity identity;  // of our servers
};

// The world of a configuration's data folder: the folder, its local certificate authority and its sealing key are made
// where they are missing. The servers' certificate is the configured one, or one of the local authority for the names
// that the parts are reached by. Clock and entropy must outlive it.
Result<World> open_world(const Config& config, const Clock& clock, Entropy& entropy);

// `part` names the database file (SQLite) or schema (PostgreSQL): `management`, `connector`, `tenant`.
Result<std::unique_ptr<store::Store>> open_store(const StoreConfig& config, const std::string& data,
                                                 const std::string& part);

// `/healthz` (the process runs), `/readyz` (the store answers) and `/metrics`, on every part.
void register_operation_routes(http::Router& router, store::Store& store);

}  // namespace wardbridge::app
