// Takes due messages of one kind out, lane by lane, through their carrier. Any number of workers may serve a kind, here
// or on other nodes.
#pragma once

#include <string>

#include "management/outbox/outbox.h"
#include "platform/actor/actor.h"
#include "platform/clock/clock.h"

namespace wardbridge::outbox {

// How messages of one kind travel. Called by several workers at a time; may read the store, outside any transaction.
class Carrier {
 public:
  virtual ~Carrier() = default;
  virtual std::string kind() const = 0;
  // Must return well within kLeaseTime.
  virtual Outcome carry(const Message& message, Time now) = 0;
};

struct OutboxActorOptions {
  int worker = 1;  // the first of a kind also tidies up
  int batch = 16;
  Duration run_time = seconds{3};   // takes no new message after this
  Duration idle_poll = seconds{1};  // messages come from any transaction, so it looks this often
  Limits limits = {};
};

class OutboxActor final : public Actor {
 public:
  // All must outlive the actor.
  OutboxActor(store::Store& store, Carrier& carrier, const Clock& clock, Entropy& entropy,
              OutboxActorOptions options = {});
  std::string name() const override;
  Time run_once(Time now) override;

 private:
  // False when no lane could be taken.
  Result<bool> run_lane(Time stop_at);
  void tidy_now_and_then(Time now);

  store::Store& store_;
  Carrier& carrier_;
  const Clock& clock_;
  Entropy& entropy_;
  OutboxActorOptions options_;
  Time next_tidy_ = kEpoch;
};

}  // namespace wardbridge::outbox
