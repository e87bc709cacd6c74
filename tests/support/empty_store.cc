#include "support/empty_store.h"

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "base/check.h"
#include "support/postgres_cluster.h"

namespace wardbridge::test_support {

bool is_on_postgres() {
  const char* wanted = std::getenv("WARDBRIDGE_TEST_STORE");
  return wanted != nullptr && std::string_view(wanted) == "postgresql";
}

std::unique_ptr<store::Store> empty_store() {
  if (!is_on_postgres()) return store::open_sqlite({.path = ":memory:"}).value();
  // What these tests ask is whether the SQL works, not whether it survives: nothing is synced to disk.
  static Result<std::unique_ptr<testing::PostgresCluster>> cluster =
      testing::PostgresCluster::start(testing::PostgresCluster::Syncs::never);
  if (!cluster.ok()) {
    std::fprintf(stderr, "not run on PostgreSQL: %s\n", cluster.failure().message.c_str());
    std::exit(cluster.failure().reason == "no_postgres" ? kSkipped : 1);
  }
  return store::open_postgres((*cluster)->fresh_store()).value();
}

}  // namespace wardbridge::test_support
