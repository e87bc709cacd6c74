#include <algorithm>

#include "tenant/oauth/endpoints.h"
#include "tenant/oauth/parameters.h"

namespace wardbridge::oauth {
namespace {

bool has_scope(const tokens::Caller& caller, std::string_view name) {
  return std::ranges::find(caller.scopes, name) != caller.scopes.end();
}

// The caller of a token for Graph, as the real service wants, or for the client itself, which a sign-in that asks only
// for the person's identity gives.
Result<tokens::Caller> authenticate_person(const Hop& hop) {
  auto caller = hop.with.tokens.authenticate(hop.request, directory::kGraphAppId);
  if (caller.ok() || caller.failure().reason != "wrong_audience") return caller;
  auto token = hop.request.bearer_token();
  auto peeked = crypto::peek_jws(token.value_or(""));
  auto client = peeked.ok() ? json::text_at(peeked->claims, "azp") : std::nullopt;
  if (!client) client = peeked.ok() ? json::text_at(peeked->claims, "appid") : std::nullopt;
  if (!client) return caller;
  return hop.with.tokens.authenticate(hop.request, directory::AppId{std::string(*client)});
}

http::Response refuse(const Hop& hop, int status, std::string_view error, std::string_view description) {
  // SPEC: RFC 6750 section 3.1.
  http::Response response = http::json_response(status, {{"error", error}, {"error_description", description}});
  response.headers.set("WWW-Authenticate", "Bearer error=\"" + std::string(error) + "\", error_description=\"" +
                                               text::replace_all(description, "\"", "'") + "\"");
  add_common_headers(response, hop.trace);
  return response;
}

// SPEC: RFC 6750 section 2.2: the token may come in the form, too, and never in two ways.
http::Response info_by_form(const Hop& hop) {
  auto parameters = Parameters::from_body(hop.request);
  auto token = parameters.ok() ? parameters->find("access_token") : std::nullopt;
  if (!token) return refuse(hop, 400, "invalid_request", "the form does not carry one access_token");
  http::Request request = hop.request;
  request.method = "GET";
  request.headers.set("Authorization", "Bearer " + *token);
  return user_info_endpoint({hop.with, request, hop.trace});
}

}  // namespace

// SPEC: OpenID Connect Core 1.0 section 5.3.
http::Response user_info_endpoint(const Hop& hop) {
  const auto type = hop.request.headers.get("Content-Type").value_or("");
  if (hop.request.method == "POST" && !hop.request.headers.get("Authorization") &&
      type.starts_with("application/x-www-form-urlencoded"))
    return info_by_form(hop);
  auto caller = authenticate_person(hop);
  if (!caller.ok() && caller.failure().reason == "no_token") {
    http::Response response = http::text_response(401, "");
    response.headers.set("WWW-Authenticate", "Bearer");
    return response;
  }
  if (!caller.ok()) return refuse(hop, 401, "invalid_token", caller.failure().message);
  if (caller->is_application || !has_scope(*caller, "openid"))
    return refuse(hop, 403, "insufficient_scope", "the token does not carry the scope openid");
  auto user = hop.with.store.read([&](store::Transaction& tx) -> Result<std::optional<directory::User>> {
    return directory::find_user(tx, caller->tenant, caller->subject);
  });
  if (!user.ok()) return error_response(wire_error(user.failure()), hop.trace);
  if (!*user || !(*user)->account_enabled) return refuse(hop, 401, "invalid_token", "the account is disabled");
  // The same subject as in the client's id token.
  json::Object claims{{"sub", tokens::Authority::subject_of(caller->tenant, caller->subject, caller->client)}};
  if (has_scope(*caller, "profile")) {
    claims["name"] = (*user)->display_name;
    claims["preferred_username"] = (*user)->user_principal_name;
    if (!(*user)->given_name.empty()) claims["given_name"] = (*user)->given_name;
    if (!(*user)->surname.empty()) claims["family_name"] = (*user)->surname;
  }
  if (has_scope(*caller, "email") && !(*user)->mail.empty()) claims["email"] = (*user)->mail;
  http::Response response = http::json_response(200, claims);
  add_common_headers(response, hop.trace);
  return response;
}

}  // namespace wardbridge::oauth
