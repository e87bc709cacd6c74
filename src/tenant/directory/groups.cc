// Groups, and who is a member of what.
#include "tenant/directory/after_change.h"
#include "tenant/directory/directory.h"
#include "tenant/directory/documents.h"
#include "tenant/directory/rows.h"
#include "tenant/directory/text_keys.h"
#include "tenant/membership_rules/membership_rules.h"

namespace wardbridge::directory {
namespace {

using membership_rules::Rule;
using membership_rules::Subject;

#define GROUP_COLUMNS                                                                                          \
  "id, display_name, description, mail_nickname, security_enabled, created, membership_rule, rule_is_paused, " \
  "rule_progress, rule_processed, membership_updated"
#define SELECT_GROUP "SELECT " GROUP_COLUMNS " FROM directory_group WHERE tenant_id = ?"

Group group_from(const store::Row& row) {
  Group group;
  group.id = {row.text(0)};
  group.display_name = row.text(1);
  group.description = row.text(2);
  group.mail_nickname = row.text(3);
  group.security_enabled = row.flag(4);
  group.created = row.time(5);
  group.membership_rule = row.text(6);
  group.rule_is_paused = row.flag(7);
  group.rule_progress = static_cast<Group::RuleProgress>(row.integer(8));
  group.rule_processed = row.integer(9);
  group.membership_updated = row.time(10);
  return group;
}

std::vector<ObjectId> ids_from(const std::vector<store::Row>& rows) {
  std::vector<ObjectId> found;
  found.reserve(rows.size());
  for (const store::Row& row : rows) found.push_back({row.text(0)});
  return found;
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

Failure no_group(const ObjectId& id) { return not_found("no_group", "no group has the id `" + id.value + "`"); }

Status refuse_dynamic(const Group& group) {
  if (group.membership_rule.empty()) return done();
  return invalid("dynamic_membership",
                 "the members of `" + group.display_name + "` follow from its membership rule and can't be edited",
                 "members");
}

json::Object group_differences(const Group& before, const Group& after) {
  const auto state = [](const Group& group) {
    return group.membership_rule.empty() ? "" : group.rule_is_paused ? "Paused" : "On";
  };
  json::Object properties;
  note(properties, "DisplayName", before.display_name, after.display_name);
  note(properties, "Description", before.description, after.description);
  note(properties, "MailNickname", before.mail_nickname, after.mail_nickname);
  note(properties, "SecurityEnabled", before.security_enabled, after.security_enabled);
  note(properties, "MembershipRule", before.membership_rule, after.membership_rule);
  note(properties, "MembershipRuleProcessingState", std::string(state(before)), std::string(state(after)));
  return properties;
}

Change group_change(const char* activity, const Group& group, json::Object properties) {
  return {.activity = activity,
          .object_type = "Group",
          .object_id = id_key(group.id.value),
          .object_name = group.display_name,
          .properties = std::move(properties)};
}

// What the rule column's companions hold: about whom, whether it reads memberships, and that all is still to be judged.
struct StoredRule {
  std::string subject;
  bool reads_groups = false;
  Group::RuleProgress progress = Group::RuleProgress::none;
};
Result<StoredRule> stored_rule(const Group& group) {
  if (group.membership_rule.empty()) return StoredRule{};
  const Subject subject = membership_rules::subject_of(group.membership_rule).value_or(Subject::user);
  const Rule rule = TRY(Rule::compile(group.membership_rule, subject));
  return StoredRule{subject == Subject::user ? "user" : "device", rule.reads_groups(), Group::RuleProgress::pending};
}

// Members of another kind than the rule is about go at once; the others are judged one by one.
void drop_other_kinds(store::Transaction& tx, const TenantId& tenant, const Group& group, const std::string& subject,
                      const audit::Actor& by, Time now) {
  const std::string table = subject == "user" ? "directory_user" : "directory_device";
  for (const store::Row& row :
       tx.query("SELECT member_id FROM directory_group_member WHERE tenant_id = ? AND group_id = ?"
                " AND member_id NOT IN (SELECT id FROM " +
                    table + " WHERE tenant_id = ?)",
                {tenant.value, group.id.value, tenant.value})) {
    const ObjectId member{row.text(0)};
    tx.post("DELETE FROM directory_group_member WHERE tenant_id = ? AND group_id = ? AND member_id = ?",
            {tenant.value, group.id.value, member.value});
    record_membership(tx, tenant, group, member, true, by, now);
    note_membership(tx, tenant, group.id, member, true, now);
  }
}

}  // namespace

void record_membership(store::Transaction& tx, const TenantId& tenant, const Group& group, const ObjectId& member,
                       bool removed, const audit::Actor& by, Time now) {
  record_change(tx, tenant,
                group_change(removed ? "Remove member from group" : "Add member to group", group,
                             {{"Group.Members", json::Object{{removed ? "old" : "new", id_key(member.value)}}}}),
                by, now);
}

Status create_group(store::Transaction& tx, const TenantId& tenant, const Group& group, const audit::Actor& by,
                    Time now) {
  const StoredRule rule = TRY(stored_rule(group));
  if (tx.execute(
          "INSERT INTO directory_group (tenant_id, display_name_key, rule_subject, rule_reads_groups, " GROUP_COLUMNS
          ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
          {tenant.value, search_key(group.display_name), rule.subject, rule.reads_groups, id_key(group.id.value),
           group.display_name, group.description, group.mail_nickname, group.security_enabled, group.created,
           group.membership_rule, group.rule_is_paused, static_cast<int>(rule.progress), 0, kEpoch}) == 0)
    return conflict("already_exists", "a group with the id `" + group.id.value + "` already exists");
  json::Object properties{{"DisplayName", json::Object{{"new", group.display_name}}},
                          {"SecurityEnabled", json::Object{{"new", group.security_enabled}}}};
  if (!group.membership_rule.empty()) properties["MembershipRule"] = json::Object{{"new", group.membership_rule}};
  record_change(tx, tenant, group_change("Add group", group, std::move(properties)), by, now);
  after_change(tx, tenant, ObjectKind::group, group.id, now);
  return done();
}

std::optional<Group> find_group(store::Transaction& tx, const TenantId& tenant, const ObjectId& id) {
  auto row = tx.query_one(SELECT_GROUP " AND id = ?", {tenant.value, id_key(id.value)});
  if (!row) return std::nullopt;
  return group_from(*row);
}

std::vector<Group> groups(store::Transaction& tx, const TenantId& tenant) {
  std::vector<Group> found;
  for (const store::Row& row : tx.query(SELECT_GROUP " ORDER BY display_name, id", {tenant.value}))
    found.push_back(group_from(row));
  return found;
}

std::vector<Group> groups_with_ids(store::Transaction& tx, const TenantId& tenant, const std::vector<ObjectId>& ids) {
  return in_order_of(ids, rows_with_ids(tx, SELECT_GROUP, tenant, ids), group_from);
}

Status update_group(store::Transaction& tx, const TenantId& tenant, const Group& group, const audit::Actor& by,
                    Time now) {
  const auto row =
      tx.query_one(SELECT_GROUP " AND id = ?" + std::string(tx.lock_rows()), {tenant.value, id_key(group.id.value)});
  if (!row) return no_group(group.id);
  const Group before = group_from(*row);
  const StoredRule rule = TRY(stored_rule(group));
  json::Object properties = group_differences(before, group);
  if (properties.empty()) return done();
  tx.post(
      "UPDATE directory_group SET display_name = ?, display_name_key = ?, description = ?, mail_nickname = ?,"
      " security_enabled = ?, membership_rule = ?, rule_subject = ?, rule_reads_groups = ?, rule_is_paused = ?"
      " WHERE tenant_id = ? AND id = ?",
      {group.display_name, search_key(group.display_name), group.description, group.mail_nickname,
       group.security_enabled, group.membership_rule, rule.subject, rule.reads_groups, group.rule_is_paused,
       tenant.value, before.id.value});
  const bool starts_again =
      before.membership_rule != group.membership_rule || (before.rule_is_paused && !group.rule_is_paused);
  if (starts_again) {
    // An object that nobody judged yet keeps the membership that it has.
    tx.post("DELETE FROM directory_membership_reassessment WHERE tenant_id = ? AND group_id = ?",
            {tenant.value, before.id.value});
    tx.post(
        "UPDATE directory_group SET rule_progress = ?, rule_position = '', rule_processed = 0"
        " WHERE tenant_id = ? AND id = ?",
        {static_cast<int>(rule.progress), tenant.value, before.id.value});
    if (!rule.subject.empty()) drop_other_kinds(tx, tenant, before, rule.subject, by, now);
  }
  record_change(tx, tenant, group_change("Update group", group, std::move(properties)), by, now);
  after_change(tx, tenant, ObjectKind::group, before.id, now);
  return done();
}

Status delete_group(store::Transaction& tx, const TenantId& tenant, const ObjectId& id, const audit::Actor& by,
                    Time now) {
  const auto group = find_group(tx, tenant, id);
  if (!group) return no_group(id);
  end_memberships(tx, tenant, group->id, now);
  tx.post("DELETE FROM directory_group_member WHERE tenant_id = ? AND group_id = ?", {tenant.value, group->id.value});
  tx.post("DELETE FROM directory_member_change WHERE tenant_id = ? AND group_id = ?", {tenant.value, group->id.value});
  tx.post("DELETE FROM directory_group WHERE tenant_id = ? AND id = ?", {tenant.value, group->id.value});
  record_change(tx, tenant, group_change("Delete group", *group, {}), by, now);
  after_removal(tx, tenant, ObjectKind::group, group->id, now);
  return done();
}

Status add_member(store::Transaction& tx, const TenantId& tenant, const ObjectId& group, const ObjectId& member,
                  const audit::Actor& by, Time now) {
  const auto into = find_group(tx, tenant, group);
  if (!into) return no_group(group);
  TRY(refuse_dynamic(*into));
  const std::string member_key = id_key(member.value);
  if (member_key == into->id.value) return invalid("own_member", "a group can't be a member of itself", "member");
  if (!is_directory_object(tx, tenant, member_key))
    return not_found("no_object", "no directory object has the id `" + member.value + "`");
  if (tx.execute("INSERT INTO directory_group_member (tenant_id, group_id, member_id) VALUES (?, ?, ?)"
                 " ON CONFLICT DO NOTHING",
                 {tenant.value, into->id.value, member_key}) == 0)
    return conflict("already_exists", "`" + member.value + "` already is a member of `" + into->display_name + "`");
  record_membership(tx, tenant, *into, member, false, by, now);
  after_membership(tx, tenant, into->id, {member_key}, false, now);
  return done();
}

Status remove_member(store::Transaction& tx, const TenantId& tenant, const ObjectId& group, const ObjectId& member,
                     const audit::Actor& by, Time now) {
  const auto from = find_group(tx, tenant, group);
  if (!from) return no_group(group);
  TRY(refuse_dynamic(*from));
  const std::string member_key = id_key(member.value);
  if (tx.execute("DELETE FROM directory_group_member WHERE tenant_id = ? AND group_id = ? AND member_id = ?",
                 {tenant.value, from->id.value, member_key}) == 0)
    return not_found("no_member", "`" + member.value + "` is not a member of `" + from->display_name + "`");
  record_membership(tx, tenant, *from, member, true, by, now);
  after_membership(tx, tenant, from->id, {member_key}, true, now);
  return done();
}

std::vector<ObjectId> members(store::Transaction& tx, const TenantId& tenant, const ObjectId& group) {
  return ids_from(
      tx.query("SELECT member_id FROM directory_group_member WHERE tenant_id = ? AND group_id = ? ORDER BY member_id",
               {tenant.value, id_key(group.value)}));
}

std::vector<ObjectId> members(store::Transaction& tx, const TenantId& tenant, const ObjectId& group,
                              const ObjectId& after, std::size_t limit) {
  return ids_from(
      tx.query("SELECT member_id FROM directory_group_member WHERE tenant_id = ? AND group_id = ? AND member_id > ?"
               " ORDER BY member_id LIMIT ?",
               {tenant.value, id_key(group.value), id_key(after.value), static_cast<std::int64_t>(limit)}));
}

std::int64_t count_members(store::Transaction& tx, const TenantId& tenant, const ObjectId& group) {
  return tx
      .query("SELECT COUNT(*) FROM directory_group_member WHERE tenant_id = ? AND group_id = ?",
             {tenant.value, id_key(group.value)})
      .front()
      .integer(0);
}

std::vector<ObjectId> groups_of(store::Transaction& tx, const TenantId& tenant, const ObjectId& member) {
  return ids_from(
      tx.query("SELECT group_id FROM directory_group_member WHERE tenant_id = ? AND member_id = ? ORDER BY group_id",
               {tenant.value, id_key(member.value)}));
}

// UNION drops what is already found, so that groups that contain each other end these walks.

std::vector<ObjectId> transitive_members(store::Transaction& tx, const TenantId& tenant, const ObjectId& group) {
  return ids_from(
      tx.query("WITH RECURSIVE contained (member_id) AS ("
               " SELECT member_id FROM directory_group_member WHERE tenant_id = ? AND group_id = ?"
               " UNION SELECT inner_member.member_id FROM directory_group_member inner_member"
               " JOIN contained ON inner_member.group_id = contained.member_id WHERE inner_member.tenant_id = ?"
               ") SELECT member_id FROM contained WHERE member_id <> ? ORDER BY member_id",
               {tenant.value, id_key(group.value), tenant.value, id_key(group.value)}));
}

std::vector<ObjectId> transitive_groups_of(store::Transaction& tx, const TenantId& tenant, const ObjectId& member) {
  return ids_from(
      tx.query("WITH RECURSIVE containing (group_id) AS ("
               " SELECT group_id FROM directory_group_member WHERE tenant_id = ? AND member_id = ?"
               " UNION SELECT outer_member.group_id FROM directory_group_member outer_member"
               " JOIN containing ON outer_member.member_id = containing.group_id WHERE outer_member.tenant_id = ?"
               ") SELECT group_id FROM containing ORDER BY group_id",
               {tenant.value, id_key(member.value), tenant.value}));
}

}  // namespace wardbridge::directory
