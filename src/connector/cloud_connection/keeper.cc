#include <algorithm>

#include "connector/cloud_connection/rows.h"
#include "platform/log/log.h"

namespace wardbridge::cloud_connection {
namespace {

constexpr Duration kLookTime = seconds{15};
constexpr Duration kConnectingTime = seconds{5};
constexpr Duration kIdleTime = seconds{60};
constexpr Duration kDrainTime = seconds{1};
constexpr int kParkedOfAPage = 500;
constexpr const char* kOtherInstance = "device_of_other_instance";

// What was learnt counts only while no person has changed the connection meanwhile.
template <class Change>
Status keep_learnt(store::Store& store, const Connection& seen, const Change& change) {
  return store.write([&](store::Transaction& tx) -> Status {
    std::optional<Connection> current = lock_connection(tx, seen.id);
    if (!current || current->revision != seen.revision) return done();
    TRY(change(tx, *current));
    save_progress(tx, *current);
    return done();
  });
}

// Devices that another instance owned when they were refused, and owns no longer, are sent again.
void replay_freed(store::Transaction& tx, ConnectionId id, const relay::Status& status, Time now) {
  for (const ledger::Delivery& parked : ledger::parked(tx, id, kParkedOfAPage)) {
    if (parked.failure_reason != kOtherInstance) continue;
    bool is_taken = std::ranges::any_of(status.conflicts, [&](const relay::Conflict& conflict) {
      return text::equal_ignoring_case(conflict.device_id, parked.report.device_id);
    });
    if (!is_taken) ledger::replay_parked(tx, id, parked.subject, {.name = "cloud connection"}, now);
  }
}

// Devices that were ours and went to another instance are sent once more, so that people here see what became of them.
Status resend_lost(store::Transaction& tx, ConnectionId id, const relay::Status& status, const std::string& tenant_id,
                   Time now) {
  for (const relay::Conflict& conflict : status.conflicts) {
    if (conflict.tenant_id != tenant_id) continue;
    for (const ledger::Delivery& delivery : ledger::of_device(tx, conflict.device_id)) {
      if (delivery.connection_id != id || delivery.state != ledger::State::delivered) continue;
      TRY(ledger::resend(tx, id, delivery.subject, {.name = "cloud connection"}, now));
    }
  }
  return done();
}

// But for what is only rehearsed: a migration may come back to it.
Status forget_all(store::Transaction& tx, ConnectionId id) {
  std::string after;
  for (auto page = ledger::list(tx, id, after, kParkedOfAPage); !page.empty();
       page = ledger::list(tx, id, after, kParkedOfAPage)) {
    after = page.back().subject;
    for (const ledger::Delivery& delivery : page) {
      if (delivery.state != ledger::State::rehearsed) TRY(ledger::forget(tx, id, delivery.subject));
    }
  }
  return done();
}

}  // namespace

Time Keeper::run_once(Time now) {
  auto connection =
      world_.store.read([&](store::Transaction& tx) -> Result<std::optional<Connection>> { return find(tx, id_); });
  if (!connection.ok()) {
    log::error("connection_store_failed", {{"connection", id_.value}, {"reason", connection.failure().reason}});
    return now + seconds{1};
  }
  if (!*connection) return now + kIdleTime;
  const Connection& seen = **connection;
  bool has_work = seen.state == State::connecting || seen.state == State::active || seen.state == State::terminating;
  if (!has_work) return now + kIdleTime;
  if (now < seen.next_run_at) return seen.next_run_at;
  Status status = look(seen, now);
  if (status.ok() && seen.state == State::terminating) status = terminate(seen, now);
  if (!status.ok()) status = note_failure(seen, status.failure(), clock_.now());
  link_.reload();
  if (!status.ok()) {
    log::error("connection_store_failed", {{"connection", id_.value}, {"reason", status.failure().reason}});
  }
  return now + (seen.state == State::terminating ? kDrainTime : kConnectingTime);
}

Status Keeper::look(const Connection& seen, Time now) {
  if (seen.attachment.id.empty()) return done();
  SealedParts parts = TRY(world_.store.read(
      [&](store::Transaction& tx) -> Result<SealedParts> { return open_sealed(tx, id_, world_.sealer); }));
  ConnectorClient connector(world_.transport, seen.settings.connector_url, parts.credential);
  ConnectorClient::Answer answer = TRY(connector.call("GET", "/api/v1/instance"));
  relay::Status status = TRY(relay::status_from_json(answer.body));
  std::optional<relay::Attachment> attachment;
  for (relay::Attachment& known : status.attachments) {
    if (known.tenant_id == seen.attachment.tenant_id) attachment = std::move(known);
  }
  bool was_active = !parts.ticket.empty() && seen.state != State::connecting;
  // While leaving, `detached` is what was asked for.
  bool may_be_detached = seen.state == State::terminating;
  bool is_lost = !attachment || (attachment->progress != relay::Progress::active && !may_be_detached);
  bool other_database = status.database_id != seen.database_id && !seen.database_id.empty();
  bool came_back = false;
  if (was_active && (is_lost || other_database)) {
    // The connector lost its database, or let go of us when we left: what we hold brings us back, without consent.
    json::Object body = relay::to_json(wishes_of(seen.settings));
    body["ticket"] = parts.ticket;
    ConnectorClient::Answer again = TRY(connector.call("POST", "/api/v1/attachments/reattach", &body));
    attachment = TRY(relay::attachment_from_json(again.body));
    came_back = true;
    if (came_back)
      log::warning("attached_again", {{"connection", id_.value}, {"connector", seen.settings.connector_url}});
  }
  if (!attachment) {
    return Failure{Code::conflict, "not_attached", "the connector does not know this connection: choose Connect again"};
  }
  const relay::Wishes wishes = wishes_of(seen.settings);
  if (seen.state == State::active && attachment->wishes && *attachment->wishes != wishes) {
    json::Object body = relay::to_json(wishes);
    ConnectorClient::Answer told =
        TRY(connector.call("PUT", "/api/v1/attachments/" + text::percent_encode(attachment->id), &body));
    attachment = TRY(relay::attachment_from_json(told.body));
  }
  return keep_learnt(world_.store, seen, [&](store::Transaction& tx, Connection& current) -> Status {
    std::string consent_url = current.attachment.consent_url;
    bool was_wrong = !current.error_reason.empty();
    current.attachment = *attachment;
    if (attachment->progress == relay::Progress::consent) current.attachment.consent_url = consent_url;
    if (!attachment->ticket.empty() && parts.ticket.empty())
      save_ticket(tx, id_, attachment->ticket, world_.sealer, world_.entropy);
    current.database_id = status.database_id;
    current.last_contact = now;
    current.failures = 0;
    current.error_reason = attachment->error_reason;
    current.error_message = attachment->error_message;
    current.next_run_at = now + (current.state == State::connecting ? kConnectingTime : kLookTime);
    if (was_wrong && current.error_reason.empty()) ledger::reopen_lane(tx, id_);
    bool resync = attachment->resync && *attachment->resync > current.last_resync;
    if (resync) current.last_resync = *attachment->resync;
    if (came_back || resync) {
      ledger::resend_all(tx, id_, now);
      ledger::reopen_lane(tx, id_);
      audit_connection(tx, current, "resend", {{"because", came_back ? "attached again" : "the tenant asked"}}, {},
                       now);
    }
    replay_freed(tx, id_, status, now);
    return resend_lost(tx, id_, status, current.attachment.tenant_id, now);
  });
}

// INVARIANT: law 5. First every subject is retracted and that is acknowledged, then the connector lets go.
Status Keeper::terminate(const Connection& seen, Time now) {
  ledger::Counts counts = TRY(world_.store.write([&](store::Transaction& tx) -> Result<ledger::Counts> {
    // Again: a wish may have been committed at the very moment when the lane began to drain.
    ledger::drain_lane(tx, id_, "the connection was disabled", now);
    return ledger::counts(tx, id_);
  }));
  bool is_over = seen.attachment.id.empty();
  bool may_leave = counts.pending == 0 || is_over;
  if (may_leave && !is_over) {
    SealedParts parts = TRY(world_.store.read(
        [&](store::Transaction& tx) -> Result<SealedParts> { return open_sealed(tx, id_, world_.sealer); }));
    ConnectorClient connector(world_.transport, seen.settings.connector_url, parts.credential);
    auto answer = connector.call("DELETE", "/api/v1/attachments/" + text::percent_encode(seen.attachment.id) +
                                               (seen.hands_over ? "?handOver=true" : ""));
    if (!answer.ok() && answer.failure().reason != "no_attachment") return answer.failure();
    is_over = !answer.ok() || answer->status == 204;
  }
  return keep_learnt(world_.store, seen, [&](store::Transaction& tx, Connection& connection) -> Status {
    connection.next_run_at = now + kDrainTime;
    if (!is_over) return done();
    TRY(forget_all(tx, id_));
    if (ledger::lane(tx, id_).purpose != ledger::Lane::Purpose::rehearsing) {
      ledger::set_lane_purpose(tx, id_, ledger::Lane::Purpose::closed);
    }
    audit_connection(tx, connection, "update",
                     {{"state", json::Object{{"old", name_of(connection.state)}, {"new", name_of(State::terminated)}}}},
                     {}, now);
    connection.state = State::terminated;
    connection.attachment.progress = relay::Progress::detached;
    connection.error_reason.clear();
    connection.error_message.clear();
    return done();
  });
}

Status Keeper::note_failure(const Connection& seen, const Failure& failure, Time now) {
  log::warning("connection_problem",
               {{"connection", id_.value}, {"reason", failure.reason}, {"message", failure.message}});
  return keep_learnt(world_.store, seen, [&](store::Transaction& tx, Connection& connection) -> Status {
    connection.failures += 1;
    connection.error_reason = failure.reason;
    connection.error_message = failure.message;
    connection.next_run_at = now + kConnectingTime + ledger::backoff(std::min(connection.failures, 6), world_.entropy);
    if (failure.code == Code::unauthenticated) {
      ledger::stop_lane(tx, id_, ledger::Lane::Health::credentials, failure.reason, failure.message,
                        connection.next_run_at);
    }
    return done();
  });
}

}  // namespace wardbridge::cloud_connection
