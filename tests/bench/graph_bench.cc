// How long Microsoft Graph's lists take over a large directory: filters on devices and users, over TLS on a connection
// that is kept alive.
//
//   graph_bench sqlite|postgresql DEVICES REQUESTS
//
// Server and client share one process and this machine's cores. Times are the client's: request, answer, and parsing
// it.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "app/tenant_part.h"
#include "cli/api_client.h"
#include "measure.h"
#include "platform/http/client.h"
#include "support/postgres_cluster.h"
#include "support/temporary_directory.h"
#include "tenant/directory/directory.h"

namespace wardbridge {
namespace {

constexpr const char* kDomain = "contoso.example";
constexpr int kUsers = 1000;
const audit::Actor kBench{.name = "bench"};

struct Rig {
  testing::TemporaryDirectory directory;
  SystemClock clock;
  SystemEntropy entropy;
  std::unique_ptr<app::World> world;
  std::unique_ptr<app::TenantPart> tenant;
  std::unique_ptr<http::CurlTransport> transport;
  std::unique_ptr<cli::ApiClient> graph;
};

Status fill(Rig& rig, int devices) {
  store::Store& store = rig.tenant->store();
  const Time now = rig.clock.now();
  const auto tenant = TRY(store.read(
      [](store::Transaction& tx) -> Result<directory::TenantId> { return directory::find_tenant(tx, kDomain)->id; }));
  std::vector<directory::ObjectId> users;
  TRY(store.write([&](store::Transaction& tx) -> Status {
    users.clear();
    for (int number = 0; number < kUsers; ++number) {
      directory::User user{.id = {rig.entropy.guid()},
                           .user_principal_name = "user" + std::to_string(number) + "@" + kDomain,
                           .display_name = "User " + std::to_string(number),
                           .created = now};
      users.push_back(user.id);
      TRY(directory::create_user(tx, tenant, user, kBench, now));
    }
    return done();
  }));
  constexpr int kAtATime = 1000;
  for (int first = 0; first < devices; first += kAtATime) {
    TRY(store.write([&](store::Transaction& tx) -> Status {
      for (int number = first; number < std::min(devices, first + kAtATime); ++number) {
        directory::Device device;
        device.id = {rig.entropy.guid()};
        device.device_id = {rig.entropy.guid()};
        device.display_name = "Mac " + std::to_string(number);
        device.operating_system = number % 1000 == 0 ? "iPadOS" : "macOS";
        device.operating_system_version = "15." + std::to_string(number % 6);
        device.registered_owner = users[static_cast<std::size_t>(number % kUsers)];
        device.account_enabled = number % 500 != 0;
        device.registration = now - days{number % 700};
        device.approximate_last_sign_in = now - hours{number % 2000};
        TRY(directory::create_device(tx, tenant, device, kBench, now));
        if (number % 10 == 0) continue;  // never heard of
        TRY(directory::set_compliance(tx, tenant, device.device_id,
                                      {.is_compliant = number % 50 != 1,
                                       .is_managed = true,
                                       .expiration = now + days{1},
                                       .mdm_app_id = directory::kIntuneAppId.value,
                                       .partner_id = "bench",
                                       .epoch = 1,
                                       .sequence = 1},
                                      kBench, now));
      }
      return done();
    }));
  }
  return done();
}

Status set_up(Rig& rig, const std::string& store_kind, int devices) {
  app::StoreConfig store{.kind = store_kind};
  if (store_kind == "postgresql") {
    auto* cluster = TRY(testing::PostgresCluster::of_this_program());
    store.connection = TRY(cluster->fresh_database());
  }
  app::Config config;
  config.data = rig.directory.path();
  rig.world = std::make_unique<app::World>(TRY(app::open_world(config, rig.clock, rig.entropy)));
  const std::string secret = rig.entropy.token();
  app::TenantConfig contoso{.name = "Contoso", .domains = {kDomain}};
  contoso.applications = {{.name = "Bench",
                           .client_id = rig.entropy.guid(),
                           .client_secret = secret,
                           .application_permissions = {"Directory.Read.All"}}};
  rig.tenant = TRY(app::TenantPart::open({.listen = {.port = 0}, .store = store, .tenants = {contoso}}, *rig.world));
  TRY(rig.tenant->start());
  TRY(fill(rig, devices));
  rig.transport = std::make_unique<http::CurlTransport>(
      http::ClientOptions{.ca_file = rig.world->ca_file, .use_system_store = false});
  rig.graph = std::make_unique<cli::ApiClient>(*rig.transport, rig.tenant->url());
  return rig.graph->log_in_client(rig.tenant->url() + "/" + kDomain + "/oauth2/v2.0/token",
                                  contoso.applications[0].client_id, secret, "https://graph.microsoft.com/.default");
}

Status measure(Rig& rig, const std::string& collection, const std::string& query, int requests) {
  std::vector<double> times;
  std::size_t items = 0;
  for (int i = 0; i < requests; ++i) {
    const std::int64_t start = monotonic_nanoseconds();
    const json::Object page = TRY(rig.graph->get("/v1.0/" + collection + "?" + query));
    times.push_back(static_cast<double>(monotonic_nanoseconds() - start));
    items = page.at("value").as_array().size();
  }
  std::printf("  %-70s p50 %10s  p99 %10s  items %zu\n", (collection + "?" + *text::percent_decode(query)).c_str(),
              bench::Series::shown(bench::percentile(times, 0.5)).c_str(),
              bench::Series::shown(bench::percentile(times, 0.99)).c_str(), items);
  std::fflush(stdout);
  return done();
}

Status run(const std::string& store_kind, int devices, int requests) {
  Rig rig;
  TRY(set_up(rig, store_kind, devices));
  std::printf("%d devices, %d users, %s, %s\n", devices, kUsers, store_kind.c_str(), bench::machine().c_str());
  const auto filter = [](const std::string& text) { return "$filter=" + text::percent_encode(text); };
  const std::string old = to_iso8601(rig.clock.now() - hours{1900}, false);
  const std::string known(TRY(rig.graph->get("/v1.0/devices?$top=1")).at("value").at(0).at("deviceId").as_string());
  for (const std::string& text :
       {"deviceId eq '" + known + "'", std::string("displayName eq 'Mac 77777'"),
        std::string("startswith(displayName,'Mac 123')"), std::string("isCompliant eq true"),
        std::string("isCompliant eq false"), std::string("operatingSystem eq 'macOS'"),
        std::string("operatingSystem eq 'iPadOS'"), std::string("accountEnabled eq false"),
        "approximateLastSignInDateTime le " + old, std::string("isCompliant eq false and operatingSystem eq 'iPadOS'")})
    TRY(measure(rig, "devices", filter(text), requests));
  TRY(measure(rig, "devices", "$top=999&$select=id,displayName", requests / 10 + 1));
  for (const char* text : {"userPrincipalName eq 'user77@contoso.example'", "startswith(displayName,'User 9')",
                           "mail eq 'nobody@contoso.example'"})
    TRY(measure(rig, "users", filter(text), requests));
  return done();
}

}  // namespace
}  // namespace wardbridge

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "graph_bench sqlite|postgresql DEVICES REQUESTS\n");
    return 2;
  }
  const wardbridge::Status status = wardbridge::run(argv[1], std::atoi(argv[2]), std::atoi(argv[3]));
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.failure().message.c_str());
  return status.ok() ? 0 : 1;
}
