#include "connector/ledger/ledger_actor.h"

#include <deque>
#include <map>

#include "connector/ledger/ledger_fixture.h"

namespace wardbridge::ledger {
namespace {

using Kind = Outcome::Kind;

// A directory with the manners of the real one: takes only newer versions, applies later when told to.
class Directory final : public Connection {
 public:
  Outcome deliver(const Parcel& parcel, Time) override {
    ++deliveries;
    order.push_back(parcel.subject);
    if (on_deliver) on_deliver();
    if (!troubles.empty()) {
      Outcome trouble = troubles.front();
      troubles.pop_front();
      if (trouble.kind != Kind::done) return trouble;
    }
    std::string id = "message-" + std::to_string(deliveries);
    messages[id] = parcel;
    if (!slow) apply(id);
    return {.kind = Kind::accepted, .message_id = id};
  }
  Outcome confirm(const Parcel& parcel, Time) override {
    ++polls;
    return {.kind = applied[parcel.message_id] ? Kind::done : Kind::still_processing};
  }
  void apply(const std::string& id) {
    const Parcel& parcel = messages.at(id);
    Parcel& held = holds[parcel.subject];
    if (parcel.version > held.version) held = parcel;
    applied[id] = true;
  }

  std::function<void()> on_deliver;
  bool slow = false;
  int deliveries = 0;
  int polls = 0;
  std::deque<Outcome> troubles;
  std::vector<std::string> order;
  std::map<std::string, Parcel> messages;
  std::map<std::string, bool> applied;
  std::map<std::string, Parcel> holds;
};

class Worker : public LedgerFixture {
 protected:
  void run() {
    clock_.set(now_);
    next_ = actor().run_once(now_);
  }
  LedgerActor& actor() {
    if (!actor_) actor_.emplace(*store_, directory_, kConnection, clock_, entropy_);
    return *actor_;
  }

  ManualClock clock_{now_};
  Directory directory_;
  std::optional<LedgerActor> actor_;
  Time next_ = kEpoch;
};

TEST_F(Worker, DeliversEverythingThatIsDueInOneRun) {
  for (int i = 0; i < 50; ++i) wish("subject-" + std::to_string(i), report(i % 2 == 0));
  run();
  EXPECT_EQ(directory_.holds.size(), 50u);
  EXPECT_EQ(directory_.deliveries, 50);
  EXPECT_EQ(with([](store::Transaction& tx) { return counts(tx, kConnection); }).delivered, 50);
  auto history = history_of("subject-3");
  ASSERT_EQ(history.size(), 1u);
  EXPECT_EQ(history[0].fate, Fate::delivered);
  EXPECT_EQ(history[0].hops.sent, now_);
  EXPECT_EQ(history[0].hops.accepted, now_);
  EXPECT_EQ(history[0].hops.acknowledged, now_);
  run();
  EXPECT_EQ(directory_.deliveries, 50) << "nothing is sent twice";
}

TEST_F(Worker, AsksAgainUntilASlowDirectoryHasApplied) {
  directory_.slow = true;
  wish("a", report(true));
  run();
  EXPECT_EQ(row("a").state, State::sent);
  EXPECT_LE(next_, now_ + seconds{1});
  now_ += seconds{5};
  directory_.apply("message-1");
  run();
  EXPECT_EQ(row("a").state, State::delivered);
  EXPECT_EQ(row("a").hops.acknowledged, now_);
  EXPECT_LT(row("a").hops.accepted, now_);
  EXPECT_EQ(directory_.deliveries, 1);
}

TEST_F(Worker, ADenialDoesNotWaitForTheConfirmationOfAGrant) {
  directory_.slow = true;
  wish("a", report(true));
  run();
  wish("a", report(false, "FileVault is off"));
  directory_.slow = false;
  run();
  EXPECT_EQ(directory_.holds.at("a").report.reason, "FileVault is off");
  directory_.apply("message-1");  // the old message is applied late, and changes nothing
  EXPECT_EQ(directory_.holds.at("a").report.reason, "FileVault is off");
  EXPECT_EQ(row("a").acknowledged, row("a").desired);
}

TEST_F(Worker, ARoadThatIsDownIsTriedOnceARun) {
  for (int i = 0; i < 40; ++i) wish("subject-" + std::to_string(i), report(true));
  directory_.troubles = {{.kind = Kind::unreachable, .reason = "connect"},
                         {.kind = Kind::unreachable, .reason = "connect"}};
  run();
  EXPECT_EQ(directory_.deliveries, 1);
  now_ = with([](store::Transaction& tx) { return lane(tx, kConnection); }).next_probe_at;
  run();
  EXPECT_EQ(directory_.deliveries, 2);
  now_ = with([](store::Transaction& tx) { return lane(tx, kConnection); }).next_probe_at;
  run();
  EXPECT_EQ(directory_.holds.size(), 40u);
  for (int i = 0; i < 40; ++i) EXPECT_EQ(row("subject-" + std::to_string(i)).attempts, 0);
}

TEST_F(Worker, OneBadDeviceDelaysNobody) {
  wish("bad", report(false));
  for (int i = 0; i < 20; ++i) wish("subject-" + std::to_string(i), report(true));
  directory_.troubles = {{.kind = Kind::permanent, .reason = "device_not_found"}};
  run();
  EXPECT_EQ(directory_.order.front(), "bad");
  EXPECT_EQ(directory_.holds.size(), 20u);
  EXPECT_EQ(row("bad").state, State::parked);
}

TEST_F(Worker, ASlowRoadNeverKeepsABatchLongerThanItsLease) {
  for (int i = 0; i < 16; ++i) wish("subject-" + std::to_string(i), report(true));
  Duration longest = seconds{40};  // of one parcel: two calls, each tried twice, ten seconds each
  directory_.on_deliver = [&] { clock_.advance(longest); };
  run();
  EXPECT_EQ(directory_.holds.size(), 1u);
  EXPECT_LT(longest, kLeaseTime);
  EXPECT_EQ(row(directory_.order.front()).state, State::delivered) << "settled in time, by the fence's own word";
  now_ = clock_.now();
  EXPECT_EQ(take(16).size(), 15u) << "what was not begun waits for no lease";
}

TEST_F(Worker, ACrashBetweenSendingAndWritingItDownOnlySendsAgain) {
  wish("a", report(true));
  Leased lost = take().at(0);
  directory_.deliver(lost.parcel, now_);  // and here the process ended
  Version version = directory_.holds.at("a").version;
  run();
  EXPECT_EQ(directory_.deliveries, 1) << "the lease still stands";
  now_ += kLeaseTime;
  run();
  EXPECT_EQ(directory_.deliveries, 2);
  EXPECT_EQ(directory_.holds.at("a").version, version);
  EXPECT_EQ(row("a").state, State::delivered);
}

TEST_F(Worker, TwoWorkersShareTheWorkAndSendNothingTwice) {
  LedgerActor second(*store_, directory_, kConnection, clock_, entropy_, {.worker = 2});
  for (int i = 0; i < 30; ++i) wish("subject-" + std::to_string(i), report(true));
  auto held = take(10);  // a third one is in the middle of ten
  run();
  second.run_once(now_);
  EXPECT_EQ(directory_.deliveries, 20);
  for (const Leased& leased : held) EXPECT_FALSE(directory_.holds.contains(leased.parcel.subject));
}

}  // namespace
}  // namespace wardbridge::ledger
