// The JSON of every resource, and the properties that queries may name. Private to this room.
#pragma once

#include "base/json.h"
#include "base/time.h"
#include "tenant/directory/directory.h"
#include "tenant/directory/roles.h"
#include "tenant/graph/resource_type.h"

namespace wardbridge::graph {

const ResourceType& user_type();
const ResourceType& group_type();
const ResourceType& device_type();
const ResourceType& application_type();
const ResourceType& service_principal_type();
const ResourceType& app_role_assignment_type();
const ResourceType& permission_grant_type();
const ResourceType& domain_type();
const ResourceType& directory_role_type();
const ResourceType& endpoint_type();
const ResourceType& organization_type();
const ResourceType& directory_object_type();  // whatever can be a member of a group
const ResourceType& policy_type();
const ResourceType& sign_in_type();
const ResourceType& directory_audit_type();

json::Object to_json(const directory::User& user);
json::Object to_json(const directory::Group& group);
// `isCompliant` is what may be relied on at `now`: an expired verdict reads as false.
json::Object to_json(const directory::Device& device, Time now);
json::Object to_json(const directory::Application& application, const std::vector<directory::Credential>& credentials);
json::Object to_json(const directory::ServicePrincipal& principal, const directory::TenantId& tenant,
                     const std::optional<directory::Application>& application);
json::Object to_json(const directory::Endpoint& endpoint);
json::Object to_json(const directory::Tenant& tenant);
json::Object to_json(const audit::StoredEntry& row);
json::Object to_json(const directory::DirectoryRole& role);
// One verified domain of a tenant; the first is the default.
json::Object domain_json(const directory::Tenant& tenant, std::size_t index);

// The same with `@odata.type`, for collections of several types.
json::Object typed(const ResourceType& type, json::Object item);

}  // namespace wardbridge::graph
