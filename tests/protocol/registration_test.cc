// A Mac's way into the directory from end to end in virtual time, as the documents' procedures go: the registration
// policy in Self Service, Company Portal, jamfAAD, the ids, the verdict; and what goes wrong on that way, each failure
// provoked, with the words that name its cause and its remedy.
#include <gmock/gmock.h>

#include "connector/cloud_connection/cloud_connection.h"
#include "connector/device_compliance/device_compliance.h"
#include "connector/ledger/ledger_actor.h"
#include "mac/mac.h"
#include "management/accounts/accounts.h"
#include "management/jamf_api/jamf_api.h"
#include "management/notices/notices.h"
#include "management/self_service/self_service.h"
#include "management/webhooks/webhooks.h"
#include "protocol/tenant_face.h"

namespace wardbridge::protocol {
namespace {

using mac::AccountKind;
using mac::KeychainAnswer;
using mac::KeyStorage;
using mac::PortalStart;
using mac::Prompting;
using mac::SimulatedMac;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kJamf = "https://jamf.example";
const std::string kNativeConnector = "55d611b0-7d33-4d38-8df3-6041868930d7";
const std::string kPayroll = "6d1f2a3b-0000-4000-8000-0000000000aa";
const std::string kJamfAadRedirect = "msauth.com.jamf.management.jamfAAD://auth";
const audit::Actor kSetUp{.name = "set-up"};

std::string text_at(const json::Value& value, const char* pointer) {
  boost::system::error_code error;
  const json::Value* found = value.find_pointer(pointer, error);
  if (error || found == nullptr) return "(absent)";
  return found->is_string() ? std::string(std::string_view(found->get_string())) : json::to_text(*found);
}

// The management's face, and the network on which Macs find both it and the tenant.
class Management final : public http::Transport {
 public:
  Management(TenantFace& tenant, ManualClock& clock) : tenant_(tenant), clock_(clock) {
    store_ = store::open_sqlite({.path = ":memory:"}).value();
    std::vector<store::Schema> schemas = {audit::kSchema,       inventory::kSchema,         groups::kSchema,
                                          enrollment::kSchema,  compliance::kSchema,        accounts::kSchema,
                                          ledger::kSchema,      device_compliance::kSchema, cloud_connection::kSchema,
                                          outbox::kSchema,      webhooks::kSchema,          notices::kSchema,
                                          self_service::kSchema};
    EXPECT_TRUE(store_->migrate(schemas).ok());
    pipeline_ = std::make_unique<pipeline::Pipeline>(*store_, book_, nullptr);
    jamf_api::register_routes(router_, {.store = *store_,
                                        .entropy = entropy_,
                                        .pipeline = *pipeline_,
                                        .sealer = sealer_,
                                        .connections = &tenant_,
                                        .public_url = [] { return kJamf; }});
    auto made = store_->write([&](store::Transaction& tx) {
      return device_compliance::create(tx,
                                       {.name = "Contoso",
                                        .tenant = "contoso.example",
                                        .client_id = kManualApp.value,
                                        .endpoints = {.login_base = kFace, .graph_base = kFace},
                                        .pages = {.enrollment_url = kJamf + "/DeviceRegistration.html",
                                                  .remediation_url = kJamf + "/DeviceRegistration.html"},
                                        .type = device_compliance::Type::manual},
                                       kSecret, sealer_, entropy_, kSetUp, clock_.now());
    });
    EXPECT_TRUE(made.ok());
    connection_ = *made;
    link_.emplace(*store_, tenant_, entropy_, sealer_, connection_);
    keeper_.emplace(*store_, *link_, connection_, clock_, entropy_);
    worker_.emplace(*store_, *link_, connection_, clock_, entropy_);
  }

  Result<http::Response> send(const http::OutboundRequest& request, Duration deadline) override {
    http::Url url = TRY(http::parse_url(request.url));
    if (url.host != "jamf.example") return tenant_.send(request, deadline);
    return router_.handle({.method = request.method,
                           .path = url.path,
                           .query = url.query,
                           .headers = request.headers,
                           .body = request.body,
                           .peer = {.address = "192.0.2.9"},
                           .id = "3f0e7c1a-0000-4000-8000-0000000000aa",
                           .received = clock_.now()});
  }
  // As an administrator who may do everything.
  json::Value call(const std::string& method, const std::string& path, const json::Value& body = nullptr,
                   int expected_status = 200) {
    http::Response response =
        send({.method = method,
              .url = kJamf + path,
              .headers = {{"Authorization", "Bearer " + token()}, {"Content-Type", "application/json"}},
              .body = body.is_null() ? "" : json::to_text(body)},
             seconds{10})
            .value();
    EXPECT_EQ(response.status, expected_status) << method << " " << path << ": " << response.body;
    return json::parse(response.body).value_or(nullptr);
  }
  std::string create(const std::string& path, const json::Object& body) {
    return text_at(call("POST", "/api/v1/wardbridge/self-service/" + path, body, 201), "/id");
  }
  std::string create_group(const std::string& name, const std::string& criterion, const std::string& value) {
    json::Object rule{{"name", criterion}, {"priority", 0}, {"andOr", "and"}, {"searchType", "is"}, {"value", value}};
    return text_at(call("POST", "/api/v3/computer-groups/smart-groups",
                        json::Object{{"name", name}, {"criteria", json::Array{rule}}}, 201),
                   "/id");
  }
  void run(Duration span) {
    for (Time end = clock_.now() + span; clock_.now() <= end; clock_.advance(seconds{1})) {
      keeper_->run_once(clock_.now());
      worker_->run_once(clock_.now());
      pipeline_->run_once(clock_.now());
    }
  }
  void turn(bool on) {
    Status turned = store_->write([&](store::Transaction& tx) {
      return on ? device_compliance::enable(tx, connection_, kSetUp, clock_.now())
                : device_compliance::disable(tx, connection_, kSetUp, clock_.now());
    });
    EXPECT_TRUE(turned.ok());
    link_->reload();
  }
  std::string connection() const { return std::to_string(connection_.value); }
  std::string chain(const SimulatedMac& mac, const char* pointer) {
    return text_at(call("GET", "/api/v1/wardbridge/computers/" + std::to_string(mac.computer_id()) + "/chain"),
                   pointer);
  }
  json::Array log(const SimulatedMac& mac) {
    return call("GET", "/api/v1/wardbridge/computers/" + std::to_string(mac.computer_id()) + "/policy-logs")
        .at("results")
        .as_array();
  }

 private:
  std::string token() {
    if (!administrator_) {
      administrator_ =
          store_
              ->write([&](store::Transaction& tx) -> Result<accounts::ClientCredentials> {
                auto role = TRY(accounts::create_role(
                    tx, {.display_name = "all", .privileges = accounts::known_privileges()}, kSetUp, clock_.now()));
                auto id = TRY(
                    accounts::create_integration(tx, {.display_name = "all", .roles = {role}}, kSetUp, clock_.now()));
                return accounts::make_credentials(tx, id, entropy_, kSetUp, clock_.now());
              })
              .value();
    }
    return accounts::log_in_client(*store_, entropy_, administrator_->client_id, administrator_->client_secret,
                                   clock_.now())
        .value()
        .text;
  }

  TenantFace& tenant_;
  ManualClock& clock_;
  SeededEntropy entropy_{11};
  crypto::Sealer sealer_{std::string(32, 'm')};
  std::unique_ptr<store::Store> store_;
  groups::GroupBook book_;
  std::unique_ptr<pipeline::Pipeline> pipeline_;
  http::Router router_;
  ledger::ConnectionId connection_;
  std::optional<device_compliance::Link> link_;
  std::optional<device_compliance::Keeper> keeper_;
  std::optional<ledger::LedgerActor> worker_;
  std::optional<accounts::ClientCredentials> administrator_;
};

class RegistrationTest : public ::testing::Test {
 protected:
  // What the documents have an administrator prepare before anybody registers.
  RegistrationTest() {
    applicable_ = jamf_.create_group("Jamf-Intune Applicable Group", "Application Title", "CompanyPortal.app");
    compliant_ = jamf_.create_group("Jamf-Intune Compliance Group", "FileVault 2 Status", "All Partitions Encrypted");
    jamf_.call("PUT", "/api/v1/wardbridge/device-compliance",
               json::Object{{"enabled", true},
                            {"applicableGroupId", applicable_},
                            {"complianceGroupId", compliant_},
                            {"connectionId", jamf_.connection()}});
    category_ = jamf_.create("categories", {{"name", "Device Compliance"}});
    policy_ = jamf_.create("policies", policy(json::Object{{"groupIds", json::Array{json::Value(applicable_)}}}));
    invitation_ = text_at(
        jamf_.call("POST", "/api/v1/wardbridge/enrollment-invitations", json::Object{{"description", "all"}}, 201),
        "/invitation");
    face_.add_public_application(kNativeConnector, kJamfAadRedirect);
  }

  // Seed 002, "One computer policy that contains".
  json::Object policy(const json::Value& scope) const {
    return {{"name", "Register with Azure AD"},
            {"frequency", "Once per computer"},
            {"registerWithAzureActiveDirectory", true},
            {"scope", scope},
            {"selfService", json::Object{{"enabled", true},
                                         {"displayName", "Register this Mac"},
                                         {"buttonName", "Register"},
                                         {"description", "Needed to open company applications."},
                                         {"forceUsersToViewDescription", true},
                                         {"categoryId", category_}}}};
  }
  void scope_policy_to_all() {
    jamf_.call("PUT", "/api/v1/wardbridge/self-service/policies/" + policy_,
               policy(json::Object{{"allComputers", true}}));
  }
  void deploy_company_portal(const std::string& version, const json::Value& scope) {
    jamf_.create("mac-applications", {{"name", "Microsoft Intune Company Portal"},
                                      {"bundleId", "com.microsoft.CompanyPortalMac"},
                                      {"version", version},
                                      {"distributionMethod", "Install Automatically"},
                                      {"scope", scope}});
  }
  // Seeds 001 and 003: the Application ID is entered in Intune, and Jamf Pro provisions.
  void connect() {
    face_.save_device_partner({{"singleTenantAppId", kManualApp.value}});
    jamf_.run(seconds{2});
    ASSERT_EQ(text_at(face_.device_partner(), "/partnerState"), "enabled");
  }
  void consent_for_everyone() { face_.consent(kNativeConnector, TenantFace::Consent::administrators); }

  // A person with a Mac that management knows. `change` sees the Mac before it reports for the first time.
  SimulatedMac& add_mac(const std::string& username, const std::function<void(mac::Profile&)>& change = {}) {
    int number = static_cast<int>(macs_.size()) + 1;
    mac::Profile profile = mac::make_profile(3, number, "contoso.example");
    profile.local_username = username;
    profile.user_principal_name = username + "@contoso.example";
    if (change) change(profile);
    people_[username] = face_.add_person(profile.user_principal_name, profile.password);
    macs_.push_back(std::make_unique<SimulatedMac>(std::move(profile), jamf_, entropy_));
    SimulatedMac& mac = *macs_.back();
    mac.use_directory(kFace, "contoso.example");
    EXPECT_TRUE(mac.enroll(kJamf, invitation_).ok());
    EXPECT_TRUE(mac.check_in(clock_.now()).ok());
    return mac;
  }
  Failure refused(SimulatedMac& mac) {
    auto result = mac.register_from_self_service(clock_.now());
    EXPECT_FALSE(result.ok());
    return result.ok() ? Failure{} : result.failure();
  }
  void expect_registered(SimulatedMac& mac) {
    auto result = mac.register_from_self_service(clock_.now());
    ASSERT_TRUE(result.ok()) << result.failure().reason << ": " << result.failure().message;
    EXPECT_EQ(*result, "AAD ID acquired for macOS user " + mac.profile().local_username);
  }
  bool is_compliant(const SimulatedMac& mac) {
    auto device = face_.device(mac.device_id());
    return device && device->is_compliant_at(clock_.now());
  }
  json::Object groups_body(const std::vector<std::string>& include, const std::vector<std::string>& exclude) {
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
  SeededEntropy entropy_{23};
  TenantFace face_{clock_};
  Management jamf_{face_, clock_};
  std::vector<std::unique_ptr<SimulatedMac>> macs_;
  std::map<std::string, std::string> people_;  // user name -> object id in the tenant
  std::string applicable_, compliant_, category_, policy_, invitation_;
};

// Seed 002, "Configure a policy to deploy to users through Self Service"; seed 001, "registering with Azure AD is an
// end user workflow".
TEST_F(RegistrationTest, ThePolicyInSelfServiceRegistersTheMacAndTheVerdictFollows) {
  connect();
  consent_for_everyone();
  SimulatedMac& mac = add_mac("ann");
  auto shown = mac.open_self_service();
  ASSERT_TRUE(shown.ok()) << shown.failure().message;
  ASSERT_EQ(shown->items.size(), 1u);
  EXPECT_EQ(shown->items[0].name, "Register this Mac");
  EXPECT_EQ(shown->items[0].button, "Register");
  EXPECT_EQ(shown->items[0].category, "Device Compliance");
  EXPECT_TRUE(shown->integration_enabled);
  EXPECT_EQ(shown->native_client_id, kNativeConnector) << "of the manual connection";
  EXPECT_EQ(mac.registration_state(), "Not Registered");

  expect_registered(mac);
  EXPECT_EQ(mac.registration_state(), "Registered");
  EXPECT_EQ(jamf_.chain(mac, "/accounts/0/registrationState"), "Registered");
  EXPECT_EQ(jamf_.chain(mac, "/registrations/0/deviceId"), mac.device_id());
  EXPECT_TRUE(mac.portal_log().empty());
  json::Array log = jamf_.log(mac);
  ASSERT_EQ(log.size(), 1u);
  EXPECT_EQ(text_at(log[0], "/status"), "Completed");
  EXPECT_EQ(text_at(log[0], "/message"), "AAD ID acquired for macOS user ann");

  EXPECT_FALSE(is_compliant(mac)) << "seed 002: the initial state of the device is Not Compliant";
  jamf_.run(seconds{3});
  EXPECT_TRUE(is_compliant(mac));
  EXPECT_EQ(jamf_.chain(mac, "/nextStep"), "");
  // Once per computer: the item is gone, and starting it all the same is refused.
  EXPECT_TRUE(mac.open_self_service()->items.empty());
  EXPECT_EQ(mac.run(shown->items[0], clock_.now()).failure().reason, "already_completed");
  EXPECT_EQ(face_.devices_of(people_["ann"]).size(), 1u);
}

// Seed 002, "Final steps in the administrative configuration".
TEST_F(RegistrationTest, APolicyForAllApplicationsExcludesTheRegistrationAppsOrNobodyRegisters) {
  connect();
  consent_for_everyone();
  SimulatedMac& mac = add_mac("ann");
  std::string strict = face_.require_compliant_macs("All");
  Failure failure = refused(mac);
  EXPECT_EQ(failure.reason, "registration_refused");
  EXPECT_THAT(failure.message, HasSubstr("Only compliant Macs"));
  face_.administrate("DELETE", "/identity/conditionalAccess/policies/" + strict, nullptr, 204);
  face_.require_compliant_macs("All", {kNativeConnector, directory::kDeviceRegistrationAppId.value});
  expect_registered(mac);
}

TEST_F(RegistrationTest, AMacOutsideOfTheScopeIsOfferedNothingAndTheHelpDeskSeesWhy) {
  connect();
  SimulatedMac& mac = add_mac("ann", [](mac::Profile& profile) {
    std::erase_if(profile.applications, [](const auto& one) { return one.bundle_id == mac::kCompanyPortalBundleId; });
  });
  EXPECT_EQ(refused(mac).reason, "not_offered");
  auto seen = jamf_.call("GET", "/api/v1/wardbridge/computers/" + std::to_string(mac.computer_id()) + "/self-service");
  EXPECT_EQ(text_at(seen, "/notShown/0/why"), "OUT_OF_SCOPE");
}

TEST_F(RegistrationTest, SelfServiceTellsWhatToDoToBecomeCompliant) {
  connect();
  consent_for_everyone();
  SimulatedMac& mac = add_mac("ann", [](mac::Profile& profile) { profile.filevault_on = false; });
  EXPECT_TRUE(mac.open_self_service()->compliance.empty()) << "not registered: nothing to tell";
  expect_registered(mac);
  auto shown = mac.open_self_service();
  ASSERT_EQ(shown->compliance.size(), 1u);
  EXPECT_THAT(shown->compliance[0].reason, HasSubstr("`FileVault 2 Status` is `No Partitions Encrypted`"));
  EXPECT_THAT(shown->compliance[0].remedy, HasSubstr("FileVault 2 Status"));
  mac.profile().filevault_on = true;
  ASSERT_TRUE(mac.check_in(clock_.now()).ok());
  EXPECT_TRUE(mac.open_self_service()->compliance.empty());
}

// --- Company Portal: it comes with the policy, or the policy says what is missing.

TEST_F(RegistrationTest, TheMacAppForCompanyPortalInstallsItself) {
  deploy_company_portal("5.2406.0", json::Object{{"allComputers", true}});
  SimulatedMac& mac = add_mac("ann", [](mac::Profile& profile) {
    std::erase_if(profile.applications, [](const auto& one) { return one.bundle_id == mac::kCompanyPortalBundleId; });
  });
  EXPECT_EQ(mac.install_applications().value_or(-1), 1);
  EXPECT_EQ(mac.install_applications().value_or(-1), 0) << "it is there already";
  ASSERT_TRUE(mac.check_in(clock_.now()).ok());
  EXPECT_EQ(mac.open_self_service()->items.size(), 1u) << "and with it the Mac is in the applicable group";
}

TEST_F(RegistrationTest, WithoutCompanyPortalThePolicyBringsItOrSaysWhereItIsMissing) {
  connect();
  consent_for_everyone();
  scope_policy_to_all();
  auto without = [](mac::Profile& profile) {
    std::erase_if(profile.applications, [](const auto& one) { return one.bundle_id == mac::kCompanyPortalBundleId; });
  };
  SimulatedMac& mac = add_mac("ann", without);
  Failure failure = refused(mac);
  EXPECT_EQ(failure.reason, "company_portal_missing");
  EXPECT_THAT(failure.message, AllOf(HasSubstr("Cause: Intune Company Portal 1.1 or later is not installed"),
                                     HasSubstr("Remedy: deploy the Mac App")));
  EXPECT_EQ(text_at(jamf_.log(mac)[0], "/reason"), "company_portal_missing");

  SimulatedMac& old = add_mac("bob", [](mac::Profile& profile) {
    profile.install({.name = "CompanyPortal.app", .version = "1.0.9", .bundle_id = mac::kCompanyPortalBundleId});
  });
  EXPECT_EQ(refused(old).reason, "company_portal_too_old");
  deploy_company_portal("5.2406.0", json::Object{{"allComputers", true}});
  expect_registered(mac);
  expect_registered(old);
}

// --- Accounts and systems that the documents exclude: on the Mac, and by management from its inventory.

TEST_F(RegistrationTest, ANetworkAccountIsRefusedOnTheMacBeforeTheDirectoryHearsOfIt) {
  connect();
  consent_for_everyone();
  SimulatedMac& mac = add_mac("ann", [](mac::Profile& profile) { profile.account_kind = AccountKind::network; });
  Failure failure = refused(mac);
  EXPECT_EQ(failure.reason, "network_account");
  EXPECT_THAT(failure.message, AllOf(HasSubstr("Cause: `ann` is a network account"), HasSubstr("Remedy: log in with")));
  EXPECT_TRUE(face_.devices_of(people_["ann"]).empty());
  EXPECT_EQ(text_at(jamf_.log(mac)[0], "/reason"), "network_account");
  EXPECT_THAT(jamf_.chain(mac, "/nextStep"), HasSubstr("network account"));

  mac.profile().account_kind = AccountKind::mobile;
  ASSERT_TRUE(mac.check_in(clock_.now()).ok());
  expect_registered(mac);
}

TEST_F(RegistrationTest, ANetworkAccountIsRefusedByManagementFromItsInventory) {
  connect();
  SimulatedMac& mac = add_mac("ann", [](mac::Profile& profile) { profile.account_kind = AccountKind::network; });
  Status submitted = mac.register_device(kFace, "contoso.example");  // a client that does not look for itself
  ASSERT_FALSE(submitted.ok());
  EXPECT_EQ(submitted.failure().reason, "network_account");
  EXPECT_THAT(submitted.failure().message,
              AllOf(HasSubstr("`ann` is not among the local and mobile accounts"), HasSubstr("Remedy: log in with")));
}

TEST_F(RegistrationTest, AnInventoryThatHasNotArrivedLocksNobodyOutAndAnArrivingOneCounts) {
  connect();
  mac::Profile profile = mac::make_profile(9, 9, "contoso.example");
  profile.local_username = "ann";
  profile.account_kind = AccountKind::network;
  face_.add_person(profile.user_principal_name, profile.password);
  SimulatedMac mac(std::move(profile), jamf_, entropy_);
  ASSERT_TRUE(mac.enroll(kJamf, invitation_).ok());
  Status submitted = mac.register_device(kFace, "contoso.example");
  ASSERT_TRUE(submitted.ok()) << submitted.failure().message;
  jamf_.run(seconds{3});
  EXPECT_FALSE(is_compliant(mac)) << "nothing is known of it (law 2)";
  ASSERT_TRUE(mac.check_in(clock_.now()).ok());
  jamf_.run(seconds{3});
  EXPECT_FALSE(is_compliant(mac)) << "in both groups, and yet excluded";
  EXPECT_EQ(jamf_.chain(mac, "/registrations/0/complianceState"), "NON_COMPLIANT");
  EXPECT_THAT(jamf_.chain(mac, "/nextStep"),
              AllOf(HasSubstr("network accounts are not supported"), HasSubstr("Remedy: log in with a local")));
  mac.profile().account_kind = AccountKind::local;
  ASSERT_TRUE(mac.check_in(clock_.now()).ok());
  jamf_.run(seconds{3});
  EXPECT_TRUE(is_compliant(mac));
}

TEST_F(RegistrationTest, AnAccountThatIsNewerThanTheInventoryIsReportedOnTheWay) {
  connect();
  consent_for_everyone();
  SimulatedMac& mac = add_mac("ann");
  mac.profile().local_username = "ann.new";
  expect_registered(mac);
  EXPECT_EQ(jamf_.chain(mac, "/registrations/0/username"), "ann.new");
}

TEST_F(RegistrationTest, AMacThatIsTooOldIsRefusedOnTheMacAndByManagement) {
  connect();
  consent_for_everyone();
  SimulatedMac& mac = add_mac("ann", [](mac::Profile& profile) { profile.os_version = "10.10.5"; });
  Failure failure = refused(mac);
  EXPECT_EQ(failure.reason, "system_too_old");
  EXPECT_THAT(failure.message,
              AllOf(HasSubstr("macOS 10.10.5 is older than 10.11"), HasSubstr("Remedy: update macOS")));
  Status submitted = mac.register_device(kFace, "contoso.example");
  ASSERT_FALSE(submitted.ok());
  EXPECT_EQ(submitted.failure().reason, "system_too_old");
  EXPECT_THAT(submitted.failure().message, HasSubstr("Remedy: update macOS"));

  SimulatedMac& enough = add_mac("bob", [](mac::Profile& profile) { profile.os_version = "10.11"; });
  expect_registered(enough);
}

// --- The failures that people have met (microsoft.md 4.6), row by row.

TEST_F(RegistrationTest, CompanyPortalOpenedByHandShowsAccountNotOnboarded) {
  connect();
  consent_for_everyone();
  SimulatedMac& mac = add_mac("ann");
  Status opened = mac.open_company_portal(PortalStart::by_hand);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.failure().reason, "account_not_onboarded");
  EXPECT_THAT(
      opened.failure().message,
      AllOf(HasSubstr("Not registered: AccountNotOnboarded"), HasSubstr("Cause: Company Portal was opened by hand"),
            HasSubstr("Remedy: close Company Portal and run the registration item of Self Service")));
  EXPECT_THAT(mac.portal_log(),
              ElementsAre("Portal launched without WPJ only arg while account is under partner management"));
  EXPECT_TRUE(face_.devices_of(people_["ann"]).empty());
  EXPECT_THAT(jamf_.chain(mac, "/nextStep"), HasSubstr("not Company Portal by hand"));

  expect_registered(mac);
  opened = mac.open_company_portal(PortalStart::by_hand);
  EXPECT_EQ(opened.failure().reason, "already_enrolled");
  EXPECT_THAT(opened.failure().message, AllOf(HasSubstr("Device is already enrolled"), HasSubstr("Remedy:")));
}

// Seed 002, "End User Notifications": with Device Compliance it is the compliance partner and its assigned groups.
TEST_F(RegistrationTest, ACompliancePartnersPeopleAreUnderPartnerManagementToo) {
  json::Object target{{"@odata.type", "#microsoft.graph.groupAssignmentTarget"}, {"groupId", kGroup}};
  face_.administrate("POST", "/deviceManagement/complianceManagementPartners",
                     json::Object{{"wardbridgeAppId", kPartnerApp.value},
                                  {"macOsEnrollmentAssignments", json::Array{json::Object{{"target", target}}}}},
                     201);
  SimulatedMac& mac = add_mac("ann");
  EXPECT_EQ(mac.open_company_portal(PortalStart::registration_only).failure().reason, "invalid_command_line")
      << "pending activation is not active";
  EXPECT_EQ(
      face_
          .call("PUT", "/fef/PartnerTenantDataSyncService/PartnerTenants(guid'" + kTenant.value + "')?api-version=1.6",
                R"({"Provisioned":1,"PartnerEnrollmentUrl":"https://mdm.example/e",)"
                R"("PartnerRemediationUrl":"https://mdm.example/r"})")
          .status,
      200);
  EXPECT_EQ(mac.open_company_portal(PortalStart::registration_only).failure().reason, "account_not_assigned");
  face_.add_to_group(kGroup, people_["ann"]);
  EXPECT_EQ(mac.open_company_portal(PortalStart::by_hand).failure().reason, "account_not_onboarded");
  EXPECT_TRUE(mac.open_company_portal(PortalStart::registration_only).ok());
}

TEST_F(RegistrationTest, TheQuestionForPartnerManagementIsAPersonsOwn) {
  auto ask = [&](const std::string& tenant, const std::string& token) {
    return face_
        .send({.url = kFace + "/" + tenant + "/wardbridge/partnerManagement",
               .headers = {{"Authorization", "Bearer " + token}}},
              seconds{10})
        ->status;
  };
  EXPECT_EQ(ask("contoso.example", "guess"), 401);
  EXPECT_EQ(ask("contoso.example", face_.token_of(kConsoleApp, "https://graph.microsoft.com/.default")), 401)
      << "a token for something else";
}

TEST_F(RegistrationTest, TheRegistrationOnlyFlagNeedsPartnerManagement) {
  consent_for_everyone();
  SimulatedMac& mac = add_mac("ann");
  Failure failure = refused(mac);  // never connected
  EXPECT_EQ(failure.reason, "invalid_command_line");
  EXPECT_THAT(failure.message,
              AllOf(HasSubstr("Invalid command line input"),
                    HasSubstr("Registration-only command line flag (-r) can only be used when partner management is "
                              "enabled in Intune"),
                    HasSubstr("Cause: the integration is switched off"), HasSubstr("Remedy: turn it on")));
  EXPECT_EQ(text_at(jamf_.log(mac)[0], "/status"), "Failed");
  EXPECT_THAT(text_at(jamf_.log(mac)[0], "/message"), HasSubstr("Remedy: turn it on"));
  EXPECT_THAT(jamf_.chain(mac, "/nextStep"), HasSubstr("Remedy: turn it on"));

  connect();
  jamf_.turn(false);  // Provisioned 2
  jamf_.run(seconds{5});
  ASSERT_EQ(text_at(face_.device_partner(), "/partnerState"), "terminated");
  EXPECT_EQ(refused(mac).reason, "invalid_command_line");
  jamf_.turn(true);
  jamf_.run(seconds{5});
  expect_registered(mac);
}

TEST_F(RegistrationTest, WhoIsExcludedIsToldSoByTheSameFlag) {
  connect();
  consent_for_everyone();
  SimulatedMac& mac = add_mac("ann");
  face_.add_to_group(kGroup, people_["ann"]);
  face_.save_device_partner(groups_body({}, {kGroup}));
  Failure failure = refused(mac);
  EXPECT_EQ(failure.reason, "account_not_assigned");
  EXPECT_THAT(failure.message, AllOf(HasSubstr("in an excluded one"), HasSubstr("Remedy: put the person into")));
  // By hand the same person is not under partner management, and this tenant has nothing else to offer.
  EXPECT_EQ(mac.open_company_portal(PortalStart::by_hand).failure().reason, "direct_enrollment");
  face_.save_device_partner(groups_body({kGroup}, {}));
  expect_registered(mac);
}

TEST_F(RegistrationTest, ANativeConnectorThatIsMissingOrNotConsentedToLeavesAnEmptyShell) {
  connect();
  SimulatedMac& mac = add_mac("ann");
  Failure failure = refused(mac);
  EXPECT_EQ(failure.reason, "connector_not_consented");
  EXPECT_THAT(failure.message, AllOf(HasSubstr("Cause: nobody consented"), HasSubstr(kNativeConnector),
                                     HasSubstr("Remedy: a Global Administrator opens the administrator consent URL")));
  EXPECT_THAT(text_at(jamf_.log(mac)[0], "/message"), HasSubstr("Remedy: a Global Administrator"));

  // The directory has the device without attributes until management speaks.
  auto device = face_.device(mac.device_id());
  ASSERT_TRUE(device.has_value());
  EXPECT_FALSE(device->compliance.has_value());
  EXPECT_EQ(mac.registration_state(), "WPJ Key is in Secure Enclave, but AAD ID not acquired");
  EXPECT_EQ(jamf_.chain(mac, "/accounts/0/registrationState"), mac.registration_state());
  EXPECT_THAT(jamf_.chain(mac, "/nextStep"),
              AllOf(HasSubstr("holds an empty record of this Mac, device " + mac.device_id()),
                    HasSubstr("run `/usr/local/jamf/bin/jamfaad gatherAADInfo`"), HasSubstr("Global Administrator")));

  // Seed 002, "Troubleshooting": the command as the person, now that somebody has consented.
  consent_for_everyone();
  std::string shell = mac.device_id();
  auto gathered = mac.gather_aad_info(clock_.now());
  ASSERT_TRUE(gathered.ok()) << gathered.failure().message;
  EXPECT_EQ(*gathered, "AAD ID acquired for macOS user ann");
  EXPECT_EQ(mac.device_id(), shell) << "the shell is filled, not replaced";
  jamf_.run(seconds{3});
  EXPECT_TRUE(is_compliant(mac));
  EXPECT_EQ(jamf_.chain(mac, "/accounts/0/registrationState"), "Registered");
}

TEST_F(RegistrationTest, ConsentOfSomebodyWhoIsNoAdministratorIsGoodForThatPersonAlone) {
  connect();
  SimulatedMac& ann = add_mac("ann");
  SimulatedMac& bob = add_mac("bob");
  face_.consent(kNativeConnector, TenantFace::Consent::of_one_person, people_["ann"]);
  expect_registered(ann);
  Failure failure = refused(bob);
  EXPECT_EQ(failure.reason, "connector_not_consented");
  EXPECT_THAT(failure.message, AllOf(HasSubstr("somebody who is no Global Administrator did"), HasSubstr("Remedy:")));
}

TEST_F(RegistrationTest, AnApplicationThatTheTenantLacksIsNamed) {
  connect();
  SimulatedMac& mac = add_mac("ann");
  face_.remove_application(kNativeConnector);
  Failure failure = refused(mac);
  EXPECT_EQ(failure.reason, "connector_missing");
  EXPECT_THAT(failure.message, AllOf(HasSubstr("is not in the tenant"), HasSubstr("Remedy: a Global Administrator")));
}

TEST_F(RegistrationTest, EachApplicationAsksTheKeychainOnceAndADenialIsNamed) {
  connect();
  consent_for_everyone();
  face_.add_public_application(kPayroll, "http://localhost", "api://payroll");
  face_.require_compliant_macs(kPayroll);
  SimulatedMac& mac = add_mac("ann", [](mac::Profile& profile) {
    profile.key_storage = KeyStorage::login_keychain;
    profile.keychain_answer = KeychainAnswer::deny;
  });
  Failure failure = refused(mac);
  EXPECT_EQ(failure.reason, "keychain_refused");
  EXPECT_THAT(failure.message, AllOf(HasSubstr("Cause: the key lives in the login keychain"),
                                     HasSubstr("Remedy: open it again and choose Always Allow")));
  EXPECT_THAT(mac.keychain_prompts(),
              ElementsAre("JamfAAD wants to access key \"Microsoft Workplace Join Key\" in your keychain"));
  EXPECT_EQ(mac.registration_state(), "WPJ Key Present. AAD ID not acquired");

  mac.profile().keychain_answer = KeychainAnswer::always_allow;
  ASSERT_TRUE(mac.gather_aad_info(clock_.now()).ok());
  ASSERT_TRUE(mac.gather_aad_info(clock_.now()).ok());
  EXPECT_EQ(mac.keychain_prompts().size(), 2u) << "asked again after the denial, and never more";
  jamf_.run(seconds{3});

  mac::ApplicationSignIn payroll{.client_id = kPayroll,
                                 .redirect_uri = "http://localhost",
                                 .scope = "api://payroll/.default openid",
                                 .name = "Payroll"};
  mac.profile().keychain_answer = KeychainAnswer::deny;
  auto attempt = mac.sign_in(payroll);
  ASSERT_TRUE(attempt.ok()) << attempt.failure().message;
  EXPECT_FALSE(attempt->granted);
  EXPECT_THAT(attempt->message, AllOf(HasSubstr("`Payroll` may not use the key"), HasSubstr("Remedy: open it again")));
  EXPECT_EQ(mac.keychain_prompts().back(),
            "Payroll wants to access key \"Microsoft Workplace Join Key\" in your keychain");
  mac.profile().keychain_answer = KeychainAnswer::always_allow;
  attempt = mac.sign_in(payroll);
  ASSERT_TRUE(attempt.ok());
  EXPECT_TRUE(attempt->granted) << attempt->message;
}

// Seed 002, "Did JamfAAD run successfully?": its three answers.
TEST_F(RegistrationTest, GatherAadInfoIsSilentAsksOrFails) {
  connect();
  consent_for_everyone();
  SimulatedMac& mac = add_mac("ann");
  expect_registered(mac);
  auto silent = mac.gather_aad_info(clock_.now(), Prompting::silent);
  ASSERT_TRUE(silent.ok()) << silent.failure().message;
  EXPECT_EQ(*silent, "AAD ID acquired for macOS user ann");

  clock_.advance(days{120});  // no session is left that would know the person
  ASSERT_TRUE(mac.check_in(clock_.now()).ok());
  EXPECT_FALSE(mac.gather_aad_info(clock_.now(), Prompting::silent).ok());
  EXPECT_EQ(jamf_.chain(mac, "/registrations/0/inventoryState"), "ACTIVATED") << "a failed refresh has 24 hours";
  ASSERT_TRUE(mac.gather_aad_info(clock_.now(), Prompting::allowed).ok()) << "the person signs in";

  clock_.advance(days{120});
  ASSERT_TRUE(mac.check_in(clock_.now()).ok());
  std::string password = mac.profile().password;
  mac.profile().password = "forgotten";
  auto failed = mac.gather_aad_info(clock_.now());
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.failure().reason, "sign_in_failed");
  EXPECT_THAT(failed.failure().message, AllOf(HasSubstr("Cause:"), HasSubstr("gatherAADInfo` again")));
  EXPECT_EQ(jamf_.chain(mac, "/registrations/0/inventoryState"), "DEACTIVATED");
  EXPECT_THAT(jamf_.chain(mac, "/nextStep"), HasSubstr("gatherAADInfo"));
  EXPECT_NE(jamf_.chain(mac, "/accounts/0/registrationState"), "Registered");
  EXPECT_THAT(mac.open_self_service()->compliance[0].remedy, HasSubstr("gatherAADInfo"));

  mac.profile().password = password;
  ASSERT_TRUE(mac.gather_aad_info(clock_.now()).ok());
  EXPECT_EQ(jamf_.chain(mac, "/registrations/0/inventoryState"), "ACTIVATED");
  EXPECT_EQ(jamf_.chain(mac, "/accounts/0/registrationState"), "Registered");
}

TEST_F(RegistrationTest, RepeatedRegistrationsLeaveDuplicatesThatAreNamedAndCanBeCleanedUp) {
  connect();
  consent_for_everyone();
  SimulatedMac& mac = add_mac("ann");
  expect_registered(mac);
  jamf_.run(seconds{3});
  std::string first = mac.device_id();
  EXPECT_TRUE(is_compliant(mac));

  // The clean-up list on the Mac, without the directory's part, and the policy once more.
  mac.clean_up();
  EXPECT_EQ(mac.registration_state(), "Not Registered");
  jamf_.call("DELETE", "/api/v1/wardbridge/self-service/policies/" + policy_ +
                           "/logs?computerId=" + std::to_string(mac.computer_id()));
  expect_registered(mac);
  jamf_.run(seconds{3});
  EXPECT_NE(mac.device_id(), first);
  EXPECT_EQ(face_.devices_of(people_["ann"]).size(), 2u);
  EXPECT_TRUE(is_compliant(mac));
  EXPECT_FALSE(face_.device(first)->is_compliant_at(clock_.now())) << "compliant in one place only";
  EXPECT_THAT(face_.duplicate_devices(), AllOf(HasSubstr(first), HasSubstr(mac.device_id())));

  // Until the person has as many as are allowed: then the registration fails and says what to clean up.
  while (face_.devices_of(people_["ann"]).size() < registration::kDevicesPerUser) {
    face_.add_device(entropy_.guid(), people_["ann"]);
  }
  mac.clean_up();
  jamf_.call("DELETE", "/api/v1/wardbridge/self-service/policies/" + policy_ + "/logs");
  Failure failure = refused(mac);
  EXPECT_EQ(failure.reason, "device_quota_exceeded");
  EXPECT_THAT(failure.message,
              AllOf(HasSubstr("Cause: devices of this person from earlier registrations are still in the directory"),
                    HasSubstr("Remedy: delete those that are no more"), HasSubstr("clean-up list")));
}

// What the seeds show in the computer's record (001, "Conditional Access Inventory State").
TEST_F(RegistrationTest, TwoAccountsOfOneMacAreTwoRegistrations) {
  connect();
  consent_for_everyone();
  jamf_.call("PUT", "/api/v1/wardbridge/self-service/policies/" + policy_, [&] {
    json::Object ongoing = policy(json::Object{{"allComputers", true}});
    ongoing["frequency"] = "Ongoing";
    return json::Value(ongoing);
  }());
  SimulatedMac& mac = add_mac("ann");
  expect_registered(mac);
  mac.clean_up();
  mac.profile().local_username = "bob";
  mac.profile().user_principal_name = "bob@contoso.example";
  people_["bob"] = face_.add_person("bob@contoso.example", mac.profile().password);
  expect_registered(mac);
  EXPECT_EQ(jamf_.chain(mac, "/accounts/0/username"), "ann");
  EXPECT_EQ(jamf_.chain(mac, "/accounts/1/username"), "bob");
  EXPECT_EQ(jamf_.chain(mac, "/accounts/1/registrationState"), "Registered");
}

}  // namespace
}  // namespace wardbridge::protocol
