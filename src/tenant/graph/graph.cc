#include "tenant/graph/graph.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "base/limits.h"
#include "base/text.h"
#include "tenant/directory/roles.h"
#include "tenant/directory/search.h"
#include "tenant/graph/batch.h"
#include "tenant/graph/graph_wire.h"
#include "tenant/graph/routes.h"
#include "tenant/graph/throttle.h"

namespace wardbridge::graph {
namespace {

constexpr std::array<std::string_view, 2> kVersions{"v1.0", "beta"};

struct Face {
  explicit Face(Dependencies dependencies) : with(std::move(dependencies)), throttle(with.throttle) {}
  Dependencies with;
  Throttle throttle;
};

std::int64_t count_users(const Dependencies& with, const directory::TenantId& tenant, Time now) {
  const auto count = with.store.read([&](store::Transaction& tx) -> Result<std::int64_t> {
    return directory::count(tx, tenant, directory::ObjectKind::user, std::nullopt, now);
  });
  return count.value_or(0);
}

http::Response refuse_throttled(const http::Request& request, const tokens::Caller& caller,
                                const ThrottleVerdict& verdict) {
  http::Response response = error_response(request, 429, "TooManyRequests", "Too many requests.");
  const auto wait = std::chrono::ceil<std::chrono::seconds>(verdict.wait).count();
  if (verdict.tells_when)
    response.headers.set("Retry-After", std::to_string(wait));
  else
    response.headers.remove("Retry-After");
  const std::string limit = verdict.information == "WriteLimitExceeded" ? "Write" : "ReadWrite";
  response.headers.set("x-ms-throttle-scope",
                       "Tenant_Application/" + limit + "/" + caller.client.value + "/" + caller.tenant.value);
  response.headers.set("x-ms-throttle-information", std::string(verdict.information));
  return response;
}

// ENTRA: from four fifths of a limit on, answers say how much of it is used.
void tell_usage(http::Response& response, const ThrottleVerdict& verdict, int units) {
  response.headers.set("x-ms-resource-unit", std::to_string(units));
  const int tenths = static_cast<int>(verdict.used * 10);
  if (tenths >= 8)
    response.headers.set("x-ms-throttle-limit-percentage", tenths >= 10 ? "1.0" : "0." + std::to_string(tenths));
}

// What a route changes. Whoever grants permissions or roles could make themselves anything, so that is an area apart.
directory::Area area_of(const Route& route) {
  using enum directory::Area;
  const auto starts = [&](std::string_view prefix) { return route.pattern.starts_with(prefix); };
  if (starts("/users")) return users;
  if (starts("/groups")) return groups;
  if (starts("/devices")) return devices;
  if (starts("/identity/")) return policies;
  const bool is_assignment = route.pattern.find("/appRoleAssign") != std::string_view::npos;
  if (!is_assignment && (starts("/applications") || starts("/servicePrincipals"))) return applications;
  return permissions;
}

// What an application may do is said by its permissions; a person must also be somebody who may.
Status check_person(const Dependencies& with, const Route& route, const tokens::Caller& caller) {
  if (caller.is_application || !route.changes_something()) return done();
  const bool may = TRY(with.store.read([&](store::Transaction& tx) -> Result<bool> {
    return directory::may_change(tx, caller.tenant, caller.subject, area_of(route));
  }));
  if (may) return done();
  return Failure{Code::forbidden, "no_directory_role", "Insufficient privileges to complete the operation."};
}

http::Response answer(Face& face, const Route& route, std::string_view version, const http::Request& request) {
  const Dependencies& with = face.with;
  const auto caller = with.authenticate(request);
  if (!caller.ok()) return error_response(request, caller.failure());
  ThrottleVerdict verdict;
  const int units = resource_units(request, route.pattern);
  if (with.throttle.enabled) {
    verdict = face.throttle.take(
        caller->tenant, caller->client, route.pattern, units, route.changes_something(), request.received,
        [&](const directory::TenantId& tenant) { return count_users(with, tenant, request.received); });
    if (verdict.wait > Duration{0}) return refuse_throttled(request, *caller, verdict);
  }
  if (!is_permitted(route, *caller))
    return error_response(request, 403, "Authorization_RequestDenied",
                          "Insufficient privileges to complete the operation.");
  if (const Status may = check_person(with, route, *caller); !may.ok()) return error_response(request, may.failure());
  const auto result =
      route.handler({.with = with, .request = request, .caller = *caller, .version = version, .now = request.received});
  http::Response response = result.ok() ? *result : error_response(request, result.failure());
  tell_usage(response, verdict, units);
  return response;
}

// Before anything is looked at.
http::Response too_large(const http::Request& request) {
  return error_response(request, 413, "Request_EntityTooLarge",
                        "the body is larger than " + std::to_string(limits::kGraphBodyBytes) + " bytes");
}

}  // namespace

std::string Call::context(std::string_view what) const {
  return with.base_url + "/" + std::string(version) + "/$metadata#" + std::string(what);
}

http::Response Call::list(std::string_view context_name, const Query& query, Page page) const {
  json::Object body{{"@odata.context", context(context_name)}};
  if (page.count) body["@odata.count"] = *page.count;
  if (!page.skip_token.empty())
    body["@odata.nextLink"] = with.base_url + request.path + "?" + query.next_query(page.skip_token);
  body["value"] = std::move(page.items);
  return reply(request, 200, body);
}

http::Response Call::one(std::string_view context_name, json::Object object, int status) const {
  json::Object body{{"@odata.context", context(std::string(context_name) + "/$entity")}};
  for (auto& member : object) body[member.key()] = std::move(member.value());
  return reply(request, status, body);
}

std::vector<Route> all_routes() {
  std::vector<Route> all;
  for (const auto* part : {&user_routes(), &group_routes(), &membership_routes(), &device_routes(),
                           &application_routes(), &credential_routes(), &grant_routes(), &directory_routes(),
                           &delta_routes(), &policy_routes(), &log_routes(), &intune_routes()})
    all.insert(all.end(), part->begin(), part->end());
  return all;
}

bool is_permitted(const Route& route, const tokens::Caller& caller) {
  return std::all_of(route.permissions.begin(), route.permissions.end(), [&](const AnyOf& set) {
    return std::any_of(set.begin(), set.end(), [&](std::string_view permission) { return caller.may(permission); });
  });
}

void register_routes(http::Router& router, Dependencies dependencies) {
  const auto face = std::make_shared<Face>(std::move(dependencies));
  for (std::string_view version : kVersions) {
    for (const Route& route : all_routes()) {
      if (route.versions == Versions::beta && version != "beta") continue;
      router.add(std::string(route.method), "/" + std::string(version) + std::string(route.pattern),
                 [face, route, version](const http::Request& request) {
                   if (request.body.size() > limits::kGraphBodyBytes) return too_large(request);
                   return answer(*face, route, version, request);
                 });
    }
    router.add("POST", "/" + std::string(version) + "/$batch", [face, &router, version](const http::Request& request) {
      if (request.body.size() > limits::kGraphBodyBytes) return too_large(request);
      return answer_batch(face->with, router, version, request);
    });
  }
}

bool is_graph_path(std::string_view path) {
  return std::any_of(kVersions.begin(), kVersions.end(), [&](std::string_view version) {
    const std::string prefix = "/" + std::string(version);
    return text::equal_ignoring_case(path.substr(0, prefix.size()), prefix) &&
           (path.size() == prefix.size() || path[prefix.size()] == '/');
  });
}

http::Response fallback(const http::Request& request, int status, std::string_view message) {
  switch (status) {
    case 404:
      return error_response(request, 404, "Request_ResourceNotFound", message);
    case 405:
      return error_response(request, 405, "Request_BadRequest", message);
    case 500:
      return error_response(request, 500, "generalException", message);
    default:
      return error_response(request, status, "Request_BadRequest", message);
  }
}

}  // namespace wardbridge::graph
