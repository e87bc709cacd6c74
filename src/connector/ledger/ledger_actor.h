// A worker that takes due deliveries of one connection down its road. Any number of them may serve the same connection,
// here or on other nodes: leases keep each subject with one of them at a time, and the fence refuses one that came back
// too late. One connection per worker, so that a road that hangs delays no other.
#pragma once

#include <string>

#include "connector/ledger/connection.h"
#include "platform/actor/actor.h"
#include "platform/clock/clock.h"

namespace wardbridge::ledger {

struct LedgerActorOptions {
  int worker = 1;                    // tells apart the workers of one connection in logs
  int batch = 16;                    // leased, and settled, together
  Duration batch_time = seconds{5};  // a batch gives back what it has not begun after this (see kLeaseTime)
  Duration run_time = seconds{1};    // a run takes no new batch after this
  Duration idle_poll = seconds{1};   // looks for work of other nodes at least this often
};

class LedgerActor final : public Actor {
 public:
  // All must outlive the actor.
  LedgerActor(store::Store& store, Connection& connection, ConnectionId id, const Clock& clock, Entropy& entropy,
              LedgerActorOptions options = {});
  std::string name() const override;
  Time run_once(Time now) override;

 private:
  // Delivers, and where that is accepted at once asks whether it is applied already.
  Attempt attempt(const Leased& leased);
  // False when nothing could be taken, or the road is closed for now.
  Result<bool> run_batch();

  store::Store& store_;
  Connection& connection_;
  ConnectionId id_;
  const Clock& clock_;
  Entropy& entropy_;
  LedgerActorOptions options_;
};

}  // namespace wardbridge::ledger
