#include "management/groups/regroup.h"

#include <algorithm>

#include "management/groups/fleet.h"

namespace wardbridge::groups {

bool learn_some(store::Transaction& tx, GroupBook& book, Time now, int limit) {
  auto edition = book.edition(tx);
  auto after = book.fleet().to_learn_after(edition);
  if (!after) return false;
  static const std::vector<inventory::Section> sections = sections_of_facts();
  auto page = inventory::page_after(tx, *after, limit, sections);
  if (page.empty()) {
    book.fleet().learned_through(*after, true);
    return false;
  }
  struct Memberships {
    std::vector<GroupId> groups;
    Time until = kNever;
  };
  std::map<ComputerId, Memberships> memberships;
  tx.for_each(
      "SELECT computer_id, group_id, valid_until FROM computer_group_member WHERE computer_id > ? AND computer_id <= ?",
      std::vector<store::Value>{after->value, page.back().id.value}, [&](const store::Row& row) {
        Memberships& mine = memberships[ComputerId{row.integer(0)}];
        mine.groups.push_back(GroupId{row.integer(1)});
        mine.until = std::min(mine.until, row.time(2));
        return true;
      });
  for (const inventory::Computer& computer : page) {
    const Memberships& mine = memberships[computer.id];
    book.fleet().learn(edition, computer, mine.groups, mine.until, now);
  }
  book.fleet().learned_through(page.back().id, false);
  return true;
}

std::optional<Regrouping> next_regrouping(store::Transaction& tx, GroupBook& book, Time now, std::size_t limit) {
  std::map<GroupId, std::int64_t> edits;
  for (const store::Row& row : tx.query("SELECT group_id, edit FROM computer_group_regroup")) {
    edits[GroupId{row.integer(0)}] = row.integer(1);
  }
  if (edits.empty()) return std::nullopt;
  auto edition = book.edition(tx);
  if (book.fleet().to_learn_after(edition)) return std::nullopt;
  for (const auto& entry : edition->entries) {
    auto edit = edits.find(entry.id);
    if (edit == edits.end()) continue;
    return Regrouping{entry.id, edit->second, book.fleet().misplaced(edition, entry.id, now, limit)};
  }
  return std::nullopt;
}

void finish_regrouping(store::Transaction& tx, const Regrouping& regrouping) {
  tx.execute("DELETE FROM computer_group_regroup WHERE group_id = ? AND edit = ?",
             {regrouping.group.value, regrouping.edit});
}

void follow_program(store::Transaction& tx) {
  // Raised when the same criteria and inventory give another membership than before.
  constexpr std::string_view kReading = "1";
  lock_edits(tx);
  if (tx.query_one("SELECT judged_by FROM computer_group_revision WHERE id = 1")->text(0) == kReading) return;
  request_regrouping_of_all(tx);
  tx.execute("UPDATE computer_group_revision SET judged_by = ? WHERE id = 1", {kReading});
}

bool is_regrouping(store::Transaction& tx, GroupId group) {
  return tx.query_one("SELECT edit FROM computer_group_regroup WHERE group_id = ?", {group.value}).has_value();
}

}  // namespace wardbridge::groups
