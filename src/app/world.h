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
  const crypto::Sealer& sealer;
  std::string data;            // folder
  std::string ca_file;         // trusted by our own client, beside the system's store
  http::TlsIdentity identity;  // of our servers
};

// `part` names the database file (SQLite) or schema (PostgreSQL): `management`, `tenant`.
Result<std::unique_ptr<store::Store>> open_store(const StoreConfig& config, const std::string& data,
                                                 const std::string& part);

// `/healthz` (the process runs), `/readyz` (the store answers) and `/metrics`, on every part.
void register_operation_routes(http::Router& router, store::Store& store);

}  // namespace wardbridge::app
