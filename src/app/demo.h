// `wardbridge demo`: a whole device-trust system on loopback with a living fleet of simulated Macs. With `once` it
// plays the story - a Mac without FileVault is blocked, FileVault is turned on, the door opens - tells each hop with
// its time, stops everything and ends; without, it keeps the fleet going until it is told to stop.
#pragma once

#include <string>

#include "base/time.h"

namespace wardbridge::app {

struct DemoOptions {
  bool once = false;
  bool json = false;  // the story as one JSON object, with `once`
  int macs = 20;
  std::string data;                 // folder; empty: a fresh one in the temporary directory
  Duration patience = seconds{15};  // how long each hop may take
};

// The process's exit code: 0, or 1 when a hop did not happen in time or the demo could not be set up (said on stderr).
int run_demo(const DemoOptions& options);

}  // namespace wardbridge::app
