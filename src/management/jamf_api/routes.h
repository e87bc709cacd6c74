// The groups of routes, one source file each.
#pragma once

#include "management/jamf_api/api.h"
#include "management/jamf_api/jamf_api.h"

namespace wardbridge::jamf_api {

void register_session_routes(Api& api, const Dependencies& dependencies);       // tokens, API roles, API integrations
void register_inventory_routes(Api& api, const Dependencies& dependencies);     // computers-inventory
void register_group_routes(Api& api, const Dependencies& dependencies);         // smart computer groups
void register_static_group_routes(Api& api, const Dependencies& dependencies);  // static computer groups
void register_group_list_routes(Api& api, const Dependencies& dependencies);    // groups of both kinds
void register_explain_routes(Api& api, const Dependencies& dependencies);     // why, since when, until when, and before
void register_chain_routes(Api& api, const Dependencies& dependencies);       // from the check-in to the directory
void register_change_log_routes(Api& api, const Dependencies& dependencies);  // the change management log
void register_rehearsal_routes(Api& api, const Dependencies& dependencies);   // what an edit would do, what groups cost
// /JSSResource/computergroups; `classic` answers errors as the Classic API does.
void register_classic_group_routes(Api& classic, const Dependencies& dependencies);
void register_webhook_routes(Api& classic, const Dependencies& dependencies);  // webhooks, in the Classic API
void register_extension_attribute_routes(Api& api, const Dependencies& dependencies);
void register_compliance_routes(Api& api,
                                const Dependencies& dependencies);  // device compliance information and settings
void register_connection_routes(Api& api, const Dependencies& dependencies);          // roads to directory tenants
void register_cloud_connection_routes(Api& api, const Dependencies& dependencies);    // roads through a broker
void register_conditional_access_routes(Api& api, const Dependencies& dependencies);  // the manual connection
void register_migration_routes(Api& api, const Dependencies& dependencies);           // from one road to another
void register_mac_routes(Api& api, const Dependencies& dependencies);     // enrolment, check-in, registration
void register_mac_self_service_routes(Api& api, const Dependencies& dependencies);  // what a Mac asks of it
void register_self_service_routes(Api& api, const Dependencies& dependencies);      // policies, Mac Apps, categories
void register_import_routes(Api& api, const Dependencies& dependencies);  // records of another server
void register_notice_routes(Api& api, const Dependencies& dependencies);  // notifications, deliveries that wait

// Of the body of a request that turns a connection off, which may be empty: `{"handOver": true}`.
Result<bool> wants_hand_over(const http::Request& request);
// The window after a connection was turned off without retracting; null when there is none.
json::Value window_json(store::Transaction& tx, Time now);

}  // namespace wardbridge::jamf_api
