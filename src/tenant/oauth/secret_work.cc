#include "tenant/oauth/secret_work.h"

#include "platform/crypto/crypto.h"
#include "platform/metrics/metrics.h"

namespace wardbridge::oauth {
namespace {

metrics::Counter& secret_counter() {
  static auto& counter = metrics::counter("wardbridge_oauth_secrets_checked_total", "client secrets presented");
  return counter;
}

metrics::Counter& password_counter() {
  static auto& counter = metrics::counter("wardbridge_oauth_passwords_checked_total", "passwords presented");
  return counter;
}

const std::string& hash_of_nobody(Entropy& entropy) {
  static const std::string hash = crypto::hash_password(entropy.token(), entropy);
  return hash;
}

}  // namespace

std::string hash_presented_secret(std::string_view secret) {
  secret_counter().add();
  return crypto::hash_token(secret);
}

bool password_is(std::string_view password, const std::string& hash, Entropy& entropy) {
  password_counter().add();
  // Made first, so that the very first try does not take longer for a name that nobody has.
  const std::string& nobody = hash_of_nobody(entropy);
  const bool matches = crypto::password_matches(password, hash.empty() ? nobody : hash);
  return matches && !hash.empty();
}

std::uint64_t secret_hashes() { return secret_counter().value(); }
std::uint64_t password_checks() { return password_counter().value(); }

}  // namespace wardbridge::oauth
