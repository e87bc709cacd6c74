#include "connector/cloud_connector/lease.h"

#include <algorithm>

#include "platform/log/log.h"

namespace wardbridge::cloud_connector {
namespace {

constexpr Duration kLeaseTime = seconds{30};
constexpr Duration kRenewTime = seconds{10};  // so that a store that fails for a moment does no harm

Failure in_use(Time until) {
  return conflict("store_in_use",
                  "another process of the Cloud Connector works on this store, by its last word until " +
                      to_iso8601(until) + ": one process serves one store");
}

}  // namespace

Status Lease::write(Time now) {
  Time until = now + kLeaseTime;
  TRY(store_.write([&](store::Transaction& tx) -> Status {
    std::int64_t changed = tx.execute(
        "UPDATE cloud_database SET holder = ?, held_until = ? WHERE holder = ? OR holder = '' OR held_until <= ?",
        {holder_, until, holder_, now});
    if (changed > 0) return done();
    return in_use(tx.query_one("SELECT held_until FROM cloud_database")->time(0));
  }));
  held_until_ = until;
  return done();
}

Result<Time> Lease::take(Time now) {
  std::lock_guard lock(mutex_);
  Time quiet_since = TRY(store_.write([&](store::Transaction& tx) -> Result<Time> {
    if (store_.kind() == "sqlite") tx.execute("UPDATE cloud_database SET holder = ''");
    return tx.query_one("SELECT held_until FROM cloud_database")->time(0);
  }));
  TRY(write(now));
  last_used_ = now;
  return quiet_since;
}

Status Lease::hold(Time now) {
  std::lock_guard lock(mutex_);
  last_used_ = std::max(last_used_, now);
  // A clock that was set back must not make a lease longer; callers' times differ by what they waited.
  bool is_fresh = now < held_until_ - (kLeaseTime - kRenewTime) && now >= held_until_ - kLeaseTime - kRenewTime;
  if (is_fresh) return done();
  Status renewed = write(now);
  if (renewed.ok()) return renewed;
  log::error("lease_not_renewed", {{"reason", renewed.failure().reason}, {"message", renewed.failure().message}});
  bool is_others = renewed.failure().reason == "store_in_use";
  if (is_others) held_until_ = kEpoch;
  // The store failed, and nobody else can have taken over yet.
  return !is_others && now < held_until_ ? done() : renewed;
}

Lease::~Lease() {
  if (held_until_ == kEpoch) return;
  Status given_back = store_.write([&](store::Transaction& tx) -> Status {
    tx.execute("UPDATE cloud_database SET holder = '', held_until = ? WHERE holder = ?", {last_used_, holder_});
    return done();
  });
  if (!given_back.ok()) log::warning("lease_not_given_back", {{"reason", given_back.failure().reason}});
}

}  // namespace wardbridge::cloud_connector
