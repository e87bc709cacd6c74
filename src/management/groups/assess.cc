// Judging a computer, and writing what came of it: the one place that writes membership.
#include <algorithm>

#include "management/groups/fleet.h"

namespace wardbridge::groups {
namespace {

using criteria::Membership;
using inventory::Computer;
using Edition = GroupBook::Edition;

// Takes the differences as they are found, and writes the history of all of them.
class Writer {
 public:
  Writer(store::Transaction& tx, const Computer& computer, Time now, const std::string& cause)
      : tx_(tx), computer_(computer), now_(now), cause_(cause) {}

  void join(const Edition::Entry& entry, Time valid_until) {
    tx_.post("INSERT INTO computer_group_member (computer_id, group_id, since, valid_until) VALUES (?, ?, ?, ?)",
             {computer_.id.value, entry.id.value, now_, valid_until});
    changes_.push_back({entry.id, entry.name, true});
  }
  void leave(const Edition::Entry& entry) {
    tx_.post("DELETE FROM computer_group_member WHERE computer_id = ? AND group_id = ?",
             {computer_.id.value, entry.id.value});
    changes_.push_back({entry.id, entry.name, false});
  }
  void hold_until(const Edition::Entry& entry, Time valid_until) {
    tx_.post("UPDATE computer_group_member SET valid_until = ? WHERE computer_id = ? AND group_id = ?",
             {valid_until, computer_.id.value, entry.id.value});
  }
  void hold_until_at_most(const Edition::Entry& entry, Time valid_until) {
    tx_.post(
        "UPDATE computer_group_member SET valid_until = ? WHERE computer_id = ? AND group_id = ? AND valid_until > ?",
        {valid_until, computer_.id.value, entry.id.value, valid_until});
  }

  std::vector<MembershipChange> finish() {
    for (const MembershipChange& change : changes_) {
      tx_.post(
          "INSERT INTO computer_group_change (computer_id, number, group_id, group_name, joined, time, cause) "
          "SELECT CAST(? AS BIGINT), COALESCE(MAX(number), 0) + 1, CAST(? AS BIGINT), CAST(? AS TEXT), "
          "CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS TEXT) FROM computer_group_change WHERE computer_id = ?",
          {computer_.id.value, change.group.value, change.group_name, change.joined, now_, cause_, computer_.id.value});
    }
    return std::move(changes_);
  }

 private:
  store::Transaction& tx_;
  const Computer& computer_;
  Time now_;
  const std::string& cause_;
  std::vector<MembershipChange> changes_;
};

// Whether the end that is stored serves no longer: it is too late, or it comes much earlier than it must.
bool must_move(Time stored, Time fresh, Time now) { return fresh < stored || (stored - now) < (fresh - now) / 2; }

// The fleet learns of it when it is durable. The number of assessments is the one that the caller is about to store.
void keep_after_commit(store::Transaction& tx, GroupBook& book, const Computer& computer, Fleet::Proposal proposal,
                       std::vector<GroupId> members) {
  Computer stored;
  stored.id = computer.id;
  stored.managed = computer.managed;
  stored.revision = computer.revision;
  stored.assessments = computer.assessments + 1;
  // What is called after a commit must be copyable.
  auto kept = std::make_shared<Fleet::Proposal>(std::move(proposal));
  tx.after_commit([&fleet = book.fleet(), stored = std::move(stored), kept, members = std::move(members)] {
    fleet.keep(stored, std::move(*kept), members);
  });
}

void count_flips_after_commit(store::Transaction& tx, GroupBook& book, const std::vector<MembershipChange>& changes) {
  if (changes.empty()) return;
  tx.after_commit([&fleet = book.fleet(), changes] { fleet.note_flips(changes); });
}

}  // namespace

Assessment assess(store::Transaction& tx, GroupBook& book, const Computer& computer, Time now,
                  const std::string& cause) {
  std::shared_ptr<const Edition> edition = book.edition(tx);
  Fleet::Proposal proposal =
      book.fleet().judge_whole(edition, computer, static_groups_of(tx, *edition, computer.id), now);
  std::map<GroupId, Time> stored = stored_memberships(tx, computer.id);
  Writer writer(tx, computer, now, cause);
  std::vector<GroupId> members;
  for (const Fleet::Outcome& outcome : proposal.outcomes) {
    const Edition::Entry& entry = edition->entries[outcome.entry];
    auto before = stored.find(entry.id);
    if (!outcome.result.member) {
      if (before != stored.end()) writer.leave(entry);
      continue;
    }
    members.push_back(entry.id);
    Time until = outcome.result.valid_until;
    if (before == stored.end()) {
      writer.join(entry, until);
    } else if (must_move(before->second, until, now)) {
      writer.hold_until(entry, until);
    } else {
      until = before->second;
    }
    proposal.stored_until = std::min(proposal.stored_until, until);
  }
  proposal.look_whole_at = half_way(now, proposal.stored_until);
  Assessment assessment{.changes = writer.finish(), .valid_until = std::min(proposal.next_flip, proposal.stored_until)};
  count_flips_after_commit(tx, book, assessment.changes);
  keep_after_commit(tx, book, computer, std::move(proposal), std::move(members));
  return assessment;
}

std::optional<Assessment> assess_change(store::Transaction& tx, GroupBook& book, const Computer& computer,
                                        const Change& change, Time now, const std::string& cause) {
  std::shared_ptr<const Edition> edition = book.edition(tx);
  auto proposal = book.fleet().judge_change(edition, computer, change, now);
  if (!proposal) return std::nullopt;
  Writer writer(tx, computer, now, cause);
  for (const Fleet::Outcome& outcome : proposal->outcomes) {
    const Edition::Entry& entry = edition->entries[outcome.entry];
    if (!outcome.result.member) {
      if (outcome.before) writer.leave(entry);
      continue;
    }
    Time until = outcome.result.valid_until;
    if (!outcome.before) {
      writer.join(entry, until);
    } else if (until != kNever) {
      writer.hold_until_at_most(entry, until);  // that it may hold longer is found half-way
    } else {
      continue;
    }
    proposal->stored_until = std::min(proposal->stored_until, until);
    proposal->look_whole_at = std::min(proposal->look_whole_at, half_way(now, until));
  }
  Assessment assessment{.changes = writer.finish(),
                        .valid_until = std::min(proposal->next_flip, proposal->stored_until)};
  count_flips_after_commit(tx, book, assessment.changes);
  keep_after_commit(tx, book, computer, *std::move(proposal), {});
  return assessment;
}

}  // namespace wardbridge::groups
