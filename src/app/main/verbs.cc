#include "app/main/verbs.h"

#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>

#include "base/text.h"
#include "platform/http/client.h"

namespace wardbridge::app {

void add_target(CLI::App* verb, Target& target) {
  verb->add_option("--url", target.url, "address of the management API")->capture_default_str();
  verb->add_option("--ca-file", target.ca_file, "PEM file of the certificate authority to trust");
  verb->add_option("--user", target.user, "user name")->capture_default_str();
  verb->add_option("--password-file", target.password_file, "file with the password; - is standard input")
      ->capture_default_str();
}

std::string read_first_line(const std::string& path) {
  std::string line;
  if (path == "-") {
    std::getline(std::cin, line);
  } else {
    std::ifstream file(path);
    std::getline(file, line);
  }
  return std::string(text::trim(line));
}

std::optional<std::string> read_secret_file(const std::string& path) {
  std::ifstream file;
  if (path != "-") file.open(path);
  std::istream& stream = path == "-" ? std::cin : file;
  if (!stream) return std::nullopt;
  std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  return std::string(text::trim(text));
}

int with_management(const Target& target, const char* verb, const std::function<int(cli::ApiClient&)>& run) {
  http::CurlTransport transport({.ca_file = target.ca_file});
  cli::ApiClient management(transport, target.url);
  if (Status status = management.log_in(target.user, read_first_line(target.password_file)); !status.ok()) {
    std::fprintf(stderr, "wardbridge %s: %s\n", verb, status.failure().message.c_str());
    return 1;
  }
  return run(management);
}

void add_target(CLI::App* verb, TenantTarget& target) {
  verb->add_option("--url", target.url, "address of the tenant's sign-in")->capture_default_str();
  verb->add_option("--graph-url", target.graph_url, "address of Microsoft Graph; without it, that of the sign-in");
  verb->add_option("--ca-file", target.ca_file, "PEM file of the certificate authority to trust");
  verb->add_option("--tenant", target.tenant, "the tenant's id, or one of its domains")->required();
  verb->add_option("--client-id", target.client_id, "the application to act as")->required();
  verb->add_option("--client-secret-file", target.secret_file, "file with its secret; - is standard input")
      ->capture_default_str();
}

int with_graph(const TenantTarget& target, const char* verb, const std::function<int(cli::ApiClient&)>& run) {
  http::CurlTransport transport({.ca_file = target.ca_file});
  cli::ApiClient graph(transport, target.graph_url.empty() ? target.url : target.graph_url);
  Status status = graph.log_in_client(target.url + "/" + text::percent_encode(target.tenant) + "/oauth2/v2.0/token",
                                      target.client_id, read_first_line(target.secret_file),
                                      "https://graph.microsoft.com/.default");
  if (!status.ok()) {
    std::fprintf(stderr, "wardbridge %s: %s\n", verb, status.failure().message.c_str());
    return 1;
  }
  return run(graph);
}

}  // namespace wardbridge::app
