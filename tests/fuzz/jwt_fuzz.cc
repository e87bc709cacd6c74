// Tokens: whatever a stranger sends is refused, unless it is one of the tokens that were signed for this test. The
// private keys that signed the seeds were thrown away.
#include "base/limits.h"
#include "base/text.h"
#include "platform/crypto/crypto.h"

namespace {

using namespace wardbridge;

constexpr const char* kRsaPem =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAgtT4teiqdftPFTyZuukP\n"
    "rz/AUMdUEHmIF+1v4uqZZmLA/S5HK0pHMTv6uS8xCqKlTMr/Xm4mtSNZaeiDeanQ\n"
    "32QUkifZU2FsHY5JiSVA+grj1ga3KP8KMW0FqAUapsmcengdjxc0dbUZCwhTuObA\n"
    "wAz4Fe7xRSOhv38nlRskjet++JvWJQ+Qf/qCgdxo2MEyOEHsWtaLxAwt8QqQgK29\n"
    "2DJyd3OU30bo/AFGisS5ZnLeQbpyAwkD/EDGNyiqYJ8MmBi3pRiD0UvW+aDUwCVn\n"
    "vCGzEn7TgUrk82pOnPHsCzFnoHrBDU1Xw145CA5Es2EH50z8mexBdlCQVkPghk3V\n"
    "6wIDAQAB\n"
    "-----END PUBLIC KEY-----\n";
constexpr const char* kEllipticPem =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEvcLCbEisUuqceBxO7MECw83ej0g8\n"
    "TqXtHhpjgmNfB/DJIaymr9COVa4DiPXTDXd07emwQuQ6mDmgqoN68gnFlQ==\n"
    "-----END PUBLIC KEY-----\n";

// What the seeds say; their headers differ in `alg` alone.
constexpr std::string_view kSigned =
    R"({"iss":"https://login.example/11111111-1111-4111-8111-111111111111/v2.0","aud":"payroll","sub":"amina",)"
    R"("exp":1796083200,"iat":1796079600})";

void check(std::string_view token, const crypto::Key& key) {
  auto payload = crypto::verify_jws_payload(token, key);
  if (!payload.ok()) {
    CHECK(payload.failure().code == Code::unauthenticated);
    return;
  }
  CHECK(*payload == kSigned, "a token that nobody signed was believed");
  std::string header = std::string(R"({"alg":")") + crypto::name_of(key.algorithm()) + R"(","typ":"JWT"})";
  CHECK(token.starts_with(text::to_base64url(header) + "." + text::to_base64url(kSigned) + "."),
        "what was believed is not what was signed");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const crypto::Key keys[] = {crypto::Key::from_public_pem(kRsaPem, crypto::Algorithm::RS256).value(),
                                     crypto::Key::from_public_pem(kRsaPem, crypto::Algorithm::PS256).value(),
                                     crypto::Key::from_public_pem(kEllipticPem, crypto::Algorithm::ES256).value()};
  std::string_view token(reinterpret_cast<const char*>(data), size);
  for (const crypto::Key& key : keys) check(token, key);
  auto peeked = crypto::peek_jws(token);
  if (peeked.ok()) CHECK(token.size() <= limits::kTokenBytes);
  return 0;
}
