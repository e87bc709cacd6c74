// The whole span in virtual time: the ledger's workers and the connection at one end, the tenant's own sign-in, Graph
// and partner services at the other. What the ledger desires is what the directory holds.
#include <gtest/gtest.h>

#include <array>

#include "connector/device_compliance/device_compliance.h"
#include "connector/ledger/ledger_actor.h"
#include "protocol/tenant_face.h"
#include "support/empty_store.h"

namespace wardbridge::protocol {
namespace {

using ledger::DeviceReport;

// The tenant behind a bad network: requests may vanish, and answers may vanish after the request was carried out.
class BadNetwork final : public http::Transport {
 public:
  BadNetwork(http::Transport& peer, Entropy& entropy) : peer_(peer), entropy_(entropy) {}
  Result<http::Response> send(const http::OutboundRequest& request, Duration deadline) override {
    if (request.url.find("PartnerTenantHeartbeat") == std::string::npos) ++requests;
    if (trouble_percent > 0 && entropy_.below(100) < trouble_percent) {
      ++lost;
      if (entropy_.below(2) == 0) return unavailable("connect", "no route");
      (void)peer_.send(request, deadline);
      return Failure{.code = Code::timeout, .reason = "timeout", .message = "the answer was lost"};
    }
    return peer_.send(request, deadline);
  }
  std::uint64_t trouble_percent = 0;
  int lost = 0;
  int requests = 0;  // heartbeats aside

 private:
  http::Transport& peer_;
  Entropy& entropy_;
};

class Span : public ::testing::Test {
 protected:
  void SetUp() override {
    store_ = test_support::empty_store();
    std::array<store::Schema, 3> schemas{audit::kSchema, ledger::kSchema, device_compliance::kSchema};
    ASSERT_TRUE(store_->migrate(schemas).ok());
    auto id = store_->write([&](store::Transaction& tx) {
      return device_compliance::create(
          tx,
          {.name = "Contoso",
           .tenant = "contoso.example",
           .client_id = kPartnerApp.value,
           .endpoints = {.login_base = kFace, .graph_base = kFace},
           .pages = {.enrollment_url = "https://mdm.example/enroll", .remediation_url = "https://mdm.example/fix"}},
          kSecret, sealer_, entropy_, {}, clock_.now());
    });
    ASSERT_TRUE(id.ok()) << id.failure().message;
    id_ = *id;
    restart();
  }
  // A new process: nothing survives but the store.
  void restart() {
    keeper_.reset();
    worker_.reset();
    link_.emplace(*store_, network_, entropy_, sealer_, id_);
    keeper_.emplace(*store_, *link_, id_, clock_, entropy_);
    worker_.emplace(*store_, *link_, id_, clock_, entropy_);
  }
  void change(const std::function<void(device_compliance::Settings&)>& edit) {
    Status changed = store_->write([&](store::Transaction& tx) -> Status {
      device_compliance::Settings settings = device_compliance::find(tx, id_)->settings;
      edit(settings);
      return device_compliance::update(tx, id_, settings, std::nullopt, sealer_, entropy_, {}, clock_.now());
    });
    ASSERT_TRUE(changed.ok()) << changed.failure().message;
  }
  device_compliance::Connection connection() {
    return store_
        ->read([&](store::Transaction& tx) -> Result<device_compliance::Connection> {
          return *device_compliance::find(tx, id_);
        })
        .value();
  }
  void wish(const std::string& device, bool compliant, const std::string& reason = "because") {
    DeviceReport report{.device_id = device,
                        .user_id = kUser,
                        .user_principal_name = "ada@contoso.example",
                        .device_name = "Ada's Mac",
                        .os = "macOS",
                        .os_version = "14.5",
                        .management = DeviceReport::Management::managed,
                        .verdict = compliant ? DeviceReport::Verdict::compliant : DeviceReport::Verdict::not_compliant,
                        .last_check_in = clock_.now(),
                        .valid_until = clock_.now() + hours{12},
                        .reason = reason};
    Status status = store_->write([&](store::Transaction& tx) -> Status {
      ledger::desire(tx,
                     {.connection_id = id_,
                      .subject = device,
                      .report = report,
                      .check_in_at = clock_.now(),
                      .verdict_at = clock_.now()},
                     clock_.now());
      return done();
    });
    ASSERT_TRUE(status.ok());
  }
  void run(Duration span) {
    for (Time end = clock_.now() + span; clock_.now() <= end; clock_.advance(seconds{1})) {
      keeper_->run_once(clock_.now());
      worker_->run_once(clock_.now());
    }
  }
  ledger::Delivery delivery(const std::string& subject) {
    return store_
        ->read([&](store::Transaction& tx) -> Result<ledger::Delivery> { return *ledger::find(tx, id_, subject); })
        .value();
  }

  ManualClock clock_{from_unix_milliseconds(1'800'000'000'000)};
  SeededEntropy entropy_{3};
  crypto::Sealer sealer_{std::string(32, 'm')};
  TenantFace face_{clock_};
  BadNetwork network_{face_, entropy_};
  std::unique_ptr<store::Store> store_;
  ledger::ConnectionId id_;
  std::optional<device_compliance::Link> link_;
  std::optional<device_compliance::Keeper> keeper_;
  std::optional<ledger::LedgerActor> worker_;
};

TEST_F(Span, AVerdictArrivesWithItsReasonAndItsEnd) {
  wish(kDevice, true, "all criteria are met");
  run(seconds{1});
  EXPECT_EQ(face_.partner_state(), intune::PartnerState::enabled);
  auto compliance = face_.device(kDevice)->compliance;
  ASSERT_TRUE(compliance);
  EXPECT_TRUE(face_.device(kDevice)->is_compliant_at(clock_.now()));
  EXPECT_EQ(compliance->reason, "all criteria are met");
  EXPECT_EQ(compliance->expiration, delivery(kDevice).report.valid_until);
  EXPECT_EQ(compliance->sequence, delivery(kDevice).desired.sequence);
  EXPECT_EQ(delivery(kDevice).state, ledger::State::delivered);
  wish(kDevice, false, "FileVault is off");
  run(seconds{1});
  EXPECT_FALSE(face_.device(kDevice)->is_compliant_at(clock_.now()));
  EXPECT_EQ(face_.device(kDevice)->compliance->reason, "FileVault is off");
}

TEST_F(Span, AVerdictCostsAtMostThreeRequestsAndQuietCostsNone) {
  wish(kDevice, true);
  run(seconds{5});
  // Over hours, so that tokens and addresses end and are fetched again in between.
  network_.requests = 0;
  constexpr int kChanges = 240;
  for (int change = 0; change < kChanges; ++change) {
    wish(kDevice, change % 2 == 1);
    run(seconds{2});
    clock_.advance(seconds{58});
  }
  EXPECT_EQ(delivery(kDevice).state, ledger::State::delivered);
  EXPECT_GE(network_.requests, kChanges);
  EXPECT_LE(network_.requests, 3 * kChanges);
  clock_.advance(hours{2});
  wish(kDevice, true);
  run(seconds{5});  // with tokens of an hour
  network_.requests = 0;
  run(minutes{40});
  EXPECT_EQ(network_.requests, 0);
}

TEST_F(Span, TheTenantHasOnePolicyHoweverOftenTheConnectionIsSetUp) {
  run(seconds{1});
  ASSERT_EQ(face_.policies().size(), 1u);
  EXPECT_EQ(face_.policies()[0].platform, "macOS");
  EXPECT_TRUE(face_.policies()[0].assigned_groups.empty());
  EXPECT_EQ(device_compliance::policy_state(connection()), device_compliance::PolicyState::created);
  const std::string id = face_.policies()[0].id;
  change([](auto& settings) { settings.group_ids = {kGroup}; });
  run(seconds{1});
  restart();
  change([](auto& settings) { settings.name = "Contoso again"; });
  network_.trouble_percent = 50;
  run(minutes{10});
  network_.trouble_percent = 0;
  run(minutes{20});
  ASSERT_EQ(face_.policies().size(), 1u);
  EXPECT_EQ(face_.policies()[0].assigned_groups, std::vector<std::string>{kGroup});
  EXPECT_EQ(connection().policy.id, id);
  EXPECT_EQ(device_compliance::policy_state(connection()), device_compliance::PolicyState::assigned);
}

TEST_F(Span, AGroupThatTheTenantDoesNotHaveIsNamedInTheState) {
  change([](auto& settings) { settings.group_ids = {kUser}; });
  run(seconds{1});
  EXPECT_EQ(device_compliance::policy_state(connection()), device_compliance::PolicyState::failed);
  EXPECT_NE(connection().policy.error_message.find(kUser), std::string::npos) << connection().policy.error_message;
}

TEST_F(Span, AnApplicationThatMayNotManagePoliciesStillSpeaksForItsDevices) {
  change([](auto& settings) { settings.client_id = kVerdictsOnlyApp.value; });
  wish(kDevice, true);
  run(seconds{1});
  EXPECT_TRUE(face_.device(kDevice)->is_compliant_at(clock_.now()));
  EXPECT_EQ(connection().state, device_compliance::State::active);
  EXPECT_EQ(device_compliance::policy_state(connection()), device_compliance::PolicyState::failed);
  EXPECT_NE(connection().policy.error_message.find("manage_partner_compliance_policy"), std::string::npos)
      << connection().policy.error_message;
}

TEST_F(Span, ADeviceThatIsNotRegisteredIsParkedWithTheReason) {
  std::string stranger = "33333333-0000-4000-8000-000000000003";
  wish(stranger, true);
  wish(kDevice, true);
  run(seconds{1});
  EXPECT_EQ(delivery(stranger).state, ledger::State::parked);
  EXPECT_EQ(delivery(stranger).failure_reason, "device_not_found");
  EXPECT_EQ(delivery(kDevice).state, ledger::State::delivered);
}

TEST_F(Span, ThroughLossRepetitionAndRestartsTheDirectoryEndsUpEqualAndNeverGoesBack) {
  run(seconds{1});
  network_.trouble_percent = 30;
  std::int64_t highest = 0;
  for (int i = 0; i < 60; ++i) {
    wish(kDevice, entropy_.below(2) == 0, std::to_string(i));
    wish(kOtherDevice, entropy_.below(2) == 0, std::to_string(i));
    run(seconds{7});
    if (i % 10 == 9) restart();
    if (auto compliance = face_.device(kDevice)->compliance) {
      ASSERT_GE(compliance->sequence, highest);
      highest = compliance->sequence;
    }
  }
  EXPECT_GT(network_.lost, 20) << "the network was not bad enough to show anything";
  network_.trouble_percent = 0;
  run(minutes{10});
  for (const std::string& device : {kDevice, kOtherDevice}) {
    EXPECT_EQ(delivery(device).state, ledger::State::delivered);
    EXPECT_EQ(face_.device(device)->compliance->reason, "59");
    EXPECT_EQ(face_.device(device)->compliance->sequence, delivery(device).desired.sequence);
  }
}

TEST_F(Span, ADisabledConnectionLeavesNoCompliantDeviceBehind) {
  wish(kDevice, true);
  run(seconds{1});
  ASSERT_TRUE(face_.device(kDevice)->is_compliant_at(clock_.now()));
  ASSERT_TRUE(
      store_->write([&](store::Transaction& tx) { return device_compliance::disable(tx, id_, {}, clock_.now()); })
          .ok());
  network_.trouble_percent = 50;
  run(minutes{1});
  network_.trouble_percent = 0;
  run(minutes{15});
  EXPECT_EQ(face_.partner_state(), intune::PartnerState::terminated);
  EXPECT_FALSE(face_.device(kDevice)->compliance->is_managed);
  EXPECT_FALSE(face_.device(kDevice)->is_compliant_at(clock_.now()));
}

TEST_F(Span, TheConnectionTestPassesAgainstOurOwnTenant) {
  for (const auto& step : device_compliance::test_connection(*link_->road(clock_.now()).value().client, clock_.now())) {
    EXPECT_TRUE(step.works) << step.name << ": " << step.message;
  }
}

}  // namespace
}  // namespace wardbridge::protocol
