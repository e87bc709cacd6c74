#include <algorithm>
#include <deque>

#include "tenant/graph/resources.h"

namespace wardbridge::graph {
namespace {

using enum PropertyType;

constexpr bool kOnRequest = false;  // shown only when $select names it

// `extensionAttributes/extensionAttribute1` and the others, which can be filtered on.
void add_extension_attributes(ResourceType& type, const std::string& member) {
  // Names of properties live for ever, like the types.
  static auto* const paths = new std::deque<std::string>();
  for (std::size_t i = 1; i <= directory::ExtensionAttributes{}.size(); ++i)
    type.properties.push_back({paths->emplace_back(member + "/extensionAttribute" + std::to_string(i))});
}

const std::vector<const ResourceType*>& member_types() {
  static const auto* const kTypes = new std::vector<const ResourceType*>{
      &user_type(), &group_type(), &device_type(), &service_principal_type(), &application_type()};
  return *kTypes;
}

ResourceType union_of_members() {
  ResourceType all{"microsoft.graph.directoryObject", {}, member_types()};
  for (const ResourceType* type : member_types())
    for (const Property& property : type->properties)
      if (!all.find(property.name)) all.properties.push_back(property);
  return all;
}

}  // namespace

const ResourceType& user_type() {
  static const auto* const kType = [] {
    auto* type = new ResourceType{"microsoft.graph.user",
                                  {{"id"},
                                   {"accountEnabled", flag, kOnRequest},
                                   {"createdDateTime", date, kOnRequest},
                                   {"employeeHireDate", date, kOnRequest},
                                   {"onPremisesExtensionAttributes", complex, kOnRequest},
                                   {"onPremisesLastSyncDateTime", date, kOnRequest},
                                   {"onPremisesSyncEnabled", flag, kOnRequest}}};
    add_extension_attributes(*type, "onPremisesExtensionAttributes");
    // ENTRA: what a user shows without $select.
    constexpr std::string_view kShown[] = {"businessPhones", "displayName",      "givenName",      "jobTitle",
                                           "mail",           "mobilePhone",      "officeLocation", "preferredLanguage",
                                           "surname",        "userPrincipalName"};
    constexpr std::string_view kSearched[] = {"displayName", "givenName", "mail", "surname", "userPrincipalName"};
    const auto add = [&](std::string_view name, PropertyType of) {
      type->properties.push_back({name, of, std::find(std::begin(kShown), std::end(kShown), name) != std::end(kShown),
                                  std::find(std::begin(kSearched), std::end(kSearched), name) != std::end(kSearched)});
    };
    for (const auto& property : directory::user_text_properties()) add(property.name, text);
    for (const auto& property : directory::user_list_properties()) add(property.name, collection);
    return type;
  }();
  return *kType;
}

const ResourceType& group_type() {
  static const auto* const kType = new ResourceType{"microsoft.graph.group",
                                                    {{"id"},
                                                     {"deletedDateTime", date},
                                                     {"createdDateTime", date},
                                                     {"description", text, true, true},
                                                     {"displayName", text, true, true},
                                                     {"groupTypes", collection},
                                                     {"mail"},
                                                     {"mailEnabled", flag},
                                                     {"mailNickname"},
                                                     {"membershipRule"},
                                                     {"membershipRuleProcessingState"},
                                                     {"membershipRuleProcessingStatus", complex, kOnRequest},
                                                     {"onPremisesSyncEnabled", flag},
                                                     {"securityEnabled", flag},
                                                     {"visibility"}}};
  return *kType;
}

const ResourceType& device_type() {
  static const auto* const kType = [] {
    auto* type = new ResourceType{"microsoft.graph.device",
                                  {{"id"},
                                   {"deletedDateTime", date},
                                   {"accountEnabled", flag},
                                   {"approximateLastSignInDateTime", date},
                                   {"complianceExpirationDateTime", date},
                                   {"createdDateTime", date},
                                   {"deviceCategory"},
                                   {"deviceId"},
                                   {"deviceOwnership"},
                                   {"displayName", text, true, true},
                                   {"enrollmentProfileName"},
                                   {"extensionAttributes", complex},
                                   {"isCompliant", flag},
                                   {"isManaged", flag},
                                   {"isRooted", flag},
                                   {"managementType"},
                                   {"manufacturer"},
                                   {"mdmAppId"},
                                   {"model"},
                                   {"operatingSystem"},
                                   {"operatingSystemVersion"},
                                   {"physicalIds", collection},
                                   {"profileType"},
                                   {"registrationDateTime", date},
                                   {"systemLabels", collection},
                                   {"trustType"}}};
    add_extension_attributes(*type, "extensionAttributes");
    return type;
  }();
  return *kType;
}

const ResourceType& application_type() {
  static const auto* const kType = new ResourceType{"microsoft.graph.application",
                                                    {{"id"},
                                                     {"appId"},
                                                     {"createdDateTime", date},
                                                     {"displayName"},
                                                     {"description"},
                                                     {"notes"},
                                                     {"tags", collection},
                                                     {"signInAudience"},
                                                     {"isFallbackPublicClient", flag},
                                                     {"identifierUris", collection},
                                                     {"appRoles", collection},
                                                     {"api", complex},
                                                     {"web", complex},
                                                     {"spa", complex},
                                                     {"publicClient", complex},
                                                     {"requiredResourceAccess", collection},
                                                     {"passwordCredentials", collection},
                                                     {"keyCredentials", collection}}};
  return *kType;
}

const ResourceType& service_principal_type() {
  static const auto* const kType = new ResourceType{"microsoft.graph.servicePrincipal",
                                                    {{"id"},
                                                     {"appId"},
                                                     {"displayName"},
                                                     {"appDisplayName"},
                                                     {"accountEnabled", flag},
                                                     {"appOwnerOrganizationId"},
                                                     {"servicePrincipalType"},
                                                     {"servicePrincipalNames", collection},
                                                     {"appRoles", collection},
                                                     {"oauth2PermissionScopes", collection},
                                                     {"replyUrls", collection},
                                                     {"signInAudience"}}};
  return *kType;
}

const ResourceType& endpoint_type() {
  static const auto* const kType = new ResourceType{"microsoft.graph.endpoint",
                                                    {{"id"},
                                                     {"deletedDateTime", date},
                                                     {"capability"},
                                                     {"providerId"},
                                                     {"providerName"},
                                                     {"providerResourceId"},
                                                     {"uri"}}};
  return *kType;
}

const ResourceType& app_role_assignment_type() {
  static const auto* const kType = new ResourceType{"microsoft.graph.appRoleAssignment",
                                                    {{"id"},
                                                     {"deletedDateTime", date},
                                                     {"appRoleId"},
                                                     {"createdDateTime", date},
                                                     {"principalDisplayName"},
                                                     {"principalId"},
                                                     {"principalType"},
                                                     {"resourceDisplayName"},
                                                     {"resourceId"}}};
  return *kType;
}

const ResourceType& permission_grant_type() {
  static const auto* const kType =
      new ResourceType{"microsoft.graph.oAuth2PermissionGrant",
                       {{"id"}, {"clientId"}, {"consentType"}, {"principalId"}, {"resourceId"}, {"scope"}}};
  return *kType;
}

const ResourceType& domain_type() {
  static const auto* const kType = new ResourceType{"microsoft.graph.domain",
                                                    {{"id"},
                                                     {"authenticationType"},
                                                     {"availabilityStatus"},
                                                     {"isAdminManaged", flag},
                                                     {"isDefault", flag},
                                                     {"isInitial", flag},
                                                     {"isRoot", flag},
                                                     {"isVerified", flag},
                                                     {"supportedServices", collection}}};
  return *kType;
}

const ResourceType& directory_role_type() {
  static const auto* const kType =
      new ResourceType{"microsoft.graph.directoryRole",
                       {{"id"}, {"deletedDateTime", date}, {"description"}, {"displayName"}, {"roleTemplateId"}}};
  return *kType;
}

const ResourceType& organization_type() {
  static const auto* const kType = new ResourceType{
      "microsoft.graph.organization",
      {{"id"}, {"createdDateTime", date}, {"displayName"}, {"tenantType"}, {"verifiedDomains", collection}}};
  return *kType;
}

const ResourceType& directory_object_type() {
  static const auto* const kType = new ResourceType(union_of_members());
  return *kType;
}

const ResourceType& policy_type() {
  static const auto* const kType = new ResourceType{"microsoft.graph.conditionalAccessPolicy",
                                                    {{"id"},
                                                     {"templateId"},
                                                     {"displayName"},
                                                     {"description"},
                                                     {"createdDateTime", date},
                                                     {"modifiedDateTime", date},
                                                     {"state"},
                                                     {"conditions", complex},
                                                     {"grantControls", complex},
                                                     {"sessionControls", complex}}};
  return *kType;
}

const ResourceType& sign_in_type() {
  static const auto* const kType = new ResourceType{"microsoft.graph.signIn",
                                                    {{"id"},
                                                     {"createdDateTime", date},
                                                     {"userDisplayName"},
                                                     {"userPrincipalName"},
                                                     {"userId"},
                                                     {"appId"},
                                                     {"appDisplayName"},
                                                     {"ipAddress"},
                                                     {"clientAppUsed"},
                                                     {"userAgent"},
                                                     {"correlationId"},
                                                     {"conditionalAccessStatus"},
                                                     {"isInteractive", flag},
                                                     {"riskDetail"},
                                                     {"riskLevelAggregated"},
                                                     {"riskLevelDuringSignIn"},
                                                     {"riskState"},
                                                     {"riskEventTypes", collection},
                                                     {"riskEventTypes_v2", collection},
                                                     {"resourceDisplayName"},
                                                     {"resourceId"},
                                                     {"status", complex},
                                                     {"status/errorCode", integer},
                                                     {"status/failureReason"},
                                                     {"deviceDetail", complex},
                                                     {"deviceDetail/deviceId"},
                                                     {"deviceDetail/displayName"},
                                                     {"deviceDetail/operatingSystem"},
                                                     {"deviceDetail/browser"},
                                                     {"deviceDetail/isCompliant", flag},
                                                     {"deviceDetail/isManaged", flag},
                                                     {"location", complex},
                                                     {"appliedConditionalAccessPolicies", collection}}};
  return *kType;
}

const ResourceType& directory_audit_type() {
  static const auto* const kType = new ResourceType{"microsoft.graph.directoryAudit",
                                                    {{"id"},
                                                     {"activityDateTime", date},
                                                     {"activityDisplayName"},
                                                     {"additionalDetails", collection},
                                                     {"category"},
                                                     {"correlationId"},
                                                     {"initiatedBy", complex},
                                                     {"initiatedBy/user/id"},
                                                     {"initiatedBy/user/userPrincipalName"},
                                                     {"initiatedBy/app/appId"},
                                                     {"initiatedBy/app/displayName"},
                                                     {"loggedByService"},
                                                     {"operationType"},
                                                     {"result"},
                                                     {"resultReason"},
                                                     {"targetResources", collection}}};
  return *kType;
}

}  // namespace wardbridge::graph
