#include "tenant/directory/delta.h"

#include "tenant/directory/after_change.h"
#include "tenant/directory/text_keys.h"

namespace wardbridge::directory {
namespace {

constexpr Duration kSlowestTransaction = minutes{1};

const char* word_of(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::user:
      return "user";
    case ObjectKind::group:
      return "group";
    case ObjectKind::device:
      return "device";
  }
  CHECK(false, "every kind has its word");
}

std::vector<ObjectChange> changes_from(const std::vector<store::Row>& rows) {
  std::vector<ObjectChange> found;
  for (const store::Row& row : rows) found.push_back({row.integer(0), {row.text(1)}, row.flag(2)});
  return found;
}

}  // namespace

void note_change(store::Transaction& tx, const TenantId& tenant, ObjectKind kind, const ObjectId& id, bool removed,
                 Time now) {
  tx.post(
      "INSERT INTO directory_object_change (tenant_id, kind, object_id, sequence, changed, removed)"
      " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (tenant_id, kind, object_id) DO UPDATE SET"
      " sequence = excluded.sequence, changed = excluded.changed, removed = excluded.removed",
      {tenant.value, word_of(kind), id_key(id.value), store::NextId{"directory_change"}, now, removed});
}

void note_membership(store::Transaction& tx, const TenantId& tenant, const ObjectId& group, const ObjectId& member,
                     bool removed, Time now) {
  tx.post(
      "INSERT INTO directory_member_change (tenant_id, group_id, member_id, sequence, changed, removed)"
      " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (tenant_id, group_id, member_id) DO UPDATE SET"
      " sequence = excluded.sequence, changed = excluded.changed, removed = excluded.removed",
      {tenant.value, id_key(group.value), id_key(member.value), store::NextId{"directory_change"}, now, removed});
  note_change(tx, tenant, ObjectKind::group, group, false, now);
}

std::vector<ObjectChange> changes_after(store::Transaction& tx, const TenantId& tenant, ObjectKind kind,
                                        std::int64_t sequence, std::size_t limit) {
  return changes_from(
      tx.query("SELECT sequence, object_id, removed FROM directory_object_change WHERE tenant_id = ? AND kind = ?"
               " AND sequence > ? ORDER BY sequence LIMIT ?",
               {tenant.value, word_of(kind), sequence, static_cast<std::int64_t>(limit)}));
}

std::int64_t safe_position(store::Transaction& tx, const TenantId& tenant, ObjectKind kind, Time now) {
  const bool has_one_writer = tx.lock_rows().empty();
  const Time settled = has_one_writer ? kNever : now - kSlowestTransaction;
  const auto rows =
      tx.query("SELECT MAX(sequence) FROM directory_object_change WHERE tenant_id = ? AND kind = ? AND changed <= ?",
               {tenant.value, word_of(kind), settled});
  return rows.front().maybe_integer(0).value_or(0);
}

std::vector<ObjectChange> member_changes_after(store::Transaction& tx, const TenantId& tenant, const ObjectId& group,
                                               std::int64_t sequence, std::size_t limit) {
  return changes_from(
      tx.query("SELECT sequence, member_id, removed FROM directory_member_change WHERE tenant_id = ? AND group_id = ?"
               " AND sequence > ? ORDER BY sequence LIMIT ?",
               {tenant.value, id_key(group.value), sequence, static_cast<std::int64_t>(limit)}));
}

void trim_changes(store::Transaction& tx, const TenantId& tenant, Time now) {
  const Time oldest = now - kRemovalsRemembered;
  for (const char* table : {"directory_object_change", "directory_member_change"})
    tx.post("DELETE FROM " + std::string(table) + " WHERE tenant_id = ? AND removed = 1 AND changed < ?",
            {tenant.value, oldest});
}

}  // namespace wardbridge::directory
