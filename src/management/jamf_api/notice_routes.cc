// Mail about a group's members, and what waits to leave the house: routes of ours, since the vendor has none.
#include "management/jamf_api/routes.h"
#include "management/notices/connection_notices.h"
#include "management/notices/notices.h"
#include "management/webhooks/webhooks.h"

namespace wardbridge::jamf_api {
namespace {

json::Object notification_json(const Dependencies& deps, const notices::Notification& notification) {
  json::Object shown{{"enabled", notification.enabled}, {"recipients", json::to_array(notification.recipients)}};
  if (notification.enabled && !deps.mail_configured) {
    shown["wardbridgeWarnings"] = json::Array{
        json::Object{{"reason", "mail_not_configured"},
                     {"message", "no mail server is configured (`management.mail`), so the mails will be parked"}}};
  }
  return shown;
}

Result<groups::GroupId> known_group(store::Transaction& tx, const http::Request& request) {
  groups::GroupId id{TRY(path_id(request))};
  if (!groups::find(tx, id)) {
    return not_found("no_group", "no smart computer group has the id " + std::to_string(id.value));
  }
  return id;
}

Result<http::Response> set_group_notification(const Dependencies& deps, const http::Request& request,
                                              const accounts::Caller& caller) {
  json::Value body = TRY(json_body(request));
  const json::Object& object = TRY(json::as_object(body));
  notices::Notification wanted;
  wanted.enabled = TRY(json::optional_bool(object, "enabled", true));
  wanted.recipients = TRY(json::optional_texts(object, "recipients"));
  TRY(deps.store.write([&](store::Transaction& tx) -> Status {
    groups::GroupId id = TRY(known_group(tx, request));
    return notices::set_notification(tx, id, wanted, caller.as_actor(request.peer.address), request.received);
  }));
  return http::json_response(200, notification_json(deps, wanted));
}

void register_notification_routes(Api& api, const Dependencies& deps) {
  const std::string path = "/api/v1/wardbridge/computer-groups/{id}/notification";
  api.add("GET", path, "Read Smart Computer Groups",
          [deps](const http::Request& request, const accounts::Caller&) -> Result<http::Response> {
            auto found = TRY(deps.store.read([&](store::Transaction& tx) -> Result<notices::Notification> {
              return notices::notification(tx, TRY(known_group(tx, request)));
            }));
            return http::json_response(200, notification_json(deps, found));
          });
  api.add("PUT", path, "Update Smart Computer Groups",
          [deps](const http::Request& request, const accounts::Caller& caller) {
            return set_group_notification(deps, request, caller);
          });
}

// The two kinds of deliveries, in the words of their routes.
struct DeliveryRoutes {
  std::string path;
  std::string kind;
  std::string owner;  // the member and the query parameter that name the webhook or the group
  std::string read_privilege;
  std::string update_privilege;
};

json::Object delivery_json(const DeliveryRoutes& routes, const outbox::Message& message) {
  json::Array added, removed;
  for (const outbox::Change& change : message.changes) (change.added ? added : removed).emplace_back(change.item);
  json::Object shown{{"id", std::to_string(message.id.value)},
                     {routes.owner, std::to_string(message.lane.number)},
                     {"state", message.parked ? "parked" : "waiting"},
                     {"created", to_iso8601(message.created)},
                     {"attempts", message.attempts},
                     {"reason", message.reason},
                     {"message", message.message},
                     {"content", json::parse(message.body).value_or(nullptr)}};
  if (!message.topic.empty()) {
    shown["addedIds"] = std::move(added);
    shown["removedIds"] = std::move(removed);
  }
  if (message.parked) {
    shown["parked"] = to_iso8601(message.parked_at);
  } else {
    shown["givesUp"] = to_iso8601(message.give_up_at);
  }
  return shown;
}

Result<std::int64_t> owner_from(const DeliveryRoutes& routes, std::string_view text) {
  auto number = text::parse_integer(text);
  if (number && *number > 0) return *number;
  return invalid("invalid_id", "`" + routes.owner + "` must be a positive whole number", routes.owner);
}

Result<http::Response> list_deliveries(const Dependencies& deps, const DeliveryRoutes& routes,
                                       const http::Request& request) {
  Paging paging = paging_of(request);
  outbox::Query query{.kind = routes.kind};
  query.offset = paging.page * paging.page_size;
  query.limit = paging.page_size;
  std::string state = request.query_parameter("state").value_or("parked");
  if (state != "parked" && state != "waiting") {
    return invalid("bad_enum_value", "`state` must be `parked` or `waiting`", "state");
  }
  query.parked = state == "parked";
  if (auto owner = request.query_parameter(routes.owner)) query.number = TRY(owner_from(routes, *owner));
  auto page =
      TRY(deps.store.read([&](store::Transaction& tx) -> Result<outbox::Page> { return outbox::list(tx, query); }));
  json::Array results;
  for (const outbox::Message& message : page.messages) results.push_back(delivery_json(routes, message));
  return http::json_response(200, json::Object{{"totalCount", page.total_count}, {"results", std::move(results)}});
}

Result<http::Response> replay_deliveries(const Dependencies& deps, const DeliveryRoutes& routes,
                                         const http::Request& request, const accounts::Caller& caller) {
  json::Value body = TRY(json_body(request));
  const json::Object& object = TRY(json::as_object(body));
  outbox::Lane lane{routes.kind, TRY(owner_from(routes, TRY(json::required_text(object, routes.owner))))};
  auto count = TRY(deps.store.write([&](store::Transaction& tx) -> Result<std::int64_t> {
    return outbox::replay_all(tx, lane, caller.as_actor(request.peer.address), request.received);
  }));
  return http::json_response(200, json::Object{{"count", count}});
}

using DeliveryChange = Status (*)(store::Transaction&, const std::string&, outbox::MessageId, const audit::Actor&,
                                  Time);

Api::Handler change_delivery(const Dependencies& deps, const DeliveryRoutes& routes, DeliveryChange change) {
  return
      [deps, routes, change](const http::Request& request, const accounts::Caller& caller) -> Result<http::Response> {
        auto number = text::parse_integer(request.path_parameter("id"));  // may outgrow the 32 bits of Jamf's ids
        if (!number || *number <= 0) return invalid("invalid_id", "`id` must be a positive whole number", "id");
        TRY(deps.store.write([&](store::Transaction& tx) {
          return change(tx, routes.kind, outbox::MessageId{*number}, caller.as_actor(request.peer.address),
                        request.received);
        }));
        return http::no_content();
      };
}

void register_delivery_routes(Api& api, const Dependencies& deps, const DeliveryRoutes& routes) {
  api.add("GET", routes.path, routes.read_privilege,
          [deps, routes](const http::Request& request, const accounts::Caller&) {
            return list_deliveries(deps, routes, request);
          });
  api.add("POST", routes.path + "/replay", routes.update_privilege,
          [deps, routes](const http::Request& request, const accounts::Caller& caller) {
            return replay_deliveries(deps, routes, request, caller);
          });
  api.add("POST", routes.path + "/{id}/replay", routes.update_privilege, change_delivery(deps, routes, outbox::replay));
  api.add("DELETE", routes.path + "/{id}", routes.update_privilege, change_delivery(deps, routes, outbox::dismiss));
}

// JAMF: the bell. `id` is text here and there; `params` differ by type.
void register_bell_routes(Api& api, const Dependencies& deps) {
  api.add("GET", "/api/v1/notifications", "Read Conditional Access",
          [deps](const http::Request&, const accounts::Caller&) -> Result<http::Response> {
            auto notices = TRY(deps.store.read([](store::Transaction& tx) -> Result<std::vector<notices::Notice>> {
              return notices::standing_notices(tx);
            }));
            json::Array shown;
            for (const notices::Notice& notice : notices) {
              json::Object params = notice.params;
              params["raised"] = to_iso8601(notice.raised);
              shown.push_back(json::Object{{"type", notice.type}, {"id", notice.id}, {"params", std::move(params)}});
            }
            return http::json_response(200, shown);
          });
  api.add("DELETE", "/api/v1/notifications/{type}/{id}", "Dismiss Notifications",
          [deps](const http::Request& request, const accounts::Caller& caller) -> Result<http::Response> {
            TRY(deps.store.write([&](store::Transaction& tx) {
              return notices::dismiss_notice(tx, request.path_parameter("type"), request.path_parameter("id"),
                                             caller.as_actor(request.peer.address), request.received);
            }));
            return http::no_content();
          });
}

}  // namespace

void register_notice_routes(Api& api, const Dependencies& deps) {
  register_bell_routes(api, deps);
  register_notification_routes(api, deps);
  register_delivery_routes(api, deps,
                           {.path = "/api/v1/wardbridge/webhook-deliveries",
                            .kind = webhooks::kLaneKind,
                            .owner = "webhookId",
                            .read_privilege = "Read Webhooks",
                            .update_privilege = "Update Webhooks"});
  register_delivery_routes(api, deps,
                           {.path = "/api/v1/wardbridge/mail-deliveries",
                            .kind = notices::kMailLane,
                            .owner = "groupId",
                            .read_privilege = "Read Smart Computer Groups",
                            .update_privilege = "Update Smart Computer Groups"});
}

}  // namespace wardbridge::jamf_api
