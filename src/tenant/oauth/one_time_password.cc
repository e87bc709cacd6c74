#include "tenant/oauth/one_time_password.h"

#include "base/text.h"
#include "platform/crypto/crypto.h"

namespace wardbridge::oauth {
namespace {

constexpr std::int64_t kStepSeconds = 30;
constexpr std::size_t kDigits = 6;
constexpr std::string_view kRecoveryLetters = "BCDFGHJKLMNPQRSTVWXZ";
constexpr std::size_t kRecoveryLetterCount = 10;

}  // namespace

std::int64_t step_at(Time now) { return to_unix_seconds(now) / kStepSeconds; }

// SPEC: RFC 4226 section 5.3, with RFC 6238's step as the counter.
std::string one_time_password(std::string_view secret, std::int64_t step) {
  std::string counter(8, '\0');
  for (std::size_t i = counter.size(); i-- > 0; step >>= 8) counter[i] = static_cast<char>(step & 0xff);
  const std::string mac = crypto::hmac_sha1(secret, counter);
  auto byte = [&](std::size_t at) { return static_cast<std::uint32_t>(static_cast<unsigned char>(mac[at])); };
  const std::size_t offset = byte(mac.size() - 1) & 0xf;
  const std::uint32_t number =
      ((byte(offset) & 0x7f) << 24) | (byte(offset + 1) << 16) | (byte(offset + 2) << 8) | byte(offset + 3);
  std::string digits = std::to_string(number % 1'000'000);
  return std::string(kDigits - digits.size(), '0') + digits;
}

std::optional<std::int64_t> matching_step(std::string_view secret, std::string_view typed, Time now) {
  const std::string digits = text::replace_all(text::trim(typed), " ", "");
  std::optional<std::int64_t> found;
  for (std::int64_t step = step_at(now) - 1; step <= step_at(now) + 1; ++step)
    if (crypto::equal_in_constant_time(one_time_password(secret, step), digits)) found = step;
  return found;
}

std::string to_base32(std::string_view bytes) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (char c : bytes) {
    bits = (bits << 8) | static_cast<unsigned char>(c);
    for (count += 8; count >= 5; count -= 5) out += kLetters[(bits >> (count - 5)) & 31];
  }
  if (count > 0) out += kLetters[(bits << (5 - count)) & 31];
  return out;
}

std::string generator_link(std::string_view secret, std::string_view issuer, std::string_view account) {
  return "otpauth://totp/" + text::percent_encode(issuer) + ":" + text::percent_encode(account) +
         "?secret=" + to_base32(secret) + "&issuer=" + text::percent_encode(issuer) +
         "&algorithm=SHA1&digits=6&period=30";
}

std::vector<std::string> make_recovery_codes(Entropy& entropy) {
  std::vector<std::string> codes(kRecoveryCodes);
  for (std::string& code : codes) {
    for (std::size_t i = 0; i < kRecoveryLetterCount; ++i) {
      if (i == kRecoveryLetterCount / 2) code += '-';
      code += kRecoveryLetters[entropy.below(kRecoveryLetters.size())];
    }
  }
  return codes;
}

std::string normal_recovery_code(std::string_view typed) {
  std::string code;
  for (char c : text::upper(typed))
    if (c != '-' && c != ' ') code += c;
  return code;
}

}  // namespace wardbridge::oauth
