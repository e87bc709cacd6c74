// Conditional access policies of a tenant, as administrators write them over Microsoft Graph.
//
// Knows: the JSON of conditionalAccessPolicy and what of it the engine (tenant/access) can judge. Hides: the table. The
// document is kept as it was written, also the parts that nothing here understands yet, so that nothing is lost between
// a write and a read; conditions that the engine can't judge make the policy unevaluable, never void.
//
//   std::vector<access::Policy> all = policies::load_all(tx, tenant);   // at every sign-in
//   access::Decision decision = access::decide(sign_in, all);
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "platform/audit/audit.h"
#include "platform/store/store.h"
#include "tenant/access/access.h"
#include "tenant/directory/directory.h"

namespace wardbridge::policies {

struct StoredPolicy {
  std::string id;         // GUID
  json::Object document;  // without `id` and the dates
  Time created = kEpoch;
  Time modified = kEpoch;  // kEpoch: never since
};

extern const store::Schema kSchema;

// Checks a whole policy document as Graph does: property names and types, known values, and what every policy needs
// (name, state, users, a target, a control). Failures are `invalid_argument`; `where` is the path of the property.
Status validate(const json::Object& document);
// What the engine is to judge. A document that is not valid (any more) becomes an unevaluable policy.
access::Policy to_policy(const std::string& id, const json::Object& document);
// Graph's conditionalAccessPolicy.
json::Object to_graph_json(const StoredPolicy& policy);

// `id` is the caller's (Entropy::guid). Read-only properties of the body (`id`, dates) are ignored, as Graph does.
Result<StoredPolicy> create(store::Transaction& tx, const directory::TenantId& tenant, const std::string& id,
                            const json::Object& body, const audit::Actor& by, Time now);
// PATCH: objects are merged, member by member; anything else replaces. The result must be a valid policy.
// Fails with `not_found`/`no_policy`.
Result<StoredPolicy> update(store::Transaction& tx, const directory::TenantId& tenant, const std::string& id,
                            const json::Object& patch, const audit::Actor& by, Time now);
Status remove(store::Transaction& tx, const directory::TenantId& tenant, const std::string& id, const audit::Actor& by,
              Time now);
std::optional<StoredPolicy> find(store::Transaction& tx, const directory::TenantId& tenant, const std::string& id);
// Oldest first.
std::vector<StoredPolicy> list(store::Transaction& tx, const directory::TenantId& tenant);
std::vector<access::Policy> load_all(store::Transaction& tx, const directory::TenantId& tenant);

}  // namespace wardbridge::policies
