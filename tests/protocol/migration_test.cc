// Changing connections from end to end, over the wire: the management side with its real rooms, a Cloud Connector, and
// the tenant, where what is believed of each Mac is watched at every second.
#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "protocol/migration_world.h"
#include "support/postgres_cluster.h"

namespace wardbridge::protocol {
namespace {

using connector_tests::kConnectorApp;
using connector_tests::kContoso;
using ::testing::HasSubstr;

class Migration : public MigrationWorld {
 protected:
  using MigrationWorld::MigrationWorld;
  // Told by the manual connection, with a Mac that is compliant and one that is not.
  void begin_manually() {
    manual_ = connect_manually();
    tell_by(manual_);
    good_ = add_mac("good", true);
    bad_ = add_mac("bad", false);
    settle();
    ASSERT_TRUE(is_trusted(good_));
    ASSERT_EQ(owner(good_), kManualPartner.value);
    trusted_ = {good_};
    untrusted_ = {bad_};
  }
  void start_to(const std::string& connection, const json::Object& groups = {}) {
    json::Object body = groups;
    body["connectionId"] = connection;
    Answer started = migration("", body);
    ASSERT_EQ(started.status, 201) << started.text;
    settle();
  }
  void expect_step(const Answer& answer, const std::string& phase) {
    ASSERT_EQ(answer.status, 200) << answer.text;
    EXPECT_EQ(answer.at("phase"), phase) << answer.text;
  }
  Answer status() { return api("GET", "/api/v1/wardbridge/migration"); }
  Answer report() { return api("GET", "/api/v1/wardbridge/migration/report"); }
  void move_to(const std::string& connection, const std::string& partner) {
    start_to(connection);
    expect_step(migration("/cut-over"), "cutOver");
    pass(seconds{20});
    EXPECT_EQ(owner(good_), partner) << status().text;
    EXPECT_EQ(owner(bad_), partner);
    // Verdicts go on travelling.
    untrusted_.erase(bad_);
    trusted_.erase(good_);
    check_in(bad_, true);
    check_in(good_, false);
    settle();
    EXPECT_TRUE(is_trusted(bad_));
    EXPECT_FALSE(is_trusted(good_));
    std::swap(good_, bad_);
    trusted_.insert(good_);
    untrusted_.insert(bad_);
  }

  std::string manual_, good_, bad_;
};

TEST_F(Migration, ARoundThroughAllConnectionsLosesNoVerdictAndRegistersNothingAgain) {
  begin_manually();
  std::string cloud = connect_by_cloud_connector();
  move_to(cloud, kConnectorApp.value);
  EXPECT_EQ(tenants_.device_partner_state(kContoso), "terminated");
  expect_step(migration("/finish"), "finished");
  EXPECT_EQ(lane_of(manual_), "closed");

  // Back: the manual connection is turned on again, and rehearses.
  ASSERT_EQ(api("PUT", "/api/v1/wardbridge/conditional-access", json::Object{{"enabled", true}}).status, 200);
  settle();
  move_to(manual_, kManualPartner.value);
  EXPECT_EQ(tenants_.partner_state(kContoso), "terminated");
  expect_step(migration("/finish"), "finished");

  std::string own = connect_with_own_partner();
  move_to(own, kCompliancePartner.value);
  EXPECT_EQ(tenants_.device_partner_state(kContoso), "terminated");
  expect_step(migration("/finish"), "finished");
  EXPECT_EQ(lane_of(own), "open");
}

TEST_F(Migration, TheRehearsalFindsExactlyTheDevicesThatDifferAndSendsNothing) {
  begin_manually();
  std::string other = add_mac("other", true);
  settle();
  std::string cloud = connect_by_cloud_connector();
  // Only `good` stays compliant; `bad` is judged by its disk as before; and there is a group for good and bad alone.
  std::string strict =
      create_group("Strict", {{"FileVault 2 Status", "All Partitions Encrypted"}, {"Computer Name", "good"}});
  settle();
  Answer started = migration("", {{"connectionId", cloud}, {"complianceGroupId", strict}});
  ASSERT_EQ(started.status, 201) << started.text;
  EXPECT_EQ(started.at("complete"), "false");
  EXPECT_THAT(started.at("message"), HasSubstr("3 Macs wait to be judged"));
  EXPECT_EQ(migration("/cut-over").at("errors.0.code"), "REPORT_INCOMPLETE");
  settle();
  Answer found = report();
  EXPECT_EQ(found.at("complete"), "true") << found.text;
  EXPECT_EQ(found.at("totalCount"), "1");
  EXPECT_EQ(found.at("totals.sameCompliant"), "1");
  EXPECT_EQ(found.at("totals.sameNotCompliant"), "1");
  EXPECT_EQ(found.at("results.0.deviceId"), other);
  EXPECT_EQ(found.at("results.0.kind"), "becomesNotCompliant");
  EXPECT_EQ(found.at("results.0.told.verdict"), "COMPLIANT");
  EXPECT_EQ(found.at("results.0.told.acknowledgedCompliant"), "true");
  EXPECT_EQ(found.at("results.0.rehearsed.verdict"), "NON_COMPLIANT");
  EXPECT_THAT(found.at("results.0.rehearsed.reason"), HasSubstr("Computer Name"));
  EXPECT_TRUE(is_trusted(other));
  EXPECT_EQ(owner(other), kManualPartner.value);
  Answer chain = api("GET", "/api/v1/wardbridge/computers/Mac%20other/chain");
  EXPECT_EQ(chain.at("registrations.0.complianceState"), "COMPLIANT") << chain.text;
  EXPECT_EQ(chain.at("registrations.0.rehearsal.verdict"), "NON_COMPLIANT");
  EXPECT_EQ(chain.at("registrations.0.rehearsal.connection"), "By the Cloud Connector");
  EXPECT_EQ(migration("/cut-over").at("errors.0.code"), "VERDICTS_DIFFER");
  // Both roads follow a check-in.
  check_in(other, false);
  settle();
  EXPECT_EQ(report().at("totalCount"), "0");
  check_in(other, true);
  settle();
  expect_step(migration("/cut-over", {{"acceptDifferences", true}}), "cutOver");
  pass(seconds{20});
  EXPECT_FALSE(is_trusted(other)) << status().text;
  EXPECT_EQ(state_of(other), "NON_COMPLIANT");
  EXPECT_EQ(status().at("acceptedDifferences"), "1");
  expect_step(migration("/roll-back"), "rolledBack");
  pass(seconds{20});
  EXPECT_TRUE(is_trusted(other));
  EXPECT_EQ(state_of(other), "COMPLIANT");
  EXPECT_EQ(owner(other), kManualPartner.value);
}

TEST_F(Migration, WhatOnlyTheConnectionBeforeKnewIsRetractedAndComesBackWithIt) {
  begin_manually();
  std::string other = add_mac("other", true);
  settle();
  std::string cloud = connect_by_cloud_connector();
  std::string few = create_group("Few", {{"Computer Name", "good"}});
  settle();
  start_to(cloud, {{"applicableGroupId", few}});
  EXPECT_EQ(report().at("totals.toldNoLonger"), "2") << report().text;
  expect_step(migration("/cut-over", {{"acceptDifferences", true}}), "cutOver");
  pass(seconds{20});
  EXPECT_FALSE(is_trusted(other));
  EXPECT_FALSE(tenants_.device(kContoso, other).compliance->is_managed);
  EXPECT_EQ(owner(other), kManualPartner.value) << "nobody else ever spoke of it";
  EXPECT_EQ(owner(good_), kConnectorApp.value);
  EXPECT_EQ(state_of(other), "UNKNOWN");
  expect_step(migration("/roll-back"), "rolledBack");
  pass(seconds{20});
  EXPECT_TRUE(is_trusted(other));
}

TEST_F(Migration, RollBackIsAsShortAsCutOverAndARestartChangesNothingInAnyPhase) {
  begin_manually();
  std::string cloud = connect_by_cloud_connector();
  start_to(cloud);
  restart_management();
  settle();
  EXPECT_EQ(status().at("complete"), "true");
  expect_step(migration("/cut-over"), "cutOver");
  restart_management();
  pass(seconds{20});
  EXPECT_EQ(owner(good_), kConnectorApp.value);
  EXPECT_EQ(status().at("takenOver.acknowledged"), "2") << status().text;
  expect_step(migration("/roll-back"), "rolledBack");
  restart_management();
  pass(seconds{20});
  EXPECT_EQ(owner(good_), kManualPartner.value) << status().text;
  EXPECT_EQ(tenants_.device_partner_state(kContoso), "enabled");
  EXPECT_EQ(tenants_.partner_state(kContoso), "terminated");
  EXPECT_EQ(lane_of(cloud), "closed");
  EXPECT_EQ(migration("/finish").at("errors.0.code"), "NOT_MIGRATING");
  trusted_.clear();
  check_in(good_, false);
  settle();
  EXPECT_FALSE(is_trusted(good_));
}

TEST_F(Migration, GivingUpTheRehearsalLeavesNothingBehind) {
  begin_manually();
  std::string cloud = connect_by_cloud_connector();
  start_to(cloud);
  expect_step(migration("/roll-back"), "abandoned");
  settle();
  EXPECT_EQ(lane_of(cloud), "open");
  EXPECT_EQ(owner(good_), kManualPartner.value);
  EXPECT_EQ(report().at("errors.0.code"), "NOT_MIGRATING");
  start_to(cloud);
  EXPECT_EQ(phase(), "rehearsing");
}

// The tenant does not answer from the moment of the cut-over: verdicts stand there, and go over once it does.
TEST_F(Migration, ATenantThatFailsInTheMiddleOfACutOverIsWaitedFor) {
  begin_manually();
  std::string cloud = connect_by_cloud_connector();
  start_to(cloud);
  tenant_road().meddle = [](const http::OutboundRequest&) { return http::text_response(503, "busy"); };
  expect_step(migration("/cut-over"), "cutOver");
  pass(minutes{10}, seconds{5});
  EXPECT_EQ(owner(good_), kManualPartner.value);
  EXPECT_EQ(status().at("takenOver.ofOtherPartner"), "2") << status().text;
  EXPECT_EQ(status().at("takenOver.parked"), "0");
  EXPECT_EQ(migration("/finish").at("errors.0.code"), "NOT_TAKEN_OVER");
  EXPECT_THAT(status().at("nextStep"), HasSubstr("can't say good-bye"));
  tenant_road().meddle = nullptr;
  pass(minutes{25}, seconds{5});
  EXPECT_EQ(owner(good_), kConnectorApp.value) << status().text;
  EXPECT_EQ(status().at("takenOver.acknowledged"), "2");
  expect_step(migration("/finish"), "finished");
}

// The same, and somebody changes their mind in between.
TEST_F(Migration, ACutOverThatTheTenantNeverHeardOfIsRolledBackAtOnce) {
  begin_manually();
  std::string cloud = connect_by_cloud_connector();
  start_to(cloud);
  tenant_road().meddle = [](const http::OutboundRequest&) { return http::text_response(503, "busy"); };
  expect_step(migration("/cut-over"), "cutOver");
  pass(seconds{30});
  expect_step(migration("/roll-back"), "rolledBack");
  tenant_road().meddle = nullptr;
  pass(minutes{2});
  EXPECT_EQ(owner(good_), kManualPartner.value);
  EXPECT_EQ(tenants_.device_partner_state(kContoso), "enabled");
  trusted_.clear();
  check_in(good_, false);
  settle();
  EXPECT_FALSE(is_trusted(good_));
}

// A second instance keeps the connector's partnership alive, so the partner never leaves; the order decides.
TEST_F(Migration, APartnerThatAnAdministratorPutsFirstTakesOverFromOneThatStays) {
  auto& berlin = add_instance("Berlin");
  connect(berlin, kContoso);
  std::string cloud = connect_by_cloud_connector();
  tell_by(cloud);
  good_ = add_mac("good", true);
  settle();
  ASSERT_EQ(owner(good_), kConnectorApp.value);
  trusted_ = {good_};
  std::string own = connect_with_own_partner();
  start_to(own);
  expect_step(migration("/cut-over"), "cutOver");
  pass(minutes{1});
  EXPECT_EQ(owner(good_), kConnectorApp.value);
  EXPECT_THAT(status().at("nextStep"), HasSubstr("higher priority")) << status().text;
  tenants_.set_priority(kContoso, kCompliancePartner, 1);
  pass(minutes{5}, seconds{5});
  EXPECT_EQ(owner(good_), kCompliancePartner.value) << status().text;
  EXPECT_EQ(tenants_.partner_state(kContoso), "enabled") << "Berlin is still there";
}

// The documents' Cloud Connector is entered where the manual connection was: the tenant has one place for both. The new
// one is rehearsed before it can be active, and takes over once its Application ID is pasted.
TEST_F(Migration, TheCloudConnectorOfTheDocumentsTakesTheOnePlaceOfTheManualConnection) {
  options_.clouds[0].protocol = partner::Protocol::device_partner;
  restart_connector(Database::lost);
  begin_manually();
  std::string cloud = connect_by_cloud_connector(Until::application_id);
  std::string other = add_mac("other", true);
  settle();
  start_to(cloud);
  EXPECT_EQ(report().at("totals.sameCompliant"), "2") << report().text;
  EXPECT_EQ(migration("/cut-over").at("errors.0.code"), "TARGET_NOT_ACTIVE");
  expect_step(migration("/cut-over", {{"evenIfNotActive", true}}), "cutOver");
  pass(seconds{5});
  EXPECT_EQ(tenants_.device_partner_state(kContoso), "terminated");
  EXPECT_THAT(status().at("nextStep"), HasSubstr("Application ID"));
  tenants_.enter_application(kContoso, kConnectorApp);
  confirm(cloud);
  pass(minutes{1});
  EXPECT_EQ(owner(good_), kConnectorApp.value) << status().text;
  EXPECT_EQ(owner(other), kConnectorApp.value);
  EXPECT_EQ(tenants_.listed_inventory(kContoso, good_).value_or(json::Object{}).at("SerialNumber"), "C02000000001");
  // And back, the same way.
  expect_step(migration("/roll-back"), "rolledBack");
  pass(seconds{20});
  tenants_.enter_application(kContoso, kManualPartner);
  pass(minutes{3}, seconds{2});
  EXPECT_EQ(owner(good_), kManualPartner.value) << api("GET", "/api/v1/wardbridge/conditional-access").text;
}

// Somebody enters the new Application ID before the cut-over: the old connection is cut off, and can't retract either.
TEST_F(Migration, ACutOverFromAConnectionThatTheTenantHasCutOffEnds) {
  options_.clouds[0].protocol = partner::Protocol::device_partner;
  restart_connector(Database::lost);
  begin_manually();
  std::string cloud = connect_by_cloud_connector(Until::application_id);
  std::string few = create_group("Few", {{"Computer Name", "good"}});
  settle();
  start_to(cloud, {{"applicableGroupId", few}});
  tenants_.enter_application(kContoso, kConnectorApp);
  confirm(cloud);
  expect_step(migration("/cut-over", {{"acceptDifferences", true}}), "cutOver");
  pass(minutes{3}, seconds{2});
  EXPECT_EQ(owner(good_), kConnectorApp.value);
  EXPECT_EQ(status().at("from.state"), "terminated") << status().text;
  expect_step(migration("/finish"), "finished");
}

// --- Seed 000: the window of 24 hours

TEST_F(Migration, AConnectionThatIsHandedOverLeavesVerdictsToTheOneThatAdoptsThem) {
  begin_manually();
  Answer off =
      api("PUT", "/api/v1/wardbridge/conditional-access", json::Object{{"enabled", false}, {"handOver", true}});
  ASSERT_EQ(off.status, 200) << off.text;
  EXPECT_THAT(off.at("handOver.message"), HasSubstr("adopts 2 Macs as they are"));
  pass(seconds{10});
  EXPECT_EQ(tenants_.device_partner_state(kContoso), "terminated");
  EXPECT_EQ(state_of(good_), "COMPLIANT");
  std::string cloud = connect_by_cloud_connector();
  pass(minutes{30}, seconds{10});
  Answer told = api("PUT", "/api/v1/wardbridge/device-compliance", json::Object{{"connectionId", cloud}});
  ASSERT_EQ(told.status, 200) << told.text;
  EXPECT_EQ(told.at("handOver"), "null");
  settle();
  EXPECT_EQ(owner(good_), kConnectorApp.value);
  EXPECT_EQ(owner(bad_), kConnectorApp.value);
  EXPECT_EQ(lane_of(manual_), "closed");
  // What becomes of the old partner's Macs after three months does not concern these.
  trusted_.clear();
  for (int day = 0; day < 93; ++day) {
    clock_.advance(hours{24});
    check_in(good_, true);
    settle();
  }
  EXPECT_EQ(tenants_.remove_due_devices(kContoso), 0);
  EXPECT_TRUE(is_trusted(good_));
}

TEST_F(Migration, ADenialWithinTheWindowCantBeToldAndIsToldFirstAfterwards) {
  begin_manually();
  ASSERT_EQ(
      api("PUT", "/api/v1/wardbridge/conditional-access", json::Object{{"enabled", false}, {"handOver", true}}).status,
      200);
  settle();
  trusted_.clear();
  check_in(good_, false);
  settle();
  EXPECT_EQ(state_of(good_), "NON_COMPLIANT") << "check-ins are kept and judged";
  EXPECT_TRUE(is_trusted(good_)) << "the tenant has cut us off";
  Answer shown = api("GET", "/api/v1/wardbridge/conditional-access");
  EXPECT_EQ(shown.at("handOver.untoldDenials"), "1") << shown.text;
  std::string cloud = connect_by_cloud_connector();
  ASSERT_EQ(api("PUT", "/api/v1/wardbridge/device-compliance", json::Object{{"connectionId", cloud}}).status, 200);
  settle();
  EXPECT_FALSE(is_trusted(good_));
}

TEST_F(Migration, TheWindowEndsAfterTwentyFourHoursToTheSecond) {
  begin_manually();
  trusted_.clear();
  Time closed = clock_.now();
  ASSERT_EQ(
      api("PUT", "/api/v1/wardbridge/conditional-access", json::Object{{"enabled", false}, {"handOver", true}}).status,
      200);
  settle();
  restart_management();
  clock_.set(closed + hours{5});  // a jump
  check_in(good_, true);
  clock_.set(closed + hours{3});  // and one back
  settle();
  clock_.set(closed + hours{20});
  check_in(good_, true);
  clock_.set(closed + hours{24} - seconds{1});
  EXPECT_EQ(state_of(good_), "COMPLIANT");
  EXPECT_EQ(api("GET", "/api/v1/wardbridge/device-compliance").at("handOver.lapsed"), "false");
  clock_.set(closed + hours{24});
  EXPECT_EQ(state_of(good_), "UNKNOWN") << "to the second, whether or not the heartbeat has come";
  Answer lapsed = api("GET", "/api/v1/wardbridge/device-compliance");
  EXPECT_EQ(lapsed.at("handOver.lapsed"), "true") << lapsed.text;
  EXPECT_FALSE(is_trusted(good_)) << "the tenant's verdict was no longer than a day";
  settle();
  EXPECT_EQ(lane_of(manual_), "closed");
  check_in(good_, true);
  settle();
  EXPECT_EQ(state_of(good_), "UNKNOWN");
  clock_.set(closed + hours{23});
  EXPECT_EQ(state_of(good_), "UNKNOWN") << "what has lapsed stays so";
  clock_.set(closed + hours{25});
  restart_management();
  // Whoever connects later needs no registration either.
  std::string cloud = connect_by_cloud_connector();
  ASSERT_EQ(api("PUT", "/api/v1/wardbridge/device-compliance", json::Object{{"connectionId", cloud}}).status, 200);
  settle();
  EXPECT_EQ(state_of(good_), "COMPLIANT");
  EXPECT_TRUE(is_trusted(good_));
}

TEST_F(Migration, OneSecondBeforeTheEndIsStillInTime) {
  begin_manually();
  trusted_.clear();
  Time closed = clock_.now();
  ASSERT_EQ(
      api("PUT", "/api/v1/wardbridge/conditional-access", json::Object{{"enabled", false}, {"handOver", true}}).status,
      200);
  settle();
  std::string cloud = connect_by_cloud_connector();
  clock_.set(closed + hours{20});
  check_in(good_, true);
  pass(seconds{2});
  clock_.set(closed + hours{24} - seconds{1});
  ASSERT_EQ(api("PUT", "/api/v1/wardbridge/device-compliance", json::Object{{"connectionId", cloud}}).status, 200);
  // Before anything is judged again: adopted.
  json::Value waiting = api("GET", "/api/v1/wardbridge/cloud-connections/" + cloud).body;
  EXPECT_EQ(waiting.at("deliveries").at("pending").as_int64(), 2);
  clock_.set(closed + hours{24} + seconds{1});
  EXPECT_EQ(state_of(good_), "COMPLIANT");
  settle();
  EXPECT_TRUE(is_trusted(good_));
}

TEST_F(Migration, TurningTheSameConnectionOnAgainClosesTheWindow) {
  begin_manually();
  ASSERT_EQ(
      api("PUT", "/api/v1/wardbridge/conditional-access", json::Object{{"enabled", false}, {"handOver", true}}).status,
      200);
  settle();
  Answer on = api("PUT", "/api/v1/wardbridge/conditional-access", json::Object{{"enabled", true}});
  ASSERT_EQ(on.status, 200) << on.text;
  EXPECT_EQ(on.at("handOver"), "null");
  pass(seconds{5});
  trusted_.clear();
  check_in(good_, false);
  settle();
  EXPECT_FALSE(is_trusted(good_));
}

// Lanes that are swapped send everything, so what waits for a person's word stops that.
TEST_F(Migration, VerdictsThatWaitForSomebodysWordDontTravelByTheBackDoor) {
  manual_ = connect_manually();
  tell_by(manual_);
  std::vector<std::string> macs;
  for (int i = 0; i < 12; ++i) macs.push_back(add_mac(std::to_string(i), true));
  pass(seconds{5});
  std::string cloud = connect_by_cloud_connector();
  start_to(cloud);
  std::string compliant = api("GET", "/api/v1/wardbridge/device-compliance").at("complianceGroupId");
  Answer edited = api("PUT", "/api/v3/computer-groups/smart-groups/" + compliant,
                      json::Object{{"name", "Encrypted"},
                                   {"criteria", json::Array{json::Object{{"name", "Computer Name"},
                                                                         {"priority", 0},
                                                                         {"andOr", "and"},
                                                                         {"searchType", "is"},
                                                                         {"value", "nobody"}}}}});
  ASSERT_TRUE(edited.status >= 200 && edited.status < 300) << edited.text;
  pass(seconds{5});
  ASSERT_EQ(api("GET", "/api/v1/wardbridge/device-compliance").at("held.devices"), "12");
  EXPECT_EQ(migration("/cut-over").at("errors.0.code"), "VERDICTS_HELD");
  ASSERT_EQ(api("POST", "/api/v1/wardbridge/device-compliance/held/confirm").status, 204);
  expect_step(migration("/cut-over"), "cutOver");
  pass(seconds{20});
  for (const std::string& mac : macs) EXPECT_FALSE(is_trusted(mac));
}

TEST_F(Migration, WhatAMigrationUsesIsNotTurnedOffBesideIt) {
  begin_manually();
  std::string cloud = connect_by_cloud_connector();
  start_to(cloud);
  EXPECT_EQ(api("PUT", "/api/v1/wardbridge/conditional-access", json::Object{{"enabled", false}}).at("errors.0.code"),
            "MIGRATING");
  EXPECT_EQ(api("POST", "/api/v1/wardbridge/cloud-connections/" + cloud + "/disable").at("errors.0.code"), "MIGRATING");
  EXPECT_EQ(
      api("PUT", "/api/v1/wardbridge/device-compliance", json::Object{{"connectionId", cloud}}).at("errors.0.code"),
      "MIGRATING");
  EXPECT_EQ(migration("", {{"connectionId", cloud}}).at("errors.0.code"), "MIGRATING");
}

// --- The same SQL on the other store

std::unique_ptr<store::Store> postgres_or_nothing() {
  auto cluster = wardbridge::testing::PostgresCluster::of_this_program();
  return cluster.ok() ? store::open_postgres((*cluster)->fresh_store()).value() : nullptr;
}

class MigrationOnPostgres : public Migration {
 protected:
  MigrationOnPostgres() : Migration(postgres_or_nothing()) {}
  void SetUp() override {
    auto cluster = wardbridge::testing::PostgresCluster::of_this_program();
    if (!cluster.ok() && cluster.failure().reason == "no_postgres") GTEST_SKIP() << cluster.failure().message;
    ASSERT_TRUE(cluster.ok()) << cluster.failure().message;
  }
};

TEST_F(MigrationOnPostgres, ThereAndBackAndHandedOver) {
  begin_manually();
  std::string cloud = connect_by_cloud_connector();
  std::string strict =
      create_group("Strict", {{"FileVault 2 Status", "All Partitions Encrypted"}, {"Computer Name", "nobody"}});
  settle();
  start_to(cloud, {{"complianceGroupId", strict}});
  EXPECT_EQ(report().at("totals.becomeNotCompliant"), "1") << report().text;
  expect_step(migration("/roll-back"), "abandoned");
  start_to(cloud);
  expect_step(migration("/cut-over"), "cutOver");
  pass(seconds{20});
  EXPECT_EQ(owner(good_), kConnectorApp.value) << status().text;
  expect_step(migration("/roll-back"), "rolledBack");
  pass(seconds{20});
  EXPECT_EQ(owner(good_), kManualPartner.value) << status().text;
  ASSERT_EQ(
      api("PUT", "/api/v1/wardbridge/conditional-access", json::Object{{"enabled", false}, {"handOver", true}}).status,
      200);
  settle();
  std::string own = connect_with_own_partner();
  ASSERT_EQ(api("PUT", "/api/v1/wardbridge/device-compliance", json::Object{{"connectionId", own}}).status, 200);
  settle();
  EXPECT_EQ(owner(good_), kCompliancePartner.value);
}

// Two administrators on two nodes at the same moment: one of them cuts over.
TEST_F(MigrationOnPostgres, OfManyWhoCutOverAtOnceOneDoes) {
  begin_manually();
  std::string cloud = connect_by_cloud_connector();
  start_to(cloud);
  ASSERT_EQ(status().status, 200);  // so that the token is there before the threads are
  std::atomic<int> done = 0, refused = 0;
  std::vector<std::thread> administrators;
  for (int i = 0; i < 8; ++i) {
    administrators.emplace_back([&] {
      Answer answer = migration("/cut-over");
      (answer.status == 200 ? done : refused) += 1;
    });
  }
  for (std::thread& administrator : administrators) administrator.join();
  EXPECT_EQ(done, 1);
  EXPECT_EQ(refused, 7);
  pass(seconds{20});
  EXPECT_EQ(owner(good_), kConnectorApp.value);
}

// Some hundreds of Macs, as the benchmark has them by thousands.
TEST_F(Migration, AFleetGoesOverAndBackWhole) {
  manual_ = connect_manually();
  tell_by(manual_);
  constexpr int kMacs = 300;
  std::vector<std::string> compliant;
  for (int i = 0; i < kMacs; ++i) {
    std::string device = add_mac(std::to_string(i), i % 3 != 0);
    if (i % 3 != 0) compliant.push_back(device);
  }
  pass(seconds{10});
  std::string cloud = connect_by_cloud_connector();
  start_to(cloud);
  EXPECT_EQ(report().at("totals.sameCompliant"), std::to_string(compliant.size()));
  EXPECT_EQ(report().at("totals.differ"), "0");
  trusted_ = {compliant.begin(), compliant.begin() + 5};
  expect_step(migration("/cut-over"), "cutOver");
  pass(seconds{30});
  EXPECT_EQ(status().at("takenOver.acknowledged"), std::to_string(kMacs)) << status().text;
  expect_step(migration("/roll-back"), "rolledBack");
  pass(seconds{30});
  for (const std::string& device : compliant) {
    EXPECT_TRUE(is_trusted(device));
    EXPECT_EQ(owner(device), kManualPartner.value);
  }
}

}  // namespace
}  // namespace wardbridge::protocol
