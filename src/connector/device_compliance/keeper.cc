#include <algorithm>

#include "connector/device_compliance/rows.h"
#include "connector/partner/policy.h"
#include "platform/log/log.h"

namespace wardbridge::device_compliance {
namespace {

constexpr Duration kIdleTime = seconds{60};
constexpr Duration kRefusedTime = seconds{60};
// While retractions are on their way, look at least this often whether the last has been acknowledged.
constexpr Duration kDrainTime = seconds{1};

bool is_refusal(const partner::Problem& problem) {
  return problem.kind == partner::Problem::Kind::credentials || problem.kind == partner::Problem::Kind::permission;
}

// What was learnt counts only while no person has changed the connection meanwhile.
template <class Change>
Status keep(store::Store& store, const Connection& seen, const Change& change) {
  return store.write([&](store::Transaction& tx) -> Status {
    std::optional<Connection> current = lock_connection(tx, seen.id);
    if (!current || current->revision != seen.revision) return done();
    TRY(change(tx, *current));
    save_progress(tx, *current);
    return done();
  });
}

partner::Answer<Policy> put_policy_in_place(partner::Client& client, const Connection& connection, Time now) {
  partner::PolicyInPlace before{connection.policy.id, connection.policy.assigned_group_ids};
  partner::PolicyInPlace policy = TRY(partner::put_policy_in_place(
      client, connection.settings.name, connection.settings.group_ids, std::move(before), now));
  return Policy{.id = std::move(policy.id), .assigned_group_ids = std::move(policy.assigned_group_ids)};
}

// The tenant's administrator ended it: terminated, or with another application id.
bool is_cut_off(const std::string& reason) {
  return reason == "integration_terminated" || reason == "application_not_entered";
}

void close_unless_rehearsing(store::Transaction& tx, ConnectionId id) {
  if (ledger::lane(tx, id).purpose == ledger::Lane::Purpose::rehearsing) return;
  ledger::set_lane_purpose(tx, id, ledger::Lane::Purpose::closed);
}

// But for what is only rehearsed: a migration may come back to it.
Status forget_everything(store::Transaction& tx, ConnectionId id) {
  constexpr int kPage = 500;
  std::string after;
  for (auto page = ledger::list(tx, id, after, kPage); !page.empty(); page = ledger::list(tx, id, after, kPage)) {
    after = page.back().subject;
    for (const ledger::Delivery& delivery : page) {
      if (delivery.state != ledger::State::rehearsed) TRY(ledger::forget(tx, id, delivery.subject));
    }
  }
  return done();
}

}  // namespace

Keeper::Keeper(store::Store& store, Link& link, ConnectionId id, const Clock& clock, Entropy& entropy)
    : store_(store), link_(link), id_(id), clock_(clock), entropy_(entropy) {}

Time Keeper::run_once(Time now) {
  link_.reload();
  Result<Link::Road> road = link_.road(now);
  if (!road.ok()) {
    log::error("connection_unusable", {{"connection", id_.value}, {"reason", road.failure().reason}});
    return now + kIdleTime;
  }
  const Connection& connection = road->connection;
  Status status = done();
  if (now >= connection.next_run_at) {
    switch (connection.state) {
      case State::created:
      case State::credentials:
      case State::permission:
        status = provision(*road, now);
        break;
      case State::active:
        status = heartbeat(*road, now);
        break;
      case State::terminating:
        status = terminate(*road, now);
        break;
      case State::terminated:
        break;
    }
  }
  if (status.ok()) status = keep_needed_secret(*road, now);
  if (!status.ok()) {
    log::error("connection_store_failed", {{"connection", id_.value}, {"reason", status.failure().reason}});
    return now + seconds{1};
  }
  link_.reload();
  Result<Link::Road> after = link_.road(now);
  if (!after.ok() || after->connection.state == State::terminated) return now + kIdleTime;
  return std::min(std::max(after->connection.next_run_at, now + milliseconds{1}), now + kIdleTime);
}

Status Keeper::note_problem(const Connection& seen, const partner::Problem& problem, Time now) {
  log::warning("connection_problem",
               {{"connection", id_.value}, {"reason", problem.reason}, {"message", problem.message}});
  return keep(store_, seen, [&](store::Transaction& tx, Connection& connection) -> Status {
    connection.failures += 1;
    connection.error_reason = problem.reason;
    connection.error_message = problem.message;
    bool is_gone = problem.reason == "integration_terminated" ||
                   (connection.state == State::terminating && is_cut_off(problem.reason));
    if (is_gone) {
      // The tenant's administrator has decided; coming back is for a person to decide, not for the next try. Nothing
      // can be retracted over there any more, and nothing need be: verdicts end by themselves (law 3). What the tenant
      // was told stays in the ledger, so that it is told again should somebody reconnect.
      close_unless_rehearsing(tx, id_);
      connection.state = State::terminated;
      return done();
    }
    Duration wait = problem.after ? ledger::clamp_wait(*problem.after)
                                  : seconds{1} + ledger::backoff(connection.failures + 4, entropy_);
    if (is_refusal(problem)) {
      wait = kRefusedTime;
      bool credentials = problem.kind == partner::Problem::Kind::credentials;
      if (connection.state != State::terminating) {
        connection.state = credentials ? State::credentials : State::permission;
      }
      ledger::stop_lane(tx, id_, credentials ? ledger::Lane::Health::credentials : ledger::Lane::Health::permission,
                        problem.reason, problem.message, now + wait);
    }
    connection.next_run_at = now + wait;
    return done();
  });
}

// The directory took only the second secret: it is the one from now on, before the token it gave has expired.
Status Keeper::keep_needed_secret(const Link::Road& road, Time now) {
  if (!road.client->needed_next_secret()) return done();
  return store_.write([&](store::Transaction& tx) -> Status {
    std::optional<Connection> current = lock_connection(tx, id_);
    bool is_same = current && current->revision == road.connection.revision && current->secret.has_next;
    return is_same ? promote_secret(tx, id_, {.name = "the directory refused the former client secret"}, now) : done();
  });
}

Status Keeper::provision(const Link::Road& road, Time now) {
  if (road.connection.settings.type == Type::manual) {
    auto permissions = road.client->check_permissions(now);
    if (!permissions.ok()) return note_problem(road.connection, permissions.failure(), clock_.now());
  }
  partner::Answer<partner::Provisioning> answer = road.client->provision(road.connection.settings.pages, now);
  if (!answer.ok()) return note_problem(road.connection, answer.failure(), clock_.now());
  TRY(keep(store_, road.connection, [&](store::Transaction& tx, Connection& connection) -> Status {
    connection.state = State::active;
    connection.extensions = answer->extensions;
    connection.policy.id.clear();  // whatever was changed, at either end, may concern it
    connection.failures = 0;
    connection.error_reason.clear();
    connection.error_message.clear();
    connection.next_run_at = now;
    ledger::reopen_lane(tx, id_);
    return done();
  }));
  link_.reload();
  return heartbeat(TRY(link_.road(now)), now);
}

Status Keeper::heartbeat(const Link::Road& road, Time now) {
  if (road.connection.state != State::active) return done();
  partner::Answer<partner::Heartbeat> answer = road.client->heartbeat(now);
  if (!answer.ok()) return note_problem(road.connection, answer.failure(), clock_.now());
  TRY(keep(store_, road.connection, [&](store::Transaction& tx, Connection& connection) -> Status {
    connection.last_heartbeat = now;
    connection.failures = 0;
    connection.error_reason.clear();
    connection.error_message.clear();
    connection.next_run_at = now + connection.settings.heartbeat_interval;
    if (answer->resync && *answer->resync > connection.last_resync) {
      connection.last_resync = *answer->resync;
      ledger::resend_all(tx, id_, now);
    }
    return done();
  }));
  return set_up_policy(road, now);
}

Status Keeper::set_up_policy(const Link::Road& road, Time now) {
  if (road.connection.settings.type == Type::manual) return done();  // the tenant's own policies are for that
  PolicyState state = policy_state(road.connection);
  if (state == PolicyState::created || state == PolicyState::assigned) return done();
  partner::Answer<Policy> policy = put_policy_in_place(*road.client, road.connection, now);
  if (policy.ok()) {
    return keep(store_, road.connection, [&](store::Transaction&, Connection& connection) -> Status {
      connection.policy = *policy;
      return done();
    });
  }
  const partner::Problem& problem = policy.failure();
  log::warning("policy_not_set_up",
               {{"connection", id_.value}, {"reason", problem.reason}, {"message", problem.message}});
  return keep(store_, road.connection, [&](store::Transaction&, Connection& connection) -> Status {
    connection.policy.error_reason = problem.reason;
    connection.policy.error_message = problem.message;
    // Otherwise with the next heartbeat.
    bool may_pass_soon =
        problem.kind == partner::Problem::Kind::retry_later || problem.kind == partner::Problem::Kind::unreachable;
    if (may_pass_soon) connection.next_run_at = std::min(connection.next_run_at, now + kRefusedTime);
    return done();
  });
}

// INVARIANT: law 5. First every subject is retracted and that is acknowledged, then the service learns that we are
// gone.
Status Keeper::terminate(const Link::Road& road, Time now) {
  bool must_wait = TRY(store_.write([&](store::Transaction& tx) -> Result<bool> {
    // Again: a wish may have been committed at the very moment when the lane began to drain.
    ledger::drain_lane(tx, id_, "the connection was disabled", now);
    // A tenant that has let go of us takes no retraction; what it was told ends there by itself.
    return ledger::counts(tx, id_).pending > 0 && !is_cut_off(ledger::lane(tx, id_).reason);
  }));
  if (must_wait) {
    return keep(store_, road.connection, [&](store::Transaction&, Connection& connection) -> Status {
      connection.next_run_at = now + kDrainTime;
      return done();
    });
  }
  partner::Answer<partner::Provisioning> answer = road.client->deprovision(road.connection.settings.pages, now);
  if (!answer.ok()) return note_problem(road.connection, answer.failure(), clock_.now());
  return keep(store_, road.connection, [&](store::Transaction& tx, Connection& connection) -> Status {
    TRY(forget_everything(tx, id_));
    close_unless_rehearsing(tx, id_);
    connection.state = State::terminated;
    connection.error_reason.clear();
    connection.error_message.clear();
    connection.failures = 0;
    return done();
  });
}

}  // namespace wardbridge::device_compliance
