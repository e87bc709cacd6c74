// The configuration: one YAML file in which every key has a default, and an unknown key is an error that names file,
// line and key.
//
//   auto config = load_config("wardbridge.yaml");
//   if (!config.ok()) -> "wardbridge.yaml:12: `tenant.listne` is not a key; did you mean `listen`?"   exit code 2
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "connector/partner/clouds.h"
#include "platform/http/allow_list.h"

namespace wardbridge::app {

// An address to listen on: `127.0.0.1:8443`; port 0 is any free one.
struct Listen {
  std::string address = "127.0.0.1";
  int port = 0;
};

struct StoreConfig {
  // `sqlite`: a file in the data folder. `postgresql`: `connection`, a libpq connection string; each part has a schema
  // of its own in that database.
  std::string kind = "sqlite";
  std::string connection;
};

struct UserConfig {
  std::string user_principal_name;
  std::string display_name;
  std::string password;       // only the demo sets it in memory
  std::string password_file;  // how a file gives it
  bool administrator = false;
};
struct GroupConfig {
  std::string name;
  std::vector<std::string> members;  // user principal names
};
struct ApplicationConfig {
  std::string name;
  std::string client_id;  // a GUID; empty: made up at first start and kept
  std::vector<std::string> redirect_uris;
  std::vector<std::string> single_page_redirect_uris;  // of code that runs in a browser
  bool public_client = false;
  std::vector<std::string> identifier_uris;
  std::string client_secret;       // only the demo sets it in memory
  std::string client_secret_file;  // how a file gives it
  std::string certificate_file;    // PEM: of the key that it signs its client assertions with
  std::vector<std::string>
      application_permissions;  // Microsoft Graph and Intune API roles, consented: `Device.Read.All`
  // Delegated permissions, consented for everyone: of Graph by name (`User.Read`), of others behind an identifier URI
  // (`api://payroll/user_impersonation`).
  std::vector<std::string> delegated_permissions;
  bool device_code = false;                   // whether people may sign in to it with a device code
  std::string assertion_audience = "issuer";  // or `token_endpoint`
  bool multitenant = false;
};
struct TenantConfig {
  std::string id;  // a GUID; empty: made up at first start and kept
  std::string name;
  std::vector<std::string> domains;
  std::vector<UserConfig> users;
  std::vector<GroupConfig> groups;
  std::vector<ApplicationConfig> applications;
};

// Where this server may connect to on an administrator's word: the URLs of webhooks, the addresses of tenants.
struct OutboundConfig {
  http::AllowList allow;    // public addresses
  bool plain_http = false;  // whether `http://` URLs are used too
};

struct MailConfig {
  std::string server;  // empty: no mail is sent
  int port = 0;        // 0: 465 with `tls`, 587 otherwise
  std::string security = "starttls";
  std::string username;
  std::string password_file;
  std::string from;
  std::vector<std::string> to;  // management: for groups whose notification names nobody
};

struct ManagementConfig {
  bool enabled = true;
  Listen listen{.port = 8443};
  std::string public_url;  // empty: https:// and the address listened on
  StoreConfig store;
  OutboundConfig outbound;
  std::vector<partner::Cloud> clouds = partner::known_clouds();
  std::string change_log;  // file, as the vendor writes it; empty: none is written
  MailConfig mail;
  std::string time_zone = "UTC";           // whose days the dates in criteria mean
  std::string mixed_and_or = "and_first";  // how groups read `and` and `or` without parentheses; or `left_fold`
};

struct TenantFaceConfig {
  bool enabled = true;
  Listen listen{.port = 9443};
  std::string public_url;
  StoreConfig store;
  MailConfig mail;  // to people about their own account
  Duration compliance_validity = hours{24};
  int devices_per_user = 10;
  int signing_key_days = 90;  // how long a key signs tokens before the next one takes over
  std::vector<TenantConfig> tenants;
};

// One of Microsoft's clouds, or a tenant of our own, as the Cloud Connector is registered there.
struct CloudConfig {
  std::string name = "global";
  std::string integration = "conditional_access";  // or `device_compliance`
  std::string login_url = "https://login.microsoftonline.com";
  std::string graph_url = "https://graph.microsoft.com";
  std::string audience = "https://api.manage.microsoft.com/";
  std::string client_id;                    // of the Cloud Connector
  std::string user_registration_client_id;  // of the user registration app; empty: there is no second consent
  std::string client_secret;                // only tests set it in memory
  std::string client_secret_file;           // how a file gives it; needed at the first start only
};

struct ConnectorConfig {
  bool enabled = false;
  Listen listen{.port = 7443};
  std::string public_url;
  StoreConfig store;
  OutboundConfig outbound;
  std::string further_instances = "approved";  // or `trusted`
  std::vector<std::string> revoked_instances;
  Duration route_silence = hours{24};
  int heartbeat_minutes = 15;
  int requests_per_second = 20;
  int request_burst = 100;
  std::vector<CloudConfig> clouds;
};

struct Config {
  std::string data = "wardbridge-data";  // folder of databases, keys and the local certificate authority
  std::string log_level = "info";
  std::string certificate_file;  // both empty: the local certificate authority issues a certificate
  std::string private_key_file;
  ManagementConfig management;
  ConnectorConfig connector;
  TenantFaceConfig tenant;
};

// Fails with `bad_config`; the message is one line: file, line, key, what is wrong.
Result<Config> load_config(const std::string& path);
Result<Config> parse_config(const std::string& text, const std::string& name);

}  // namespace wardbridge::app
