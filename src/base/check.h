// CHECK: an always-on assertion. A failed CHECK is a bug in Wardbridge, never bad input, so it prints where and ends the
// process: a program that decides who gets in must not go on from a state it did not plan for.
#pragma once

#include <string_view>

namespace wardbridge {

[[noreturn]] void check_failed(const char* file, int line, const char* condition, std::string_view explanation);

}  // namespace wardbridge

#define CHECK(condition, ...)                                                             \
  do {                                                                                    \
    if (!(condition)) [[unlikely]]                                                        \
      ::wardbridge::check_failed(__FILE__, __LINE__, #condition, std::string_view{__VA_ARGS__}); \
  } while (false)
