#include "platform/log/log.h"

#include <atomic>
#include <cstdio>
#include <mutex>

#include "base/text.h"

namespace wardbridge::log {
namespace {

constexpr const char* kLevelNames[] = {"debug", "info", "warning", "error"};

std::atomic<Level> g_level = Level::warning;
std::mutex g_sink_mutex;
std::function<void(std::string_view)>& sink() {
  static auto* instance = new std::function<void(std::string_view)>;
  return *instance;
}

}  // namespace

void write(Level level, std::string_view event, Fields fields) {
  if (level < g_level.load(std::memory_order_relaxed)) return;
  json::Object line;
  line["time"] = to_iso8601(SystemClock{}.now());
  line["level"] = kLevelNames[static_cast<int>(level)];
  line["event"] = std::string(event);
  for (const Field& field : fields) line[std::string(field.name)] = field.value;
  std::string text = json::to_text(line) + "\n";
  std::lock_guard lock(g_sink_mutex);
  if (sink()) {
    sink()(text);
  } else {
    std::fwrite(text.data(), 1, text.size(), stderr);
  }
}

void set_level(Level level) { g_level = level; }

Result<Level> parse_level(std::string_view text) {
  for (int i = 0; i < 4; ++i) {
    if (text == kLevelNames[i]) return static_cast<Level>(i);
  }
  return invalid("bad_log_level", "`" + std::string(text) + "` is not a log level: debug, info, warning or error");
}

void set_sink(std::function<void(std::string_view)> new_sink) {
  std::lock_guard lock(g_sink_mutex);
  sink() = std::move(new_sink);
}

}  // namespace wardbridge::log
