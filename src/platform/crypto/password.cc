#include <argon2.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/text.h"
#include "platform/crypto/crypto.h"

namespace wardbridge::crypto {
namespace {

constexpr std::size_t kSaltBytes = 16;  // RFC 9106 section 3.1
constexpr std::size_t kHashBytes = 32;
constexpr unsigned kLanes = 1;

// Lets a few through at a time, so that a burst of sign-ins waits instead of eating all memory.
class Turnstile {
 public:
  explicit Turnstile(unsigned places) : free_(places) {}

  class Pass {
   public:
    explicit Pass(Turnstile& turnstile) : turnstile_(turnstile) {
      std::unique_lock lock(turnstile_.mutex_);
      turnstile_.left_.wait(lock, [&] { return turnstile_.free_ > 0; });
      --turnstile_.free_;
    }
    ~Pass() {
      {
        std::lock_guard lock(turnstile_.mutex_);
        ++turnstile_.free_;
      }
      turnstile_.left_.notify_one();
    }
    Pass(const Pass&) = delete;

   private:
    Turnstile& turnstile_;
  };

 private:
  std::mutex mutex_;
  std::condition_variable left_;
  unsigned free_;
};

Turnstile& turnstile() {
  static auto* instance = new Turnstile(std::clamp(std::thread::hardware_concurrency(), 2U, 4U));
  return *instance;
}

}  // namespace

std::string hash_password(std::string_view password, Entropy& entropy, PasswordCost cost) {
  std::string salt = entropy.bytes(kSaltBytes);
  std::string encoded(argon2_encodedlen(cost.passes, cost.memory_kib, kLanes, kSaltBytes, kHashBytes, Argon2_id), '\0');
  Turnstile::Pass pass(turnstile());
  int outcome = argon2id_hash_encoded(cost.passes, cost.memory_kib, kLanes, password.data(), password.size(),
                                      salt.data(), salt.size(), kHashBytes, encoded.data(), encoded.size());
  CHECK(outcome == ARGON2_OK, argon2_error_message(outcome));
  encoded.resize(encoded.find('\0'));
  return encoded;
}

bool password_matches(std::string_view password, std::string_view hash) {
  Turnstile::Pass pass(turnstile());
  return argon2id_verify(std::string(hash).c_str(), password.data(), password.size()) == ARGON2_OK;
}

std::string hash_token(std::string_view token) { return text::to_hex(sha256(token)); }

}  // namespace wardbridge::crypto
