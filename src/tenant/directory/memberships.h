// Groups whose members follow from a rule. A changed object is judged by every rule in the transaction of its change; a
// changed rule is judged over the whole directory here, some objects at a time; and so is what time alone may have
// changed since (rules that read `system.now`).
//
//   Status status = store.write([&](store::Transaction& tx) -> Status {
//     directory::process_memberships(tx, tenant, now, 500);
//     return done();
//   });                                         // again, until membership_work() says that it is done
#pragma once

#include <string>

#include "tenant/directory/directory.h"
#include "tenant/membership_rules/membership_rules.h"

namespace wardbridge::directory {

struct MembershipWork {
  bool is_done = true;     // false: there is more to do now
  Time next_due = kNever;  // when time alone may change a membership
};
// Whether there is anything to do, for a transaction that only reads.
MembershipWork membership_work(store::Transaction& tx, const TenantId& tenant, Time now);
// At most about `limit` objects. Safe to call from several servers at a time.
void process_memberships(store::Transaction& tx, const TenantId& tenant, Time now, std::size_t limit);

// Whether `text` is a rule, and how it judges one user or device. Fails with `bad_membership_rule`, `not_found`/
// `no_object`, and `invalid_argument`/`wrong_subject` for a device and a rule about users.
struct RuleEvaluation {
  bool is_member = false;
  membership_rules::Explanation explanation;
};
Result<RuleEvaluation> evaluate_rule(store::Transaction& tx, const TenantId& tenant, const std::string& rule,
                                     const ObjectId& member, Time now);

}  // namespace wardbridge::directory
