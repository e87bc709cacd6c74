// Who signed in, and how: what a code, a device code and a grant remember of the sign-in that they come from.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "tenant/directory/directory.h"

namespace wardbridge::oauth {

inline constexpr const char* kPasswordMethod = "pwd";
inline constexpr const char* kSecondFactorMethod = "mfa";  // ENTRA: as `amr` names it

struct Person {
  directory::ObjectId user;
  std::string credential_mark;  // of the password that was valid then
  Time authenticated = kEpoch;
  std::vector<std::string> methods;
  std::string session;                        // `sid`; empty: none
  std::string platform;                       // as the sign-in was judged; empty: not judged yet
  std::optional<directory::DeviceId> device;  // that proved itself

  bool has_second_factor() const;
};

json::Object to_json(const Person& person);
Person person_from(std::string_view text);

}  // namespace wardbridge::oauth
