// The manual connection from end to end in virtual time, as the documents' procedures go: Jamf Pro's side with its
// ledger, keeper and connection test at one end; the tenant's sign-in, Graph and partner services at the other.
#include <gmock/gmock.h>

#include <array>

#include "connector/device_compliance/device_compliance.h"
#include "connector/ledger/ledger_actor.h"
#include "protocol/tenant_face.h"
#include "support/empty_store.h"

namespace wardbridge::protocol {
namespace {

using device_compliance::Provisions;
using device_compliance::State;
using device_compliance::Step;
using ledger::DeviceReport;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A network that may be cut below HTTP.
class Network final : public http::Transport {
 public:
  explicit Network(http::Transport& peer) : peer_(peer) {}
  Result<http::Response> send(const http::OutboundRequest& request, Duration deadline) override {
    ++requests;
    if (!broken.empty()) return unavailable(broken, "the network fails: " + broken);
    return peer_.send(request, deadline);
  }
  std::string broken;
  int requests = 0;

 private:
  http::Transport& peer_;
};

// One server of Jamf Pro with a manual connection.
class Instance {
 public:
  Instance(TenantFace& face, ManualClock& clock, std::uint64_t seed, const directory::AppId& app = kManualApp)
      : network(face), clock_(clock), entropy_(seed) {
    store_ = test_support::empty_store();
    std::array<store::Schema, 3> schemas{audit::kSchema, ledger::kSchema, device_compliance::kSchema};
    EXPECT_TRUE(store_->migrate(schemas).ok());
    auto made = store_->write([&](store::Transaction& tx) {
      return device_compliance::create(tx,
                                       {.name = "Contoso",
                                        .tenant = "contoso.example",
                                        .client_id = app.value,
                                        .endpoints = {.login_base = kFace, .graph_base = kFace},
                                        .pages = {.enrollment_url = "https://jamf.example/DeviceRegistration.html",
                                                  .remediation_url = "https://jamf.example/DeviceRegistration.html"},
                                        .type = device_compliance::Type::manual},
                                       kSecret, sealer_, entropy_, {}, clock_.now());
    });
    EXPECT_TRUE(made.ok());
    id_ = *made;
    restart();
  }
  // A new process: nothing survives but the store.
  void restart() {
    keeper_.reset();
    worker_.reset();
    link_.emplace(*store_, network, entropy_, sealer_, id_);
    keeper_.emplace(*store_, *link_, id_, clock_, entropy_);
    worker_.emplace(*store_, *link_, id_, clock_, entropy_);
  }
  void run(Duration span, Duration step = seconds{1}) {
    for (Time end = clock_.now() + span; clock_.now() <= end; clock_.advance(step)) {
      keeper_->run_once(clock_.now());
      worker_->run_once(clock_.now());
    }
  }
  template <class Body>
  Status change(Body body) {
    Status status = store_->write([&](store::Transaction& tx) -> Status { return body(tx); });
    link_->reload();
    return status;
  }
  Status disable() {
    return change([&](store::Transaction& tx) { return device_compliance::disable(tx, id_, {}, clock_.now()); });
  }
  Status enable() {
    return change([&](store::Transaction& tx) { return device_compliance::enable(tx, id_, {}, clock_.now()); });
  }
  Status stage(const std::string& secret) {
    return change([&](store::Transaction& tx) {
      return device_compliance::stage_secret(tx, id_, {secret}, sealer_, entropy_, {}, clock_.now());
    });
  }
  device_compliance::Connection connection() {
    return store_
        ->read([&](store::Transaction& tx) -> Result<device_compliance::Connection> {
          return *device_compliance::find(tx, id_);
        })
        .value();
  }
  ledger::Delivery delivery(const std::string& subject) {
    return store_
        ->read([&](store::Transaction& tx) -> Result<ledger::Delivery> { return *ledger::find(tx, id_, subject); })
        .value();
  }
  Result<std::int64_t> send_update() {
    return store_->write(
        [&](store::Transaction& tx) { return device_compliance::send_update(tx, id_, {}, clock_.now()); });
  }
  std::vector<Step> test(Provisions provisions = Provisions::yes) {
    auto road = link_->rehearsal(std::nullopt);
    EXPECT_TRUE(road.ok());
    return device_compliance::test_connection(network, *road, provisions, clock_.now());
  }
  // What a person is told of the last step: the vendor's sentence, the cause, the remedy.
  struct Told {
    std::string sentence, cause, remedy;
  };
  Told told() {
    json::Object shown = device_compliance::steps_json(test(), clock_.now());
    const json::Object& last = shown.at("steps").as_array().back().as_object();
    auto text = [](const json::Object& object, const char* name) {
      return std::string(json::text_at(object, name).value_or("(absent)"));
    };
    return {text(shown, "message"), text(last, "cause"), text(last, "remedy")};
  }
  // `works` or the reason of the last step, by its name.
  std::string last_step() {
    Step last = test().back();
    return last.name + ": " + (last.works ? "works" : last.reason);
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
                        .reason = reason,
                        .inventory = {{"SerialNumber", "C02XK1ABJGH5"}, {"JamfId", 7}, {"State", 0}},
                        .security = {{"Encrypted", true}}};
    Status status = store_->write([&](store::Transaction& tx) -> Status {
      ledger::desire(tx, {.connection_id = id_, .subject = device, .report = report, .check_in_at = clock_.now()},
                     clock_.now());
      return done();
    });
    ASSERT_TRUE(status.ok());
  }

  Network network;

 private:
  ManualClock& clock_;
  SeededEntropy entropy_;
  crypto::Sealer sealer_{std::string(32, 'm')};
  std::unique_ptr<store::Store> store_;
  ledger::ConnectionId id_;
  std::optional<device_compliance::Link> link_;
  std::optional<device_compliance::Keeper> keeper_;
  std::optional<ledger::LedgerActor> worker_;
};

class ManualSpan : public ::testing::Test {
 protected:
  void enter_application(const directory::AppId& app = kManualApp) {
    face_.save_device_partner({{"singleTenantAppId", app.value}});
  }
  std::string state() { return std::string(face_.device_partner().at("partnerState").as_string()); }
  std::string removal_date() {
    json::Object partner = face_.device_partner();
    return std::string(json::text_at(partner, "whenPartnerDevicesWillBeRemovedDateTime").value_or("none"));
  }
  json::Array managed_devices() {
    return face_.administrate("GET", "/deviceManagement/managedDevices").at("value").as_array();
  }
  bool is_compliant(const std::string& device = kDevice) { return face_.device(device)->is_compliant_at(clock_.now()); }
  void go_to(const char* time) { clock_.set(parse_iso8601(time).value()); }
  static json::Object groups(const std::vector<std::string>& include, const std::vector<std::string>& exclude) {
    json::Array targets;
    auto add = [&](const std::string& group, const char* type) {
      targets.push_back(json::Object{
          {"target", json::Object{{"@odata.type", "#microsoft.graph." + std::string(type)}, {"groupId", group}}}});
    };
    for (const std::string& group : include) add(group, "groupAssignmentTarget");
    for (const std::string& group : exclude) add(group, "exclusionGroupAssignmentTarget");
    return {{"groupsRequiringPartnerEnrollment", std::move(targets)}};
  }

  ManualClock clock_{from_unix_milliseconds(1'800'000'000'000)};
  TenantFace face_{clock_};
  Instance jamf_{face_, clock_, 3};
};

// Seed 003, "Enable Intune to integrate with Jamf Pro", then "Configure Microsoft Intune Integration in Jamf Pro".
TEST_F(ManualSpan, TheProcedureOfTheDocumentsEndsActive) {
  EXPECT_EQ(state(), "unknown");
  enter_application();
  EXPECT_EQ(state(), "unavailable") << "pending activation";
  std::vector<std::string> names;
  for (const Step& step : jamf_.test()) {
    EXPECT_TRUE(step.works) << step.name << ": " << step.message;
    names.push_back(step.name);
  }
  EXPECT_THAT(names,
              ElementsAre("name_resolution", "tls", "token", "permission", "services", "provisioning", "heartbeat"));
  jamf_.run(seconds{1});
  EXPECT_EQ(jamf_.connection().state, State::active);
  EXPECT_EQ(state(), "enabled");
  EXPECT_EQ(removal_date(), "none");
}

TEST_F(ManualSpan, InventoryTravelsWithTheVerdictAndTheMacIsListed) {
  enter_application();
  jamf_.wish(kDevice, true, "all is well");
  jamf_.run(seconds{1});
  EXPECT_TRUE(is_compliant());
  EXPECT_EQ(face_.device(kDevice)->compliance->reason, "all is well");
  EXPECT_THAT(face_.device(kDevice)->physical_ids, testing::Contains("[SerialNumber]:C02XK1ABJGH5"));
  EXPECT_EQ(jamf_.delivery(kDevice).state, ledger::State::delivered);
  json::Array listed = managed_devices();
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0].at("serialNumber"), "C02XK1ABJGH5");
  EXPECT_EQ(listed[0].at("managementAgent"), "jamf");
  EXPECT_EQ(listed[0].at("complianceState"), "compliant");
  jamf_.wish(kDevice, false, "FileVault is off");
  jamf_.run(seconds{1});
  EXPECT_FALSE(is_compliant());
}

TEST_F(ManualSpan, AVerdictCostsOneRequestAndQuietCostsNone) {
  enter_application();
  jamf_.wish(kDevice, true);
  jamf_.run(seconds{1});
  jamf_.network.requests = 0;
  jamf_.wish(kDevice, false);
  jamf_.run(seconds{1});
  EXPECT_EQ(jamf_.network.requests, 1);
  jamf_.run(minutes{10});
  EXPECT_EQ(jamf_.network.requests, 1) << "heartbeats are a quarter of an hour apart";
}

TEST_F(ManualSpan, SendUpdateSendsEverythingAgain) {
  enter_application();
  EXPECT_EQ(jamf_.send_update().failure().reason, "not_active");
  jamf_.wish(kDevice, true);
  jamf_.run(seconds{1});
  auto before = face_.device(kDevice)->compliance->sequence;
  clock_.advance(minutes{1});
  auto sent = jamf_.send_update();
  ASSERT_TRUE(sent.ok());
  EXPECT_EQ(*sent, 1);
  jamf_.run(seconds{1});
  EXPECT_GT(face_.device(kDevice)->compliance->sequence, before);
  EXPECT_EQ(jamf_.connection().last_update_sent, clock_.now() - seconds{2});
}

// --- microsoft.md section 4.6, and the steps of saving

TEST_F(ManualSpan, EveryStepThatFailsSaysWhichAndWhatToDo) {
  for (const auto& [broken, step] :
       {std::pair{"dns", "name_resolution: dns"}, {"connect", "reachability: connect"}, {"tls", "tls: tls"}}) {
    jamf_.network.broken = broken;
    EXPECT_EQ(jamf_.last_step(), step);
    if (std::string(broken) == "connect") {
      EXPECT_THAT(jamf_.told().sentence, HasSubstr("Could not retrieve the access token for Microsoft Graph API"));
      EXPECT_THAT(jamf_.told().cause, HasSubstr("port 443"));
      EXPECT_THAT(jamf_.told().remedy, HasSubstr("open outgoing TCP 443"));
    }
    jamf_.network.broken.clear();
  }
  EXPECT_EQ(jamf_.last_step(), "provisioning: application_not_entered");
  json::Object shown = device_compliance::steps_json(jamf_.test(), clock_.now());
  EXPECT_EQ(shown.at("works"), false);
  EXPECT_EQ(shown.at("message"),
            "Unable to connect to Microsoft Intune. Check your Microsoft Intune Integration configuration.");
  std::string remedy(shown.at("steps").as_array().back().at("remedy").as_string());
  EXPECT_THAT(remedy, HasSubstr("Partner device management"));
}

TEST_F(ManualSpan, AMissingPermissionAndAnExtraOneAreTwoAnswers) {
  Instance without(face_, clock_, 4, kPowerlessApp);
  EXPECT_EQ(without.last_step(), "permission: permission_missing");
  EXPECT_THAT(without.told().cause, HasSubstr("lacks `update_device_attributes`, or admin consent"));
  EXPECT_THAT(without.told().remedy, HasSubstr("grant admin consent"));
  without.run(seconds{1});
  EXPECT_EQ(without.connection().state, State::permission);
  EXPECT_EQ(without.connection().error_reason, "permission_missing");
  face_.grant(kManualApp, directory::kIntuneApiAppId, "manage_partner_compliance_policy");
  EXPECT_EQ(jamf_.last_step(), "permission: permission_extra");
  EXPECT_THAT(jamf_.test().back().message, HasSubstr("manage_partner_compliance_policy"));
  EXPECT_THAT(jamf_.told().cause, HasSubstr("more than the one permission"));
  EXPECT_THAT(jamf_.told().remedy, HasSubstr("remove every Intune permission but `update_device_attributes`"));
}

TEST_F(ManualSpan, AMissingLicenceIsNamedAsTheCauseOfTheVendorsSentences) {
  enter_application();
  face_.remove_service_principal(directory::kIntuneAppId);  // it lists the services
  EXPECT_EQ(jamf_.last_step(), "services: service_moved");
  EXPECT_EQ(jamf_.told().sentence,
            "Unable to connect to Microsoft Intune. Check your Microsoft Intune Integration configuration.");
  EXPECT_THAT(jamf_.told().cause, HasSubstr("its licence is missing or has expired"));
  EXPECT_THAT(jamf_.told().remedy, HasSubstr("check the Intune licence"));
  face_.remove_service_principal(directory::kIntuneApiAppId);
  EXPECT_EQ(jamf_.last_step(), "token: invalid_resource");
  EXPECT_THAT(jamf_.told().sentence, HasSubstr("Could not retrieve the access token for Microsoft Graph API"));
  EXPECT_THAT(jamf_.told().cause, HasSubstr("the Intune licence is missing or has expired"));
  EXPECT_THAT(jamf_.told().remedy, HasSubstr("renew the Intune licence"));
}

TEST_F(ManualSpan, AGroupOfDevicesAssignsNobody) {
  enter_application();
  std::string of_devices = face_.add_group("All Macs");
  face_.add_to_group(of_devices, face_.device(kDevice)->id.value);
  face_.save_device_partner(groups({of_devices}, {}));
  jamf_.wish(kDevice, true);
  jamf_.run(seconds{1});
  EXPECT_EQ(jamf_.delivery(kDevice).failure_reason, "user_not_assigned");
  EXPECT_THAT(std::string(partner::advice_on("user_not_assigned").cause), HasSubstr("is in no group that is assigned"));
  EXPECT_THAT(std::string(partner::advice_on("user_not_assigned").remedy),
              HasSubstr("assign a group of users (not of devices)"));
  EXPECT_FALSE(is_compliant());
}

TEST_F(ManualSpan, TheTenantItselfRefusesAnExtraPermission) {
  enter_application(kPartnerApp);
  http::Response response =
      face_.call("PUT", "/fef/PartnerTenantDataSyncService/PartnerTenants(guid'" + kTenant.value + "')?api-version=1.4",
                 R"({"Provisioned":1,"PartnerEnrollmentUrl":"https://jamf.example/e"})");
  EXPECT_EQ(response.status, 403);
  EXPECT_THAT(response.body, HasSubstr("permission_extra"));
}

TEST_F(ManualSpan, AnUnknownApplicationOrSecretIsToldInTheVendorsWords) {
  Instance stranger(face_, clock_, 4, {"6d1f2a3b-0000-4000-8000-0000000000ff"});
  EXPECT_EQ(stranger.last_step(), "token: application_unknown");
  json::Object shown = device_compliance::steps_json(stranger.test(), clock_.now());
  EXPECT_THAT(std::string(shown.at("message").as_string()),
              HasSubstr("Could not retrieve the access token for Microsoft Graph API"));
  EXPECT_THAT(stranger.told().cause, HasSubstr("no application with this id is registered in the tenant"));
  EXPECT_THAT(stranger.told().remedy, HasSubstr("grant admin consent"));
}

TEST_F(ManualSpan, ASecondInstanceIsRefusedUntilTheFirstHasLeft) {
  enter_application();
  jamf_.wish(kDevice, true);
  jamf_.run(seconds{1});
  Instance second(face_, clock_, 4);
  EXPECT_EQ(second.last_step(), "provisioning: second_instance");
  EXPECT_THAT(second.test().back().message, HasSubstr("another instance of Jamf Pro is connected"));
  second.run(seconds{1});
  EXPECT_EQ(second.connection().state, State::permission);
  EXPECT_TRUE(is_compliant()) << "the first goes on";
  ASSERT_TRUE(jamf_.disable().ok());
  jamf_.run(seconds{5});
  EXPECT_FALSE(is_compliant());
  second.run(minutes{2});
  EXPECT_EQ(second.connection().state, State::active) << "by itself";
}

TEST_F(ManualSpan, ADeviceThatIsGoneIsParkedWithItsReasonAndNotTriedForEver) {
  enter_application();
  std::string stranger = "33333333-0000-4000-8000-000000000003";
  jamf_.wish(stranger, true);
  jamf_.run(seconds{1});
  EXPECT_EQ(jamf_.delivery(stranger).state, ledger::State::parked);
  EXPECT_EQ(jamf_.delivery(stranger).failure_reason, "device_not_found");
  EXPECT_THAT(std::string(partner::advice_on("device_not_found").cause), HasSubstr("no longer, registered"));
  EXPECT_THAT(std::string(partner::advice_on("device_not_found").remedy), HasSubstr("clean-up list"));
  jamf_.network.requests = 0;
  jamf_.run(minutes{10});
  EXPECT_EQ(jamf_.network.requests, 0);
}

// --- Include and exclude (seed 003, step 2 and 3)

TEST_F(ManualSpan, ExcludeOverridesIncludeAndEvaluateCountsBeforeSaving) {
  face_.add_device("22222222-0000-4000-8000-00000000000a", "44444444-0000-4000-8000-00000000000b");
  enter_application();
  std::string id(face_.device_partner().at("id").as_string());
  auto evaluate = [&](const json::Object& assignments) {
    json::Value found = face_.administrate(
        "POST", "/deviceManagement/deviceManagementPartners/" + id + "/wardbridgeEvaluate", assignments);
    return std::array<std::int64_t, 3>{found.at("partnerDevices").as_int64(), found.at("excludedDevices").as_int64(),
                                       found.at("otherDevices").as_int64()};
  };
  EXPECT_THAT(evaluate(groups({kGroup}, {})), ElementsAre(2, 0, 1));
  EXPECT_THAT(evaluate(groups({kGroup}, {kGroup})), ElementsAre(0, 2, 1));
  EXPECT_THAT(evaluate(groups({}, {kGroup})), ElementsAre(1, 2, 0));
  face_.administrate("POST", "/deviceManagement/deviceManagementPartners/" + id + "/wardbridgeEvaluate",
                     groups({kUser}, {}));  // counting needs no group to exist
  face_.save_device_partner(groups({kUser}, {}), 400);
  face_.save_device_partner(groups({kGroup}, {kGroup}));
  jamf_.wish(kDevice, true);
  jamf_.run(seconds{1});
  EXPECT_EQ(jamf_.delivery(kDevice).failure_reason, "user_not_assigned");
  EXPECT_FALSE(is_compliant());
  face_.save_device_partner(groups({kGroup}, {}));
  clock_.advance(seconds{1});
  jamf_.wish(kDevice, true, "again");
  jamf_.run(seconds{1});
  EXPECT_TRUE(is_compliant());
}

// --- Leaving (seeds 000 and 003, "Disconnect Jamf Pro and Intune")

TEST_F(ManualSpan, DisablingTerminatesAndShowsTheDateThreeMonthsOn) {
  enter_application();
  jamf_.wish(kDevice, true);
  jamf_.run(seconds{1});
  go_to("2027-11-30T23:59:50Z");
  jamf_.run(seconds{1});
  ASSERT_TRUE(jamf_.disable().ok());
  jamf_.run(seconds{4});
  EXPECT_EQ(jamf_.connection().state, State::terminated);
  EXPECT_EQ(state(), "terminated");
  EXPECT_THAT(removal_date(), HasSubstr("2028-02-29T23:59:5")) << "a leap year";
  EXPECT_FALSE(is_compliant());
}

TEST(ThreeMonths, AreCalendarMonthsHeldToTheLastDay) {
  auto after = [](const char* time) {
    return to_iso8601(intune::three_months_after(parse_iso8601(time).value()), false);
  };
  EXPECT_EQ(after("2026-11-30T00:00:00Z"), "2027-02-28T00:00:00Z");
  EXPECT_EQ(after("2027-11-30T23:59:59Z"), "2028-02-29T23:59:59Z");
  EXPECT_EQ(after("2027-11-29T12:00:00Z"), "2028-02-29T12:00:00Z");
  EXPECT_EQ(after("2028-02-29T12:00:00Z"), "2028-05-29T12:00:00Z");
  EXPECT_EQ(after("2026-12-31T12:00:00Z"), "2027-03-31T12:00:00Z");
  EXPECT_EQ(after("2099-11-30T12:00:00Z"), "2100-02-28T12:00:00Z") << "no leap year";
}

TEST_F(ManualSpan, DevicesAreRemovedOnThatDayInBatchesAndNotASecondSooner) {
  enter_application();
  for (int i = 0; i < 5; ++i) {
    std::string device = "22222222-0000-4000-8000-00000000010" + std::to_string(i);
    face_.add_device(device);
    jamf_.wish(device, true);
  }
  go_to("2027-11-30T10:00:00Z");
  jamf_.run(seconds{2});
  ASSERT_EQ(managed_devices().size(), 5u);
  ASSERT_TRUE(jamf_.disable().ok());
  jamf_.run(seconds{10});
  Time due = parse_iso8601(removal_date()).value();
  clock_.set(due - seconds{1});
  EXPECT_EQ(face_.remove_due_devices(100), 0);
  clock_.set(due);
  EXPECT_EQ(face_.remove_due_devices(2), 2);
  EXPECT_EQ(managed_devices().size(), 3u) << "a stop between batches loses nothing";
  EXPECT_EQ(face_.remove_due_devices(2), 2);
  EXPECT_EQ(face_.remove_due_devices(2), 1);
  EXPECT_EQ(face_.remove_due_devices(2), 0);
  EXPECT_TRUE(managed_devices().empty());
}

TEST_F(ManualSpan, ReconnectingCancelsTheRemoval) {
  enter_application();
  jamf_.wish(kDevice, true);
  jamf_.run(seconds{1});
  ASSERT_TRUE(jamf_.disable().ok());
  jamf_.run(seconds{5});
  clock_.advance(days{80});
  ASSERT_TRUE(jamf_.enable().ok());
  jamf_.run(seconds{1});
  EXPECT_EQ(state(), "enabled");
  EXPECT_EQ(removal_date(), "none");
  clock_.advance(days{80});
  EXPECT_EQ(face_.remove_due_devices(100), 0);
  EXPECT_EQ(managed_devices().size(), 1u);
}

TEST_F(ManualSpan, NoDeviceOfAnotherInstanceIsRemoved) {
  enter_application();
  jamf_.wish(kDevice, true);
  jamf_.wish(kOtherDevice, true);
  jamf_.run(seconds{1});
  ASSERT_TRUE(jamf_.disable().ok());
  jamf_.run(seconds{5});
  Time due = parse_iso8601(removal_date()).value();
  Instance second(face_, clock_, 4);
  second.wish(kOtherDevice, true);
  second.run(seconds{1});
  ASSERT_EQ(second.connection().state, State::active);
  clock_.set(due);
  EXPECT_EQ(face_.remove_due_devices(100), 1);
  ASSERT_EQ(managed_devices().size(), 1u);
  EXPECT_EQ(managed_devices()[0].at("id"), json::Value(kOtherDevice));
}

TEST_F(ManualSpan, TerminatingInTheTenantStopsTheOtherSideUntilSomebodyReconnects) {
  enter_application();
  jamf_.wish(kDevice, true);
  jamf_.run(seconds{1});
  std::string id(face_.device_partner().at("id").as_string());
  face_.administrate("POST", "/deviceManagement/deviceManagementPartners/" + id + "/terminate", nullptr, 204);
  face_.administrate("POST", "/deviceManagement/deviceManagementPartners/" + id + "/terminate", nullptr, 409);
  EXPECT_EQ(state(), "terminated");
  jamf_.run(minutes{20});
  EXPECT_EQ(jamf_.connection().state, State::terminated);
  EXPECT_EQ(jamf_.connection().error_reason, "integration_terminated");
  jamf_.run(hours{2}, seconds{30});
  EXPECT_EQ(state(), "terminated") << "nothing reconnects by itself";
  clock_.advance(hours{24});
  EXPECT_FALSE(is_compliant()) << "verdicts have ended (law 3)";
  ASSERT_TRUE(jamf_.enable().ok());
  jamf_.run(seconds{2});
  EXPECT_EQ(state(), "enabled");
  EXPECT_EQ(jamf_.delivery(kDevice).state, ledger::State::delivered) << "told again";
}

// Seed 000, "Remove a manually configured Jamf Pro integration", step 5.
TEST_F(ManualSpan, DeletingTheApplicationIdEndsTheConnection) {
  enter_application();
  jamf_.run(seconds{1});
  face_.save_device_partner({{"singleTenantAppId", ""}});
  EXPECT_EQ(state(), "terminated");
  EXPECT_NE(removal_date(), "none");
  EXPECT_EQ(jamf_.last_step(), "provisioning: application_not_entered");
}

TEST_F(ManualSpan, ASilentPartnerBecomesUnresponsiveAfterAnHourAndNotBefore) {
  enter_application();
  jamf_.run(seconds{0});
  Time beat = jamf_.connection().last_heartbeat;
  clock_.set(beat + minutes{59} + seconds{59});
  EXPECT_EQ(state(), "enabled");
  clock_.set(beat + hours{1});
  EXPECT_EQ(state(), "enabled");
  clock_.set(beat + hours{1} + seconds{1});
  EXPECT_EQ(state(), "unresponsive");
  jamf_.run(seconds{1});
  EXPECT_EQ(state(), "enabled");
}

// --- Restarts and clocks

TEST_F(ManualSpan, ARestartWhileItRetreatsLosesNoRetraction) {
  enter_application();
  jamf_.wish(kDevice, true);
  jamf_.wish(kOtherDevice, true);
  jamf_.run(seconds{1});
  jamf_.network.broken = "connect";
  ASSERT_TRUE(jamf_.disable().ok());
  jamf_.run(seconds{3});
  EXPECT_EQ(state(), "enabled") << "nobody says goodbye before everything is retracted (law 5)";
  jamf_.restart();
  jamf_.network.broken.clear();
  jamf_.run(minutes{10});
  EXPECT_EQ(state(), "terminated");
  EXPECT_FALSE(is_compliant());
  EXPECT_FALSE(is_compliant(kOtherDevice));
}

TEST_F(ManualSpan, AClockThatJumpsBackTakesNoVerdictBack) {
  enter_application();
  jamf_.wish(kDevice, true);
  jamf_.run(seconds{1});
  const auto before = face_.device(kDevice)->compliance->sequence;
  clock_.advance(-hours{1});
  jamf_.restart();
  jamf_.wish(kDevice, false, "after the jump");
  jamf_.run(minutes{2});
  EXPECT_FALSE(is_compliant());
  EXPECT_EQ(face_.device(kDevice)->compliance->reason, "after the jump");
  EXPECT_GT(face_.device(kDevice)->compliance->sequence, before) << "only forward (law 6)";
  EXPECT_EQ(state(), "enabled");
}

TEST_F(ManualSpan, AJumpOverTheDateOfRemovalIsNoReasonToForgetWhoReconnects) {
  enter_application();
  jamf_.wish(kDevice, true);
  jamf_.run(seconds{1});
  ASSERT_TRUE(jamf_.disable().ok());
  jamf_.run(seconds{5});
  Time due = parse_iso8601(removal_date()).value();
  clock_.set(due + days{400});
  ASSERT_TRUE(jamf_.enable().ok());
  jamf_.run(seconds{2});
  ASSERT_EQ(state(), "enabled");
  EXPECT_EQ(face_.remove_due_devices(100), 0);
  EXPECT_EQ(managed_devices().size(), 1u);
}

// Seed 002, "Connect Jamf Pro to Intune", the steps in the tenant.
TEST_F(ManualSpan, ACompliancePartnerIsPendingUntilItProvisions) {
  const std::string partners = "/deviceManagement/complianceManagementPartners";
  json::Object wanted{{"wardbridgeAppId", kPartnerApp.value}};
  json::Object target{{"@odata.type", "#microsoft.graph.groupAssignmentTarget"}, {"groupId", kGroup}};
  wanted["macOsEnrollmentAssignments"] = json::Array{json::Object{{"target", target}}};
  json::Value added = face_.administrate("POST", partners, wanted, 201);
  EXPECT_EQ(added.at("partnerState"), "unavailable");
  EXPECT_EQ(added.at("macOsOnboarded"), true);
  const std::string one = partners + "/" + std::string(added.at("id").as_string());
  face_.administrate("POST", partners, wanted, 400);  // Graph says no more than that
  face_.administrate("POST", partners, json::Object{{"displayName", "nobody"}}, 400);
  auto provision = [&](int provisioned) {
    return face_
        .call("PUT", "/fef/PartnerTenantDataSyncService/PartnerTenants(guid'" + kTenant.value + "')?api-version=1.6",
              R"({"Provisioned":)" + std::to_string(provisioned) +
                  R"(,"PartnerEnrollmentUrl":"https://mdm.example/e","PartnerRemediationUrl":"https://mdm.example/r"})")
        .status;
  };
  EXPECT_EQ(provision(1), 200);
  EXPECT_EQ(face_.administrate("GET", one).at("partnerState"), "enabled");
  EXPECT_EQ(face_.administrate("GET", one).at("macOsEnrollmentAssignments").at(0).at("target").at("groupId"),
            json::Value(kGroup));
  face_.administrate("DELETE", one, nullptr, 409);
  http::Response taken = face_.call(
      "POST", "/fef/PartnerTenantDataSyncService/PartnerCompliancePolicies?api-version=1.6",
      R"({"DisplayName":"Macs","Description":"","Platform":"macOS","PartnerManagedCompliance":true})", kRivalApp);
  EXPECT_EQ(taken.status, 403) << "one partner per platform";
  EXPECT_THAT(taken.body, HasSubstr("platform_taken"));
  EXPECT_EQ(provision(2), 200);
  EXPECT_EQ(face_.administrate("GET", one).at("partnerState"), "terminated");
  face_.administrate("DELETE", one, nullptr, 204);
  face_.administrate("GET", one, nullptr, 404);
}

// --- Secrets

TEST_F(ManualSpan, ASecretThatExpiresDuringABacklogLosesNothing) {
  const directory::AppId app{"6d1f2a3b-0000-4000-8000-0000000000aa"};
  const Time end = clock_.now() + hours{1};
  face_.add_manual_application(app, end);
  enter_application(app);
  Instance jamf(face_, clock_, 5, app);
  jamf.run(seconds{1});
  ASSERT_EQ(jamf.connection().state, State::active);
  jamf.network.broken = "connect";
  clock_.set(end - minutes{1});
  jamf.wish(kDevice, true, "while the network was down");
  jamf.wish(kOtherDevice, false, "while the network was down");
  jamf.run(minutes{2});
  jamf.network.broken.clear();
  jamf.run(minutes{20});
  EXPECT_EQ(jamf.connection().state, State::credentials);
  EXPECT_EQ(jamf.connection().error_reason, "secret_expired");
  EXPECT_EQ(jamf.delivery(kDevice).state, ledger::State::pending);
  face_.add_secret(app, "the-next-secret");
  ASSERT_TRUE(jamf.stage("the-next-secret").ok());
  jamf.restart();
  jamf.run(minutes{10});
  EXPECT_EQ(jamf.connection().state, State::active);
  EXPECT_FALSE(jamf.connection().secret.has_next) << "it took the first one's place";
  EXPECT_TRUE(is_compliant());
  EXPECT_EQ(face_.device(kOtherDevice)->compliance->reason, "while the network was down");
}

TEST_F(ManualSpan, WhileTheFirstSecretWorksTheNextOneWaits) {
  enter_application();
  face_.add_secret(kManualApp, "the-next-secret");
  ASSERT_TRUE(jamf_.stage("the-next-secret").ok());
  jamf_.run(seconds{2});
  EXPECT_EQ(jamf_.connection().state, State::active);
  EXPECT_TRUE(jamf_.connection().secret.has_next);
}

}  // namespace
}  // namespace wardbridge::protocol
