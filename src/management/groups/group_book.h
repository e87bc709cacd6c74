// Judging computers by all groups: the compiled groups, and the one function that writes membership.
//
//   GroupBook book;                                               // one per process
//   auto assessment = assess_change(tx, book, computer, {revision_before, changed}, now, "inventory update");
//   if (!assessment) assessment = assess(tx, book, *load(tx, id, sections_of_facts()), now, "inventory update");
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "management/groups/groups.h"

namespace wardbridge::groups {

class Fleet;

// All groups, compiled, as of one revision. Thread-safe; several nodes agree because each looks at the stored revision.
class GroupBook {
 public:
  explicit GroupBook(criteria::Options options = {});
  ~GroupBook();

  const criteria::Options& options() const { return options_; }

  // The inventory sections that the groups read, as this transaction sees them.
  std::vector<inventory::Section> sections_needed(store::Transaction& tx);

  struct Edition;
  std::shared_ptr<const Edition> edition(store::Transaction& tx);

  // The fleet in memory, which makes assessments cheap and fleet-wide questions possible.
  Fleet& fleet() { return *fleet_; }
  const Fleet& fleet() const { return *fleet_; }

 private:
  criteria::Options options_;
  std::mutex mutex_;
  std::shared_ptr<const Edition> latest_;
  std::unique_ptr<Fleet> fleet_;
};

struct MembershipChange {
  GroupId group;
  std::string group_name;
  bool joined = false;
  bool operator==(const MembershipChange&) const = default;
};

struct Assessment {
  std::vector<MembershipChange> changes;
  Time valid_until = kNever;  // until when all of it holds, the groups it is not in too
};

// Judges one computer by every group, nested groups first, and brings stored membership and its history up to date;
// only differences are written. The computer holds all of sections_of_facts(), is as this transaction has stored it,
// and its row is held, so that no two assessments of it run at a time. The caller stores `assessments` one higher.
// `cause` is for people: `inventory update`, `time passed`, `group edited`.
//
// A membership that rests on time has its end stored. It is pushed out when half of its time is over rather than at
// every check-in, so what is stored may end earlier than it must, and never later (law 3).
Assessment assess(store::Transaction& tx, GroupBook& book, const inventory::Computer& computer, Time now,
                  const std::string& cause);

struct Change {
  std::int64_t revision_before = 0;
  std::span<const inventory::Section> changed = {};
  std::span<const GroupId> groups = {};  // to be looked at whatever changed
};
// The same at the cost of what changed: looks only at the groups that it concerns. The computer holds at least the
// changed sections. Nothing, and nothing written, when that can't be told; then assess() can.
std::optional<Assessment> assess_change(store::Transaction& tx, GroupBook& book, const inventory::Computer& computer,
                                        const Change& change, Time now, const std::string& cause);

// The same as count_all_members(tx, now), counted in memory where the fleet is known there. Only for a node that is
// alone: what others have just changed is not known.
std::map<GroupId, std::int64_t> count_all_members(store::Transaction& tx, const GroupBook& book, Time now);

// The inventory sections that any criterion reads.
std::vector<inventory::Section> sections_of_facts();

// Why a computer is or isn't in a group.
struct Explanation {
  GroupId group;
  std::string group_name;
  bool smart = true;
  Standing stored = Standing::not_member;  // what counts
  // What an assessment at `now` would say, with its reasons.
  bool member = false;
  Time valid_until = kNever;
  // Why no criterion was asked: `unmanaged`, `other_site`, `unusable` (the group no longer compiles), `not_assigned` (a
  // static group). Empty: they were, or a static group has the computer.
  std::string overruled_by;
  criteria::Because because;
};
// Needs the computer with sections_needed(). `not_found`/`no_group`.
Result<Explanation> explain(store::Transaction& tx, GroupBook& book, const inventory::Computer& computer, GroupId group,
                            Time now);
// The same, followed by those of all groups that its criteria name, directly or by way of others, each once. A
// criterion that names a group spells the name as one of these.
Result<std::vector<Explanation>> explain_with_named(store::Transaction& tx, GroupBook& book,
                                                    const inventory::Computer& computer, GroupId group, Time now);

}  // namespace wardbridge::groups
