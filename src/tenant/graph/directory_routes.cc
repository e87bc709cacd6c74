// The tenant itself: organization, domains, directory roles; and objects whose type nobody knows yet.
#include <algorithm>

#include "base/limits.h"
#include "tenant/directory/roles.h"
#include "tenant/graph/graph_wire.h"
#include "tenant/graph/input.h"
#include "tenant/graph/people.h"

namespace wardbridge::graph {
namespace {

using directory::ObjectId;
using Response = Result<http::Response>;

const CollectionRules kIdOrder{.default_order = "id", .advanced_queries_need_header = true};

// --- The tenant

Response list_organization(const Call& call) {
  return reply_list(call, organization_type(), kDirectoryRules, "organization",
                    [&](store::Transaction& tx, const Query&) -> Result<Items> {
                      Items items;
                      if (auto tenant = directory::find_tenant(tx, call.caller.tenant.value))
                        items.push_back(to_json(*tenant));
                      return items;
                    });
}

Response get_organization(const Call& call) {
  const std::string& id = call.parameter("id");
  return reply_one(call, organization_type(), "organization", id, [&](store::Transaction& tx) -> MaybeItem {
    if (!text::equal_ignoring_case(id, call.caller.tenant.value)) return std::nullopt;
    const auto tenant = directory::find_tenant(tx, call.caller.tenant.value);
    if (!tenant) return std::nullopt;
    return to_json(*tenant);
  });
}

Items domains_of(store::Transaction& tx, const Call& call) {
  Items items;
  if (const auto tenant = directory::find_tenant(tx, call.caller.tenant.value))
    for (std::size_t i = 0; i < tenant->domains.size(); ++i) items.push_back(domain_json(*tenant, i));
  return items;
}

Response list_domains(const Call& call) {
  return reply_list(call, domain_type(), kIdOrder, "domains",
                    [&](store::Transaction& tx, const Query&) -> Result<Items> { return domains_of(tx, call); });
}

Response get_domain(const Call& call) {
  const std::string& id = call.parameter("id");
  return reply_one(call, domain_type(), "domains", id, [&](store::Transaction& tx) -> MaybeItem {
    for (json::Object& domain : domains_of(tx, call))
      if (text::equal_ignoring_case(json::text_at(domain, "id").value_or(""), id)) return std::move(domain);
    return std::nullopt;
  });
}

// --- Directory roles

Result<const directory::DirectoryRole*> role_of(const Call& call) {
  const directory::DirectoryRole* role = nullptr;
  for (const auto& known : directory::directory_roles())
    if (text::equal_ignoring_case(known.template_id, asked_for(call))) role = &known;
  if (!role) return no_resource(asked_for(call));
  return role;
}

Response list_roles(const Call& call) {
  return reply_list(call, directory_role_type(), kDirectoryRules, "directoryRoles",
                    [&](store::Transaction&, const Query&) -> Result<Items> {
                      Items items;
                      for (const auto& role : directory::directory_roles()) items.push_back(to_json(role));
                      return items;
                    });
}

Response get_role(const Call& call) {
  const Query query = TRY(Query::parse_single(call.request, directory_role_type()));
  return call.one("directoryRoles", query.select(to_json(*TRY(role_of(call)))));
}

Response list_role_members(const Call& call) {
  const Query query = TRY(Query::parse(call.request, directory_object_type(), kTypedRules));
  const auto* role = TRY(role_of(call));
  auto ids = TRY(call.with.store.read([&](store::Transaction& tx) -> Result<std::vector<ObjectId>> {
    return directory::role_members(tx, call.caller.tenant, *role);
  }));
  return reply_walk(call, query, "directoryObjects", walk_typed(call, query, source_of(std::move(ids))));
}

Response add_role_member(const Call& call) {
  const auto* role = TRY(role_of(call));
  const ObjectId member = TRY(referred_by_body(call));
  TRY(call.with.store.write([&](store::Transaction& tx) -> Status {
    const Status added =
        directory::assign_role(tx, call.caller.tenant, *role, member, call.caller.actor(call.request), call.now);
    if (!added.ok() && added.failure().code == Code::not_found) return no_resource(member.value);
    return added;
  }));
  return empty_reply(call.request, 204);
}

Response remove_role_member(const Call& call) {
  const auto* role = TRY(role_of(call));
  const ObjectId member{call.parameter("memberId")};
  TRY(call.with.store.write([&](store::Transaction& tx) -> Status {
    const Status removed =
        directory::withdraw_role(tx, call.caller.tenant, *role, member, call.caller.actor(call.request), call.now);
    if (!removed.ok() && removed.failure().code == Code::not_found) return no_resource(member.value);
    return removed;
  }));
  return empty_reply(call.request, 204);
}

// --- Objects of any type

Response get_object(const Call& call) {
  const std::string& id = call.parameter("id");
  return reply_one(call, directory_object_type(), "directoryObjects", id,
                   [&](store::Transaction& tx) { return typed_object(tx, call, ObjectId{id}); });
}

Response get_by_ids(const Call& call) {
  const json::Object body = TRY(body_of(call));
  const std::vector<std::string> asked = TRY(json::optional_texts(body, "ids"));
  const std::vector<std::string> types = TRY(json::optional_texts(body, "types"));
  if (asked.empty() || asked.size() > limits::kGraphIdsPerRequest)
    return invalid("bad_field_value", "`ids` is a list of 1 to " + std::to_string(limits::kGraphIdsPerRequest) + " ids",
                   "ids");
  std::vector<ObjectId> ids;
  for (const std::string& id : asked) {
    if (!text::is_guid(id)) return invalid("bad_guid", "`" + id + "` is not a GUID", "ids");
    ids.push_back({text::lower(id)});
  }
  const auto is_wanted = [&](const json::Object& item) {
    const std::string type(json::text_at(item, "@odata.type").value_or(""));
    return types.empty() || std::any_of(types.begin(), types.end(), [&](const std::string& one) {
             return one == "directoryObject" || "#microsoft.graph." + one == type;
           });
  };
  json::Array items = TRY(call.with.store.read([&](store::Transaction& tx) -> Result<json::Array> {
    json::Array found;
    for (MaybeItem& item : typed_objects(tx, call, ids))
      if (item && is_wanted(*item)) found.push_back(directory_object_type().default_view(*item));
    return found;
  }));
  return reply(call.request, 200, {{"@odata.context", call.context("directoryObjects")}, {"value", std::move(items)}});
}

}  // namespace

const std::vector<Route>& directory_routes() {
  static const auto* const kRoutes = [] {
    const AnyOf organization{"Organization.Read.All", "Organization.ReadWrite.All", "Directory.Read.All",
                             "Directory.ReadWrite.All"};
    const AnyOf domains{"Domain.Read.All", "Domain.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"};
    const AnyOf roles{"RoleManagement.Read.Directory", "RoleManagement.ReadWrite.Directory", "Directory.Read.All",
                      "Directory.ReadWrite.All"};
    const AnyOf write_roles{"RoleManagement.ReadWrite.Directory"};
    const AnyOf objects{"Directory.Read.All", "Directory.ReadWrite.All"};
    constexpr auto kMethod = Effect::by_method;
    constexpr auto kBoth = Versions::both;
    return new std::vector<Route>{
        {"GET", "/organization", {organization}, list_organization, kMethod, kBoth, kListOptions},
        {"GET", "/organization/{id}", {organization}, get_organization, kMethod, kBoth, kObjectOptions},
        {"GET", "/domains", {domains}, list_domains, kMethod, kBoth, kListOptions},
        {"GET", "/domains/{id}", {domains}, get_domain, kMethod, kBoth, kObjectOptions},
        {"GET", "/directoryRoles", {roles}, list_roles, kMethod, kBoth, kListOptions},
        {"GET", "/directoryRoles/{id}", {roles}, get_role, kMethod, kBoth, kObjectOptions},
        {"GET", "/directoryRoles(roleTemplateId='{id}')", {roles}, get_role, kMethod, kBoth, kObjectOptions},
        {"GET", "/directoryRoles/{id}/members", {roles}, list_role_members, kMethod, kBoth, kTypedOptions},
        {"POST", "/directoryRoles/{id}/members/$ref", {write_roles}, add_role_member},
        {"DELETE", "/directoryRoles/{id}/members/{memberId}/$ref", {write_roles}, remove_role_member},
        {"GET", "/directoryObjects/{id}", {objects}, get_object, kMethod, kBoth, kObjectOptions},
        {"POST", "/directoryObjects/getByIds", {objects}, get_by_ids, Effect::reads},
    };
  }();
  return *kRoutes;
}

}  // namespace wardbridge::graph
