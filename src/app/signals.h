// SIGINT and SIGTERM as something to wait for: held back from every thread, taken by the one that waits.
#pragma once

namespace wardbridge::app {

// Before any thread is started.
void hold_stop_signals();
// Returns when one has come.
void wait_for_stop_signal();

}  // namespace wardbridge::app
