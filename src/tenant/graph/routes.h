// Every route of this face with the permission it needs, in tables. Private to this room.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "platform/http/http.h"
#include "tenant/graph/graph.h"
#include "tenant/graph/odata.h"

namespace wardbridge::graph {

// One authenticated, permitted request.
struct Call {
  const Dependencies& with;
  const http::Request& request;
  const tokens::Caller& caller;
  std::string_view version;  // `v1.0` or `beta`
  Time now = kEpoch;

  const std::string& parameter(std::string_view name) const { return request.path_parameter(name); }
  // `https://host/v1.0/$metadata#devices`
  std::string context(std::string_view what) const;
  // A collection's reply.
  http::Response list(std::string_view context_name, const Query& query, Page page) const;
  // One object's reply.
  http::Response one(std::string_view context_name, json::Object object, int status = 200) const;
};

using Handler = Result<http::Response> (*)(const Call&);
// Any permission of the set is enough.
using AnyOf = std::vector<std::string_view>;

// What a request does to the directory. A signed-in person who changes something must have a directory role, too.
enum class Effect { by_method, reads };  // by_method: GET reads, everything else changes
enum class Versions { both, beta };

struct Route {
  std::string_view method;
  std::string_view pattern;        // after the version
  std::vector<AnyOf> permissions;  // every set must be met
  Handler handler;
  Effect effect = Effect::by_method;
  Versions versions = Versions::both;
  // The query options that the route answers, for its documentation: `$filter $select`.
  std::string_view options = {};

  bool changes_something() const { return effect == Effect::by_method && method != "GET"; }
};

// Options of collections and of single objects.
inline constexpr std::string_view kObjectOptions = "$select";
inline constexpr std::string_view kListOptions = "$filter $select $orderby $top $skiptoken $count";

const std::vector<Route>& user_routes();
const std::vector<Route>& group_routes();
const std::vector<Route>& membership_routes();
const std::vector<Route>& device_routes();
const std::vector<Route>& credential_routes();
const std::vector<Route>& application_routes();
const std::vector<Route>& grant_routes();
const std::vector<Route>& directory_routes();
const std::vector<Route>& delta_routes();
const std::vector<Route>& policy_routes();
const std::vector<Route>& log_routes();
const std::vector<Route>& intune_routes();
std::vector<Route> all_routes();

// Whether the token's permissions are enough for a route.
bool is_permitted(const Route& route, const tokens::Caller& caller);

}  // namespace wardbridge::graph
