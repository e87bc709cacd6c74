// The work of looking at a secret that somebody presents, in one place, so that tests can count that the same is done
// whether the client, the user or the secret is wrong: who guesses must not learn from the time which it was.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "platform/entropy/entropy.h"

namespace wardbridge::oauth {

// SHA-256, as client secrets are kept.
std::string hash_presented_secret(std::string_view secret);
// Against the hash of nobody when `hash` is empty, which never matches and takes as long.
bool password_is(std::string_view password, const std::string& hash, Entropy& entropy);

// How often each was done since the process began; also in the metrics.
std::uint64_t secret_hashes();
std::uint64_t password_checks();

}  // namespace wardbridge::oauth
