// One process works on a store at a time: budgets and pauses are kept in memory, and two would exceed them. For this
// room's sources only.
//
// Thread promise: may be used by several threads.
#pragma once

#include <mutex>
#include <string>

#include "base/result.h"
#include "platform/store/store.h"

namespace wardbridge::cloud_connector {

class Lease {
 public:
  Lease(store::Store& store, std::string holder) : store_(store), holder_(std::move(holder)) {}
  ~Lease();
  Lease(const Lease&) = delete;

  // At the start: since when nobody can have worked on the store (kEpoch: ever). Fails with `conflict`/`store_in_use`
  // while another process holds it. The file of an SQLite store is nobody else's, so there a lease that was left behind
  // by a crash is taken over at once.
  Result<Time> take(Time now);
  // Renews it when that is due. Fails when another process has it (it took over while this one could not be heard), or
  // when nobody can say so.
  Status hold(Time now);

 private:
  Status write(Time now);

  store::Store& store_;
  const std::string holder_;
  std::mutex mutex_;  // guards what follows
  Time held_until_ = kEpoch;
  Time last_used_ = kEpoch;
};

}  // namespace wardbridge::cloud_connector
