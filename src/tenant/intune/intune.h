// The partner services of a tenant: where a device manager from outside says which devices are compliant.
//
// Knows: Microsoft's wire for both kinds of partners (heartbeat, provisioning, partner compliance policies, data upload
// messages): compliance partners, any number with one per platform, and the one device management partner, which speaks
// the versions of 2018 and whose devices are listed. Who may speak (an application with `update_device_attributes` on
// the Intune API; the device management partner's also has to be entered), for whose devices, and what becomes of a
// message and of a partner's devices after it has gone. Hides: the tables, and the reading of entities.
//
// INVARIANT: law 7. This room is the only caller of directory::set_compliance(): a verdict comes from the partner that
// owns the device, over the wire, or not at all. A message is stored and applied in one transaction, so its status is
// final at once; partners poll for it all the same, as they do with the real service.
//
//   intune::register_routes(router, {.store = store, .authority = authority, .entropy = entropy});
//   intune::publish_endpoints(tx, tenant, "https://login.example:9443", "/fef", entropy);   // where partners find it
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "platform/entropy/entropy.h"
#include "platform/http/http.h"
#include "platform/store/store.h"
#include "tenant/directory/directory.h"
#include "tenant/tokens/tokens.h"

namespace wardbridge::intune {

struct Options {
  std::string base_path = "/fef";
  // INVARIANT: law 3. A verdict is trusted no longer than this after it came, whatever the partner says.
  Duration validity = hours{24};
  // A partner that is silent for longer is unresponsive. ENTRA: the real threshold is not published.
  Duration unresponsive_after = hours{1};
};

// All references must outlive the router.
struct Dependencies {
  store::Store& store;
  tokens::Authority& authority;
  Entropy& entropy;
  Options options = {};
};

extern const store::Schema kSchema;

void register_routes(http::Router& router, const Dependencies& dependencies);

// Lists both services under the Intune service principal, which must exist.
void publish_endpoints(store::Transaction& tx, const directory::TenantId& tenant, const std::string& face_url,
                       const std::string& base_path, Entropy& entropy);

// Graph `complianceManagementPartner`, deviceManagementPartnerTenantState.
enum class PartnerState { unknown, unavailable, enabled, terminated, rejected, unresponsive };
const char* name_of(PartnerState state);  // as Graph writes it

struct Partner {
  std::string id;  // GUID; Graph's `id`
  directory::AppId app_id;
  std::string display_name;
  enum class Provisioned { never = 0, yes = 1, no_longer = 2 } provisioned = Provisioned::never;
  std::string enrollment_url;
  std::string remediation_url;
  Time last_heartbeat = kEpoch;  // kEpoch: never
  Time changed = kEpoch;         // when `provisioned` last changed
};
// `unavailable` is shown as "Pending activation": added, and not heard of yet.
PartnerState state_at(const Partner& partner, Time now, Duration unresponsive_after);

// --- The device management partner (*Partner device management*): Jamf Pro in the manual connection

// Whose devices a partner answers for, by the people they are registered to. INVARIANT: exclude overrides include.
struct Assignments {
  bool everyone = false;             // Graph's allLicensedUsersAssignmentTarget
  std::vector<std::string> include;  // object ids of groups; nested ones count
  std::vector<std::string> exclude;
  bool operator==(const Assignments&) const = default;
};

struct DevicePartner {
  std::string id;           // GUID; Graph's `id`: the tenant's own, since it has one such partner
  directory::AppId app_id;  // `singleTenantAppId`; empty: none is entered
  std::string display_name = "Jamf";
  Partner::Provisioned provisioned = Partner::Provisioned::never;
  std::string enrollment_url;
  std::string remediation_url;
  Time last_heartbeat = kEpoch;
  Time changed = kEpoch;
  std::string instance;  // which server of the partner's; one at a time
  // DEVIATION: while nobody is included, everybody is: a connection works from the moment it is set up.
  Assignments assignments;
};
// A tenant that nobody has set one up in has one without an application.
DevicePartner device_partner(store::Transaction& tx, const directory::TenantId& tenant);
PartnerState state_at(const DevicePartner& partner, Time now, Duration unresponsive_after);
// *Save*. Another application than before, or none, ends the connection of the one before. Fails with `no_group`,
// `bad_application`.
Status set_device_partner(store::Transaction& tx, const directory::TenantId& tenant, const directory::AppId& app,
                          const Assignments& assignments, const audit::Actor& by, Time now);
// *Terminate*. `conflict`/`not_connected` unless it is connected.
Status terminate_device_partner(store::Transaction& tx, const directory::TenantId& tenant, const audit::Actor& by,
                                Time now);

// A partner's server that has gone, and when its devices go.
struct Departure {
  directory::AppId app_id;
  std::string instance;
  Time terminated = kEpoch;
  Time remove_devices_at = kEpoch;
};
std::vector<Departure> departures(store::Transaction& tx, const directory::TenantId& tenant);
// ENTRA: devices are removed three months after the connection was terminated: the same day of the month and time of
// day, or the month's last day when it has no such day.
Time three_months_after(Time time);
// *Evaluate*: how many registered Macs these assignments concern. Changes nothing.
struct Evaluation {
  std::int64_t partner = 0;   // would be the partner's
  std::int64_t excluded = 0;  // would be, but for an exclusion
  std::int64_t others = 0;
};
Evaluation evaluate(store::Transaction& tx, const directory::TenantId& tenant, const Assignments& assignments);

// Graph `managedDevice`: what the device management partner told about one of its Macs.
struct ManagedDevice {
  directory::DeviceId device_id;
  directory::AppId app_id;
  std::string instance;
  std::string user_id;
  std::string device_name;
  json::Object inventory;  // the members of the partner's message
  Time enrolled = kEpoch;
  Time last_sync = kEpoch;
};
std::vector<ManagedDevice> managed_devices(store::Transaction& tx, const directory::TenantId& tenant);
std::optional<ManagedDevice> find_managed_device(store::Transaction& tx, const directory::TenantId& tenant,
                                                 const directory::DeviceId& id);
// Also takes its verdict back.
Status remove_managed_device(store::Transaction& tx, const directory::TenantId& tenant, const directory::DeviceId& id,
                             const audit::Actor& by, Time now);
// Removes up to `most` devices of servers that left long enough ago, in a transaction of the caller's: one batch, to be
// asked for until it gives 0. Only devices that such a server was the last to speak for.
std::int64_t remove_due_devices(store::Transaction& tx, const directory::TenantId& tenant, int most, Time now);

// --- Compliance partners

std::vector<Partner> partners(store::Transaction& tx, const directory::TenantId& tenant);
std::optional<Partner> find_partner(store::Transaction& tx, const directory::TenantId& tenant,
                                    const directory::AppId& app);
// An admin expects this partner; it is pending activation until it provisions itself. `already_exists` otherwise.
Status add_partner(store::Transaction& tx, const directory::TenantId& tenant, const Partner& partner,
                   const audit::Actor& by, Time now);
// `no_group` when an assigned group doesn't exist; `conflict`/`platform_taken` while another active partner answers for
// the platform, unless both have a priority there.
Status assign_partner(store::Transaction& tx, const directory::TenantId& tenant, const directory::AppId& app,
                      const std::string& platform, const std::vector<std::string>& groups, const audit::Actor& by,
                      Time now, Entropy& entropy);
// `conflict`/`partner_active` while it is provisioned: its console has to disconnect first.
Status remove_partner(store::Transaction& tx, const directory::TenantId& tenant, const directory::AppId& app,
                      const audit::Actor& by, Time now);

// What Company Portal asks before it does anything on a Mac: whether a partner is there at all, and whether it answers
// for the Macs of this person. Follows what is provisioned, and the include and exclude groups.
struct PartnerManagement {
  bool is_enabled = false;     // some partner for macOS is provisioned
  bool is_of_account = false;  // and the person is among those whose Macs it manages
  std::string partner_name;    // of that one, as the next two
  std::string enrollment_url;
  std::string remediation_url;
};
PartnerManagement partner_management(store::Transaction& tx, const directory::TenantId& tenant,
                                     const directory::ObjectId& user);

// --- Several partners. A device stays with the partner that spoke of it first. It goes over to another one that speaks
// of it when that first one has gone: it is provisioned no longer, its application was taken out or deleted, it was
// removed. Or when an administrator has put the other one before it.
// DEVIATION: the real service has such an order, and publishes neither its route nor what it does to devices.
inline constexpr int kLastPriority = 1000;
// 1 comes first; nothing: in no order, after all that are.
std::optional<int> partner_priority(store::Transaction& tx, const directory::TenantId& tenant,
                                    const directory::AppId& app, const std::string& platform);
// Of a compliance partner, or of the device management partner's application. `bad_priority`, `priority_taken`.
Status set_partner_priority(store::Transaction& tx, const directory::TenantId& tenant, const directory::AppId& app,
                            const std::string& platform, std::optional<int> priority, const audit::Actor& by, Time now);

// A partner compliance policy: which groups' devices of a platform this partner answers for.
struct Policy {
  std::string id;  // GUID
  directory::AppId app_id;
  std::string display_name;
  std::string description;
  std::string platform;  // `macOS`, `iOS`, `Android`
  std::vector<std::string> assigned_groups;
};
std::vector<Policy> policies(store::Transaction& tx, const directory::TenantId& tenant, const directory::AppId& app);

// A data upload message as received; the help desk's evidence.
struct Message {
  std::string id;
  directory::AppId app_id;
  Time received = kEpoch;
  std::string status;  // `Completed`, `Failed`
  std::int64_t error_code = 0;
  std::string error_detail;
};
std::optional<Message> find_message(store::Transaction& tx, const directory::TenantId& tenant, const std::string& id);
// Drops messages received before `before`: no partner asks about them any more. Returns how many.
std::int64_t trim_messages(store::Transaction& tx, const directory::TenantId& tenant, Time before);

}  // namespace wardbridge::intune
