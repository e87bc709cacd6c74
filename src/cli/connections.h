// How connections and their tests look on a terminal; for this room's own sources.
#pragma once

#include "base/json.h"
#include "base/result.h"

namespace wardbridge::cli {

// Says on standard error what went wrong with `wardbridge connect`. Returns the exit code.
int complain_of(const Failure& failure);
// The manual connection, with its last test.
void print_manual(const json::Object& shown);
// What is wrong with a connection, why, and what to do; nothing when nothing is.
void print_trouble(const json::Object& connection);
// `{"steps":[..],"message":".."}`.
void print_steps(const json::Object& test);

}  // namespace wardbridge::cli
