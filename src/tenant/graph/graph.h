// Microsoft Graph's face of a tenant: `/v1.0/...` and the same under `/beta/...`.
//
// Knows: Graph's resources, OData queries, permissions and error bodies. Hides: how a resource is read from the
// directory, the sign-in log and the policies. Serves users, groups, devices, applications, service principals and what
// they were granted, the organization, both audit logs and conditional access policies; delta queries and JSON
// batching; and no more than ThrottleLimits lets an application ask. docs/reference/graph.md lists every route.
//
// Law 7: nothing here writes a device's compliance; a PATCH that names such a property is refused.
//
//   graph::register_routes(router, {.store = store, .entropy = entropy, .base_url = "https://127.0.0.1:9443",
//                                   .authenticate = [&](const http::Request& request) {
//                                     return authority.authenticate(request, directory::kGraphAppId);
//                                   }});
//
// Handlers are called from many threads; they take the time from `request.received`.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "platform/entropy/entropy.h"
#include "platform/http/http.h"
#include "platform/store/store.h"
#include "tenant/tokens/tokens.h"

namespace wardbridge::graph {

// How much one application may ask of one tenant. Zero: as much as it likes.
struct ThrottleLimits {
  bool enabled = true;
  double units_small = 3500;   // resource units in ten seconds: tenants of less than 50 users,
  double units_medium = 5000;  // up to 500,
  double units_large = 8000;   // and more
  double writes = 3000;        // in 150 seconds
  // ENTRA: 5 requests in ten seconds. DEVIATION: unlimited unless set, because our own console watches these logs.
  int reports = 0;
  // ENTRA: one request a second and tenant, refused without Retry-After. DEVIATION: unlimited unless set.
  int policies = 0;
};

struct Dependencies {
  store::Store& store;
  Entropy& entropy;
  std::string base_url;  // of this face, without a trailing slash; in contexts and links
  std::function<Result<tokens::Caller>(const http::Request&)> authenticate;
  ThrottleLimits throttle = {};
};

// The router should match paths without case, as Graph does.
// The router must outlive its requests: a batch's parts go through it again.
void register_routes(http::Router& router, Dependencies dependencies);

// Whether a path is Graph's to answer, and Graph's error body for what no route answered: for the router's fallback.
bool is_graph_path(std::string_view path);
http::Response fallback(const http::Request& request, int status, std::string_view message);

// docs/reference/graph.md: every route with its query options and permissions.
std::string reference_page();

}  // namespace wardbridge::graph
