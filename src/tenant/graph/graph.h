// Microsoft Graph's face of a tenant: `/v1.0/...` and the same under `/beta/...`.
//
// Knows: Graph's resources, OData queries, permissions and error bodies. Hides: how a resource is read from the
// directory, the sign-in log and the policies. Serves reads of users, groups, devices, applications, service
// principals, the organization and both audit logs; disabling and deleting devices; and everything about conditional
// access policies.
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

struct Dependencies {
  store::Store& store;
  Entropy& entropy;
  std::string base_url;  // of this face, without a trailing slash; in contexts and links
  std::function<Result<tokens::Caller>(const http::Request&)> authenticate;
};

// The router should match paths without case, as Graph does.
void register_routes(http::Router& router, Dependencies dependencies);

// Whether a path is Graph's to answer, and Graph's error body for what no route answered: for the router's fallback.
bool is_graph_path(std::string_view path);
http::Response fallback(const http::Request& request, int status, std::string_view message);

}  // namespace wardbridge::graph
