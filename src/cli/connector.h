// `wardbridge connector ...`: what the operator of a Cloud Connector does, over its API with the operator's token.
//
// All return an exit code: 0 done; 1 it did not work, standard error says why.
#pragma once

#include <string>

#include "cli/api_client.h"

namespace wardbridge::cli {

// Lists; the answer as JSON instead with `as_json`.
int list_instances(ApiClient& connector, bool as_json);
int list_tenants(ApiClient& connector, bool as_json);
int list_connections(ApiClient& connector, bool as_json);  // of instances to tenants
struct RouteOptions {
  std::string tenant;      // empty: all
  std::string instance;    // an id; empty: all
  bool contended = false;  // only devices that several instances report
  bool json = false;
};
int list_routes(ApiClient& connector, const RouteOptions& options);

// Print the credential, once, alone on standard output, so that it can go into a file.
int add_instance(ApiClient& connector, const std::string& name);
int renew_credential(ApiClient& connector, const std::string& instance_id);
enum class Removal { retract_first, forced };
int remove_instance(ApiClient& connector, const std::string& instance_id, Removal removal);
int approve_connection(ApiClient& connector, const std::string& connection_id);
int set_cloud_secret(ApiClient& connector, const std::string& cloud, const std::string& secret);

}  // namespace wardbridge::cli
