// A small client of a JSON API with a bearer token: what the verbs and the demo call both public faces with.
//
//   ApiClient management(transport, "https://127.0.0.1:8443");
//   TRY(management.log_in("admin", password));
//   json::Object group = TRY(management.post("/api/v3/computer-groups/smart-groups", body));
#pragma once

#include <string>

#include "base/json.h"
#include "platform/http/http.h"

namespace wardbridge::cli {

class ApiClient {
 public:
  ApiClient(http::Transport& transport, std::string base_url) : transport_(transport), base_url_(std::move(base_url)) {}

  // Jamf Pro API: user name and password.
  Status log_in(const std::string& username, const std::string& password);
  // OAuth 2.0 client credentials; `token_url` is absolute, `scope` may be empty.
  Status log_in_client(const std::string& token_url, const std::string& client_id, const std::string& client_secret,
                       const std::string& scope);
  // A token that was given out by other means.
  void use_token(std::string token) { token_ = std::move(token); }

  // The answer of a 2xx, which must be an object (or nothing: then it is empty). Any other status is a failure whose
  // message is the server's own, whichever face it was.
  Result<json::Object> get(const std::string& path);
  Result<json::Object> post(const std::string& path, const json::Object& body);
  Result<json::Object> put(const std::string& path, const json::Object& body);
  Result<json::Object> patch(const std::string& path, const json::Object& body);
  Result<json::Object> delete_at(const std::string& path);
  Result<json::Object> post_bytes(const std::string& path, std::string body, const std::string& content_type,
                                  Duration deadline);
  // As get(), for the routes that answer with a bare array.
  Result<json::Array> get_array(const std::string& path);

  const std::string& base_url() const { return base_url_; }

 private:
  Result<json::Value> call(http::OutboundRequest request, Duration deadline);
  Result<json::Object> object_call(std::string method, const std::string& path, const json::Object* body);

  http::Transport& transport_;
  std::string base_url_;
  std::string token_;
};

}  // namespace wardbridge::cli
