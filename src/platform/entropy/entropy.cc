#include "platform/entropy/entropy.h"

#include <openssl/rand.h>

#include <cstring>

#include "base/check.h"
#include "base/text.h"

namespace wardbridge {

std::string Entropy::guid() {
  std::string raw = bytes(16);
  raw[6] = static_cast<char>((raw[6] & 0x0F) | 0x40);
  raw[8] = static_cast<char>((raw[8] & 0x3F) | 0x80);
  std::string hex = text::to_hex(raw);
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" + hex.substr(16, 4) + "-" +
         hex.substr(20);
}

std::string Entropy::token(std::size_t byte_count) { return text::to_base64url(bytes(byte_count)); }

std::uint64_t Entropy::below(std::uint64_t bound) {
  CHECK(bound > 0);
  // Values at or above the largest multiple of `bound` are drawn again, so that every result is equally likely.
  std::uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
  for (;;) {
    std::uint64_t value;
    std::string raw = bytes(sizeof value);
    std::memcpy(&value, raw.data(), sizeof value);
    if (value < limit) return value % bound;
  }
}

std::string SystemEntropy::bytes(std::size_t count) {
  std::string out(count, '\0');
  CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(count)) == 1, "no randomness");
  return out;
}

std::string SeededEntropy::bytes(std::size_t count) {
  std::lock_guard lock(mutex_);
  std::string out;
  while (out.size() < count) {
    state_ += 0x9E3779B97F4A7C15;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    z ^= z >> 31;
    out.append(reinterpret_cast<const char*>(&z), std::min(sizeof z, count - out.size()));
  }
  return out;
}

}  // namespace wardbridge
