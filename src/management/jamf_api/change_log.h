// The change management log in the vendor's words: `JAMFChangeManagement.log`.
//
// JAMF: jamf.md section 4.8. An entry begins with `[` in the first column; lines of `Key....value` follow.
//
//   [ada (ID: 1)] [UPDATE] [Conditional Access] [Mon Nov 23 18:00:00 UTC 2026]
//   ----------
//   Object....................Conditional Access (1)
//   tenant....................contoso.example -> fabrikam.example
//   ----------
#pragma once

#include <string>

#include "platform/audit/audit.h"

namespace wardbridge::jamf_api {

// One entry with its line ends. Nothing in it that anyone typed can begin a line of its own.
std::string change_log_text(const audit::StoredEntry& row);

}  // namespace wardbridge::jamf_api
