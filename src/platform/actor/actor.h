// Work that goes on by itself (deliveries, heartbeats, reassessment): an Actor says when it wants to run next, and a
// Stage gives each of its actors a thread. Tests and simulation call run_once() themselves, in virtual time.
//
//   Stage stage(clock);
//   stage.add(ledger_actor);          // runs until stage.stop() or the Stage is gone
//   stage.wake(ledger_actor);         // "there is work now": run before the promised time
#pragma once

#include <memory>
#include <string>

#include "platform/clock/clock.h"

namespace wardbridge {

class Actor {
 public:
  virtual ~Actor() = default;
  virtual std::string name() const = 0;
  // Does what is due at `now` and returns when to be called again (kNever: only when woken). Must return within a
  // few seconds; must not throw. Called by one thread at a time.
  virtual Time run_once(Time now) = 0;
};

class Stage {
 public:
  explicit Stage(const Clock& clock);
  ~Stage();  // stops
  Stage(const Stage&) = delete;

  // `actor` must outlive the Stage. Starts its thread.
  void add(Actor& actor);
  // Runs the actor as soon as it is idle. Thread-safe; callable from anywhere; an unknown actor is ignored.
  void wake(Actor& actor);
  // Waits for running actors to return, then ends their threads. Idempotent.
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace wardbridge
