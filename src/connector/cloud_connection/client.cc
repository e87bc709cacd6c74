// Calls to the connector: setting up, and one report at a time.
#include "connector/cloud_connection/rows.h"

namespace wardbridge::cloud_connection {
namespace {

// A confirmation at the connector is some calls to the tenant.
constexpr Duration kCallDeadline = seconds{60};
// Within the ledger's lease, with time to settle.
constexpr Duration kReportDeadline = seconds{40};
constexpr Duration kLookAgain = seconds{5};

http::OutboundRequest request_to(const std::string& url, const std::string& credential, const std::string& method,
                                 std::string body) {
  http::OutboundRequest request{.method = method, .url = url, .headers = {}, .body = std::move(body)};
  request.headers.set("Authorization", "Bearer " + credential);
  request.headers.set("Accept", "application/json");
  if (!request.body.empty()) request.headers.set("Content-Type", "application/json");
  return request;
}

struct Loaded {
  Connection connection;
  SealedParts parts;
};
Result<Loaded> load(const World& world, ConnectionId id) {
  return world.store.read([&](store::Transaction& tx) -> Result<Loaded> {
    auto connection = find(tx, id);
    if (!connection) return not_found("no_connection", "no connection has the id `" + std::to_string(id.value) + "`");
    Loaded loaded{.connection = std::move(*connection)};
    loaded.parts = TRY(open_sealed(tx, id, world.sealer));
    return loaded;
  });
}

// Writes what the connector told, unless a person changed the connection meanwhile.
Result<Connection> keep(const World& world, const Connection& seen, const relay::Attachment& attachment, State state,
                        const std::optional<audit::Actor>& by, Time now) {
  return world.store.write([&](store::Transaction& tx) -> Result<Connection> {
    auto current = lock_connection(tx, seen.id);
    if (!current || current->revision != seen.revision) {
      return conflict("changed_meanwhile", "the connection was changed meanwhile; look again");
    }
    std::string consent_url = current->attachment.consent_url;
    if (!attachment.ticket.empty()) save_ticket(tx, seen.id, attachment.ticket, world.sealer, world.entropy);
    if (by && (current->state != state || current->attachment.progress != attachment.progress)) {
      audit_connection(tx, *current, "update",
                       {{"progress", json::Object{{"old", relay::name_of(current->attachment.progress)},
                                                  {"new", relay::name_of(attachment.progress)}}}},
                       *by, now);
    }
    current->attachment = attachment;
    current->attachment.ticket.clear();
    // The connector tells the address once: afterwards it is not known there any more.
    if (attachment.progress == relay::Progress::consent && attachment.consent_url.empty())
      current->attachment.consent_url = consent_url;
    current->state = state;
    current->last_contact = now;
    current->next_run_at = now;
    current->error_reason = attachment.error_reason;
    current->error_message = attachment.error_message;
    save_progress(tx, *current);
    return std::move(*current);
  });
}

}  // namespace

relay::Wishes wishes_of(const Settings& settings) {
  return {settings.enrollment_url, settings.remediation_url, settings.group_ids};
}

Failure failure_from(const http::Response& response) {
  Failure failure{.code = Code::internal,
                  .reason = "bad_answer",
                  .message = "the connector answered " + std::to_string(response.status)};
  auto value = json::parse(response.body);
  const json::Object* body = value.ok() ? value->if_object() : nullptr;
  if (const json::Object* error = body ? json::object_at(*body, "error") : nullptr) {
    failure.reason = json::text_at(*error, "reason").value_or("bad_answer");
    failure.message = json::text_at(*error, "message").value_or(failure.message);
    failure.where = json::text_at(*error, "field").value_or("");
  }
  switch (response.status) {
    case 400:
      failure.code = Code::invalid_argument;
      break;
    case 401:
      failure.code = Code::unauthenticated;
      break;
    case 403:
      failure.code = Code::forbidden;
      break;
    case 404:
      failure.code = Code::not_found;
      break;
    case 409:
      failure.code = Code::conflict;
      break;
    case 429:
      failure.code = Code::rate_limited;
      break;
    case 503:
    case 504:
      failure.code = Code::unavailable;
      break;
    default:
      break;
  }
  return failure;
}

Result<ConnectorClient::Answer> ConnectorClient::call(const std::string& method, const std::string& path,
                                                      const json::Object* body) {
  http::Response response = TRY(
      transport_.send(request_to(url_ + path, credential_, method, body ? json::to_text(*body) : ""), kCallDeadline));
  if (response.status < 200 || response.status > 299) return failure_from(response);
  Answer answer{.status = response.status};
  if (response.body.empty()) return answer;
  json::Value value = TRY(json::parse(response.body));
  if (!value.is_object()) return failure_from(response);
  answer.body = std::move(value.as_object());
  return answer;
}

Result<Connection> connect(const World& world, ConnectionId id, const audit::Actor& by, Time now) {
  Loaded loaded = TRY(load(world, id));
  const Settings& settings = loaded.connection.settings;
  if (loaded.connection.state == State::active || loaded.connection.state == State::terminating) {
    return conflict("still_connected", "`" + settings.name + "` is connected already");
  }
  ConnectorClient connector(world.transport, settings.connector_url, loaded.parts.credential);
  json::Object body = relay::to_json(wishes_of(settings));
  body["cloud"] = settings.cloud;
  body["tenant"] = settings.tenant;
  ConnectorClient::Answer answer = TRY(connector.call("POST", "/api/v1/attachments", &body));
  return keep(world, loaded.connection, TRY(relay::attachment_from_json(answer.body)), State::connecting, by, now);
}

Result<Connection> refresh(const World& world, ConnectionId id, Time now) {
  Loaded loaded = TRY(load(world, id));
  if (loaded.connection.attachment.id.empty()) return std::move(loaded.connection);
  ConnectorClient connector(world.transport, loaded.connection.settings.connector_url, loaded.parts.credential);
  ConnectorClient::Answer answer =
      TRY(connector.call("GET", "/api/v1/attachments/" + text::percent_encode(loaded.connection.attachment.id)));
  return keep(world, loaded.connection, TRY(relay::attachment_from_json(answer.body)), loaded.connection.state, {},
              now);
}

Result<Confirmation> confirm(const World& world, ConnectionId id, const audit::Actor& by, Time now) {
  Loaded loaded = TRY(load(world, id));
  const Connection& seen = loaded.connection;
  if (seen.attachment.id.empty()) return conflict("not_connected", "choose Connect first");
  ConnectorClient connector(world.transport, seen.settings.connector_url, loaded.parts.credential);
  ConnectorClient::Answer answer =
      TRY(connector.call("POST", "/api/v1/attachments/" + text::percent_encode(seen.attachment.id) + "/confirm"));
  Confirmation confirmation;
  confirmation.works = TRY(json::required_bool(answer.body, "works"));
  if (const json::Array* steps = json::array_at(answer.body, "steps")) {
    for (const json::Value& step : *steps) {
      confirmation.steps.push_back(TRY(relay::step_from_json(TRY(json::as_object(step, "steps")))));
    }
  }
  const json::Object* attachment = json::object_at(answer.body, "attachment");
  if (!attachment) return Failure{Code::internal, "bad_answer", "the connector confirmed nothing"};
  confirmation.connection = TRY(keep(world, seen, TRY(relay::attachment_from_json(*attachment)),
                                     confirmation.works ? State::active : seen.state, by, now));
  return confirmation;
}

Result<json::Object> routes(const World& world, ConnectionId id, const std::string& after) {
  Loaded loaded = TRY(load(world, id));
  const Connection& seen = loaded.connection;
  ConnectorClient connector(world.transport, seen.settings.connector_url, loaded.parts.credential);
  ConnectorClient::Answer answer = TRY(connector.call(
      "GET", "/api/v1/instance/routes?" + text::to_form({{"tenant", seen.attachment.tenant_id}, {"after", after}})));
  return std::move(answer.body);
}

Result<Link::Road> Link::road(Time now) {
  std::lock_guard lock(mutex_);
  if (!road_ || now >= look_again_at_) {
    Loaded loaded = TRY(load(world_, id_));
    road_ = Road{.url = loaded.connection.settings.connector_url,
                 .credential = loaded.parts.credential,
                 .tenant_id = loaded.connection.attachment.tenant_id};
    look_again_at_ = now + kLookAgain;
  }
  return *road_;
}

void Link::reload() {
  std::lock_guard lock(mutex_);
  look_again_at_ = kEpoch;
}

ledger::Outcome Link::call(const std::string& method, const std::string& query, const std::string& device_id,
                           const std::string& body, Time now) {
  using Kind = ledger::Outcome::Kind;
  Result<Road> road = this->road(now);
  if (!road.ok()) {
    return {.kind = road.failure().code == Code::unavailable ? Kind::unreachable : Kind::credentials,
            .reason = road.failure().reason,
            .message = road.failure().message};
  }
  if (road->tenant_id.empty()) {
    return {.kind = Kind::unreachable, .reason = "not_connected", .message = "choose Connect, then Confirm"};
  }
  std::string url = road->url + "/api/v1/tenants/" + text::percent_encode(road->tenant_id) + "/devices/" +
                    text::percent_encode(device_id) + query;
  Result<http::Response> response =
      world_.transport.send(request_to(url, road->credential, method, body), kReportDeadline);
  if (!response.ok()) {
    return {.kind = Kind::unreachable, .reason = response.failure().reason, .message = response.failure().message};
  }
  auto value = json::parse(response->body);
  if (value.ok() && value->is_object()) {
    if (auto outcome = relay::outcome_from_json(value->get_object()); outcome.ok()) return std::move(*outcome);
  }
  // Not a word about the report: somebody else answered, or the connector refused to listen.
  Failure failure = failure_from(*response);
  ledger::Outcome outcome{
      .after = http::retry_after(*response, now), .reason = failure.reason, .message = failure.message};
  outcome.kind = response->status == 401                              ? Kind::credentials
                 : response->status == 403                            ? Kind::permission
                 : response->status == 429 || response->status == 503 ? Kind::unreachable
                 : response->status == 400                            ? Kind::permanent
                                                                      : Kind::retry_later;
  return outcome;
}

ledger::Outcome Link::deliver(const ledger::Parcel& parcel, Time now) {
  auto held = world_.store.read([&](store::Transaction& tx) -> Result<bool> {
    auto delivery = ledger::find(tx, id_, parcel.subject);
    return delivery && static_cast<bool>(delivery->acknowledged);
  });
  relay::ReportMessage message{.version = parcel.version, .held = held.ok() && *held, .report = parcel.report};
  return call("PUT", "", parcel.report.device_id, json::to_text(relay::to_json(message)), now);
}

ledger::Outcome Link::confirm(const ledger::Parcel& parcel, Time now) {
  std::string query =
      "?epoch=" + std::to_string(parcel.version.epoch) + "&sequence=" + std::to_string(parcel.version.sequence);
  return call("GET", query, parcel.report.device_id, "", now);
}

}  // namespace wardbridge::cloud_connection
