#include "management/compliance/window.h"

#include "connector/ledger/hand_over.h"
#include "management/compliance/connections.h"
#include "management/compliance/migration.h"
#include "management/compliance/tenant_domains.h"

namespace wardbridge::compliance {

bool is_lapsed(const Settings& settings, Time now) {
  return settings.handed_over != kEpoch && (settings.lapsed || now >= settings.handed_over + kAdoptionTime);
}

bool is_lapsed_for(store::Transaction& tx, const Settings& settings, const std::string& user_principal_name, Time now) {
  return is_lapsed(settings, now) && connection_of(tx, settings, user_principal_name) == settings.connection;
}

std::string lapse_reason(const Settings& settings) {
  return "the connection was turned off on " + to_iso8601(settings.handed_over, false) +
         ", and no other took over within " + for_people(kAdoptionTime);
}

std::optional<Window> window(store::Transaction& tx, Time now) {
  Settings current = settings(tx);
  if (current.handed_over == kEpoch) return std::nullopt;
  return Window{.connection = current.connection,
                .opened = current.handed_over,
                .deadline = current.handed_over + kAdoptionTime,
                .is_lapsed = is_lapsed(current, now),
                .devices = ledger::counts(tx, current.connection).rehearsed,
                .untold_denials = ledger::untold_denials(tx, current.connection, now)};
}

Status hand_over(store::Transaction& tx, ledger::ConnectionId connection, const audit::Actor& by, Time now) {
  TRY(check_not_migrating(tx, connection));
  auto found = find_connection(tx, connection);
  if (!found) return not_found("no_connection", "no connection has the id " + std::to_string(connection.value));
  if (found->is_off) return done();
  TRY(check_nothing_held(tx));
  TRY(turn_off(tx, connection, Verdicts::handed_over, by, now));
  Settings current = settings(tx);
  if (current.connection != connection || !current.enabled) return done();
  tx.execute("UPDATE compliance_setting SET handed_over_at = ?, lapsed = 0 WHERE connection_id = ?",
             {now, connection.value});
  audit::record(tx, {.time = now,
                     .actor = by,
                     .action = "update",
                     .object_type = "Conditional Access",
                     .object_id = std::to_string(connection.value),
                     .object_name = found->name,
                     .details = {{"handedOver", to_iso8601(now)}, {"adoptBefore", to_iso8601(now + kAdoptionTime)}}});
  return done();
}

void come_back(store::Transaction& tx, ledger::ConnectionId connection) {
  tx.execute("UPDATE compliance_setting SET handed_over_at = 0, lapsed = 0 WHERE connection_id = ?",
             {connection.value});
}

bool has_window_to_close(store::Transaction& tx, Time now) {
  return tx
      .query_one(
          "SELECT platform FROM compliance_setting WHERE handed_over_at > 0 AND handed_over_at <= ? AND lapsed = 0",
          {now - kAdoptionTime})
      .has_value();
}

void close_window(store::Transaction& tx, Time now) {
  if (!has_window_to_close(tx, now)) return;
  Settings current = settings(tx);
  ledger::drop_rehearsed(tx, current.connection, ledger::Lane::Purpose::closed);
  tx.execute("UPDATE compliance_setting SET lapsed = 1 WHERE handed_over_at > 0");
  inventory::reassess_all(tx, now);
  audit::record(tx, {.time = now,
                     .actor = {.name = "Wardbridge"},
                     .action = "update",
                     .object_type = "Conditional Access",
                     .object_id = std::to_string(current.connection.value),
                     .object_name = "Device Compliance",
                     .details = {{"lapsed", to_iso8601(current.handed_over + kAdoptionTime)}}});
}

}  // namespace wardbridge::compliance
