// Smart groups as SQL, as a database person would write them by hand: the peers that the fleet is measured beside. The
// only place that knows both.
//
//   CriteriaSql sql(groups, attributes);
//   for each computer: sql.add(computer, sink);
//   database: sql.schema(), the sink's rows, sql.indexes(), then
//     sql.membership_of(g)      INSERT INTO membership SELECT ... : one group over all computers
//     sql.one_computer()        SELECT one truth a group, of the computer whose id is the parameter
//
// Peers get every favour: text is lower case already, choices are spelled out, versions are numbers that sort, titles
// and versions of applications are numbers resolved beforehand, times are milliseconds, membership has no index. One
// SQL serves SQLite, PostgreSQL and DuckDB but for the regular expressions.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "criteria/criteria.h"
#include "management/groups/extension_attributes.h"
#include "management/groups/groups.h"
#include "platform/store/store.h"

namespace wardbridge::bench {

class CriteriaSql {
 public:
  enum class Engine { sqlite, postgresql, duckdb };

  // Those that a group names must come before it.
  CriteriaSql(std::vector<groups::SmartComputerGroup> groups,
              const std::vector<groups::ExtensionAttribute>& attributes);

  // Where rows go: columns in the order of the schema.
  struct Sink {
    std::function<void(std::span<const store::Value>)> computer;
    std::function<void(std::span<const store::Value>)> application;
  };
  // All computers first, then the questions: those about applications name what was seen.
  void add(const inventory::Computer& computer, const Sink& sink);

  static constexpr std::size_t kApplicationColumns = 4;
  std::size_t computer_columns() const;
  std::vector<std::string> schema() const;   // statements
  std::vector<std::string> indexes() const;  // statements
  std::size_t size() const { return groups_.size(); }

  std::string membership_of(std::size_t group, Engine engine, Time now) const;
  // One column a group, with `$1` or `?` in the place of the computer's id.
  std::string one_computer(Engine engine, Time now) const;
  // Per group: its id, how many are in it, and a sum over (group, computer) that two different sets rarely share.
  static std::string tally();
  static std::int64_t pair_sum(std::int64_t group, std::int64_t computer);

 private:
  enum class Scope { fleet, one };
  struct Asking {
    Engine engine;
    Scope scope;
    Time now;
  };
  struct Column {
    criteria::FactDefinition definition;
    std::string name;
  };
  const Column& column_of(const criteria::FactDefinition& definition) const;
  static bool is_about_applications(const criteria::FactDefinition& definition);
  std::string group_truth(std::size_t group, const Asking& asking) const;
  std::string truth(const criteria::Criterion& criterion, const Asking& asking) const;
  std::string text_truth(const std::string& column, const criteria::FactDefinition& definition, criteria::Operator op,
                         const std::string& value, Engine engine) const;
  std::string time_truth(const std::string& column, criteria::Operator op, const std::string& value, Time now) const;
  std::string application_truth(const std::string& fact, criteria::Operator op, const std::string& value,
                                const Asking& asking) const;

  std::vector<groups::SmartComputerGroup> groups_;
  criteria::Vocabulary vocabulary_;
  std::map<criteria::FactId, Column> columns_;
  struct Texts {
    std::unordered_map<std::string, std::int64_t> ids;
    std::int64_t id_of(const std::string& text) {
      return ids.try_emplace(text, static_cast<std::int64_t>(ids.size()) + 1).first->second;
    }
  };
  Texts titles_, bundles_, versions_;
};

}  // namespace wardbridge::bench
