#include "platform/store/postgres_connection.h"

#include <array>

#include "base/text.h"
#include "platform/store/sql_text.h"

namespace wardbridge::store {
namespace {

constexpr std::size_t kPreparedStatements = 500;
constexpr int kRowsPerFetch = 256;

// From PostgreSQL's catalogue pg_type; these numbers never change.
enum TypeOid : Oid {
  kUnspecified = 0,
  kBool = 16,
  kName = 19,
  kInt8 = 20,
  kInt2 = 21,
  kInt4 = 23,
  kText = 25,
  kUnknown = 705,
  kBpchar = 1042,
  kVarchar = 1043,
  kNumeric = 1700,
};

// Text is compared by its bytes, whatever language the database was made for.
std::string to_postgres(std::string_view sql, std::size_t& placeholders) {
  std::string numbered = number_placeholders(sql, placeholders);
  if (!starts_with_words(numbered, "CREATE TABLE") && !starts_with_words(numbered, "ALTER TABLE")) return numbered;
  return replace_word(numbered, "TEXT", "TEXT COLLATE \"C\"");
}

Oid type_of(const Value& value) { return value.number() ? kInt8 : value.text() ? kText : kUnspecified; }

// Parameters in libpq's shape. `numbers` owns the digits.
struct Bound {
  explicit Bound(Parameters parameters) {
    numbers.reserve(parameters.size());
    for (const Value& value : parameters) {
      if (const std::int64_t* number = value.number())
        texts.push_back(numbers.emplace_back(std::to_string(*number)).c_str());
      else
        texts.push_back(value.text() ? value.text()->c_str() : nullptr);
      types.push_back(type_of(value));
    }
  }
  int count() const { return static_cast<int>(texts.size()); }

  std::vector<std::string> numbers;
  std::vector<const char*> texts;
  std::vector<Oid> types;
};

// Do these parameters fit a statement prepared for `types`? A NULL fits every type.
bool fits(const std::vector<Oid>& types, const std::vector<Oid>& wanted) {
  for (std::size_t i = 0; i < types.size(); ++i)
    if (wanted[i] != kUnspecified && wanted[i] != types[i]) return false;
  return true;
}

Failure foreign_type(int column, std::string_view sql) {
  return {Code::internal, "sql",
          "column " + std::to_string(column) + " is neither an integer nor a text in `" + std::string(sql) + "`"};
}

std::string first_line(const char* message) {
  std::string_view line = message;
  return std::string(text::trim(line.substr(0, line.find('\n'))));
}

}  // namespace

Result<std::unique_ptr<PostgresConnection>> PostgresConnection::open(const std::string& connection,
                                                                     const std::string& schema) {
  // What the connection string says comes later and wins over what stands before it.
  const std::array<const char*, 5> names = {"connect_timeout", "application_name", "dbname", "client_encoding",
                                            nullptr};
  const std::array<const char*, 5> values = {"10", "wardbridge", connection.c_str(), "UTF8", nullptr};
  std::unique_ptr<PostgresConnection> opened(new PostgresConnection(PQconnectdbParams(names.data(), values.data(), 1)));
  PGconn* raw = opened->connection_.get();
  if (PQstatus(raw) != CONNECTION_OK)
    return unavailable("store_down",
                       "connecting to postgresql: " + first_line(raw ? PQerrorMessage(raw) : "no memory"));
  PQsetNoticeProcessor(
      raw, [](void*, const char*) {}, nullptr);
  // INVARIANT: law 8. COMMIT answers after the log is on disk, whatever the server's default is.
  TRY(opened->control("SET synchronous_commit = on").status);
  TRY(opened->control("SET search_path = " + opened->quoted(schema)).status);
  return opened;
}

std::string PostgresConnection::quoted(const std::string& identifier) const {
  std::unique_ptr<char, decltype(&PQfreemem)> text(
      PQescapeIdentifier(connection_.get(), identifier.data(), identifier.size()), &PQfreemem);
  CHECK(text, "an identifier that can't be quoted");
  return text.get();
}

const std::string& PostgresConnection::prepare(std::string_view sql, Parameters parameters) {
  std::vector<Oid> types;
  for (const Value& value : parameters) types.push_back(type_of(value));

  auto found = prepared_.find(sql);
  if (found == prepared_.end()) {
    if (prepared_count_ >= kPreparedStatements) {
      Reply reply(PQexec(connection_.get(), "DEALLOCATE ALL"));
      if (PQresultStatus(reply.get()) != PGRES_COMMAND_OK) throw failure(reply.get(), "DEALLOCATE ALL");
      prepared_.clear();
      prepared_count_ = 0;
    }
    found = prepared_.emplace(std::string(sql), std::vector<Prepared>{}).first;
  }
  for (const Prepared& prepared : found->second) {
    CHECK(prepared.types.size() == types.size(), "the statement has another number of placeholders");
    if (fits(prepared.types, types)) return prepared.name;
    // What is NULL now was a number or a text before: the new statement shall fit both.
    for (std::size_t i = 0; i < types.size(); ++i)
      if (types[i] == kUnspecified) types[i] = prepared.types[i];
  }
  std::size_t placeholders = 0;
  std::string translated = to_postgres(sql, placeholders);
  CHECK(placeholders == types.size(), "the statement has another number of placeholders");
  std::string name = "s" + std::to_string(++names_given_);
  Reply reply(PQprepare(connection_.get(), name.c_str(), translated.c_str(), static_cast<int>(types.size()),
                        types.empty() ? nullptr : types.data()));
  if (PQresultStatus(reply.get()) != PGRES_COMMAND_OK) throw failure(reply.get(), sql);
  ++prepared_count_;
  return found->second.emplace_back(Prepared{std::move(types), std::move(name)}).name;
}

PostgresConnection::Answer PostgresConnection::run(std::string_view sql, Parameters parameters) {
  check_texts(parameters);
  const std::string& name = prepare(sql, parameters);
  Bound bound(parameters);
  Reply reply(PQexecPrepared(connection_.get(), name.c_str(), bound.count(), bound.texts.data(), nullptr, nullptr, 0));
  ExecStatusType status = PQresultStatus(reply.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) throw failure(reply.get(), sql);
  return {.rows = rows_of(reply.get(), sql), .touched = text::parse_integer(PQcmdTuples(reply.get())).value_or(0)};
}

void PostgresConnection::walk(std::string_view sql, Parameters parameters, const std::function<bool(const Row&)>& row) {
  // A cursor rather than libpq's single-row mode: the callback may run statements of its own.
  check_texts(parameters);
  std::string cursor = "walk" + std::to_string(++names_given_);
  std::size_t placeholders = 0;
  std::string declare = "DECLARE " + cursor + " NO SCROLL CURSOR FOR " + to_postgres(sql, placeholders);
  CHECK(placeholders == parameters.size(), "the statement has another number of placeholders");
  Bound bound(parameters);
  Reply declared(PQexecParams(connection_.get(), declare.c_str(), bound.count(), bound.types.data(), bound.texts.data(),
                              nullptr, nullptr, 0));
  if (PQresultStatus(declared.get()) != PGRES_COMMAND_OK) throw failure(declared.get(), sql);

  const std::string fetch = "FETCH FORWARD " + std::to_string(kRowsPerFetch) + " FROM " + cursor;
  for (bool more = true; more;) {
    Reply reply(PQexec(connection_.get(), fetch.c_str()));
    if (PQresultStatus(reply.get()) != PGRES_TUPLES_OK) throw failure(reply.get(), sql);
    more = PQntuples(reply.get()) == kRowsPerFetch;
    for (const Row& one : rows_of(reply.get(), sql)) {
      if (row(one)) continue;
      more = false;
      break;
    }
  }
  Reply closed(PQexec(connection_.get(), ("CLOSE " + cursor).c_str()));
  if (PQresultStatus(closed.get()) != PGRES_COMMAND_OK) throw failure(closed.get(), sql);
}

BodyOutcome PostgresConnection::control(const std::string& sql) {
  Reply reply(PQexec(connection_.get(), sql.c_str()));
  ExecStatusType status = PQresultStatus(reply.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return {};
  StatementFailed failed = failure(reply.get(), sql);
  return {.status = std::move(failed.failure), .remedy = failed.remedy};
}

BodyOutcome PostgresConnection::commit() {
  Reply reply(PQexec(connection_.get(), "COMMIT"));
  if (PQresultStatus(reply.get()) == PGRES_COMMAND_OK) {
    if (PQcmdStatus(reply.get()) == std::string_view("COMMIT")) return {};
    return {.status = Failure{Code::internal, "sql", "the transaction was undone instead of committed"}};
  }
  if (PQstatus(connection_.get()) != CONNECTION_OK)
    return {.status = Failure{Code::timeout, "commit_unknown",
                              "the connection to postgresql broke during the commit; it may have happened"}};
  StatementFailed failed = failure(reply.get(), "COMMIT");
  return {.status = std::move(failed.failure), .remedy = failed.remedy};
}

std::vector<Row> PostgresConnection::rows_of(const PGresult* result, std::string_view sql) {
  std::vector<Row> rows;
  int count = PQntuples(result);
  int columns = PQnfields(result);
  rows.reserve(static_cast<std::size_t>(count));
  for (int at = 0; at < count; ++at) {
    std::vector<Value> values;
    values.reserve(static_cast<std::size_t>(columns));
    for (int column = 0; column < columns; ++column) {
      if (PQgetisnull(result, at, column)) {
        values.emplace_back();
        continue;
      }
      std::string_view text(PQgetvalue(result, at, column), static_cast<std::size_t>(PQgetlength(result, at, column)));
      switch (PQftype(result, column)) {
        case kInt8:
        case kInt4:
        case kInt2:
        case kNumeric: {  // sums of BIGINT are NUMERIC
          std::optional<std::int64_t> number = text::parse_integer(text);
          if (!number) throw StatementFailed{foreign_type(column, sql)};
          values.emplace_back(*number);
          break;
        }
        case kBool:
          values.emplace_back(text == "t");
          break;
        case kText:
        case kVarchar:
        case kBpchar:
        case kName:
        case kUnknown:
          values.emplace_back(text);
          break;
        default:
          throw StatementFailed{foreign_type(column, sql)};
      }
    }
    rows.emplace_back(std::move(values));
  }
  return rows;
}

StatementFailed PostgresConnection::failure(const PGresult* result, std::string_view sql) const {
  using Remedy = StatementFailed::Remedy;
  if (PQstatus(connection_.get()) != CONNECTION_OK)
    return {unavailable("store_down", "the connection to postgresql broke"), Remedy::reconnect};
  const char* field = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : nullptr;
  std::string_view state = field ? field : "";
  // The codes are those of appendix A of PostgreSQL's manual. The server's own message may quote values, so it is
  // passed on only where it is about the text of the statement (class 42).
  if (state == "23505") return {conflict("already_exists", "a row with that key already exists")};
  if (state == "40001" || state == "40P01")
    return {unavailable("store_busy", "too many conflicting writes at a time"), Remedy::run_again};
  if (state == "53100") return {unavailable("disk_full", "the disk of the store is full")};
  if (state == "22021" || state == "22P05") return {invalid("bad_text", "a text to be stored is not UTF-8")};
  if (state == "0A000")  // a prepared statement from before another node changed the table
    return {{Code::internal, "sql", "postgresql can't do this: `" + std::string(sql) + "`"}, Remedy::reconnect};
  if (state.starts_with("08") || state.starts_with("57P"))
    return {unavailable("store_down", "the connection to postgresql broke"), Remedy::reconnect};
  if (state.starts_with("53") || state.starts_with("58") || state.starts_with("XX"))
    return {unavailable("store_down", "postgresql has trouble (" + std::string(state) + ")")};
  std::string about;
  if (state.starts_with("42")) about = ", " + first_line(PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
  return {
      {Code::internal, "sql", "statement refused (" + std::string(state) + about + ") in `" + std::string(sql) + "`"}};
}

}  // namespace wardbridge::store
