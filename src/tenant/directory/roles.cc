#include "tenant/directory/roles.h"

#include <algorithm>

#include "tenant/directory/text_keys.h"

namespace wardbridge::directory {
namespace {

void record_role(store::Transaction& tx, const TenantId& tenant, const char* activity, const DirectoryRole& role,
                 const User& user, const audit::Actor& by, Time now) {
  record_change(tx, tenant,
                {.activity = activity,
                 .object_type = "User",
                 .object_id = user.id.value,
                 .object_name = user.user_principal_name,
                 .properties = {{"Role.DisplayName", json::Object{{"new", role.display_name}}},
                                {"Role.TemplateId", json::Object{{"new", role.template_id}}}}},
                by, now);
}

}  // namespace

const std::vector<DirectoryRole>& directory_roles() {
  using enum Area;
  static const auto* const kRoles =
      new std::vector<DirectoryRole>{{"62e90394-69f5-4237-9190-012177145e10",
                                      "Global Administrator",
                                      "Can manage all aspects of the directory.",
                                      {users, groups, devices, applications, policies, permissions}},
                                     {"fe930be7-5e62-47db-91af-98c3a49a38b1",
                                      "User Administrator",
                                      "Can manage all aspects of users and groups.",
                                      {users, groups}},
                                     {"9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",
                                      "Application Administrator",
                                      "Can create and manage all aspects of app registrations and enterprise apps.",
                                      {applications}},
                                     {"3a2c62db-5318-420d-8d74-23affee5d9d5",
                                      "Intune Administrator",
                                      "Can manage all aspects of the Intune product.",
                                      {groups, devices}},
                                     {"b1be1c3e-b65d-4f19-8427-f6fa0d97feb9",
                                      "Conditional Access Administrator",
                                      "Can manage Conditional Access capabilities.",
                                      {policies}},
                                     {"f2ef992c-3afb-46b9-b7cf-a126ee74c451",
                                      "Global Reader",
                                      "Can read everything that a Global Administrator can.",
                                      {}}};
  return *kRoles;
}

const DirectoryRole* find_directory_role(std::string_view template_id_or_name) {
  for (const DirectoryRole& role : directory_roles())
    if (text::equal_ignoring_case(role.template_id, template_id_or_name) ||
        text::equal_ignoring_case(role.display_name, template_id_or_name))
      return &role;
  return nullptr;
}

Status assign_role(store::Transaction& tx, const TenantId& tenant, const DirectoryRole& role, const ObjectId& user,
                   const audit::Actor& by, Time now) {
  const auto member = find_user(tx, tenant, user);
  if (!member) return not_found("no_user", "no user has the id `" + user.value + "`");
  if (tx.execute("INSERT INTO directory_role_member (tenant_id, role_template_id, member_id) VALUES (?, ?, ?)"
                 " ON CONFLICT DO NOTHING",
                 {tenant.value, role.template_id, member->id.value}) == 0)
    return conflict("already_exists", "`" + member->user_principal_name + "` already has the role");
  record_role(tx, tenant, "Add member to role", role, *member, by, now);
  return done();
}

Status withdraw_role(store::Transaction& tx, const TenantId& tenant, const DirectoryRole& role, const ObjectId& user,
                     const audit::Actor& by, Time now) {
  const auto member = find_user(tx, tenant, user);
  if (!member || tx.execute("DELETE FROM directory_role_member WHERE tenant_id = ? AND role_template_id = ?"
                            " AND member_id = ?",
                            {tenant.value, role.template_id, member->id.value}) == 0)
    return not_found("no_member", "`" + user.value + "` does not have the role");
  record_role(tx, tenant, "Remove member from role", role, *member, by, now);
  return done();
}

std::vector<ObjectId> role_members(store::Transaction& tx, const TenantId& tenant, const DirectoryRole& role) {
  std::vector<ObjectId> found;
  for (const store::Row& row : tx.query("SELECT member_id FROM directory_role_member WHERE tenant_id = ? AND "
                                        "role_template_id = ? ORDER BY member_id",
                                        {tenant.value, role.template_id}))
    found.push_back({row.text(0)});
  return found;
}

std::vector<const DirectoryRole*> roles_of(store::Transaction& tx, const TenantId& tenant, const ObjectId& user) {
  std::vector<const DirectoryRole*> found;
  for (const store::Row& row :
       tx.query("SELECT role_template_id FROM directory_role_member WHERE tenant_id = ? AND member_id = ?",
                {tenant.value, id_key(user.value)}))
    if (const DirectoryRole* role = find_directory_role(row.text(0))) found.push_back(role);
  return found;
}

bool may_change(store::Transaction& tx, const TenantId& tenant, const ObjectId& user, Area area) {
  const auto roles = roles_of(tx, tenant, user);
  return std::any_of(roles.begin(), roles.end(), [&](const DirectoryRole* role) {
    return std::find(role->changes.begin(), role->changes.end(), area) != role->changes.end();
  });
}

}  // namespace wardbridge::directory
