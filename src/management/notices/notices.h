// Tells the outside what happened, in the transaction in which it happened.
//
//   notices::computer_added(tx, id, now);
//   notices::checked_in(tx, id, notices::With::inventory, now);
//   notices::membership_changed(tx, id, assessment.changes, now);
//
// Each costs one or two small queries when nobody listens. No thread of its own.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "management/groups/group_book.h"
#include "management/outbox/outbox.h"
#include "platform/store/store.h"

namespace wardbridge::notices {

extern const store::Schema kSchema;

void computer_added(store::Transaction& tx, inventory::ComputerId computer, Time now);
enum class With { nothing, inventory };
void checked_in(store::Transaction& tx, inventory::ComputerId computer, With with, Time now);
void membership_changed(store::Transaction& tx, inventory::ComputerId computer,
                        const std::vector<groups::MembershipChange>& changes, Time now);

// --- Mail about a group's membership

struct Notification {
  bool enabled = false;
  std::vector<std::string> recipients;  // none: those of the configuration
  bool operator==(const Notification&) const = default;
};
inline constexpr std::size_t kRecipients = 50;

// A group that nobody asked about has a disabled one.
Notification notification(store::Transaction& tx, groups::GroupId group);
// Audited. `bad_address`, `too_many_recipients`; `not_found`/`no_group`.
Status set_notification(store::Transaction& tx, groups::GroupId group, const Notification& notification,
                        const audit::Actor& by, Time now);
// The group is gone, and so is what was to be mailed about it.
void forget_group(store::Transaction& tx, groups::GroupId group);

inline constexpr const char* kMailLane = "mail";
// The number of the lane of mails about connections; groups have lanes of their own numbers, which begin at 1.
inline constexpr std::int64_t kNoticeMail = 0;

}  // namespace wardbridge::notices
