#include "connector/cloud_connection/rows.h"
#include "connector/ledger/hand_over.h"

namespace wardbridge::cloud_connection {
namespace {

constexpr const char* kColumns =
    "id, name, connector_url, cloud, tenant, enrollment_url, remediation_url, state, attachment, database_id,"
    " created_at, last_contact_at, last_resync_at, next_run_at, failures, error_reason, error_message, revision, "
    "group_ids, hands_over";

State state_from(const std::string& name) {
  for (State state : {State::created, State::connecting, State::active, State::terminating, State::terminated}) {
    if (name == name_of(state)) return state;
  }
  check_failed(__FILE__, __LINE__, "a stored state", name);
}

std::string seal_context(ConnectionId id, const char* what) {
  return "cloud_connection|" + std::to_string(id.value) + "|" + what;
}

std::vector<std::string> ids_from(const std::string& stored) {
  std::vector<std::string> ids;
  for (std::string_view id : text::split(stored, ' ')) {
    if (!id.empty()) ids.emplace_back(id);
  }
  return ids;
}

Connection connection_from(const store::Row& row) {
  Connection connection;
  connection.id = {row.integer(0)};
  connection.settings = {.name = row.text(1),
                         .connector_url = row.text(2),
                         .cloud = row.text(3),
                         .tenant = row.text(4),
                         .enrollment_url = row.text(5),
                         .remediation_url = row.text(6),
                         .group_ids = ids_from(row.text(18))};
  connection.state = state_from(row.text(7));
  if (!row.text(8).empty()) {
    auto value = json::parse(row.text(8));
    CHECK(value.ok() && value->is_object(), "a stored attachment is not JSON");
    auto attachment = relay::attachment_from_json(value->as_object());
    CHECK(attachment.ok(), attachment.ok() ? "" : attachment.failure().message);
    connection.attachment = std::move(*attachment);
  }
  connection.database_id = row.text(9);
  connection.created = row.time(10);
  connection.last_contact = row.time(11);
  connection.last_resync = row.time(12);
  connection.next_run_at = row.time(13);
  connection.failures = static_cast<int>(row.integer(14));
  connection.error_reason = row.text(15);
  connection.error_message = row.text(16);
  connection.revision = row.integer(17);
  connection.hands_over = row.flag(19);
  return connection;
}

std::optional<Connection> select(store::Transaction& tx, ConnectionId id, std::string_view lock) {
  auto row = tx.query_one(std::string("SELECT ") + kColumns + " FROM cloud_connection WHERE id = ?" + std::string(lock),
                          {id.value});
  if (!row) return std::nullopt;
  return connection_from(*row);
}

Status check_https(const std::string& url, const char* setting) {
  auto parsed = http::parse_url(url);
  if (parsed.ok() && parsed->scheme == "https") return done();
  return invalid("bad_setting", "`" + url.substr(0, 200) + "` must be a URL that begins with `https://`", setting);
}

Status check(const Settings& settings) {
  if (text::trim(settings.name).empty()) return invalid("bad_setting", "a connection needs a name", "name");
  if (settings.cloud.empty()) return invalid("bad_setting", "a connection needs a sovereign cloud", "cloud");
  bool is_domain = !settings.tenant.empty() && settings.tenant.find_first_of("/?#% ") == std::string::npos;
  if (!is_domain) {
    return invalid("bad_setting", "`" + settings.tenant.substr(0, 80) + "` is neither a tenant id nor a domain",
                   "tenant");
  }
  TRY(check_https(settings.connector_url, "connectorUrl"));
  if (settings.connector_url.ends_with('/')) {
    return invalid("bad_setting", "the connector's URL must have no slash at its end", "connectorUrl");
  }
  for (const std::string& group : settings.group_ids) {
    if (text::is_guid(group)) continue;
    return invalid("bad_setting", "`" + group.substr(0, 80) + "` is not the object id of a group (a GUID)", "groupIds");
  }
  TRY(check_https(settings.enrollment_url, "enrollmentUrl"));
  return check_https(settings.remediation_url, "remediationUrl");
}

Failure no_connection(ConnectionId id) {
  return not_found("no_connection", "no connection has the id `" + std::to_string(id.value) + "`");
}

json::Object changed(const char* property, const std::string& from, const std::string& to) {
  return {{property, json::Object{{"old", from}, {"new", to}}}};
}

void change_state(store::Transaction& tx, Connection& connection, State to, const audit::Actor& by, Time now) {
  audit_connection(tx, connection, "update", changed("state", name_of(connection.state), name_of(to)), by, now);
  connection.state = to;
  connection.next_run_at = now;
  connection.failures = 0;
  connection.error_reason.clear();
  connection.error_message.clear();
  save_progress(tx, connection);
  tx.execute("UPDATE cloud_connection SET revision = revision + 1 WHERE id = ?", {connection.id.value});
}

void set_hands_over(store::Transaction& tx, const Connection& connection, bool hands_over, const audit::Actor& by,
                    Time now) {
  if (connection.hands_over == hands_over) return;
  tx.execute("UPDATE cloud_connection SET hands_over = ? WHERE id = ?", {hands_over, connection.id.value});
  audit_connection(tx, connection, "update", {{"handOver", hands_over}}, by, now);
}

// Of the instance, whichever of its connections to this connector brought it.
Result<std::string> known_credential(store::Transaction& tx, const std::string& url, const crypto::Sealer& sealer) {
  auto row = tx.query_one("SELECT id FROM cloud_connection WHERE connector_url = ? ORDER BY id LIMIT 1", {url});
  if (!row) return invalid("bad_setting", "the credential of this instance at the connector is required", "credential");
  return TRY(open_sealed(tx, {row->integer(0)}, sealer)).credential;
}

}  // namespace

const char* name_of(State state) {
  switch (state) {
    case State::created:
      return "new";
    case State::connecting:
      return "connecting";
    case State::active:
      return "active";
    case State::terminating:
      return "terminating";
    case State::terminated:
      return "terminated";
  }
  return "?";
}

Result<ConnectionId> create(store::Transaction& tx, const Settings& settings, const std::string& credential,
                            const crypto::Sealer& sealer, Entropy& entropy, const audit::Actor& by, Time now) {
  TRY(check(settings));
  std::string secret(text::trim(credential));
  if (secret.empty()) secret = TRY(known_credential(tx, settings.connector_url, sealer));
  if (tx.query_one("SELECT id FROM cloud_connection WHERE name = ?", {settings.name})) {
    return conflict("already_exists", "a connection is called `" + settings.name + "` already");
  }
  ConnectionId id{tx.next_id("connection")};
  tx.execute(std::string("INSERT INTO cloud_connection (") + kColumns +
                 ", sealed_credential, sealed_ticket) VALUES (?, ?, ?, ?, ?, ?, ?, ?, '', '', ?, 0, 0, ?, 0, '', '', "
                 "1, ?, 0, ?, '')",
             {id.value, settings.name, settings.connector_url, settings.cloud, settings.tenant, settings.enrollment_url,
              settings.remediation_url, name_of(State::created), now, now, text::join(settings.group_ids, " "),
              sealer.seal(secret, seal_context(id, "credential"), entropy)});
  ledger::set_lane_purpose(tx, id, ledger::Lane::Purpose::open);
  audit_connection(tx, {.id = id, .settings = settings}, "create", {{"connectionType", "Cloud Connector"}}, by, now);
  return id;
}

Status update(store::Transaction& tx, ConnectionId id, const Settings& settings,
              const std::optional<std::string>& credential, const crypto::Sealer& sealer, Entropy& entropy,
              const audit::Actor& by, Time now) {
  TRY(check(settings));
  std::optional<Connection> before = lock_connection(tx, id);
  if (!before) return no_connection(id);
  bool same_road = settings.connector_url == before->settings.connector_url &&
                   settings.cloud == before->settings.cloud && settings.tenant == before->settings.tenant;
  bool is_connected = before->state == State::active || before->state == State::terminating;
  if (!same_road && is_connected) {
    return conflict("still_connected", "disable the connection before it is pointed at another tenant or connector");
  }
  if (settings.connector_url != before->settings.connector_url && !credential) {
    // What one connector gave out is not shown to whoever answers at another address.
    return invalid("bad_setting", "another connector needs the credential that it gave out", "credential");
  }
  tx.execute(
      "UPDATE cloud_connection SET name = ?, connector_url = ?, cloud = ?, tenant = ?, enrollment_url = ?,"
      " remediation_url = ?, group_ids = ?, next_run_at = ?, failures = 0, error_reason = '', error_message = '',"
      " revision = revision + 1 WHERE id = ?",
      {settings.name, settings.connector_url, settings.cloud, settings.tenant, settings.enrollment_url,
       settings.remediation_url, text::join(settings.group_ids, " "), now, id.value});
  if (!same_road) {
    // Another tenant has consented to nothing yet.
    tx.execute(
        "UPDATE cloud_connection SET state = ?, attachment = '', sealed_ticket = '', database_id = '' WHERE id = ?",
        {name_of(State::created), id.value});
  }
  if (credential) {
    tx.execute("UPDATE cloud_connection SET sealed_credential = ? WHERE id = ?",
               {sealer.seal(text::trim(*credential), seal_context(id, "credential"), entropy), id.value});
  }
  ledger::reopen_lane(tx, id);
  json::Object details = changed("tenant", before->settings.tenant, settings.tenant);
  details["credential"] = credential ? "changed" : "kept";
  audit_connection(tx, *before, "update", std::move(details), by, now);
  return done();
}

std::optional<Connection> find(store::Transaction& tx, ConnectionId id) { return select(tx, id, ""); }
std::optional<Connection> lock_connection(store::Transaction& tx, ConnectionId id) {
  return select(tx, id, tx.lock_rows());
}

std::vector<Connection> list(store::Transaction& tx) {
  std::vector<Connection> connections;
  for (const auto& row : tx.query(std::string("SELECT ") + kColumns + " FROM cloud_connection ORDER BY id"))
    connections.push_back(connection_from(row));
  return connections;
}

void save_progress(store::Transaction& tx, const Connection& connection) {
  relay::Attachment attachment = connection.attachment;
  attachment.ticket.clear();  // kept sealed
  tx.execute(
      "UPDATE cloud_connection SET state = ?, attachment = ?, database_id = ?, last_contact_at = ?,"
      " last_resync_at = ?, next_run_at = ?, failures = ?, error_reason = ?, error_message = ? WHERE id = ?",
      {name_of(connection.state), attachment.id.empty() ? "" : json::to_text(relay::to_json(attachment)),
       connection.database_id, connection.last_contact, connection.last_resync, connection.next_run_at,
       connection.failures, connection.error_reason, connection.error_message, connection.id.value});
}

void save_ticket(store::Transaction& tx, ConnectionId id, const std::string& ticket, const crypto::Sealer& sealer,
                 Entropy& entropy) {
  tx.execute("UPDATE cloud_connection SET sealed_ticket = ? WHERE id = ?",
             {sealer.seal(ticket, seal_context(id, "ticket"), entropy), id.value});
}

Result<SealedParts> open_sealed(store::Transaction& tx, ConnectionId id, const crypto::Sealer& sealer) {
  auto row = tx.query_one("SELECT sealed_credential, sealed_ticket FROM cloud_connection WHERE id = ?", {id.value});
  if (!row) return no_connection(id);
  SealedParts parts;
  parts.credential = TRY(sealer.open(row->text(0), seal_context(id, "credential")));
  if (!row->text(1).empty()) parts.ticket = TRY(sealer.open(row->text(1), seal_context(id, "ticket")));
  return parts;
}

void audit_connection(store::Transaction& tx, const Connection& connection, const char* action, json::Object details,
                      const audit::Actor& by, Time now) {
  audit::record(tx, {.time = now,
                     .actor = by,
                     .action = action,
                     .object_type = "Connection",
                     .object_id = std::to_string(connection.id.value),
                     .object_name = connection.settings.name,
                     .details = std::move(details)});
}

Status disable(store::Transaction& tx, ConnectionId id, const audit::Actor& by, Time now) {
  std::optional<Connection> connection = lock_connection(tx, id);
  if (!connection) return no_connection(id);
  if (connection->state == State::terminating || connection->state == State::terminated) return done();
  change_state(tx, *connection, State::terminating, by, now);
  ledger::drain_lane(tx, id, "the connection was disabled", now);
  return done();
}

Status hand_over(store::Transaction& tx, ConnectionId id, const audit::Actor& by, Time now) {
  std::optional<Connection> connection = lock_connection(tx, id);
  if (!connection) return no_connection(id);
  if (connection->state == State::terminating || connection->state == State::terminated) return done();
  change_state(tx, *connection, State::terminating, by, now);
  set_hands_over(tx, *connection, true, by, now);
  if (ledger::lane(tx, id).purpose == ledger::Lane::Purpose::open) ledger::set_aside(tx, id, now);
  return done();
}

Status enable(store::Transaction& tx, ConnectionId id, const audit::Actor& by, Time now) {
  std::optional<Connection> connection = lock_connection(tx, id);
  if (!connection) return no_connection(id);
  if (connection->state != State::terminated && connection->state != State::terminating) return done();
  bool has_ticket =
      tx.query_one("SELECT id FROM cloud_connection WHERE id = ? AND sealed_ticket <> ''", {id.value}).has_value();
  change_state(tx, *connection, has_ticket ? State::active : State::created, by, now);
  set_hands_over(tx, *connection, false, by, now);
  ledger::open_lane(tx, id, now);
  ledger::reopen_lane(tx, id);
  return done();
}

Status remove(store::Transaction& tx, ConnectionId id, const audit::Actor& by, Time now) {
  std::optional<Connection> connection = lock_connection(tx, id);
  if (!connection) return no_connection(id);
  if (connection->state == State::active || connection->state == State::terminating) {
    return conflict("not_terminated", "`" + connection->settings.name + "` must be disabled and terminated first");
  }
  tx.execute("DELETE FROM cloud_connection WHERE id = ?", {id.value});
  ledger::set_lane_purpose(tx, id, ledger::Lane::Purpose::closed);
  audit_connection(tx, *connection, "delete", {}, by, now);
  return done();
}

}  // namespace wardbridge::cloud_connection
