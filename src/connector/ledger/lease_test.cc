#include <algorithm>
#include <numeric>

#include "connector/ledger/ledger_fixture.h"

namespace wardbridge::ledger {
namespace {

using Kind = Outcome::Kind;
class Leases : public LedgerFixture {};

TEST_F(Leases, DenialsGoFirstThenTheOldest) {
  for (const char* subject : {"old", "young"}) {
    wish(subject, report(true));
    now_ += seconds{1};
  }
  wish("denied", report(false));
  DeviceReport unmanaged = report(true);
  unmanaged.management = DeviceReport::Management::not_managed;
  now_ += seconds{1};
  wish("unmanaged", unmanaged);
  std::vector<std::string> order;
  for (const Leased& leased : take()) order.push_back(leased.parcel.subject);
  EXPECT_EQ(order, (std::vector<std::string>{"denied", "unmanaged", "old", "young"}));
}

TEST_F(Leases, OneThatKeepsChangingKeepsItsPlace) {
  wish("busy", report(true, "0"));
  now_ += seconds{1};
  wish("calm", report(true));
  now_ += seconds{1};
  wish("busy", report(true, "1"));
  EXPECT_EQ(take(1).at(0).parcel.subject, "busy");
}

TEST_F(Leases, NobodyElseGetsALeasedRowUntilTheLeaseRunsOut) {
  wish("a", report(true));
  EXPECT_EQ(take().size(), 1u);
  wish("a", report(false, "newer"));
  EXPECT_TRUE(take().empty()) << "one delivery of a subject is on its way at most";
  now_ += kLeaseTime;
  ASSERT_EQ(take().size(), 1u) << "the worker died";
}

TEST_F(Leases, TheFenceRefusesAWorkerThatComesBackTooLate) {
  wish("a", report(true));
  Leased slow = take().at(0);
  now_ += kLeaseTime;
  Leased fast = take().at(0);
  ASSERT_NE(slow.token, fast.token);
  EXPECT_FALSE(settle_as(slow, outcome(Kind::permanent)));
  EXPECT_EQ(row("a").state, State::leased);
  EXPECT_TRUE(settle_as(fast, outcome(Kind::done, "")));
  EXPECT_FALSE(settle_as(slow, outcome(Kind::permanent)));
  EXPECT_EQ(row("a").state, State::delivered);
  with([&](store::Transaction& tx) { release(tx, slow, now_); });
  EXPECT_EQ(row("a").state, State::delivered);
}

TEST_F(Leases, ANewerWishDuringASendIsSentNext) {
  wish("a", report(true));
  Leased first = take().at(0);
  wish("a", report(false, "newer"));
  settle_as(first, outcome(Kind::done, ""));
  EXPECT_EQ(row("a").acknowledged, first.parcel.version);
  EXPECT_EQ(row("a").state, State::pending);
  EXPECT_EQ(history_of("a").front().fate, Fate::delivered) << "it did arrive before it was replaced";
  Leased second = take().at(0);
  EXPECT_EQ(second.parcel.report.reason, "newer");
  settle_as(second, outcome(Kind::done, ""));
  EXPECT_EQ(row("a").acknowledged, second.parcel.version);
  EXPECT_EQ(row("a").state, State::delivered);
}

TEST_F(Leases, AFailureOfAnOvertakenVersionDoesNotParkTheNewOne) {
  wish("a", report(true));
  Leased first = take().at(0);
  wish("a", report(false, "newer"));
  settle_as(first, outcome(Kind::permanent));
  EXPECT_EQ(row("a").state, State::pending);
  EXPECT_EQ(row("a").failure_reason, "");
}

TEST_F(Leases, AConfirmationNeverSpeaksForANewerVersion) {
  wish("a", report(true));
  settle_as(take().at(0), outcome(Kind::still_processing, ""), "message-1");
  EXPECT_EQ(row("a").state, State::sent);
  now_ += minutes{1};
  Leased polling = take().at(0);
  EXPECT_EQ(polling.parcel.message_id, "message-1");
  wish("a", report(false, "newer"));
  // The worker that was polling dies. Whoever comes next must send the new version, not confirm the old message.
  now_ += kLeaseTime;
  Leased next = take().at(0);
  EXPECT_EQ(next.parcel.message_id, "");
  EXPECT_EQ(next.parcel.report.reason, "newer");
}

TEST_F(Leases, AcknowledgedVersionsOnlyGoForwardInEveryOrderOfConfirmations) {
  std::array<int, 4> order{0, 1, 2, 3};
  int round = 0;
  do {
    std::string subject = "subject-" + std::to_string(round++);
    std::vector<Leased> attempts;
    for (int i = 0; i < 4; ++i) {
      wish(subject, report(i % 2 == 0, std::to_string(i)));
      attempts.push_back(take().at(0));
      now_ += kLeaseTime;  // each worker seems dead to the next
    }
    Version acknowledged;
    for (int i : order) {
      settle_as(attempts.at(static_cast<std::size_t>(i)), outcome(Kind::done, ""));
      ASSERT_GE(row(subject).acknowledged, acknowledged);
      acknowledged = row(subject).acknowledged;
    }
    ASSERT_EQ(acknowledged, attempts.back().parcel.version);
    ASSERT_EQ(row(subject).state, State::delivered);
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_EQ(round, 24);
}

TEST_F(Leases, RetriesWaitWithFullJitterUpToFiveMinutes) {
  Duration longest{};
  Duration shortest = hours{1};
  for (int i = 0; i < 2000; ++i) {
    Duration wait = backoff(30, entropy_);
    ASSERT_GE(wait, Duration{0});
    ASSERT_LE(wait, minutes{5});
    longest = std::max(longest, wait);
    shortest = std::min(shortest, wait);
    ASSERT_LE(backoff(1, entropy_), seconds{1});
    ASSERT_LE(backoff(4, entropy_), seconds{8});
  }
  EXPECT_GT(longest, minutes{4});
  EXPECT_LT(shortest, minutes{1});
}

TEST_F(Leases, AFailedRowWaitsAndTheOthersPass) {
  wish("a", report(true));
  settle_as(take().at(0), {.kind = Kind::retry_later, .after = seconds{30}, .reason = "service_error"});
  EXPECT_EQ(row("a").attempts, 1);
  EXPECT_EQ(row("a").next_attempt_at, now_ + seconds{30});
  wish("b", report(true));
  EXPECT_EQ(take().size(), 1u);
  now_ += seconds{30};
  EXPECT_EQ(take().at(0).parcel.subject, "a") << "`b` is still leased";
  EXPECT_EQ(clamp_wait(milliseconds{1}), seconds{1});
  EXPECT_EQ(clamp_wait(days{2}), hours{1});
}

TEST_F(Leases, RefusedCredentialsStopTheLaneWithoutBurningAttempts) {
  wish("a", report(true));
  wish("b", report(true));
  auto leased = take();
  settle_as(leased.at(0), outcome(Kind::credentials, "invalid_client"));
  with([&](store::Transaction& tx) { release(tx, leased.at(1), now_); });
  EXPECT_EQ(row("a").attempts, 0);
  EXPECT_EQ(row("a").state, State::pending);
  Lane stopped = with([](store::Transaction& tx) { return lane(tx, kConnection); });
  EXPECT_EQ(stopped.health, Lane::Health::credentials);
  EXPECT_EQ(stopped.reason, "invalid_client");
  EXPECT_GE(stopped.next_probe_at, now_ + seconds{30});
  EXPECT_LE(stopped.next_probe_at, now_ + seconds{60});
  EXPECT_TRUE(take().empty());
  EXPECT_EQ(with([](store::Transaction& tx) { return next_due(tx, kConnection); }), stopped.next_probe_at);

  now_ = stopped.next_probe_at;
  auto probe = take();
  ASSERT_EQ(probe.size(), 1u) << "one goes ahead to see";
  EXPECT_TRUE(take().empty()) << "and only one";
  settle_as(probe.at(0), outcome(Kind::done, ""));
  EXPECT_EQ(with([](store::Transaction& tx) { return lane(tx, kConnection); }).health, Lane::Health::healthy);
  EXPECT_EQ(take().size(), 1u);
}

TEST_F(Leases, AReopenedLaneGoesOnAtOnce) {
  wish("a", report(true));
  settle_as(take().at(0), outcome(Kind::permission, "missing_role"));
  EXPECT_TRUE(take().empty());
  with([&](store::Transaction& tx) { reopen_lane(tx, kConnection); });
  EXPECT_EQ(take().size(), 1u);
}

TEST_F(Leases, AThrottledLaneWaitsAsLongAsItWasAsked) {
  wish("a", report(true));
  settle_as(take().at(0), {.kind = Kind::unreachable, .after = seconds{120}, .reason = "throttled"});
  wish("b", report(true));
  now_ += seconds{119};
  EXPECT_TRUE(take().empty());
  now_ += seconds{1};
  EXPECT_EQ(take().size(), 1u);
}

TEST_F(Leases, AMessageThatIsNeverConfirmedIsSentAgain) {
  wish("a", report(true));
  settle_as(take().at(0), outcome(Kind::still_processing, ""), "message-1");
  int polls = 0;
  for (; row("a").state == State::sent && polls < 100; ++polls) {
    now_ = row("a").next_attempt_at;
    settle_as(take().at(0), outcome(Kind::still_processing, ""), "message-1");
  }
  EXPECT_EQ(row("a").state, State::pending);
  EXPECT_EQ(row("a").message_id, "");
  EXPECT_GT(polls, 5);
  EXPECT_LT(polls, 30);
}

TEST_F(Leases, ALostMessageIsSentAgain) {
  wish("a", report(true));
  settle_as(take().at(0), outcome(Kind::still_processing, ""), "message-1");
  now_ += minutes{1};
  settle_as(take().at(0), outcome(Kind::message_lost, "message_unknown"), "message-1");
  now_ += minutes{1};
  EXPECT_EQ(take().at(0).parcel.message_id, "");
}

TEST_F(Leases, ADirectoryThatKnowsMoreThanWeDoIsAMatterForPeople) {
  wish("a", report(true));
  settle_as(take().at(0), outcome(Kind::superseded, "newer_version_there"));
  EXPECT_EQ(row("a").state, State::parked);
  EXPECT_FALSE(row("a").acknowledged);
}

}  // namespace
}  // namespace wardbridge::ledger
