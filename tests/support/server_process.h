// A real `wardbridge serve` in a process of its own, on loopback with data in a temporary directory, that a test may
// kill without warning and start again. Stopped by its own process id.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"
#include "support/temporary_directory.h"

namespace wardbridge::testing {

struct ServedUser {
  std::string user_principal_name;
  std::string display_name;
  std::string password;
};

class ServerProcess {
 public:
  // `program` is the wardbridge binary. One tenant, `contoso.example`, with these users, a connector application and an
  // administrative one, and the public application Payroll.
  ServerProcess(std::string program, std::vector<ServedUser> users);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;

  // More keys of `management` in flow style: `outbound: {allow: [127.0.0.1]}`. Before start().
  void configure_management(std::string keys);
  // Another configuration altogether, in YAML's flow style and without where the parts listen; an empty connector is
  // none. Before start().
  void replace_configuration(std::string management, std::string tenant, std::string connector);
  // A file beside the data, for secrets; its path.
  std::string write_file(const std::string& name, const std::string& content) const;
  // Starts and waits until both parts answer.
  Status start();
  // SIGKILL, as a crash would: nothing is flushed, nothing is said.
  void kill();

  std::string management_url() const { return "https://127.0.0.1:" + std::to_string(management_port_); }
  std::string tenant_url() const { return "https://127.0.0.1:" + std::to_string(tenant_port_); }
  std::string connector_url() const { return "https://127.0.0.1:" + std::to_string(connector_port_); }
  std::string operator_token_file() const { return directory_.file("data/connector-operator.token"); }
  std::string ca_file() const { return directory_.file("data/ca.pem"); }
  std::string ca_key_file() const { return directory_.file("data/ca-key.pem"); }
  pid_t process() const { return process_; }  // 0: none runs
  const std::string& admin_password() const { return admin_password_; }
  const std::string& connector_id() const { return connector_id_; }
  const std::string& console_id() const { return console_id_; }
  const std::string& payroll_id() const { return payroll_id_; }
  const std::string& secret() const { return secret_; }  // of both confidential applications

 private:
  std::string configuration() const;

  std::string program_;
  TemporaryDirectory directory_;
  std::vector<ServedUser> users_;
  std::string management_keys_;
  int management_port_ = 0;
  int tenant_port_ = 0;
  int connector_port_ = 0;
  std::string connector_id_, console_id_, payroll_id_, secret_;
  std::string admin_password_;
  pid_t process_ = 0;
};

}  // namespace wardbridge::testing
