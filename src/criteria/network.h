// Many programs judged at once over a FactTable, at a cost that follows what changed rather than how many programs
// there are.
//
// The predicates of all programs are kept once each, as conditions, and sorted by the column that they read. What a
// text means to a column's conditions is found out once per distinct text and remembered (its profile), so a string
// operator costs a look-up. When a row changes, old and new profiles tell which conditions may have flipped, and these
// which programs must be looked at; nothing else is touched.
//
//   Network network(table, {{compliant}, {named_it, {{"Compliant", 0}}}});
//   Affected affected = network.affected(row, changes, judged_at, now);        // programs that must be looked at
//   Pass pass(network, {table, row, changes}, now, given);
//   for (auto program : affected.programs) Membership result = pass.judge(program);
//
// Agrees with judge() in criteria.h, which stays the reference: network_test.cc compares them at random.
// Not thread-safe: profiles are found out while judging, under the lock that guards the table.
#pragma once

#include <functional>
#include <map>
#include <set>

#include "criteria/fact_table.h"
#include "criteria/rows.h"

namespace wardbridge::criteria {

// A row as it will be: what the table has, and what is about to replace it.
class RowFacts {
 public:
  RowFacts(const FactTable& table, Row row, std::span<const FactChange> changes = {});

  FactCode code(std::uint32_t text_column) const;
  std::int64_t number(std::uint32_t number_column) const;
  std::span<const FactCode> items(std::uint32_t list_column) const;

 private:
  const FactChange* change_of(Place::Kind kind, std::uint32_t column) const;

  const FactTable& table_;
  Row row_;
  std::span<const FactChange> changes_;
  // Where there are many, by kind and column one above the place in changes_; 0: it stays.
  std::array<std::vector<std::uint16_t>, 3> places_;
};

struct NetworkNode;  // network_state.h
struct Verdict;      // program.h

class Network {
 public:
  struct Listed {
    std::optional<Program> program;  // nothing: nobody is a member, unless it is given
    // The groups that its criteria name: as spelled, and their place in the network, always before this one.
    std::vector<std::pair<std::string, std::uint32_t>> references = {};
  };
  // Facts of the programs that the table does not hold read as absent. The table must outlive the network.
  Network(FactTable& table, std::vector<Listed> programs);
  ~Network();
  Network(const Network&) = delete;

  std::size_t size() const;             // programs
  std::size_t condition_count() const;  // distinct predicates

  struct Affected {
    // Ascending, each once. Those that name them must be looked at too where membership changes or ends earlier.
    std::vector<std::uint32_t> programs;
    Time next_flip = kNever;  // the first moment at which time alone may change any of the row's conditions
  };
  // `judged_at` is when the row was judged last with what the table has; kEpoch: never, so every program is affected.
  Affected affected(Row row, std::span<const FactChange> changes, Time judged_at, Time now);
  // The programs that name this one.
  const std::vector<std::uint32_t>& dependants(std::uint32_t program) const;

  // Which of the rows of a chunk are members, one bit a row, for every program; a set of rows has kChunkRows / 64
  // words. `rows(p)` are those that may be members of a program at all; where it has no criteria, they are its members.
  using Words = RowBits;
  std::vector<Words> judge_chunk(std::size_t chunk, Time now, const std::function<const Words&(std::uint32_t)>& rows);
  // For every row of a chunk the first moment after `judged_at(row)` at which time alone may change a condition; empty
  // when no condition is of time.
  std::vector<Time> flips_of_chunk(std::size_t chunk, const std::function<Time(Row)>& judged_at);

 private:
  friend class Pass;
  struct State;
  class ChunkJudge;
  std::unique_ptr<State> state_;
};

// One look at one row. A program that is asked for is judged once, and so are the programs that it names.
class Pass {
 public:
  // An answer that is known without asking the criteria: of a computer that they don't apply to (unmanaged, another
  // site), or of a group that has none.
  using Given = std::function<std::optional<Membership>(std::uint32_t program)>;
  Pass(Network& network, RowFacts facts, Time now, Given given);

  Membership judge(std::uint32_t program);
  // Every program.
  void judge_all();
  // Those judged so far, in any order: also the ones that others named.
  const std::vector<std::uint32_t>& judged() const { return judged_; }
  Membership result(std::uint32_t program) const;  // of one that was judged
  // The first moment at which time alone may change any of the row's conditions.
  Time next_flip() const;

 private:
  Verdict leaf(const NetworkNode& node);
  std::span<const std::uint64_t> look_at_list(std::uint32_t column);
  Verdict judge_node(const std::vector<NetworkNode>& nodes, std::uint32_t at);

  Network::State& network_;
  RowFacts facts_;
  Time now_;
  Given given_;
  std::vector<std::uint32_t> judged_;
  std::vector<Membership> results_;  // in the order of judged_
  // Where a program stands in judged_. Few are judged of many, or all, so it grows with them.
  absl::flat_hash_map<std::uint32_t, std::uint32_t> places_;
  std::vector<std::vector<std::uint64_t>>
      met_in_list_;  // by column: the conditions met, by slot; empty: not looked into
};

}  // namespace wardbridge::criteria
