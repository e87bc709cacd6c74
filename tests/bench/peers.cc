#include "bench/peers.h"

#include <libpq-fe.h>
#include <re2/re2.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "support/postgres_cluster.h"

namespace wardbridge::bench {
namespace {

using Engine = CriteriaSql::Engine;

// NULL is nothing, text stands in quotes: so that no text and an empty one differ.
std::string csv_line(std::span<const store::Value> row) {
  std::string line;
  for (const store::Value& value : row) {
    if (!line.empty()) line += ',';
    if (const auto* number = value.number()) line += std::to_string(*number);
    if (const auto* text = value.text()) {
      line += '"';
      for (char c : *text) line += c == '"' ? std::string("\"\"") : std::string(1, c);
      line += '"';
    }
  }
  return line + "\n";
}

// The fields of such a line; nothing for NULL.
struct Fields {
  std::vector<std::string> texts;
  std::vector<bool> is_null;
};
void read_csv_line(const std::string& line, Fields& fields) {
  fields.texts.clear();
  fields.is_null.clear();
  std::size_t at = 0;
  for (;;) {
    std::string text;
    bool is_null = at == line.size() || line[at] == ',';
    if (!is_null && line[at] == '"') {
      for (++at; line[at] != '"' || line[at + 1] == '"'; ++at) {
        if (line[at] == '"') ++at;
        text += line[at];
      }
      ++at;
    } else {
      while (at < line.size() && line[at] != ',') text += line[at++];
    }
    fields.texts.push_back(std::move(text));
    fields.is_null.push_back(is_null);
    if (at >= line.size()) return;
    ++at;
  }
}

Failure peer_failure(const std::string& peer, const std::string& what) {
  return Failure{Code::internal, "peer", peer + ": " + what};
}

// The same computers in every engine, spread over the fleet.
std::int64_t some_computer(const PeerRun& run, int lookup) {
  return 1 + (std::int64_t{lookup} * 7919 + 17) % run.computers;
}

// --- SQLite

class Sqlite {
 public:
  explicit Sqlite(const std::string& path) {
    CHECK(sqlite3_open(path.c_str(), &handle_) == SQLITE_OK, "SQLite opens no file");
    sqlite3_create_function(handle_, "regexp", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC, nullptr, &regexp, nullptr,
                            nullptr);
  }
  ~Sqlite() { sqlite3_close(handle_); }
  Sqlite(const Sqlite&) = delete;

  Status run(const std::string& sql) {
    char* message = nullptr;
    if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, &message) == SQLITE_OK) return done();
    Failure failure =
        peer_failure("SQLite", std::string(message != nullptr ? message : "") + " in " + sql.substr(0, 500));
    sqlite3_free(message);
    return failure;
  }
  Result<sqlite3_stmt*> prepare(const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(handle_, sql.c_str(), -1, &statement, nullptr) == SQLITE_OK) return statement;
    return peer_failure("SQLite", std::string(sqlite3_errmsg(handle_)) + " in " + sql.substr(0, 500));
  }
  Status load(const std::string& table, std::size_t columns, const std::string& file) {
    std::string marks = "?";
    for (std::size_t i = 1; i < columns; ++i) marks += ",?";
    sqlite3_stmt* insert = TRY(prepare("INSERT INTO " + table + " VALUES (" + marks + ")"));
    std::ifstream lines(file);
    std::string line;
    Fields fields;
    while (std::getline(lines, line)) {
      read_csv_line(line, fields);
      CHECK(fields.texts.size() == columns, line);
      for (std::size_t i = 0; i < columns; ++i) {
        int at = static_cast<int>(i) + 1;
        // The column's affinity turns digits into numbers.
        if (fields.is_null[i]) {
          sqlite3_bind_null(insert, at);
        } else {
          sqlite3_bind_text(insert, at, fields.texts[i].c_str(), static_cast<int>(fields.texts[i].size()),
                            SQLITE_STATIC);
        }
      }
      CHECK(sqlite3_step(insert) == SQLITE_DONE, sqlite3_errmsg(handle_));
      sqlite3_reset(insert);
    }
    sqlite3_finalize(insert);
    return done();
  }

 private:
  static void regexp(sqlite3_context* context, int, sqlite3_value** values) {
    auto* pattern = static_cast<RE2*>(sqlite3_get_auxdata(context, 0));
    if (pattern == nullptr) {
      pattern = new RE2(reinterpret_cast<const char*>(sqlite3_value_text(values[0])));
      sqlite3_set_auxdata(context, 0, pattern, [](void* kept) { delete static_cast<RE2*>(kept); });
      pattern = static_cast<RE2*>(sqlite3_get_auxdata(context, 0));
    }
    const char* text = reinterpret_cast<const char*>(sqlite3_value_text(values[1]));
    sqlite3_result_int(context, pattern != nullptr && RE2::PartialMatch(text, *pattern) ? 1 : 0);
  }
  sqlite3* handle_ = nullptr;
};

}  // namespace

Result<PeerAnswer> run_sqlite(const PeerRun& run) {
  PeerAnswer answer{.name = std::string("SQLite ") + sqlite3_libversion()};
  Sqlite database(run.files.directory() + "/peer.sqlite");
  TRY(database.run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -2000000"));
  Status status = done();
  answer.load.add(1, [&] {
    status = [&]() -> Status {
      TRY(database.run("BEGIN"));
      for (const std::string& sql : run.sql.schema()) TRY(database.run(sql));
      TRY(database.load("computer", run.sql.computer_columns(), run.files.computers()));
      TRY(database.load("application", CriteriaSql::kApplicationColumns, run.files.applications()));
      for (const std::string& sql : run.sql.indexes()) TRY(database.run(sql));
      return database.run("COMMIT; ANALYZE");
    }();
  });
  TRY(std::move(status));
  for (int repetition = 0; repetition < run.repetitions; ++repetition) {
    TRY(database.run("DELETE FROM membership"));
    Status judged = done();
    answer.all.add(1, [&] {
      judged = [&]() -> Status {
        TRY(database.run("BEGIN"));
        for (std::size_t group = 0; group < run.sql.size(); ++group)
          TRY(database.run(run.sql.membership_of(group, Engine::sqlite, run.now)));
        return database.run("COMMIT");
      }();
    });
    TRY(std::move(judged));
  }
  sqlite3_stmt* one = TRY(database.prepare(run.sql.one_computer(Engine::sqlite, run.now)));
  for (int repetition = 0; repetition <= run.repetitions; ++repetition) {
    auto look_up = [&] {
      for (int lookup = 0; lookup < run.lookups; ++lookup) {
        sqlite3_bind_int64(one, 1, some_computer(run, lookup));
        while (sqlite3_step(one) == SQLITE_ROW) {
        }
        sqlite3_reset(one);
      }
    };
    if (repetition == 0) {
      look_up();  // into the cache
    } else {
      answer.one.add(static_cast<std::size_t>(run.lookups), look_up);
    }
  }
  sqlite3_finalize(one);
  sqlite3_stmt* tally = TRY(database.prepare(CriteriaSql::tally()));
  while (sqlite3_step(tally) == SQLITE_ROW) {
    answer.tallies.push_back(
        {sqlite3_column_int64(tally, 0), sqlite3_column_int64(tally, 1), sqlite3_column_int64(tally, 2)});
  }
  sqlite3_finalize(tally);
  return answer;
}

// --- PostgreSQL

namespace {

class Postgres {
 public:
  explicit Postgres(const std::string& connection) : handle_(PQconnectdb(connection.c_str())) {}
  ~Postgres() { PQfinish(handle_); }
  Postgres(const Postgres&) = delete;

  Result<std::vector<Tally>> tallies(const std::string& sql) {
    PGresult* result = PQexec(handle_, sql.c_str());
    std::vector<Tally> tallies;
    for (int row = 0; row < PQntuples(result); ++row) {
      auto number = [&](int column) { return text::parse_integer(PQgetvalue(result, row, column)).value_or(-1); };
      tallies.push_back({number(0), number(1), number(2)});
    }
    TRY(check(result, sql));
    return tallies;
  }
  Status run(const std::string& sql) { return check(PQexec(handle_, sql.c_str()), sql); }
  Status prepare(const std::string& name, const std::string& sql) {
    return check(PQprepare(handle_, name.c_str(), sql.c_str(), 0, nullptr), sql);
  }
  Status run_prepared(const std::string& name, std::int64_t parameter) {
    std::string text = std::to_string(parameter);
    const char* values[] = {text.c_str()};
    return check(PQexecPrepared(handle_, name.c_str(), 1, values, nullptr, nullptr, 0), name);
  }
  Status copy(const std::string& table, const std::string& file) {
    TRY(check(PQexec(handle_, ("COPY " + table + " FROM STDIN (FORMAT csv)").c_str()), "COPY"));
    std::ifstream bytes(file, std::ios::binary);
    std::string part(1 << 20, '\0');
    while (bytes.read(part.data(), static_cast<std::streamsize>(part.size())) || bytes.gcount() > 0) {
      if (PQputCopyData(handle_, part.data(), static_cast<int>(bytes.gcount())) != 1) break;
    }
    PQputCopyEnd(handle_, nullptr);
    Status status = done();
    while (PGresult* result = PQgetResult(handle_)) status = check(result, "COPY " + table);
    return status;
  }
  std::string version() const {
    int number = PQserverVersion(handle_);  // 150018 is 15.18
    return std::to_string(number / 10000) + "." + std::to_string(number % 10000);
  }
  // The processor time of the server's process for this connection.
  clockid_t server_clock() const {
    clockid_t clock = CLOCK_PROCESS_CPUTIME_ID;
    CHECK(::clock_getcpuclockid(PQbackendPID(handle_), &clock) == 0, "the server's processor clock is out of reach");
    return clock;
  }

 private:
  Status check(PGresult* result, const std::string& what) {
    ExecStatusType status = PQresultStatus(result);
    PQclear(result);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_COPY_IN) return done();
    return peer_failure("PostgreSQL", std::string(PQerrorMessage(handle_)) + " in " + what.substr(0, 500));
  }
  PGconn* handle_;
};

}  // namespace

Result<PeerAnswer> run_postgresql(const PeerRun& run) {
  auto* cluster = TRY(testing::PostgresCluster::of_this_program());
  {
    Postgres settings(cluster->connection());
    TRY(settings.run("ALTER SYSTEM SET shared_buffers = '4GB'"));
    TRY(settings.run("ALTER SYSTEM SET max_wal_size = '16GB'"));
  }
  cluster->kill();
  TRY(cluster->start_again());
  Postgres database(TRY(cluster->fresh_database()));
  PeerAnswer answer{.name = "PostgreSQL " + database.version()};
  TRY(database.run("SET work_mem = '512MB'"));
  TRY(database.run("SET maintenance_work_mem = '1GB'"));
  TRY(database.run("SET jit = off"));  // costs more than it gives on these statements
  clockid_t clock = database.server_clock();
  Status status = done();
  answer.load.add(
      1,
      [&] {
        status = [&]() -> Status {
          for (const std::string& sql : run.sql.schema()) TRY(database.run(sql));
          TRY(database.copy("computer", run.files.computers()));
          TRY(database.copy("application", run.files.applications()));
          for (const std::string& sql : run.sql.indexes()) TRY(database.run(sql));
          return database.run("VACUUM ANALYZE");
        }();
      },
      clock);
  TRY(std::move(status));
  for (int repetition = 0; repetition < run.repetitions; ++repetition) {
    TRY(database.run("TRUNCATE membership"));
    Status judged = done();
    answer.all.add(
        1,
        [&] {
          judged = [&]() -> Status {
            TRY(database.run("BEGIN"));
            for (std::size_t group = 0; group < run.sql.size(); ++group)
              TRY(database.run(run.sql.membership_of(group, Engine::postgresql, run.now)));
            return database.run("COMMIT");
          }();
        },
        clock);
    TRY(std::move(judged));
  }
  TRY(database.prepare("one", run.sql.one_computer(Engine::postgresql, run.now)));
  for (int repetition = 0; repetition <= run.repetitions; ++repetition) {
    Status looked = done();
    auto look_up = [&] {
      for (int lookup = 0; lookup < run.lookups && looked.ok(); ++lookup)
        looked = database.run_prepared("one", some_computer(run, lookup));
    };
    if (repetition == 0) {
      look_up();  // into the cache, and until the plan is a generic one
    } else {
      answer.one.add(static_cast<std::size_t>(run.lookups), look_up, clock);
    }
    TRY(std::move(looked));
  }
  answer.tallies = TRY(database.tallies(CriteriaSql::tally()));
  return answer;
}

// --- DuckDB

Result<PeerAnswer> run_duckdb(const PeerRun& run) {
  // What the script does is in this file; what came of it in the other.
  std::string plan_path = run.files.directory() + "/duckdb_plan.json";
  std::string answer_path = run.files.directory() + "/duckdb_answer.json";
  json::Array statements, computers;
  for (std::size_t group = 0; group < run.sql.size(); ++group)
    statements.emplace_back(run.sql.membership_of(group, Engine::duckdb, run.now));
  int lookups = std::min(run.lookups, 3);
  for (int lookup = 0; lookup < lookups; ++lookup) computers.emplace_back(some_computer(run, lookup));
  json::Object plan{{"database", run.files.directory() + "/peer.duckdb"},
                    {"schema", json::to_array(run.sql.schema())},
                    {"computers", run.files.computers()},
                    {"applications", run.files.applications()},
                    {"statements", std::move(statements)},
                    {"oneComputer", run.sql.one_computer(Engine::duckdb, run.now)},
                    {"lookups", std::move(computers)},
                    {"tally", CriteriaSql::tally()},
                    {"repetitions", run.repetitions},
                    {"threads", 2},
                    {"answer", answer_path}};
  std::ofstream(plan_path) << json::to_text(plan);

  std::string folder = WARDBRIDGE_PEERS_FOLDER;
  if (!std::filesystem::exists(folder + "/node_modules")) {
    // Installed beside the script and nowhere else; nothing but what the lock file names.
    std::string install = "npm ci --prefix '" + folder + "' --no-audit --no-fund --silent";
    if (std::system(install.c_str()) != 0) return peer_failure("DuckDB", "`" + install + "` failed");
  }
  pid_t child = ::fork();
  if (child < 0) return peer_failure("DuckDB", "fork failed");
  if (child == 0) {
    std::string script = folder + "/duckdb.js";
    ::execlp("node", "node", script.c_str(), plan_path.c_str(), nullptr);
    ::_exit(127);
  }
  int code = 0;
  ::waitpid(child, &code, 0);
  if (code != 0) return peer_failure("DuckDB", "the script failed");

  std::ifstream file(answer_path);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  json::Value told = TRY(json::parse(text));
  const json::Object& object = told.as_object();
  PeerAnswer answer{.name = "DuckDB " + std::string(json::text_at(object, "version").value_or(""))};
  auto take = [&](const char* name, Series& series) {
    for (const json::Value& one : *json::array_at(object, name)) {
      const json::Array& times = one.as_array();
      series.note(times.at(0).to_number<double>(), times.at(1).to_number<double>());
    }
  };
  take("load", answer.load);
  take("all", answer.all);
  take("one", answer.one);
  for (const json::Value& row : *json::array_at(object, "tallies")) {
    auto number = [&](std::size_t column) {
      return text::parse_integer(row.as_array().at(column).as_string()).value_or(-1);
    };
    answer.tallies.push_back({number(0), number(1), number(2)});
  }
  return answer;
}

// --- Files

PeerFiles::PeerFiles(std::string directory) : directory_(std::move(directory)) {
  computers_ = std::fopen(computers().c_str(), "w");
  applications_ = std::fopen(applications().c_str(), "w");
  CHECK(computers_ != nullptr && applications_ != nullptr, "no files in " + directory_);
}

PeerFiles::~PeerFiles() { finish(); }

CriteriaSql::Sink PeerFiles::sink() {
  auto writer = [](std::FILE* file) {
    return [file](std::span<const store::Value> row) {
      std::string line = csv_line(row);
      CHECK(std::fwrite(line.data(), 1, line.size(), file) == line.size(), "the disk is full");
    };
  };
  return {writer(computers_), writer(applications_)};
}

void PeerFiles::finish() {
  if (computers_ != nullptr) std::fclose(computers_);
  if (applications_ != nullptr) std::fclose(applications_);
  computers_ = applications_ = nullptr;
}

}  // namespace wardbridge::bench
