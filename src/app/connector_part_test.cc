// Management, Cloud Connector and tenant, each on a server of its own, over real TLS: from registering the instance to
// a verdict that Graph shows.
#include "app/connector_part.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "app/local_authority.h"
#include "app/management_part.h"
#include "app/tenant_part.h"
#include "app/wiring.h"
#include "cli/api_client.h"
#include "cli/partner.h"
#include "mac/mac.h"
#include "platform/http/client.h"
#include "support/administrators_browser.h"
#include "support/temporary_directory.h"

namespace wardbridge::app {
namespace {

constexpr const char* kTenantId = "11111111-2222-4333-8444-555555555555";
constexpr const char* kConnectorApp = "6d1f2a3b-0000-4000-8000-00000000000c";
constexpr const char* kUserApp = "6d1f2a3b-0000-4000-8000-00000000000d";
constexpr const char* kReaderApp = "6d1f2a3b-0000-4000-8000-00000000000e";
constexpr const char* kSecret = "a-secret-of-this-test";

class ConnectorPartTest : public ::testing::Test {
 protected:
  void SetUp() override {
    config_.data = directory_.path();
    auto world = open_world(config_, clock_, entropy_);
    ASSERT_TRUE(world.ok()) << world.failure().message;
    world_ = std::make_unique<World>(std::move(*world));
    transport_ = std::make_unique<http::CurlTransport>(http::ClientOptions{.ca_file = world_->ca_file});
  }
  void TearDown() override {
    if (management_) management_->stop();
    if (connector_) connector_->stop();
    if (tenant_) tenant_->stop();
  }

  // The connector's address is needed by the applications, and the tenant's by the connector.
  void start_tenant(const std::string& connector_url) {
    auto application = [&](const char* name, const char* id, std::vector<std::string> permissions) {
      return ApplicationConfig{.name = name,
                               .client_id = id,
                               .redirect_uris = {connector_url + "/consent/callback"},
                               .client_secret = kSecret,
                               .application_permissions = std::move(permissions),
                               .delegated_permissions = {"User.Read"},
                               .multitenant = true};
    };
    TenantConfig vendor{.name = "Vendor", .domains = {"vendor.example"}};
    vendor.applications = {
        application("Cloud Connector", kConnectorApp, {"Directory.Read.All", "update_device_attributes"}),
        application("Cloud Connector user registration app", kUserApp, {})};
    TenantConfig contoso{.id = kTenantId, .name = "Contoso", .domains = {"contoso.example"}};
    contoso.users = {{.user_principal_name = "admin@contoso.example",
                      .display_name = "Admin",
                      .password = "correct horse battery",
                      .administrator = true},
                     {.user_principal_name = profile_.user_principal_name,
                      .display_name = profile_.full_name,
                      .password = profile_.password}};
    contoso.applications = {
        {.name = "Reader",
         .client_id = kReaderApp,
         .client_secret = kSecret,
         .application_permissions = {"Device.Read.All", "DeviceManagementServiceConfig.ReadWrite.All",
                                     "DeviceManagementManagedDevices.Read.All"}}};
    auto tenant = TenantPart::open({.listen = {.port = 0}, .tenants = {vendor, contoso}}, *world_);
    ASSERT_TRUE(tenant.ok()) << tenant.failure().message;
    tenant_ = std::move(*tenant);
    ASSERT_TRUE(tenant_->start().ok());
  }
  // A port that was free a moment ago.
  int free_port() {
    http::Router nobody;
    http::Server server({.port = 0}, nobody, clock_, entropy_);
    EXPECT_TRUE(server.bind().ok());
    return server.port();
  }

  testing::TemporaryDirectory directory_;
  SystemClock clock_;
  SystemEntropy entropy_;
  Config config_;
  mac::Profile profile_ = mac::make_profile(1, 0, "contoso.example");
  std::unique_ptr<World> world_;
  std::unique_ptr<http::CurlTransport> transport_;
  std::unique_ptr<TenantPart> tenant_;
  std::unique_ptr<ConnectorPart> connector_;
  std::unique_ptr<ManagementPart> management_;
};

TEST_F(ConnectorPartTest, CarriesAVerdictFromAMacToGraph) {
  int port = free_port();
  start_tenant("https://127.0.0.1:" + std::to_string(port));
  auto connector = ConnectorPart::open({.listen = {.port = port},
                                        .clouds = {{.login_url = tenant_->url(),
                                                    .graph_url = tenant_->url(),
                                                    .client_id = kConnectorApp,
                                                    .user_registration_client_id = kUserApp,
                                                    .client_secret = kSecret}}},
                                       *world_);
  ASSERT_TRUE(connector.ok()) << connector.failure().message;
  connector_ = std::move(*connector);
  ASSERT_TRUE(connector_->start().ok());
  struct stat facts {};
  ASSERT_EQ(stat(connector_->operator_token_file().c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
  auto management_part = ManagementPart::open({.listen = {.port = 0}}, *world_, {connector_->url()});
  ASSERT_TRUE(management_part.ok()) << management_part.failure().message;
  management_ = std::move(*management_part);
  ASSERT_TRUE(management_->start().ok());

  cli::ApiClient operates(*transport_, connector_->url());
  operates.use_token(std::string(text::trim(read_file(connector_->operator_token_file()).value())));
  auto issued = operates.post("/api/v1/instances", {{"name", "Berlin"}});
  ASSERT_TRUE(issued.ok()) << issued.failure().message;
  cli::ApiClient management(*transport_, management_->url());
  ASSERT_TRUE(management.log_in("admin", management_->first_administrator("admin").value()).ok());
  const std::string connections = "/api/v1/wardbridge/cloud-connections";
  auto made = management.post(connections, {{"name", "Contoso"},
                                            {"connectorUrl", connector_->url()},
                                            {"credential", issued->at("credential")},
                                            {"tenant", "contoso.example"},
                                            {"enrollmentUrl", "https://jamf.example/enroll"},
                                            {"remediationUrl", "https://jamf.example/fix"}});
  ASSERT_TRUE(made.ok()) << made.failure().message;
  const std::string connection = connections + "/" + std::string(made->at("id").as_string());
  auto connecting = management.post(connection + "/connect", {});
  ASSERT_TRUE(connecting.ok()) << connecting.failure().message;
  EXPECT_EQ(connecting->at("tenantId"), kTenantId);
  testing::AdministratorsBrowser browser(*transport_, "admin@contoso.example", "correct horse battery");
  auto page = browser.open(std::string(connecting->at("consentUrl").as_string()));
  ASSERT_TRUE(page.ok()) << page.failure().message;
  EXPECT_EQ(page->status, 200);
  EXPECT_THAT(page->body, ::testing::HasSubstr(kConnectorApp)) << "the Application ID";
  cli::ApiClient graph(*transport_, tenant_->url());
  ASSERT_TRUE(graph
                  .log_in_client(tenant_->url() + "/contoso.example/oauth2/v2.0/token", kReaderApp, kSecret,
                                 "https://graph.microsoft.com/.default")
                  .ok());
  ASSERT_EQ(cli::save_device_partner(graph, kConnectorApp, std::nullopt, true), 0) << "the Application ID is pasted";
  auto confirmed = management.post(connection + "/confirm", {});
  ASSERT_TRUE(confirmed.ok()) << confirmed.failure().message;
  ASSERT_TRUE(confirmed->at("works").as_bool()) << json::to_text(*confirmed);

  auto everyone = management.post(
      "/api/v3/computer-groups/smart-groups",
      {{"name", "Everyone"},
       {"criteria",
        json::Array{json::Object{
            {"name", "Computer Name"}, {"priority", 0}, {"andOr", "and"}, {"searchType", "is not"}, {"value", ""}}}}});
  ASSERT_TRUE(everyone.ok()) << everyone.failure().message;
  auto settings = management.put("/api/v1/wardbridge/device-compliance", {{"enabled", true},
                                                                          {"complianceGroupId", everyone->at("id")},
                                                                          {"applicableGroupId", everyone->at("id")},
                                                                          {"connectionId", made->at("id")}});
  ASSERT_TRUE(settings.ok()) << settings.failure().message;
  std::string invitation = invite_macs(management).value();
  mac::SimulatedMac mac(profile_, *transport_, entropy_);
  ASSERT_TRUE(mac.enroll(management_->url(), invitation).ok());
  Status registered = mac.register_device(tenant_->url(), "contoso.example");
  ASSERT_TRUE(registered.ok()) << registered.failure().message;
  ASSERT_TRUE(mac.check_in(clock_.now()).ok());

  Status seen = wait_for("the verdict in Graph", seconds{30}, [&]() -> Result<bool> {
    json::Object devices = TRY(graph.get("/v1.0/devices"));
    const json::Array& value = devices.at("value").as_array();
    return !value.empty() && value.front().at("isCompliant") == true;
  });
  EXPECT_TRUE(seen.ok()) << seen.failure().message;
  auto partner = graph.get("/v1.0/deviceManagement/deviceManagementPartners");
  ASSERT_TRUE(partner.ok()) << partner.failure().message;
  EXPECT_EQ(partner->at("value").at(0).at("partnerState"), "enabled") << "as the documents say it is seen there";
  auto listed = graph.get("/v1.0/deviceManagement/managedDevices");
  ASSERT_TRUE(listed.ok()) << listed.failure().message;
  EXPECT_EQ(listed->at("value").at(0).at("serialNumber").as_string(), profile_.serial_number);
  auto routes = management.get(connection + "/routes");
  ASSERT_TRUE(routes.ok()) << routes.failure().message;
  EXPECT_EQ(routes->at("totalCount"), 1);
}

}  // namespace
}  // namespace wardbridge::app
