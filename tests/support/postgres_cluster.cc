#include "support/postgres_cluster.h"

#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/text.h"

namespace wardbridge::testing {
namespace {

namespace fs = std::filesystem;
using SteadyTime = std::chrono::steady_clock::time_point;

constexpr std::chrono::seconds kStartTime{30};

bool has_server(const fs::path& folder) {
  std::error_code ignored;
  return fs::exists(folder / "postgres", ignored) && fs::exists(folder / "initdb", ignored);
}

// Debian keeps the server's programs out of PATH, a folder per version.
std::optional<std::string> find_binaries() {
  std::vector<fs::path> folders;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", error))
    folders.push_back(entry.path() / "bin");
  std::sort(folders.rbegin(), folders.rend());
  const char* path = std::getenv("PATH");
  for (std::string_view folder : text::split(path ? path : "", ':')) folders.emplace_back(folder);
  for (const fs::path& folder : folders)
    if (has_server(folder)) return folder.string();
  return std::nullopt;
}

Failure system_failure(const std::string& what) {
  return Failure{Code::internal, "system", what + ": " + std::strerror(errno)};
}

int wait_for_exit(pid_t process) {
  int status = 0;
  while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

void pause_briefly() { std::this_thread::sleep_for(std::chrono::milliseconds(10)); }

}  // namespace

Result<PostgresCluster*> PostgresCluster::of_this_program() {
  static Result<std::unique_ptr<PostgresCluster>> cluster = start();
  if (!cluster.ok()) return cluster.failure();
  return cluster->get();
}

Result<std::unique_ptr<PostgresCluster>> PostgresCluster::start(Syncs syncs) {
  std::optional<std::string> binaries = find_binaries();
  if (!binaries)
    return unavailable("no_postgres", "no PostgreSQL server on this machine: `apt-get install postgresql` brings it");
  std::optional<User> user;
  if (::geteuid() == 0) {  // the server refuses to run as root
    const passwd* entry = ::getpwnam("postgres");
    if (!entry) entry = ::getpwnam("nobody");
    if (!entry) return unavailable("no_postgres", "no user `postgres` or `nobody` to run a PostgreSQL server as");
    user = User{entry->pw_name, entry->pw_uid, entry->pw_gid};
  }
  std::string directory = (fs::temp_directory_path() / "wardbridge-postgres-XXXXXX").string();
  if (!::mkdtemp(directory.data())) return system_failure("making `" + directory + "`");
  std::unique_ptr<PostgresCluster> cluster(new PostgresCluster(*binaries, directory, user, syncs));
  if (user && ::chown(directory.c_str(), user->user_id, user->group_id) != 0)
    return system_failure("giving `" + directory + "` away");
  TRY(cluster->create_files());
  TRY(cluster->start_server());
  return cluster;
}

PostgresCluster::~PostgresCluster() {
  if (server_ > 0) {
    ::kill(server_, SIGQUIT);  // without a last checkpoint: the files go away anyway
    wait_for_exit(server_);
  }
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

Result<pid_t> PostgresCluster::spawn(std::vector<std::string> arguments) const {
  std::string program = binaries_ + "/" + arguments[0];
  std::string log = directory_ + "/log";
  // The programs find each other by the path that they were called by; PATH may not have it.
  arguments[0] = program;
  std::vector<char*> words;
  for (std::string& argument : arguments) words.push_back(argument.data());
  words.push_back(nullptr);
  pid_t parent = ::getpid();
  pid_t child = ::fork();
  if (child < 0) return system_failure("fork");
  if (child > 0) return child;
  // In the child, where only plain system calls are safe. The death signal comes after the change of user, which clears
  // it.
  if (user_ && (::setgroups(0, nullptr) != 0 || ::setgid(user_->group_id) != 0 || ::setuid(user_->user_id) != 0))
    ::_exit(126);
  ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
  int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  int input = ::open("/dev/null", O_RDONLY);
  if (::getppid() != parent || output < 0 || input < 0 || ::chdir(directory_.c_str()) != 0) ::_exit(126);
  ::dup2(input, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  ::execv(program.c_str(), words.data());
  ::_exit(127);
}

Status PostgresCluster::create_files() {
  // --no-sync is about these first files only; the server itself syncs.
  pid_t process = TRY(spawn({"initdb", "-D", directory_ + "/data", "-U", "postgres", "--auth=trust", "--no-sync",
                             "--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US"}));
  if (wait_for_exit(process) != 0) return Failure{Code::internal, "initdb", "initdb failed: " + last_words()};
  return done();
}

Status PostgresCluster::start_server() {
  SteadyTime deadline = std::chrono::steady_clock::now() + kStartTime;
  std::string target = connection();
  const std::string fsync = syncs_ == Syncs::always ? "fsync=on" : "fsync=off";
  while (std::chrono::steady_clock::now() < deadline) {
    // deadlock_timeout: tests provoke deadlocks and should not wait a second for each.
    server_ = TRY(spawn({"postgres", "-D", directory_ + "/data", "-k", directory_, "-c", "listen_addresses=", "-c",
                         fsync, "-c", "deadlock_timeout=50ms", "-c", "max_connections=100"}));
    while (::waitpid(server_, nullptr, WNOHANG) == 0) {
      if (PQping(target.c_str()) == PQPING_OK) return done();
      if (std::chrono::steady_clock::now() > deadline) {
        return Failure{Code::timeout, "postgres_start", "the PostgreSQL server did not start: " + last_words()};
      }
      pause_briefly();
    }
    // It ended: after a kill(), the old server's processes may still hold its shared memory for a moment.
    server_ = 0;
    pause_briefly();
  }
  return Failure{Code::internal, "postgres_start", "the PostgreSQL server does not start: " + last_words()};
}

std::string PostgresCluster::connection(const std::string& database) const {
  return "host=" + directory_ + " user=postgres dbname=" + database;
}

store::PostgresOptions PostgresCluster::fresh_store() {
  return {.connection = connection(), .schema = "test_" + std::to_string(++given_)};
}

Result<std::string> PostgresCluster::fresh_database() {
  std::string name = "test_" + std::to_string(++given_);
  PGconn* raw = PQconnectdb(connection().c_str());
  PGresult* result = PQexec(raw, ("CREATE DATABASE " + name).c_str());
  Status status = PQresultStatus(result) == PGRES_COMMAND_OK
                      ? done()
                      : Status(Failure{Code::internal, "postgres", PQerrorMessage(raw)});
  PQclear(result);
  PQfinish(raw);
  TRY(std::move(status));
  return connection(name);
}

void PostgresCluster::kill() {
  CHECK(server_ > 0, "the server does not run");
  ::kill(server_, SIGKILL);
  wait_for_exit(server_);
  server_ = 0;
}

Status PostgresCluster::start_again() {
  CHECK(server_ == 0, "the server still runs");
  return start_server();
}

std::string PostgresCluster::last_words() const {
  std::ifstream log(directory_ + "/log");
  std::string line;
  std::vector<std::string> lines;
  while (std::getline(log, line)) lines.push_back(line);
  if (lines.size() > 5) lines.erase(lines.begin(), lines.end() - 5);
  return text::join(lines, " | ");
}

}  // namespace wardbridge::testing
