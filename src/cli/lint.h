// `wardbridge lint groups`: what is wrong with the smart groups of a running management side.
#pragma once

#include "cli/api_client.h"

namespace wardbridge::cli {

// Prints the findings, grouped by group; `as_json` as the server tells them. 0: none; 1: there are findings, or they
// could not be read (standard error says why).
int lint_groups(ApiClient& management, bool as_json);

}  // namespace wardbridge::cli
