// What every route of the Jamf Pro API shares: the caller behind the token, the privilege that is asked for, and the
// one mapper from failures to Jamf's error body. (The Classic API has a mapper of its own: classic_api.h.)
//
//   api.add("GET", "/api/v1/api-roles", "Read API Roles",
//           [&](const http::Request& request, const accounts::Caller& caller) -> Result<http::Response> { ... });
#pragma once

#include <functional>
#include <string>

#include "management/accounts/accounts.h"
#include "platform/http/http.h"

namespace wardbridge::jamf_api {

// JAMF:
// {"httpStatus":400,"traceId":"..","errors":[{"code":"INVALID_FIELD","field":"name","description":"..","id":null}]}
http::Response error_response(const Failure& failure, const http::Request& request);
http::Response error_response(int status, std::string code, std::string field, std::string description,
                              const http::Request& request);

class Api {
 public:
  using ErrorBody = http::Response (*)(const Failure&, const http::Request&);
  // Router and store must outlive the routes; the Api itself need not.
  Api(http::Router& router, store::Store& store, ErrorBody error_body = error_response)
      : router_(router), store_(store), error_body_(error_body) {}

  using Handler = std::function<Result<http::Response>(const http::Request&, const accounts::Caller&)>;
  using OpenHandler = std::function<Result<http::Response>(const http::Request&)>;

  // For a caller with this privilege; an empty privilege lets every known caller in.
  void add(std::string method, std::string pattern, std::string privilege, Handler handler);
  // For callers with every one of these.
  void add_for_all_of(std::vector<std::string> privileges, std::string method, std::string pattern, Handler handler);
  // For anyone: token endpoints, and routes that bring a credential of another kind.
  void add_open(std::string method, std::string pattern, OpenHandler handler);

 private:
  http::Router& router_;
  store::Store& store_;
  ErrorBody error_body_;
};

// A path id: a positive integer, else `INVALID_ID`.
Result<std::int64_t> path_id(const http::Request& request, std::string_view name = "id");

// JAMF: `page` and `page-size`; text that is no number counts as absent, sizes are held to [1, 2000].
struct Paging {
  int page = 0;
  int page_size = 100;
};
Paging paging_of(const http::Request& request);

// The body as a JSON object; `UNSUPPORTED_MEDIA_TYPE` (415) unless it is sent as JSON.
Result<json::Value> json_body(const http::Request& request);
// The same in an arena of the caller, for bodies of many values.
Result<json::Value> json_body(const http::Request& request, json::Arena& arena);

// {"id":"7","href":"https://host/api/v1/api-roles/7"}
json::Object href_response(const http::Request& request, const std::string& collection_path, const std::string& id);

}  // namespace wardbridge::jamf_api
