#include "app/config.h"

#include <gtest/gtest.h>

namespace wardbridge::app {
namespace {

std::string refusal(const std::string& text) {
  auto config = parse_config(text, "w.yaml");
  return config.ok() ? "accepted" : config.failure().message;
}

TEST(ConfigTest, AnEmptyFileIsAllDefaults) {
  auto config = parse_config("", "w.yaml");
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->management.listen.port, 8443);
  EXPECT_EQ(config->tenant.listen.port, 9443);
  EXPECT_EQ(config->management.store.kind, "sqlite");
  EXPECT_FALSE(config->management.outbound.allow.allows({"x", 443, "127.0.0.1"}));
  EXPECT_TRUE(config->management.mail.server.empty());
  EXPECT_EQ(config->tenant.compliance_validity, hours{24});
  EXPECT_FALSE(config->connector.enabled);
  EXPECT_EQ(config->connector.listen.port, 7443);
}

TEST(ConfigTest, ReadsTheConnector) {
  auto config = parse_config(R"(
management: {enabled: false}
tenant: {enabled: false}
connector:
  enabled: true
  listen: 0.0.0.0:443
  public_url: https://connector.example
  outbound: {allow: [public, 10.0.0.0/8]}
  further_instances: trusted
  revoked_instances: [99999999-2222-3333-4444-555555555555]
  route_silence_hours: 48
  heartbeat_minutes: 5
  requests_per_second: 7
  request_burst: 70
  clouds:
    - client_id: 99999999-2222-3333-4444-555555555555
    - name: own
      login_url: https://login.example
      graph_url: https://graph.example
      audience: https://intune.example/
      client_id: 99999999-2222-3333-4444-555555555556
      user_registration_client_id: 99999999-2222-3333-4444-555555555557
      client_secret_file: secret.txt
)",
                             "w.yaml");
  ASSERT_TRUE(config.ok()) << config.failure().message;
  const ConnectorConfig& connector = config->connector;
  EXPECT_TRUE(connector.outbound.allow.allows({"x", 443, "10.1.1.1"}));
  EXPECT_EQ(connector.further_instances, "trusted");
  EXPECT_EQ(connector.route_silence, hours{48});
  EXPECT_EQ(connector.request_burst, 70);
  ASSERT_EQ(connector.clouds.size(), 2u);
  EXPECT_EQ(connector.clouds[0].login_url, "https://login.microsoftonline.com");
  EXPECT_EQ(connector.clouds[1].audience, "https://intune.example/");

  EXPECT_EQ(refusal("connector: {enabled: true}"),
            "w.yaml:1: `connector.enabled` needs at least one of `connector.clouds`");
  EXPECT_EQ(refusal("connector: {clouds: [{name: x}]}"),
            "w.yaml:1: every entry of `connector.clouds` needs a `client_id`");
  EXPECT_NE(refusal("connector: {request_burst: 3}"), "accepted");
  EXPECT_NE(refusal("connector: {further_instances: all}"), "accepted");
}

TEST(ConfigTest, RedirectUrisThatCouldNeverWorkAreTold) {
  auto with_uri = [](const std::string& uri) {
    return refusal(
        "tenant:\n  tenants:\n    - domains: [contoso.example]\n      applications:\n        - {name: A, "
        "redirect_uris: [\"" +
        uri + "\"]}\n");
  };
  EXPECT_EQ(with_uri("https://portal.example/done"), "accepted");
  EXPECT_EQ(with_uri("http://localhost:8080/done"), "accepted");
  EXPECT_EQ(with_uri("msauth.example.payroll://auth"), "accepted");
  EXPECT_EQ(with_uri("http://portal.example/done"),
            "w.yaml:5: `tenant.tenants[0].applications[0].redirect_uris`: `http://portal.example/done` must begin with "
            "`https://`; `http://` is for loopback addresses");
  EXPECT_NE(with_uri("https://*.example/"), "accepted");
  EXPECT_NE(with_uri("https://portal.example/#x"), "accepted");
}

TEST(ConfigTest, ReadsEverything) {
  auto config = parse_config(R"(
data: /var/lib/wardbridge
log_level: debug
management:
  listen: 0.0.0.0:443
  public_url: https://jamf.example
  store: {kind: postgresql, connection: "host=/run/postgresql"}
  outbound: {allow: [public, hooks.corp.example, 10.0.0.0/8], plain_http: true}
  mail: {server: mail.corp.example, username: wardbridge, password_file: mail.txt, from: w@corp.example, to: [it@corp.example]}
  time_zone: America/New_York
  groups: {mixed_and_or: left_fold}
tenant:
  enabled: false
  compliance_validity_hours: 48
  devices_per_user: 3
  signing_key_days: 30
  tenants:
    - id: 11111111-2222-3333-4444-555555555555
      name: Contoso
      domains: [contoso.example]
      users:
        - {user_principal_name: ada@contoso.example, display_name: Ada, password_file: ada.txt, administrator: true}
      groups:
        - {name: Staff, members: [ada@contoso.example]}
      applications:
        - name: Payroll
          client_id: 99999999-2222-3333-4444-555555555555
          redirect_uris: ["http://localhost"]
          public_client: true
          device_code: true
          assertion_audience: token_endpoint
          delegated_permissions: [User.Read]
)",
                             "w.yaml");
  ASSERT_TRUE(config.ok()) << config.failure().message;
  EXPECT_EQ(config->management.listen.address, "0.0.0.0");
  EXPECT_EQ(config->management.store.connection, "host=/run/postgresql");
  EXPECT_EQ(config->tenant.devices_per_user, 3);
  EXPECT_EQ(config->tenant.signing_key_days, 30);
  EXPECT_TRUE(config->management.outbound.allow.allows({"x", 443, "10.1.2.3"}));
  EXPECT_FALSE(config->management.outbound.allow.allows({"x", 443, "192.168.1.1"}));
  EXPECT_TRUE(config->management.outbound.plain_http);
  EXPECT_EQ(config->management.mail.security, "starttls");
  EXPECT_EQ(config->management.mail.to.at(0), "it@corp.example");
  EXPECT_EQ(config->management.time_zone, "America/New_York");
  EXPECT_EQ(config->management.mixed_and_or, "left_fold");
  EXPECT_EQ(config->tenant.tenants.at(0).groups.at(0).members.at(0), "ada@contoso.example");
  EXPECT_TRUE(config->tenant.tenants.at(0).applications.at(0).public_client);
}

TEST(ConfigTest, UnknownKeysAreNamedWithTheirLine) {
  EXPECT_EQ(refusal("data: x\ntenant:\n  listne: 1.2.3.4:5\n"),
            "w.yaml:3: `tenant.listne` is not a key; did you mean `listen`?");
  EXPECT_EQ(refusal("colour: red\n"), "w.yaml:1: `colour` is not a key");
}

TEST(ConfigTest, WrongValuesSayWhatIsWanted) {
  EXPECT_EQ(refusal("log_level: loud\n"),
            "w.yaml:1: `log_level` must be one of debug, info, warning, error, not `loud`");
  EXPECT_EQ(refusal("management:\n  listen: here\n"),
            "w.yaml:2: `management.listen` must be an address and a port such as `127.0.0.1:8443`, not `here`");
  EXPECT_EQ(refusal("management:\n  enabled: maybe\n"), "w.yaml:2: `management.enabled` must be true or false");
  EXPECT_EQ(refusal("tenant:\n  compliance_validity_hours: 0\n"),
            "w.yaml:2: `tenant.compliance_validity_hours` must be a whole number of hours from 1 to 2880");
  EXPECT_EQ(refusal("tenant:\n  devices_per_user: none\n"),
            "w.yaml:2: `tenant.devices_per_user` must be a whole number from 1 to 1000");
  EXPECT_EQ(refusal("tenant:\n  tenants:\n    - id: nope\n"),
            "w.yaml:3: `tenant.tenants[0].id` must be a GUID, not `nope`");
  EXPECT_EQ(refusal("tenant:\n  tenants: 7\n"), "w.yaml:2: `tenant.tenants` must be a list");
  EXPECT_EQ(
      refusal("management:\n  outbound:\n    allow: [\"*\"]\n"),
      "w.yaml:3: `management.outbound.allow`: `*` is neither `public`, a host name, an address nor a block such as "
      "`10.0.0.0/8`");
  EXPECT_EQ(refusal("management:\n  mail: {from: nobody}\n"),
            "w.yaml:2: `management.mail.from`: `nobody` is not a mail address of the form `name@domain`");
  EXPECT_EQ(refusal("management:\n  mail: {port: 0}\n"),
            "w.yaml:2: `management.mail.port` must be a port from 1 to 65535");
  EXPECT_EQ(
      refusal("management:\n  time_zone: Atlantis\n"),
      "w.yaml:2: `management.time_zone`: `Atlantis` is not a time zone that this system knows; they are named like "
      "`Europe/Berlin` (package tzdata)");
  EXPECT_EQ(refusal("management:\n  groups: {mixed_and_or: right}\n"),
            "w.yaml:2: `management.groups.mixed_and_or` must be one of and_first, left_fold, not `right`");
  EXPECT_EQ(refusal("tenant: 7\n"), "w.yaml:1: `tenant` must be a mapping of keys");
}

TEST(ConfigTest, WhatBelongsTogetherIsChecked) {
  EXPECT_EQ(refusal("certificate_file: a.pem\n"), "w.yaml:1: `certificate_file` and `private_key_file` go together");
  EXPECT_EQ(refusal("management:\n  mail: {from: w@corp.example}\n"),
            "w.yaml:1: `management.mail.server` is required to send mail");
  EXPECT_EQ(refusal("management:\n  mail: {server: mail.corp.example}\n"),
            "w.yaml:1: `management.mail.from` is required with `management.mail.server`");
  EXPECT_EQ(refusal("management:\n  mail: {server: m, from: w@corp.example, username: w}\n"),
            "w.yaml:1: `management.mail.username` and `management.mail.password_file` go together");
  EXPECT_EQ(
      refusal(
          "management:\n  mail: {server: m, from: w@corp.example, username: w, password_file: p, security: none}\n"),
      "w.yaml:1: `management.mail.username` needs `security: starttls` or `tls`: a password is not sent in the clear");
  EXPECT_EQ(refusal("tenant:\n  store: {kind: postgresql}\n"),
            "w.yaml:1: `tenant.store.connection` is required with `postgresql`");
  EXPECT_EQ(refusal("tenant:\n  tenants:\n    - name: x\n"),
            "w.yaml:1: every entry of `tenant.tenants` needs at least one of `domains`");
}

TEST(ConfigTest, BrokenYamlNamesItsLine) {
  EXPECT_TRUE(refusal("data: [1,\n").starts_with("w.yaml:2: not valid YAML: ")) << refusal("data: [1,\n");
}

TEST(ConfigTest, AFileThatIsNotThereIsOneLine) {
  EXPECT_EQ(load_config("/nowhere/w.yaml").failure().message, "/nowhere/w.yaml:1: the file can't be read");
}

}  // namespace
}  // namespace wardbridge::app
