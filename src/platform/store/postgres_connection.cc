#include "platform/store/postgres_connection.h"

#include <endian.h>

#include <algorithm>
#include <array>
#include <list>

#include "base/text.h"
#include "platform/metrics/metrics.h"
#include "platform/store/sql_text.h"

namespace wardbridge::store {
namespace {

constexpr std::size_t kPreparedStatements = 500;
constexpr int kRowsPerFetch = 256;
// libpq keeps reading while it waits to send, so neither side can block the other; this bounds what lies unread.
constexpr std::size_t kUnansweredStatements = 1'000;

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
  kRegclass = 2205,
};

Oid type_of(const Argument& argument) {
  if (argument.number()) return kInt8;
  if (argument.text()) return kText;
  return argument.next_id() ? kRegclass : kUnspecified;
}

// Text is compared by its bytes, whatever language the database was made for. An id to come is made by the server, from
// the sequence that the parameter names.
std::string to_postgres(std::string_view sql, const std::vector<Oid>& types) {
  std::size_t placeholders = 0;
  std::string numbered = number_placeholders(sql, placeholders, [&](std::size_t position, std::string one) {
    return position < types.size() && types[position] == kRegclass ? "nextval(" + one + ")" : one;
  });
  CHECK(placeholders == types.size(), "the statement has another number of placeholders");
  if (!starts_with_words(numbered, "CREATE TABLE") && !starts_with_words(numbered, "ALTER TABLE")) return numbered;
  return replace_word(numbered, "TEXT", "TEXT COLLATE \"C\"");
}

// Arguments in libpq's shape: numbers and texts in binary, which is never measured, formatted or parsed.
class Bound {
 public:
  Bound(const PostgresConnection& connection, Arguments arguments) {
    for (auto* list : {&lengths_, &formats_}) list->reserve(arguments.size());
    values_.reserve(arguments.size());
    numbers_.reserve(arguments.size());
    for (const Argument& argument : arguments) {
      if (const std::int64_t* number = argument.number()) {
        numbers_.push_back(htobe64(static_cast<std::uint64_t>(*number)));
        add(reinterpret_cast<const char*>(&numbers_.back()), sizeof(std::uint64_t), kBinary);
      } else if (const std::string_view* text = argument.text()) {
        if (text->size() > kLongestText) throw StatementFailed{invalid("bad_text", "a text is too large to be stored")};
        add(text->empty() ? "" : text->data(), text->size(), kBinary);  // a null pointer would be NULL
      } else if (const NextId* id = argument.next_id()) {
        sequences_.push_back(connection.quoted(sequence_of(id->name)));
        add(sequences_.back().c_str(), sequences_.back().size(), kText);
      } else {
        add(nullptr, 0, kBinary);
      }
    }
  }
  int count() const { return static_cast<int>(values_.size()); }
  const char* const* values() const { return values_.data(); }
  const int* lengths() const { return lengths_.data(); }
  const int* formats() const { return formats_.data(); }

 private:
  enum Format { kText = 0, kBinary = 1 };
  static constexpr std::size_t kLongestText = 1'000'000'000;  // PostgreSQL's own limit is near

  void add(const char* value, std::size_t length, Format format) {
    values_.push_back(value);
    lengths_.push_back(static_cast<int>(length));
    formats_.push_back(format);
  }

  std::vector<const char*> values_;
  std::vector<int> lengths_;
  std::vector<int> formats_;
  std::vector<std::uint64_t> numbers_;
  std::list<std::string> sequences_;  // which do not move
};

// Do these parameters fit a statement prepared for `types`? A NULL fits every type of a value.
bool fits(const std::vector<Oid>& types, const std::vector<Oid>& wanted) {
  for (std::size_t i = 0; i < types.size(); ++i)
    if (wanted[i] != types[i] && (wanted[i] != kUnspecified || types[i] == kRegclass)) return false;
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

constexpr std::string_view kCommit = "COMMIT";
constexpr std::string_view kRollback = "ROLLBACK";

}  // namespace

std::string sequence_of(std::string_view counter) { return "store_counter_" + std::string(counter); }

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
  TRY(opened->set_up("SET synchronous_commit = on; SET search_path = " + opened->quoted(schema)));
  CHECK(PQenterPipelineMode(raw) == 1, "a new connection is busy");
  return opened;
}

std::string PostgresConnection::quoted(const std::string& identifier) const {
  std::unique_ptr<char, decltype(&PQfreemem)> text(
      PQescapeIdentifier(connection_.get(), identifier.data(), identifier.size()), &PQfreemem);
  CHECK(text, "an identifier that can't be quoted");
  return text.get();
}

Status PostgresConnection::set_up(const std::string& sql) {
  Reply reply(PQexec(connection_.get(), sql.c_str()));
  if (PQresultStatus(reply.get()) == PGRES_COMMAND_OK) return done();
  return failure(reply.get(), sql).failure;
}

void PostgresConnection::begin(std::string_view sql) {
  CHECK(begin_.empty() && !in_transaction_, "a transaction inside a transaction");
  // Reads what came since the last use without waiting for more: a connection that the server closed meanwhile is found
  // out before a COMMIT is sent, of which nobody could say whether it happened.
  (void)PQconsumeInput(connection_.get());
  begin_ = sql;
}

PostgresConnection::Answer PostgresConnection::run(std::string_view sql, Arguments arguments) {
  check_texts(arguments);
  make_room_for_statements();
  send(sql, arguments);
  Reply reply = wait();
  return {.rows = rows_of(reply.get(), sql), .touched = text::parse_integer(PQcmdTuples(reply.get())).value_or(0)};
}

void PostgresConnection::post(std::string_view sql, Arguments arguments) {
  check_texts(arguments);
  make_room_for_statements();
  send(sql, arguments);
  if (sent_.size() >= kUnansweredStatements) (void)wait();
}

void PostgresConnection::walk(std::string_view sql, Arguments arguments, const std::function<bool(const Row&)>& row) {
  // A cursor rather than libpq's single-row mode: the callback may run statements of its own.
  check_texts(arguments);
  std::string cursor = "walk" + std::to_string(++names_given_);
  std::vector<Oid> types;
  for (const Argument& argument : arguments) types.push_back(type_of(argument));
  send_unprepared(sql, "DECLARE " + cursor + " NO SCROLL CURSOR FOR " + to_postgres(sql, types), arguments);

  const std::string fetch = "FETCH FORWARD " + std::to_string(kRowsPerFetch) + " FROM " + cursor;
  for (bool more = true; more;) {
    send_unprepared(sql, fetch, {});
    Reply reply = wait();
    more = PQntuples(reply.get()) == kRowsPerFetch;
    for (const Row& one : rows_of(reply.get(), sql)) {
      if (row(one)) continue;
      more = false;
      break;
    }
  }
  send_unprepared("CLOSE", "CLOSE " + cursor, {});
}

BodyOutcome PostgresConnection::commit() {
  if (!std::exchange(begin_, {}).empty()) return {};  // not one statement: nothing was even begun
  Answers answers;
  try {
    send(kCommit, {});
    answers = ask();
  } catch (StatementFailed& failed) {  // it could not be sent
    roll_back(Undo::now);
    return {.status = std::move(failed.failure), .remedy = failed.remedy};
  }
  in_transaction_ = false;
  if (!answers.failed) {
    if (PQcmdStatus(answers.last.get()) == kCommit) return {};
    return {.status = Failure{Code::internal, "sql", "the transaction was undone instead of committed"}};
  }
  if (answers.last_was_skipped) {
    in_transaction_ = true;
    roll_back(Undo::now);
  } else if (PQstatus(connection_.get()) != CONNECTION_OK) {
    return {.status = Failure{Code::timeout, "commit_unknown",
                              "the connection to postgresql broke during the commit; it may have happened"}};
  }
  return {.status = std::move(answers.failed->failure), .remedy = answers.failed->remedy};
}

void PostgresConnection::roll_back(Undo when) {
  begin_ = {};
  if (!std::exchange(in_transaction_, false) || PQstatus(connection_.get()) != CONNECTION_OK) return;
  try {
    // What was posted may fail, and would take a ROLLBACK of the same segment with it.
    if (!sent_.empty() && sent_.back().kind != Sent::Kind::sync) end_segment();
    send(kRollback, {});
    if (when == Undo::now)
      (void)ask();
    else
      end_segment();
  } catch (StatementFailed&) {
    in_transaction_ = true;  // the connection is of no use any more
  }
}

bool PostgresConnection::is_idle() const {
  if (PQstatus(connection_.get()) != CONNECTION_OK || in_transaction_ || !begin_.empty()) return false;
  return !sent_.empty() || PQtransactionStatus(connection_.get()) == PQTRANS_IDLE;
}

void PostgresConnection::send_begin() {
  if (begin_.empty()) return;
  in_transaction_ = true;
  send(std::exchange(begin_, {}), {});
}

void PostgresConnection::send(std::string_view sql, Arguments arguments) {
  send_begin();
  const Prepared& prepared = prepare(sql, arguments);
  Bound bound(*this, arguments);
  if (!PQsendQueryPrepared(connection_.get(), prepared.name.c_str(), bound.count(), bound.values(), bound.lengths(),
                           bound.formats(), 0))
    throw failure(nullptr, sql);
  sent_.push_back({Sent::Kind::statement, prepared.sql});
}

void PostgresConnection::send_unprepared(std::string_view named, const std::string& sql, Arguments arguments) {
  send_begin();
  Bound bound(*this, arguments);
  std::vector<Oid> types;
  for (const Argument& argument : arguments) types.push_back(type_of(argument));
  if (!PQsendQueryParams(connection_.get(), sql.c_str(), bound.count(), types.data(), bound.values(), bound.lengths(),
                         bound.formats(), 0))
    throw failure(nullptr, named);
  sent_.push_back({Sent::Kind::statement, named});
}

const PostgresConnection::Prepared& PostgresConnection::prepare(std::string_view sql, Arguments arguments) {
  std::vector<Oid> types;
  types.reserve(arguments.size());
  for (const Argument& argument : arguments) types.push_back(type_of(argument));

  auto found = prepared_.find(sql);
  if (found == prepared_.end()) found = prepared_.emplace(std::string(sql), std::vector<Prepared>{}).first;
  for (const Prepared& prepared : found->second) {
    CHECK(prepared.types.size() == types.size(), "the statement has another number of placeholders");
    if (fits(prepared.types, types)) return prepared;
    // What is NULL now was a number or a text before: the new statement shall fit both.
    for (std::size_t i = 0; i < types.size(); ++i)
      if (types[i] == kUnspecified && prepared.types[i] != kRegclass) types[i] = prepared.types[i];
  }
  std::string translated = to_postgres(sql, types);
  std::string name = "s" + std::to_string(++names_given_);
  if (!PQsendPrepare(connection_.get(), name.c_str(), translated.c_str(), static_cast<int>(types.size()), types.data()))
    throw failure(nullptr, sql);
  sent_.push_back({Sent::Kind::preparation, found->first, name});
  ++prepared_count_;
  return found->second.emplace_back(Prepared{found->first, std::move(types), std::move(name)});
}

void PostgresConnection::forget(const Sent& preparation) {
  auto found = prepared_.find(preparation.sql);
  CHECK(found != prepared_.end());
  prepared_count_ -=
      std::erase_if(found->second, [&](const Prepared& prepared) { return prepared.name == preparation.prepared; });
}

void PostgresConnection::make_room_for_statements() {
  if (prepared_count_ < kPreparedStatements) return;
  send_begin();
  (void)wait();  // what is on its way refers to the texts that go now
  send_unprepared("DEALLOCATE ALL", "DEALLOCATE ALL", {});
  prepared_.clear();
  prepared_count_ = 0;
}

void PostgresConnection::end_segment() {
  // Sends all that lies in the buffer, too. When that fails, what the server said last may still be there to be read.
  if (!PQpipelineSync(connection_.get()) && PQstatus(connection_.get()) == CONNECTION_OK)
    throw failure(nullptr, "sync");
  sent_.push_back({Sent::Kind::sync});
}

PostgresConnection::Answers PostgresConnection::ask() {
  static auto& round_trips = metrics::counter("wardbridge_store_round_trips_total",
                                              "times that the server was waited for", {{"store", "postgresql"}});
  end_segment();
  round_trips.add();
  Answers answers;
  for (bool answered = false; !sent_.empty();) {
    Reply reply(PQgetResult(connection_.get()));
    if (!reply && answered) {  // the end of a statement's results
      answered = false;
      sent_.pop_front();
      continue;
    }
    CHECK(reply || PQstatus(connection_.get()) != CONNECTION_OK, "libpq waits for nothing, but answers are missing");
    const Sent& asked = sent_.front();
    ExecStatusType status = PQresultStatus(reply.get());
    if (status == PGRES_PIPELINE_SYNC) {
      CHECK(asked.kind == Sent::Kind::sync, "an answer to nothing");
      sent_.pop_front();
      continue;
    }
    answered = true;
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) {
      answers.last = std::move(reply);
      continue;
    }
    if (asked.kind == Sent::Kind::preparation) forget(asked);
    bool said_by_server = reply && PQresultErrorField(reply.get(), PG_DIAG_SQLSTATE);
    if (!answers.failed) {
      answers.failed = failure(reply.get(), asked.sql);
      answers.last_was_skipped = said_by_server && std::count_if(sent_.begin(), sent_.end(), [](const Sent& sent) {
                                                     return sent.kind == Sent::Kind::statement;
                                                   }) > (asked.kind == Sent::Kind::statement ? 1 : 0);
    }
    // Nothing more will come.
    if (!said_by_server && PQstatus(connection_.get()) != CONNECTION_OK) sent_.clear();
  }
  return answers;
}

PostgresConnection::Reply PostgresConnection::wait() {
  Answers answers = ask();
  if (answers.failed) throw std::move(*answers.failed);
  return std::move(answers.last);
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
