// Microsoft Graph's directoryAudit resource.
#include <array>

#include "tenant/graph/resources.h"

namespace wardbridge::graph {
namespace {

struct Filing {
  std::string_view object_type;
  std::string_view category;
  std::string_view service;
};

constexpr std::array<Filing, 6> kFilings{{
    {"User", "UserManagement", "Core Directory"},
    {"Group", "GroupManagement", "Core Directory"},
    {"Device", "Device", "Core Directory"},
    {"Application", "ApplicationManagement", "Core Directory"},
    {"ServicePrincipal", "ApplicationManagement", "Core Directory"},
    {"Policy", "Policy", "Conditional Access"},
}};

Filing filing_of(std::string_view object_type) {
  for (const Filing& filing : kFilings)
    if (filing.object_type == object_type) return filing;
  return {object_type, "DirectoryManagement", "Core Directory"};
}

std::string operation_of(std::string_view activity) {
  const std::string_view verb = activity.substr(0, activity.find(' '));
  if (verb == "Consent" || activity.starts_with("Add member") || activity.starts_with("Add app role")) return "Assign";
  if (verb == "Remove") return "Unassign";
  if (verb == "Create") return "Add";
  return std::string(verb);
}

json::Object initiator(const audit::Actor& actor) {
  json::Object shown{{"user", nullptr}, {"app", nullptr}};
  if (actor.kind == audit::Actor::Kind::user) {
    shown["user"] = json::Object{
        {"id", actor.id}, {"displayName", actor.name}, {"userPrincipalName", actor.name}, {"ipAddress", actor.address}};
  } else {
    const bool is_application = actor.kind == audit::Actor::Kind::application;
    shown["app"] = json::Object{{"appId", is_application ? json::Value(actor.id) : json::Value()},
                                {"displayName", actor.name},
                                {"servicePrincipalId", nullptr},
                                {"servicePrincipalName", nullptr}};
  }
  return shown;
}

// Graph shows old and new values as JSON inside a text.
json::Value value_text(const json::Object& change, std::string_view key) {
  const json::Value* value = json::find(change, key);
  return value ? json::Value(json::to_text(*value)) : json::Value();
}

}  // namespace

json::Object to_json(const audit::StoredEntry& row) {
  const audit::Entry& entry = row.entry;
  const Filing filing = filing_of(entry.object_type);
  json::Array properties;
  for (const auto& property : entry.details) {
    const json::Object* change = property.value().if_object();
    if (!change) continue;
    properties.push_back(json::Object{{"displayName", property.key()},
                                      {"oldValue", value_text(*change, "old")},
                                      {"newValue", value_text(*change, "new")}});
  }
  const json::Object target{
      {"id", entry.object_id},
      {"displayName", entry.object_name},
      {"type", entry.object_type},
      {"userPrincipalName", entry.object_type == "User" ? json::Value(entry.object_name) : json::Value()},
      {"groupType", entry.object_type == "Group" ? json::Value("azureAD") : json::Value()},
      {"modifiedProperties", std::move(properties)}};
  return {{"id", "Directory_" + std::to_string(row.sequence)},
          {"category", filing.category},
          {"correlationId", nullptr},
          {"result", "success"},
          {"resultReason", ""},
          {"activityDisplayName", entry.action},
          {"activityDateTime", to_iso8601(entry.time, false)},
          {"loggedByService", filing.service},
          {"operationType", operation_of(entry.action)},
          {"initiatedBy", initiator(entry.actor)},
          {"targetResources", json::Array{target}},
          {"additionalDetails", json::Array{}}};
}

}  // namespace wardbridge::graph
