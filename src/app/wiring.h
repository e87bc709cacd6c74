// Connecting a management side to a tenant over their public APIs, as an administrator would: what the demo, the crash
// tests and the benchmarks all begin with.
#pragma once

#include <functional>
#include <string>

#include "app/config.h"
#include "cli/api_client.h"

namespace wardbridge::app {

struct Wiring {
  std::string tenant_url;
  std::string domain;
  std::string client_id;  // of the connector's application in the tenant
  std::string client_secret;
};

// Makes an applicable group (has Company Portal) and a compliance group (fresh inventory, Company Portal, FileVault), a
// connection, turns device compliance on, offers the registration in Self Service, and waits until the connection is
// active.
Status connect_to_tenant(cli::ApiClient& management, const Wiring& wiring);

// The application that Macs sign their people in with to submit their ids, to be put into a tenant's configuration.
ApplicationConfig user_registration_app();

// An enrolment invitation for any number of Macs.
Result<std::string> invite_macs(cli::ApiClient& management);

// A policy: this application only for compliant Macs.
Status require_compliant_macs(cli::ApiClient& graph, const std::string& application_client_id);

// Waits until `happened` says so, asking every few milliseconds; `timeout`/`hop_missing` names what did not happen.
Status wait_for(const std::string& what, Duration patience, const std::function<Result<bool>()>& happened);

}  // namespace wardbridge::app
