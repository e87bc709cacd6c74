// Sign-ins that have begun and not ended: the server's own record of how far each one is. The browser holds only the
// context, a secret that names the record; nothing that matters is taken from the browser again.
#pragma once

#include <optional>
#include <string>

#include "platform/entropy/entropy.h"
#include "platform/store/store.h"
#include "tenant/oauth/authorization_request.h"
#include "tenant/oauth/person.h"

namespace wardbridge::oauth {

inline constexpr Duration kSignInTime = minutes{10};
// Wrong answers to one question of one sign-in, before it ends.
inline constexpr int kAttempts = 5;

// What is asked for next.
enum class Stage {
  account,
  password,
  new_password,
  device,
  second_factor,
  enrolment,
  recovery_codes,
  consent,
  approval
};

struct PendingSignIn {
  std::string context;
  std::string browser_hash;  // of the browser's cookie
  directory::TenantId tenant;
  AuthorizationRequest request;
  std::string correlation_id;
  Stage stage = Stage::password;
  // What has been proved so far; the user is empty before the password.
  Person person;
  bool is_device_asked = false;
  std::string nonce_hash;        // of the challenge to the device
  std::string sealed_enrolment;  // the secret that the person is about to put into their generator
  bool has_consented = false;    // in this very sign-in
  bool has_approved = false;     // the device that shows the code, or the application for everyone
};

void begin(store::Transaction& tx, const PendingSignIn& pending, Time now);
// Nothing when unknown, ended, expired, or of another tenant.
std::optional<PendingSignIn> find_pending(store::Transaction& tx, const directory::TenantId& tenant,
                                          std::string_view context, Stage stage, Time now);
// After a wrong answer. The last attempt ends the sign-in.
void count_attempt(store::Transaction& tx, const PendingSignIn& pending);
// Stores what `pending` says now, its new stage included; false when somebody else went on from `before` first.
bool move_on(store::Transaction& tx, const PendingSignIn& pending, Stage before);
// Ends the sign-in; false when it had ended already. A nonce and a password proof count once because of this.
bool finish(store::Transaction& tx, const PendingSignIn& pending);

}  // namespace wardbridge::oauth
