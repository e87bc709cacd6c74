// Directory roles: what a signed-in person may do with a directory, beyond what their application may.
//
//   if (!directory::may_administer(tx, tenant, user)) return Failure{Code::forbidden, ...};
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tenant/directory/directory.h"

namespace wardbridge::directory {

// ENTRA: Graph `directoryRole`; the template ids are the real service's, in every tenant the same.
struct DirectoryRole {
  std::string_view template_id;
  std::string_view display_name;
  std::string_view description;
  bool may_write = true;
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
// DEVIATION: every role that may write may write everything; the real service keeps each to its own area.
bool may_administer(store::Transaction& tx, const TenantId& tenant, const ObjectId& user);

}  // namespace wardbridge::directory
