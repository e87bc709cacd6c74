// What a server's wall clock means: the seam behind which the world's time zone rules stand (platform/time_zone).
//
// Pure code takes a `const TimeZone*`, where nullptr is UTC, and so stays free of files and environment.
#pragma once

#include <string>

#include "base/time.h"

namespace wardbridge {

// Immutable; any number of threads may ask at a time.
class TimeZone {
 public:
  virtual ~TimeZone() = default;

  virtual const std::string& name() const = 0;  // `Europe/Berlin`

  // The moment at which wall clocks there show what clocks in UTC show at `wall`. Where they were set back and showed
  // it twice: the first time. Where they were set forward past it: the moment at which that was done. So the moment of
  // a midnight is the first of its day, whatever happens to clocks on that day.
  virtual Time moment_of(Time wall) const = 0;
};

// The same for a zone that may be left out, which means UTC.
inline Time moment_of(Time wall, const TimeZone* zone) { return zone == nullptr ? wall : zone->moment_of(wall); }

}  // namespace wardbridge
