#include <array>

#include "connector/device_compliance/rows.h"
#include "connector/ledger/hand_over.h"

namespace wardbridge::device_compliance {
namespace {

constexpr const char* kColumns =
    "id, name, tenant, client_id, login_base, graph_base, audience, enrollment_url, remediation_url,"
    " heartbeat_interval_milliseconds, state, extensions, created_at, last_heartbeat_at, last_resync_at, next_run_at,"
    " failures, error_reason, error_message, revision, group_ids, policy_id, policy_group_ids, policy_error_reason,"
    " policy_error_message, kind, cloud, landing_page, instance_id, secret_expires_at, sealed_next_secret,"
    " next_secret_expires_at, last_test, last_update_sent_at";

// The words of the column `kind`.
const char* kind_of(Type type) { return type == Type::manual ? "manual" : "device_compliance"; }

const char* stored_name(LandingPage page) {
  switch (page) {
    case LandingPage::registration:
      return "registration";
    case LandingPage::access_denied:
      return "access_denied";
    case LandingPage::custom:
      return "custom";
  }
  return "?";
}

LandingPage landing_page_from(const std::string& name) {
  for (LandingPage page : {LandingPage::registration, LandingPage::access_denied}) {
    if (name == stored_name(page)) return page;
  }
  return LandingPage::custom;
}

State state_from(const std::string& name) {
  for (State state :
       {State::created, State::active, State::credentials, State::permission, State::terminating, State::terminated}) {
    if (name == name_of(state)) return state;
  }
  check_failed(__FILE__, __LINE__, "a stored state", name);
}

// Stored as the words that the service uses for them.
std::string words_of(const partner::Extensions& extensions) {
  std::string words;
  if (extensions.reason) words += "complianceReason ";
  if (extensions.valid_until) words += "complianceValidUntil ";
  if (extensions.version) words += "version ";
  return words;
}

partner::Extensions extensions_from(const std::string& words) {
  auto has = [&](std::string_view word) { return words.find(word) != std::string::npos; };
  return {.reason = has("complianceReason "), .valid_until = has("complianceValidUntil "), .version = has("version ")};
}

// Ids have no spaces in them.
std::vector<std::string> ids_from(const std::string& words) {
  std::vector<std::string> ids;
  for (std::string_view word : text::split(words, ' ')) {
    if (!word.empty()) ids.emplace_back(word);
  }
  return ids;
}

Connection connection_from(const store::Row& row) {
  Connection connection;
  connection.id = {row.integer(0)};
  connection.settings = {.name = row.text(1),
                         .tenant = row.text(2),
                         .client_id = row.text(3),
                         .endpoints = {.login_base = row.text(4), .graph_base = row.text(5), .audience = row.text(6)},
                         .pages = {.enrollment_url = row.text(7), .remediation_url = row.text(8)},
                         .heartbeat_interval = Duration{row.integer(9)},
                         .group_ids = ids_from(row.text(20)),
                         .type = row.text(25) == kind_of(Type::manual) ? Type::manual : Type::device_compliance,
                         .cloud = row.text(26),
                         .landing_page = landing_page_from(row.text(27))};
  connection.state = state_from(row.text(10));
  connection.extensions = extensions_from(row.text(11));
  connection.created = row.time(12);
  connection.last_heartbeat = row.time(13);
  connection.last_resync = row.time(14);
  connection.next_run_at = row.time(15);
  connection.failures = static_cast<int>(row.integer(16));
  connection.error_reason = row.text(17);
  connection.error_message = row.text(18);
  connection.revision = row.integer(19);
  connection.policy = {.id = row.text(21),
                       .assigned_group_ids = ids_from(row.text(22)),
                       .error_reason = row.text(23),
                       .error_message = row.text(24)};
  connection.instance_id = row.text(28);
  connection.secret = {.expires = row.time(29), .has_next = !row.text(30).empty(), .next_expires = row.time(31)};
  connection.last_test = row.text(32);
  connection.last_update_sent = row.time(33);
  return connection;
}

Status check_url(const std::string& url, const char* setting) {
  Result<http::Url> parsed = http::parse_url(url);
  if (!parsed.ok()) return invalid("bad_setting", "`" + url + "` is not a URL", setting);
  if (parsed->scheme != "https") return invalid("bad_setting", "`" + url + "` must begin with `https://`", setting);
  return done();
}

Status check(const Settings& settings) {
  if (text::trim(settings.name).empty()) return invalid("bad_setting", "a connection needs a name", "name");
  bool is_domain = !settings.tenant.empty() && settings.tenant.find_first_of("/?#% ") == std::string::npos;
  if (!is_domain) {
    return invalid("bad_setting", "`" + settings.tenant + "` is neither a tenant id nor a domain", "tenant");
  }
  if (!text::is_guid(settings.client_id)) {
    return invalid("bad_setting", "`" + settings.client_id + "` is not an application id (a GUID)", "clientId");
  }
  TRY(check_url(settings.endpoints.login_base, "loginBase"));
  TRY(check_url(settings.endpoints.graph_base, "graphBase"));
  TRY(check_url(settings.endpoints.audience, "audience"));
  TRY(check_url(settings.pages.enrollment_url, "enrollmentUrl"));
  TRY(check_url(settings.pages.remediation_url, "remediationUrl"));
  if (settings.heartbeat_interval < minutes{1} || settings.heartbeat_interval > hours{24}) {
    return invalid("bad_setting", "heartbeats must be between 1 minute and 24 hours apart", "heartbeatInterval");
  }
  for (const std::string& group : settings.group_ids) {
    if (!text::is_guid(group)) {
      return invalid("bad_setting", "`" + group + "` is not the object id of a group (a GUID)", "groupIds");
    }
  }
  return done();
}

Failure no_connection(ConnectionId id) {
  return not_found("no_connection", "no connection has the id `" + std::to_string(id.value) + "`");
}

void audit_change(store::Transaction& tx, const Connection& connection, const char* action, json::Object details,
                  const audit::Actor& by, Time now) {
  audit::record(tx, {.time = now,
                     .actor = by,
                     .action = action,
                     // JAMF: what people search the change management log for.
                     .object_type = connection.settings.type == Type::manual ? "Conditional Access" : "Connection",
                     .object_id = std::to_string(connection.id.value),
                     .object_name = connection.settings.name,
                     .details = std::move(details)});
}

json::Object changed(const char* property, const std::string& from, const std::string& to) {
  return {{property, json::Object{{"old", from}, {"new", to}}}};
}

// Every setting that a person sees, old and new; never a secret.
json::Object what_changed(const Settings& before, const Settings& after) {
  json::Object details;
  auto compare = [&](const char* property, const std::string& from, const std::string& to) {
    if (from != to) details[property] = json::Object{{"old", from}, {"new", to}};
  };
  compare("name", before.name, after.name);
  compare("tenant", before.tenant, after.tenant);
  compare("clientId", before.client_id, after.client_id);
  compare("sovereignCloud", before.cloud, after.cloud);
  compare("loginUrl", before.endpoints.login_base, after.endpoints.login_base);
  compare("graphUrl", before.endpoints.graph_base, after.endpoints.graph_base);
  compare("audience", before.endpoints.audience, after.endpoints.audience);
  compare("landingPage", stored_name(before.landing_page), stored_name(after.landing_page));
  compare("enrollmentUrl", before.pages.enrollment_url, after.pages.enrollment_url);
  compare("remediationUrl", before.pages.remediation_url, after.pages.remediation_url);
  compare("groupIds", text::join(before.group_ids, " "), text::join(after.group_ids, " "));
  return details;
}

Status check_secret(const Secret& secret) {
  if (secret.text.empty()) return invalid("bad_setting", "a client secret is required", "clientSecret");
  return partner::check_client_secret(secret.text);
}

void change_state(store::Transaction& tx, const Connection& connection, State to, const audit::Actor& by, Time now) {
  tx.execute(
      "UPDATE connection SET state = ?, next_run_at = ?, failures = 0, error_reason = '', error_message = '',"
      " revision = revision + 1 WHERE id = ?",
      {name_of(to), now, connection.id.value});
  audit_change(tx, connection, "update", changed("state", name_of(connection.state), name_of(to)), by, now);
}

}  // namespace

const char* name_of(State state) {
  switch (state) {
    case State::created:
      return "new";
    case State::active:
      return "active";
    case State::credentials:
      return "credentials";
    case State::permission:
      return "permission";
    case State::terminating:
      return "terminating";
    case State::terminated:
      return "terminated";
  }
  return "?";
}

const char* name_of(PolicyState state) {
  switch (state) {
    case PolicyState::pending:
      return "pending";
    case PolicyState::created:
      return "created";
    case PolicyState::assigned:
      return "assigned";
    case PolicyState::failed:
      return "failed";
  }
  return "?";
}

PolicyState policy_state(const Connection& connection) {
  const Policy& policy = connection.policy;
  if (!policy.error_reason.empty()) return PolicyState::failed;
  if (policy.id.empty() || policy.assigned_group_ids != connection.settings.group_ids) return PolicyState::pending;
  return policy.assigned_group_ids.empty() ? PolicyState::created : PolicyState::assigned;
}

std::string seal_context(ConnectionId id) { return "connection|" + std::to_string(id.value) + "|client_secret"; }

const char* name_of(Type type) { return type == Type::manual ? "manual" : "deviceCompliance"; }

Result<ConnectionId> create(store::Transaction& tx, const Settings& settings, const Secret& secret,
                            const crypto::Sealer& sealer, Entropy& entropy, const audit::Actor& by, Time now) {
  TRY(check(settings));
  TRY(check_secret(secret));
  if (settings.type == Type::manual && find_manual(tx)) {
    return conflict("manual_exists", "there is a manual connection already, and there can be one");
  }
  ConnectionId id{tx.next_id("connection")};
  tx.execute(std::string("INSERT INTO connection (") + kColumns +
                 ", sealed_secret) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', ?, 0, 0, ?, 0, '', '', 1, ?, '',"
                 " '', '', '', ?, ?, ?, ?, ?, '', ?, '', 0, ?)",
             {id.value,
              settings.name,
              settings.tenant,
              settings.client_id,
              settings.endpoints.login_base,
              settings.endpoints.graph_base,
              settings.endpoints.audience,
              settings.pages.enrollment_url,
              settings.pages.remediation_url,
              std::int64_t{settings.heartbeat_interval.count()},
              name_of(State::created),
              now,
              now,
              text::join(settings.group_ids, " "),
              kind_of(settings.type),
              settings.cloud,
              stored_name(settings.landing_page),
              entropy.guid(),
              secret.expires,
              kNever,
              sealer.seal(secret.text, seal_context(id), entropy)});
  ledger::set_lane_purpose(tx, id, ledger::Lane::Purpose::open);
  audit_change(tx, {.id = id, .settings = settings}, "create", {}, by, now);
  return id;
}

Status update(store::Transaction& tx, ConnectionId id, const Settings& settings, const std::optional<Secret>& secret,
              const crypto::Sealer& sealer, Entropy& entropy, const audit::Actor& by, Time now) {
  TRY(check(settings));
  std::optional<Connection> before = lock_connection(tx, id);
  if (!before) return no_connection(id);
  if (secret) TRY(check_secret(*secret));
  if (settings.type != before->settings.type) {
    return conflict("other_type", "the type of `" + before->settings.name + "` can't change: make another connection");
  }
  // What was assigned in another tenant, or by another application, is not ours to take back here.
  bool same_partner = before->settings.tenant == settings.tenant && before->settings.client_id == settings.client_id;
  bool retreats = before->state == State::terminating || before->state == State::terminated;
  tx.execute(
      "UPDATE connection SET name = ?, tenant = ?, client_id = ?, login_base = ?, graph_base = ?, audience = ?,"
      " enrollment_url = ?, remediation_url = ?, heartbeat_interval_milliseconds = ?, group_ids = ?, state = ?,"
      " next_run_at = ?, failures = 0, error_reason = '', error_message = '', policy_group_ids = ?,"
      " policy_error_reason = '', policy_error_message = '', cloud = ?, landing_page = ?, revision = revision + 1 "
      "WHERE id = ?",
      {settings.name, settings.tenant, settings.client_id, settings.endpoints.login_base, settings.endpoints.graph_base,
       settings.endpoints.audience, settings.pages.enrollment_url, settings.pages.remediation_url,
       std::int64_t{settings.heartbeat_interval.count()}, text::join(settings.group_ids, " "),
       name_of(retreats ? before->state : State::created), now,
       same_partner ? text::join(before->policy.assigned_group_ids, " ") : "", settings.cloud,
       stored_name(settings.landing_page), id.value});
  if (secret) {
    // Whoever types a secret means that one; what was staged beside the former goes with it.
    tx.execute(
        "UPDATE connection SET sealed_secret = ?, secret_expires_at = ?, sealed_next_secret = '',"
        " next_secret_expires_at = ? WHERE id = ?",
        {sealer.seal(secret->text, seal_context(id), entropy), secret->expires, kNever, id.value});
  }
  // What was refused with the settings before may pass now.
  ledger::reopen_lane(tx, id);
  json::Object details = what_changed(before->settings, settings);
  details["clientSecret"] = secret ? "changed" : "kept";
  audit_change(tx, *before, "update", std::move(details), by, now);
  return done();
}

std::optional<Connection> find(store::Transaction& tx, ConnectionId id) {
  auto row = tx.query_one(std::string("SELECT ") + kColumns + " FROM connection WHERE id = ?", {id.value});
  if (!row) return std::nullopt;
  return connection_from(*row);
}

std::optional<Connection> lock_connection(store::Transaction& tx, ConnectionId id) {
  auto row = tx.query_one(
      std::string("SELECT ") + kColumns + " FROM connection WHERE id = ?" + std::string(tx.lock_rows()), {id.value});
  if (!row) return std::nullopt;
  return connection_from(*row);
}

std::vector<Connection> list(store::Transaction& tx) {
  std::vector<Connection> connections;
  for (const auto& row : tx.query(std::string("SELECT ") + kColumns + " FROM connection ORDER BY id")) {
    connections.push_back(connection_from(row));
  }
  return connections;
}

std::optional<Connection> find_manual(store::Transaction& tx) {
  auto row =
      tx.query_one(std::string("SELECT ") + kColumns + " FROM connection WHERE kind = ?", {kind_of(Type::manual)});
  if (!row) return std::nullopt;
  return connection_from(*row);
}

Status stage_secret(store::Transaction& tx, ConnectionId id, const Secret& next, const crypto::Sealer& sealer,
                    Entropy& entropy, const audit::Actor& by, Time now) {
  TRY(check_secret(next));
  std::optional<Connection> connection = lock_connection(tx, id);
  if (!connection) return no_connection(id);
  bool waits = connection->state == State::credentials;  // with the new secret it may go on at once
  tx.execute(
      "UPDATE connection SET sealed_next_secret = ?, next_secret_expires_at = ?, next_run_at = ?,"
      " revision = revision + 1 WHERE id = ?",
      {sealer.seal(next.text, seal_context(id), entropy), next.expires, waits ? now : connection->next_run_at,
       id.value});
  audit_change(tx, *connection, "update", {{"nextClientSecret", "added"}}, by, now);
  return done();
}

Status promote_secret(store::Transaction& tx, ConnectionId id, const audit::Actor& by, Time now) {
  std::optional<Connection> connection = lock_connection(tx, id);
  if (!connection) return no_connection(id);
  if (!connection->secret.has_next) {
    return conflict("no_next_secret", "`" + connection->settings.name + "` has no second client secret");
  }
  tx.execute(
      "UPDATE connection SET sealed_secret = sealed_next_secret, secret_expires_at = next_secret_expires_at,"
      " sealed_next_secret = '', next_secret_expires_at = ?, revision = revision + 1 WHERE id = ?",
      {kNever, id.value});
  audit_change(tx, *connection, "update", {{"clientSecret", "replaced by the next one"}}, by, now);
  return done();
}

void note_test(store::Transaction& tx, ConnectionId id, const json::Object& steps, Time now) {
  tx.execute("UPDATE connection SET last_test = ? WHERE id = ?", {json::to_text(steps), id.value});
  if (!json::bool_at(steps, "works").value_or(false)) return;
  tx.execute("UPDATE connection SET next_run_at = ? WHERE id = ? AND state IN (?, ?)",
             {now, id.value, name_of(State::credentials), name_of(State::permission)});
}

Result<std::int64_t> send_update(store::Transaction& tx, ConnectionId id, const audit::Actor& by, Time now) {
  std::optional<Connection> connection = lock_connection(tx, id);
  if (!connection) return no_connection(id);
  if (connection->state != State::active) {
    return conflict("not_active", "the connection `" + connection->settings.name + "` is not active but `" +
                                      std::string(name_of(connection->state)) + "`");
  }
  ledger::resend_all(tx, id, now);
  tx.execute("UPDATE connection SET last_update_sent_at = ? WHERE id = ?", {now, id.value});
  ledger::Counts counts = ledger::counts(tx, id);
  audit_change(tx, *connection, "update", {{"sendUpdate", counts.pending}}, by, now);
  return counts.pending;
}

void save_progress(store::Transaction& tx, const Connection& connection) {
  tx.execute(
      "UPDATE connection SET state = ?, extensions = ?, last_heartbeat_at = ?, last_resync_at = ?, next_run_at = ?,"
      " failures = ?, error_reason = ?, error_message = ?, policy_id = ?, policy_group_ids = ?,"
      " policy_error_reason = ?, policy_error_message = ? WHERE id = ?",
      {name_of(connection.state), words_of(connection.extensions), connection.last_heartbeat, connection.last_resync,
       connection.next_run_at, connection.failures, connection.error_reason, connection.error_message,
       connection.policy.id, text::join(connection.policy.assigned_group_ids, " "), connection.policy.error_reason,
       connection.policy.error_message, connection.id.value});
}

SealedSecrets sealed_secrets_of(store::Transaction& tx, ConnectionId id) {
  auto row = tx.query_one("SELECT sealed_secret, sealed_next_secret FROM connection WHERE id = ?", {id.value});
  if (!row) return {};
  return {.secret = row->text(0), .next = row->text(1)};
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
  audit_change(tx, *connection, "update", {{"handOver", true}}, by, now);
  if (ledger::lane(tx, id).purpose == ledger::Lane::Purpose::open) ledger::set_aside(tx, id, now);
  return done();
}

Status enable(store::Transaction& tx, ConnectionId id, const audit::Actor& by, Time now) {
  std::optional<Connection> connection = lock_connection(tx, id);
  if (!connection) return no_connection(id);
  if (connection->state != State::terminated && connection->state != State::terminating) return done();
  change_state(tx, *connection, State::created, by, now);
  // Only after the tenant had terminated the connection is anything left here to say again; but for what was set aside.
  bool says_again =
      connection->state == State::terminated && ledger::lane(tx, id).purpose == ledger::Lane::Purpose::closed;
  ledger::open_lane(tx, id, now);
  ledger::reopen_lane(tx, id);
  if (says_again) ledger::resend_all(tx, id, now);
  return done();
}

Status remove(store::Transaction& tx, ConnectionId id, const audit::Actor& by, Time now) {
  std::optional<Connection> connection = lock_connection(tx, id);
  if (!connection) return no_connection(id);
  if (connection->state != State::terminated) {
    return conflict("not_terminated", "`" + connection->settings.name + "` must be disabled and terminated first");
  }
  tx.execute("DELETE FROM connection WHERE id = ?", {id.value});
  audit_change(tx, *connection, "delete", {}, by, now);
  return done();
}

}  // namespace wardbridge::device_compliance
