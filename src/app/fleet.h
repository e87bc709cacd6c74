// The demo's fleet after the story: Macs that check in at a believable pace, a few of them broken in known ways, now
// and then one that is repaired or neglected, and people who open the application.
#pragma once

#include <map>
#include <string>

#include "app/demo_stage.h"
#include "platform/actor/actor.h"

namespace wardbridge::app {

// What is wrong with the Mac of that number; empty: nothing. Numbers end in 3: no FileVault; in 5: not registered; in
// 7: no Company Portal any more, so the integration does not apply to it.
std::string known_fault(int number);

// Enrols, reports and registers every Mac but the first, which belongs to the story. Returns how many were registered.
Result<int> bring_up_fleet(DemoStage& stage);

class Fleet final : public Actor {
 public:
  Fleet(DemoStage& stage, Entropy& entropy) : stage_(stage), entropy_(entropy) {}
  std::string name() const override { return "fleet"; }
  Time run_once(Time now) override;

 private:
  DemoStage& stage_;
  Entropy& entropy_;
  std::size_t next_ = 0;
};

}  // namespace wardbridge::app
