// Messages on their way out of the house. Written in the transaction that caused them, sent later by an OutboxActor.
//
//   outbox::open_lane(tx, {"webhook", 7});
//   outbox::post(tx, {"webhook", 7}, body, now);                             // each a message of its own
//   outbox::merge(tx, {"webhook", 7}, "group/12", body, {computer, joined}, now);  // grows the one that waits
//
// A lane is one receiver. Its messages go out in the order of their ids, one at a time; a message that fails holds up
// its lane (and no other) until it goes through or is parked. At least once: a receiver that answers as we crash hears
// it again, under the same id. Messages that nobody takes within kPatience are parked with a reason, where people can
// replay or dismiss them; a lane keeps at most Limits of each kind.
//
// No thread of its own; functions run in the caller's transaction.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/id.h"
#include "platform/audit/audit.h"
#include "platform/entropy/entropy.h"
#include "platform/store/store.h"

namespace wardbridge::outbox {

extern const store::Schema kSchema;

using MessageId = NumberId<struct OutboxMessageTag>;

inline constexpr Duration kPatience = hours{72};
inline constexpr Duration kLeaseTime = minutes{2};
inline constexpr std::int64_t kChangesPerMessage = 1000;

struct Lane {
  std::string kind;  // `webhook`, `mail`: whose carrier takes it
  std::int64_t number = 0;
  bool operator==(const Lane&) const = default;
};

// One thing that came or went, in a message that is about several.
struct Change {
  std::int64_t item = 0;
  bool added = false;
  bool operator==(const Change&) const = default;
};

struct Message {
  MessageId id;  // grows within a lane
  Lane lane;
  std::string topic;            // of merged messages; else empty
  std::string body;             // the sender's own words, JSON
  std::vector<Change> changes;  // by item
  int attempts = 0;
  Time created = kEpoch;
  Time give_up_at = kNever;
  bool parked = false;
  Time parked_at = kEpoch;
  std::string reason;   // of the last failure; empty: none
  std::string message;  // the same for people
};

// --- Lanes
// A lane that was never opened, or is closed, takes no messages and sends none.
void open_lane(store::Transaction& tx, const Lane& lane);
void close_lane(store::Transaction& tx, const Lane& lane);  // and forgets its messages
// A paused lane takes messages and sends none; what waits too long is parked all the same.
void pause_lane(store::Transaction& tx, const Lane& lane);
void resume_lane(store::Transaction& tx, const Lane& lane, Time now);

// --- Putting in
void post(store::Transaction& tx, const Lane& lane, const std::string& body, Time now);
// Joins the youngest message of the lane's topic that nobody has tried to send yet and that has room; else it begins
// one. A change that undoes one that still waits takes it away: the receiver has not heard of either.
void merge(store::Transaction& tx, const Lane& lane, const std::string& topic, const std::string& body,
           const Change& change, Time now);

// --- Sending
struct Outcome {
  enum class Kind {
    delivered,
    retry,    // later, `after` at the earliest when the receiver says so
    refused,  // trying again can't help: parked now
  } kind = Kind::retry;
  std::string reason = {};
  std::string message = {};
  std::optional<Duration> after = {};
  Duration rest = Duration{0};    // delivered: the lane waits this long before its next message
  int most_attempts = INT32_MAX;  // retry: parked after so many, since the fault may be the message's own
};

struct Leased {
  Lane lane;
  std::int64_t token = 0;
  std::vector<Message> messages;  // in order; never empty
};
// The first messages of a lane of this kind that is due, for kLeaseTime; nothing when there is none.
std::optional<Leased> lease(store::Transaction& tx, const std::string& kind, int limit, Time now);
// What became of the first `outcomes.size()` messages; the others were not tried. Nothing after the first that was not
// delivered may have an outcome. False: the lease had run out and another worker has the lane; nothing is written.
bool settle(store::Transaction& tx, const Leased& leased, const std::vector<Outcome>& outcomes, Entropy& entropy,
            Time now);
// kNever: nothing waits.
Time next_due(store::Transaction& tx, const std::string& kind);
// For the one process that can have leases (SQLite), at its start: they are of a process that is gone.
std::int64_t abandon_leases(store::Transaction& tx, Time now);

// Full jitter over the upper half of 1 s, 2 s, 4 s ... 15 min.
Duration backoff(std::int64_t failures, Entropy& entropy);

// --- Looking after it
struct Limits {
  std::int64_t waiting = 10'000;  // of a lane: the oldest beyond are parked
  std::int64_t parked = 10'000;   // of a lane: the oldest beyond are forgotten, which is logged
  Duration parked_life = days{90};
};
struct Tidied {
  std::int64_t parked = 0;
  std::int64_t forgotten = 0;
};
Tidied tidy(store::Transaction& tx, const std::string& kind, const Limits& limits, Time now);

struct Counts {
  std::int64_t waiting = 0;
  std::int64_t parked = 0;
};
Counts counts(store::Transaction& tx, const std::string& kind);

struct Query {
  std::string kind;
  std::optional<std::int64_t> number;  // of the lane
  bool parked = true;                  // else the waiting ones
  int offset = 0;
  int limit = 100;
};
struct Page {
  std::int64_t total_count = 0;
  std::vector<Message> messages;  // by id
};
Page list(store::Transaction& tx, const Query& query);
std::optional<Message> find(store::Transaction& tx, const std::string& kind, MessageId id);

// Both are for parked messages (`conflict`/`not_parked`, `not_found`/`no_delivery`), and audited. A replayed message
// has its whole patience again and goes first.
Status replay(store::Transaction& tx, const std::string& kind, MessageId id, const audit::Actor& by, Time now);
Status dismiss(store::Transaction& tx, const std::string& kind, MessageId id, const audit::Actor& by, Time now);
// All that a lane has parked; how many.
std::int64_t replay_all(store::Transaction& tx, const Lane& lane, const audit::Actor& by, Time now);

}  // namespace wardbridge::outbox
