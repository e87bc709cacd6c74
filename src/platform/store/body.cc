#include "platform/store/body.h"

namespace wardbridge::store {
namespace {

thread_local const void* store_of_running_body = nullptr;

class BodyScope {
 public:
  explicit BodyScope(const void* store) : outer_(std::exchange(store_of_running_body, store)) {}
  ~BodyScope() { store_of_running_body = outer_; }
  BodyScope(const BodyScope&) = delete;

 private:
  const void* outer_;
};

}  // namespace

BodyOutcome run_body(const void* store, const std::function<Status(Transaction&)>& body, Transaction& tx) {
  BodyScope scope(store);
  try {
    return {.status = body(tx)};
  } catch (StatementFailed& failed) {
    return {.status = std::move(failed.failure), .remedy = failed.remedy};
  } catch (...) {
    // Another caller's thread may be running this body, and its other bodies are innocent.
    return {.status = Failure{Code::internal, "exception", "the body of a transaction threw"},
            .thrown = std::current_exception()};
  }
}

void check_outside_body(const void* store) {
  CHECK(store_of_running_body != store, "the body of a transaction called write() or read() of its own store");
}

void check_texts(Arguments arguments) {
  for (const Argument& argument : arguments) {
    const std::string_view* text = argument.text();
    if (text && text->find('\0') != std::string_view::npos)
      throw StatementFailed{invalid("bad_text", "a text to be stored contains a zero byte")};
  }
}

std::string_view checked_counter(std::string_view name) {
  CHECK(!name.empty() && name.size() <= 40, "the name of a counter has 1 to 40 bytes");
  return name;
}

}  // namespace wardbridge::store
