#include "management/groups/group_book.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "management/groups/computer_facts.h"
#include "management/groups/rows.h"

namespace wardbridge::groups {

using criteria::Membership;

struct GroupBook::Edition {
  struct Entry {
    GroupId id;
    std::string name;
    std::int64_t site_id = kNoSite;
    std::optional<criteria::Program> program;  // nothing: unusable or static
    bool smart = true;                         // else the assignments tell who is a member
    // The groups that its criteria name: as spelled, and where they stand in `entries`, always before this one.
    std::vector<std::pair<std::string, std::size_t>> references;

    bool usable() const { return program.has_value() || !smart; }  // nobody is a member of one that isn't
  };
  Revision revision;
  std::vector<Entry> entries;
  std::vector<inventory::Section> sections;
  bool has_static_groups = false;
};

namespace {

using Edition = GroupBook::Edition;
using Entry = GroupBook::Edition::Entry;
using inventory::Computer;
using inventory::Section;

// Puts the groups in an order in which each stands after those that it names.
class Binder {
 public:
  // `static_entries` name no other group, so they come first.
  Binder(std::vector<Entry> static_entries, std::vector<SmartComputerGroup> groups,
         const criteria::Vocabulary& vocabulary, criteria::Options options)
      : groups_(std::move(groups)),
        vocabulary_(vocabulary),
        options_(options),
        entries_(std::move(static_entries)),
        static_count_(entries_.size()) {}

  std::vector<Entry> bind() {
    for (const SmartComputerGroup& group : groups_) place(group);
    return std::move(entries_);
  }

 private:
  // Where the group stands; nothing while it is still being placed, which only a cycle can bring about.
  std::optional<std::size_t> place(const SmartComputerGroup& group) {
    if (auto found = placed_.find(group.id); found != placed_.end()) return found->second;
    if (!started_.insert(group.id).second) return std::nullopt;
    Entry entry{.id = group.id, .name = group.name, .site_id = group.site_id, .program = {}, .references = {}};
    auto program = criteria::compile(group.criteria, vocabulary_, options_);
    if (program.ok()) entry.program = *std::move(program);
    for (const criteria::Criterion& criterion : group.criteria) {
      if (!entry.program || !names_group(criterion)) continue;
      auto at = place_named(criterion.value);
      // INVARIANT: law 2. "Not a member" of a group that can't be judged is not known either, so nobody is in this one.
      if (at && entries_[*at].usable()) {
        entry.references.emplace_back(criterion.value, *at);
      } else {
        entry.program.reset();
      }
    }
    entries_.push_back(std::move(entry));
    return placed_[group.id] = entries_.size() - 1;
  }

  std::optional<std::size_t> place_named(const std::string& name) {
    for (std::size_t i = 0; i < static_count_; ++i) {
      if (text::equal_ignoring_case(entries_[i].name, name)) return i;
    }
    auto found = std::find_if(groups_.begin(), groups_.end(),
                              [&](const auto& group) { return text::equal_ignoring_case(group.name, name); });
    return found == groups_.end() ? std::nullopt : place(*found);
  }

  std::vector<SmartComputerGroup> groups_;
  const criteria::Vocabulary& vocabulary_;
  criteria::Options options_;
  std::vector<Entry> entries_;
  std::size_t static_count_;
  std::map<GroupId, std::size_t> placed_;
  std::set<GroupId> started_;
};

std::vector<Section> sections_of(const std::vector<Entry>& entries) {
  std::set<Section> sections;
  for (const Entry& entry : entries) {
    if (entry.site_id != kNoSite) sections.insert(Section::general);
    if (!entry.program) continue;
    for (criteria::FactId fact : entry.program->facts()) {
      if (auto section = section_of(fact)) sections.insert(*section);
    }
  }
  return {sections.begin(), sections.end()};
}

std::vector<Entry> static_entries(store::Transaction& tx) {
  std::vector<Entry> entries;
  for (const ComputerGroup& group : list_all(tx)) {
    if (group.smart) continue;
    entries.push_back({.id = group.id, .name = group.name, .site_id = group.site_id, .smart = false});
  }
  return entries;
}

// Judges one computer by the groups of an edition, in their order.
class Judging {
 public:
  // `assigned` are the computer's static groups.
  Judging(const Edition& edition, const Computer& computer, std::set<GroupId> assigned, Time now)
      : edition_(edition),
        assigned_(std::move(assigned)),
        computer_(computer),
        now_(now),
        site_(site_of(computer)),
        facts_(computer, [this](std::string_view group) { return member_of(group); }) {
    results_.reserve(edition.entries.size());
    for (const Entry& entry : edition.entries) {
      current_ = &entry;
      Membership result;
      if (overruled(entry).empty()) {
        result.member = !entry.smart || criteria::matches(*entry.program, facts_, now_, &result.valid_until);
      }
      results_.push_back(result);
    }
  }

  const std::vector<Membership>& results() const { return results_; }

  // Why the criteria of a group are not asked; empty: they are.
  std::string_view overruled(const Entry& entry) const {
    if (!computer_.managed) return "unmanaged";  // INVARIANT: law 4
    if (entry.site_id != kNoSite && entry.site_id != site_) return "other_site";
    if (!entry.smart) return assigned_.contains(entry.id) ? "" : "not_assigned";
    if (!entry.program) return "unusable";
    return {};
  }

  criteria::Judgement judge(const Entry& entry) {
    if (!entry.smart) return {.truth = true, .because = {}};
    current_ = &entry;
    return criteria::judge(*entry.program, facts_, now_);
  }

 private:
  Membership member_of(std::string_view spelled) const {
    for (const auto& [name, at] : current_->references) {
      if (text::equal_ignoring_case(name, spelled)) return results_[at];
    }
    CHECK(false, "a criterion names a group that its program was not bound to");
    return {};
  }

  const Edition& edition_;
  std::set<GroupId> assigned_;
  const Computer& computer_;
  Time now_;
  std::int64_t site_;
  const Entry* current_ = nullptr;
  ComputerFacts facts_;
  std::vector<Membership> results_;
};

std::set<GroupId> static_groups_of(store::Transaction& tx, const Edition& edition, ComputerId computer) {
  return edition.has_static_groups ? assigned_groups(tx, computer) : std::set<GroupId>();
}

std::int64_t next_change_number(store::Transaction& tx, ComputerId computer) {
  return tx
      .query_one("SELECT COALESCE(MAX(number), 0) + 1 FROM computer_group_change WHERE computer_id = ?",
                 {computer.value})
      ->integer(0);
}

void write_membership(store::Transaction& tx, ComputerId computer, const Entry& entry, Membership result, Time now) {
  if (result.member) {
    tx.execute("INSERT INTO computer_group_member (computer_id, group_id, since, valid_until) VALUES (?, ?, ?, ?)",
               {computer.value, entry.id.value, now, result.valid_until});
  } else {
    tx.execute("DELETE FROM computer_group_member WHERE computer_id = ? AND group_id = ?",
               {computer.value, entry.id.value});
  }
}

}  // namespace

std::shared_ptr<const Edition> GroupBook::edition(store::Transaction& tx) {
  Revision revision = stored_revision(tx);
  {
    std::lock_guard lock(mutex_);
    if (latest_ != nullptr && latest_->revision == revision) return latest_;
  }
  // Compiled outside of the lock: two threads may do it twice, none waits for the store while holding it.
  auto edition = std::make_shared<Edition>();
  edition->revision = std::move(revision);
  auto assigned_only = static_entries(tx);
  edition->has_static_groups = !assigned_only.empty();
  edition->entries = Binder(std::move(assigned_only), list(tx), vocabulary_with(list_attributes(tx)), options_).bind();
  edition->sections = sections_of(edition->entries);
  std::lock_guard lock(mutex_);
  latest_ = edition;
  return latest_;
}

std::vector<Section> GroupBook::sections_needed(store::Transaction& tx) { return edition(tx)->sections; }

Assessment assess(store::Transaction& tx, GroupBook& book, const Computer& computer, Time now,
                  const std::string& cause) {
  std::shared_ptr<const Edition> edition = book.edition(tx);
  Judging judging(*edition, computer, static_groups_of(tx, *edition, computer.id), now);
  std::map<GroupId, Time> stored;
  for (const store::Row& row :
       tx.query("SELECT group_id, valid_until FROM computer_group_member WHERE computer_id = ?", {computer.id.value})) {
    stored[GroupId{row.integer(0)}] = row.time(1);
  }

  Assessment assessment;
  for (std::size_t i = 0; i < edition->entries.size(); ++i) {
    const Entry& entry = edition->entries[i];
    Membership result = judging.results()[i];
    assessment.valid_until = std::min(assessment.valid_until, result.valid_until);
    auto before = stored.find(entry.id);
    if (result.member != (before != stored.end())) {
      write_membership(tx, computer.id, entry, result, now);
      assessment.changes.push_back({entry.id, entry.name, result.member});
    } else if (result.member && before->second != result.valid_until) {
      tx.execute("UPDATE computer_group_member SET valid_until = ? WHERE computer_id = ? AND group_id = ?",
                 {result.valid_until, computer.id.value, entry.id.value});
    }
  }
  if (assessment.changes.empty()) return assessment;
  std::int64_t number = next_change_number(tx, computer.id);
  for (const MembershipChange& change : assessment.changes) {
    tx.execute(
        "INSERT INTO computer_group_change (computer_id, number, group_id, group_name, joined, time, cause) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        {computer.id.value, number++, change.group.value, change.group_name, change.joined, now, cause});
  }
  return assessment;
}

Result<Explanation> explain(store::Transaction& tx, GroupBook& book, const Computer& computer, GroupId group,
                            Time now) {
  std::shared_ptr<const Edition> edition = book.edition(tx);
  const auto& entries = edition->entries;
  auto entry = std::find_if(entries.begin(), entries.end(), [&](const Entry& one) { return one.id == group; });
  if (entry == entries.end()) return not_found("no_group", "no group has the id " + std::to_string(group.value));
  Judging judging(*edition, computer, static_groups_of(tx, *edition, computer.id), now);
  Explanation explanation;
  explanation.group_name = entry->name;
  explanation.stored = standing(tx, group, computer.id, now);
  explanation.overruled_by = judging.overruled(*entry);
  if (!explanation.overruled_by.empty()) {
    explanation.because.truth = false;
    return explanation;
  }
  criteria::Judgement judgement = judging.judge(*entry);
  explanation.member = judgement.truth;
  explanation.valid_until = judgement.valid_until;
  explanation.because = std::move(judgement.because);
  return explanation;
}

}  // namespace wardbridge::groups
