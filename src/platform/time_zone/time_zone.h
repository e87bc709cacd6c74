// Time zones by their IANA names, with the rules of the system's zone files.
//
//   auto berlin = TRY(load_time_zone("Europe/Berlin"));
//   Time begins = berlin->moment_of(*parse_date("2026-03-29"));   // 2026-03-28T23:00:00Z
//
// A zone is read once, when it is loaded; its rules stay as they were then. Thread-safe.
#pragma once

#include <memory>
#include <string>

#include "base/time_zone.h"

namespace wardbridge {

// `unknown_time_zone` when the system has no such zone. `UTC` always exists.
Result<std::shared_ptr<const TimeZone>> load_time_zone(const std::string& name);

}  // namespace wardbridge
