// The tables as values; for this room's sources only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "connector/cloud_connector/cloud_connector.h"

namespace wardbridge::cloud_connector {

struct AttachmentRow {
  std::string id;
  InstanceId instance;
  std::string tenant_id;
  std::string cloud;
  relay::Progress progress = relay::Progress::consent;
  bool needs_approval = false;
  Time consent_until = kEpoch;
  relay::Wishes wishes;
  std::string error_reason;  // of consent
  std::string error_message;
  Time created = kEpoch;
};

std::optional<Instance> find_instance(store::Transaction& tx, const InstanceId& id);
std::vector<Instance> all_instances(store::Transaction& tx);
void save_removal(store::Transaction& tx, const InstanceId& id, const Instance::Removal& removal);
// The end of a removal: detaches it everywhere; a tenant without another instance is left.
void forget_instance(store::Transaction& tx, const Instance& instance, json::Object details, const audit::Actor& by,
                     Time now);

std::optional<Tenant> lock_tenant(store::Transaction& tx, const std::string& id);
std::optional<Tenant> find_tenant(store::Transaction& tx, const std::string& id);
std::vector<Tenant> all_tenants(store::Transaction& tx);
void save_tenant(store::Transaction& tx, const Tenant& tenant);

std::optional<AttachmentRow> lock_attachment(store::Transaction& tx, const std::string& id);
std::optional<AttachmentRow> attachment_between(store::Transaction& tx, const InstanceId& instance,
                                                const std::string& tenant_id);
std::vector<AttachmentRow> attachments_of_instance(store::Transaction& tx, const InstanceId& instance);
std::vector<AttachmentRow> attachments_of_tenant(store::Transaction& tx, const std::string& tenant_id);
// A tenant knows one pair of pages for all instances: that of the one which has been attached longest. The groups are
// those of all, sorted. Nothing: no instance is attached.
std::optional<relay::Wishes> wishes_of(store::Transaction& tx, const std::string& tenant_id);
void save_attachment(store::Transaction& tx, const AttachmentRow& row);

// Made, as nobody's, when it is not there: two that come at once wait for each other.
Route lock_or_make_route(store::Transaction& tx, const std::string& tenant_id, const std::string& device_id);
std::optional<Route> lock_route(store::Transaction& tx, const std::string& tenant_id, const std::string& device_id);
std::optional<Route> find_route(store::Transaction& tx, const std::string& tenant_id, const std::string& device_id);
void save_route(store::Transaction& tx, const Route& route);
// That are not released, of one instance in one tenant; an empty tenant means all.
std::vector<Route> standing_routes(store::Transaction& tx, const InstanceId& instance, const std::string& tenant_id,
                                   int limit);
Route route_from(const store::Row& row, std::size_t first);
inline constexpr const char* kRouteColumns =
    "tenant_id, device_id, instance_id, user_id, epoch, sequence, stamp, message_id, acknowledged, releases, held,"
    " released, since";

void audit_change(store::Transaction& tx, const char* action, const char* object_type, const std::string& object_id,
                  const std::string& object_name, json::Object details, const audit::Actor& by, Time now);
json::Object changed(const char* property, const std::string& from, const std::string& to);

Failure no_attachment(const std::string& id);

}  // namespace wardbridge::cloud_connector
