// The properties that rules may read, under the names that rules have for them.
#include <algorithm>

#include "base/text.h"
#include "tenant/membership_rules/membership_rules.h"

namespace wardbridge::membership_rules {
namespace {

using enum PropertyType;

void add_extension_attributes(std::vector<Property>& properties) {
  for (std::string_view name :
       {"extensionAttribute1", "extensionAttribute2", "extensionAttribute3", "extensionAttribute4",
        "extensionAttribute5", "extensionAttribute6", "extensionAttribute7", "extensionAttribute8",
        "extensionAttribute9", "extensionAttribute10", "extensionAttribute11", "extensionAttribute12",
        "extensionAttribute13", "extensionAttribute14", "extensionAttribute15"})
    properties.push_back({name});
}

std::vector<Property> user_properties() {
  std::vector<Property> properties{{"accountEnabled", flag},
                                   {"assignedPlans", plans},
                                   {"city"},
                                   {"companyName"},
                                   {"country"},
                                   {"department"},
                                   {"dirSyncEnabled", flag},
                                   {"displayName"},
                                   {"employeeHireDate", date},
                                   {"employeeId"},
                                   {"facsimileTelephoneNumber"},
                                   {"givenName"},
                                   {"jobTitle"},
                                   {"mail"},
                                   {"mailNickName"},
                                   {"memberOf", texts},
                                   {"mobile"},
                                   {"objectId"},
                                   {"onPremisesDistinguishedName"},
                                   {"onPremisesSecurityIdentifier"},
                                   {"otherMails", texts},
                                   {"passwordPolicies"},
                                   {"physicalDeliveryOfficeName"},
                                   {"postalCode"},
                                   {"preferredLanguage"},
                                   {"proxyAddresses", texts},
                                   {"sipProxyAddress"},
                                   {"state"},
                                   {"streetAddress"},
                                   {"surname"},
                                   {"telephoneNumber"},
                                   {"usageLocation"},
                                   {"userPrincipalName"},
                                   {"userType"}};
  add_extension_attributes(properties);
  return properties;
}

std::vector<Property> device_properties() {
  std::vector<Property> properties{{"accountEnabled", flag},
                                   {"deviceCategory"},
                                   {"deviceId"},
                                   {"deviceManagementAppId"},
                                   {"deviceManufacturer"},
                                   {"deviceModel"},
                                   {"deviceOSType"},
                                   {"deviceOSVersion"},
                                   {"deviceOwnership"},
                                   {"devicePhysicalIds", texts},
                                   {"deviceTrustType"},
                                   {"displayName"},
                                   {"enrollmentProfileName"},
                                   {"isRooted", flag},
                                   {"managementType"},
                                   {"memberOf", texts},
                                   {"objectId"},
                                   {"profileType"},
                                   {"systemLabels", texts}};
  add_extension_attributes(properties);
  return properties;
}

std::vector<Property> sign_in_device_properties() {
  std::vector<Property> properties{{"deviceId"},
                                   {"deviceOwnership"},
                                   {"displayName"},
                                   {"enrollmentProfileName"},
                                   {"isCompliant", flag},
                                   {"manufacturer"},
                                   {"mdmAppId"},
                                   {"model"},
                                   {"operatingSystem"},
                                   {"operatingSystemVersion"},
                                   {"physicalIds", texts},
                                   {"profileType"},
                                   {"systemLabels", texts},
                                   {"trustType"}};
  add_extension_attributes(properties);
  return properties;
}

}  // namespace

const std::vector<Property>& properties_of(Subject subject) {
  static const auto* const kUser = new std::vector<Property>(user_properties());
  static const auto* const kDevice = new std::vector<Property>(device_properties());
  static const auto* const kSignInDevice = new std::vector<Property>(sign_in_device_properties());
  switch (subject) {
    case Subject::user:
      return *kUser;
    case Subject::device:
      return *kDevice;
    case Subject::device_of_sign_in:
      return *kSignInDevice;
  }
  CHECK(false, "every subject has its properties");
}

std::optional<Subject> subject_of(std::string_view rule) {
  const std::string lower = text::lower(rule);
  const std::size_t user = std::min(lower.find("user."), lower.find("direct reports"));
  const std::size_t device = lower.find("device.");
  if (user == std::string::npos && device == std::string::npos) return std::nullopt;
  return user < device ? Subject::user : Subject::device;
}

}  // namespace wardbridge::membership_rules
