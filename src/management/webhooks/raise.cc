#include "management/webhooks/rows.h"

namespace wardbridge::webhooks {
namespace {

struct Listener {
  std::int64_t id = 0;
  std::string event;
  std::int64_t smart_group_id = kAnyGroup;

  bool wants(const Happening& happening) const {
    if (event != wire_name(happening.event)) return false;
    return happening.event != Event::group_membership_change || smart_group_id == kAnyGroup ||
           smart_group_id == happening.group.value;
  }
};

std::vector<Listener> listeners(store::Transaction& tx) {
  std::vector<Listener> found;
  for (const store::Row& row : tx.query("SELECT id, event, smart_group_id FROM webhook WHERE enabled = 1")) {
    found.push_back({row.integer(0), row.text(1), row.integer(2)});
  }
  return found;
}

void raise_one(store::Transaction& tx, const std::vector<Listener>& all, const Happening& happening, Time now) {
  std::string body;  // written when the first webhook wants it
  for (const Listener& listener : all) {
    if (!listener.wants(happening)) continue;
    outbox::Lane lane{kLaneKind, listener.id};
    if (happening.event == Event::group_membership_change) {
      // JAMF: the event is about smart groups; a static one changes because somebody said so.
      if (body.empty() && !groups::find(tx, happening.group)) return;
      if (body.empty()) body = json::to_text(group_body(happening.group, happening.group_name, now));
      outbox::merge(tx, lane, "group/" + std::to_string(happening.group.value), body,
                    {.item = happening.computer.value, .added = happening.joined}, now);
      continue;
    }
    if (body.empty()) {
      auto object = computer_object(tx, happening.computer);
      if (!object) return;
      body = json::to_text(computer_body(happening.event, *std::move(object), now));
    }
    outbox::post(tx, lane, body, now);
  }
}

}  // namespace

const char* wire_name(Event event) {
  switch (event) {
    case Event::computer_added:
      return "ComputerAdded";
    case Event::computer_check_in:
      return "ComputerCheckIn";
    case Event::computer_inventory_completed:
      return "ComputerInventoryCompleted";
    case Event::group_membership_change:
      return "SmartGroupComputerMembershipChange";
  }
  CHECK(false);
}

void raise(store::Transaction& tx, std::span<const Happening> happenings, Time now) {
  if (happenings.empty()) return;
  std::vector<Listener> all = listeners(tx);
  if (all.empty()) return;
  for (const Happening& happening : happenings) raise_one(tx, all, happening, now);
}

}  // namespace wardbridge::webhooks
