// Groups: read, found, made, changed, deleted; their members; and trying a membership rule.
#include <algorithm>

#include "base/limits.h"
#include "tenant/directory/memberships.h"
#include "tenant/graph/graph_wire.h"
#include "tenant/graph/input.h"
#include "tenant/graph/people.h"

namespace wardbridge::graph {
namespace {

using directory::Group;
using directory::ObjectId;
using Response = Result<http::Response>;

const CollectionRules kGroupRules{
    .expands = {"members", "memberOf", "transitiveMembers"}, .searched = true, .advanced_queries_need_header = true};

void expand_group(store::Transaction& tx, const Call& call, const std::string& relation, json::Object& item) {
  const directory::TenantId& tenant = call.caller.tenant;
  const ObjectId id{std::string(item.at("id").as_string())};
  std::vector<ObjectId> ids = relation == "members"    ? directory::members(tx, tenant, id, {}, kExpandedObjects)
                              : relation == "memberOf" ? directory::groups_of(tx, tenant, id)
                                                       : directory::transitive_members(tx, tenant, id);
  item[relation] = expanded_objects(tx, call, std::move(ids));
}

Result<Walk> walk_groups(const Call& call, const Query& query) {
  return walk_objects(call, directory::ObjectKind::group, query, directory::groups_with_ids,
                      [](const Group& group) { return to_json(group); });
}

Response list_groups(const Call& call) {
  const Query query = TRY(Query::parse(call.request, group_type(), kGroupRules));
  return reply_walk(call, query, "groups", TRY(walk_groups(call, query)),
                    [&](store::Transaction& tx, const std::string& relation, json::Object& item) {
                      expand_group(tx, call, relation, item);
                    });
}

Response count_groups(const Call& call) {
  const Query query = TRY(Query::parse_count(call.request, group_type(), kGroupRules));
  return reply_count(call, query, TRY(walk_groups(call, query)));
}

Response get_group(const Call& call) {
  const Query query = TRY(Query::parse_single(call.request, group_type(), kGroupRules.expands));
  auto item = TRY(call.with.store.read([&](store::Transaction& tx) -> Result<json::Object> {
    const Group group = TRY(group_of(tx, call));
    json::Object shown = query.select(to_json(group));
    if (!query.expanded().empty()) {
      json::Object expanded{{"id", group.id.value}};
      expand_group(tx, call, query.expanded(), expanded);
      shown[query.expanded()] = expanded[query.expanded()];
    }
    return shown;
  }));
  return call.one("groups", std::move(item));
}

// --- Writing

constexpr std::string_view kMembersBind = "members@odata.bind";

const Writers<Group>& group_writers() {
  static const auto* const kWriters = new Writers<Group>{
      {"displayName", writes(&Group::display_name)},
      {"description", writes(&Group::description)},
      {"mailNickname", writes(&Group::mail_nickname)},
      {"membershipRule", writes(&Group::membership_rule)},
      {"mailEnabled",
       [](const json::Value& value, std::string_view name, Group&) -> Status {
         if (!TRY(flag_value(value, name))) return done();
         return invalid("unsupported_group", "groups with mail are not supported: `mailEnabled` must be false",
                        std::string(name));
       }},
      {"securityEnabled", writes(&Group::security_enabled)},
      {"membershipRuleProcessingState", [](const json::Value& value, std::string_view name, Group& group) -> Status {
         const std::string state = TRY(text_value(value, name));
         if (state != "On" && state != "Paused")
           return invalid("bad_field_value", "`membershipRuleProcessingState` is `On` or `Paused`", std::string(name));
         group.rule_is_paused = state == "Paused";
         return done();
       }}};
  return *kWriters;
}

// The `groupTypes` of a body, nothing when it names none: whether the group is dynamic.
Result<std::optional<bool>> wants_dynamic(const json::Object& body) {
  const json::Value* value = json::find(body, "groupTypes");
  if (!value) return std::optional<bool>();
  bool is_dynamic = false;
  for (const std::string& type : TRY(texts_value(*value, "groupTypes"))) {
    if (type != "DynamicMembership")
      return invalid("unsupported_group", "groups of the type `" + type + "` are not supported", "groupTypes");
    is_dynamic = true;
  }
  return std::optional(is_dynamic);
}

Status write_group(const json::Object& body, Group& group) {
  TRY(write_properties(body, group_type(), group_writers(), group, {"groupTypes", kMembersBind}));
  const auto dynamic = TRY(wants_dynamic(body));
  const bool has_rule = !group.membership_rule.empty();
  // ENTRA: taking DynamicMembership away makes the group's members assigned again; they stay.
  if (dynamic && !*dynamic && has_rule) {
    if (json::find(body, "membershipRule"))
      return invalid("bad_field_value", "a group with a membership rule has the group type `DynamicMembership`",
                     "groupTypes");
    group.membership_rule.clear();
  }
  if (dynamic && *dynamic && !has_rule)
    return invalid("missing_field", "a group with dynamic membership needs a `membershipRule`", "membershipRule");
  if (group.membership_rule.empty()) group.rule_is_paused = false;
  if (group.display_name.empty())
    return invalid("missing_field", "the property `displayName` can't be empty", "displayName");
  return done();
}

Result<std::vector<ObjectId>> bound_members(const json::Object& body) {
  std::vector<ObjectId> members;
  const json::Value* bound = json::find(body, kMembersBind);
  if (!bound) return members;
  const json::Array* urls = bound->if_array();
  if (!urls || urls->size() > limits::kGraphReferences)
    return invalid("bad_reference",
                   "`members@odata.bind` is a list of at most " + std::to_string(limits::kGraphReferences) + " URLs",
                   std::string(kMembersBind));
  for (const json::Value& url : *urls) {
    if (!url.is_string())
      return invalid("bad_reference", "`members@odata.bind` is a list of URLs", std::string(kMembersBind));
    members.push_back(TRY(referred(url.get_string())));
  }
  return members;
}

// ENTRA: a reference to nothing is a missing resource, and one that is there already a bad request.
Status add_member(store::Transaction& tx, const Call& call, const ObjectId& group, const ObjectId& member) {
  Status added =
      directory::add_member(tx, call.caller.tenant, group, member, call.caller.actor(call.request), call.now);
  if (added.ok()) return added;
  const std::string& reason = added.failure().reason;
  if (reason == "no_object" || reason == "no_group")
    return no_resource(reason == "no_object" ? member.value : group.value);
  if (reason == "already_exists")
    return invalid("already_exists",
                   "One or more added object references already exist for the following modified properties: "
                   "'members'.",
                   "members");
  return added;
}

Response create_group(const Call& call) {
  const json::Object body = TRY(body_of(call));
  for (const char* name : {"displayName", "mailEnabled", "mailNickname", "securityEnabled"})
    if (!json::find(body, name))
      return invalid("missing_field",
                     "A value is required for property '" + std::string(name) + "' of resource 'Group'.", name);
  Group group{.id = {call.with.entropy.guid()}, .created = call.now};
  TRY(write_group(body, group));
  // A rule alone doesn't say that it is meant.
  if (!group.membership_rule.empty() && !TRY(wants_dynamic(body)).value_or(false))
    return invalid("bad_field_value", "a group with a membership rule has the group type `DynamicMembership`",
                   "groupTypes");
  const std::vector<ObjectId> members = TRY(bound_members(body));
  const auto stored = TRY(call.with.store.write([&](store::Transaction& tx) -> Result<Group> {
    TRY(directory::create_group(tx, call.caller.tenant, group, call.caller.actor(call.request), call.now));
    for (const ObjectId& member : members) TRY(add_member(tx, call, group.id, member));
    return *directory::find_group(tx, call.caller.tenant, group.id);
  }));
  return created(call, "groups", group_type(), to_json(stored));
}

Response update_group(const Call& call) {
  const json::Object body = TRY(body_of(call));
  const std::vector<ObjectId> members = TRY(bound_members(body));
  TRY(call.with.store.write([&](store::Transaction& tx) -> Status {
    Group group = TRY(group_of(tx, call));
    TRY(write_group(body, group));
    TRY(directory::update_group(tx, call.caller.tenant, group, call.caller.actor(call.request), call.now));
    for (const ObjectId& member : members) TRY(add_member(tx, call, group.id, member));
    return done();
  }));
  return empty_reply(call.request, 204);
}

Response delete_group(const Call& call) {
  TRY(call.with.store.write([&](store::Transaction& tx) -> Status {
    const Group group = TRY(group_of(tx, call));
    return directory::delete_group(tx, call.caller.tenant, group.id, call.caller.actor(call.request), call.now);
  }));
  return empty_reply(call.request, 204);
}

// --- Members

std::string cast_of(const Call& call) {
  const auto type = call.request.path_parameters.find("type");
  return type == call.request.path_parameters.end() ? "" : "microsoft.graph." + type->second;
}

IdSource member_source(const Call& call, const ObjectId& group) {
  const directory::TenantId tenant = call.caller.tenant;
  return {.after = [tenant, group](store::Transaction& tx, const ObjectId& after,
                                   std::size_t limit) { return directory::members(tx, tenant, group, after, limit); },
          .count = [tenant, group](store::Transaction& tx) { return directory::count_members(tx, tenant, group); }};
}

Response list_members(const Call& call) {
  const Query query = TRY(Query::parse(call.request, directory_object_type(), kTypedRules));
  const Group group =
      TRY(call.with.store.read([&](store::Transaction& tx) -> Result<Group> { return group_of(tx, call); }));
  return reply_walk(call, query, "directoryObjects",
                    walk_typed(call, query, member_source(call, group.id), cast_of(call)));
}

Response count_members(const Call& call) {
  const Query query = TRY(Query::parse_count(call.request, directory_object_type(), kTypedRules));
  const Group group =
      TRY(call.with.store.read([&](store::Transaction& tx) -> Result<Group> { return group_of(tx, call); }));
  return reply_count(call, query, walk_typed(call, query, member_source(call, group.id)));
}

Response list_transitive_members(const Call& call) {
  const Query query = TRY(Query::parse(call.request, directory_object_type(), kTypedRules));
  auto ids = TRY(call.with.store.read([&](store::Transaction& tx) -> Result<std::vector<ObjectId>> {
    const Group group = TRY(group_of(tx, call));
    return directory::transitive_members(tx, call.caller.tenant, group.id);
  }));
  return reply_walk(call, query, "directoryObjects", walk_typed(call, query, source_of(std::move(ids)), cast_of(call)));
}

Response add_member_reference(const Call& call) {
  const ObjectId member = TRY(referred_by_body(call));
  TRY(call.with.store.write([&](store::Transaction& tx) -> Status {
    const Group group = TRY(group_of(tx, call));
    return add_member(tx, call, group.id, member);
  }));
  return empty_reply(call.request, 204);
}

Response remove_member_reference(const Call& call) {
  const ObjectId member{call.parameter("memberId")};
  TRY(call.with.store.write([&](store::Transaction& tx) -> Status {
    const Group group = TRY(group_of(tx, call));
    const Status removed =
        directory::remove_member(tx, call.caller.tenant, group.id, member, call.caller.actor(call.request), call.now);
    if (!removed.ok() && removed.failure().code == Code::not_found) return no_resource(member.value);
    return removed;
  }));
  return empty_reply(call.request, 204);
}

// --- Rules

json::Object details_json(const membership_rules::Explanation& told) {
  json::Array parts;
  for (const auto& part : told.parts) parts.push_back(details_json(part));
  json::Value property;
  if (!told.property.empty())
    property = json::Object{{"propertyName", told.property},
                            {"propertyValue", told.value.empty() ? json::Value() : json::Value(told.value)}};
  return {{"expression", told.expression},
          {"expressionResult", told.result},
          {"propertyToEvaluate", std::move(property)},
          {"expressionEvaluationDetails", std::move(parts)}};
}

Response evaluate(const Call& call, const json::Object& body, const std::string& rule) {
  const ObjectId member{TRY(json::required_text(body, "memberId"))};
  auto evaluated = call.with.store.read(
      [&](store::Transaction& tx) { return directory::evaluate_rule(tx, call.caller.tenant, rule, member, call.now); });
  if (!evaluated.ok() && evaluated.failure().reason == "no_object") return no_resource(member.value);
  const directory::RuleEvaluation evaluation = TRY(std::move(evaluated));
  return reply(call.request, 200,
               {{"@odata.context", call.context("microsoft.graph.evaluateDynamicMembershipResult")},
                {"membershipRule", rule},
                {"membershipRuleEvaluationResult", evaluation.is_member},
                {"membershipRuleEvaluationDetails", details_json(evaluation.explanation)}});
}

Response evaluate_rule(const Call& call) {
  const json::Object body = TRY(body_of(call));
  return evaluate(call, body, TRY(json::required_text(body, "membershipRule")));
}

Response evaluate_group(const Call& call) {
  const json::Object body = TRY(body_of(call));
  const Group group =
      TRY(call.with.store.read([&](store::Transaction& tx) -> Result<Group> { return group_of(tx, call); }));
  if (group.membership_rule.empty())
    return invalid("no_rule", "`" + group.display_name + "` is not a group with dynamic membership");
  return evaluate(call, body, group.membership_rule);
}

}  // namespace

const std::vector<Route>& group_routes() {
  static const auto* const kRoutes = [] {
    const AnyOf read{"Group.Read.All",       "Group.ReadWrite.All",
                     "GroupMember.Read.All", "GroupMember.ReadWrite.All",
                     "Directory.Read.All",   "Directory.ReadWrite.All"};
    const AnyOf write{"Group.ReadWrite.All", "Directory.ReadWrite.All"};
    const AnyOf create{"Group.Create", "Group.ReadWrite.All", "Directory.ReadWrite.All"};
    const AnyOf members{"GroupMember.ReadWrite.All", "Group.ReadWrite.All", "Directory.ReadWrite.All"};
    constexpr auto kMethod = Effect::by_method;
    constexpr auto kBoth = Versions::both;
    return new std::vector<Route>{
        {"GET",
         "/groups",
         {read},
         list_groups,
         kMethod,
         kBoth,
         "$filter $search $select $expand $orderby $top $skiptoken $count"},
        {"POST", "/groups", {create}, create_group},
        {"GET", "/groups/$count", {read}, count_groups, kMethod, kBoth, "$filter $search"},
        {"GET", "/groups/{id}", {read}, get_group, kMethod, kBoth, "$select $expand"},
        {"PATCH", "/groups/{id}", {write}, update_group},
        {"DELETE", "/groups/{id}", {write}, delete_group},
        {"GET", "/groups/{id}/members", {read}, list_members, kMethod, kBoth, kTypedOptions},
        {"GET", "/groups/{id}/members/$count", {read}, count_members, kMethod, kBoth, "$filter $search"},
        {"GET", "/groups/{id}/members/microsoft.graph.{type}", {read}, list_members, kMethod, kBoth, kTypedOptions},
        {"POST", "/groups/{id}/members/$ref", {members}, add_member_reference},
        {"DELETE", "/groups/{id}/members/{memberId}/$ref", {members}, remove_member_reference},
        {"GET", "/groups/{id}/transitiveMembers", {read}, list_transitive_members, kMethod, kBoth, kTypedOptions},
        {"GET",
         "/groups/{id}/transitiveMembers/microsoft.graph.{type}",
         {read},
         list_transitive_members,
         kMethod,
         kBoth,
         kTypedOptions},
        {"POST", "/groups/evaluateDynamicMembership", {read}, evaluate_rule, Effect::reads, Versions::beta},
        {"POST", "/groups/{id}/evaluateDynamicMembership", {read}, evaluate_group, Effect::reads, Versions::beta},
    };
  }();
  return *kRoutes;
}

}  // namespace wardbridge::graph
