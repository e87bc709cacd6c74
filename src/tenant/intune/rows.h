// The tables of the partner services as values; for this room's sources only.
#pragma once

#include "tenant/intune/intune.h"

namespace wardbridge::intune {

void save_partner(store::Transaction& tx, const directory::TenantId& tenant, const Partner& partner);
void save_device_partner(store::Transaction& tx, const directory::TenantId& tenant, const DevicePartner& partner);
void save_departure(store::Transaction& tx, const directory::TenantId& tenant, const Departure& departure);
void delete_departure(store::Transaction& tx, const directory::TenantId& tenant, const directory::AppId& app,
                      const std::string& instance);
void save_managed_device(store::Transaction& tx, const directory::TenantId& tenant, const ManagedDevice& device);
void save_policy(store::Transaction& tx, const directory::TenantId& tenant, const Policy& policy);

struct StoredMessage {
  Message message;
  std::string body_hash;
};
std::optional<StoredMessage> stored_message(store::Transaction& tx, const directory::TenantId& tenant,
                                            const std::string& id);
void insert_message(store::Transaction& tx, const directory::TenantId& tenant, const StoredMessage& stored);

// Whether the person is among those that the assignments name; nobody's device is nobody's.
bool is_assigned(store::Transaction& tx, const directory::TenantId& tenant, const Assignments& assignments,
                 const directory::ObjectId& user);
// Whether `app` may have a device that is `owner`'s.
bool may_take_over(store::Transaction& tx, const directory::TenantId& tenant, const directory::AppId& app,
                   const directory::AppId& owner, const std::string& platform);
// ENTRA: one partner per platform and tenant. The active one that stands in the way of this one.
std::optional<Partner> rival_on(store::Transaction& tx, const directory::TenantId& tenant, const directory::AppId& app,
                                const std::string& platform);
// Of another partner's, which is no longer listed there.
void leave_list(store::Transaction& tx, const directory::TenantId& tenant, const directory::DeviceId& id,
                const audit::Actor& by, Time now);
// The connection ends, from either side.
void depart(store::Transaction& tx, const directory::TenantId& tenant, DevicePartner& partner, Time now);
json::Object partner_change(const DevicePartner& before, const DevicePartner& after, Time now);

}  // namespace wardbridge::intune
