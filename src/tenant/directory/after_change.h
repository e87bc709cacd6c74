// What every change of an object brings with it, in the same transaction: a row for delta queries, and another look at
// the dynamic groups that the object may enter or leave. Private to this room.
#pragma once

#include "tenant/directory/search.h"

namespace wardbridge::directory {

void after_change(store::Transaction& tx, const TenantId& tenant, ObjectKind kind, const ObjectId& id, Time now);
void after_removal(store::Transaction& tx, const TenantId& tenant, ObjectKind kind, const ObjectId& id, Time now);
// `member` has become a member of `group`, or is none any more.
void after_membership(store::Transaction& tx, const TenantId& tenant, const ObjectId& group, const ObjectId& member,
                      bool removed, Time now);

// Delta rows alone: for changes that no rule reads.
void note_change(store::Transaction& tx, const TenantId& tenant, ObjectKind kind, const ObjectId& id, bool removed,
                 Time now);
void note_membership(store::Transaction& tx, const TenantId& tenant, const ObjectId& group, const ObjectId& member,
                     bool removed, Time now);

// Memberships of an object that is about to go, in static and dynamic groups.
void end_memberships(store::Transaction& tx, const TenantId& tenant, const ObjectId& member, Time now);

// The one audit row of a membership.
void record_membership(store::Transaction& tx, const TenantId& tenant, const Group& group, const ObjectId& member,
                       bool removed, const audit::Actor& by, Time now);

}  // namespace wardbridge::directory
