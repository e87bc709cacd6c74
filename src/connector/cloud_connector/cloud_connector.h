// The Cloud Connector: one broker between any number of management instances and any number of directory tenants.
//
// Knows: who its instances are, which tenants consented for which of them, which instance every device belongs to, and
// how each tenant is doing. Holds one credential of its own per cloud (a multi-tenant application's), and none of any
// tenant: it asks each tenant for tokens, which an administrator there allowed by consent and can take back. Stores no
// inventory: reports pass through. Hides: the tables, tickets, the clients of the tenants with their budgets and
// pauses.
//
//   Broker broker = ...open({.store = store, .transport = transport, .entropy = entropy, .sealer = sealer}, options);
//   register_routes(router, broker, operator_token_hash);     // instances, the operator, administrators' browsers
//   Keeper keeper(broker, {.shard = 0, .shards = 4});         // heartbeats, provisioning, termination
//
// Promises:
//   - An instance is attached to a tenant only by consent of an administrator of that tenant. A callback by itself
//     proves nothing when the tenant had consented before, for others: such an attachment waits for the operator.
//   - A device of a tenant belongs to one instance at a time. Others that report it are refused until the first
//     releases it, or is silent for `route_silence`.
//   - An outcome `done` means that the tenant has it (law 8). The same version twice is applied once.
//   - A lost database loses nothing but history: instances come back with credentials and tickets that were sealed
//     under the key file.
//
// Thread promise: a Broker may be used by any number of threads; a second process on the same store is refused.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "connector/partner/partner.h"
#include "connector/partner/policy.h"
#include "connector/relay/relay.h"
#include "platform/actor/actor.h"
#include "platform/audit/audit.h"
#include "platform/crypto/crypto.h"
#include "platform/store/store.h"

namespace wardbridge::cloud_connector {

using InstanceId = TextId<struct InstanceTag>;

// The two applications that are registered in one of Microsoft's clouds (or in a tenant of our own).
struct Cloud {
  std::string name;  // `global`
  partner::Endpoints endpoints;
  std::string client_id;                    // *Cloud Connector*
  std::string user_registration_client_id;  // *Cloud Connector user registration app*
  // The Cloud Connector's secret as the configuration has it; sealed in the store at the next start, where a different
  // one becomes the next secret. Empty: what is in the store.
  std::string client_secret = {};
  // What the tenants of this application are told, and where their administrators see it: inventory with a verdict in
  // Partner device management, or verdicts in Partner compliance management.
  partner::Protocol protocol = partner::Protocol::compliance_partner;
};

struct Options {
  std::string public_url;  // of this broker: administrators' browsers come back to it from consent
  std::vector<Cloud> clouds;
  // Whether attaching another instance to a tenant that had consented before waits for the operator.
  enum class FurtherInstances { approved, trusted } further_instances = FurtherInstances::approved;
  std::vector<std::string> revoked_instances = {};  // ids that stay out, also after the database was lost
  Duration heartbeat_interval = minutes{15};
  Duration route_silence = hours{24};  // a silent instance keeps its devices this long
  Duration consent_life = hours{1};    // until when consent must have been given
  Duration recovery_time = hours{1};   // after the database was lost: how long earlier owners come first
  // Requests to one tenant: so many a second, and so many at once after a quiet time.
  int requests_per_second = 20;
  int request_burst = 100;
  int calls_at_a_time = 4;  // of one tenant, so that one that hangs leaves room for the others
};

extern const store::Schema kSchema;

struct Instance {
  InstanceId id;
  std::string name;
  // active; retiring: removed by the operator, its devices are being retracted; removed.
  enum class State { active, retiring, removed } state = State::active;
  Time created = kEpoch;
  Time last_seen = kEpoch;
  // Of a removal that a tenant does not take. It is tried again less and less often; never again (kNever) after a day
  // without success, until the tenant works again, the operator repeats the removal, or forces it.
  struct Removal {
    int failures = 0;  // in a row
    Time next_attempt = kEpoch;
    std::string reason;
    std::string message;
    std::int64_t devices_left = 0;
  } removal = {};
};
const char* name_of(Instance::State state);

// Shown once. Sealed: an instance that brings it is recognised by a broker that knows nothing else any more.
struct IssuedCredential {
  InstanceId id;
  std::string credential;
};

struct AttachRequest {
  std::string cloud;
  std::string tenant;  // GUID, or one of its domains
  relay::Wishes wishes;
};

struct Confirmation {
  bool works = false;
  std::vector<relay::Step> steps;  // after a failed one nothing more is tried
  relay::Attachment attachment;
};

// What one tenant is, as the operator sees it.
struct Tenant {
  std::string id;
  std::string cloud;
  // credentials and permission: stopped until a person changes something; tried again at times.
  enum class State { pending, active, credentials, permission, terminating, terminated } state = State::pending;
  partner::Extensions extensions;
  std::vector<std::string> roles;  // that the tenant's tokens carried last
  Time last_heartbeat = kEpoch;
  Time last_resync = kEpoch;
  Time next_run_at = kEpoch;
  int failures = 0;
  std::string error_reason;
  std::string error_message;
  // The connector's compliance policy for Macs there, assigned to the groups that its instances wish for. While it is
  // not in place verdicts travel all the same: an administrator may have made one by hand.
  partner::PolicyInPlace policy = {};
  std::string policy_error_reason = {};  // why the last attempt to set it up failed
  std::string policy_error_message = {};
};
const char* name_of(Tenant::State state);
// The application permission that the policy needs. Without it the connector makes none.
inline constexpr const char* kPolicyRole = "manage_partner_compliance_policy";

// A device's way: which instance speaks for it.
struct Route {
  std::string tenant_id;
  std::string device_id;
  InstanceId instance;
  std::string user_id;
  ledger::Version version;  // of the instance, last taken
  std::int64_t stamp = 0;   // under which the tenant knows it; grows over all instances
  std::string message_id;   // of a message that awaits confirmation
  bool acknowledged = false;
  bool releases = false;  // `version` says that the instance no longer manages the device
  bool held = false;      // claimed with an earlier acknowledgement
  bool released = false;  // free for anyone
  Time since = kEpoch;    // of this instance
};

struct RouteView {
  Route route;
  std::string owner;                    // the instance's name
  std::vector<std::string> contenders;  // names of instances that report it too
};
struct RouteFilter {
  std::string tenant_id;  // empty: all
  InstanceId instance;    // empty: all
  std::string after;      // `tenant/device` of the last one seen
  int limit = 200;
};

// What the administrator's browser is shown after consent.
struct ConsentReturn {
  std::string next_url;        // the second consent; empty: both are given
  std::string application_id;  // to be pasted
  bool awaits_approval = false;
};

class Lease;
class Road;
class Roads;
struct AttachmentRow;

class Broker {
 public:
  struct Dependencies {
    store::Store& store;
    http::Transport& transport;
    Entropy& entropy;
    const crypto::Sealer& sealer;
  };
  // Everything must outlive the broker; the store is migrated. Seals the secrets of the options. Fails with
  // `bad_config` when two clouds share a name or one has no credential, and with `store_in_use` while another process
  // works on the store.
  static Result<std::unique_ptr<Broker>> open(const Dependencies& dependencies, Options options, Time now);
  ~Broker();

  // --- The operator
  Result<IssuedCredential> register_instance(const std::string& name, const audit::Actor& by, Time now);
  // The one before stops working.
  Result<IssuedCredential> renew_credential(const InstanceId& id, const audit::Actor& by, Time now);
  // INVARIANT: law 5. Its credential stops working at once; its devices are retracted, then it is gone. Repeated, it is
  // tried again at once.
  Status remove_instance(const InstanceId& id, const audit::Actor& by, Time now);
  // Lets go of the devices of an instance that is being removed, though their tenants do not take that: they hold them
  // for compliant until the verdicts end by themselves. Fails with `conflict`/`not_retiring`.
  Status force_removal(const InstanceId& id, const audit::Actor& by, Time now);
  Status approve(const std::string& attachment_id, const audit::Actor& by, Time now);
  // Becomes the next secret, tried when the tenants no longer take the one before.
  Status set_secret(const std::string& cloud, const std::string& secret, const audit::Actor& by, Time now);
  Result<std::vector<Instance>> instances();
  Result<std::vector<Tenant>> tenants();
  struct AttachmentView {
    relay::Attachment attachment;
    InstanceId instance;
    std::string instance_name;
  };
  Result<std::vector<AttachmentView>> attachments();
  Result<std::vector<RouteView>> routes(const RouteFilter& filter);

  // --- Instances
  // Fails with `unauthenticated`/`bad_credential`. One that only its seal tells of is taken in again.
  Result<InstanceId> authenticate(const std::string& credential, Time now);
  Result<relay::Attachment> attach(const InstanceId& instance, const AttachRequest& request, Time now);
  // Brings an attachment back that this instance holds a ticket for: after a lost database, or after it left.
  Result<relay::Attachment> reattach(const InstanceId& instance, const std::string& ticket, const relay::Wishes& wishes,
                                     Time now);
  Result<relay::Attachment> attachment(const InstanceId& instance, const std::string& id);
  // The instance's settings have changed.
  Result<relay::Attachment> change_wishes(const InstanceId& instance, const std::string& id,
                                          const relay::Wishes& wishes, Time now);
  Result<Confirmation> confirm(const InstanceId& instance, const std::string& id, Time now);
  // What becomes of an instance's devices when it leaves a tenant.
  enum class Devices { retracted, handed_over };
  // INVARIANT: law 5. `conflict`/`not_retracted` while the instance still has devices there that it does not hand over
  // to another connection of its own. The last one to leave terminates the partnership; false while the tenant has not
  // taken that.
  Result<bool> detach(const InstanceId& instance, const std::string& id, Devices devices, const audit::Actor& by,
                      Time now);
  Result<relay::Status> status(const InstanceId& instance, Time now);
  ledger::Outcome deliver(const InstanceId& instance, const std::string& tenant_id, const relay::ReportMessage& message,
                          Time now);
  // What became of a version that the tenant had accepted.
  ledger::Outcome confirm_delivery(const InstanceId& instance, const std::string& tenant_id,
                                   const std::string& device_id, ledger::Version version, Time now);

  // --- Administrators' browsers
  // The query of a consent callback; each state is good for one, once, and for its tenant only.
  Result<ConsentReturn> consent_answered(const text::Form& query, Time now);

  // --- By itself
  struct Shard {
    int shard = 0;
    int shards = 1;
  };
  // Does what is due for the tenants and retiring instances of a shard; when to be called again.
  Time keep(const Shard& shard, Time now);

 private:
  Broker(const Dependencies& dependencies, Options options, Time now);

  const Cloud* cloud_of(const std::string& name) const;
  Road& road_to(const Tenant& tenant);
  Result<std::string> resolve_tenant(const Cloud& cloud, const std::string& tenant);
  std::string consent_url(store::Transaction& tx, const AttachmentRow& row, const Cloud& cloud, const char* step,
                          Time now);
  std::string ticket_of(const AttachmentRow& row) const;
  relay::Attachment view(store::Transaction& tx, const AttachmentRow& row) const;
  Result<AttachmentRow> own_attachment(store::Transaction& tx, const InstanceId& instance, const std::string& id) const;
  bool is_silent(const Instance& owner, Time now) const;
  struct Claim;
  Claim claim(store::Transaction& tx, const InstanceId& instance, const std::string& tenant_id,
              const relay::ReportMessage& message, Time now);
  // Sends a route's report, or asks about its message, and keeps what became of it.
  ledger::Outcome send(const Tenant& tenant, const Route& route, const ledger::DeviceReport& report, Time now);
  ledger::Outcome ask(const Tenant& tenant, const Route& route, Time now);
  ledger::Outcome settle(const Route& route, ledger::Outcome outcome, Time now);
  void note_problem(const std::string& tenant_id, const ledger::Outcome& outcome, Time now);
  void keep_tenant(const Tenant& tenant, Time now);
  void set_up_policy(Road& road, Tenant& tenant, const std::vector<std::string>& group_ids, Time now);
  bool terminate(const std::string& tenant_id, Time now);
  void retire(const Instance& instance, Time now);
  std::optional<partner::Problem> retract_devices(const Instance& instance, const std::string& tenant_id, Time now);

  Dependencies deps_;
  Options options_;
  std::string database_id_;
  std::unique_ptr<Lease> lease_;
  const Time started_;
  std::unique_ptr<Roads> roads_;
};

// Routes for instances (`/api/v1/...`, with their credential), for the operator (the same, with the operator's token,
// of which only the hash is known here), and `/consent/callback` for browsers.
void register_routes(http::Router& router, Broker& broker, const std::string& operator_token_hash);

class Keeper final : public Actor {
 public:
  Keeper(Broker& broker, Broker::Shard shard) : broker_(broker), shard_(shard) {}
  std::string name() const override { return "cloud_connector/" + std::to_string(shard_.shard); }
  Time run_once(Time now) override { return broker_.keep(shard_, now); }

 private:
  Broker& broker_;
  Broker::Shard shard_;
};

}  // namespace wardbridge::cloud_connector
