#include "tenant/tokens/claims.h"

#include <algorithm>

namespace wardbridge::tokens {
namespace {

// How far the clocks of two servers of one tenant may be apart before a fresh token looks like one from the future.
constexpr Duration kClockSkew = minutes{5};

json::Object begin(const Envelope& envelope, Version version, std::string_view audience) {
  const std::int64_t issued = to_unix_seconds(envelope.now);
  return json::Object({{"aud", audience},
                       {"iss", envelope.issuer},
                       {"iat", issued},
                       {"nbf", issued},
                       {"exp", issued + kTokenLifetime / seconds{1}},
                       {"tid", envelope.tenant.value},
                       {"uti", envelope.token_id},
                       {"ver", version == Version::v1 ? "1.0" : "2.0"}},
                      envelope.storage);
}

void describe_user(json::Object& claims, Version version, const directory::User& user) {
  claims["name"] = user.display_name;
  if (version == Version::v2) {
    claims["preferred_username"] = user.user_principal_name;
  } else {
    claims["unique_name"] = user.user_principal_name;
  }
  claims["upn"] = user.user_principal_name;
  if (!user.given_name.empty()) claims["given_name"] = user.given_name;
  if (!user.surname.empty()) claims["family_name"] = user.surname;
}

void describe_authentication(json::Object& claims, Version version, const std::optional<directory::DeviceId>& device,
                             const std::vector<std::string>& methods, Time authenticated) {
  claims["auth_time"] = to_unix_seconds(authenticated);
  // ENTRA: version 1 says how somebody signed in; so do, in both versions, tokens to register devices with.
  const bool is_for_registration = json::text_at(claims, "aud") == directory::kDeviceRegistrationAppId.value;
  if (version == Version::v1) claims["acr"] = "1";
  if (version == Version::v1 || is_for_registration) {
    claims["amr"] = json::to_array(methods);
    if (device) claims["amr"].as_array().emplace_back("rsa");
  }
  // INVARIANT: law 2: the claim is there only when the device proved that it holds its key.
  if (device) claims["deviceid"] = device->value;
}

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> words;
  for (std::string_view part : text::split(text, ' ')) {
    if (!part.empty()) words.emplace_back(part);
  }
  return words;
}

Status check_times(const json::Object& claims, Time now) {
  auto expires = json::integer_at(claims, "exp");
  auto not_before = json::integer_at(claims, "nbf");
  if (!expires || !not_before) return refused("bad_token", "the token does not say from when until when it holds");
  if (to_unix_seconds(now) >= *expires) return refused("token_expired", "the token has expired");
  if (to_unix_seconds(now + kClockSkew) < *not_before)
    return refused("token_not_yet_valid", "the token is not valid yet");
  return done();
}

Status check_addresses(const json::Object& claims, const Expected& expected) {
  // INVARIANT: exact comparison of whole strings; nothing is trimmed, folded or matched by prefix.
  if (json::text_at(claims, "tid") != expected.tenant.value)
    return refused("wrong_tenant", "the token belongs to another tenant");
  auto version = json::text_at(claims, "ver");
  if (version != "1.0" && version != "2.0") return refused("bad_token", "the token's version is not known here");
  if (json::text_at(claims, "iss") != (version == "1.0" ? expected.issuer_v1 : expected.issuer_v2))
    return refused("wrong_issuer", "the token comes from another issuer");
  auto audience = json::text_at(claims, "aud");
  if (!audience || std::ranges::find(expected.audiences, *audience) == expected.audiences.end())
    return refused("wrong_audience", "the token is meant for another resource");
  return done();
}

}  // namespace

Failure refused(std::string reason, std::string message) {
  return Failure{Code::unauthenticated, std::move(reason), std::move(message)};
}

std::string pairwise_subject(const directory::TenantId& tenant, const directory::ObjectId& user,
                             std::string_view audience) {
  return text::to_base64url(crypto::sha256(tenant.value + "|" + user.value + "|" + std::string(audience)));
}

json::Object access_claims(const Envelope& envelope, const AccessToken& token) {
  json::Object claims = begin(envelope, token.version, token.audience);
  const bool is_v1 = token.version == Version::v1;
  claims[is_v1 ? "appid" : "azp"] = token.client.value;
  claims[is_v1 ? "appidacr" : "azpacr"] = std::to_string(static_cast<int>(token.client_proof));
  if (!token.roles.empty()) claims["roles"] = json::to_array(token.roles);
  if (token.user) {
    claims["idtyp"] = "user";
    claims["oid"] = token.user->id.value;
    claims["sub"] = pairwise_subject(envelope.tenant, token.user->id, token.audience);
    claims["scp"] = text::join(token.scopes, " ");
    describe_user(claims, token.version, *token.user);
    describe_authentication(claims, token.version, token.device, token.methods, token.authenticated);
  } else {
    claims["idtyp"] = "app";
    claims["oid"] = token.service_principal.value;
    claims["sub"] = token.service_principal.value;
    claims["app_displayname"] = token.client_name;
  }
  return claims;
}

json::Object id_claims(const Envelope& envelope, const IdToken& token) {
  json::Object claims = begin(envelope, token.version, token.client.value);
  claims["oid"] = token.user.id.value;
  claims["sub"] = pairwise_subject(envelope.tenant, token.user.id, token.client.value);
  if (!token.nonce.empty()) claims["nonce"] = token.nonce;
  // SPEC: OpenID Connect Core 1.0 section 3.1.3.6: the left half of the hash of the access token's ASCII bytes.
  if (!token.access_token.empty())
    claims["at_hash"] = text::to_base64url(crypto::sha256(token.access_token).substr(0, 16));
  if (!token.session.empty()) claims["sid"] = token.session;
  describe_user(claims, token.version, token.user);
  if (token.wants_email && !token.user.mail.empty()) claims["email"] = token.user.mail;
  describe_authentication(claims, token.version, token.device, token.methods, token.authenticated);
  return claims;
}

Result<Believed> read_access_claims(const json::Object& claims, const Expected& expected, Time now) {
  TRY(check_addresses(claims, expected));
  TRY(check_times(claims, now));

  Believed believed;
  believed.expires = from_unix_seconds(json::integer_at(claims, "exp").value_or(0));
  believed.token_id = json::text_at(claims, "uti").value_or("");
  Caller& caller = believed.caller;
  caller.tenant = expected.tenant;
  // Only access tokens name the client like this; an id token, signed by the same key, must never pass for one.
  auto client = json::text_at(claims, json::text_at(claims, "ver") == "1.0" ? "appid" : "azp");
  auto subject = json::text_at(claims, "oid");
  auto kind = json::text_at(claims, "idtyp");
  if (!client || client->empty() || !subject || subject->empty() || (kind != "app" && kind != "user"))
    return refused("bad_token", "the token is not an access token");
  caller.client.value = *client;
  caller.subject.value = *subject;
  caller.is_application = kind == "app";
  auto roles = json::optional_texts(claims, "roles");
  if (!roles.ok()) return refused("bad_token", "the token's roles are not a list of names");
  caller.roles = *roles;
  if (caller.is_application) {
    caller.name = json::text_at(claims, "app_displayname").value_or("");
    return believed;
  }
  caller.name = json::text_at(claims, "upn").value_or("");
  caller.scopes = words(json::text_at(claims, "scp").value_or(""));
  if (auto device = json::text_at(claims, "deviceid")) caller.device = directory::DeviceId{std::string(*device)};
  const auto methods = json::optional_texts(claims, "amr").value_or({});
  caller.has_second_factor = std::ranges::find(methods, "mfa") != methods.end();
  if (auto authenticated = json::integer_at(claims, "auth_time"))
    caller.authenticated = from_unix_seconds(*authenticated);
  return believed;
}

}  // namespace wardbridge::tokens
