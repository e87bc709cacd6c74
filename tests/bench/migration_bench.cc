// How long a change of connections takes for a fleet: from start to the complete report, from cut-over until the tenant
// has acknowledged every verdict, and the same back. Everything runs in one process over in-process wires, so what is
// measured is the product's own work, the tenant's part included; the virtual clock stands still while nobody waits.
//
//   ninja -C build/release migration_bench && build/release/tests/bench/migration_bench [macs]
//
// tests/protocol/migration_test.cc has the short form that is a test: AFleetGoesOverAndBackWhole.
#include "bench/measure.h"
#include "connector/ledger/hand_over.h"
#include "protocol/migration_world.h"

namespace wardbridge::protocol {
namespace {

int macs = 10'000;

class MigrationBench : public MigrationWorld {
 protected:
  template <class IsOver>
  void measure(const char* what, const IsOver& is_over) {
    std::int64_t wall = monotonic_nanoseconds();
    std::int64_t cpu = bench::cpu_of_process();
    Time begun = clock_.now();
    while (!is_over()) {
      pass(seconds{1});
      ASSERT_LT(clock_.now() - begun, hours{2}) << what;
    }
    std::printf("  %-52s wall %-10s CPU %-10s virtual %lld s\n", what,
                bench::Series::shown(static_cast<double>(monotonic_nanoseconds() - wall)).c_str(),
                bench::Series::shown(static_cast<double>(bench::cpu_of_process() - cpu)).c_str(),
                static_cast<long long>(std::chrono::duration_cast<seconds>(clock_.now() - begun).count()));
    std::fflush(stdout);
  }
  bool all_acknowledged(const std::string& connection) {
    return management_store_
        ->read([&](store::Transaction& tx) -> Result<bool> {
          ledger::Progress progress = ledger::progress(tx, {*text::parse_integer(connection)});
          return progress.acknowledged == macs;
        })
        .value();
  }
};

TEST_F(MigrationBench, ThereAndBack) {
  std::printf("%d Macs; %s\n", macs, bench::machine().c_str());
  // As much as may be configured: the default of 20 requests a second for one tenant is what protects a real one, and
  // would be all that is measured.
  options_.requests_per_second = 1000;
  options_.request_burst = 10'000;
  restart_connector(Database::lost);
  std::string manual = connect_manually();
  tell_by(manual);
  for (int i = 0; i < macs; ++i) add_mac(std::to_string(i), i % 3 != 0);
  measure("the fleet as it is, told by the manual connection", [&] { return all_acknowledged(manual); });
  std::string cloud = connect_by_cloud_connector();
  std::int64_t whole = monotonic_nanoseconds();
  ASSERT_EQ(migration("", {{"connectionId", cloud}}).status, 201);
  measure("start to complete report",
          [&] { return api("GET", "/api/v1/wardbridge/migration").at("complete") == "true"; });
  ASSERT_EQ(api("GET", "/api/v1/wardbridge/migration/report").at("totals.differ"), "0");
  ASSERT_EQ(migration("/cut-over").status, 200);
  measure("cut-over until every verdict is acknowledged", [&] { return all_acknowledged(cloud); });
  ASSERT_EQ(migration("/roll-back").status, 200);
  measure("roll-back until every verdict is acknowledged", [&] { return all_acknowledged(manual); });
  std::printf("  %-52s wall %s\n", "start, cut-over and roll-back together",
              bench::Series::shown(static_cast<double>(monotonic_nanoseconds() - whole)).c_str());
}

}  // namespace
}  // namespace wardbridge::protocol

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (argc > 1) wardbridge::protocol::macs = std::max(1, std::atoi(argv[1]));
  return RUN_ALL_TESTS();
}
