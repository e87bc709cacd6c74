#include "cli/api_client.h"

#include "base/text.h"

namespace wardbridge::cli {
namespace {

constexpr Duration kPatience = seconds{30};

// What the server said was wrong, in whichever face's error body.
std::string told(const http::Response& response) {
  auto body = json::parse(response.body);
  if (body.ok() && body->is_object()) {
    const json::Object& object = body->get_object();
    if (const json::Array* errors = json::array_at(object, "errors");
        errors && !errors->empty() && errors->front().is_object()) {
      return std::string(json::text_at(errors->front().get_object(), "description").value_or(""));
    }
    if (const json::Object* error = json::object_at(object, "error"))
      return std::string(json::text_at(*error, "message").value_or(""));
    if (auto text = json::text_at(object, "error_description")) return std::string(*text);
  }
  return "";
}

Code code_of(int status) {
  switch (status) {
    case 401:
      return Code::unauthenticated;
    case 403:
      return Code::forbidden;
    case 404:
      return Code::not_found;
    case 409:
    case 422:
      return Code::conflict;
    case 429:
      return Code::rate_limited;
    case 503:
      return Code::unavailable;
    default:
      return status < 500 ? Code::invalid_argument : Code::internal;
  }
}

}  // namespace

Result<json::Value> ApiClient::call(http::OutboundRequest request, Duration deadline) {
  if (!token_.empty()) request.headers.set("Authorization", "Bearer " + token_);
  std::string what = request.method + " " + request.url;
  http::Response response = TRY(transport_.send(request, deadline));
  if (response.status < 200 || response.status > 299) {
    std::string message = told(response);
    return Failure{
        code_of(response.status), "refused",
        what + " was answered with " + std::to_string(response.status) + (message.empty() ? "" : ": " + message)};
  }
  if (response.body.empty()) return json::Value(json::Object{});
  return json::parse(response.body);
}

Result<json::Object> ApiClient::object_call(std::string method, const std::string& path, const json::Object* body) {
  http::OutboundRequest request{.method = std::move(method), .url = base_url_ + path};
  if (body) {
    request.headers.set("Content-Type", "application/json");
    request.body = json::to_text(*body);
  }
  json::Value answer = TRY(call(std::move(request), kPatience));
  if (!answer.is_object())
    return Failure{Code::internal, "unexpected_answer", "the answer of " + path + " is not an object"};
  return std::move(answer.get_object());
}

Status ApiClient::log_in(const std::string& username, const std::string& password) {
  http::OutboundRequest request{.method = "POST", .url = base_url_ + "/api/v1/auth/token"};
  request.headers.set("Authorization", "Basic " + text::to_base64(username + ":" + password));
  token_.clear();
  json::Value answer = TRY(call(std::move(request), kPatience));
  const json::Object& object = TRY(json::as_object(answer, "the answer"));
  token_ = TRY(json::required_text(object, "token"));
  return done();
}

Status ApiClient::log_in_client(const std::string& token_url, const std::string& client_id,
                                const std::string& client_secret, const std::string& scope) {
  text::Form form{{"grant_type", "client_credentials"}, {"client_id", client_id}, {"client_secret", client_secret}};
  if (!scope.empty()) form.emplace_back("scope", scope);
  token_.clear();
  json::Value answer = TRY(call({.method = "POST",
                                 .url = token_url,
                                 .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
                                 .body = text::to_form(form)},
                                kPatience));
  const json::Object& object = TRY(json::as_object(answer, "the answer"));
  token_ = TRY(json::required_text(object, "access_token"));
  return done();
}

Result<json::Object> ApiClient::get(const std::string& path) { return object_call("GET", path, nullptr); }
Result<json::Object> ApiClient::post(const std::string& path, const json::Object& body) {
  return object_call("POST", path, &body);
}
Result<json::Object> ApiClient::put(const std::string& path, const json::Object& body) {
  return object_call("PUT", path, &body);
}
Result<json::Object> ApiClient::patch(const std::string& path, const json::Object& body) {
  return object_call("PATCH", path, &body);
}
Result<json::Object> ApiClient::delete_at(const std::string& path) { return object_call("DELETE", path, nullptr); }

Result<json::Object> ApiClient::post_bytes(const std::string& path, std::string body, const std::string& content_type,
                                           Duration deadline) {
  json::Value answer = TRY(call(
      {.method = "POST", .url = base_url_ + path, .headers = {{"Content-Type", content_type}}, .body = std::move(body)},
      deadline));
  if (!answer.is_object())
    return Failure{Code::internal, "unexpected_answer", "the answer of " + path + " is not an object"};
  return std::move(answer.get_object());
}

Result<json::Array> ApiClient::get_array(const std::string& path) {
  json::Value answer = TRY(call({.url = base_url_ + path}, kPatience));
  if (!answer.is_array())
    return Failure{Code::internal, "unexpected_answer", "the answer of " + path + " is not an array"};
  return std::move(answer.get_array());
}

}  // namespace wardbridge::cli
