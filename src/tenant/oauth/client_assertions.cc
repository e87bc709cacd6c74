#include "tenant/oauth/client_assertions.h"

#include <algorithm>

#include "platform/crypto/crypto.h"

namespace wardbridge::oauth {
namespace {

Failure refused_assertion(std::string reason, std::string message) {
  return Failure{Code::unauthenticated, std::move(reason), "client assertion: " + std::move(message)};
}

// The certificate that the header names. ENTRA: by its SHA-1 in `x5t`, or in hex as `kid`; newer clients by its SHA-256
// in `x5t#S256`.
bool names_certificate(const json::Object& header, const crypto::CertificateFacts& facts, std::string_view der) {
  if (auto sha256 = json::text_at(header, "x5t#S256")) return *sha256 == text::to_base64url(crypto::sha256(der));
  if (auto sha1 = json::text_at(header, "x5t")) return *sha1 == text::to_base64url(crypto::sha1(der));
  auto key_id = json::text_at(header, "kid");
  return key_id && text::equal_ignoring_case(*key_id, facts.sha1_thumbprint_hex);
}

// The certificate's key, under the algorithm that the header asks for: an RSA key may be used in both of its ways, an
// elliptic one has its own. Nothing else is looked at in the header: keys that it brings are not read.
Result<crypto::Key> key_for(const crypto::CertificateFacts& facts, std::string_view algorithm) {
  if (facts.key.algorithm() == crypto::Algorithm::RS256 && algorithm == crypto::name_of(crypto::Algorithm::PS256))
    return crypto::Key::from_public_pem(facts.key.public_pem(), crypto::Algorithm::PS256);
  return facts.key;
}

Result<crypto::Key> find_key(const directory::KnownApplication& client, const json::Object& header, Time now) {
  bool is_expired = false;
  for (const directory::Credential& credential : client.credentials) {
    if (credential.kind != directory::Credential::Kind::certificate || now < credential.start) continue;
    auto der = crypto::der_from_pem(credential.certificate_pem);
    if (!der.ok()) continue;
    auto facts = crypto::read_certificate(*der);
    if (!facts.ok() || !names_certificate(header, *facts, *der)) continue;
    if (now < std::min(credential.end, facts->not_after))
      return key_for(*facts, json::text_at(header, "alg").value_or(""));
    is_expired = true;
  }
  if (is_expired)
    return refused_assertion("certificate_expired", "the certificate that it names has expired: register a new one");
  return refused_assertion("certificate_unknown", "no certificate of the application has the thumbprint that it names");
}

// SPEC: RFC 7523 section 3, point 3. A list of one is the same as the text.
std::string audience_of_assertion(const json::Object& claims) {
  const json::Value* audience = json::find(claims, "aud");
  if (audience && audience->is_array() && audience->get_array().size() == 1) audience = &audience->get_array().front();
  return audience && audience->is_string() ? std::string(audience->get_string()) : "";
}

Status check_audience(const ClientAuthentication& at, const directory::KnownApplication& client,
                      const json::Object& claims) {
  const std::string audience = audience_of_assertion(claims);
  for (tokens::Version version : {tokens::Version::v1, tokens::Version::v2})
    if (audience == at.tokens.issuer(at.tenant(), version)) return done();
  // ENTRA: MSAL writes the token endpoint's address. DEVIATION: that is accepted only of applications that say so: an
  // assertion for an address can be replayed by whoever makes a client believe in another address.
  const std::string base = at.tokens.base_url() + "/" + at.tenant().value;
  if (client.application.accepts_token_endpoint_audience &&
      (audience == base + "/oauth2/v2.0/token" || audience == base + "/oauth2/token"))
    return done();
  return refused_assertion("assertion_audience",
                           "its `aud` is not the issuer `" + at.tokens.issuer(at.tenant(), tokens::Version::v2) + "`");
}

// When the assertion ends.
Result<Time> check_assertion_times(const json::Object& claims, Time now) {
  auto expires = json::integer_at(claims, "exp");
  if (!expires) return refused_assertion("assertion_time", "it has no `exp`");
  const std::int64_t seconds_now = to_unix_seconds(now);
  const std::int64_t skew = kAssertionSkew / seconds{1};
  if (seconds_now >= *expires) return refused_assertion("assertion_time", "it has expired");
  if (*expires > seconds_now + kLongestAssertion / seconds{1} + skew)
    return refused_assertion("assertion_time", "it holds for longer than ten minutes");
  for (const char* name : {"nbf", "iat"}) {
    if (auto from = json::integer_at(claims, name); from && *from > seconds_now + skew)
      return refused_assertion("assertion_time", "its `" + std::string(name) + "` lies in the future");
  }
  return from_unix_seconds(*expires);
}

// INVARIANT: an assertion is good for one request.
Status use_up(const ClientAuthentication& at, const directory::KnownApplication& client, std::string_view id,
              Time ends) {
  const std::string name =
      crypto::hash_token(at.tenant().value + "|" + client.application.app_id.value + "|" + std::string(id));
  const bool is_new = TRY(at.store.write([&](store::Transaction& tx) -> Result<bool> {
    tx.execute("DELETE FROM oauth_used_assertion WHERE expires <= ?", {at.now});
    return tx.execute("INSERT INTO oauth_used_assertion (assertion_hash, expires) VALUES (?, ?) ON CONFLICT DO NOTHING",
                      {name, ends}) == 1;
  }));
  if (!is_new) return refused_assertion("assertion_replayed", "its `jti` was used before");
  return done();
}

}  // namespace

Result<std::string> claimed_client(std::string_view assertion) {
  auto peeked = crypto::peek_jws(assertion);
  if (!peeked.ok()) return refused_assertion("assertion_invalid", "it is not a signed token");
  return std::string(json::text_at(peeked->claims, "sub").value_or(""));
}

Status verify_assertion(const ClientAuthentication& at, const directory::KnownApplication& client,
                        std::string_view assertion) {
  auto peeked = crypto::peek_jws(assertion);
  if (!peeked.ok()) return refused_assertion("assertion_invalid", "it is not a signed token");
  const crypto::Key key = TRY(find_key(client, peeked->header, at.now));
  auto claims = crypto::verify_jws(assertion, key);
  if (!claims.ok()) return refused_assertion("assertion_invalid", "its signature is not its certificate's");
  const std::string& client_id = client.application.app_id.value;
  for (const char* name : {"iss", "sub"}) {
    if (!text::equal_ignoring_case(json::text_at(*claims, name).value_or(""), client_id))
      return refused_assertion("assertion_invalid", "its `" + std::string(name) + "` is not the client");
  }
  TRY(check_audience(at, client, *claims));
  const Time ends = TRY(check_assertion_times(*claims, at.now));
  const std::string id(json::text_at(*claims, "jti").value_or(""));
  if (id.empty()) return refused_assertion("assertion_invalid", "it has no `jti`");
  return use_up(at, client, id, ends);
}

}  // namespace wardbridge::oauth
