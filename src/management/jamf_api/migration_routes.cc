// Ours: changing the connection that verdicts travel by, rehearsed first; and what the window after turning one off
// without retracting looks like.
#include "management/compliance/connections.h"
#include "management/compliance/migration.h"
#include "management/compliance/window.h"
#include "management/jamf_api/routes.h"

namespace wardbridge::jamf_api {
namespace {

using compliance::Migration;
using compliance::Phase;

std::string macs(std::int64_t count, const char* one, const char* many) {
  return std::to_string(count) + (count == 1 ? " Mac " : " Macs ") + (count == 1 ? one : many);
}

json::Value group_json(store::Transaction& tx, groups::GroupId id) {
  auto group = groups::find(tx, id);
  return json::Object{{"id", std::to_string(id.value)}, {"name", group ? json::Value(group->name) : json::Value()}};
}

json::Object side_json(store::Transaction& tx, const compliance::Side& side) {
  json::Object shown{{"connectionId", std::to_string(side.connection.value)},
                     {"name", nullptr},
                     {"type", nullptr},
                     {"state", "removed"},
                     {"errorReason", ""},
                     {"errorMessage", ""},
                     {"lane", ledger::name_of(ledger::lane(tx, side.connection).purpose)},
                     {"complianceGroup", group_json(tx, side.compliance_group)},
                     {"applicableGroup", group_json(tx, side.applicable_group)}};
  if (auto connection = compliance::find_connection(tx, side.connection)) {
    shown["name"] = connection->name;
    shown["type"] = connection->type;
    shown["state"] = connection->state;
    shown["errorReason"] = connection->error_reason;
    shown["errorMessage"] = connection->error_message;
  }
  return shown;
}

json::Object totals_json(const ledger::Comparison& totals) {
  return {{"sameCompliant", totals.same_grants},
          {"sameNotCompliant", totals.same_denials},
          {"becomeCompliant", totals.gains},
          {"becomeNotCompliant", totals.losses},
          {"toldNoLonger", totals.only_first},
          {"toldAnew", totals.only_second},
          {"differ", totals.differ()}};
}

// What the report is worth, in one sentence.
std::string report_message(const compliance::Report& report) {
  if (report.waiting > 0) {
    return "The report is not complete: " + macs(report.waiting, "waits", "wait") + " to be judged.";
  }
  if (report.is_regrouping) return "The report is not complete: an edited group is still being carried out.";
  std::int64_t differ = report.totals.differ();
  if (differ == 0) return "The report is complete: every device would be told the same.";
  return "The report is complete: " + std::to_string(differ) +
         (differ == 1 ? " device would be told otherwise." : " devices would be told otherwise.");
}

std::string next_step(store::Transaction& tx, const Migration& migration, const compliance::Report& report,
                      const ledger::Progress& progress) {
  switch (migration.phase) {
    case Phase::rehearsing:
      if (!report.is_complete()) return "Wait until the report is complete.";
      return report.totals.differ() == 0
                 ? "Cut over, or roll back to give the migration up."
                 : "Look at the report; then cut over and accept the differences, or roll back.";
    case Phase::cut_over: {
      bool is_over = progress.devices == progress.acknowledged + progress.parked;
      auto to = compliance::find_connection(tx, migration.to.connection);
      if (to && !to->is_active && !is_over) {
        return "Make the new connection active (it is `" + to->state +
               "`): enter its Application ID in the tenant, and confirm it.";
      }
      auto from = compliance::find_connection(tx, migration.from.connection);
      if (!is_over && from && from->state != "terminated" && !from->error_message.empty()) {
        return "The connection before can't say good-bye to the tenant: " + from->error_message +
               ". Remove its application there, under Partner device management, or roll back.";
      }
      if (!is_over && progress.contended > 0) {
        return std::to_string(progress.contended) +
               (progress.contended == 1 ? " device still belongs" : " devices still belong") +
               " to the partner before. It is tried again by itself; should it stay so, remove that partner in the "
               "tenant, or give the new one a higher priority there.";
      }
      if (!is_over) return "Wait: the verdicts are on their way.";
      if (progress.parked > 0) {
        return "See why the tenant refuses " + std::to_string(progress.parked) +
               (progress.parked == 1 ? " device" : " devices") +
               " (`wardbridge explain device`); then finish, or roll back.";
      }
      return "Finish, or roll back.";
    }
    default:
      return "Nothing: this migration is over.";
  }
}

json::Value moment(Time time) { return time == kEpoch ? json::Value() : json::Value(to_iso8601(time)); }

json::Object migration_json(store::Transaction& tx) {
  auto found = compliance::migration(tx);
  if (!found) return {{"phase", "none"}, {"nextStep", "Start one: say which connection is to take over."}};
  compliance::Report report = compliance::report(tx, *found);
  ledger::Progress progress;
  if (found->phase == Phase::cut_over) progress = ledger::progress(tx, found->to.connection);
  json::Object shown{{"phase", compliance::wire_name(found->phase)},
                     {"from", side_json(tx, found->from)},
                     {"to", side_json(tx, found->to)},
                     {"started", moment(found->started)},
                     {"startedBy", found->started_by},
                     {"cutOver", moment(found->cut_over)},
                     {"cutOverBy", found->cut_over_by},
                     {"acceptedDifferences", found->accepted_differences},
                     {"ended", moment(found->ended)},
                     {"endedBy", found->ended_by},
                     {"nextStep", next_step(tx, *found, report, progress)}};
  if (found->is_active()) {
    shown["complete"] = report.is_complete();
    shown["waiting"] = report.waiting;
    shown["message"] = report_message(report);
    shown["totals"] = totals_json(report.totals);
  }
  if (found->phase == Phase::cut_over) {
    shown["takenOver"] = json::Object{{"devices", progress.devices},
                                      {"acknowledged", progress.acknowledged},
                                      {"ofOtherPartner", progress.contended},
                                      {"parked", progress.parked}};
  }
  return shown;
}

json::Value delivery_side_json(const std::optional<ledger::Delivery>& delivery) {
  if (!delivery) return nullptr;
  const ledger::DeviceReport& report = delivery->report;
  bool is_managed = report.management == ledger::DeviceReport::Management::managed;
  bool is_compliant = report.verdict == ledger::DeviceReport::Verdict::compliant;
  return json::Object{{"verdict", !is_managed    ? "NOT_MANAGED"
                                  : is_compliant ? "COMPLIANT"
                                                 : "NON_COMPLIANT"},
                      {"reason", report.reason},
                      {"validUntil", to_iso8601(report.valid_until)},
                      {"state", ledger::name_of(delivery->state)},
                      {"acknowledgedCompliant", delivery->told.compliant}};
}

const char* word_for(const ledger::Difference& difference) {
  if (!difference.second) return "toldNoLonger";
  if (!difference.first) return "toldAnew";
  return difference.first->report.is_denial() ? "becomesCompliant" : "becomesNotCompliant";
}

json::Object difference_json(const ledger::Difference& difference) {
  const ledger::DeviceReport& report = difference.first ? difference.first->report : difference.second->report;
  return {{"deviceId", report.device_id},
          {"deviceName", report.device_name},
          {"userPrincipalName", report.user_principal_name},
          {"kind", word_for(difference)},
          {"told", delivery_side_json(difference.first)},
          {"rehearsed", delivery_side_json(difference.second)}};
}

Result<http::Response> show_migration(const Dependencies& deps, int status = 200) {
  json::Object shown =
      TRY(deps.store.read([](store::Transaction& tx) -> Result<json::Object> { return migration_json(tx); }));
  return http::json_response(status, shown);
}

Result<http::Response> show_report(const Dependencies& deps, const http::Request& request) {
  Paging paging = paging_of(request);
  json::Object shown = TRY(deps.store.read([&](store::Transaction& tx) -> Result<json::Object> {
    auto found = compliance::migration(tx);
    if (!found || !found->is_active()) return conflict("not_migrating", "no migration goes on");
    compliance::Report report = compliance::report(tx, *found);
    json::Array results;
    for (const auto& difference : compliance::differences(tx, *found, paging.page_size,
                                                          static_cast<std::int64_t>(paging.page) * paging.page_size)) {
      results.push_back(difference_json(difference));
    }
    return json::Object{{"phase", compliance::wire_name(found->phase)},
                        {"complete", report.is_complete()},
                        {"waiting", report.waiting},
                        {"message", report_message(report)},
                        {"totals", totals_json(report.totals)},
                        {"totalCount", report.totals.differ()},
                        {"results", std::move(results)}};
  }));
  return http::json_response(200, shown);
}

Result<std::int64_t> id_of(const json::Object& object, const char* member) {
  std::string text = TRY(json::optional_text(object, member));
  if (text.empty()) return 0;
  auto id = text::parse_integer(text);
  if (id && *id > 0) return *id;
  return invalid("invalid_id", "`" + std::string(member) + "` must be an id, not `" + text.substr(0, 40) + "`", member);
}

Result<json::Object> body_or_nothing(const http::Request& request) {
  if (request.body.empty()) return json::Object{};
  json::Value body = TRY(json_body(request));
  return TRY(json::as_object(body));
}

Result<http::Response> start_migration(const Dependencies& deps, const http::Request& request,
                                       const accounts::Caller& caller) {
  json::Object object = TRY(body_or_nothing(request));
  compliance::Plan plan;
  plan.to.value = TRY(id_of(object, "connectionId"));
  plan.compliance_group.value = TRY(id_of(object, "complianceGroupId"));
  plan.applicable_group.value = TRY(id_of(object, "applicableGroupId"));
  if (!plan.to) return invalid("missing_field", "`connectionId` is required: the one to migrate to", "connectionId");
  TRY(deps.store.write([&](store::Transaction& tx) -> Status {
    return compliance::start(tx, plan, caller.as_actor(request.peer.address), request.received);
  }));
  return show_migration(deps, 201);
}

// cut-over, roll-back, finish: each one transaction, after which connections and workers look at once.
template <class Step>
Api::Handler migration_step(const Dependencies& deps, const Step& step) {
  return [deps, step](const http::Request& request, const accounts::Caller& caller) -> Result<http::Response> {
    json::Object object = TRY(body_or_nothing(request));
    TRY(deps.store.write([&](store::Transaction& tx) -> Status {
      TRY(step(tx, object, caller.as_actor(request.peer.address), request.received));
      if (deps.connections_changed) tx.after_commit(deps.connections_changed);
      return done();
    }));
    return show_migration(deps);
  };
}

}  // namespace

Result<bool> wants_hand_over(const http::Request& request) {
  return json::optional_bool(TRY(body_or_nothing(request)), "handOver", false);
}

json::Value window_json(store::Transaction& tx, Time now) {
  auto window = compliance::window(tx, now);
  if (!window) return nullptr;
  std::string message;
  if (window->is_lapsed) {
    message = "No connection took over in time: the state of every Mac is UNKNOWN. No Mac needs to register again.";
  } else {
    message = "Until " + to_iso8601(window->deadline, false) + " another connection adopts " +
              macs(window->devices, "as it is.", "as they are.");
    if (window->untold_denials > 0) {
      message += " " + macs(window->untold_denials, "is", "are") +
                 " not compliant any more, and the tenant can't be told: it goes on trusting its last verdict until "
                 "that ends by itself.";
    }
  }
  return json::Object{{"connectionId", std::to_string(window->connection.value)},
                      {"since", to_iso8601(window->opened)},
                      {"deadline", to_iso8601(window->deadline)},
                      {"lapsed", window->is_lapsed},
                      {"devices", window->devices},
                      {"untoldDenials", window->untold_denials},
                      {"message", message}};
}

void register_migration_routes(Api& api, const Dependencies& deps) {
  const std::string path = "/api/v1/wardbridge/migration";
  constexpr const char* kRead = "Read Conditional Access";
  constexpr const char* kUpdate = "Update Conditional Access";
  using accounts::Caller;
  using http::Request;
  api.add("GET", path, kRead, [deps](const Request&, const Caller&) { return show_migration(deps); });
  api.add("GET", path + "/report", kRead,
          [deps](const Request& request, const Caller&) { return show_report(deps, request); });
  api.add("POST", path, kUpdate,
          [deps](const Request& request, const Caller& caller) { return start_migration(deps, request, caller); });
  api.add("POST", path + "/cut-over", kUpdate,
          migration_step(
              deps, [](store::Transaction& tx, const json::Object& body, const audit::Actor& by, Time now) -> Status {
                compliance::Accept accept;
                accept.differences = TRY(json::optional_bool(body, "acceptDifferences", false));
                accept.inactive_target = TRY(json::optional_bool(body, "evenIfNotActive", false));
                return compliance::cut_over(tx, accept, by, now);
              }));
  api.add("POST", path + "/roll-back", kUpdate,
          migration_step(deps, [](store::Transaction& tx, const json::Object&, const audit::Actor& by, Time now) {
            return compliance::roll_back(tx, by, now);
          }));
  api.add("POST", path + "/finish", kUpdate,
          migration_step(
              deps, [](store::Transaction& tx, const json::Object& body, const audit::Actor& by, Time now) -> Status {
                bool at_once = TRY(json::optional_bool(body, "evenIfNotTakenOver", false));
                using compliance::Wait;
                return compliance::finish(tx, at_once ? Wait::no_longer : Wait::until_taken_over, by, now);
              }));
}

}  // namespace wardbridge::jamf_api
