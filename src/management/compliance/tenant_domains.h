// Several tenants behind one server: whose devices are told to another connection than that of the settings, by the
// domain of the user's name.
//
//   set_tenant_domains(tx, fabrikam, {"fabrikam.example"}, by, now);
//   connection_of(tx, settings, "ada@fabrikam.example");    // fabrikam; anyone else's is settings.connection
#pragma once

#include <string>
#include <vector>

#include "management/compliance/compliance.h"

namespace wardbridge::compliance {

// Replaces the domains of one connection; every computer is judged anew afterwards, and what a tenant was told about a
// device that is another one's now is retracted. Fails with `bad_domain`, `conflict`/`domain_taken` when another
// connection has it, or `conflict`/`migrating`.
Status set_tenant_domains(store::Transaction& tx, ledger::ConnectionId connection,
                          const std::vector<std::string>& domains, const audit::Actor& by, Time now);
std::vector<std::string> tenant_domains(store::Transaction& tx, ledger::ConnectionId connection);

ledger::ConnectionId connection_of(store::Transaction& tx, const Settings& settings,
                                   const std::string& user_principal_name);
// INVARIANT: law 5. Whoever was told about the device hears that it is managed no longer; those of `except` do not.
void retract_elsewhere(store::Transaction& tx, const std::string& device_id,
                       const std::vector<ledger::ConnectionId>& except, const std::string& reason, Time now);

}  // namespace wardbridge::compliance
