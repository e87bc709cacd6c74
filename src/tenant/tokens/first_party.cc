// Microsoft's own applications, as every tenant has them. Ids and permission ids are those of the real service, so that
// scripts written for it grant the same things here.
#include <algorithm>
#include <utility>

#include "tenant/tokens/tokens.h"

namespace wardbridge::tokens {
namespace {

using directory::Application;
using directory::AppRole;
using directory::PermissionScope;

Application application(directory::AppId id, std::string display_name) {
  Application application;
  application.app_id = std::move(id);
  application.display_name = std::move(display_name);
  application.sign_in_audience = "AzureADMultipleOrgs";
  return application;
}

AppRole role(std::string id, std::string value) {
  std::string display_name = value;
  return {std::move(id), std::move(value), std::move(display_name)};
}

Application graph(const std::string& base_url) {
  Application graph = application(directory::kGraphAppId, "Microsoft Graph");
  graph.identifier_uris = {"https://graph.microsoft.com", base_url};
  graph.app_roles = {
      role("7ab1d382-f21e-4acd-a863-ba3e13f7da61", "Directory.Read.All"),
      role("19dbc75e-c2e2-444c-a770-ec69d8559fc7", "Directory.ReadWrite.All"),
      role("df021288-bdef-4463-88db-98f22de89214", "User.Read.All"),
      role("741f803b-c850-494e-b5df-cde7c675a1ca", "User.ReadWrite.All"),
      role("5b567255-7703-4780-807c-7be8301ae99b", "Group.Read.All"),
      role("62a82d76-70ea-41e2-9197-370581804d09", "Group.ReadWrite.All"),
      role("bf7b1a76-6e77-406b-b258-bf5c7720e98f", "Group.Create"),
      role("98830695-27a2-44f7-8c18-0c3ebc9698f6", "GroupMember.Read.All"),
      role("dbaae8cf-10b5-4b86-a4a1-f871c94c6695", "GroupMember.ReadWrite.All"),
      role("7438b122-aefc-4978-80ed-43db9fcc7715", "Device.Read.All"),
      role("1138cb37-bd11-4084-a2b7-9f71582aeddb", "Device.ReadWrite.All"),
      role("9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30", "Application.Read.All"),
      role("1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9", "Application.ReadWrite.All"),
      role("06b708a9-e830-4db3-a914-8e69da51d44f", "AppRoleAssignment.ReadWrite.All"),
      role("8e8e4742-1d95-4f68-9d56-6ee75648c72a", "DelegatedPermissionGrant.ReadWrite.All"),
      role("498476ce-e0fe-48b0-b801-37ba7e2685c6", "Organization.Read.All"),
      role("dbb9058a-0e50-45d7-ae91-66909b5d4664", "Domain.Read.All"),
      role("483bed4a-2ad3-4361-a73b-c83ccdbdc53c", "RoleManagement.Read.Directory"),
      role("9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8", "RoleManagement.ReadWrite.Directory"),
      role("246dd0d5-5bd0-4def-940b-0421030a5b68", "Policy.Read.All"),
      role("37730810-e9ba-4e46-b07e-8ca78d182097", "Policy.Read.ConditionalAccess"),
      role("01c0a623-fc9b-48e9-b794-0756f8e8f067", "Policy.ReadWrite.ConditionalAccess"),
      role("b0afded3-3588-46d8-8b3d-9842eff778da", "AuditLog.Read.All"),
      role("2f51be20-0bb4-4fed-bf7b-db946066c75e", "DeviceManagementManagedDevices.Read.All"),
      role("243333ab-4d21-40cb-a475-36241daa0842", "DeviceManagementManagedDevices.ReadWrite.All"),
      role("06a5fe6d-c49d-46a7-b082-56b1b14103c7", "DeviceManagementServiceConfig.Read.All"),
      role("5ac13192-7ace-4fcf-b828-1a26f28068ee", "DeviceManagementServiceConfig.ReadWrite.All"),
      role("dc377aa6-52d8-4e23-b271-2a7ae04cedf3", "DeviceManagementConfiguration.Read.All"),
      role("9241abd9-d0e6-425a-bd4f-47ba86e767a4", "DeviceManagementConfiguration.ReadWrite.All"),
  };
  graph.scopes = {
      {"e1fe6dd8-ba31-4d61-89e7-88639da4683d", "User.Read"},
      {"a154be20-db9c-4678-8ab7-66f6cc099a59", "User.Read.All"},
      {"204e0828-b5ca-4ad8-b9f3-f32a958e7cc4", "User.ReadWrite.All"},
      {"5f8c59db-677d-491f-a6b8-5f174b11ec1d", "Group.Read.All"},
      {"4e46008b-f24c-477d-8fff-7bb4ec7aafe0", "Group.ReadWrite.All"},
      {"bc024368-1153-4739-b217-4326f2e966d0", "GroupMember.Read.All"},
      {"f81125ac-d3b7-4573-a3b2-7099cc39df9e", "GroupMember.ReadWrite.All"},
      {"06da0dbc-49e2-44d2-8312-53f166ab848a", "Directory.Read.All"},
      {"c5366453-9fb0-48a5-a156-24f0c49a4b84", "Directory.ReadWrite.All"},
      {"c79f8feb-a9db-4090-85f9-90d820caa0eb", "Application.Read.All"},
      {"bdfbf15f-ee85-4955-8675-146e8e5296b5", "Application.ReadWrite.All"},
      {"84bccea3-f856-4a8a-967b-dbe0a3d53a64", "AppRoleAssignment.ReadWrite.All"},
      {"41ce6ca6-6826-4807-84f1-1c82854f7ee5", "DelegatedPermissionGrant.ReadWrite.All"},
      {"4908d5b9-3fb2-4b1e-9336-1888b7937185", "Organization.Read.All"},
      {"2f9ee017-59c1-4f1d-9472-bd5529a7b311", "Domain.Read.All"},
      {"741c54c3-0c1e-44a1-818b-3f97ab4e8c83", "RoleManagement.Read.Directory"},
      {"d01b97e9-cbc0-49fe-810a-750afd5527a3", "RoleManagement.ReadWrite.Directory"},
      {"951183d1-1a61-466f-a6d1-1fde911bfd95", "Device.Read.All"},
      {"572fea84-0151-49b2-9301-11cb16974376", "Policy.Read.All"},
      {"633e0fce-8c58-4cfb-9495-12bbd5a24f7c", "Policy.Read.ConditionalAccess"},
      {"ad902697-1014-4ef5-81ef-2b4301988e8c", "Policy.ReadWrite.ConditionalAccess"},
      {"e4c9e354-4dc5-45b8-9e7c-e1393b0b1a20", "AuditLog.Read.All"},
  };
  return graph;
}

Application intune_api() {
  Application intune = application(directory::kIntuneApiAppId, "Microsoft Intune API");
  intune.identifier_uris = {"https://api.manage.microsoft.com/"};
  intune.app_roles = {
      role("7b3c62c0-bbe4-4ceb-971b-ecc50a191b3e", "update_device_attributes"),
      role("3857e233-c379-404e-85e9-bdbf3a62b28f", "manage_partner_compliance_policy"),
      role("7ec88bad-30c7-4928-a005-4455362cfd98", "get_device_compliance"),
      role("a5438881-186a-48f0-bc41-a93ae8a195fe", "update_device_health"),
      role("3d9dc976-32fb-45a8-90bd-c9f8a850d098", "get_data_warehouse"),
      role("39d724e8-6a34-4930-9a36-364082c35716", "scep_challenge_provider"),
      role("907d16c7-7591-49a4-b523-6fd42e5f2c7e", "pfx_cert_provider"),
      role("7828b294-fdcc-4ed6-a45a-854364afb21d", "send_data_usage"),
  };
  intune.scopes = {{"d603c21a-d512-4b5a-b552-c233ebbeaf2e", "get_data_warehouse"}};
  return intune;
}

Application device_registration(const std::string& base_url) {
  Application service = application(directory::kDeviceRegistrationAppId, "Device Registration Service");
  service.identifier_uris = {std::string(kRegistrationResource), "urn:ms-drs:" + host_of(base_url)};
  service.scopes = {{"fb5b0c7c-5d6f-4c1d-9a3b-0d2c5e7f1a46", std::string(kRegistrationScope)}};
  return service;
}

Application authentication_broker() {
  Application broker = application(directory::kAuthenticationBrokerAppId, "Microsoft Authentication Broker");
  broker.is_public_client = true;
  broker.public_client_redirect_uris = {
      "ms-aadj-redir://auth/drs",
      "ms-appx-web://Microsoft.AAD.BrokerPlugin/" + directory::kAuthenticationBrokerAppId.value, "http://localhost",
      "http://127.0.0.1"};
  return broker;
}

// What a newer version of this program knows of an application, and an older one's tenant doesn't have yet.
template <class Permission>
bool add_missing(std::vector<Permission>& known, const std::vector<Permission>& wanted) {
  const std::size_t before = known.size();
  for (const Permission& one : wanted) {
    const bool is_known =
        std::any_of(known.begin(), known.end(), [&](const Permission& other) { return other.id == one.id; });
    if (!is_known) known.push_back(one);
  }
  return known.size() != before;
}

}  // namespace

std::string host_of(std::string_view url) {
  if (auto scheme = url.find("://"); scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  return std::string(url.substr(0, url.find_first_of("/?#")));
}

Status bootstrap_first_party(store::Transaction& tx, const directory::TenantId& tenant, const std::string& base_url,
                             Entropy& entropy, const audit::Actor& by, Time now) {
  const Application first_party[] = {graph(base_url), intune_api(),
                                     application(directory::kIntuneAppId, "Microsoft Intune"),
                                     device_registration(base_url), authentication_broker()};
  for (Application application : first_party) {
    if (auto known = directory::find_application(tx, tenant, application.app_id)) {
      const bool has_new_roles = add_missing(known->app_roles, application.app_roles);
      const bool has_new_scopes = add_missing(known->scopes, application.scopes);
      if (has_new_roles || has_new_scopes) TRY(directory::update_application(tx, tenant, *known, by, now));
    } else {
      application.id.value = entropy.guid();
      application.created = now;
      TRY(directory::create_application(tx, tenant, application, by, now));
    }
    if (!directory::find_service_principal(tx, tenant, application.app_id)) {
      TRY(directory::create_service_principal(
          tx, tenant, {{entropy.guid()}, application.app_id, application.display_name, true}, by, now));
    }
  }
  if (directory::scopes_of(tx, tenant, directory::kAuthenticationBrokerAppId, directory::kDeviceRegistrationAppId)
          .empty()) {
    TRY(directory::grant_scopes(tx, tenant, directory::kAuthenticationBrokerAppId, directory::kDeviceRegistrationAppId,
                                std::string(kRegistrationScope), by, now));
  }
  return done();
}

std::optional<std::string> first_party_role(const directory::AppId& resource, std::string_view value) {
  for (const Application& application : {graph(""), intune_api()}) {
    if (application.app_id != resource) continue;
    for (const AppRole& role : application.app_roles) {
      if (role.value == value) return role.id;
    }
  }
  return std::nullopt;
}

}  // namespace wardbridge::tokens
