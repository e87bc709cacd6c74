#include "management/notices/connection_notices.h"

#include <algorithm>
#include <array>
#include <map>

#include "connector/device_compliance/device_compliance.h"
#include "management/notices/notices.h"
#include "platform/log/log.h"

namespace wardbridge::notices {
namespace {

using device_compliance::Connection;
using device_compliance::State;

constexpr Duration kLookEvery = seconds{30};
constexpr std::array kWarnings = {1, 7, 14, 30, 60};

using Wanted = std::map<std::pair<std::string, std::string>, json::Object>;

json::Object params_of(const Connection& connection, const std::string& reason, const std::string& message) {
  partner::Advice advice = partner::advice_on(reason);
  return {{"connection", connection.settings.name},
          {"reason", reason},
          {"message", message},
          {"cause", advice.cause},
          {"remedy", advice.remedy}};
}

// What the keeper could not do.
const char* type_of_trouble(const Connection& connection) {
  if (connection.error_reason.empty()) return nullptr;
  if (connection.settings.type != device_compliance::Type::manual) return kDeviceComplianceError;
  if (connection.state == State::credentials) return kUnauthorized;
  return connection.state == State::active ? kHeartbeatFailed : kConditionalAccessError;
}

void add_connection(store::Transaction& tx, const Connection& connection, Time now, Wanted& wanted) {
  const std::string id = std::to_string(connection.id.value);
  if (const char* type = type_of_trouble(connection)) {
    wanted[{type, id}] = params_of(connection, connection.error_reason, connection.error_message);
  }
  if (connection.state == State::terminated) return;
  bool is_manual = connection.settings.type == device_compliance::Type::manual;
  const char* upload_failed = is_manual ? kUploadFailed : kDeviceComplianceError;
  ledger::Lane lane = ledger::lane(tx, connection.id);
  const ledger::Counts counts = ledger::counts(tx, connection.id);
  std::int64_t parked = counts.parked;
  if (counts.held > 0) {
    wanted[{kVerdictsHeld, id}] =
        params_of(connection, "verdicts_held",
                  "a change of configuration moves " + std::to_string(counts.held) + " verdicts, which are held back");
  }
  if (lane.health != ledger::Lane::Health::healthy) {
    wanted.try_emplace({upload_failed, id}, params_of(connection, lane.reason, lane.message));
  } else if (parked > 0) {
    auto first = ledger::parked(tx, connection.id, 1);
    std::string reason = first.empty() ? "" : first.front().failure_reason;
    std::string message = std::to_string(parked) + (parked == 1 ? " device was" : " devices were") +
                          " refused by the directory" + (first.empty() ? "" : ": " + first.front().failure_message);
    wanted.try_emplace({upload_failed, id}, params_of(connection, reason, message));
  }
  if (int days_left = warning_days(connection.secret.expires, now); days_left > 0 && !connection.secret.has_next) {
    bool is_over = now >= connection.secret.expires;
    std::string when = to_iso8601(connection.secret.expires, false);
    // Each threshold is a notice of its own, so that one that was dismissed at sixty days comes back at thirty.
    wanted[{kSecretExpires, id + "-" + std::to_string(days_left)}] =
        params_of(connection, "secret_expired",
                  is_over ? "the client secret ended on " + when : "the client secret ends on " + when);
  }
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
  for (const Connection& connection : device_compliance::list(tx)) add_connection(tx, connection, now, wanted);
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
