// `wardbridge doctor`: which clouds are known here, what the environment says of proxies, and how the server is
// reached.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "app/config.h"
#include "app/main/verbs.h"
#include "cli/doctor.h"
#include "connector/partner/clouds.h"
#include "platform/clock/clock.h"
#include "platform/http/client.h"
#include "platform/http/peer_certificate.h"

namespace wardbridge::app {
namespace {

struct DoctorRun {
  Target target;
  std::string config;     // whose clouds are known, too; empty: none
  std::string cloud;      // empty: those that the server's connections use
  std::string login_url;  // in the place of a cloud
  std::string graph_url;
  bool offline = false;  // leave the management server out
  bool json = false;
};

// Where a proxy is, without the password that its address may hold.
std::string proxy_host(const std::string& proxy) {
  auto at = proxy.rfind('@');
  std::string rest = at == std::string::npos ? proxy : proxy.substr(at + 1);
  auto scheme = rest.find("://");
  return scheme == std::string::npos ? rest : rest.substr(scheme + 3);
}

void read_proxies(cli::DoctorOptions& options) {
  auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value ? value : "");
  };
  for (const char* name : {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}) {
    if (std::string value = variable(name); !value.empty()) options.proxies.emplace_back(name, proxy_host(value));
  }
  options.no_proxy = variable("no_proxy");
  if (options.no_proxy.empty()) options.no_proxy = variable("NO_PROXY");
}

cli::DoctorCloud doctor_cloud(const partner::Cloud& cloud) {
  // What stands in the place of the vendor's has Intune wherever its Graph says; the address here is an audience.
  auto is_vendors = [&](const partner::Cloud& known) {
    return known.endpoints.login_base == cloud.endpoints.login_base;
  };
  bool has_intune = std::ranges::any_of(partner::known_clouds(), is_vendors);
  return {.name = cloud.name,
          .display_name = cloud.display_name,
          .sign_in = cloud.endpoints.login_base,
          .graph = cloud.endpoints.graph_base,
          .intune = has_intune ? cloud.endpoints.audience : ""};
}

int run_doctor(const DoctorRun& run, const char* version) {
  std::vector<partner::Cloud> clouds = partner::known_clouds();
  if (!run.config.empty()) {
    auto config = app::load_config(run.config);
    if (!config.ok()) {
      std::fprintf(stderr, "wardbridge doctor: %s\n", config.failure().message.c_str());
      return 2;
    }
    clouds = config->management.clouds;
  }
  cli::DoctorOptions options{
      .version = version, .server = run.offline ? "" : run.target.url, .cloud = run.cloud, .json = run.json};
  for (const partner::Cloud& cloud : clouds) options.clouds.push_back(doctor_cloud(cloud));
  if (!run.login_url.empty()) {
    options.typed = {.name = std::string(partner::kCustomCloud),
                     .display_name = run.login_url,
                     .sign_in = run.login_url,
                     .graph = run.graph_url.empty() ? run.login_url : run.graph_url,
                     .intune = ""};
  }
  read_proxies(options);
  options.remedy = [](std::string_view reason) { return std::string(partner::advice_on(reason).remedy); };
  SystemClock clock;
  const http::ClientOptions client{.ca_file = run.target.ca_file};
  options.look_at_certificate = [&](const std::string& url) {
    return http::look_at_certificate(url, client, seconds{10}, clock.now());
  };
  http::CurlTransport transport(client);
  cli::ApiClient management(transport, run.target.url);
  if (run.offline) return cli::doctor(transport, clock, nullptr, "", options);
  Status logged_in = management.log_in(run.target.user, read_first_line(run.target.password_file));
  return cli::doctor(transport, clock, logged_in.ok() ? &management : nullptr,
                     logged_in.ok() ? "" : logged_in.failure().message, options);
}

}  // namespace

std::shared_ptr<void> add_doctor_verb(CLI::App& program, const char* version, int& exit_code) {
  auto run = std::make_shared<DoctorRun>();
  CLI::App* verb = program.add_subcommand("doctor", "preflight: what a connection needs, what is wrong and what to do");
  verb->add_option(
      "--cloud", run->cloud,
      "global, usGovGccHigh, usGovDod, china, or one of the server's or the configuration's own; without it, "
      "those that the server's connections use");
  verb->add_option("--config", run->config, "configuration file whose `management.clouds` are known, too")
      ->check(CLI::ExistingFile);
  verb->add_option("--login-url", run->login_url, "check this tenant instead of a cloud");
  verb->add_option("--graph-url", run->graph_url, "its Graph, if that is elsewhere");
  verb->add_flag("--offline", run->offline, "leave the management server out");
  verb->add_flag("--json", run->json, "the findings as JSON");
  add_target(verb, run->target);
  verb->callback([run, version, &exit_code] { exit_code = run_doctor(*run, version); });
  return run;
}

}  // namespace wardbridge::app
