// Connections to directory tenants: what the vendor sets up in its console, as routes of ours.
#include "connector/device_compliance/device_compliance.h"
#include "management/compliance/migration.h"
#include "management/compliance/window.h"
#include "management/jamf_api/routes.h"

namespace wardbridge::jamf_api {
namespace {

using device_compliance::Connection;
using ledger::ConnectionId;

json::Value time_or_null(Time time) { return time == kEpoch ? json::Value() : json::Value(to_iso8601(time)); }

json::Object policy_json(const Connection& connection) {
  return {{"state", device_compliance::name_of(device_compliance::policy_state(connection))},
          {"id", connection.policy.id},
          {"assignedGroupIds", json::to_array(connection.policy.assigned_group_ids)},
          {"errorReason", connection.policy.error_reason},
          {"errorMessage", connection.policy.error_message}};
}

json::Object connection_json(store::Transaction& tx, const Connection& connection) {
  const auto& settings = connection.settings;
  ledger::Counts counts = ledger::counts(tx, connection.id);
  partner::Advice advice = partner::advice_on(connection.error_reason);
  return {{"id", std::to_string(connection.id.value)},
          {"type", device_compliance::name_of(settings.type)},
          {"name", settings.name},
          {"tenant", settings.tenant},
          {"clientId", settings.client_id},
          {"loginUrl", settings.endpoints.login_base},
          {"graphUrl", settings.endpoints.graph_base},
          {"audience", settings.endpoints.audience},
          {"enrollmentUrl", settings.pages.enrollment_url},
          {"remediationUrl", settings.pages.remediation_url},
          {"heartbeatMinutes", std::chrono::duration_cast<minutes>(settings.heartbeat_interval).count()},
          {"groupIds", json::to_array(settings.group_ids)},
          {"state", device_compliance::name_of(connection.state)},
          {"errorReason", connection.error_reason},
          {"errorMessage", connection.error_message},
          {"errorCause", advice.cause},
          {"errorRemedy", advice.remedy},
          {"policy", policy_json(connection)},
          {"lastHeartbeat", time_or_null(connection.last_heartbeat)},
          {"deliveries",
           json::Object{{"pending", counts.pending}, {"delivered", counts.delivered}, {"parked", counts.parked}}}};
}

// Members that are absent keep what `settings` has.
Result<device_compliance::Settings> settings_from(const json::Object& object, device_compliance::Settings settings) {
  settings.name = TRY(json::optional_text(object, "name", settings.name));
  settings.tenant = TRY(json::optional_text(object, "tenant", settings.tenant));
  settings.client_id = TRY(json::optional_text(object, "clientId", settings.client_id));
  settings.endpoints.login_base = TRY(json::optional_text(object, "loginUrl", settings.endpoints.login_base));
  settings.endpoints.graph_base = TRY(json::optional_text(object, "graphUrl", settings.endpoints.graph_base));
  settings.endpoints.audience = TRY(json::optional_text(object, "audience", settings.endpoints.audience));
  settings.pages.enrollment_url = TRY(json::optional_text(object, "enrollmentUrl", settings.pages.enrollment_url));
  settings.pages.remediation_url = TRY(json::optional_text(object, "remediationUrl", settings.pages.remediation_url));
  if (json::find(object, "groupIds")) settings.group_ids = TRY(json::optional_texts(object, "groupIds"));
  auto old_minutes = std::chrono::duration_cast<minutes>(settings.heartbeat_interval).count();
  settings.heartbeat_interval = minutes{TRY(json::optional_integer(object, "heartbeatMinutes", old_minutes))};
  return settings;
}

// The failing setting, by the name that this API has for it.
template <class T>
Result<T> in_our_words(Result<T> result) {
  if (result.ok()) return result;
  Failure failure = std::move(result).failure();
  for (auto [setting, member] :
       {std::pair{"loginBase", "loginUrl"}, {"graphBase", "graphUrl"}, {"heartbeatInterval", "heartbeatMinutes"}}) {
    if (failure.where == setting) failure.where = member;
  }
  return failure;
}

Result<Connection> find_connection(store::Transaction& tx, ConnectionId id) {
  auto connection = device_compliance::find(tx, id);
  if (!connection) return not_found("no_connection", "no connection has the id " + std::to_string(id.value));
  return *connection;
}

Result<http::Response> create_connection(const Dependencies& deps, const http::Request& request,
                                         const accounts::Caller& caller) {
  json::Value body = TRY(json_body(request));
  const json::Object& object = TRY(json::as_object(body));
  auto settings = TRY(settings_from(object, {}));
  std::string secret = TRY(json::required_text(object, "clientSecret"));
  json::Object created = TRY(deps.store.write([&](store::Transaction& tx) -> Result<json::Object> {
    ConnectionId id = TRY(in_our_words(device_compliance::create(
        tx, settings, secret, deps.sealer, deps.entropy, caller.as_actor(request.peer.address), request.received)));
    if (deps.connections_changed) tx.after_commit(deps.connections_changed);
    return connection_json(tx, TRY(find_connection(tx, id)));
  }));
  return http::json_response(201, created);
}

Result<http::Response> update_connection(const Dependencies& deps, const http::Request& request,
                                         const accounts::Caller& caller) {
  ConnectionId id{TRY(path_id(request))};
  json::Value body = TRY(json_body(request));
  const json::Object& object = TRY(json::as_object(body));
  std::optional<std::string> secret;
  if (json::find(object, "clientSecret")) secret = TRY(json::required_text(object, "clientSecret"));
  json::Object updated = TRY(deps.store.write([&](store::Transaction& tx) -> Result<json::Object> {
    auto settings = TRY(settings_from(object, TRY(find_connection(tx, id)).settings));
    TRY(in_our_words(device_compliance::update(tx, id, settings, secret, deps.sealer, deps.entropy,
                                               caller.as_actor(request.peer.address), request.received)));
    if (deps.connections_changed) tx.after_commit(deps.connections_changed);
    return connection_json(tx, TRY(find_connection(tx, id)));
  }));
  return http::json_response(200, updated);
}

// enable, disable, remove: one line each below.
using Change = Status (*)(store::Transaction&, ConnectionId, const audit::Actor&, Time);
Api::Handler change_connection(const Dependencies& deps, Change change) {
  return [deps, change](const http::Request& request, const accounts::Caller& caller) -> Result<http::Response> {
    ConnectionId id{TRY(path_id(request))};
    bool hands_over = TRY(wants_hand_over(request));
    TRY(deps.store.write([&](store::Transaction& tx) -> Status {
      Connection connection = TRY(find_connection(tx, id));
      if (change == device_compliance::remove && compliance::settings(tx).connection == id) {
        return conflict("has_dependencies", "device compliance uses the connection `" + connection.settings.name + "`");
      }
      TRY(compliance::check_not_migrating(tx, id));
      audit::Actor by = caller.as_actor(request.peer.address);
      if (change == device_compliance::disable && hands_over) {
        TRY(compliance::hand_over(tx, id, by, request.received));
      } else {
        TRY(change(tx, id, by, request.received));
      }
      if (change == device_compliance::enable) compliance::come_back(tx, id);
      // A connection that was enabled again has forgotten what it told; every verdict is wished for anew.
      inventory::reassess_all(tx, request.received);
      if (deps.connections_changed) tx.after_commit(deps.connections_changed);
      return done();
    }));
    return http::no_content();
  };
}

}  // namespace

void register_connection_routes(Api& api, const Dependencies& deps) {
  const std::string path = "/api/v1/wardbridge/connections";
  api.add("GET", path, "Read Conditional Access",
          [deps](const http::Request&, const accounts::Caller&) -> Result<http::Response> {
            auto all = TRY(deps.store.read([](store::Transaction& tx) -> Result<json::Array> {
              json::Array results;
              for (const Connection& connection : device_compliance::list(tx))
                results.push_back(connection_json(tx, connection));
              return results;
            }));
            return http::json_response(200, json::Object{{"totalCount", all.size()}, {"results", all}});
          });
  api.add("POST", path, "Update Conditional Access",
          [deps](const http::Request& request, const accounts::Caller& caller) {
            return create_connection(deps, request, caller);
          });
  api.add("GET", path + "/{id}", "Read Conditional Access",
          [deps](const http::Request& request, const accounts::Caller&) -> Result<http::Response> {
            ConnectionId id{TRY(path_id(request))};
            auto found = TRY(deps.store.read([&](store::Transaction& tx) -> Result<json::Object> {
              return connection_json(tx, TRY(find_connection(tx, id)));
            }));
            return http::json_response(200, found);
          });
  api.add("PATCH", path + "/{id}", "Update Conditional Access",
          [deps](const http::Request& request, const accounts::Caller& caller) {
            return update_connection(deps, request, caller);
          });
  api.add("POST", path + "/{id}/disable", "Update Conditional Access",
          change_connection(deps, device_compliance::disable));
  api.add("POST", path + "/{id}/enable", "Update Conditional Access",
          change_connection(deps, device_compliance::enable));
  api.add("DELETE", path + "/{id}", "Update Conditional Access", change_connection(deps, device_compliance::remove));
}

}  // namespace wardbridge::jamf_api
