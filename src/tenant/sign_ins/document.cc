#include "tenant/sign_ins/document.h"

#include <array>
#include <string>

namespace wardbridge::sign_ins {
namespace {

using access::AppliedPolicy;
using access::Control;
using access::PolicyResult;

constexpr std::array kResults{PolicyResult::success,
                              PolicyResult::failure,
                              PolicyResult::not_applied,
                              PolicyResult::not_enabled,
                              PolicyResult::report_only_success,
                              PolicyResult::report_only_failure,
                              PolicyResult::report_only_not_applied};

// Every text of a record with its name in the document.
constexpr std::pair<const char*, std::string SignInRecord::*> kTexts[] = {
    {"id", &SignInRecord::id},
    {"correlationId", &SignInRecord::correlation_id},
    {"userId", &SignInRecord::user_id},
    {"userPrincipalName", &SignInRecord::user_principal_name},
    {"userDisplayName", &SignInRecord::user_display_name},
    {"appId", &SignInRecord::app_id},
    {"appDisplayName", &SignInRecord::app_display_name},
    {"resourceId", &SignInRecord::resource_id},
    {"resourceDisplayName", &SignInRecord::resource_display_name},
    {"clientAppUsed", &SignInRecord::client_app_used},
    {"ipAddress", &SignInRecord::ip_address},
    {"userAgent", &SignInRecord::user_agent},
    {"failureReason", &SignInRecord::failure_reason},
    {"operatingSystem", &SignInRecord::operating_system},
    {"browser", &SignInRecord::browser},
};

json::Array to_names(const std::vector<Control>& controls) {
  json::Array names;
  for (Control control : controls) names.push_back(access::wire_name(control));
  return names;
}

std::vector<Control> from_names(const json::Object& object, std::string_view key) {
  std::vector<Control> controls;
  for (const std::string& name : json::optional_texts(object, key).value_or({}))
    if (auto control = access::control_from_wire_name(name)) controls.push_back(*control);
  return controls;
}

std::string text_of(const json::Object& object, std::string_view key) {
  return std::string(json::text_at(object, key).value_or(""));
}

AppliedPolicy policy_from(const json::Object& object) {
  AppliedPolicy policy{.id = text_of(object, "id"),
                       .display_name = text_of(object, "displayName"),
                       .result = PolicyResult::not_applied,
                       .enforced_controls = from_names(object, "enforced"),
                       .unsatisfied_controls = from_names(object, "unsatisfied"),
                       .reason = text_of(object, "reason")};
  for (PolicyResult result : kResults)
    if (text_of(object, "result") == access::wire_name(result)) policy.result = result;
  return policy;
}

}  // namespace

json::Object to_document(const SignInRecord& record) {
  json::Object document;
  for (const auto& [name, member] : kTexts) document[name] = record.*member;
  document["created"] = to_unix_milliseconds(record.created);
  document["isInteractive"] = record.is_interactive;
  document["errorCode"] = record.error_code;
  if (record.device) {
    document["device"] = json::Object{{"deviceId", record.device->device_id},
                                      {"displayName", record.device->display_name},
                                      {"isCompliant", record.device->is_compliant},
                                      {"isManaged", record.device->is_managed},
                                      {"trustType", record.device->trust_type}};
  }
  json::Array policies;
  for (const AppliedPolicy& policy : record.policies) {
    policies.push_back(json::Object{{"id", policy.id},
                                    {"displayName", policy.display_name},
                                    {"result", access::wire_name(policy.result)},
                                    {"enforced", to_names(policy.enforced_controls)},
                                    {"unsatisfied", to_names(policy.unsatisfied_controls)},
                                    {"reason", policy.reason}});
  }
  document["policies"] = std::move(policies);
  return document;
}

SignInRecord from_document(std::string_view text) {
  const auto parsed = json::parse(text);
  CHECK(parsed.ok(), "the document of a sign-in is written by this file alone");
  const json::Object& document = parsed->as_object();
  SignInRecord record;
  for (const auto& [name, member] : kTexts) record.*member = text_of(document, name);
  record.created = from_unix_milliseconds(json::integer_at(document, "created").value_or(0));
  record.is_interactive = json::bool_at(document, "isInteractive").value_or(true);
  record.error_code = static_cast<int>(json::integer_at(document, "errorCode").value_or(0));
  if (const json::Object* device = json::object_at(document, "device")) {
    record.device = SignInRecord::DeviceDetail{.device_id = text_of(*device, "deviceId"),
                                               .display_name = text_of(*device, "displayName"),
                                               .is_compliant = json::bool_at(*device, "isCompliant").value_or(false),
                                               .is_managed = json::bool_at(*device, "isManaged").value_or(false),
                                               .trust_type = text_of(*device, "trustType")};
  }
  if (const json::Array* policies = json::array_at(document, "policies"))
    for (const json::Value& policy : *policies) record.policies.push_back(policy_from(policy.as_object()));
  return record;
}

}  // namespace wardbridge::sign_ins
