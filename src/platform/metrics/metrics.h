// Counters, gauges and histograms in Prometheus' text format (exposition format 0.0.4).
//
//   static auto& check_ins = metrics::counter("wardbridge_check_ins_total", "inventory reports taken");
//   check_ins.add();
//   static auto& delay = metrics::histogram("wardbridge_delivery_seconds", "verdict to accepted");
//   delay.observe(elapsed);
//
// Metrics live as long as the process and are shared by every role in it; labels tell roles apart. Thread-safe.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"

namespace wardbridge::metrics {

using Labels = std::vector<std::pair<std::string, std::string>>;

class Counter {
 public:
  void add(std::uint64_t count = 1) { value_.fetch_add(count, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

class Gauge {
 public:
  void set(std::int64_t value) { value_.store(value, std::memory_order_relaxed); }
  void add(std::int64_t delta) { value_.fetch_add(delta, std::memory_order_relaxed); }
  std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

// Of durations, in seconds, with fixed buckets from 0.5 ms to 60 s.
class Histogram {
 public:
  static constexpr std::array<double, 15> kBounds = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                     0.25,   0.5,   1,      2.5,   5,    15,    60};
  void observe(Duration span) { observe_seconds(static_cast<double>(span.count()) / 1000); }
  void observe_seconds(double seconds);
  std::uint64_t count() const;

 private:
  friend std::string exposition();
  std::array<std::atomic<std::uint64_t>, kBounds.size() + 1> buckets_{};
  std::atomic<std::uint64_t> nanoseconds_{0};
};

// The same name and labels give the same metric. One name with two kinds is a bug.
Counter& counter(const std::string& name, const std::string& help, const Labels& labels = {});
Gauge& gauge(const std::string& name, const std::string& help, const Labels& labels = {});
Histogram& histogram(const std::string& name, const std::string& help, const Labels& labels = {});

// What `/metrics` answers.
std::string exposition();

}  // namespace wardbridge::metrics
