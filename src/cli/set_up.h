// `wardbridge connect manual | device-compliance | cloud-connector | confirm | use | domains | routes | conflicts |
// remove`: a connection to a directory tenant, from nothing to the moment at which verdicts travel by it.
//
// Setting up what is there already changes what was said and keeps the rest. All of these: 0: done; 1: the server
// refused or is away, or something of the connection does not work; 3: there is no such connection or group.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/api_client.h"

namespace wardbridge::cli {

// What a person says of a connection; empty: nothing.
struct ConnectionSettings {
  std::string name;  // not of the manual one, which there is only one of
  std::string tenant;
  std::string application_id;
  std::string secret;          // or PEM of a private key and its certificate
  std::string secret_expires;  // ISO 8601
  std::string cloud;
  std::string login_url;  // these three: of a tenant that is in no table
  std::string graph_url;
  std::string audience;
  std::string landing_page;  // `registration`, `access-denied`, or a URL
  std::string connector_url;
  std::string credential;  // of this server at the Cloud Connector
  std::string enrollment_url;
  std::string remediation_url;
  std::vector<std::string> group_ids;  // object ids of the directory's groups
};
// *Save* in Conditional Access: stores, turns on, and prints the test.
int set_up_manual(ApiClient& management, const ConnectionSettings& said, bool as_json);
int set_up_device_compliance(ApiClient& management, const ConnectionSettings& said, bool as_json);
// Also *Connect*: prints the address at which an administrator of the tenant consents.
int set_up_cloud_connector(ApiClient& management, const ConnectionSettings& said, bool as_json);
// *Confirm*: the Application ID was entered in the tenant.
int confirm_connection(ApiClient& management, const std::string& connection, bool as_json);

// Which verdicts travel by it; empty: as it was.
struct Use {
  std::string connection;
  std::string compliance_group;
  std::string applicable_group;
  std::optional<int> validity_hours = {};
};
int use_connection(ApiClient& management, const Use& use, bool as_json);

// Of a connection through a Cloud Connector: whose users' Macs are told to it when there are several tenants (none:
// what the settings say), which instance every Mac belongs to, and which are another's.
int set_domains(ApiClient& management, const std::string& connection, const std::vector<std::string>& domains);
int list_routes_of(ApiClient& management, const std::string& connection, bool as_json);
int list_conflicts_of(ApiClient& management, const std::string& connection, bool as_json);

int remove_connection(ApiClient& management, const std::string& connection);

}  // namespace wardbridge::cli
