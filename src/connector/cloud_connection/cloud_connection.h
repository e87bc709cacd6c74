// A management instance's connection to one directory tenant through a Cloud Connector.
//
// Knows: where the connector is and how to authenticate to it, how far connecting has come (consents, Application ID,
// Confirm), what a ledger parcel looks like to the connector, and when to ask it how things are. Only ever connects
// outwards, so the instance may stand behind a firewall. Hides: the table, the sealed credential and ticket, and what
// happens when the connector has lost its database.
//
//   ConnectionId id = TRY(create(tx, settings, credential, sealer, entropy, by, now));
//   Connection connection = TRY(connect({store, transport, sealer, entropy}, id, by, now));   // open its consent_url
//   Confirmation done = TRY(confirm({store, transport, sealer, entropy}, id, by, now));
//
//   Link link(world, id);                     // ledger::Connection, shared by the workers
//   Keeper keeper(world, link, id, clock);
//
// Thread promise: a Link may be used by any number of workers; a Keeper is an Actor; functions keep no state.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "connector/ledger/connection.h"
#include "connector/relay/relay.h"
#include "platform/actor/actor.h"
#include "platform/clock/clock.h"
#include "platform/crypto/crypto.h"
#include "platform/http/http.h"
#include "platform/store/store.h"

namespace wardbridge::cloud_connection {

using ledger::ConnectionId;

struct Settings {
  std::string name;
  std::string connector_url = "https://127.0.0.1:7443";
  std::string cloud = "global";  // by the connector's name for it
  std::string tenant;            // GUID, or one of its domains
  std::string enrollment_url;
  std::string remediation_url;
  std::vector<std::string> group_ids = {};  // whose people's Macs the compliance policy is assigned to
  bool operator==(const Settings&) const = default;
};

// `created` is shown as `new`; connecting: see Connection::attachment.
enum class State { created, connecting, active, terminating, terminated };
const char* name_of(State state);

struct Connection {
  ConnectionId id;
  Settings settings;
  State state = State::created;
  relay::Attachment attachment;  // as the connector told last; without an id: never connected. No ticket.
  std::string database_id;       // of the connector, when it was last asked
  Time created = kEpoch;
  Time last_contact = kEpoch;  // with the connector
  Time last_resync = kEpoch;
  Time next_run_at = kEpoch;
  int failures = 0;
  std::string error_reason;  // of the way to the connector, or what the connector says of the tenant
  std::string error_message;
  std::int64_t revision = 0;  // +1 with every change by a person
  bool hands_over = false;    // while it is turned off: the devices are not retracted
};

extern const store::Schema kSchema;

// Fails with `invalid_argument` naming the setting. An empty credential: that of another connection to the same
// connector.
Result<ConnectionId> create(store::Transaction& tx, const Settings& settings, const std::string& credential,
                            const crypto::Sealer& sealer, Entropy& entropy, const audit::Actor& by, Time now);
// Where the tenant or the connector changes, the connection must not be connected (`conflict`/`still_connected`).
Status update(store::Transaction& tx, ConnectionId id, const Settings& settings,
              const std::optional<std::string>& credential, const crypto::Sealer& sealer, Entropy& entropy,
              const audit::Actor& by, Time now);
std::optional<Connection> find(store::Transaction& tx, ConnectionId id);
std::vector<Connection> list(store::Transaction& tx);
// INVARIANT: law 5. Starts the retreat: every subject is retracted, then the connector lets go, then it is terminated.
Status disable(store::Transaction& tx, ConnectionId id, const audit::Actor& by, Time now);
// Turns it off with nothing retracted: verdicts stand in the directory until they end by themselves (law 3), or until
// another connection speaks for the devices. The connector lets go of them. What is wished for meanwhile is kept.
Status hand_over(store::Transaction& tx, ConnectionId id, const audit::Actor& by, Time now);
// A terminated connection comes back without new consent; whoever has verdicts must desire them again.
Status enable(store::Transaction& tx, ConnectionId id, const audit::Actor& by, Time now);
// Fails with `conflict`/`not_terminated` unless it is terminated, or was never connected.
Status remove(store::Transaction& tx, ConnectionId id, const audit::Actor& by, Time now);

// What calls to the connector need. All must outlive whoever holds them.
struct World {
  store::Store& store;
  http::Transport& transport;
  const crypto::Sealer& sealer;
  Entropy& entropy;
};

// *Connect*: begins, or begins anew. The administrator opens `attachment.consent_url` of the result.
Result<Connection> connect(const World& world, ConnectionId id, const audit::Actor& by, Time now);
// Asks the connector how far things are.
Result<Connection> refresh(const World& world, ConnectionId id, Time now);
struct Confirmation {
  bool works = false;
  std::vector<relay::Step> steps;
  Connection connection;
};
// *Confirm*: tests step by step; the connection is active when all of them work.
Result<Confirmation> confirm(const World& world, ConnectionId id, const audit::Actor& by, Time now);
// The instance's own devices at the connector, page by page, as its JSON.
Result<json::Object> routes(const World& world, ConnectionId id, const std::string& after);

// One connection's road.
class Link final : public ledger::Connection {
 public:
  Link(const World& world, ConnectionId id) : world_(world), id_(id) {}

  ledger::Outcome deliver(const ledger::Parcel& parcel, Time now) override;
  ledger::Outcome confirm(const ledger::Parcel& parcel, Time now) override;
  // The settings have changed: look again. A change of another node is noticed within seconds.
  void reload();

 private:
  struct Road {
    std::string url;  // of the connector
    std::string credential;
    std::string tenant_id;
  };
  Result<Road> road(Time now);
  ledger::Outcome call(const std::string& method, const std::string& query, const std::string& device_id,
                       const std::string& body, Time now);

  const World world_;
  ConnectionId id_;
  std::mutex mutex_;
  std::optional<Road> road_;
  Time look_again_at_ = kEpoch;
};

// Asks the connector how things are, comes back to one that lost its database, obeys a resync, sends what was refused
// because of another instance once that one let go, and terminates.
class Keeper final : public Actor {
 public:
  Keeper(const World& world, Link& link, ConnectionId id, const Clock& clock)
      : world_(world), link_(link), id_(id), clock_(clock) {}
  std::string name() const override { return "cloud_connection/" + std::to_string(id_.value); }
  Time run_once(Time now) override;

 private:
  Status look(const Connection& seen, Time now);
  Status terminate(const Connection& seen, Time now);
  Status note_failure(const Connection& seen, const Failure& failure, Time now);

  const World world_;
  Link& link_;
  ConnectionId id_;
  const Clock& clock_;
};

}  // namespace wardbridge::cloud_connection
