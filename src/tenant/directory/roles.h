// Directory roles: what a signed-in person may do with a directory, beyond what their application may.
//
//   if (!directory::may_change(tx, tenant, user, Area::devices)) return Failure{Code::forbidden, ...};
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tenant/directory/directory.h"

namespace wardbridge::directory {

// What there is to change. `permissions` are those of applications and people: grants, consents and roles.
enum class Area { users, groups, devices, applications, policies, permissions };

// ENTRA: Graph `directoryRole`; the template ids are the real service's, in every tenant the same.
struct DirectoryRole {
  std::string_view template_id;
  std::string_view display_name;
  std::string_view description;
  std::vector<Area> changes;
};
const std::vector<DirectoryRole>& directory_roles();
const DirectoryRole* find_directory_role(std::string_view template_id_or_name);

// `not_found`/`no_role`, `no_user`; `conflict`/`already_exists`.
Status assign_role(store::Transaction& tx, const TenantId& tenant, const DirectoryRole& role, const ObjectId& user,
                   const audit::Actor& by, Time now);
// `not_found`/`no_member`.
Status withdraw_role(store::Transaction& tx, const TenantId& tenant, const DirectoryRole& role, const ObjectId& user,
                     const audit::Actor& by, Time now);
std::vector<ObjectId> role_members(store::Transaction& tx, const TenantId& tenant, const DirectoryRole& role);
std::vector<const DirectoryRole*> roles_of(store::Transaction& tx, const TenantId& tenant, const ObjectId& user);
bool may_change(store::Transaction& tx, const TenantId& tenant, const ObjectId& user, Area area);

}  // namespace wardbridge::directory
