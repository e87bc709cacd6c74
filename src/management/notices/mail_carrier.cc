#include "management/notices/mail_carrier.h"

#include <algorithm>

namespace wardbridge::notices {
namespace {

using outbox::Outcome;

constexpr Duration kDeadline = seconds{20};
// One mail per group in this time, the first one at once.
constexpr Duration kRest = minutes{5};
constexpr std::size_t kNamesShown = 200;
// The server refuses for good: most often a mailbox that does not exist, which another mail does not change either.
constexpr int kAttemptsAtARefusal = 6;

std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return text;
}

std::string computer_line(store::Transaction& tx, std::int64_t id) {
  auto computer = inventory::load(tx, inventory::ComputerId{id}, {});
  if (!computer) return "  computer " + std::to_string(id) + " (deleted since)\n";
  std::string line = "  " + (computer->name.empty() ? "(no name)" : computer->name);
  if (!computer->serial_number.empty()) line += ", " + computer->serial_number;
  return one_line(line) + " (id " + std::to_string(id) + ")\n";
}

std::string paragraph(store::Transaction& tx, const std::string& title, const std::vector<std::int64_t>& ids) {
  if (ids.empty()) return {};
  std::string text = "\n" + title + ": " + std::to_string(ids.size()) + "\n";
  for (std::size_t i = 0; i < std::min(ids.size(), kNamesShown); ++i) text += computer_line(tx, ids[i]);
  if (ids.size() > kNamesShown) text += "  and " + std::to_string(ids.size() - kNamesShown) + " more\n";
  return text;
}

// What the mail says; the recipients that the group itself names.
mail::Message mail_about(store::Transaction& tx, const outbox::Message& message) {
  groups::GroupId group{message.lane.number};
  std::vector<std::int64_t> joined, left;
  for (const outbox::Change& change : message.changes) (change.added ? joined : left).push_back(change.item);
  json::Value body = *json::parse(message.body);
  std::string name(json::text_at(body.get_object(), "groupName").value_or(""));
  std::string counts;
  if (!joined.empty()) counts = std::to_string(joined.size()) + " joined";
  if (!left.empty()) counts += (counts.empty() ? "" : ", ") + std::to_string(left.size()) + " left";
  mail::Message mail;
  mail.to = notification(tx, group).recipients;
  mail.subject = "Smart computer group \"" + name + "\": " + counts;
  mail.text = "The membership of the smart computer group \"" + one_line(name) + "\" (id " +
              std::to_string(group.value) + ") changed since " + to_iso8601(message.created, false) + ".\n";
  mail.text += paragraph(tx, "Joined", joined) + paragraph(tx, "Left", left);
  mail.text += "\nWardbridge sends this because the group's notification is on.\n";
  mail.date = message.created;
  return mail;
}

// About a connection: one mail per notice, to those whom the configuration names.
mail::Message mail_about_notice(const outbox::Message& message) {
  json::Value body = json::parse(message.body).value_or(json::Object{});
  auto told = [&](const char* member) {
    return one_line(std::string(json::text_at(body.as_object(), member).value_or("")));
  };
  mail::Message mail;
  mail.subject = "Connection \"" + told("connection") + "\": " + told("message");
  mail.text = told("type") + "\n\n" + told("message") + "\n";
  if (std::string cause = told("cause"); !cause.empty()) mail.text += "\nUsual cause: " + cause + "\n";
  if (std::string remedy = told("remedy"); !remedy.empty()) mail.text += "What to do: " + remedy + "\n";
  mail.text += "\nWardbridge sends this once; the notification stands until its cause is gone.\n";
  mail.date = message.created;
  return mail;
}

Outcome refused(const std::string& reason, const std::string& why) {
  return {.kind = Outcome::Kind::refused, .reason = reason, .message = why};
}

}  // namespace

Outcome MailCarrier::carry(const outbox::Message& message, Time) {
  bool is_notice = message.lane.number == kNoticeMail;
  if (!is_notice && message.changes.empty()) return {.kind = Outcome::Kind::delivered};  // undone while it waited
  if (!transport_) return refused("mail_not_configured", "no mail server is configured (`management.mail`)");
  auto mail = store_.read([&](store::Transaction& tx) -> Result<mail::Message> {
    return is_notice ? mail_about_notice(message) : mail_about(tx, message);
  });
  if (!mail.ok()) return {.reason = mail.failure().reason, .message = mail.failure().message};
  mail->from = settings_.from;
  mail->id = "outbox-" + std::to_string(message.id.value) + settings_.from.substr(settings_.from.find('@'));
  if (mail->to.empty()) mail->to = settings_.to;
  if (mail->to.empty()) return refused("no_recipient", "neither the group nor `management.mail.to` names a recipient");
  Status sent = transport_->send(*mail, kDeadline);
  if (sent.ok()) return {.kind = Outcome::Kind::delivered, .rest = kRest};
  const Failure& failure = sent.failure();
  if (failure.code == Code::invalid_argument) return refused(failure.reason, failure.message);
  Outcome outcome{.reason = failure.reason, .message = failure.message};
  if (failure.reason == "mail_rejected") outcome.most_attempts = kAttemptsAtARefusal;
  return outcome;
}

}  // namespace wardbridge::notices
