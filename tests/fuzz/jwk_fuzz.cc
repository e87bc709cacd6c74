// Keys that strangers bring: refused, or a public key that says the same of itself when it is written out again.
#include "base/json.h"
#include "platform/crypto/crypto.h"

namespace {

using namespace wardbridge;

void check(const json::Object& jwk, crypto::Algorithm algorithm) {
  auto key = crypto::Key::from_jwk(jwk, algorithm);
  if (!key.ok()) {
    CHECK(!key.failure().message.empty());
    return;
  }
  CHECK(!key->has_private(), "a key that a stranger brought has a private half");
  CHECK(!jwk.contains("d") && !jwk.contains("k"), "private or symmetric members were taken for a public key");
  CHECK(key->algorithm() == algorithm);
  json::Object written = key->public_jwk();
  for (const char* member : {"kty", "n", "e", "crv", "x", "y"}) {
    if (written.contains(member)) CHECK(json::text_at(jwk, member) == json::text_at(written, member), member);
  }
  auto again = crypto::Key::from_jwk(written, algorithm);
  CHECK(again.ok() && again->thumbprint() == key->thumbprint(), "a key that can't be read back");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto value = json::parse(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!value.ok() || !value->is_object()) return 0;
  for (auto algorithm : {crypto::Algorithm::RS256, crypto::Algorithm::PS256, crypto::Algorithm::ES256})
    check(value->get_object(), algorithm);
  return 0;
}
