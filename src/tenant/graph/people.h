// Finding the objects that paths name. Private to this room.
#pragma once

#include "base/text.h"
#include "tenant/graph/resources.h"
#include "tenant/graph/walk.h"

namespace wardbridge::graph {

// By object id or user principal name.
std::optional<directory::User> find_user(store::Transaction& tx, const directory::TenantId& tenant,
                                         const std::string& id_or_name);
// The user of the path's {id}; in `/me` the person of the token.
Result<directory::User> user_of(store::Transaction& tx, const Call& call);
// ENTRA: addressed by object id, or by `(deviceId='<id>')`.
Result<directory::Device> device_of(store::Transaction& tx, const Call& call);
Result<directory::Group> group_of(store::Transaction& tx, const Call& call);
// ENTRA: addressed by object id, as `appId=<id>`, or as `(appId='<id>')`.
Result<directory::ServicePrincipal> principal_of(store::Transaction& tx, const Call& call);
Result<directory::Application> application_of(store::Transaction& tx, const Call& call);

json::Object principal_json(store::Transaction& tx, const Call& call, const directory::ServicePrincipal& principal);
json::Object application_json(store::Transaction& tx, const Call& call, const directory::Application& application);

// Users, groups, devices and service principals with their types, in the order of `ids`; nothing for what isn't there.
std::vector<MaybeItem> typed_objects(store::Transaction& tx, const Call& call,
                                     const std::vector<directory::ObjectId>& ids);
// The first of them, as $expand shows a relation. ENTRA: at most this many.
inline constexpr std::size_t kExpandedObjects = 20;
json::Array expanded_objects(store::Transaction& tx, const Call& call, std::vector<directory::ObjectId> ids);
MaybeItem typed_object(store::Transaction& tx, const Call& call, const directory::ObjectId& id);

// A collection of objects of several types, in the order of their ids. `ids_after(tx, id, limit)` gives the next ones;
// `count(tx)` says how many; `type` restricts to one type (`microsoft.graph.user`; empty: all).
struct IdSource {
  std::function<std::vector<directory::ObjectId>(store::Transaction&, const directory::ObjectId&, std::size_t)> after;
  std::function<std::int64_t(store::Transaction&)> count;
};
// All ids at hand, in order.
IdSource source_of(std::vector<directory::ObjectId> ids);
Walk walk_typed(const Call& call, const Query& query, IdSource source, const std::string& type = {});

// The rules of such a collection: in its own order only.
extern const CollectionRules kTypedRules;
inline constexpr std::string_view kTypedOptions = "$filter $select $search $top $skiptoken $count";

}  // namespace wardbridge::graph
