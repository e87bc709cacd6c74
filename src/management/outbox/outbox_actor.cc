#include "management/outbox/outbox_actor.h"

#include <algorithm>

#include "platform/log/log.h"
#include "platform/metrics/metrics.h"

namespace wardbridge::outbox {
namespace {

constexpr Duration kContendedTime = milliseconds{20};
constexpr Duration kTidyTime = minutes{1};

const char* name_of(Outcome::Kind kind) {
  switch (kind) {
    case Outcome::Kind::delivered:
      return "delivered";
    case Outcome::Kind::retry:
      return "retry";
    case Outcome::Kind::refused:
      return "refused";
  }
  return "?";
}

void report(const Message& message, const Outcome& outcome, Time now) {
  metrics::counter("wardbridge_outbox_attempts_total", "attempts to deliver a webhook or a mail, by outcome",
                   {{"kind", message.lane.kind}, {"outcome", name_of(outcome.kind)}})
      .add();
  if (outcome.kind == Outcome::Kind::delivered) {
    metrics::histogram("wardbridge_outbox_seconds", "from the event to the receiver's answer",
                       {{"kind", message.lane.kind}})
        .observe(now - message.created);
    return;
  }
  log::warning("outbox_delivery_failed", {{"kind", message.lane.kind},
                                          {"number", message.lane.number},
                                          {"delivery", message.id.value},
                                          {"outcome", name_of(outcome.kind)},
                                          {"reason", outcome.reason},
                                          {"message", outcome.message}});
}

void show(const std::string& kind, const Counts& counts) {
  const std::string name = "wardbridge_outbox_messages";
  const std::string help = "webhook deliveries and mails that have not left, by state";
  metrics::gauge(name, help, {{"kind", kind}, {"state", "waiting"}}).set(counts.waiting);
  metrics::gauge(name, help, {{"kind", kind}, {"state", "parked"}}).set(counts.parked);
}

}  // namespace

OutboxActor::OutboxActor(store::Store& store, Carrier& carrier, const Clock& clock, Entropy& entropy,
                         OutboxActorOptions options)
    : store_(store), carrier_(carrier), clock_(clock), entropy_(entropy), options_(options) {}

std::string OutboxActor::name() const { return "outbox/" + carrier_.kind() + "/" + std::to_string(options_.worker); }

Result<bool> OutboxActor::run_lane(Time stop_at) {
  using Taken = std::optional<Leased>;
  Taken leased = TRY(store_.write([&](store::Transaction& tx) -> Result<Taken> {
    return lease(tx, carrier_.kind(), options_.batch, clock_.now());
  }));
  if (!leased) return false;
  std::vector<Outcome> outcomes;
  for (const Message& message : leased->messages) {
    outcomes.push_back(carrier_.carry(message, clock_.now()));
    report(message, outcomes.back(), clock_.now());
    // A message that is still to be sent, or a lane that is to rest, ends the batch; so does the time.
    bool goes_on = outcomes.back().kind != Outcome::Kind::retry && outcomes.back().rest == Duration{0};
    if (!goes_on || clock_.now() >= stop_at) break;
  }
  // A crash before this commit only means that some messages are sent again, under the same ids.
  TRY(store_.write(
      [&](store::Transaction& tx) -> Result<bool> { return settle(tx, *leased, outcomes, entropy_, clock_.now()); }));
  return true;
}

void OutboxActor::tidy_now_and_then(Time now) {
  if (options_.worker != 1 || now < next_tidy_) return;
  next_tidy_ = now + kTidyTime;
  auto tidied = store_.write(
      [&](store::Transaction& tx) -> Result<Tidied> { return tidy(tx, carrier_.kind(), options_.limits, now); });
  auto left = store_.read([&](store::Transaction& tx) -> Result<Counts> { return counts(tx, carrier_.kind()); });
  if (left.ok()) show(carrier_.kind(), *left);
  if (!tidied.ok() || (tidied->parked == 0 && tidied->forgotten == 0)) return;
  log::warning("outbox_tidied",
               {{"kind", carrier_.kind()}, {"parked", tidied->parked}, {"forgotten", tidied->forgotten}});
}

Time OutboxActor::run_once(Time now) {
  Time stop_at = now + options_.run_time;
  tidy_now_and_then(now);
  while (true) {
    // Looking is a read; only work that is there costs a write.
    auto due = store_.read([&](store::Transaction& tx) -> Result<Time> { return next_due(tx, carrier_.kind()); });
    Time moment = clock_.now();
    if (due.ok() && *due > moment) return std::min(*due, moment + options_.idle_poll);
    Result<bool> more = due.ok() ? run_lane(stop_at) : Result<bool>(due.failure());
    if (!more.ok()) {
      log::error("outbox_store_failed", {{"kind", carrier_.kind()}, {"reason", more.failure().reason}});
      return clock_.now() + seconds{1};
    }
    // Due, and yet nothing to take: another worker holds it. Don't spin.
    if (!*more) return clock_.now() + kContendedTime;
    if (clock_.now() >= stop_at) return clock_.now();
  }
}

}  // namespace wardbridge::outbox
