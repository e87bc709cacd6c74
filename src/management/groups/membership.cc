#include "management/groups/fleet.h"

namespace wardbridge::groups {
namespace {

constexpr const char* kChangeColumns =
    "SELECT computer_id, number, group_id, group_name, joined, time, cause FROM computer_group_change";

std::vector<StoredChange> changes_from(const std::vector<store::Row>& rows) {
  std::vector<StoredChange> changes;
  for (const store::Row& row : rows) {
    changes.push_back({.computer = ComputerId{row.integer(0)},
                       .number = row.integer(1),
                       .group = GroupId{row.integer(2)},
                       .group_name = row.text(3),
                       .joined = row.flag(4),
                       .time = row.time(5),
                       .cause = row.text(6)});
  }
  return changes;
}

}  // namespace

// INVARIANT: law 3. `valid_until` is the first moment at which a membership may have ended, so it counts before that
// moment only, however late the heartbeat is.

std::vector<Member> members(store::Transaction& tx, GroupId id, Time now) {
  std::vector<Member> members;
  tx.for_each(
      "SELECT computer_id, since, valid_until FROM computer_group_member WHERE group_id = ? AND valid_until > ? "
      "ORDER BY computer_id",
      std::vector<store::Value>{id.value, now}, [&](const store::Row& row) {
        members.push_back({ComputerId{row.integer(0)}, row.time(1), row.time(2)});
        return true;
      });
  return members;
}

std::int64_t count_members(store::Transaction& tx, GroupId id, Time now) {
  return tx
      .query_one("SELECT COUNT(*) FROM computer_group_member WHERE group_id = ? AND valid_until > ?", {id.value, now})
      ->integer(0);
}

std::map<GroupId, std::int64_t> count_all_members(store::Transaction& tx, const GroupBook& book, Time now) {
  if (auto counted = book.fleet().count_members(now)) {
    for (ComputerId computer : counted->late) {
      for (const store::Row& row :
           tx.query("SELECT group_id FROM computer_group_member WHERE computer_id = ? AND valid_until <= ?",
                    {computer.value, now}))
        --counted->members[GroupId{row.integer(0)}];
    }
    std::erase_if(counted->members, [](const auto& entry) { return entry.second <= 0; });
    return std::move(counted->members);
  }
  return count_all_members(tx, now);
}

std::map<GroupId, std::int64_t> count_all_members(store::Transaction& tx, Time now) {
  std::map<GroupId, std::int64_t> counts;
  for (const store::Row& row : tx.query(
           "SELECT group_id, COUNT(*) FROM computer_group_member WHERE valid_until > ? GROUP BY group_id", {now})) {
    counts[GroupId{row.integer(0)}] = row.integer(1);
  }
  return counts;
}

std::optional<Time> stored_until(store::Transaction& tx, GroupId group, ComputerId computer) {
  auto row = tx.query_one("SELECT valid_until FROM computer_group_member WHERE computer_id = ? AND group_id = ?",
                          {computer.value, group.value});
  return row ? std::optional(row->time(0)) : std::nullopt;
}

Standing standing(store::Transaction& tx, GroupId group, ComputerId computer, Time now) {
  auto until = stored_until(tx, group, computer);
  if (!until) return Standing::not_member;
  return now < *until ? Standing::member : Standing::unknown;
}

std::vector<Belonging> groups_of(store::Transaction& tx, ComputerId computer, Time now) {
  std::vector<Belonging> belongings;
  for (const store::Row& row : tx.query(
           "SELECT g.id, g.platform_id, g.name, g.description, g.smart, m.since, m.valid_until "
           "FROM computer_group_member m "
           "JOIN computer_group g ON g.id = m.group_id WHERE m.computer_id = ? AND m.valid_until > ? ORDER BY g.id",
           {computer.value, now})) {
    belongings.push_back({.group = GroupId{row.integer(0)},
                          .platform_id = row.text(1),
                          .name = row.text(2),
                          .description = row.text(3),
                          .smart = row.flag(4),
                          .since = row.time(5),
                          .valid_until = row.time(6)});
  }
  return belongings;
}

std::vector<StoredChange> changes_of_computer(store::Transaction& tx, ComputerId computer, int limit,
                                              std::int64_t offset) {
  return changes_from(
      tx.query(std::string(kChangeColumns) + " WHERE computer_id = ? ORDER BY number DESC LIMIT ? OFFSET ?",
               {computer.value, limit, offset}));
}

std::vector<StoredChange> changes_of_group(store::Transaction& tx, GroupId group, int limit, std::int64_t offset) {
  return changes_from(tx.query(
      std::string(kChangeColumns) + " WHERE group_id = ? ORDER BY time DESC, computer_id, number DESC LIMIT ? OFFSET ?",
      {group.value, limit, offset}));
}

std::int64_t count_changes_of_computer(store::Transaction& tx, ComputerId computer) {
  return tx.query_one("SELECT COUNT(*) FROM computer_group_change WHERE computer_id = ?", {computer.value})->integer(0);
}

std::int64_t count_changes_of_group(store::Transaction& tx, GroupId group) {
  return tx.query_one("SELECT COUNT(*) FROM computer_group_change WHERE group_id = ?", {group.value})->integer(0);
}

Time standing_since(store::Transaction& tx, GroupId group, ComputerId computer) {
  if (auto member = tx.query_one("SELECT since FROM computer_group_member WHERE computer_id = ? AND group_id = ?",
                                 {computer.value, group.value})) {
    return member->time(0);
  }
  auto left = tx.query_one(
      "SELECT time FROM computer_group_change WHERE computer_id = ? AND group_id = ? ORDER BY number DESC LIMIT 1",
      {computer.value, group.value});
  return left ? left->time(0) : kEpoch;
}

void forget_computer(store::Transaction& tx, ComputerId computer, Time now, const std::string& cause) {
  tx.execute(
      "INSERT INTO computer_group_change (computer_id, number, group_id, group_name, joined, time, cause) "
      "SELECT m.computer_id, COALESCE((SELECT MAX(c.number) FROM computer_group_change c "
      "WHERE c.computer_id = m.computer_id), 0) + (SELECT COUNT(*) FROM computer_group_member e "
      "WHERE e.computer_id = m.computer_id AND e.group_id <= m.group_id), "
      "m.group_id, g.name, 0, CAST(? AS BIGINT), CAST(? AS TEXT) "
      "FROM computer_group_member m JOIN computer_group g ON g.id = m.group_id WHERE m.computer_id = ?",
      {now, cause, computer.value});
  tx.execute("DELETE FROM computer_group_member WHERE computer_id = ?", {computer.value});
  tx.execute("DELETE FROM computer_group_assignment WHERE computer_id = ?", {computer.value});
}

}  // namespace wardbridge::groups
