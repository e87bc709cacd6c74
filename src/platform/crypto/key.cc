#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "platform/crypto/openssl.h"

namespace wardbridge::crypto {
namespace {

constexpr int kSmallestRsaBits = 2048;
constexpr int kLargestRsaBits = 8192;  // bounds what a stranger's key can make one verification cost
constexpr int kLargestExponentBits = 64;
constexpr std::size_t kCoordinateBytes = 32;  // P-256
constexpr const char* kP256 = "prime256v1";   // OpenSSL's name for it

using OwnedParameterBuilder = std::unique_ptr<OSSL_PARAM_BLD, Freed<OSSL_PARAM_BLD_free>>;
using OwnedParameters = std::unique_ptr<OSSL_PARAM, Freed<OSSL_PARAM_free>>;

Failure bad_key(std::string message) { return invalid("bad_key", std::move(message)); }
Failure bad_jwk(std::string message, std::string where) {
  return invalid("bad_jwk", std::move(message), std::move(where));
}

OwnedNumber number_of(const EVP_PKEY* pkey, const char* parameter) {
  BIGNUM* number = nullptr;
  CHECK(EVP_PKEY_get_bn_param(pkey, parameter, &number) == 1, parameter);
  return OwnedNumber(number);
}

std::string bytes_of_number(const BIGNUM* number) {
  std::string bytes(static_cast<std::size_t>(BN_num_bytes(number)), '\0');
  BN_bn2bin(number, bytes_of(bytes));
  return bytes;
}

// Keys of the broken Infineon generator (CVE-2017-15361) can be factored. Their moduli are powers of 65537 modulo every
// one of these primes, which a sound modulus is with a chance of about one in 2^27.
bool has_roca_fingerprint(const BIGNUM* modulus) {
  constexpr std::array<unsigned, 38> kPrimes = {3,   5,   7,   11,  13,  17,  19,  23,  29,  31,  37,  41,  43,
                                                47,  53,  59,  61,  67,  71,  73,  79,  83,  89,  97,  101, 103,
                                                107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167};
  return std::all_of(kPrimes.begin(), kPrimes.end(), [&](unsigned prime) {
    auto residue = static_cast<unsigned>(BN_mod_word(modulus, prime));
    unsigned power = 1;
    do {
      if (power == residue) return true;
      power = power * (65537 % prime) % prime;
    } while (power != 1);
    return false;
  });
}

Status check_rsa(const EVP_PKEY* pkey) {
  if (EVP_PKEY_is_a(pkey, "RSA") != 1) return bad_key("the key is not an RSA key");
  int bits = EVP_PKEY_get_bits(pkey);
  if (bits < kSmallestRsaBits || bits > kLargestRsaBits) {
    return bad_key("an RSA key must have 2048 to 8192 bits, not " + std::to_string(bits));
  }
  OwnedNumber exponent = number_of(pkey, OSSL_PKEY_PARAM_RSA_E);
  if (BN_is_odd(exponent.get()) != 1 || BN_is_one(exponent.get()) == 1 ||
      BN_num_bits(exponent.get()) > kLargestExponentBits) {
    return bad_key("the RSA key's public exponent must be odd, above 1 and at most 64 bits long");
  }
  OwnedNumber modulus = number_of(pkey, OSSL_PKEY_PARAM_RSA_N);
  if (BN_is_odd(modulus.get()) != 1) return bad_key("the RSA key's modulus is even");
  if (has_roca_fingerprint(modulus.get())) return bad_key("the RSA key comes from a broken generator (ROCA)");
  return done();
}

Status check_p256(EVP_PKEY* pkey) {
  std::array<char, 32> group{};
  if (EVP_PKEY_is_a(pkey, "EC") != 1 || EVP_PKEY_get_group_name(pkey, group.data(), group.size(), nullptr) != 1 ||
      std::string_view(group.data()) != kP256) {
    return bad_key("the key is not an elliptic curve key on P-256");
  }
  OwnedPkeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, pkey, nullptr));
  CHECK(context != nullptr);
  if (EVP_PKEY_public_check(context.get()) != 1) return bad_key("the key's point is not on its curve");
  return done();
}

// The digest context's key context with the padding of the algorithm set.
bool set_padding(EVP_PKEY_CTX* context, Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::RS256:
      return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
    case Algorithm::PS256:
      // SPEC: RFC 7518 section 3.5: the salt is as long as the digest, and MGF1 uses the same digest (the default).
      return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
             EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
    case Algorithm::ES256:
      return true;
  }
  return false;
}

// SPEC: RFC 7518 section 3.4: an ES256 signature is R and S, 32 bytes each; OpenSSL speaks the DER of RFC 3279.
std::optional<std::string> raw_from_der(std::string_view der) {
  const unsigned char* data = bytes_of(der);
  OwnedEcdsa signature(d2i_ECDSA_SIG(nullptr, &data, static_cast<long>(der.size())));
  if (!signature) return std::nullopt;
  std::string raw(2 * kCoordinateBytes, '\0');
  if (BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), bytes_of(raw), kCoordinateBytes) < 0 ||
      BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), bytes_of(raw) + kCoordinateBytes, kCoordinateBytes) < 0) {
    return std::nullopt;
  }
  return raw;
}

std::string der_from_raw(std::string_view raw) {
  OwnedEcdsa signature(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(bytes_of(raw), kCoordinateBytes, nullptr);
  BIGNUM* s = BN_bin2bn(bytes_of(raw) + kCoordinateBytes, kCoordinateBytes, nullptr);
  CHECK(signature && r && s && ECDSA_SIG_set0(signature.get(), r, s) == 1);
  return der_of(signature.get(), i2d_ECDSA_SIG);
}

std::optional<std::string> try_sign(EVP_PKEY* pkey, Algorithm algorithm, std::string_view bytes) {
  OwnedDigestContext context(EVP_MD_CTX_new());
  CHECK(context != nullptr);
  // Nothing is signed after this, so the context need not be copied to finish it.
  EVP_MD_CTX_set_flags(context.get(), EVP_MD_CTX_FLAG_FINALISE);
  EVP_PKEY_CTX* key_context = nullptr;
  if (EVP_DigestSignInit_ex(context.get(), &key_context, "SHA256", nullptr, nullptr, pkey, nullptr) != 1 ||
      !set_padding(key_context, algorithm)) {
    return std::nullopt;
  }
  std::size_t size = static_cast<std::size_t>(EVP_PKEY_get_size(pkey));
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), bytes_of(signature), &size, bytes_of(bytes), bytes.size()) != 1) {
    return std::nullopt;
  }
  signature.resize(size);
  if (algorithm == Algorithm::ES256) return raw_from_der(signature);
  return signature;
}

// Never asks a terminal: an encrypted key is one that can't be read.
int no_passphrase(char*, int, int, void*) { return -1; }

Result<OwnedPkey> pkey_from(const char* type, OSSL_PARAM_BLD* builder) {
  OwnedParameters parameters(OSSL_PARAM_BLD_to_param(builder));
  OwnedPkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* pkey = nullptr;
  CHECK(parameters && context && EVP_PKEY_fromdata_init(context.get()) == 1);
  if (EVP_PKEY_fromdata(context.get(), &pkey, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
    return bad_key("the JWK's numbers are not a public key");
  }
  return OwnedPkey(pkey);
}

Result<std::string> number_member(const json::Object& jwk, std::string_view name) {
  std::string text = TRY(json::required_text(jwk, name));
  auto bytes = text::from_base64url(text);
  if (!bytes || bytes->empty()) return bad_jwk("`" + std::string(name) + "` is not base64url", std::string(name));
  return *std::move(bytes);
}

Result<OwnedPkey> rsa_from_jwk(const json::Object& jwk) {
  std::string n = TRY(number_member(jwk, "n"));
  std::string e = TRY(number_member(jwk, "e"));
  // SPEC: RFC 7518 section 6.3.1: the fewest octets that hold the number.
  if (n.front() == '\0') return bad_jwk("`n` starts with a zero octet", "n");
  if (e.front() == '\0') return bad_jwk("`e` starts with a zero octet", "e");
  if (n.size() > kLargestRsaBits / 8) return bad_jwk("`n` is longer than 8192 bits", "n");
  if (e.size() > kLargestExponentBits / 8) return bad_jwk("`e` is longer than 64 bits", "e");
  OwnedNumber modulus(BN_bin2bn(bytes_of(n), static_cast<int>(n.size()), nullptr));
  OwnedNumber exponent(BN_bin2bn(bytes_of(e), static_cast<int>(e.size()), nullptr));
  OwnedParameterBuilder builder(OSSL_PARAM_BLD_new());
  CHECK(modulus && exponent && builder &&
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) == 1 &&
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) == 1);
  return pkey_from("RSA", builder.get());
}

Result<OwnedPkey> p256_from_jwk(const json::Object& jwk) {
  if (TRY(json::required_text(jwk, "crv")) != "P-256") return bad_jwk("`crv` must be P-256", "crv");
  std::string x = TRY(number_member(jwk, "x"));
  std::string y = TRY(number_member(jwk, "y"));
  // SPEC: RFC 7518 section 6.2.1.2: coordinates have the full length of the field.
  if (x.size() != kCoordinateBytes) return bad_jwk("`x` must have 32 octets", "x");
  if (y.size() != kCoordinateBytes) return bad_jwk("`y` must have 32 octets", "y");
  std::string point = "\x04" + x + y;  // SEC 1: uncompressed
  OwnedParameterBuilder builder(OSSL_PARAM_BLD_new());
  CHECK(builder && OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, kP256, 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) == 1);
  return pkey_from("EC", builder.get());
}

// SPEC: RFC 7517 sections 4.2 to 4.4, and RFC 8725 section 3.1: what the key says of its own use is obeyed.
Status check_intent(const json::Object& jwk, Algorithm algorithm) {
  if (jwk.contains("alg") && TRY(json::required_text(jwk, "alg")) != name_of(algorithm)) {
    return bad_jwk("the JWK's `alg` is not " + std::string(name_of(algorithm)), "alg");
  }
  if (jwk.contains("use") && TRY(json::required_text(jwk, "use")) != "sig") {
    return bad_jwk("the JWK's `use` is not `sig`", "use");
  }
  if (jwk.contains("key_ops")) {
    auto operations = TRY(json::optional_texts(jwk, "key_ops"));
    if (std::find(operations.begin(), operations.end(), "verify") == operations.end()) {
      return bad_jwk("the JWK's `key_ops` does not allow `verify`", "key_ops");
    }
  }
  for (const char* member : {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}) {
    // A key whose private part was published signs for nobody in particular.
    if (jwk.contains(member))
      return bad_jwk("a public JWK must not have the private member `" + std::string(member) + "`", member);
  }
  return done();
}

}  // namespace

const char* name_of(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::RS256:
      return "RS256";
    case Algorithm::PS256:
      return "PS256";
    case Algorithm::ES256:
      return "ES256";
  }
  CHECK(false, "an algorithm outside its enum");
}

Result<Key> KeyAccess::adopt(OwnedPkey pkey, Algorithm algorithm, bool has_private) {
  if (!pkey) return bad_key("there is no key that OpenSSL can read");
  TRY(algorithm == Algorithm::ES256 ? check_p256(pkey.get()) : check_rsa(pkey.get()));
  Key key(std::shared_ptr<void>(pkey.release(), [](void* owned) { EVP_PKEY_free(static_cast<EVP_PKEY*>(owned)); }),
          algorithm, has_private);
  return key;
}

Result<Key> KeyAccess::adopt_by_type(OwnedPkey pkey, bool has_private) {
  Algorithm algorithm = pkey && EVP_PKEY_is_a(pkey.get(), "EC") == 1 ? Algorithm::ES256 : Algorithm::RS256;
  return adopt(std::move(pkey), algorithm, has_private);
}

Result<Key> Key::generate(Algorithm algorithm) {
  QuietErrors quiet;
  OwnedPkey pkey(algorithm == Algorithm::ES256 ? EVP_EC_gen(kP256) : EVP_RSA_gen(kSmallestRsaBits));
  return KeyAccess::adopt(std::move(pkey), algorithm, true);
}

Result<Key> Key::from_private_pem(std::string_view pem, Algorithm algorithm) {
  QuietErrors quiet;
  OwnedBio bio = reading(pem);
  OwnedPkey pkey(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  Key key = TRY(KeyAccess::adopt(std::move(pkey), algorithm, true));
  // A file whose private part is not that of its public part would sign what nobody can verify.
  constexpr std::string_view kProbe = "wardbridge key probe";
  auto signature = try_sign(pkey_of(key), algorithm, kProbe);
  if (!signature || !key.verify(kProbe, *signature)) return bad_key("the key's private and public parts do not match");
  return key;
}

Result<Key> Key::from_public_pem(std::string_view pem, Algorithm algorithm) {
  QuietErrors quiet;
  OwnedBio bio = reading(pem);
  return KeyAccess::adopt(OwnedPkey(PEM_read_bio_PUBKEY(bio.get(), nullptr, no_passphrase, nullptr)), algorithm, false);
}

Result<Key> Key::from_jwk(const json::Object& jwk, Algorithm algorithm) {
  QuietErrors quiet;
  const bool elliptic = algorithm == Algorithm::ES256;
  if (TRY(json::required_text(jwk, "kty")) != (elliptic ? "EC" : "RSA")) {
    return bad_jwk("`kty` does not fit " + std::string(name_of(algorithm)), "kty");
  }
  TRY(check_intent(jwk, algorithm));
  return KeyAccess::adopt(TRY(elliptic ? p256_from_jwk(jwk) : rsa_from_jwk(jwk)), algorithm, false);
}

json::Object Key::public_jwk() const {
  const EVP_PKEY* pkey = pkey_of(*this);
  json::Object jwk;
  if (algorithm_ == Algorithm::ES256) {
    auto coordinate = [&](const char* parameter) {
      std::string bytes(kCoordinateBytes, '\0');
      OwnedNumber number = number_of(pkey, parameter);
      CHECK(BN_bn2binpad(number.get(), bytes_of(bytes), kCoordinateBytes) == kCoordinateBytes);
      return text::to_base64url(bytes);
    };
    jwk["kty"] = "EC";
    jwk["crv"] = "P-256";
    jwk["x"] = coordinate(OSSL_PKEY_PARAM_EC_PUB_X);
    jwk["y"] = coordinate(OSSL_PKEY_PARAM_EC_PUB_Y);
  } else {
    jwk["kty"] = "RSA";
    jwk["n"] = text::to_base64url(bytes_of_number(number_of(pkey, OSSL_PKEY_PARAM_RSA_N).get()));
    jwk["e"] = text::to_base64url(bytes_of_number(number_of(pkey, OSSL_PKEY_PARAM_RSA_E).get()));
  }
  return jwk;
}

std::string Key::thumbprint() const {
  // SPEC: RFC 7638 section 3: the required members alone, in alphabetical order, without white space.
  json::Object jwk = public_jwk();
  json::Object required;
  for (const char* name : {"crv", "e", "kty", "n", "x", "y"}) {
    if (const json::Value* value = json::find(jwk, name)) required[name] = *value;
  }
  return text::to_base64url(sha256(json::to_text(required)));
}

std::string Key::private_pem() const {
  CHECK(has_private_);
  OwnedBio bio = writing();
  CHECK(bio && PEM_write_bio_PKCS8PrivateKey(bio.get(), pkey_of(*this), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return written(bio);
}

std::string Key::public_pem() const {
  OwnedBio bio = writing();
  CHECK(bio && PEM_write_bio_PUBKEY(bio.get(), pkey_of(*this)) == 1);
  return written(bio);
}

std::string Key::sign(std::string_view bytes) const {
  CHECK(has_private_);
  QuietErrors quiet;
  auto signature = try_sign(pkey_of(*this), algorithm_, bytes);
  CHECK(signature.has_value(), "a key that signed before does not sign");
  return *std::move(signature);
}

bool Key::verify(std::string_view bytes, std::string_view signature) const {
  QuietErrors quiet;
  std::string der;
  if (algorithm_ == Algorithm::ES256) {
    if (signature.size() != 2 * kCoordinateBytes) return false;
    der = der_from_raw(signature);
    signature = der;
  } else if (signature.size() != static_cast<std::size_t>(EVP_PKEY_get_size(pkey_of(*this)))) {
    return false;
  }
  OwnedDigestContext context(EVP_MD_CTX_new());
  CHECK(context != nullptr);
  EVP_PKEY_CTX* key_context = nullptr;
  return EVP_DigestVerifyInit_ex(context.get(), &key_context, "SHA256", nullptr, nullptr, pkey_of(*this), nullptr) ==
             1 &&
         set_padding(key_context, algorithm_) &&
         EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(bytes), bytes.size()) == 1;
}

}  // namespace wardbridge::crypto
