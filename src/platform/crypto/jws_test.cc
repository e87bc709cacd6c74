#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "base/text.h"
#include "platform/crypto/crypto.h"

namespace wardbridge::crypto {
namespace {

using testing::HasSubstr;

const Key& rsa() {
  static const Key key = Key::generate(Algorithm::RS256).value();
  return key;
}
const Key& pss() {
  static const Key key = Key::from_private_pem(rsa().private_pem(), Algorithm::PS256).value();
  return key;
}
const Key& elliptic() {
  static const Key key = Key::generate(Algorithm::ES256).value();
  return key;
}

json::Object claims() { return {{"iss", "https://login.example"}, {"sub", "alice"}}; }

// A token of exactly these bytes, signed over them by `key`: what a forger who holds a key could make.
std::string signed_as_is(std::string_view header, std::string_view payload, const Key& key) {
  std::string text = text::to_base64url(header) + "." + text::to_base64url(payload);
  return text + "." + text::to_base64url(key.sign(text));
}

std::string reason_of(const Result<json::Object>& result) { return result.ok() ? "accepted" : result.failure().reason; }

class EveryAlgorithm : public testing::TestWithParam<Algorithm> {
 protected:
  const Key& key() const {
    return GetParam() == Algorithm::RS256 ? rsa() : GetParam() == Algorithm::PS256 ? pss() : elliptic();
  }
};
INSTANTIATE_TEST_SUITE_P(Algorithms, EveryAlgorithm,
                         testing::Values(Algorithm::RS256, Algorithm::PS256, Algorithm::ES256),
                         [](const auto& test) { return name_of(test.param); });

TEST_P(EveryAlgorithm, SignedClaimsComeBack) {
  std::string token = sign_jws({{"typ", "JWT"}, {"kid", "one"}}, claims(), key());
  auto verified = verify_jws(token, key());
  ASSERT_TRUE(verified.ok()) << verified.failure().message;
  EXPECT_EQ(*verified, claims());
  auto peeked = peek_jws(token);
  ASSERT_TRUE(peeked.ok());
  EXPECT_EQ(json::text_at(peeked->header, "kid"), "one");
  EXPECT_EQ(json::text_at(peeked->header, "alg"), name_of(GetParam()));
}

TEST_P(EveryAlgorithm, ThePublishedKeyVerifies) {
  std::string token = sign_jws({}, claims(), key());
  Key from_jwk = Key::from_jwk(key().public_jwk(), GetParam()).value();
  Key from_pem = Key::from_public_pem(key().public_pem(), GetParam()).value();
  EXPECT_TRUE(verify_jws(token, from_jwk).ok());
  EXPECT_TRUE(verify_jws(token, from_pem).ok());
  EXPECT_FALSE(from_jwk.has_private());
  EXPECT_EQ(from_jwk.thumbprint(), key().thumbprint());
}

TEST_P(EveryAlgorithm, AnotherKeyOfTheSameKindDoesNotVerify) {
  Key other = Key::generate(GetParam()).value();
  EXPECT_EQ(reason_of(verify_jws(sign_jws({}, claims(), other), key())), "bad_signature");
}

TEST_P(EveryAlgorithm, EveryChangedByteOfTheSignedTextIsNoticed) {
  std::string token = sign_jws({{"kid", "one"}}, claims(), key());
  std::size_t end = token.rfind('.');
  for (std::size_t i = 0; i < end; i += 7) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(verify_jws(changed, key()).ok()) << "byte " << i;
  }
}

TEST_P(EveryAlgorithm, ASignatureOfAnotherLengthIsRefused) {
  std::string text = text::to_base64url(json::to_text(json::Object{{"alg", name_of(GetParam())}})) + ".e30";
  std::string signature = key().sign(text);
  ASSERT_TRUE(verify_jws(text + "." + text::to_base64url(signature), key()).ok());
  for (const std::string& wrong : {std::string(), signature.substr(1), signature.substr(0, signature.size() - 1),
                                   signature + '\0', '\0' + signature, signature + signature}) {
    EXPECT_EQ(reason_of(verify_jws(text + "." + text::to_base64url(wrong), key())), "bad_signature")
        << wrong.size() << " bytes";
  }
}

TEST_P(EveryAlgorithm, TheHeaderCannotChooseTheAlgorithm) {
  for (const char* alg : {"none", "None", "NONE", "", "HS256", "RS384", "RS512", "PS512", "ES384", "EdDSA", "rs256"}) {
    std::string header = json::to_text(json::Object{{"alg", alg}});
    EXPECT_EQ(reason_of(verify_jws(signed_as_is(header, "{}", key()), key())), "bad_algorithm") << alg;
  }
  for (const char* header : {"{}", R"({"alg":null})", R"({"alg":["RS256"]})", R"({"ALG":"RS256"})", R"({"alg":256})"}) {
    EXPECT_EQ(reason_of(verify_jws(signed_as_is(header, "{}", key()), key())), "bad_algorithm") << header;
  }
}

TEST_P(EveryAlgorithm, CriticalHeadersAreRefused) {
  for (const char* crit : {R"(["b64"])", R"(["exp"])", "[]", "null", "true"}) {
    std::string header = std::string(R"({"alg":")") + name_of(GetParam()) + R"(","b64":true,"crit":)" + crit + "}";
    EXPECT_EQ(reason_of(verify_jws(signed_as_is(header, "{}", key()), key())), "critical_header") << crit;
  }
}

TEST_P(EveryAlgorithm, EmbeddedKeysAreNotRead) {
  Key attacker = Key::generate(GetParam()).value();
  json::Object header = {{"jwk", attacker.public_jwk()},
                         {"jku", "https://attacker.example/keys"},
                         {"x5u", "https://attacker.example/chain"},
                         {"kid", attacker.thumbprint()}};
  EXPECT_EQ(reason_of(verify_jws(sign_jws(header, claims(), attacker), key())), "bad_signature");
  EXPECT_TRUE(verify_jws(sign_jws(header, claims(), key()), key()).ok()) << "they change nothing for the right key";
}

TEST_P(EveryAlgorithm, MalformedTokensAreRefusedEvenWhenSigned) {
  std::string alg = std::string(R"("alg":")") + name_of(GetParam()) + "\"";
  std::string good = signed_as_is("{" + alg + "}", "{}", key());
  ASSERT_TRUE(verify_jws(good, key()).ok());
  std::size_t first = good.find('.');
  std::size_t second = good.rfind('.');
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"empty", ""},
      {"one part", good.substr(0, first)},
      {"two parts", good.substr(0, second)},
      {"four parts", good + ".e30"},
      {"an empty fourth part", good + "."},
      {"a leading dot", "." + good},
      {"a trailing newline", good + "\n"},
      {"a trailing space", good + " "},
      {"a leading space", " " + good},
      {"a trailing zero byte", good + '\0'},
      {"padding after the signature", good + "="},
      {"padding after the header", good.substr(0, first) + "=" + good.substr(first)},
      {"white space inside", good.substr(0, second + 5) + "\n" + good.substr(second + 5)},
      {"a character of plain base64", good.substr(0, second + 1) + "+" + good.substr(second + 2)},
      {"no header", good.substr(first)},
      {"no payload", good.substr(0, first + 1) + good.substr(second)},
      {"a duplicate header member", signed_as_is("{" + alg + "," + alg + "}", "{}", key())},
      {"two algorithms", signed_as_is(R"({"alg":"none",)" + alg + "}", "{}", key())},
      {"a header that is an array", signed_as_is("[" + alg.substr(6) + "]", "{}", key())},
      {"a header that is not JSON", signed_as_is("{" + alg, "{}", key())},
      {"bytes after the header's JSON", signed_as_is("{" + alg + "}x", "{}", key())},
      {"claims that are an array", signed_as_is("{" + alg + "}", "[]", key())},
      {"claims that are a string", signed_as_is("{" + alg + "}", "\"x\"", key())},
      {"claims that are not JSON", signed_as_is("{" + alg + "}", "foo", key())},
      {"claims with a duplicate member", signed_as_is("{" + alg + "}", R"({"sub":"alice","sub":"mallory"})", key())},
      {"claims that are nested too deep",
       signed_as_is("{" + alg + "}", R"({"a":)" + std::string(40, '[') + std::string(40, ']') + "}", key())},
      {"JSON serialization", R"({"payload":"e30","signatures":[]})"},
  };
  for (const auto& [what, token] : cases) {
    auto result = verify_jws(token, key());
    EXPECT_FALSE(result.ok()) << what;
    if (result.ok()) continue;
    EXPECT_EQ(result.failure().code, Code::unauthenticated) << what;
    EXPECT_THAT(result.failure().reason, testing::AnyOf("bad_token", "bad_signature")) << what;
  }
}

TEST(Jws, AnUnsignedTokenIsRefused) {
  for (const char* alg : {"none", "None", "RS256"}) {
    std::string token = text::to_base64url(json::to_text(json::Object{{"alg", alg}})) + ".e30.";
    EXPECT_FALSE(verify_jws(token, rsa()).ok()) << alg;
  }
}

TEST(Jws, ThePublicKeyIsNoHmacSecret) {
  std::string text =
      text::to_base64url(R"({"alg":"HS256","typ":"JWT"})") + "." + text::to_base64url(R"({"sub":"alice"})");
  for (const Key& key : {rsa(), elliptic()}) {
    for (const std::string& secret : {key.public_pem(), der_from_pem(key.public_pem()).value()}) {
      std::string token = text + "." + text::to_base64url(hmac_sha256(secret, text));
      EXPECT_EQ(reason_of(verify_jws(token, key)), "bad_algorithm");
    }
  }
}

TEST(Jws, OneRsaKeyDoesNotMixItsTwoAlgorithms) {
  std::string pkcs1 = sign_jws({}, claims(), rsa());
  std::string with_salt = sign_jws({}, claims(), pss());
  EXPECT_EQ(reason_of(verify_jws(pkcs1, pss())), "bad_algorithm");
  EXPECT_EQ(reason_of(verify_jws(with_salt, rsa())), "bad_algorithm");
  EXPECT_EQ(reason_of(verify_jws(signed_as_is(R"({"alg":"PS256"})", "{}", rsa()), pss())), "bad_signature");
  EXPECT_EQ(reason_of(verify_jws(signed_as_is(R"({"alg":"RS256"})", "{}", pss()), rsa())), "bad_signature");
}

TEST(Jws, AnEllipticSignatureInDerIsRefused) {
  std::string text = text::to_base64url(R"({"alg":"ES256"})") + ".e30";
  std::string raw = elliptic().sign(text);
  auto integer = [](std::string number) {
    while (number.size() > 1 && number.front() == '\0') number.erase(0, 1);
    if ((number.front() & 0x80) != 0) number.insert(0, 1, '\0');
    return std::string("\x02") + static_cast<char>(number.size()) + number;
  };
  std::string body = integer(raw.substr(0, 32)) + integer(raw.substr(32));
  std::string der = std::string("\x30") + static_cast<char>(body.size()) + body;
  ASSERT_TRUE(verify_jws(text + "." + text::to_base64url(raw), elliptic()).ok());
  EXPECT_EQ(reason_of(verify_jws(text + "." + text::to_base64url(der), elliptic())), "bad_signature");
  EXPECT_EQ(reason_of(verify_jws(text + "." + text::to_base64url(std::string(64, '\0')), elliptic())), "bad_signature");
}

TEST(Jws, ATokenHasALargestSize) {
  json::Object large = claims();
  large["padding"] = std::string(limits::kTokenBytes, 'x');
  std::string token = sign_jws({}, large, elliptic());
  EXPECT_THAT(verify_jws(token, elliptic()).failure().message, HasSubstr("longer than 8192 bytes"));
  EXPECT_EQ(peek_jws(token).failure().reason, "bad_token");
}

TEST(Jws, PeekingBelievesNothingButStillWantsAToken) {
  std::string unsigned_token = text::to_base64url(R"({"alg":"none","kid":"k"})") + ".e30.";
  EXPECT_TRUE(peek_jws(unsigned_token).ok());
  for (const char* token : {"", "a.b.c", "e30.e30", "e30.W10.", "W10.e30.", "e30.e30.e30.e30", "e30.e31.e30"}) {
    EXPECT_EQ(peek_jws(token).failure().reason, "bad_token") << token;
  }
}

TEST(Jws, APayloadThatIsNotClaimsIsReadAsBytes) {
  std::string token = signed_as_is(R"({"alg":"ES256"})", "not json", elliptic());
  EXPECT_EQ(verify_jws_payload(token, elliptic()).value(), "not json");
}

}  // namespace
}  // namespace wardbridge::crypto
