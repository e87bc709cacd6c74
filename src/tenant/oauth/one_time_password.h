// Time-based one-time passwords (RFC 6238, SHA-1, 30 seconds, 6 digits: what every generator knows) and recovery codes.
// Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "platform/entropy/entropy.h"

namespace wardbridge::oauth {

inline constexpr std::size_t kGeneratorSecretBytes = 20;  // RFC 4226 section 4
inline constexpr std::size_t kRecoveryCodes = 10;

// RFC 6238's T.
std::int64_t step_at(Time now);
// Six digits, of a secret in bytes.
std::string one_time_password(std::string_view secret, std::int64_t step);
// The step whose password this is: the present one, the one before or the next (clocks differ). Nothing when none.
std::optional<std::int64_t> matching_step(std::string_view secret, std::string_view typed, Time now);

// RFC 4648 section 6, without padding.
std::string to_base32(std::string_view bytes);
// What a generator reads: `otpauth://totp/...`.
std::string generator_link(std::string_view secret, std::string_view issuer, std::string_view account);

// `BCDFG-HJKLM`: 43 bits each.
std::vector<std::string> make_recovery_codes(Entropy& entropy);
// As typed: without case, spaces and dashes. Hash this.
std::string normal_recovery_code(std::string_view typed);

}  // namespace wardbridge::oauth
