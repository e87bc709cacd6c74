// `wardbridge explain computer NAME [--group G]`: why a computer is in a group or isn't, or all groups that it is in.
// `wardbridge explain device NAME`: the chain from its check-in to what the directory believes, and the one next step.
#pragma once

#include <string>

#include "cli/api_client.h"

namespace wardbridge::cli {

struct ExplainOptions {
  std::string computer;  // name, serial number, UDID or id
  std::string group;     // name or id; empty: all groups that the computer is in, and its compliance
  bool json = false;
};

// 0: told; 1: the server refused or is away; 3: there is no such computer or group; 4: several computers are called
// that, and are listed.
int explain_computer(ApiClient& management, const ExplainOptions& options);
// The same codes; also takes the name of a computer. `group` is not asked.
int explain_device(ApiClient& management, const ExplainOptions& options);

}  // namespace wardbridge::cli
