#include "tenant/graph/people.h"

#include <algorithm>
#include <map>

#include "tenant/directory/consent.h"

namespace wardbridge::graph {

using directory::AppId;
using directory::DeviceId;
using directory::ObjectId;

const CollectionRules kTypedRules{.default_order = "id", .searched = true, .advanced_queries_need_header = true};

std::optional<directory::User> find_user(store::Transaction& tx, const directory::TenantId& tenant,
                                         const std::string& id_or_name) {
  return text::is_guid(id_or_name) ? directory::find_user(tx, tenant, ObjectId{id_or_name})
                                   : directory::find_user_by_name(tx, tenant, id_or_name);
}

Result<directory::User> user_of(store::Transaction& tx, const Call& call) {
  const auto id = call.request.path_parameters.find("id");
  const bool is_me = id == call.request.path_parameters.end();
  if (is_me && call.caller.is_application)
    return invalid("no_user", "/me request is only valid with delegated authentication flow.");
  const std::string& wanted = is_me ? call.caller.subject.value : id->second;
  auto user = find_user(tx, call.caller.tenant, wanted);
  if (!user) return no_resource(wanted);
  return std::move(*user);
}

Result<directory::Device> device_of(store::Transaction& tx, const Call& call) {
  const auto& parameters = call.request.path_parameters;
  const auto by_device_id = parameters.find("deviceId");
  auto device = by_device_id != parameters.end()
                    ? directory::find_device(tx, call.caller.tenant, DeviceId{by_device_id->second})
                    : directory::find_device_by_object_id(tx, call.caller.tenant, ObjectId{call.parameter("id")});
  if (!device) return no_resource(asked_for(call));
  return std::move(*device);
}

Result<directory::Group> group_of(store::Transaction& tx, const Call& call) {
  auto group = directory::find_group(tx, call.caller.tenant, ObjectId{call.parameter("id")});
  if (!group) return no_resource(call.parameter("id"));
  return std::move(*group);
}

Result<directory::ServicePrincipal> principal_of(store::Transaction& tx, const Call& call) {
  const auto& parameters = call.request.path_parameters;
  const auto by_app_id = parameters.find("appId");
  auto principal =
      by_app_id != parameters.end()
          ? directory::find_service_principal(tx, call.caller.tenant, AppId{by_app_id->second})
          : directory::find_service_principal_by_object_id(tx, call.caller.tenant, ObjectId{call.parameter("id")});
  if (!principal) return no_resource(asked_for(call));
  return std::move(*principal);
}

Result<directory::Application> application_of(store::Transaction& tx, const Call& call) {
  const auto& parameters = call.request.path_parameters;
  const auto by_app_id = parameters.find("appId");
  auto application =
      by_app_id != parameters.end()
          ? directory::find_application(tx, call.caller.tenant, AppId{by_app_id->second})
          : directory::find_application_by_object_id(tx, call.caller.tenant, ObjectId{call.parameter("id")});
  if (!application) return no_resource(asked_for(call));
  return std::move(*application);
}

json::Object principal_json(store::Transaction& tx, const Call& call, const directory::ServicePrincipal& principal) {
  auto own = directory::find_application(tx, call.caller.tenant, principal.app_id);
  auto foreign = own ? std::nullopt : directory::find_multitenant_application(tx, principal.app_id);
  if (foreign) return to_json(principal, foreign->home, std::move(foreign->application));
  return to_json(principal, call.caller.tenant, std::move(own));
}

json::Object application_json(store::Transaction& tx, const Call& call, const directory::Application& application) {
  return to_json(application, directory::credentials(tx, call.caller.tenant, application.app_id));
}

std::vector<MaybeItem> typed_objects(store::Transaction& tx, const Call& call, const std::vector<ObjectId>& ids) {
  const directory::TenantId& tenant = call.caller.tenant;
  std::map<std::string, json::Object> found;
  const auto add = [&](const ResourceType& type, const ObjectId& id, json::Object item) {
    found.emplace(id.value, typed(type, std::move(item)));
  };
  for (const auto& user : directory::users_with_ids(tx, tenant, ids)) add(user_type(), user.id, to_json(user));
  for (const auto& device : directory::devices_with_ids(tx, tenant, ids))
    add(device_type(), device.id, to_json(device, call.now));
  for (const auto& group : directory::groups_with_ids(tx, tenant, ids)) add(group_type(), group.id, to_json(group));
  std::vector<MaybeItem> items;
  for (const ObjectId& id : ids) {
    const auto one = found.find(text::lower(id.value));
    if (one != found.end()) {
      items.emplace_back(one->second);
    } else if (const auto principal = directory::find_service_principal_by_object_id(tx, tenant, id)) {
      items.emplace_back(typed(service_principal_type(), principal_json(tx, call, *principal)));
    } else if (const auto application = directory::find_application_by_object_id(tx, tenant, id)) {
      items.emplace_back(typed(application_type(), application_json(tx, call, *application)));
    } else {
      items.emplace_back();
    }
  }
  return items;
}

json::Array expanded_objects(store::Transaction& tx, const Call& call, std::vector<ObjectId> ids) {
  if (ids.size() > kExpandedObjects) ids.resize(kExpandedObjects);
  json::Array shown;
  for (const MaybeItem& item : typed_objects(tx, call, ids))
    if (item) shown.push_back(directory_object_type().default_view(*item));
  return shown;
}

MaybeItem typed_object(store::Transaction& tx, const Call& call, const ObjectId& id) {
  return typed_objects(tx, call, {id}).front();
}

IdSource source_of(std::vector<ObjectId> ids) {
  const auto all = std::make_shared<const std::vector<ObjectId>>(std::move(ids));
  return {.after =
              [all](store::Transaction&, const ObjectId& after, std::size_t limit) {
                const auto from =
                    std::upper_bound(all->begin(), all->end(), after,
                                     [](const ObjectId& a, const ObjectId& b) { return a.value < b.value; });
                const auto left = static_cast<std::size_t>(all->end() - from);
                return std::vector<ObjectId>(from, from + static_cast<std::ptrdiff_t>(std::min(left, limit)));
              },
          .count = [all](store::Transaction&) { return static_cast<std::int64_t>(all->size()); }};
}

Walk walk_typed(const Call& call, const Query& query, IdSource source, const std::string& type) {
  Walk walk;
  walk.is_filtered = !query.filter() && type.empty();
  walk.count = source.count;
  walk.next = [&call, source, type](store::Transaction& tx, const std::optional<directory::Place>& after,
                                    std::size_t limit) -> Result<std::vector<WalkEntry>> {
    const std::vector<ObjectId> ids = source.after(tx, after ? after->id : ObjectId{}, limit);
    std::vector<MaybeItem> items = typed_objects(tx, call, ids);
    std::vector<WalkEntry> entries;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const bool is_shown = items[i] && (type.empty() || json::text_at(*items[i], "@odata.type") == "#" + type);
      entries.push_back({is_shown ? std::move(*items[i]) : json::Object{}, {ids[i].value, ids[i]}, is_shown});
    }
    return entries;
  };
  return walk;
}

}  // namespace wardbridge::graph
