// The tables of the partner services as values; for this room's sources only.
#pragma once

#include "tenant/intune/intune.h"

namespace wardbridge::intune {

void save_partner(store::Transaction& tx, const directory::TenantId& tenant, const Partner& partner);
void save_policy(store::Transaction& tx, const directory::TenantId& tenant, const Policy& policy);

struct StoredMessage {
  Message message;
  std::string body_hash;
};
std::optional<StoredMessage> stored_message(store::Transaction& tx, const directory::TenantId& tenant,
                                            const std::string& id);
void insert_message(store::Transaction& tx, const directory::TenantId& tenant, const StoredMessage& stored);

}  // namespace wardbridge::intune
