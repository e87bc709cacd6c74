#include "base/time.h"

#include <array>
#include <cstdio>
#include <cstdlib>

namespace wardbridge {
namespace {

namespace chrono = std::chrono;

constexpr std::array<const char*, 7> kDayNames = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<const char*, 12> kMonthNames = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

constexpr Time kYearZero = chrono::sys_days{chrono::year{0} / 1 / 1};

struct Fields {
  chrono::year_month_day date;
  chrono::hh_mm_ss<Duration> clock{Duration{0}};
};

Fields fields_of(Time time) {
  auto day = chrono::floor<chrono::days>(time);
  return {chrono::year_month_day{day}, chrono::hh_mm_ss<Duration>{time - day}};
}

// Reads exactly `digits` digits at `position`, or nothing.
std::optional<int> number_at(std::string_view text, std::size_t position, std::size_t digits) {
  if (position + digits > text.size()) return std::nullopt;
  int value = 0;
  for (std::size_t i = position; i < position + digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

std::optional<chrono::sys_days> day_at_start(std::string_view text) {
  auto year = number_at(text, 0, 4);
  auto month = number_at(text, 5, 2);
  auto day = number_at(text, 8, 2);
  if (!year || !month || !day || text[4] != '-' || text[7] != '-') return std::nullopt;
  chrono::year_month_day date{chrono::year{*year}, chrono::month{static_cast<unsigned>(*month)},
                              chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return std::nullopt;
  return chrono::sys_days{date};
}

Failure bad_time(std::string_view text) {
  return invalid("bad_time", "`" + std::string(text.substr(0, 40)) + "` is not an ISO 8601 date and time");
}

// The zone at the end of a timestamp, as the offset to subtract; nothing when it is malformed.
std::optional<Duration> offset_of(std::string_view zone) {
  if (zone == "Z" || zone == "z") return Duration{0};
  if (zone.size() < 5 || (zone[0] != '+' && zone[0] != '-')) return std::nullopt;
  bool colon = zone.size() == 6 && zone[3] == ':';
  if (!colon && zone.size() != 5) return std::nullopt;
  auto hour = number_at(zone, 1, 2);
  auto minute = number_at(zone, colon ? 4 : 3, 2);
  if (!hour || !minute || *hour > 23 || *minute > 59) return std::nullopt;
  Duration offset = chrono::hours{*hour} + chrono::minutes{*minute};
  return zone[0] == '-' ? -offset : offset;
}

}  // namespace

std::string to_iso8601(Time time, bool with_milliseconds) {
  Fields fields = fields_of(time);
  char buffer[40];
  int length = std::snprintf(buffer, sizeof buffer, "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(fields.date.year()),
                             static_cast<unsigned>(fields.date.month()), static_cast<unsigned>(fields.date.day()),
                             static_cast<int>(fields.clock.hours().count()),
                             static_cast<int>(fields.clock.minutes().count()),
                             static_cast<int>(fields.clock.seconds().count()));
  if (with_milliseconds) {
    length += std::snprintf(buffer + length, sizeof buffer - static_cast<std::size_t>(length), ".%03d",
                            static_cast<int>(fields.clock.subseconds().count()));
  }
  return std::string(buffer, static_cast<std::size_t>(length)) + "Z";
}

Result<Time> parse_iso8601(std::string_view text) {
  auto day = day_at_start(text);
  if (!day) return bad_time(text);
  if (text.size() == 10) return Time{*day};
  auto hour = number_at(text, 11, 2);
  auto minute = number_at(text, 14, 2);
  if ((text[10] != 'T' && text[10] != 't' && text[10] != ' ') || !hour || !minute || text[13] != ':') {
    return bad_time(text);
  }
  std::size_t position = 16;
  int second = 0;
  int millisecond = 0;
  if (position < text.size() && text[position] == ':') {
    auto parsed = number_at(text, position + 1, 2);
    if (!parsed) return bad_time(text);
    second = *parsed;
    position += 3;
    if (position < text.size() && text[position] == '.') {
      int scale = 100;
      std::size_t first = ++position;
      while (position < text.size() && text[position] >= '0' && text[position] <= '9') {
        millisecond += (text[position] - '0') * scale;
        scale /= 10;
        ++position;
      }
      if (position == first) return bad_time(text);
    }
  }
  auto offset = offset_of(text.substr(position));
  if (!offset || *hour > 23 || *minute > 59 || second > 60) return bad_time(text);
  Time time = Time{*day} + chrono::hours{*hour} + chrono::minutes{*minute} + chrono::seconds{second} +
              Duration{millisecond} - *offset;
  if (time < kYearZero || time > kNever) return bad_time(text);  // an offset carried it out of the four-digit years
  return time;
}

std::string to_date(Time time) { return to_iso8601(time).substr(0, 10); }

Result<Time> parse_date(std::string_view text) {
  auto day = day_at_start(text);
  if (!day || text.size() != 10) {
    return invalid("bad_date", "`" + std::string(text.substr(0, 40)) + "` is not a date of the form yyyy-mm-dd");
  }
  return Time{*day};
}

std::string to_http_date(Time time) {
  Fields fields = fields_of(time);
  unsigned weekday = chrono::weekday{chrono::floor<chrono::days>(time)}.c_encoding();
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%s, %02u %s %04d %02d:%02d:%02d GMT", kDayNames[weekday],
                static_cast<unsigned>(fields.date.day()), kMonthNames[static_cast<unsigned>(fields.date.month()) - 1],
                static_cast<int>(fields.date.year()), static_cast<int>(fields.clock.hours().count()),
                static_cast<int>(fields.clock.minutes().count()), static_cast<int>(fields.clock.seconds().count()));
  return buffer;
}

std::optional<Time> parse_http_date(std::string_view text) {
  if (text.size() != 29 || text.substr(25) != " GMT") return std::nullopt;
  auto day = number_at(text, 5, 2);
  auto year = number_at(text, 12, 4);
  auto hour = number_at(text, 17, 2);
  auto minute = number_at(text, 20, 2);
  auto second = number_at(text, 23, 2);
  unsigned month = 0;
  for (unsigned i = 0; i < kMonthNames.size(); ++i) {
    if (text.substr(8, 3) == kMonthNames[i]) month = i + 1;
  }
  if (!day || !year || !hour || !minute || !second || month == 0) return std::nullopt;
  chrono::year_month_day date{chrono::year{*year}, chrono::month{month}, chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  Time time = Time{chrono::sys_days{date}} + chrono::hours{*hour} + chrono::minutes{*minute} + chrono::seconds{*second};
  if (to_http_date(time) != text) return std::nullopt;  // separators, and a day of the week that fits the date
  return time;
}

std::string for_people(Duration span) {
  char buffer[32];
  auto count = static_cast<double>(std::llabs(span.count()));
  if (count < 1000) {
    std::snprintf(buffer, sizeof buffer, "%.0f ms", count);
  } else if (count < 100 * 1000) {
    std::snprintf(buffer, sizeof buffer, "%.1f s", count / 1000);
  } else if (count < 100 * 60 * 1000) {
    std::snprintf(buffer, sizeof buffer, "%.0f min", count / 60'000);
  } else if (count < 48.0 * 3'600'000) {
    std::snprintf(buffer, sizeof buffer, "%.0f h", count / 3'600'000);
  } else {
    std::snprintf(buffer, sizeof buffer, "%.0f days", count / 86'400'000);
  }
  return span.count() < 0 ? "-" + std::string(buffer) : buffer;
}

}  // namespace wardbridge
