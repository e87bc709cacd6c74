// Intune's partners and the Macs that they manage.
#include "base/text.h"
#include "tenant/graph/graph_wire.h"
#include "tenant/graph/read.h"
#include "tenant/graph/routes.h"
#include "tenant/intune/intune.h"

namespace wardbridge::graph {
namespace {

using enum PropertyType;
using Response = Result<http::Response>;

constexpr std::string_view kDevicePartners = "deviceManagement/deviceManagementPartners";
constexpr std::string_view kCompliancePartners = "deviceManagement/complianceManagementPartners";
constexpr std::string_view kManagedDevices = "deviceManagement/managedDevices";
constexpr CollectionRules kIntuneRules{};
constexpr CollectionRules kManagedDeviceRules{.default_order = "deviceName"};

// Until when a terminated partner's verdicts may still be believed: the longest that the intake grants.
constexpr Duration kLongestVerdict = intune::Options{}.validity;

const ResourceType& device_partner_type() {
  static const auto* const kType = new ResourceType{"microsoft.graph.deviceManagementPartner",
                                                    {{"id"},
                                                     {"displayName"},
                                                     {"groupsRequiringPartnerEnrollment", collection},
                                                     {"isConfigured", flag},
                                                     {"lastHeartbeatDateTime", date},
                                                     {"partnerAppType"},
                                                     {"partnerState"},
                                                     {"singleTenantAppId"},
                                                     {"wardbridgeMacOsPriority", integer},
                                                     {"whenPartnerDevicesWillBeMarkedAsNonCompliantDateTime", date},
                                                     {"whenPartnerDevicesWillBeRemovedDateTime", date}}};
  return *kType;
}

const ResourceType& compliance_partner_type() {
  static const auto* const kType = new ResourceType{"microsoft.graph.complianceManagementPartner",
                                                    {{"id"},
                                                     {"androidEnrollmentAssignments", collection},
                                                     {"androidOnboarded", flag},
                                                     {"displayName"},
                                                     {"iosEnrollmentAssignments", collection},
                                                     {"iosOnboarded", flag},
                                                     {"lastHeartbeatDateTime", date},
                                                     {"macOsEnrollmentAssignments", collection},
                                                     {"macOsOnboarded", flag},
                                                     {"partnerState"},
                                                     {"wardbridgeAndroidPriority", integer},
                                                     {"wardbridgeAppId"},
                                                     {"wardbridgeIosPriority", integer},
                                                     {"wardbridgeMacOsPriority", integer}}};
  return *kType;
}

const ResourceType& managed_device_type() {
  static const auto* const kType = new ResourceType{"microsoft.graph.managedDevice",
                                                    {{"id"},
                                                     {"azureADDeviceId"},
                                                     {"complianceState"},
                                                     {"deviceName"},
                                                     {"enrolledDateTime", date},
                                                     {"lastSyncDateTime", date},
                                                     {"managementAgent"},
                                                     {"model"},
                                                     {"operatingSystem"},
                                                     {"osVersion"},
                                                     {"serialNumber"},
                                                     {"userId"},
                                                     {"userPrincipalName"}}};
  return *kType;
}

// ENTRA: Intune writes the beginning of time where there is no time and the type allows no null.
json::Value moment(Time time) { return time == kEpoch ? "0001-01-01T00:00:00Z" : json::Value(to_iso8601(time, false)); }

json::Object target(const char* type, const std::string& group) {
  json::Object object{{"@odata.type", "#microsoft.graph." + std::string(type)}};
  if (!group.empty()) object["groupId"] = group;
  return {{"target", std::move(object)}};
}

json::Array targets_json(const intune::Assignments& assignments) {
  json::Array targets;
  if (assignments.everyone) targets.push_back(target("allLicensedUsersAssignmentTarget", ""));
  for (const std::string& group : assignments.include) targets.push_back(target("groupAssignmentTarget", group));
  for (const std::string& group : assignments.exclude)
    targets.push_back(target("exclusionGroupAssignmentTarget", group));
  return targets;
}

Result<intune::Assignments> assignments_from(const json::Object& body, std::string_view member) {
  intune::Assignments assignments;
  const json::Array* list = json::array_at(body, member);
  if (!list) return invalid("bad_field_type", "`" + std::string(member) + "` must be a list", std::string(member));
  for (const json::Value& item : *list) {
    const json::Object& assignment = TRY(json::as_object(item, "an assignment"));
    const json::Object* wanted = json::object_at(assignment, "target");
    if (!wanted) return invalid("missing_field", "an assignment needs a `target`", std::string(member));
    std::string type = TRY(json::required_text(*wanted, "@odata.type"));
    if (type == "#microsoft.graph.allLicensedUsersAssignmentTarget") {
      assignments.everyone = true;
    } else if (type == "#microsoft.graph.groupAssignmentTarget") {
      assignments.include.push_back(text::lower(TRY(json::required_text(*wanted, "groupId"))));
    } else if (type == "#microsoft.graph.exclusionGroupAssignmentTarget") {
      assignments.exclude.push_back(text::lower(TRY(json::required_text(*wanted, "groupId"))));
    } else {
      return invalid("bad_target", "partners are assigned to users: a target can't be `" + type.substr(0, 100) + "`",
                     std::string(member));
    }
  }
  return assignments;
}

json::Value priority_json(store::Transaction& tx, const directory::TenantId& tenant, const directory::AppId& app,
                          const char* platform) {
  auto priority = intune::partner_priority(tx, tenant, app, platform);
  return priority ? json::Value(*priority) : json::Value();
}

// A number, or null for none.
Result<std::optional<int>> priority_from(const json::Object& body, const std::string& member) {
  const json::Value* value = json::find(body, member);
  if (value == nullptr || value->is_null()) return std::optional<int>();
  auto number = json::integer_at(body, member);
  if (!number || *number < 1 || *number > intune::kLastPriority) {
    return invalid(
        "bad_priority",
        "`" + member + "` is a number from 1 (first) to " + std::to_string(intune::kLastPriority) + ", or null",
        member);
  }
  return std::optional<int>(static_cast<int>(*number));
}

// --- Device management partner: a collection of exactly one.

json::Object device_partner_json(store::Transaction& tx, const directory::TenantId& tenant,
                                 const intune::DevicePartner& partner, Time now) {
  json::Value removed, distrusted;
  if (partner.provisioned == intune::Partner::Provisioned::no_longer) {
    for (const intune::Departure& departure : intune::departures(tx, tenant)) {
      if (departure.instance != partner.instance) continue;
      removed = to_iso8601(departure.remove_devices_at, false);
      distrusted = to_iso8601(departure.terminated + kLongestVerdict, false);
    }
  }
  bool has_application = !partner.app_id.value.empty();
  return {{"id", partner.id},
          {"displayName", partner.display_name},
          {"groupsRequiringPartnerEnrollment", targets_json(partner.assignments)},
          {"isConfigured", has_application},
          {"lastHeartbeatDateTime", moment(partner.last_heartbeat)},
          {"partnerAppType", has_application ? "singleTenantApp" : "unknown"},
          {"partnerState", intune::name_of(intune::state_at(partner, now, intune::Options{}.unresponsive_after))},
          {"singleTenantAppId", has_application ? json::Value(partner.app_id.value) : json::Value()},
          {"wardbridgeMacOsPriority", priority_json(tx, tenant, partner.app_id, "macOS")},
          {"whenPartnerDevicesWillBeMarkedAsNonCompliantDateTime", distrusted},
          {"whenPartnerDevicesWillBeRemovedDateTime", removed}};
}

Response list_device_partners(const Call& call) {
  return reply_list(call, device_partner_type(), kIntuneRules, kDevicePartners,
                    [&](store::Transaction& tx, const Query&) -> Result<Items> {
                      const auto& tenant = call.caller.tenant;
                      return Items{device_partner_json(tx, tenant, intune::device_partner(tx, tenant), call.now)};
                    });
}

Response get_device_partner(const Call& call) {
  const std::string& id = call.parameter("id");
  return reply_one(call, device_partner_type(), kDevicePartners, id, [&](store::Transaction& tx) -> MaybeItem {
    const auto partner = intune::device_partner(tx, call.caller.tenant);
    if (partner.id != id) return std::nullopt;
    return device_partner_json(tx, call.caller.tenant, partner, call.now);
  });
}

Result<intune::DevicePartner> known_device_partner(store::Transaction& tx, const Call& call) {
  intune::DevicePartner partner = intune::device_partner(tx, call.caller.tenant);
  if (partner.id != text::lower(call.parameter("id"))) return no_resource(call.parameter("id"));
  return partner;
}

Response update_device_partner(const Call& call) {
  const json::Value body = TRY(json::parse(call.request.body));
  const json::Object& patch = TRY(json::as_object(body));
  auto updated = TRY(call.with.store.write([&](store::Transaction& tx) -> Result<json::Object> {
    intune::DevicePartner wanted = TRY(known_device_partner(tx, call));
    for (const auto& member : patch) {
      const std::string name(member.key());
      if (name.find("@odata.") != std::string::npos) continue;
      if (name == "singleTenantAppId") {
        wanted.app_id = {TRY(json::optional_text(patch, name))};
      } else if (name == "groupsRequiringPartnerEnrollment") {
        wanted.assignments = TRY(assignments_from(patch, name));
      } else if (name != "displayName" && name != "partnerAppType" && name != "wardbridgeMacOsPriority") {
        return invalid("read_only_property", "the property `" + name + "` can't be updated", name);
      }
    }
    TRY(intune::set_device_partner(tx, call.caller.tenant, wanted.app_id, wanted.assignments,
                                   call.caller.actor(call.request), call.now));
    if (patch.contains("wardbridgeMacOsPriority")) {
      TRY(intune::set_partner_priority(tx, call.caller.tenant, intune::device_partner(tx, call.caller.tenant).app_id,
                                       "macOS", TRY(priority_from(patch, "wardbridgeMacOsPriority")),
                                       call.caller.actor(call.request), call.now));
    }
    return device_partner_json(tx, call.caller.tenant, intune::device_partner(tx, call.caller.tenant), call.now);
  }));
  return call.one(kDevicePartners, std::move(updated));
}

Response terminate_device_partner(const Call& call) {
  TRY(call.with.store.write([&](store::Transaction& tx) -> Status {
    TRY(known_device_partner(tx, call));
    return intune::terminate_device_partner(tx, call.caller.tenant, call.caller.actor(call.request), call.now);
  }));
  return empty_reply(call.request, 204);
}

// DEVIATION: the console's *Evaluate* has no published route.
Response evaluate_device_partner(const Call& call) {
  const json::Value body = TRY(json::parse(call.request.body));
  const json::Object& object = TRY(json::as_object(body));
  intune::Assignments assignments = TRY(assignments_from(object, "groupsRequiringPartnerEnrollment"));
  auto found = TRY(call.with.store.read([&](store::Transaction& tx) -> Result<intune::Evaluation> {
    TRY(known_device_partner(tx, call));
    return intune::evaluate(tx, call.caller.tenant, assignments);
  }));
  return call.one(
      "microsoft.graph.wardbridgeEvaluation",
      {{"partnerDevices", found.partner}, {"excludedDevices", found.excluded}, {"otherDevices", found.others}});
}

// --- Compliance partners

std::string priority_member(std::string_view platform) {
  return platform == "macOS" ? "wardbridgeMacOsPriority"
         : platform == "iOS" ? "wardbridgeIosPriority"
                             : "wardbridgeAndroidPriority";
}

json::Object compliance_partner_json(store::Transaction& tx, const directory::TenantId& tenant,
                                     const intune::Partner& partner, Time now) {
  json::Object shown{
      {"id", partner.id},
      {"displayName", partner.display_name},
      {"lastHeartbeatDateTime", moment(partner.last_heartbeat)},
      {"partnerState", intune::name_of(intune::state_at(partner, now, intune::Options{}.unresponsive_after))},
      {"wardbridgeAppId", partner.app_id.value}};
  for (const auto& [platform, prefix] :
       {std::pair{"macOS", "macOs"}, std::pair{"iOS", "ios"}, std::pair{"Android", "android"}}) {
    intune::Assignments assignments;
    bool onboarded = false;
    for (const intune::Policy& policy : intune::policies(tx, tenant, partner.app_id)) {
      if (policy.platform != platform) continue;
      onboarded = true;
      assignments.include = policy.assigned_groups;
    }
    shown[std::string(prefix) + "Onboarded"] = onboarded;
    shown[priority_member(platform)] = priority_json(tx, tenant, partner.app_id, platform);
    shown[std::string(prefix) + "EnrollmentAssignments"] = targets_json(assignments);
  }
  return shown;
}

Response list_compliance_partners(const Call& call) {
  return reply_list(call, compliance_partner_type(), kIntuneRules, kCompliancePartners,
                    [&](store::Transaction& tx, const Query&) -> Result<Items> {
                      Items items;
                      for (const auto& partner : intune::partners(tx, call.caller.tenant))
                        items.push_back(compliance_partner_json(tx, call.caller.tenant, partner, call.now));
                      return items;
                    });
}

Result<intune::Partner> known_compliance_partner(store::Transaction& tx, const Call& call) {
  for (auto& partner : intune::partners(tx, call.caller.tenant)) {
    if (text::equal_ignoring_case(partner.id, call.parameter("id"))) return partner;
  }
  return no_resource(call.parameter("id"));
}

Response get_compliance_partner(const Call& call) {
  return reply_one(call, compliance_partner_type(), kCompliancePartners, call.parameter("id"),
                   [&](store::Transaction& tx) -> MaybeItem {
                     auto partner = known_compliance_partner(tx, call);
                     if (!partner.ok()) return std::nullopt;
                     return compliance_partner_json(tx, call.caller.tenant, *partner, call.now);
                   });
}

// What a body says of priorities and assignments, per platform.
Status assign(store::Transaction& tx, const Call& call, const directory::AppId& app, const json::Object& body) {
  for (const char* platform : {"macOS", "iOS", "Android"}) {
    std::string member = priority_member(platform);
    if (!body.contains(member)) continue;  // null takes it out of the order
    TRY(intune::set_partner_priority(tx, call.caller.tenant, app, platform, TRY(priority_from(body, member)),
                                     call.caller.actor(call.request), call.now));
  }
  for (const auto& [platform, member] :
       {std::pair{"macOS", "macOsEnrollmentAssignments"}, std::pair{"iOS", "iosEnrollmentAssignments"},
        std::pair{"Android", "androidEnrollmentAssignments"}}) {
    if (!json::find(body, member)) continue;
    intune::Assignments wanted = TRY(assignments_from(body, member));
    if (wanted.everyone || !wanted.exclude.empty()) {
      return invalid("bad_target", "compliance partners are assigned to included groups of users", member);
    }
    TRY(intune::assign_partner(tx, call.caller.tenant, app, platform, wanted.include, call.caller.actor(call.request),
                               call.now, call.with.entropy));
  }
  return done();
}

// *Add compliance partner*. DEVIATION: Graph's resource does not say which application the partner is; here it is
// `wardbridgeAppId`, or the one enterprise application that is called `displayName`.
Result<directory::ServicePrincipal> application_of(store::Transaction& tx, const Call& call, const json::Object& body) {
  std::string app_id = text::lower(TRY(json::optional_text(body, "wardbridgeAppId")));
  std::string name = TRY(json::optional_text(body, "displayName"));
  std::vector<directory::ServicePrincipal> found;
  for (auto& principal : directory::service_principals(tx, call.caller.tenant)) {
    bool is_it = app_id.empty() ? principal.display_name == name : principal.app_id.value == app_id;
    if (is_it) found.push_back(std::move(principal));
  }
  if (found.size() == 1) return found.front();
  return invalid("no_application",
                 found.empty()
                     ? "no enterprise application of this tenant is meant by `wardbridgeAppId` or `displayName`"
                     : "several enterprise applications have this name: say which by `wardbridgeAppId`",
                 "wardbridgeAppId");
}

Response add_compliance_partner(const Call& call) {
  const json::Value body = TRY(json::parse(call.request.body));
  const json::Object& object = TRY(json::as_object(body));
  auto added = TRY(call.with.store.write([&](store::Transaction& tx) -> Result<json::Object> {
    directory::ServicePrincipal application = TRY(application_of(tx, call, object));
    intune::Partner partner{
        .id = call.with.entropy.guid(), .app_id = application.app_id, .display_name = application.display_name};
    TRY(intune::add_partner(tx, call.caller.tenant, partner, call.caller.actor(call.request), call.now));
    TRY(assign(tx, call, application.app_id, object));
    return compliance_partner_json(tx, call.caller.tenant, partner, call.now);
  }));
  return call.one(kCompliancePartners, std::move(added), 201);
}

Response update_compliance_partner(const Call& call) {
  const json::Value body = TRY(json::parse(call.request.body));
  const json::Object& object = TRY(json::as_object(body));
  auto updated = TRY(call.with.store.write([&](store::Transaction& tx) -> Result<json::Object> {
    intune::Partner partner = TRY(known_compliance_partner(tx, call));
    TRY(assign(tx, call, partner.app_id, object));
    return compliance_partner_json(tx, call.caller.tenant, partner, call.now);
  }));
  return call.one(kCompliancePartners, std::move(updated));
}

Response remove_compliance_partner(const Call& call) {
  TRY(call.with.store.write([&](store::Transaction& tx) -> Status {
    intune::Partner partner = TRY(known_compliance_partner(tx, call));
    return intune::remove_partner(tx, call.caller.tenant, partner.app_id, call.caller.actor(call.request), call.now);
  }));
  return empty_reply(call.request, 204);
}

// --- Managed devices

json::Object managed_device_json(store::Transaction& tx, const directory::TenantId& tenant,
                                 const intune::ManagedDevice& managed, Time now) {
  auto device = directory::find_device(tx, tenant, managed.device_id);
  auto told = [&](const char* member) -> json::Value {
    auto text = json::text_at(managed.inventory, member);
    return text ? json::Value(*text) : json::Value();
  };
  std::string_view state = !device || !device->compliance ? "unknown"
                           : device->is_compliant_at(now) ? "compliant"
                                                          : "noncompliant";
  return {{"id", managed.device_id.value},
          {"azureADDeviceId", managed.device_id.value},
          {"complianceState", state},
          {"deviceName", managed.device_name},
          {"enrolledDateTime", moment(managed.enrolled)},
          {"lastSyncDateTime", moment(managed.last_sync)},
          {"managementAgent", "jamf"},
          {"model", told("Model")},
          {"operatingSystem", told("Os")},
          {"osVersion", told("OsVersion")},
          {"serialNumber", told("SerialNumber")},
          {"userId", managed.user_id},
          {"userPrincipalName", told("UPN")}};
}

Response list_managed_devices(const Call& call) {
  return reply_list(call, managed_device_type(), kManagedDeviceRules, kManagedDevices,
                    [&](store::Transaction& tx, const Query&) -> Result<Items> {
                      Items items;
                      for (const auto& managed : intune::managed_devices(tx, call.caller.tenant))
                        items.push_back(managed_device_json(tx, call.caller.tenant, managed, call.now));
                      return items;
                    });
}

Response get_managed_device(const Call& call) {
  const std::string& id = call.parameter("id");
  return reply_one(call, managed_device_type(), kManagedDevices, id, [&](store::Transaction& tx) -> MaybeItem {
    auto managed = intune::find_managed_device(tx, call.caller.tenant, {text::lower(id)});
    if (!managed) return std::nullopt;
    return managed_device_json(tx, call.caller.tenant, *managed, call.now);
  });
}

Response delete_managed_device(const Call& call) {
  auto removed = call.with.store.write([&](store::Transaction& tx) {
    return intune::remove_managed_device(tx, call.caller.tenant, {text::lower(call.parameter("id"))},
                                         call.caller.actor(call.request), call.now);
  });
  if (!removed.ok() && removed.failure().code == Code::not_found) return no_resource(call.parameter("id"));
  if (!removed.ok()) return removed.failure();
  return empty_reply(call.request, 204);
}

}  // namespace

const std::vector<Route>& intune_routes() {
  static const auto* const kRoutes = [] {
    const AnyOf read{"DeviceManagementServiceConfig.Read.All", "DeviceManagementServiceConfig.ReadWrite.All",
                     "DeviceManagementConfiguration.Read.All", "DeviceManagementConfiguration.ReadWrite.All"};
    const AnyOf write{"DeviceManagementServiceConfig.ReadWrite.All", "DeviceManagementConfiguration.ReadWrite.All"};
    const AnyOf read_devices{"DeviceManagementManagedDevices.Read.All", "DeviceManagementManagedDevices.ReadWrite.All"};
    const AnyOf write_devices{"DeviceManagementManagedDevices.ReadWrite.All"};
    return new std::vector<Route>{
        {"GET",
         "/deviceManagement/deviceManagementPartners",
         {read},
         list_device_partners,
         Effect::by_method,
         Versions::both,
         kListOptions},
        {"GET",
         "/deviceManagement/deviceManagementPartners/{id}",
         {read},
         get_device_partner,
         Effect::by_method,
         Versions::both,
         kObjectOptions},
        {"PATCH", "/deviceManagement/deviceManagementPartners/{id}", {write}, update_device_partner},
        {"POST", "/deviceManagement/deviceManagementPartners/{id}/terminate", {write}, terminate_device_partner},
        {"POST",
         "/deviceManagement/deviceManagementPartners/{id}/wardbridgeEvaluate",
         {read},
         evaluate_device_partner,
         Effect::reads},
        {"GET",
         "/deviceManagement/complianceManagementPartners",
         {read},
         list_compliance_partners,
         Effect::by_method,
         Versions::both,
         kListOptions},
        {"GET",
         "/deviceManagement/complianceManagementPartners/{id}",
         {read},
         get_compliance_partner,
         Effect::by_method,
         Versions::both,
         kObjectOptions},
        {"POST", "/deviceManagement/complianceManagementPartners", {write}, add_compliance_partner},
        {"PATCH", "/deviceManagement/complianceManagementPartners/{id}", {write}, update_compliance_partner},
        {"DELETE", "/deviceManagement/complianceManagementPartners/{id}", {write}, remove_compliance_partner},
        {"GET",
         "/deviceManagement/managedDevices",
         {read_devices},
         list_managed_devices,
         Effect::by_method,
         Versions::both,
         kListOptions},
        {"GET",
         "/deviceManagement/managedDevices/{id}",
         {read_devices},
         get_managed_device,
         Effect::by_method,
         Versions::both,
         kObjectOptions},
        {"DELETE", "/deviceManagement/managedDevices/{id}", {write_devices}, delete_managed_device},
    };
  }();
  return *kRoutes;
}

}  // namespace wardbridge::graph
