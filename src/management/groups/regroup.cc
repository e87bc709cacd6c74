#include "management/groups/regroup.h"

#include <algorithm>

#include "management/groups/computer_facts.h"
#include "management/groups/fleet.h"

namespace wardbridge::groups {
namespace {

// What membership depends on beside criteria and inventory, in words.
std::string reading_of(const criteria::Options& options) {
  // Raised when the same criteria and inventory give another membership than before.
  constexpr const char* kProgram = "2";
  std::uint64_t table = 14695981039346656037ULL;  // FNV-1a: tells two tables of criteria apart, protects nothing
  for (unsigned char c : criteria_reference()) table = (table ^ c) * 1099511628211ULL;
  std::string precedence = options.precedence == criteria::Precedence::and_first ? "and_first" : "left_fold";
  std::string zone = options.time_zone == nullptr ? "UTC" : options.time_zone->name();
  return std::string(kProgram) + ", criteria " + std::to_string(table) + ", mixed_and_or " + precedence +
         ", time_zone " + zone;
}

}  // namespace

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

bool catch_up_some(store::Transaction& tx, GroupBook& book, Time now, int limit, ComputerId& after) {
  auto edition = book.edition(tx);
  auto versions = inventory::versions_after(tx, after, limit);
  if (versions.empty()) return false;
  after = versions.back().id;
  static const std::vector<inventory::Section> sections = sections_of_facts();
  for (ComputerId id : book.fleet().strangers(versions)) {
    auto computer = inventory::load(tx, id, sections);
    if (!computer) continue;
    std::vector<GroupId> members;
    Time until = kNever;
    for (const auto& [group, end] : stored_memberships(tx, id)) {
      members.push_back(group);
      until = std::min(until, end);
    }
    book.fleet().learn(edition, *computer, members, until, now);
  }
  return true;
}

std::optional<Regrouping> next_regrouping(store::Transaction& tx, GroupBook& book, Time now, std::size_t limit) {
  std::map<GroupId, Regrouping> wanted;
  for (const store::Row& row : tx.query("SELECT group_id, edit, looked_through FROM computer_group_regroup")) {
    GroupId group{row.integer(0)};
    wanted[group] = {.group = group, .edit = row.integer(1), .computers = {}, .looked_through = {row.integer(2)}};
  }
  if (wanted.empty()) return std::nullopt;
  auto edition = book.edition(tx);
  if (book.fleet().to_learn_after(edition)) return std::nullopt;
  for (const auto& entry : edition->entries) {
    auto found = wanted.find(entry.id);
    if (found == wanted.end()) continue;
    Regrouping work = std::move(found->second);
    work.computers = book.fleet().misplaced(edition, entry.id, now, limit);
    if (!work.computers.empty() || !entry.timed) return work;
    for (const store::Row& row :
         tx.query("SELECT computer_id FROM computer_group_member WHERE group_id = ? AND computer_id > ? "
                  "ORDER BY computer_id LIMIT ?",
                  {entry.id.value, work.looked_through.value, static_cast<std::int64_t>(limit)})) {
      work.computers.push_back({row.integer(0)});
    }
    if (!work.computers.empty()) work.looked_through = work.computers.back();
    return work;
  }
  return std::nullopt;
}

void finish_regrouping(store::Transaction& tx, const Regrouping& regrouping) {
  if (regrouping.computers.empty()) {
    tx.execute("DELETE FROM computer_group_regroup WHERE group_id = ? AND edit = ?",
               {regrouping.group.value, regrouping.edit});
  } else {
    tx.execute("UPDATE computer_group_regroup SET looked_through = ? WHERE group_id = ? AND edit = ?",
               {regrouping.looked_through.value, regrouping.group.value, regrouping.edit});
  }
}

void follow_program(store::Transaction& tx, const GroupBook& book) {
  std::string reading = reading_of(book.options());
  lock_edits(tx);
  if (tx.query_one("SELECT judged_by FROM computer_group_revision WHERE id = 1")->text(0) == reading) return;
  request_regrouping_of_all(tx);
  tx.execute("UPDATE computer_group_revision SET judged_by = ? WHERE id = 1", {reading});
}

bool is_regrouping(store::Transaction& tx, GroupId group) {
  return tx.query_one("SELECT edit FROM computer_group_regroup WHERE group_id = ?", {group.value}).has_value();
}

std::set<GroupId> all_regrouping(store::Transaction& tx) {
  std::set<GroupId> groups;
  for (const store::Row& row : tx.query("SELECT group_id FROM computer_group_regroup")) {
    groups.insert(GroupId{row.integer(0)});
  }
  return groups;
}

}  // namespace wardbridge::groups
