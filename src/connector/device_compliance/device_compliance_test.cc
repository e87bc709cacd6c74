#include "connector/device_compliance/device_compliance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "connector/ledger/ledger_actor.h"
#include "support/empty_store.h"

namespace wardbridge::device_compliance {
namespace {

using ::testing::HasSubstr;

constexpr const char* kGroup = "55555555-0000-4000-8000-000000000005";
constexpr const char* kTenant = "0f7c6f1a-5a57-4c1e-9c5f-2f9a0c1d2e3f";

// The far end, as short as it can be: every answer is right unless the test says which status it wants.
class FarEnd {
 public:
  FarEnd() {
    answer("POST", "/{tenant}/oauth2/v2.0/token", token_status,
           [](const http::Request&) { return R"({"expires_in":3599,"access_token":"a.b.c"})"; });
    answer("GET", "/v1.0/servicePrincipals", graph_status,
           [](const http::Request&) { return R"({"value":[{"id":"sp"}]})"; });
    answer("GET", "/v1.0/servicePrincipals/{id}/endpoints", graph_status, [](const http::Request&) {
      return R"({"value":[{"providerName":"PartnerTenantDataSyncService","uri":"https://far.example/t"},
                          {"providerName":"PartnerDeviceDataSyncService","uri":"https://far.example/d"}]})";
    });
    answer("PUT", "/t/PartnerTenants(guid'{tenant}')", provision_status, [this](const http::Request& request) {
      provisioned = json::parse(request.body)->at("Provisioned").as_int64();
      calls.push_back("provision " + std::to_string(provisioned));
      return R"({"WardbridgeExtensions":)" + extensions + R"(,"Provisioned":)" + std::to_string(provisioned) + "}";
    });
    answer("PUT", "/t/PartnerTenantHeartbeat(guid'{tenant}')", heartbeat_status, [this](const http::Request&) {
      calls.push_back("heartbeat");
      return R"({"ResyncTimestamp":)" + resync + "}";
    });
    answer("POST", "/t/PartnerCompliancePolicies", policy_status, [this](const http::Request&) {
      calls.push_back("policy");
      return R"({"Id":"policy-1"})";
    });
    answer("GET", "/t/PartnerCompliancePolicies", policy_status,
           [](const http::Request&) { return R"({"value":[{"Id":"policy-1","Platform":"macOS"}]})"; });
    answer("POST", "/t/PartnerCompliancePolicies(guid'policy-1')/Assign", policy_status,
           [this](const http::Request& request) {
             calls.push_back("assign " + json::to_text(json::parse(request.body)->at("assignments")));
             return json::to_text(json::Object{{"value", forgets_groups ? R"({"assignments":[]})" : request.body}});
           });
    answer("PUT", "/d/DataUploadMessages(guid'{id}')", upload_status, [this](const http::Request& request) {
      uploads.push_back(json::parse(json::parse(request.body)->at("Content").as_string()).value());
      calls.push_back("upload");
      return R"({"ErrorCode":202})";
    });
    answer("GET", "/d/DataUploadMessages(guid'{id}')", poll_status,
           [](const http::Request&) { return R"({"Status":"Completed"})"; });
    transport.attach("https://far.example:443", router);
  }

  int token_status = 200, graph_status = 200, provision_status = 200, heartbeat_status = 200, policy_status = 200,
      upload_status = 200, poll_status = 200;
  bool forgets_groups = false;
  std::int64_t provisioned = 0;
  std::string extensions = "[]";
  std::string resync = "null";
  std::vector<json::Value> uploads;
  std::vector<std::string> calls;
  http::InProcessTransport transport;

 private:
  void answer(const char* method, const char* pattern, const int& status,
              std::function<std::string(const http::Request&)> body) {
    router.add(method, pattern, [&status, body](const http::Request& request) {
      if (status == 200) return http::text_response(200, body(request), "application/json");
      return http::text_response(status, status == 401 ? R"({"error":"invalid_client"})" : "{}", "application/json");
    });
  }
  http::Router router;
};

class DeviceCompliance : public ::testing::Test {
 protected:
  void SetUp() override {
    store_ = test_support::empty_store();
    std::array<store::Schema, 3> schemas{audit::kSchema, ledger::kSchema, kSchema};
    ASSERT_TRUE(store_->migrate(schemas).ok());
    Result<ConnectionId> id = store_->write(
        [&](store::Transaction& tx) { return create(tx, settings(), "secret", sealer_, entropy_, person_, now()); });
    ASSERT_TRUE(id.ok()) << id.failure().message;
    id_ = *id;
    link_.emplace(*store_, far_end_.transport, entropy_, sealer_, id_);
    keeper_.emplace(*store_, *link_, id_, clock_, entropy_);
    worker_.emplace(*store_, *link_, id_, clock_, entropy_);
  }

  static Settings settings() {
    return {.name = "Contoso",
            .tenant = kTenant,
            .client_id = "6d1f2a3b-0000-4000-8000-000000000001",
            .endpoints = {.login_base = "https://far.example", .graph_base = "https://far.example"},
            .pages = {.enrollment_url = "https://mdm.example/enroll", .remediation_url = "https://mdm.example/fix"}};
  }
  void change_settings(const Settings& wanted) {
    Status updated = change([&](store::Transaction& tx) {
      return update(tx, id_, wanted, std::nullopt, sealer_, entropy_, person_, now());
    });
    ASSERT_TRUE(updated.ok()) << updated.failure().message;
  }
  void change_groups(std::vector<std::string> group_ids) {
    Settings wanted = settings();
    wanted.group_ids = std::move(group_ids);
    change_settings(wanted);
  }
  Time now() const { return clock_.now(); }
  Connection connection() {
    return store_->read([&](store::Transaction& tx) -> Result<Connection> { return *find(tx, id_); }).value();
  }
  ledger::Lane lane() {
    return store_->read([&](store::Transaction& tx) -> Result<ledger::Lane> { return ledger::lane(tx, id_); }).value();
  }
  ledger::Delivery delivery(const std::string& subject) {
    return store_
        ->read([&](store::Transaction& tx) -> Result<ledger::Delivery> { return *ledger::find(tx, id_, subject); })
        .value();
  }
  void wish(const std::string& subject, Duration validity = hours{1}) {
    ASSERT_TRUE(store_
                    ->write([&](store::Transaction& tx) -> Status {
                      ledger::DeviceReport report{.device_id = "d-" + subject,
                                                  .management = ledger::DeviceReport::Management::managed,
                                                  .verdict = ledger::DeviceReport::Verdict::compliant,
                                                  .last_check_in = now(),
                                                  .valid_until = now() + validity,
                                                  .reason = "all is well"};
                      ledger::desire(tx, {.connection_id = id_, .subject = subject, .report = report}, now());
                      return done();
                    })
                    .ok());
  }
  Status change(const std::function<Status(store::Transaction&)>& body) { return store_->write(body); }
  void keep() { keeper_->run_once(now()); }
  void work() { worker_->run_once(now()); }

  ManualClock clock_{from_unix_seconds(1'800'000'000)};
  SeededEntropy entropy_{1};
  crypto::Sealer sealer_{std::string(32, 'k')};
  audit::Actor person_{.kind = audit::Actor::Kind::user, .id = "1", .name = "ada", .address = ""};
  std::unique_ptr<store::Store> store_;
  FarEnd far_end_;
  ConnectionId id_;
  std::optional<Link> link_;
  std::optional<Keeper> keeper_;
  std::optional<ledger::LedgerActor> worker_;
};

TEST_F(DeviceCompliance, BecomesActiveAndBeatsAtItsInterval) {
  EXPECT_EQ(connection().state, State::created);
  keep();
  EXPECT_EQ(connection().state, State::active);
  EXPECT_EQ(far_end_.calls, (std::vector<std::string>{"provision 1", "heartbeat", "policy"}));
  EXPECT_EQ(connection().last_heartbeat, now());
  clock_.advance(minutes{14});
  keep();
  EXPECT_EQ(far_end_.calls.size(), 3u);
  clock_.advance(minutes{1});
  keep();
  EXPECT_EQ(far_end_.calls.size(), 4u);
}

TEST_F(DeviceCompliance, LeavesTheAssignmentToTheTenantUnlessItIsToldGroups) {
  keep();
  EXPECT_EQ(policy_state(connection()), PolicyState::created);
  far_end_.calls.clear();
  change_groups({kGroup});
  EXPECT_EQ(policy_state(connection()), PolicyState::pending);
  keep();
  EXPECT_EQ(policy_state(connection()), PolicyState::assigned);
  change_groups({});
  keep();
  EXPECT_EQ(policy_state(connection()), PolicyState::created) << "ours was taken back";
  change_groups({});
  keep();
  std::erase_if(far_end_.calls, [](const std::string& call) { return !call.starts_with("assign"); });
  EXPECT_EQ(far_end_.calls, (std::vector<std::string>{std::string(R"(assign [")") + kGroup + R"("])", "assign []"}));
}

TEST_F(DeviceCompliance, APolicyThatCannotBeMadeIsShownAndDoesNotStopVerdicts) {
  far_end_.policy_status = 403;
  keep();
  EXPECT_EQ(connection().state, State::active);
  EXPECT_EQ(policy_state(connection()), PolicyState::failed);
  EXPECT_THAT(connection().policy.error_message, HasSubstr("403"));
  wish("a");
  work();
  EXPECT_EQ(delivery("a").state, ledger::State::delivered);
  far_end_.policy_status = 200;
  clock_.advance(minutes{15});
  keep();
  EXPECT_EQ(policy_state(connection()), PolicyState::created);
  EXPECT_EQ(connection().policy.error_message, "");
}

TEST_F(DeviceCompliance, APolicyWaitsAMinuteForAServiceThatIsDown) {
  far_end_.policy_status = 500;
  keep();
  EXPECT_EQ(policy_state(connection()), PolicyState::failed);
  far_end_.policy_status = 200;
  clock_.advance(minutes{1});
  keep();
  EXPECT_EQ(policy_state(connection()), PolicyState::created);
}

TEST_F(DeviceCompliance, AnAssignmentThatTheServiceDidNotMakeIsNoAssignment) {
  far_end_.forgets_groups = true;
  change_groups({kGroup});
  keep();
  EXPECT_EQ(policy_state(connection()), PolicyState::failed);
  EXPECT_EQ(connection().policy.error_reason, "group_not_assigned");
}

TEST_F(DeviceCompliance, NothingIsTakenBackFromATenantThatWasGivenNothing) {
  change_groups({kGroup});
  keep();
  far_end_.calls.clear();
  Settings elsewhere = settings();
  elsewhere.tenant = "0f7c6f1a-5a57-4c1e-9c5f-2f9a0c1d2e40";
  change_settings(elsewhere);
  keep();
  EXPECT_EQ(far_end_.calls, (std::vector<std::string>{"provision 1", "heartbeat", "policy"}));
}

TEST_F(DeviceCompliance, DeliversAReport) {
  keep();
  wish("a");
  work();
  ASSERT_EQ(far_end_.uploads.size(), 1u);
  EXPECT_EQ(far_end_.uploads[0].at(1).at("complianceStatus"), "compliant");
  EXPECT_FALSE(far_end_.uploads[0].at(1).as_object().contains("WardbridgeReason"));
  EXPECT_EQ(delivery("a").state, ledger::State::delivered);
}

TEST_F(DeviceCompliance, UsesTheExtensionsThatTheServiceAnnounced) {
  far_end_.extensions = R"(["complianceReason","complianceValidUntil","version"])";
  keep();
  // A new process knows them from the store.
  link_.emplace(*store_, far_end_.transport, entropy_, sealer_, id_);
  wish("a");
  work();
  ASSERT_EQ(far_end_.uploads.size(), 1u);
  EXPECT_EQ(far_end_.uploads[0].at(1).at("WardbridgeReason"), "all is well");
  EXPECT_EQ(far_end_.uploads[0].at(1).at("WardbridgeEpoch"), 1);
}

TEST_F(DeviceCompliance, AVerdictThatExpiredOnTheWayGoesOutAsNotCompliant) {
  keep();
  wish("a", minutes{5});
  clock_.advance(minutes{5});
  work();
  ASSERT_EQ(far_end_.uploads.size(), 1u);
  EXPECT_EQ(far_end_.uploads[0].at(1).at("complianceStatus"), "notCompliant");
}

TEST_F(DeviceCompliance, StampsOfOneSubjectOnlyGrow) {
  keep();
  std::string last;
  for (int i = 0; i < 5; ++i) {
    wish("a", hours{i + 1});
    work();
    if (i == 2) clock_.advance(-seconds{30});
    std::string stamp(far_end_.uploads.back().at(0).at("LastUpdateTime").as_string());
    EXPECT_GT(stamp, last);
    last = stamp;
  }
}

TEST_F(DeviceCompliance, RefusedCredentialsAreShownAndANewSecretHelpsAtOnce) {
  far_end_.token_status = 401;
  wish("a");
  keep();
  EXPECT_EQ(connection().state, State::credentials);
  EXPECT_EQ(connection().error_reason, "invalid_client");
  EXPECT_EQ(lane().health, ledger::Lane::Health::credentials);
  work();
  EXPECT_TRUE(far_end_.uploads.empty());
  EXPECT_EQ(delivery("a").attempts, 0);
  far_end_.token_status = 200;
  keep();
  EXPECT_EQ(connection().state, State::credentials) << "not before its time";
  ASSERT_TRUE(change([&](store::Transaction& tx) {
                return update(tx, id_, settings(), "new secret", sealer_, entropy_, person_, now());
              }).ok());
  keep();
  work();
  EXPECT_EQ(connection().state, State::active);
  EXPECT_EQ(far_end_.uploads.size(), 1u);
}

TEST_F(DeviceCompliance, AMissingPermissionIsToldApartAndHealsByItself) {
  far_end_.provision_status = 403;
  keep();
  EXPECT_EQ(connection().state, State::permission);
  far_end_.provision_status = 200;
  clock_.advance(minutes{2});
  keep();
  EXPECT_EQ(connection().state, State::active);
  EXPECT_EQ(connection().error_reason, "");
}

TEST_F(DeviceCompliance, AServiceThatIsDownLeavesTheConnectionActive) {
  keep();
  far_end_.heartbeat_status = 500;
  clock_.advance(minutes{15});
  keep();
  EXPECT_EQ(connection().state, State::active);
  EXPECT_EQ(connection().error_reason, "service_error");
  EXPECT_GT(connection().next_run_at, now());
  EXPECT_LE(connection().next_run_at, now() + minutes{6});
}

TEST_F(DeviceCompliance, RetractsEverythingBeforeItSaysGoodbye) {
  keep();
  wish("a");
  wish("b");
  work();
  far_end_.calls.clear();
  ASSERT_TRUE(change([&](store::Transaction& tx) { return disable(tx, id_, person_, now()); }).ok());
  keep();
  EXPECT_EQ(connection().state, State::terminating);
  EXPECT_TRUE(far_end_.calls.empty()) << "nothing is acknowledged yet";
  work();
  clock_.advance(seconds{1});
  keep();
  EXPECT_EQ(far_end_.calls, (std::vector<std::string>{"upload", "upload", "provision 2"}));
  for (std::size_t i : {2u, 3u}) {
    EXPECT_EQ(far_end_.uploads.at(i).at(0).at("DeviceManagementState"), "notManaged");
    EXPECT_EQ(far_end_.uploads.at(i).at(1).at("complianceStatus"), "notCompliant");
  }
  EXPECT_EQ(connection().state, State::terminated);
  EXPECT_EQ(lane().purpose, ledger::Lane::Purpose::closed);
  EXPECT_TRUE(store_
                  ->read([&](store::Transaction& tx) -> Result<std::vector<ledger::Delivery>> {
                    return ledger::list(tx, id_, "", 10);
                  })
                  ->empty());
}

TEST_F(DeviceCompliance, GoodbyeWaitsWhileARetractionCannotPass) {
  keep();
  wish("a");
  work();
  far_end_.upload_status = 500;
  ASSERT_TRUE(change([&](store::Transaction& tx) { return disable(tx, id_, person_, now()); }).ok());
  for (int i = 0; i < 20; ++i) {
    work();
    keep();
    clock_.advance(seconds{10});
  }
  EXPECT_EQ(far_end_.provisioned, 1);
  EXPECT_EQ(connection().state, State::terminating);
  far_end_.upload_status = 200;
  clock_.advance(minutes{5});
  work();
  keep();
  EXPECT_EQ(far_end_.provisioned, 2);
}

TEST_F(DeviceCompliance, OnlyATerminatedConnectionCanBeRemovedAndItCanComeBack) {
  auto removed = [&] { return change([&](store::Transaction& tx) { return remove(tx, id_, person_, now()); }); };
  EXPECT_EQ(removed().failure().reason, "not_terminated");
  ASSERT_TRUE(change([&](store::Transaction& tx) { return disable(tx, id_, person_, now()); }).ok());
  keep();
  ASSERT_EQ(connection().state, State::terminated);
  ASSERT_TRUE(change([&](store::Transaction& tx) { return enable(tx, id_, person_, now()); }).ok());
  keep();
  EXPECT_EQ(connection().state, State::active);
  wish("a");
  work();
  EXPECT_EQ(delivery("a").state, ledger::State::delivered);
  ASSERT_TRUE(change([&](store::Transaction& tx) { return disable(tx, id_, person_, now()); }).ok());
  keep();
  work();
  clock_.advance(seconds{1});
  keep();
  EXPECT_TRUE(removed().ok());
}

TEST_F(DeviceCompliance, AServiceMayAskForEverythingAgainOnce) {
  keep();
  wish("a");
  work();
  far_end_.resync = R"("2027-01-15T08:00:00Z")";
  for (int i = 0; i < 3; ++i) {
    clock_.advance(minutes{15});
    keep();
    work();
  }
  EXPECT_EQ(far_end_.uploads.size(), 2u);
}

TEST_F(DeviceCompliance, BadSettingsAreNamed) {
  auto where = [&](auto spoil) {
    Settings spoilt = settings();
    spoil(spoilt);
    return store_
        ->write([&](store::Transaction& tx) { return create(tx, spoilt, "secret", sealer_, entropy_, person_, now()); })
        .failure()
        .where;
  };
  EXPECT_EQ(where([](Settings& s) { s.name = " "; }), "name");
  EXPECT_EQ(where([](Settings& s) { s.tenant = "a/b"; }), "tenant");
  EXPECT_EQ(where([](Settings& s) { s.client_id = "jamf"; }), "clientId");
  EXPECT_EQ(where([](Settings& s) { s.pages.enrollment_url = "http://mdm.example"; }), "enrollmentUrl");
  EXPECT_EQ(where([](Settings& s) { s.heartbeat_interval = seconds{1}; }), "heartbeatInterval");
  EXPECT_EQ(where([](Settings& s) { s.group_ids = {"Mac users"}; }), "groupIds");
}

TEST_F(DeviceCompliance, TheTestSaysHowFarItGot) {
  auto steps = [&] { return test_connection(*link_->road(now()).value().client, now()); };
  auto good = steps();
  ASSERT_EQ(good.size(), 4u);
  for (const Step& step : good) EXPECT_TRUE(step.works) << step.name << ": " << step.message;
  link_.emplace(*store_, far_end_.transport, entropy_, sealer_, id_);
  far_end_.graph_status = 403;
  auto bad = steps();
  ASSERT_EQ(bad.size(), 2u);
  EXPECT_TRUE(bad[0].works);
  EXPECT_FALSE(bad[1].works);
  EXPECT_THAT(bad[1].message, HasSubstr("403"));
}

}  // namespace
}  // namespace wardbridge::device_compliance
