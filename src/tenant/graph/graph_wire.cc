#include "tenant/graph/graph_wire.h"

#include <utility>

#include "base/time.h"
#include "platform/http/status.h"

namespace wardbridge::graph {
namespace {

std::string_view error_code(const Failure& failure) {
  switch (failure.code) {
    case Code::invalid_argument:
      if (failure.reason == "advanced_query" || failure.reason == "unsupported_filter" ||
          failure.reason == "unsupported_query")
        return "Request_UnsupportedQuery";
      if (failure.reason == "unknown_property" || failure.reason == "bad_filter") return "BadRequest";
      return "Request_BadRequest";
    case Code::unauthenticated:
      return "InvalidAuthenticationToken";
    case Code::forbidden:
      return "Authorization_RequestDenied";
    case Code::not_found:
      return "Request_ResourceNotFound";
    case Code::conflict:
      return failure.reason == "already_exists" ? "Request_BadRequest" : "Request_Conflict";
    case Code::too_large:
      return "Request_EntityTooLarge";
    case Code::rate_limited:
      return "activityLimitReached";
    case Code::unavailable:
    case Code::timeout:
      return "serviceNotAvailable";
    case Code::internal:
      return "generalException";
  }
  CHECK(false, "every code has its error");
}

// ENTRA: the directory calls what is there already a bad request.
int status_of(const Failure& failure) {
  return failure.reason == "already_exists" ? 400 : http::status_of(failure.code);
}

void add_headers(const http::Request& request, http::Response& response) {
  response.headers.set("OData-Version", "4.0");
  if (!request.id.empty()) response.headers.set("request-id", request.id);
  if (const auto client_id = request.headers.get("client-request-id"))
    response.headers.set("client-request-id", std::string(*client_id));
}

}  // namespace

http::Response error_response(const http::Request& request, int status, std::string_view code,
                              std::string_view message) {
  const json::Object inner{{"date", to_iso8601(request.received, false).substr(0, 19)},
                           {"request-id", request.id},
                           {"client-request-id", request.headers.get("client-request-id").value_or(request.id)}};
  http::Response response = http::json_response(
      status, json::Object{{"error", json::Object{{"code", code}, {"message", message}, {"innerError", inner}}}});
  add_headers(request, response);
  if (status == 401) response.headers.set("WWW-Authenticate", "Bearer realm=\"\"");
  if (status == 429 || status == 503) response.headers.set("Retry-After", "10");
  return response;
}

http::Response error_response(const http::Request& request, const Failure& failure) {
  return error_response(request, status_of(failure), error_code(failure), failure.message);
}

http::Response reply(const http::Request& request, int status, const json::Object& body) {
  http::Response response = http::json_response(status, body);
  response.headers.set("Content-Type",
                       "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;"
                       "charset=utf-8");
  add_headers(request, response);
  return response;
}

http::Response text_reply(const http::Request& request, int status, std::string text) {
  http::Response response = http::text_response(status, std::move(text), "text/plain");
  add_headers(request, response);
  return response;
}

http::Response empty_reply(const http::Request& request, int status) {
  http::Response response = http::no_content(status);
  add_headers(request, response);
  return response;
}

}  // namespace wardbridge::graph
