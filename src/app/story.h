// The story that the demo tells, played over the wire: blocked, repaired, let in; each hop with its time.
#pragma once

#include <string>
#include <vector>

#include "app/demo_stage.h"
#include "base/json.h"

namespace wardbridge::app {

struct Hop {
  std::string name;   // check-in, verdict, sent, accepted, visible, decided
  Duration after{0};  // since the Mac began its check-in
};

struct Story {
  std::string computer;
  std::string user;
  int fleet = 0;
  int registered = 0;
  Duration set_up{0};
  std::string blocked_message;  // what the person read
  int blocked_code = 0;
  std::string blocked_reason;  // what management says: group, criterion, measured and required value
  std::vector<Hop> hops_to_block;
  std::vector<Hop> hops_to_open;
};

// Plays with the stage's first Mac. A hop that does not happen is a failure that names it.
Result<Story> play_story(DemoStage& stage, Duration patience);

std::string tell(const Story& story);
json::Object to_json(const Story& story);

}  // namespace wardbridge::app
