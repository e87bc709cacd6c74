#include "connector/ledger/ledger.h"

#include "connector/ledger/ledger_fixture.h"

namespace wardbridge::ledger {
namespace {

using Kind = Outcome::Kind;
class Ledger : public LedgerFixture {};

TEST_F(Ledger, KeepsAReportAsItWasGiven) {
  DeviceReport given = report(true, "all criteria are met");
  Result<DeviceReport> read = device_report_from_json(to_json(given));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read, given);
  json::Object broken = to_json(given);
  broken["verdict"] = "perhaps";
  EXPECT_EQ(device_report_from_json(broken).failure().where, "verdict");
}

TEST_F(Ledger, AWishIsPendingWithAllItsHopTimes) {
  wish("a", report(true));
  Delivery delivery = row("a");
  EXPECT_EQ(delivery.state, State::pending);
  EXPECT_EQ(delivery.report, report(true));
  EXPECT_FALSE(delivery.acknowledged);
  EXPECT_EQ(delivery.hops.check_in, now_);
  EXPECT_EQ(delivery.hops.verdict, now_);
  EXPECT_EQ(delivery.hops.desired, now_);
  EXPECT_EQ(delivery.hops.sent, kEpoch);
  EXPECT_GE(delivery.desired.sequence, to_unix_milliseconds(now_));
}

TEST_F(Ledger, TheSameReportAgainChangesNothing) {
  wish("a", report(true));
  Version first = row("a").desired;
  now_ += seconds{5};
  wish("a", report(true));
  EXPECT_EQ(row("a").desired, first);
  EXPECT_TRUE(history_of("a").empty());
}

TEST_F(Ledger, ManyWishesAreOneRowAndEveryReplacedOneIsInHistory) {
  for (int i = 0; i < 10; ++i) wish("a", report(i % 2 == 0, std::to_string(i)));
  EXPECT_EQ(with([](store::Transaction& tx) { return counts(tx, kConnection); }).pending, 1);
  auto history = history_of("a");
  ASSERT_EQ(history.size(), 9u);
  for (const auto& entry : history) EXPECT_EQ(entry.fate, Fate::superseded);
  EXPECT_EQ(history.back().report.reason, "0");
  EXPECT_EQ(row("a").report.reason, "9");
}

TEST_F(Ledger, VersionsOnlyGoForwardEvenWhenTheClockGoesBack) {
  wish("a", report(true));
  Version before = row("a").desired;
  now_ -= hours{5};
  wish("a", report(false));
  EXPECT_GT(row("a").desired, before);
}

TEST_F(Ledger, ASubjectThatWasForgottenComesBackAboveItsOldVersions) {
  wish("a", report(true));
  with([&](store::Transaction& tx) { EXPECT_TRUE(retract(tx, kConnection, "a", "gone", now_).ok()); });
  Version old = row("a").desired;
  settle_as(take().at(0), outcome(Kind::done, ""));
  with([&](store::Transaction& tx) { EXPECT_TRUE(forget(tx, kConnection, "a").ok()); });
  now_ -= hours{1};
  wish("a", report(true));
  EXPECT_GT(row("a").desired, old);
}

TEST_F(Ledger, ForgettingWaitsForTheRetractionToBeAcknowledged) {
  wish("a", report(true));
  settle_as(take().at(0), outcome(Kind::done, ""));
  auto forget_a = [&] { return with([&](store::Transaction& tx) { return forget(tx, kConnection, "a").ok(); }); };
  EXPECT_FALSE(forget_a()) << "compliant over there";
  with([&](store::Transaction& tx) { EXPECT_TRUE(retract(tx, kConnection, "a", "removed", now_).ok()); });
  EXPECT_EQ(row("a").report.management, DeviceReport::Management::not_managed);
  EXPECT_EQ(row("a").report.verdict, DeviceReport::Verdict::not_compliant);
  EXPECT_FALSE(forget_a()) << "not sent yet";
  Leased leased = take().at(0);
  EXPECT_FALSE(forget_a()) << "on its way";
  settle_as(leased, outcome(Kind::done, ""));
  EXPECT_TRUE(forget_a());
  EXPECT_EQ(history_of("a").front().fate, Fate::retracted);
  EXPECT_FALSE(forget_a()) << "nothing is left to forget";
}

TEST_F(Ledger, ADrainingLaneRetractsEverythingAndTakesNoMoreWishes) {
  wish("a", report(true));
  wish("b", report(false));
  settle_as(take(1).at(0), outcome(Kind::done, ""));
  with([&](store::Transaction& tx) { drain_lane(tx, kConnection, "disabled", now_); });
  now_ += seconds{1};
  wish("a", report(true, "too late"));
  for (const char* subject : {"a", "b"}) {
    EXPECT_TRUE(row(subject).is_retraction);
    EXPECT_EQ(row(subject).state, State::pending);
    EXPECT_EQ(row(subject).report.reason, "disabled");
  }
  EXPECT_EQ(take().size(), 2u) << "a draining lane still delivers";
  with([&](store::Transaction& tx) { set_lane_purpose(tx, kConnection, Lane::Purpose::closed); });
  now_ += hours{1};
  EXPECT_TRUE(take().empty()) << "a closed one does not";
}

TEST_F(Ledger, ResendGivesTheSameReportANewVersion) {
  wish("a", report(true));
  Version first = row("a").desired;
  settle_as(take().at(0), outcome(Kind::done, ""));
  with([&](store::Transaction& tx) { EXPECT_TRUE(resend(tx, kConnection, "a", person_, now_).ok()); });
  EXPECT_EQ(row("a").state, State::pending);
  EXPECT_GT(row("a").desired, first);
  EXPECT_EQ(row("a").report, report(true));
  EXPECT_EQ(with([](store::Transaction& tx) { return audit::list(tx, "Delivery", "", 10); }).size(), 1u);
}

TEST_F(Ledger, ANewEpochRanksAboveEverythingAndSendsEverythingAgain) {
  wish("a", report(true));
  wish("b", report(true));
  for (const Leased& leased : take()) settle_as(leased, outcome(Kind::done, ""));
  Version before = row("a").desired;
  std::int64_t epoch = with([&](store::Transaction& tx) { return begin_epoch(tx, kConnection, person_, now_); });
  EXPECT_EQ(epoch, 2);
  EXPECT_GT(row("a").desired, before);
  EXPECT_GT(row("a").desired.sequence, before.sequence) << "also for directories that know no epoch";
  EXPECT_EQ(take().size(), 2u);
}

TEST_F(Ledger, CountsSayWhatWaitsAndSinceWhen) {
  wish("a", report(true));
  Time first = now_;
  now_ += minutes{1};
  wish("b", report(true));
  wish("c", report(true));
  auto leased = take();
  settle_as(leased.at(1), outcome(Kind::done, ""));
  settle_as(leased.at(2), outcome(Kind::permanent));
  Counts found = with([](store::Transaction& tx) { return counts(tx, kConnection); });
  EXPECT_EQ(found.pending, 1);
  EXPECT_EQ(found.delivered, 1);
  EXPECT_EQ(found.parked, 1);
  EXPECT_EQ(found.oldest_pending, first);
}

TEST_F(Ledger, ParkedRowsWaitForAPersonOrForNewerNews) {
  wish("a", report(true));
  wish("b", report(true));
  for (const Leased& leased : take()) settle_as(leased, outcome(Kind::permanent, "device_not_found"));
  EXPECT_EQ(row("a").state, State::parked);
  EXPECT_EQ(row("a").failure_reason, "device_not_found");
  EXPECT_EQ(history_of("a").front().fate, Fate::parked);
  EXPECT_EQ(history_of("a").front().reason, "device_not_found");
  now_ += hours{24};
  EXPECT_TRUE(take().empty());

  EXPECT_EQ(with([&](store::Transaction& tx) { return replay_parked(tx, kConnection, "a", person_, now_); }), 1);
  wish("b", report(false, "newer"));
  EXPECT_EQ(take().size(), 2u);
  EXPECT_EQ(history_of("b").front().fate, Fate::superseded);
}

TEST_F(Ledger, TrimmingHistoryKeepsWhatIsYoung) {
  wish("a", report(true, "1"));
  wish("a", report(true, "2"));
  now_ += days{10};
  wish("a", report(true, "3"));
  EXPECT_EQ(with([&](store::Transaction& tx) { return trim_history(tx, now_ - days{1}); }), 1);
  EXPECT_EQ(history_of("a").size(), 1u);
}

// --- Held back

class HeldBack : public LedgerFixture {
 protected:
  void wish_held(const std::string& subject, const DeviceReport& wanted) {
    with([&](store::Transaction& tx) {
      desire(tx, {.connection_id = kConnection, .subject = subject, .report = wanted, .hold = true}, now_);
    });
  }
  std::int64_t release() {
    return with([&](store::Transaction& tx) { return release_held(tx, kConnection, now_); });
  }
};

TEST_F(HeldBack, NothingHeldIsLeasedUntilItIsReleased) {
  wish_held("a", report(false, "the criteria changed"));
  wish("b", report(true));
  EXPECT_EQ(row("a").state, State::held);
  auto taken = take();
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_EQ(taken[0].parcel.subject, "b");
  EXPECT_EQ(with([&](store::Transaction& tx) { return counts(tx, kConnection); }).held, 1);
  EXPECT_EQ(release(), 1);
  EXPECT_EQ(release(), 0);
  auto then = take();
  ASSERT_EQ(then.size(), 1u);
  EXPECT_EQ(then[0].parcel.report.reason, "the criteria changed");
}

TEST_F(HeldBack, ItStaysHeldWhileOnlyWhatSurroundsTheVerdictChanges) {
  wish_held("a", report(false, "one"));
  wish("a", report(false, "two"));
  EXPECT_EQ(row("a").state, State::held);
  with([&](store::Transaction& tx) { resend_all(tx, kConnection, now_); });
  EXPECT_EQ(row("a").state, State::held);
  wish("a", report(true, "changed back"));
  EXPECT_EQ(row("a").state, State::pending);
}

TEST_F(HeldBack, UnmanagedAndRetractionsWaitForNobody) {
  DeviceReport unmanaged = report(false);
  unmanaged.management = DeviceReport::Management::not_managed;
  wish_held("a", report(false));
  wish_held("a", unmanaged);
  EXPECT_EQ(row("a").state, State::pending);
  wish_held("b", report(false));
  with([&](store::Transaction& tx) { drain_lane(tx, kConnection, "disabled", now_); });
  EXPECT_EQ(row("b").state, State::pending);
}

}  // namespace
}  // namespace wardbridge::ledger
