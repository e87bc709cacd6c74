#include "tenant/graph/resources.h"

#include <array>

namespace wardbridge::graph {
namespace {

// Graph shows what isn't there as null.
json::Value text_or_null(const std::string& text) { return text.empty() ? json::Value() : json::Value(text); }
json::Value time_or_null(Time time) { return time == kEpoch ? json::Value() : json::Value(to_iso8601(time, false)); }

json::Value flag_or_null(const std::optional<bool>& flag) { return flag ? json::Value(*flag) : json::Value(); }

json::Object attributes_json(const directory::ExtensionAttributes& attributes) {
  json::Object shown;
  for (std::size_t i = 0; i < attributes.size(); ++i)
    shown["extensionAttribute" + std::to_string(i + 1)] = text_or_null(attributes[i]);
  return shown;
}

// ENTRA: of `membershipRuleProcessingStatus`.
const char* word_of(directory::Group::RuleProgress progress) {
  switch (progress) {
    case directory::Group::RuleProgress::none:
    case directory::Group::RuleProgress::pending:
      return "NotStarted";
    case directory::Group::RuleProgress::running:
      return "Running";
    case directory::Group::RuleProgress::succeeded:
      return "Succeeded";
  }
  CHECK(false, "every progress has its word");
}

json::Array roles_json(const std::vector<directory::AppRole>& roles) {
  json::Array shown;
  for (const directory::AppRole& role : roles)
    shown.push_back(json::Object{{"id", role.id},
                                 {"value", role.value},
                                 {"displayName", role.display_name},
                                 {"description", role.display_name},
                                 {"allowedMemberTypes", json::Array{"Application"}},
                                 {"isEnabled", true},
                                 {"origin", "Application"}});
  return shown;
}

json::Array scopes_json(const std::vector<directory::PermissionScope>& scopes) {
  json::Array shown;
  for (const directory::PermissionScope& scope : scopes)
    shown.push_back(json::Object{{"id", scope.id}, {"value", scope.value}, {"type", "Admin"}, {"isEnabled", true}});
  return shown;
}

// [{resourceAppId, resourceAccess: [{id, type}]}], one entry per resource.
json::Array required_json(const std::vector<directory::RequiredPermission>& required) {
  json::Array shown;
  for (const directory::RequiredPermission& permission : required) {
    json::Object* entry = nullptr;
    for (json::Value& existing : shown)
      if (existing.at("resourceAppId").as_string() == permission.resource.value) entry = &existing.as_object();
    if (!entry) {
      shown.push_back(json::Object{{"resourceAppId", permission.resource.value}, {"resourceAccess", json::Array{}}});
      entry = &shown.back().as_object();
    }
    (*entry)["resourceAccess"].as_array().push_back(
        json::Object{{"id", permission.permission_id}, {"type", permission.is_role ? "Role" : "Scope"}});
  }
  return shown;
}

}  // namespace

json::Object to_json(const directory::User& user) {
  json::Object shown{{"id", user.id.value},
                     {"accountEnabled", user.account_enabled},
                     {"createdDateTime", time_or_null(user.created)},
                     {"employeeHireDate", time_or_null(user.employee_hire_date.value_or(kEpoch))},
                     {"onPremisesExtensionAttributes", attributes_json(user.extension_attributes)},
                     {"onPremisesLastSyncDateTime", time_or_null(user.on_premises_last_sync.value_or(kEpoch))},
                     {"onPremisesSyncEnabled", flag_or_null(user.on_premises_sync_enabled)}};
  for (const auto& property : directory::user_text_properties())
    shown[property.name] = text_or_null(user.*property.member);
  for (const auto& property : directory::user_list_properties())
    shown[property.name] = json::to_array(user.*property.member);
  return shown;
}

json::Object to_json(const directory::Group& group) {
  const bool is_dynamic = !group.membership_rule.empty();
  json::Object status{{"status", word_of(group.rule_progress)},
                      {"lastMembershipUpdated", time_or_null(group.membership_updated)},
                      {"errorMessage", nullptr}};
  return {{"id", group.id.value},
          {"deletedDateTime", nullptr},
          {"createdDateTime", time_or_null(group.created)},
          {"description", text_or_null(group.description)},
          {"displayName", text_or_null(group.display_name)},
          {"groupTypes", is_dynamic ? json::Array{"DynamicMembership"} : json::Array{}},
          {"mail", nullptr},
          {"mailEnabled", false},
          {"mailNickname", text_or_null(group.mail_nickname)},
          {"membershipRule", text_or_null(group.membership_rule)},
          {"membershipRuleProcessingState",
           is_dynamic ? json::Value(group.rule_is_paused ? "Paused" : "On") : json::Value()},
          {"membershipRuleProcessingStatus", is_dynamic ? json::Value(std::move(status)) : json::Value()},
          {"onPremisesSyncEnabled", nullptr},
          {"securityEnabled", group.security_enabled},
          {"visibility", nullptr}};
}

json::Object to_json(const directory::Device& device, Time now) {
  const auto& compliance = device.compliance;
  return {{"id", device.id.value},
          {"deletedDateTime", nullptr},
          {"accountEnabled", device.account_enabled},
          {"approximateLastSignInDateTime", time_or_null(device.approximate_last_sign_in)},
          {"complianceExpirationDateTime", compliance ? time_or_null(compliance->expiration) : json::Value()},
          {"createdDateTime", time_or_null(device.registration)},
          {"deviceCategory", text_or_null(device.device_category)},
          {"deviceId", device.device_id.value},
          {"deviceOwnership", text_or_null(device.device_ownership)},
          {"displayName", text_or_null(device.display_name)},
          {"enrollmentProfileName", text_or_null(device.enrollment_profile_name)},
          {"extensionAttributes", attributes_json(device.extension_attributes)},
          // ENTRA: null until a management authority has spoken. INVARIANT: law 3: expired reads as false.
          {"isCompliant", compliance ? json::Value(device.is_compliant_at(now)) : json::Value()},
          {"isManaged", compliance ? json::Value(compliance->is_managed) : json::Value()},
          {"isRooted", flag_or_null(device.is_rooted)},
          {"managementType", compliance && compliance->is_managed ? json::Value("MDM") : json::Value()},
          {"manufacturer", text_or_null(device.manufacturer)},
          {"mdmAppId", compliance ? text_or_null(compliance->mdm_app_id) : json::Value()},
          {"model", text_or_null(device.model)},
          {"operatingSystem", text_or_null(device.operating_system)},
          {"operatingSystemVersion", text_or_null(device.operating_system_version)},
          {"physicalIds", json::to_array(device.physical_ids)},
          {"profileType", text_or_null(device.profile_type)},
          {"registrationDateTime", time_or_null(device.registration)},
          {"systemLabels", json::to_array(device.system_labels)},
          {"trustType", text_or_null(device.trust_type)}};
}

json::Object to_json(const directory::Application& application, const std::vector<directory::Credential>& credentials) {
  json::Array passwords;
  json::Array keys;
  for (const directory::Credential& credential : credentials) {
    json::Object shown{{"keyId", credential.key_id},
                       {"displayName", text_or_null(credential.display_name)},
                       {"startDateTime", to_iso8601(credential.start, false)},
                       {"endDateTime", to_iso8601(credential.end, false)}};
    if (credential.kind == directory::Credential::Kind::secret) {
      shown["hint"] = credential.hint;
      shown["secretText"] = nullptr;  // only ever told once, when it is made
      passwords.push_back(std::move(shown));
    } else {
      shown["type"] = "AsymmetricX509Cert";
      shown["usage"] = "Verify";
      shown["customKeyIdentifier"] = credential.thumbprint;
      keys.push_back(std::move(shown));
    }
  }
  return {{"id", application.id.value},
          {"appId", application.app_id.value},
          {"createdDateTime", time_or_null(application.created)},
          {"displayName", application.display_name},
          {"description", text_or_null(application.description)},
          {"notes", text_or_null(application.notes)},
          {"tags", json::to_array(application.tags)},
          {"signInAudience", application.sign_in_audience},
          {"isFallbackPublicClient", application.is_public_client},
          {"identifierUris", json::to_array(application.identifier_uris)},
          {"appRoles", roles_json(application.app_roles)},
          {"api", json::Object{{"oauth2PermissionScopes", scopes_json(application.scopes)}}},
          {"web", json::Object{{"redirectUris", json::to_array(application.web_redirect_uris)},
                               {"homePageUrl", text_or_null(application.home_page_url)},
                               {"logoutUrl", text_or_null(application.logout_url)}}},
          {"spa", json::Object{{"redirectUris", json::to_array(application.spa_redirect_uris)}}},
          {"publicClient", json::Object{{"redirectUris", json::to_array(application.public_client_redirect_uris)}}},
          {"requiredResourceAccess", required_json(application.required)},
          {"passwordCredentials", std::move(passwords)},
          {"keyCredentials", std::move(keys)}};
}

json::Object to_json(const directory::ServicePrincipal& principal, const directory::TenantId& tenant,
                     const std::optional<directory::Application>& application) {
  json::Array names{principal.app_id.value};
  json::Object shown{{"id", principal.id.value},
                     {"appId", principal.app_id.value},
                     {"displayName", principal.display_name},
                     {"appDisplayName", principal.display_name},
                     {"accountEnabled", principal.account_enabled},
                     {"appOwnerOrganizationId", tenant.value},
                     {"servicePrincipalType", "Application"},
                     {"appRoles", json::Array{}},
                     {"oauth2PermissionScopes", json::Array{}},
                     {"replyUrls", json::Array{}},
                     {"signInAudience", nullptr}};
  if (application) {
    for (const std::string& uri : application->identifier_uris) names.push_back(json::Value(uri));
    shown["appDisplayName"] = application->display_name;
    shown["appRoles"] = roles_json(application->app_roles);
    shown["oauth2PermissionScopes"] = scopes_json(application->scopes);
    shown["replyUrls"] = json::to_array(application->web_redirect_uris);
    shown["signInAudience"] = application->sign_in_audience;
  }
  shown["servicePrincipalNames"] = std::move(names);
  return shown;
}

json::Object to_json(const directory::Endpoint& endpoint) {
  return {{"id", endpoint.id},
          {"deletedDateTime", nullptr},
          {"capability", endpoint.capability},
          {"providerId", text_or_null(endpoint.provider_id)},
          {"providerName", text_or_null(endpoint.provider_name)},
          {"providerResourceId", text_or_null(endpoint.provider_resource_id)},
          {"uri", endpoint.uri}};
}

json::Object to_json(const directory::DirectoryRole& role) {
  // DEVIATION: a role's id is its template's; the real service has one per tenant.
  return {{"id", role.template_id},
          {"deletedDateTime", nullptr},
          {"description", role.description},
          {"displayName", role.display_name},
          {"roleTemplateId", role.template_id}};
}

json::Object domain_json(const directory::Tenant& tenant, std::size_t index) {
  return {{"id", tenant.domains[index]},
          {"authenticationType", "Managed"},
          {"availabilityStatus", nullptr},
          {"isAdminManaged", true},
          {"isDefault", index == 0},
          {"isInitial", index == 0},
          {"isRoot", true},
          {"isVerified", true},
          {"supportedServices", json::Array{}}};
}

json::Object typed(const ResourceType& type, json::Object item) {
  item["@odata.type"] = "#" + std::string(type.name);
  return item;
}

json::Object to_json(const directory::Tenant& tenant) {
  json::Array domains;
  for (const std::string& domain : tenant.domains)
    domains.push_back(json::Object{{"name", domain},
                                   {"isDefault", domains.empty()},
                                   {"isInitial", domains.empty()},
                                   {"type", "Managed"},
                                   {"capabilities", "Email, OfficeCommunicationsOnline"}});
  return {{"id", tenant.id.value},
          {"createdDateTime", time_or_null(tenant.created)},
          {"displayName", tenant.display_name},
          {"tenantType", "AAD"},
          {"verifiedDomains", std::move(domains)}};
}

}  // namespace wardbridge::graph
