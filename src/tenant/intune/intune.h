// The partner services of a tenant: where a device manager from outside says which devices are compliant.
//
// Knows: Microsoft's wire for compliance partners (heartbeat, provisioning, partner compliance policies, data upload
// messages), who may speak (an application with `update_device_attributes` on the Intune API), and what becomes of a
// message. Hides: the tables, and the reading of entities.
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

std::vector<Partner> partners(store::Transaction& tx, const directory::TenantId& tenant);
std::optional<Partner> find_partner(store::Transaction& tx, const directory::TenantId& tenant,
                                    const directory::AppId& app);
// An admin expects this partner; it is pending activation until it provisions itself. `already_exists` otherwise.
Status add_partner(store::Transaction& tx, const directory::TenantId& tenant, const Partner& partner,
                   const audit::Actor& by, Time now);

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
