#include "management/notices/notices.h"

#include "management/webhooks/webhooks.h"
#include "platform/mail/mail.h"

namespace wardbridge::notices {
namespace {

using webhooks::Event;
using webhooks::Happening;

outbox::Lane mail_lane(groups::GroupId group) { return {kMailLane, group.value}; }

bool wants_mail(store::Transaction& tx, groups::GroupId group) {
  return tx.query_one("SELECT 1 FROM group_notification WHERE group_id = ? AND enabled = 1", {group.value}).has_value();
}

}  // namespace

void computer_added(store::Transaction& tx, inventory::ComputerId computer, Time now) {
  const Happening happenings[] = {{.event = Event::computer_added, .computer = computer}};
  webhooks::raise(tx, happenings, now);
}

void checked_in(store::Transaction& tx, inventory::ComputerId computer, With with, Time now) {
  const Happening happenings[] = {{.event = Event::computer_check_in, .computer = computer},
                                  {.event = Event::computer_inventory_completed, .computer = computer}};
  webhooks::raise(tx, std::span(happenings).first(with == With::inventory ? 2 : 1), now);
}

void membership_changed(store::Transaction& tx, inventory::ComputerId computer,
                        const std::vector<groups::MembershipChange>& changes, Time now) {
  if (changes.empty()) return;
  std::vector<Happening> happenings;
  for (const groups::MembershipChange& change : changes) {
    happenings.push_back({.event = Event::group_membership_change,
                          .computer = computer,
                          .group = change.group,
                          .group_name = change.group_name,
                          .joined = change.joined});
    if (!wants_mail(tx, change.group)) continue;
    std::string body = json::to_text(json::Object{{"groupName", change.group_name}});
    outbox::merge(tx, mail_lane(change.group), "members", body, {.item = computer.value, .added = change.joined}, now);
  }
  webhooks::raise(tx, happenings, now);
}

Notification notification(store::Transaction& tx, groups::GroupId group) {
  Notification found;
  auto row = tx.query_one("SELECT enabled, recipients FROM group_notification WHERE group_id = ?", {group.value});
  if (!row) return found;
  found.enabled = row->flag(0);
  json::Value recipients = *json::parse(row->text(1));
  for (const json::Value& address : recipients.get_array()) {
    found.recipients.emplace_back(std::string_view(address.get_string()));
  }
  return found;
}

Status set_notification(store::Transaction& tx, groups::GroupId group, const Notification& wanted,
                        const audit::Actor& by, Time now) {
  auto known = groups::find(tx, group);
  if (!known) return not_found("no_group", "no smart computer group has the id " + std::to_string(group.value));
  if (wanted.recipients.size() > kRecipients) {
    return invalid("too_many_recipients", "a notification has at most 50 recipients", "recipients");
  }
  for (const std::string& address : wanted.recipients) {
    Status good = mail::check_address(address);
    if (!good.ok()) return invalid(good.failure().reason, good.failure().message, "recipients");
  }
  Notification before = notification(tx, group);
  tx.execute(
      "INSERT INTO group_notification (group_id, enabled, recipients) VALUES (?, ?, ?)"
      " ON CONFLICT (group_id) DO UPDATE SET enabled = excluded.enabled, recipients = excluded.recipients",
      {group.value, wanted.enabled, json::to_text(json::to_array(wanted.recipients))});
  if (wanted.enabled) {
    outbox::open_lane(tx, mail_lane(group));
    // Mail that a wrong recipient held up may pass now; the five minutes of a lane that works stay.
    if (before.recipients != wanted.recipients) outbox::resume_lane(tx, mail_lane(group), now);
  } else {
    outbox::close_lane(tx, mail_lane(group));
  }
  json::Object details{{"enabled", json::Object{{"old", before.enabled}, {"new", wanted.enabled}}},
                       {"recipients", json::Object{{"old", json::to_array(before.recipients)},
                                                   {"new", json::to_array(wanted.recipients)}}}};
  audit::record(tx, {.time = now,
                     .actor = by,
                     .action = "update",
                     .object_type = "Smart Computer Group Notification",
                     .object_id = std::to_string(group.value),
                     .object_name = known->name,
                     .details = std::move(details)});
  return done();
}

void forget_group(store::Transaction& tx, groups::GroupId group) {
  tx.execute("DELETE FROM group_notification WHERE group_id = ?", {group.value});
  outbox::close_lane(tx, mail_lane(group));
}

}  // namespace wardbridge::notices
