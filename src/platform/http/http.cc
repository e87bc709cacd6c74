#include "platform/http/http.h"

#include <algorithm>

#include "base/check.h"

namespace wardbridge::http {
namespace {

// The credentials of the one Authorization header, when its scheme is `scheme`.
std::optional<std::string_view> credentials(const Headers& headers, std::string_view scheme) {
  std::optional<std::string_view> authorization;
  for (const auto& [name, value] : headers.all()) {
    if (!text::equal_ignoring_case(name, "Authorization")) continue;
    if (authorization) return std::nullopt;
    authorization = value;
  }
  if (!authorization) return std::nullopt;
  std::string_view value = text::trim(*authorization);
  auto space = value.find(' ');
  if (space == std::string_view::npos || !text::equal_ignoring_case(value.substr(0, space), scheme))
    return std::nullopt;
  std::string_view rest = text::trim(value.substr(space));
  if (rest.empty() || rest.find_first_of(" \t,") != std::string_view::npos) return std::nullopt;
  return rest;
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

}  // namespace

Headers::Headers(std::initializer_list<std::pair<std::string, std::string>> headers) : headers_(headers) {}

std::optional<std::string_view> Headers::get(std::string_view name) const {
  for (const auto& [key, value] : headers_) {
    if (text::equal_ignoring_case(key, name)) return value;
  }
  return std::nullopt;
}

void Headers::add(std::string name, std::string value) { headers_.emplace_back(std::move(name), std::move(value)); }

void Headers::set(std::string_view name, std::string value) {
  remove(name);
  add(std::string(name), std::move(value));
}

void Headers::remove(std::string_view name) {
  std::erase_if(headers_, [&](const auto& header) { return text::equal_ignoring_case(header.first, name); });
}

const std::string& Request::path_parameter(std::string_view name) const {
  auto found = path_parameters.find(name);
  CHECK(found != path_parameters.end(), name);
  return found->second;
}

text::Form Request::query_parameters() const { return text::parse_form(query).value_or(text::Form{}); }

std::optional<std::string> Request::query_parameter(std::string_view name) const {
  return text::form_value(query_parameters(), name);
}

std::vector<std::string> Request::query_list(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [key, value] : query_parameters()) {
    if (key != name) continue;
    for (std::string_view part : text::split(value, ',')) {
      part = text::trim(part);
      if (!part.empty()) values.emplace_back(part);
    }
  }
  return values;
}

std::optional<std::string> Request::bearer_token() const {
  auto token = credentials(headers, "Bearer");
  if (!token) return std::nullopt;
  return std::string(*token);
}

std::optional<std::pair<std::string, std::string>> Request::basic_credentials() const {
  auto encoded = credentials(headers, "Basic");
  if (!encoded) return std::nullopt;
  auto decoded = text::from_base64(*encoded);
  // SPEC: RFC 7617 section 2: the user ends at the first colon; neither part has control characters.
  auto colon = decoded ? decoded->find(':') : std::string::npos;
  if (colon == std::string::npos || has_control_character(*decoded)) return std::nullopt;
  return std::pair{decoded->substr(0, colon), decoded->substr(colon + 1)};
}

Response json_response(int status, const json::Value& body) {
  return {status, {{"Content-Type", "application/json"}}, json::to_text(body)};
}

Response text_response(int status, std::string body, std::string content_type) {
  return {status, {{"Content-Type", std::move(content_type)}}, std::move(body)};
}

Response html_response(int status, std::string body) {
  return text_response(status, std::move(body), "text/html; charset=utf-8");
}

Response redirect(std::string location, int status) { return {status, {{"Location", std::move(location)}}, {}}; }

Response no_content(int status) { return {status, {}, {}}; }

std::optional<Duration> retry_after(const Response& response, Time now) {
  constexpr Duration kShortest = seconds{1};
  constexpr Duration kLongest = hours{1};
  auto header = response.headers.get("Retry-After");
  if (!header) return std::nullopt;
  std::string_view value = text::trim(*header);
  if (auto date = parse_http_date(value)) return std::clamp<Duration>(*date - now, kShortest, kLongest);
  if (value.empty() || value.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  auto count = text::parse_integer(value);
  // All digits, but no integer: far beyond the longest wait.
  if (!count || *count > std::chrono::duration_cast<seconds>(kLongest).count()) return kLongest;
  return std::clamp<Duration>(seconds{*count}, kShortest, kLongest);
}

void InProcessTransport::attach(std::string origin, const Router& router) {
  auto url = parse_url(origin);
  CHECK(url.ok(), origin);
  std::lock_guard lock(mutex_);
  routers_[url->origin()] = &router;
}

void InProcessTransport::detach(const std::string& origin) {
  auto url = parse_url(origin);
  CHECK(url.ok(), origin);
  std::lock_guard lock(mutex_);
  routers_.erase(url->origin());
}

Result<Response> InProcessTransport::send(const OutboundRequest& request, Duration deadline) {
  Url url = TRY(parse_url(request.url));
  if (deadline <= Duration{0}) return Failure{Code::timeout, "timeout", "no time was left to ask " + url.origin()};
  const Router* router = nullptr;
  {
    std::lock_guard lock(mutex_);
    auto found = routers_.find(url.origin());
    if (found != routers_.end()) router = found->second;
  }
  if (router == nullptr) return unavailable("connect", "nothing listens at `" + url.origin() + "`");
  Request inbound;
  inbound.method = request.method;
  inbound.path = url.path;
  inbound.query = url.query;
  inbound.headers = request.headers;
  if (!inbound.headers.get("Host")) inbound.headers.add("Host", url.authority());
  inbound.body = request.body;
  return router->handle(std::move(inbound));
}

}  // namespace wardbridge::http
