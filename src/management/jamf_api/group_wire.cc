#include "management/jamf_api/group_wire.h"

#include "management/groups/fleet.h"
#include "management/notices/notices.h"
#include "management/self_service/self_service.h"

namespace wardbridge::jamf_api {
namespace {

using groups::ComputerGroup;
using groups::GroupId;
using groups::SmartComputerGroup;
using groups::StaticComputerGroup;

// A member of a criterion, whose failure names the criterion too.
template <class T>
Result<T> placed(Result<T> result, const std::string& where) {
  if (result.ok()) return result;
  Failure failure = result.failure();
  failure.where = where + "." + failure.where;
  return failure;
}

Result<criteria::Criterion> criterion_from(const json::Value& value, std::size_t position, int version) {
  std::string where = "criteria[" + std::to_string(position) + "]";
  const json::Object& object = TRY(json::as_object(value, "`" + where + "`"));
  criteria::Criterion criterion;
  criterion.name = TRY(placed(json::required_text(object, "name"), where));
  criterion.priority = TRY(placed(json::required_integer(object, "priority"), where));
  if (version == 2) {
    // JAMF: in version 2 whatever is not `or` joins as `and` does.
    bool either = text::equal_ignoring_case(json::text_at(object, "andOr").value_or(""), "or");
    criterion.and_or = either ? "or" : "and";
  } else {
    criterion.and_or = text::lower(TRY(placed(json::required_text(object, "andOr"), where)));
  }
  criterion.search_type = TRY(placed(json::required_text(object, "searchType"), where));
  criterion.value = TRY(placed(json::required_text(object, "value"), where));
  criterion.opening_paren = TRY(placed(json::optional_bool(object, "openingParen", false), where));
  criterion.closing_paren = TRY(placed(json::optional_bool(object, "closingParen", false), where));
  return criterion;
}

// Judges computers whose assignment changed, as part of the edit.
void settle_affected(const GroupEdit& edit, const std::vector<groups::ComputerId>& computers) {
  for (groups::ComputerId computer : computers) {
    if (!inventory::hold(edit.tx, computer)) continue;
    edit.deps.pipeline.settle(edit.tx, computer, "static group edited", kEpoch, edit.now);
  }
}

}  // namespace

GroupKind kind_of(const ComputerGroup& group) { return group.smart ? GroupKind::smart : GroupKind::fixed; }

std::string group_privilege(std::string_view verb, GroupKind kind) {
  return std::string(verb) + (kind == GroupKind::smart ? " Smart Computer Groups" : " Static Computer Groups");
}

Status may(const accounts::Caller& caller, std::string_view verb, GroupKind kind) {
  std::string privilege = group_privilege(verb, kind);
  if (caller.may(privilege)) return done();
  return Failure{Code::forbidden, "no_privilege", "the privilege `" + privilege + "` is required"};
}

Status may_some(const accounts::Caller& caller, std::string_view verb) {
  if (caller.may(group_privilege(verb, GroupKind::smart))) return done();
  return may(caller, verb, GroupKind::fixed);
}

Result<ComputerGroup> group_at(store::Transaction& tx, const http::Request& request, GroupKind kind) {
  const std::string& text = request.path_parameter("id");
  auto group = text::is_guid(text) ? groups::find_any_by_platform_id(tx, text)
                                   : groups::find_any(tx, GroupId{TRY(path_id(request))});
  if (!group || kind_of(*group) != kind) {
    const char* noun = kind == GroupKind::smart ? "smart" : "static";
    return not_found("no_group", "no " + std::string(noun) + " computer group has the id " + text);
  }
  return *group;
}

Result<std::vector<criteria::Criterion>> criteria_member(const json::Object& body, int version) {
  std::vector<criteria::Criterion> criteria;
  const json::Value* member = json::find(body, "criteria");
  if (!member) return criteria;
  const json::Array* array = member->if_array();
  if (!array) return invalid("bad_field_type", "`criteria` must be an array", "criteria");
  for (const json::Value& item : *array) criteria.push_back(TRY(criterion_from(item, criteria.size(), version)));
  return criteria;
}

json::Array criteria_json(const std::vector<criteria::Criterion>& criteria) {
  json::Array list;
  for (const criteria::Criterion& criterion : criteria) {
    list.push_back(json::Object{{"name", criterion.name},
                                {"priority", criterion.priority},
                                {"andOr", text::lower(criterion.and_or)},
                                {"searchType", criterion.search_type},
                                {"value", criterion.value},
                                {"openingParen", criterion.opening_paren},
                                {"closingParen", criterion.closing_paren}});
  }
  return list;
}

Result<std::int64_t> site_member(const json::Object& body) {
  std::string site = TRY(json::optional_text(body, "siteId", "-1"));
  auto site_id = text::parse_integer(site);
  if (!site_id) return invalid("invalid_id", "`siteId` must be an id, not `" + site.substr(0, 40) + "`", "siteId");
  return *site_id;
}

json::Object created_json(const http::Request& request, const std::string& path, GroupId id,
                          const std::string& platform_id) {
  bool platform = text::equal_ignoring_case(request.query_parameter("platform").value_or(""), "true");
  return href_response(request, path, platform ? text::lower(platform_id) : std::to_string(id.value));
}

Result<http::Response> in_version(Result<http::Response> result, int version, const http::Request& request) {
  if (result.ok() || result.failure().code != Code::conflict) return result;
  bool dependencies = result.failure().reason == "has_dependencies";
  return error_response(version == 2 ? 400 : 422, dependencies ? "HAS_DEPENDENCIES" : "DUPLICATE_FIELD",
                        dependencies ? "id" : "name", result.failure().message, request);
}

http::Response deprecated_in_may_2026(http::Response response) {
  response.headers.set("Deprecation", "date=\"Thu, 28 May 2026 00:00:00 GMT\"");
  return response;
}

void add_group_route(Api& api, int version, std::string method, std::string pattern, std::string privilege,
                     Api::Handler handler) {
  api.add(std::move(method), std::move(pattern), std::move(privilege),
          [version, handler = std::move(handler)](const http::Request& request,
                                                  const accounts::Caller& caller) -> Result<http::Response> {
            http::Response response = TRY(in_version(handler(request, caller), version, request));
            return version == 2 ? deprecated_in_may_2026(std::move(response)) : std::move(response);
          });
}

namespace {

// As groups will be judged, under the rules of the API for what may be saved.
criteria::Options options_of(const GroupEdit& edit) {
  criteria::Options options = edit.deps.pipeline.book().options();
  options.rules = edit.rules;
  return options;
}

}  // namespace

Result<groups::Saved> create_group(const GroupEdit& edit, const SmartComputerGroup& group) {
  return groups::create(edit.tx, group, edit.now, edit.by, options_of(edit));
}

Result<groups::Saved> replace_group(const GroupEdit& edit, const SmartComputerGroup& group) {
  return groups::replace(edit.tx, group, edit.now, edit.by, options_of(edit));
}

Result<GroupId> create_group(const GroupEdit& edit, const StaticComputerGroup& group) {
  auto assigned = TRY(groups::create(edit.tx, group, edit.now, edit.by));
  settle_affected(edit, assigned.affected);
  return assigned.id;
}

Status replace_group(const GroupEdit& edit, const StaticComputerGroup& group) {
  settle_affected(edit, TRY(groups::replace(edit.tx, group, edit.now, edit.by)).affected);
  return done();
}

Status delete_group(const GroupEdit& edit, const ComputerGroup& group) {
  auto settings = compliance::settings(edit.tx);
  if (settings.enabled && (settings.compliance_group == group.id || settings.applicable_group == group.id)) {
    return conflict("has_dependencies", "`" + group.name + "` decides the device compliance of computers");
  }
  if (auto users = self_service::scoped_to(edit.tx, group.id); !users.empty()) {
    return conflict("has_dependencies", "`" + group.name + "` is the scope of `" + users.front() + "` in Self Service");
  }
  TRY(groups::remove(edit.tx, group.id, edit.now, edit.by));
  notices::forget_group(edit.tx, group.id);
  edit.tx.after_commit([&fleet = edit.deps.pipeline.book().fleet(), id = group.id] { fleet.forget_group(id); });
  return done();
}

}  // namespace wardbridge::jamf_api
