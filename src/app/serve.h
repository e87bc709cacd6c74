// `wardbridge serve`: the parts of a configuration, until SIGINT or SIGTERM.
#pragma once

#include <string>

namespace wardbridge::app {

// The process's exit code: 0 after a stop signal, 1 when it could not start, 2 for a bad configuration.
int serve(const std::string& config_path);
// 0 and "ok", or 2 and what is wrong.
int check_config(const std::string& config_path);

}  // namespace wardbridge::app
