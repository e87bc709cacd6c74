#include "management/groups/fleet.h"

#include <algorithm>

#include "base/text.h"
#include "criteria/network.h"

namespace wardbridge::groups {
namespace {

using criteria::FactChange;
using criteria::kChunkRows;
using criteria::Membership;
using criteria::Network;
using criteria::Row;
using inventory::Computer;
using inventory::Section;
using Words = Network::Words;

constexpr std::size_t kChunkWords = kChunkRows / 64;

// One bit a row, in chunks that appear when first needed.
class Members {
 public:
  bool test(Row row) const {
    const Words* words = chunk(row / kChunkRows);
    return words != nullptr && ((*words)[row % kChunkRows / 64] >> (row % 64) & 1) != 0;
  }
  void set(Row row, bool member) {
    std::size_t at = row / kChunkRows;
    if (at >= chunks_.size()) {
      if (!member) return;
      chunks_.resize(at + 1);
    }
    if (chunks_[at].empty()) chunks_[at].assign(kChunkWords, 0);
    std::uint64_t& word = chunks_[at][row % kChunkRows / 64];
    std::uint64_t bit = std::uint64_t{1} << (row % 64);
    word = member ? word | bit : word & ~bit;
  }
  const Words* chunk(std::size_t at) const {
    return at < chunks_.size() && !chunks_[at].empty() ? &chunks_[at] : nullptr;
  }

 private:
  std::vector<Words> chunks_;
};

// What is known of a computer beside its facts.
struct Mac {
  ComputerId id;  // none: the row is free
  std::int64_t revision = 0;
  std::int64_t assessments = 0;
  std::int64_t site = kNoSite;
  bool managed = false;
  Time judged_at = kEpoch;
  Time stored_until = kNever;
  Time look_whole_at = kNever;
  Time look_again = kNever;  // somebody will have looked by then, whatever happens
};

const Words& no_rows() {
  static const Words none(kChunkWords, 0);
  return none;
}

// Two editions whose criteria read the same columns.
std::string layout_of(const std::vector<ExtensionAttribute>& attributes) {
  std::string layout;
  for (const ExtensionAttribute& attribute : attributes) {
    layout += std::to_string(attribute.id.value) + ":" + std::to_string(static_cast<int>(attribute.data_type)) + ":" +
              attribute.name + ";";
  }
  return layout;
}

}  // namespace

struct Fleet::State {
  // Makes table and network those of the edition. Another set of attributes means other columns, so everything is read
  // anew; the loader notices that it is no longer complete.
  void bind(const std::shared_ptr<const Edition>& wanted) {
    if (edition == wanted) return;
    std::string wanted_layout = layout_of(wanted->attributes);
    if (!reader || wanted_layout != layout) {
      network.reset();
      reader = std::make_unique<FactReader>(definitions_with(wanted->attributes), wanted->time_zone);
      layout = std::move(wanted_layout);
      ++layout_number;
      rows.clear();
      macs.clear();
      lowest_ids.clear();
      free_rows.clear();
      members.clear();
      managed = {};
      complete = false;
      learned_through = {};
    }
    std::vector<Network::Listed> programs;
    for (const Edition::Entry& entry : wanted->entries) {
      Network::Listed& listed = programs.emplace_back(Network::Listed{.program = entry.program});
      for (const auto& [name, at] : entry.references)
        listed.references.emplace_back(name, static_cast<std::uint32_t>(at));
    }
    network = std::make_unique<Network>(reader->table(), std::move(programs));
    edition = wanted;
  }

  const Mac* known(ComputerId id) const {
    auto found = rows.find(id);
    return found == rows.end() ? nullptr : &macs[found->second];
  }

  Row row_for(ComputerId id) {
    auto [at, is_new] = rows.try_emplace(id, 0);
    if (is_new) {
      if (free_rows.empty()) {
        at->second = static_cast<Row>(macs.size());
        macs.emplace_back();
      } else {
        at->second = free_rows.back();
        free_rows.pop_back();
      }
      macs[at->second] = {.id = id};
      std::size_t chunk = at->second / kChunkRows;
      if (chunk >= lowest_ids.size()) lowest_ids.resize(chunk + 1, id);
      lowest_ids[chunk] = std::min(lowest_ids[chunk], id);
    }
    return at->second;
  }

  // The rows of a chunk that groups of this site may have as members.
  Words possible_rows(std::size_t chunk, std::int64_t site) const {
    const Words* words = managed.chunk(chunk);
    if (words == nullptr) return no_rows();
    Words possible = *words;
    if (site == kNoSite) return possible;
    std::size_t end = std::min(macs.size(), (chunk + 1) * kChunkRows);
    for (std::size_t row = chunk * kChunkRows; row < end; ++row) {
      if (macs[row].site != site) possible[row % kChunkRows / 64] &= ~(std::uint64_t{1} << (row % 64));
    }
    return possible;
  }

  const Words& stored_members(GroupId group, std::size_t chunk) const {
    auto found = members.find(group);
    const Words* words = found == members.end() ? nullptr : found->second.chunk(chunk);
    return words != nullptr ? *words : no_rows();
  }

  mutable std::mutex mutex;
  std::shared_ptr<const Edition> edition;
  std::unique_ptr<FactReader> reader;
  std::unique_ptr<Network> network;
  std::string layout;
  std::uint64_t layout_number = 0;
  std::unordered_map<ComputerId, Row> rows;
  std::vector<Mac> macs;               // by row
  std::vector<ComputerId> lowest_ids;  // by chunk: no id in it is lower
  std::vector<Row> free_rows;
  std::unordered_map<GroupId, Members> members;  // as stored
  Members managed;
  bool complete = false;
  ComputerId learned_through;
  Costs costs;
};

Fleet::Fleet() : state_(std::make_unique<State>()) {}
Fleet::~Fleet() = default;

std::optional<Fleet::Proposal> Fleet::judge_change(const std::shared_ptr<const Edition>& edition,
                                                   const Computer& computer, const Change& change, Time now) {
  std::lock_guard lock(state_->mutex);
  State& state = *state_;
  state.bind(edition);
  const Mac* mac = state.known(computer.id);
  if (mac == nullptr || mac->revision != change.revision_before || mac->assessments != computer.assessments)
    return std::nullopt;
  if (mac->managed != computer.managed || now >= mac->look_whole_at || now < mac->judged_at) return std::nullopt;
  std::int64_t site = mac->site;
  if (std::ranges::find(change.changed, Section::general) != change.changed.end() && site_of(computer) != site)
    return std::nullopt;

  Proposal proposal{.stored_until = mac->stored_until,
                    .look_whole_at = mac->look_whole_at,
                    .layout = state.layout_number,
                    .site = site,
                    .judged_at = now};
  auto row = static_cast<Row>(mac - state.macs.data());
  proposal.changes = state.reader->read(computer, change.changed);
  std::erase_if(proposal.changes, [&](const FactChange& fact) { return state.reader->table().holds(row, fact); });

  Network::Affected affected = state.network->affected(row, proposal.changes, mac->judged_at, now);
  proposal.next_flip = affected.next_flip;
  const auto& entries = edition->entries;
  auto was_member = [&](std::uint32_t program) {
    auto found = state.members.find(entries[program].id);
    return found != state.members.end() && found->second.test(row);
  };
  criteria::Pass pass(*state.network, {state.reader->table(), row, proposal.changes}, now,
                      [&](std::uint32_t program) -> std::optional<Membership> {
                        const Edition::Entry& entry = entries[program];
                        if (!computer.managed) return Membership{};  // INVARIANT: law 4
                        if (entry.site_id != kNoSite && entry.site_id != site) return Membership{};
                        if (!entry.smart) return Membership{was_member(program)};
                        return std::nullopt;
                      });
  std::set<std::uint32_t> waiting(affected.programs.begin(), affected.programs.end());
  for (GroupId group : change.groups) {
    auto entry = std::ranges::find(entries, group, &Edition::Entry::id);
    if (entry != entries.end()) waiting.insert(static_cast<std::uint32_t>(entry - entries.begin()));
  }
  bool timed = state.costs.begin_look(now);
  while (!waiting.empty()) {
    std::uint32_t program = waiting.extract(waiting.begin()).value();
    Membership result =
        state.costs.time(entries[program].id, timed && entries[program].smart, [&] { return pass.judge(program); });
    // What names this group rests on when it ends, too; whoever rests on nothing timed is done when nothing changed.
    if (result.member != was_member(program) || result.valid_until != kNever) {
      const auto& dependants = state.network->dependants(program);
      waiting.insert(dependants.begin(), dependants.end());
    }
  }
  // Groups that others named were judged on the way; what is stored of them must not fall behind.
  std::vector<std::uint32_t> judged = pass.judged();
  std::ranges::sort(judged);
  for (std::uint32_t program : judged) {
    if (entries[program].smart) state.costs.count(entries[program].id);
    Outcome outcome{program, pass.result(program), was_member(program)};
    if (outcome.result.member != outcome.before)
      proposal.moves.emplace_back(entries[program].id, outcome.result.member);
    proposal.outcomes.push_back(outcome);
  }
  return proposal;
}

Fleet::Proposal Fleet::judge_whole(const std::shared_ptr<const Edition>& edition, const Computer& computer,
                                   const std::set<GroupId>& assigned, Time now) {
  std::lock_guard lock(state_->mutex);
  State& state = *state_;
  state.bind(edition);
  Proposal proposal{.layout = state.layout_number, .whole = true, .site = site_of(computer), .judged_at = now};
  static const std::vector<Section> sections = sections_of_facts();
  proposal.changes = state.reader->read(computer, sections);
  // Every column is among the changes, so what the table holds in this row does not matter.
  criteria::Pass pass(*state.network, {state.reader->table(), 0, proposal.changes}, now,
                      [&](std::uint32_t program) -> std::optional<Membership> {
                        const Edition::Entry& entry = edition->entries[program];
                        if (!computer.managed) return Membership{};  // INVARIANT: law 4
                        if (entry.site_id != kNoSite && entry.site_id != proposal.site) return Membership{};
                        if (!entry.smart) return Membership{assigned.contains(entry.id)};
                        return std::nullopt;
                      });
  const auto& entries = edition->entries;
  bool timed = state.costs.begin_look(now);
  if (!timed) pass.judge_all();
  for (std::uint32_t program = 0; timed && program < entries.size(); ++program) {
    state.costs.time(entries[program].id, entries[program].smart, [&] { return pass.judge(program); });
  }
  proposal.next_flip = pass.next_flip();
  for (std::uint32_t program = 0; program < entries.size(); ++program) {
    if (entries[program].smart) state.costs.count(entries[program].id);
    proposal.outcomes.push_back({program, pass.result(program)});
  }
  return proposal;
}

void Fleet::keep(const Computer& computer, Proposal proposal, const std::vector<GroupId>& members) {
  std::lock_guard lock(state_->mutex);
  State& state = *state_;
  if (proposal.layout != state.layout_number) return;
  const Mac* known = state.known(computer.id);
  if (known != nullptr) {
    bool older = known->assessments > computer.assessments || known->revision > computer.revision;
    bool same = known->assessments == computer.assessments && known->revision == computer.revision;
    if (older || same) return;
  }
  // A change is one to what was known; without that, the next look must be whole.
  if (known == nullptr && !proposal.whole) return;
  if (known != nullptr && !proposal.whole && known->assessments + 1 != computer.assessments) return;
  Row row = state.row_for(computer.id);
  for (FactChange& change : proposal.changes) state.reader->table().put(row, std::move(change));
  state.macs[row] = {.id = computer.id,
                     .revision = computer.revision,
                     .assessments = computer.assessments,
                     .site = proposal.site,
                     .managed = computer.managed,
                     .judged_at = proposal.judged_at,
                     .stored_until = proposal.stored_until,
                     .look_whole_at = proposal.look_whole_at,
                     .look_again = std::min(proposal.next_flip, proposal.stored_until)};
  state.managed.set(row, computer.managed);
  if (proposal.whole) {
    for (auto& [group, bits] : state.members) bits.set(row, false);
    for (GroupId group : members) state.members[group].set(row, true);
    return;
  }
  // The edition may be another by now; group ids stay.
  for (const auto& [group, member] : proposal.moves) state.members[group].set(row, member);
}

void Fleet::learn(const std::shared_ptr<const Edition>& edition, const Computer& computer,
                  const std::vector<GroupId>& members, Time stored_until, Time now) {
  Proposal proposal{.stored_until = stored_until, .whole = true, .site = site_of(computer), .judged_at = now};
  {
    std::lock_guard lock(state_->mutex);
    state_->bind(edition);
    proposal.layout = state_->layout_number;
    static const std::vector<Section> sections = sections_of_facts();
    proposal.changes = state_->reader->read(computer, sections);
  }
  // Until the moment at which it must be looked at again, what was found at its last assessment holds; from then on,
  // what time has changed since is not known here.
  proposal.next_flip = computer.reassess_at;
  proposal.look_whole_at = std::min(computer.reassess_at, half_way(now, stored_until));
  keep(computer, std::move(proposal), members);
}

std::vector<ComputerId> Fleet::strangers(std::span<const inventory::Version> versions) const {
  std::lock_guard lock(state_->mutex);
  std::vector<ComputerId> strangers;
  for (const inventory::Version& version : versions) {
    const Mac* mac = state_->known(version.id);
    if (mac == nullptr || mac->revision != version.revision || mac->assessments != version.assessments) {
      strangers.push_back(version.id);
    }
  }
  return strangers;
}

std::optional<ComputerId> Fleet::to_learn_after(const std::shared_ptr<const Edition>& edition) {
  std::lock_guard lock(state_->mutex);
  state_->bind(edition);
  return state_->complete ? std::nullopt : std::optional(state_->learned_through);
}

void Fleet::learned_through(ComputerId last, bool all) {
  std::lock_guard lock(state_->mutex);
  state_->learned_through = last;
  state_->complete = all;
}

void Fleet::forget(ComputerId computer) {
  std::lock_guard lock(state_->mutex);
  auto found = state_->rows.find(computer);
  if (found == state_->rows.end()) return;
  Row row = found->second;
  state_->rows.erase(found);
  state_->macs[row] = {};
  state_->reader->table().clear(row);
  state_->managed.set(row, false);
  for (auto& [group, bits] : state_->members) bits.set(row, false);
  state_->free_rows.push_back(row);
}

void Fleet::forget_group(GroupId group) {
  std::lock_guard lock(state_->mutex);
  state_->members.erase(group);
  state_->costs.forget(group);
}

void Fleet::note_flips(std::span<const MembershipChange> changes) {
  std::lock_guard lock(state_->mutex);
  state_->costs.count_flips(changes);
}

Costs Fleet::costs() const {
  std::lock_guard lock(state_->mutex);
  return state_->costs;
}

// One program over all rows, chunk by chunk. What it names is taken as stored.
class Fleet::Look {
 public:
  // With the lock held.
  Look(State& state, const Edition& edition, const criteria::Program& program, std::int64_t site)
      : state_(state), layout_(state.layout_number), site_(site) {
    std::vector<Network::Listed> listed;
    Network::Listed asked{.program = program};
    for (const std::string& name : program.groups()) {
      auto entry = std::ranges::find_if(
          edition.entries, [&](const Edition::Entry& one) { return text::equal_ignoring_case(one.name, name); });
      named_.push_back(entry == edition.entries.end() ? GroupId{} : entry->id);
      asked.references.emplace_back(name, static_cast<std::uint32_t>(listed.size()));
      listed.emplace_back();
    }
    listed.push_back(std::move(asked));
    network_ = std::make_unique<Network>(state.reader->table(), std::move(listed));
  }

  // With the lock held; nothing after the last chunk, or when the columns became others.
  std::optional<Words> members_of_chunk(std::size_t chunk, Time now) {
    if (state_.layout_number != layout_ || chunk * kChunkRows >= state_.macs.size()) return std::nullopt;
    Words possible = state_.possible_rows(chunk, site_);
    auto members = network_->judge_chunk(chunk, now, [&](std::uint32_t program) -> const Words& {
      return program < named_.size() ? state_.stored_members(named_[program], chunk) : possible;
    });
    return std::move(members.back());
  }
  // Counted from when each row was judged last.
  std::vector<Time> flips_of_chunk(std::size_t chunk) {
    return network_->flips_of_chunk(
        chunk, [&](Row row) { return row < state_.macs.size() ? state_.macs[row].judged_at : kEpoch; });
  }

 private:
  State& state_;
  std::uint64_t layout_;
  std::int64_t site_;
  std::vector<GroupId> named_;
  std::unique_ptr<Network> network_;
};

namespace {}  // namespace

std::vector<ComputerId> Fleet::misplaced(const std::shared_ptr<const Edition>& edition, GroupId group, Time now,
                                         std::size_t limit) {
  auto entry = std::ranges::find(edition->entries, group, &Edition::Entry::id);
  std::vector<ComputerId> found;
  if (entry == edition->entries.end() || !entry->smart) return found;
  std::unique_lock lock(state_->mutex);
  State& state = *state_;
  state.bind(edition);
  std::optional<Look> look;
  if (entry->program) look.emplace(state, *edition, *entry->program, entry->site_id);
  for (std::size_t chunk = 0; found.size() < limit && chunk * kChunkRows < state.macs.size(); ++chunk) {
    auto words = look ? look->members_of_chunk(chunk, now) : no_rows();
    if (!words) break;
    const Words& stored = state.stored_members(group, chunk);
    for (std::size_t word = 0; word < kChunkWords; ++word) (*words)[word] ^= stored[word];
    // Who is right where it is, but will have to move before anybody would look; and who has gone past such a moment,
    // which its next change would not notice.
    std::vector<Time> flips = look ? look->flips_of_chunk(chunk) : std::vector<Time>();
    for (std::size_t i = 0; i < flips.size(); ++i) {
      std::size_t row = chunk * kChunkRows + i;
      if (flips[i] == kNever || row >= state.macs.size()) continue;
      const Mac& mac = state.macs[row];
      if (mac.id && mac.managed && flips[i] < mac.look_again) (*words)[i / 64] |= std::uint64_t{1} << (i % 64);
    }
    criteria::for_each_row(*words, [&](std::size_t row_in_chunk) {
      std::size_t row = chunk * kChunkRows + row_in_chunk;
      if (found.size() < limit && row < state.macs.size() && state.macs[row].id) found.push_back(state.macs[row].id);
    });
    lock.unlock();  // check-ins go first
    lock.lock();
  }
  return found;
}

namespace {

// Counts computers, and keeps those with the lowest ids. Rows are in no order, but mostly in that of the ids, so of
// most chunks nothing is looked at but how many there are.
class CrowdCounter {
 public:
  explicit CrowdCounter(std::size_t limit) : limit_(limit) {}

  // No id in the chunk is below `lowest`.
  template <class IdOf>
  void add(const Words& rows, std::size_t first_row, ComputerId lowest, IdOf id_of) {
    crowd_.count += criteria::count_of(rows);
    auto is_wanted = [&](ComputerId id) { return limit_ != 0 && (crowd_.first.size() < limit_ || id < bound_); };
    if (!is_wanted(lowest)) return;
    criteria::for_each_row(rows, [&](std::size_t row_in_chunk) {
      ComputerId id = id_of(first_row + row_in_chunk);
      if (!is_wanted(id)) return;
      crowd_.first.push_back(id);
      bound_ = std::max(bound_, id);
      if (crowd_.first.size() >= 2 * limit_) keep_lowest();
    });
  }
  Fleet::Crowd finish() {
    if (crowd_.first.size() > limit_) keep_lowest();
    std::ranges::sort(crowd_.first);
    return std::move(crowd_);
  }

 private:
  void keep_lowest() {
    std::ranges::nth_element(crowd_.first, crowd_.first.begin() + static_cast<std::ptrdiff_t>(limit_) - 1);
    crowd_.first.resize(limit_);
    bound_ = crowd_.first.back();
  }

  std::size_t limit_;
  ComputerId bound_;  // the highest id that is kept
  Fleet::Crowd crowd_;
};

}  // namespace

std::optional<Fleet::Preview> Fleet::preview(const std::shared_ptr<const Edition>& edition, const Question& question,
                                             Time now) {
  CrowdCounter members(question.limit), joining(question.limit), leaving(question.limit);
  std::unique_lock lock(state_->mutex);
  State& state = *state_;
  state.bind(edition);
  const std::uint64_t layout = state.layout_number;
  std::optional<Look> look;
  if (question.program != nullptr) look.emplace(state, *edition, *question.program, question.site);
  // Whoever reads the fleet anew in between makes what was counted so far worthless.
  for (std::size_t chunk = 0; state.complete && state.layout_number == layout; ++chunk) {
    if (chunk * kChunkRows >= state.macs.size()) return Preview{members.finish(), joining.finish(), leaving.finish()};
    auto words = look ? look->members_of_chunk(chunk, now) : no_rows();
    if (!words) break;
    const Words& stored = state.stored_members(question.instead_of, chunk);
    auto count = [&](const Words& rows, CrowdCounter& crowd) {
      crowd.add(rows, chunk * kChunkRows, state.lowest_ids[chunk], [&](std::size_t row) { return state.macs[row].id; });
    };
    count(*words, members);
    count(criteria::without(*words, stored), joining);
    count(criteria::without(stored, *words), leaving);
    lock.unlock();  // check-ins go first
    lock.lock();
  }
  return std::nullopt;
}

std::optional<Fleet::Counted> Fleet::count_members(Time now) const {
  constexpr std::size_t kMostLate = 1000;
  Counted counted;
  std::unique_lock lock(state_->mutex);
  const State& state = *state_;
  const std::uint64_t layout = state.layout_number;
  for (std::size_t chunk = 0; state.complete && state.layout_number == layout; ++chunk) {
    if (chunk * kChunkRows >= state.macs.size()) return counted;
    for (const auto& [group, bits] : state.members) {
      const Words* words = bits.chunk(chunk);
      std::size_t count = words == nullptr ? 0 : criteria::count_of(*words);
      if (count != 0) counted.members[group] += static_cast<std::int64_t>(count);
    }
    std::size_t end = std::min(state.macs.size(), (chunk + 1) * kChunkRows);
    for (std::size_t row = chunk * kChunkRows; row < end; ++row) {
      if (state.macs[row].id && state.macs[row].stored_until <= now) counted.late.push_back(state.macs[row].id);
    }
    if (counted.late.size() > kMostLate) return std::nullopt;
    lock.unlock();  // check-ins go first
    lock.lock();
  }
  return std::nullopt;
}

std::size_t Fleet::size() const {
  std::lock_guard lock(state_->mutex);
  return state_->rows.size();
}

}  // namespace wardbridge::groups
