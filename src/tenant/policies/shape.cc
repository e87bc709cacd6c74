#include "tenant/policies/shape.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace wardbridge::policies {
namespace {

enum class Kind {
  text,
  flag,
  texts,        // array of strings
  one_value,    // one of Property::values
  values,       // array of Property::values
  value_flags,  // comma-separated Property::values
  object,       // of type Property::type
  open_object,  // not looked into
};

struct Property {
  std::string_view name;
  Kind kind = Kind::text;
  std::string_view type = {};    // of an object
  std::string_view values = {};  // space-separated
};

struct Type {
  std::string_view name;
  std::vector<Property> properties;
};

// Microsoft Graph v1.0, from its public metadata.
const std::vector<Type>& types() {
  static const auto* const kTypes = new std::vector<Type>{
      {"conditionalAccessPolicy",
       {{"id", Kind::text},
        {"templateId", Kind::text},
        {"createdDateTime", Kind::text},
        {"modifiedDateTime", Kind::text},
        {"deletedDateTime", Kind::text},
        {"displayName", Kind::text},
        {"description", Kind::text},
        {"state", Kind::one_value, {}, "enabled disabled enabledForReportingButNotEnforced"},
        {"conditions", Kind::object, "conditionalAccessConditionSet"},
        {"grantControls", Kind::object, "conditionalAccessGrantControls"},
        {"sessionControls", Kind::object, "conditionalAccessSessionControls"}}},
      {"conditionalAccessConditionSet",
       {{"users", Kind::object, "conditionalAccessUsers"},
        {"applications", Kind::object, "conditionalAccessApplications"},
        {"clientApplications", Kind::object, "conditionalAccessClientApplications"},
        {"clientAppTypes",
         Kind::values,
         {},
         "all browser mobileAppsAndDesktopClients exchangeActiveSync easSupported other"},
        {"platforms", Kind::object, "conditionalAccessPlatforms"},
        {"locations", Kind::object, "conditionalAccessLocations"},
        {"devices", Kind::object, "conditionalAccessDevices"},
        {"userRiskLevels", Kind::values, {}, "low medium high hidden none"},
        {"signInRiskLevels", Kind::values, {}, "low medium high hidden none"},
        {"servicePrincipalRiskLevels", Kind::values, {}, "low medium high hidden none"},
        {"insiderRiskLevels", Kind::value_flags, {}, "minor moderate elevated"},
        {"authenticationFlows", Kind::object, "conditionalAccessAuthenticationFlows"}}},
      {"conditionalAccessUsers",
       {{"includeUsers", Kind::texts},
        {"excludeUsers", Kind::texts},
        {"includeGroups", Kind::texts},
        {"excludeGroups", Kind::texts},
        {"includeRoles", Kind::texts},
        {"excludeRoles", Kind::texts},
        {"includeGuestsOrExternalUsers", Kind::object, "conditionalAccessGuestsOrExternalUsers"},
        {"excludeGuestsOrExternalUsers", Kind::object, "conditionalAccessGuestsOrExternalUsers"}}},
      {"conditionalAccessGuestsOrExternalUsers",
       {{"guestOrExternalUserTypes",
         Kind::value_flags,
         {},
         "none internalGuest b2bCollaborationGuest b2bCollaborationMember b2bDirectConnectUser otherExternalUser "
         "serviceProvider"},
        {"externalTenants", Kind::open_object}}},
      {"conditionalAccessApplications",
       {{"includeApplications", Kind::texts},
        {"excludeApplications", Kind::texts},
        {"includeUserActions", Kind::values, {}, "urn:user:registersecurityinfo urn:user:registerdevice"},
        {"includeAuthenticationContextClassReferences", Kind::texts},
        {"applicationFilter", Kind::object, "conditionalAccessFilter"}}},
      {"conditionalAccessFilter", {{"mode", Kind::one_value, {}, "include exclude"}, {"rule", Kind::text}}},
      {"conditionalAccessClientApplications",
       {{"includeServicePrincipals", Kind::texts},
        {"excludeServicePrincipals", Kind::texts},
        {"servicePrincipalFilter", Kind::object, "conditionalAccessFilter"}}},
      {"conditionalAccessPlatforms",
       {{"includePlatforms", Kind::values, {}, "android iOS windows windowsPhone macOS all linux"},
        {"excludePlatforms", Kind::values, {}, "android iOS windows windowsPhone macOS all linux"}}},
      {"conditionalAccessLocations", {{"includeLocations", Kind::texts}, {"excludeLocations", Kind::texts}}},
      {"conditionalAccessDevices", {{"deviceFilter", Kind::object, "conditionalAccessFilter"}}},
      {"conditionalAccessAuthenticationFlows",
       {{"transferMethods", Kind::value_flags, {}, "none deviceCodeFlow authenticationTransfer"}}},
      {"conditionalAccessGrantControls",
       {{"operator", Kind::one_value, {}, "AND OR"},
        {"builtInControls",
         Kind::values,
         {},
         "block mfa compliantDevice domainJoinedDevice approvedApplication compliantApplication passwordChange "
         "riskRemediation"},
        {"customAuthenticationFactors", Kind::texts},
        {"termsOfUse", Kind::texts},
        {"authenticationStrength", Kind::open_object}}},
      {"conditionalAccessSessionControls",
       {{"applicationEnforcedRestrictions", Kind::open_object},
        {"cloudAppSecurity", Kind::open_object},
        {"persistentBrowser", Kind::open_object},
        {"signInFrequency", Kind::open_object},
        {"secureSignInSession", Kind::open_object},
        {"disableResilienceDefaults", Kind::flag}}},
  };
  return *kTypes;
}

bool is_known(std::string_view values, std::string_view value) {
  const auto known = text::split(values, ' ');
  return std::find(known.begin(), known.end(), value) != known.end();
}

Failure wrong_type(const std::string& path, std::string_view expected) {
  return invalid("bad_property_type", "the property `" + path + "` must be " + std::string(expected), path);
}

Status check_value(const Property& property, const json::Value& value, const std::string& path) {
  const auto* text = value.if_string();
  if (!text) return wrong_type(path, "a string");
  if (!is_known(property.values, *text))
    return invalid("bad_property_value",
                   "`" + std::string(*text) + "` is not a value of the property `" + path +
                       "`; it takes: " + text::replace_all(property.values, " ", ", "),
                   path);
  return done();
}

Status check_array(const Property& property, const json::Value& value, const std::string& path) {
  const json::Array* items = value.if_array();
  if (!items) return wrong_type(path, "an array of strings");
  for (const json::Value& item : *items) {
    if (!item.is_string()) return wrong_type(path, "an array of strings");
    if (property.kind == Kind::values) TRY(check_value(property, item, path));
  }
  return done();
}

Status check_object(std::string_view type_name, const json::Object& object, const std::string& prefix);

Status check_property(const Property& property, const json::Value& value, const std::string& path) {
  switch (property.kind) {
    case Kind::text:
      return value.is_string() ? done() : wrong_type(path, "a string");
    case Kind::flag:
      return value.is_bool() ? done() : wrong_type(path, "true or false");
    case Kind::texts:
    case Kind::values:
      return check_array(property, value, path);
    case Kind::one_value:
      return check_value(property, value, path);
    case Kind::value_flags: {
      const auto* text = value.if_string();
      if (!text) return wrong_type(path, "a string");
      for (std::string_view flag : text::split(*text, ','))
        TRY(check_value(property, json::Value(text::trim(flag)), path));
      return done();
    }
    case Kind::object:
      return value.is_object() ? check_object(property.type, value.get_object(), path) : wrong_type(path, "an object");
    case Kind::open_object:
      return value.is_object() ? done() : wrong_type(path, "an object");
  }
  CHECK(false, "every kind of property is checked");
}

Status check_object(std::string_view type_name, const json::Object& object, const std::string& prefix) {
  const auto type = std::find_if(types().begin(), types().end(), [&](const Type& it) { return it.name == type_name; });
  CHECK(type != types().end(), "a property names a type of the table");
  for (const auto& member : object) {
    const std::string_view name = member.key();
    if (name.find("@odata.") != std::string_view::npos) continue;
    const std::string path = prefix.empty() ? std::string(name) : prefix + "." + std::string(name);
    const auto property = std::find_if(type->properties.begin(), type->properties.end(),
                                       [&](const Property& it) { return it.name == name; });
    if (property == type->properties.end())
      return invalid("unknown_property",
                     "the property `" + std::string(name) + "` does not exist on type `microsoft.graph." +
                         std::string(type_name) + "`",
                     path);
    if (!member.value().is_null()) TRY(check_property(*property, member.value(), path));
  }
  return done();
}

}  // namespace

Status check_shape(const json::Object& document) { return check_object("conditionalAccessPolicy", document, ""); }

}  // namespace wardbridge::policies
