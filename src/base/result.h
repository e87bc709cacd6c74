// Result<T>: a value, or an expected failure. Three kinds of bad news are kept apart in this house:
//
//   an outcome   (blocked, superseded, not applicable) is an ordinary value of the domain;
//   a failure    (bad input, not found, the disk is full) is a Result without a value;
//   a bug        is a CHECK.
//
// A failure has a small closed `code` (what a caller can do about it), a stable snake_case `reason` (what machines
// match on), and a `message` for people: lower case, input in backticks, never a secret. `where` names the offending
// field, in the caller's words, and is empty when no single field is to blame. Each wire has exactly one mapper from
// these to its own error bodies.
//
//   Result<Port> parse_port(std::string_view text);
//
//   Result<Address> parse_address(std::string_view text) {
//     Port port = TRY(parse_port(after_colon(text)));   // returns the failure of parse_port, if any
//     return Address{port};
//   }
#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/check.h"

namespace wardbridge {

enum class Code {
  invalid_argument,  // the caller's input is wrong; the same call will fail again
  unauthenticated,   // nobody, or not who they say they are
  forbidden,         // known, but not allowed
  not_found,
  conflict,   // already exists, or the state does not allow it
  too_large,  // over a stated limit
  rate_limited,
  unavailable,  // try again later: disk full, peer down, shutting down
  timeout,      // no answer in time; whether it happened is unknown
  internal,     // a peer or library broke its promise
};

// The snake_case name of a code, for logs and JSON.
const char* name_of(Code code);

struct Failure {
  Code code = Code::internal;
  std::string reason;
  std::string message;
  std::string where = {};

  bool operator==(const Failure&) const = default;
};

// Shorthands, so that a failing line reads as one sentence.
Failure invalid(std::string reason, std::string message, std::string where = {});
Failure not_found(std::string reason, std::string message);
Failure conflict(std::string reason, std::string message);
Failure unavailable(std::string reason, std::string message);

// What a Result carries when success has nothing to say.
struct Unit {
  bool operator==(const Unit&) const = default;
};

template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}            // NOLINT: implicit by design
  Result(Failure failure) : state_(std::in_place_index<1>, std::move(failure)) {}  // NOLINT: implicit by design
  template <class U>
  requires(std::is_convertible_v<U&&, T> && !std::is_same_v<std::remove_cvref_t<U>, T> &&
           !std::is_same_v<std::remove_cvref_t<U>, Failure> && !std::is_same_v<std::remove_cvref_t<U>, Result<T>>)
      Result(U&& value)
      : state_(std::in_place_index<0>, std::forward<U>(value)) {}  // NOLINT: implicit by design

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // Only after ok().
  T& value() & { return check_ok(), std::get<0>(state_); }
  const T& value() const& { return check_ok(), std::get<0>(state_); }
  T&& value() && { return check_ok(), std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T value_or(T fallback) const& { return ok() ? value() : std::move(fallback); }

  // Only after !ok().
  const Failure& failure() const& { return check_failed_state(), std::get<1>(state_); }
  Failure&& failure() && { return check_failed_state(), std::get<1>(std::move(state_)); }

 private:
  void check_ok() const { CHECK(ok(), std::get<1>(state_).message); }
  void check_failed_state() const { CHECK(!ok()); }

  std::variant<T, Failure> state_;
};

using Status = Result<Unit>;
inline Status done() { return Unit{}; }

}  // namespace wardbridge

// The value of a Result, or return its failure from the enclosing function. g++ and clang only (statement expression).
#define TRY(...) WARDBRIDGE_TRY_NAMED(WARDBRIDGE_JOINED(wardbridge_try_, __COUNTER__), __VA_ARGS__)

// A name of its own for each, so that one TRY may stand inside another.
#define WARDBRIDGE_JOINED_AS_IS(a, b) a##b
#define WARDBRIDGE_JOINED(a, b) WARDBRIDGE_JOINED_AS_IS(a, b)
#define WARDBRIDGE_TRY_NAMED(name, ...)               \
  __extension__({                                     \
    auto name = (__VA_ARGS__);                        \
    if (!name.ok()) return std::move(name).failure(); \
    std::move(name).value();                          \
  })
