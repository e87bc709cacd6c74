// Law 8, end to end: the server is killed in a loop while Macs check in. Every acknowledged check-in is there after the
// restart, and once it is quiet the tenant says of every Mac what management knows of it.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <thread>

#include "app/wiring.h"
#include "mac/mac.h"
#include "platform/clock/clock.h"
#include "platform/http/client.h"
#include "support/server_process.h"

namespace wardbridge {
namespace {

constexpr int kMacs = 4;
constexpr std::uint64_t kSeed = 20261123;

int rounds() {
  const char* wanted = std::getenv("WARDBRIDGE_KILL_ROUNDS");  // some minutes: 200
  return wanted ? std::atoi(wanted) : 8;
}

// One Mac that reports in a loop, turning FileVault on and off, and remembers what was acknowledged.
class ReportingMac {
 public:
  ReportingMac(mac::Profile profile, const std::string& ca_file)
      : transport_({.ca_file = ca_file, .use_system_store = false}), mac_(std::move(profile), transport_, entropy_) {}

  mac::SimulatedMac& mac() { return mac_; }

  // Reports once; an answer that is lost is asked for again with the same report until it comes or `stop`.
  void report(const std::atomic<bool>& stop) {
    mac_.profile().filevault_on = !mac_.profile().filevault_on;
    auto answer = mac_.check_in(clock_.now(), mac::SimulatedMac::Report::security);
    while (!answer.ok() && !stop) {
      EXPECT_NE(answer.failure().reason, "unexpected_answer") << answer.failure().message;
      std::this_thread::sleep_for(milliseconds{10});
      answer = mac_.retry_check_in();
    }
    if (!answer.ok()) return;
    // Revisions only grow: one below an acknowledged one would mean that an acknowledged check-in is gone.
    EXPECT_GE(answer->revision, revision_) << "an acknowledged check-in was lost";
    acknowledged_ = mac_.profile().filevault_on;
    revision_ = answer->revision;
    ++count_;
  }

  // The last report is still unanswered when the test stops: finish it.
  Status finish() {
    auto answer = mac_.retry_check_in();
    if (!answer.ok()) return answer.failure();
    acknowledged_ = mac_.profile().filevault_on;
    return done();
  }

  // Only when no report is under way.
  bool acknowledged() const { return acknowledged_; }
  int count() const { return count_; }

 private:
  SystemClock clock_;
  SystemEntropy entropy_;
  http::CurlTransport transport_;
  mac::SimulatedMac mac_;
  bool acknowledged_ = true;
  std::int64_t revision_ = 0;
  int count_ = 0;
};

class SurvivalTest : public ::testing::Test {
 protected:
  void set_up() {
    std::vector<testing::ServedUser> users;
    std::vector<mac::Profile> profiles;
    for (int number = 0; number < kMacs; ++number) {
      profiles.push_back(mac::make_profile(kSeed, number, "contoso.example"));
      users.push_back({profiles.back().user_principal_name, profiles.back().full_name, profiles.back().password});
    }
    server_ = std::make_unique<testing::ServerProcess>(WARDBRIDGE_PROGRAM, users);
    Status started = server_->start();
    ASSERT_TRUE(started.ok()) << started.failure().message;
    transport_ = std::make_unique<http::CurlTransport>(
        http::ClientOptions{.ca_file = server_->ca_file(), .use_system_store = false});
    management_ = std::make_unique<cli::ApiClient>(*transport_, server_->management_url());
    graph_ = std::make_unique<cli::ApiClient>(*transport_, server_->tenant_url());
    Status prepared = prepare(std::move(profiles));
    ASSERT_TRUE(prepared.ok()) << prepared.failure().message;
  }

  Status prepare(std::vector<mac::Profile> profiles) {
    TRY(log_in());
    TRY(app::connect_to_tenant(*management_, {.tenant_url = server_->tenant_url(),
                                              .domain = "contoso.example",
                                              .client_id = server_->connector_id(),
                                              .client_secret = server_->secret()}));
    std::string invitation = TRY(app::invite_macs(*management_));
    for (mac::Profile& profile : profiles) {
      macs_.push_back(std::make_unique<ReportingMac>(std::move(profile), server_->ca_file()));
      mac::SimulatedMac& mac = macs_.back()->mac();
      TRY(mac.enroll(server_->management_url(), invitation));
      TRY(mac.register_device(server_->tenant_url(), "contoso.example"));
      TRY(mac.check_in(clock_.now()));
    }
    return done();
  }

  Status log_in() {
    TRY(management_->log_in("admin", server_->admin_password()));
    return graph_->log_in_client(server_->tenant_url() + "/contoso.example/oauth2/v2.0/token", server_->console_id(),
                                 server_->secret(), "https://graph.microsoft.com/.default");
  }

  // What management holds of a Mac: its FileVault state and revision.
  Result<std::string> stored_filevault(const mac::SimulatedMac& mac) {
    json::Object record = TRY(management_->get("/api/v4/computers-inventory/" + std::to_string(mac.computer_id()) +
                                               "?section=OPERATING_SYSTEM"));
    return json::required_text(record.at("operatingSystem").as_object(), "fileVault2Status");
  }

  Result<bool> compliant_in_graph(const mac::SimulatedMac& mac) {
    json::Object devices =
        TRY(graph_->get("/v1.0/devices?$filter=" + text::percent_encode("deviceId eq '" + mac.device_id() + "'")));
    const json::Array* value = json::array_at(devices, "value");
    if (!value || value->empty()) return not_found("no_device", "Graph does not know the device");
    return json::bool_at(value->front().as_object(), "isCompliant").value_or(false);
  }

  SystemClock clock_;
  std::unique_ptr<testing::ServerProcess> server_;
  std::unique_ptr<http::CurlTransport> transport_;
  std::unique_ptr<cli::ApiClient> management_;
  std::unique_ptr<cli::ApiClient> graph_;
  std::vector<std::unique_ptr<ReportingMac>> macs_;
};

TEST_F(SurvivalTest, EveryAcknowledgedCheckInOutlivesTheServer) {
  set_up();
  if (HasFatalFailure()) return;
  SeededEntropy random(kSeed);
  std::atomic<bool> stop = false;
  std::vector<std::thread> threads;
  for (auto& mac : macs_) {
    threads.emplace_back([&stop, &mac] {
      while (!stop) mac->report(stop);
    });
  }

  for (int round = 0; round < rounds(); ++round) {
    std::this_thread::sleep_for(milliseconds{static_cast<std::int64_t>(100 + random.below(400))});
    server_->kill();
    Status restarted = server_->start();
    if (!restarted.ok()) ADD_FAILURE() << "round " << round << ": " << restarted.failure().message;
  }
  stop = true;
  for (auto& thread : threads) thread.join();

  ASSERT_TRUE(log_in().ok());
  int acknowledged = 0;
  for (auto& mac : macs_) {
    ASSERT_TRUE(mac->finish().ok());
    acknowledged += mac->count();
    auto stored = stored_filevault(mac->mac());
    ASSERT_TRUE(stored.ok()) << stored.failure().message;
    EXPECT_EQ(*stored, mac->acknowledged() ? "ALL_ENCRYPTED" : "NOT_ENCRYPTED") << "an acknowledged check-in was lost";
  }
  EXPECT_GT(acknowledged, rounds());

  for (auto& mac : macs_) {
    Status equal = app::wait_for("the tenant's agreement with management", seconds{30}, [&]() -> Result<bool> {
      return TRY(compliant_in_graph(mac->mac())) == mac->acknowledged();
    });
    EXPECT_TRUE(equal.ok()) << equal.failure().message;
  }
  std::printf("%d kills, %d acknowledged check-ins, none lost\n", rounds(), acknowledged);
}

}  // namespace
}  // namespace wardbridge
