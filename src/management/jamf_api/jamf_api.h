// The management side's outer face: Jamf Pro's API (tokens, roles, computers-inventory v1 to v4, smart and static
// computer groups v2 and v3, extension attributes, device compliance information), the computer groups of its Classic
// API (`/JSSResource`), the Mac's own routes, and this product's routes for what the vendor offers only in its console
// (`/api/v1/wardbridge/...`: import, compliance settings, connections, conditional access, computer groups explained,
// rehearsed and with their cost, Self Service, notifications, what waits to leave the house); of the Classic API, the webhooks.
//
//   http::Router router;
//   register_routes(router, {.store = store, .entropy = entropy, .pipeline = pipeline, .sealer = sealer});
#pragma once

#include <functional>

#include "connector/partner/clouds.h"
#include "management/pipeline/pipeline.h"
#include "platform/crypto/crypto.h"
#include "platform/entropy/entropy.h"
#include "platform/http/allow_list.h"
#include "platform/http/http.h"
#include "platform/store/store.h"

namespace wardbridge::jamf_api {

// Everything must outlive the router.
struct Dependencies {
  store::Store& store;
  Entropy& entropy;
  pipeline::Pipeline& pipeline;
  const crypto::Sealer& sealer;
  // Called after a connection was created or changed, so that its actors start or look again. May be empty.
  std::function<void()> connections_changed = {};
  // Where webhooks may go: for a warning when one is saved; the transport that delivers them is what enforces it.
  http::AllowList outbound = {};
  bool outbound_plain_http = false;
  bool mail_configured = false;
  // The road to directories and connectors, for what a person waits for; nothing: such a request fails.
  http::Transport* connections = nullptr;
  // Whether the allow-list surely refuses that host and port of a tenant, for an answer at once.
  std::function<bool(const std::string& host, int port)> refuses_tenant = [](const std::string&, int) { return false; };
  std::vector<partner::Cloud> clouds = partner::known_clouds();
  // This server's own address as people and Macs reach it, without a slash at the end.
  std::function<std::string()> public_url = [] { return std::string("https://localhost"); };
};

// Also sets the router's fallback, so that unknown paths answer in Jamf's error body.
void register_routes(http::Router& router, const Dependencies& dependencies);

}  // namespace wardbridge::jamf_api
