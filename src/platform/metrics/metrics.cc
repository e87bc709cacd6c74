#include "platform/metrics/metrics.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>

#include "base/check.h"

namespace wardbridge::metrics {
namespace {

struct Family {
  std::string type;
  std::string help;
  std::map<std::string, std::unique_ptr<Counter>> counters;
  std::map<std::string, std::unique_ptr<Gauge>> gauges;
  std::map<std::string, std::unique_ptr<Histogram>> histograms;
};

struct Registry {
  std::mutex mutex;
  std::map<std::string, Family> families;
};

Registry& registry() {
  static auto* instance = new Registry;
  return *instance;
}

// Sorted by name, so that labels given in another order are the same series.
std::string label_text(Labels labels) {
  std::sort(labels.begin(), labels.end());
  std::string out;
  for (const auto& [name, value] : labels) {
    if (!out.empty()) out += ",";
    out += name + "=\"";
    for (char c : value) {
      if (c == '"' || c == '\\') out += '\\';
      if (c == '\n') {
        out += "\\n";
      } else {
        out += c;
      }
    }
    out += "\"";
  }
  return out;
}

template <class Metric>
Metric& metric_of(const std::string& name, const std::string& help, const Labels& labels, const char* type,
                  std::map<std::string, std::unique_ptr<Metric>> Family::*members) {
  std::lock_guard lock(registry().mutex);
  Family& family = registry().families[name];
  CHECK(family.type.empty() || family.type == type, name);
  family.type = type;
  family.help = help;
  auto& slot = (family.*members)[label_text(labels)];
  if (!slot) slot = std::make_unique<Metric>();
  return *slot;
}

std::string braces(const std::string& labels) { return labels.empty() ? "" : "{" + labels + "}"; }

std::string number(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.9g", value);
  return buffer;
}

}  // namespace

void Histogram::observe_seconds(double seconds) {
  std::size_t bucket = 0;
  while (bucket < kBounds.size() && seconds > kBounds[bucket]) ++bucket;
  buckets_[bucket].fetch_add(1, std::memory_order_relaxed);
  nanoseconds_.fetch_add(static_cast<std::uint64_t>(seconds > 0 ? seconds * 1e9 : 0), std::memory_order_relaxed);
}

std::uint64_t Histogram::count() const {
  std::uint64_t total = 0;
  for (const auto& bucket : buckets_) total += bucket.load(std::memory_order_relaxed);
  return total;
}

Counter& counter(const std::string& name, const std::string& help, const Labels& labels) {
  return metric_of(name, help, labels, "counter", &Family::counters);
}
Gauge& gauge(const std::string& name, const std::string& help, const Labels& labels) {
  return metric_of(name, help, labels, "gauge", &Family::gauges);
}
Histogram& histogram(const std::string& name, const std::string& help, const Labels& labels) {
  return metric_of(name, help, labels, "histogram", &Family::histograms);
}

std::string exposition() {
  std::lock_guard lock(registry().mutex);
  std::string out;
  for (const auto& [name, family] : registry().families) {
    out += "# HELP " + name + " " + family.help + "\n# TYPE " + name + " " + family.type + "\n";
    for (const auto& [labels, metric] : family.counters) {
      out += name + braces(labels) + " " + std::to_string(metric->value()) + "\n";
    }
    for (const auto& [labels, metric] : family.gauges) {
      out += name + braces(labels) + " " + std::to_string(metric->value()) + "\n";
    }
    for (const auto& [labels, metric] : family.histograms) {
      std::string comma = labels.empty() ? "" : labels + ",";
      std::uint64_t total = 0;
      for (std::size_t i = 0; i < metric->buckets_.size(); ++i) {
        total += metric->buckets_[i].load(std::memory_order_relaxed);
        std::string bound = i < Histogram::kBounds.size() ? number(Histogram::kBounds[i]) : "+Inf";
        out += name + "_bucket{" + comma + "le=\"" + bound + "\"} " + std::to_string(total) + "\n";
      }
      out += name + "_sum" + braces(labels) + " " + number(static_cast<double>(metric->nanoseconds_.load()) / 1e9) + "\n";
      out += name + "_count" + braces(labels) + " " + std::to_string(total) + "\n";
    }
  }
  return out;
}

}  // namespace wardbridge::metrics
