// What the broker does by itself: heartbeats, provisioning after trouble, terminations, and devices of instances that
// were removed.
#include <algorithm>

#include "connector/cloud_connector/roads.h"
#include "connector/cloud_connector/rows.h"
#include "platform/log/log.h"

namespace wardbridge::cloud_connector {
namespace {

constexpr Duration kIdleTime = seconds{5};
constexpr Duration kRefusedTime = seconds{60};
constexpr int kRetiredAtATime = 20;
// Attempts at a removal that get nowhere, a day long: then a person has to say something.
constexpr int kRemovalAttempts = 100;
constexpr Duration kLongestRemovalWait = minutes{15};
constexpr const char* kNeededRole = "update_device_attributes";

bool falls_to(const std::string& id, const Broker::Shard& shard) {
  return std::hash<std::string>{}(id) % static_cast<std::size_t>(shard.shards) == static_cast<std::size_t>(shard.shard);
}

// ENTRA: permissions of the connector's applications must stay as they were granted. Nothing: they are.
std::optional<partner::Problem> modified_permissions(const std::optional<std::vector<std::string>>& roles,
                                                     partner::Protocol protocol) {
  if (!roles) return std::nullopt;
  if (std::ranges::count(*roles, kNeededRole) == 0) {
    return partner::Problem{
        .kind = partner::Problem::Kind::permission,
        .reason = "permission_missing",
        .message = std::string("the permission `") + kNeededRole +
                   "` of the enterprise application Cloud Connector was withdrawn: give admin consent again"};
  }
  for (const std::string& role : *roles) {
    bool may_have_it = role == kPolicyRole && protocol == partner::Protocol::compliance_partner;
    if (role == kNeededRole || may_have_it) continue;
    return partner::Problem{.kind = partner::Problem::Kind::permission,
                            .reason = "permission_extra",
                            .message = "the enterprise application Cloud Connector was given the permission `" + role +
                                       "`, which is not supported: remove it"};
  }
  return std::nullopt;
}

bool has_active_attachment(store::Transaction& tx, const std::string& tenant_id) {
  return wishes_of(tx, tenant_id).has_value();
}

}  // namespace

Time Broker::keep(const Shard& shard, Time now) {
  if (!lease_->hold(now).ok()) return now + kIdleTime;
  struct Work {
    std::vector<Tenant> tenants;
    std::vector<Instance> retiring;
    Time next = kNever;
  };
  Result<Work> work = deps_.store.read([&](store::Transaction& tx) -> Result<Work> {
    Work found;
    for (Tenant& tenant : all_tenants(tx)) {
      if (!falls_to(tenant.id, shard) || tenant.state == Tenant::State::terminated || !cloud_of(tenant.cloud)) continue;
      if (tenant.next_run_at > now) {
        found.next = std::min(found.next, tenant.next_run_at);
      } else if (tenant.state == Tenant::State::terminating || has_active_attachment(tx, tenant.id)) {
        found.tenants.push_back(std::move(tenant));
      }
    }
    for (Instance& instance : all_instances(tx)) {
      if (instance.state != Instance::State::retiring || !falls_to(instance.id.value, shard)) continue;
      if (instance.removal.next_attempt > now) {
        found.next = std::min(found.next, instance.removal.next_attempt);
      } else {
        found.retiring.push_back(std::move(instance));
      }
    }
    return found;
  });
  if (!work.ok()) {
    log::error("connector_store_failed", {{"reason", work.failure().reason}});
    return now + seconds{1};
  }
  for (const Tenant& tenant : work->tenants) keep_tenant(tenant, now);
  for (const Instance& instance : work->retiring) retire(instance, now);
  bool more = !work->tenants.empty() || !work->retiring.empty();
  return more ? now + seconds{1} : std::min(work->next, now + kIdleTime);
}

void Broker::keep_tenant(const Tenant& seen, Time now) {
  if (seen.state == Tenant::State::terminating) {
    terminate(seen.id, now);
    return;
  }
  auto wishes = deps_.store.read([&](store::Transaction& tx) -> Result<relay::Wishes> {
    return wishes_of(tx, seen.id).value_or(relay::Wishes{});
  });
  if (!wishes.ok()) return;
  Road& road = road_to(seen);
  Tenant learnt = seen;
  std::optional<partner::Problem> problem;
  if (seen.state != Tenant::State::active) {
    road.start_afresh();  // somebody may have repaired it
    auto provisioning = road.call<partner::Provisioning>(now, [&](partner::Client& client) {
      return client.provision({wishes->enrollment_url, wishes->remediation_url}, now);
    });
    if (provisioning.ok()) learnt.extensions = provisioning->extensions;
    learnt.policy.id.clear();  // whatever was changed over there may concern it
    if (!provisioning.ok()) problem = provisioning.failure();
  }
  if (!problem) {
    auto heartbeat = road.call<partner::Heartbeat>(now, [&](partner::Client& client) { return client.heartbeat(now); });
    if (!heartbeat.ok()) problem = heartbeat.failure();
    if (heartbeat.ok() && heartbeat->resync) learnt.last_resync = std::max(learnt.last_resync, *heartbeat->resync);
  }
  // The tenant's own policies are for the other protocol.
  bool has_policy = cloud_of(seen.cloud)->protocol == partner::Protocol::compliance_partner;
  if (!problem && has_policy) set_up_policy(road, learnt, wishes->group_ids, now);
  std::optional<partner::Problem> modified = modified_permissions(road.roles(), cloud_of(seen.cloud)->protocol);
  bool works_all_the_same = modified && modified->reason == "permission_extra";
  // A withdrawn permission is the cause, whatever the service answered.
  if (modified && !works_all_the_same) problem = modified;
  Status kept = deps_.store.write([&](store::Transaction& tx) -> Status {
    auto tenant = lock_tenant(tx, seen.id);
    if (!tenant || tenant->state == Tenant::State::terminating || tenant->state == Tenant::State::terminated)
      return done();
    Tenant::State before = tenant->state;
    tenant->roles = road.roles().value_or(tenant->roles);
    if (problem) {
      tenant->failures += 1;
      tenant->error_reason = problem->reason;
      tenant->error_message = problem->message;
      Duration wait = seconds{1} + ledger::backoff(tenant->failures + 4, deps_.entropy);
      if (problem->after) wait = ledger::clamp_wait(*problem->after);
      if (problem->kind == partner::Problem::Kind::credentials) tenant->state = Tenant::State::credentials;
      if (problem->kind == partner::Problem::Kind::permission) tenant->state = Tenant::State::permission;
      if (tenant->state != Tenant::State::active && tenant->state != Tenant::State::pending) wait = kRefusedTime;
      tenant->next_run_at = now + wait;
    } else {
      // An instance that changed its wishes meanwhile has asked for another run.
      bool is_still_wished = wishes_of(tx, seen.id) == *wishes;
      if (is_still_wished) tenant->state = Tenant::State::active;
      tenant->extensions = learnt.extensions;
      tenant->last_heartbeat = now;
      tenant->last_resync = learnt.last_resync;
      tenant->policy = learnt.policy;
      tenant->policy_error_reason = learnt.policy_error_reason;
      tenant->policy_error_message = learnt.policy_error_message;
      tenant->next_run_at = is_still_wished ? now + options_.heartbeat_interval : now;
      tenant->failures = 0;
      tenant->error_reason = works_all_the_same ? modified->reason : "";
      tenant->error_message = works_all_the_same ? modified->message : "";
    }
    save_tenant(tx, *tenant);
    if (tenant->state != before) {
      // What waits for a tenant goes on when that works again.
      if (tenant->state == Tenant::State::active) {
        tx.execute("UPDATE cloud_instance SET removal_failures = 0, removal_next_at = ? WHERE state = ?",
                   {now, name_of(Instance::State::retiring)});
      }
      json::Object details = changed("state", name_of(before), name_of(tenant->state));
      if (problem) details["reason"] = problem->reason;
      audit_change(tx, "update", "Tenant", tenant->id, tenant->id, std::move(details), {}, now);
    }
    return done();
  });
  if (problem) log::warning("tenant_problem", {{"tenant", seen.id}, {"reason", problem->reason}});
  if (!kept.ok()) log::error("tenant_not_kept", {{"tenant", seen.id}, {"reason", kept.failure().reason}});
}

// What keeps a policy from its place keeps no verdict from its tenant: the way stays open, whatever comes of it.
void Broker::set_up_policy(Road& road, Tenant& tenant, const std::vector<std::string>& group_ids, Time now) {
  const auto roles = road.roles();
  bool is_in_place = !tenant.policy.id.empty() && tenant.policy.assigned_group_ids == group_ids;
  if (is_in_place || !roles || std::ranges::count(*roles, kPolicyRole) == 0) return;
  partner::Answer<partner::PolicyInPlace> policy = tenant.policy;
  auto way = road.call<bool>(now, [&](partner::Client& client) -> partner::Answer<bool> {
    policy = partner::put_policy_in_place(client, "Cloud Connector", group_ids, tenant.policy, now);
    bool is_about_the_way = !policy.ok() && policy.failure().kind == partner::Problem::Kind::unreachable;
    if (is_about_the_way) return policy.failure();
    return true;
  });
  if (!way.ok()) return;  // with the next heartbeat
  tenant.policy_error_reason = policy.ok() ? "" : policy.failure().reason;
  tenant.policy_error_message = policy.ok() ? "" : policy.failure().message;
  if (policy.ok()) {
    tenant.policy = *policy;
  } else {
    log::warning("policy_not_set_up", {{"tenant", tenant.id}, {"reason", policy.failure().reason}});
  }
}

bool Broker::terminate(const std::string& tenant_id, Time now) {
  relay::Wishes wishes;
  auto tenant = deps_.store.read([&](store::Transaction& tx) -> Result<std::optional<Tenant>> {
    for (const AttachmentRow& row : attachments_of_tenant(tx, tenant_id)) wishes = row.wishes;
    return find_tenant(tx, tenant_id);
  });
  if (!tenant.ok() || !*tenant || (*tenant)->state != Tenant::State::terminating) return false;
  auto answer = road_to(**tenant).call<partner::Provisioning>(now, [&](partner::Client& client) {
    return client.deprovision({wishes.enrollment_url, wishes.remediation_url}, now);
  });
  Status kept = deps_.store.write([&](store::Transaction& tx) -> Status {
    auto current = lock_tenant(tx, tenant_id);
    if (!current || current->state != Tenant::State::terminating) return done();
    if (answer.ok()) {
      audit_change(tx, "update", "Tenant", tenant_id, tenant_id,
                   changed("state", name_of(current->state), name_of(Tenant::State::terminated)), {}, now);
      current->state = Tenant::State::terminated;
      current->next_run_at = kNever;
      tx.execute("UPDATE cloud_route SET released = 1 WHERE tenant_id = ?", {tenant_id});
    } else {
      current->failures += 1;
      Duration wait = seconds{1} + ledger::backoff(current->failures + 4, deps_.entropy);
      current->next_run_at = now + (answer.failure().after ? ledger::clamp_wait(*answer.failure().after) : wait);
    }
    current->error_reason = answer.ok() ? "" : answer.failure().reason;
    current->error_message = answer.ok() ? "" : answer.failure().message;
    save_tenant(tx, *current);
    return done();
  });
  return kept.ok() && answer.ok();
}

// Retracts up to a page of one tenant's devices; what kept it from the rest.
std::optional<partner::Problem> Broker::retract_devices(const Instance& instance, const std::string& tenant_id,
                                                        Time now) {
  using Kind = partner::Problem::Kind;
  auto standing = deps_.store.read([&](store::Transaction& tx) -> Result<std::vector<Route>> {
    return standing_routes(tx, instance.id, tenant_id, kRetiredAtATime);
  });
  if (!standing.ok()) return partner::Problem{Kind::retry_later, standing.failure().reason, "the store failed"};
  for (Route& route : *standing) {
    auto tenant = deps_.store.write([&](store::Transaction& tx) -> Result<std::optional<Tenant>> {
      auto current = lock_route(tx, route.tenant_id, route.device_id);
      if (!current || current->released || current->instance != instance.id) return std::optional<Tenant>();
      if (!current->releases) {
        current->stamp = std::max(to_unix_milliseconds(now), current->stamp + 1);
        current->releases = true;
        current->acknowledged = false;
        current->message_id.clear();
        save_route(tx, *current);
      }
      route = *current;
      return find_tenant(tx, route.tenant_id);
    });
    if (!tenant.ok() || !*tenant) continue;
    if ((*tenant)->state != Tenant::State::active) {
      bool is_told = !(*tenant)->error_reason.empty();
      return partner::Problem{
          Kind::permission, is_told ? (*tenant)->error_reason : "tenant_not_active",
          is_told ? (*tenant)->error_message : std::string("the tenant is ") + name_of((*tenant)->state)};
    }
    ledger::DeviceReport report{.device_id = route.device_id,
                                .user_id = route.user_id,
                                .os = "macOS",
                                .last_check_in = now,
                                .valid_until = now + hours{1},
                                .reason = "the instance that managed the Mac was removed from the Cloud Connector"};
    ledger::Outcome outcome = route.message_id.empty() ? send(**tenant, route, report, now) : ask(**tenant, route, now);
    bool is_over = outcome.kind == ledger::Outcome::Kind::done || outcome.kind == ledger::Outcome::Kind::permanent ||
                   outcome.kind == ledger::Outcome::Kind::accepted;
    if (!is_over) return partner::Problem{Kind::retry_later, outcome.reason, outcome.message, outcome.after};
  }
  return std::nullopt;
}

// INVARIANT: law 5. Every device of the instance is retracted before the instance is forgotten; no other is touched.
// A tenant that refuses holds up no other.
void Broker::retire(const Instance& instance, Time now) {
  const std::int64_t devices_before = instance.removal.devices_left;
  auto attachments = deps_.store.read([&](store::Transaction& tx) -> Result<std::vector<AttachmentRow>> {
    return attachments_of_instance(tx, instance.id);
  });
  if (!attachments.ok()) return;
  std::optional<partner::Problem> problem;
  for (const AttachmentRow& row : *attachments) {
    if (auto found = retract_devices(instance, row.tenant_id, now)) problem = std::move(found);
  }
  Status kept = deps_.store.write([&](store::Transaction& tx) -> Status {
    auto current = find_instance(tx, instance.id);
    if (!current || current->state != Instance::State::retiring) return done();
    Instance::Removal& removal = current->removal;
    if (removal.devices_left == 0) {
      forget_instance(tx, *current, {}, {}, now);
      return done();
    }
    bool has_moved = removal.devices_left < devices_before || !problem;
    removal.failures = has_moved ? 0 : removal.failures + 1;
    removal.reason = problem ? problem->reason : "";
    removal.message = problem ? problem->message : "";
    if (has_moved) {
      removal.next_attempt = now + seconds{1};
    } else if (removal.failures >= kRemovalAttempts) {
      removal.next_attempt = kNever;
      audit_change(tx, "update", "Instance", current->id.value, current->name,
                   {{"removal", "given up"}, {"reason", removal.reason}, {"devicesLeft", removal.devices_left}}, {},
                   now);
    } else {
      Duration wait = std::min<Duration>(kLongestRemovalWait, seconds{5} * (1 << std::min(removal.failures, 12)));
      removal.next_attempt = now + (problem->after ? ledger::clamp_wait(*problem->after) : wait);
    }
    save_removal(tx, current->id, removal);
    return done();
  });
  if (problem) {
    log::warning("instance_stays", {{"instance", instance.id.value}, {"reason", problem->reason}});
  }
  if (!kept.ok()) log::error("instance_stays", {{"instance", instance.id.value}, {"reason", kept.failure().reason}});
}

}  // namespace wardbridge::cloud_connector
