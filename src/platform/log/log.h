// Structured logs: one JSON object a line on standard error, `{"time":..,"level":"info","event":"check_in","computer":12}`.
// An event's name is stable snake_case; what varies is in the fields. Never a secret, a token, or a request body.
//
//   log::info("server_started", {{"role", "tenant"}, {"port", 9443}});
#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "base/json.h"
#include "platform/clock/clock.h"

namespace wardbridge::log {

enum class Level { debug, info, warning, error };

using Fields = std::initializer_list<std::pair<std::string_view, json::Value>>;

void write(Level level, std::string_view event, Fields fields);
inline void debug(std::string_view event, Fields fields = {}) { write(Level::debug, event, fields); }
inline void info(std::string_view event, Fields fields = {}) { write(Level::info, event, fields); }
inline void warning(std::string_view event, Fields fields = {}) { write(Level::warning, event, fields); }
inline void error(std::string_view event, Fields fields = {}) { write(Level::error, event, fields); }

// Process-wide. The default level is warning; the default sink is standard error.
void set_level(Level level);
Result<Level> parse_level(std::string_view text);
void set_sink(std::function<void(std::string_view line)> sink);  // nothing: standard error again

}  // namespace wardbridge::log
