#include "app/serve.h"

#include <cstdio>

#include "app/connector_part.h"
#include "app/management_part.h"
#include "app/signals.h"
#include "app/tenant_part.h"
#include "platform/log/log.h"

namespace wardbridge::app {
namespace {

int bad_config(const Failure& failure) {
  std::fprintf(stderr, "%s\n", failure.message.c_str());
  return 2;
}

Status run(const Config& config) {
  SystemClock clock;
  SystemEntropy entropy;
  const World world = TRY(open_world(config, clock, entropy));
  std::unique_ptr<TenantPart> tenant;
  if (config.tenant.enabled) {
    tenant = TRY(TenantPart::open(config.tenant, world));
    TRY(tenant->start());
    std::printf("tenant, Graph   %s\n", tenant->url().c_str());
  }
  std::unique_ptr<ConnectorPart> connector;
  if (config.connector.enabled) {
    connector = TRY(ConnectorPart::open(config.connector, world));
    TRY(connector->start());
    std::printf("cloud connector %s (operator's token in %s)\n", connector->url().c_str(),
                connector->operator_token_file().c_str());
  }
  std::unique_ptr<ManagementPart> management;
  if (config.management.enabled) {
    std::vector<std::string> own_services;
    if (tenant) own_services.push_back(tenant->url());
    if (connector) own_services.push_back(connector->url());
    management = TRY(ManagementPart::open(config.management, world, own_services));
    TRY(management->start());
    std::printf("management API  %s\n", management->url().c_str());
    std::string password = TRY(management->first_administrator("admin"));
    if (!password.empty()) std::printf("first administrator: user admin, password %s (shown once)\n", password.c_str());
  }
  std::printf("CA file         %s\n", world.ca_file.c_str());
  std::fflush(stdout);
  wait_for_stop_signal();
  if (management) management->stop();
  if (connector) connector->stop();
  if (tenant) tenant->stop();
  return done();
}

}  // namespace

int serve(const std::string& config_path) {
  auto config = load_config(config_path);
  if (!config.ok()) return bad_config(config.failure());
  log::set_level(*log::parse_level(config->log_level));
  hold_stop_signals();
  Status status = run(*config);
  if (status.ok()) return 0;
  if (status.failure().reason == "bad_config") return bad_config(status.failure());
  std::fprintf(stderr, "wardbridge serve: %s\n", status.failure().message.c_str());
  return 1;
}

int check_config(const std::string& config_path) {
  auto config = load_config(config_path);
  if (!config.ok()) return bad_config(config.failure());
  std::printf("%s: ok\n", config_path.c_str());
  return 0;
}

}  // namespace wardbridge::app
