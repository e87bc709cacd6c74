// Structured logs: one JSON object a line on standard error,
// `{"time":..,"level":"info","event":"check_in","computer":12}`. An event's name is stable snake_case; what varies is
// in the fields. Never a secret, a token, or a request body.
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

struct Field {
  template <class Value>
  Field(std::string_view field_name, Value&& field_value)
      : name(field_name), value(as_json(std::forward<Value>(field_value))) {}

  std::string_view name;
  json::Value value;

 private:
  static json::Value as_json(std::string_view text) {
    return json::Value(boost::json::string_view(text.data(), text.size()));
  }
  static json::Value as_json(const std::string& text) { return as_json(std::string_view(text)); }
  static json::Value as_json(const char* text) { return as_json(std::string_view(text)); }
  template <class Value>
  static json::Value as_json(Value&& value) {
    return json::Value(std::forward<Value>(value));
  }
};
using Fields = std::initializer_list<Field>;

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
