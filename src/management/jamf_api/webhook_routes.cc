// Webhook records, which the vendor has in its Classic API only.
#include "base/text.h"
#include "management/jamf_api/classic_api.h"
#include "management/jamf_api/routes.h"
#include "management/jamf_api/webhook_wire.h"

namespace wardbridge::jamf_api {
namespace {

using webhooks::Webhook;
using webhooks::WebhookId;

enum class By { id, name };

Result<Webhook> webhook_of(store::Transaction& tx, const http::Request& request, By by) {
  std::optional<Webhook> found;
  if (by == By::id) {
    found = webhooks::find(tx, WebhookId{TRY(path_id(request))});
  } else {
    found = webhooks::find_by_name(tx, request.path_parameter("name"));
  }
  if (!found) return not_found("no_webhook", "no webhook has that id or name");
  return *found;
}

std::vector<std::string> warnings_about(const Dependencies& deps, const Webhook& webhook) {
  std::vector<std::string> warnings;
  auto url = http::parse_url(webhook.url);
  if (!url.ok()) return warnings;
  if (deps.outbound.surely_refuses(url->host, url->port)) {
    warnings.push_back("`" + url->host +
                       "` is not allowed by management.outbound.allow, so every delivery will be parked");
  }
  if (url->scheme != "https" && !deps.outbound_plain_http) {
    warnings.push_back("the URL is not https, so every delivery will be parked (see management.outbound.plain_http)");
  }
  return warnings;
}

// What a write answers; the warnings are ours.
http::Response webhook_id_response(int status, const http::Request& request, WebhookId id,
                                   const std::vector<std::string>& warnings) {
  json::Object answer{{"id", id.value}};
  if (!warnings.empty()) answer["wardbridge_warning"] = text::join(warnings, "; ");
  return classic_response(status, request, {"webhook", std::move(answer)});
}

Result<http::Response> create_webhook(const Dependencies& deps, const http::Request& request,
                                      const accounts::Caller& caller) {
  json::Object document = TRY(classic_body(request, "webhook"));
  WebhookChange wanted = TRY(webhook_from(document, {}));
  WebhookId id = TRY(deps.store.write([&](store::Transaction& tx) {
    return webhooks::create(tx, wanted.webhook, wanted.secrets, deps.sealer, deps.entropy,
                            caller.as_actor(request.peer.address), request.received);
  }));
  return webhook_id_response(201, request, id, warnings_about(deps, wanted.webhook));
}

Result<http::Response> update_webhook(const Dependencies& deps, const http::Request& request,
                                      const accounts::Caller& caller, By by) {
  json::Object document = TRY(classic_body(request, "webhook"));
  Webhook updated = TRY(deps.store.write([&](store::Transaction& tx) -> Result<Webhook> {
    WebhookChange wanted = TRY(webhook_from(document, TRY(webhook_of(tx, request, by))));
    TRY(webhooks::replace(tx, wanted.webhook, wanted.secrets, deps.sealer, deps.entropy,
                          caller.as_actor(request.peer.address), request.received));
    return wanted.webhook;
  }));
  return webhook_id_response(201, request, updated.id, warnings_about(deps, updated));
}

Result<http::Response> delete_webhook(const Dependencies& deps, const http::Request& request,
                                      const accounts::Caller& caller, By by) {
  WebhookId id = TRY(deps.store.write([&](store::Transaction& tx) -> Result<WebhookId> {
    WebhookId known = TRY(webhook_of(tx, request, by)).id;
    TRY(webhooks::remove(tx, known, caller.as_actor(request.peer.address), request.received));
    return known;
  }));
  return webhook_id_response(200, request, id, {});
}

}  // namespace

void register_webhook_routes(Api& classic, const Dependencies& deps) {
  const std::string path = "/JSSResource/webhooks";
  classic.add("GET", path, "Read Webhooks",
              [deps](const http::Request& request, const accounts::Caller&) -> Result<http::Response> {
                auto all = TRY(deps.store.read(
                    [](store::Transaction& tx) -> Result<std::vector<Webhook>> { return webhooks::list(tx); }));
                return classic_response(200, request, webhook_list_tree(all));
              });
  // JAMF: a new record is posted to id 0; the server picks the id, whatever the path says.
  classic.add("POST", path + "/id/{id}", "Create Webhooks",
              [deps](const http::Request& request, const accounts::Caller& caller) {
                return create_webhook(deps, request, caller);
              });
  for (By by : {By::id, By::name}) {
    const std::string one = path + (by == By::id ? "/id/{id}" : "/name/{name}");
    classic.add("GET", one, "Read Webhooks",
                [deps, by](const http::Request& request, const accounts::Caller&) -> Result<http::Response> {
                  Webhook webhook =
                      TRY(deps.store.read([&](store::Transaction& tx) { return webhook_of(tx, request, by); }));
                  return classic_response(200, request, webhook_tree(webhook));
                });
    classic.add("PUT", one, "Update Webhooks",
                [deps, by](const http::Request& request, const accounts::Caller& caller) {
                  return update_webhook(deps, request, caller, by);
                });
    classic.add("DELETE", one, "Delete Webhooks",
                [deps, by](const http::Request& request, const accounts::Caller& caller) {
                  return delete_webhook(deps, request, caller, by);
                });
  }
}

}  // namespace wardbridge::jamf_api
