// `wardbridge doctor`: what has to be right before a connection can work, checked from this machine: the version of the
// server and of its Macs, the hosts of the clouds that its connections use (name, port 443, certificate, clock), its
// Cloud Connector, the proxy, the account and its privileges, and the connections. What is wrong comes with what to do.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/api_client.h"
#include "platform/clock/clock.h"
#include "platform/http/peer_certificate.h"

namespace wardbridge::cli {

// Where sign-in, Graph and Intune are. An address that is empty is not looked at.
struct DoctorCloud {
  std::string name;  // `global`
  std::string display_name;
  std::string sign_in;
  std::string graph;
  std::string intune;
};

struct DoctorOptions {
  std::string version;               // of this program
  std::string server;                // address of the management server; empty: it is left out
  std::vector<DoctorCloud> clouds;   // that this program knows, and those of a configuration
  std::string cloud;                 // the name of the one to check; empty: those that the server's connections use
  std::optional<DoctorCloud> typed;  // in the place of all these
  // Variables of the environment that name a proxy, with the proxy's host and no more; and what NO_PROXY says.
  std::vector<std::pair<std::string, std::string>> proxies;
  std::string no_proxy;
  // What to do about a reason; empty when nothing is known.
  std::function<std::string(std::string_view reason)> remedy;
  std::function<Result<http::PeerCertificate>(const std::string& url)> look_at_certificate;
  bool json = false;
};

// `management` is logged in already, or nullptr with the failure that kept it from that (empty: it was not asked for).
// 0: all is well; 1: something is not; 2: neither we nor the server know a cloud of that name.
int doctor(http::Transport& transport, const Clock& clock, ApiClient* management, const std::string& log_in_failure,
           const DoctorOptions& options);

}  // namespace wardbridge::cli
