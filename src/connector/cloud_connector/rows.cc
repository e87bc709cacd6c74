#include "connector/cloud_connector/rows.h"

#include <algorithm>
#include <array>

namespace wardbridge::cloud_connector {
namespace {

constexpr std::array kInstanceStates = {Instance::State::active, Instance::State::retiring, Instance::State::removed};
constexpr std::array kTenantStates = {Tenant::State::pending,    Tenant::State::active,      Tenant::State::credentials,
                                      Tenant::State::permission, Tenant::State::terminating, Tenant::State::terminated};

template <class Enum, std::size_t size>
Enum stored_state(const std::array<Enum, size>& states, const std::string& name) {
  for (Enum state : states) {
    if (name == name_of(state)) return state;
  }
  check_failed(__FILE__, __LINE__, "a stored state", name);
}

constexpr const char* kInstanceColumns =
    "id, name, state, created_at, last_seen_at, removal_failures, removal_next_at, removal_reason, removal_message";
Instance instance_from(const store::Row& row) {
  return {.id = {row.text(0)},
          .name = row.text(1),
          .state = stored_state(kInstanceStates, row.text(2)),
          .created = row.time(3),
          .last_seen = row.time(4),
          .removal = {.failures = static_cast<int>(row.integer(5)),
                      .next_attempt = row.time(6),
                      .reason = row.text(7),
                      .message = row.text(8)}};
}

// Counted where it matters: the devices of an instance that stays are no news.
void count_devices_left(store::Transaction& tx, Instance& instance) {
  if (instance.state != Instance::State::retiring) return;
  instance.removal.devices_left =
      tx.query_one("SELECT COUNT(*) FROM cloud_route WHERE instance_id = ? AND released = 0", {instance.id.value})
          ->integer(0);
}

constexpr const char* kTenantColumns =
    "id, cloud, state, extensions, roles, last_heartbeat_at, last_resync_at, next_run_at, failures, error_reason,"
    " error_message, policy_id, policy_group_ids, policy_error_reason, policy_error_message";

// Ids and names without spaces, in one column.
std::vector<std::string> words_of(const std::string& stored) {
  std::vector<std::string> words;
  for (std::string_view word : text::split(stored, ' ')) {
    if (!word.empty()) words.emplace_back(word);
  }
  return words;
}

Tenant tenant_from(const store::Row& row) {
  Tenant tenant{.id = row.text(0), .cloud = row.text(1), .state = stored_state(kTenantStates, row.text(2))};
  for (std::string_view word : text::split(row.text(3), ' ')) {
    if (word == "reason") tenant.extensions.reason = true;
    if (word == "valid_until") tenant.extensions.valid_until = true;
    if (word == "version") tenant.extensions.version = true;
  }
  tenant.roles = words_of(row.text(4));
  tenant.last_heartbeat = row.time(5);
  tenant.last_resync = row.time(6);
  tenant.next_run_at = row.time(7);
  tenant.failures = static_cast<int>(row.integer(8));
  tenant.error_reason = row.text(9);
  tenant.error_message = row.text(10);
  tenant.policy = {row.text(11), words_of(row.text(12))};
  tenant.policy_error_reason = row.text(13);
  tenant.policy_error_message = row.text(14);
  return tenant;
}

std::optional<Tenant> select_tenant(store::Transaction& tx, const std::string& id, std::string_view lock) {
  auto row = tx.query_one(
      std::string("SELECT ") + kTenantColumns + " FROM cloud_tenant WHERE id = ?" + std::string(lock), {id});
  if (!row) return std::nullopt;
  return tenant_from(*row);
}

constexpr const char* kAttachmentColumns =
    "id, instance_id, tenant_id, cloud, progress, needs_approval, consent_until, enrollment_url, remediation_url,"
    " error_reason, error_message, created_at, group_ids";
AttachmentRow attachment_row(const store::Row& row) {
  AttachmentRow found;
  found.id = row.text(0);
  found.instance = {row.text(1)};
  found.tenant_id = row.text(2);
  found.cloud = row.text(3);
  auto progress = relay::progress_from(row.text(4));
  CHECK(progress.has_value(), "a stored progress");
  found.progress = *progress;
  found.needs_approval = row.flag(5);
  found.consent_until = row.time(6);
  found.wishes = {row.text(7), row.text(8), words_of(row.text(12))};
  found.error_reason = row.text(9);
  found.error_message = row.text(10);
  found.created = row.time(11);
  return found;
}

std::vector<AttachmentRow> select_attachments(store::Transaction& tx, const std::string& rest,
                                              const std::string& parameter) {
  std::vector<AttachmentRow> rows;
  for (const auto& row :
       tx.query(std::string("SELECT ") + kAttachmentColumns + " FROM cloud_attachment " + rest, {parameter})) {
    rows.push_back(attachment_row(row));
  }
  return rows;
}

std::optional<Route> select_route(store::Transaction& tx, const std::string& tenant_id, const std::string& device_id,
                                  std::string_view lock) {
  auto row = tx.query_one(std::string("SELECT ") + kRouteColumns +
                              " FROM cloud_route WHERE tenant_id = ? AND device_id = ?" + std::string(lock),
                          {tenant_id, device_id});
  if (!row) return std::nullopt;
  return route_from(*row, 0);
}

}  // namespace

const char* name_of(Instance::State state) {
  switch (state) {
    case Instance::State::active:
      return "active";
    case Instance::State::retiring:
      return "retiring";
    case Instance::State::removed:
      return "removed";
  }
  return "?";
}

const char* name_of(Tenant::State state) {
  switch (state) {
    case Tenant::State::pending:
      return "pending";
    case Tenant::State::active:
      return "active";
    case Tenant::State::credentials:
      return "credentials";
    case Tenant::State::permission:
      return "permission";
    case Tenant::State::terminating:
      return "terminating";
    case Tenant::State::terminated:
      return "terminated";
  }
  return "?";
}

std::optional<Instance> find_instance(store::Transaction& tx, const InstanceId& id) {
  auto row = tx.query_one(std::string("SELECT ") + kInstanceColumns + " FROM cloud_instance WHERE id = ?", {id.value});
  if (!row) return std::nullopt;
  Instance instance = instance_from(*row);
  count_devices_left(tx, instance);
  return instance;
}

std::vector<Instance> all_instances(store::Transaction& tx) {
  std::vector<Instance> instances;
  for (const auto& row : tx.query(std::string("SELECT ") + kInstanceColumns + " FROM cloud_instance ORDER BY name, id"))
    instances.push_back(instance_from(row));
  for (Instance& instance : instances) count_devices_left(tx, instance);
  return instances;
}

void save_removal(store::Transaction& tx, const InstanceId& id, const Instance::Removal& removal) {
  tx.execute(
      "UPDATE cloud_instance SET removal_failures = ?, removal_next_at = ?, removal_reason = ?, removal_message = ?"
      " WHERE id = ?",
      {removal.failures, removal.next_attempt, removal.reason, removal.message, id.value});
}

void forget_instance(store::Transaction& tx, const Instance& instance, json::Object details, const audit::Actor& by,
                     Time now) {
  for (AttachmentRow& row : attachments_of_instance(tx, instance.id)) {
    if (row.progress == relay::Progress::detached) continue;
    row.progress = relay::Progress::detached;
    save_attachment(tx, row);
    auto tenant = lock_tenant(tx, row.tenant_id);
    if (!tenant || wishes_of(tx, row.tenant_id) || tenant->state == Tenant::State::terminated) continue;
    tenant->state = Tenant::State::terminating;
    tenant->next_run_at = now;
    save_tenant(tx, *tenant);
  }
  tx.execute("DELETE FROM cloud_conflict WHERE instance_id = ?", {instance.id.value});
  tx.execute("UPDATE cloud_instance SET state = ? WHERE id = ?",
             {name_of(Instance::State::removed), instance.id.value});
  save_removal(tx, instance.id, {});
  audit_change(tx, "delete", "Instance", instance.id.value, instance.name, std::move(details), by, now);
}

std::optional<Tenant> lock_tenant(store::Transaction& tx, const std::string& id) {
  return select_tenant(tx, id, tx.lock_rows());
}
std::optional<Tenant> find_tenant(store::Transaction& tx, const std::string& id) { return select_tenant(tx, id, ""); }

std::vector<Tenant> all_tenants(store::Transaction& tx) {
  std::vector<Tenant> tenants;
  for (const auto& row : tx.query(std::string("SELECT ") + kTenantColumns + " FROM cloud_tenant ORDER BY id"))
    tenants.push_back(tenant_from(row));
  return tenants;
}

void save_tenant(store::Transaction& tx, const Tenant& tenant) {
  std::string extensions;
  if (tenant.extensions.reason) extensions += "reason ";
  if (tenant.extensions.valid_until) extensions += "valid_until ";
  if (tenant.extensions.version) extensions += "version ";
  tx.execute(
      std::string("INSERT INTO cloud_tenant (") + kTenantColumns +
          ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET cloud = "
          "excluded.cloud,"
          " state = excluded.state, extensions = excluded.extensions, roles = excluded.roles,"
          " last_heartbeat_at = excluded.last_heartbeat_at, last_resync_at = excluded.last_resync_at,"
          " next_run_at = excluded.next_run_at, failures = excluded.failures, error_reason = excluded.error_reason,"
          " error_message = excluded.error_message, policy_id = excluded.policy_id,"
          " policy_group_ids = excluded.policy_group_ids, policy_error_reason = excluded.policy_error_reason,"
          " policy_error_message = excluded.policy_error_message",
      {tenant.id, tenant.cloud, name_of(tenant.state), extensions, text::join(tenant.roles, " "), tenant.last_heartbeat,
       tenant.last_resync, tenant.next_run_at, tenant.failures, tenant.error_reason, tenant.error_message,
       tenant.policy.id, text::join(tenant.policy.assigned_group_ids, " "), tenant.policy_error_reason,
       tenant.policy_error_message});
}

std::optional<AttachmentRow> lock_attachment(store::Transaction& tx, const std::string& id) {
  auto rows = select_attachments(tx, "WHERE id = ?" + std::string(tx.lock_rows()), id);
  if (rows.empty()) return std::nullopt;
  return rows.front();
}

std::optional<AttachmentRow> attachment_between(store::Transaction& tx, const InstanceId& instance,
                                                const std::string& tenant_id) {
  for (AttachmentRow& row : attachments_of_instance(tx, instance)) {
    if (row.tenant_id == tenant_id) return std::move(row);
  }
  return std::nullopt;
}

std::vector<AttachmentRow> attachments_of_instance(store::Transaction& tx, const InstanceId& instance) {
  return select_attachments(tx, "WHERE instance_id = ? ORDER BY created_at, id", instance.value);
}

std::vector<AttachmentRow> attachments_of_tenant(store::Transaction& tx, const std::string& tenant_id) {
  return select_attachments(tx, "WHERE tenant_id = ? ORDER BY created_at, id", tenant_id);
}

std::optional<relay::Wishes> wishes_of(store::Transaction& tx, const std::string& tenant_id) {
  std::optional<relay::Wishes> wishes;
  for (const AttachmentRow& row : attachments_of_tenant(tx, tenant_id)) {
    if (row.progress != relay::Progress::active) continue;
    if (!wishes) wishes = relay::Wishes{row.wishes.enrollment_url, row.wishes.remediation_url};
    for (const std::string& group : row.wishes.group_ids) wishes->group_ids.push_back(text::lower(group));
  }
  if (!wishes) return std::nullopt;
  std::ranges::sort(wishes->group_ids);
  auto again = std::ranges::unique(wishes->group_ids);
  wishes->group_ids.erase(again.begin(), again.end());
  return wishes;
}

void save_attachment(store::Transaction& tx, const AttachmentRow& row) {
  tx.execute(std::string("INSERT INTO cloud_attachment (") + kAttachmentColumns +
                 ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
                 " progress = excluded.progress, needs_approval = excluded.needs_approval,"
                 " consent_until = excluded.consent_until, enrollment_url = excluded.enrollment_url,"
                 " remediation_url = excluded.remediation_url, error_reason = excluded.error_reason,"
                 " error_message = excluded.error_message, group_ids = excluded.group_ids",
             {row.id, row.instance.value, row.tenant_id, row.cloud, relay::name_of(row.progress), row.needs_approval,
              row.consent_until, row.wishes.enrollment_url, row.wishes.remediation_url, row.error_reason,
              row.error_message, row.created, text::join(row.wishes.group_ids, " ")});
}

Route route_from(const store::Row& row, std::size_t first) {
  Route route;
  route.tenant_id = row.text(first);
  route.device_id = row.text(first + 1);
  route.instance = {row.text(first + 2)};
  route.user_id = row.text(first + 3);
  route.version = {row.integer(first + 4), row.integer(first + 5)};
  route.stamp = row.integer(first + 6);
  route.message_id = row.text(first + 7);
  route.acknowledged = row.flag(first + 8);
  route.releases = row.flag(first + 9);
  route.held = row.flag(first + 10);
  route.released = row.flag(first + 11);
  route.since = row.time(first + 12);
  return route;
}

std::optional<Route> lock_route(store::Transaction& tx, const std::string& tenant_id, const std::string& device_id) {
  return select_route(tx, tenant_id, device_id, tx.lock_rows());
}
std::optional<Route> find_route(store::Transaction& tx, const std::string& tenant_id, const std::string& device_id) {
  return select_route(tx, tenant_id, device_id, "");
}

Route lock_or_make_route(store::Transaction& tx, const std::string& tenant_id, const std::string& device_id) {
  if (auto route = lock_route(tx, tenant_id, device_id)) return std::move(*route);
  tx.execute(std::string("INSERT INTO cloud_route (") + kRouteColumns +
                 ") VALUES (?, ?, '', '', 0, 0, 0, '', 0, 0, 0, 1, 0) ON CONFLICT (tenant_id, device_id) DO NOTHING",
             {tenant_id, device_id});
  auto route = lock_route(tx, tenant_id, device_id);
  CHECK(route.has_value());
  return std::move(*route);
}

void save_route(store::Transaction& tx, const Route& route) {
  tx.post(std::string("INSERT INTO cloud_route (") + kRouteColumns +
              ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (tenant_id, device_id) DO UPDATE SET"
              " instance_id = excluded.instance_id, user_id = excluded.user_id, epoch = excluded.epoch,"
              " sequence = excluded.sequence, stamp = excluded.stamp, message_id = excluded.message_id,"
              " acknowledged = excluded.acknowledged, releases = excluded.releases, held = excluded.held,"
              " released = excluded.released, since = excluded.since",
          {route.tenant_id, route.device_id, route.instance.value, route.user_id, route.version.epoch,
           route.version.sequence, route.stamp, route.message_id, route.acknowledged, route.releases, route.held,
           route.released, route.since});
}

std::vector<Route> standing_routes(store::Transaction& tx, const InstanceId& instance, const std::string& tenant_id,
                                   int limit) {
  std::vector<Route> routes;
  for (const auto& row : tx.query(std::string("SELECT ") + kRouteColumns +
                                      " FROM cloud_route WHERE instance_id = ? AND released = 0"
                                      " AND (? = '' OR tenant_id = ?) ORDER BY tenant_id, device_id LIMIT ?",
                                  {instance.value, tenant_id, tenant_id, limit})) {
    routes.push_back(route_from(row, 0));
  }
  return routes;
}

void audit_change(store::Transaction& tx, const char* action, const char* object_type, const std::string& object_id,
                  const std::string& object_name, json::Object details, const audit::Actor& by, Time now) {
  audit::record(tx, {.time = now,
                     .actor = by,
                     .action = action,
                     .object_type = object_type,
                     .object_id = object_id,
                     .object_name = object_name,
                     .details = std::move(details)});
}

json::Object changed(const char* property, const std::string& from, const std::string& to) {
  return {{property, json::Object{{"old", from}, {"new", to}}}};
}

Failure no_attachment(const std::string& id) {
  return not_found("no_attachment", "no connection of this instance has the id `" + id.substr(0, 80) + "`");
}

}  // namespace wardbridge::cloud_connector
