// A full disk, seen from outside: both parts on real servers, asked over TLS. A write that finds no space is refused as
// 503 in the wire's own words and acknowledges nothing; reads go on; with space again everything goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/management_part.h"
#include "app/tenant_part.h"
#include "app/wiring.h"
#include "cli/api_client.h"
#include "crash/volatile_disk.h"
#include "mac/mac.h"
#include "platform/log/log.h"
#include "support/temporary_directory.h"

namespace wardbridge::app {
namespace {

constexpr const char* kDomain = "contoso.example";
constexpr const char* kConsoleId = "6d1f2a3b-0000-4000-8000-000000000001";
constexpr const char* kConsoleSecret = "a-secret-of-this-test";
constexpr const char* kPolicies = "/v1.0/identity/conditionalAccess/policies";

// Hands everything on, and keeps the last answer for a closer look.
class Witness final : public http::Transport {
 public:
  explicit Witness(const std::string& ca_file) : transport_({.ca_file = ca_file, .use_system_store = false}) {}
  Result<http::Response> send(const http::OutboundRequest& request, Duration deadline) override {
    auto response = transport_.send(request, deadline);
    if (response.ok()) last = *response;
    return response;
  }
  json::Value body() const { return json::parse(last.body).value(); }
  http::Response last;

 private:
  http::CurlTransport transport_;
};

class PartsDiskFull : public ::testing::Test {
 protected:
  void SetUp() override {
    log::set_level(log::Level::error);
    config_.data = directory_.path();
    config_.management.listen.port = 0;
    config_.tenant.listen.port = 0;
    config_.tenant.tenants = {
        {.name = "Contoso",
         .domains = {kDomain},
         .applications = {{.name = "Console",
                           .client_id = kConsoleId,
                           .client_secret = kConsoleSecret,
                           .application_permissions = {"Policy.Read.All", "Policy.ReadWrite.ConditionalAccess",
                                                       "Application.Read.All"}}}}};
    auto world = open_world(config_, clock_, entropy_);
    ASSERT_TRUE(world.ok()) << world.failure().message;
    world_ = std::make_unique<World>(std::move(world).value());
    witness_ = std::make_unique<Witness>(world_->ca_file);
    Status started = start();
    ASSERT_TRUE(started.ok()) << started.failure().message;
  }

  Status start() {
    tenant_ = TRY(TenantPart::open(config_.tenant, *world_));
    TRY(tenant_->start());
    management_ = TRY(ManagementPart::open(config_.management, *world_, {tenant_->url()}));
    TRY(management_->start());
    if (password_.empty()) password_ = TRY(management_->first_administrator("admin"));
    admin_ = std::make_unique<cli::ApiClient>(*witness_, management_->url());
    graph_ = std::make_unique<cli::ApiClient>(*witness_, tenant_->url());
    TRY(admin_->log_in("admin", password_));
    return graph_->log_in_client(tenant_->url() + "/" + kDomain + "/oauth2/v2.0/token", kConsoleId, kConsoleSecret,
                                 "https://graph.microsoft.com/.default");
  }
  // What the disk holds, read by new processes.
  void restart() {
    management_.reset();
    tenant_.reset();
    Status started = start();
    ASSERT_TRUE(started.ok()) << started.failure().message;
  }

  std::string stored_filevault(std::int64_t computer) {
    auto record = admin_->get("/api/v4/computers-inventory/" + std::to_string(computer) + "?section=OPERATING_SYSTEM");
    EXPECT_TRUE(record.ok()) << record.failure().message;
    return record.ok() ? json::required_text(record->at("operatingSystem").as_object(), "fileVault2Status").value()
                       : "";
  }
  std::size_t policies() {
    auto listed = graph_->get(kPolicies);
    EXPECT_TRUE(listed.ok()) << listed.failure().message;
    return listed.ok() ? listed->at("value").as_array().size() : 0;
  }

  testing::TemporaryDirectory directory_;
  testing::VolatileDisk disk_;
  SystemClock clock_;
  SystemEntropy entropy_;
  Config config_;
  std::unique_ptr<World> world_;
  std::unique_ptr<Witness> witness_;
  std::unique_ptr<TenantPart> tenant_;
  std::unique_ptr<ManagementPart> management_;
  std::string password_;
  std::unique_ptr<cli::ApiClient> admin_;
  std::unique_ptr<cli::ApiClient> graph_;
};

TEST_F(PartsDiskFull, ACheckInIsRefusedInJamfsWordsAndTakenWhenThereIsRoom) {
  auto invitation = invite_macs(*admin_);
  ASSERT_TRUE(invitation.ok()) << invitation.failure().message;
  mac::SimulatedMac mac(mac::make_profile(1, 0, kDomain), *witness_, entropy_);
  ASSERT_TRUE(mac.enroll(management_->url(), *invitation).ok());
  auto first = mac.check_in(clock_.now());
  ASSERT_TRUE(first.ok()) << first.failure().message;
  ASSERT_EQ(stored_filevault(first->computer_id), "ALL_ENCRYPTED");

  disk_.fill_up_at(1);
  mac.profile().filevault_on = false;
  for (int attempt = 0; attempt < 3; ++attempt) {
    auto refused = attempt == 0 ? mac.check_in(clock_.now()) : mac.retry_check_in();
    ASSERT_FALSE(refused.ok()) << "nothing may be acknowledged that is not on the disk";
    EXPECT_EQ(witness_->last.status, 503);
    EXPECT_TRUE(witness_->last.headers.get("Retry-After"));
    json::Value body = witness_->body();
    EXPECT_EQ(body.at("httpStatus"), 503);
    EXPECT_TRUE(text::is_guid(body.at("traceId").as_string())) << witness_->last.body;
    EXPECT_EQ(body.at("errors").at(0).at("code"), "DISK_FULL");
    EXPECT_EQ(stored_filevault(first->computer_id), "ALL_ENCRYPTED");
  }
  EXPECT_TRUE(disk_.was_full());

  disk_.free_space();
  auto taken = mac.retry_check_in();
  ASSERT_TRUE(taken.ok()) << taken.failure().message;
  EXPECT_FALSE(taken->repeated) << "the same report, for the first time";
  EXPECT_GT(taken->revision, first->revision);
  restart();
  EXPECT_EQ(stored_filevault(first->computer_id), "NOT_ENCRYPTED");
}

TEST_F(PartsDiskFull, ATenantsWriteIsRefusedInGraphsWordsAndMadeOnceWhenThereIsRoom) {
  Status before = require_compliant_macs(*graph_, kConsoleId);
  ASSERT_TRUE(before.ok()) << before.failure().message;
  disk_.fill_up_at(1);
  ASSERT_FALSE(require_compliant_macs(*graph_, kConsoleId).ok());
  EXPECT_EQ(witness_->last.status, 503);
  EXPECT_TRUE(witness_->last.headers.get("Retry-After"));
  EXPECT_EQ(witness_->body().at("error").at("code"), "serviceNotAvailable");
  EXPECT_TRUE(disk_.was_full());
  EXPECT_EQ(policies(), 1u);

  disk_.free_space();
  Status after = require_compliant_macs(*graph_, kConsoleId);
  ASSERT_TRUE(after.ok()) << after.failure().message;
  restart();
  EXPECT_EQ(policies(), 2u);
}

}  // namespace
}  // namespace wardbridge::app
