// Connection Type = Cloud Connector: connections that go through a broker, as routes of ours. Beside the connections of
// connection_routes.cc, whose numbers they share.
#include "connector/cloud_connection/cloud_connection.h"
#include "management/compliance/connections.h"
#include "management/compliance/migration.h"
#include "management/compliance/tenant_domains.h"
#include "management/compliance/window.h"
#include "management/jamf_api/landing_pages.h"
#include "management/jamf_api/routes.h"

namespace wardbridge::jamf_api {
namespace {

using CloudConnection = cloud_connection::Connection;

constexpr int kConflictsShown = 1000;

json::Value moment_json(Time time) { return time == kEpoch ? json::Value() : json::Value(to_iso8601(time)); }

json::Object cloud_connection_json(store::Transaction& tx, const Dependencies& deps,
                                   const CloudConnection& connection) {
  const auto& settings = connection.settings;
  const relay::Attachment& attachment = connection.attachment;
  ledger::Counts counts = ledger::counts(tx, connection.id);
  bool is_connecting = connection.state == cloud_connection::State::connecting;
  partner::Advice advice = partner::advice_on(connection.error_reason);
  return {{"id", std::to_string(connection.id.value)},
          {"connectionType", "Cloud Connector"},
          {"name", settings.name},
          {"integration", attachment.id.empty() ? json::Value() : json::Value(relay::name_of(attachment.protocol))},
          {"connectorUrl", settings.connector_url},
          {"sovereignCloud", settings.cloud},
          {"tenant", settings.tenant},
          {"tenantId", attachment.tenant_id},
          {"landingPage", landing_page_json(settings.enrollment_url, deps)},
          {"enrollmentUrl", settings.enrollment_url},
          {"remediationUrl", settings.remediation_url},
          {"groupIds", json::to_array(settings.group_ids)},
          {"domains", json::to_array(compliance::tenant_domains(tx, connection.id))},
          {"state", cloud_connection::name_of(connection.state)},
          {"step", is_connecting ? json::Value(relay::name_of(attachment.progress)) : json::Value()},
          {"consentUrl", is_connecting ? attachment.consent_url : ""},
          {"applicationId", attachment.application_id},
          {"errorReason", connection.error_reason},
          {"errorMessage", connection.error_message},
          {"errorCause", advice.cause},
          {"errorRemedy", advice.remedy},
          {"lastContact", moment_json(connection.last_contact)},
          {"lastHeartbeat", moment_json(attachment.last_heartbeat)},
          {"deliveries",
           json::Object{{"pending", counts.pending}, {"delivered", counts.delivered}, {"parked", counts.parked}}}};
}

// Members that are absent keep what `settings` has; of a new connection, the page is the one to register at.
Result<cloud_connection::Settings> cloud_settings_from(const Dependencies& deps, const json::Object& object,
                                                       cloud_connection::Settings settings) {
  if (settings.enrollment_url.empty()) {
    settings.enrollment_url = settings.remediation_url = url_of(device_compliance::LandingPage::registration, deps);
  }
  if (auto wanted = TRY(landing_page_in(deps, object))) {
    settings.enrollment_url = settings.remediation_url = wanted->url;
  }
  settings.name = TRY(json::optional_text(object, "name", settings.name));
  settings.connector_url = TRY(json::optional_text(object, "connectorUrl", settings.connector_url));
  settings.cloud = TRY(json::optional_text(object, "sovereignCloud", settings.cloud));
  settings.tenant = TRY(json::optional_text(object, "tenant", settings.tenant));
  settings.enrollment_url = TRY(json::optional_text(object, "enrollmentUrl", settings.enrollment_url));
  settings.remediation_url = TRY(json::optional_text(object, "remediationUrl", settings.remediation_url));
  if (json::find(object, "groupIds")) settings.group_ids = TRY(json::optional_texts(object, "groupIds"));
  return settings;
}

// The failing setting, by the name that this API has for it.
template <class T>
Result<T> in_words_of_routes(Result<T> result) {
  if (result.ok() || result.failure().where != "cloud") return result;
  Failure failure = std::move(result).failure();
  failure.where = "sovereignCloud";
  return failure;
}

Result<CloudConnection> find_cloud_connection(store::Transaction& tx, ledger::ConnectionId id) {
  auto connection = cloud_connection::find(tx, id);
  if (!connection) {
    return not_found("no_connection", "no Cloud Connector connection has the id " + std::to_string(id.value));
  }
  return *connection;
}

Result<http::Response> show(const Dependencies& deps, ledger::ConnectionId id, int status = 200) {
  json::Object shown = TRY(deps.store.read([&](store::Transaction& tx) -> Result<json::Object> {
    return cloud_connection_json(tx, deps, TRY(find_cloud_connection(tx, id)));
  }));
  return http::json_response(status, shown);
}

Result<cloud_connection::World> world_of(const Dependencies& deps) {
  if (!deps.connections) return unavailable("no_network", "this server makes no connections");
  return cloud_connection::World{
      .store = deps.store, .transport = *deps.connections, .sealer = deps.sealer, .entropy = deps.entropy};
}

Result<http::Response> create_cloud_connection(const Dependencies& deps, const http::Request& request,
                                               const accounts::Caller& caller) {
  json::Value body = TRY(json_body(request));
  const json::Object& object = TRY(json::as_object(body));
  auto settings = TRY(cloud_settings_from(deps, object, {}));
  std::string credential = TRY(json::optional_text(object, "credential"));
  ledger::ConnectionId id = TRY(deps.store.write([&](store::Transaction& tx) -> Result<ledger::ConnectionId> {
    if (deps.connections_changed) tx.after_commit(deps.connections_changed);
    return in_words_of_routes(cloud_connection::create(tx, settings, credential, deps.sealer, deps.entropy,
                                                       caller.as_actor(request.peer.address), request.received));
  }));
  return show(deps, id, 201);
}

Result<http::Response> update_cloud_connection(const Dependencies& deps, const http::Request& request,
                                               const accounts::Caller& caller) {
  ledger::ConnectionId id{TRY(path_id(request))};
  json::Value body = TRY(json_body(request));
  const json::Object& object = TRY(json::as_object(body));
  std::optional<std::string> credential;
  if (json::find(object, "credential")) credential = TRY(json::required_text(object, "credential"));
  TRY(deps.store.write([&](store::Transaction& tx) -> Status {
    auto settings = TRY(cloud_settings_from(deps, object, TRY(find_cloud_connection(tx, id)).settings));
    if (deps.connections_changed) tx.after_commit(deps.connections_changed);
    return in_words_of_routes(cloud_connection::update(tx, id, settings, credential, deps.sealer, deps.entropy,
                                                       caller.as_actor(request.peer.address), request.received));
  }));
  return show(deps, id);
}

Result<http::Response> connect_cloud_connection(const Dependencies& deps, const http::Request& request,
                                                const accounts::Caller& caller) {
  ledger::ConnectionId id{TRY(path_id(request))};
  TRY(cloud_connection::connect(TRY(world_of(deps)), id, caller.as_actor(request.peer.address), request.received));
  if (deps.connections_changed) deps.connections_changed();
  return show(deps, id);
}

Result<http::Response> confirm_cloud_connection(const Dependencies& deps, const http::Request& request,
                                                const accounts::Caller& caller) {
  ledger::ConnectionId id{TRY(path_id(request))};
  auto confirmation =
      TRY(cloud_connection::confirm(TRY(world_of(deps)), id, caller.as_actor(request.peer.address), request.received));
  if (deps.connections_changed) deps.connections_changed();
  // Only now is it known what the tenant takes.
  TRY(deps.store.write([&](store::Transaction& tx) -> Status {
    compliance::Settings settings = compliance::settings(tx);
    auto confirmed = compliance::find_connection(tx, id);
    bool carries = confirmed && confirmed->carries_inventory;
    compliance::note_inventory(tx, id, carries, request.received);
    if (settings.connection != id || settings.sends_inventory == carries) return done();
    settings.sends_inventory = carries;
    return compliance::change_settings(tx, settings, caller.as_actor(request.peer.address), request.received);
  }));
  json::Array steps;
  for (const relay::Step& step : confirmation.steps) steps.push_back(relay::to_json(step));
  json::Object connection = TRY(deps.store.read([&](store::Transaction& tx) -> Result<json::Object> {
    return cloud_connection_json(tx, deps, TRY(find_cloud_connection(tx, id)));
  }));
  return http::json_response(
      200,
      json::Object{{"works", confirmation.works}, {"steps", std::move(steps)}, {"connection", std::move(connection)}});
}

// enable, disable, remove: one line each below.
using CloudChange = Status (*)(store::Transaction&, ledger::ConnectionId, const audit::Actor&, Time);
Api::Handler change_cloud_connection(const Dependencies& deps, CloudChange change) {
  return [deps, change](const http::Request& request, const accounts::Caller& caller) -> Result<http::Response> {
    ledger::ConnectionId id{TRY(path_id(request))};
    bool hands_over = TRY(wants_hand_over(request));
    TRY(deps.store.write([&](store::Transaction& tx) -> Status {
      CloudConnection connection = TRY(find_cloud_connection(tx, id));
      bool is_used = compliance::settings(tx).connection == id || !compliance::tenant_domains(tx, id).empty();
      if (change == cloud_connection::remove && is_used) {
        return conflict("has_dependencies", "device compliance uses the connection `" + connection.settings.name + "`");
      }
      TRY(compliance::check_not_migrating(tx, id));
      audit::Actor by = caller.as_actor(request.peer.address);
      if (change == cloud_connection::disable && hands_over) {
        TRY(compliance::hand_over(tx, id, by, request.received));
      } else {
        TRY(change(tx, id, by, request.received));
      }
      if (change == cloud_connection::enable) compliance::come_back(tx, id);
      // A connection that was enabled again has forgotten what it told; every verdict is wished for anew.
      inventory::reassess_all(tx, request.received);
      if (deps.connections_changed) tx.after_commit(deps.connections_changed);
      return done();
    }));
    return http::no_content();
  };
}

// Whose devices are told to this connection, when there are several tenants; nobody's: the settings say.
Result<http::Response> put_domains(const Dependencies& deps, const http::Request& request,
                                   const accounts::Caller& caller) {
  ledger::ConnectionId id{TRY(path_id(request))};
  json::Value body = TRY(json_body(request));
  std::vector<std::string> domains = TRY(json::optional_texts(TRY(json::as_object(body)), "domains"));
  TRY(deps.store.write([&](store::Transaction& tx) -> Status {
    TRY(find_cloud_connection(tx, id));
    return compliance::set_tenant_domains(tx, id, domains, caller.as_actor(request.peer.address), request.received);
  }));
  return show(deps, id);
}

// Devices that are not sent because another instance owns them.
Result<http::Response> list_conflicts(const Dependencies& deps, const http::Request& request) {
  ledger::ConnectionId id{TRY(path_id(request))};
  json::Array results = TRY(deps.store.read([&](store::Transaction& tx) -> Result<json::Array> {
    TRY(find_cloud_connection(tx, id));
    json::Array conflicts;
    for (const ledger::Delivery& parked : ledger::parked(tx, id, kConflictsShown)) {
      if (parked.failure_reason != "device_of_other_instance") continue;
      conflicts.push_back(json::Object{{"deviceId", parked.report.device_id},
                                       {"deviceName", parked.report.device_name},
                                       {"userPrincipalName", parked.report.user_principal_name},
                                       {"message", parked.failure_message}});
    }
    return conflicts;
  }));
  return http::json_response(200, json::Object{{"totalCount", results.size()}, {"results", results}});
}

}  // namespace

void register_cloud_connection_routes(Api& api, const Dependencies& deps) {
  const std::string path = "/api/v1/wardbridge/cloud-connections";
  constexpr const char* kRead = "Read Conditional Access";
  constexpr const char* kUpdate = "Update Conditional Access";
  using Caller = accounts::Caller;
  api.add("GET", path, kRead, [deps](const http::Request&, const Caller&) -> Result<http::Response> {
    auto all = TRY(deps.store.read([&](store::Transaction& tx) -> Result<json::Array> {
      json::Array results;
      for (const CloudConnection& connection : cloud_connection::list(tx))
        results.push_back(cloud_connection_json(tx, deps, connection));
      return results;
    }));
    return http::json_response(200, json::Object{{"totalCount", all.size()}, {"results", all}});
  });
  api.add("POST", path, kUpdate, [deps](const http::Request& request, const Caller& caller) {
    return create_cloud_connection(deps, request, caller);
  });
  api.add("GET", path + "/{id}", kRead, [deps](const http::Request& request, const Caller&) -> Result<http::Response> {
    return show(deps, ledger::ConnectionId{TRY(path_id(request))});
  });
  api.add("PATCH", path + "/{id}", kUpdate, [deps](const http::Request& request, const Caller& caller) {
    return update_cloud_connection(deps, request, caller);
  });
  api.add("POST", path + "/{id}/connect", kUpdate, [deps](const http::Request& request, const Caller& caller) {
    return connect_cloud_connection(deps, request, caller);
  });
  api.add("POST", path + "/{id}/confirm", kUpdate, [deps](const http::Request& request, const Caller& caller) {
    return confirm_cloud_connection(deps, request, caller);
  });
  api.add("GET", path + "/{id}/conflicts", kRead,
          [deps](const http::Request& request, const Caller&) { return list_conflicts(deps, request); });
  api.add("GET", path + "/{id}/routes", kRead,
          [deps](const http::Request& request, const Caller&) -> Result<http::Response> {
            ledger::ConnectionId id{TRY(path_id(request))};
            return http::json_response(
                200,
                TRY(cloud_connection::routes(TRY(world_of(deps)), id, request.query_parameter("after").value_or(""))));
          });
  api.add("PUT", path + "/{id}/domains", kUpdate,
          [deps](const http::Request& request, const Caller& caller) { return put_domains(deps, request, caller); });
  api.add("POST", path + "/{id}/disable", kUpdate, change_cloud_connection(deps, cloud_connection::disable));
  api.add("POST", path + "/{id}/enable", kUpdate, change_cloud_connection(deps, cloud_connection::enable));
  api.add("DELETE", path + "/{id}", kUpdate, change_cloud_connection(deps, cloud_connection::remove));
}

}  // namespace wardbridge::jamf_api
