#include "platform/clock/clock.h"

#include <gtest/gtest.h>

namespace wardbridge {
namespace {

TEST(ManualClock, StandsStillUntilTold) {
  Time start = parse_iso8601("2026-11-23T18:00:00Z").value();
  ManualClock clock(start);
  EXPECT_EQ(clock.now(), start);
  clock.advance(hours{2});
  EXPECT_EQ(clock.now(), start + hours{2});
  clock.advance(-hours{3});
  EXPECT_EQ(clock.now(), start - hours{1}) << "a clock may be set back";
  clock.set(kNever);
  EXPECT_EQ(clock.now(), kNever);
}

TEST(SystemClock, IsLaterThanThisTestWasWritten) {
  EXPECT_GT(SystemClock{}.now(), parse_iso8601("2025-01-01").value());
  EXPECT_LT(SystemClock{}.now(), kNever);
}

TEST(MonotonicClock, NeverGoesBack) {
  std::int64_t last = monotonic_nanoseconds();
  for (int i = 0; i < 1000; ++i) {
    std::int64_t next = monotonic_nanoseconds();
    ASSERT_GE(next, last);
    last = next;
  }
  EXPECT_GT(monotonic_now(), Duration{0});
}

}  // namespace
}  // namespace wardbridge
