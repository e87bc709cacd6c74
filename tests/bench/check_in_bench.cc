// How many check-ins a second the whole program takes, durably, over TLS; and how long a verdict takes to become
// visible.
//
//   check_in_bench check-ins sqlite|postgresql SECONDS CLIENTS...
//   check_in_bench visible   sqlite|postgresql SECONDS PER_SECOND
//
// Server and clients share one process and this machine's cores, so the clients' TLS and JSON count against the result.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "app/management_part.h"
#include "app/tenant_part.h"
#include "app/wiring.h"
#include "mac/mac.h"
#include "platform/http/client.h"
#include "support/postgres_cluster.h"
#include "support/temporary_directory.h"

namespace wardbridge {
namespace {

constexpr const char* kDomain = "contoso.example";

// Everything up, connected, with enrolled Macs.
struct Rig {
  testing::TemporaryDirectory directory;
  SystemClock clock;
  SystemEntropy entropy;
  std::unique_ptr<app::World> world;
  std::unique_ptr<app::TenantPart> tenant;
  std::unique_ptr<app::ManagementPart> management;
  std::vector<std::unique_ptr<http::CurlTransport>> transports;
  std::vector<std::unique_ptr<mac::SimulatedMac>> macs;
  std::unique_ptr<cli::ApiClient> graph;
};

Status set_up(Rig& rig, const std::string& store_kind, int macs, bool registers) {
  app::StoreConfig store{.kind = store_kind};
  if (store_kind == "postgresql") {
    auto* cluster = TRY(testing::PostgresCluster::of_this_program());
    store.connection = TRY(cluster->fresh_database());
  }
  app::Config config;
  config.data = rig.directory.path();
  rig.world = std::make_unique<app::World>(TRY(app::open_world(config, rig.clock, rig.entropy)));

  app::TenantConfig contoso{.name = "Contoso", .domains = {kDomain}};
  std::vector<mac::Profile> profiles;
  for (int number = 0; number < macs; ++number) {
    profiles.push_back(mac::make_profile(7, number, kDomain));
    contoso.users.push_back(
        {.user_principal_name = profiles.back().user_principal_name, .password = profiles.back().password});
  }
  std::string secret = rig.entropy.token();
  contoso.applications = {{.name = "Connector",
                           .client_id = rig.entropy.guid(),
                           .client_secret = secret,
                           .application_permissions = {"update_device_attributes", "manage_partner_compliance_policy",
                                                       "Application.Read.All"}},
                          {.name = "Console",
                           .client_id = rig.entropy.guid(),
                           .client_secret = secret,
                           .application_permissions = {"Device.Read.All", "Directory.Read.All"}}};
  rig.tenant = TRY(app::TenantPart::open({.listen = {.port = 0}, .store = store, .tenants = {contoso}}, *rig.world));
  TRY(rig.tenant->start());
  rig.management = TRY(app::ManagementPart::open({.listen = {.port = 0}, .store = store}, *rig.world, {rig.tenant->url()}));
  TRY(rig.management->start());

  auto new_transport = [&]() -> http::Transport& {
    rig.transports.push_back(std::make_unique<http::CurlTransport>(
        http::ClientOptions{.ca_file = rig.world->ca_file, .use_system_store = false}));
    return *rig.transports.back();
  };
  http::Transport& admin_transport = new_transport();
  cli::ApiClient management(admin_transport, rig.management->url());
  TRY(management.log_in("admin", TRY(rig.management->first_administrator("admin"))));
  rig.graph = std::make_unique<cli::ApiClient>(admin_transport, rig.tenant->url());
  TRY(rig.graph->log_in_client(rig.tenant->url() + "/" + kDomain + "/oauth2/v2.0/token",
                               contoso.applications[1].client_id, secret, "https://graph.microsoft.com/.default"));
  TRY(app::connect_to_tenant(management, {.tenant_url = rig.tenant->url(),
                                          .domain = kDomain,
                                          .client_id = contoso.applications[0].client_id,
                                          .client_secret = secret}));
  std::string invitation = TRY(app::invite_macs(management));
  for (mac::Profile& profile : profiles) {
    rig.macs.push_back(std::make_unique<mac::SimulatedMac>(std::move(profile), new_transport(), rig.entropy));
    TRY(rig.macs.back()->enroll(rig.management->url(), invitation));
    if (registers) TRY(rig.macs.back()->register_device(rig.tenant->url(), kDomain));
    TRY(rig.macs.back()->check_in(rig.clock.now()));
  }
  return done();
}

double percentile(std::vector<double>& values, double part) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, static_cast<std::size_t>(part * static_cast<double>(values.size())))];
}

// A report as an agent sends it: about 20 KB, 150 applications with name, path, version and bundle id.
json::Object lean_report(const mac::Profile& profile, Time now) {
  json::Object sections = mac::inventory_sections(profile, now);
  json::Array applications;
  for (const auto& application : profile.applications) {
    applications.push_back(json::Object{{"name", application.name},
                                        {"path", application.path},
                                        {"version", application.version},
                                        {"bundleId", application.bundle_id}});
  }
  sections["applications"] = std::move(applications);
  return sections;
}

// What a working day changes on a Mac: free space always, an application's version two times of three.
void age(mac::Profile& profile, Entropy& entropy) {
  profile.available_megabytes = static_cast<std::int64_t>(40'000 + entropy.below(300'000));
  if (entropy.below(3) < 2) {
    auto& application = profile.applications[entropy.below(profile.applications.size())];
    application.version = "9." + std::to_string(entropy.below(100)) + "." + std::to_string(entropy.below(100));
  }
}

int run_check_ins(const std::string& store_kind, int run_seconds, const std::vector<int>& client_counts) {
  Rig rig;
  int most = *std::max_element(client_counts.begin(), client_counts.end());
  constexpr int kMacsPerClient = 4;
  Status ready = set_up(rig, store_kind, most * kMacsPerClient, false);
  if (!ready.ok()) return std::fprintf(stderr, "%s\n", ready.failure().message.c_str()), 1;
  // Written out beforehand: real Macs make their reports on machines of their own.
  constexpr std::size_t kReportsPerMac = 8;
  std::vector<std::vector<std::string>> reports;
  SeededEntropy random(7);
  for (auto& mac : rig.macs) {
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < kReportsPerMac; ++i) {
      age(mac->profile(), random);
      texts.push_back(json::to_text(lean_report(mac->profile(), rig.clock.now())));
    }
    reports.push_back(std::move(texts));
  }
  std::printf("%s: report of %zu bytes, %zu applications, full sync, TLS\n", store_kind.c_str(), reports[0][0].size(),
              rig.macs.front()->profile().applications.size());
  for (int clients : client_counts) {
    std::atomic<bool> stop = false;
    std::atomic<int> failures = 0;
    std::mutex mutex;
    std::vector<double> latencies;
    std::vector<std::thread> threads;
    std::int64_t began = monotonic_nanoseconds();
    for (int client = 0; client < clients; ++client) {
      threads.emplace_back([&, client] {
        std::vector<double> mine;
        for (int turn = 0; !stop; ++turn) {
          auto number = static_cast<std::size_t>(client * kMacsPerClient + turn % kMacsPerClient);
          const std::string& report = reports[number][static_cast<std::size_t>(turn / kMacsPerClient) % kReportsPerMac];
          std::int64_t start = monotonic_nanoseconds();
          auto answer = rig.macs[number]->check_in_with(report);
          if (!answer.ok()) ++failures;
          mine.push_back(static_cast<double>(monotonic_nanoseconds() - start) / 1e6);
        }
        std::lock_guard lock(mutex);
        latencies.insert(latencies.end(), mine.begin(), mine.end());
      });
    }
    std::this_thread::sleep_for(seconds{run_seconds});
    stop = true;
    for (auto& thread : threads) thread.join();
    double elapsed = static_cast<double>(monotonic_nanoseconds() - began) / 1e9;
    double p50 = percentile(latencies, 0.50);
    std::printf("%3d clients: %7.0f check-ins/s   p50 %6.2f ms   p99 %6.2f ms   %d failed\n", clients,
                static_cast<double>(latencies.size()) / elapsed, p50, percentile(latencies, 0.99), failures.load());
    std::fflush(stdout);
  }
  return 0;
}

// A steady stream of check-ins that flip verdicts, each watched until Graph says the new one.
int run_visible(const std::string& store_kind, int run_seconds, int per_second) {
  Rig rig;
  Status ready = set_up(rig, store_kind, per_second * 2, true);
  if (!ready.ok()) return std::fprintf(stderr, "%s\n", ready.failure().message.c_str()), 1;
  constexpr std::size_t kWatchers = 16;
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::vector<double> latencies;
  std::atomic<int> failures = 0;
  std::size_t total = static_cast<std::size_t>(run_seconds * per_second);
  std::int64_t began = monotonic_nanoseconds();
  std::vector<std::thread> threads;
  for (std::size_t watcher = 0; watcher < kWatchers; ++watcher) {
    threads.emplace_back([&] {
      for (std::size_t number = next++; number < total; number = next++) {
        auto due = began + static_cast<std::int64_t>(number) * 1'000'000'000 / per_second;
        std::int64_t wait = due - monotonic_nanoseconds();
        if (wait > 0) std::this_thread::sleep_for(std::chrono::nanoseconds{wait});
        mac::SimulatedMac& mac = *rig.macs[number % rig.macs.size()];
        mac.profile().filevault_on = !mac.profile().filevault_on;
        bool wanted = mac.profile().filevault_on;
        std::int64_t start = monotonic_nanoseconds();
        std::string path = "/v1.0/devices?$filter=" + text::percent_encode("deviceId eq '" + mac.device_id() + "'") +
                           "&$select=isCompliant";
        auto answer = mac.check_in(rig.clock.now());
        Status seen = answer.ok()
                          ? app::wait_for("the verdict in Graph", seconds{10},
                                          [&]() -> Result<bool> {
                                            json::Object devices = TRY(rig.graph->get(path));
                                            return json::bool_at(devices.at("value").as_array().at(0).as_object(),
                                                                 "isCompliant") == wanted;
                                          })
                          : Status(answer.failure());
        if (!seen.ok()) ++failures;
        std::lock_guard lock(mutex);
        latencies.push_back(static_cast<double>(monotonic_nanoseconds() - start) / 1e6);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  double elapsed = static_cast<double>(monotonic_nanoseconds() - began) / 1e9;
  double p50 = percentile(latencies, 0.50);
  std::printf("%s: %zu verdict flips at %.1f/s: check-in to visible in Graph p50 %.1f ms, p99 %.1f ms, %d not seen\n",
              store_kind.c_str(), latencies.size(), static_cast<double>(latencies.size()) / elapsed, p50,
              percentile(latencies, 0.99), failures.load());
  return 0;
}

}  // namespace
}  // namespace wardbridge

int main(int argc, char** argv) {
  std::string what = argc > 4 ? argv[1] : "";
  if (what != "check-ins" && what != "visible") {
    std::fprintf(stderr, "usage: check_in_bench check-ins|visible sqlite|postgresql SECONDS CLIENTS...|PER_SECOND\n");
    return 2;
  }
  int seconds = std::atoi(argv[3]);
  if (what == "visible") return wardbridge::run_visible(argv[2], seconds, std::atoi(argv[4]));
  std::vector<int> clients;
  for (int i = 4; i < argc; ++i) clients.push_back(std::atoi(argv[i]));
  return wardbridge::run_check_ins(argv[2], seconds, clients);
}
