#include "app/demo_stage.h"

#include "app/wiring.h"

namespace wardbridge::app {
namespace {

constexpr std::uint64_t kFleetSeed = 20261123;

ApplicationConfig payroll_application(Entropy& entropy) {
  return {.name = "Payroll",
          .client_id = entropy.guid(),
          .redirect_uris = {"http://localhost"},
          .public_client = true,
          .identifier_uris = {"api://payroll"}};
}

ApplicationConfig confidential_application(const char* name, std::vector<std::string> permissions, Entropy& entropy) {
  return {.name = name,
          .client_id = entropy.guid(),
          .client_secret = entropy.token(),
          .application_permissions = std::move(permissions)};
}

enum DemoApplication { kPayroll, kConnector, kConsole };

}  // namespace

DemoStage::~DemoStage() {
  if (management_part_) management_part_->stop();
  if (tenant_part_) tenant_part_->stop();
}

Result<std::unique_ptr<DemoStage>> DemoStage::set_up(const std::string& data, int macs, bool usual_ports) {
  std::unique_ptr<DemoStage> stage(new DemoStage);
  Entropy& entropy = stage->entropy_;
  stage->tenant_.name = "Contoso";
  stage->tenant_.domains = {kDemoDomain};
  GroupConfig staff{.name = "Staff"};
  std::vector<mac::Profile> profiles;
  for (int number = 0; number < macs; ++number) {
    profiles.push_back(mac::make_profile(kFleetSeed, number, kDemoDomain));
    // The fleet is the same every time; the passwords must not be.
    profiles.back().password = entropy.token(15);
    stage->tenant_.users.push_back({.user_principal_name = profiles.back().user_principal_name,
                                    .display_name = profiles.back().full_name,
                                    .password = profiles.back().password});
    staff.members.push_back(profiles.back().user_principal_name);
  }
  stage->tenant_.groups = {staff};
  stage->tenant_.applications = {
      payroll_application(entropy),
      confidential_application("Cloud Connector for Device Compliance",
                               {"update_device_attributes", "manage_partner_compliance_policy", "Application.Read.All"},
                               entropy),
      confidential_application("Demo console",
                               {"Device.Read.All", "Directory.Read.All", "AuditLog.Read.All", "Policy.Read.All",
                                "Policy.ReadWrite.ConditionalAccess", "Application.Read.All"},
                               entropy),
      user_registration_app(),
  };
  TRY(stage->start_parts(data, usual_ports));
  TRY(stage->log_in());
  const ApplicationConfig& connector = stage->tenant_.applications[kConnector];
  Wiring wiring{.tenant_url = stage->tenant_url(),
                .domain = kDemoDomain,
                .client_id = connector.client_id,
                .client_secret = connector.client_secret};
  TRY(connect_to_tenant(*stage->management_, wiring));
  stage->invitation_ = TRY(invite_macs(*stage->management_));
  TRY(require_compliant_macs(*stage->graph_, stage->tenant_.applications[kPayroll].client_id));
  for (mac::Profile& profile : profiles) {
    stage->macs_.push_back(std::make_unique<mac::SimulatedMac>(std::move(profile), *stage->transport_, entropy));
  }
  return stage;
}

Status DemoStage::start_parts(const std::string& data, bool usual_ports) {
  Config config;
  config.data = data;
  world_ = std::make_unique<World>(TRY(open_world(config, clock_, entropy_)));
  TenantFaceConfig tenant{.listen = {.port = usual_ports ? 9443 : 0}, .tenants = {tenant_}};
  auto tenant_part = TenantPart::open(tenant, *world_);
  if (!tenant_part.ok() && tenant_part.failure().reason == "listen" && usual_ports) {
    tenant.listen.port = 0;
    tenant_part = TenantPart::open(tenant, *world_);
  }
  tenant_part_ = TRY(std::move(tenant_part));
  TRY(tenant_part_->start());

  ManagementConfig management{.listen = {.port = usual_ports ? 8443 : 0}};
  management_part_ = TRY(ManagementPart::open(management, *world_, {tenant_part_->url()}));
  Status started = management_part_->start();
  if (!started.ok() && started.failure().reason == "listen" && usual_ports) {
    management.listen.port = 0;
    management_part_.reset();  // it holds the store, which only one may have open
    management_part_ = TRY(ManagementPart::open(management, *world_, {tenant_part_->url()}));
    started = management_part_->start();
  }
  TRY(std::move(started));
  admin_password_ = TRY(management_part_->first_administrator("admin"));
  return done();
}

Status DemoStage::log_in() {
  transport_ =
      std::make_unique<http::CurlTransport>(http::ClientOptions{.ca_file = world_->ca_file, .use_system_store = false});
  management_ = std::make_unique<cli::ApiClient>(*transport_, management_part_->url());
  graph_ = std::make_unique<cli::ApiClient>(*transport_, tenant_part_->url());
  TRY(management_->log_in("admin", admin_password_));
  const ApplicationConfig& console = tenant_.applications[kConsole];
  return graph_->log_in_client(tenant_part_->url() + "/" + kDemoDomain + "/oauth2/v2.0/token", console.client_id,
                               console.client_secret, "https://graph.microsoft.com/.default");
}

mac::ApplicationSignIn DemoStage::payroll() const {
  return {.client_id = tenant_.applications[kPayroll].client_id,
          .redirect_uri = "http://localhost",
          .scope = "api://payroll/.default openid"};
}

Status DemoStage::bring_up(mac::SimulatedMac& mac, bool registers) {
  mac.use_directory(tenant_url(), kDemoDomain);
  TRY(mac.enroll(management_url(), invitation_));
  TRY(mac.check_in(clock_.now()));
  if (registers) TRY(mac.register_from_self_service(clock_.now()));
  return done();
}

}  // namespace wardbridge::app
