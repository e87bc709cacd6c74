#include "management/groups/group_book.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "management/groups/computer_facts.h"
#include "management/groups/fleet.h"
#include "management/groups/rows.h"

namespace wardbridge::groups {

using criteria::Membership;

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
    entry.timed = entry.program && entry.program->depends_on_time();
    for (const criteria::Criterion& criterion : group.criteria) {
      if (!entry.program || !names_group(criterion)) continue;
      auto at = place_named(criterion.value);
      // INVARIANT: law 2. "Not a member" of a group that can't be judged is not known either, so nobody is in this one.
      if (at && entries_[*at].usable()) {
        entry.references.emplace_back(criterion.value, *at);
        entry.timed |= entries_[*at].timed;
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
        facts_(
            computer, [this](std::string_view group) { return member_of(group); }, edition.time_zone.get()) {
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

}  // namespace

GroupBook::GroupBook(criteria::Options options) : options_(options), fleet_(std::make_unique<Fleet>()) {}
GroupBook::~GroupBook() = default;

std::set<GroupId> static_groups_of(store::Transaction& tx, const Edition& edition, ComputerId computer) {
  return edition.has_static_groups ? assigned_groups(tx, computer) : std::set<GroupId>();
}

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
  edition->attributes = list_attributes(tx);
  edition->entries = Binder(std::move(assigned_only), list(tx), vocabulary_with(edition->attributes), options_).bind();
  edition->sections = sections_of(edition->entries);
  edition->time_zone = options_.time_zone;
  std::lock_guard lock(mutex_);
  latest_ = edition;
  return latest_;
}

std::vector<Section> GroupBook::sections_needed(store::Transaction& tx) { return edition(tx)->sections; }

namespace {

Explanation explain_entry(store::Transaction& tx, Judging& judging, const Entry& entry, ComputerId computer, Time now) {
  Explanation explanation{.group = entry.id, .group_name = entry.name, .smart = entry.smart};
  explanation.stored = standing(tx, entry.id, computer, now);
  explanation.overruled_by = judging.overruled(entry);
  if (!explanation.overruled_by.empty()) {
    explanation.because.truth = false;
    return explanation;
  }
  criteria::Judgement judgement = judging.judge(entry);
  explanation.member = judgement.truth;
  explanation.valid_until = judgement.valid_until;
  explanation.because = std::move(judgement.because);
  return explanation;
}

// The first `count` groups of those that hang on one, itself first.
Result<std::vector<Explanation>> explain_some(store::Transaction& tx, GroupBook& book, const Computer& computer,
                                              GroupId group, Time now, std::size_t count) {
  std::shared_ptr<const Edition> edition = book.edition(tx);
  auto asked = std::ranges::find(edition->entries, group, &Entry::id);
  if (asked == edition->entries.end())
    return not_found("no_group", "no group has the id " + std::to_string(group.value));
  Judging judging(*edition, computer, static_groups_of(tx, *edition, computer.id), now);
  std::vector<std::size_t> places = {static_cast<std::size_t>(asked - edition->entries.begin())};
  std::vector<Explanation> explanations;
  for (std::size_t i = 0; i < places.size() && i < count; ++i) {
    const Entry& entry = edition->entries[places[i]];
    explanations.push_back(explain_entry(tx, judging, entry, computer.id, now));
    for (const auto& [name, place] : entry.references) {
      if (std::ranges::find(places, place) == places.end()) places.push_back(place);
    }
  }
  return explanations;
}

}  // namespace

Result<Explanation> explain(store::Transaction& tx, GroupBook& book, const Computer& computer, GroupId group,
                            Time now) {
  return TRY(explain_some(tx, book, computer, group, now, 1)).front();
}

Result<std::vector<Explanation>> explain_with_named(store::Transaction& tx, GroupBook& book, const Computer& computer,
                                                    GroupId group, Time now) {
  return explain_some(tx, book, computer, group, now, SIZE_MAX);
}

}  // namespace wardbridge::groups
