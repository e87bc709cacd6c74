// What goes on by itself: the next signing key in time, and a warning before a client's secret or certificate ends.
#pragma once

#include "platform/actor/actor.h"
#include "platform/store/store.h"
#include "tenant/tokens/tokens.h"

namespace wardbridge::oauth {

// Publishes each tenant's next signing key a day before the present one has signed for `period`.
class KeyRotation final : public Actor {
 public:
  KeyRotation(store::Store& store, tokens::Authority& authority, Duration period)
      : store_(store), authority_(authority), period_(period) {}
  std::string name() const override { return "token_key_rotation"; }
  Time run_once(Time now) override;

 private:
  store::Store& store_;
  tokens::Authority& authority_;
  const Duration period_;
};

// Days before the end of a credential at which there is a warning.
inline constexpr int kWarningDays[] = {60, 30, 14, 7, 1};

// Warns in the log once per threshold, and keeps `wardbridge_credentials_expiring` up to date.
class CredentialWatch final : public Actor {
 public:
  explicit CredentialWatch(store::Store& store) : store_(store) {}
  std::string name() const override { return "credential_watch"; }
  Time run_once(Time now) override;

 private:
  store::Store& store_;
};

}  // namespace wardbridge::oauth
