// SQL databases on the generated fleet: loaded with the same computers, asked for all memberships and for the groups of
// one computer, each timed by itself.
//
//   PeerFiles files(directory);
//   for each computer: sql.add(computer, files.sink());
//   files.finish();
//   PeerAnswer answer = TRY(run_sqlite({.sql = sql, .files = files, .computers = count, .now = now}));
#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "bench/criteria_sql.h"
#include "bench/measure.h"

namespace wardbridge::bench {

// Who is in each group, in brief.
struct Tally {
  std::int64_t group = 0;
  std::int64_t count = 0;
  std::int64_t sum = 0;  // of CriteriaSql::pair_sum
  bool operator==(const Tally&) const = default;
};

struct PeerAnswer {
  std::string name;            // `SQLite 3.40.1`
  Series load;                 // rows and indexes
  Series all;                  // every group over every computer, stored
  Series one;                  // every group over one computer, nothing stored
  std::vector<Tally> tallies;  // groups with members
};

// The rows as CSV files, which every peer loads.
class PeerFiles {
 public:
  explicit PeerFiles(std::string directory);
  ~PeerFiles();
  PeerFiles(const PeerFiles&) = delete;

  CriteriaSql::Sink sink();
  void finish();
  const std::string& directory() const { return directory_; }
  std::string computers() const { return directory_ + "/computer.csv"; }
  std::string applications() const { return directory_ + "/application.csv"; }

 private:
  std::string directory_;
  std::FILE* computers_;
  std::FILE* applications_;
};

struct PeerRun {
  const CriteriaSql& sql;
  const PeerFiles& files;
  std::int64_t computers = 0;
  Time now;
  int repetitions = 3;  // of all groups over all computers
  int lookups = 200;    // of all groups over one computer, each repetition
};

Result<PeerAnswer> run_sqlite(const PeerRun& run);
Result<PeerAnswer> run_postgresql(const PeerRun& run);
// Through its Node.js package, which `npm ci` installs beside peers/duckdb.js when it is not there yet.
Result<PeerAnswer> run_duckdb(const PeerRun& run);

}  // namespace wardbridge::bench
