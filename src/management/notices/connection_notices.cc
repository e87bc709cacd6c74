#include "management/notices/connection_notices.h"

#include <algorithm>
#include <array>
#include <map>

#include "connector/cloud_connection/cloud_connection.h"
#include "connector/device_compliance/device_compliance.h"
#include "management/notices/notices.h"
#include "platform/log/log.h"

namespace wardbridge::notices {
namespace {

constexpr Duration kLookEvery = seconds{30};
constexpr std::array kWarnings = {1, 7, 14, 30, 60};

using Wanted = std::map<std::pair<std::string, std::string>, json::Object>;

// One connection of any kind, as far as the bell is concerned.
struct Watched {
  ledger::ConnectionId id;
  std::string name;
  std::string reason;  // of its trouble; empty: it has none
  std::string message;
  const char* trouble_type = nullptr;  // as which that is told
  const char* upload_failed_type = nullptr;
  bool is_over = false;
};

json::Object params_of(const Watched& watched, const std::string& reason, const std::string& message) {
  partner::Advice advice = partner::advice_on(reason);
  return {{"connection", watched.name},
          {"reason", reason},
          {"message", message},
          {"cause", advice.cause},
          {"remedy", advice.remedy}};
}

Watched watched(const device_compliance::Connection& connection) {
  using device_compliance::State;
  Watched found{.id = connection.id,
                .name = connection.settings.name,
                .reason = connection.error_reason,
                .message = connection.error_message,
                .trouble_type = kDeviceComplianceError,
                .upload_failed_type = kDeviceComplianceError,
                .is_over = connection.state == State::terminated};
  if (connection.settings.type != device_compliance::Type::manual) return found;
  found.upload_failed_type = kUploadFailed;
  found.trouble_type = connection.state == State::credentials ? kUnauthorized
                       : connection.state == State::active    ? kHeartbeatFailed
                                                              : kConditionalAccessError;
  return found;
}

// JAMF: Cloud Connector is a connection type of Conditional Access, and has its notifications. The connector tells the
// cause by its reason alone; one that is not known here is for a person.
const char* type_of_reason(std::string_view reason) {
  constexpr std::array kCredentials = {"bad_credential", "invalid_client", "secret_expired", "application_unknown",
                                       "unauthorized",   "token_refused",  "bad_certificate"};
  constexpr std::array kPassing = {"dns",        "connect",        "tls",
                                   "timeout",    "reset",          "unavailable",
                                   "throttled",  "request_budget", "service_unavailable",
                                   "bad_answer", "service_error",  "token_endpoint_down"};
  if (std::ranges::find(kCredentials, reason) != kCredentials.end()) return kUnauthorized;
  return std::ranges::find(kPassing, reason) != kPassing.end() ? kHeartbeatFailed : kConditionalAccessError;
}

Watched watched(const cloud_connection::Connection& connection) {
  using cloud_connection::State;
  return {.id = connection.id,
          .name = connection.settings.name,
          .reason = connection.error_reason,
          .message = connection.error_message,
          .trouble_type = type_of_reason(connection.error_reason),
          .upload_failed_type = kUploadFailed,
          .is_over = connection.state == State::terminated || connection.state == State::created};
}

void add_trouble(store::Transaction& tx, const Watched& watched, Wanted& wanted) {
  const std::string id = std::to_string(watched.id.value);
  if (!watched.reason.empty()) {
    wanted[{watched.trouble_type, id}] = params_of(watched, watched.reason, watched.message);
  }
  if (watched.is_over) return;
  ledger::Lane lane = ledger::lane(tx, watched.id);
  const ledger::Counts counts = ledger::counts(tx, watched.id);
  std::int64_t parked = counts.parked;
  if (counts.held > 0) {
    wanted[{kVerdictsHeld, id}] =
        params_of(watched, "verdicts_held",
                  "a change of configuration moves " + std::to_string(counts.held) + " verdicts, which are held back");
  }
  if (lane.health != ledger::Lane::Health::healthy) {
    wanted.try_emplace({watched.upload_failed_type, id}, params_of(watched, lane.reason, lane.message));
  } else if (parked > 0) {
    auto first = ledger::parked(tx, watched.id, 1);
    std::string reason = first.empty() ? "" : first.front().failure_reason;
    std::string message = std::to_string(parked) + (parked == 1 ? " device was" : " devices were") +
                          " refused by the directory" + (first.empty() ? "" : ": " + first.front().failure_message);
    wanted.try_emplace({watched.upload_failed_type, id}, params_of(watched, reason, message));
  }
}

void add_secret_end(const device_compliance::Connection& connection, Time now, Wanted& wanted) {
  int days_left = warning_days(connection.secret.expires, now);
  bool is_over = connection.state == device_compliance::State::terminated;
  if (days_left == 0 || connection.secret.has_next || is_over) return;
  std::string when = to_iso8601(connection.secret.expires, false);
  // Each threshold is a notice of its own, so that one that was dismissed at sixty days comes back at thirty.
  wanted[{kSecretExpires, std::to_string(connection.id.value) + "-" + std::to_string(days_left)}] = params_of(
      watched(connection), "secret_expired",
      now >= connection.secret.expires ? "the client secret ended on " + when : "the client secret ends on " + when);
}

void mail_notice(store::Transaction& tx, const std::string& type, const json::Object& params, Time now) {
  const outbox::Lane lane{kMailLane, kNoticeMail};
  outbox::open_lane(tx, lane);
  json::Object body = params;
  body["type"] = type;
  outbox::post(tx, lane, json::to_text(body), now);
}

}  // namespace

int warning_days(Time secret_end, Time now) {
  if (secret_end == kNever) return 0;
  for (int each : kWarnings) {
    if (secret_end - now <= days{each}) return each;
  }
  return 0;
}

void refresh_connection_notices(store::Transaction& tx, Time now, Mail mail) {
  Wanted wanted;
  for (const auto& connection : device_compliance::list(tx)) {
    add_trouble(tx, watched(connection), wanted);
    add_secret_end(connection, now, wanted);
  }
  for (const auto& connection : cloud_connection::list(tx)) add_trouble(tx, watched(connection), wanted);
  for (const auto& row : tx.query("SELECT type, id, params FROM notice")) {
    auto still = wanted.find({row.text(0), row.text(1)});
    if (still == wanted.end()) {
      tx.post("DELETE FROM notice WHERE type = ? AND id = ?", {row.text(0), row.text(1)});
      continue;
    }
    std::string params = json::to_text(still->second);
    if (params != row.text(2)) {
      tx.post("UPDATE notice SET params = ? WHERE type = ? AND id = ?", {params, row.text(0), row.text(1)});
    }
    wanted.erase(still);
  }
  for (const auto& [key, params] : wanted) {
    tx.post("INSERT INTO notice (type, id, params, raised_at, dismissed) VALUES (?, ?, ?, ?, 0)",
            {key.first, key.second, json::to_text(params), now});
    if (mail == Mail::yes) mail_notice(tx, key.first, params, now);
  }
}

std::vector<Notice> standing_notices(store::Transaction& tx) {
  std::vector<Notice> found;
  for (const auto& row : tx.query("SELECT type, id, params, raised_at FROM notice WHERE dismissed = 0"
                                  " ORDER BY raised_at DESC, type, id")) {
    json::Value params = json::parse(row.text(2)).value_or(json::Object{});
    found.push_back({.type = row.text(0), .id = row.text(1), .params = params.as_object(), .raised = row.time(3)});
  }
  return found;
}

Status dismiss_notice(store::Transaction& tx, const std::string& type, const std::string& id, const audit::Actor& by,
                      Time now) {
  if (tx.execute("UPDATE notice SET dismissed = 1 WHERE type = ? AND id = ? AND dismissed = 0", {type, id}) == 0) {
    return not_found("no_notice", "no notification `" + type.substr(0, 80) + "` has the id `" + id.substr(0, 80) + "`");
  }
  audit::record(tx, {.time = now,
                     .actor = by,
                     .action = "delete",
                     .object_type = "Notification",
                     .object_id = id,
                     .object_name = type,
                     .details = {}});
  return done();
}

Time NoticeActor::run_once(Time now) {
  Status status = store_.write([&](store::Transaction& tx) -> Status {
    refresh_connection_notices(tx, now, mail_);
    return done();
  });
  if (!status.ok()) log::warning("notices_stay", {{"reason", status.failure().reason}});
  return now + kLookEvery;
}

}  // namespace wardbridge::notices
