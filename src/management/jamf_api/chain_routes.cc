// One Mac from its check-in to what the directory believes of it, with the time and the error of every hop, and the one
// next step: what the help desk asks for.
#include "connector/partner/partner.h"
#include "management/compliance/account_states.h"
#include "management/compliance/connections.h"
#include "management/compliance/tenant_domains.h"
#include "management/jamf_api/routes.h"
#include "management/jamf_api/self_service_wire.h"

namespace wardbridge::jamf_api {
namespace {

using inventory::ComputerId;

json::Value hop_time(Time time) { return time == kEpoch ? json::Value() : json::Value(to_iso8601(time)); }

constexpr const char* kEnrollAgain = "Enroll the computer again: nobody manages it.";

struct Chain {
  inventory::Computer computer;
  compliance::Settings settings;
};

// What stands in the way first, from the Mac outwards; empty: nothing does.
std::string next_step(const Chain& chain, const compliance::ComplianceState& state,
                      const std::optional<compliance::AnyConnection>& connection,
                      const std::optional<ledger::Delivery>& delivery, Time now) {
  if (!chain.computer.managed) return kEnrollAgain;
  if (chain.computer.last_check_in + chain.settings.validity <= now) {
    return "Have the Mac check in: it was last heard of on " + to_iso8601(chain.computer.last_check_in, false) + ".";
  }
  const compliance::Registration& registration = state.registration;
  bool token_is_stale = registration.token_failing_since != kEpoch &&
                        compliance::inventory_state(registration, chain.computer.last_check_in, now) ==
                            compliance::InventoryState::unresponsive;
  if (token_is_stale) {
    return "Sign in: the directory's token of `" + registration.username + "` could not be refreshed since " +
           to_iso8601(registration.token_failing_since, false) +
           ". As that person, run `/usr/local/jamf/bin/jamfaad gatherAADInfo` and sign in when it asks.";
  }
  if (!chain.settings.enabled) return "Turn device compliance on: PUT /api/v1/wardbridge/device-compliance.";
  if (!state.applicable) return "Bring the computer into the applicable group: " + state.reason + ".";
  if (chain.settings.handed_over != kEpoch) {
    return "Choose the connection that takes over: the one before was turned off on " +
           to_iso8601(chain.settings.handed_over, false) + ".";
  }
  if (!connection) return "Choose a connection in PUT /api/v1/wardbridge/device-compliance.";
  using State = ledger::State;
  bool is_waiting = delivery && (delivery->state == State::pending || delivery->state == State::leased ||
                                 delivery->state == State::sent);
  if (!connection->is_active || (is_waiting && !connection->error_message.empty())) {
    partner::Advice advice = partner::advice_on(connection->error_reason);
    std::string step = "Repair the connection `" + connection->name + "` (" + connection->state + ")";
    if (!connection->error_message.empty()) step += ": " + connection->error_message;
    return step + (advice.remedy.empty() ? "." : ". Remedy: " + std::string(advice.remedy) + ".");
  }
  if (delivery && delivery->state == State::parked) {
    partner::Advice advice = partner::advice_on(delivery->failure_reason);
    return "The directory refused the device: " + delivery->failure_message + "." +
           (advice.remedy.empty() ? "" : " Remedy: " + std::string(advice.remedy) + ".");
  }
  if (delivery && delivery->state == State::held) {
    return "Confirm the change of configuration that moved many verdicts at once, or change it back: "
           "POST /api/v1/wardbridge/device-compliance/held/confirm.";
  }
  if (state.state != compliance::State::compliant) return "Make the Mac compliant: " + state.reason + ".";
  if (is_waiting) {
    return delivery->failure_message.empty()
               ? "Wait: the verdict is on its way."
               : "Wait: the verdict is tried again at " + to_iso8601(delivery->next_attempt_at, false) + "; " +
                     delivery->failure_message + ".";
  }
  return "";
}

// What the other connection of a migration would tell of a device; null when none is rehearsed.
json::Value rehearsal_json(store::Transaction& tx, const compliance::Settings& settings, const std::string& device_id) {
  if (!settings.rehearsal) return nullptr;
  ledger::ConnectionId id = settings.rehearsal->connection;
  auto connection = compliance::find_connection(tx, id);
  json::Object shown{{"connectionId", std::to_string(id.value)},
                     {"connection", connection ? connection->name : ""},
                     {"verdict", "NOT_TOLD"},
                     {"reason", "this device would not be told"},
                     {"validUntil", nullptr}};
  auto delivery = ledger::find(tx, id, compliance::subject_of(device_id));
  if (!delivery || delivery->is_retraction) return shown;
  bool is_compliant = !delivery->report.is_denial();
  shown["verdict"] = wire_name(is_compliant ? compliance::State::compliant : compliance::State::non_compliant);
  shown["reason"] = delivery->report.reason;
  shown["validUntil"] = to_iso8601(delivery->report.valid_until);
  return shown;
}

json::Object link_json(store::Transaction& tx, const Chain& chain, const compliance::ComplianceState& state, Time now) {
  const compliance::Registration& registration = state.registration;
  // Devices of other tenants' domains have a connection of their own.
  auto connection =
      compliance::find_connection(tx, compliance::connection_of(tx, chain.settings, registration.user_principal_name));
  std::optional<ledger::Delivery> delivery;
  if (connection) delivery = ledger::find(tx, connection->id, compliance::subject_of(registration.device_id));
  json::Object link{{"username", state.registration.username},
                    {"userPrincipalName", state.registration.user_principal_name},
                    {"deviceId", state.registration.device_id},
                    {"registered", hop_time(state.registration.registered)},
                    {"inventoryState", compliance::wire_name(compliance::inventory_state(
                                           state.registration, chain.computer.last_check_in, now))},
                    {"applicable", state.applicable},
                    {"complianceState", compliance::wire_name(state.state)},
                    {"reason", state.reason},
                    {"since", hop_time(state.since)},
                    {"validUntil", state.valid_until == kNever ? json::Value() : hop_time(state.valid_until)},
                    {"connection", connection ? json::Value(connection->name) : json::Value()},
                    {"delivery", nullptr},
                    {"rehearsal", rehearsal_json(tx, chain.settings, state.registration.device_id)},
                    {"nextStep", next_step(chain, state, connection, delivery, now)}};
  if (delivery) {
    link["delivery"] = json::Object{{"state", ledger::name_of(delivery->state)},
                                    {"attempts", delivery->attempts},
                                    {"failureReason", delivery->failure_reason},
                                    {"failureMessage", delivery->failure_message},
                                    {"checkIn", hop_time(delivery->hops.check_in)},
                                    {"verdict", hop_time(delivery->hops.verdict)},
                                    {"sent", hop_time(delivery->hops.sent)},
                                    {"accepted", hop_time(delivery->hops.accepted)},
                                    {"acknowledged", hop_time(delivery->hops.acknowledged)}};
  }
  return link;
}

json::Object account_json(const compliance::AccountState& account, const std::string& next_step) {
  return {{"username", account.username},   {"registrationState", compliance::words_of(account.state)},
          {"deviceId", account.device_id},  {"problem", account.problem},
          {"told", hop_time(account.told)}, {"nextStep", next_step}};
}

Result<json::Object> chain_json(store::Transaction& tx, const http::Request& request) {
  Chain chain{.computer = TRY(the_computer(tx, request.path_parameter("id")))};
  chain.settings = compliance::settings(tx);
  json::Array links;
  for (const auto& state : compliance::states_of(tx, chain.computer.id, request.received)) {
    links.push_back(link_json(tx, chain, state, request.received));
  }
  json::Object shown{{"id", std::to_string(chain.computer.id.value)},
                     {"name", chain.computer.name},
                     {"serialNumber", chain.computer.serial_number},
                     {"managed", chain.computer.managed},
                     {"lastCheckIn", hop_time(chain.computer.last_check_in)},
                     {"lastInventoryUpdate", hop_time(chain.computer.last_inventory_update)},
                     {"connection", nullptr}};
  if (auto connection = compliance::find_connection(tx, chain.settings.connection)) {
    ledger::Lane lane = ledger::lane(tx, connection->id);
    shown["connection"] = json::Object{{"id", std::to_string(connection->id.value)},
                                       {"name", connection->name},
                                       {"type", connection->type},
                                       {"state", connection->state},
                                       {"errorMessage", connection->error_message},
                                       {"road", ledger::name_of(lane.health)},
                                       {"roadMessage", lane.message},
                                       {"lastHeartbeat", hop_time(connection->last_heartbeat)}};
  }
  auto accounts = compliance::accounts_of(tx, chain.computer.id);
  json::Array shown_accounts;
  std::string account_step;  // of the first that is not through yet
  for (const compliance::AccountState& account : accounts) {
    std::string next = compliance::next_step(account);
    if (account_step.empty()) account_step = next;
    shown_accounts.push_back(account_json(account, next));
  }
  shown["accounts"] = std::move(shown_accounts);
  std::string step;
  if (!chain.computer.managed) {
    step = kEnrollAgain;
  } else if (links.empty() && accounts.empty()) {
    step = "Register the Mac: the person runs the registration item in Self Service (not Company Portal by hand).";
  } else if (links.empty()) {
    step = account_step;
  }
  for (const json::Value& link : links) {
    if (step.empty()) step = std::string_view(link.at("nextStep").as_string());
  }
  if (step.empty()) step = account_step;
  shown["registrations"] = std::move(links);
  shown["nextStep"] = step;
  return shown;
}

// Seed 001, "Computer History Information": what was sent to the directory for each username, newest first.
Result<http::Response> sent_inventory(const Dependencies& deps, const http::Request& request) {
  std::string username = request.query_parameter("username").value_or("");
  Paging paging = paging_of(request);
  json::Array results = TRY(deps.store.read([&](store::Transaction& tx) -> Result<json::Array> {
    inventory::Computer computer = TRY(the_computer(tx, request.path_parameter("id")));
    auto settings = compliance::settings(tx);
    json::Array found;
    for (const auto& registration : compliance::registrations_of(tx, computer.id)) {
      if (!username.empty() && registration.username != username) continue;
      std::string subject = compliance::subject_of(registration.device_id);
      auto connection = compliance::connection_of(tx, settings, registration.user_principal_name);
      for (const auto& entry : ledger::history(tx, connection, subject, paging.page_size)) {
        found.push_back(json::Object{{"username", registration.username},
                                     {"deviceId", registration.device_id},
                                     {"time", to_iso8601(entry.recorded)},
                                     {"result", ledger::name_of(entry.fate)},
                                     {"reason", entry.reason},
                                     {"message", entry.message},
                                     {"sent", ledger::to_json(entry.report)},
                                     {"acknowledged", hop_time(entry.hops.acknowledged)}});
      }
    }
    return found;
  }));
  return http::json_response(200, json::Object{{"totalCount", results.size()}, {"results", std::move(results)}});
}

}  // namespace

Result<inventory::Computer> the_computer(store::Transaction& tx, const std::string& what) {
  auto found = inventory::find_called(tx, what, 2);
  std::string shown = "`" + what.substr(0, 80) + "`";
  if (found.empty()) return not_found("no_computer", "no computer is called " + shown);
  if (found.size() > 1) return conflict("ambiguous_computer", "several computers are called " + shown);
  auto computer = inventory::load(tx, found.front(), {});
  CHECK(computer.has_value(), "a computer vanished within a transaction");
  return *std::move(computer);
}

void register_chain_routes(Api& api, const Dependencies& deps) {
  api.add_for_all_of(
      {"Read Computers", "Read Device Compliance Information"}, "GET",
      "/api/v1/wardbridge/computers/{id}/sent-inventory",
      [deps](const http::Request& request, const accounts::Caller&) { return sent_inventory(deps, request); });
  api.add_for_all_of(
      {"Read Computers", "Read Device Compliance Information"}, "GET", "/api/v1/wardbridge/computers/{id}/chain",
      [deps](const http::Request& request, const accounts::Caller&) -> Result<http::Response> {
        auto shown = TRY(
            deps.store.read([&](store::Transaction& tx) -> Result<json::Object> { return chain_json(tx, request); }));
        return http::json_response(200, shown);
      });
}

}  // namespace wardbridge::jamf_api
