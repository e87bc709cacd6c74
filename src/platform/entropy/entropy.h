// The one source of randomness. Secrets and ids come from SystemEntropy; tests and simulation use a seeded one, so that
// a run can be repeated.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>

namespace wardbridge {

class Entropy {
 public:
  virtual ~Entropy() = default;
  // `count` random bytes. Thread-safe.
  virtual std::string bytes(std::size_t count) = 0;

  // RFC 9562 version 4, lower case.
  std::string guid();
  // `byte_count` random bytes as base64url: 32 give a 43-character secret.
  std::string token(std::size_t byte_count = 32);
  // Uniform in [0, bound); bound > 0.
  std::uint64_t below(std::uint64_t bound);
};

// The operating system's generator through OpenSSL.
class SystemEntropy final : public Entropy {
 public:
  std::string bytes(std::size_t count) override;
};

// SplitMix64 from a seed. Never for secrets.
class SeededEntropy final : public Entropy {
 public:
  explicit SeededEntropy(std::uint64_t seed) : state_(seed) {}
  std::string bytes(std::size_t count) override;

 private:
  std::mutex mutex_;
  std::uint64_t state_;
};

}  // namespace wardbridge
