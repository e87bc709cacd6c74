#include "platform/actor/actor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <vector>

namespace wardbridge {
namespace {

const Time kStart = parse_iso8601("2026-11-23T18:00:00Z").value();

// Remembers when it ran, and lets a test wait for it.
class Recorder final : public Actor {
 public:
  explicit Recorder(std::function<Time(Time)> next) : next_(std::move(next)) {}

  std::string name() const override { return "recorder"; }
  Time run_once(Time now) override {
    EXPECT_FALSE(running_.exchange(true)) << "one thread at a time";
    Time next = next_(now);
    {
      std::lock_guard lock(mutex_);
      runs_.push_back(now);
    }
    changed_.notify_all();
    running_ = false;
    return next;
  }

  // False when it did not run `count` times within ten seconds.
  bool ran(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, seconds{10}, [&] { return runs_.size() >= count; });
  }
  std::vector<Time> runs() {
    std::lock_guard lock(mutex_);
    return runs_;
  }

 private:
  std::function<Time(Time)> next_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Time> runs_;
  std::atomic<bool> running_ = false;
};

TEST(Stage, RunsAnActorAtOnceAndThenWhenItWasPromised) {
  ManualClock clock(kStart);
  Recorder actor([&](Time now) {
    clock.advance(minutes{1});  // so that the promised time has come
    return now + minutes{1};
  });
  Stage stage(clock);
  stage.add(actor);
  ASSERT_TRUE(actor.ran(3));
  stage.stop();
  auto runs = actor.runs();
  EXPECT_EQ(runs[0], kStart);
  EXPECT_EQ(runs[1], kStart + minutes{1});
  EXPECT_EQ(runs[2], kStart + minutes{2});
}

TEST(Stage, WakesAnActorThatWouldSleepForEver) {
  ManualClock clock(kStart);
  Recorder actor([](Time) { return kNever; });
  Stage stage(clock);
  stage.add(actor);
  ASSERT_TRUE(actor.ran(1));
  stage.wake(actor);
  ASSERT_TRUE(actor.ran(2));
}

TEST(Stage, AWakeDuringARunIsNotLost) {
  ManualClock clock(kStart);
  Stage* on_stage = nullptr;
  Recorder* self = nullptr;
  int runs = 0;
  Recorder actor([&](Time) {
    if (++runs == 1) on_stage->wake(*self);
    return kNever;
  });
  self = &actor;
  Stage stage(clock);
  on_stage = &stage;
  stage.add(actor);
  EXPECT_TRUE(actor.ran(2));
}

TEST(Stage, DoesNotRunAnActorBeforeItsTime) {
  ManualClock clock(kStart);
  Recorder patient([](Time now) { return now + days{1}; });
  Recorder busy([](Time) { return kEpoch; });
  Stage stage(clock);
  stage.add(patient);
  stage.add(busy);
  ASSERT_TRUE(patient.ran(1));
  ASSERT_TRUE(busy.ran(1000));
  stage.stop();
  EXPECT_EQ(patient.runs().size(), 1U);
}

TEST(Stage, StopsActorsForGood) {
  ManualClock clock(kStart);
  Recorder actor([](Time) { return kEpoch; });
  Stage stage(clock);
  stage.add(actor);
  ASSERT_TRUE(actor.ran(1));
  stage.stop();
  std::size_t runs = actor.runs().size();
  stage.wake(actor);
  stage.stop();
  EXPECT_EQ(actor.runs().size(), runs);
}

TEST(Stage, StopsAnActorThatSleeps) {
  ManualClock clock(kStart);
  Recorder actor([](Time) { return kNever; });
  Duration before = monotonic_now();
  {
    Stage stage(clock);
    stage.add(actor);
    ASSERT_TRUE(actor.ran(1));
  }
  EXPECT_LT(monotonic_now() - before, seconds{5});
}

TEST(Stage, IgnoresAnActorThatIsNotOnIt) {
  ManualClock clock(kStart);
  Recorder stranger([](Time) { return kNever; });
  Stage stage(clock);
  stage.wake(stranger);
  stage.stop();
  EXPECT_TRUE(stranger.runs().empty());
}

}  // namespace
}  // namespace wardbridge
