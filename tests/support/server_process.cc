#include "support/server_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <thread>

#include "platform/clock/clock.h"
#include "platform/entropy/entropy.h"

namespace wardbridge::testing {
namespace {

// A port that was free a moment ago; it must stay the same over restarts, so the server can't choose one itself.
int free_port() {
  int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  CHECK(::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  socklen_t length = sizeof address;
  CHECK(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length) == 0);
  ::close(socket);
  return ntohs(address.sin_port);
}

bool accepts_connections(int port) {
  int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{
      .sin_family = AF_INET, .sin_port = htons(static_cast<std::uint16_t>(port)), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  bool connected = ::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  ::close(socket);
  return connected;
}

void write_secret(const std::string& path, const std::string& secret) { std::ofstream(path) << secret << "\n"; }

std::string content_of(const std::string& path) {
  std::ostringstream content;
  content << std::ifstream(path).rdbuf();
  return content.str();
}

}  // namespace

ServerProcess::ServerProcess(std::string program, std::vector<ServedUser> users)
    : program_(std::move(program)),
      users_(std::move(users)),
      management_port_(free_port()),
      tenant_port_(free_port()),
      connector_port_(free_port()) {
  SystemEntropy entropy;
  connector_id_ = entropy.guid();
  console_id_ = entropy.guid();
  payroll_id_ = entropy.guid();
  secret_ = entropy.token();
  write_secret(directory_.file("secret.txt"), secret_);
  for (std::size_t i = 0; i < users_.size(); ++i)
    write_secret(directory_.file("user" + std::to_string(i) + ".txt"), users_[i].password);
  std::ofstream(directory_.file("wardbridge.yaml")) << configuration();
}

ServerProcess::~ServerProcess() { kill(); }

void ServerProcess::configure_management(std::string keys) {
  management_keys_ = std::move(keys);
  std::ofstream(directory_.file("wardbridge.yaml")) << configuration();
}

void ServerProcess::replace_configuration(std::string management, std::string tenant, std::string connector) {
  auto part = [](const char* name, int port, const std::string& keys) {
    return std::string(name) + ": {listen: \"127.0.0.1:" + std::to_string(port) + "\"" + (keys.empty() ? "" : ", ") +
           keys + "}\n";
  };
  std::ofstream file(directory_.file("wardbridge.yaml"));
  file << "data: " << directory_.file("data") << "\nlog_level: warning\n"
       << part("management", management_port_, management) << part("tenant", tenant_port_, tenant);
  if (!connector.empty()) file << part("connector", connector_port_, "enabled: true, " + connector);
}

std::string ServerProcess::write_file(const std::string& name, const std::string& content) const {
  std::string path = directory_.file(name);
  write_secret(path, content);
  return path;
}

std::string ServerProcess::configuration() const {
  std::string secret_file = directory_.file("secret.txt");
  std::string text = "data: " + directory_.file("data") +
                     "\nlog_level: warning\nmanagement: {listen: \"127.0.0.1:" + std::to_string(management_port_) +
                     "\"" + (management_keys_.empty() ? "" : ", " + management_keys_) +
                     "}\ntenant:\n  listen: 127.0.0.1:" + std::to_string(tenant_port_) +
                     "\n  tenants:\n    - name: Contoso\n      domains: [contoso.example]\n      users:\n";
  for (std::size_t i = 0; i < users_.size(); ++i) {
    text += "        - {user_principal_name: " + users_[i].user_principal_name + ", display_name: \"" +
            users_[i].display_name + "\", password_file: " + directory_.file("user" + std::to_string(i) + ".txt") +
            "}\n";
  }
  text +=
      "      applications:\n"
      "        - {name: Connector, client_id: " +
      connector_id_ + ", client_secret_file: " + secret_file +
      ", application_permissions: [update_device_attributes, Application.Read.All]}\n"
      "        - {name: Console, client_id: " +
      console_id_ + ", client_secret_file: " + secret_file +
      ", application_permissions: [Device.Read.All, Directory.Read.All, Directory.ReadWrite.All, "
      "AuditLog.Read.All, Policy.Read.All, Policy.ReadWrite.ConditionalAccess]}\n"
      "        - {name: Payroll, client_id: " +
      payroll_id_ +
      ", public_client: true, redirect_uris: [\"http://localhost\"], identifier_uris: [\"api://payroll\"]}\n";
  return text;
}

Status ServerProcess::start() {
  std::string config = directory_.file("wardbridge.yaml");
  std::string output = directory_.file("output.txt");
  process_ = ::fork();
  CHECK(process_ >= 0);
  if (process_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    int file = ::open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ::dup2(file, STDOUT_FILENO);
    int errors = ::open(directory_.file("errors.txt").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(errors, STDERR_FILENO);
    ::execl(program_.c_str(), program_.c_str(), "serve", "--config", config.c_str(), nullptr);
    ::_exit(127);
  }
  // The last line that it prints on standard output comes when everything is up.
  for (Duration end = monotonic_now() + seconds{30}; monotonic_now() < end;) {
    int ignored = 0;
    if (::waitpid(process_, &ignored, WNOHANG) == process_) {
      process_ = 0;
      return unavailable("server_ended", "the server ended at once: " + content_of(directory_.file("errors.txt")));
    }
    std::string said = content_of(output);
    if (said.find("CA file") != std::string::npos && accepts_connections(management_port_) &&
        accepts_connections(tenant_port_)) {
      auto password = said.find("password ");
      if (password != std::string::npos) {
        admin_password_ = said.substr(password + 9, said.find(' ', password + 9) - password - 9);
      }
      return done();
    }
    std::this_thread::sleep_for(milliseconds{5});
  }
  return Failure{Code::timeout, "server_slow", "the server did not come up"};
}

void ServerProcess::kill() {
  if (process_ == 0) return;
  ::kill(process_, SIGKILL);
  int ignored = 0;
  ::waitpid(process_, &ignored, 0);
  process_ = 0;
}

}  // namespace wardbridge::testing
