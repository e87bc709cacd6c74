#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "platform/crypto/crypto.h"

namespace wardbridge::crypto {
namespace {

using testing::HasSubstr;

// RFC 7638 section 3.1.
constexpr const char* kRfc7638Modulus =
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_"
    "BJECPebWKRXjBZCiFV4n3oknjhMs"
    "tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_"
    "FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5haj"
    "rn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";

// RFC 7517 appendix A.1.
json::Object p256_jwk() {
  return {{"kty", "EC"},
          {"crv", "P-256"},
          {"x", "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4"},
          {"y", "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}};
}
json::Object rsa_jwk() { return {{"kty", "RSA"}, {"n", kRfc7638Modulus}, {"e", "AQAB"}}; }

template <class Member>
json::Object with(json::Object jwk, const char* name, Member value) {
  jwk[name] = value;
  return jwk;
}

std::string refusal(const json::Object& jwk, Algorithm algorithm) {
  auto key = Key::from_jwk(jwk, algorithm);
  return key.ok() ? "accepted" : key.failure().message;
}

TEST(Key, ThumbprintIsThatOfRfc7638) {
  Key key = Key::from_jwk(with(with(rsa_jwk(), "alg", "RS256"), "kid", "2011-04-29"), Algorithm::RS256).value();
  EXPECT_EQ(key.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

TEST(Key, APublicJwkComesBackAsItWas) {
  EXPECT_EQ(Key::from_jwk(rsa_jwk(), Algorithm::RS256).value().public_jwk(), rsa_jwk());
  EXPECT_EQ(Key::from_jwk(p256_jwk(), Algorithm::ES256).value().public_jwk(), p256_jwk());
}

TEST(Key, VerifiesTheSignatureOfRfc7515) {
  // RFC 7515 appendix A.3.
  Key key = Key::from_jwk({{"kty", "EC"},
                           {"crv", "P-256"},
                           {"x", "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"},
                           {"y", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}},
                          Algorithm::ES256)
                .value();
  auto claims = verify_jws(
      "eyJhbGciOiJFUzI1NiJ9."
      "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl"
      "fQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
      key);
  ASSERT_TRUE(claims.ok()) << claims.failure().message;
  EXPECT_EQ(json::text_at(*claims, "iss"), "joe");
}

TEST(Key, WhatAJwkSaysOfItsUseIsObeyed) {
  auto message = [](const char* member, json::Value value) {
    return refusal(with(rsa_jwk(), member, std::move(value)), Algorithm::RS256);
  };
  EXPECT_EQ(message("alg", "RS256"), "accepted");
  EXPECT_EQ(message("use", "sig"), "accepted");
  EXPECT_EQ(message("key_ops", json::Array{"verify"}), "accepted");
  EXPECT_EQ(message("x5t", "unknown members are ignored"), "accepted");
  EXPECT_THAT(message("alg", "PS256"), HasSubstr("`alg` is not RS256"));
  EXPECT_THAT(message("alg", 256), HasSubstr("`alg` must be a string"));
  EXPECT_THAT(message("use", "enc"), HasSubstr("`use` is not `sig`"));
  EXPECT_THAT(message("use", nullptr), HasSubstr("`use` is required"));
  EXPECT_THAT(message("key_ops", json::Array{"encrypt"}), HasSubstr("does not allow `verify`"));
  EXPECT_THAT(message("key_ops", json::Array{}), HasSubstr("does not allow `verify`"));
  EXPECT_THAT(message("key_ops", "verify"), HasSubstr("array of strings"));
}

TEST(Key, AJwkWithPrivateOrSymmetricMaterialIsRefused) {
  EXPECT_THAT(refusal(with(rsa_jwk(), "d", "AQAB"), Algorithm::RS256), HasSubstr("private member `d`"));
  EXPECT_THAT(refusal(with(p256_jwk(), "d", "AQAB"), Algorithm::ES256), HasSubstr("private member `d`"));
  EXPECT_THAT(refusal({{"kty", "oct"}, {"k", "AQAB"}}, Algorithm::RS256), HasSubstr("`kty` does not fit"));
}

TEST(Key, AKeyOfAnotherKindIsRefused) {
  EXPECT_THAT(refusal(p256_jwk(), Algorithm::RS256), HasSubstr("`kty` does not fit RS256"));
  EXPECT_THAT(refusal(rsa_jwk(), Algorithm::ES256), HasSubstr("`kty` does not fit ES256"));
  EXPECT_THAT(refusal(with(p256_jwk(), "crv", "P-384"), Algorithm::ES256), HasSubstr("P-256"));
  EXPECT_THAT(refusal({}, Algorithm::ES256), HasSubstr("`kty` is required"));
  Key elliptic = Key::generate(Algorithm::ES256).value();
  Key rsa = Key::from_jwk(rsa_jwk(), Algorithm::RS256).value();
  EXPECT_FALSE(Key::from_private_pem(elliptic.private_pem(), Algorithm::RS256).ok());
  EXPECT_FALSE(Key::from_public_pem(rsa.public_pem(), Algorithm::ES256).ok());
}

TEST(Key, NumbersOfAJwkAreReadStrictly) {
  std::string modulus = kRfc7638Modulus;
  std::string zero_first = text::to_base64url('\0' + *text::from_base64url(modulus));
  EXPECT_THAT(refusal(with(rsa_jwk(), "n", modulus + "="), Algorithm::RS256), HasSubstr("`n` is not base64url"));
  EXPECT_THAT(refusal(with(rsa_jwk(), "n", modulus + "\n"), Algorithm::RS256), HasSubstr("`n` is not base64url"));
  EXPECT_THAT(refusal(with(rsa_jwk(), "n", ""), Algorithm::RS256), HasSubstr("`n` is not base64url"));
  EXPECT_THAT(refusal(with(rsa_jwk(), "n", zero_first), Algorithm::RS256), HasSubstr("zero octet"));
  EXPECT_THAT(refusal(with(rsa_jwk(), "e", 65537), Algorithm::RS256), HasSubstr("`e` must be a string"));
  EXPECT_THAT(refusal(with(p256_jwk(), "x", "AQAB"), Algorithm::ES256), HasSubstr("32 octets"));
  EXPECT_THAT(refusal(with(p256_jwk(), "y", p256_jwk()["x"]), Algorithm::ES256), Not(HasSubstr("accepted")));
}

TEST(Key, WeakRsaKeysAreRefused) {
  auto modulus_of = [](std::size_t bytes) {
    return text::to_base64url('\xC1' + std::string(bytes - 2, '\x5A') + '\x01');
  };
  EXPECT_THAT(refusal(with(rsa_jwk(), "n", modulus_of(128)), Algorithm::RS256),
              HasSubstr("2048 to 8192 bits, not 1024"));
  EXPECT_THAT(refusal(with(rsa_jwk(), "n", modulus_of(255)), Algorithm::RS256), HasSubstr("not 2040"));
  EXPECT_THAT(refusal(with(rsa_jwk(), "n", modulus_of(1025)), Algorithm::RS256), HasSubstr("longer than 8192 bits"));
  for (const char* exponent : {"AQ", "Ag", "AQAA", "AQAAAAAAAAAB"}) {
    EXPECT_NE(refusal(with(rsa_jwk(), "e", exponent), Algorithm::RS256), "accepted") << exponent;
  }
}

TEST(Key, APrivateKeySurvivesItsPem) {
  for (Algorithm algorithm : {Algorithm::RS256, Algorithm::PS256, Algorithm::ES256}) {
    Key key = Key::generate(algorithm).value();
    Key again = Key::from_private_pem(key.private_pem(), algorithm).value();
    EXPECT_TRUE(again.has_private());
    EXPECT_EQ(again.thumbprint(), key.thumbprint());
    EXPECT_TRUE(key.verify("text", again.sign("text")));
    EXPECT_FALSE(key.verify("other text", again.sign("text")));
  }
}

TEST(Key, APemThatIsNoKeyIsRefused) {
  Key key = Key::generate(Algorithm::ES256).value();
  for (const std::string& pem :
       {std::string(), std::string("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), key.public_pem(),
        pem_from_der("text", "ENCRYPTED PRIVATE KEY")}) {
    auto read = Key::from_private_pem(pem, Algorithm::ES256);
    ASSERT_FALSE(read.ok());
    EXPECT_EQ(read.failure().reason, "bad_key");
  }
  EXPECT_FALSE(Key::from_public_pem(key.private_pem(), Algorithm::ES256).ok());
}

}  // namespace
}  // namespace wardbridge::crypto
