#include <algorithm>
#include <array>

#include "management/outbox/rows.h"

namespace wardbridge::outbox {
namespace {

constexpr Duration kBackoffBase = seconds{1};
constexpr Duration kBackoffCap = minutes{15};

void park(store::Transaction& tx, const Message& message, const Outcome& outcome, Time now) {
  tx.execute("UPDATE outbox_message SET state = 'parked', parked_at = ?, reason = ?, message = ? WHERE id = ?",
             {now, outcome.reason, outcome.message, message.id.value});
}

// What the lane does next, after its last attempt.
struct Pause {
  Time not_before = kEpoch;
  std::int64_t failures = 0;
};

Pause settle_message(store::Transaction& tx, const Message& message, const Outcome& outcome, std::int64_t failures,
                     Entropy& entropy, Time now) {
  switch (outcome.kind) {
    case Outcome::Kind::delivered:
      forget_message(tx, message.id);
      return {now + outcome.rest, 0};
    case Outcome::Kind::refused:
      park(tx, message, outcome, now);
      return {now, 0};
    case Outcome::Kind::retry:
      if (now >= message.give_up_at || message.attempts >= outcome.most_attempts) {
        park(tx, message, outcome, now);
        return {now, failures};
      }
      tx.execute("UPDATE outbox_message SET reason = ?, message = ? WHERE id = ?",
                 {outcome.reason, outcome.message, message.id.value});
      Duration wait = backoff(failures + 1, entropy);
      if (outcome.after) wait = std::max(wait, *outcome.after);
      return {now + wait, failures + 1};
  }
  CHECK(false);
}

}  // namespace

Duration backoff(std::int64_t failures, Entropy& entropy) {
  Duration ceiling =
      failures > 10 ? Duration(kBackoffCap)
                    : std::min<Duration>(kBackoffCap,
                                         kBackoffBase * (std::int64_t{1} << std::max<std::int64_t>(0, failures - 1)));
  auto half = static_cast<std::uint64_t>(ceiling.count() / 2);
  return Duration{static_cast<std::int64_t>(half + entropy.below(half + 1))};
}

std::optional<Leased> lease(store::Transaction& tx, const std::string& kind, int limit, Time now) {
  auto lane = tx.query_one(
      "SELECT number FROM outbox_lane WHERE kind = ? AND not_before <= ? AND EXISTS (SELECT 1 FROM outbox_message"
      " WHERE outbox_message.kind = outbox_lane.kind AND outbox_message.number = outbox_lane.number"
      " AND outbox_message.state = 'waiting') ORDER BY not_before, number LIMIT 1" +
          std::string(tx.lock_rows(/*skip_locked=*/true)),
      {kind, now});
  if (!lane) return std::nullopt;
  Leased leased{.lane = {kind, lane->integer(0)}, .token = tx.next_id("outbox_lease")};
  // Locked, so that nobody merges a change into a message that is about to be sent.
  leased.messages = select_messages(
      tx, "WHERE kind = ? AND number = ? AND state = 'waiting' ORDER BY id LIMIT ?" + std::string(tx.lock_rows()),
      std::array<store::Value, 3>{kind, leased.lane.number, limit});
  if (leased.messages.empty()) return std::nullopt;  // parked meanwhile
  for (Message& message : leased.messages) {
    message.attempts += 1;
    tx.execute("UPDATE outbox_message SET attempts = ? WHERE id = ?", {message.attempts, message.id.value});
  }
  tx.execute("UPDATE outbox_lane SET not_before = ?, lease_token = ? WHERE kind = ? AND number = ?",
             {now + kLeaseTime, leased.token, kind, leased.lane.number});
  return leased;
}

bool settle(store::Transaction& tx, const Leased& leased, const std::vector<Outcome>& outcomes, Entropy& entropy,
            Time now) {
  CHECK(outcomes.size() <= leased.messages.size());
  auto lane = tx.query_one(
      "SELECT lease_token, failures FROM outbox_lane WHERE kind = ? AND number = ?" + std::string(tx.lock_rows()),
      {leased.lane.kind, leased.lane.number});
  if (!lane || lane->integer(0) != leased.token) return false;
  Pause pause{now, lane->integer(1)};
  for (std::size_t i = 0; i < leased.messages.size(); ++i) {
    if (i < outcomes.size()) {
      pause = settle_message(tx, leased.messages[i], outcomes[i], pause.failures, entropy, now);
    } else {
      tx.execute("UPDATE outbox_message SET attempts = attempts - 1 WHERE id = ? AND attempts > 0",
                 {leased.messages[i].id.value});
    }
  }
  tx.execute("UPDATE outbox_lane SET not_before = ?, lease_token = 0, failures = ? WHERE kind = ? AND number = ?",
             {pause.not_before, pause.failures, leased.lane.kind, leased.lane.number});
  return true;
}

Time next_due(store::Transaction& tx, const std::string& kind) {
  auto row = tx.query_one(
      "SELECT MIN(not_before) FROM outbox_lane WHERE kind = ? AND EXISTS (SELECT 1 FROM outbox_message"
      " WHERE outbox_message.kind = outbox_lane.kind AND outbox_message.number = outbox_lane.number"
      " AND outbox_message.state = 'waiting')",
      {kind});
  return row ? row->maybe_time(0).value_or(kNever) : kNever;
}

std::int64_t abandon_leases(store::Transaction& tx, Time now) {
  return tx.execute("UPDATE outbox_lane SET not_before = ?, lease_token = 0 WHERE lease_token <> 0", {now});
}

}  // namespace wardbridge::outbox
