// Tokens and addresses: what every call needs first, fetched once and kept.
#include <algorithm>

#include "connector/partner/wire.h"
#include "platform/crypto/crypto.h"

namespace wardbridge::partner {
namespace {

constexpr Duration kDeadline = seconds{10};
constexpr Duration kTokenMargin = minutes{5};
constexpr Duration kServicesLifetime = hours{24};
constexpr const char* kOnlyPermission = "update_device_attributes";
constexpr const char* kIntuneAppId = "0000000a-0000-0000-c000-000000000000";

std::string without_trailing_slash(std::string url) {
  while (!url.empty() && url.back() == '/') url.pop_back();
  return url;
}

}  // namespace

Client::Client(http::Transport& transport, Entropy& entropy, Account account)
    : transport_(transport), entropy_(entropy), account_(std::move(account)) {
  account_.endpoints.login_base = without_trailing_slash(account_.endpoints.login_base);
  account_.endpoints.graph_base = without_trailing_slash(account_.endpoints.graph_base);
  if (text::is_guid(account_.tenant)) tenant_id_ = text::lower(account_.tenant);
}

void Client::drop_tokens() {
  std::lock_guard lock(mutex_);
  tokens_.clear();
}

void Client::drop_services() {
  std::lock_guard lock(mutex_);
  services_.reset();
}

Answer<Client::Token> Client::fetch_token(Resource resource, Time now) {
  bool next_first = needed_next_secret();
  const std::string& first = next_first ? account_.next_client_secret : account_.client_secret;
  const std::string& second = next_first ? account_.client_secret : account_.next_client_secret;
  Answer<Token> token = fetch_token_with(resource, first, now);
  if (token.ok() || second.empty()) return token;
  // Both are alive during a rotation: whichever the directory takes is used from then on.
  const std::string& reason = token.failure().reason;
  if (reason != "invalid_client" && reason != "secret_expired") return token;
  Answer<Token> other = fetch_token_with(resource, second, now);
  if (!other.ok()) return token;
  std::lock_guard lock(mutex_);
  needed_next_secret_ = !next_first;
  return other;
}

bool Client::needed_next_secret() {
  std::lock_guard lock(mutex_);
  return needed_next_secret_;
}

// SPEC: RFC 7523 bis: the audience of an assertion is the issuer. The directory's own word on what that is, believed
// only where it is about the address that we were told to use; empty: there is none.
std::string Client::issuer() {
  std::string base = account_.endpoints.login_base;
  auto response = transport_.send(
      {.url = base + "/" + text::percent_encode(account_.tenant) + "/v2.0/.well-known/openid-configuration"},
      kDeadline);
  if (!response.ok() || response->status != 200) return "";
  Result<json::Value> value = json::parse(response->body);
  const json::Object* metadata = value.ok() ? value->if_object() : nullptr;
  std::string issuer(metadata ? json::text_at(*metadata, "issuer").value_or("") : "");
  return issuer.starts_with(base + "/") ? issuer : "";
}

// ENTRA: the token endpoint's address is what Microsoft documents for `aud`. A directory that takes its issuer only,
// as ours does by default, says so with AADSTS700023; then that is used from there on.
Answer<Client::Token> Client::fetch_token_with(Resource resource, const std::string& client_secret, Time now) {
  Answer<Token> token = ask_for_token(resource, client_secret, now);
  if (token.ok() || token.failure().reason != "assertion_audience" || !assertion_audience_.empty()) return token;
  assertion_audience_ = issuer();
  return assertion_audience_.empty() ? token : ask_for_token(resource, client_secret, now);
}

Answer<Client::Token> Client::ask_for_token(Resource resource, const std::string& client_secret, Time now) {
  const Endpoints& endpoints = account_.endpoints;
  std::string scope = (resource == Resource::graph ? endpoints.graph_base : endpoints.audience) + "/.default";
  std::string url = endpoints.login_base + "/" + text::percent_encode(account_.tenant) + "/oauth2/v2.0/token";
  text::Form form{{"client_id", account_.client_id}, {"scope", scope}};
  if (is_certificate(client_secret)) {
    const std::string& audience = assertion_audience_.empty() ? url : assertion_audience_;
    Result<std::string> assertion = client_assertion(client_secret, account_.client_id, audience, entropy_, now);
    if (!assertion.ok()) {
      return Problem{
          .kind = Problem::Kind::credentials, .reason = "bad_certificate", .message = assertion.failure().message};
    }
    form.emplace_back("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    form.emplace_back("client_assertion", *assertion);
  } else {
    form.emplace_back("client_secret", client_secret);
  }
  form.emplace_back("grant_type", "client_credentials");
  http::OutboundRequest request{
      .method = "POST",
      .url = url,
      .headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "application/json"}},
      .body = text::to_form(form)};
  Result<http::Response> response = transport_.send(request, kDeadline);
  if (!response.ok()) return problem_from_network(response.failure());
  if (response->status != 200) return problem_from_token_endpoint(*response, now);
  Result<json::Value> value = json::parse(response->body);
  const json::Object* body = value.ok() ? value->if_object() : nullptr;
  auto token = body ? json::text_at(*body, "access_token") : std::nullopt;
  if (!token || token->empty()) {
    return Problem{.kind = Problem::Kind::retry_later,
                   .reason = "bad_token_answer",
                   .message = "the token endpoint answered 200 without an access token"};
  }
  std::int64_t lifetime = std::clamp<std::int64_t>(json::integer_at(*body, "expires_in").value_or(0), 0, 24 * 3600);
  return Token{.text = std::string(*token), .expires = now + seconds{lifetime}};
}

Answer<std::string> Client::token(Resource resource, Time now) {
  auto cached = [&]() -> std::optional<std::string> {
    std::lock_guard lock(mutex_);
    auto found = tokens_.find(resource);
    if (found == tokens_.end() || now >= found->second.expires - kTokenMargin) return std::nullopt;
    return found->second.text;
  };
  if (auto text = cached()) return *text;
  std::lock_guard fetching(fetching_);
  if (auto text = cached()) return *text;  // another thread was faster
  Token fresh = TRY(fetch_token(resource, now));
  std::lock_guard lock(mutex_);
  // A token that lives no longer than the margin is used once, and not kept.
  tokens_[resource] = fresh;
  if (tenant_id_.empty()) {
    Result<crypto::UnverifiedJws> jws = crypto::peek_jws(fresh.text);
    auto tid = jws.ok() ? json::text_at(jws->claims, "tid") : std::nullopt;
    if (tid && text::is_guid(*tid)) tenant_id_ = text::lower(*tid);
  }
  return fresh.text;
}

Answer<std::string> Client::tenant_id(Time now) {
  auto known = [&] {
    std::lock_guard lock(mutex_);
    return tenant_id_;
  };
  TRY(token(Resource::intune, now));
  if (std::string id = known(); !id.empty()) return id;
  return Problem{
      .kind = Problem::Kind::credentials,
      .reason = "unknown_tenant_id",
      .message = "the token of `" + account_.tenant + "` does not say which tenant it is: configure its GUID"};
}

Answer<std::vector<std::string>> Client::check_permissions(Time now) {
  std::string text = TRY(token(Resource::intune, now));
  Result<crypto::UnverifiedJws> jws = crypto::peek_jws(text);
  if (!jws.ok()) return std::vector<std::string>{};  // a token need not be readable for anyone but the service
  std::vector<std::string> roles;
  if (const json::Array* claimed = json::array_at(jws->claims, "roles")) {
    for (const json::Value& role : *claimed) {
      if (role.is_string()) roles.emplace_back(std::string_view(role.get_string()));
    }
  }
  auto refuse = [&](const char* reason, std::string message) -> Problem {
    drop_tokens();  // so that a repair shows in the very next one
    return {.kind = Problem::Kind::permission, .reason = reason, .message = std::move(message)};
  };
  if (std::ranges::find(roles, kOnlyPermission) == roles.end()) {
    return refuse("permission_missing", "the application has no permission `" + std::string(kOnlyPermission) +
                                            "` on the Intune API, or nobody granted admin consent");
  }
  std::erase(roles, kOnlyPermission);
  if (!roles.empty()) {
    return refuse("permission_extra", "the application has `" + text::join(roles, "`, `") +
                                          "` besides the only permission that works, `" + kOnlyPermission + "`");
  }
  return std::vector<std::string>{kOnlyPermission};
}

// ENTRA: one form asks for the service principal first; the other addresses it by its application id.
Answer<json::Object> Client::endpoints_of_intune(Time now) {
  std::string graph = account_.endpoints.graph_base + "/v1.0/servicePrincipals";
  std::string filter = text::percent_encode("appId eq '" + std::string(kIntuneAppId) + "'");
  Answer<json::Object> principals = call(
      {.method = "GET", .url = graph + "?$filter=" + filter, .resource = Resource::graph, .is_service = false}, now);
  if (principals.ok()) {
    const json::Array* value = json::array_at(*principals, "value");
    const json::Object* first = value && !value->empty() ? value->front().if_object() : nullptr;
    if (auto id = first ? json::text_at(*first, "id") : std::nullopt) {
      return call({.method = "GET",
                   .url = graph + "/" + text::percent_encode(*id) + "/endpoints",
                   .resource = Resource::graph,
                   .is_service = false},
                  now);
    }
  } else if (principals.failure().kind != Problem::Kind::permanent &&
             principals.failure().kind != Problem::Kind::permission &&
             principals.failure().kind != Problem::Kind::retry_later) {
    return principals.failure();
  }
  return call({.method = "GET",
               .url = graph + "/appId=" + kIntuneAppId + "/endpoints",
               .resource = Resource::graph,
               .is_service = false},
              now);
}

Answer<Services> Client::find_services(Time now) {
  json::Object answer = TRY(endpoints_of_intune(now));
  Services services;
  if (const json::Array* value = json::array_at(answer, "value")) {
    for (const json::Value& item : *value) {
      const json::Object* endpoint = item.if_object();
      if (!endpoint) continue;
      std::string_view name = json::text_at(*endpoint, "providerName").value_or("");
      std::string uri = without_trailing_slash(std::string(json::text_at(*endpoint, "uri").value_or("")));
      if (text::equal_ignoring_case(name, kTenantServiceName)) services.tenant_base = uri;
      if (text::equal_ignoring_case(name, kDeviceServiceName)) services.device_base = uri;
    }
  }
  for (const std::string& base : {services.tenant_base, services.device_base}) {
    if (!base.empty() && http::parse_url(base).ok()) continue;
    return Problem{
        .kind = Problem::Kind::permission,
        .reason = "services_not_found",
        .message = "Graph lists no usable address of the partner services: is Intune set up in this tenant?"};
  }
  return services;
}

Answer<Services> Client::discover(Time now) {
  {
    std::lock_guard lock(mutex_);
    if (services_ && now < services_expire_) return *services_;
  }
  Services services = TRY(find_services(now));
  std::lock_guard lock(mutex_);
  services_ = services;
  services_expire_ = now + kServicesLifetime;
  return services;
}

// ENTRA: fresh tokens are refused at times, and gateways fail: one retry, then the answer stands (section 3.3).
Answer<http::Response> Client::send(const Call& call, Time now) {
  http::OutboundRequest request{.method = call.method, .url = call.url, .headers = {}, .body = ""};
  request.headers.set("Accept", "application/json");
  request.headers.set("client-request-id", entropy_.guid());
  if (call.is_service && !account_.instance_id.empty()) {
    request.headers.set("Wardbridge-Instance", account_.instance_id);
  }
  if (call.body) {
    request.headers.set("Content-Type", "application/json");
    request.headers.set("Prefer", "return-content");
    request.body = json::to_text(*call.body);
  }
  for (int attempt = 1;; ++attempt) {
    request.headers.set("Authorization", "Bearer " + TRY(token(call.resource, now)));
    Result<http::Response> response = transport_.send(request, kDeadline);
    if (!response.ok()) {
      // DEVIATION: no second try after a time-out. It would hold up everybody behind for as long again.
      if (attempt == 1 && response.failure().code == Code::unavailable) continue;
      drop_tokens();
      drop_services();
      return problem_from_network(response.failure());
    }
    int status = response->status;
    if (status == 401) drop_tokens();
    bool asks_to_wait = response->headers.get("Retry-After").has_value();
    bool worth_a_retry = status == 401 || status == 500 || status == 502 || status == 503 || status == 504;
    if (attempt == 1 && worth_a_retry && !asks_to_wait) continue;
    if (call.is_service && (status == 404 || status == 410)) drop_services();
    return std::move(response).value();
  }
}

Answer<json::Object> Client::call(const Call& call, Time now) { return object_of(TRY(send(call, now)), now); }

Answer<json::Object> object_of(const http::Response& response, Time now) {
  if (response.status < 200 || response.status > 299) return problem_from_status(response, now);
  Result<json::Value> body = json::parse(response.body);
  if (!body.ok() || !body->is_object()) {
    return Problem{.kind = Problem::Kind::retry_later,
                   .reason = "bad_answer",
                   .message = "the service answered " + std::to_string(response.status) + " without a JSON object"};
  }
  return std::move(body->as_object());
}

}  // namespace wardbridge::partner
