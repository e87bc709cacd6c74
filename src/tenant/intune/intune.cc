// The routes of the two partner services.
#include "tenant/intune/intune.h"

#include <array>

#include "platform/http/status.h"
#include "platform/log/log.h"
#include "platform/metrics/metrics.h"
#include "tenant/intune/rows.h"
#include "tenant/intune/upload_wire.h"

namespace wardbridge::intune {
namespace {

constexpr const char* kUpdateDevices = "update_device_attributes";
constexpr const char* kManagePolicies = "manage_partner_compliance_policy";
constexpr int kAccepted = 202;
// DEVIATION: what the real service answers about a device of somebody who is not assigned is not published.
constexpr int kNotAssigned = 412;
// ENTRA: the versions of 2018, which only device management partners speak.
constexpr std::array<std::string_view, 3> kDevicePartnerVersions = {"1.1", "1.3", "1.4"};

bool speaks_as_device_partner(const http::Request& request) {
  auto version = request.query_parameter("api-version");
  return version && std::ranges::find(kDevicePartnerVersions, *version) != kDevicePartnerVersions.end();
}

// DEVIATION: a header of ours tells two servers with the same application apart. A partner that doesn't send it is told
// apart by where it sends unknown computers.
std::string instance_of(const http::Request& request, const std::string& enrollment_url) {
  if (auto instance = request.headers.get("Wardbridge-Instance")) return std::string(instance->substr(0, 80));
  Result<http::Url> url = http::parse_url(enrollment_url);
  return url.ok() ? url->origin() : "";
}

// ENTRA: these services speak OData version 3.
http::Response error(int status, std::string_view code, std::string_view message) {
  return http::json_response(
      status,
      json::Object{{"odata.error",
                    json::Object{{"code", code}, {"message", json::Object{{"lang", "en-US"}, {"value", message}}}}}});
}

// The one mapper of this wire.
http::Response error(const Failure& failure) {
  const int status = http::status_of(failure.code);
  http::Response response = error(status, failure.reason, failure.message);
  if (status == 401) response.headers.set("WWW-Authenticate", "Bearer error=\"invalid_token\"");
  if (status == 503) response.headers.set("Retry-After", "5");
  return response;
}

Failure forbidden(std::string reason, std::string message) {
  return {.code = Code::forbidden, .reason = std::move(reason), .message = std::move(message)};
}

// One partner owns a device, which directory keeps. That an application may speak at all, and when a device goes over
// to another one (ownership.cc), is settled here.
class PartnerServices {
 public:
  explicit PartnerServices(const Dependencies& dependencies)
      : store_(dependencies.store),
        authority_(dependencies.authority),
        entropy_(dependencies.entropy),
        options_(dependencies.options) {}

  Result<http::Response> heartbeat(const http::Request& request);
  Result<http::Response> provision(const http::Request& request);
  Result<http::Response> list_policies(const http::Request& request);
  Result<http::Response> create_policy(const http::Request& request);
  Result<http::Response> assign_policy(const http::Request& request);
  Result<http::Response> upload(const http::Request& request);
  Result<http::Response> message(const http::Request& request);
  Result<http::Response> partner_management_of_caller(const http::Request& request);

 private:
  Result<tokens::Caller> caller(const http::Request& request, const char* permission);
  // Of routes with the tenant's GUID in their path.
  Status check_tenant(const http::Request& request, const tokens::Caller& caller);
  Status provision_device_partner(store::Transaction& tx, const tokens::Caller& caller, const http::Request& request,
                                  Partner::Provisioned wanted, const std::string& enrollment,
                                  const std::string& remediation);
  // The partner whose application the caller is; otherwise why it is refused.
  Result<DevicePartner> device_partner_of(store::Transaction& tx, const tokens::Caller& caller);
  Result<DevicePartner> connected_device_partner(store::Transaction& tx, const tokens::Caller& caller,
                                                 const http::Request& request);
  // The caller's record, made at its first word.
  Partner partner_of(store::Transaction& tx, const tokens::Caller& caller);
  Result<StoredMessage> apply_message(store::Transaction& tx, const tokens::Caller& caller,
                                      const http::Request& request, const std::string& id,
                                      const std::vector<DeviceMessage>& devices);
  // Nothing when the device now has what the message says; otherwise why not.
  std::optional<Failure> apply_device(store::Transaction& tx, const tokens::Caller& caller,
                                      const http::Request& request, const DeviceMessage& device,
                                      const Assignments& assignments);

  store::Store& store_;
  tokens::Authority& authority_;
  Entropy& entropy_;
  Options options_;
};

Result<tokens::Caller> PartnerServices::caller(const http::Request& request, const char* permission) {
  tokens::Caller caller = TRY(authority_.authenticate(request, directory::kIntuneApiAppId));
  if (!caller.is_application || !caller.may(permission)) {
    return forbidden("missing_role", "the application lacks the permission `" + std::string(permission) + "`");
  }
  if (!request.query_parameter("api-version")) {
    return invalid("missing_api_version", "the query parameter `api-version` is required", "api-version");
  }
  return caller;
}

Status PartnerServices::check_tenant(const http::Request& request, const tokens::Caller& caller) {
  if (text::equal_ignoring_case(request.path_parameter("tenant"), caller.tenant.value)) return done();
  return forbidden("wrong_tenant",
                   "the token belongs to another tenant than `" + request.path_parameter("tenant").substr(0, 80) + "`");
}

// DEVIATION: the real service wants an admin to add the partner first; consent to the permission is enough here.
Partner PartnerServices::partner_of(store::Transaction& tx, const tokens::Caller& caller) {
  if (auto partner = find_partner(tx, caller.tenant, caller.client)) return std::move(*partner);
  return {.id = entropy_.guid(), .app_id = caller.client, .display_name = caller.name};
}

Result<DevicePartner> PartnerServices::device_partner_of(store::Transaction& tx, const tokens::Caller& caller) {
  // ENTRA: it works only with the single permission.
  for (const std::string& role : caller.roles) {
    if (role == kUpdateDevices) continue;
    return forbidden("permission_extra", "the application may have no other permission on the Intune API than `" +
                                             std::string(kUpdateDevices) + "`, and has `" + role + "`");
  }
  DevicePartner partner = device_partner(tx, caller.tenant);
  if (partner.app_id != caller.client) {
    return forbidden("application_not_entered",
                     "the application id `" + caller.client.value + "` is not entered under Partner device management");
  }
  return partner;
}

Result<DevicePartner> PartnerServices::connected_device_partner(store::Transaction& tx, const tokens::Caller& caller,
                                                                const http::Request& request) {
  DevicePartner partner = TRY(device_partner_of(tx, caller));
  if (partner.provisioned == Partner::Provisioned::no_longer) {
    return forbidden("integration_terminated", "the connection was terminated on " + to_iso8601(partner.changed));
  }
  if (partner.provisioned != Partner::Provisioned::yes) {
    return forbidden("not_provisioned", "the partner is not provisioned in this tenant");
  }
  if (instance_of(request, partner.enrollment_url) != partner.instance) {
    return forbidden("second_instance", "another server is connected to this tenant with the same application");
  }
  return partner;
}

Result<http::Response> PartnerServices::heartbeat(const http::Request& request) {
  tokens::Caller caller = TRY(this->caller(request, kUpdateDevices));
  TRY(check_tenant(request, caller));
  json::Value body = TRY(json::parse(request.body));
  const json::Object& object = TRY(json::as_object(body));
  std::string timestamp = TRY(json::required_text(object, "Timestamp"));
  TRY(parse_iso8601(timestamp));
  TRY(store_.write([&](store::Transaction& tx) -> Status {
    if (speaks_as_device_partner(request)) {
      DevicePartner partner = TRY(connected_device_partner(tx, caller, request));
      partner.last_heartbeat = request.received;
      save_device_partner(tx, caller.tenant, partner);
      return done();
    }
    Partner partner = partner_of(tx, caller);
    partner.last_heartbeat = request.received;
    save_partner(tx, caller.tenant, partner);
    return done();
  }));
  return http::json_response(200, json::Object{{"Key", caller.tenant.value},
                                               {"TenantId", caller.tenant.value},
                                               {"ClientType", nullptr},
                                               {"Timestamp", timestamp},
                                               {"ResyncTimestamp", nullptr},
                                               {"HttpStatusCode", 200},
                                               {"ErrorDetail", nullptr},
                                               {"MessageErrors", json::Array{}}});
}

Result<http::Response> PartnerServices::provision(const http::Request& request) {
  tokens::Caller caller = TRY(this->caller(request, kUpdateDevices));
  TRY(check_tenant(request, caller));
  json::Value body = TRY(json::parse(request.body));
  const json::Object& object = TRY(json::as_object(body));
  std::int64_t provisioned = TRY(json::required_integer(object, "Provisioned"));
  if (provisioned != 1 && provisioned != 2) {
    return invalid("bad_provisioned", "`Provisioned` must be 1 or 2", "Provisioned");
  }
  std::string enrollment = TRY(json::required_text(object, "PartnerEnrollmentUrl"));
  std::string remediation = TRY(json::optional_text(object, "PartnerRemediationUrl"));
  for (const auto& [field, url] :
       {std::pair{"PartnerEnrollmentUrl", enrollment}, {"PartnerRemediationUrl", remediation}}) {
    if (url.empty() && field == std::string_view("PartnerRemediationUrl")) continue;
    Result<http::Url> parsed = http::parse_url(url);
    if (!parsed.ok() || parsed->scheme != "https") {
      return invalid("bad_url", "`" + std::string(field) + "` must be an https URL", field);
    }
  }
  TRY(store_.write([&](store::Transaction& tx) -> Status {
    auto wanted = static_cast<Partner::Provisioned>(provisioned);
    if (speaks_as_device_partner(request)) {
      return provision_device_partner(tx, caller, request, wanted, enrollment, remediation);
    }
    Partner partner = partner_of(tx, caller);
    std::string before = name_of(state_at(partner, request.received, options_.unresponsive_after));
    if (partner.provisioned != wanted) partner.changed = request.received;
    partner.provisioned = wanted;
    partner.enrollment_url = enrollment;
    partner.remediation_url = remediation;
    save_partner(tx, caller.tenant, partner);
    std::string after = name_of(state_at(partner, request.received, options_.unresponsive_after));
    directory::record_change(tx, caller.tenant,
                             {.activity = "Update ComplianceManagementPartner",
                              .object_type = "ComplianceManagementPartner",
                              .object_id = partner.id,
                              .object_name = partner.display_name,
                              .properties = {{"partnerState", json::Object{{"old", before}, {"new", after}}}}},
                             caller.actor(request), request.received);
    return done();
  }));
  return http::json_response(
      200, json::Object{{"Key", caller.tenant.value},
                        {"ContextId", caller.tenant.value},
                        {"Provisioned", provisioned},
                        {"HttpStatusCode", 200},
                        {"ErrorDetail", nullptr},
                        {"WardbridgeExtensions", json::Array{"complianceReason", "complianceValidUntil", "version"}}});
}

Status PartnerServices::provision_device_partner(store::Transaction& tx, const tokens::Caller& caller,
                                                 const http::Request& request, Partner::Provisioned wanted,
                                                 const std::string& enrollment, const std::string& remediation) {
  DevicePartner before = TRY(device_partner_of(tx, caller));
  std::string instance = instance_of(request, enrollment);
  bool is_connected = before.provisioned == Partner::Provisioned::yes;
  if (is_connected && before.instance != instance) {
    // ENTRA: a manual connection carries one instance of Jamf Pro per tenant.
    return conflict("second_instance",
                    "another instance of Jamf Pro is connected to this tenant since " + to_iso8601(before.changed) +
                        "; a manual connection allows one: disable the integration there, or terminate it under "
                        "Partner device management");
  }
  DevicePartner partner = before;
  partner.enrollment_url = enrollment;
  partner.remediation_url = remediation;
  if (wanted == Partner::Provisioned::yes) {
    if (!is_connected) partner.changed = request.received;
    partner.provisioned = wanted;
    partner.instance = instance;
    delete_departure(tx, caller.tenant, partner.app_id, instance);  // whoever reconnects keeps its devices
  } else if (is_connected) {
    depart(tx, caller.tenant, partner, request.received);
  }
  save_device_partner(tx, caller.tenant, partner);
  json::Object change = partner_change(before, partner, request.received);
  if (change.empty()) return done();
  directory::record_change(tx, caller.tenant,
                           {.activity = "Update DeviceManagementPartner",
                            .object_type = "DeviceManagementPartner",
                            .object_id = partner.id,
                            .object_name = partner.display_name,
                            .properties = std::move(change)},
                           caller.actor(request), request.received);
  return done();
}

json::Object policy_json(const Policy& policy) {
  return {{"Id", policy.id},
          {"DisplayName", policy.display_name},
          {"Description", policy.description},
          {"Platform", policy.platform},
          {"PartnerPolicyId", policy.id},
          {"PartnerManagedCompliance", true}};
}

Result<http::Response> PartnerServices::list_policies(const http::Request& request) {
  tokens::Caller caller = TRY(this->caller(request, kManagePolicies));
  auto found = TRY(store_.read([&](store::Transaction& tx) -> Result<std::vector<Policy>> {
    return policies(tx, caller.tenant, caller.client);
  }));
  json::Array value;
  for (const Policy& policy : found) value.push_back(policy_json(policy));
  return http::json_response(200, json::Object{{"value", std::move(value)}});
}

Result<http::Response> PartnerServices::create_policy(const http::Request& request) {
  tokens::Caller caller = TRY(this->caller(request, kManagePolicies));
  json::Value body = TRY(json::parse(request.body));
  const json::Object& object = TRY(json::as_object(body));
  Policy policy;
  policy.id = entropy_.guid();
  policy.app_id = caller.client;
  policy.display_name = TRY(json::required_text(object, "DisplayName"));
  policy.description = TRY(json::optional_text(object, "Description"));
  policy.platform = TRY(json::required_text(object, "Platform"));
  if (policy.platform != "macOS" && policy.platform != "iOS" && policy.platform != "Android") {
    return invalid("bad_platform", "`Platform` can't be `" + policy.platform.substr(0, 80) + "`", "Platform");
  }
  if (!TRY(json::required_bool(object, "PartnerManagedCompliance"))) {
    return invalid("not_partner_managed", "`PartnerManagedCompliance` must be true", "PartnerManagedCompliance");
  }
  TRY(store_.write([&](store::Transaction& tx) -> Status {
    for (const Policy& existing : policies(tx, caller.tenant, caller.client)) {
      if (existing.platform == policy.platform) {
        return conflict("policy_exists", "a policy for `" + policy.platform + "` already exists");
      }
    }
    if (auto rival = rival_on(tx, caller.tenant, caller.client, policy.platform)) {
      return forbidden("platform_taken",
                       "`" + rival->display_name + "` is the compliance partner for `" + policy.platform + "`");
    }
    save_policy(tx, caller.tenant, policy);
    directory::record_change(tx, caller.tenant,
                             {.activity = "Create PartnerCompliancePolicy",
                              .object_type = "PartnerCompliancePolicy",
                              .object_id = policy.id,
                              .object_name = policy.display_name,
                              .properties = {}},
                             caller.actor(request), request.received);
    return done();
  }));
  return http::json_response(201, policy_json(policy));
}

Result<http::Response> PartnerServices::assign_policy(const http::Request& request) {
  tokens::Caller caller = TRY(this->caller(request, kManagePolicies));
  json::Value body = TRY(json::parse(request.body));
  const json::Object& object = TRY(json::as_object(body));
  if (!json::array_at(object, "assignments")) {
    return invalid("missing_field", "`assignments` is required", "assignments");
  }
  std::vector<std::string> groups = TRY(json::optional_texts(object, "assignments"));
  std::string id = text::lower(request.path_parameter("policy"));
  TRY(store_.write([&](store::Transaction& tx) -> Status {
    for (const std::string& group : groups) {
      if (text::is_guid(group) && directory::find_group(tx, caller.tenant, {text::lower(group)})) continue;
      return invalid("no_group", "no group has the id `" + group.substr(0, 80) + "`", "assignments");
    }
    for (Policy& policy : policies(tx, caller.tenant, caller.client)) {
      if (policy.id != id) continue;
      json::Object change{{"old", json::to_array(policy.assigned_groups)}, {"new", json::to_array(groups)}};
      policy.assigned_groups = groups;
      save_policy(tx, caller.tenant, policy);
      directory::record_change(tx, caller.tenant,
                               {.activity = "Assign PartnerCompliancePolicy",
                                .object_type = "PartnerCompliancePolicy",
                                .object_id = policy.id,
                                .object_name = policy.display_name,
                                .properties = {{"assignments", std::move(change)}}},
                               caller.actor(request), request.received);
      return done();
    }
    return not_found("no_policy", "no policy has the id `" + id.substr(0, 80) + "`");
  }));
  // ENTRA: `value` is a string that holds JSON.
  std::string value = json::to_text(json::Object{{"assignments", json::to_array(groups)}});
  return http::json_response(200, json::Object{{"value", value}});
}

json::Object message_answer(const tokens::Caller& caller, const std::string& id, int code, json::Value detail) {
  return {
      {"TenantId", caller.tenant.value}, {"ErrorCode", code}, {"ErrorDetail", std::move(detail)}, {"MessageId", id}};
}

namespace {

// ENTRA: the inventory of 2018 says which Mac it is; later messages don't.
std::vector<std::string> physical_ids_of(const DeviceMessage& device) {
  constexpr std::size_t kLongest = 128;
  std::vector<std::string> ids;
  for (const char* kind : {"SerialNumber", "UDID"}) {
    auto value = json::text_at(device.inventory, kind).value_or(std::string_view{});
    if (!value.empty() && value.size() <= kLongest) ids.push_back(directory::physical_id(kind, value));
  }
  return ids;
}

std::string platform_of(const DeviceMessage& device) {
  for (const char* platform : {"iOS", "Android"}) {
    if (text::equal_ignoring_case(device.os, platform)) return platform;
  }
  return "macOS";
}

}  // namespace

std::optional<Failure> PartnerServices::apply_device(store::Transaction& tx, const tokens::Caller& caller,
                                                     const http::Request& request, const DeviceMessage& device,
                                                     const Assignments& assignments) {
  directory::DeviceId id{device.device_id};
  auto before = directory::find_device(tx, caller.tenant, id);
  if (!before) return not_found("no_device", "no device has the id `" + device.device_id + "`");
  Time now = request.received;
  // What takes trust away is taken from whoever gave it, assigned or not.
  bool grants = device.is_managed && device.is_compliant;
  if (grants && !is_assigned(tx, caller.tenant, assignments, before->registered_owner)) {
    return Failure{Code::invalid_argument, "user_not_assigned",
                   "the person of the device `" + device.device_id + "` is not assigned to this partner"};
  }
  directory::Device::Compliance compliance;
  compliance.is_managed = device.is_managed;
  compliance.is_compliant = device.is_managed && device.is_compliant;  // INVARIANT: law 4
  // INVARIANT: law 3. The tenant's own validity bounds the partner's.
  compliance.expiration = std::min(device.valid_until.value_or(kNever), now + options_.validity);
  compliance.mdm_app_id = directory::kIntuneAppId.value;
  compliance.partner_id = caller.client.value;
  compliance.epoch = device.epoch;
  compliance.sequence = device.sequence;
  compliance.reason = device.reason;
  bool is_others = before->compliance && before->compliance->partner_id != caller.client.value;
  bool takes_over = is_others && may_take_over(tx, caller.tenant, caller.client, {before->compliance->partner_id},
                                               platform_of(device));
  Result<directory::Applied> applied =
      directory::set_compliance(tx, caller.tenant, id, compliance, caller.actor(request), now,
                                {.display_name = device.device_name,
                                 .operating_system = device.os,
                                 .operating_system_version = device.os_version,
                                 .physical_ids = physical_ids_of(device)},
                                takes_over ? directory::Owner::may_change : directory::Owner::stays);
  if (!applied.ok()) return applied.failure();
  if (*applied == directory::Applied::applied) {
    // Whatever is to become of the devices of the partner that left, this one is not among them any more.
    if (takes_over) leave_list(tx, caller.tenant, id, caller.actor(request), now);
    return std::nullopt;
  }
  // INVARIANT: law 6. The same version again is what a partner does that missed our answer; an older one is refused.
  bool is_same = before->compliance && before->compliance->epoch == device.epoch &&
                 before->compliance->sequence == device.sequence;
  if (is_same) return std::nullopt;
  return conflict("newer_version", "a newer message about the device `" + device.device_id + "` has been applied");
}

int error_code_of(const Failure& refused) {
  if (refused.code == Code::not_found) return 404;
  if (refused.code == Code::conflict) return 409;
  return refused.reason == "user_not_assigned" ? kNotAssigned : 403;
}

// ENTRA: Macs of a device management partner are listed among the managed devices.
void list_device(store::Transaction& tx, const tokens::Caller& caller, const http::Request& request,
                 const DevicePartner& partner, const DeviceMessage& device) {
  auto known = find_managed_device(tx, caller.tenant, {device.device_id});
  save_managed_device(tx, caller.tenant,
                      {.device_id = {device.device_id},
                       .app_id = caller.client,
                       .instance = partner.instance,
                       .user_id = device.user_id,
                       .device_name = device.device_name,
                       .inventory = device.inventory,
                       .enrolled = known ? known->enrolled : request.received,
                       .last_sync = request.received});
}

// DEVIATION: while no group is assigned, everybody's Macs are the partner's.
std::vector<std::string> assigned_groups(store::Transaction& tx, const tokens::Caller& caller) {
  for (const Policy& policy : policies(tx, caller.tenant, caller.client)) {
    if (policy.platform == "macOS") return policy.assigned_groups;
  }
  return {};
}

Result<StoredMessage> PartnerServices::apply_message(store::Transaction& tx, const tokens::Caller& caller,
                                                     const http::Request& request, const std::string& id,
                                                     const std::vector<DeviceMessage>& devices) {
  std::optional<DevicePartner> device_partner;
  Assignments assignments;
  if (speaks_as_device_partner(request)) {
    device_partner = TRY(connected_device_partner(tx, caller, request));
    assignments = device_partner->assignments;
  } else {
    auto partner = find_partner(tx, caller.tenant, caller.client);
    if (!partner || partner->provisioned != Partner::Provisioned::yes) {
      return forbidden("not_provisioned", "the partner is not provisioned in this tenant");
    }
    assignments.include = assigned_groups(tx, caller);
  }
  StoredMessage stored{.message = {.id = id,
                                   .app_id = caller.client,
                                   .received = request.received,
                                   .status = "Completed",
                                   .error_code = 0,
                                   .error_detail = ""},
                       .body_hash = crypto::hash_token(request.body)};
  for (const DeviceMessage& device : devices) {
    std::optional<Failure> refused = apply_device(tx, caller, request, device, assignments);
    if (!refused && device_partner) list_device(tx, caller, request, *device_partner, device);
    if (!refused || stored.message.status == "Failed") continue;
    stored.message.status = "Failed";
    stored.message.error_code = error_code_of(*refused);
    stored.message.error_detail = refused->message;
  }
  insert_message(tx, caller.tenant, stored);
  return stored;
}

Result<http::Response> PartnerServices::upload(const http::Request& request) {
  tokens::Caller caller = TRY(this->caller(request, kUpdateDevices));
  std::string id = text::lower(request.path_parameter("message"));
  if (!text::is_guid(id)) return invalid("bad_message_id", "the message id must be a GUID", "message");
  UploadEnvelope envelope = TRY(read_envelope(request.body));
  if (envelope.tenant_id != caller.tenant.value) {
    return forbidden("wrong_tenant", "the token belongs to another tenant than the message");
  }
  Result<std::vector<DeviceMessage>> devices = read_content(envelope.content, caller.tenant.value);
  if (!devices.ok()) {
    // ENTRA: what is wrong inside a message is told by ErrorCode, under a status of 200.
    return http::json_response(200, message_answer(caller, id, 400, json::Value(devices.failure().message)));
  }
  StoredMessage stored = TRY(store_.write([&](store::Transaction& tx) -> Result<StoredMessage> {
    if (auto known = stored_message(tx, caller.tenant, id)) {
      bool is_same = known->body_hash == crypto::hash_token(request.body) && known->message.app_id == caller.client;
      if (is_same) return std::move(*known);
      return conflict("message_id_used", "the message id `" + id + "` was used for another message");
    }
    return apply_message(tx, caller, request, id, *devices);
  }));
  metrics::counter("wardbridge_partner_messages_total", "data upload messages taken, by what became of them",
                   {{"status", stored.message.status}})
      .add();
  if (!speaks_as_device_partner(request))
    return http::json_response(200, message_answer(caller, id, kAccepted, nullptr));
  // ENTRA: in 2018 nobody asked afterwards; 0 is success.
  const Message& applied = stored.message;
  json::Value detail = applied.error_detail.empty() ? json::Value() : json::Value(applied.error_detail);
  return http::json_response(200, message_answer(caller, id, static_cast<int>(applied.error_code), detail));
}

Result<http::Response> PartnerServices::message(const http::Request& request) {
  tokens::Caller caller = TRY(this->caller(request, kUpdateDevices));
  std::string id = text::lower(request.path_parameter("message"));
  auto found = TRY(store_.read(
      [&](store::Transaction& tx) -> Result<std::optional<Message>> { return find_message(tx, caller.tenant, id); }));
  // Another partner's message is as unknown as one that never was.
  if (!found || found->app_id != caller.client) {
    return not_found("no_message", "no message has the id `" + id.substr(0, 80) + "`");
  }
  json::Object answer = message_answer(caller, id, static_cast<int>(found->error_code), nullptr);
  if (!found->error_detail.empty()) answer["ErrorDetail"] = found->error_detail;
  answer["Status"] = found->status;
  return http::json_response(200, answer);
}

// DEVIATION: the real service answers Company Portal at an address of its own (its members are those of the device
// owner's view, IsPartnerManaged and PartnerName and so on); ours answers the person's token for device registration.
Result<http::Response> PartnerServices::partner_management_of_caller(const http::Request& request) {
  tokens::Caller caller = TRY(authority_.authenticate(request, directory::kDeviceRegistrationAppId));
  if (caller.is_application) return forbidden("user_token_required", "a person asks this about themself");
  auto found = TRY(store_.read([&](store::Transaction& tx) -> Result<PartnerManagement> {
    auto tenant = directory::find_tenant(tx, request.path_parameter("tenant"));
    if (!tenant || tenant->id != caller.tenant) {
      return forbidden("wrong_tenant", "the token belongs to another tenant than the one in the path");
    }
    return partner_management(tx, caller.tenant, caller.subject);
  }));
  return http::json_response(200, json::Object{{"IsPartnerManagementEnabled", found.is_enabled},
                                               {"IsPartnerManaged", found.is_of_account},
                                               {"PartnerName", found.partner_name},
                                               {"PartnerSelfServicePortalUrl", found.enrollment_url},
                                               {"PartnerRemediationUrl", found.remediation_url}});
}

}  // namespace

void register_routes(http::Router& router, const Dependencies& dependencies) {
  auto services = std::make_shared<PartnerServices>(dependencies);
  using Call = Result<http::Response> (PartnerServices::*)(const http::Request&);
  auto add = [&](const char* method, const std::string& path, Call call) {
    router.add(method, dependencies.options.base_path + path, [services, call](const http::Request& request) {
      Result<http::Response> response = (services.get()->*call)(request);
      return response.ok() ? std::move(response).value() : error(response.failure());
    });
  };
  const std::string tenant_service = "/PartnerTenantDataSyncService";
  const std::string device_service = "/PartnerDeviceDataSyncService";
  add("PUT", tenant_service + "/PartnerTenantHeartbeat(guid'{tenant}')", &PartnerServices::heartbeat);
  add("PUT", tenant_service + "/PartnerTenants(guid'{tenant}')", &PartnerServices::provision);
  add("GET", tenant_service + "/PartnerCompliancePolicies", &PartnerServices::list_policies);
  add("POST", tenant_service + "/PartnerCompliancePolicies", &PartnerServices::create_policy);
  add("POST", tenant_service + "/PartnerCompliancePolicies(guid'{policy}')/Assign", &PartnerServices::assign_policy);
  add("PUT", device_service + "/DataUploadMessages(guid'{message}')", &PartnerServices::upload);
  add("GET", device_service + "/DataUploadMessages(guid'{message}')", &PartnerServices::message);
  router.add("GET", "/{tenant}/wardbridge/partnerManagement", [services](const http::Request& request) {
    Result<http::Response> response = services->partner_management_of_caller(request);
    return response.ok() ? std::move(response).value() : error(response.failure());
  });
}

}  // namespace wardbridge::intune
