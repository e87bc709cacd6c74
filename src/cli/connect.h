// `wardbridge connect ...`: the connections to directory tenants, and Conditional Access's manual one in particular.
#pragma once

#include <string>

#include "cli/api_client.h"

namespace wardbridge::cli {

// All of these: 0: done; 1: the server refused or is away, or (test, rotate-secret) something does not work; 3: there
// is no such connection.
int list_tenant_connections(ApiClient& management, bool as_json);
// Empty: the manual connection with its settings and its last test.
int show_connection(ApiClient& management, const std::string& connection, bool as_json);
int test_connection(ApiClient& management, bool as_json);
int send_update(ApiClient& management, bool as_json);
// handed_over: off, and nothing is retracted.
enum class Turn { on, off, handed_over };
int turn_connection(ApiClient& management, const std::string& connection, Turn turn);

struct RotateSecretOptions {
  std::string secret;   // or PEM of a private key and its certificate
  std::string expires;  // ISO 8601; empty: not known
  bool check = false;   // rehearse, and change nothing
  bool json = false;
};
int rotate_secret(ApiClient& management, const RotateSecretOptions& options);

}  // namespace wardbridge::cli
