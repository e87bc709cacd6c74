// A PostgreSQL server of a test's own: real, syncing to disk, in a temporary directory, reachable only over a Unix
// socket in there. It runs as `postgres` or `nobody` when the test is root, dies with the test, and leaves nothing
// behind.
//
//   Result<PostgresCluster*> cluster = PostgresCluster::of_this_program();
//   if (!cluster.ok()) GTEST_SKIP() << cluster.failure().message;
//   std::unique_ptr<store::Store> store = store::open_postgres((*cluster)->fresh_store()).value();
//
// Its databases sort text as English does (ICU), so code that relies on byte order by luck is found out. Used by one
// thread at a time; start it on the main thread (the server ends when the thread that started it does).
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "platform/store/store.h"

namespace wardbridge::testing {

class PostgresCluster {
 public:
  // The one cluster that all tests of a program share: started by the first call, stopped when the program ends. A
  // failed start is remembered. `no_postgres` when Debian's `postgresql` package is missing.
  static Result<PostgresCluster*> of_this_program();

  // One more, for a test that kills it. About 2 seconds. One that never syncs is faster, and loses what a real crash
  // would take.
  enum class Syncs { always, never };
  static Result<std::unique_ptr<PostgresCluster>> start(Syncs syncs = Syncs::always);
  ~PostgresCluster();
  PostgresCluster(const PostgresCluster&) = delete;

  // libpq connection string of a superuser.
  std::string connection(const std::string& database = "postgres") const;
  // For an empty store: a schema that no other call gets.
  store::PostgresOptions fresh_store();
  // Creates a database and returns its connection string.
  Result<std::string> fresh_database();

  // SIGKILL to the server; its other processes follow by themselves. Then start_again() recovers from the log.
  void kill();
  Status start_again();

 private:
  // The unprivileged user to run as; nothing when the test itself is one.
  struct User {
    std::string name;
    uid_t user_id;
    gid_t group_id;
  };
  PostgresCluster(std::string binaries, std::string directory, std::optional<User> user, Syncs syncs)
      : binaries_(std::move(binaries)), directory_(std::move(directory)), user_(std::move(user)), syncs_(syncs) {}

  Result<pid_t> spawn(std::vector<std::string> arguments) const;
  Status create_files();
  Status start_server();
  std::string last_words() const;

  const std::string binaries_;
  const std::string directory_;
  const std::optional<User> user_;
  const Syncs syncs_;
  pid_t server_ = 0;  // 0: not running
  int given_ = 0;
};

}  // namespace wardbridge::testing
