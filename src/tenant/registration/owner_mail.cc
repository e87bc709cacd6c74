#include "tenant/registration/owner_mail.h"

#include <algorithm>

#include "platform/log/log.h"

namespace wardbridge::registration {
namespace {

constexpr Duration kDeadline = seconds{20};
// How long one node has a message for itself: longer than sending it may take.
constexpr Duration kLease = minutes{2};
constexpr int kAtATime = 50;
// Other nodes' messages are looked for this often.
constexpr Duration kLookAgain = minutes{5};

std::string address_of(const directory::User& user) {
  for (const std::string* address : {&user.mail, &user.user_principal_name}) {
    if (!address->empty() && mail::check_address(*address).ok()) return *address;
  }
  return {};
}

// A device names itself, and whoever registered it may mean this mail to say something else: what could become a link
// or another line is left out.
std::string harmless(std::string_view text, std::string_view allowed_marks) {
  constexpr std::size_t kShown = 64;
  std::string shown;
  for (char c : text.substr(0, kShown)) {
    bool is_word = std::isalnum(static_cast<unsigned char>(c)) != 0 || static_cast<unsigned char>(c) >= 0x80;
    shown += is_word || allowed_marks.find(c) != std::string_view::npos ? c : ' ';
  }
  return shown;
}
std::string digits_of(std::string_view version) {
  std::string digits;
  for (char c : version.substr(0, 16)) {
    if (c == '.' || (c >= '0' && c <= '9')) digits += c;
  }
  return digits;
}

std::string text_about(const RegistrationNews& news, Time now) {
  const directory::Device& device = news.device;
  std::string text =
      "Hello " + (news.owner.display_name.empty() ? news.owner.user_principal_name : news.owner.display_name) +
      ",\n\na Mac was registered" + (news.was_known ? " again" : "") + " with your account " +
      news.owner.user_principal_name + ".\n\n  name       " + harmless(device.display_name, " -_'()") +
      "\n  system     " + device.operating_system + " " + digits_of(device.operating_system_version) +
      "\n  when       " + to_iso8601(now, false) + "\n  from       " + news.address + "\n  device id  " +
      device.device_id.value +
      "\n\nIf that was you, there is nothing to do. Being registered opens nothing by itself: the Mac must also be\n"
      "managed and compliant.\n\nIf it was not you, somebody else has signed in as you a moment ago. Tell your "
      "administrator, who can delete\nthe device by its id, and change your password.\n";
  return text;
}

Duration pause_after(std::int64_t attempts) {
  const std::int64_t doublings = std::clamp<std::int64_t>(attempts - 1, 0, 20);
  return std::min(kLongestPause, kFirstPause * (std::int64_t{1} << doublings));
}

}  // namespace

void tell_owner(store::Transaction& tx, const RegistrationNews& news, Entropy& entropy, Time now) {
  const std::string recipient = address_of(news.owner);
  if (recipient.empty()) return;
  tx.execute(
      "INSERT INTO registration_owner_mail (message_id, recipient, body, created, attempts, next_attempt) "
      "VALUES (?, ?, ?, ?, 0, ?)",
      {entropy.guid(), recipient, text_about(news, now), now, now});
}

OwnerMail::OwnerMail(store::Store& store, mail::MailTransport& transport, std::string from)
    : store_(store), transport_(transport), from_(std::move(from)) {}

Result<std::optional<OwnerMail::Waiting>> OwnerMail::take(Time now) {
  return store_.write([&](store::Transaction& tx) -> Result<std::optional<Waiting>> {
    auto row = tx.query_one(
        "SELECT message_id, recipient, body, created, attempts FROM registration_owner_mail WHERE next_attempt <= ? "
        "ORDER BY next_attempt, message_id LIMIT 1" +
            std::string(tx.lock_rows(true)),
        {now});
    if (!row) return std::optional<Waiting>();
    Waiting waiting{.id = row->text(0), .attempts = row->integer(4) + 1, .created = row->time(3)};
    waiting.message = {.from = from_,
                       .to = {row->text(1)},
                       .subject = "A Mac was registered with your account",
                       .text = row->text(2),
                       .id = "registration-" + waiting.id + from_.substr(from_.find('@')),
                       .date = waiting.created};
    tx.execute("UPDATE registration_owner_mail SET attempts = ?, next_attempt = ? WHERE message_id = ?",
               {waiting.attempts, now + kLease, waiting.id});
    return std::optional(std::move(waiting));
  });
}

Status OwnerMail::settle(const Waiting& waiting, const Status& sent, Time now) {
  bool is_over = sent.ok() || sent.failure().code == Code::invalid_argument ||
                 sent.failure().reason == "mail_rejected" || now - waiting.created >= kLongestTry;
  if (!sent.ok()) {
    // The recipient stays out of the log.
    log::warning("registration_mail_failed", {{"message_id", waiting.id},
                                              {"reason", sent.failure().reason},
                                              {"message", sent.failure().message},
                                              {"attempts", waiting.attempts},
                                              {"given_up", is_over}});
  }
  return store_.write([&](store::Transaction& tx) -> Status {
    if (is_over) {
      tx.execute("DELETE FROM registration_owner_mail WHERE message_id = ?", {waiting.id});
    } else {
      tx.execute("UPDATE registration_owner_mail SET next_attempt = ? WHERE message_id = ?",
                 {now + pause_after(waiting.attempts), waiting.id});
    }
    return done();
  });
}

Result<bool> OwnerMail::send_one(Time now) {
  auto waiting = TRY(take(now));
  if (!waiting) return false;
  TRY(settle(*waiting, transport_.send(waiting->message, kDeadline), now));
  return true;
}

Time OwnerMail::run_once(Time now) {
  for (int i = 0; i < kAtATime; ++i) {
    auto sent = send_one(now);
    if (!sent.ok()) {
      log::warning("registration_mail_waits", {{"reason", sent.failure().reason}, {"message", sent.failure().message}});
      return now + kFirstPause;
    }
    if (*sent) continue;
    auto next = store_.read([](store::Transaction& tx) -> Result<Time> {
      auto row = tx.query_one("SELECT MIN(next_attempt) FROM registration_owner_mail", {});
      return row && !row->is_null(0) ? row->time(0) : kNever;
    });
    return std::min(next.value_or(kNever), now + kLookAgain);
  }
  return now;
}

}  // namespace wardbridge::registration
