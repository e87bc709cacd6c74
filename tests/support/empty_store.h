// The store that a room's tests begin with: SQLite in memory, or, where WARDBRIDGE_TEST_STORE is `postgresql`, a schema of
// its own on a real server. So a room's whole test program runs a second time, as `<room>_postgres` of ctest.
//
//   std::unique_ptr<store::Store> store_ = test_support::empty_store();
//
// The server starts with the first call and ends with the program. Where PostgreSQL is not installed the program says so
// and ends with kSkipped, which ctest takes for a skipped test. Main thread only.
#pragma once

#include <memory>

#include "platform/store/store.h"

namespace wardbridge::test_support {

inline constexpr int kSkipped = 77;

bool is_on_postgres();
std::unique_ptr<store::Store> empty_store();

}  // namespace wardbridge::test_support
