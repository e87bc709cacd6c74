#include "connector/ledger/hand_over.h"

#include <gmock/gmock.h>

#include "connector/ledger/ledger_fixture.h"

namespace wardbridge::ledger {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr ConnectionId kOther{8};

class HandOver : public LedgerFixture {
 protected:
  void wish_at(ConnectionId connection, const std::string& subject, const DeviceReport& wanted) {
    with([&](store::Transaction& tx) {
      desire(tx, {.connection_id = connection, .subject = subject, .report = wanted}, now_);
    });
  }
  // As a migration does: both lanes take the wish.
  void wish_both(const std::string& subject, bool told, bool rehearsed) {
    wish(subject, report(told));
    wish_at(kOther, subject, report(rehearsed));
  }
  void deliver_all(ConnectionId connection = kConnection) {
    for (const Leased& leased : take_of(connection)) settle_as(leased, outcome(Outcome::Kind::done, ""));
  }
  std::vector<Leased> take_of(ConnectionId connection) {
    return with([&](store::Transaction& tx) { return lease(tx, connection, 100, now_); });
  }
  std::vector<std::string> subjects_due(ConnectionId connection) {
    std::vector<std::string> subjects;
    for (const Leased& leased : take_of(connection)) subjects.push_back(leased.parcel.subject);
    return subjects;
  }
  Delivery row_of(ConnectionId connection, const std::string& subject) {
    return with([&](store::Transaction& tx) { return find(tx, connection, subject); }).value();
  }
  void rehearse(ConnectionId connection = kOther) {
    with([&](store::Transaction& tx) { set_lane_purpose(tx, connection, Lane::Purpose::rehearsing); });
  }
  void cut_over(ConnectionId from, ConnectionId to, OldRows rows = OldRows::kept) {
    with([&](store::Transaction& tx) { switch_lanes(tx, from, to, rows, "moved", now_); });
  }
};

TEST_F(HandOver, ALaneThatRehearsesTakesWishesAndSendsNone) {
  rehearse();
  for (int i = 0; i < 5; ++i) wish_at(kOther, "a", report(i % 2 == 0, std::to_string(i)));
  Delivery delivery = row_of(kOther, "a");
  EXPECT_EQ(delivery.state, State::rehearsed);
  EXPECT_EQ(delivery.report.reason, "4");
  EXPECT_THAT(take_of(kOther), IsEmpty());
  EXPECT_EQ(with([](store::Transaction& tx) { return next_due(tx, kOther); }), kNever);
  EXPECT_EQ(with([](store::Transaction& tx) { return counts(tx, kOther); }).rehearsed, 1);
  EXPECT_THAT(with([](store::Transaction& tx) { return history(tx, kOther, "a", 10); }), IsEmpty())
      << "what was never to be sent was not superseded";
}

TEST_F(HandOver, TheComparisonNamesWhatDiffers) {
  rehearse();
  wish_both("same", true, true);
  wish_both("closed", false, false);
  wish_both("gains", false, true);
  wish_both("loses", true, false);
  wish("only here", report(true));
  wish_at(kOther, "only there", report(true));
  Comparison found = with([](store::Transaction& tx) { return compare(tx, kConnection, kOther); });
  EXPECT_EQ(found.same_grants, 1);
  EXPECT_EQ(found.same_denials, 1);
  EXPECT_EQ(found.gains, 1);
  EXPECT_EQ(found.losses, 1);
  EXPECT_EQ(found.only_first, 1);
  EXPECT_EQ(found.only_second, 1);
  EXPECT_EQ(found.differ(), 4);
  std::vector<std::string> named;
  for (std::int64_t page = 0; page < 3; ++page) {
    for (const Difference& each :
         with([&](store::Transaction& tx) { return differences(tx, kConnection, kOther, 2, page * 2); })) {
      named.push_back(each.subject);
      EXPECT_EQ(each.first.has_value(), each.subject != "only there");
      EXPECT_EQ(each.second.has_value(), each.subject != "only here");
    }
  }
  EXPECT_THAT(named, ElementsAre("gains", "loses", "only here", "only there"));
}

TEST_F(HandOver, CutOverSendsEverythingAboveWhatWasEverSaidAndRetractsWhatIsLeftBehind) {
  rehearse();
  wish_both("a", true, true);
  wish("left", report(true));
  deliver_all();
  now_ -= hours{3};  // the clock went back, and yet law 6 holds
  Version before = row("a").desired;
  cut_over(kConnection, kOther);
  EXPECT_GT(row_of(kOther, "a").desired.sequence, before.sequence);
  EXPECT_THAT(subjects_due(kOther), ElementsAre("a"));
  EXPECT_TRUE(row("left").is_retraction);
  EXPECT_THAT(subjects_due(kConnection), ElementsAre("left"));
  EXPECT_EQ(row("a").state, State::rehearsed);
  EXPECT_EQ(with([](store::Transaction& tx) { return lane(tx, kConnection); }).purpose, Lane::Purpose::rehearsing);
  EXPECT_EQ(with([](store::Transaction& tx) { return lane(tx, kOther); }).purpose, Lane::Purpose::open);
}

TEST_F(HandOver, RollBackDropsWhatTheOtherLaneHad) {
  rehearse();
  wish_both("a", true, true);
  wish_both("b", true, true);
  deliver_all();
  cut_over(kConnection, kOther);
  wish_at(kOther, "new", report(true));
  deliver_all(kOther);
  now_ += hours{1};
  Version before = row_of(kOther, "a").desired;
  cut_over(kOther, kConnection, OldRows::dropped);
  EXPECT_GT(row("a").desired.sequence, before.sequence);
  EXPECT_THAT(subjects_due(kConnection), ElementsAre("a", "b"));
  EXPECT_THAT(subjects_due(kOther), ElementsAre("new")) << "retracted: nobody else knows it";
  EXPECT_EQ(with([](store::Transaction& tx) { return find(tx, kOther, "a"); }), std::nullopt);
  EXPECT_EQ(with([](store::Transaction& tx) { return lane(tx, kOther); }).purpose, Lane::Purpose::draining);
}

TEST_F(HandOver, WhatIsOnItsWayAtTheCutOverIsNotSentAgainBehindIt) {
  rehearse();
  wish_both("a", true, true);
  auto leased = take();
  ASSERT_EQ(leased.size(), 1u);
  cut_over(kConnection, kOther);
  EXPECT_FALSE(settle_as(leased[0], outcome(Outcome::Kind::retry_later)));
  now_ += hours{1};
  EXPECT_THAT(take(), IsEmpty());
  EXPECT_EQ(row("a").state, State::rehearsed);
  auto history = history_of("a");
  ASSERT_EQ(history.size(), 1u);
  EXPECT_EQ(history[0].fate, Fate::superseded);
}

TEST_F(HandOver, ALaneThatWasSetAsideGoesOnWhereItIsOpenedAgain) {
  wish("a", report(true));
  deliver_all();
  with([&](store::Transaction& tx) { set_aside(tx, kConnection, now_); });
  wish("a", report(false));
  EXPECT_THAT(take(), IsEmpty());
  EXPECT_EQ(with([&](store::Transaction& tx) { return untold_denials(tx, kConnection, now_); }), 1);
  Time ended = row("a").told.valid_until;
  EXPECT_EQ(with([&](store::Transaction& tx) { return untold_denials(tx, kConnection, ended); }), 0)
      << "the directory's verdict has ended by itself";
  with([&](store::Transaction& tx) { open_lane(tx, kConnection, now_); });
  auto leased = take();
  ASSERT_EQ(leased.size(), 1u);
  EXPECT_TRUE(leased[0].parcel.report.is_denial());
}

TEST_F(HandOver, AnotherLaneAdoptsWhatWasSetAsideDenialsFirstAndWithoutInventory) {
  DeviceReport with_inventory = report(true);
  with_inventory.inventory = {{"JamfId", 7}};
  wish("granted", with_inventory);
  wish("denied", report(false));
  deliver_all();
  with([&](store::Transaction& tx) { set_aside(tx, kConnection, now_); });
  Version before = row("granted").desired;
  EXPECT_EQ(with([&](store::Transaction& tx) { return adopt(tx, kConnection, kOther, Inventory::left_out, now_); }), 2);
  EXPECT_GT(row_of(kOther, "granted").desired.sequence, before.sequence);
  EXPECT_TRUE(row_of(kOther, "granted").report.inventory.empty());
  EXPECT_THAT(subjects_due(kOther), ElementsAre("denied", "granted"));
  EXPECT_EQ(with([](store::Transaction& tx) { return lane(tx, kConnection); }).purpose, Lane::Purpose::closed);
  EXPECT_EQ(with([](store::Transaction& tx) { return list(tx, kConnection, "", 10); }).size(), 0u);
}

TEST_F(HandOver, ARetractionOfWhatWasOnlyRehearsedIsNoMessage) {
  rehearse();
  wish_both("a", true, true);
  deliver_all();
  with([&](store::Transaction& tx) {
    EXPECT_TRUE(retract(tx, kOther, "a", "the computer was deleted", now_).ok());
    EXPECT_EQ(find(tx, kOther, "a"), std::nullopt);
  });
  // What this lane did tell is kept, for when it is opened.
  with([&](store::Transaction& tx) {
    set_aside(tx, kConnection, now_);
    EXPECT_TRUE(retract(tx, kConnection, "a", "the computer was deleted", now_).ok());
  });
  EXPECT_EQ(row("a").state, State::rehearsed);
  EXPECT_TRUE(row("a").is_retraction);
  with([&](store::Transaction& tx) { open_lane(tx, kConnection, now_); });
  EXPECT_THAT(subjects_due(kConnection), ElementsAre("a"));
}

TEST_F(HandOver, AContendedParcelIsTriedForADayAndThenParked) {
  wish("a", report(true));
  int tries = 0;
  while (row("a").state != State::parked) {
    auto leased = take();
    if (!leased.empty()) {
      ++tries;
      EXPECT_TRUE(leased[0].parcel.message_id.empty()) << "the refused message is not asked about again";
      settle_as(leased[0], outcome(Outcome::Kind::contended, "device_of_other_partner"), "message-1");
    }
    ASSERT_LT(tries, 1000);
    if (row("a").state == State::parked) break;
    now_ = std::max(now_ + milliseconds{1}, with([](store::Transaction& tx) { return next_due(tx, kConnection); }));
  }
  EXPECT_GT(tries, 90);
  EXPECT_LT(tries, 300);
  EXPECT_EQ(history_of("a")[0].reason, "device_of_other_partner");
  EXPECT_EQ(with([](store::Transaction& tx) { return lane(tx, kConnection); }).health, Lane::Health::healthy);
}

TEST_F(HandOver, ProgressCountsWhatWasAcknowledgedSinceTheLaneOpened) {
  rehearse();
  wish_both("a", true, true);
  wish_both("b", true, true);
  deliver_all();
  cut_over(kConnection, kOther);
  auto leased = take_of(kOther);
  ASSERT_EQ(leased.size(), 2u);
  settle_as(leased[0], outcome(Outcome::Kind::done, ""));
  settle_as(leased[1], outcome(Outcome::Kind::contended, "device_of_other_partner"));
  Progress found = with([](store::Transaction& tx) { return progress(tx, kOther); });
  EXPECT_EQ(found.devices, 2);
  EXPECT_EQ(found.acknowledged, 1);
  EXPECT_EQ(found.contended, 1);
  cut_over(kOther, kConnection, OldRows::dropped);
  EXPECT_EQ(with([](store::Transaction& tx) { return progress(tx, kConnection); }).acknowledged, 0)
      << "what it was told before it was set aside counts no longer";
}

}  // namespace
}  // namespace wardbridge::ledger
