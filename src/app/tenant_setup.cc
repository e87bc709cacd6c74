#include "app/tenant_setup.h"

#include <algorithm>

#include "app/local_authority.h"
#include "base/text.h"
#include "tenant/directory/consent.h"
#include "tenant/directory/directory.h"
#include "tenant/intune/intune.h"
#include "tenant/tokens/tokens.h"

namespace wardbridge::app {
namespace {

using directory::ObjectId;
using directory::TenantId;

const audit::Actor kBy{.name = "configuration"};

// What the transaction needs but must not compute: hashing a password takes tens of milliseconds, reading a file may
// fail.
struct Prepared {
  std::vector<std::string> password_hashes;  // by user
  std::vector<std::string> secrets;          // by application; empty: none
  std::vector<std::string> certificates;     // by application, DER; empty: none
};

Result<Prepared> prepare(store::Store& store, const TenantConfig& config, const World& world) {
  Prepared prepared;
  auto known = TRY(store.read([&](store::Transaction& tx) -> Result<std::vector<bool>> {
    std::vector<bool> there;
    auto tenant = directory::find_tenant(tx, config.domains.front());
    for (const UserConfig& user : config.users) {
      there.push_back(tenant && directory::find_user_by_name(tx, tenant->id, user.user_principal_name));
    }
    return there;
  }));
  for (std::size_t i = 0; i < config.users.size(); ++i) {
    const UserConfig& user = config.users[i];
    if (known[i]) {
      prepared.password_hashes.emplace_back();
      continue;
    }
    std::string password = user.password;
    // A password made here is 90 random bits, which no cost factor could make harder to guess.
    crypto::PasswordCost cost =
        password.empty() ? crypto::PasswordCost{} : crypto::PasswordCost{.memory_kib = 8 * 1024, .passes = 1};
    if (!user.password_file.empty()) password = text::trim(TRY(read_file(user.password_file)));
    prepared.password_hashes.push_back(password.empty() ? "" : crypto::hash_password(password, world.entropy, cost));
  }
  for (const ApplicationConfig& application : config.applications) {
    std::string secret;
    if (!application.client_secret_file.empty()) secret = text::trim(TRY(read_file(application.client_secret_file)));
    prepared.secrets.push_back(secret.empty() ? application.client_secret : secret);
    std::string certificate;
    if (!application.certificate_file.empty())
      certificate = TRY(crypto::der_from_pem(TRY(read_file(application.certificate_file))));
    prepared.certificates.push_back(std::move(certificate));
  }
  return prepared;
}

Status set_up_people(store::Transaction& tx, const TenantId& tenant, const TenantConfig& config,
                     const Prepared& prepared, const World& world, Time now) {
  for (std::size_t i = 0; i < config.users.size(); ++i) {
    const UserConfig& wanted = config.users[i];
    if (directory::find_user_by_name(tx, tenant, wanted.user_principal_name)) continue;
    directory::User user{.id = {world.entropy.guid()},
                         .user_principal_name = wanted.user_principal_name,
                         .display_name = wanted.display_name.empty() ? wanted.user_principal_name : wanted.display_name,
                         .mail = wanted.user_principal_name,
                         .password_hash = prepared.password_hashes[i],
                         .created = now};
    TRY(directory::create_user(tx, tenant, user, kBy, now));
    if (wanted.administrator) TRY(directory::add_administrator(tx, tenant, user.id, kBy, now));
  }
  auto known = directory::groups(tx, tenant);
  for (const GroupConfig& wanted : config.groups) {
    if (std::any_of(known.begin(), known.end(), [&](const auto& group) { return group.display_name == wanted.name; }))
      continue;
    directory::Group group{.id = {world.entropy.guid()}, .display_name = wanted.name, .created = now};
    TRY(directory::create_group(tx, tenant, group, kBy, now));
    for (const std::string& name : wanted.members) {
      auto user = directory::find_user_by_name(tx, tenant, name);
      if (!user)
        return invalid("bad_config",
                       "the group `" + wanted.name + "` names `" + name + "`, who is not a user of the tenant");
      TRY(directory::add_member(tx, tenant, group.id, user->id, kBy, now));
    }
  }
  return done();
}

Status grant_permission(store::Transaction& tx, const TenantId& tenant, const directory::AppId& client,
                        const std::string& value, Time now) {
  for (const auto& resource : {directory::kGraphAppId, directory::kIntuneApiAppId}) {
    if (auto role = tokens::first_party_role(resource, value)) {
      return directory::grant_app_role(tx, tenant, client, resource, *role, kBy, now);
    }
  }
  return invalid("bad_config", "`" + value + "` is not an application permission of Microsoft Graph or the Intune API");
}

// A delegated permission, consented for everyone.
Status grant_delegated(store::Transaction& tx, const TenantId& tenant, const directory::AppId& client,
                       const std::string& name, Time now) {
  const auto slash = name.rfind('/');
  const std::string value = slash == std::string::npos ? name : name.substr(slash + 1);
  auto resource = slash == std::string::npos ? directory::find_application(tx, tenant, directory::kGraphAppId)
                                             : directory::find_resource(tx, tenant, name.substr(0, slash));
  bool is_known = resource && std::any_of(resource->scopes.begin(), resource->scopes.end(),
                                          [&](const auto& scope) { return scope.value == value; });
  if (!is_known) return invalid("bad_config", "`" + name + "` is not a delegated permission of the tenant");
  return directory::grant_scopes(tx, tenant, client, resource->app_id, value, kBy, now);
}

// A certificate of the configuration: it ends when it says so itself.
Status add_certificate(store::Transaction& tx, const TenantId& tenant, const directory::AppId& app,
                       const std::string& der, const World& world, Time now) {
  auto facts = crypto::read_certificate(der);
  if (!facts.ok()) return invalid("bad_config", "the certificate of an application: " + facts.failure().message);
  return directory::add_credential(tx, tenant, app,
                                   {.key_id = world.entropy.guid(),
                                    .display_name = "configuration",
                                    .kind = directory::Credential::Kind::certificate,
                                    .certificate_pem = crypto::pem_from_der(der, "CERTIFICATE"),
                                    .thumbprint = text::to_base64url(crypto::sha1(der)),
                                    .start = facts->not_before,
                                    .end = facts->not_after},
                                   kBy, now);
}

// Delegated permissions of Graph; those of others name applications that may not be there yet.
void declare_delegated(store::Transaction& tx, const TenantId& tenant, const ApplicationConfig& wanted,
                       directory::Application& application) {
  auto graph = directory::find_application(tx, tenant, directory::kGraphAppId);
  if (!graph) return;
  for (const std::string& permission : wanted.delegated_permissions) {
    for (const directory::PermissionScope& scope : graph->scopes) {
      if (scope.value == permission)
        application.required.push_back({directory::kGraphAppId, scope.id, /*is_role=*/false});
    }
  }
}

Status set_up_application(store::Transaction& tx, const TenantId& tenant, const ApplicationConfig& wanted,
                          const std::string& secret, const std::string& certificate, const World& world, Time now) {
  directory::Application application{.id = {world.entropy.guid()},
                                     .app_id = {wanted.client_id.empty() ? world.entropy.guid() : wanted.client_id},
                                     .display_name = wanted.name,
                                     .sign_in_audience = wanted.multitenant ? "AzureADMultipleOrgs" : "AzureADMyOrg",
                                     .identifier_uris = wanted.identifier_uris,
                                     .is_public_client = wanted.public_client,
                                     .allows_device_code = wanted.device_code,
                                     .accepts_token_endpoint_audience = wanted.assertion_audience == "token_endpoint",
                                     .created = now};
  (wanted.public_client ? application.public_client_redirect_uris : application.web_redirect_uris) =
      wanted.redirect_uris;
  application.spa_redirect_uris = wanted.single_page_redirect_uris;
  if (!wanted.identifier_uris.empty()) application.scopes = {{world.entropy.guid(), "user_impersonation"}};
  // What is consented to here is what administrators of other tenants are asked for.
  for (const std::string& permission : wanted.application_permissions) {
    for (const auto& resource : {directory::kGraphAppId, directory::kIntuneApiAppId}) {
      if (auto role = tokens::first_party_role(resource, permission))
        application.required.push_back({.resource = resource, .permission_id = *role, .is_role = true});
    }
  }
  declare_delegated(tx, tenant, wanted, application);
  TRY(directory::create_application(tx, tenant, application, kBy, now));
  directory::ServicePrincipal principal{
      .id = {world.entropy.guid()}, .app_id = application.app_id, .display_name = wanted.name};
  TRY(directory::create_service_principal(tx, tenant, principal, kBy, now));
  if (!secret.empty()) {
    directory::Credential credential{.key_id = world.entropy.guid(),
                                     .display_name = "configuration",
                                     .secret_hash = crypto::hash_token(secret),
                                     .hint = secret.substr(0, 3),
                                     .start = now,
                                     .end = now + days{365}};
    TRY(directory::add_credential(tx, tenant, application.app_id, credential, kBy, now));
  }
  if (!certificate.empty()) TRY(add_certificate(tx, tenant, application.app_id, certificate, world, now));
  for (const std::string& permission : wanted.application_permissions) {
    TRY(grant_permission(tx, tenant, application.app_id, permission, now));
  }
  return done();
}

// After all of them are there: permissions name other applications.
Status grant_delegated_permissions(store::Transaction& tx, const TenantId& tenant, const ApplicationConfig& wanted,
                                   Time now) {
  for (const directory::Application& application : directory::applications(tx, tenant)) {
    const bool is_it = wanted.client_id.empty() ? application.display_name == wanted.name
                                                : application.app_id.value == wanted.client_id;
    if (!is_it) continue;
    for (const std::string& permission : wanted.delegated_permissions)
      TRY(grant_delegated(tx, tenant, application.app_id, permission, now));
  }
  return done();
}

}  // namespace

Status set_up_tenant(store::Store& store, const TenantConfig& config, const std::string& face_url, const World& world) {
  Prepared prepared = TRY(prepare(store, config, world));
  Time now = world.clock.now();
  return store.write([&](store::Transaction& tx) -> Status {
    auto tenant = directory::find_tenant(tx, config.domains.front());
    if (!tenant) {
      tenant = directory::Tenant{.id = {config.id.empty() ? world.entropy.guid() : config.id},
                                 .display_name = config.name.empty() ? config.domains.front() : config.name,
                                 .domains = config.domains,
                                 .created = now};
      TRY(directory::create_tenant(tx, *tenant));
    }
    TRY(tokens::bootstrap_first_party(tx, tenant->id, face_url, world.entropy, kBy, now));
    intune::publish_endpoints(tx, tenant->id, face_url, intune::Options{}.base_path, world.entropy);
    TRY(set_up_people(tx, tenant->id, config, prepared, world, now));
    auto known = directory::applications(tx, tenant->id);
    std::vector<const ApplicationConfig*> added;
    for (std::size_t i = 0; i < config.applications.size(); ++i) {
      const ApplicationConfig& wanted = config.applications[i];
      bool is_known = std::any_of(known.begin(), known.end(), [&](const auto& application) {
        return wanted.client_id.empty() ? application.display_name == wanted.name
                                        : application.app_id.value == wanted.client_id;
      });
      if (is_known) continue;
      TRY(set_up_application(tx, tenant->id, wanted, prepared.secrets[i], prepared.certificates[i], world, now));
      added.push_back(&wanted);
    }
    for (const ApplicationConfig* wanted : added) TRY(grant_delegated_permissions(tx, tenant->id, *wanted, now));
    return done();
  });
}

}  // namespace wardbridge::app
