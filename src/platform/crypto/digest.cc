#include <openssl/crypto.h>

#include "platform/crypto/openssl.h"

namespace wardbridge::crypto {
namespace {

// Fetched once and kept: looking an algorithm up by name costs more than hashing a token.
const EVP_MD* fetch(const char* name) {
  const EVP_MD* digest = EVP_MD_fetch(nullptr, name, nullptr);
  CHECK(digest != nullptr, name);
  return digest;
}

std::string digest_of(std::string_view bytes, const EVP_MD* digest) {
  std::string out(static_cast<std::size_t>(EVP_MD_get_size(digest)), '\0');
  CHECK(EVP_Digest(bytes_of(bytes), bytes.size(), bytes_of(out), nullptr, digest, nullptr) == 1, "no digest");
  return out;
}

std::string hmac_of(std::string_view key, std::string_view bytes, const char* digest, std::size_t digest_bytes) {
  std::string out(digest_bytes, '\0');
  std::size_t size = 0;
  const unsigned char* done = EVP_Q_mac(nullptr, "HMAC", nullptr, digest, nullptr, bytes_of(key), key.size(),
                                        bytes_of(bytes), bytes.size(), bytes_of(out), out.size(), &size);
  CHECK(done != nullptr && size == out.size(), "no HMAC");
  return out;
}

}  // namespace

std::string sha256(std::string_view bytes) {
  static const EVP_MD* const kDigest = fetch("SHA256");
  return digest_of(bytes, kDigest);
}

std::string sha1(std::string_view bytes) {
  static const EVP_MD* const kDigest = fetch("SHA1");
  return digest_of(bytes, kDigest);
}

std::string hmac_sha1(std::string_view key, std::string_view bytes) { return hmac_of(key, bytes, "SHA1", 20); }

std::string hmac_sha256(std::string_view key, std::string_view bytes) { return hmac_of(key, bytes, "SHA256", 32); }

std::string hmac_sha512(std::string_view key, std::string_view bytes) { return hmac_of(key, bytes, "SHA512", 64); }

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(bytes_of(a), bytes_of(b), a.size()) == 0;
}

}  // namespace wardbridge::crypto
