// A tenant's directory: organisation and domains, users, groups, devices, applications, service principals, consents.
// Microsoft's words; property names follow Microsoft Graph v1.0.
//
// Knows: the objects and who is a member of what. Hides: the tables. Every function takes the tenant first, so that no
// query can be written that forgets it (one tenant never sees another's rows). All of them run in the caller's
// transaction.
//
// Law 7: the compliance fields of a Device (is_compliant, is_managed, compliance_expiration, mdm_app_id, ...) are
// written only by set_compliance(), and only the partner intake (tenant/intune) calls it. update_device() can't reach
// them.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/json.h"
#include "base/time.h"
#include "platform/audit/audit.h"
#include "platform/store/store.h"

namespace wardbridge::directory {

using TenantId = TextId<struct TenantTag>;           // GUID, lower case
using ObjectId = TextId<struct DirectoryObjectTag>;  // GUID; Graph's `id`
using DeviceId = TextId<struct DeviceTag>;           // GUID; Graph's `deviceId`, the certificate's common name
using AppId = TextId<struct ApplicationTag>;         // GUID; Graph's `appId`, OAuth's client_id

// Constants of the real service (reference: Microsoft's public application ids).
inline const AppId kIntuneAppId{"0000000a-0000-0000-c000-000000000000"};  // publishes the service endpoints; mdmAppId
inline const AppId kIntuneApiAppId{"c161e42e-d4df-4a3d-9b42-e7a3c31f59d4"};  // resource of partner tokens
inline const AppId kGraphAppId{"00000003-0000-0000-c000-000000000000"};
inline const AppId kDeviceRegistrationAppId{"01cb2876-7ebd-4aa4-9cc9-d28bd4d359a9"};
inline const AppId kAuthenticationBrokerAppId{"29d9ed98-a469-4536-ade2-f981bc1d605e"};

struct Tenant {
  TenantId id;
  std::string display_name;
  std::vector<std::string> domains;  // verified; the first is the default
  Time created = kEpoch;
};

// Graph's extensionAttribute1 to extensionAttribute15.
using ExtensionAttributes = std::array<std::string, 15>;

struct User {
  ObjectId id;
  std::string user_principal_name;  // unique without case
  std::string display_name;
  std::string given_name;
  std::string surname;
  std::string mail;
  std::string department;
  std::string job_title;
  std::string user_type = "Member";
  bool account_enabled = true;
  std::string password_hash;  // argon2id; empty: can't sign in with a password. Never shown by Graph.
  // The next sign-in with the password asks for another one: `forceChangePasswordNextSignIn`.
  bool must_change_password = false;
  Time created = kEpoch;

  std::string city, company_name, country, employee_id, employee_type, fax_number, mail_nickname, mobile_phone,
      office_location, on_premises_distinguished_name, on_premises_domain_name, on_premises_immutable_id,
      on_premises_sam_account_name, on_premises_security_identifier, on_premises_user_principal_name, password_policies,
      postal_code, preferred_language, state, street_address, usage_location;
  std::vector<std::string> business_phones, other_mails, proxy_addresses;
  ExtensionAttributes extension_attributes;  // `onPremisesExtensionAttributes`
  std::optional<bool> on_premises_sync_enabled;
  std::optional<Time> employee_hire_date;
  std::optional<Time> on_premises_last_sync;
  ObjectId manager;  // a user; empty: none
};

// The text and list properties of a user under Graph's names: what is stored, shown, written and asked for by name.
struct UserText {
  std::string_view name;
  std::string User::*member;
};
struct UserTexts {
  std::string_view name;
  std::vector<std::string> User::*member;
};
const std::vector<UserText>& user_text_properties();
const std::vector<UserTexts>& user_list_properties();

struct Group {
  ObjectId id;
  std::string display_name;
  std::string description;
  std::string mail_nickname;
  bool security_enabled = true;
  Time created = kEpoch;

  // Dynamic membership (memberships.h): not empty: who is a member follows from the rule alone.
  std::string membership_rule;
  bool rule_is_paused = false;  // `membershipRuleProcessingState` Paused: members stay as they are
  enum class RuleProgress { none, pending, running, succeeded } rule_progress = RuleProgress::none;
  std::int64_t rule_processed = 0;   // objects looked at since the rule was last changed
  Time membership_updated = kEpoch;  // when all of them had been
};

struct Device {
  ObjectId id;
  DeviceId device_id;
  std::string display_name;
  std::string operating_system;  // `macOS`
  std::string operating_system_version;
  std::string manufacturer;
  std::string model;
  std::string trust_type = "Workplace";  // registered
  std::string profile_type = "RegisteredDevice";
  bool account_enabled = true;
  ObjectId registered_owner;                // at most one user
  std::string certificate_sha1_thumbprint;  // upper-case hex, of the device certificate
  std::string public_key_pem;               // the device key
  Time registration = kEpoch;
  Time approximate_last_sign_in = kEpoch;
  std::string device_ownership;  // `Company`, `Personal`
  std::string device_category;
  std::string enrollment_profile_name;
  std::vector<std::string> physical_ids, system_labels;
  std::optional<bool> is_rooted;
  ExtensionAttributes extension_attributes;

  // Written by set_compliance() alone. Absent until a management authority has spoken.
  struct Compliance {
    bool is_compliant = false;
    bool is_managed = false;
    Time expiration = kEpoch;  // after this, is_compliant reads as false (law 3)
    std::string mdm_app_id;    // the authority
    std::string partner_id;    // the compliance partner that owns the device
    std::int64_t epoch = 0;    // version of the newest message applied: only forward (law 6)
    std::int64_t sequence = 0;
    std::string reason;      // the partner's words, for people; may be empty
    Time reported = kEpoch;  // when the partner's message was applied
  };
  std::optional<Compliance> compliance;

  // What may be relied on at `now`: an expired or missing verdict is not compliant, a disabled device never is.
  bool is_compliant_at(Time now) const {
    return account_enabled && compliance && compliance->is_managed && compliance->is_compliant &&
           now < compliance->expiration;
  }
};

struct AppRole {
  std::string id;     // GUID
  std::string value;  // `update_device_attributes`
  std::string display_name;
};
struct PermissionScope {
  std::string id;
  std::string value;  // `User.Read`
};
struct RequiredPermission {
  AppId resource;
  std::string permission_id;  // of an AppRole or a PermissionScope of that resource
  bool is_role = false;       // application permission, else delegated
};

// Graph `application`: the app registration.
struct Application {
  ObjectId id;
  AppId app_id;
  std::string display_name;
  std::string sign_in_audience = "AzureADMyOrg";
  std::vector<std::string> identifier_uris;  // `api://...`, `https://api.manage.microsoft.com/`
  std::vector<std::string> web_redirect_uris;
  std::vector<std::string> public_client_redirect_uris;
  std::vector<std::string> spa_redirect_uris;
  bool is_public_client = false;  // `isFallbackPublicClient`
  std::vector<AppRole> app_roles;
  std::vector<PermissionScope> scopes;
  std::vector<RequiredPermission> required;
  // Wardbridge's own: whether people may sign in to it with a device code, and whether its certificate assertions may
  // name the token endpoint as their audience (as MSAL writes them) instead of the issuer.
  bool allows_device_code = false;
  bool accepts_token_endpoint_audience = false;
  Time created = kEpoch;
  std::string description, notes, home_page_url, logout_url;
  std::vector<std::string> tags;
};

// A client secret or certificate of an application.
struct Credential {
  std::string key_id;  // GUID
  std::string display_name;
  enum class Kind { secret, certificate } kind = Kind::secret;
  std::string secret_hash;      // SHA-256 hex of a secret (crypto::hash_token)
  std::string hint;             // its first three characters
  std::string certificate_pem;  // for certificates
  std::string thumbprint;       // SHA-1 of the DER, base64url (`x5t`)
  Time start = kEpoch;
  Time end = kNever;
};

// Graph `servicePrincipal`: the application's presence in this tenant (*enterprise application*).
struct ServicePrincipal {
  ObjectId id;
  AppId app_id;
  std::string display_name;
  bool account_enabled = true;
};

// Graph `endpoint` of a service principal: where a first-party service lives.
struct Endpoint {
  std::string id;
  std::string capability;
  std::string provider_id;
  std::string provider_name;  // `PartnerTenantDataSyncService`
  std::string provider_resource_id;
  std::string uri;
};

extern const store::Schema kSchema;

// --- Audit rows of one tenant, in Microsoft's activity words. Rooms above write theirs with this one too.
struct Change {
  std::string activity;     // `Add user`
  std::string object_type;  // `User`, `Group`, `Device`, `Application`, `ServicePrincipal`, `Policy`
  std::string object_id;
  std::string object_name;
  json::Object properties;  // property -> {"old":..,"new":..}; never a secret
};
void record_change(store::Transaction& tx, const TenantId& tenant, Change change, const audit::Actor& by, Time now);
// Newest first, only rows that record_change() wrote for this tenant; `details` holds the properties.
std::vector<audit::StoredEntry> audit_rows(store::Transaction& tx, const TenantId& tenant, int limit,
                                           std::optional<std::int64_t> before_sequence = {});

// --- Tenants
Status create_tenant(store::Transaction& tx, const Tenant& tenant);
std::optional<Tenant> find_tenant(store::Transaction& tx, std::string_view id_or_domain);
std::vector<Tenant> tenants(store::Transaction& tx);

// ENTRA: eight characters at least, 256 at most, of three kinds of four: small letters, capitals, digits, the rest.
bool is_strong_password(std::string_view password);

// --- Users and groups. Create functions fail with `conflict`/`already_exists`; ids are the caller's (Entropy::guid).
Status create_user(store::Transaction& tx, const TenantId& tenant, const User& user, const audit::Actor& by, Time now);
std::optional<User> find_user(store::Transaction& tx, const TenantId& tenant, const ObjectId& id);
std::optional<User> find_user_by_name(store::Transaction& tx, const TenantId& tenant, std::string_view upn);
std::vector<User> users_with_ids(store::Transaction& tx, const TenantId& tenant, const std::vector<ObjectId>& ids);
std::vector<User> direct_reports(store::Transaction& tx, const TenantId& tenant, const ObjectId& manager);
// Everything but id and creation. `not_found`/`no_user`, `conflict`/`already_exists` for a name that another user has,
// `invalid_argument`/`bad_manager`.
Status update_user(store::Transaction& tx, const TenantId& tenant, const User& user, const audit::Actor& by, Time now);
// Also ends the user's memberships, and leaves devices and reports without an owner or manager.
Status delete_user(store::Transaction& tx, const TenantId& tenant, const ObjectId& id, const audit::Actor& by,
                   Time now);
Status create_group(store::Transaction& tx, const TenantId& tenant, const Group& group, const audit::Actor& by,
                    Time now);
std::optional<Group> find_group(store::Transaction& tx, const TenantId& tenant, const ObjectId& id);
std::vector<Group> groups(store::Transaction& tx, const TenantId& tenant);
std::vector<Group> groups_with_ids(store::Transaction& tx, const TenantId& tenant, const std::vector<ObjectId>& ids);
// Name, description, rule and its state. A changed rule is judged over the whole directory by process_memberships().
Status update_group(store::Transaction& tx, const TenantId& tenant, const Group& group, const audit::Actor& by,
                    Time now);
Status delete_group(store::Transaction& tx, const TenantId& tenant, const ObjectId& id, const audit::Actor& by,
                    Time now);
// Both fail with `invalid_argument`/`dynamic_membership` where the group has a rule.
Status add_member(store::Transaction& tx, const TenantId& tenant, const ObjectId& group, const ObjectId& member,
                  const audit::Actor& by, Time now);
Status remove_member(store::Transaction& tx, const TenantId& tenant, const ObjectId& group, const ObjectId& member,
                     const audit::Actor& by, Time now);
std::vector<ObjectId> members(store::Transaction& tx, const TenantId& tenant, const ObjectId& group);
// In the order of their ids, those after `after` (empty: from the start).
std::vector<ObjectId> members(store::Transaction& tx, const TenantId& tenant, const ObjectId& group,
                              const ObjectId& after, std::size_t limit);
std::int64_t count_members(store::Transaction& tx, const TenantId& tenant, const ObjectId& group);
// Direct and nested, each once, in the order of their ids; a group in a group is a member itself, too.
std::vector<ObjectId> transitive_members(store::Transaction& tx, const TenantId& tenant, const ObjectId& group);
std::vector<ObjectId> groups_of(store::Transaction& tx, const TenantId& tenant, const ObjectId& member);
// Direct and nested.
std::vector<ObjectId> transitive_groups_of(store::Transaction& tx, const TenantId& tenant, const ObjectId& member);

// --- Devices
Status create_device(store::Transaction& tx, const TenantId& tenant, const Device& device, const audit::Actor& by,
                     Time now);
std::optional<Device> find_device(store::Transaction& tx, const TenantId& tenant, const DeviceId& id);
std::optional<Device> find_device_by_object_id(store::Transaction& tx, const TenantId& tenant, const ObjectId& id);
std::vector<Device> devices(store::Transaction& tx, const TenantId& tenant);
std::vector<Device> devices_with_ids(store::Transaction& tx, const TenantId& tenant, const std::vector<ObjectId>& ids);
std::vector<Device> devices_of_user(store::Transaction& tx, const TenantId& tenant, const ObjectId& user);
// Everything but the compliance fields and the ids.
Status update_device(store::Transaction& tx, const TenantId& tenant, const Device& device, const audit::Actor& by,
                     Time now);
Status delete_device(store::Transaction& tx, const TenantId& tenant, const DeviceId& id, const audit::Actor& by,
                     Time now);
void touch_device(store::Transaction& tx, const TenantId& tenant, const DeviceId& id, Time signed_in);

// What a compliance message says about the device itself; empty: nothing new.
struct ReportedDetails {
  std::string display_name;
  std::string operating_system;
  std::string operating_system_version;
  // Which Mac it is, whatever is registered on it: physical_id(..) each. None: as before.
  std::vector<std::string> physical_ids = {};
};
// DEVIATION: the real service lists identifiers of other kinds there; ours are `[SerialNumber]:C02..` and `[UDID]:..`.
// Empty when `value` is.
std::string physical_id(std::string_view kind, std::string_view value);

// The devices that one Mac has more than one of for the same person, found by a physical id that they share: it was
// registered again without proof of its old key, and the older ones are left over. Two people on one Mac have a device
// each, which is as it should be. Newest registration first within a group.
struct Duplicates {
  std::string physical_id;
  std::vector<Device> devices;  // two at least
};
std::vector<Duplicates> duplicate_devices(store::Transaction& tx, const TenantId& tenant);

// Whether a device may go over to another partner with this message.
enum class Owner { stays, may_change };
// What became of a compliance message. `stale`: an equal or newer version is already applied; nothing was written.
enum class Applied { applied, stale };
// Law 7: for tenant/intune only (a tidy rule refuses other callers). Also refreshes name, OS and version where given.
// The partner of the first message applied owns the device from then on, until another one takes it over. Partners
// order their messages each by epochs of their own, so between two of them the sequence alone decides: the moment at
// which the message was made. `compliance.reported` is set to `now`. Fails with `not_found`/`no_device`, and
// `forbidden`/`other_partner` when another partner owns the device and it stays.
Result<Applied> set_compliance(store::Transaction& tx, const TenantId& tenant, const DeviceId& id,
                               const Device::Compliance& compliance, const audit::Actor& by, Time now,
                               const ReportedDetails& reported = {}, Owner owner = Owner::stays);

// --- Applications, service principals, consent
Status create_application(store::Transaction& tx, const TenantId& tenant, const Application& application,
                          const audit::Actor& by, Time now);
std::optional<Application> find_application(store::Transaction& tx, const TenantId& tenant, const AppId& id);
std::optional<Application> find_application_by_object_id(store::Transaction& tx, const TenantId& tenant,
                                                         const ObjectId& id);
std::vector<Application> applications(store::Transaction& tx, const TenantId& tenant);
// Everything but the ids. Fails with `not_found`/`no_application`, `conflict`/`already_exists` for an identifier URI of
// another application.
Status update_application(store::Transaction& tx, const TenantId& tenant, const Application& application,
                          const audit::Actor& by, Time now);
// With its credentials, its service principal and every grant to and of it.
Status delete_application(store::Transaction& tx, const TenantId& tenant, const AppId& id, const audit::Actor& by,
                          Time now);
// By app id or by one of its identifier URIs (with or without the trailing slash that callers drop or double): the
// tenant's own, or another tenant's that is present here. A URI of the tenant's own application is nobody else's, and
// one that two applications of other tenants have names neither.
std::optional<Application> find_resource(store::Transaction& tx, const TenantId& tenant,
                                         std::string_view app_id_or_uri);
Status add_credential(store::Transaction& tx, const TenantId& tenant, const AppId& app, const Credential& credential,
                      const audit::Actor& by, Time now);
std::vector<Credential> credentials(store::Transaction& tx, const TenantId& tenant, const AppId& app);
struct ApplicationCredential {
  AppId app;
  Credential credential;
};
// Of all applications, in the same order within each.
std::vector<ApplicationCredential> credentials(store::Transaction& tx, const TenantId& tenant);
Status create_service_principal(store::Transaction& tx, const TenantId& tenant, const ServicePrincipal& principal,
                                const audit::Actor& by, Time now);
std::optional<ServicePrincipal> find_service_principal(store::Transaction& tx, const TenantId& tenant,
                                                       const AppId& app);
std::optional<ServicePrincipal> find_service_principal_by_object_id(store::Transaction& tx, const TenantId& tenant,
                                                                    const ObjectId& id);
std::vector<ServicePrincipal> service_principals(store::Transaction& tx, const TenantId& tenant);
// Whether it may get tokens. `not_found`/`no_service_principal`.
Status enable_service_principal(store::Transaction& tx, const TenantId& tenant, const AppId& app, bool enabled,
                                const audit::Actor& by, Time now);
// With every grant to and of it, so that tokens issued from now on lack them.
Status delete_service_principal(store::Transaction& tx, const TenantId& tenant, const AppId& app,
                                const audit::Actor& by, Time now);
void set_endpoints(store::Transaction& tx, const TenantId& tenant, const AppId& app,
                   const std::vector<Endpoint>& endpoints);
std::vector<Endpoint> endpoints(store::Transaction& tx, const TenantId& tenant, const AppId& app);

// Application permission: `client` may act as `role` (an AppRole id) of `resource`.
Status grant_app_role(store::Transaction& tx, const TenantId& tenant, const AppId& client, const AppId& resource,
                      const std::string& role_id, const audit::Actor& by, Time now);
// The role values (`update_device_attributes`) that `client` holds on `resource`.
std::vector<std::string> app_roles_of(store::Transaction& tx, const TenantId& tenant, const AppId& client,
                                      const AppId& resource);
struct AppRoleGrant {
  AppId client;
  AppId resource;
  std::string role_id;
  Time created = kEpoch;  // kEpoch: before this was noted
};
// Of one client, or of everyone when it is empty.
std::vector<AppRoleGrant> app_role_grants(store::Transaction& tx, const TenantId& tenant, const AppId& client = {});
// Delegated permission for everyone (consentType AllPrincipals): a space-separated list of scope values.
Status grant_scopes(store::Transaction& tx, const TenantId& tenant, const AppId& client, const AppId& resource,
                    const std::string& scopes, const audit::Actor& by, Time now);
std::vector<std::string> scopes_of(store::Transaction& tx, const TenantId& tenant, const AppId& client,
                                   const AppId& resource);
struct ScopeGrant {
  AppId client;
  AppId resource;
  std::vector<std::string> scopes;
};
std::vector<ScopeGrant> scope_grants(store::Transaction& tx, const TenantId& tenant);
// Exactly these scopes from now on; none withdraws the grant. `not_found`/`no_grant` when there is none to change.
Status replace_scopes(store::Transaction& tx, const TenantId& tenant, const AppId& client, const AppId& resource,
                      const std::string& scopes, const audit::Actor& by, Time now);

}  // namespace wardbridge::directory
