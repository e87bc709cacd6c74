#include "cli/partner.h"

#include <cstdio>

#include "base/text.h"
#include "cli/terminal.h"

namespace wardbridge::cli {
namespace {

const std::string kDevicePartners = "/v1.0/deviceManagement/deviceManagementPartners";
const std::string kCompliancePartners = "/v1.0/deviceManagement/complianceManagementPartners";

int refused_by_tenant(const Failure& failure) {
  std::fprintf(stderr, "wardbridge partner: %s\n", on_terminal(failure.message).c_str());
  return failure.code == Code::not_found ? 3 : 1;
}

// What the console calls a state.
std::string state_in_words(const json::Object& partner) {
  std::string state = shown_at(partner, "partnerState");
  if (state == "unknown") return "not set up";
  if (state == "unavailable") return "Pending activation";
  if (state == "enabled") return "Active";
  if (state == "terminated") return "Terminated";
  if (state == "unresponsive") return "Unresponsive: no heartbeat for more than an hour";
  return state;
}

bool is_moment(const std::string& time) { return !time.empty() && !time.starts_with("0001-"); }

Result<std::string> group_id(ApiClient& graph, const std::string& wanted) {
  if (text::is_guid(wanted)) return text::lower(wanted);
  std::string quoted = "'" + text::replace_all(wanted, "'", "''") + "'";
  json::Object found =
      TRY(graph.get("/v1.0/groups?$select=id&$top=2&$filter=" + text::percent_encode("displayName eq " + quoted)));
  const json::Array& groups = array_in(found, "value");
  if (groups.size() == 1 && groups.front().is_object()) return shown_at(groups.front().get_object(), "id");
  if (groups.empty()) return not_found("no_group", "no group of the tenant is called `" + wanted + "`");
  return invalid("ambiguous", "several groups are called `" + wanted + "`: name it by its object id");
}

Status add_targets(ApiClient& graph, const char* type, const std::vector<std::string>& groups, json::Array& targets) {
  for (const std::string& group : groups) {
    std::string id = TRY(group_id(graph, group));
    targets.push_back(json::Object{
        {"target", json::Object{{"@odata.type", std::string("#microsoft.graph.") + type}, {"groupId", id}}}});
  }
  return done();
}

Result<json::Array> targets_of(ApiClient& graph, const PartnerGroups& groups) {
  json::Array targets;
  if (groups.everyone) {
    targets.push_back(
        json::Object{{"target", json::Object{{"@odata.type", "#microsoft.graph.allLicensedUsersAssignmentTarget"}}}});
  }
  TRY(add_targets(graph, "groupAssignmentTarget", groups.include, targets));
  TRY(add_targets(graph, "exclusionGroupAssignmentTarget", groups.exclude, targets));
  return targets;
}

// `include  Sales (id)`; the id alone when the group can't be read.
void print_targets(ApiClient& graph, const json::Array& targets) {
  if (targets.empty()) std::puts("  groups          none: everybody's Macs");
  for (const json::Value& value : targets) {
    if (!value.is_object()) continue;
    const json::Object& target = object_in(value.get_object(), "target");
    std::string type = shown_at(target, "@odata.type"), id = shown_at(target, "groupId");
    std::string who = "all licensed users";
    if (!id.empty()) {
      auto group = graph.get("/v1.0/groups/" + text::percent_encode(id) + "?$select=displayName");
      who = group.ok() ? shown_at(*group, "displayName") + " (" + id + ")" : id;
    }
    std::printf("  %-16s%s\n", type.find("exclusion") == std::string::npos ? "include" : "exclude", who.c_str());
  }
}

void print_priority(const json::Object& partner) {
  if (std::string priority = shown_at(partner, "wardbridgeMacOsPriority"); !priority.empty()) {
    std::printf("  %-16s%s\n", "priority", priority.c_str());
  }
}

Result<json::Object> device_partner(ApiClient& graph) {
  json::Object all = TRY(graph.get(kDevicePartners));
  const json::Array& partners = array_in(all, "value");
  if (partners.empty() || !partners.front().is_object()) {
    return not_found("no_partner", "the tenant has no partner device management");
  }
  return partners.front().get_object();
}

void print_device_partner(ApiClient& graph, const json::Object& partner) {
  std::printf("Partner device management, %s: %s\n", shown_at(partner, "displayName").c_str(),
              state_in_words(partner).c_str());
  std::string application = shown_at(partner, "singleTenantAppId");
  std::printf("  %-16s%s\n", "application", application.empty() ? "none" : application.c_str());
  std::string heartbeat = shown_at(partner, "lastHeartbeatDateTime");
  std::printf("  %-16s%s\n", "last heartbeat", is_moment(heartbeat) ? heartbeat.c_str() : "never");
  print_priority(partner);
  print_targets(graph, array_in(partner, "groupsRequiringPartnerEnrollment"));
  if (std::string removal = shown_at(partner, "whenPartnerDevicesWillBeRemovedDateTime"); is_moment(removal)) {
    std::printf("  %-16s%s\n", "Macs removed on", removal.c_str());
  }
}

std::string path_of(const std::string& collection, const json::Object& partner) {
  return collection + "/" + text::percent_encode(std::string(json::text_at(partner, "id").value_or("")));
}

Result<json::Object> compliance_partner(ApiClient& graph, const std::string& wanted) {
  json::Object all = TRY(graph.get(kCompliancePartners));
  for (const json::Value& value : array_in(all, "value")) {
    const json::Object* partner = value.if_object();
    if (!partner) continue;
    if (json::text_at(*partner, "id") == wanted || json::text_at(*partner, "displayName") == wanted) return *partner;
  }
  return not_found("no_partner", "no compliance partner is called `" + wanted + "`");
}

}  // namespace

int show_device_partner(ApiClient& graph, bool as_json) {
  auto partner = device_partner(graph);
  if (!partner.ok()) return refused_by_tenant(partner.failure());
  if (as_json) {
    std::puts(json::to_pretty_text(*partner).c_str());
  } else {
    print_device_partner(graph, *partner);
  }
  return 0;
}

int save_device_partner(ApiClient& graph, const std::optional<std::string>& application_id,
                        const std::optional<PartnerGroups>& groups, bool as_json) {
  json::Object body;
  if (application_id) body["singleTenantAppId"] = *application_id;
  if (groups) {
    auto targets = targets_of(graph, *groups);
    if (!targets.ok()) return refused_by_tenant(targets.failure());
    body["groupsRequiringPartnerEnrollment"] = std::move(*targets);
  }
  auto partner = device_partner(graph);
  if (!partner.ok()) return refused_by_tenant(partner.failure());
  auto saved = graph.patch(path_of(kDevicePartners, *partner), body);
  if (!saved.ok()) return refused_by_tenant(saved.failure());
  return show_device_partner(graph, as_json);
}

int evaluate_device_partner(ApiClient& graph, const PartnerGroups& groups, bool as_json) {
  auto targets = targets_of(graph, groups);
  if (!targets.ok()) return refused_by_tenant(targets.failure());
  auto partner = device_partner(graph);
  if (!partner.ok()) return refused_by_tenant(partner.failure());
  auto found = graph.post(path_of(kDevicePartners, *partner) + "/wardbridgeEvaluate",
                          {{"groupsRequiringPartnerEnrollment", std::move(*targets)}});
  if (!found.ok()) return refused_by_tenant(found.failure());
  if (as_json) {
    std::puts(json::to_pretty_text(*found).c_str());
  } else {
    std::printf(
        "The partner would answer for %s registered Macs; %s are excluded, %s are nobody's. Nothing was changed.\n",
        shown_at(*found, "partnerDevices").c_str(), shown_at(*found, "excludedDevices").c_str(),
        shown_at(*found, "otherDevices").c_str());
  }
  return 0;
}

int terminate_device_partner(ApiClient& graph) {
  auto partner = device_partner(graph);
  if (!partner.ok()) return refused_by_tenant(partner.failure());
  auto terminated = graph.post(path_of(kDevicePartners, *partner) + "/terminate", {});
  if (!terminated.ok()) return refused_by_tenant(terminated.failure());
  return show_device_partner(graph, false);
}

int list_compliance_partners(ApiClient& graph, bool as_json) {
  auto all = graph.get(kCompliancePartners);
  if (!all.ok()) return refused_by_tenant(all.failure());
  if (as_json) {
    std::puts(json::to_pretty_text(*all).c_str());
    return 0;
  }
  const json::Array& partners = array_in(*all, "value");
  if (partners.empty()) std::puts("no compliance partner was added");
  for (const json::Value& value : partners) {
    if (!value.is_object()) continue;
    const json::Object& partner = value.get_object();
    std::string heartbeat = shown_at(partner, "lastHeartbeatDateTime");
    std::printf("%s (%s): %s\n", shown_at(partner, "displayName").c_str(), shown_at(partner, "id").c_str(),
                state_in_words(partner).c_str());
    std::printf("  %-16s%s\n", "last heartbeat", is_moment(heartbeat) ? heartbeat.c_str() : "never");
    print_priority(partner);
    print_targets(graph, array_in(partner, "macOsEnrollmentAssignments"));
  }
  return 0;
}

int add_compliance_partner(ApiClient& graph, const std::string& application, const std::vector<std::string>& groups,
                           bool as_json) {
  json::Array targets;
  if (Status added = add_targets(graph, "groupAssignmentTarget", groups, targets); !added.ok()) {
    return refused_by_tenant(added.failure());
  }
  json::Object body{{text::is_guid(application) ? "wardbridgeAppId" : "displayName", application},
                    {"macOsEnrollmentAssignments", std::move(targets)}};
  auto added = graph.post(kCompliancePartners, body);
  if (!added.ok()) return refused_by_tenant(added.failure());
  if (as_json) {
    std::puts(json::to_pretty_text(*added).c_str());
  } else {
    std::printf("%s: %s. It becomes Active when the partner's console confirms.\n",
                shown_at(*added, "displayName").c_str(), state_in_words(*added).c_str());
  }
  return 0;
}

int assign_compliance_partner(ApiClient& graph, const std::string& partner, const std::vector<std::string>& groups) {
  auto found = compliance_partner(graph, partner);
  if (!found.ok()) return refused_by_tenant(found.failure());
  json::Array targets;
  if (Status added = add_targets(graph, "groupAssignmentTarget", groups, targets); !added.ok()) {
    return refused_by_tenant(added.failure());
  }
  auto saved = graph.patch(path_of(kCompliancePartners, *found), {{"macOsEnrollmentAssignments", std::move(targets)}});
  if (!saved.ok()) return refused_by_tenant(saved.failure());
  return list_compliance_partners(graph, false);
}

int rank_partner(ApiClient& graph, const std::string& partner, std::optional<int> priority) {
  auto found = partner.empty() ? device_partner(graph) : compliance_partner(graph, partner);
  if (!found.ok()) return refused_by_tenant(found.failure());
  json::Object body{{"wardbridgeMacOsPriority", priority ? json::Value(*priority) : json::Value()}};
  auto saved = graph.patch(path_of(partner.empty() ? kDevicePartners : kCompliancePartners, *found), body);
  if (!saved.ok()) return refused_by_tenant(saved.failure());
  std::string name = shown_at(*found, "displayName");
  if (priority) {
    std::printf("%s is number %d for macOS: it may take Macs over from partners after it.\n", name.c_str(), *priority);
  } else {
    std::printf("%s is in no order any more.\n", name.c_str());
  }
  return 0;
}

int remove_compliance_partner(ApiClient& graph, const std::string& partner) {
  auto found = compliance_partner(graph, partner);
  if (!found.ok()) return refused_by_tenant(found.failure());
  auto removed = graph.delete_at(path_of(kCompliancePartners, *found));
  if (!removed.ok()) return refused_by_tenant(removed.failure());
  std::printf("%s is removed.\n", shown_at(*found, "displayName").c_str());
  return 0;
}

}  // namespace wardbridge::cli
