// Judging computers by all groups: the compiled groups, and the one function that writes membership.
//
//   GroupBook book;                                               // one per process
//   computer = load(tx, id, book.sections_needed(tx));
//   Assessment assessment = assess(tx, book, *computer, now, "inventory update");
//   set_reassess_at(tx, id, assessment.valid_until - margin);
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "management/groups/groups.h"

namespace wardbridge::groups {

// All groups, compiled, as of one revision. Thread-safe; several nodes agree because each looks at the stored revision.
class GroupBook {
 public:
  explicit GroupBook(criteria::Options options = {}) : options_(options) {}

  // The inventory sections that the groups read, as this transaction sees them.
  std::vector<inventory::Section> sections_needed(store::Transaction& tx);

  struct Edition;
  std::shared_ptr<const Edition> edition(store::Transaction& tx);

 private:
  criteria::Options options_;
  std::mutex mutex_;
  std::shared_ptr<const Edition> latest_;
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
// only differences are written. The caller holds the computer's row, so that no two assessments of it run at a time.
// `cause` is for people: `inventory update`, `time passed`, `group edited`.
Assessment assess(store::Transaction& tx, GroupBook& book, const inventory::Computer& computer, Time now,
                  const std::string& cause);

// Why a computer is or isn't in a group.
struct Explanation {
  std::string group_name;
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

}  // namespace wardbridge::groups
