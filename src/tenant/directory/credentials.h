// The life of an application's secrets and certificates after they were made: removal, and the warnings before they
// end.
#pragma once

#include <vector>

#include "tenant/directory/directory.h"

namespace wardbridge::directory {

// Fails with `no_credential` when the application has none of that id and kind.
Status remove_credential(store::Transaction& tx, const TenantId& tenant, const AppId& app, const std::string& key_id,
                         Credential::Kind kind, const audit::Actor& by, Time now);

struct ExpiringCredential {
  AppId app;
  std::string app_display_name;
  Credential credential;
  int warned_days = 0;  // the last threshold, in days before the end, that was warned about; large: none yet
};
// Those that end before `until`, and that are not yet over for longer than a month; soonest first.
std::vector<ExpiringCredential> expiring_credentials(store::Transaction& tx, const TenantId& tenant, Time until,
                                                     Time now);
void remember_warning(store::Transaction& tx, const TenantId& tenant, const ExpiringCredential& credential,
                      int warned_days);

}  // namespace wardbridge::directory
