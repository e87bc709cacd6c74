// Reports on their way through: whose device it is, what the tenant said, and what the instance is told.
#include <algorithm>

#include "connector/cloud_connector/roads.h"
#include "connector/cloud_connector/rows.h"
#include "platform/log/log.h"
#include "platform/metrics/metrics.h"

namespace wardbridge::cloud_connector {
namespace {

using ledger::Outcome;

// The broker orders what all instances say about a device by stamps of its own, within one epoch.
constexpr std::int64_t kStampEpoch = 1;
constexpr Duration kLookAgain = seconds{5};

std::int64_t next_stamp(std::int64_t last, Time now) { return std::max(to_unix_milliseconds(now), last + 1); }

Outcome outcome(Outcome::Kind kind, std::string reason, std::string message, std::optional<Duration> after = {}) {
  return {.kind = kind, .after = after, .reason = std::move(reason), .message = std::move(message)};
}

// Why nothing goes to this tenant now, whatever the report; nothing: it may go.
std::optional<Outcome> closed(const std::optional<AttachmentRow>& attachment, const std::optional<Tenant>& tenant) {
  if (!attachment || attachment->progress != relay::Progress::active || !tenant) {
    return outcome(Outcome::Kind::unreachable, "not_attached", "this instance is not connected to the tenant",
                   kLookAgain);
  }
  switch (tenant->state) {
    case Tenant::State::active:
      return std::nullopt;
    case Tenant::State::pending:
      return outcome(Outcome::Kind::unreachable, "not_provisioned",
                     "the tenant has not taken the connector for its partner yet", seconds{1});
    case Tenant::State::credentials:
      return outcome(Outcome::Kind::credentials, tenant->error_reason, tenant->error_message);
    case Tenant::State::permission:
      return outcome(Outcome::Kind::permission, tenant->error_reason, tenant->error_message);
    case Tenant::State::terminating:
    case Tenant::State::terminated:
      return outcome(Outcome::Kind::permission, "tenant_terminated", "the connection to the tenant was terminated");
  }
  return std::nullopt;
}

void audit_route(store::Transaction& tx, const char* action, const Route& route, json::Object details, Time now) {
  audit_change(tx, action, "Route", route.tenant_id + "/" + route.device_id, route.device_id, std::move(details),
               {.kind = audit::Actor::Kind::application, .id = route.instance.value}, now);
}

void forget_conflicts(store::Transaction& tx, const Route& route) {
  tx.post("DELETE FROM cloud_conflict WHERE tenant_id = ? AND device_id = ?", {route.tenant_id, route.device_id});
}

void forget_conflict(store::Transaction& tx, const Route& route, const InstanceId& contender) {
  tx.post("DELETE FROM cloud_conflict WHERE tenant_id = ? AND device_id = ? AND instance_id = ?",
          {route.tenant_id, route.device_id, contender.value});
}

void note_conflict(store::Transaction& tx, const Route& route, const InstanceId& contender, Time now) {
  std::int64_t added = tx.execute(
      "INSERT INTO cloud_conflict (tenant_id, device_id, instance_id, since) VALUES (?, ?, ?, ?)"
      " ON CONFLICT (tenant_id, device_id, instance_id) DO NOTHING",
      {route.tenant_id, route.device_id, contender.value, now});
  if (added > 0) audit_route(tx, "conflict", route, {{"contender", contender.value}}, now);
}

// Instances are coming back to a connector that has lost its database.
bool is_recovering(store::Transaction& tx, Time now) {
  auto row = tx.query_one("SELECT recovering_until FROM cloud_database");
  return row && now < row->time(0);
}

bool stops_everything(const Outcome& found) {
  return found.kind == Outcome::Kind::unreachable || found.kind == Outcome::Kind::credentials ||
         found.kind == Outcome::Kind::permission;
}

}  // namespace

// What is to be done about one report.
struct Broker::Claim {
  enum class Next { send, ask, answer } next = Next::answer;
  Tenant tenant;
  Route route;
  Outcome outcome;  // of `answer`
};

bool Broker::is_silent(const Instance& owner, Time now) const {
  if (owner.state == Instance::State::removed) return true;
  if (owner.state == Instance::State::retiring) return false;  // its devices are being retracted
  // While this process was not there nobody could be heard.
  return now >= std::max(owner.last_seen, started_) + options_.route_silence;
}

Broker::Claim Broker::claim(store::Transaction& tx, const InstanceId& instance, const std::string& tenant_id,
                            const relay::ReportMessage& message, Time now) {
  Claim claim;
  std::optional<Tenant> tenant = find_tenant(tx, tenant_id);
  if (auto refusal = closed(attachment_between(tx, instance, tenant_id), tenant)) {
    claim.outcome = std::move(*refusal);
    return claim;
  }
  claim.tenant = std::move(*tenant);
  std::string device = text::lower(message.report.device_id);
  Route before = lock_or_make_route(tx, tenant_id, device);
  Route& route = claim.route;
  const std::int64_t last_stamp = before.stamp;
  bool is_own = !before.released && before.instance == instance;
  bool is_released_again =
      before.released && before.instance == instance && before.acknowledged && before.version == message.version;
  if (is_released_again) return claim;  // the answer was lost
  if (!before.released && !is_own) {
    auto owner = find_instance(tx, before.instance);
    // After a lost database whoever speaks first is not the owner yet: the tenant may have had its word from another.
    bool earlier_owner_returns = message.held && !before.held && is_recovering(tx, now);
    if (owner && !is_silent(*owner, now) && !earlier_owner_returns) {
      if (message.report.management == ledger::DeviceReport::Management::not_managed) {
        // Whoever does not manage it has no claim, and nothing to say about somebody else's device.
        forget_conflict(tx, before, instance);
        return claim;
      }
      note_conflict(tx, before, instance, now);
      claim.outcome = outcome(Outcome::Kind::permanent, "device_of_other_instance",
                              "the device belongs to the instance `" + owner->name +
                                  "`: unmanage it there, or wait until that instance has been silent for " +
                                  for_people(options_.route_silence));
      return claim;
    }
    if (earlier_owner_returns) note_conflict(tx, before, before.instance, now);
  }
  if (is_own) {
    route = std::move(before);
    if (message.version < route.version) {
      claim.outcome = outcome(Outcome::Kind::superseded, "newer_version_there", "a newer report was sent before");
      return claim;
    }
    if (message.version == route.version) {
      claim.next = route.acknowledged ? Claim::Next::answer : Claim::Next::send;
      if (!route.acknowledged && !route.message_id.empty()) claim.next = Claim::Next::ask;
      return claim;
    }
  } else {
    route = {.tenant_id = tenant_id, .device_id = device, .instance = instance, .held = message.held, .since = now};
    forget_conflict(tx, route, instance);
    audit_route(tx, "claim", route, changed("instance", before.instance.value, instance.value), now);
  }
  route.version = message.version;
  route.stamp = next_stamp(last_stamp, now);
  route.user_id = message.report.user_id;
  route.message_id.clear();
  route.acknowledged = false;
  route.releases = message.report.management == ledger::DeviceReport::Management::not_managed;
  save_route(tx, route);
  claim.next = Claim::Next::send;
  return claim;
}

Outcome Broker::deliver(const InstanceId& instance, const std::string& tenant_id, const relay::ReportMessage& message,
                        Time now) {
  if (!text::is_guid(message.report.device_id)) {
    return outcome(Outcome::Kind::permanent, "bad_device_id", "the device id is not a GUID");
  }
  // INVARIANT: law 6, and "once": version and stamp are durable before anything is sent, so that a report that is
  // delivered again goes out under the stamp that it had.
  Result<Claim> claimed = deps_.store.write([&](store::Transaction& tx) -> Result<Claim> {
    return claim(tx, instance, text::lower(tenant_id), message, now);
  });
  if (!claimed.ok())
    return outcome(Outcome::Kind::retry_later, claimed.failure().reason, "the connector's store failed");
  Outcome found = claimed->outcome;
  if (claimed->next == Claim::Next::ask) found = ask(claimed->tenant, claimed->route, now);
  if (claimed->next == Claim::Next::send) found = send(claimed->tenant, claimed->route, message.report, now);
  return found;
}

Outcome Broker::confirm_delivery(const InstanceId& instance, const std::string& tenant_id, const std::string& device_id,
                                 ledger::Version version, Time now) {
  std::string tenant_key = text::lower(tenant_id);
  Result<Claim> claimed = deps_.store.read([&](store::Transaction& tx) -> Result<Claim> {
    Claim claim;
    std::optional<Tenant> tenant = find_tenant(tx, tenant_key);
    if (auto refusal = closed(attachment_between(tx, instance, tenant_key), tenant)) {
      claim.outcome = std::move(*refusal);
      return claim;
    }
    claim.tenant = std::move(*tenant);
    auto route = find_route(tx, tenant_key, text::lower(device_id));
    bool is_own = route && route->instance == instance && route->version == version;
    if (is_own && route->acknowledged) return claim;  // done
    claim.outcome = outcome(Outcome::Kind::message_lost, "message_unknown", "the connector knows no such message");
    if (!is_own || route->message_id.empty()) return claim;
    claim.next = Claim::Next::ask;
    claim.route = std::move(*route);
    return claim;
  });
  if (!claimed.ok())
    return outcome(Outcome::Kind::retry_later, claimed.failure().reason, "the connector's store failed");
  return claimed->next == Claim::Next::ask ? ask(claimed->tenant, claimed->route, now) : claimed->outcome;
}

Outcome Broker::send(const Tenant& tenant, const Route& route, const ledger::DeviceReport& report, Time now) {
  Road& road = road_to(tenant);
  partner::Upload upload = relay::upload_of(report, {kStampEpoch, route.stamp}, now);
  auto message = road.call<std::string>(
      now, [&](partner::Client& client) { return client.upload(upload, tenant.extensions, now); });
  if (!message.ok()) return settle(route, relay::outcome_of(message.failure()), now);
  Route sent = route;
  sent.message_id = *message;
  if (message->empty()) return settle(sent, {}, now);  // applied at once
  return ask(tenant, sent, now);
}

Outcome Broker::ask(const Tenant& tenant, const Route& route, Time now) {
  auto state = road_to(tenant).call<partner::MessageState>(
      now, [&](partner::Client& client) { return client.message(route.message_id, now); });
  Outcome found{.message_id = route.message_id};
  if (!state.ok()) {
    found = relay::outcome_of(state.failure());
  } else if (*state == partner::MessageState::processing) {
    found.kind = Outcome::Kind::accepted;
  }
  return settle(route, std::move(found), now);
}

// INVARIANT: law 8. `done` leaves here only after the tenant said so, and after that is durable.
Outcome Broker::settle(const Route& route, Outcome found, Time now) {
  metrics::counter("wardbridge_connector_deliveries_total", "reports relayed by the Cloud Connector, by outcome",
                   {{"outcome", std::string(json::text_at(relay::to_json(found), "outcome").value_or(""))}})
      .add();
  if (stops_everything(found)) note_problem(route.tenant_id, found, now);
  Status kept = deps_.store.write([&](store::Transaction& tx) -> Status {
    std::optional<Route> current = lock_route(tx, route.tenant_id, route.device_id);
    bool is_same = current && current->instance == route.instance && current->version == route.version &&
                   current->stamp == route.stamp;
    if (!is_same) return done();
    current->message_id = route.message_id;
    switch (found.kind) {
      case Outcome::Kind::done:
        current->acknowledged = true;
        current->message_id.clear();
        if (!current->releases) break;
        current->released = true;
        forget_conflicts(tx, *current);
        audit_route(tx, "release", *current, {{"because", "the instance no longer manages the device"}}, now);
        break;
      case Outcome::Kind::superseded:
        // The tenant holds a later stamp, of a database that was lost: ours grow past it with time.
        current->stamp = next_stamp(current->stamp, now);
        current->message_id.clear();
        break;
      case Outcome::Kind::message_lost:
      case Outcome::Kind::contended:
        current->message_id.clear();
        break;
      case Outcome::Kind::permanent:
        current->message_id.clear();
        // A device that this tenant does not have is nobody's here.
        if (found.reason != "device_not_found") break;
        current->released = true;
        forget_conflicts(tx, *current);
        audit_route(tx, "release", *current, {{"because", found.reason}}, now);
        break;
      default:
        break;
    }
    save_route(tx, *current);
    return done();
  });
  if (!kept.ok()) return outcome(Outcome::Kind::retry_later, kept.failure().reason, "the connector's store failed");
  if (found.kind == Outcome::Kind::superseded) {
    return outcome(Outcome::Kind::retry_later, "stamp_too_old", "the tenant held a later stamp; trying a newer one");
  }
  return found;
}

void Broker::note_problem(const std::string& tenant_id, const Outcome& found, Time now) {
  if (found.reason == "request_budget") return;  // ours, and over in a moment
  Status kept = deps_.store.write([&](store::Transaction& tx) -> Status {
    auto tenant = lock_tenant(tx, tenant_id);
    if (!tenant || tenant->state != Tenant::State::active) return done();
    if (found.kind == Outcome::Kind::unreachable && tenant->error_reason == found.reason) return done();
    Tenant::State before = tenant->state;
    if (found.kind == Outcome::Kind::credentials) tenant->state = Tenant::State::credentials;
    if (found.kind == Outcome::Kind::permission) tenant->state = Tenant::State::permission;
    tenant->error_reason = found.reason;
    tenant->error_message = found.message;
    tenant->next_run_at = std::min(tenant->next_run_at, now + minutes{1});  // to see when it is over
    save_tenant(tx, *tenant);
    if (tenant->state != before) {
      json::Object details = changed("state", name_of(before), name_of(tenant->state));
      details["reason"] = found.reason;
      audit_change(tx, "update", "Tenant", tenant->id, tenant->id, std::move(details), {}, now);
    }
    return done();
  });
  log::warning("tenant_problem", {{"tenant", tenant_id}, {"reason", found.reason}, {"message", found.message}});
  if (!kept.ok()) log::error("tenant_problem_not_kept", {{"tenant", tenant_id}, {"reason", kept.failure().reason}});
}

Result<std::vector<RouteView>> Broker::routes(const RouteFilter& filter) {
  return deps_.store.read([&](store::Transaction& tx) -> Result<std::vector<RouteView>> {
    std::string sql = "SELECT i.name";
    for (std::string_view column : text::split(kRouteColumns, ',')) sql += ", r." + std::string(text::trim(column));
    sql +=
        " FROM cloud_route r JOIN cloud_instance i ON i.id = r.instance_id"
        " WHERE r.released = 0 AND (? = '' OR r.tenant_id = ?) AND (? = '' OR r.instance_id = ?)"
        " AND (r.tenant_id > ? OR (r.tenant_id = ? AND r.device_id > ?))"
        " ORDER BY r.tenant_id, r.device_id LIMIT ?";
    auto slash = filter.after.find('/');
    std::string after_tenant = filter.after.substr(0, slash);
    std::string after_device = slash == std::string::npos ? "" : filter.after.substr(slash + 1);
    std::vector<RouteView> views;
    for (const auto& row :
         tx.query(sql, {filter.tenant_id, filter.tenant_id, filter.instance.value, filter.instance.value, after_tenant,
                        after_tenant, after_device, filter.limit})) {
      views.push_back({.route = route_from(row, 1), .owner = row.text(0)});
    }
    for (RouteView& view : views) {
      for (const auto& row : tx.query("SELECT i.name FROM cloud_conflict c JOIN cloud_instance i ON"
                                      " i.id = c.instance_id WHERE c.tenant_id = ? AND c.device_id = ? ORDER BY i.name",
                                      {view.route.tenant_id, view.route.device_id})) {
        view.contenders.push_back(row.text(0));
      }
    }
    return views;
  });
}

}  // namespace wardbridge::cloud_connector
