// What the measurements measure with, and how they print it.
#pragma once

#include <time.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "base/check.h"
#include "platform/clock/clock.h"

namespace wardbridge::bench {

// Processor time in nanoseconds.
inline std::int64_t cpu_of(clockid_t clock) {
  timespec now{};
  CHECK(::clock_gettime(clock, &now) == 0, "a processor clock cannot be read");
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}
inline std::int64_t cpu_of_thread() { return cpu_of(CLOCK_THREAD_CPUTIME_ID); }
inline std::int64_t cpu_of_process() { return cpu_of(CLOCK_PROCESS_CPUTIME_ID); }

inline double percentile(std::vector<double> values, double part) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  return values[std::min(values.size() - 1, static_cast<std::size_t>(part * static_cast<double>(values.size())))];
}

// The same thing done several times. What one repetition took, divided by the operations that it made.
class Series {
 public:
  // Takes the process's own processor time, or of any clock.
  template <class Body>
  void add(std::size_t operations, Body body, clockid_t clock = CLOCK_PROCESS_CPUTIME_ID) {
    std::int64_t wall = monotonic_nanoseconds();
    std::int64_t cpu = cpu_of(clock);
    body();
    cpu = cpu_of(clock) - cpu;
    wall = monotonic_nanoseconds() - wall;
    if (operations == 0) return;
    note(static_cast<double>(cpu) / static_cast<double>(operations),
         static_cast<double>(wall) / static_cast<double>(operations));
  }
  // Measured elsewhere, in nanoseconds an operation.
  void note(double cpu, double wall) {
    cpu_.push_back(cpu);
    wall_.push_back(wall);
  }
  double cpu() const { return percentile(cpu_, 0.5); }
  double wall() const { return percentile(wall_, 0.5); }

  void print(const std::string& what) const {
    std::printf("  %-58s CPU %s  wall %s  n=%zu\n", what.c_str(), spread(cpu_).c_str(), spread(wall_).c_str(),
                cpu_.size());
    std::fflush(stdout);
  }

  static std::string shown(double nanoseconds) {
    char text[32];
    if (nanoseconds < 1e6) {
      std::snprintf(text, sizeof text, "%.2f us", nanoseconds / 1e3);
    } else if (nanoseconds < 1e9) {
      std::snprintf(text, sizeof text, "%.2f ms", nanoseconds / 1e6);
    } else {
      std::snprintf(text, sizeof text, "%.2f s", nanoseconds / 1e9);
    }
    return text;
  }

 private:
  static std::string spread(const std::vector<double>& values) {
    return shown(percentile(values, 0.5)) + " [" + shown(percentile(values, 0)) + "-" + shown(percentile(values, 1)) +
           "]";
  }
  std::vector<double> cpu_, wall_;
};

// A line of /proc/self/status in bytes: `VmRSS`, `VmHWM`.
inline std::int64_t memory(const std::string& line_name) {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.starts_with(line_name + ":")) return std::stoll(line.substr(line_name.size() + 1)) * 1024;
  }
  return 0;
}

inline std::string machine() {
  std::ifstream cpus("/proc/cpuinfo"), loads("/proc/loadavg");
  std::string line, model = "unknown processor", load;
  int count = 0;
  while (std::getline(cpus, line)) {
    if (!line.starts_with("model name")) continue;
    ++count;
    model = line.substr(line.find(':') + 2);
  }
  std::getline(loads, load);
  return std::to_string(count) + " x " + model + ", load " + load.substr(0, load.find(' '));
}

}  // namespace wardbridge::bench
