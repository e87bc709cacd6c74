// Mail to the person whose account a device was registered with, so that a registration that was not theirs is noticed.
//
//   tell_owner(tx, {.owner = user, .device = device, .address = "192.0.2.1"}, entropy, now);   // with the registration
//   OwnerMail actor(store, transport, "wardbridge@contoso.example");
//   stage.add(actor); stage.wake(actor);                                                       // when there is news
//
// Kept in the store until a mail server took it. Several nodes may work on it; a node that dies between sending and
// noting so makes the person read it twice, with the same message id.
#pragma once

#include <string>

#include "platform/actor/actor.h"
#include "platform/entropy/entropy.h"
#include "platform/mail/mail.h"
#include "tenant/directory/directory.h"

namespace wardbridge::registration {

// Tried again after a minute, two, four, and so on.
inline constexpr Duration kFirstPause = minutes{1};
inline constexpr Duration kLongestPause = hours{6};
inline constexpr Duration kLongestTry = days{3};

struct RegistrationNews {
  const directory::User& owner;
  const directory::Device& device;
  bool was_known = false;  // the same device registered again, with a new key
  std::string address;     // where the request came from
};
// Nothing is kept for somebody without an address: neither `mail` nor the principal name is one.
void tell_owner(store::Transaction& tx, const RegistrationNews& news, Entropy& entropy, Time now);

class OwnerMail final : public Actor {
 public:
  // `from` is the sender's address. Both must outlive this.
  OwnerMail(store::Store& store, mail::MailTransport& transport, std::string from);
  std::string name() const override { return "registration_owner_mail"; }
  Time run_once(Time now) override;

 private:
  struct Waiting {
    std::string id;
    mail::Message message;
    std::int64_t attempts = 0;
    Time created = kEpoch;
  };
  // The next one that is due, which is this node's for some minutes.
  Result<std::optional<Waiting>> take(Time now);
  Status settle(const Waiting& waiting, const Status& sent, Time now);
  Result<bool> send_one(Time now);

  store::Store& store_;
  mail::MailTransport& transport_;
  const std::string from_;
};

}  // namespace wardbridge::registration
