#include "management/outbox/outbox.h"

#include <gmock/gmock.h>

#include <functional>

#include "management/outbox/outbox_actor.h"
#include "support/postgres_cluster.h"

namespace wardbridge::outbox {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

const Time kStart = *parse_iso8601("2026-11-23T18:00:00Z");
const Lane kSeven{"webhook", 7};
const Lane kEight{"webhook", 8};
const audit::Actor kAdmin{.kind = audit::Actor::Kind::user, .name = "ada"};

// Answers as it is told, and remembers what it was given.
class ScriptedCarrier final : public Carrier {
 public:
  std::string kind() const override { return "webhook"; }
  Outcome carry(const Message& message, Time now) override {
    carried.push_back(message);
    return answer ? answer(message, now) : Outcome{.kind = Outcome::Kind::delivered};
  }
  std::vector<std::string> bodies() {
    std::vector<std::string> all;
    for (const Message& message : carried) all.push_back(message.body);
    carried.clear();
    return all;
  }
  std::function<Outcome(const Message&, Time)> answer;
  std::vector<Message> carried;
};

class OutboxTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (std::string(GetParam()) == "sqlite") {
      store_ = store::open_sqlite({.path = ":memory:"}).value();
    } else {
      auto cluster = wardbridge::testing::PostgresCluster::of_this_program();
      if (!cluster.ok() && cluster.failure().reason == "no_postgres") GTEST_SKIP() << cluster.failure().message;
      ASSERT_TRUE(cluster.ok()) << cluster.failure().message;
      store_ = store::open_postgres((*cluster)->fresh_store()).value();
    }
    const store::Schema schemas[] = {audit::kSchema, kSchema};
    ASSERT_TRUE(store_->migrate(schemas).ok());
    write([](store::Transaction& tx) {
      open_lane(tx, kSeven);
      open_lane(tx, kEight);
    });
  }

  void write(const std::function<void(store::Transaction&)>& body) {
    Status status = store_->write([&](store::Transaction& tx) -> Status { return body(tx), done(); });
    ASSERT_TRUE(status.ok()) << status.failure().message;
  }
  void put(const Lane& lane, const std::string& body) {
    write([&](store::Transaction& tx) { post(tx, lane, body, clock_.now()); });
  }
  void change(const Lane& lane, std::int64_t item, bool added, const std::string& topic = "group/12") {
    write([&](store::Transaction& tx) { merge(tx, lane, topic, "{}", {item, added}, clock_.now()); });
  }
  // Until nothing is due; how long until the next look at most.
  void work() {
    OutboxActor actor(*store_, carrier_, clock_, entropy_, {.limits = limits_});
    for (int i = 0; i < 50 && actor.run_once(clock_.now()) <= clock_.now(); ++i) {
    }
  }
  Page listed(bool parked) {
    return store_
        ->read([&](store::Transaction& tx) -> Result<Page> { return list(tx, {.kind = "webhook", .parked = parked}); })
        .value();
  }
  Status try_write(const std::function<Status(store::Transaction&)>& body) {
    return store_->write([&](store::Transaction& tx) { return body(tx); });
  }

  ManualClock clock_{kStart};
  SeededEntropy entropy_{7};
  std::unique_ptr<store::Store> store_;
  ScriptedCarrier carrier_;
  Limits limits_;
};

INSTANTIATE_TEST_SUITE_P(Stores, OutboxTest, ::testing::Values("sqlite", "postgresql"),
                         [](const auto& name) { return std::string(name.param); });

Outcome retry(const std::string& reason = "connect") {
  return {.kind = Outcome::Kind::retry, .reason = reason, .message = "nobody there"};
}

TEST_P(OutboxTest, DeliversInOrderAndForgets) {
  for (const char* body : {"1", "2", "3"}) put(kSeven, body);
  work();
  EXPECT_THAT(carrier_.bodies(), ElementsAre("1", "2", "3"));
  EXPECT_EQ(listed(false).total_count, 0);
  EXPECT_EQ(listed(true).total_count, 0);
}

TEST_P(OutboxTest, TakesNothingForALaneThatIsNotOpen) {
  put({"webhook", 99}, "1");
  change({"webhook", 99}, 1, true);
  EXPECT_EQ(listed(false).total_count, 0);
}

TEST_P(OutboxTest, AFailureHoldsUpItsOwnLaneAlone) {
  put(kSeven, "7a");
  put(kSeven, "7b");
  put(kEight, "8a");
  carrier_.answer = [](const Message& message, Time) {
    return message.lane == kSeven ? retry() : Outcome{.kind = Outcome::Kind::delivered};
  };
  work();
  EXPECT_THAT(carrier_.bodies(), ::testing::UnorderedElementsAre("7a", "8a"));
  Page waiting = listed(false);
  ASSERT_THAT(waiting.messages, SizeIs(2));
  EXPECT_EQ(waiting.messages[0].reason, "connect");
  EXPECT_EQ(waiting.messages[0].attempts, 1);
  EXPECT_EQ(waiting.messages[1].attempts, 0);
  // The first retry is a second away at most; what the receiver missed comes in order.
  carrier_.answer = nullptr;
  clock_.advance(seconds{1});
  work();
  EXPECT_THAT(carrier_.bodies(), ElementsAre("7a", "7b"));
}

TEST_P(OutboxTest, BacksOffAndHonoursTheReceiversWord) {
  put(kSeven, "1");
  carrier_.answer = [](const Message&, Time) {
    Outcome outcome = retry("http_429");
    outcome.after = minutes{10};
    return outcome;
  };
  work();
  EXPECT_THAT(carrier_.carried, SizeIs(1));
  clock_.advance(minutes{10} - seconds{1});
  work();
  EXPECT_THAT(carrier_.carried, SizeIs(1));
  clock_.advance(seconds{1});
  work();
  EXPECT_THAT(carrier_.carried, SizeIs(2));
  for (std::int64_t failures : {1, 2, 5, 10, 11, 500}) {
    Duration ceiling =
        failures > 10 ? Duration(minutes{15}) : std::min<Duration>(minutes{15}, seconds{1 << (failures - 1)});
    for (int i = 0; i < 50; ++i) {
      Duration wait = backoff(failures, entropy_);
      EXPECT_GE(wait, ceiling / 2);
      EXPECT_LE(wait, ceiling);
    }
  }
}

TEST_P(OutboxTest, GivesUpAfterThreeDaysAndGoesOn) {
  put(kSeven, "1");
  carrier_.answer = [](const Message& message, Time) {
    return message.body == "1" ? retry() : Outcome{.kind = Outcome::Kind::delivered};
  };
  int attempts = 0;
  for (Time end = kStart + kPatience; clock_.now() < end; clock_.advance(minutes{7})) {
    work();
    attempts += static_cast<int>(carrier_.bodies().size());
  }
  EXPECT_GT(attempts, 280);  // at least one in fifteen minutes, and some at the beginning
  put(kSeven, "2");
  clock_.advance(minutes{16});
  work();
  EXPECT_EQ(carrier_.bodies().back(), "2");
  Page parked = listed(true);
  ASSERT_THAT(parked.messages, SizeIs(1));
  EXPECT_EQ(parked.messages[0].reason, "connect");
  EXPECT_EQ(parked.messages[0].message, "nobody there");
}

TEST_P(OutboxTest, ParksWhatIsRefusedOrFailsTooOften) {
  put(kSeven, "refused");
  put(kSeven, "poison");
  put(kSeven, "good");
  carrier_.answer = [](const Message& message, Time) {
    Outcome outcome{.kind = Outcome::Kind::delivered, .reason = "http_400", .message = "bad"};
    if (message.body == "refused") outcome.kind = Outcome::Kind::refused;
    if (message.body == "poison") outcome = {.reason = "http_400", .message = "bad", .most_attempts = 3};
    return outcome;
  };
  for (int i = 0; i < 10; ++i, clock_.advance(seconds{10})) work();
  EXPECT_THAT(carrier_.bodies(), ElementsAre("refused", "poison", "poison", "poison", "good"));
  EXPECT_THAT(listed(true).messages, SizeIs(2));
}

TEST_P(OutboxTest, MergesChangesIntoTheOneThatWaits) {
  change(kSeven, 1, true);
  change(kSeven, 2, true);
  change(kSeven, 3, false);
  change(kSeven, 2, true);   // known
  change(kSeven, 1, false);  // undoes the first
  change(kSeven, 9, true, "group/13");
  Page waiting = listed(false);
  ASSERT_THAT(waiting.messages, SizeIs(2));
  EXPECT_THAT(waiting.messages[0].changes, ElementsAre(Change{2, true}, Change{3, false}));
  EXPECT_THAT(waiting.messages[1].changes, ElementsAre(Change{9, true}));
}

TEST_P(OutboxTest, AMassChangeIsAFewMessages) {
  write([&](store::Transaction& tx) {
    for (std::int64_t item = 1; item <= 2500; ++item) merge(tx, kSeven, "group/12", "{}", {item, true}, clock_.now());
  });
  Page waiting = listed(false);
  ASSERT_THAT(waiting.messages, SizeIs(3));
  EXPECT_THAT(waiting.messages[0].changes, SizeIs(1000));
  EXPECT_THAT(waiting.messages[2].changes, SizeIs(500));
  EXPECT_EQ(waiting.messages[2].changes[0].item, 2001);
}

TEST_P(OutboxTest, AddsNothingToWhatWasTriedOnce) {
  change(kSeven, 1, true);
  carrier_.answer = [](const Message&, Time) { return retry(); };
  work();
  change(kSeven, 1, false);  // the receiver may have heard that it came
  Page waiting = listed(false);
  ASSERT_THAT(waiting.messages, SizeIs(2));
  EXPECT_THAT(waiting.messages[0].changes, ElementsAre(Change{1, true}));
  EXPECT_THAT(waiting.messages[1].changes, ElementsAre(Change{1, false}));
}

TEST_P(OutboxTest, ALaneRestsWhenItsCarrierSaysSo) {
  carrier_.answer = [](const Message&, Time) { return Outcome{.kind = Outcome::Kind::delivered, .rest = minutes{5}}; };
  change(kSeven, 1, true);
  work();
  EXPECT_THAT(carrier_.carried, SizeIs(1)) << "the first at once";
  change(kSeven, 2, true);
  clock_.advance(minutes{4});
  change(kSeven, 3, true);
  work();
  EXPECT_THAT(carrier_.carried, SizeIs(1));
  clock_.advance(minutes{1});
  work();
  ASSERT_THAT(carrier_.carried, SizeIs(2));
  EXPECT_THAT(carrier_.carried[1].changes, ElementsAre(Change{2, true}, Change{3, true}));
}

TEST_P(OutboxTest, ALaneHasOneWorkerAtATimeAndComesBackFromACrash) {
  put(kSeven, "1");
  std::optional<Leased> crashed;
  write([&](store::Transaction& tx) { crashed = lease(tx, "webhook", 16, clock_.now()); });
  ASSERT_TRUE(crashed);
  work();
  EXPECT_THAT(carrier_.carried, SizeIs(0));
  clock_.advance(kLeaseTime);
  work();
  EXPECT_THAT(carrier_.bodies(), ElementsAre("1"));
  // The one that was believed dead comes too late to say anything.
  put(kSeven, "2");
  bool settled = true;
  write([&](store::Transaction& tx) {
    settled = settle(tx, *crashed, {Outcome{.kind = Outcome::Kind::refused}}, entropy_, clock_.now());
  });
  EXPECT_FALSE(settled);
  EXPECT_EQ(listed(true).total_count, 0);

  write([&](store::Transaction& tx) { lease(tx, "webhook", 16, clock_.now()); });
  write([&](store::Transaction& tx) { EXPECT_EQ(abandon_leases(tx, clock_.now()), 1); });
  work();
  EXPECT_THAT(carrier_.bodies(), ElementsAre("2"));
}

TEST_P(OutboxTest, WhatWasNotTriedKeepsItsAttempts) {
  for (const char* body : {"1", "2", "3"}) put(kSeven, body);
  carrier_.answer = [](const Message& message, Time) {
    return message.body == "2" ? retry() : Outcome{.kind = Outcome::Kind::delivered};
  };
  work();
  Page waiting = listed(false);
  ASSERT_THAT(waiting.messages, SizeIs(2));
  EXPECT_EQ(waiting.messages[0].attempts, 1);
  EXPECT_EQ(waiting.messages[1].attempts, 0);
}

TEST_P(OutboxTest, ReplaysAndDismissesWhatIsParked) {
  for (const char* body : {"1", "2", "3"}) put(kSeven, body);
  carrier_.answer = [](const Message&, Time) {
    return Outcome{.kind = Outcome::Kind::refused, .reason = "outbound_address", .message = "no"};
  };
  work();
  Page parked = listed(true);
  ASSERT_THAT(parked.messages, SizeIs(3));
  carrier_.bodies();
  carrier_.answer = nullptr;
  auto id = [&](std::size_t i) { return parked.messages[i].id; };
  Time now = clock_.now();
  EXPECT_TRUE(try_write([&](store::Transaction& tx) { return dismiss(tx, "webhook", id(0), kAdmin, now); }).ok());
  EXPECT_TRUE(try_write([&](store::Transaction& tx) { return replay(tx, "webhook", id(1), kAdmin, now); }).ok());
  auto again = [&](store::Transaction& tx) { return replay(tx, "webhook", id(1), kAdmin, now); };
  EXPECT_EQ(try_write(again).failure().reason, "not_parked");
  auto gone = [&](store::Transaction& tx) { return dismiss(tx, "webhook", id(0), kAdmin, now); };
  EXPECT_EQ(try_write(gone).failure().reason, "no_delivery");
  auto other_kind = [&](store::Transaction& tx) { return dismiss(tx, "mail", id(2), kAdmin, now); };
  EXPECT_EQ(try_write(other_kind).failure().reason, "no_delivery");
  work();
  EXPECT_THAT(carrier_.bodies(), ElementsAre("2"));
  write([&](store::Transaction& tx) { EXPECT_EQ(replay_all(tx, kSeven, kAdmin, clock_.now()), 1); });
  work();
  EXPECT_THAT(carrier_.bodies(), ElementsAre("3"));
  auto audited = store_->read([](store::Transaction& tx) -> Result<std::vector<audit::StoredEntry>> {
    return audit::list(tx, "Outbound Delivery", "", 10);
  });
  ASSERT_THAT(*audited, SizeIs(3));
  EXPECT_EQ((*audited)[2].entry.action, "dismiss");
}

TEST_P(OutboxTest, APausedLaneKeepsWhatWaits) {
  write([](store::Transaction& tx) { pause_lane(tx, kSeven); });
  put(kSeven, "1");
  work();
  EXPECT_THAT(carrier_.carried, SizeIs(0));
  write([&](store::Transaction& tx) { resume_lane(tx, kSeven, clock_.now()); });
  work();
  EXPECT_THAT(carrier_.bodies(), ElementsAre("1"));
  write([](store::Transaction& tx) { pause_lane(tx, kSeven); });
  put(kSeven, "2");
  clock_.advance(kPatience);
  work();
  ASSERT_THAT(listed(true).messages, SizeIs(1));
  EXPECT_EQ(listed(true).messages[0].reason, "not_tried");
}

TEST_P(OutboxTest, KeepsAtMostSoManyOfALane) {
  limits_ = {.waiting = 3, .parked = 4, .parked_life = days{90}};
  carrier_.answer = [](const Message&, Time) { return retry(); };
  for (int i = 1; i <= 5; ++i) put(kSeven, std::to_string(i));
  work();
  Page parked = listed(true);
  ASSERT_THAT(parked.messages, SizeIs(2));
  EXPECT_EQ(parked.messages[0].body, "1");
  EXPECT_EQ(parked.messages[0].reason, "too_many_waiting");
  for (int i = 6; i <= 9; ++i) put(kSeven, std::to_string(i));
  clock_.advance(minutes{2});
  work();
  parked = listed(true);
  ASSERT_THAT(parked.messages, SizeIs(4));
  EXPECT_EQ(parked.messages[0].body, "3") << "the oldest are forgotten first";
  EXPECT_EQ(listed(false).messages[0].body, "7");
  clock_.advance(days{91});  // the parked ones are old now, and those that waited have waited too long
  work();
  parked = listed(true);
  ASSERT_THAT(parked.messages, SizeIs(3));
  EXPECT_EQ(parked.messages[0].body, "7");
}

}  // namespace
}  // namespace wardbridge::outbox
