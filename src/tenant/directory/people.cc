// Users, groups, and who is a member of what.
#include "tenant/directory/directory.h"
#include "tenant/directory/text_keys.h"

namespace wardbridge::directory {
namespace {

#define USER_COLUMNS                                                                                     \
  "id, user_principal_name, display_name, given_name, surname, mail, department, job_title, user_type, " \
  "account_enabled, password_hash, created"
#define GROUP_COLUMNS "id, display_name, description, mail_nickname, security_enabled, created"

User user_from(const store::Row& row) {
  return {.id = {row.text(0)},
          .user_principal_name = row.text(1),
          .display_name = row.text(2),
          .given_name = row.text(3),
          .surname = row.text(4),
          .mail = row.text(5),
          .department = row.text(6),
          .job_title = row.text(7),
          .user_type = row.text(8),
          .account_enabled = row.flag(9),
          .password_hash = row.text(10),
          .created = row.time(11)};
}

Group group_from(const store::Row& row) {
  return {.id = {row.text(0)},
          .display_name = row.text(1),
          .description = row.text(2),
          .mail_nickname = row.text(3),
          .security_enabled = row.flag(4),
          .created = row.time(5)};
}

bool is_directory_object(store::Transaction& tx, const TenantId& tenant, const std::string& id) {
  const std::string& of = tenant.value;
  return tx
      .query_one(
          "SELECT 1 FROM directory_user WHERE tenant_id = ? AND id = ?"
          " UNION ALL SELECT 1 FROM directory_group WHERE tenant_id = ? AND id = ?"
          " UNION ALL SELECT 1 FROM directory_device WHERE tenant_id = ? AND id = ?"
          " UNION ALL SELECT 1 FROM directory_service_principal WHERE tenant_id = ? AND id = ?",
          {of, id, of, id, of, id, of, id})
      .has_value();
}

void record_membership(store::Transaction& tx, const TenantId& tenant, const char* activity, const Group& group,
                       const json::Object& change, const audit::Actor& by, Time now) {
  record_change(tx, tenant,
                {.activity = activity,
                 .object_type = "Group",
                 .object_id = group.id.value,
                 .object_name = group.display_name,
                 .properties = {{"Group.Members", change}}},
                by, now);
}

Failure no_group(const ObjectId& id) { return not_found("no_group", "no group has the id `" + id.value + "`"); }

}  // namespace

Status create_user(store::Transaction& tx, const TenantId& tenant, const User& user, const audit::Actor& by, Time now) {
  if (tx.execute("INSERT INTO directory_user (tenant_id, principal_key, " USER_COLUMNS
                 ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                 {tenant.value, text::lower(user.user_principal_name), id_key(user.id.value), user.user_principal_name,
                  user.display_name, user.given_name, user.surname, user.mail, user.department, user.job_title,
                  user.user_type, user.account_enabled, user.password_hash, user.created}) == 0)
    return conflict("already_exists", "a user named `" + user.user_principal_name + "` already exists");
  record_change(tx, tenant,
                {.activity = "Add user",
                 .object_type = "User",
                 .object_id = id_key(user.id.value),
                 .object_name = user.user_principal_name,
                 .properties = {{"UserPrincipalName", json::Object{{"new", user.user_principal_name}}},
                                {"AccountEnabled", json::Object{{"new", user.account_enabled}}},
                                {"UserType", json::Object{{"new", user.user_type}}}}},
                by, now);
  return done();
}

std::optional<User> find_user(store::Transaction& tx, const TenantId& tenant, const ObjectId& id) {
  auto row = tx.query_one("SELECT " USER_COLUMNS " FROM directory_user WHERE tenant_id = ? AND id = ?",
                          {tenant.value, id_key(id.value)});
  if (!row) return std::nullopt;
  return user_from(*row);
}

std::optional<User> find_user_by_name(store::Transaction& tx, const TenantId& tenant, std::string_view upn) {
  auto row = tx.query_one("SELECT " USER_COLUMNS " FROM directory_user WHERE tenant_id = ? AND principal_key = ?",
                          {tenant.value, text::lower(upn)});
  if (!row) return std::nullopt;
  return user_from(*row);
}

std::vector<User> users(store::Transaction& tx, const TenantId& tenant) {
  std::vector<User> found;
  for (const store::Row& row : tx.query(
           "SELECT " USER_COLUMNS " FROM directory_user WHERE tenant_id = ? ORDER BY principal_key", {tenant.value}))
    found.push_back(user_from(row));
  return found;
}

Status create_group(store::Transaction& tx, const TenantId& tenant, const Group& group, const audit::Actor& by,
                    Time now) {
  if (tx.execute("INSERT INTO directory_group (tenant_id, " GROUP_COLUMNS
                 ") VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                 {tenant.value, id_key(group.id.value), group.display_name, group.description, group.mail_nickname,
                  group.security_enabled, group.created}) == 0)
    return conflict("already_exists", "a group with the id `" + group.id.value + "` already exists");
  record_change(tx, tenant,
                {.activity = "Add group",
                 .object_type = "Group",
                 .object_id = id_key(group.id.value),
                 .object_name = group.display_name,
                 .properties = {{"DisplayName", json::Object{{"new", group.display_name}}},
                                {"SecurityEnabled", json::Object{{"new", group.security_enabled}}}}},
                by, now);
  return done();
}

std::optional<Group> find_group(store::Transaction& tx, const TenantId& tenant, const ObjectId& id) {
  auto row = tx.query_one("SELECT " GROUP_COLUMNS " FROM directory_group WHERE tenant_id = ? AND id = ?",
                          {tenant.value, id_key(id.value)});
  if (!row) return std::nullopt;
  return group_from(*row);
}

std::vector<Group> groups(store::Transaction& tx, const TenantId& tenant) {
  std::vector<Group> found;
  for (const store::Row& row :
       tx.query("SELECT " GROUP_COLUMNS " FROM directory_group WHERE tenant_id = ? ORDER BY display_name, id",
                {tenant.value}))
    found.push_back(group_from(row));
  return found;
}

Status add_member(store::Transaction& tx, const TenantId& tenant, const ObjectId& group, const ObjectId& member,
                  const audit::Actor& by, Time now) {
  const auto into = find_group(tx, tenant, group);
  if (!into) return no_group(group);
  const std::string member_key = id_key(member.value);
  if (member_key == into->id.value) return invalid("own_member", "a group can't be a member of itself", "member");
  if (!is_directory_object(tx, tenant, member_key))
    return not_found("no_object", "no directory object has the id `" + member.value + "`");
  if (tx.execute("INSERT INTO directory_group_member (tenant_id, group_id, member_id) VALUES (?, ?, ?)"
                 " ON CONFLICT DO NOTHING",
                 {tenant.value, into->id.value, member_key}) == 0)
    return conflict("already_exists", "`" + member.value + "` already is a member of `" + into->display_name + "`");
  record_membership(tx, tenant, "Add member to group", *into, {{"new", member_key}}, by, now);
  return done();
}

Status remove_member(store::Transaction& tx, const TenantId& tenant, const ObjectId& group, const ObjectId& member,
                     const audit::Actor& by, Time now) {
  const auto from = find_group(tx, tenant, group);
  if (!from) return no_group(group);
  const std::string member_key = id_key(member.value);
  if (tx.execute("DELETE FROM directory_group_member WHERE tenant_id = ? AND group_id = ? AND member_id = ?",
                 {tenant.value, from->id.value, member_key}) == 0)
    return not_found("no_member", "`" + member.value + "` is not a member of `" + from->display_name + "`");
  record_membership(tx, tenant, "Remove member from group", *from, {{"old", member_key}}, by, now);
  return done();
}

std::vector<ObjectId> members(store::Transaction& tx, const TenantId& tenant, const ObjectId& group) {
  std::vector<ObjectId> found;
  for (const store::Row& row :
       tx.query("SELECT member_id FROM directory_group_member WHERE tenant_id = ? AND group_id = ? ORDER BY member_id",
                {tenant.value, id_key(group.value)}))
    found.push_back({row.text(0)});
  return found;
}

std::vector<ObjectId> transitive_groups_of(store::Transaction& tx, const TenantId& tenant, const ObjectId& member) {
  std::vector<ObjectId> found;
  // UNION drops what is already found, so that groups that contain each other end the walk.
  for (const store::Row& row :
       tx.query("WITH RECURSIVE containing (group_id) AS ("
                " SELECT group_id FROM directory_group_member WHERE tenant_id = ? AND member_id = ?"
                " UNION SELECT outer_member.group_id FROM directory_group_member outer_member"
                " JOIN containing ON outer_member.member_id = containing.group_id WHERE outer_member.tenant_id = ?"
                ") SELECT group_id FROM containing ORDER BY group_id",
                {tenant.value, id_key(member.value), tenant.value}))
    found.push_back({row.text(0)});
  return found;
}

}  // namespace wardbridge::directory
