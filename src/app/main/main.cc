#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <optional>

#include "app/demo.h"
#include "app/main/verbs.h"
#include "app/serve.h"
#include "base/text.h"
#include "cli/connect.h"
#include "cli/connector.h"
#include "cli/explain.h"
#include "cli/import.h"
#include "cli/lint.h"
#include "cli/migrate.h"
#include "cli/preview.h"
#include "management/groups/computer_facts.h"
#include "platform/http/client.h"
#include "tenant/graph/graph.h"

namespace {

using namespace wardbridge;
using app::add_target;
using app::read_first_line;
using app::read_secret_file;
using app::Target;
using app::with_management;

constexpr const char* kVersion = "wardbridge 0.1.0";

constexpr const char* kFooter =
    "Exit codes: 0 done; 1 it did not work, standard error says why; 2 wrong usage or configuration.\n"
    "Secrets are read from files or standard input, never from the command line.";

struct ConnectRun {
  Target target;
  std::string connection;
  std::string secret_file;
  cli::RotateSecretOptions rotation;
  bool json = false;
  bool hand_over = false;
  cli::MigrateStart migration;
  cli::CutOver cut_over;
  bool even_if_not_taken_over = false;
};

int run_rotation(ConnectRun run) {
  auto secret = read_secret_file(run.secret_file);
  if (!secret || secret->empty()) {
    std::fprintf(stderr, "wardbridge connect: `%s` can't be read, or is empty\n", run.secret_file.c_str());
    return 2;
  }
  run.rotation.secret = *secret;
  run.rotation.json = run.json;
  return with_management(run.target, "connect",
                         [&](cli::ApiClient& management) { return cli::rotate_secret(management, run.rotation); });
}

void add_migrate_verbs(CLI::App* connect_verb, ConnectRun& run, int& exit_code) {
  CLI::App* verbs = connect_verb->add_subcommand(
      "migrate", "change the connection that verdicts travel by: rehearse, compare, cut over, and back if need be");
  verbs->require_subcommand(1);
  auto add = [&](const char* name, const char* help, std::function<int(cli::ApiClient&)> act) {
    CLI::App* verb = verbs->add_subcommand(name, help);
    add_target(verb, run.target);
    verb->add_flag("--json", run.json, "the answer as JSON");
    verb->callback([&run, &exit_code, act] { exit_code = with_management(run.target, "connect migrate", act); });
    return verb;
  };
  CLI::App* start =
      add("start", "begin to rehearse: every Mac is judged for the other connection too, and nothing is sent by it",
          [&run](cli::ApiClient& management) { return cli::start_migration(management, run.migration, run.json); });
  start->add_option("connection", run.migration.connection, "name or id of the connection that is to take over")
      ->required();
  start->add_option("--compliance-group", run.migration.compliance_group,
                    "name or id of the group whose members will be compliant; without it, the one in use");
  start->add_option("--applicable-group", run.migration.applicable_group,
                    "name or id of the group that the other connection applies to; without it, the one in use");
  add("status", "how far the migration is, and the next step",
      [&run](cli::ApiClient& management) { return cli::show_migration(management, run.json); });
  add("report",
      "every device that would be told otherwise, with both verdicts and why; exit code 1 when there are any, or when "
      "not every Mac was judged yet",
      [&run](cli::ApiClient& management) { return cli::report_migration(management, run.json); });
  CLI::App* cut_over =
      add("cut-over",
          "let the other connection tell from now on; the one before says good-bye to the tenant, and can come back",
          [&run](cli::ApiClient& management) { return cli::cut_over(management, run.cut_over, run.json); });
  cut_over->add_flag("--accept-differences", run.cut_over.accept_differences,
                     "even though the report found differences");
  cut_over->add_flag("--even-if-not-active", run.cut_over.even_if_not_active,
                     "even though the other connection becomes active only once the one before has left the tenant");
  add("roll-back", "let the connection before tell again; while it is only rehearsed, give the migration up",
      [&run](cli::ApiClient& management) { return cli::roll_back(management, run.json); });
  add("finish", "give the connection before up for good",
      [&run](cli::ApiClient& management) {
        return cli::finish_migration(management, run.even_if_not_taken_over, run.json);
      })
      ->add_flag("--even-if-not-taken-over", run.even_if_not_taken_over,
                 "even though the tenant has not heard of every device from the new connection");
}

CLI::App* add_connect_verbs(CLI::App& program, ConnectRun& run, int& exit_code) {
  CLI::App* connect_verb = program.add_subcommand("connect", "the connections to directory tenants");
  connect_verb->require_subcommand(1);
  auto add = [&](const char* name, const char* help, std::function<int(cli::ApiClient&)> act) {
    CLI::App* verb = connect_verb->add_subcommand(name, help);
    add_target(verb, run.target);
    verb->callback([&run, &exit_code, act] { exit_code = with_management(run.target, "connect", act); });
    return verb;
  };
  auto with_json = [&](CLI::App* verb) { verb->add_flag("--json", run.json, "the answer as JSON"); };
  auto with_name = [&](CLI::App* verb) {
    verb->add_option("connection", run.connection, "name or id; without it, Conditional Access's manual connection");
  };
  with_json(add("list", "all connections, with their state and what waits",
                [&run](cli::ApiClient& management) { return cli::list_tenant_connections(management, run.json); }));
  CLI::App* show = add("show", "one connection in full", [&run](cli::ApiClient& management) {
    return cli::show_connection(management, run.connection, run.json);
  });
  with_name(show);
  with_json(show);
  with_json(add("test",
                "Run Test: what of the manual connection works, step by step; exit code 1 when something doesn't",
                [&run](cli::ApiClient& management) { return cli::test_connection(management, run.json); }));
  with_json(add("send-update", "Send Update: tell the tenant everything again, by the manual connection",
                [&run](cli::ApiClient& management) { return cli::send_update(management, run.json); }));
  with_name(add("enable", "turn a connection on", [&run](cli::ApiClient& management) {
    return cli::turn_connection(management, run.connection, cli::Turn::on);
  }));
  CLI::App* disable = add("disable", "turn a connection off: everything is retracted first, the settings are kept",
                          [&run](cli::ApiClient& management) {
                            return cli::turn_connection(management, run.connection,
                                                        run.hand_over ? cli::Turn::handed_over : cli::Turn::off);
                          });
  with_name(disable);
  disable->add_flag("--hand-over", run.hand_over,
                    "retract nothing: for 24 hours another connection can take every Mac over as it is");
  add_migrate_verbs(connect_verb, run, exit_code);
  CLI::App* rotate = connect_verb->add_subcommand(
      "rotate-secret", "try a new client secret, and keep it beside the old one until that is refused");
  rotate->add_option("--secret-file", run.secret_file, "file with the secret, or PEM: private key and certificate")
      ->required();
  rotate->add_option("--expires", run.rotation.expires, "when the secret ends: 2027-11-30 or 2027-11-30T12:00:00Z");
  rotate->add_flag("--check", run.rotation.check, "rehearse only: change nothing");
  with_json(rotate);
  add_target(rotate, run.target);
  rotate->callback([&run, &exit_code] { exit_code = run_rotation(run); });
  return connect_verb;
}

// `wardbridge connector ...`, for the operator of a Cloud Connector.
class ConnectorVerbs {
 public:
  ConnectorVerbs(CLI::App& program, int& exit_code)
      : verbs_(program.add_subcommand("connector", "operate a Cloud Connector: instances, tenants, devices")),
        exit_code_(exit_code) {
    verbs_->require_subcommand(1);
    list("instances", "the management instances and when they were last heard of",
         [this](cli::ApiClient& connector) { return cli::list_instances(connector, json_); });
    list("tenants", "the tenants and how they are doing",
         [this](cli::ApiClient& connector) { return cli::list_tenants(connector, json_); });
    list("connections", "which instance is connected to which tenant, and how far connecting has come",
         [this](cli::ApiClient& connector) { return cli::list_connections(connector, json_); });
    CLI::App* routes = list("routes", "which instance each device belongs to", [this](cli::ApiClient& connector) {
      routes_.json = json_;
      return cli::list_routes(connector, routes_);
    });
    routes->add_option("--tenant", routes_.tenant, "only devices of this tenant (its id)");
    routes->add_option("--instance", routes_.instance, "only devices of this instance (its id)");
    routes->add_flag("--contended", routes_.contended, "only devices that several instances report");
    add("add-instance", "register an instance; prints its credential, once", "name", "how people call the instance",
        [this](cli::ApiClient& connector) { return cli::add_instance(connector, subject_); });
    add("renew-credential", "give an instance a new credential; the one before stops working", "id", "of the instance",
        [this](cli::ApiClient& connector) { return cli::renew_credential(connector, subject_); });
    CLI::App* removal = add("remove-instance", "remove an instance: its devices are retracted first", "id",
                            "of the instance", [this](cli::ApiClient& connector) {
                              return cli::remove_instance(
                                  connector, subject_, is_forced_ ? cli::Removal::forced : cli::Removal::retract_first);
                            });
    removal->add_flag("--force", is_forced_,
                      "let go of the devices of a removal that a tenant does not take: they are not retracted there");
    add("approve", "let a further instance connect to a tenant that had consented before", "id",
        "of the connection, as `connector connections` shows it",
        [this](cli::ApiClient& connector) { return cli::approve_connection(connector, subject_); });
    CLI::App* secret =
        add("set-secret", "give the connector's application its next client secret", "cloud",
            "name of the cloud in the connector's configuration", [this](cli::ApiClient& connector) {
              return cli::set_cloud_secret(connector, subject_, read_secret_file(secret_file_).value_or(""));
            });
    secret
        ->add_option("--secret-file", secret_file_,
                     "file with the secret, or PEM: private key and certificate; - is standard input")
        ->capture_default_str();
  }

 private:
  using Verb = std::function<int(cli::ApiClient&)>;

  CLI::App* list(const char* name, const char* help, Verb verb) {
    CLI::App* app = verbs_->add_subcommand(name, help);
    app->add_flag("--json", json_, "the answer as JSON");
    reach(app, std::move(verb));
    return app;
  }
  CLI::App* add(const char* name, const char* help, const char* argument, const char* argument_help, Verb verb) {
    CLI::App* app = verbs_->add_subcommand(name, help);
    app->add_option(argument, subject_, argument_help)->required();
    reach(app, std::move(verb));
    return app;
  }
  void reach(CLI::App* app, Verb verb) {
    app->add_option("--url", url_, "address of the Cloud Connector")->capture_default_str();
    app->add_option("--ca-file", ca_file_, "PEM file of the certificate authority to trust");
    app->add_option("--token-file", token_file_, "file with the operator's token")->capture_default_str();
    app->callback([this, verb = std::move(verb)] {
      http::CurlTransport transport({.ca_file = ca_file_});
      cli::ApiClient connector(transport, url_);
      connector.use_token(read_first_line(token_file_));
      exit_code_ = verb(connector);
    });
  }

  CLI::App* verbs_;
  int& exit_code_;
  bool json_ = false;
  std::string url_ = "https://127.0.0.1:7443";
  std::string ca_file_;
  std::string token_file_ = "wardbridge-data/connector-operator.token";
  std::string subject_;
  bool is_forced_ = false;
  std::string secret_file_ = "-";
  cli::RouteOptions routes_;
};

}  // namespace

int main(int argc, char** argv) {
  CLI::App program(
      "Wardbridge: an application opens only for a trusted person on a Mac that is known, managed and compliant right "
      "now.");
  program.footer(kFooter);
  program.set_version_flag("--version", kVersion);
  program.require_subcommand(1);
  int exit_code = 0;

  app::DemoOptions demo;
  CLI::App* demo_verb = program.add_subcommand("demo", "run everything on loopback with simulated Macs and fresh data");
  demo_verb->add_flag("--once", demo.once, "play the story, print it, stop");
  demo_verb->add_option("--macs", demo.macs, "how many simulated Macs")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000));
  CLI::Option* demo_json = demo_verb->add_flag("--json", demo.json, "the story as JSON (with --once)");
  demo_json->needs("--once");
  demo_verb->add_option("--data", demo.data, "folder for the demo's data (default: a fresh one, removed afterwards)");
  demo_verb->callback([&] { exit_code = app::run_demo(demo); });

  std::string config_path = "wardbridge.yaml";
  CLI::App* serve_verb = program.add_subcommand("serve", "run the parts of a configuration until SIGINT or SIGTERM");
  serve_verb->add_option("--config", config_path, "configuration file")->capture_default_str();
  serve_verb->callback([&] { exit_code = app::serve(config_path); });

  CLI::App* config_verb = program.add_subcommand("config", "about the configuration file");
  config_verb->require_subcommand(1);
  CLI::App* check_verb =
      config_verb->add_subcommand("check", "say whether a configuration file is right, without starting anything");
  check_verb->add_option("--config", config_path, "configuration file")->capture_default_str();
  check_verb->callback([&] { exit_code = app::check_config(config_path); });

  Target target;
  cli::ImportOptions import;
  CLI::App* import_verb = program.add_subcommand("import", "bring in records of another server");
  import_verb->require_subcommand(1);
  CLI::App* computers_verb = import_verb->add_subcommand(
      "computers", "computer records: Jamf Pro API JSON (one record or a list), Classic API JSON or XML");
  computers_verb->add_option("paths", import.paths, "files, or folders whose .json and .xml files are taken")
      ->required()
      ->check(CLI::ExistingPath);
  computers_verb->add_flag("--json", import.json, "the summary as JSON");
  add_target(computers_verb, target);
  computers_verb->callback([&] {
    exit_code = with_management(target, "import",
                                [&](cli::ApiClient& management) { return cli::import_computers(management, import); });
  });

  bool lint_json = false;
  CLI::App* lint_verb = program.add_subcommand("lint", "look for what is allowed and still wrong");
  lint_verb->require_subcommand(1);
  CLI::App* lint_groups_verb = lint_verb->add_subcommand(
      "groups", "criteria that contradict each other or change nothing, twins, cycles; exit code 1 when there are any");
  lint_groups_verb->add_flag("--json", lint_json, "the findings as JSON");
  add_target(lint_groups_verb, target);
  lint_groups_verb->callback([&] {
    exit_code = with_management(target, "lint",
                                [&](cli::ApiClient& management) { return cli::lint_groups(management, lint_json); });
  });

  ConnectorVerbs connector_verbs(program, exit_code);
  auto self_service_verbs = app::add_self_service_verbs(program, exit_code);

  // For the documentation's own sake, and so left out of the help.
  CLI::App* reference_verb = program.add_subcommand("reference", "print a page of the reference")->group("");
  reference_verb->require_subcommand(1);
  reference_verb->add_subcommand("criteria", "docs/reference/criteria.md")->callback([] {
    std::fputs(groups::criteria_reference().c_str(), stdout);
  });

  reference_verb->add_subcommand("graph", "docs/reference/graph.md")->callback([] {
    std::fputs(graph::reference_page().c_str(), stdout);
  });

  cli::ExplainOptions explain;
  CLI::App* explain_verb = program.add_subcommand("explain", "say why");
  explain_verb->require_subcommand(1);
  CLI::App* explain_computer_verb = explain_verb->add_subcommand(
      "computer", "why a computer is in a group or isn't, and what has to change; all its groups without --group");
  explain_computer_verb->add_option("name", explain.computer, "name, serial number, UDID or id")->required();
  explain_computer_verb->add_option("--group", explain.group, "name or id of a group, smart or static");
  explain_computer_verb->add_flag("--json", explain.json, "the answer as JSON");
  explain_computer_verb->footer(
      "Exit codes besides: 3 there is no such computer or group; 4 several computers are called that, and are listed.");
  add_target(explain_computer_verb, target);
  explain_computer_verb->callback([&] {
    exit_code = with_management(target, "explain",
                                [&](cli::ApiClient& management) { return cli::explain_computer(management, explain); });
  });

  CLI::App* explain_device_verb = explain_verb->add_subcommand(
      "device", "one Mac from its check-in to the directory: every hop's time and error, and the one next step");
  explain_device_verb->add_option("name", explain.computer, "name, serial number, UDID or id of the Mac")->required();
  explain_device_verb->add_flag("--json", explain.json, "the answer as JSON");
  explain_device_verb->footer(
      "Exit codes besides: 3 there is no such computer; 4 several computers are called that, and are listed.");
  add_target(explain_device_verb, target);
  explain_device_verb->callback([&] {
    exit_code = with_management(target, "explain",
                                [&](cli::ApiClient& management) { return cli::explain_device(management, explain); });
  });

  ConnectRun connect;
  CLI::App* connect_verb = add_connect_verbs(program, connect, exit_code);
  auto set_up_verbs = app::add_set_up_verbs(*connect_verb, exit_code);
  auto partner_verbs = app::add_partner_verbs(program, exit_code);
  auto tenant_verbs = app::add_tenant_verbs(program, exit_code);

  const std::shared_ptr<void> doctor_verb = app::add_doctor_verb(program, kVersion, exit_code);

  cli::PreviewOptions preview;
  CLI::App* preview_verb = program.add_subcommand("preview", "say what would be, and change nothing");
  preview_verb->require_subcommand(1);
  CLI::App* preview_group_verb = preview_verb->add_subcommand(
      "group", "who would be in a smart group; with `id` in the file, who would join and leave that one");
  preview_group_verb
      ->add_option("file", preview.file, "JSON as for creating a smart group: criteria and siteId, perhaps id")
      ->required()
      ->check(CLI::ExistingFile);
  preview_group_verb->add_option("--size", preview.size, "how many computers to list")
      ->capture_default_str()
      ->check(CLI::Range(0, 1000));
  preview_group_verb->add_flag("--json", preview.json, "the answer as JSON");
  add_target(preview_group_verb, target);
  preview_group_verb->callback([&] {
    exit_code = with_management(target, "preview",
                                [&](cli::ApiClient& management) { return cli::preview_group(management, preview); });
  });

  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    int code = program.exit(error);
    return code == 0 ? 0 : 2;
  }
  return exit_code;
}
