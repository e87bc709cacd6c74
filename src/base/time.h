// Points in time and spans of it: UTC, whole milliseconds. Nothing here reads a clock (platform/clock does).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace wardbridge {

using Duration = std::chrono::milliseconds;
using Time = std::chrono::sys_time<Duration>;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// A moment that never comes: "holds for ever", "never look again". Stored as this number.
inline constexpr Time kNever = Time{Duration{253402300799999}};  // 9999-12-31T23:59:59.999Z
inline constexpr Time kEpoch = Time{};

// `2026-11-23T18:32:55.000Z`; the form that Jamf Pro and Microsoft Graph both write. Without milliseconds when
// `with_milliseconds` is false.
std::string to_iso8601(Time time, bool with_milliseconds = true);

// RFC 3339 with `Z` or an offset; seconds and fraction may be absent; a bare date `2026-11-23` is its midnight.
// Fails with `bad_time` on anything else, on days that don't exist, and on moments outside the years 0000 to 9999.
Result<Time> parse_iso8601(std::string_view text);

// `2026-11-23` of a moment, and back.
std::string to_date(Time time);
Result<Time> parse_date(std::string_view text);

// `Mon, 23 Nov 2026 18:32:55 GMT` (RFC 9110 section 5.6.7, IMF-fixdate), and back.
std::string to_http_date(Time time);
std::optional<Time> parse_http_date(std::string_view text);

inline std::int64_t to_unix_seconds(Time time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}
inline std::int64_t to_unix_milliseconds(Time time) { return time.time_since_epoch().count(); }
inline Time from_unix_seconds(std::int64_t count) { return Time{std::chrono::seconds{count}}; }
inline Time from_unix_milliseconds(std::int64_t count) { return Time{Duration{count}}; }

// `940 ms`, `2.4 s`, `3 min`, `5 h`, `2 days`: for people.
std::string for_people(Duration span);

}  // namespace wardbridge
