// The ledger of the span: what a directory should hold about each subject, and what it has acknowledged.
//
// Knows: one row per (connection, subject) with the version we desire and the version that was acknowledged; pending
// means they differ. Coalescing, order, resend and retraction follow from that shape. Every version leaves one history
// row that says what became of it. Hides: the tables, leases with fencing, retry times, and lanes (a lane is one
// connection's road: its epoch, whether it takes new wishes, and whether the far end can be reached).
//
// Thread promise: functions run in the caller's transaction and keep no state; any number of workers and nodes may
// lease from the same store.
//
//   ledger::desire(tx, {.connection_id = id, .subject = "registration|17", .report = report,
//                       .check_in_at = checked_in, .verdict_at = now}, now);
//   tx.after_commit([&] { stage.wake(ledger_actor); });
//
// The values here belong to neither wing: management maps its verdicts to them, a connection maps them to a wire.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/json.h"
#include "base/time.h"
#include "platform/audit/audit.h"
#include "platform/store/store.h"

namespace wardbridge::ledger {

using ConnectionId = NumberId<struct ConnectionTag>;

// The whole of what a directory is told about one device; each report replaces the one before.
struct DeviceReport {
  std::string device_id;  // Entra's deviceId, a GUID
  std::string user_id;    // the user's object id in the directory
  std::string user_principal_name;
  std::string device_name;
  std::string os;  // `macOS`
  std::string os_version;
  enum class Management { managed, not_managed } management = Management::not_managed;
  enum class Verdict { compliant, not_compliant } verdict = Verdict::not_compliant;
  Time last_check_in = kEpoch;
  Time valid_until = kEpoch;  // when the directory must stop trusting this verdict
  std::string reason;         // why, for people
  // What else is told by connections that carry inventory, by its names on the wire: about the computer, and about what
  // makes it secure. Empty elsewhere.
  json::Object inventory = {};
  json::Object security = {};

  // Denies access: goes before reports that grant it.
  bool is_denial() const { return management == Management::not_managed || verdict == Verdict::not_compliant; }
  bool operator==(const DeviceReport&) const = default;
};
json::Object to_json(const DeviceReport& report);
Result<DeviceReport> device_report_from_json(const json::Object& object);

// Orders everything ever said about a subject. The epoch changes when a source starts anew (a restored backup); the
// sequence grows with every report, and is never below the Unix milliseconds at which it was assigned, so that
// directories which order by a time stamp can be given one that only goes forward.
struct Version {
  std::int64_t epoch = 0;
  std::int64_t sequence = 0;
  explicit operator bool() const { return epoch != 0; }
  auto operator<=>(const Version&) const = default;
};

// When each hop happened; kEpoch: not yet.
struct HopTimes {
  Time check_in = kEpoch;
  Time verdict = kEpoch;
  Time desired = kEpoch;
  Time sent = kEpoch;
  Time accepted = kEpoch;      // the far end took the message
  Time acknowledged = kEpoch;  // the far end has applied it
};

// pending -> leased -> sent (awaiting confirmation) -> delivered; parked: only a person, or a newer report, moves it
// on. held: not sent before release_held(), or another report. rehearsed: not sent before its lane is opened.
enum class State { pending, leased, sent, delivered, parked, held, rehearsed };
const char* name_of(State state);

struct Delivery {
  ConnectionId connection_id;
  std::string subject;
  Version desired;
  DeviceReport report;
  bool is_retraction = false;
  Version acknowledged;  // zero: nothing since the lane was opened
  // What was acknowledged last, of whichever version.
  struct Told {
    bool compliant = false;
    Time valid_until = kEpoch;
  } told;
  State state = State::pending;
  int attempts = 0;  // that failed, of the desired version
  int polls = 0;     // confirmations asked for, of `message_id`
  Time next_attempt_at = kEpoch;
  std::string message_id;  // of the accepted message that awaits confirmation
  std::int64_t lease_token = 0;
  HopTimes hops;
  std::string failure_reason;  // of the last attempt; snake_case
  std::string failure_message;
};

// What became of one version.
enum class Fate { delivered, superseded, parked, retracted };
const char* name_of(Fate fate);

struct HistoryEntry {
  ConnectionId connection_id;
  std::string subject;
  Version version;
  Fate fate = Fate::delivered;
  std::string reason;  // why it was parked; the state in which it was superseded
  std::string message;
  DeviceReport report;
  HopTimes hops;
  Time recorded = kEpoch;
};

struct Desired {
  ConnectionId connection_id;
  std::string subject;  // chosen by the caller, stable for ever
  DeviceReport report;
  Time check_in_at = kEpoch;
  Time verdict_at = kEpoch;
  // Keep it back until release_held(): a change of configuration moved this verdict, perhaps with too many others. One
  // whose earlier version is on its way at this very moment is not kept back.
  bool hold = false;
};

extern const store::Schema kSchema;

// --- Wishes
// -----------------------------------------------------------------------------------------------------------

// The directory shall hold this report. A report identical to the desired one changes nothing; another gets the next
// version, replaces what was not yet delivered (history: superseded), and is due at once. On a lane that is draining or
// closed nothing is recorded: whoever opens a lane wishes for everything again. On one that rehearses it is kept, and
// not sent.
void desire(store::Transaction& tx, const Desired& desired, Time now);
// The directory shall hold `not managed, not compliant`, whatever it holds now. Fails with `not_found`/`no_delivery`
// for a subject it was never told about. On a lane that rehearses nothing is sent: what it never told is forgotten, the
// rest is told should the lane be opened.
Status retract(store::Transaction& tx, ConnectionId connection, const std::string& subject, const std::string& reason,
               Time now);
// INVARIANT: law 5. Removes a subject whose retraction has been acknowledged; otherwise `conflict`/`not_retracted`. A
// retraction that was refused for good (parked: there is no such device) counts as settled.
Status forget(store::Transaction& tx, ConnectionId connection, const std::string& subject);
// Sends the desired report again under a new version ("Send Update").
Status resend(store::Transaction& tx, ConnectionId connection, const std::string& subject, const audit::Actor& by,
              Time now);
void resend_all(store::Transaction& tx, ConnectionId connection, Time now);  // what is held stays held
// Everything that is held becomes due. Returns how many.
std::int64_t release_held(store::Transaction& tx, ConnectionId connection, Time now);
// Parked rows become pending; an empty subject means all. Returns how many.
std::int64_t replay_parked(store::Transaction& tx, ConnectionId connection, const std::string& subject,
                           const audit::Actor& by, Time now);

// --- Lanes
// ------------------------------------------------------------------------------------------------------------

struct Lane {
  std::int64_t epoch = 1;
  // open: takes wishes. draining: takes none, still delivers (the retractions). closed: does neither. rehearsing: takes
  // wishes and delivers none of them (hand_over.h).
  enum class Purpose { open, draining, closed, rehearsing } purpose = Purpose::open;
  // Anything but healthy: nothing is sent until `next_probe_at`, then one delivery goes ahead to see.
  enum class Health { healthy, unreachable, credentials, permission } health = Health::healthy;
  std::string reason;
  std::string message;
  int failures = 0;  // in a row
  Time next_probe_at = kEpoch;
};
const char* name_of(Lane::Purpose purpose);
const char* name_of(Lane::Health health);

Lane lane(store::Transaction& tx, ConnectionId connection);  // a connection never heard of has an open, healthy one
void set_lane_purpose(store::Transaction& tx, ConnectionId connection, Lane::Purpose purpose);
// The far end may have changed its mind (new secret, permission granted): healthy, everything waiting may go.
void reopen_lane(store::Transaction& tx, ConnectionId connection);
// Stops the lane for a reason found elsewhere (a heartbeat).
void stop_lane(store::Transaction& tx, ConnectionId connection, Lane::Health health, const std::string& reason,
               const std::string& message, Time next_probe_at);
// Draining: every subject is retracted (law 5), and no new wish is taken. What is only rehearsed needs no retraction.
void drain_lane(store::Transaction& tx, ConnectionId connection, const std::string& reason, Time now);
// After a restore: versions of this lane rise above all earlier ones, and everything is sent again. Returns the epoch.
std::int64_t begin_epoch(store::Transaction& tx, ConnectionId connection, const audit::Actor& by, Time now);

// --- Reading
// ----------------------------------------------------------------------------------------------------------

struct Counts {
  std::int64_t pending = 0;  // desired and acknowledged differ, and work goes on: pending, leased or sent
  std::int64_t delivered = 0;
  std::int64_t parked = 0;
  std::int64_t held = 0;
  std::int64_t rehearsed = 0;
  std::optional<Time> oldest_pending;  // when the oldest of them was desired
};
Counts counts(store::Transaction& tx, ConnectionId connection);
std::optional<Delivery> find(store::Transaction& tx, ConnectionId connection, const std::string& subject);
// By subject, after `after_subject`.
std::vector<Delivery> list(store::Transaction& tx, ConnectionId connection, const std::string& after_subject,
                           int limit);
std::vector<Delivery> parked(store::Transaction& tx, ConnectionId connection, int limit);
// Every delivery of a device, over all connections.
std::vector<Delivery> of_device(store::Transaction& tx, const std::string& device_id);
// Newest first.
std::vector<HistoryEntry> history(store::Transaction& tx, ConnectionId connection, const std::string& subject,
                                  int limit);
// Drops history older than `before`. Returns how many rows.
std::int64_t trim_history(store::Transaction& tx, Time before);

}  // namespace wardbridge::ledger
