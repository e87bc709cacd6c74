// The one way to read the time. Only actors and the HTTP server read it; everything below them takes `now`.
#pragma once

#include <atomic>

#include "base/time.h"

namespace wardbridge {

class Clock {
 public:
  virtual ~Clock() = default;
  // Wall time, UTC. Thread-safe.
  virtual Time now() const = 0;
};

// The machine's clock.
class SystemClock final : public Clock {
 public:
  Time now() const override;
};

// Stands still until told otherwise. For tests and simulation. Thread-safe.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time start) : milliseconds_(to_unix_milliseconds(start)) {}
  Time now() const override { return from_unix_milliseconds(milliseconds_.load()); }
  void set(Time time) { milliseconds_.store(to_unix_milliseconds(time)); }
  void advance(Duration span) { milliseconds_.fetch_add(span.count()); }

 private:
  std::atomic<std::int64_t> milliseconds_;
};

// Monotonic, for measuring how long something took; says nothing about the date.
Duration monotonic_now();
std::int64_t monotonic_nanoseconds();

}  // namespace wardbridge
