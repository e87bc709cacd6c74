// The fleet in memory, by column: what the groups read of every computer, and who is in which group. Derived from the
// store and rebuilt from it at any time, so losing it costs time and nothing else.
//
// It knows a computer as of one revision and one assessment. Whoever judges a computer first says which those are by
// the row that it holds; where they differ (another node was faster, a transaction of the same batch), the fleet says
// that it doesn't know the computer, and the store is read instead. What was judged is kept only after it is committed.
//
//   if (auto proposal = fleet.judge_change(edition, computer, revision_before, changed, now)) ...
//   else proposal = fleet.judge_whole(edition, whole_computer, assigned, now);
//   tx.after_commit([=] { fleet.keep(computer, proposal); });
//
// Thread-safe. Long looks over all computers let check-ins through after every chunk of rows.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <unordered_map>
#include <vector>

#include "management/groups/costs.h"
#include "management/groups/edition.h"
#include "management/groups/fact_reader.h"

namespace wardbridge::groups {

// Half-way to the earliest end, memberships are looked at again while there is time to push them out.
inline Time half_way(Time now, Time until) { return until == kNever ? kNever : now + (until - now) / 2; }

class Fleet {
 public:
  using Edition = GroupBook::Edition;

  Fleet();
  ~Fleet();

  struct Outcome {
    std::size_t entry = 0;  // of the edition
    criteria::Membership result;
    bool before = false;  // of a change only: was a member
  };
  // What a look at one computer found out.
  struct Proposal {
    std::vector<Outcome> outcomes;  // of the groups that were looked at, by entry
    Time next_flip = kNever;        // the first moment at which time alone may change what any group reads
    // The earliest end of a stored membership, and when it is time to look at all of them again so that they are pushed
    // out before they end. Filled in by whoever stores them.
    Time stored_until = kNever;
    Time look_whole_at = kNever;
    // For keep().
    std::vector<std::pair<GroupId, bool>> moves;  // of a change: joined or left
    std::uint64_t layout = 0;
    bool whole = false;
    std::vector<criteria::FactChange> changes;
    std::int64_t site = kNoSite;
    Time judged_at = kEpoch;
  };

  // Judges the groups that a change may concern. `computer` holds the sections in `changed` as they are now, and is of
  // the revision that the change made. Nothing when the fleet doesn't know the computer as it was before, or when all
  // of its groups are to be looked at.
  std::optional<Proposal> judge_change(const std::shared_ptr<const Edition>& edition,
                                       const inventory::Computer& computer, const Change& change, Time now);
  // Judges every group, of a computer with the sections of sections_of_facts(). `assigned` are its static groups.
  Proposal judge_whole(const std::shared_ptr<const Edition>& edition, const inventory::Computer& computer,
                       const std::set<GroupId>& assigned, Time now);

  // After the commit. `computer` is as stored: revision and number of assessments. Older than what is known: ignored.
  // `members` are the groups it is in now; of a change the proposal says it.
  void keep(const inventory::Computer& computer, Proposal proposal, const std::vector<GroupId>& members = {});
  // Of a computer as stored, whose memberships are stored as of its last assessment.
  void learn(const std::shared_ptr<const Edition>& edition, const inventory::Computer& computer,
             const std::vector<GroupId>& members, Time stored_until, Time now);
  // Those that are known in another state, or not at all: another node changed them.
  std::vector<ComputerId> strangers(std::span<const inventory::Version> versions) const;
  void forget(ComputerId computer);
  void forget_group(GroupId group);

  // The computers whose membership of a group is not what its criteria say now, or will not be before somebody looks at
  // them anyway; at most `limit`.
  std::vector<ComputerId> misplaced(const std::shared_ptr<const Edition>& edition, GroupId group, Time now,
                                    std::size_t limit);

  // The loader's place: computers up to this id were learned; nothing when that is all of them. Starts over when the
  // columns become others.
  std::optional<ComputerId> to_learn_after(const std::shared_ptr<const Edition>& edition);
  void learned_through(ComputerId last, bool all);
  std::size_t size() const;  // computers known

  // Who would be in a group with this program, which may name groups of the edition; no program: nobody.
  struct Question {
    const criteria::Program* program = nullptr;
    std::int64_t site = kNoSite;
    GroupId instead_of;     // compares with the stored members of this group; none: with nobody
    std::size_t limit = 0;  // of the computers that are listed
  };
  struct Crowd {
    std::size_t count = 0;
    std::vector<ComputerId> first;  // by id, at most `limit`
  };
  struct Preview {
    Crowd members, joining, leaving;
  };
  // Nothing while not all computers are known.
  std::optional<Preview> preview(const std::shared_ptr<const Edition>& edition, const Question& question, Time now);

  // How many members each group has as stored. A membership that has ended since, and that nobody has looked at yet, is
  // among them: of `late` computers. Nothing while not all computers are known, or when too many are late.
  struct Counted {
    std::map<GroupId, std::int64_t> members;
    std::vector<ComputerId> late;
  };
  std::optional<Counted> count_members(Time now) const;

  // What judging cost so far; see costs.h.
  void note_flips(std::span<const MembershipChange> changes);
  Costs costs() const;

 private:
  struct State;
  class Look;
  std::unique_ptr<State> state_;
};

}  // namespace wardbridge::groups
