// Settings > Global Management > Conditional Access: the manual connection, as the vendor's console sets it up, tests
// it and turns it off. Routes of ours, since the vendor publishes none.
#include "connector/device_compliance/device_compliance.h"
#include "management/compliance/migration.h"
#include "management/compliance/window.h"
#include "management/jamf_api/landing_pages.h"
#include "management/jamf_api/routes.h"

namespace wardbridge::jamf_api {
namespace {

using device_compliance::Connection;
using device_compliance::LandingPage;
using device_compliance::State;
using ledger::ConnectionId;

constexpr const char* kPath = "/api/v1/wardbridge/conditional-access";
// ENTRA: the public client that registers Macs in the global cloud; the consent that seed 001, step 9, asks for.
constexpr const char* kNativeConnectorAppId = "55d611b0-7d33-4d38-8df3-6041868930d7";

bool is_enabled(const Connection& connection) {
  return connection.state != State::terminating && connection.state != State::terminated;
}

json::Array cloud_list_json(const Dependencies& deps) {
  json::Array clouds;
  for (const partner::Cloud& cloud : deps.clouds) {
    clouds.push_back(json::Object{{"name", cloud.name},
                                  {"displayName", cloud.display_name},
                                  {"loginUrl", cloud.endpoints.login_base},
                                  {"graphUrl", cloud.endpoints.graph_base},
                                  {"intuneUrl", cloud.endpoints.audience}});
  }
  clouds.push_back(json::Object{{"name", partner::kCustomCloud}, {"displayName", "Custom addresses"}});
  return clouds;
}

json::Array integration_warnings(store::Transaction& tx, const Connection& connection) {
  json::Array found;
  auto warn = [&](const char* reason, std::string message) {
    found.push_back(json::Object{{"reason", reason}, {"message", std::move(message)}});
  };
  compliance::Settings compliance = compliance::settings(tx);
  if (is_enabled(connection) && (!compliance.enabled || compliance.connection != connection.id)) {
    warn("no_verdicts", "no verdicts travel by this connection: set `connectionId` to " +
                            std::to_string(connection.id.value) +
                            " in PUT /api/v1/wardbridge/device-compliance, or run `wardbridge connect use`");
  }
  int others = 0;
  for (const Connection& other : device_compliance::list(tx)) {
    others += other.id != connection.id && is_enabled(other) && other.settings.tenant == connection.settings.tenant;
  }
  if (is_enabled(connection) && others > 0) {
    // JAMF: jamf.md section 4.1, row "Mixing".
    warn("mixed_types",
         "another connection speaks to the same tenant; connections of different types break each other");
  }
  return found;
}

json::Value optional_moment(Time time, Time nothing) {
  return time == nothing ? json::Value() : json::Value(to_iso8601(time));
}

json::Object integration_json(store::Transaction& tx, const Dependencies& deps,
                              const std::optional<Connection>& connection, Time now) {
  json::Object shown{{"enabled", connection && is_enabled(*connection)},
                     {"connectionType", "manual"},
                     {"handOver", nullptr},
                     {"clouds", cloud_list_json(deps)}};
  if (!connection) {
    shown["state"] = "notConfigured";
    shown["sovereignCloud"] = "global";
    return shown;
  }
  const auto& settings = connection->settings;
  auto window = compliance::window(tx, now);
  if (window && window->connection == connection->id) shown["handOver"] = window_json(tx, now);
  partner::Advice advice = partner::advice_on(connection->error_reason);
  ledger::Counts counts = ledger::counts(tx, connection->id);
  shown["connectionId"] = std::to_string(connection->id.value);
  shown["sovereignCloud"] = settings.cloud;
  shown["loginUrl"] = settings.endpoints.login_base;
  shown["graphUrl"] = settings.endpoints.graph_base;
  shown["intuneUrl"] = settings.endpoints.audience;
  shown["tenantName"] = settings.tenant;
  shown["applicationId"] = settings.client_id;
  shown["clientSecretSet"] = true;
  shown["clientSecretExpires"] = optional_moment(connection->secret.expires, kNever);
  shown["nextClientSecretSet"] = connection->secret.has_next;
  shown["nextClientSecretExpires"] = optional_moment(connection->secret.next_expires, kNever);
  shown["landingPage"] = landing_page_json({settings.landing_page, settings.pages.enrollment_url});
  shown["administratorConsentUrl"] = settings.endpoints.login_base + "/" + text::percent_encode(settings.tenant) +
                                     "/adminconsent?client_id=" + kNativeConnectorAppId;
  shown["state"] = device_compliance::name_of(connection->state);
  shown["errorReason"] = connection->error_reason;
  shown["errorMessage"] = connection->error_message;
  shown["errorCause"] = advice.cause;
  shown["errorRemedy"] = advice.remedy;
  shown["lastHeartbeat"] = optional_moment(connection->last_heartbeat, kEpoch);
  shown["lastUpdateSent"] = optional_moment(connection->last_update_sent, kEpoch);
  shown["lastTest"] = json::parse(connection->last_test).value_or(nullptr);
  shown["deliveries"] =
      json::Object{{"pending", counts.pending}, {"delivered", counts.delivered}, {"parked", counts.parked}};
  if (json::Array found = integration_warnings(tx, *connection); !found.empty())
    shown["wardbridgeWarnings"] = std::move(found);
  return shown;
}

Result<Connection> manual_connection(store::Transaction& tx) {
  auto connection = device_compliance::find_manual(tx);
  if (!connection) return conflict("not_configured", "the Intune integration for macOS is not set up");
  return *std::move(connection);
}

Status read_cloud(const Dependencies& deps, const json::Object& object, device_compliance::Settings& settings) {
  settings.cloud = TRY(json::optional_text(object, "sovereignCloud", settings.cloud));
  if (const partner::Cloud* cloud = partner::find_cloud(deps.clouds, settings.cloud)) {
    settings.endpoints = cloud->endpoints;
    return done();
  }
  if (settings.cloud != partner::kCustomCloud) {
    return invalid("unknown_cloud", "no sovereign cloud is called `" + settings.cloud.substr(0, 80) + "`",
                   "sovereignCloud");
  }
  partner::Endpoints& endpoints = settings.endpoints;
  endpoints.login_base = TRY(json::optional_text(object, "loginUrl", endpoints.login_base));
  endpoints.graph_base = TRY(json::optional_text(object, "graphUrl", endpoints.graph_base));
  endpoints.audience = TRY(json::optional_text(object, "intuneUrl", endpoints.audience));
  for (const auto& [address, member] :
       {std::pair{endpoints.login_base, "loginUrl"}, {endpoints.graph_base, "graphUrl"}}) {
    Result<http::Url> url = http::parse_url(address);
    if (!url.ok()) return invalid("bad_setting", "`" + address.substr(0, 200) + "` is not a URL", member);
    if (deps.refuses_tenant(url->host, url->port)) {
      return invalid("outbound_address",
                     "`" + url->authority() + "` is not allowed: see `management.outbound.allow` in the configuration",
                     member);
    }
  }
  return done();
}

Status read_landing_page(const Dependencies& deps, const json::Object& object, device_compliance::Settings& settings) {
  std::string url = settings.pages.enrollment_url;
  if (auto wanted = TRY(landing_page_in(deps, object))) {
    settings.landing_page = wanted->page;
    url = wanted->url;
  }
  // Where this server is reached may have changed since.
  if (settings.landing_page != LandingPage::custom) url = url_of(settings.landing_page, deps);
  settings.pages = {.enrollment_url = url, .remediation_url = url};
  return done();
}

Result<std::optional<device_compliance::Secret>> read_secret(const json::Object& object) {
  if (!json::find(object, "clientSecret")) return std::optional<device_compliance::Secret>();
  device_compliance::Secret secret(TRY(json::required_text(object, "clientSecret")));
  std::string expires = TRY(json::optional_text(object, "clientSecretExpires"));
  if (!expires.empty()) {
    Result<Time> time = parse_iso8601(expires);
    if (!time.ok()) return invalid("bad_time", "`clientSecretExpires` must be an ISO 8601 time", "clientSecretExpires");
    secret.expires = *time;
  }
  return std::optional(std::move(secret));
}

// Names in this API of what the connector calls otherwise.
Status in_the_words_of_the_form(Status status) {
  if (status.ok()) return status;
  Failure failure = std::move(status).failure();
  for (auto [setting, member] : {std::pair{"tenant", "tenantName"},
                                 {"clientId", "applicationId"},
                                 {"loginBase", "loginUrl"},
                                 {"graphBase", "graphUrl"},
                                 {"audience", "intuneUrl"},
                                 {"enrollmentUrl", "landingPage"},
                                 {"remediationUrl", "landingPage"}}) {
    if (failure.where == setting) failure.where = member;
  }
  return failure;
}

// Outside of any transaction: the far end may take seconds.
Result<json::Object> run_test(const Dependencies& deps, ConnectionId id, const std::optional<std::string>& secret,
                              device_compliance::Provisions provisions, Time now) {
  if (!deps.connections) return unavailable("no_road", "this server has no road to directories");
  device_compliance::Link link(deps.store, *deps.connections, deps.entropy, deps.sealer, id);
  auto road = TRY(link.rehearsal(secret));
  return device_compliance::steps_json(device_compliance::test_connection(*deps.connections, road, provisions, now),
                                       now);
}

Result<json::Object> run_and_note_test(const Dependencies& deps, const Connection& connection, Time now) {
  using device_compliance::Provisions;
  json::Object steps =
      TRY(run_test(deps, connection.id, std::nullopt, is_enabled(connection) ? Provisions::yes : Provisions::no, now));
  TRY(deps.store.write([&](store::Transaction& tx) -> Status {
    device_compliance::note_test(tx, connection.id, steps, now);
    if (deps.connections_changed) tx.after_commit(deps.connections_changed);
    return done();
  }));
  return steps;
}

// *Save*, within its transaction.
Result<Connection> save(store::Transaction& tx, const Dependencies& deps, const json::Object& object,
                        const audit::Actor& by, Time now) {
  auto before = device_compliance::find_manual(tx);
  bool wanted_enabled = TRY(json::optional_bool(object, "enabled", !before || is_enabled(*before)));
  std::string type = TRY(json::optional_text(object, "connectionType", "manual"));
  if (type != "manual") {
    return invalid("bad_enum_value", "`connectionType` can only be `manual` here, not `" + type.substr(0, 80) + "`",
                   "connectionType");
  }
  bool hands_over = TRY(json::optional_bool(object, "handOver", false));
  if (hands_over && wanted_enabled) {
    return invalid("bad_hand_over", "`handOver` goes together with `enabled`: false", "handOver");
  }
  if (before && wanted_enabled != is_enabled(*before)) TRY(compliance::check_not_migrating(tx, before->id));
  if (!before && !wanted_enabled) return conflict("not_configured", "the Intune integration for macOS is not set up");
  device_compliance::Settings settings;
  if (before) {
    settings = before->settings;
  } else {
    settings.type = device_compliance::Type::manual;
    settings.name = "Conditional Access";
    settings.cloud = "global";
    settings.landing_page = LandingPage::registration;
  }
  TRY(read_cloud(deps, object, settings));
  TRY(read_landing_page(deps, object, settings));
  settings.tenant = TRY(json::optional_text(object, "tenantName", settings.tenant));
  settings.client_id = TRY(json::optional_text(object, "applicationId", settings.client_id));
  auto secret = TRY(read_secret(object));
  auto store_settings = [&]() -> Status {
    if (before) return device_compliance::update(tx, before->id, settings, secret, deps.sealer, deps.entropy, by, now);
    if (!secret) return invalid("missing_field", "`clientSecret` is required", "clientSecret");
    TRY(device_compliance::create(tx, settings, *secret, deps.sealer, deps.entropy, by, now));
    return done();
  };
  TRY(in_the_words_of_the_form(store_settings()));
  Connection connection = TRY(manual_connection(tx));
  if (wanted_enabled && !is_enabled(connection)) {
    TRY(device_compliance::enable(tx, connection.id, by, now));
    compliance::come_back(tx, connection.id);
    // It has forgotten what it told; every verdict is wished for anew.
    inventory::reassess_all(tx, now);
  }
  // INVARIANT: law 5. The configuration stays; the directory is told first, and Terminated comes after.
  if (!wanted_enabled && !hands_over) TRY(device_compliance::disable(tx, connection.id, by, now));
  if (hands_over) TRY(compliance::hand_over(tx, connection.id, by, now));
  if (deps.connections_changed) tx.after_commit(deps.connections_changed);
  return manual_connection(tx);
}

Result<http::Response> save_integration(const Dependencies& deps, const http::Request& request,
                                        const accounts::Caller& caller) {
  json::Value body = TRY(json_body(request));
  const json::Object& object = TRY(json::as_object(body));
  Connection saved = TRY(deps.store.write([&](store::Transaction& tx) {
    return save(tx, deps, object, caller.as_actor(request.peer.address), request.received);
  }));
  if (is_enabled(saved)) TRY(run_and_note_test(deps, saved, request.received));
  json::Object shown = TRY(deps.store.read([&](store::Transaction& tx) -> Result<json::Object> {
    return integration_json(tx, deps, device_compliance::find_manual(tx), request.received);
  }));
  return http::json_response(200, shown);
}

Result<http::Response> test_integration(const Dependencies& deps, const http::Request& request) {
  Connection connection =
      TRY(deps.store.read([](store::Transaction& tx) -> Result<Connection> { return manual_connection(tx); }));
  return http::json_response(200, TRY(run_and_note_test(deps, connection, request.received)));
}

Result<http::Response> send_update(const Dependencies& deps, const http::Request& request,
                                   const accounts::Caller& caller) {
  std::int64_t devices = TRY(deps.store.write([&](store::Transaction& tx) -> Result<std::int64_t> {
    Connection connection = TRY(manual_connection(tx));
    auto sent =
        device_compliance::send_update(tx, connection.id, caller.as_actor(request.peer.address), request.received);
    if (sent.ok() && deps.connections_changed) tx.after_commit(deps.connections_changed);
    return sent;
  }));
  return http::json_response(202, json::Object{{"devices", devices},
                                               {"message", "An update of " + std::to_string(devices) +
                                                               (devices == 1 ? " device" : " devices") +
                                                               " is on its way; `deliveries` shows how far it got"}});
}

// Tried first, with nothing but a token: a wrong one is never stored.
Result<http::Response> stage_secret(const Dependencies& deps, const http::Request& request,
                                    const accounts::Caller& caller) {
  json::Value body = TRY(json_body(request));
  const json::Object& object = TRY(json::as_object(body));
  auto secret = TRY(read_secret(object));
  if (!secret) return invalid("missing_field", "`clientSecret` is required", "clientSecret");
  TRY(partner::check_client_secret(secret->text));
  bool check_only = TRY(json::optional_bool(object, "checkOnly", false));
  Connection connection =
      TRY(deps.store.read([](store::Transaction& tx) -> Result<Connection> { return manual_connection(tx); }));
  json::Object steps =
      TRY(run_test(deps, connection.id, secret->text, device_compliance::Provisions::no, request.received));
  bool works = json::bool_at(steps, "works").value_or(false);
  steps["stored"] = works && !check_only;
  if (works && !check_only) {
    TRY(deps.store.write([&](store::Transaction& tx) -> Status {
      TRY(device_compliance::stage_secret(tx, connection.id, *secret, deps.sealer, deps.entropy,
                                          caller.as_actor(request.peer.address), request.received));
      if (deps.connections_changed) tx.after_commit(deps.connections_changed);
      return done();
    }));
  }
  return http::json_response(200, steps);
}

Result<http::Response> promote_secret(const Dependencies& deps, const http::Request& request,
                                      const accounts::Caller& caller) {
  TRY(deps.store.write([&](store::Transaction& tx) -> Status {
    Connection connection = TRY(manual_connection(tx));
    TRY(device_compliance::promote_secret(tx, connection.id, caller.as_actor(request.peer.address), request.received));
    if (deps.connections_changed) tx.after_commit(deps.connections_changed);
    return done();
  }));
  return http::no_content();
}

}  // namespace

void register_conditional_access_routes(Api& api, const Dependencies& deps) {
  const std::string path = kPath;
  api.add("GET", path, "Read Conditional Access",
          [deps](const http::Request& request, const accounts::Caller&) -> Result<http::Response> {
            json::Object shown = TRY(deps.store.read([&](store::Transaction& tx) -> Result<json::Object> {
              return integration_json(tx, deps, device_compliance::find_manual(tx), request.received);
            }));
            return http::json_response(200, shown);
          });
  auto add = [&](const char* method, const std::string& sub_path, auto handle) {
    api.add(method, path + sub_path, "Update Conditional Access",
            [deps, handle](const http::Request& request, const accounts::Caller& caller) {
              return handle(deps, request, caller);
            });
  };
  add("PUT", "", save_integration);
  add("POST", "/run-test", [](const Dependencies& with, const http::Request& request, const accounts::Caller&) {
    return test_integration(with, request);
  });
  add("POST", "/send-update", send_update);
  add("POST", "/next-client-secret", stage_secret);
  add("POST", "/next-client-secret/promote", promote_secret);
}

}  // namespace wardbridge::jamf_api
