#include "platform/entropy/entropy.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "base/check.h"
#include "base/text.h"

namespace wardbridge {

std::string Entropy::guid() {
  std::string raw = bytes(16);
  raw[6] = static_cast<char>((raw[6] & 0x0F) | 0x40);
  raw[8] = static_cast<char>((raw[8] & 0x3F) | 0x80);
  std::string guid = text::to_hex(raw);
  for (std::size_t hyphen : {8, 13, 18, 23}) guid.insert(hyphen, 1, '-');
  return guid;
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
  // Asking OpenSSL costs a microsecond however little is wanted, and a request wants a little several times. What a
  // thread has in store is its own: it is wiped as it is handed out, and a forked child begins anew.
  struct Reserve {
    std::array<unsigned char, 512> bytes;
    std::size_t left = 0;
    pid_t process = 0;
  };
  static thread_local Reserve reserve;
  std::string out(count, '\0');
  if (count > reserve.bytes.size() / 8) {
    CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(count)) == 1, "no randomness");
    return out;
  }
  const pid_t process = ::getpid();
  if (reserve.left < count || reserve.process != process) {
    CHECK(RAND_bytes(reserve.bytes.data(), static_cast<int>(reserve.bytes.size())) == 1, "no randomness");
    reserve.left = reserve.bytes.size();
    reserve.process = process;
  }
  reserve.left -= count;
  unsigned char* taken = reserve.bytes.data() + reserve.left;
  std::memcpy(out.data(), taken, count);
  OPENSSL_cleanse(taken, count);
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
