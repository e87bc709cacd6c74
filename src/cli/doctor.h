// `wardbridge doctor`: what has to be right before a connection can work, checked from this machine: the hosts of the
// cloud (name, port 443, certificate, clock), the proxy, the management server, the account and its privileges, and the
// connections. What is wrong comes with what to do.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "cli/api_client.h"
#include "platform/clock/clock.h"

namespace wardbridge::cli {

struct DoctorOptions {
  std::string version;  // of this program
  std::string cloud;    // its display name
  // What is asked for, as people know it, and its address.
  std::vector<std::pair<std::string, std::string>> endpoints;
  // Variables of the environment that name a proxy, and are set.
  std::vector<std::string> proxy_variables;
  // What to do about a reason; empty when nothing is known.
  std::function<std::string(std::string_view reason)> remedy;
  bool json = false;
};

// `management` is logged in already, or nullptr with the failure that kept it from that (empty: it was not asked for).
// 0: all is well; 1: something is not.
int doctor(http::Transport& transport, const Clock& clock, ApiClient* management, const std::string& log_in_failure,
           const DoctorOptions& options);

}  // namespace wardbridge::cli
