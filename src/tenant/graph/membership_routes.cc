// Which groups an object is in: of users, groups, devices and service principals.
#include <algorithm>

#include "base/limits.h"
#include "tenant/graph/graph_wire.h"
#include "tenant/graph/people.h"

namespace wardbridge::graph {
namespace {

using directory::ObjectId;
using Response = Result<http::Response>;

using Whose = Result<ObjectId> (*)(store::Transaction&, const Call&);
Result<ObjectId> of_user(store::Transaction& tx, const Call& call) { return TRY(user_of(tx, call)).id; }
Result<ObjectId> of_group(store::Transaction& tx, const Call& call) { return TRY(group_of(tx, call)).id; }
Result<ObjectId> of_device(store::Transaction& tx, const Call& call) { return TRY(device_of(tx, call)).id; }
Result<ObjectId> of_principal(store::Transaction& tx, const Call& call) { return TRY(principal_of(tx, call)).id; }

using GroupsOf = std::vector<ObjectId> (*)(store::Transaction&, const directory::TenantId&, const ObjectId&);

template <Whose whose, GroupsOf groups_of>
Response list_groups_of(const Call& call) {
  const Query query = TRY(Query::parse(call.request, directory_object_type(), kTypedRules));
  auto ids = TRY(call.with.store.read([&](store::Transaction& tx) -> Result<std::vector<ObjectId>> {
    const ObjectId member = TRY(whose(tx, call));
    return groups_of(tx, call.caller.tenant, member);
  }));
  const auto type = call.request.path_parameters.find("type");
  const std::string cast = type == call.request.path_parameters.end() ? "" : "microsoft.graph." + type->second;
  return reply_walk(call, query, "directoryObjects", walk_typed(call, query, source_of(std::move(ids)), cast));
}

Response reply_ids(const Call& call, const std::vector<std::string>& ids) {
  return reply(call.request, 200,
               {{"@odata.context", call.context("Collection(Edm.String)")}, {"value", json::to_array(ids)}});
}

// ENTRA: transitive; with `securityEnabledOnly` those groups alone that permissions can be given to.
template <Whose whose>
Response get_member_groups(const Call& call) {
  const json::Object body = TRY(body_of(call));
  const bool security_only = TRY(json::required_bool(body, "securityEnabledOnly"));
  auto ids = TRY(call.with.store.read([&](store::Transaction& tx) -> Result<std::vector<std::string>> {
    const ObjectId member = TRY(whose(tx, call));
    std::vector<std::string> found;
    for (const auto& group : directory::groups_with_ids(
             tx, call.caller.tenant, directory::transitive_groups_of(tx, call.caller.tenant, member)))
      if (!security_only || group.security_enabled) found.push_back(group.id.value);
    return found;
  }));
  return reply_ids(call, ids);
}

template <Whose whose>
Response check_member_groups(const Call& call) {
  const json::Object body = TRY(body_of(call));
  const std::vector<std::string> asked = TRY(json::optional_texts(body, "groupIds"));
  if (asked.empty() || asked.size() > limits::kGraphReferences)
    return invalid("bad_field_value",
                   "`groupIds` is a list of 1 to " + std::to_string(limits::kGraphReferences) + " ids", "groupIds");
  auto ids = TRY(call.with.store.read([&](store::Transaction& tx) -> Result<std::vector<std::string>> {
    const ObjectId member = TRY(whose(tx, call));
    const auto groups = directory::transitive_groups_of(tx, call.caller.tenant, member);
    std::vector<std::string> found;
    for (const std::string& id : asked)
      if (std::find(groups.begin(), groups.end(), ObjectId{text::lower(id)}) != groups.end())
        found.push_back(text::lower(id));
    return found;
  }));
  return reply_ids(call, ids);
}

// The routes of one kind of object below its path.
template <Whose whose>
void add_routes(std::vector<Route>& routes, const AnyOf& read, std::initializer_list<std::string_view> patterns) {
  constexpr auto kMethod = Effect::by_method;
  constexpr auto kBoth = Versions::both;
  const auto* pattern = patterns.begin();
  routes.push_back(
      {"GET", pattern[0], {read}, list_groups_of<whose, directory::groups_of>, kMethod, kBoth, kTypedOptions});
  routes.push_back(
      {"GET", pattern[1], {read}, list_groups_of<whose, directory::groups_of>, kMethod, kBoth, kTypedOptions});
  routes.push_back({"GET",
                    pattern[2],
                    {read},
                    list_groups_of<whose, directory::transitive_groups_of>,
                    kMethod,
                    kBoth,
                    kTypedOptions});
  routes.push_back({"GET",
                    pattern[3],
                    {read},
                    list_groups_of<whose, directory::transitive_groups_of>,
                    kMethod,
                    kBoth,
                    kTypedOptions});
  routes.push_back({"POST", pattern[4], {read}, get_member_groups<whose>, Effect::reads});
  routes.push_back({"POST", pattern[5], {read}, get_member_groups<whose>, Effect::reads});
  routes.push_back({"POST", pattern[6], {read}, check_member_groups<whose>, Effect::reads});
}

#define MEMBERSHIP_PATTERNS(base)                                                                             \
  {                                                                                                           \
    base "/memberOf", base "/memberOf/microsoft.graph.{type}", base "/transitiveMemberOf",                    \
        base "/transitiveMemberOf/microsoft.graph.{type}", base "/getMemberGroups", base "/getMemberObjects", \
        base "/checkMemberGroups"                                                                             \
  }

}  // namespace

const std::vector<Route>& membership_routes() {
  static const auto* const kRoutes = [] {
    const AnyOf me{"User.Read", "User.Read.All", "User.ReadWrite.All", "Directory.Read.All"};
    const AnyOf users{"User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"};
    const AnyOf groups{"Group.Read.All",       "Group.ReadWrite.All",
                       "GroupMember.Read.All", "GroupMember.ReadWrite.All",
                       "Directory.Read.All",   "Directory.ReadWrite.All"};
    const AnyOf devices{"Device.Read.All", "Device.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"};
    const AnyOf applications{"Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All",
                             "Directory.ReadWrite.All"};
    auto* routes = new std::vector<Route>;
    add_routes<of_user>(*routes, me, MEMBERSHIP_PATTERNS("/me"));
    add_routes<of_user>(*routes, users, MEMBERSHIP_PATTERNS("/users/{id}"));
    add_routes<of_group>(*routes, groups, MEMBERSHIP_PATTERNS("/groups/{id}"));
    add_routes<of_device>(*routes, devices, MEMBERSHIP_PATTERNS("/devices/{id}"));
    add_routes<of_principal>(*routes, applications, MEMBERSHIP_PATTERNS("/servicePrincipals/{id}"));
    return routes;
  }();
  return *kRoutes;
}

}  // namespace wardbridge::graph
