#include "tenant/graph/graph.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "base/text.h"
#include "tenant/graph/graph_wire.h"
#include "tenant/graph/routes.h"

namespace wardbridge::graph {
namespace {

constexpr std::array<std::string_view, 2> kVersions{"v1.0", "beta"};

http::Response answer(const Dependencies& with, const Route& route, std::string_view version,
                      const http::Request& request) {
  const auto caller = with.authenticate(request);
  if (!caller.ok()) return error_response(request, caller.failure());
  if (!is_permitted(route, *caller))
    return error_response(request, 403, "Authorization_RequestDenied",
                          "Insufficient privileges to complete the operation.");
  const auto response =
      route.handler({.with = with, .request = request, .caller = *caller, .version = version, .now = request.received});
  return response.ok() ? *response : error_response(request, response.failure());
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
  for (const auto* part : {&directory_routes(), &device_routes(), &credential_routes(), &policy_routes(), &log_routes()})
    all.insert(all.end(), part->begin(), part->end());
  return all;
}

bool is_permitted(const Route& route, const tokens::Caller& caller) {
  return std::all_of(route.permissions.begin(), route.permissions.end(), [&](const AnyOf& set) {
    return std::any_of(set.begin(), set.end(), [&](std::string_view permission) { return caller.may(permission); });
  });
}

void register_routes(http::Router& router, Dependencies dependencies) {
  const auto with = std::make_shared<const Dependencies>(std::move(dependencies));
  for (const Route& route : all_routes()) {
    for (std::string_view version : kVersions) {
      router.add(
          std::string(route.method), "/" + std::string(version) + std::string(route.pattern),
          [with, route, version](const http::Request& request) { return answer(*with, route, version, request); });
    }
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
