// The broker's own face: routes, who may call them, and their JSON. docs/reference/cloud-connector.md lists them.
#include <algorithm>

#include "connector/cloud_connector/cloud_connector.h"
#include "platform/http/page.h"
#include "platform/http/status.h"

namespace wardbridge::cloud_connector {
namespace {

constexpr std::size_t kCredentialBytes = 4096;
constexpr int kRoutesOfAPage = 1000;

json::Value time_or_null(Time time) { return time == kEpoch ? json::Value() : json::Value(to_iso8601(time)); }

// The one mapper of this wire.
http::Response error(const Failure& failure) {
  const int status = http::status_of(failure.code);
  http::Response response = http::json_response(
      status, json::Object{{"error", json::Object{{"reason", failure.reason},
                                                  {"message", failure.message},
                                                  {"field", failure.where.empty() ? json::Value()
                                                                                  : json::Value(failure.where)}}}});
  if (status == 401) response.headers.set("WWW-Authenticate", "Bearer");
  if (status == 503) response.headers.set("Retry-After", "5");
  return response;
}

// What the outcome of a report is as a status; the body says it exactly.
http::Response answer(const ledger::Outcome& outcome) {
  using Kind = ledger::Outcome::Kind;
  int status = 200;
  switch (outcome.kind) {
    case Kind::done:
      break;
    case Kind::accepted:
    case Kind::still_processing:
      status = 202;
      break;
    case Kind::superseded:
    case Kind::contended:
      status = 409;
      break;
    case Kind::retry_later:
    case Kind::unreachable:
      status = 503;
      break;
    case Kind::credentials:
    case Kind::permission:
      status = 502;
      break;
    case Kind::permanent:
      status = 422;
      break;
    case Kind::message_lost:
      status = 404;
      break;
  }
  http::Response response = http::json_response(status, relay::to_json(outcome));
  if (outcome.after) {
    auto whole = std::chrono::ceil<seconds>(*outcome.after).count();
    response.headers.set("Retry-After", std::to_string(std::max<std::int64_t>(1, whole)));
  }
  return response;
}

http::Response consent_callback(Broker& broker, const http::Request& request) {
  auto returned = broker.consent_answered(request.query_parameters(), request.received);
  if (!returned.ok()) {
    int status = error(returned.failure()).status;
    return http::page(
        status, {.title = "Consent was not completed",
                 .body = "<p>" + text::escape_markup(returned.failure().message) +
                         "</p><p>Return to the settings of Conditional Access and choose <b>Connect</b> again.</p>"});
  }
  if (!returned->next_url.empty()) return http::redirect(returned->next_url);
  if (returned->awaits_approval) {
    return http::page(
        200,
        {.title = "Waiting for approval",
         .body =
             "<p>This tenant had consented before, for another instance. The operator of the Cloud Connector has to "
             "approve this one; then go on in the settings of Conditional Access.</p>"});
  }
  return http::page(
      200,
      {.title = "Application ID",
       .body =
           "<p>Copy the Application ID into <b>Tenant administration &gt; Connectors and tokens &gt; Partner device "
           "management</b>, save there, then return to the settings and choose <b>Confirm</b>.</p><p><code>" +
           text::escape_markup(returned->application_id) + "</code></p>"});
}

json::Object instance_json(const Instance& instance) {
  json::Object shown{{"id", instance.id.value},
                     {"name", instance.name},
                     {"state", name_of(instance.state)},
                     {"created", to_iso8601(instance.created)},
                     {"lastSeen", time_or_null(instance.last_seen)}};
  if (instance.state != Instance::State::retiring) return shown;
  const Instance::Removal& removal = instance.removal;
  bool is_given_up = removal.next_attempt == kNever;
  shown["removal"] =
      json::Object{{"devicesLeft", removal.devices_left},
                   {"failures", removal.failures},
                   {"nextAttempt", is_given_up ? json::Value() : json::Value(to_iso8601(removal.next_attempt))},
                   {"reason", removal.reason},
                   {"message", removal.message},
                   {"remedy", partner::advice_on(removal.reason).remedy}};
  return shown;
}

json::Object policy_json(const Tenant& tenant) {
  bool is_permitted = std::ranges::count(tenant.roles, kPolicyRole) > 0;
  const char* state = !tenant.policy_error_reason.empty()               ? "failed"
                      : !tenant.policy.assigned_group_ids.empty()       ? "assigned"
                      : !tenant.policy.id.empty()                       ? "created"
                      : is_permitted || tenant.last_heartbeat == kEpoch ? "pending"
                                                                        : "notPermitted";
  return {{"state", state},
          {"id", tenant.policy.id},
          {"assignedGroupIds", json::to_array(tenant.policy.assigned_group_ids)},
          {"errorReason", tenant.policy_error_reason},
          {"errorMessage", tenant.policy_error_message}};
}

json::Object tenant_json(const Tenant& tenant) {
  return {{"id", tenant.id},
          {"cloud", tenant.cloud},
          {"state", name_of(tenant.state)},
          {"permissions", json::to_array(tenant.roles)},
          {"lastHeartbeat", time_or_null(tenant.last_heartbeat)},
          {"resyncTimestamp", time_or_null(tenant.last_resync)},
          {"policy", policy_json(tenant)},
          {"errorReason", tenant.error_reason},
          {"errorMessage", tenant.error_message}};
}

json::Object route_json(const RouteView& view) {
  return {{"tenantId", view.route.tenant_id},
          {"deviceId", view.route.device_id},
          {"instanceId", view.route.instance.value},
          {"instance", view.owner},
          {"since", to_iso8601(view.route.since)},
          {"acknowledged", view.route.acknowledged},
          {"contenders", json::to_array(view.contenders)}};
}

template <class Item, class ToJson>
http::Response list_response(const std::vector<Item>& items, const ToJson& to_json) {
  json::Array results;
  for (const Item& item : items) results.push_back(to_json(item));
  return http::json_response(200, json::Object{{"totalCount", items.size()}, {"results", std::move(results)}});
}

Result<RouteFilter> route_filter(const http::Request& request) {
  RouteFilter filter{.tenant_id = text::lower(request.query_parameter("tenant").value_or("")),
                     .instance = {request.query_parameter("instance").value_or("")},
                     .after = request.query_parameter("after").value_or("")};
  auto limit = text::parse_integer(request.query_parameter("limit").value_or("200"));
  if (!limit || *limit < 1 || *limit > kRoutesOfAPage) {
    return invalid("bad_limit", "`limit` must be between 1 and " + std::to_string(kRoutesOfAPage), "limit");
  }
  filter.limit = static_cast<int>(*limit);
  return filter;
}

// Adds routes whose caller is an instance, or the operator.
class Face {
 public:
  Face(http::Router& router, Broker& broker, std::string operator_token_hash)
      : router_(router), broker_(broker), operator_token_hash_(std::move(operator_token_hash)) {}

  using InstanceRoute = std::function<Result<http::Response>(const http::Request&, const InstanceId&)>;
  void add(const char* method, const std::string& path, InstanceRoute route) {
    router_.add(method, path, [this_broker = &broker_, route = std::move(route)](const http::Request& request) {
      std::string credential = request.bearer_token().value_or("");
      if (credential.size() > kCredentialBytes) credential.clear();
      auto instance = this_broker->authenticate(credential, request.received);
      if (!instance.ok()) return error(instance.failure());
      auto response = route(request, *instance);
      return response.ok() ? std::move(response).value() : error(response.failure());
    });
  }

  using OperatorRoute = std::function<Result<http::Response>(const http::Request&, const audit::Actor&)>;
  void add_for_operator(const char* method, const std::string& path, OperatorRoute route) {
    router_.add(method, path, [hash = operator_token_hash_, route = std::move(route)](const http::Request& request) {
      std::string offered = crypto::hash_token(request.bearer_token().value_or(""));
      if (hash.empty() || !crypto::equal_in_constant_time(offered, hash)) {
        return error({.code = Code::unauthenticated,
                      .reason = "not_the_operator",
                      .message = "this is for the operator of the connector, with the operator's token"});
      }
      auto response =
          route(request, {.kind = audit::Actor::Kind::user, .name = "operator", .address = request.peer.address});
      return response.ok() ? std::move(response).value() : error(response.failure());
    });
  }

 private:
  http::Router& router_;
  Broker& broker_;
  std::string operator_token_hash_;
};

void register_instance_routes(Face& face, Broker& broker) {
  const std::string attachments = "/api/v1/attachments";
  face.add("GET", "/api/v1/instance",
           [&](const http::Request& request, const InstanceId& instance) -> Result<http::Response> {
             return http::json_response(200, relay::to_json(TRY(broker.status(instance, request.received))));
           });
  face.add("POST", attachments,
           [&](const http::Request& request, const InstanceId& instance) -> Result<http::Response> {
             json::Value body = TRY(json::parse(request.body));
             const json::Object& object = TRY(json::as_object(body));
             AttachRequest wanted;
             wanted.cloud = TRY(json::required_text(object, "cloud"));
             wanted.tenant = TRY(json::required_text(object, "tenant"));
             wanted.wishes = TRY(relay::wishes_from_json(object));
             return http::json_response(201, relay::to_json(TRY(broker.attach(instance, wanted, request.received))));
           });
  face.add("POST", attachments + "/reattach",
           [&](const http::Request& request, const InstanceId& instance) -> Result<http::Response> {
             json::Value body = TRY(json::parse(request.body));
             const json::Object& object = TRY(json::as_object(body));
             std::string ticket = TRY(json::required_text(object, "ticket"));
             relay::Wishes wishes = TRY(relay::wishes_from_json(object));
             return http::json_response(
                 200, relay::to_json(TRY(broker.reattach(instance, ticket, wishes, request.received))));
           });
  face.add("GET", attachments + "/{id}",
           [&](const http::Request& request, const InstanceId& instance) -> Result<http::Response> {
             return http::json_response(200,
                                        relay::to_json(TRY(broker.attachment(instance, request.path_parameter("id")))));
           });
  face.add("PUT", attachments + "/{id}",
           [&](const http::Request& request, const InstanceId& instance) -> Result<http::Response> {
             json::Value body = TRY(json::parse(request.body));
             relay::Wishes wishes = TRY(relay::wishes_from_json(TRY(json::as_object(body))));
             return http::json_response(200, relay::to_json(TRY(broker.change_wishes(
                                                 instance, request.path_parameter("id"), wishes, request.received))));
           });
  face.add("POST", attachments + "/{id}/confirm",
           [&](const http::Request& request, const InstanceId& instance) -> Result<http::Response> {
             Confirmation confirmation = TRY(broker.confirm(instance, request.path_parameter("id"), request.received));
             json::Array steps;
             for (const relay::Step& step : confirmation.steps) steps.push_back(relay::to_json(step));
             return http::json_response(200, json::Object{{"works", confirmation.works},
                                                          {"steps", std::move(steps)},
                                                          {"attachment", relay::to_json(confirmation.attachment)}});
           });
  face.add("DELETE", attachments + "/{id}",
           [&](const http::Request& request, const InstanceId& instance) -> Result<http::Response> {
             bool hands_over = request.query_parameter("handOver") == "true";
             bool over =
                 TRY(broker.detach(instance, request.path_parameter("id"),
                                   hands_over ? Broker::Devices::handed_over : Broker::Devices::retracted,
                                   {.kind = audit::Actor::Kind::application, .id = instance.value}, request.received));
             return over ? http::no_content() : http::json_response(202, json::Object{{"terminating", true}});
           });
  const std::string device = "/api/v1/tenants/{tenant}/devices/{device}";
  face.add("PUT", device, [&](const http::Request& request, const InstanceId& instance) -> Result<http::Response> {
    json::Value body = TRY(json::parse(request.body));
    relay::ReportMessage message = TRY(relay::report_message_from_json(TRY(json::as_object(body))));
    if (!text::equal_ignoring_case(message.report.device_id, request.path_parameter("device"))) {
      return invalid("wrong_device", "the report is about another device than the path", "report");
    }
    return answer(broker.deliver(instance, request.path_parameter("tenant"), message, request.received));
  });
  // What became of a report that was accepted.
  face.add("GET", device, [&](const http::Request& request, const InstanceId& instance) -> Result<http::Response> {
    auto epoch = text::parse_integer(request.query_parameter("epoch").value_or(""));
    auto sequence = text::parse_integer(request.query_parameter("sequence").value_or(""));
    if (!epoch || !sequence) return invalid("bad_version", "`epoch` and `sequence` must be numbers", "epoch");
    return answer(broker.confirm_delivery(instance, request.path_parameter("tenant"), request.path_parameter("device"),
                                          {*epoch, *sequence}, request.received));
  });
  face.add("GET", "/api/v1/instance/routes",
           [&](const http::Request& request, const InstanceId& instance) -> Result<http::Response> {
             RouteFilter filter = TRY(route_filter(request));
             filter.instance = instance;
             return list_response(TRY(broker.routes(filter)), route_json);
           });
}

void register_operator_routes(Face& face, Broker& broker) {
  const std::string instances = "/api/v1/instances";
  auto issued = [](int status, const IssuedCredential& credential) {
    http::Response response =
        http::json_response(status, json::Object{{"id", credential.id.value}, {"credential", credential.credential}});
    response.headers.set("Cache-Control", "no-store");
    return response;
  };
  face.add_for_operator("GET", instances, [&](const http::Request&, const audit::Actor&) -> Result<http::Response> {
    return list_response(TRY(broker.instances()), instance_json);
  });
  face.add_for_operator(
      "POST", instances,
      [&broker, issued](const http::Request& request, const audit::Actor& by) -> Result<http::Response> {
        json::Value body = TRY(json::parse(request.body));
        std::string name = TRY(json::required_text(TRY(json::as_object(body)), "name"));
        return issued(201, TRY(broker.register_instance(name, by, request.received)));
      });
  face.add_for_operator(
      "POST", instances + "/{id}/credential",
      [&broker, issued](const http::Request& request, const audit::Actor& by) -> Result<http::Response> {
        return issued(200, TRY(broker.renew_credential({request.path_parameter("id")}, by, request.received)));
      });
  face.add_for_operator("DELETE", instances + "/{id}",
                        [&](const http::Request& request, const audit::Actor& by) -> Result<http::Response> {
                          const InstanceId id{request.path_parameter("id")};
                          if (request.query_parameter("force") == "true") {
                            TRY(broker.force_removal(id, by, request.received));
                            return http::no_content();
                          }
                          TRY(broker.remove_instance(id, by, request.received));
                          return http::json_response(202, json::Object{{"retiring", true}});
                        });
  face.add_for_operator("GET", "/api/v1/tenants",
                        [&](const http::Request&, const audit::Actor&) -> Result<http::Response> {
                          return list_response(TRY(broker.tenants()), tenant_json);
                        });
  face.add_for_operator("GET", "/api/v1/attachments",
                        [&](const http::Request&, const audit::Actor&) -> Result<http::Response> {
                          return list_response(TRY(broker.attachments()), [](const Broker::AttachmentView& view) {
                            json::Object object = relay::to_json(view.attachment);
                            object.erase("ticket");
                            object["instanceId"] = view.instance.value;
                            object["instance"] = view.instance_name;
                            return object;
                          });
                        });
  face.add_for_operator("POST", "/api/v1/attachments/{id}/approve",
                        [&](const http::Request& request, const audit::Actor& by) -> Result<http::Response> {
                          TRY(broker.approve(request.path_parameter("id"), by, request.received));
                          return http::no_content();
                        });
  face.add_for_operator("GET", "/api/v1/routes",
                        [&](const http::Request& request, const audit::Actor&) -> Result<http::Response> {
                          return list_response(TRY(broker.routes(TRY(route_filter(request)))), route_json);
                        });
  face.add_for_operator("PUT", "/api/v1/clouds/{name}/secret",
                        [&](const http::Request& request, const audit::Actor& by) -> Result<http::Response> {
                          json::Value body = TRY(json::parse(request.body));
                          std::string secret = TRY(json::required_text(TRY(json::as_object(body)), "clientSecret"));
                          TRY(broker.set_secret(request.path_parameter("name"), secret, by, request.received));
                          return http::no_content();
                        });
}

}  // namespace

void register_routes(http::Router& router, Broker& broker, const std::string& operator_token_hash) {
  Face face(router, broker, operator_token_hash);
  register_instance_routes(face, broker);
  register_operator_routes(face, broker);
  router.add("GET", "/consent/callback",
             [&broker](const http::Request& request) { return consent_callback(broker, request); });
  router.set_fallback([](const http::Request&, int status, std::string_view message) {
    http::Response response = error({.code = status == 404 ? Code::not_found : Code::invalid_argument,
                                     .reason = status == 404   ? "no_route"
                                               : status == 405 ? "bad_method"
                                                               : "bad_request",
                                     .message = std::string(message)});
    response.status = status;
    return response;
  });
}

}  // namespace wardbridge::cloud_connector
