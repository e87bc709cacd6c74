// conditionalAccessPolicy: what makes a document valid, and what of it the engine judges.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "tenant/policies/policies.h"
#include "tenant/policies/shape.h"

namespace wardbridge::policies {
namespace {

const json::Object kNothing;

const json::Object& child(const json::Object& object, std::string_view key) {
  const json::Object* found = json::object_at(object, key);
  return found ? *found : kNothing;
}

std::vector<std::string> texts(const json::Object& object, std::string_view key) {
  return json::optional_texts(object, key).value_or({});
}

bool contains(const std::vector<std::string>& values, std::string_view value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

// Whether a property restricts or demands anything: clients also send empty lists, empty objects and `none`.
bool says_something(const json::Value& value) {
  if (value.is_null()) return false;
  if (const json::Array* array = value.if_array()) return !array->empty();
  if (const auto* text = value.if_string()) return !text->empty() && *text != "none";
  if (const json::Object* object = value.if_object())
    return std::any_of(object->begin(), object->end(), [](const auto& member) {
      return member.key().find("@odata.") == std::string_view::npos && says_something(member.value());
    });
  return true;
}

bool says_something(const json::Object& object, std::string_view key) {
  const json::Value* value = json::find(object, key);
  return value && says_something(*value);
}

// The parts of a document that both checks and translation look at.
struct Parts {
  explicit Parts(const json::Object& document)
      : conditions(child(document, "conditions")),
        users(child(conditions, "users")),
        applications(child(conditions, "applications")),
        grants(child(document, "grantControls")) {}
  const json::Object& conditions;
  const json::Object& users;
  const json::Object& applications;
  const json::Object& grants;
};

// ENTRA: bundles of applications whose members Microsoft keeps; this tenant doesn't know them.
constexpr std::array<std::string_view, 2> kApplicationBundles{"Office365", "MicrosoftAdminPortals"};

Status check_ids(const json::Object& object, const char* prefix, std::string_view key,
                 std::initializer_list<std::string_view> keywords) {
  const std::string path = prefix + std::string(key);
  for (const std::string& value : texts(object, key)) {
    if (text::is_guid(value) || std::find(keywords.begin(), keywords.end(), value) != keywords.end()) continue;
    return invalid("bad_id", "`" + value + "` in `" + path + "` is neither an id nor a keyword that it takes", path);
  }
  return done();
}

Status check_assignments(const Parts& parts) {
  for (const char* key : {"includeUsers", "excludeUsers"})
    TRY(check_ids(parts.users, "conditions.users.", key, {"All", "None", "GuestsOrExternalUsers"}));
  for (const char* key : {"includeGroups", "excludeGroups", "includeRoles", "excludeRoles"})
    TRY(check_ids(parts.users, "conditions.users.", key, {}));
  for (const char* key : {"includeApplications", "excludeApplications"})
    TRY(check_ids(parts.applications, "conditions.applications.", key,
                  {"All", "None", kApplicationBundles[0], kApplicationBundles[1]}));

  const bool has_users = says_something(parts.users, "includeUsers") || says_something(parts.users, "includeGroups") ||
                         says_something(parts.users, "includeRoles") ||
                         says_something(parts.users, "includeGuestsOrExternalUsers") ||
                         says_something(parts.conditions, "clientApplications");
  if (!has_users)
    return invalid("no_users", "a policy must include users, groups, roles or guests", "conditions.users");
  const bool has_target = says_something(parts.applications, "includeApplications") ||
                          says_something(parts.applications, "includeUserActions") ||
                          says_something(parts.applications, "includeAuthenticationContextClassReferences") ||
                          says_something(parts.applications, "applicationFilter");
  if (!has_target)
    return invalid("no_applications", "a policy must include applications, user actions or authentication contexts",
                   "conditions.applications");
  return done();
}

Status check_controls(const json::Object& document, const Parts& parts) {
  const std::vector<std::string> controls = texts(parts.grants, "builtInControls");
  const bool has_grants = !controls.empty() || says_something(parts.grants, "termsOfUse") ||
                          says_something(parts.grants, "customAuthenticationFactors") ||
                          says_something(parts.grants, "authenticationStrength");
  if (!has_grants && !says_something(document, "sessionControls"))
    return invalid("no_controls", "a policy must have a grant control or a session control", "grantControls");
  if (has_grants && !json::text_at(parts.grants, "operator"))
    return invalid("no_operator", "grant controls need an operator, `AND` or `OR`", "grantControls.operator");
  if (contains(controls, "block") && controls.size() > 1)
    return invalid("block_is_alone", "`block` can't be combined with other controls", "grantControls.builtInControls");
  if (!says_something(parts.applications, "includeUserActions")) return done();
  // ENTRA: a policy on a user action can't only report, and registering a device can't demand a device.
  if (json::text_at(document, "state") == "enabledForReportingButNotEnforced")
    return invalid("not_for_user_actions", "a policy on a user action can't be report-only", "state");
  if (contains(texts(parts.applications, "includeUserActions"), "urn:user:registerdevice") &&
      (controls.size() > 1 || (controls.size() == 1 && controls.front() != "mfa")))
    return invalid("not_for_user_actions",
                   "registering a device can demand multifactor authentication or an authentication strength only",
                   "grantControls.builtInControls");
  return done();
}

// Every address is in `All`, so a location condition of that kind restricts nothing.
bool covers_every_location(const json::Object& locations) {
  return contains(texts(locations, "includeLocations"), "All") && texts(locations, "excludeLocations").empty();
}

// Nothing: there is none. Fails when it can't be judged.
Result<std::optional<access::DeviceFilter>> device_filter(const Parts& parts) {
  const json::Object& devices = child(parts.conditions, "devices");
  if (!says_something(devices, "deviceFilter")) return std::optional<access::DeviceFilter>();
  const json::Object& filter = child(devices, "deviceFilter");
  constexpr const char* kRule = "conditions.devices.deviceFilter.rule";
  const auto mode = json::text_at(filter, "mode");
  const auto rule = json::text_at(filter, "rule");
  if (!mode || !rule) return invalid("bad_device_filter", "a filter for devices needs a `mode` and a `rule`", kRule);
  auto compiled = membership_rules::Rule::compile(*rule, membership_rules::Subject::device_of_sign_in);
  if (!compiled.ok())
    return invalid("bad_device_filter", "the filter for devices: " + compiled.failure().message, kRule);
  using Mode = access::DeviceFilter::Mode;
  return std::optional(access::DeviceFilter{*mode == "exclude" ? Mode::exclude : Mode::include, *std::move(compiled)});
}

std::vector<std::string> unsupported_conditions(const Parts& parts) {
  std::vector<std::string> paths;
  for (const char* key : {"clientApplications", "userRiskLevels", "signInRiskLevels", "servicePrincipalRiskLevels",
                          "insiderRiskLevels", "authenticationFlows"})
    if (says_something(parts.conditions, key)) paths.emplace_back(key);
  if (!device_filter(parts).ok()) paths.emplace_back("devices");
  if (says_something(parts.conditions, "locations") && !covers_every_location(child(parts.conditions, "locations")))
    paths.emplace_back("locations");
  for (const char* key :
       {"includeRoles", "excludeRoles", "includeGuestsOrExternalUsers", "excludeGuestsOrExternalUsers"})
    if (says_something(parts.users, key)) paths.push_back(std::string("users.") + key);
  if (says_something(parts.applications, "applicationFilter")) paths.emplace_back("applications.applicationFilter");
  for (const char* key : {"includeApplications", "excludeApplications"})
    for (std::string_view bundle : kApplicationBundles)
      if (contains(texts(parts.applications, key), bundle))
        paths.push_back("applications." + std::string(key) + "." + std::string(bundle));
  return paths;
}

void translate_grants(const json::Object& grants, access::Policy& policy) {
  policy.grant_operator =
      json::text_at(grants, "operator") == "OR" ? access::GrantOperator::one_of : access::GrantOperator::all_of;
  for (const std::string& name : texts(grants, "builtInControls")) {
    if (const auto control = access::control_from_wire_name(name))
      policy.grant_controls.push_back(*control);
    else
      policy.unsupported_grants.push_back(name);
  }
  for (const char* key : {"termsOfUse", "customAuthenticationFactors", "authenticationStrength"})
    if (says_something(grants, key)) policy.unsupported_grants.emplace_back(key);
}

access::PolicyState state_of(const json::Object& document) {
  const auto state = json::text_at(document, "state");
  if (state == "disabled") return access::PolicyState::disabled;
  if (state == "enabledForReportingButNotEnforced") return access::PolicyState::report_only;
  return access::PolicyState::enabled;
}

}  // namespace

Status validate(const json::Object& document) {
  TRY(check_shape(document));
  if (text::trim(json::text_at(document, "displayName").value_or("")).empty())
    return invalid("missing_property", "a policy must have a `displayName`", "displayName");
  if (!json::text_at(document, "state")) return invalid("missing_property", "a policy must have a `state`", "state");
  if (!json::object_at(document, "conditions"))
    return invalid("missing_property", "a policy must have `conditions`", "conditions");
  const Parts parts(document);
  TRY(check_assignments(parts));
  const auto filter = TRY(device_filter(parts));
  // ENTRA: who registers a device has none yet.
  if (filter && contains(texts(parts.applications, "includeUserActions"), "urn:user:registerdevice"))
    return invalid("not_for_user_actions", "registering a device can't have a filter for devices",
                   "conditions.devices.deviceFilter");
  return check_controls(document, parts);
}

access::Policy to_policy(const std::string& id, const json::Object& document) {
  const Parts parts(document);
  const json::Object& platforms = child(parts.conditions, "platforms");
  access::Policy policy;
  policy.id = id;
  policy.display_name = std::string(json::text_at(document, "displayName").value_or(""));
  policy.state = state_of(document);
  policy.include_users = texts(parts.users, "includeUsers");
  policy.exclude_users = texts(parts.users, "excludeUsers");
  policy.include_groups = texts(parts.users, "includeGroups");
  policy.exclude_groups = texts(parts.users, "excludeGroups");
  policy.include_applications = texts(parts.applications, "includeApplications");
  policy.exclude_applications = texts(parts.applications, "excludeApplications");
  policy.include_user_actions = texts(parts.applications, "includeUserActions");
  policy.client_app_types = texts(parts.conditions, "clientAppTypes");
  policy.include_platforms = texts(platforms, "includePlatforms");
  policy.exclude_platforms = texts(platforms, "excludePlatforms");
  if (auto filter = device_filter(parts); filter.ok()) policy.device_filter = *std::move(filter);
  policy.unsupported_conditions = unsupported_conditions(parts);
  // INVARIANT: law 2: a document that today's rules would refuse may have meant anybody and anything.
  if (!validate(document).ok())
    for (const char* path : {"users.include", "applications.include"}) policy.unsupported_conditions.emplace_back(path);
  translate_grants(parts.grants, policy);
  return policy;
}

json::Object to_graph_json(const StoredPolicy& policy) {
  json::Object shown{{"id", policy.id},
                     {"templateId", nullptr},
                     {"createdDateTime", to_iso8601(policy.created, false)},
                     {"modifiedDateTime", nullptr}};
  if (policy.modified != kEpoch) shown["modifiedDateTime"] = to_iso8601(policy.modified, false);
  for (const auto& member : policy.document) shown[member.key()] = member.value();
  return shown;
}

}  // namespace wardbridge::policies
