#include "tenant/graph/resources.h"

namespace wardbridge::graph {
namespace {

using enum PropertyType;

constexpr bool kOnRequest = false;  // shown only when $select names it

const std::vector<const ResourceType*>& member_types() {
  static const auto* const kTypes =
      new std::vector<const ResourceType*>{&user_type(), &group_type(), &device_type(), &service_principal_type()};
  return *kTypes;
}

ResourceType union_of_members() {
  ResourceType all{"microsoft.graph.directoryObject", {}};
  for (const ResourceType* type : member_types())
    for (const Property& property : type->properties)
      if (!all.find(property.name)) all.properties.push_back(property);
  return all;
}

}  // namespace

const ResourceType& user_type() {
  static const auto* const kType = new ResourceType{"microsoft.graph.user",
                                                    {{"id"},
                                                     {"businessPhones", collection},
                                                     {"displayName"},
                                                     {"givenName"},
                                                     {"jobTitle"},
                                                     {"mail"},
                                                     {"mobilePhone"},
                                                     {"officeLocation"},
                                                     {"preferredLanguage"},
                                                     {"surname"},
                                                     {"userPrincipalName"},
                                                     {"accountEnabled", flag, kOnRequest},
                                                     {"createdDateTime", date, kOnRequest},
                                                     {"department", text, kOnRequest},
                                                     {"userType", text, kOnRequest}}};
  return *kType;
}

const ResourceType& group_type() {
  static const auto* const kType = new ResourceType{"microsoft.graph.group",
                                                    {{"id"},
                                                     {"createdDateTime", date},
                                                     {"description"},
                                                     {"displayName"},
                                                     {"groupTypes", collection},
                                                     {"mail"},
                                                     {"mailEnabled", flag},
                                                     {"mailNickname"},
                                                     {"securityEnabled", flag}}};
  return *kType;
}

const ResourceType& device_type() {
  static const auto* const kType = new ResourceType{"microsoft.graph.device",
                                                    {{"id"},
                                                     {"deletedDateTime", date},
                                                     {"accountEnabled", flag},
                                                     {"approximateLastSignInDateTime", date},
                                                     {"complianceExpirationDateTime", date},
                                                     {"createdDateTime", date},
                                                     {"deviceId"},
                                                     {"displayName"},
                                                     {"isCompliant", flag},
                                                     {"isManaged", flag},
                                                     {"managementType"},
                                                     {"manufacturer"},
                                                     {"mdmAppId"},
                                                     {"model"},
                                                     {"operatingSystem"},
                                                     {"operatingSystemVersion"},
                                                     {"profileType"},
                                                     {"registrationDateTime", date},
                                                     {"trustType"}}};
  return *kType;
}

const ResourceType& application_type() {
  static const auto* const kType = new ResourceType{"microsoft.graph.application",
                                                    {{"id"},
                                                     {"appId"},
                                                     {"createdDateTime", date},
                                                     {"displayName"},
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
