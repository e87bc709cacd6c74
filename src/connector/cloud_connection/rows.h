// The table of connections as values, and calls to the connector; for this room's sources only.
#pragma once

#include <string>

#include "connector/cloud_connection/cloud_connection.h"

namespace wardbridge::cloud_connection {

std::optional<Connection> lock_connection(store::Transaction& tx, ConnectionId id);
// Everything that is learnt from the connector; the settings are a person's.
void save_progress(store::Transaction& tx, const Connection& connection);
void save_ticket(store::Transaction& tx, ConnectionId id, const std::string& ticket, const crypto::Sealer& sealer,
                 Entropy& entropy);
struct SealedParts {
  std::string credential;
  std::string ticket;  // empty: none yet
};
Result<SealedParts> open_sealed(store::Transaction& tx, ConnectionId id, const crypto::Sealer& sealer);
// What the connector is told of the settings.
relay::Wishes wishes_of(const Settings& settings);
void audit_connection(store::Transaction& tx, const Connection& connection, const char* action, json::Object details,
                      const audit::Actor& by, Time now);

// The connector's API as one instance calls it.
class ConnectorClient {
 public:
  ConnectorClient(http::Transport& transport, std::string url, std::string credential)
      : transport_(transport), url_(std::move(url)), credential_(std::move(credential)) {}
  // The object of a 2xx (empty when there is no body), and the status; otherwise the connector's own words.
  struct Answer {
    int status = 0;
    json::Object body;
  };
  Result<Answer> call(const std::string& method, const std::string& path, const json::Object* body = nullptr);

 private:
  http::Transport& transport_;
  std::string url_;
  std::string credential_;
};
// The failure that a status of 400 or more stands for.
Failure failure_from(const http::Response& response);

}  // namespace wardbridge::cloud_connection
