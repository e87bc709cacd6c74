// What the verbs of the command line have in common, and the larger families of them, one source file each.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "cli/api_client.h"

namespace wardbridge::app {

// How a verb reaches a running management server.
struct Target {
  std::string url = "https://127.0.0.1:8443";
  std::string ca_file;
  std::string user = "admin";
  std::string password_file = "-";
};
void add_target(CLI::App* verb, Target& target);

// The first line of a file; `-` is standard input. Empty when it can't be read.
std::string read_first_line(const std::string& path);
// All of a file (`-`: of standard input), for secrets that may be PEM text; without the white space around it.
std::optional<std::string> read_secret_file(const std::string& path);

// Logs in and runs a verb; its exit code.
int with_management(const Target& target, const char* verb, const std::function<int(cli::ApiClient&)>& run);

// How a verb reaches a tenant: as an application of it, by client credentials, over Microsoft Graph.
struct TenantTarget {
  std::string url = "https://127.0.0.1:9443";  // of sign-in
  std::string graph_url;                       // empty: the same
  std::string ca_file;
  std::string tenant;
  std::string client_id;
  std::string secret_file = "-";
};
void add_target(CLI::App* verb, TenantTarget& target);
int with_graph(const TenantTarget& target, const char* verb, const std::function<int(cli::ApiClient&)>& run);

// Each adds its verbs. What they return holds the verbs' arguments and must outlive the parsing.
std::shared_ptr<void> add_set_up_verbs(CLI::App& connect_verb, int& exit_code);
std::shared_ptr<void> add_partner_verbs(CLI::App& program, int& exit_code);
std::shared_ptr<void> add_tenant_verbs(CLI::App& program, int& exit_code);
std::shared_ptr<void> add_self_service_verbs(CLI::App& program, int& exit_code);
std::shared_ptr<void> add_doctor_verb(CLI::App& program, const char* version, int& exit_code);

}  // namespace wardbridge::app
