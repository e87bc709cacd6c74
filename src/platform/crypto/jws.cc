#include "base/limits.h"
#include "base/text.h"
#include "platform/crypto/crypto.h"

namespace wardbridge::crypto {
namespace {

// A compact serialization (RFC 7515 section 7.1), decoded and not yet believed.
struct Parts {
  json::Object header;
  std::string payload;
  std::string signature;
  std::string_view signed_text;
};

Failure refused(std::string reason, std::string message) {
  return {Code::unauthenticated, std::move(reason), std::move(message)};
}
Failure bad_token(std::string message) { return refused("bad_token", std::move(message)); }

Result<json::Object> object_in(std::string_view text, const std::string& part) {
  auto value = json::parse(text);
  if (!value.ok()) return bad_token("the token's " + part + " is " + value.failure().message);
  if (!value->is_object()) return bad_token("the token's " + part + " is not a JSON object");
  return std::move(value->get_object());
}

Result<Parts> split(std::string_view token) {
  if (token.size() > limits::kTokenBytes) {
    return bad_token("the token is longer than " + std::to_string(limits::kTokenBytes) + " bytes");
  }
  auto texts = text::split(token, '.');
  if (texts.size() != 3) return bad_token("a token has three parts, not " + std::to_string(texts.size()));
  auto header = text::from_base64url(texts[0]);
  auto payload = text::from_base64url(texts[1]);
  auto signature = text::from_base64url(texts[2]);
  if (!header || !payload || !signature) return bad_token("a part of the token is not base64url");
  return Parts{.header = TRY(object_in(*header, "header")),
               .payload = *std::move(payload),
               .signature = *std::move(signature),
               .signed_text = token.substr(0, texts[0].size() + 1 + texts[1].size())};
}

}  // namespace

std::string sign_jws(json::Object header, const json::Object& claims, const Key& key) {
  header["alg"] = name_of(key.algorithm());
  std::string token = text::to_base64url(json::to_text(header)) + "." + text::to_base64url(json::to_text(claims));
  return token + "." + text::to_base64url(key.sign(token));
}

Result<UnverifiedJws> peek_jws(std::string_view token) {
  Parts parts = TRY(split(token));
  json::Object claims = TRY(object_in(parts.payload, "payload"));
  return UnverifiedJws{std::move(parts.header), std::move(claims)};
}

Result<std::string> verify_jws_payload(std::string_view token, const Key& key) {
  Parts parts = TRY(split(token));
  // SPEC: RFC 8725 section 3.1: the key decides the algorithm; the header may only agree.
  if (json::text_at(parts.header, "alg") != name_of(key.algorithm())) {
    return refused("bad_algorithm", "the token's `alg` is not its key's, " + std::string(name_of(key.algorithm())));
  }
  // SPEC: RFC 7515 section 4.1.11: we understand no extension, so every critical one refuses the token.
  if (parts.header.contains("crit")) return refused("critical_header", "the token has critical header parameters");
  if (!key.verify(parts.signed_text, parts.signature)) {
    return refused("bad_signature", "the token's signature is not its key's");
  }
  return std::move(parts.payload);
}

Result<json::Object> verify_jws(std::string_view token, const Key& key) {
  return object_in(TRY(verify_jws_payload(token, key)), "payload");
}

}  // namespace wardbridge::crypto
