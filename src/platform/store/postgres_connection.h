// One connection to PostgreSQL, used by one thread at a time: speaks the one SQL over libpq, keeps prepared statements,
// and turns SQLSTATEs into failures that never hold a value.
#pragma once

#include <libpq-fe.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "platform/store/body.h"
#include "platform/store/store.h"

namespace wardbridge::store {

class PostgresConnection {
 public:
  // Names without a schema mean `schema`, which need not exist yet.
  static Result<std::unique_ptr<PostgresConnection>> open(const std::string& connection, const std::string& schema);

  struct Answer {
    std::vector<Row> rows;
    std::int64_t touched = 0;
  };
  // Both throw StatementFailed; after that only ROLLBACK works.
  Answer run(std::string_view sql, Parameters parameters);
  void walk(std::string_view sql, Parameters parameters, const std::function<bool(const Row&)>& row);

  // Statements around a body (`BEGIN`): text as it is, the failure is returned.
  BodyOutcome control(const std::string& sql);
  // A connection that breaks during the commit leaves open whether it happened: `timeout`/`commit_unknown`.
  BodyOutcome commit();

  // Connected, and outside a transaction.
  bool is_idle() const { return PQtransactionStatus(connection_.get()) == PQTRANS_IDLE; }
  std::string quoted(const std::string& identifier) const;

 private:
  struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };
  struct Clear {
    void operator()(PGresult* result) const { PQclear(result); }
  };
  using Reply = std::unique_ptr<PGresult, Clear>;
  // One SQL text prepared for one combination of parameter types; a type of 0 was left to the server.
  struct Prepared {
    std::vector<Oid> types;
    std::string name;
  };
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  explicit PostgresConnection(PGconn* connection) : connection_(connection) {}
  const std::string& prepare(std::string_view sql, Parameters parameters);
  StatementFailed failure(const PGresult* result, std::string_view sql) const;
  static std::vector<Row> rows_of(const PGresult* result, std::string_view sql);

  std::unique_ptr<PGconn, Finish> connection_;
  std::unordered_map<std::string, std::vector<Prepared>, TextHash, std::equal_to<>> prepared_;
  std::size_t prepared_count_ = 0;
  std::uint64_t names_given_ = 0;
};

}  // namespace wardbridge::store
