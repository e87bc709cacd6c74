// Microsoft Graph's signIn resource.
#include "tenant/sign_ins/sign_ins.h"

namespace wardbridge::sign_ins {
namespace {

using access::Control;
using access::PolicyResult;

// ENTRA: the log spells enforced controls differently from the policies.
const char* log_name(Control control) {
  switch (control) {
    case Control::block:
      return "Block";
    case Control::mfa:
      return "Mfa";
    case Control::compliant_device:
      return "RequireCompliantDevice";
    case Control::domain_joined_device:
      return "RequireDomainJoinedDevice";
    case Control::approved_application:
      return "RequireApprovedApp";
    case Control::compliant_application:
      return "RequireCompliantApp";
    case Control::password_change:
      return "PasswordChange";
  }
  CHECK(false, "every control has a name");
}

json::Object policy_json(const access::AppliedPolicy& policy) {
  json::Array controls;
  for (Control control : policy.enforced_controls) controls.push_back(log_name(control));
  json::Object object{{"id", policy.id},
                      {"displayName", policy.display_name},
                      {"enforcedGrantControls", std::move(controls)},
                      {"enforcedSessionControls", json::Array{}},
                      {"result", access::wire_name(policy.result)}};
  // DEVIATION: Graph doesn't say why. An OData instance annotation carries it; clients that don't know it skip it.
  object["@wardbridge.reason"] = policy.reason;
  return object;
}

json::Object device_json(const SignInRecord& record) {
  const SignInRecord::DeviceDetail device =
      record.device.value_or(SignInRecord::DeviceDetail{.device_id = "", .display_name = "", .trust_type = ""});
  return {{"deviceId", device.device_id},
          {"displayName", device.display_name},
          {"operatingSystem", record.operating_system},
          {"browser", record.browser},
          {"isCompliant", device.is_compliant},
          {"isManaged", device.is_managed},
          {"trustType", device.trust_type}};
}

std::string client_app_words(const std::string& client_app_type) {
  if (client_app_type == "browser") return "Browser";
  if (client_app_type == "mobileAppsAndDesktopClients") return "Mobile Apps and Desktop clients";
  return client_app_type;
}

}  // namespace

const char* conditional_access_status(const SignInRecord& record) {
  const char* status = "notApplied";
  for (const access::AppliedPolicy& policy : record.policies) {
    if (policy.result == PolicyResult::failure) return "failure";
    if (policy.result == PolicyResult::success) status = "success";
  }
  return status;
}

json::Object to_graph_json(const SignInRecord& record) {
  json::Array policies;
  for (const access::AppliedPolicy& policy : record.policies) policies.push_back(policy_json(policy));
  const bool succeeded = record.error_code == 0;
  return {{"id", record.id},
          {"createdDateTime", to_iso8601(record.created, false)},
          {"userDisplayName", record.user_display_name},
          {"userPrincipalName", record.user_principal_name},
          {"userId", record.user_id},
          {"appId", record.app_id},
          {"appDisplayName", record.app_display_name},
          {"ipAddress", record.ip_address},
          {"clientAppUsed", client_app_words(record.client_app_used)},
          {"userAgent", record.user_agent},
          {"correlationId", record.correlation_id},
          {"conditionalAccessStatus", conditional_access_status(record)},
          {"isInteractive", record.is_interactive},
          {"riskDetail", "none"},
          {"riskLevelAggregated", "none"},
          {"riskLevelDuringSignIn", "none"},
          {"riskState", "none"},
          {"riskEventTypes", json::Array{}},
          {"riskEventTypes_v2", json::Array{}},
          {"resourceDisplayName", record.resource_display_name},
          {"resourceId", record.resource_id},
          {"status", json::Object{{"errorCode", record.error_code},
                                  {"failureReason", succeeded ? "Other." : record.failure_reason},
                                  {"additionalDetails", nullptr}}},
          {"deviceDetail", device_json(record)},
          {"location", nullptr},
          {"appliedConditionalAccessPolicies", std::move(policies)}};
}

}  // namespace wardbridge::sign_ins
