// Whether a policy's conditions leave a sign-in out. Private to this room.
#pragma once

#include <optional>
#include <string>

#include "tenant/access/access.h"

namespace wardbridge::access {

// The first condition that leaves the sign-in out, in words; nothing: every condition that can be judged matches, so
// the policy applies.
std::optional<std::string> left_out_because(const Policy& policy, const SignIn& sign_in);

}  // namespace wardbridge::access
