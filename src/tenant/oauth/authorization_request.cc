#include "tenant/oauth/authorization_request.h"

#include <algorithm>

#include "tenant/oauth/pages.h"

namespace wardbridge::oauth {
namespace {

// SPEC: RFC 7636 section 4.2: base64url of a SHA-256 hash.
constexpr std::size_t kChallengeLength = 43;
constexpr std::string_view kResponseModes[] = {"query", "fragment", "form_post"};

const char* name_of(RedirectKind kind) {
  switch (kind) {
    case RedirectKind::web:
      return "web";
    case RedirectKind::native:
      return "native";
    case RedirectKind::single_page:
      return "single_page";
  }
  return "";
}

RedirectKind redirect_kind_from(std::string_view name) {
  if (name == "native") return RedirectKind::native;
  return name == "single_page" ? RedirectKind::single_page : RedirectKind::web;
}

struct LoopbackUri {
  std::string_view host;
  std::string_view path;  // with query
  bool operator==(const LoopbackUri&) const = default;
};

// SPEC: RFC 8252 section 7.3: native applications listen on whatever port they get.
std::optional<LoopbackUri> parse_loopback(std::string_view uri) {
  for (std::string_view host : {"http://localhost", "http://127.0.0.1", "http://[::1]"}) {
    if (!uri.starts_with(host)) continue;
    std::string_view rest = uri.substr(host.size());
    if (rest.starts_with(':')) {
      const auto digits_end = std::min(rest.find_first_not_of("0123456789", 1), rest.size());
      if (digits_end == 1 || digits_end > 6) return std::nullopt;
      rest.remove_prefix(digits_end);
    }
    // What follows must be a path: `http://localhost.evil.example` and `http://localhost:1@evil` are no loopback.
    if (!rest.empty() && rest.front() != '/') return std::nullopt;
    return LoopbackUri{host, rest.empty() ? "/" : rest};
  }
  return std::nullopt;
}

bool contains(const std::vector<std::string>& uris, std::string_view uri) {
  return std::ranges::find(uris, uri) != uris.end();
}

Status read_code_challenge(AuthorizationRequest& request, const Parameters& parameters) {
  auto challenge = parameters.find("code_challenge");
  if (!challenge)
    return invalid("code_challenge_missing",
                   "the request must contain the parameter `code_challenge`: PKCE is "
                   "required of every client",
                   "code_challenge");
  if (parameters.get("code_challenge_method") != "S256")
    return invalid("code_challenge_invalid", "`code_challenge_method` must be `S256`", "code_challenge_method");
  auto decoded = text::from_base64url(*challenge);
  if (challenge->size() != kChallengeLength || !decoded)
    return invalid("code_challenge_invalid", "`code_challenge` is not the base64url form of a SHA-256 hash",
                   "code_challenge");
  request.code_challenge = *challenge;
  return done();
}

}  // namespace

json::Object to_json(const AuthorizationRequest& request) {
  return {{"version", request.version == tokens::Version::v1 ? 1 : 2},
          {"client", request.client.value},
          {"redirect_uri", request.redirect_uri},
          {"redirect_kind", name_of(request.redirect_kind)},
          {"response_mode", request.response_mode},
          {"state", request.state},
          {"nonce", request.nonce},
          {"scope", request.scope},
          {"resource", request.resource},
          {"code_challenge", request.code_challenge},
          {"login_hint", request.login_hint}};
}

AuthorizationRequest authorization_request_from(std::string_view text) {
  auto value = json::parse(text);
  CHECK(value.ok() && value->is_object(), "what this room stored is readable");
  const json::Object& object = value->get_object();
  auto member = [&](std::string_view key) { return std::string(json::text_at(object, key).value_or("")); };
  AuthorizationRequest request;
  request.version = json::integer_at(object, "version") == 1 ? tokens::Version::v1 : tokens::Version::v2;
  request.client.value = member("client");
  request.redirect_uri = member("redirect_uri");
  request.redirect_kind = redirect_kind_from(member("redirect_kind"));
  request.response_mode = member("response_mode");
  request.state = member("state");
  request.nonce = member("nonce");
  request.scope = member("scope");
  request.resource = member("resource");
  request.code_challenge = member("code_challenge");
  request.login_hint = member("login_hint");
  return request;
}

Result<RedirectKind> match_redirect_uri(const directory::Application& application, std::string_view redirect_uri) {
  if (contains(application.web_redirect_uris, redirect_uri)) return RedirectKind::web;
  if (contains(application.spa_redirect_uris, redirect_uri)) return RedirectKind::single_page;
  if (contains(application.public_client_redirect_uris, redirect_uri)) return RedirectKind::native;
  if (auto loopback = parse_loopback(redirect_uri)) {
    for (const std::string& registered : application.public_client_redirect_uris) {
      if (parse_loopback(registered) == loopback) return RedirectKind::native;
    }
  }
  return invalid("wrong_redirect_uri",
                 "the redirect URI in the request is not one of those registered for the application `" +
                     application.display_name + "`",
                 "redirect_uri");
}

Result<AuthorizationRequest> read_addresses(const Client& client, tokens::Version version,
                                            const Parameters& parameters) {
  AuthorizationRequest request;
  request.version = version;
  request.client = client.application.app_id;
  request.redirect_uri = TRY(parameters.required("redirect_uri"));
  request.redirect_kind = TRY(match_redirect_uri(client.application, request.redirect_uri));
  request.state = parameters.get("state");
  // Needed already to say what else is wrong.
  request.response_mode = parameters.find("response_mode").value_or("query");
  if (std::ranges::find(kResponseModes, request.response_mode) == std::end(kResponseModes))
    return invalid("malformed_request", "`response_mode` is not one of `query`, `fragment`, `form_post`",
                   "response_mode");
  return request;
}

Status read_details(AuthorizationRequest& request, const Parameters& parameters) {
  const std::string response_type = TRY(parameters.required("response_type"));
  if (response_type != "code")
    return invalid("unsupported_response_type", "`response_type` must be `code`: tokens are not sent through browsers",
                   "response_type");
  TRY(read_code_challenge(request, parameters));
  request.nonce = parameters.get("nonce");
  request.scope = parameters.get("scope");
  request.resource = parameters.get("resource");
  request.login_hint = parameters.get("login_hint");
  if (request.version == tokens::Version::v2) TRY(parameters.required("scope"));
  if (parameters.get("prompt") == "none")
    return invalid("sign_in_required", "a silent sign-in was asked for, but nobody is signed in", "prompt");
  return done();
}

http::Response answer_client(const AuthorizationRequest& request, text::Form answer, const std::string& issuer) {
  if (!request.state.empty()) answer.emplace_back("state", request.state);
  answer.emplace_back("iss", issuer);  // SPEC: RFC 9207
  if (request.response_mode == "form_post") return form_post_page(request.redirect_uri, answer);
  const bool is_fragment = request.response_mode == "fragment";
  const char* separator = is_fragment ? "#" : request.redirect_uri.find('?') == std::string::npos ? "?" : "&";
  // 303, so that the form with the password is never sent on to the client (RFC 9700 section 4.12).
  return http::redirect(request.redirect_uri + separator + text::to_form(answer), 303);
}

}  // namespace wardbridge::oauth
