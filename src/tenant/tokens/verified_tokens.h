// Tokens that were verified before, so that a busy client costs one signature check per token, not per request.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "tenant/tokens/tokens.h"

namespace wardbridge::tokens {

class VerifiedTokens {
 public:
  explicit VerifiedTokens(std::size_t capacity) : capacity_(capacity) {}

  // Nothing unless exactly this token was verified for that tenant and audience, less than kVerdictMemory ago, and
  // still holds at `now`.
  std::optional<Caller> find(std::string_view token, const directory::TenantId& tenant,
                             const directory::AppId& audience, Time now) const;
  void add(std::string_view token, const directory::AppId& audience, const Caller& caller, Time expires, Time now);
  void forget_all();
  std::size_t size() const;

 private:
  struct Entry {
    directory::AppId audience;
    Caller caller;
    Time believed_until;
  };

  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;  // by SHA-256 of the token
};

}  // namespace wardbridge::tokens
