#include "connector/ledger/ledger_actor.h"

#include <algorithm>

#include "platform/log/log.h"
#include "platform/metrics/metrics.h"

namespace wardbridge::ledger {
namespace {

constexpr Duration kContendedTime = milliseconds{20};

const char* name_of(Outcome::Kind kind) {
  switch (kind) {
    case Outcome::Kind::accepted:
      return "accepted";
    case Outcome::Kind::done:
      return "done";
    case Outcome::Kind::still_processing:
      return "still_processing";
    case Outcome::Kind::superseded:
      return "superseded";
    case Outcome::Kind::retry_later:
      return "retry_later";
    case Outcome::Kind::unreachable:
      return "unreachable";
    case Outcome::Kind::credentials:
      return "credentials";
    case Outcome::Kind::permission:
      return "permission";
    case Outcome::Kind::permanent:
      return "permanent";
    case Outcome::Kind::contended:
      return "contended";
    case Outcome::Kind::message_lost:
      return "message_lost";
  }
  return "?";
}

bool stops_lane(const Outcome& outcome) {
  return outcome.kind == Outcome::Kind::unreachable || outcome.kind == Outcome::Kind::credentials ||
         outcome.kind == Outcome::Kind::permission;
}

void report(const Attempt& attempt) {
  metrics::counter("wardbridge_deliveries_total", "attempts to deliver or confirm a report, by outcome",
                   {{"outcome", name_of(attempt.outcome.kind)}})
      .add();
  if (attempt.outcome.reason.empty()) return;
  log::warning("delivery_failed", {{"connection", attempt.leased.parcel.connection_id.value},
                                   {"subject", attempt.leased.parcel.subject},
                                   {"outcome", name_of(attempt.outcome.kind)},
                                   {"reason", attempt.outcome.reason},
                                   {"message", attempt.outcome.message}});
}

}  // namespace

LedgerActor::LedgerActor(store::Store& store, Connection& connection, ConnectionId id, const Clock& clock,
                         Entropy& entropy, LedgerActorOptions options)
    : store_(store), connection_(connection), id_(id), clock_(clock), entropy_(entropy), options_(options) {}

std::string LedgerActor::name() const {
  return "ledger/" + std::to_string(id_.value) + "/" + std::to_string(options_.worker);
}

Attempt LedgerActor::attempt(const Leased& leased) {
  Attempt result{.leased = leased, .outcome = {}, .message_id = leased.parcel.message_id};
  if (result.message_id.empty()) {
    result.sent = clock_.now();
    result.outcome = connection_.deliver(leased.parcel, result.sent);
    if (result.outcome.kind == Outcome::Kind::done) result.accepted = clock_.now();
    if (result.outcome.kind != Outcome::Kind::accepted) return result;
    result.accepted = clock_.now();
    result.message_id = result.outcome.message_id;
  }
  Parcel accepted = leased.parcel;
  accepted.message_id = result.message_id;
  result.outcome = connection_.confirm(accepted, clock_.now());
  return result;
}

Result<bool> LedgerActor::run_batch() {
  std::vector<Leased> leased = TRY(store_.write([&](store::Transaction& tx) -> Result<std::vector<Leased>> {
    return lease(tx, id_, options_.batch, clock_.now());
  }));
  if (leased.empty()) return false;
  std::vector<Attempt> attempts;
  bool stopped = false;
  std::size_t next = 0;
  Time stop_at = clock_.now() + options_.batch_time;
  do {
    attempts.push_back(attempt(leased[next++]));
    stopped = stops_lane(attempts.back().outcome);
  } while (next < leased.size() && !stopped && clock_.now() < stop_at);
  // A crash before this commit only means that some reports are sent again, which is harmless.
  TRY(store_.write([&](store::Transaction& tx) -> Status {
    Time now = clock_.now();
    for (const Attempt& finished : attempts) settle(tx, finished, entropy_, now);
    for (std::size_t rest = next; rest < leased.size(); ++rest) release(tx, leased[rest], now);
    return done();
  }));
  for (const Attempt& finished : attempts) report(finished);
  return !stopped;
}

Time LedgerActor::run_once(Time now) {
  Time stop_at = now + options_.run_time;
  while (true) {
    // Looking is a read; only work that is there costs a write.
    Result<Time> due = store_.read([&](store::Transaction& tx) -> Result<Time> { return next_due(tx, id_); });
    Time moment = clock_.now();
    if (due.ok() && *due > moment) return std::min(*due, moment + options_.idle_poll);
    Result<bool> more = due.ok() ? run_batch() : Result<bool>(due.failure());
    if (!more.ok()) {
      log::error("ledger_store_failed", {{"connection", id_.value}, {"reason", more.failure().reason}});
      return clock_.now() + seconds{1};
    }
    // Due, and yet nothing to take: another worker holds it. Don't spin.
    if (!*more) return clock_.now() + kContendedTime;
    if (clock_.now() >= stop_at) return clock_.now();
  }
}

}  // namespace wardbridge::ledger
