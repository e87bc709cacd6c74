#include "tenant/tokens/verified_tokens.h"

#include <algorithm>

namespace wardbridge::tokens {

std::optional<Caller> VerifiedTokens::find(std::string_view token, const directory::TenantId& tenant,
                                           const directory::AppId& audience, Time now) const {
  const std::string name = crypto::sha256(token);
  std::lock_guard lock(mutex_);
  auto found = entries_.find(name);
  if (found == entries_.end()) return std::nullopt;
  const Entry& entry = found->second;
  if (entry.caller.tenant != tenant || entry.audience != audience || now >= entry.believed_until) return std::nullopt;
  return entry.caller;
}

void VerifiedTokens::add(std::string_view token, const directory::AppId& audience, const Caller& caller, Time expires,
                         Time now) {
  std::string name = crypto::sha256(token);
  std::lock_guard lock(mutex_);
  // Forgetting everything when full keeps the memory bounded at the price of a few signature checks.
  if (entries_.size() >= capacity_) entries_.clear();
  entries_.insert_or_assign(std::move(name), Entry{audience, caller, std::min(expires, Time{now + kVerdictMemory})});
}

void VerifiedTokens::forget_all() {
  std::lock_guard lock(mutex_);
  entries_.clear();
}

std::size_t VerifiedTokens::size() const {
  std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace wardbridge::tokens
