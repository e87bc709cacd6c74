// What a Mac's Self Service asks with the Mac's own credential: what it shows, and what became of what was started.
#include "connector/cloud_connection/cloud_connection.h"
#include "connector/device_compliance/device_compliance.h"
#include "management/compliance/account_states.h"
#include "management/groups/computer_facts.h"
#include "management/groups/reasons.h"
#include "management/jamf_api/routes.h"
#include "management/jamf_api/self_service_wire.h"

namespace wardbridge::jamf_api {
namespace {

using self_service::Item;
using self_service::ItemKind;

// JAMF: the applications that the management's own step signs a person in with: the native connector of the manual
// connection, the user registration app of the others.
constexpr const char* kNativeConnector = "55d611b0-7d33-4d38-8df3-6041868930d7";
constexpr const char* kUserRegistration = "b03c10a8-71c7-45f9-b44a-3335ab76e970";
constexpr const char* kUserRegistrationGccHigh = "dcf07df3-346f-4f0e-b803-c1f0ea0fb5ae";
constexpr const char* kComplianceCategory = "Device Compliance";

json::Object item_for_mac(store::Transaction& tx, const Item& item) {
  const self_service::Presentation& shown = item.presentation;
  auto category = self_service::find_category(tx, shown.category);
  json::Object body{{"kind", wire_name(item.kind)},
                    {"id", std::to_string(item.id.value)},
                    {"name", shown.display_name.empty() ? item.name : shown.display_name},
                    {"description", shown.description},
                    {"forceUsersToViewDescription", shown.must_view_description},
                    {"buttonName", shown.button},
                    {"reinstallButtonName", shown.again_button},
                    {"category", category ? json::Value(category->name) : json::Value()},
                    {"featured", shown.featured}};
  if (item.kind == ItemKind::policy) {
    body["registerWithAzureActiveDirectory"] = item.registers_computers;
  } else {
    body["bundleId"] = item.bundle_id;
    body["version"] = item.version;
  }
  return body;
}

// JAMF: `microsoftCAEnabled` and `microsoftCANativeClientAppId` of the computer's preferences.
json::Object integration_json(store::Transaction& tx) {
  compliance::Settings settings = compliance::settings(tx);
  auto connection = device_compliance::find(tx, settings.connection);
  const char* application = kUserRegistration;
  if (connection && connection->settings.type == device_compliance::Type::manual) application = kNativeConnector;
  if (connection && connection->settings.cloud == "usGovGccHigh" && application == kUserRegistration) {
    application = kUserRegistrationGccHigh;
  }
  std::string chosen = self_service::settings(tx).native_client_id;
  return {{"microsoftCAEnabled", settings.enabled},
          {"microsoftCANativeClientAppId", chosen.empty() ? application : chosen},
          {"oldestSystem", compliance::kOldestSystem}};
}

std::string remedy_for(const Dependencies& deps, store::Transaction& tx, const compliance::ComplianceState& state,
                       const inventory::Computer& computer, Time now) {
  if (state.registration.deactivated != kEpoch) {
    return "PolicyRun `/usr/local/jamf/bin/jamfaad gatherAADInfo` and sign in when it asks.";
  }
  compliance::Settings settings = compliance::settings(tx);
  groups::GroupId group = state.applicable ? settings.compliance_group : settings.applicable_group;
  auto whole = inventory::load(tx, computer.id, groups::sections_of_facts());
  CHECK(whole.has_value(), "a computer vanished within a transaction");
  auto explanations = groups::explain_with_named(tx, deps.pipeline.book(), *whole, group, now);
  if (!explanations.ok()) return "Ask the help desk: " + explanations.failure().message + ".";
  // In the group, and yet not compliant: the reason itself says what to do.
  return explanations->front().member ? "Have this Mac check in." : groups::next_step(*explanations, now);
}

json::Array compliance_messages(const Dependencies& deps, store::Transaction& tx, const inventory::Computer& computer,
                                Time now) {
  json::Array messages;
  for (const auto& state : compliance::states_of(tx, computer.id, now)) {
    if (state.state == compliance::State::compliant) continue;
    messages.push_back(json::Object{{"category", kComplianceCategory},
                                    {"username", state.registration.username},
                                    {"complianceState", compliance::wire_name(state.state)},
                                    {"reason", state.reason},
                                    {"remedy", remedy_for(deps, tx, state, computer, now)}});
  }
  return messages;
}

audit::Actor mac_actor(const inventory::Computer& computer, const std::string& username, const http::Request& request) {
  return {.kind = audit::Actor::Kind::device,
          .id = std::to_string(computer.id.value),
          .name = username.empty() ? computer.name : username,
          .address = request.peer.address};
}

// Asked for before anything of the body is read.
Status check_brings_credential(const http::Request& request) {
  if (request.bearer_token()) return done();
  return Failure{Code::unauthenticated, "no_token", "the computer's credential is required"};
}

// The Mac whose credential the request brings.
Result<inventory::Computer> speaker(store::Transaction& tx, const http::Request& request) {
  auto id = TRY(enrollment::identify(tx, request.bearer_token().value_or("")));
  auto computer = inventory::load(tx, id, {});
  CHECK(computer.has_value(), "a computer vanished within a transaction");
  return *std::move(computer);
}

Result<http::Response> show(const Dependencies& deps, const http::Request& request) {
  TRY(check_brings_credential(request));
  auto body = TRY(deps.store.read([&](store::Transaction& tx) -> Result<json::Object> {
    return self_service_json(deps, tx, TRY(speaker(tx, request)), request.received);
  }));
  return http::json_response(200, body);
}

// {"kind":"POLICY","id":"1","username":"ann"}
Result<http::Response> start(const Dependencies& deps, const http::Request& request) {
  TRY(check_brings_credential(request));
  json::Value body = TRY(json_body(request));
  const json::Object& object = TRY(json::as_object(body));
  std::string kind_text = TRY(json::required_text(object, "kind"));
  ItemKind kind = kind_text == wire_name(ItemKind::policy) ? ItemKind::policy : ItemKind::mac_application;
  if (kind_text != wire_name(kind)) {
    return invalid("bad_enum_value", "`kind` can't be `" + kind_text.substr(0, 80) + "`", "kind");
  }
  std::string id_text = TRY(json::required_text(object, "id"));
  auto id = text::parse_integer(id_text);
  if (!id) return invalid("invalid_id", "`" + id_text.substr(0, 40) + "` is not a whole number", "id");
  std::string username = TRY(json::optional_text(object, "username"));
  auto run = TRY(deps.store.write([&](store::Transaction& tx) -> Result<self_service::PolicyRun> {
    auto computer = TRY(speaker(tx, request));
    return self_service::start(tx, computer, kind, {*id}, username, mac_actor(computer, username, request),
                               request.received);
  }));
  return http::json_response(201, json::Object{{"runId", std::to_string(run.id.value)}, {"name", run.item_name}});
}

// {"status":"Completed"} or {"status":"Failed","reason":"..","message":".."}
Result<http::Response> finish(const Dependencies& deps, const http::Request& request) {
  TRY(check_brings_credential(request));
  json::Value body = TRY(json_body(request));
  const json::Object& object = TRY(json::as_object(body));
  std::string status = TRY(json::required_text(object, "status"));
  self_service::Outcome outcome;
  outcome.completed = status == self_service::wire_name(self_service::RunState::completed);
  if (!outcome.completed && status != self_service::wire_name(self_service::RunState::failed)) {
    return invalid("bad_enum_value", "`status` can't be `" + status.substr(0, 80) + "`", "status");
  }
  outcome.reason = TRY(json::optional_text(object, "reason"));
  outcome.message = TRY(json::optional_text(object, "message"));
  self_service::RunId run{TRY(path_id(request))};
  TRY(deps.store.write([&](store::Transaction& tx) -> Status {
    auto computer = TRY(speaker(tx, request));
    return self_service::finish(tx, computer.id, run, outcome, mac_actor(computer, "", request), request.received);
  }));
  return http::no_content();
}

// What the Mac knows of an account's registration: {"username":"ann","registrationState":"Not Registered"}
Result<http::Response> tell_state(const Dependencies& deps, const http::Request& request) {
  TRY(check_brings_credential(request));
  json::Value body = TRY(json_body(request));
  const json::Object& object = TRY(json::as_object(body));
  compliance::AccountState account;
  account.username = TRY(json::required_text(object, "username"));
  std::string words = TRY(json::required_text(object, "registrationState"));
  auto state = compliance::registration_state_from(words);
  if (!state) {
    return invalid("bad_enum_value", "`registrationState` can't be `" + words.substr(0, 80) + "`", "registrationState");
  }
  account.state = *state;
  account.device_id = TRY(json::optional_text(object, "deviceId"));
  account.problem = TRY(json::optional_text(object, "problem"));
  TRY(deps.store.write([&](store::Transaction& tx) -> Status {
    auto computer = TRY(speaker(tx, request));
    return compliance::tell_account_state(tx, computer.id, account, mac_actor(computer, account.username, request),
                                          request.received);
  }));
  return http::no_content();
}

}  // namespace

json::Object self_service_json(const Dependencies& deps, store::Transaction& tx, const inventory::Computer& computer,
                               Time now) {
  json::Array items;
  for (const Item& item : self_service::offered(tx, computer, now)) items.push_back(item_for_mac(tx, item));
  json::Array install;
  for (const Item& item : self_service::automatic(tx, computer, now)) install.push_back(item_for_mac(tx, item));
  return {{"items", std::move(items)},
          {"install", std::move(install)},
          {"compliance", compliance_messages(deps, tx, computer, now)},
          {"integration", integration_json(tx)}};
}

void register_mac_self_service_routes(Api& api, const Dependencies& deps) {
  const std::string path = "/api/v1/wardbridge/self-service";
  api.add_open("GET", path, [deps](const http::Request& request) { return show(deps, request); });
  api.add_open("POST", path + "/runs", [deps](const http::Request& request) { return start(deps, request); });
  api.add_open("POST", path + "/runs/{id}/outcome",
               [deps](const http::Request& request) { return finish(deps, request); });
  api.add_open("POST", "/api/v1/wardbridge/registrations/state",
               [deps](const http::Request& request) { return tell_state(deps, request); });
}

}  // namespace wardbridge::jamf_api
