// What both stores share about running a body: how a failed statement unwinds out of it, and that it may not call back
// into its own store.
#pragma once

#include <exception>
#include <functional>
#include <utility>

#include "platform/store/store.h"

namespace wardbridge::store {

// Thrown by statements, caught by run_body(), seen by nobody else.
struct StatementFailed {
  enum class Remedy {
    none,
    run_again,  // the database undid the transaction for reasons of concurrency
    reconnect,  // the connection is gone
  };
  Failure failure;
  Remedy remedy = Remedy::none;
};

struct BodyOutcome {
  Status status = done();
  StatementFailed::Remedy remedy = StatementFailed::Remedy::none;
  std::exception_ptr thrown = nullptr;  // not ours: to be thrown again where the caller waits
};

// `store` only tells stores apart.
BodyOutcome run_body(const void* store, const std::function<Status(Transaction&)>& body, Transaction& tx);

// A bug (CHECK) when this thread is inside a body of that store: it would wait for itself.
void check_outside_body(const void* store);

// A text with a zero byte can't be kept by every store, so no store takes it. Throws StatementFailed.
void check_texts(Arguments arguments);

// The name of a counter; a bug when no store could keep it.
std::string_view checked_counter(std::string_view name);

}  // namespace wardbridge::store
