#include "management/jamf_api/api.h"

#include <algorithm>

#include "base/limits.h"
#include "platform/http/status.h"

namespace wardbridge::jamf_api {
namespace {

int status_of(const Failure& failure) {
  if (failure.reason == "has_dependencies") return 422;
  if (failure.reason == "unsupported_media_type") return 415;
  return http::status_of(failure.code);
}

// JAMF: the codes that its clients match on, by our reasons; the rest are our reasons in Jamf's spelling.
std::string code_of(const Failure& failure) {
  if (failure.reason == "invalid_id" || failure.code == Code::not_found) return "INVALID_ID";
  if (failure.reason == "has_dependencies") return "HAS_DEPENDENCIES";
  if (failure.reason == "no_privilege") return "INVALID_PRIVILEGE";
  for (const char* reason : {"unknown_computer", "unmanaged_computer", "computer_of_other_site"}) {
    if (failure.reason == reason) return "INVALID_DEVICE";
  }
  if (failure.reason == "already_exists") return "DUPLICATE_FIELD";
  if (failure.reason == "unsupported_media_type") return "UNSUPPORTED_MEDIA_TYPE";
  if (failure.reason == "bad_json" || failure.reason == "bad_json_type") return "INVALID_JSON";
  if (failure.code == Code::invalid_argument) return "INVALID_FIELD";
  return text::upper(failure.reason);
}

}  // namespace

http::Response error_response(int status, std::string code, std::string field, std::string description,
                              const http::Request& request) {
  json::Array errors;
  // JAMF: a 401 says nothing about why.
  if (status != 401) {
    errors.push_back(json::Object{{"code", code}, {"field", field}, {"description", description}, {"id", nullptr}});
  }
  json::Object body{{"httpStatus", status}, {"traceId", request.id}, {"errors", errors}};
  http::Response response = http::json_response(status, body);
  if (status == 503) response.headers.set("Retry-After", "5");
  return response;
}

http::Response error_response(const Failure& failure, const http::Request& request) {
  return error_response(status_of(failure), code_of(failure), failure.where, failure.message, request);
}

void Api::add(std::string method, std::string pattern, std::string privilege, Handler handler) {
  std::vector<std::string> privileges;
  if (!privilege.empty()) privileges.push_back(std::move(privilege));
  add_for_all_of(std::move(privileges), std::move(method), std::move(pattern), std::move(handler));
}

void Api::add_for_all_of(std::vector<std::string> privileges, std::string method, std::string pattern,
                         Handler handler) {
  for (const std::string& privilege : privileges) {
    const auto& known = accounts::known_privileges();
    CHECK(std::binary_search(known.begin(), known.end(), privilege), privilege);
  }
  add_open(std::move(method), std::move(pattern),
           [&store = store_, privileges = std::move(privileges),
            handler = std::move(handler)](const http::Request& request) -> Result<http::Response> {
             auto token = request.bearer_token();
             if (!token) return Failure{Code::unauthenticated, "no_token", "a bearer token is required"};
             accounts::Caller caller = TRY(accounts::authenticate(store, *token, request.received));
             for (const std::string& privilege : privileges) {
               if (!caller.may(privilege)) {
                 return Failure{Code::forbidden, "no_privilege", "the privilege `" + privilege + "` is required"};
               }
             }
             return handler(request, caller);
           });
}

void Api::add_open(std::string method, std::string pattern, OpenHandler handler) {
  router_.add(std::move(method), std::move(pattern),
              [handler = std::move(handler), error_body = error_body_](const http::Request& request) {
                Result<http::Response> outcome = handler(request);
                return outcome.ok() ? std::move(outcome).value() : error_body(outcome.failure(), request);
              });
}

Result<std::int64_t> path_id(const http::Request& request, std::string_view name) {
  const std::string& text = request.path_parameter(name);
  auto id = text::parse_integer(text);
  if (!id || *id <= 0 || *id > INT32_MAX) {
    return invalid("invalid_id", "`" + text.substr(0, 40) + "` is not a positive whole number", std::string(name));
  }
  return *id;
}

Paging paging_of(const http::Request& request) {
  Paging paging;
  if (auto text = request.query_parameter("page")) {
    paging.page = static_cast<int>(std::clamp<std::int64_t>(text::parse_integer(*text).value_or(0), 0, 1'000'000));
  }
  if (auto text = request.query_parameter("page-size")) {
    auto size = text::parse_integer(*text).value_or(limits::kPageSize);
    paging.page_size = static_cast<int>(std::clamp<std::int64_t>(size, 1, limits::kPageSizeLargest));
  }
  return paging;
}

namespace {

Status check_is_json(const http::Request& request) {
  std::string type(request.headers.get("Content-Type").value_or("application/json"));
  if (!text::lower(type).starts_with("application/json") &&
      !text::lower(type).starts_with("application/merge-patch+json")) {
    return invalid("unsupported_media_type",
                   "the body must be sent as `application/json`, not as `" + type.substr(0, 80) + "`");
  }
  return done();
}

}  // namespace

Result<json::Value> json_body(const http::Request& request) {
  TRY(check_is_json(request));
  return json::parse(request.body);
}

Result<json::Value> json_body(const http::Request& request, json::Arena& arena) {
  TRY(check_is_json(request));
  return json::parse(request.body, arena.storage());
}

json::Object href_response(const http::Request& request, const std::string& collection_path, const std::string& id) {
  std::string host(request.headers.get("Host").value_or("localhost"));
  return {{"id", id}, {"href", "https://" + host + collection_path + "/" + id}};
}

}  // namespace wardbridge::jamf_api
