// What the vendor keeps in its console: Self Service categories, policies and Mac Apps, whom they are for, their log.
//
// JAMF: the payload *Register computers with Azure Active Directory* has no element in the Classic API, so that a
// policy copied over it loses the payload; these routes are ours and have it.
#include "management/jamf_api/routes.h"
#include "management/jamf_api/self_service_wire.h"

namespace wardbridge::jamf_api {
namespace {

using self_service::Category;
using self_service::CategoryId;
using self_service::Item;
using self_service::ItemId;
using self_service::ItemKind;
using self_service::PolicyRun;

const std::string kBase = "/api/v1/wardbridge/self-service";

json::Object item_json(const Item& item) {
  const self_service::Presentation& shown = item.presentation;
  json::Array groups;
  for (groups::GroupId group : item.scope.groups) groups.emplace_back(std::to_string(group.value));
  json::Object body{
      {"id", std::to_string(item.id.value)},
      {"name", item.name},
      {"enabled", item.enabled},
      {"scope", json::Object{{"allComputers", item.scope.all_computers}, {"groupIds", std::move(groups)}}},
      {"selfService",
       json::Object{{"enabled", shown.enabled},
                    {"displayName", shown.display_name},
                    {"description", shown.description},
                    {"forceUsersToViewDescription", shown.must_view_description},
                    {"buttonName", shown.button},
                    {"reinstallButtonName", shown.again_button},
                    {"categoryId", shown.category ? json::Value(std::to_string(shown.category.value)) : json::Value()},
                    {"featureOnMainPage", shown.featured}}}};
  if (item.kind == ItemKind::policy) {
    body["frequency"] = wire_name(item.frequency);
    body["registerWithAzureActiveDirectory"] = item.registers_computers;
  } else {
    body["bundleId"] = item.bundle_id;
    body["version"] = item.version;
    body["distributionMethod"] = wire_name(item.distribution);
  }
  return body;
}

Result<std::int64_t> id_text(const std::string& text, const char* field) {
  auto id = text::parse_integer(text);
  if (!id || *id <= 0) {
    return invalid("invalid_id", "`" + text.substr(0, 40) + "` is not a positive whole number", field);
  }
  return *id;
}

Result<self_service::Scope> scope_from(const json::Object& body) {
  self_service::Scope scope;
  const json::Object* object = json::object_at(body, "scope");
  if (!object) return scope;
  scope.all_computers = TRY(json::optional_bool(*object, "allComputers", false));
  for (const std::string& text : TRY(json::optional_texts(*object, "groupIds"))) {
    scope.groups.push_back({TRY(id_text(text, "groupIds"))});
  }
  return scope;
}

Result<self_service::Presentation> presentation_from(const json::Object& body) {
  self_service::Presentation shown;
  const json::Object* object = json::object_at(body, "selfService");
  if (!object) return shown;
  shown.enabled = TRY(json::optional_bool(*object, "enabled", false));
  shown.display_name = TRY(json::optional_text(*object, "displayName"));
  shown.description = TRY(json::optional_text(*object, "description"));
  shown.must_view_description = TRY(json::optional_bool(*object, "forceUsersToViewDescription", false));
  shown.button = TRY(json::optional_text(*object, "buttonName", shown.button));
  shown.again_button = TRY(json::optional_text(*object, "reinstallButtonName", shown.again_button));
  if (std::string category = TRY(json::optional_text(*object, "categoryId")); !category.empty()) {
    shown.category = {TRY(id_text(category, "categoryId"))};
  }
  shown.featured = TRY(json::optional_bool(*object, "featureOnMainPage", false));
  return shown;
}

// A write is a full replace: what a body does not say takes its first value.
Result<Item> item_from(const http::Request& request, ItemKind kind) {
  json::Value value = TRY(json_body(request));
  const json::Object& body = TRY(json::as_object(value));
  Item item;
  item.kind = kind;
  item.name = TRY(json::required_text(body, "name"));
  item.enabled = TRY(json::optional_bool(body, "enabled", true));
  item.scope = TRY(scope_from(body));
  item.presentation = TRY(presentation_from(body));
  if (kind == ItemKind::policy) {
    std::string frequency = TRY(json::optional_text(body, "frequency", wire_name(item.frequency)));
    auto known = self_service::frequency_from(frequency);
    if (!known) {
      return invalid("bad_enum_value",
                     "`frequency` is `Once per computer` or `Ongoing`, not `" + frequency.substr(0, 80) + "`",
                     "frequency");
    }
    item.frequency = *known;
    item.registers_computers = TRY(json::optional_bool(body, "registerWithAzureActiveDirectory", false));
    return item;
  }
  item.bundle_id = TRY(json::optional_text(body, "bundleId"));
  item.version = TRY(json::optional_text(body, "version"));
  std::string method = TRY(json::optional_text(body, "distributionMethod", wire_name(item.distribution)));
  auto known = self_service::distribution_from(method);
  if (!known) {
    return invalid(
        "bad_enum_value",
        "`distributionMethod` is `Install Automatically` or `Self Service`, not `" + method.substr(0, 80) + "`",
        "distributionMethod");
  }
  item.distribution = *known;
  return item;
}

Result<Item> item_at(store::Transaction& tx, const http::Request& request, ItemKind kind) {
  ItemId id{TRY(path_id(request))};
  auto item = self_service::find(tx, kind, id);
  if (!item) return not_found("no_item", "nothing of that kind has the id " + std::to_string(id.value));
  return *std::move(item);
}

Result<http::Response> list_items(const Dependencies& deps, ItemKind kind) {
  auto results = TRY(deps.store.read([&](store::Transaction& tx) -> Result<json::Array> {
    json::Array found;
    for (const Item& item : self_service::list(tx, kind)) found.push_back(item_json(item));
    return found;
  }));
  return http::json_response(200, json::Object{{"totalCount", results.size()}, {"results", std::move(results)}});
}

Result<http::Response> create_item(const Dependencies& deps, const http::Request& request,
                                   const accounts::Caller& caller, ItemKind kind, const std::string& path) {
  Item item = TRY(item_from(request, kind));
  auto id = TRY(deps.store.write([&](store::Transaction& tx) {
    return self_service::create(tx, item, caller.as_actor(request.peer.address), request.received);
  }));
  return http::json_response(201, href_response(request, path, std::to_string(id.value)));
}

Result<http::Response> get_item(const Dependencies& deps, const http::Request& request, ItemKind kind) {
  auto item = TRY(deps.store.read([&](store::Transaction& tx) { return item_at(tx, request, kind); }));
  return http::json_response(200, item_json(item));
}

Result<http::Response> replace_item(const Dependencies& deps, const http::Request& request,
                                    const accounts::Caller& caller, ItemKind kind) {
  Item wanted = TRY(item_from(request, kind));
  auto body = TRY(deps.store.write([&](store::Transaction& tx) -> Result<json::Object> {
    wanted.id = TRY(item_at(tx, request, kind)).id;
    TRY(self_service::replace(tx, wanted, caller.as_actor(request.peer.address), request.received));
    return item_json(*self_service::find(tx, kind, wanted.id));
  }));
  return http::json_response(200, body);
}

Result<http::Response> delete_item(const Dependencies& deps, const http::Request& request,
                                   const accounts::Caller& caller, ItemKind kind) {
  TRY(deps.store.write([&](store::Transaction& tx) -> Status {
    Item known = TRY(item_at(tx, request, kind));
    return self_service::remove(tx, kind, known.id, caller.as_actor(request.peer.address), request.received);
  }));
  return http::no_content();
}

json::Object run_json(store::Transaction& tx, const PolicyRun& run) {
  auto computer = inventory::load(tx, run.computer, {});
  return {{"id", std::to_string(run.id.value)},
          {"kind", wire_name(run.kind)},
          {"itemId", std::to_string(run.item.value)},
          {"name", run.item_name},
          {"computerId", std::to_string(run.computer.value)},
          {"computerName", computer ? json::Value(computer->name) : json::Value()},
          {"username", run.username},
          {"status", wire_name(run.state)},
          {"reason", run.reason},
          {"message", run.message},
          {"started", to_iso8601(run.started)},
          {"finished", run.finished == kEpoch ? json::Value() : json::Value(to_iso8601(run.finished))}};
}

http::Response runs_response(store::Transaction& tx, const std::vector<PolicyRun>& runs) {
  json::Array results;
  for (const PolicyRun& run : runs) results.push_back(run_json(tx, run));
  return http::json_response(200, json::Object{{"results", std::move(results)}});
}

Result<http::Response> item_log(const Dependencies& deps, const http::Request& request, ItemKind kind) {
  Paging paging = paging_of(request);
  return deps.store.read([&](store::Transaction& tx) -> Result<http::Response> {
    Item item = TRY(item_at(tx, request, kind));
    return runs_response(tx, self_service::runs_of_item(tx, item.id, paging.page_size,
                                                        static_cast<std::int64_t>(paging.page) * paging.page_size));
  });
}

// `?computerId=`: on that computer alone.
Result<http::Response> flush_log(const Dependencies& deps, const http::Request& request,
                                 const accounts::Caller& caller) {
  std::optional<inventory::ComputerId> computer;
  if (auto text = request.query_parameter("computerId")) computer = {TRY(id_text(*text, "computerId"))};
  auto flushed = TRY(deps.store.write([&](store::Transaction& tx) -> Result<std::int64_t> {
    Item item = TRY(item_at(tx, request, ItemKind::policy));
    return self_service::flush(tx, item, computer, caller.as_actor(request.peer.address), request.received);
  }));
  return http::json_response(200, json::Object{{"flushed", flushed}});
}

Result<http::Response> log_of_computer(const Dependencies& deps, const http::Request& request) {
  Paging paging = paging_of(request);
  return deps.store.read([&](store::Transaction& tx) -> Result<http::Response> {
    inventory::Computer computer = TRY(the_computer(tx, request.path_parameter("id")));
    return runs_response(tx, self_service::runs_of_computer(tx, computer.id, paging.page_size,
                                                            static_cast<std::int64_t>(paging.page) * paging.page_size));
  });
}

// What one Mac's Self Service shows, and why it does not show the rest.
Result<http::Response> self_service_of_computer(const Dependencies& deps, const http::Request& request) {
  auto body = TRY(deps.store.read([&](store::Transaction& tx) -> Result<json::Object> {
    inventory::Computer computer = TRY(the_computer(tx, request.path_parameter("id")));
    json::Object shown = self_service_json(deps, tx, computer, request.received);
    json::Array others;
    for (ItemKind kind : {ItemKind::policy, ItemKind::mac_application}) {
      for (const Item& item : self_service::list(tx, kind)) {
        auto standing = self_service::standing(tx, item, computer, request.received);
        if (standing == self_service::Standing::offered) continue;
        others.push_back(json::Object{{"kind", wire_name(kind)},
                                      {"id", std::to_string(item.id.value)},
                                      {"name", item.name},
                                      {"why", self_service::wire_name(standing)}});
      }
    }
    shown["notShown"] = std::move(others);
    return shown;
  }));
  return http::json_response(200, body);
}

json::Object category_json(const Category& category) {
  return {{"id", std::to_string(category.id.value)}, {"name", category.name}};
}

Result<std::string> category_name(const http::Request& request) {
  json::Value value = TRY(json_body(request));
  return json::required_text(TRY(json::as_object(value)), "name");
}

void register_categories(Api& api, const Dependencies& deps) {
  using accounts::Caller;
  using http::Request;
  const std::string path = kBase + "/categories";
  api.add("GET", path, "Read Categories", [deps](const Request&, const Caller&) -> Result<http::Response> {
    auto results = TRY(deps.store.read([](store::Transaction& tx) -> Result<json::Array> {
      json::Array found;
      for (const Category& category : self_service::categories(tx)) found.push_back(category_json(category));
      return found;
    }));
    return http::json_response(200, json::Object{{"totalCount", results.size()}, {"results", std::move(results)}});
  });
  api.add("POST", path, "Create Categories",
          [deps, path](const Request& request, const Caller& caller) -> Result<http::Response> {
            std::string name = TRY(category_name(request));
            auto id = TRY(deps.store.write([&](store::Transaction& tx) {
              return self_service::create_category(tx, name, caller.as_actor(request.peer.address), request.received);
            }));
            return http::json_response(201, href_response(request, path, std::to_string(id.value)));
          });
  api.add("PUT", path + "/{id}", "Update Categories",
          [deps](const Request& request, const Caller& caller) -> Result<http::Response> {
            Category category{.id = {TRY(path_id(request))}};
            category.name = TRY(category_name(request));
            TRY(deps.store.write([&](store::Transaction& tx) {
              return self_service::rename_category(tx, category, caller.as_actor(request.peer.address),
                                                   request.received);
            }));
            return http::json_response(200, category_json(category));
          });
  api.add("DELETE", path + "/{id}", "Delete Categories",
          [deps](const Request& request, const Caller& caller) -> Result<http::Response> {
            CategoryId id{TRY(path_id(request))};
            TRY(deps.store.write([&](store::Transaction& tx) {
              return self_service::remove_category(tx, id, caller.as_actor(request.peer.address), request.received);
            }));
            return http::no_content();
          });
}

json::Object settings_body(store::Transaction& tx) {
  std::string chosen = self_service::settings(tx).native_client_id;
  return {{"microsoftCANativeClientAppId", chosen.empty() ? json::Value() : json::Value(chosen)}};
}

void register_settings(Api& api, const Dependencies& deps) {
  using accounts::Caller;
  using http::Request;
  api.add("GET", kBase + "/settings", "Read Self Service",
          [deps](const Request&, const Caller&) -> Result<http::Response> {
            auto body =
                TRY(deps.store.read([](store::Transaction& tx) -> Result<json::Object> { return settings_body(tx); }));
            return http::json_response(200, body);
          });
  api.add("PUT", kBase + "/settings", "Update Self Service",
          [deps](const Request& request, const Caller& caller) -> Result<http::Response> {
            json::Value value = TRY(json_body(request));
            const json::Object& object = TRY(json::as_object(value));
            self_service::Settings wanted;
            wanted.native_client_id = TRY(json::optional_text(object, "microsoftCANativeClientAppId"));
            auto body = TRY(deps.store.write([&](store::Transaction& tx) -> Result<json::Object> {
              TRY(self_service::change_settings(tx, wanted, caller.as_actor(request.peer.address), request.received));
              return settings_body(tx);
            }));
            return http::json_response(200, body);
          });
}

void register_items(Api& api, const Dependencies& deps, ItemKind kind, const std::string& path,
                    const std::string& noun) {
  using accounts::Caller;
  using http::Request;
  api.add("GET", path, "Read " + noun, [deps, kind](const Request&, const Caller&) { return list_items(deps, kind); });
  api.add("POST", path, "Create " + noun, [deps, kind, path](const Request& request, const Caller& caller) {
    return create_item(deps, request, caller, kind, path);
  });
  api.add("GET", path + "/{id}", "Read " + noun,
          [deps, kind](const Request& request, const Caller&) { return get_item(deps, request, kind); });
  api.add("PUT", path + "/{id}", "Update " + noun, [deps, kind](const Request& request, const Caller& caller) {
    return replace_item(deps, request, caller, kind);
  });
  api.add("DELETE", path + "/{id}", "Delete " + noun, [deps, kind](const Request& request, const Caller& caller) {
    return delete_item(deps, request, caller, kind);
  });
  api.add("GET", path + "/{id}/logs", "Read " + noun,
          [deps, kind](const Request& request, const Caller&) { return item_log(deps, request, kind); });
}

}  // namespace

void register_self_service_routes(Api& api, const Dependencies& deps) {
  using accounts::Caller;
  using http::Request;
  register_settings(api, deps);
  register_categories(api, deps);
  register_items(api, deps, ItemKind::policy, kBase + "/policies", "Policies");
  register_items(api, deps, ItemKind::mac_application, kBase + "/mac-applications", "Mac Applications");
  api.add("DELETE", kBase + "/policies/{id}/logs", "Flush Policy Logs",
          [deps](const Request& request, const Caller& caller) { return flush_log(deps, request, caller); });
  const std::string computer = "/api/v1/wardbridge/computers/{id}";
  api.add_for_all_of({"Read Computers", "Read Policies"}, "GET", computer + "/policy-logs",
                     [deps](const Request& request, const Caller&) { return log_of_computer(deps, request); });
  api.add_for_all_of({"Read Computers", "Read Policies"}, "GET", computer + "/self-service",
                     [deps](const Request& request, const Caller&) { return self_service_of_computer(deps, request); });
}

}  // namespace wardbridge::jamf_api
