// What smart groups cost: judging, by the product's own functions, on generated fleets; and beside it what databases
// take for the same groups over the same computers. docs/internals/bench.md holds the results.
//
//   group_bench check-in   groups=1000 macs=20000     one check-in that changes a handful of attributes
//   group_bench flatness   macs=20000                 the same at 100, 1,000 and 10,000 groups that it does not touch
//   group_bench new-mac    groups=1000 macs=2000      a Mac that nobody judged before
//   group_bench view       groups=500 macs=100000     all groups over all Macs, in memory
//   group_bench preview    groups=1000 macs=1000000   a group of three criteria that nobody has saved; memory
//   group_bench stored     groups=500 macs=100000     the fleet read from the store; all memberships stored durably
//   group_bench edit       groups=1000 macs=1000000   check-ins while an edited group is carried out
//   group_bench peers      groups=500 macs=100000     SQLite, PostgreSQL and DuckDB beside the view
//
// More settings: repetitions=5, seed=N; of stored and edit store=sqlite|postgresql and data=FOLDER, which keeps
// SQLite's store for the next run with as many Macs; of edit seconds=10; of peers engines=sqlite,postgresql,duckdb.
#include <atomic>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>
#include <thread>

#include "base/text.h"
#include "bench/criteria_sql.h"
#include "bench/fleet_under_test.h"
#include "bench/measure.h"
#include "bench/peers.h"
#include "management/groups/computer_facts.h"
#include "management/groups/regroup.h"
#include "management/inventory/fields.h"
#include "management/pipeline/pipeline.h"
#include "platform/crypto/crypto.h"
#include "support/postgres_cluster.h"
#include "support/temporary_directory.h"

namespace wardbridge::bench {
namespace {

using testing::Draw;
using testing::FleetGenerator;
using About = FleetGenerator::About;

// Check-ins come a minute after the fleet was looked at.
const Time kThen = FleetGenerator::now();
const Time kNow = kThen + minutes{1};

class Settings {
 public:
  Settings(int count, char** words) {
    for (int i = 0; i < count; ++i) {
      std::string word = words[i];
      auto equals = word.find('=');
      CHECK(equals != std::string::npos, "settings are written name=value: " + word);
      values_[word.substr(0, equals)] = word.substr(equals + 1);
    }
  }
  int number(const std::string& name, int otherwise) const {
    auto found = values_.find(name);
    if (found == values_.end()) return otherwise;
    auto number = text::parse_integer(found->second);
    CHECK(number && *number > 0 && *number <= INT32_MAX, "not a number that makes sense: " + name);
    return static_cast<int>(*number);
  }
  std::string word(const std::string& name, const std::string& otherwise) const {
    auto found = values_.find(name);
    return found == values_.end() ? otherwise : found->second;
  }
  int groups(int otherwise) const { return number("groups", otherwise); }
  int macs(int otherwise) const { return number("macs", otherwise); }
  int repetitions() const { return number("repetitions", 5); }
  FleetGenerator generator() const {
    return FleetGenerator({.seed = static_cast<std::uint64_t>(number("seed", 20261123))});
  }

 private:
  std::map<std::string, std::string> values_;
};

std::size_t criteria_in(const std::vector<groups::SmartComputerGroup>& groups) {
  std::size_t count = 0;
  for (const auto& group : groups) count += group.criteria.size();
  return count;
}

void report_memory(const char* when) {
  std::printf("  memory %s: %.2f GiB, %.2f GiB at most\n", when, static_cast<double>(memory("VmRSS")) / (1 << 30),
              static_cast<double>(memory("VmHWM")) / (1 << 30));
  std::fflush(stdout);
}

// --- One check-in

// A fleet that was judged and kept, and some of its Macs at hand to check in. Each repetition judges a batch: the
// processor's clock costs as much as a check-in.
struct CheckIns {
  static constexpr std::size_t kBatch = 500;

  CheckIns(const FleetGenerator& generator, const CompiledGroups& groups, int macs)
      : fleet(groups), view(groups), generator_(generator) {
    for (int number = 1; number <= macs; ++number) {
      Computer mac = generator.computer(number);
      view.put(mac);
      auto proposal = fleet.judge_whole(mac, kThen);
      fleet.keep(mac, std::move(proposal), kThen);
      // Spread over the fleet, so that the processor's caches know no more of them than of the others.
      std::size_t step = std::max<std::size_t>(1, static_cast<std::size_t>(macs) / kBatch);
      if (at_hand.size() < kBatch && static_cast<std::size_t>(number) % step == 0) at_hand.push_back(std::move(mac));
    }
    view.judge_all(kThen);
  }

  struct Measured {
    Series fleet_judging, network_judging, keeping;
    std::size_t whole = 0, check_ins = 0, changes = 0, judged = 0, moved = 0;
    std::vector<double> each;  // judge_change by the wall clock, nanoseconds
  };
  Measured measure(int repetitions) {
    Measured measured;
    Time judged_at = kThen;
    for (int repetition = -1; repetition < repetitions; ++repetition) {  // the first one warms up
      Time now = kNow + seconds{repetition};
      std::vector<std::vector<Section>> changed;
      std::vector<std::vector<criteria::FactChange>> facts;
      for (Computer& mac : at_hand) {
        changed.push_back(generator_.check_in(mac, draw_, now));
        facts.push_back(view.read(row_of(mac), mac, changed.back()));
      }
      std::vector<std::optional<groups::Fleet::Proposal>> proposals(at_hand.size());
      std::vector<View::Seen> seen(at_hand.size());
      std::vector<double> each(at_hand.size());
      Series fleet_judging, network_judging, keeping;
      auto& to_fleet = repetition < 0 ? fleet_judging : measured.fleet_judging;
      auto& to_network = repetition < 0 ? network_judging : measured.network_judging;
      auto& to_keeping = repetition < 0 ? keeping : measured.keeping;
      to_fleet.add(at_hand.size(), [&] {
        for (std::size_t i = 0; i < at_hand.size(); ++i) {
          std::int64_t began = monotonic_nanoseconds();
          proposals[i] = fleet.judge_change(at_hand[i], changed[i], now);
          each[i] = static_cast<double>(monotonic_nanoseconds() - began);
        }
      });
      to_network.add(at_hand.size(), [&] {
        for (std::size_t i = 0; i < at_hand.size(); ++i)
          seen[i] = view.look(row_of(at_hand[i]), facts[i], judged_at, now);
      });
      for (std::size_t i = 0; i < at_hand.size(); ++i) {
        if (proposals[i]) continue;
        if (repetition >= 0) ++measured.whole;
        proposals[i] = fleet.judge_whole(at_hand[i], now);
      }
      to_keeping.add(at_hand.size(), [&] {
        for (std::size_t i = 0; i < at_hand.size(); ++i) fleet.keep(at_hand[i], *std::move(proposals[i]), now);
      });
      for (std::size_t i = 0; i < at_hand.size(); ++i) {
        if (repetition >= 0) {
          measured.changes += facts[i].size();
          measured.judged += seen[i].judged;
          measured.moved += seen[i].moved.size();
        }
        view.keep(row_of(at_hand[i]), std::move(facts[i]), seen[i]);
      }
      judged_at = now;
      if (repetition < 0) continue;
      measured.each.insert(measured.each.end(), each.begin(), each.end());
      measured.check_ins += at_hand.size();
    }
    return measured;
  }

  KnownFleet fleet;
  View view;
  std::vector<Computer> at_hand;

 private:
  static criteria::Row row_of(const Computer& mac) { return static_cast<criteria::Row>(mac.id.value - 1); }

  const FleetGenerator& generator_;
  Draw draw_{1};
};

CheckIns::Measured report_check_ins(const Settings& settings, const FleetGenerator& generator,
                                    const std::vector<groups::SmartComputerGroup>& groups, int macs) {
  CompiledGroups compiled(groups);
  CheckIns check_ins(generator, compiled, macs);
  CheckIns::Measured measured = check_ins.measure(settings.repetitions());
  auto mean = [&](std::size_t sum) { return static_cast<double>(sum) / static_cast<double>(measured.check_ins); };
  std::printf(
      "%zu groups (%zu criteria, %zu conditions), %d Macs; a check-in changes %.1f columns, has %.1f groups judged and "
      "%.2f memberships changed; %.2f %% were looked at whole\n",
      groups.size(), criteria_in(groups), check_ins.view.conditions(), macs, mean(measured.changes),
      mean(measured.judged), mean(measured.moved), 100 * mean(measured.whole));
  measured.fleet_judging.print("Fleet::judge_change, reading the record too");
  measured.network_judging.print("Network::affected and Pass alone");
  measured.keeping.print("Fleet::keep");
  std::printf("  Fleet::judge_change by the wall clock: p50 %s, p99 %s\n",
              Series::shown(percentile(measured.each, 0.50)).c_str(),
              Series::shown(percentile(measured.each, 0.99)).c_str());
  std::fflush(stdout);
  return measured;
}

int run_check_in(const Settings& settings) {
  FleetGenerator generator = settings.generator();
  report_check_ins(settings, generator, generator.groups(settings.groups(1000)), settings.macs(20'000));
  return 0;
}

int run_flatness(const Settings& settings) {
  FleetGenerator generator = settings.generator();
  // What check-ins touch is the same throughout; the others are added to it.
  constexpr int kTouched = 50;
  std::vector<std::pair<int, CheckIns::Measured>> lines;
  for (int count : {100, 1'000, 10'000}) {
    auto groups = generator.groups(kTouched);
    auto others = generator.groups(count - kTouched, About::what_stays, kTouched + 1);
    groups.insert(groups.end(), others.begin(), others.end());
    lines.emplace_back(count, report_check_ins(settings, generator, groups, settings.macs(20'000)));
  }
  const CheckIns::Measured& base = lines[1].second;
  for (const auto& [count, measured] : lines) {
    std::printf("%6d groups: judge_change %.2fx, network alone %.2fx of 1,000 groups\n", count,
                measured.fleet_judging.cpu() / base.fleet_judging.cpu(),
                measured.network_judging.cpu() / base.network_judging.cpu());
  }
  return 0;
}

int run_new_mac(const Settings& settings) {
  FleetGenerator generator = settings.generator();
  auto groups = generator.groups(settings.groups(1000));
  CompiledGroups compiled(groups);
  KnownFleet fleet(compiled);
  int macs = settings.macs(2'000);
  std::printf("%zu groups (%zu criteria), batches of %d Macs\n", groups.size(), criteria_in(groups), macs);
  Series judging;
  for (int repetition = -1; repetition < settings.repetitions(); ++repetition) {  // the first one warms up
    std::vector<Computer> batch;
    for (int i = 1; i <= macs; ++i) batch.push_back(generator.computer((repetition + 1) * macs + i));
    Series warming_up;
    (repetition < 0 ? warming_up : judging).add(batch.size(), [&] {
      for (const Computer& mac : batch) fleet.judge_whole(mac, kThen);
    });
  }
  judging.print("Fleet::judge_whole, reading the record too");
  return 0;
}

// --- All groups, all Macs

int run_view(const Settings& settings) {
  FleetGenerator generator = settings.generator();
  auto groups = generator.groups(settings.groups(500));
  CompiledGroups compiled(groups);
  View view(compiled);
  int macs = settings.macs(100'000);
  for (int number = 1; number <= macs; ++number) view.put(generator.computer(number));
  std::printf("%zu groups (%zu criteria, %zu conditions) over %d Macs\n", groups.size(), criteria_in(groups),
              view.conditions(), macs);
  report_memory("of the view");
  Series first, again;
  first.add(1, [&] { view.judge_all(kThen); });
  for (int repetition = 0; repetition < settings.repetitions(); ++repetition)
    again.add(1, [&] { view.judge_all(kNow + seconds{repetition}); });
  first.print("all groups over all Macs, the first time");
  again.print("all groups over all Macs, again");
  std::size_t memberships = 0;
  for (const auto& chunk : view.members())
    for (const auto& words : chunk)
      for (std::uint64_t word : words) memberships += static_cast<std::size_t>(std::popcount(word));
  std::printf("  %zu memberships\n", memberships);
  report_memory("with memberships");
  return 0;
}

int run_preview(const Settings& settings) {
  FleetGenerator generator = settings.generator();
  CompiledGroups compiled(generator.groups(settings.groups(1000)));
  KnownFleet fleet(compiled);
  int macs = settings.macs(1'000'000);
  for (int number = 1; number <= macs; ++number) {
    Computer mac = generator.computer(number);
    auto proposal = fleet.judge_whole(mac, kThen);
    fleet.keep(mac, std::move(proposal), kThen);
  }
  std::printf("%zu groups, a fleet of %zu Macs in memory\n", compiled.size(), fleet.size());
  report_memory("of the fleet");
  // Values that differ each time, so that nothing is remembered from the one before.
  Series previews;
  std::size_t count = 0;
  for (int repetition = 0; repetition < settings.repetitions(); ++repetition) {
    std::string turn = std::to_string(repetition);
    auto program = criteria::compile(
        {{.name = "Application Version", .search_type = "greater than", .value = "22." + turn},
         {.name = "Operating System Version", .priority = 1, .search_type = "less than", .value = "15.0." + turn},
         {.name = "Boot Drive Available MB", .priority = 2, .search_type = "more than", .value = "10" + turn + "000"}},
        groups::vocabulary_with(compiled.edition()->attributes));
    CHECK(program.ok(), "the preview's criteria do not compile");
    previews.add(1, [&] { count = fleet.preview(*program, kNow).count; });
  }
  previews.print("Fleet::preview of three criteria");
  std::printf("  %zu Macs in the last one\n", count);
  return 0;
}

// --- Over the store

// A store with as many Macs as asked for, of an earlier run or new.
struct StoredFleet {
  static Result<std::unique_ptr<StoredFleet>> open(const Settings& settings, const FleetGenerator& generator,
                                                   int macs) {
    auto fleet = std::make_unique<StoredFleet>();
    std::string kind = settings.word("store", "sqlite");
    std::string folder = settings.word("data", fleet->directory.path());
    if (kind == "postgresql") {
      auto* cluster = TRY(testing::PostgresCluster::of_this_program());
      fleet->store = TRY(store::open_postgres(cluster->fresh_store()));
    } else {
      std::filesystem::create_directories(folder);
      fleet->store = TRY(store::open_sqlite({.path = folder + "/group_bench.sqlite"}));
    }
    TRY(migrate_management(*fleet->store));
    TRY(store_attributes(*fleet->store));
    auto count =
        TRY(fleet->store->read([](store::Transaction& tx) -> Result<std::int64_t> { return inventory::count(tx); }));
    if (count == 0) {
      Series writing;
      Status written = done();
      writing.add(static_cast<std::size_t>(macs), [&] { written = store_computers(*fleet->store, generator, macs); });
      TRY(std::move(written));
      writing.print("writing a Mac into the store (" + kind + ")");
      count = macs;
    }
    if (count != macs) return invalid("other_fleet", "the store has " + std::to_string(count) + " Macs");
    // Nobody is due, and no group is left of an earlier run.
    TRY(fleet->store->write([&](store::Transaction& tx) -> Status {
      tx.execute("UPDATE computer SET reassess_at = ?", {kNever});
      for (const char* table : {"computer_group", "computer_group_reference", "computer_group_member",
                                "computer_group_change", "computer_group_regroup"})
        tx.execute(std::string("DELETE FROM ") + table);
      return done();
    }));
    return fleet;
  }

  testing::TemporaryDirectory directory;
  std::unique_ptr<store::Store> store;
};

// Into a book that knows nothing yet.
Status learn_fleet(store::Store& store, groups::GroupBook& book, Time now) {
  for (bool more = true; more;) {
    more =
        TRY(store.read([&](store::Transaction& tx) -> Result<bool> { return groups::learn_some(tx, book, now, 200); }));
  }
  return done();
}

// The Macs as the store has them: an earlier run may have let some of them check in.
Status put_all(store::Store& store, View& view) {
  static const std::vector<Section> sections = groups::sections_of_facts();
  inventory::ComputerId after;
  for (bool more = true; more;) {
    auto page = TRY(store.read([&](store::Transaction& tx) -> Result<std::vector<Computer>> {
      return inventory::page_after(tx, after, 200, sections);
    }));
    for (const Computer& mac : page) view.put(mac);
    more = !page.empty();
    if (more) after = page.back().id;
  }
  return done();
}

// Every group's stored members are as many as its criteria say.
Status check_stored(store::Store& store, const std::vector<groups::SmartComputerGroup>& groups) {
  auto stored = TRY(store.read([&](store::Transaction& tx) -> Result<std::map<GroupId, std::int64_t>> {
    return groups::count_all_members(tx, kThen);
  }));
  CompiledGroups compiled(groups);
  View view(compiled);
  TRY(put_all(store, view));
  view.judge_all(kThen);
  std::int64_t memberships = 0;
  for (const auto& group : groups) {
    std::size_t entry = compiled.entry_named(group.name);
    std::int64_t count = 0;
    for (std::size_t row = 0; row < view.rows(); ++row) count += view.is_member(entry, row) ? 1 : 0;
    memberships += count;
    if (stored[group.id] != count)
      return Failure{Code::internal, "disagreement",
                     group.name + " has " + std::to_string(stored[group.id]) + " members stored and " +
                         std::to_string(count) + " by its criteria"};
  }
  std::printf("  %lld memberships, as many in every group as its criteria say\n", static_cast<long long>(memberships));
  return done();
}

Status try_stored(const Settings& settings) {
  FleetGenerator generator = settings.generator();
  int macs = settings.macs(100'000);
  auto fleet = TRY(StoredFleet::open(settings, generator, macs));
  store::Store& store = *fleet->store;
  // All groups are new, so every membership is to be stored.
  auto groups = generator.groups(settings.groups(500));
  TRY(store_groups(store, groups));
  std::printf("%zu groups, %d Macs in a store on disk (%s)\n", groups.size(), macs, std::string(store.kind()).c_str());
  Status learned = done();
  {
    groups::GroupBook book;
    Series learning, storing;
    learning.add(1, [&] { learned = learn_fleet(store, book, kThen); });
    TRY(std::move(learned));
    learning.print("the fleet read from the store");
    report_memory("of the fleet");
    pipeline::Pipeline pipeline(store, book, [] {});
    Status stored = done();
    storing.add(1, [&] { stored = carry_out(store, pipeline, kThen); });
    TRY(std::move(stored));
    storing.print("all memberships of all groups stored durably");
  }
  {
    groups::GroupBook book;
    Series learning;
    learning.add(1, [&] { learned = learn_fleet(store, book, kThen); });
    TRY(std::move(learned));
    learning.print("the fleet and its memberships read from the store");
    report_memory("of the fleet");
  }
  return check_stored(store, groups);
}

Status try_edit(const Settings& settings) {
  FleetGenerator generator = settings.generator();
  int macs = settings.macs(1'000'000);
  int run_seconds = settings.number("seconds", 10);
  auto fleet = TRY(StoredFleet::open(settings, generator, macs));
  auto groups = generator.groups(settings.groups(1000));
  TRY(store_groups(*fleet->store, groups));
  groups::GroupBook book;
  pipeline::Pipeline pipeline(*fleet->store, book, [] {});
  TRY(carry_out(*fleet->store, pipeline, kThen));

  // Some Macs that check in, and what they are going to say.
  constexpr int kSpeaking = 1000;
  std::vector<Computer> speaking;
  TRY(fleet->store->write([&](store::Transaction& tx) -> Status {
    speaking.clear();
    for (int i = 0; i < std::min(kSpeaking, macs); ++i) {
      speaking.push_back(generator.computer(1 + i * std::max(1, macs / kSpeaking)));
      TRY(inventory::set_credential(tx, speaking.back().id,
                                    crypto::hash_token("token " + std::to_string(speaking.back().id.value))));
    }
    return done();
  }));
  std::int64_t began = monotonic_nanoseconds();
  auto now = [&] { return kNow + Duration{(monotonic_nanoseconds() - began) / 1'000'000}; };
  std::atomic<bool> stop = false;
  std::mutex mutex;
  std::vector<double> latencies;  // milliseconds, of the phase
  std::atomic<int> failures = 0;
  std::thread check_ins([&] {
    Draw draw(3);
    for (std::size_t turn = 0; !stop; ++turn) {
      Computer& mac = speaking[turn % speaking.size()];
      auto changed = generator.check_in(mac, draw, now());
      json::Object body;
      for (Section section : changed) body[inventory::member_name(section)] = mac.sections.at(section);
      pipeline::CheckIn check_in{.check_in_token = "token " + std::to_string(mac.id.value), .body_hash = {}};
      auto record = inventory::check_record(body, inventory::How::report);
      CHECK(record.ok(), "the generated report is refused");
      check_in.report.sections = std::move(record->sections);
      std::int64_t start = monotonic_nanoseconds();
      auto answer = pipeline.check_in(check_in, now());
      double took = static_cast<double>(monotonic_nanoseconds() - start) / 1e6;
      if (!answer.ok()) ++failures;
      std::lock_guard lock(mutex);
      latencies.push_back(took);
    }
  });
  std::thread heartbeat([&] {
    while (!stop) {
      if (pipeline.run_once(now()) > now()) std::this_thread::sleep_for(milliseconds{20});
    }
  });
  auto phase = [&](const char* what, const std::function<bool()>& over) {
    {
      std::lock_guard lock(mutex);
      latencies.clear();
    }
    std::int64_t start = monotonic_nanoseconds();
    while (!over()) std::this_thread::sleep_for(milliseconds{50});
    std::vector<double> mine;
    {
      std::lock_guard lock(mutex);
      mine = latencies;
    }
    double elapsed = static_cast<double>(monotonic_nanoseconds() - start) / 1e9;
    double p99 = percentile(mine, 0.99);
    std::printf("  %-40s %8.1f s, %7.0f check-ins/s, p50 %.2f ms, p99 %.2f ms\n", what, elapsed,
                static_cast<double>(mine.size()) / elapsed, percentile(mine, 0.50), p99);
    std::fflush(stdout);
    return p99;
  };
  auto after_seconds = [&] {
    std::int64_t until = monotonic_nanoseconds() + std::int64_t{run_seconds} * 1'000'000'000;
    return [until] { return monotonic_nanoseconds() >= until; };
  };
  std::printf("%zu groups, %d Macs (%s), one client without pause\n", groups.size(), macs,
              std::string(fleet->store->kind()).c_str());
  phase("warming up", after_seconds());
  double before = phase("check-ins alone", after_seconds());
  GroupId edited = groups.front().id;
  Status status = fleet->store->write([&](store::Transaction& tx) -> Status {
    groups::SmartComputerGroup group = groups.front();
    group.criteria = {{.name = "Boot Drive Available MB", .search_type = "more than", .value = "100000"}};
    TRY(groups::replace(tx, group, now(), nobody_in_particular()));
    return done();
  });
  std::int64_t give_up = monotonic_nanoseconds() + std::int64_t{settings.number("patience", 1800)} * 1'000'000'000;
  double during = phase("while an edited group is carried out", [&] {
    if (monotonic_nanoseconds() > give_up) return true;
    auto busy =
        fleet->store->read([&](store::Transaction& tx) -> Result<bool> { return groups::is_regrouping(tx, edited); });
    return !busy.ok() || !*busy;
  });
  stop = true;
  check_ins.join();
  heartbeat.join();
  TRY(std::move(status));
  auto members = TRY(fleet->store->read(
      [&](store::Transaction& tx) -> Result<std::int64_t> { return groups::count_members(tx, edited, kNow); }));
  std::printf("  %lld Macs are in it now; p99 %.2fx; %d check-ins failed\n", static_cast<long long>(members),
              during / before, failures.load());
  TRY(carry_out(*fleet->store, pipeline, now()));  // or nobody carried it out
  if (failures > 0) return Failure{Code::internal, "failed", "check-ins failed"};
  return done();
}

// --- Peers

Status try_peers(const Settings& settings) {
  FleetGenerator generator = settings.generator();
  auto groups = generator.groups(settings.groups(500));
  int macs = settings.macs(100'000);
  CompiledGroups compiled(groups);
  View view(compiled);
  CriteriaSql sql(groups, FleetGenerator::attributes());
  testing::TemporaryDirectory directory;
  PeerFiles files(directory.path());
  std::size_t applications = 0;
  auto sink = files.sink();
  CriteriaSql::Sink counting{sink.computer, [&](std::span<const store::Value> row) {
                               ++applications;
                               sink.application(row);
                             }};
  for (int number = 1; number <= macs; ++number) {
    Computer mac = generator.computer(number);
    view.put(mac);
    sql.add(mac, counting);
  }
  files.finish();
  std::printf("%zu groups (%zu criteria, %zu conditions), %d Macs, %zu application rows\n", groups.size(),
              criteria_in(groups), view.conditions(), macs, applications);

  Series all;
  for (int repetition = 0; repetition < settings.repetitions(); ++repetition)
    all.add(1, [&] { view.judge_all(kThen); });
  all.print("Wardbridge: all groups over all Macs, into the view");
  std::vector<Tally> expected;
  std::int64_t memberships = 0;
  for (std::size_t group = 0; group < groups.size(); ++group) {
    std::size_t entry = compiled.entry_named(groups[group].name);
    Tally tally{.group = groups[group].id.value};
    for (std::size_t row = 0; row < view.rows(); ++row) {
      if (!view.is_member(entry, row)) continue;
      ++tally.count;
      tally.sum += CriteriaSql::pair_sum(tally.group, static_cast<std::int64_t>(row) + 1);
    }
    memberships += tally.count;
    if (tally.count > 0) expected.push_back(tally);
  }
  std::printf("  %lld memberships in %zu groups\n", static_cast<long long>(memberships), expected.size());
  report_check_ins(settings, generator, groups, macs);

  PeerRun run{.sql = sql,
              .files = files,
              .computers = macs,
              .now = kThen,
              .repetitions = settings.number("repetitions", 3),
              .lookups = settings.number("lookups", 200)};
  Status agreement = done();
  std::string engines = settings.word("engines", "sqlite,postgresql,duckdb");
  for (std::string_view engine : text::split(engines, ',')) {
    auto answer = engine == "sqlite" ? run_sqlite(run) : engine == "postgresql" ? run_postgresql(run) : run_duckdb(run);
    if (!answer.ok()) return answer.failure();
    answer->load.print(answer->name + ": loading");
    answer->all.print(answer->name + ": all groups over all Macs, memberships stored");
    answer->one.print(answer->name + ": all groups over one Mac, one statement");
    bool agrees = answer->tallies == expected;
    std::printf("  %s %s\n", answer->name.c_str(), agrees ? "agrees on every membership" : "DISAGREES");
    for (std::size_t i = 0; !agrees && i < expected.size(); ++i) {
      if (i < answer->tallies.size() && answer->tallies[i] == expected[i]) continue;
      std::printf("    from group %lld on: %lld members here\n", static_cast<long long>(expected[i].group),
                  static_cast<long long>(expected[i].count));
      break;
    }
    if (!agrees) agreement = Failure{Code::internal, "disagreement", answer->name + " has other memberships"};
  }
  return agreement;
}

int told(const Status& status) {
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s\n", status.failure().message.c_str());
  return 1;
}

int run(const std::string& what, const Settings& settings) {
  std::printf("%s on %s\n", what.c_str(), machine().c_str());
  if (what == "check-in") return run_check_in(settings);
  if (what == "flatness") return run_flatness(settings);
  if (what == "new-mac") return run_new_mac(settings);
  if (what == "view") return run_view(settings);
  if (what == "preview") return run_preview(settings);
  if (what == "stored") return told(try_stored(settings));
  if (what == "edit") return told(try_edit(settings));
  if (what == "peers") return told(try_peers(settings));
  std::fprintf(stderr,
               "usage: group_bench check-in|flatness|new-mac|view|preview|stored|edit|peers [groups=N] [macs=N] "
               "[repetitions=N] [seed=N]\n"
               "  stored, edit: [store=sqlite|postgresql] [data=FOLDER]   edit: [seconds=N] [patience=SECONDS]\n"
               "  peers: [engines=sqlite,postgresql,duckdb] [lookups=N]\n");
  return 2;
}

}  // namespace
}  // namespace wardbridge::bench

int main(int argc, char** argv) {
  return wardbridge::bench::run(argc > 1 ? argv[1] : "", wardbridge::bench::Settings(std::max(0, argc - 2), argv + 2));
}
