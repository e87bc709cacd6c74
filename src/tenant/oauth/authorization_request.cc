#include "tenant/oauth/authorization_request.h"

#include <algorithm>

#include "tenant/oauth/pages.h"

namespace wardbridge::oauth {
namespace {

// SPEC: RFC 7636 section 4.2: base64url of a SHA-256 hash.
constexpr std::size_t kChallengeLength = 43;
constexpr std::int64_t kLongestMaxAge = 1'000'000'000;
constexpr std::string_view kResponseModes[] = {"query", "fragment", "form_post"};

// SPEC: OpenID Connect Core 1.0 section 3.1.2.1. `none` must stand alone.
constexpr std::string_view kPrompts[] = {"none", "login", "consent", "select_account"};
// ENTRA: one prompt at a time; `create` and `admin_consent` of older clients are not known here.
Status read_prompt(AuthorizationRequest& request, const Parameters& parameters) {
  const std::string prompt = parameters.get("prompt");
  if (prompt.empty()) return done();
  if (std::ranges::find(kPrompts, prompt) == std::end(kPrompts))
    return invalid("malformed_request", "`prompt` is not one of `none`, `login`, `consent`, `select_account`",
                   "prompt");
  request.prompt = prompt;
  return done();
}

Status read_max_age(AuthorizationRequest& request, const Parameters& parameters) {
  auto text = parameters.find("max_age");
  if (!text) return done();
  auto value = text::parse_integer(*text);
  if (!value || *value < 0 || *value > kLongestMaxAge)
    return invalid("malformed_request", "`max_age` is not a number of seconds", "max_age");
  request.max_age_seconds = *value;
  return done();
}

// SPEC: OpenID Connect Core 1.0 sections 6.1, 6.2 and 7.2.1: what is not supported is refused, not overlooked.
Status refuse_request_objects(const Parameters& parameters) {
  for (const char* name : {"request", "request_uri", "registration"}) {
    if (parameters.find(name))
      return invalid(std::string(name) + "_not_supported", "the parameter `" + std::string(name) + "` is not supported",
                     name);
  }
  return done();
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
  return {{"purpose", static_cast<int>(request.purpose)},
          {"version", request.version == tokens::Version::v1 ? 1 : 2},
          {"client", request.client.value},
          {"redirect_uri", request.redirect_uri},
          {"redirect_kind", name_of(request.redirect_kind)},
          {"response_mode", request.response_mode},
          {"state", request.state},
          {"nonce", request.nonce},
          {"scope", request.scope},
          {"resource", request.resource},
          {"code_challenge", request.code_challenge},
          {"login_hint", request.login_hint},
          {"prompt", request.prompt},
          {"max_age_seconds", request.max_age_seconds ? json::Value(*request.max_age_seconds) : json::Value()},
          {"device_code_hash", request.device_code_hash}};
}

AuthorizationRequest authorization_request_from(std::string_view text) {
  auto value = json::parse(text);
  CHECK(value.ok() && value->is_object(), "what this room stored is readable");
  const json::Object& object = value->get_object();
  auto member = [&](std::string_view key) { return std::string(json::text_at(object, key).value_or("")); };
  AuthorizationRequest request;
  request.purpose = static_cast<Purpose>(json::integer_at(object, "purpose").value_or(0));
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
  request.prompt = member("prompt");
  request.max_age_seconds = json::integer_at(object, "max_age_seconds");
  request.device_code_hash = member("device_code_hash");
  return request;
}

Result<RedirectKind> match_redirect_uri(const directory::Application& application, std::string_view redirect_uri) {
  auto kind = match_redirect_uri({.web = application.web_redirect_uris,
                                  .single_page = application.spa_redirect_uris,
                                  .native = application.public_client_redirect_uris},
                                 redirect_uri);
  if (kind) return *kind;
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
  TRY(refuse_request_objects(parameters));
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
  TRY(read_prompt(request, parameters));
  return read_max_age(request, parameters);
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
