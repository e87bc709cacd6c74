// What the ledger asks of a road to a directory, and how it takes parcels down that road: leases, fencing, settlement.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "connector/ledger/ledger.h"
#include "platform/entropy/entropy.h"

namespace wardbridge::ledger {

struct Parcel {
  ConnectionId connection_id;
  std::string subject;
  Version version;
  DeviceReport report;
  std::string message_id;  // of the accepted message, when it is to be confirmed; else empty
};

// What became of one deliver() or confirm().
struct Outcome {
  enum class Kind {
    accepted,          // taken, applied later: ask with confirm() and `message_id`
    done,              // applied
    still_processing,  // ask again
    superseded,        // the directory already holds a newer version
    retry_later,       // this parcel failed, others may pass
    unreachable,       // nothing would pass now: network, throttling
    credentials,       // the directory does not know us
    permission,        // it knows us, and refuses
    permanent,         // this parcel will never pass as it is
    contended,     // somebody else has a say about this subject, and may be about to leave: again, for a day at most
    message_lost,  // confirm() only: the far end has no such message, so it must be sent again
  };
  Kind kind = Kind::done;
  std::string message_id = {};
  std::optional<Duration> after = {};  // when the far end said how long to wait
  std::string reason = {};             // snake_case
  std::string message = {};            // for people
};

// Both may be called by several threads at a time. Delivering the same version twice must be harmless.
class Connection {
 public:
  virtual ~Connection() = default;
  virtual Outcome deliver(const Parcel& parcel, Time now) = 0;
  virtual Outcome confirm(const Parcel& parcel, Time now) = 0;
};

// Full jitter: uniform between nothing and min(5 min, 1 s doubled per failure before this one); failures >= 1.
Duration backoff(int failures, Entropy& entropy);
// Between tries of a contended parcel: from half a second to a quarter of an hour.
Duration contended_wait(int failures, Entropy& entropy);
// What a peer may ask us to wait: at least 1 s, at most 1 h.
Duration clamp_wait(Duration asked);

// How long a delivery stays with a worker, and so how long those of a node that died wait for another. A batch takes no
// new parcel after its first five seconds (LedgerActorOptions::batch_time), and the slowest parcel is one upload and
// one question, each tried twice with a deadline of ten seconds: together this. Whoever is slower still (addresses and
// tokens had to be fetched on the way) is refused by the fence, and the parcel is sent twice, which is harmless.
inline constexpr Duration kLeaseTime = seconds{45};

struct Leased {
  Parcel parcel;
  std::int64_t token = 0;  // the fence: a settlement with another token than the row's is refused
};

// Takes up to `limit` rows that are due, denials first, then oldest first, so that nobody else takes them for
// kLeaseTime. Nothing while the lane is closed or stopped; one, when it is time to probe a stopped lane. Of a
// rehearsing lane only retractions that it owed before are ever due.
std::vector<Leased> lease(store::Transaction& tx, ConnectionId connection, int limit, Time now);

// One finished attempt. `sent` and `accepted` are kEpoch when that did not happen in it.
struct Attempt {
  Leased leased;
  Outcome outcome;
  std::string message_id;  // of the message that was accepted, if any
  Time sent = kEpoch;
  Time accepted = kEpoch;
};
// Writes what became of an attempt and gives the lease back; false when the lease has gone to somebody else meanwhile.
bool settle(store::Transaction& tx, const Attempt& attempt, Entropy& entropy, Time now);
// Gives a lease back untouched.
void release(store::Transaction& tx, const Leased& leased, Time now);
// Every lease may be taken over at once: for a start after a crash, by whoever knows that no other node serves this
// store. Returns how many there were.
std::int64_t abandon_leases(store::Transaction& tx, Time now);
// When the next row of this lane is due; kNever: none waits.
Time next_due(store::Transaction& tx, ConnectionId connection);

}  // namespace wardbridge::ledger
