// Device compliance: the vendor's read route, and the settings that the vendor keeps in its console.
#include "connector/device_compliance/device_compliance.h"
#include "management/compliance/connections.h"
#include "management/jamf_api/routes.h"

namespace wardbridge::jamf_api {
namespace {

using inventory::ComputerId;

// JAMF: an array, one record per compliance vendor. The vendor's schema has one object of device ids although its own
// example shows an array; the schema is what validating clients check.
Result<http::Response> compliance_information(const Dependencies& deps, const http::Request& request) {
  ComputerId id{TRY(path_id(request))};
  json::Array records = TRY(deps.store.read([&](store::Transaction& tx) -> Result<json::Array> {
    json::Array found;
    auto states = compliance::states_of(tx, id, request.received);
    if (states.empty()) return found;
    // Every local account of a Mac has a device of its own; the Mac is as compliant as the least of them.
    const compliance::ComplianceState* worst = &states.front();
    json::Array device_ids;
    json::Array accounts_of;
    for (const auto& state : states) {
      device_ids.emplace_back(state.registration.device_id);
      if (worst->state == compliance::State::compliant && state.state != compliance::State::compliant) worst = &state;
      accounts_of.push_back(json::Object{{"username", state.registration.username},
                                         {"deviceId", state.registration.device_id},
                                         {"complianceState", compliance::wire_name(state.state)},
                                         {"reason", state.reason},
                                         {"since", to_iso8601(state.since)},
                                         {"validUntil", to_iso8601(state.valid_until)}});
    }
    found.push_back(json::Object{{"deviceId", std::to_string(id.value)},
                                 {"applicable", worst->applicable},
                                 {"complianceState", compliance::wire_name(worst->state)},
                                 {"complianceVendor", "Intune"},
                                 {"complianceVendorDeviceInformation", json::Object{{"deviceIds", device_ids}}},
                                 // Ours: why, and until when.
                                 {"wardbridge", json::Object{{"accounts", accounts_of}}}});
    return found;
  }));
  return http::json_response(200, records);
}

// What turning device compliance off leaves behind in the directory; null when nothing.
json::Value still_trusted(store::Transaction& tx, const compliance::Settings& settings, Time now) {
  if (settings.enabled || !settings.connection) return nullptr;
  auto connection = device_compliance::find(tx, settings.connection);
  if (!connection || ledger::lane(tx, settings.connection).purpose != ledger::Lane::Purpose::open) return nullptr;
  // A directory that is not told until when a verdict holds decides that for itself.
  bool directory_knows_the_end = connection->extensions.valid_until;
  compliance::StandingVerdicts standing = compliance::standing_verdicts(tx, directory_knows_the_end ? now : kEpoch);
  if (standing.compliant == 0) return nullptr;
  std::string id = std::to_string(connection->id.value);
  std::string until = directory_knows_the_end ? "until " + to_iso8601(standing.until, false) + " at the latest"
                                              : "for as long as the directory trusts a verdict";
  return json::Object{
      {"devices", standing.compliant},
      {"until", directory_knows_the_end ? json::Value(to_iso8601(standing.until)) : json::Value()},
      {"message", "Nothing was retracted: the directory may go on taking " + std::to_string(standing.compliant) +
                      (standing.compliant == 1 ? " device" : " devices") + " for compliant " + until +
                      ". To retract them all now, disable the connection `" + connection->settings.name +
                      "`: POST /api/v1/wardbridge/connections/" + id + "/disable"}};
}

// Verdicts that a change of configuration moved, and that wait for somebody's word; null when there are none.
json::Value held_json(store::Transaction& tx) {
  compliance::Held held = compliance::held(tx);
  if (held.devices == 0) return nullptr;
  return json::Object{{"devices", held.devices},
                      {"of", held.of},
                      {"message", "A change of configuration moves the verdicts of " + std::to_string(held.devices) +
                                      " of " + std::to_string(held.of) +
                                      " devices. Confirm it by POST /api/v1/wardbridge/device-compliance/held/confirm, "
                                      "or change it back"}};
}

json::Object settings_json(store::Transaction& tx, const compliance::Settings& settings, Time now) {
  return {{"platform", "macOS"},
          {"enabled", settings.enabled},
          {"complianceGroupId", std::to_string(settings.compliance_group.value)},
          {"applicableGroupId", std::to_string(settings.applicable_group.value)},
          {"connectionId", std::to_string(settings.connection.value)},
          {"holdPercent", settings.hold_percent},
          {"held", held_json(tx)},
          {"handOver", window_json(tx, now)},
          {"validityHours", std::chrono::duration_cast<hours>(settings.validity).count()},
          {"stillTrusted", still_trusted(tx, settings, now)}};
}

Result<std::int64_t> id_member(const json::Object& object, std::string_view key, std::int64_t fallback) {
  std::string text = TRY(json::optional_text(object, key, std::to_string(fallback)));
  auto id = text::parse_integer(text);
  if (!id || *id < 0)
    return invalid("invalid_id", "`" + std::string(key) + "` must be an id, not `" + text.substr(0, 40) + "`",
                   std::string(key));
  return *id;
}

Result<http::Response> get_settings(const Dependencies& deps, const http::Request& request) {
  json::Object settings = TRY(deps.store.read([&](store::Transaction& tx) -> Result<json::Object> {
    return settings_json(tx, compliance::settings(tx), request.received);
  }));
  return http::json_response(200, settings);
}

// Members that are absent stay as they are.
Result<http::Response> put_settings(const Dependencies& deps, const http::Request& request,
                                    const accounts::Caller& caller) {
  json::Value body = TRY(json_body(request));
  const json::Object& object = TRY(json::as_object(body));
  json::Object settings = TRY(deps.store.write([&](store::Transaction& tx) -> Result<json::Object> {
    compliance::Settings wanted = compliance::settings(tx);
    wanted.enabled = TRY(json::optional_bool(object, "enabled", wanted.enabled));
    wanted.compliance_group.value = TRY(id_member(object, "complianceGroupId", wanted.compliance_group.value));
    wanted.applicable_group.value = TRY(id_member(object, "applicableGroupId", wanted.applicable_group.value));
    wanted.connection.value = TRY(id_member(object, "connectionId", wanted.connection.value));
    auto old_hours = std::chrono::duration_cast<hours>(wanted.validity).count();
    wanted.validity = hours{TRY(json::optional_integer(object, "validityHours", old_hours))};
    wanted.hold_percent = static_cast<int>(TRY(json::optional_integer(object, "holdPercent", wanted.hold_percent)));
    auto connection = compliance::find_connection(tx, wanted.connection);
    wanted.sends_inventory = connection && connection->carries_inventory;
    // Verdicts for a connection that nobody works on would wait for ever.
    if (wanted.enabled && wanted.connection && !connection) {
      return invalid("unknown_connection", "no connection has the id " + std::to_string(wanted.connection.value),
                     "connectionId");
    }
    TRY(compliance::change_settings(tx, wanted, caller.as_actor(request.peer.address), request.received));
    return settings_json(tx, wanted, request.received);
  }));
  return http::json_response(200, settings);
}

json::Object delivery_json(const ledger::Delivery& delivery) {
  auto time_or_null = [](Time time) { return time == kEpoch ? json::Value() : json::Value(to_iso8601(time)); };
  return {{"subject", delivery.subject},
          {"deviceId", delivery.report.device_id},
          {"deviceName", delivery.report.device_name},
          {"userPrincipalName", delivery.report.user_principal_name},
          {"state", ledger::name_of(delivery.state)},
          {"compliant", delivery.report.verdict == ledger::DeviceReport::Verdict::compliant},
          {"reason", delivery.report.reason},
          {"validUntil", to_iso8601(delivery.report.valid_until)},
          {"attempts", delivery.attempts},
          {"failureReason", delivery.failure_reason},
          {"failureMessage", delivery.failure_message},
          {"hops", json::Object{{"checkIn", time_or_null(delivery.hops.check_in)},
                                {"verdict", time_or_null(delivery.hops.verdict)},
                                {"sent", time_or_null(delivery.hops.sent)},
                                {"accepted", time_or_null(delivery.hops.accepted)},
                                {"acknowledged", time_or_null(delivery.hops.acknowledged)}}}};
}

Result<http::Response> deliveries_of_device(const Dependencies& deps, const http::Request& request) {
  const std::string& device_id = request.path_parameter("deviceId");
  auto results = TRY(deps.store.read([&](store::Transaction& tx) -> Result<json::Array> {
    json::Array found;
    for (const auto& delivery : ledger::of_device(tx, device_id)) found.push_back(delivery_json(delivery));
    return found;
  }));
  return http::json_response(200, json::Object{{"totalCount", results.size()}, {"results", results}});
}

}  // namespace

void register_compliance_routes(Api& api, const Dependencies& deps) {
  api.add("GET", "/api/v1/conditional-access/device-compliance-information/computer/{id}",
          "Read Device Compliance Information", [deps](const http::Request& request, const accounts::Caller&) {
            return compliance_information(deps, request);
          });
  api.add("GET", "/api/v1/conditional-access/device-compliance/feature-toggle", "Read Conditional Access",
          [](const http::Request&, const accounts::Caller&) -> Result<http::Response> {
            return http::json_response(200, json::Object{{"sharedDeviceFeatureEnabled", false}});
          });
  api.add("GET", "/api/v1/wardbridge/device-compliance", "Read Conditional Access",
          [deps](const http::Request& request, const accounts::Caller&) { return get_settings(deps, request); });
  api.add("PUT", "/api/v1/wardbridge/device-compliance", "Update Conditional Access",
          [deps](const http::Request& request, const accounts::Caller& caller) {
            return put_settings(deps, request, caller);
          });
  api.add("POST", "/api/v1/wardbridge/device-compliance/held/confirm", "Update Conditional Access",
          [deps](const http::Request& request, const accounts::Caller& caller) -> Result<http::Response> {
            TRY(deps.store.write([&](store::Transaction& tx) -> Status {
              TRY(compliance::confirm_change(tx, caller.as_actor(request.peer.address), request.received));
              if (deps.connections_changed) tx.after_commit(deps.connections_changed);
              return done();
            }));
            return http::no_content();
          });
  api.add(
      "GET", "/api/v1/wardbridge/deliveries/{deviceId}", "Read Device Compliance Information",
      [deps](const http::Request& request, const accounts::Caller&) { return deliveries_of_device(deps, request); });
}

}  // namespace wardbridge::jamf_api
