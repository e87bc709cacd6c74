// A connection: one directory tenant that is told which devices are compliant, from set-up to termination. Of two
// types, which differ in what they say on the wire and in what a person may do with them: Device Compliance (partner
// compliance management), and the manual one (partner device management: Settings > Conditional Access).
//
// Knows: the settings of a connection and its life (new, active, terminating, terminated, and what is wrong when it
// can't work), its two secrets and their ends, what a ledger parcel looks like as a partner upload, and when to send
// heartbeats. Hides: the table, the sealed secrets, the client and its reloading after a change.
//
//   ConnectionId id = TRY(create(tx, settings, secret, sealer, entropy, by, now));
//   Link link(store, transport, entropy, sealer, id);            // ledger::Connection, shared by the workers
//   Keeper keeper(store, link, id, clock, entropy);              // provisions, beats, terminates
//   ledger::LedgerActor worker(store, link, id, clock, entropy);
//
// Thread promise: a Link may be used by any number of workers; a Keeper is an Actor.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "connector/ledger/connection.h"
#include "connector/ledger/ledger.h"
#include "connector/partner/partner.h"
#include "platform/actor/actor.h"
#include "platform/clock/clock.h"
#include "platform/crypto/crypto.h"
#include "platform/store/store.h"

namespace wardbridge::device_compliance {

using ledger::ConnectionId;

enum class Type { device_compliance, manual };
const char* name_of(Type type);  // as stored, and as our routes spell it: `deviceCompliance`, `manual`

// Where people are sent whose computer the directory does not know.
enum class LandingPage { registration, access_denied, custom };

struct Settings {
  std::string name;
  std::string tenant;     // GUID, or one of its domains
  std::string client_id;  // GUID of the app registration
  partner::Endpoints endpoints;
  partner::Pages pages;
  Duration heartbeat_interval = minutes{15};
  // Object ids of the directory's groups whose people's Macs this connection answers for; they are assigned to its
  // policy. Empty: the tenant's administrator assigns groups there, and what is assigned stays as it is.
  std::vector<std::string> group_ids = {};
  Type type = Type::device_compliance;
  std::string cloud = "custom";  // the row of the table of clouds that `endpoints` came from
  LandingPage landing_page = LandingPage::custom;
  bool operator==(const Settings&) const = default;
};

// A client secret or certificate to be stored, and when it ends as far as that is known.
struct Secret {
  Secret(std::string secret, Time ends = kNever) : text(std::move(secret)), expires(ends) {}  // NOLINT: implicit
  Secret(const char* secret) : text(secret) {}                                                // NOLINT: implicit
  std::string text;
  Time expires = kNever;
};

struct SecretState {
  Time expires = kNever;  // kNever: not known
  bool has_next = false;
  Time next_expires = kNever;
};

// `created` is shown as `new`. credentials and permission: stopped until a person changes something; tried again at
// times.
enum class State { created, active, credentials, permission, terminating, terminated };
const char* name_of(State state);

// The compliance policy for macOS that the service keeps for a partner: made when the connection is set up, and looked
// for again whenever its settings change. While it is not in place verdicts travel all the same (an administrator may
// have made one by hand), but the directory may not heed them.
struct Policy {
  std::string id;                               // empty: not known to exist
  std::vector<std::string> assigned_group_ids;  // by us
  std::string error_reason;                     // why the last attempt to set it up failed; empty: it did not
  std::string error_message;
};
// `pending`: not set up yet. created: there, with the assignment left to the tenant's administrator.
enum class PolicyState { pending, created, assigned, failed };
const char* name_of(PolicyState state);

struct Connection {
  ConnectionId id;
  Settings settings;
  State state = State::created;
  partner::Extensions extensions;  // announced by the service when it was provisioned
  Policy policy;
  Time created = kEpoch;
  Time last_heartbeat = kEpoch;  // kEpoch: never
  Time last_resync = kEpoch;     // the newest wish of the service to be told everything again that was granted
  Time next_run_at = kEpoch;     // of the Keeper
  int failures = 0;              // of the Keeper, in a row
  std::string error_reason;      // of its last run; empty: it went well
  std::string error_message;
  std::int64_t revision = 0;  // +1 with every change by a person
  SecretState secret;
  std::string instance_id;         // tells this server from others at the far end; empty in connections of old
  std::string last_test;           // JSON of the last steps, see Step; empty: never tested
  Time last_update_sent = kEpoch;  // when a person last had everything sent
};

PolicyState policy_state(const Connection& connection);

extern const store::Schema kSchema;

// Fails with `invalid_argument` naming the setting. The lane of the ledger is open from then on.
Result<ConnectionId> create(store::Transaction& tx, const Settings& settings, const Secret& secret,
                            const crypto::Sealer& sealer, Entropy& entropy, const audit::Actor& by, Time now);
// Without a secret the one before stays. The connection is tried again at once.
Status update(store::Transaction& tx, ConnectionId id, const Settings& settings, const std::optional<Secret>& secret,
              const crypto::Sealer& sealer, Entropy& entropy, const audit::Actor& by, Time now);
// A second secret beside the first: the directory keeps both alive during a rotation. It is tried when the first is
// refused, and takes its place when it was needed (the Keeper) or on a person's word (promote_secret()).
Status stage_secret(store::Transaction& tx, ConnectionId id, const Secret& next, const crypto::Sealer& sealer,
                    Entropy& entropy, const audit::Actor& by, Time now);
// Fails with `conflict`/`no_next_secret`.
Status promote_secret(store::Transaction& tx, ConnectionId id, const audit::Actor& by, Time now);
// Keeps what test_connection() found; when all worked, a connection that waits after a refusal is tried again at once.
void note_test(store::Transaction& tx, ConnectionId id, const json::Object& steps, Time now);
// *Send Update*: everything the directory holds is sent again. Returns how many devices. Fails with
// `conflict`/`not_active` unless the connection is active.
Result<std::int64_t> send_update(store::Transaction& tx, ConnectionId id, const audit::Actor& by, Time now);

std::optional<Connection> find(store::Transaction& tx, ConnectionId id);
// The one manual connection that a server may have.
std::optional<Connection> find_manual(store::Transaction& tx);
std::vector<Connection> list(store::Transaction& tx);
// INVARIANT: law 5. Starts the retreat: every subject is retracted, then the service is told, then it is terminated.
Status disable(store::Transaction& tx, ConnectionId id, const audit::Actor& by, Time now);
// Turns it off with nothing retracted: verdicts stand in the directory until they end by themselves (law 3), or until
// another connection speaks for the devices. What is wished for meanwhile is kept (ledger/hand_over.h).
Status hand_over(store::Transaction& tx, ConnectionId id, const audit::Actor& by, Time now);
// A terminated connection starts anew, with what was set aside when it was handed over; whoever has verdicts must
// desire them again.
Status enable(store::Transaction& tx, ConnectionId id, const audit::Actor& by, Time now);
// Fails with `conflict`/`not_terminated` unless it is terminated.
Status remove(store::Transaction& tx, ConnectionId id, const audit::Actor& by, Time now);

// One connection's road: maps parcels to uploads and problems to outcomes, and reloads its settings when they change.
class Link final : public ledger::Connection {
 public:
  // All must outlive the link.
  Link(store::Store& store, http::Transport& transport, Entropy& entropy, const crypto::Sealer& sealer,
       ConnectionId id);

  ledger::Outcome deliver(const ledger::Parcel& parcel, Time now) override;
  ledger::Outcome confirm(const ledger::Parcel& parcel, Time now) override;

  struct Road {
    std::shared_ptr<partner::Client> client;
    device_compliance::Connection connection;
  };
  // The client for the settings of now; a change of another node is noticed within seconds. Fails with
  // `not_found`/`no_connection`, or when the secret can't be unsealed.
  Result<Road> road(Time now);
  // A client of its own for what is stored now, with the secret to try, if one is given: to rehearse.
  Result<Road> rehearsal(const std::optional<std::string>& client_secret);
  // The settings have changed: look again.
  void reload();

 private:
  Result<Road> load();

  store::Store& store_;
  http::Transport& transport_;
  Entropy& entropy_;
  const crypto::Sealer& sealer_;
  ConnectionId id_;
  std::mutex mutex_;
  std::optional<Road> road_;
  Time look_again_at_ = kEpoch;
};

// Provisions a new connection, sets its policy up, sends heartbeats, tries again what was refused, and terminates.
class Keeper final : public Actor {
 public:
  Keeper(store::Store& store, Link& link, ConnectionId id, const Clock& clock, Entropy& entropy);
  std::string name() const override { return "device_compliance/" + std::to_string(id_.value); }
  Time run_once(Time now) override;

 private:
  Status provision(const Link::Road& road, Time now);
  Status heartbeat(const Link::Road& road, Time now);
  Status set_up_policy(const Link::Road& road, Time now);
  Status terminate(const Link::Road& road, Time now);
  Status keep_needed_secret(const Link::Road& road, Time now);
  Status note_problem(const Connection& seen, const partner::Problem& problem, Time now);

  store::Store& store_;
  Link& link_;
  ConnectionId id_;
  const Clock& clock_;
  Entropy& entropy_;
};

// What works and what does not, for the person who sets a connection up. Steps after a failed one are not tried.
struct Step {
  std::string name;  // `name_resolution`, `tls`, `token`, `permission`, `services`, `provisioning`, `heartbeat`, ...
  bool works = false;
  std::string message;
  std::string reason = {};  // snake_case; empty when it works
};
std::vector<Step> test_connection(partner::Client& client, Time now);
// The same from the bottom up, as saving a manual connection does it: first whether the login address can be reached
// at all, and with `provisions`, that the tenant takes the provisioning.
enum class Provisions { yes, no };
std::vector<Step> test_connection(http::Transport& transport, const Link::Road& road, Provisions provisions, Time now);
json::Object steps_json(const std::vector<Step>& steps, Time now);

}  // namespace wardbridge::device_compliance
